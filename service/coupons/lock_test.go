package coupons_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/jobs"
)

// cart is sixty yuan of goods and eight of freight.
func cart() coupons.Cart {
	return coupons.Cart{Lines: []coupons.Item{{SKU: "T-1", Category: "茶/绿茶", Quantity: 2, PriceFen: 2000}, {SKU: "T-2", Category: "茶/花茶", Quantity: 1, PriceFen: 2000}}, FreightFen: 800}
}

// stacked is a template of so much off, in a stacking group.
func stacked(fen model.Fen, group string) coupons.NewTemplate {
	n := tenOff()
	n.AmountFen, n.ThresholdFen, n.Group = fen, 0, group
	return n
}

func get(t testing.TB, s *coupons.Service, m model.MemberID, n coupons.NewTemplate) coupons.Coupon {
	t.Helper()
	c, err := claim(s, m, active(t, s, n))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func lock(s *coupons.Service, m model.MemberID, number string, codes ...string) (coupons.Locked, error) {
	return s.Lock(ctx, coupons.Lock{Member: m, Coupons: codes, OrderRef: coupons.LockRef("pos", number), Cart: cart()})
}

func stateOf(t testing.TB, s *coupons.Service, c coupons.Coupon) model.CouponState {
	t.Helper()
	list, _, err := s.Held(ctx, c.Member, db.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range list {
		if h.ID == c.ID {
			return h.State
		}
	}
	t.Fatalf("member %d does not hold %s", c.Member, c.ID)
	return ""
}

func TestLockForAShop(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		a, b := get(t, s, 1, stacked(1000, "a")), get(t, s, 1, stacked(500, "b"))
		same, alone, other := get(t, s, 1, stacked(300, "a")), get(t, s, 1, stacked(700, "")), get(t, s, 2, stacked(100, "x"))
		far := stacked(100, "far")
		far.Stores = []string{"bj-01"}
		away := get(t, s, 1, far)

		l, err := lock(s, 1, "A", a.Code, string(b.ID))
		if err != nil || len(l.Coupons) != 2 || l.Coupons[0].Discount != 1000 || l.Coupons[1].Discount != 500 || l.Quoted.PayableFen != 5300 {
			t.Fatalf("Lock = %+v, %v", l, err)
		}
		// All or none: a refusal leaves the other coupons alone, and the lock that the order has.
		refusals := []struct {
			name  string
			codes []string
			want  error
		}{
			{"not two of a group", []string{a.Code, same.Code}, coupons.ErrLocked}, // a is locked by A, and that is said first
			{"one that is used alone", []string{same.Code, alone.Code}, coupons.ErrNotCombinable},
			{"twice the same", []string{same.Code, string(same.ID)}, coupons.ErrNotCombinable},
			{"somebody else's (T9)", []string{same.Code, other.Code}, coupons.ErrNotYours},
			{"tampered", []string{same.Code, "1234567890123456"}, coupons.ErrUnknown},
			{"not in this store", []string{same.Code, away.Code}, coupons.ErrWrongStore},
			{"none", nil, fault.ErrInvalid},
			{"eleven", make([]string, 11), fault.ErrInvalid},
		}
		for _, tt := range refusals {
			_, err := lock(s, 1, "B", tt.codes...)
			is(t, tt.name, err, tt.want)
		}
		_, err = lock(s, 1, "A", a.Code, same.Code)
		is(t, "two of a group by the order that holds one", err, coupons.ErrNotCombinable)
		for c, want := range map[*coupons.Coupon]model.CouponState{&a: model.CouponLocked, &b: model.CouponLocked, &same: model.CouponIssued, &alone: model.CouponIssued, &away: model.CouponIssued} {
			if got := stateOf(t, s, *c); got != want {
				t.Errorf("a coupon is %s, want %s", got, want)
			}
		}
		// The order changes its mind: what it does not name any more is free at once.
		if _, err := lock(s, 1, "A", same.Code); err != nil {
			t.Errorf("lock anew: %v", err)
		}
		if n, err := s.Release(ctx, coupons.LockRef("pos", "A")); n != 1 || err != nil {
			t.Errorf("Release = %d, %v", n, err)
		}
		if n, err := s.Release(ctx, coupons.LockRef("pos", "A")); n != 0 || err != nil {
			t.Errorf("Release again = %d, %v", n, err)
		}
		sound(t, d)

		// A lock lasts until an instant, whether or not a timer has come round.
		if _, err := lock(s, 1, "C", a.Code); err != nil {
			t.Fatal(err)
		}
		clock.Advance(30*time.Minute - time.Microsecond)
		_, err = lock(s, 1, "D", a.Code)
		is(t, "an instant before the end of the lock", err, coupons.ErrLocked)
		clock.Advance(time.Microsecond)
		if got := stateOf(t, s, a); got != model.CouponIssued {
			t.Errorf("after its lock the coupon is %s", got)
		}
		if _, err := lock(s, 1, "D", a.Code); err != nil {
			t.Errorf("after the lock: %v", err)
		}
		is(t, "the order whose time is over", d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			return s.RedeemTx(ctx, tx, l.Coupons[0], coupons.LockRef("pos", "C"))
		}), coupons.ErrNotLocked)
		sound(t, d)
	})
}

