package replies

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/weblink"
	"huitou/service/messages"
	"huitou/wechat"
)

// Words of our own, for what no rule may leave unanswered.
const (
	wordsStop    = "好的,我们不再主动给您发送消息(您自己办理业务的通知除外)。想恢复时,回复“恢复订阅”即可。"
	wordsStart   = "已恢复。今后有与您有关的消息,我们会在这里告诉您;不想再收到时,回复“退订”即可。"
	wordsBusy    = "现在有点忙,请稍后再发一次。"
	wordsTooMany = "查询太频繁了,请一分钟后再试。"
)

// Reply returns what a person sees at once for what he did. It only reads. It is the hook's OADeps.Reply.
func (s *Service) Reply(ctx context.Context, p wechat.Push) (wechat.Reply, error) {
	c, from, err := s.choose(ctx, p)
	if err != nil {
		return wechat.Reply{}, err
	}
	switch c.why {
	case WhyNothing:
		return wechat.Reply{}, nil
	case WhyStop:
		return wechat.Text(wordsStop), nil
	case WhyStart:
		return wechat.Text(wordsStart), nil
	case WhyAnything:
		if !s.firstToday(ctx, p) {
			return wechat.Reply{}, nil
		}
	}
	switch a := c.rule.terms.Answer; a.Kind {
	case AnswerOrders:
		return wechat.Text(s.ordersOf(ctx, p)), nil
	case AnswerPoints:
		return wechat.Text(s.pointsOf(ctx, p)), nil
	default:
		return s.say(a, from), nil
	}
}

// choose returns the reply for a push, and how the person came when that was a follow or a scan.
func (s *Service) choose(ctx context.Context, p wechat.Push) (choice, came, error) {
	var c choice
	occasion, text := occasionOf(p)
	if occasion == "" || p.OpenID == "" {
		return c, came{}, nil
	}
	b, err := s.book(ctx)
	if err != nil {
		return c, came{}, err
	}
	at := p.CreatedAt
	if at.IsZero() {
		at = s.DB.Now()
	}
	switch occasion {
	case model.ReplyToFollow, model.ReplyToScan:
		from := s.cameBy(ctx, p.Scene)
		return b.comes(occasion, from, at), from, nil
	case model.ReplyToClick:
		return b.taps(p.EventKey, at), came{}, nil
	case model.ReplyToKeyword:
		return b.writes(text, at), came{}, nil
	default:
		return b.sends(at), came{}, nil
	}
}

// occasionOf says what a push is an occasion for, and what was written.
func occasionOf(p wechat.Push) (model.ReplyOccasion, string) {
	switch p.Kind {
	case wechat.KindText:
		return model.ReplyToKeyword, p.Content
	case wechat.KindVoice:
		if p.Recognition != "" {
			return model.ReplyToKeyword, p.Recognition
		}
		return model.ReplyToAnything, ""
	case wechat.KindImage, wechat.KindVideo, wechat.KindShortVideo, wechat.KindLocation, wechat.KindLink:
		return model.ReplyToAnything, ""
	case wechat.KindEvent:
		switch p.Event {
		case wechat.EventSubscribe:
			return model.ReplyToFollow, ""
		case wechat.EventScan:
			return model.ReplyToScan, ""
		case wechat.EventClick:
			return model.ReplyToClick, ""
		}
	}
	return "", ""
}

// cameBy says what a scene is of. While that cannot be found out in time the person came by nothing in particular: a plain welcome now is
// better than the right one too late.
func (s *Service) cameBy(ctx context.Context, scene string) came {
	plain := came{source: model.ReplyFromPlain}
	if scene == "" {
		return plain
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	parcel, err := s.Parcels.IsParcel(ctx, scene)
	if err == nil && parcel {
		return came{source: model.ReplyFromParcel}
	}
	if err == nil {
		src, ok, sourceErr := s.Codes.Source(ctx, scene)
		if sourceErr == nil && ok {
			return came{source: model.ReplySource(src.Kind), code: src.PublicID, name: src.Name}
		}
		err = sourceErr
	}
	if err != nil {
		s.Log.WarnContext(ctx, "what was scanned is not known in time", "err", err)
	}
	plain.err = err
	return plain
}

// say makes a reply of an answer that is the same for everybody.
func (s *Service) say(a Answer, from came) wechat.Reply {
	switch a.Kind {
	case AnswerImage:
		return wechat.Reply{Kind: wechat.ReplyImage, MediaID: a.MediaID}
	case AnswerNews:
		return wechat.Reply{Kind: wechat.ReplyNews, Title: a.Title, Description: a.Description, URL: a.URL, PicURL: a.PicURL}
	case AnswerTransfer:
		return wechat.Reply{Kind: wechat.ReplyTransfer}
	}
	return wechat.Text(cut(s.named(a.Text, from), wechat.MaxReplyText))
}

// named fills the names in. Where there is none, or one that must not be shown, the shop stands for its store and its people.
func (s *Service) named(text string, from came) string {
	plain := s.fill(text, s.Shop, s.Shop)
	store, staff := s.Shop, s.Shop
	switch from.source {
	case model.ReplyFromStore:
		store = from.name
	case model.ReplyFromStaff:
		staff = from.name
	default:
		return plain
	}
	if !showable(from.name) {
		return plain
	}
	// A name can become an address by the words around it: "tea.{store}".
	filled, known := s.fill(text, store, staff), s.linkFaults(plain)
	for _, why := range s.linkFaults(filled) {
		if !slices.Contains(known, why) {
			return plain
		}
	}
	return filled
}

// showable holds a name of a code against what is asked of names when they are given: it may have been given before that was asked.
func showable(name string) bool {
	return weblink.Line(name, nameRoom) && len(weblink.Find(name)) == 0 && len(messages.NameBreaches(name)) == 0
}

func (s *Service) fill(text, store, staff string) string {
	return strings.NewReplacer("{shop}", harmless(s.Shop), "{store}", harmless(store), "{staff}", harmless(staff)).Replace(text)
}

// harmless keeps a name from being a link: names were given elsewhere, under other rules.
func harmless(name string) string {
	return cut(strings.NewReplacer("<", "‹", ">", "›", "://", " ").Replace(name), nameRoom)
}

// cut shortens a text to a number of bytes, between two characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// firstToday says whether the answer to anything may be shown. A repeated delivery of a push that had it may have it again.
func (s *Service) firstToday(ctx context.Context, p wechat.Push) bool {
	key := "replies:anything:" + p.AppID + ":" + p.OpenID + ":" + model.DayOf(s.DB.Now(), model.Shanghai).String()
	took, err := s.KV.SetNX(ctx, key, p.DedupeKey, 24*time.Hour)
	if err == nil && !took {
		by, there, readErr := s.KV.Get(ctx, key)
		return readErr == nil && there && by == p.DedupeKey
	}
	return err == nil
}
