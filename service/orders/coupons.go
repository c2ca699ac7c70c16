package orders

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/coupons"
)

// maxCoupons is how many coupons one order brings at most.
const maxCoupons = 10

// useCoupons uses the order's coupons up, or keeps why they could not be. Together they take off no more than the discount that the shop
// states, less what the member price took of it; one that the shop had locked for this order gets what was promised then. used are those that
// took something off.
func (s *Service) useCoupons(ctx context.Context, tx *db.Tx, row *model.Order, in Order) (more []model.OrderCoupon, used []CardCoupon, err error) {
	if row.CouponCode == "" {
		return nil, nil, nil
	}
	took := func(id model.PublicID, off model.Fen) {
		if id != "" {
			used = append(used, CardCoupon{id, off})
		}
	}
	use := coupons.Use{
		Member: row.MemberID, OrderRef: ref(row.ID), LockRef: coupons.LockRef(row.Source, row.Number), Store: in.Store,
		Amount: row.GoodsFen, Lines: items(in.Lines), Freight: row.FreightFen, Room: row.DiscountFen - row.MemberSavingFen, At: row.PaidAt,
	}
	first, id, err := s.useCoupon(ctx, tx, use, row.CouponCode)
	if err != nil {
		return nil, nil, err
	}
	took(id, first.DiscountFen)
	row.CouponID, row.CouponDiscountFen, row.CouponReason = first.CouponID, first.DiscountFen, first.Reason
	if err := keepCoupon(tx, *row); err != nil {
		return nil, nil, fmt.Errorf("keep the coupon of order %d: %w", row.ID, err)
	}
	use.Room -= first.DiscountFen
	more = make([]model.OrderCoupon, len(in.MoreCoupons))
	for i, code := range in.MoreCoupons {
		use.Further = true
		if more[i], id, err = s.useCoupon(ctx, tx, use, code); err != nil {
			return nil, nil, err
		}
		took(id, more[i].DiscountFen)
		more[i].OrderID, more[i].Ordinal = row.ID, int64(i+2)
		use.Room -= more[i].DiscountFen
	}
	if err := keepMoreCoupons(tx, more); err != nil {
		return nil, nil, fmt.Errorf("keep the coupons of order %d: %w", row.ID, err)
	}
	return more, used, nil
}

// useCoupon uses one coupon up, or says why not: a refusal is part of the order, and id is empty then.
func (s *Service) useCoupon(ctx context.Context, tx *db.Tx, use coupons.Use, code string) (row model.OrderCoupon, id model.PublicID, err error) {
	use.Coupon = code
	used, err := s.Coupons.RedeemForOrderTx(ctx, tx, use)
	switch f := fault.Of(err); {
	case err == nil:
		return model.OrderCoupon{Code: code, CouponID: &used.Coupon, DiscountFen: used.Discount}, used.ID, nil
	case f != nil && (f.Kind == fault.NotFound || f.Kind == fault.Forbidden || f.Kind == fault.Conflict):
		return model.OrderCoupon{Code: code, Reason: f.Code}, "", nil
	default:
		return model.OrderCoupon{}, "", fmt.Errorf("use a coupon of %s: %w", use.OrderRef, err)
	}
}

func items(lines []Line) []coupons.Item {
	list := make([]coupons.Item, len(lines))
	for i, l := range lines {
		list[i] = coupons.Item{SKU: l.SKU, Category: l.Category, Quantity: l.Quantity, PriceFen: l.PriceFen}
	}
	return list
}
