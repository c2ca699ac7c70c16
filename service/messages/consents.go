package messages

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/wechat"
)

// OnConsent reacts to subscribe_msg_popup_event and subscribe_msg_change_event of both apps: each acceptance is one consent. A person
// who refuses in the question gives none, but keeps those he gave before; one who switches a template off in his
// settings takes all of them back.
func (s *Service) OnConsent(ctx context.Context, p wechat.Push, once func(context.Context, *db.Tx) (bool, error)) error {
	if p.OpenID == "" {
		return nil
	}
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if fresh, err := once(ctx, tx); err != nil || !fresh {
			return err
		}
		owner, err := s.Followers.OwnerTx(ctx, tx, p.AppID, p.OpenID)
		if err != nil {
			return fmt.Errorf("look up who answered about subscriptions: %w", err)
		}
		for i, entry := range p.Subscriptions {
			if !keyText(entry.TemplateID, 64) {
				continue // nothing that the platform could have meant
			}
			switch {
			case entry.Status == "accept":
				err = s.grant(tx, owner, p, entry.TemplateID, fmt.Sprintf("%s:%d", p.DedupeKey, i))
			case p.Event == wechat.EventSubscribeMsgChange:
				err = clearConsents(tx, p.AppID, p.OpenID, entry.TemplateID, 0, "taken_back")
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) grant(tx *db.Tx, owner model.MemberID, p wechat.Push, templateID, source string) error {
	at := p.CreatedAt.UTC().Truncate(time.Microsecond)
	if p.CreatedAt.IsZero() || at.After(tx.Now) {
		at = tx.Now
	}
	_, err := tx.Insert(&model.MessageConsent{
		MemberID: owner, AppID: p.AppID, OpenID: p.OpenID, TemplateID: templateID, Source: source, State: model.ConsentOpen, GrantedAt: at,
	})
	return wrap(err, "store a consent of member %d", owner)
}

// OnNoticeSent reacts to subscribe_msg_sent_event of both apps.
func (s *Service) OnNoticeSent(ctx context.Context, p wechat.Push, once func(context.Context, *db.Tx) (bool, error)) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if fresh, err := once(ctx, tx); err != nil || !fresh {
			return err
		}
		for _, entry := range p.Subscriptions {
			if entry.MsgID == "" || len(entry.MsgID) > maxMsgID {
				continue // of no message that we know
			}
			status := "success"
			if entry.ErrorCode != "0" && entry.ErrorCode != "" {
				status = "failed:" + entry.ErrorCode + ":" + entry.ErrorStatus
			}
			if err := s.ReportTx(ctx, tx, entry.MsgID, status, p.CreatedAt); err != nil {
				return err
			}
		}
		return nil
	})
}

// Acted notes that a person did something with the official account that opens a customer-service window: he wrote, tapped the menu,
// scanned or began to follow. It may be told of one act several times.
func (s *Service) Acted(ctx context.Context, p wechat.Push) error {
	o, opens := openingOf(p)
	if !opens || p.OpenID == "" || p.CreatedAt.IsZero() {
		return nil
	}
	at := p.CreatedAt.UTC().Truncate(time.Microsecond)
	return s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		return wrap(openWindow(tx, model.MessageWindow{OpenID: p.OpenID, Kind: o.kind, OpenedAt: at, ClosesAt: at.Add(o.within), Remaining: o.most}),
			"open a customer-service window")
	})
}

// openingOf returns the window that a push opens.
func openingOf(p wechat.Push) (opening, bool) {
	switch {
	case p.Kind == "":
		return opening{}, false
	case p.Kind != wechat.KindEvent:
		return openedByText, true // a picture or a voice counts like a text
	}
	switch p.Event {
	case wechat.EventClick, wechat.EventScanPush, wechat.EventScanWait:
		return openedByClick, true
	case wechat.EventScan:
		return openedByScan, true
	case wechat.EventSubscribe:
		return openedByFollow, true
	}
	return opening{}, false
}

// Consent is a consent for staff.
type Consent struct {
	Channel    model.MessageChannel
	Template   string // our name; empty when no form of ours has the platform's id
	TemplateID string
	State      model.ConsentState
	GrantedAt  time.Time
	UsedAt     *time.Time
	Message    model.MessageID // that used it
	ClearedAt  *time.Time
	ClearedWhy string
}

// Consents returns what a member agreed to, the newest first, at most 200, or ErrNoMember.
func (s *Service) Consents(ctx context.Context, member model.MemberID) (out []Consent, err error) {
	err = s.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.knownTx(ctx, tx, member); err != nil {
			return err
		}
		rows, err := consentsOf(tx, member, 200)
		if err != nil {
			return fmt.Errorf("list consents of member %d: %w", member, err)
		}
		for _, r := range rows {
			c := Consent{
				TemplateID: r.TemplateID, State: r.State, GrantedAt: r.GrantedAt, UsedAt: r.UsedAt, ClearedAt: r.ClearedAt, ClearedWhy: r.ClearedWhy,
				Channel: model.ChannelMiniSubscribe,
			}
			if r.AppID == s.OAAppID {
				c.Channel = model.ChannelOASubscribe
			}
			c.Template = s.nameOf(c.Channel, r.TemplateID)
			if r.MessageID != nil {
				c.Message = *r.MessageID
			}
			out = append(out, c)
		}
		return nil
	})
	return out, err
}

// nameOf returns our name of the template whose form has the platform's id.
func (s *Service) nameOf(c model.MessageChannel, id string) string {
	found := ""
	for name, t := range s.Templates {
		if t.Forms[c].ID == id && (found == "" || name < found) {
			found = name
		}
	}
	return found
}

// Reach is how many members can still be sent a template by a channel that needs consent.
type Reach struct {
	Channel    model.MessageChannel
	Template   string // our name
	TemplateID string
	Members    int64
	Consents   int64 // open ones; a member may have several
}

// Reachable returns, for every form that needs consent, whom it can still reach.
func (s *Service) Reachable(ctx context.Context) (out []Reach, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		for _, name := range s.templateNames() {
			for _, c := range []model.MessageChannel{model.ChannelOASubscribe, model.ChannelMiniSubscribe} {
				f, ok := s.Templates[name].Forms[c]
				if !ok {
					continue
				}
				r := Reach{Channel: c, Template: name, TemplateID: f.ID}
				if r.Members, r.Consents, err = countConsents(tx, s.appOf(c), f.ID); err != nil {
					return fmt.Errorf("count whom %s can reach: %w", name, err)
				}
				out = append(out, r)
			}
		}
		return nil
	})
	return out, err
}

// ReachableMembers returns the members after one who can still be sent a template by a channel that needs consent, in the order of
// their ids, at most limit.
func (s *Service) ReachableMembers(ctx context.Context, template string, c model.MessageChannel, after model.MemberID, limit int) (ids []model.MemberID, err error) {
	f, ok := s.Templates[template].Forms[c]
	if app := s.appOf(c); !ok || app == "" {
		return nil, ErrNoForm
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		ids, err = consenting(tx, s.appOf(c), f.ID, after, limit)
		return wrap(err, "list whom %s can reach", template)
	})
	return ids, err
}
