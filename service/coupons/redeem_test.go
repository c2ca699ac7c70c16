package coupons_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
)

// redeem uses a coupon for an order that is paid now.
func redeem(s *coupons.Service, d *db.DB, m model.MemberID, coupon, order string, goods model.Fen) error {
	return d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := s.RedeemForOrderTx(ctx, tx, coupons.Use{Member: m, Coupon: coupon, OrderRef: order, Amount: goods, Room: goods, At: tx.Now})
		return err
	})
}

// macrozheng/mall#1003, T6: one coupon, five parallel orders.
func TestRedeemMall1003(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		id := active(t, s, tenOff())
		for round := range 20 {
			m := model.MemberID(round + 1)
			c, err := claim(s, m, id)
			if err != nil {
				t.Fatal(err)
			}
			var y tally
			together(5, func(int) { y.add(t, redeem(s, d, m, c.Code, order(), 6000)) })
			y.want(t, map[string]int{"": 1, "coupons.redeemed": 4})
		}
		sound(t, d)
	})
}

func TestLockBySixtyFourOrders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		c, err := claim(s, 1, active(t, s, tenOff()))
		if err != nil {
			t.Fatal(err)
		}
		var y tally
		together(64, func(int) {
			y.add(t, d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := s.LockTx(ctx, tx, coupons.Use{Member: 1, Coupon: c.Code, OrderRef: order(), Amount: 6000, Room: 6000, At: tx.Now})
				return err
			}))
		})
		y.want(t, map[string]int{"": 1, "coupons.locked": 63})
		sound(t, d)
	})
}

func TestRedeemRefusals(t *testing.T) {
	until := model.NewDay(2026, 12, 22).Start(model.Shanghai) // 30 days after the day of the claim
	tests := []struct {
		name   string
		change func(*coupons.Use)
		want   error
		detail string
	}{
		{"unknown code", func(u *coupons.Use) { u.Coupon = "0000000000000000" }, coupons.ErrUnknown, ""},
		{"tampered id", func(u *coupons.Use) { u.Coupon = "zzzzzzzzzzzzzzzzzzzzzzzz" }, coupons.ErrUnknown, ""},
		{"empty", func(u *coupons.Use) { u.Coupon = "" }, coupons.ErrUnknown, ""},
		{"another member's", func(u *coupons.Use) { u.Member = 2 }, coupons.ErrNotYours, ""},
		{"one fen below the threshold", func(u *coupons.Use) { u.Amount = 4999 }, coupons.ErrBelowThreshold, "map[missing_fen:1]"},
		{"expired an instant ago", func(u *coupons.Use) { u.At = until }, coupons.ErrExpired, "map[usable_until:2026-12-21T16:00:00Z]"},
		{"paid before it was issued", func(u *coupons.Use) { u.At = dbtest.Start.Add(-6 * time.Minute) }, coupons.ErrNotYetUsable, "map[usable_from:2026-11-21T04:00:00Z]"},
		{"no room", func(u *coupons.Use) { u.Room = 0 }, coupons.ErrNoSaving, ""},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		c, err := claim(s, 1, active(t, s, tenOff()))
		if err != nil {
			t.Fatal(err)
		}
		use := coupons.Use{Member: 1, Coupon: string(c.ID), OrderRef: "order:refused", Amount: 5000, Room: 5000, At: dbtest.Start}
		for _, tt := range tests {
			u := use
			tt.change(&u)
			// The refusal must leave nothing behind even when the transaction around it is committed.
			err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := s.RedeemForOrderTx(ctx, tx, u)
				is(t, tt.name, err, tt.want)
				if f := fault.Of(err); f != nil && tt.detail != "" && fmt.Sprint(f.Detail) != tt.detail {
					t.Errorf("%s: detail %v, want %s", tt.name, f.Detail, tt.detail)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		// The last instant, and the shop's clock a little behind ours.
		for i, ok := range []time.Time{until.Add(-time.Microsecond), dbtest.Start.Add(-5 * time.Minute)} {
			held, err := claim(s, model.MemberID(10+i), active(t, s, tenOff()))
			if err != nil {
				t.Fatal(err)
			}
			u := use
			u.Member, u.Coupon, u.At, u.OrderRef = held.Member, held.Code, ok, order()
			if err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := s.RedeemForOrderTx(ctx, tx, u)
				return err
			}); err != nil {
				t.Errorf("used at %v: %v", ok, err)
			}
		}
		// The order that used it gets the same answer again, another one does not.
		first := order()
		for range 2 {
			if err := redeem(s, d, 1, c.Code, first, 5000); err != nil {
				t.Errorf("redeem for %s: %v", first, err)
			}
		}
		is(t, "a second order", redeem(s, d, 1, c.Code, order(), 5000), coupons.ErrRedeemed)
		sound(t, d)
	})
}

