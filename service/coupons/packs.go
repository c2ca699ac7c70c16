package coupons

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
)

// Pack is a share pack: coupons that a buyer may pass on to friends. He gets nothing for sharing, which the platform forbids; the
// friends do.
type Pack struct {
	Token     model.PublicID // the link carries it
	Template  model.PublicID
	Name      string
	Size      int64
	Taken     int64
	ExpiresAt time.Time
	Own       bool // the viewer is the buyer
	Refusal   error
}

// openPack makes the pack of an event. A pack promises no stock: each friend takes from the template's.
func (s *Service) openPack(tx *db.Tx, r model.CouponRule, e Event, source string) error {
	_, err := tx.Insert(&model.CouponPack{
		Token: model.PublicID(random.ID()), MemberID: e.Member, TemplateID: r.TemplateID, Source: source, Size: r.PackSize,
		ExpiresAt: tx.Now.Add(time.Duration(r.PackHours) * time.Hour), CreatedAt: tx.Now,
	})
	if err != nil {
		return fmt.Errorf("open the pack of %s: %w", source, err)
	}
	return nil
}

// Packs returns the newest 50 packs of a buyer.
func (s *Service) Packs(ctx context.Context, member model.MemberID) (list []Pack, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := packsOf(tx, member, 50)
		if err != nil {
			return fmt.Errorf("read the packs of member %d: %w", member, err)
		}
		ids := make([]model.CouponTemplateID, len(rows))
		for i, r := range rows {
			ids[i] = r.TemplateID
		}
		templates, err := templatesByID(tx, ids)
		if err != nil {
			return fmt.Errorf("read the templates of packs: %w", err)
		}
		list = make([]Pack, len(rows))
		for i, r := range rows {
			list[i] = packView(r, templates[r.TemplateID], member, tx.Now)
		}
		return nil
	})
	return list, err
}

// Pack returns what a friend sees who opened the link, or ErrPackUnknown.
func (s *Service) Pack(ctx context.Context, viewer model.MemberID, token model.PublicID) (p Pack, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		row, t, err := packByToken(tx, token)
		if db.IsNotFound(err) {
			return ErrPackUnknown
		}
		if err != nil {
			return fmt.Errorf("read a pack: %w", err)
		}
		p = packView(row, t, viewer, tx.Now)
		return nil
	})
	return p, err
}

// TakeFromPack is a friend who takes a coupon.
type TakeFromPack struct {
	Member model.MemberID
	Token  model.PublicID
}

// TakeFromPack gives a friend one coupon of a pack; the same friend again gets the same. It returns ErrPackUnknown, ErrPackOwn,
// ErrPackLapsed, ErrPackEmpty, or why the template gives nothing.
func (s *Service) TakeFromPack(ctx context.Context, in TakeFromPack) (c Coupon, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, t, err := packByToken(tx, in.Token)
		if db.IsNotFound(err) {
			return ErrPackUnknown
		}
		if err == nil {
			p, err = lockPack(tx, p.ID) // friends of one pack take turns; there are few
		}
		if err != nil {
			return fmt.Errorf("lock a pack: %w", err)
		}
		issue := Issue{Member: in.Member, Template: t.PublicID, Channel: model.ChannelPack, Source: fmt.Sprintf("pack:%d:%d", p.ID, in.Member)}
		taken, err := hasTaken(tx, p.ID, in.Member)
		if err != nil {
			return fmt.Errorf("read who took from pack %d: %w", p.ID, err)
		}
		if taken {
			c, err = s.IssueTx(ctx, tx, issue) // the source answers
			return err
		}
		if refusal := packRefusal(p, in.Member, tx.Now); refusal != nil {
			return refusal
		}
		if c, err = s.IssueTx(ctx, tx, issue); err != nil {
			return err
		}
		if err := takeFromPack(tx, p.ID, in.Member, c.ID); err != nil {
			return fmt.Errorf("take from pack %d: %w", p.ID, err)
		}
		return nil
	})
	return c, err
}

// packRefusal says why a member cannot take from a pack, or nil.
func packRefusal(p model.CouponPack, m model.MemberID, now time.Time) error {
	switch {
	case p.MemberID == m:
		return ErrPackOwn
	case !now.Before(p.ExpiresAt):
		return ErrPackLapsed
	case p.Taken >= p.Size:
		return ErrPackEmpty
	}
	return nil
}

func packView(p model.CouponPack, t model.CouponTemplate, viewer model.MemberID, now time.Time) Pack {
	return Pack{Token: p.Token, Template: t.PublicID, Name: t.Name, Size: p.Size, Taken: p.Taken, ExpiresAt: p.ExpiresAt.UTC(),
		Own: p.MemberID == viewer, Refusal: packRefusal(p, viewer, now)}
}
