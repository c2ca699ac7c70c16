package coupons

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// maxReturns is how often one coupon comes back: buying and refunding again and again must not give uses without end.
const maxReturns = 3

// Returned is what a refund did to one coupon of an order.
type Returned struct {
	ID      model.PublicID
	Outcome model.CouponReturnOutcome
	// UsableUntil is its end; one that has come back after it has expired.
	UsableUntil time.Time
}

// ReturnForOrderTx does with the coupons of an order what their refund policies say. A partial refund leaves them used: the
// shopper gets back what he paid, and the discount stays where it was. The refund of the whole order gives back those whose policy says so,
// each at most three times in its life. The same order again gets the first answer; an order that used none, an empty one.
func (s *Service) ReturnForOrderTx(_ context.Context, tx *db.Tx, orderRef string, whole bool) ([]Returned, error) {
	if !whole {
		return nil, nil
	}
	rows, err := couponsByRef(tx, orderRef)
	if err != nil {
		return nil, fmt.Errorf("read the coupons of %s: %w", orderRef, err)
	}
	for _, c := range rows {
		if c.State != model.CouponRedeemed {
			continue
		}
		if err := s.returnOne(tx, c); err != nil {
			return nil, err
		}
	}
	return returnsOf(tx, orderRef)
}

func (s *Service) returnOne(tx *db.Tx, c model.Coupon) error {
	conditions, err := s.conditions(tx, c.TermsID)
	if err != nil {
		return err
	}
	outcome, until := afterRefund(c, conditions[c.TermsID], tx.Now)
	fresh, err := tx.Insert(&model.CouponReturn{CouponID: c.ID, OrderRef: *c.OrderRef, Outcome: outcome, DiscountFen: c.DiscountFen, UsableUntil: until, CreatedAt: tx.Now})
	if err != nil {
		return fmt.Errorf("keep the return of coupon %d: %w", c.ID, err)
	}
	if !fresh || outcome != model.CouponReturned {
		return nil
	}
	ok, err := moveBack(tx, c, until)
	if err == nil && !ok {
		err = errMoved
	}
	if err != nil {
		return fmt.Errorf("return coupon %d of %s: %w", c.ID, *c.OrderRef, err)
	}
	return s.spend(tx, c, -c.DiscountFen)
}

// afterRefund says what the refund of its whole order does to a coupon, and when it ends then.
func afterRefund(c model.Coupon, cond *Conditions, now time.Time) (model.CouponReturnOutcome, time.Time) {
	switch {
	case cond.Refund == model.RefundKeep:
		return model.CouponKept, c.UsableUntil
	case c.Returns >= maxReturns:
		return model.CouponWornOut, c.UsableUntil
	case cond.Refund == model.RefundGrace:
		grace := model.DayOf(now, model.Shanghai).AddDays(int(cond.GraceDays) + 1).Start(model.Shanghai)
		if grace.After(c.UsableUntil) {
			return model.CouponReturned, grace
		}
	}
	return model.CouponReturned, c.UsableUntil
}