func TestHeldAndPausedTemplate(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := service(d)
	id := active(t, s, tenOff())
	c, err := claim(s, 1, id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pause(ctx, clerk, id); err != nil {
		t.Fatal(err)
	}
	if err := redeem(s, d, 1, c.Code, order(), 5000); err != nil {
		t.Errorf("a coupon of a paused template was refused: %v", err)
	}
	other, err := claim(s, 1, active(t, s, tenOff()))
	if err != nil {
		t.Fatal(err)
	}
	clock.Set(other.UsableUntil)
	list, next, err := s.Held(ctx, 1, db.Page{})
	if err != nil || next != "" || len(list) != 2 {
		t.Fatalf("Held = %v, %q, %v", list, next, err)
	}
	if list[0].State != model.CouponExpired || list[1].State != model.CouponRedeemed {
		t.Errorf("states %s and %s, want expired and redeemed", list[0].State, list[1].State)
	}
}

// The model of one coupon: what b2 draws, without stores or locks.
type coupon struct {
	state model.CouponState
	order string
	until time.Time // of the lock
}

// A coupon's life against the model: random locks, redemptions, releases, refunds and jumps of time by three orders.
func TestCouponStateMachine(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := service(d)
	n := tenOff()
	n.PerMember = 0
	id := active(t, s, n)
	var member model.MemberID
	rapid.Check(t, func(r *rapid.T) {
		member++
		c, err := claim(s, member, id)
		if err != nil {
			r.Fatalf("claim: %v", err)
		}
		clock.Set(c.IssuedAt)
		want := coupon{state: model.CouponIssued}
		held := map[string]coupons.Used{}
		refunded := map[string]bool{}
		returns := 0
		prefix := order()
		name := rapid.SampledFrom([]string{prefix + ":a", prefix + ":b", prefix + ":c"})
		do := func(f func(ctx context.Context, tx *db.Tx) error) error { return d.Do(ctx, f) }
		expired := func() bool { return !clock.Now().Before(c.UsableUntil) }
		lapsed := func() bool { return want.state == model.CouponLocked && !clock.Now().Before(want.until) }
		r.Repeat(map[string]func(*rapid.T){
			"lock": func(r *rapid.T) {
				o := name.Draw(r, "order")
				var u coupons.Used
				err := do(func(ctx context.Context, tx *db.Tx) (err error) {
					u, err = s.LockTx(ctx, tx, coupons.Use{Member: member, Coupon: c.Code, OrderRef: o, Amount: 6000, Room: 6000, At: tx.Now, Until: tx.Now.Add(30 * 24 * time.Hour)})
					return err
				})
				var expect error
				switch {
				case want.state == model.CouponRedeemed:
					expect = coupons.ErrRedeemed
				case want.state == model.CouponLocked && !lapsed() && want.order != o:
					expect = coupons.ErrLocked
				case want.state == model.CouponLocked && !lapsed():
					held[o] = u
				case expired():
					expect = coupons.ErrExpired
				default:
					want = coupon{model.CouponLocked, o, clock.Now().Add(30 * 24 * time.Hour)}
					held[o] = u
				}
				is(r, "lock by "+o, err, expect)
			},
			"redeem": func(r *rapid.T) {
				o := name.Draw(r, "order")
				u, ok := held[o]
				if !ok {
					r.Skip()
				}
				err := do(func(ctx context.Context, tx *db.Tx) error { return s.RedeemTx(ctx, tx, u, o) })
				if want.state == model.CouponLocked && want.order == o { // also when its time is over
					want.state = model.CouponRedeemed
					is(r, "redeem by "+o, err, nil)
					return
				}
				is(r, "redeem by "+o, err, coupons.ErrNotLocked)
			},
			"release": func(r *rapid.T) {
				o := name.Draw(r, "order")
				u, ok := held[o]
				if !ok {
					r.Skip()
				}
				err := do(func(ctx context.Context, tx *db.Tx) error { return s.ReleaseTx(ctx, tx, u, o) })
				if want.state == model.CouponLocked && want.order == o {
					want = coupon{state: model.CouponIssued}
					is(r, "release by "+o, err, nil)
					return
				}
				is(r, "release by "+o, err, coupons.ErrNotLocked)
			},
			"use at once": func(r *rapid.T) {
				o := name.Draw(r, "order")
				err := redeem(s, d, member, c.Code, o, 6000)
				switch {
				case want.state == model.CouponRedeemed && want.order == o:
					is(r, "use again by "+o, err, nil)
				case want.state == model.CouponRedeemed:
					is(r, "use by "+o, err, coupons.ErrRedeemed)
				case want.state == model.CouponLocked && !lapsed() && want.order != o:
					is(r, "use by "+o, err, coupons.ErrLocked)
				case want.state == model.CouponLocked && !lapsed():
					is(r, "use by the holder "+o, err, nil)
					want.state = model.CouponRedeemed
				case expired():
					is(r, "use by "+o, err, coupons.ErrExpired)
				default:
					is(r, "use by "+o, err, nil)
					want = coupon{state: model.CouponRedeemed, order: o}
				}
			},
			"refund": func(r *rapid.T) {
				o, whole := name.Draw(r, "order"), rapid.Bool().Draw(r, "whole")
				err := do(func(ctx context.Context, tx *db.Tx) error {
					_, err := s.ReturnForOrderTx(ctx, tx, o, whole)
					return err
				})
				is(r, "refund of "+o, err, nil)
				if !whole || refunded[o] || want.state != model.CouponRedeemed || want.order != o {
					return
				}
				if refunded[o] = true; returns < 3 {
					returns++
					want = coupon{state: model.CouponIssued}
				}
			},
			"wait": func(r *rapid.T) { clock.Advance(time.Duration(rapid.IntRange(0, 20).Draw(r, "days")) * 24 * time.Hour) },
			"": func(r *rapid.T) {
				list, _, err := s.Held(ctx, member, db.Page{})
				if err != nil || len(list) != 1 {
					r.Fatalf("Held = %v, %v", list, err)
				}
				state := want.state
				if lapsed() {
					state = model.CouponIssued
				}
				if state == model.CouponIssued && expired() {
					state = model.CouponExpired
				}
				if list[0].Returns != int64(returns) {
					r.Fatalf("the coupon came back %d times, want %d", list[0].Returns, returns)
				}
				if list[0].State != state {
					r.Fatalf("the coupon is %s, want %s", list[0].State, state)
				}
			},
		})
		clock.Set(dbtest.Start)
	})
	sound(t, d)
}
