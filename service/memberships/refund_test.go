package memberships_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/memberships"
	"huitou/service/payments"
)

// prorated is a plan of months whose unused days can be given back.
func prorated(unit model.PlanUnit, length int, benefits ...memberships.CouponBenefit) memberships.NewPlan {
	p := newPlan(unit, length, benefits...)
	p.Refund = model.PlanRefund{RefundPolicy: model.ProratedRefund}
	return p
}

func (w *world) create(in memberships.NewPlan) memberships.Plan {
	w.t.Helper()
	p, err := w.CreatePlan(w.t.Context(), in)
	if err != nil {
		w.t.Fatalf("CreatePlan: %v", err)
	}
	return p
}

func (w *world) save(m model.MemberID, source string, amount model.Fen) {
	w.t.Helper()
	err := w.db.Do(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := w.SaveTx(ctx, tx, memberships.Saving{Member: m, Source: source, Kind: memberships.SavedMemberPrice, Amount: amount, At: tx.Now})
		return err
	})
	if err != nil {
		w.t.Fatalf("SaveTx: %v", err)
	}
}

func (w *world) ask(m model.MemberID, number model.PublicID) memberships.Refund {
	w.t.Helper()
	r, err := w.AskRefund(w.t.Context(), memberships.AskRefund{Member: m, Number: number})
	if err != nil {
		w.t.Fatalf("AskRefund: %v", err)
	}
	return r
}

// periods writes a member's live periods as "from..to" in order.
func (w *world) periods(m model.MemberID) (out string) {
	w.t.Helper()
	var rows []model.MembershipPeriod
	err := w.db.Read(w.t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where("member_id = ? AND state = 'live'", m).Order("from_day").Find(&rows).Error
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range rows {
		out += p.FromDay.String() + ".." + p.ToDay.String() + " "
	}
	return out
}

func (w *world) active(m model.MemberID) model.Points {
	w.t.Helper()
	b, err := w.points.Balance(w.t.Context(), m)
	if err != nil {
		w.t.Fatal(err)
	}
	return b.Active - b.Debt
}

// T39: a refund gives back the unused days less what the card saved. Until the money is there nothing changes; then the period ends with the day,
// the next one moves up, unused coupons and points go back, and the member is told, once.
func TestT39_RefundCutsThePeriod(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		in := prorated(model.PlanMonths, 3, memberships.CouponBenefit{Template: w.template(-1), Quantity: 2})
		in.Extras.WelcomePoints = 300
		p := w.create(in)
		first, second := w.member(m, p), w.member(m, p)
		if got := w.periods(m); got != "2026-11-21..2027-02-21 2027-02-21..2027-05-21 " {
			t.Fatalf("periods %s", got)
		}
		w.goTo("2026-12-11")
		w.save(m, "order:1:member-price", 1200)
		q, err := w.RefundQuote(t.Context(), m, first.Number)
		// 92 days, of which 21 are used, today included: 9900 x 71 / 92 = 7640 less 1200.
		if err != nil || q.TotalDays != 92 || q.UnusedDays != 71 || q.Taken != 1200 || q.Amount != 6440 || q.Refusal != nil {
			t.Fatalf("quote %+v, %v", q, err)
		}
		w.we.slow = true
		r := w.ask(m, first.Number)
		w.run()
		if r.Amount != 6440 || r.Replayed {
			t.Errorf("refund %+v", r)
		}
		if o := w.order(m, first.Number); o.State != memberships.Refunding {
			t.Errorf("order is %s while the refund runs", o.State)
		}
		w.goTo("2026-12-22") // the money takes its time; a cycle comes, which gives nothing
		if got, c := w.periods(m), w.card(m); got != "2026-11-21..2027-02-21 2027-02-21..2027-05-21 " || !c.Active || !c.Refunding {
			t.Errorf("periods %s, card %+v before the money is back", got, c)
		}
		if n := w.held(m); n != 2 {
			t.Errorf("%d coupons, want none of the second cycle", n)
		}
		if again := w.ask(m, first.Number); again.Amount != 6440 || !again.Replayed || again.ID != r.ID {
			t.Errorf("asked again: %+v, want the frozen figures", again)
		}
		w.we.slow = false
		w.goTo("2026-12-23")
		if got := w.periods(m); got != "2026-11-21..2026-12-24 2026-12-24..2027-03-24 " {
			t.Errorf("periods after the refund %s", got)
		}
		if o := w.order(m, first.Number); o.State != memberships.RefundedPartly || o.RefundedFen != 6440 || o.To.String() != "2026-12-24" {
			t.Errorf("order after the refund %+v", o)
		}
		if n := w.count(`SELECT COUNT(*) FROM coupons WHERE state = 'void'`); n != 2 {
			t.Errorf("%d coupons taken back, want 2", n)
		}
		if got := w.active(m); got != 600-195 { // 300 x 6440 / 9900
			t.Errorf("%d points", got)
		}
		if n := w.count(`SELECT COUNT(*) FROM messages WHERE template = 'membership.refunded'`); n != 1 {
			t.Errorf("%d messages about the refund", n)
		}
		w.holds()
		w.goTo("2026-12-24") // the second card begins and gives what it has
		if c := w.card(m); !c.Active || c.Fee != 9900 || c.Saved != 0 || w.held(m) != 4 {
			t.Errorf("card %+v, %d coupons", c, w.held(m))
		}
		// What payments tells twice, or what nobody did, changes nothing.
		before := w.count(`SELECT COUNT(*) FROM membership_moves`)
		f := payments.Refunded{PayOrder: w.payOrder(first.Number).ID, Refund: 1, Purpose: memberships.Purpose}
		if err := w.OnRefunded(t.Context(), f); err != nil {
			t.Errorf("OnRefunded again: %v", err)
		}
		f.Refund = 99
		if err := w.OnRefunded(t.Context(), f); err == nil {
			t.Error("a refund that payments does not know was believed")
		}
		f.PayOrder, f.Refund = w.payOrder(second.Number).ID, 1
		if err := w.OnRefunded(t.Context(), f); err == nil {
			t.Error("another order's refund was believed")
		}
		if n := w.count(`SELECT COUNT(*) FROM membership_moves`); n != before {
			t.Errorf("%d moves, want %d", n, before)
		}
		w.holds()
	})
}