// A timer ends a lock, and only the lock that it was set for.
func TestLockEndsByTimer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		queue := jobs.New(d, slog.New(slog.DiscardHandler))
		s := coupons.New(coupons.Deps{DB: d, Members: crowd(10), Log: slog.New(slog.DiscardHandler), Queue: queue})
		n := stacked(1000, "")
		n.BudgetFen = 1500
		c := get(t, s, 1, n)
		if _, err := lock(s, 1, "A", c.Code); err != nil {
			t.Fatal(err)
		}
		clock.Advance(20 * time.Minute)
		if _, err := lock(s, 1, "A", c.Code); err != nil { // until minute 50
			t.Fatal(err)
		}
		run := func(want model.CouponState) {
			t.Helper()
			if _, err := queue.RunDue(ctx); err != nil {
				t.Fatal(err)
			}
			row := rowOf(t, d, c.ID)
			if row.State != want {
				t.Errorf("at %v the row is %s, want %s", clock.Now(), row.State, want)
			}
			sound(t, d)
		}
		clock.Advance(15 * time.Minute) // minute 35: the first timer is due, and its lock is not there any more
		run(model.CouponLocked)
		clock.Advance(15 * time.Minute)
		run(model.CouponIssued)
		// What was redeemed meanwhile stays so.
		l, err := lock(s, 1, "B", c.Code)
		if err == nil {
			err = d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				return s.RedeemTx(ctx, tx, l.Coupons[0], coupons.LockRef("pos", "B"))
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Hour)
		run(model.CouponRedeemed)
	})
}

func rowOf(t testing.TB, d *db.DB, id model.PublicID) (row model.Coupon) {
	t.Helper()
	err := d.Read(ctx, func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Where("public_id = ?", id).Take(&row).Error })
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// Two shops never meet in one reference, whatever their names and numbers, and a coupon that is used at once needs no timer.
func TestLockRefs(t *testing.T) {
	if coupons.LockRef("a", "b:c") == coupons.LockRef("a:b", "c") {
		t.Error("shop a's order b:c is shop a:b's order c")
	}
	d, _ := dbtest.SQLite(t)
	s := coupons.New(coupons.Deps{DB: d, Members: crowd(10), Log: quiet, Queue: jobs.New(d, quiet)})
	c := get(t, s, 1, stacked(1000, ""))
	if err := redeem(s, d, 1, c.Code, order(), 6000); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, &model.Job{}); n != 0 {
		t.Errorf("%d jobs were made for a coupon that is used up", n)
	}
}

