package coupons_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
)

func counter(code string, amount model.Fen) coupons.At {
	return coupons.At{Staff: clerk, Code: code, Store: "hangzhou", Amount: amount}
}

func verify(s *coupons.Service, in coupons.At) (coupons.Verification, error) {
	return s.Verify(ctx, coupons.Verify{At: in})
}

// One coupon, sixty-four taps at the counter at once.
func TestVerifyBySixtyFourTaps(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.BudgetFen = 1000
		id := active(t, s, n)
		for m := range model.MemberID(3) {
			c, err := claim(s, m+1, id)
			if err != nil {
				t.Fatal(err)
			}
			var y tally
			together(64, func(i int) {
				in := counter(c.Code, 6000)
				in.Staff = model.StaffID(i + 1)
				_, err := verify(s, in)
				y.add(t, err)
			})
			want := map[string]int{"": 1, "coupons.redeemed": 63}
			if m > 0 { // the budget is for one
				want = map[string]int{"coupons.budget_spent": 64}
			}
			y.want(t, want)
			sound(t, d)
		}
	})
}

// The counter and an order, at once: one of them has it.
func TestVerifyRacesWithAnOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		id := active(t, s, tenOff())
		for m := range model.MemberID(10) {
			c, err := claim(s, m+1, id)
			if err != nil {
				t.Fatal(err)
			}
			var y tally
			together(8, func(i int) {
				var err error
				if i%2 == 0 {
					_, err = verify(s, counter(c.Code, 6000))
				} else {
					err = redeem(s, d, m+1, c.Code, order(), 6000)
				}
				y.add(t, err)
			})
			if y.n[""] != 1 || y.n["coupons.redeemed"]+y.n["coupons.locked"] != 7 {
				t.Errorf("ends = %v", y.n)
			}
		}
		sound(t, d)
	})
}

func TestVerifyRefusals(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		make := func(change func(*coupons.NewTemplate)) coupons.Coupon {
			n := tenOff()
			change(&n)
			c, err := claim(s, 1, active(t, s, n))
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		plain := make(func(*coupons.NewTemplate) {})
		stores := make(func(n *coupons.NewTemplate) { n.Stores = []string{"beijing", "hangzhou"} })
		percent := make(func(n *coupons.NewTemplate) {
			n.CouponTerms = model.CouponTerms{Kind: model.CouponPercent, PercentOffBP: 2000}
		})
		freight := make(func(n *coupons.NewTemplate) { n.CouponTerms = model.CouponTerms{Kind: model.CouponFreight} })
		later := make(func(n *coupons.NewTemplate) {
			n.UseDays, n.UseFrom, n.UseUntil = 0, at(dbtest.Start, time.Microsecond), at(dbtest.Start, time.Hour)
		})
		free := make(func(n *coupons.NewTemplate) { n.ThresholdFen = 0 })
		held, used := make(func(*coupons.NewTemplate) {}), make(func(*coupons.NewTemplate) {})
		err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.LockTx(ctx, tx, coupons.Use{Member: 1, Coupon: held.Code, OrderRef: "order:elsewhere", Amount: 6000, Room: 6000, At: tx.Now})
			return err
		})
		if err == nil {
			_, err = verify(s, counter(used.Code, 6000))
		}
		if err != nil {
			t.Fatal(err)
		}
		tests := []struct {
			name, code, store string
			amount            model.Fen
			want              error
			detail            string
		}{
			{"tampered", plain.Code[:15] + string('0'+(plain.Code[15]-'0'+1)%10), "hangzhou", 6000, coupons.ErrUnknown, ""},
			{"a public id", string(plain.ID), "hangzhou", 6000, coupons.ErrUnknown, ""},
			{"empty", "", "hangzhou", 6000, coupons.ErrUnknown, ""},
			{"hostile", "' OR '1'='1' -- -", "hangzhou", 6000, coupons.ErrUnknown, ""},
			{"wrong store", stores.Code, "shanghai", 6000, coupons.ErrWrongStore, ""},
			{"no store", stores.Code, "", 6000, coupons.ErrWrongStore, ""},
			{"one fen below", plain.Code, "hangzhou", 4999, coupons.ErrBelowThreshold, "map[missing_fen:1]"},
			{"no amount", plain.Code, "hangzhou", 0, coupons.ErrAmountNeeded, ""},
			{"no amount for a share", percent.Code, "hangzhou", 0, coupons.ErrAmountNeeded, ""},
			{"a share of nothing", percent.Code, "hangzhou", 4, coupons.ErrNoSaving, ""},
			{"freight", freight.Code, "hangzhou", 6000, coupons.ErrNotAtCounter, ""},
			{"an instant too early", later.Code, "hangzhou", 6000, coupons.ErrNotYetUsable, "map[usable_from:2026-11-21T04:00:00Z]"},
			{"locked elsewhere", held.Code, "hangzhou", 6000, coupons.ErrLocked, ""},
			{"redeemed", used.Code, "hangzhou", 6000, coupons.ErrRedeemed, "map[redeemed_at:2026-11-21T04:00:00Z store:hangzhou]"},
		}
		for i, tt := range tests {
			in := coupons.At{Staff: model.StaffID(100 + i), Code: tt.code, Store: tt.store, Amount: tt.amount}
			_, err := verify(s, in)
			is(t, tt.name, err, tt.want)
			if f := fault.Of(err); f != nil && tt.detail != "" && fmt.Sprint(f.Detail) != tt.detail {
				t.Errorf("%s: detail %v, want %s", tt.name, f.Detail, tt.detail)
			}
			shown, err := s.Show(ctx, in)
			if tt.want == coupons.ErrUnknown {
				is(t, tt.name+", shown", err, coupons.ErrUnknown)
			} else if err != nil || shown.Discount != 0 {
				t.Errorf("%s is shown with %d off, %v", tt.name, shown.Discount, err)
			} else {
				is(t, tt.name+", shown", shown.Refusal, tt.want)
			}
		}
		if n := len(rows[model.CouponVerification](t, d, "1 = 1")); n != 1 {
			t.Errorf("%d verifications after refusals, want the one that was made", n)
		}
		sound(t, d)

		// What is good is taken: in any of its stores, typed in groups, without an amount where none is needed.
		for _, ok := range []struct {
			code   string
			amount model.Fen
			off    model.Fen
		}{{stores.Code, 5000, 1000}, {percent.Code, 999, 199}, {free.Code, 0, 1000}} {
			typed := ok.code[:4] + " " + ok.code[4:8] + "-" + ok.code[8:]
			shown, err := s.Show(ctx, counter(typed, ok.amount))
			if err != nil || shown.Refusal != nil || shown.Discount != ok.off {
				t.Errorf("%s is shown with %d off, %v, %v", ok.code, shown.Discount, shown.Refusal, err)
			}
			v, err := verify(s, counter(typed, ok.amount))
			if err != nil || v.Discount != ok.off || v.Coupon.State != model.CouponRedeemed || v.Staff != clerk || v.Store != "hangzhou" {
				t.Errorf("verify %s = %+v, %v", ok.code, v, err)
			}
		}
		// Expired an instant ago, and the last instant; the lock that ended meanwhile is no obstacle.
		clock.Advance(plain.UsableUntil.Sub(dbtest.Start) - time.Microsecond)
		if _, err := verify(s, counter(held.Code, 6000)); err != nil {
			t.Errorf("the last instant, after a lock: %v", err)
		}
		clock.Advance(time.Microsecond)
		_, err = verify(s, counter(plain.Code, 6000))
		is(t, "expired an instant ago", err, coupons.ErrExpired)
		sound(t, d)
	})
}

