package memberships_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/memberships"
	"huitou/service/payments"
)

// T11: what one of the staff gives back beyond what plans promise is added up over a day, with what he gives at payments; 500 yuan.
func TestT11_StaffRefundsOfCardsAddUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := newPlan(model.PlanMonths, 1)
		in.Price, in.ListPrice = 30_000, 30_000
		none := w.create(in)
		in.Refund = model.PlanRefund{RefundPolicy: model.WholeRefund, RefundDays: 7}
		whole := w.create(in)
		a, b, c, d := w.member(w.who[0], none), w.member(w.who[1], none), w.member(w.who[2], whole), w.member(w.who[2], whole)
		give := func(staff model.StaffID, o memberships.Order, policy model.RefundPolicy) error {
			_, err := w.AskRefund(t.Context(), memberships.AskRefund{Staff: staff, Number: o.Number, Policy: policy, Reason: "投诉"})
			return err
		}
		if err := give(1, a, model.WholeRefund); err != nil {
			t.Fatalf("the first 300 yuan: %v", err)
		}
		if err := give(1, a, model.WholeRefund); err != nil {
			t.Errorf("the same again: %v", err)
		}
		err := give(1, b, model.WholeRefund)
		if f := fault.Of(err); !errors.Is(err, memberships.ErrNeedsTwo) || f.Detail["alone_fen"] != int64(50_000) {
			t.Errorf("300 more = %v, want ErrNeedsTwo beyond 50000", err)
		}
		if err := give(1, c, ""); err != nil {
			t.Errorf("what the plan promises: %v", err)
		}
		// The rest of the day's 500 yuan is one for both ways; refusals and promises took nothing of it.
		atPayments := func(amount model.Fen) bool {
			t.Helper()
			out, err := w.payments.AskRefund(t.Context(), payments.AskRefund{Staff: 1, PayOrder: w.payOrder(d.Number).ID, Amount: amount, Reason: "补偿"})
			if err != nil {
				t.Fatal(err)
			}
			return !out.NeedsSecond
		}
		if !atPayments(20_000) || atPayments(1) {
			t.Error("payments does not count the 300 yuan of the card, or counts more")
		}
		if err := give(2, b, model.WholeRefund); err != nil {
			t.Errorf("a colleague: %v", err)
		}
		if n := w.count(`SELECT SUM(amount_fen) FROM pay_refund_days WHERE staff_id = 1`); n != 50_000 {
			t.Errorf("%d fen counted", n)
		}
		w.run()
		w.holds()
		e := w.member(w.who[0], none)
		if err := give(2, e, model.WholeRefund); !errors.Is(err, memberships.ErrNeedsTwo) {
			t.Errorf("the colleague's next = %v", err)
		}
		w.goTo("2026-11-22")
		if err := give(2, e, model.WholeRefund); err != nil {
			t.Errorf("on the next day: %v", err)
		}
	})
}

// Refunds of several cards at once by one person, at several instances, do not pass the limit together.
func TestT11_StaffRefundsAtOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		in := newPlan(model.PlanMonths, 1)
		in.Price, in.ListPrice = 20_000, 20_000
		p := a.create(in)
		var all sync.WaitGroup
		var given, refused atomic.Int32
		for i := range 5 {
			o, w := a.member(a.who[i%3], p), []*world{a, b}[i%2]
			all.Go(func() {
				_, err := w.AskRefund(t.Context(), memberships.AskRefund{Staff: 1, Number: o.Number, Policy: model.WholeRefund, Reason: "投诉"})
				switch {
				case err == nil:
					given.Add(1)
				case errors.Is(err, memberships.ErrNeedsTwo):
					refused.Add(1)
				default:
					t.Errorf("AskRefund = %v", err)
				}
			})
		}
		all.Wait()
		if given.Load() != 2 || refused.Load() != 3 {
			t.Errorf("%d given, %d refused, want 2 and 3", given.Load(), refused.Load())
		}
		a.holds()
	})
}

// A card gives back no more than what is left of its payment, to members and staff, by any policy.
func TestRefundIsWhatIsLeft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		in := newPlan(model.PlanMonths, 1)
		in.Refund = model.PlanRefund{RefundPolicy: model.WholeRefund, RefundDays: 7}
		o := w.member(m, w.create(in))
		part := func(amount model.Fen, source string) model.PayRefund {
			t.Helper()
			r, _, err := w.payments.Refund(t.Context(), payments.Refund{PayOrder: w.payOrder(o.Number).ID, Amount: amount, Reason: "补偿", Source: source, Staff: 1})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		quotes := func(amount model.Fen, refusal error) {
			t.Helper()
			if q, err := w.RefundQuote(t.Context(), m, o.Number); err != nil || q.Amount != amount || !errors.Is(q.Refusal, refusal) {
				t.Errorf("quote %d, %v, %v, want %d, %v", q.Amount, q.Refusal, err, amount, refusal)
			}
			for _, policy := range []model.RefundPolicy{"", model.WholeRefund, model.ProratedRefund} {
				q, err := w.StaffRefundQuote(t.Context(), o.Number, policy)
				if err != nil || q.Amount != amount || !errors.Is(q.Refusal, refusal) {
					t.Errorf("staff's quote, policy %q: %d, %v, %v, want %d, %v", policy, q.Amount, q.Refusal, err, amount, refusal)
				}
			}
		}
		part(4000, "a")
		w.run() // it is back
		quotes(5900, nil)
		part(3000, "b") // it is on its way
		quotes(2900, nil)
		w.goTo("2026-11-22")
		r := w.ask(m, o.Number)
		if r.Amount != 2900 {
			t.Errorf("refund %+v, want the 2900 that were left", r)
		}
		w.run()
		w.goTo("2026-11-23")
		if got := w.order(m, o.Number); got.State != memberships.RefundedWhole {
			t.Errorf("order %+v", got)
		}
		w.holds()
		// A figure below what was left is found.
		err := w.db.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec(`UPDATE membership_refunds SET amount_fen = amount_fen - 1 WHERE public_id = ?`, r.ID).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := audit.Run(t.Context(), w.db, memberships.Invariants()); err != nil || !strings.Contains(fmt.Sprint(got), "memberships.quotes") {
			t.Errorf("a refund of a fen less breaks %v, %v", got, err)
		}

		m = w.who[1]
		o = w.member(m, w.create(in))
		part(9900, "c")
		quotes(0, memberships.ErrNothingLeft)
		for _, ask := range []memberships.AskRefund{{Member: m, Number: o.Number}, {Staff: 2, Number: o.Number, Policy: model.WholeRefund, Reason: "投诉"}} {
			if _, err := w.AskRefund(t.Context(), ask); !errors.Is(err, memberships.ErrNothingLeft) {
				t.Errorf("AskRefund %+v = %v", ask, err)
			}
		}
	})
}
