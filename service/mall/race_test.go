package mall_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"huitou/model"
	"huitou/service/coupons"
	"huitou/service/mall"
	"huitou/service/points"
)

// together runs f n times at once.
func together(n int, f func(i int)) {
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	all.Wait()
}

// tally counts outcomes: how many won, and everything that is neither a win nor an expected refusal.
type tally struct {
	t       *testing.T
	refusal []error
	won     atomic.Int64
}

func (c *tally) add(err error) {
	if err == nil {
		c.won.Add(1)
		return
	}
	for _, r := range c.refusal {
		if errors.Is(err, r) {
			return
		}
	}
	c.t.Errorf("unexpected: %v", err)
}

// T5: 200 shoppers on two instances want 50 units; exactly 50 get one, everybody else hears that it is sold out.
func TestT5StockIsNeverOversold(t *testing.T) {
	two(t, func(t *testing.T, s [2]*shop) {
		const shoppers, stock = 200, 50
		s[0].give(shoppers, 100)
		g := s[0].gift(func(in *mall.NewGift) { in.Stock, in.PerMember = stock, 1 })
		c := tally{t: t, refusal: []error{mall.ErrSoldOut}}
		together(shoppers, func(i int) {
			_, err := s[i%2].redeem(model.MemberID(i+1), g.ID, "tap-1")
			c.add(err)
		})
		if c.won.Load() != stock {
			t.Errorf("%d of %d units were handed out", c.won.Load(), stock)
		}
		if o := s[1].offer(1, g.ID); o.Stock != 0 {
			t.Errorf("stock = %d", o.Stock)
		}
	})
}

// T5: redeeming, cancelling, handing out and restocking at once; every unit is sold or returned once.
func TestT5RedeemAgainstCancelAndPickUp(t *testing.T) {
	two(t, func(t *testing.T, s [2]*shop) {
		ctx := context.Background()
		const first, more = 40, 80
		s[0].give(first+more, 100)
		g := s[0].gift(func(in *mall.NewGift) { in.Stock = first })
		early := make([]mall.Redemption, first)
		for i := range early {
			early[i] = s[0].mustRedeem(model.MemberID(i+1), g.ID, "tap-1")
		}
		redeemed := tally{t: t, refusal: []error{mall.ErrSoldOut}}
		cancelled := tally{t: t, refusal: []error{mall.ErrPickedUp, mall.ErrCancelled}}
		picked := tally{t: t, refusal: []error{mall.ErrPickedUp, mall.ErrCancelled}}
		together(more+3*first, func(i int) {
			switch on := s[i%2]; {
			case i < more:
				_, err := on.redeem(model.MemberID(first+i+1), g.ID, "tap-1")
				redeemed.add(err)
			case i < more+2*first: // every cancellation twice
				_, err := on.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: early[(i-more)%first].ID, Note: "缺货"})
				cancelled.add(err)
			default:
				_, err := on.PickUp(ctx, mall.PickUp{Staff: 7, Code: early[i-more-2*first].Code})
				picked.add(err)
			}
		})
		if n := cancelled.won.Load() + picked.won.Load(); n != first {
			t.Errorf("%d were cancelled and %d picked up of %d", cancelled.won.Load(), picked.won.Load(), first)
		}
		if o := s[0].offer(1, g.ID); o.Stock != cancelled.won.Load()-redeemed.won.Load() {
			t.Errorf("stock = %d after %d cancellations and %d redemptions", o.Stock, cancelled.won.Load(), redeemed.won.Load())
		}
	})
}

// One member, many taps: the points and the limit hold, on two instances.
func TestOneMemberInParallel(t *testing.T) {
	two(t, func(t *testing.T, s [2]*shop) {
		s[0].give(2, 550)
		limited := s[0].gift(func(in *mall.NewGift) { in.Stock, in.PerMember = 100, 2 })
		c := tally{t: t, refusal: []error{mall.ErrLimit}}
		together(64, func(i int) {
			_, err := s[i%2].redeem(1, limited.ID, fmt.Sprint("tap-", i))
			c.add(err)
		})
		if c.won.Load() != 2 {
			t.Errorf("%d redemptions of a gift that one member gets twice", c.won.Load())
		}
		free := s[0].gift(func(in *mall.NewGift) { in.Stock = -1 })
		c = tally{t: t, refusal: []error{points.ErrInsufficient}}
		together(64, func(i int) {
			_, err := s[i%2].redeem(2, free.ID, fmt.Sprint("tap-", i))
			c.add(err)
		})
		if c.won.Load() != 5 {
			t.Errorf("%d redemptions of 100 points from 550", c.won.Load())
		}
		s[1].has(1, 350)
		s[1].has(2, 50)
	})
}

// T2: the same tap 32 times at once, on two instances, is one redemption with one answer for all.
func TestT2SameTapInParallel(t *testing.T) {
	two(t, func(t *testing.T, s [2]*shop) {
		s[0].give(1, 1000)
		g := s[0].gift(nil)
		var fresh atomic.Int64
		ids := make([]model.PublicID, 32)
		together(len(ids), func(i int) {
			r, err := s[i%2].redeem(1, g.ID, "tap-1")
			if err != nil {
				t.Errorf("tap %d: %v", i, err)
			}
			if !r.Replayed {
				fresh.Add(1)
			}
			ids[i] = r.ID
		})
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("answers differ: %v", ids)
				break
			}
		}
		if fresh.Load() != 1 {
			t.Errorf("%d answers were not marked as replayed", fresh.Load())
		}
		s[1].has(1, 900)
	})
}

// Coupons that run out within a batch refuse only those who get none, and their units of the gift go to nobody.
func TestCouponsRunOutWithinABatch(t *testing.T) {
	two(t, func(t *testing.T, s [2]*shop) {
		s[0].give(60, 100)
		template := s[0].template(25, 1)
		g := s[0].gift(func(in *mall.NewGift) { in.Kind, in.CouponTemplate, in.Stock = model.GiftCoupon, template, 40 })
		c := tally{t: t, refusal: []error{coupons.ErrSoldOut}}
		together(60, func(i int) {
			_, err := s[i%2].redeem(model.MemberID(i+1), g.ID, "tap-1")
			c.add(err)
		})
		if c.won.Load() != 25 {
			t.Errorf("%d won, there were 25 coupons", c.won.Load())
		}
		if o := s[0].offer(1, g.ID); o.Stock != 15 {
			t.Errorf("stock = %d, want 15", o.Stock)
		}
	})
}