func TestUndoVerification(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.BudgetFen, n.PerMember = 1000, 3
		id := active(t, s, n)
		c, err := claim(s, 1, id)
		if err != nil {
			t.Fatal(err)
		}
		undo := func(v coupons.Verification, reason string) (coupons.Verification, error) {
			return s.Undo(ctx, coupons.Undo{Staff: clerk + 1, Verification: v.ID, Reason: reason})
		}
		for range 2 { // taken and given back again and again
			v, err := verify(s, counter(c.Code, 6000))
			if err != nil {
				t.Fatal(err)
			}
			clock.Advance(10*time.Minute - time.Microsecond)
			for _, bad := range []string{"", "   ", "一\x00", string(slices.Repeat([]rune("长"), 201))} {
				if _, err := undo(v, bad); fault.Of(err) == nil || fault.Of(err).Kind != fault.Invalid {
					t.Errorf("undo for %q = %v", bad, err)
				}
			}
			var y tally
			together(16, func(int) {
				_, err := undo(v, "顾客改用微信支付")
				y.add(t, err)
			})
			y.want(t, map[string]int{"": 1, "coupons.verification_undone": 15})
			got, err := s.Verification(ctx, v.ID)
			if err != nil || got.UndoneAt == nil || got.UndoReason != "顾客改用微信支付" || got.Coupon.State != model.CouponIssued || !got.Coupon.UsableUntil.Equal(c.UsableUntil) {
				t.Errorf("after the undo: %+v, %v", got, err)
			}
			sound(t, d)
		}
		v, err := verify(s, counter(c.Code, 6000))
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(10 * time.Minute)
		_, err = undo(v, "太晚")
		is(t, "ten minutes later", err, coupons.ErrUndoTooLate)
		_, err = undo(coupons.Verification{ID: "000000000000000000000000"}, "没有")
		is(t, "an unknown one", err, coupons.ErrVerificationUnknown)
		sound(t, d)
	})
}

// A coupon whose end comes between the tap and the undo is back, and expired by its own end.
func TestUndoAfterTheEnd(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := service(d)
	c, err := claim(s, 1, active(t, s, tenOff()))
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(c.UsableUntil.Sub(dbtest.Start) - time.Second)
	v, err := verify(s, counter(c.Code, 6000))
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	if v, err = s.Undo(ctx, coupons.Undo{Staff: clerk, Verification: v.ID, Reason: "输错"}); err != nil || v.Coupon.State != model.CouponExpired {
		t.Errorf("undone after the end: %s, %v", v.Coupon.State, err)
	}
	sound(t, d)
}

