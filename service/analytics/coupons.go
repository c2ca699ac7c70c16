package analytics

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// ErrCouponUnknown means that there is no such coupon template.
var ErrCouponUnknown = fault.New(fault.NotFound, "analytics.coupon_unknown", "优惠券不存在", "there is no such coupon template")

// CouponNumbers is how a coupon template does. Everything is counted from the rows as they are at AsOf; there are no counters that
// could drift.
type CouponNumbers struct {
	Template model.PublicID
	Name     string
	AsOf     time.Time
	// Given is all coupons, by the channel that they came by. One that was passed on to a friend counts once, under the channel
	// by which the giver had it; Gifts is how many changed hands like that.
	Given    int64
	Channels map[model.CouponChannel]int64
	Gifts    int64
	// Where they stand: Given = Usable + Locked + Redeemed + Expired. What is offered to a friend is usable or expired.
	Usable, Locked, Redeemed, Expired int64
	// DiscountFen is what the redeemed ones took off. OrderFen is what was paid for their orders, less what was given back.
	DiscountFen, OrderFen model.Fen
	Orders                int64
	// Buyers are the members with these orders: NewBuyers had no effective order of goods before the first of them.
	Buyers, NewBuyers, ReturningBuyers int64
}

// couponCount is one group of coupons.
type couponCount struct {
	Channel     model.CouponChannel
	State       model.CouponState
	Ended       bool // the end has passed
	N           int64
	DiscountFen model.Fen
}

// couponOrders is what the orders with a template's coupons come to.
type couponOrders struct {
	Orders    int64
	OrderFen  model.Fen
	Buyers    int64
	NewBuyers int64
}

// CouponNumbers returns the numbers of a template, or ErrCouponUnknown.
func (s *Service) CouponNumbers(ctx context.Context, template model.PublicID) (n CouponNumbers, err error) {
	err = s.db.Snapshot(ctx, func(ctx context.Context, tx *db.Tx) error {
		id, name, err := couponTemplate(ctx, tx, template)
		if db.IsNotFound(err) {
			return ErrCouponUnknown
		}
		if err != nil {
			return fmt.Errorf("read template %s: %w", template, err)
		}
		counts, err := couponCounts(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("count the coupons of template %s: %w", template, err)
		}
		orders, err := ordersWithCoupon(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("sum the orders with coupons of template %s: %w", template, err)
		}
		n = couponNumbers(counts, orders)
		n.Template, n.Name, n.AsOf = template, name, tx.Now
		return nil
	})
	return n, err
}

// couponNumbers adds groups up.
func couponNumbers(counts []couponCount, o couponOrders) CouponNumbers {
	n := CouponNumbers{Channels: make(map[model.CouponChannel]int64, len(model.CouponChannels)), Orders: o.Orders, OrderFen: o.OrderFen,
		Buyers: o.Buyers, NewBuyers: o.NewBuyers, ReturningBuyers: o.Buyers - o.NewBuyers}
	for _, c := range model.CouponChannels {
		n.Channels[c] = 0
	}
	for _, c := range counts {
		if c.Channel == model.ChannelGift {
			n.Gifts += c.N // the coupon of the giver is counted under its own channel
		} else {
			n.Channels[c.Channel] += c.N
			n.Given += c.N
		}
		switch {
		case c.State == model.CouponTransferred: // it stands where the friend's stands
		case c.State == model.CouponRedeemed:
			n.Redeemed += c.N
			n.DiscountFen += c.DiscountFen
		case c.State == model.CouponLocked:
			n.Locked += c.N
		case c.Ended:
			n.Expired += c.N
		default:
			n.Usable += c.N
		}
	}
	delete(n.Channels, model.ChannelGift)
	return n
}
