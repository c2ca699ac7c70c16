package app

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/memberships"
	"huitou/service/orders"
)

// cards joins orders with the paid cards of their buyers: two capabilities of one level.
type cards struct{ s *memberships.Service }

func (c cards) UsedTx(ctx context.Context, tx *db.Tx, in orders.CardUse) (orders.CardOutcome, error) {
	p := memberships.Purchase{Member: in.Member, Ref: in.Ref, At: in.Order.PaidAt, MemberPrice: in.Order.MemberSavingFen,
		FreeFreight: in.Order.FreeFreightFen, ExtraPoints: in.ExtraPoints}
	for _, u := range in.Coupons {
		p.Coupons = append(p.Coupons, memberships.UsedCoupon{Coupon: u.Coupon, Discount: u.Discount})
	}
	out, err := c.s.PurchaseTx(ctx, tx, p)
	return orders.CardOutcome{SavedFen: out.Amount, Reason: out.Reason}, err
}

func (c cards) GaveBackTx(ctx context.Context, tx *db.Tx, in orders.CardReturn) error {
	return c.s.PurchaseRefundTx(ctx, tx, memberships.PurchaseRefund{Ref: in.Ref, Source: in.Source, Goods: in.Goods, Of: in.Of, Whole: in.Whole})
}

// early lets coupons and the mall open their windows sooner for those whose card says so; the cards are made after them.
func (v *Services) early(ctx context.Context, tx *db.Tx, list []model.MemberID) (map[model.MemberID]time.Duration, error) {
	return v.Memberships.EarlyTx(ctx, tx, list)
}
