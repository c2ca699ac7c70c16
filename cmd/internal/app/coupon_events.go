package app

import (
	"context"

	"huitou/model"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/members"
	"huitou/service/memberships"
	"huitou/service/orders"
	"huitou/service/tiers"
)

// couponEvents tells the coupons what happened, so that their rules can answer. Following the official account is not among it: the
// platform forbids a reward for that. Birthdays that come by the calendar are the coupons' own work by the clock.
func (v Services) couponEvents() {
	facts.Subscribe(v.Facts, "coupons.order", func(ctx context.Context, f orders.Paid) error {
		if f.Kind != model.OrderGoods {
			return nil
		}
		return v.couponEvent(ctx, coupons.Event{Kind: model.CouponOnOrder, Member: f.Member, Ref: f.FactKey(), Amount: f.Amount})
	})
	facts.Subscribe(v.Facts, "coupons.joined", func(ctx context.Context, f members.Joined) error {
		return v.couponEvent(ctx, coupons.Event{Kind: model.CouponOnJoin, Member: f.Member, Ref: f.FactKey()})
	})
	facts.Subscribe(v.Facts, "coupons.tier", func(ctx context.Context, f tiers.Reached) error {
		return v.couponEvent(ctx, coupons.Event{Kind: model.CouponOnTier, Member: f.Member, Ref: f.FactKey(), Rank: int64(f.Rank)})
	})
	facts.Subscribe(v.Facts, "coupons.birthday", func(ctx context.Context, f members.BirthdaySet) error {
		return v.Coupons.OnBirthdayTold(ctx, f.Member)
	})
	facts.Subscribe(v.Facts, "coupons.card", func(ctx context.Context, f memberships.Activated) error {
		return v.couponEvent(ctx, coupons.Event{Kind: model.CouponOnPaidCard, Member: f.Member, Ref: f.FactKey()})
	})
}

// couponEvent tells of an event of a member. By now he may have become one with another member, who gets what it brings.
func (v Services) couponEvent(ctx context.Context, e coupons.Event) (err error) {
	if e.Member, err = v.Members.Heir(ctx, e.Member); err != nil {
		return err
	}
	return v.Coupons.OnEvent(ctx, e)
}
