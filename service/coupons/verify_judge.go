package coupons

import (
	"strings"
	"time"

	"huitou/model"
	"huitou/model/fault"
)

// normal puts what was typed into its form, or says what is wrong with it.
func (in *At) normal() error {
	in.Code = strings.NewReplacer(" ", "", "-", "").Replace(in.Code)
	var list []fault.Field
	if in.Store != "" && !code(in.Store, 64) {
		list = append(list, fault.Field{Name: "store", Reason: "at most 64 printable ASCII characters"})
	}
	if in.Amount < 0 || in.Amount > model.MaxFen {
		list = append(list, fault.Field{Name: "amount_fen", Reason: "0 (not said) to the largest amount"})
	}
	return fault.InvalidFields(list)
}

// judgeAtCounter returns what a coupon takes off at the counter, or why it is not taken. Unlike an order, the counter knows the instant to
// the microsecond, so that no skew is allowed; and staff see which goods are eligible, so that the scope is not judged here.
func judgeAtCounter(c model.Coupon, cond *Conditions, in At, now time.Time) (model.Fen, error) {
	if err := takenAtCounter(c, now); err != nil {
		return 0, err
	}
	if err := spanRefusal(c.UsableFrom, c.UsableUntil, now); err != nil {
		return 0, err
	}
	switch {
	case !cond.at(in.Store):
		return 0, ErrWrongStore
	case c.Kind == model.CouponFreight:
		return 0, ErrNotAtCounter
	case in.Amount == 0 && (c.Kind != model.CouponAmount || c.ThresholdFen > 0):
		return 0, ErrAmountNeeded
	case in.Amount < c.ThresholdFen:
		return 0, ErrBelowThreshold.With("missing_fen", int64(c.ThresholdFen-in.Amount))
	case in.Amount == 0:
		return c.AmountFen, nil
	}
	off := worth(c.CouponTerms, in.Amount, in.Amount)
	if off <= 0 {
		return 0, ErrNoSaving
	}
	return off, nil
}

// takenAtCounter is takenRefusal with what staff must tell the customer: when and where the coupon was used.
func takenAtCounter(c model.Coupon, now time.Time) error {
	if giftLapsed(c, now) {
		return nil
	}
	err := takenRefusal(c, now)
	if c.State == model.CouponRedeemed && c.RedeemedAt != nil {
		return ErrRedeemed.With("redeemed_at", c.RedeemedAt.UTC().Format(time.RFC3339)).With("store", c.Store)
	}
	return err
}