// T5: one coupon, 64 parallel orders of a shop on two instances: one has it, in every round (macrozheng/mall#1003).
func TestShopT5LocksInParallel(t *testing.T) {
	pair(t, func(t *testing.T, d *db.DB, s [2]*coupons.Service) {
		id := active(t, s[0], stacked(1000, ""))
		for round := range rounds(t, 5) {
			c, err := claim(s[0], model.MemberID(round+1), id)
			if err != nil {
				t.Fatal(err)
			}
			var y tally
			together(64, func(i int) {
				number := fmt.Sprint("P-", round, "-", i)
				y.add(t, definite(func() error { _, err := lock(s[i%2], c.Member, number, c.Code); return err }))
			})
			y.want(t, map[string]int{"": 1, "coupons.locked": 63})
			if row := rowOf(t, d, c.ID); row.State != model.CouponLocked || row.OrderRef == nil {
				t.Errorf("round %d: the coupon is %+v", round, row)
			}
		}
		sound(t, d)
	})
}

// Lock, redeem, release, the end of a lock and the return of an order meet on few coupons with a budget: whatever happens, each coupon is
// where its rows say, and the budget is what they took off.
func TestEverythingAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		n := stacked(1000, "g")
		n.BudgetFen, n.PerMember = 3500, 0
		id := active(t, s, n)
		codes := make([]string, 5)
		for i := range codes {
			c, err := claim(s, 1, id)
			if err != nil {
				t.Fatal(err)
			}
			codes[i] = c.Code
		}
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		for range 3 {
			together(16, func(w int) {
				r := rand.New(rand.NewPCG(seed, uint64(w)))
				for range 8 {
					code, ref := codes[r.IntN(len(codes))], fmt.Sprint("order:", r.IntN(6))
					err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
						use := coupons.Use{Member: 1, Coupon: code, OrderRef: ref, Amount: 6000, Room: 6000, At: tx.Now, Until: tx.Now.Add(time.Minute)}
						switch r.IntN(5) {
						case 0:
							_, err := s.LockTx(ctx, tx, use)
							return err
						case 1:
							_, err := s.ReleaseOrderTx(ctx, tx, ref)
							return err
						case 2:
							_, err := s.ReturnForOrderTx(ctx, tx, ref, true)
							return err
						}
						_, err := s.RedeemForOrderTx(ctx, tx, use)
						return err
					})
					if err != nil && fault.Of(err) == nil {
						t.Errorf("%v", err)
					}
				}
			})
			sound(t, d)
			clock.Advance(2 * time.Minute)
		}
	})
}

// The budget is a hard stop: of 16 redemptions of ten yuan, a budget of 35 yuan lets three through.
func TestBudgetIsAHardStop(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := stacked(1000, "")
		n.BudgetFen = 3500
		id := active(t, s, n)
		held := make([]coupons.Coupon, 16)
		for i := range held {
			var err error
			if held[i], err = claim(s, model.MemberID(i+1), id); err != nil {
				t.Fatal(err)
			}
		}
		var y tally
		together(16, func(i int) { y.add(t, redeem(s, d, held[i].Member, held[i].Code, order(), 6000)) })
		y.want(t, map[string]int{"": 3, "coupons.budget_spent": 13})
		sound(t, d)
		// The refusal left nothing behind even where the transaction went on, and a quote says so beforehand.
		for _, c := range held {
			row := rowOf(t, d, c.ID)
			if row.State == model.CouponRedeemed {
				continue
			}
			err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := s.RedeemForOrderTx(ctx, tx, coupons.Use{Member: c.Member, Coupon: c.Code, OrderRef: order(), Amount: 6000, Room: 6000, At: tx.Now})
				is(t, "beyond the budget", err, coupons.ErrBudgetSpent)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if again := rowOf(t, d, c.ID); again.State != model.CouponIssued || again.OrderRef != nil {
				t.Errorf("the refused coupon is %+v", again)
			}
			q, err := s.Quote(ctx, coupons.QuoteFor{Member: c.Member, Lines: cart().Lines})
			if err != nil || len(q.Coupons) != 1 || !errors.Is(q.Coupons[0].Refusal, coupons.ErrBudgetSpent) {
				t.Errorf("Quote = %+v, %v", q.Coupons, err)
			}
			break
		}
		sound(t, d)
	})
}
