package coupons

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// Issue gives a member a coupon: by a member of staff, or because something happened.
type Issue struct {
	// Staff is who gives it; 0 for an event.
	Staff    model.StaffID
	Member   model.MemberID
	Template model.PublicID
	// Source is the cause, unique for ever: "redemption:12", "period:3:benefit:1:cycle:2". At most 128 ASCII characters. Staff
	// who give one by hand leave it empty; there the Key tells a repetition.
	Source string
	// Channel is what the numbers count it under; empty is staff or event.
	Channel model.CouponChannel
	// Note is why staff gave it, for the trail.
	Note string
	Key  db.Key `json:"-"`
}

// Issue gives a coupon in a transaction of its own; see IssueTx. It also makes sure that the member exists.
func (s *Service) Issue(ctx context.Context, in Issue) (c Coupon, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		var replayed bool
		c, replayed, err = db.Once(ctx, tx, in.Key, in, func() (Coupon, error) {
			if err := s.members.LockTx(ctx, tx, in.Member); err != nil {
				return Coupon{}, err
			}
			return s.IssueTx(ctx, tx, in)
		})
		c.Replayed = c.Replayed || replayed
		return err
	})
	return c, err
}

// IssueTx gives a coupon whatever the claim window. A Source that is known gives the same coupon again, with Replayed. It
// returns ErrTemplateUnknown, ErrNotIssuable, ErrDraft, ErrPaused, ErrEnded, ErrSoldOut, ErrLimitReached, or ErrSourceReused when
// the source has given another coupon.
func (s *Service) IssueTx(ctx context.Context, tx *db.Tx, in Issue) (Coupon, error) {
	outs, err := s.IssueManyTx(ctx, tx, in.Template, []Issue{in})
	if err != nil {
		return Coupon{}, err
	}
	return outs[0].Value, outs[0].Err
}

// IssueManyTx gives many coupons of one template with a handful of statements and returns one outcome for each, in their
// order. The Template of each Issue is the given one. It takes the template's counter last of all its locks, so a
// caller that also takes other rows calls it after them.
func (s *Service) IssueManyTx(ctx context.Context, tx *db.Tx, template model.PublicID, ins []Issue) ([]db.Outcome[Coupon], error) {
	t, err := templateByID(tx, template)
	if db.IsNotFound(err) {
		outs := make([]db.Outcome[Coupon], len(ins))
		for i := range outs {
			outs[i].Err = ErrTemplateUnknown
		}
		return outs, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read template %s: %w", template, err)
	}
	gs := make([]grant, len(ins))
	for i, in := range ins {
		if gs[i], err = in.grant(); err != nil {
			return nil, err
		}
	}
	outs, err := s.grantTx(ctx, tx, t, issueRefusal(t, tx.Now), gs)
	if err != nil {
		return nil, err
	}
	for i, in := range ins {
		if in.Staff == 0 || outs[i].Err != nil || outs[i].Value.Replayed {
			continue
		}
		err := audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "coupons.issue", Ref: "coupon:" + string(outs[i].Value.ID),
			Detail: map[string]any{"member": in.Member, "template": template, "note": in.Note}})
		if err != nil {
			return nil, err
		}
	}
	return outs, nil
}

func (in Issue) grant() (grant, error) {
	g := grant{member: in.Member, source: in.Source, channel: model.ChannelEvent, staff: in.Staff, reused: ErrSourceReused}
	switch {
	case in.Member <= 0:
		return grant{}, fault.InvalidFields([]fault.Field{{Name: "member_id", Reason: "1 or more"}})
	case in.Staff != 0:
		g.channel = model.ChannelStaff
		if g.source == "" {
			g.source = "staff:" + random.ID()
		}
	case g.source == "":
		return grant{}, fmt.Errorf("coupons: an event that gives a coupon to member %d has no source", in.Member)
	}
	if in.Channel != "" {
		g.channel = in.Channel
	}
	if len(g.source) > 128 {
		return grant{}, fmt.Errorf("coupons: the source %.40s… is longer than 128", g.source)
	}
	return g, nil
}
