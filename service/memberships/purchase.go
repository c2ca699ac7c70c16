package memberships

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Purchase is what an order of the shop tells about the card of its buyer. The caller holds the member's lock.
type Purchase struct {
	Member model.MemberID
	Ref    string // of the order, "order:12"; its savings are counted once
	At     time.Time
	// MemberPrice is what the member price took off, FreeFreight the freight that the card spared.
	MemberPrice, FreeFreight model.Fen
	Coupons                  []UsedCoupon
	// ExtraPoints are what the card's multiplier added.
	ExtraPoints model.Points
}

// UsedCoupon is a coupon that an order used, of the card or not.
type UsedCoupon struct {
	Coupon   model.PublicID
	Discount model.Fen
}

// Saved is what was counted of a purchase. Reason is the code of why something was not, empty otherwise: a purchase is a fact, so nothing is
// refused.
type Saved struct {
	Amount model.Fen
	Reason string
}

// reasonFreight is why freight was not counted: the cycle's orders without freight are used up, or the plan gives none.
const reasonFreight = "memberships.no_free_freight"

// PurchaseTx logs what the card really saved in an order, in the order's transaction.
func (s *Service) PurchaseTx(ctx context.Context, tx *db.Tx, in Purchase) (out Saved, err error) {
	day := model.DayOf(in.At, model.Shanghai)
	count := func(p model.MembershipID, what, kind string, amount model.Fen) error {
		if amount < 1 {
			return nil
		}
		fresh, err := s.save(tx, p, Saving{Source: in.Ref + ":" + what, Kind: kind, Amount: amount, At: in.At})
		if fresh {
			out.Amount += amount
		}
		return err
	}
	// A coupon of the card may be used when the card is over; it belongs to the period that gave it.
	for _, c := range in.Coupons {
		p, ours, err := periodOfCoupon(tx, c.Coupon)
		if err != nil {
			return out, err
		}
		if ours {
			if err := count(p, "coupon:"+string(c.Coupon), SavedCoupon, c.Discount); err != nil {
				return out, err
			}
		}
	}
	if in.MemberPrice == 0 && in.FreeFreight == 0 && in.ExtraPoints == 0 {
		return out, nil
	}
	p, grace, found, err := pricedOn(tx, in.Member, day)
	if err != nil {
		return out, err
	}
	if !found {
		if in.MemberPrice > 0 || in.FreeFreight > 0 {
			out.Reason = ErrNotMember.Code
		}
		return out, nil
	}
	if err := count(p.ID, "member-price", SavedMemberPrice, in.MemberPrice); err != nil {
		return out, err
	}
	if grace { // the price holds on, and nothing else
		if in.FreeFreight > 0 {
			out.Reason = reasonFreight
		}
		return out, nil
	}
	if err := count(p.ID, "points", SavedPoints, worthOf(in.ExtraPoints, s.cost)); err != nil {
		return out, err
	}
	if in.FreeFreight < 1 {
		return out, nil
	}
	ok, err := s.useFreight(ctx, tx, p, day, in.Ref+":freight")
	if err != nil {
		return out, err
	}
	if !ok {
		out.Reason = reasonFreight
		return out, nil
	}
	return out, count(p.ID, "freight", SavedFreight, in.FreeFreight)
}

// useFreight uses up one order without freight of the cycle of a day; ok is false when none is left. A source uses one for ever.
func (s *Service) useFreight(_ context.Context, tx *db.Tx, p model.MembershipPeriod, day model.Day, source string) (ok bool, err error) {
	used, left, err := freightLeft(tx, p, day)
	if err != nil || left == 0 {
		return false, err
	}
	fresh, err := tx.Insert(&model.MembershipUse{
		PeriodID: p.ID, MemberID: p.MemberID, Benefit: model.BenefitFreight, Cycle: cycleOn(p, day), Ordinal: used + 1, Source: source, At: tx.Now,
	})
	if err != nil {
		return false, fmt.Errorf("use free freight of period %d: %w", p.ID, err)
	}
	return fresh, nil
}

// PurchaseRefund is money of an order that went back. The caller holds the member's lock.
type PurchaseRefund struct {
	Ref    string // of the order
	Source string // of the refund, "order:12:refund:3"
	// Goods is the goods' money that has gone back by now, this refund included, of Of that was paid for goods.
	Goods, Of model.Fen
	Whole     bool // nothing is left of what was paid
}

// PurchaseRefundTx takes back what the card had saved in an order, in proportion to the goods' money that went back and down to the last fen with
// the whole order.
func (s *Service) PurchaseRefundTx(_ context.Context, tx *db.Tx, in PurchaseRefund) error {
	list, err := savingsOf(tx, in.Ref)
	if err != nil {
		return err
	}
	for _, v := range list {
		before, err := returnedOf(tx, v.ID)
		if err != nil {
			return err
		}
		back := takenBack(v.AmountFen, v.Kind, in.Goods, in.Of, in.Whole) - before
		if back < 1 {
			continue
		}
		if _, err := tx.Insert(&model.MembershipSavingReturn{SavingID: v.ID, Source: in.Source, AmountFen: back, At: tx.Now}); err != nil {
			return fmt.Errorf("take back saving %d: %w", v.ID, err)
		}
	}
	return nil
}