// A period whose whole price went back counts no more, whoever gave it back, and what follows moves up to today.
func TestT39_WholeRefundRevokes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		in := newPlan(model.PlanMonths, 1)
		in.Refund = model.PlanRefund{RefundPolicy: model.WholeRefund, RefundDays: 7}
		p := w.create(in)
		first, second := w.member(m, p), w.member(m, p)
		w.goTo("2026-11-23")
		w.ask(m, first.Number)
		w.run()
		if got := w.periods(m); got != "2026-11-23..2026-12-23 " {
			t.Errorf("periods %s", got)
		}
		if o := w.order(m, first.Number); o.State != memberships.RefundedWhole {
			t.Errorf("order %+v", o)
		}
		w.holds()
		// Staff give the second one back at the cash desk of payments, in two parts: the first changes nothing.
		pay := w.payOrder(second.Number)
		for i, amount := range []model.Fen{4000, 5900} {
			_, _, err := w.payments.Refund(t.Context(), payments.Refund{PayOrder: pay.ID, Amount: amount, Reason: "补偿", Source: []string{"a", "b"}[i], Staff: 1})
			if err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(2 * time.Minute)
			w.run()
			if c := w.card(m); c.Active != (i == 0) {
				t.Errorf("after %d fen: %+v", amount, c)
			}
		}
		if o := w.order(m, second.Number); o.State != memberships.RefundedWhole {
			t.Errorf("order %+v", o)
		}
		w.holds()
	})
}

func TestRefundIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		none := w.create(newPlan(model.PlanMonths, 1))
		week := newPlan(model.PlanMonths, 1)
		week.Refund = model.PlanRefund{RefundPolicy: model.WholeRefund, RefundDays: 7}
		late := w.create(week)
		part := w.create(prorated(model.PlanMonths, 1))
		a, b, c := w.member(w.who[0], none), w.member(w.who[1], late), w.member(w.who[2], part)
		open := w.buy(w.who[2], part)
		w.goTo("2026-11-28")
		w.save(w.who[2], "order:1:member-price", 9000)
		for _, tt := range []struct {
			name string
			in   memberships.AskRefund
			want error
		}{
			{"a plan without refunds", memberships.AskRefund{Member: w.who[0], Number: a.Number}, memberships.ErrNoRefund},
			{"the eighth day", memberships.AskRefund{Member: w.who[1], Number: b.Number}, memberships.ErrRefundLate},
			{"a card that saved more", memberships.AskRefund{Member: w.who[2], Number: c.Number}, memberships.ErrNothingLeft},
			{"another member's", memberships.AskRefund{Member: w.who[1], Number: c.Number}, memberships.ErrUnknown},
			{"an unpaid order", memberships.AskRefund{Member: w.who[2], Number: open.Number}, memberships.ErrNotActive},
			{"a number that is none", memberships.AskRefund{Member: w.who[2], Number: "x"}, memberships.ErrUnknown},
			{"a policy of the member's own", memberships.AskRefund{Member: w.who[2], Number: c.Number, Policy: model.WholeRefund}, fault.ErrInvalid},
			{"staff without a reason", memberships.AskRefund{Staff: 1, Number: a.Number}, fault.ErrInvalid},
			{"staff with an unknown policy", memberships.AskRefund{Staff: 1, Number: a.Number, Policy: "half", Reason: "r"}, fault.ErrInvalid},
			{"staff, nothing left", memberships.AskRefund{Staff: 1, Number: c.Number, Reason: "r"}, memberships.ErrNothingLeft},
		} {
			if _, err := w.AskRefund(t.Context(), tt.in); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM pay_refunds`) + w.count(`SELECT COUNT(*) FROM membership_refunds`); n != 0 {
			t.Errorf("%d refunds after refusals", n)
		}
		// Staff may do what the plan does not promise.
		r, err := w.AskRefund(t.Context(), memberships.AskRefund{Staff: 1, Number: a.Number, Reason: "投诉"})
		if err != nil || r.Amount != 9900*22/30 || r.Origin != model.CardRefundByStaff {
			t.Errorf("refund by staff %+v, %v", r, err)
		}
		r, err = w.AskRefund(t.Context(), memberships.AskRefund{Staff: 1, Number: b.Number, Reason: "投诉", Policy: model.WholeRefund})
		if err != nil || r.Amount != 9900 {
			t.Errorf("whole refund by staff %+v, %v", r, err)
		}
		w.run()
		w.holds()
	})
}

// A card is cut where its months do not end; what is bought on the same day begins a chain of its own, and a chain of its own months.
func TestRenewalAfterACut(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		w.clock.Set(time.Date(2027, 1, 31, 4, 0, 0, 0, time.UTC))
		p := w.create(prorated(model.PlanMonths, 2))
		first := w.member(m, p)
		w.goTo("2027-02-09")
		w.ask(m, first.Number)
		w.run()
		if o := w.member(m, p); o.From.String() != "2027-02-10" || o.To.String() != "2027-04-10" {
			t.Errorf("renewal after the cut %s to %s", o.From, o.To)
		}
		w.holds()
	})
}

// A coupon that an order holds when the refund is settled is taken back when it is free again; one that was used stays used.
func TestRefundWaitsForLockedCoupons(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		o := w.member(m, w.create(prorated(model.PlanMonths, 1, memberships.CouponBenefit{Template: w.template(-1), Quantity: 3})))
		held, _, err := w.coupons.Held(t.Context(), m, db.Page{})
		if err != nil || len(held) != 3 {
			t.Fatalf("held %v, %v", held, err)
		}
		use := func(i int, redeem bool) {
			t.Helper()
			err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				in := coupons.Use{Member: m, Coupon: string(held[i].ID), OrderRef: []string{"order:7", "order:8"}[i], Amount: 10000, Room: 1000, At: tx.Now}
				if redeem {
					_, err := w.coupons.RedeemForOrderTx(ctx, tx, in)
					return err
				}
				_, err := w.coupons.LockTx(ctx, tx, in)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		use(0, true)
		use(1, false)
		w.ask(m, o.Number)
		w.run()
		states := func() map[string]int {
			out := map[string]int{}
			for _, s := range []string{"issued", "locked", "redeemed", "void"} {
				if n := w.count(`SELECT COUNT(*) FROM coupons WHERE state = ?`, s); n > 0 {
					out[s] = n
				}
			}
			return out
		}
		if got := states(); got["void"] != 1 || got["locked"] != 1 || got["redeemed"] != 1 {
			t.Errorf("coupons right after the refund: %v", got)
		}
		w.clock.Advance(48 * time.Hour)
		w.run()
		if got := states(); got["void"] != 2 || got["redeemed"] != 1 {
			t.Errorf("coupons when the lock is over: %v", got)
		}
		w.holds()
	})
}
