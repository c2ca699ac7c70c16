package coupons

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// maxOffers bounds the claim centre.
const maxOffers = 100

// Templates returns the claim centre: what members may take now or soon, newest first, and for each why this
// member cannot claim it.
func (s *Service) Templates(ctx context.Context, member model.MemberID) (offers []Offer, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		rows, err := openTemplates(tx, maxOffers)
		if err != nil || len(rows) == 0 {
			return err
		}
		ids := make([]model.CouponTemplateID, len(rows))
		for i, t := range rows {
			ids[i] = t.ID
		}
		mine, err := countsOf(tx, member, ids)
		if err != nil {
			return fmt.Errorf("count the coupons of member %d: %w", member, err)
		}
		conditions, err := s.conditionsOf(tx, rows)
		if err != nil {
			return err
		}
		mineToday, err := s.todayOf(tx, member, rows)
		if err != nil {
			return err
		}
		offers = make([]Offer, len(rows))
		for i, t := range rows {
			o := Offer{Template: templateView(t, conditions[i]), Remaining: -1, Mine: mine[t.ID]}
			if t.Total >= 0 {
				o.Remaining = t.Total - t.Claimed
			}
			if o.Refusal, err = s.offerRefusal(ctx, tx, t, member); err != nil {
				return err
			}
			if o.Refusal == nil {
				mayClaim, err := s.audience(ctx, tx, t, []model.MemberID{member})
				if err != nil {
					return err
				}
				switch {
				case !mayClaim(member):
					if o.Refusal, err = s.notForYou(ctx, tx, t); err != nil {
						return err
					}
				case t.PerDay > 0 && mineToday[t.ID] >= t.PerDay:
					o.Refusal = ErrDayLimit
				case t.PerMember > 0 && o.Mine >= t.PerMember:
					o.Refusal = ErrLimitReached
				case o.Remaining == 0:
					o.Refusal = ErrSoldOut
				}
			}
			offers[i] = o
		}
		return nil
	})
	return offers, err
}

// AllTemplates returns a page of all templates for staff, newest first, and the cursor of the next page ("" at the end).
func (s *Service) AllTemplates(ctx context.Context, page db.Page) (list []Template, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		rows, err := templatesBefore(tx, before, page.Size()+1)
		if err != nil {
			return fmt.Errorf("read the coupon templates: %w", err)
		}
		if len(rows) > page.Size() {
			rows = rows[:page.Size()]
			next = db.NextCursor(int64(rows[len(rows)-1].ID))
		}
		conditions, err := s.conditionsOf(tx, rows)
		if err != nil {
			return err
		}
		list = make([]Template, len(rows))
		for i, t := range rows {
			list[i] = templateView(t, conditions[i])
		}
		return nil
	})
	return list, next, err
}

// Held returns the coupons that a member was given, newest first, and the cursor of the next page ("" at the end).
func (s *Service) Held(ctx context.Context, member model.MemberID, page db.Page) (list []Coupon, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		rows, err := couponsOf(tx, member, before, page.Size()+1)
		if err != nil || len(rows) == 0 {
			return err
		}
		if len(rows) > page.Size() {
			rows = rows[:page.Size()]
			next = db.NextCursor(int64(rows[len(rows)-1].ID))
		}
		list, err = heldViews(tx, rows)
		return err
	})
	return list, next, err
}

// heldViews shows coupons as they are now, in their order.
func heldViews(tx *db.Tx, rows []model.Coupon) ([]Coupon, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	ids := make([]model.CouponTemplateID, len(rows))
	for i, c := range rows {
		ids[i] = c.TemplateID
	}
	templates, err := templatesByID(tx, ids)
	if err != nil {
		return nil, fmt.Errorf("read the templates of %d coupons: %w", len(rows), err)
	}
	list := make([]Coupon, len(rows))
	for i, c := range rows {
		list[i] = view(c, templates[c.TemplateID], tx.Now)
	}
	return list, nil
}
