package memberships_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/coupons"
	"huitou/service/memberships"
	"huitou/service/payments"
)

// T37: notice, query, bill and a direct activation race a hundred times over one order, on two instances: the card is
// given once.
func TestT37_FourWaysRace(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		p := a.plan(model.PlanMonths, 1)
		for round, m := range a.who {
			number := a.buy(m, p).Number
			pay := a.payOrder(number)
			notice := a.we.pay(pay.OutTradeNo)
			var wg sync.WaitGroup
			start := make(chan struct{})
			for i := range 100 {
				w := []*world{a, b}[i/4%2]
				wg.Go(func() {
					<-start
					var err error
					switch i % 4 {
					case 0:
						_, err = w.payments.Apply(t.Context(), notice, payments.Notify)
					case 1:
						_, err = w.payments.Query(t.Context(), pay.ID)
					case 2:
						_, err = w.payments.Apply(t.Context(), notice, payments.Bill)
					case 3:
						// Before the payment is credited there is nothing to activate, and it must say so.
						if err = w.Activate(t.Context(), payments.Paid{PayOrder: pay.ID, Purpose: memberships.Purpose}); err != nil {
							if o, e := w.payments.Order(t.Context(), pay.ID); e == nil && o.State == model.PayPaid {
								err = w.Activate(t.Context(), payments.Paid{PayOrder: pay.ID, Purpose: memberships.Purpose})
							} else {
								err = e
							}
						}
					}
					if err != nil {
						t.Errorf("way %d: %v", i%4, err)
					}
				})
			}
			close(start)
			wg.Wait()
			a.run()
			b.run()
			if n := a.count(`SELECT COUNT(*) FROM membership_periods WHERE member_id = ?`, m); n != 1 {
				t.Errorf("member %d has %d periods, want 1", m, n)
			}
			if c := a.card(m); c.DaysLeft != 30 {
				t.Errorf("member %d has %d days, want 30", m, c.DaysLeft)
			}
			if n := len(a.activated) + len(b.activated); n != round+1 {
				t.Errorf("%d facts after %d orders", n, round+1)
			}
		}
		a.holds()
	})
}

// Two different orders of one member are paid at once: both count, one after the other.
func TestTwoPaymentsAtOnceAddUp(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		m := a.who[0]
		var wg sync.WaitGroup
		for i := range 8 {
			w := []*world{a, b}[i%2]
			o := w.buy(m, w.plan(model.PlanMonths, i%3+1))
			pay := w.payOrder(o.Number)
			notice := w.we.pay(pay.OutTradeNo)
			wg.Go(func() {
				if _, err := w.payments.Apply(t.Context(), notice, payments.Notify); err != nil {
					t.Errorf("Apply: %v", err)
				}
				if err := w.Activate(t.Context(), payments.Paid{PayOrder: pay.ID, Purpose: memberships.Purpose}); err != nil {
					t.Errorf("Activate: %v", err)
				}
			})
		}
		wg.Wait()
		a.run()
		if c := a.card(m); c.Until.String() != "2028-02-21" { // 1+2+3+1+2+3+1+2 = 15 months
			t.Errorf("until %s, want 2028-02-21", c.Until)
		}
		a.holds()
	})
}

// An activation believes the payment's row and nobody's word (newbee-mall: /paySuccess marked orders paid for whoever called).
func TestActivateNeedsTheMoney(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		b := w.buy(m, w.plan(model.PlanMonths, 1))
		pay := w.payOrder(b.Number)
		claim := payments.Paid{PayOrder: pay.ID, Number: pay.OutTradeNo, Purpose: memberships.Purpose, Ref: string(b.Number), Member: m, Amount: 9900,
			TransactionID: "4200001", PaidAt: w.clock.Now()}
		if err := w.Activate(t.Context(), claim); err == nil {
			t.Error("an unpaid order was activated")
		}
		claim.PayOrder = 999
		if err := w.Activate(t.Context(), claim); !errors.Is(err, memberships.ErrUnknown) {
			t.Errorf("Activate of nothing = %v", err)
		}
		claim.Purpose = "parcel"
		if err := w.Activate(t.Context(), claim); err != nil {
			t.Errorf("another purpose concerns us not, but: %v", err)
		}
		if w.card(m).Active {
			t.Error("there is a card without money")
		}
		w.holds()
	})
}

