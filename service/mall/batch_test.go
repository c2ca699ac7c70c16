package mall_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/coupons"
	"huitou/service/mall"
	"huitou/service/points"
)

func (s *shop) together(g model.PublicID, ins ...mall.Redeem) []db.Outcome[mall.Redemption] {
	s.t.Helper()
	for i := range ins {
		ins[i].Gift = g
	}
	outs, err := s.DecideTogether(context.Background(), g, ins...)
	if err != nil {
		s.t.Fatal(err)
	}
	return outs
}

func tap(m model.MemberID, k string) mall.Redeem { return mall.Redeem{Member: m, Key: key(m, k)} }

// In one batch the earliest get the stock; who has too few points or has reached the limit takes no unit from the next.
func TestWithinABatchTheEarliestWin(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.give(6, 150)
		s.points.Spend(context.Background(), points.Spend{Member: 2, Points: 51, Reason: model.PointsForCash, Source: "order:2:cash"})
		g := s.gift(func(in *mall.NewGift) { in.Stock, in.PerMember = 3, 1 })
		outs := s.together(g.ID, tap(1, "a"), tap(2, "a"), tap(1, "b"), tap(3, "a"), tap(4, "a"), tap(5, "a"), tap(6, "a"))
		want := []error{nil, points.ErrInsufficient, mall.ErrLimit, nil, nil, mall.ErrSoldOut, mall.ErrSoldOut}
		for i, w := range want {
			if !errors.Is(outs[i].Err, w) {
				t.Errorf("number %d = %v, want %v", i, outs[i].Err, w)
			}
		}
	})
}

// Two taps of one member in a batch cannot spend the same points twice.
func TestWithinABatchPointsAreSpentOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.give(1, 250)
		g := s.gift(nil)
		outs := s.together(g.ID, tap(1, "a"), tap(1, "b"), tap(1, "c"))
		if outs[0].Err != nil || outs[1].Err != nil || !errors.Is(outs[2].Err, points.ErrInsufficient) {
			t.Errorf("outcomes = %+v", outs)
		}
		s.has(1, 50)
	})
}

func TestT2T3WithinABatch(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.give(2, 1000)
		g := s.gift(nil)
		stolen := tap(2, "a")
		stolen.Key = key(1, "a")
		outs := s.together(g.ID, tap(1, "a"), tap(1, "a"), stolen, mall.Redeem{Member: 1}, mall.Redeem{Member: 1})
		if outs[0].Err != nil || outs[1].Err != nil || outs[1].Value.ID != outs[0].Value.ID || outs[0].Value.Replayed || !outs[1].Value.Replayed {
			t.Errorf("the same tap twice = %+v, %+v", outs[0], outs[1])
		}
		if !errors.Is(outs[2].Err, db.ErrKeyReused) || outs[2].Value.Code != "" {
			t.Errorf("another member with the key = %+v", outs[2])
		}
		if outs[3].Err != nil || outs[4].Err != nil || outs[3].Value.ID == outs[4].Value.ID {
			t.Errorf("two without a key = %+v, %+v", outs[3], outs[4])
		}
		s.has(1, 700)
		s.has(2, 1000)
	})
}

// The unit of one whose coupon is refused goes to the next who comes.
func TestWithinABatchARefusedCouponFreesItsUnit(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.give(4, 1000)
		template := s.template(-1, 1)
		g := s.gift(func(in *mall.NewGift) {
			in.Kind, in.CouponTemplate, in.Stock, in.PerMember = model.GiftCoupon, template, 3, 2
		})
		s.mustRedeem(1, g.ID, "before")
		outs := s.together(g.ID, tap(1, "a"), tap(2, "a"), tap(3, "a"), tap(4, "a"))
		for i, want := range []error{coupons.ErrLimitReached, nil, nil, mall.ErrSoldOut} {
			if !errors.Is(outs[i].Err, want) {
				t.Errorf("number %d = %v, want %v", i, outs[i].Err, want)
			}
		}
		s.has(1, 900)
	})
}

// BenchmarkRedeem is one hot gift and 512 shoppers at once, with the commits of a real database.
func BenchmarkRedeem(b *testing.B) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		b.Run(string(driver), func(b *testing.B) {
			clock := dbtest.NewClock()
			d := dbtest.Open(b, driver, clock)
			p := points.New(points.Deps{DB: d})
			s := mall.New(mall.Deps{DB: d, Points: p})
			ctx := context.Background()
			const members = 512
			for m := range model.MemberID(members) {
				if _, _, err := p.Earn(ctx, points.Earn{Member: m + 1, Points: model.MaxPoints, Reason: model.PointsOpening, Source: fmt.Sprint("m:", m)}); err != nil {
					b.Fatal(err)
				}
			}
			g, err := s.CreateGift(ctx, mall.NewGift{Staff: 1, Name: "茶", Kind: model.GiftPickup, Price: 1, Stock: mall.MaxStock})
			if err != nil {
				b.Fatal(err)
			}
			turns := make(chan int)
			done := make(chan error, members)
			b.ResetTimer()
			for m := range members {
				go func() {
					var failed error
					for n := range turns {
						id := model.MemberID(m + 1)
						if _, err := s.Redeem(ctx, mall.Redeem{Member: id, Gift: g.ID, Key: key(id, fmt.Sprint(n))}); err != nil {
							failed = err
						}
					}
					done <- failed
				}()
			}
			for n := range b.N {
				turns <- n
			}
			close(turns)
			for range members {
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "redemptions/s")
		})
	}
}
