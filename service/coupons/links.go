package coupons

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// NewLink makes a link to a template, for a poster, a QR code or an article.
type NewLink struct {
	Staff    model.StaffID
	Template model.PublicID
	Note     string // where it hangs
	Key      db.Key `json:"-"`
}

// Link is a link. Token is what its address or the scene of its mini-program code carries, 24 characters.
type Link struct {
	Token     model.PublicID
	Template  model.PublicID
	Note      string
	CreatedAt time.Time
	ClosedAt  *time.Time
	Replayed  bool `json:"-"`
}

// MakeLink makes a link. A template need not be claimable in the claim centre for that: a link is a channel of its own. It returns
// ErrTemplateUnknown or ErrEnded.
func (s *Service) MakeLink(ctx context.Context, in NewLink) (l Link, err error) {
	if n := utf8.RuneCountInString(in.Note); n < 1 || n > maxNote || !printable(in.Note) {
		return Link{}, fault.InvalidFields([]fault.Field{{Name: "note", Reason: fmt.Sprintf("1 to %d printable characters", maxNote)}})
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		l, l.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Link, error) {
			t, err := templateByID(tx, in.Template)
			if db.IsNotFound(err) {
				return Link{}, ErrTemplateUnknown
			}
			if err != nil {
				return Link{}, fmt.Errorf("read template %s: %w", in.Template, err)
			}
			if t.State == model.TemplateEnded {
				return Link{}, ErrEnded
			}
			row := model.CouponLink{Token: model.PublicID(random.ID()), TemplateID: t.ID, Note: in.Note, CreatedBy: in.Staff, CreatedAt: tx.Now}
			if err := insertLink(tx, &row); err != nil {
				return Link{}, fmt.Errorf("insert a link to template %s: %w", in.Template, err)
			}
			return linkView(row, t.PublicID), audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "coupons.link_make",
				Ref: fmt.Sprintf("coupon_link:%d", row.ID), Detail: map[string]any{"template": t.PublicID, "note": in.Note}})
		})
		return err
	})
	return l, err
}

// Links returns the newest 100 links of a template, or ErrTemplateUnknown.
func (s *Service) Links(ctx context.Context, template model.PublicID) (list []Link, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		t, err := templateByID(tx, template)
		if db.IsNotFound(err) {
			return ErrTemplateUnknown
		}
		if err != nil {
			return fmt.Errorf("read template %s: %w", template, err)
		}
		rows, err := linksOf(tx, t.ID, 100)
		if err != nil {
			return fmt.Errorf("read the links of template %s: %w", template, err)
		}
		list = make([]Link, len(rows))
		for i, r := range rows {
			list[i] = linkView(r, t.PublicID)
		}
		return nil
	})
	return list, err
}

// CloseLink makes a link lead nowhere. One that is closed stays so. It returns ErrLinkUnknown.
func (s *Service) CloseLink(ctx context.Context, staff model.StaffID, token model.PublicID) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, _, err := linkByToken(tx, token)
		if db.IsNotFound(err) {
			return ErrLinkUnknown
		}
		if err != nil {
			return fmt.Errorf("read a link: %w", err)
		}
		closed, err := closeLink(tx, row.ID)
		if err != nil || !closed {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: "coupons.link_close", Ref: fmt.Sprintf("coupon_link:%d", row.ID)})
	})
}

// ClaimByLink is a member who opened a link.
type ClaimByLink struct {
	Member model.MemberID
	Token  model.PublicID
	Key    db.Key
}

type linkClaim struct {
	member model.MemberID
	link   model.CouponLinkID
	key    db.Key
}

// ClaimByLink gives the member a coupon of the template behind a link. What it returns is what Claim returns, and ErrLinkUnknown.
// Posters draw crowds, so concurrent claims share transactions here too.
func (s *Service) ClaimByLink(ctx context.Context, in ClaimByLink) (Coupon, error) {
	var (
		row model.CouponLink
		t   model.CouponTemplate
	)
	err := s.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		row, t, err = linkByToken(tx, in.Token)
		return err
	})
	switch {
	case db.IsNotFound(err), err == nil && row.ClosedAt != nil:
		return Coupon{}, ErrLinkUnknown
	case err != nil:
		return Coupon{}, fmt.Errorf("read a link: %w", err)
	}
	return s.links.Do(ctx, t.PublicID, linkClaim{in.Member, row.ID, in.Key})
}

// decideLinkClaims answers a batch of claims by links to one template, in order of arrival.
func (s *Service) decideLinkClaims(ctx context.Context, tx *db.Tx, id model.PublicID, ins []linkClaim) ([]db.Outcome[Coupon], error) {
	t, err := templateByID(tx, id)
	if err != nil {
		return nil, fmt.Errorf("read template %s: %w", id, err)
	}
	open := t
	open.Claimable = true // in the claim centre or not
	gs := make([]grant, len(ins))
	for i, in := range ins {
		gs[i] = grant{member: in.member, source: linkSource(in), channel: model.ChannelLink, reused: db.ErrKeyReused}
	}
	refusal, err := s.openEarly(ctx, tx, t, claimRefusal(open, tx.Now), gs)
	if err != nil {
		return nil, err
	}
	if refusal == nil {
		if err := s.keepToAudience(ctx, tx, t, gs); err != nil {
			return nil, err
		}
	}
	return s.grantTx(ctx, tx, t, refusal, gs)
}

// linkSource is made from the client's key, as claimSource is; a key that was used for a link to another template is refused.
func linkSource(in linkClaim) string {
	key := claimSource(in.key)
	if key == "" {
		return ""
	}
	return "link:" + key
}

func linkView(r model.CouponLink, t model.PublicID) Link {
	return Link{Token: r.Token, Template: t, Note: r.Note, CreatedAt: r.CreatedAt.UTC(), ClosedAt: r.ClosedAt}
}