// A month and a lifetime are ordered, the lifetime is paid first: nothing can follow it, so the month's money goes back. A
// lifetime after a month begins at its end.
func TestLifetime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		month, life := w.plan(model.PlanMonths, 1), w.plan(model.PlanLifetime, 0)
		m, n := w.who[0], w.who[1]
		b := w.buy(m, month)
		if o := w.member(m, life); o.To != model.Forever {
			t.Errorf("a lifetime ends on %s", o.To)
		}
		w.pay(b.Number)
		if o := w.order(m, b.Number); o.State != memberships.RefundDue {
			t.Errorf("the month is %s, want refund_due", o.State)
		}
		if _, err := w.Buy(t.Context(), memberships.Buy{Member: m, Plan: month.ID}); !errors.Is(err, memberships.ErrLifetime) {
			t.Errorf("Buy after a lifetime = %v, want ErrLifetime", err)
		}
		w.member(n, month)
		if o := w.member(n, life); o.From.String() != "2026-12-21" {
			t.Errorf("the lifetime begins on %s, want after the month", o.From)
		}
		if c := w.card(n); !c.Lifetime || c.DaysLeft != 0 || c.To.String() != "2026-12-21" {
			t.Errorf("card %+v", c)
		}
		w.goTo("2080-01-01")
		if c := w.card(m); !c.Active || !c.Lifetime {
			t.Errorf("card after half a century %+v", c)
		}
		w.holds()
	})
}

func (w *world) template(total int64) model.PublicID {
	w.t.Helper()
	c, err := w.coupons.CreateTemplate(w.t.Context(), coupons.NewTemplate{Staff: 1, Name: "会员券", RulesText: "会员专享",
		CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 1000, ThresholdFen: 5000}, UseDays: 60, Total: total, Issuable: true})
	if err != nil {
		w.t.Fatalf("CreateTemplate: %v", err)
	}
	if _, err := w.coupons.Activate(w.t.Context(), 1, c.ID); err != nil {
		w.t.Fatalf("Activate: %v", err)
	}
	return c.ID
}

func (w *world) held(m model.MemberID) int {
	return w.count(`SELECT COUNT(*) FROM coupons WHERE member_id = ?`, m)
}

// Two coupons each month of three, from the 31st on; jobs that run twice give nothing twice.
func TestCyclesGrantOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Set(time.Date(2026, 12, 31, 4, 0, 0, 0, time.UTC))
		m := w.who[0]
		w.member(m, w.plan(model.PlanMonths, 3, memberships.CouponBenefit{Template: w.template(-1), Quantity: 2}))
		for _, tt := range []struct {
			day  string
			want int
		}{
			{"2026-12-31", 2}, {"2027-01-30", 2}, {"2027-01-31", 4}, {"2027-02-27", 4}, {"2027-02-28", 6}, {"2027-03-30", 6}, {"2027-03-31", 6}, {"2027-06-30", 6},
		} {
			w.goTo(tt.day)
			if got := w.held(m); got != tt.want {
				t.Errorf("%d coupons on %s, want %d", got, tt.day, tt.want)
			}
		}
		w.again()
		if got := w.held(m); got != 6 {
			t.Errorf("%d coupons after all jobs ran again, want 6", got)
		}
		w.holds()
	})
}

// again makes every job of a cycle run once more.
func (w *world) again() {
	w.t.Helper()
	err := w.db.Do(w.t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Exec(`UPDATE jobs SET state = ?, finished_at = NULL WHERE kind = 'memberships.cycle'`, model.JobWaiting).Error
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.run()
}

// What the shop cannot give is not forgotten, and does not stop the rest: sold out, no such template. What comes too late lapses.
func TestCyclesThatCannotBeGranted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		w.member(m, w.plan(model.PlanMonths, 6,
			memberships.CouponBenefit{Template: w.template(3), Quantity: 2},
			memberships.CouponBenefit{Template: "000000000000000000000000", Quantity: 1},
			memberships.CouponBenefit{Template: w.template(-1), Quantity: 1}))
		w.goTo("2026-12-21")
		if got := w.held(m); got != 3+2 {
			t.Errorf("%d coupons, want 3 of the short template and 2 of the other", got)
		}
		w.goTo("2027-03-25") // nobody ran the jobs of January and February
		w.run()
		if got := w.held(m); got != 3+3 {
			t.Errorf("%d coupons, want one more for March only", got)
		}
		for reason, want := range map[string]int{"coupons.sold_out": 2, "coupons.template_unknown": 3, "lapsed": 6, "": 4} {
			if got := w.count(`SELECT COUNT(*) FROM membership_grants WHERE reason = ?`, reason); got != want {
				t.Errorf("%d grants with reason %q, want %d", got, reason, want)
			}
		}
		w.holds()
	})
}