// A repeated request is the same verification.
func TestVerifyOnceForAKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		c, err := claim(s, 1, active(t, s, tenOff()))
		if err != nil {
			t.Fatal(err)
		}
		in := coupons.Verify{At: counter(c.Code, 6000), OrderNumber: "POS-1", Key: db.Key{Scope: "verify staff:3", Key: "tap-0001"}}
		first, err := s.Verify(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Verify(ctx, in)
		if err != nil || !again.Replayed || again.ID != first.ID || first.Replayed {
			t.Errorf("again = %+v, %v", again, err)
		}
		in.Amount++
		_, err = s.Verify(ctx, in)
		is(t, "another amount under the key", err, db.ErrKeyReused)
		sound(t, d)
	})
}

// T33: guesses are slowed down for each member of staff; right codes cost nothing and others are not held up.
func TestT33GuessedCodesAtTheCounter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		c, err := claim(s, 1, active(t, s, tenOff()))
		if err != nil {
			t.Fatal(err)
		}
		var y tally
		together(64, func(i int) {
			_, err := s.Show(ctx, counter(fmt.Sprintf("%016d", i), 6000))
			y.add(t, err)
		})
		y.want(t, map[string]int{"coupons.unknown": 10, "coupons.verify_guessing": 54})
		_, err = verify(s, counter(c.Code, 6000))
		is(t, "a good code while braked", err, coupons.ErrVerifyGuessing)
		other := counter(c.Code, 6000)
		other.Staff++
		for range 30 {
			if _, err := s.Show(ctx, other); err != nil {
				t.Fatalf("a colleague's good code: %v", err)
			}
		}
		clock.Advance(30 * time.Second)
		if _, err := verify(s, counter(c.Code, 6000)); err != nil {
			t.Errorf("half a minute later: %v", err)
		}
		sound(t, d)
	})
}

// Each invariant of the counter trips on its fault.
func TestVerifyInvariantsTrip(t *testing.T) {
	tests := []struct {
		name, corrupt string
		want          []string
	}{
		{"a verification lost", `DELETE FROM coupon_verifications WHERE live IS NOT NULL`, []string{"coupons.verified"}},
		{"undone, and the coupon still used", `UPDATE coupon_verifications SET undone_at = at, undone_by = 3, undo_reason = 'x', live = NULL WHERE live IS NOT NULL`,
			[]string{"coupons.verifications", "coupons.verified"}},
		{"the coupon back, and the verification counts", `UPDATE coupons SET state = 'issued', order_ref = NULL, locked_at = NULL, redeemed_at = NULL, discount_fen = 0
			WHERE state = 'redeemed'`, []string{"coupons.verifications"}},
		{"another discount", `UPDATE coupon_verifications SET discount_fen = 1 WHERE live IS NOT NULL`, []string{"coupons.verified"}},
		{"another store", `UPDATE coupon_verifications SET store = 'x' WHERE live IS NOT NULL`, []string{"coupons.verified"}},
		{"another coupon's", `UPDATE coupon_verifications SET coupon_id = 999 WHERE live IS NOT NULL`, []string{"coupons.verifications", "coupons.verified"}},
		{"undone by nobody", `UPDATE coupon_verifications SET undone_by = 0 WHERE live IS NULL`, []string{"coupons.verifications"}},
		{"undone without a reason", `UPDATE coupon_verifications SET undo_reason = '' WHERE live IS NULL`, []string{"coupons.verifications"}},
		{"counting twice", `UPDATE coupon_verifications SET live = -1 WHERE live IS NULL`, []string{"coupons.verifications"}},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		id := active(t, s, tenOff())
		for m := range model.MemberID(2) {
			c, err := claim(s, m+1, id)
			if err != nil {
				t.Fatal(err)
			}
			v, err := verify(s, counter(c.Code, 6000))
			if err == nil && m == 1 {
				_, err = s.Undo(ctx, coupons.Undo{Staff: clerk, Verification: v.ID, Reason: "输错"})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		sound(t, d)
		rollBack := fmt.Errorf("roll back")
		for _, tt := range tests {
			err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Gorm().Exec(tt.corrupt).Error; err != nil {
					t.Errorf("%s: %v", tt.name, err)
					return rollBack
				}
				var tripped []string
				for _, inv := range coupons.Invariants() {
					violations, err := inv.Check(ctx, tx)
					if err != nil {
						t.Errorf("check %s: %v", inv.ID, err)
					}
					if len(violations) > 0 {
						tripped = append(tripped, inv.ID)
					}
				}
				slices.Sort(tripped)
				if !slices.Equal(tripped, tt.want) {
					t.Errorf("%s trips %v, want %v", tt.name, tripped, tt.want)
				}
				return rollBack
			})
			is(t, tt.name, err, rollBack)
		}
		sound(t, d)
	})
}