func TestInvariantsSeeCorruption(t *testing.T) {
	const firstPeriod = `(SELECT id FROM (SELECT MIN(id) AS id FROM membership_periods) AS x)`
	tests := []struct {
		corrupt string
		also    []string // what follows from the same corruption
		want    string
	}{
		{`UPDATE membership_periods SET from_day = '2026-11-21' WHERE seq = 2`, []string{"memberships.dates"}, "memberships.overlap"},
		{`UPDATE membership_periods SET price_fen = price_fen + 1 WHERE id = ` + firstPeriod, nil, "memberships.proof"},
		{`UPDATE membership_orders SET activated_at = NULL WHERE id = (SELECT order_id FROM membership_periods WHERE id = ` + firstPeriod + `)`, nil, "memberships.activated"},
		{`DELETE FROM membership_periods WHERE seq = 2`, nil, "memberships.activated"},
		{`UPDATE membership_orders SET price_fen = price_fen + 1 WHERE state = 'created'`, nil, "memberships.price"},
		{`UPDATE membership_orders SET state = 'undeliverable', activated_at = NULL WHERE id = (SELECT order_id FROM membership_periods WHERE seq = 2)`,
			[]string{"memberships.activated"}, "memberships.undeliverable"},
		{`UPDATE membership_grants SET quantity = quantity + 1`, nil, "memberships.grants"},
		{`DELETE FROM messages`, nil, "memberships.message"},
		{`UPDATE membership_orders SET state = 'created', activated_at = NULL WHERE id = (SELECT order_id FROM membership_periods WHERE seq = 2)`,
			[]string{"memberships.activated"}, "memberships.waiting"},
		{`UPDATE membership_periods SET to_day = '2027-01-22' WHERE seq = 2`, nil, "memberships.dates"},
		{`UPDATE membership_periods SET gift_source = NULL WHERE gift_days > 0`, []string{"memberships.proof", "memberships.dates"}, "memberships.gifts"},
		{`UPDATE membership_periods SET price_fen = 1 WHERE gift_days > 0`, nil, "memberships.gifts"},
		{`UPDATE membership_periods SET gift_days = 8 WHERE gift_days > 0`, nil, "memberships.dates"},
	}
	each(t, func(t *testing.T, w *world) {
		p := w.plan(model.PlanMonths, 1, memberships.CouponBenefit{Template: w.template(-1), Quantity: 1})
		w.member(w.who[0], p)
		w.member(w.who[0], p)
		w.buy(w.who[1], p)
		w.give(w.who[2], p, 7, "gift")
		w.clock.Advance(2 * time.Hour)
		w.run()
		w.holds()
		for _, tt := range tests {
			w.trips(tt.corrupt, append(tt.also, tt.want)...)
		}
		w.holds()
	})
}

var errUndo = errors.New("undo")

// trips corrupts rows, wants exactly these invariants to be broken by that, and takes the corruption back.
func (w *world) trips(corrupt string, want ...string) {
	w.t.Helper()
	err := w.db.Do(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		res := tx.Gorm().Exec(corrupt)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			w.t.Errorf("%s corrupted nothing", corrupt)
		}
		tripped := map[string]bool{}
		for _, inv := range memberships.Invariants() {
			violations, err := inv.Check(ctx, tx)
			if err != nil {
				return fmt.Errorf("%s: %w", inv.ID, err)
			}
			if len(violations) > 0 {
				tripped[inv.ID] = true
			}
		}
		for _, id := range want {
			if !tripped[id] {
				w.t.Errorf("after %s: %s did not trip", corrupt, id)
			}
			delete(tripped, id)
		}
		if len(tripped) > 0 {
			w.t.Errorf("after %s: %v tripped as well", corrupt, tripped)
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		w.t.Fatalf("%s: %v", corrupt, err)
	}
}
