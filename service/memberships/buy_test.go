package memberships_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/members"
	"huitou/service/memberships"
	"huitou/service/payments"
)

func TestBuyPayAndUse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		p := w.plan(model.PlanMonths, 12)
		if p.BreakEven != 198000 || p.LengthWords != "1 年" || !p.OnSale {
			t.Errorf("plan %+v", p)
		}
		b := w.buy(m, p)
		if b.Price != 9900 || b.Pay == nil || !strings.HasPrefix(b.Pay.Package, "prepay_id=wxHT") {
			t.Errorf("bought %+v", b)
		}
		if o := w.order(m, b.Number); o.State != memberships.Unpaid || !o.From.IsZero() {
			t.Errorf("order before the payment %+v", o)
		}
		if c := w.card(m); c.Active {
			t.Errorf("card before the payment %+v", c)
		}
		if _, err := w.Order(t.Context(), w.who[1], b.Number); !errors.Is(err, memberships.ErrUnknown) {
			t.Errorf("another member's order = %v, want ErrUnknown", err)
		}
		w.pay(b.Number)
		o := w.order(m, b.Number)
		if o.State != memberships.Done || o.From.String() != "2026-11-21" || o.To.String() != "2027-11-21" || o.PaidAt == nil {
			t.Errorf("order after the payment %+v", o)
		}
		c := w.card(m)
		if !c.Active || c.DaysLeft != 365 || c.Fee != 9900 || c.Saved != 0 || c.ToBreakEven != 9900 || len(c.Benefits) != 2 || c.Lifetime {
			t.Errorf("card %+v", c)
		}
		if len(w.activated) != 1 || w.activated[0].Member != m || w.activated[0].To != o.To {
			t.Errorf("facts %+v", w.activated)
		}
		if n := w.count(`SELECT COUNT(*) FROM messages WHERE template = 'membership.activated' AND member_id = ?`, m); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
		// A payment opened by the same member long after the first is a renewal, not a repetition.
		w.goTo("2027-11-01")
		if o := w.member(m, p); o.From.String() != "2027-11-21" || o.To.String() != "2028-11-21" {
			t.Errorf("renewal %s to %s", o.From, o.To)
		}
		if c := w.card(m); c.To.String() != "2027-11-21" || c.Until.String() != "2028-11-21" || c.DaysLeft != 20+366 {
			t.Errorf("card after the renewal %+v", c)
		}
		w.goTo("2028-11-20")
		if c := w.card(m); !c.Active || c.DaysLeft != 1 {
			t.Errorf("card on its last day %+v", c)
		}
		w.goTo("2028-11-21")
		if c := w.card(m); c.Active {
			t.Errorf("card after its last day %+v", c)
		}
		w.holds()
	})
}

func TestMultiplierAndSavings(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		w.member(m, w.plan(model.PlanDays, 7))
		on := func(day string) (bp model.BasisPoints) {
			d, err := model.ParseDay(day)
			if err != nil {
				t.Fatal(err)
			}
			for _, at := range []time.Time{d.Start(model.Shanghai), d.AddDays(1).Start(model.Shanghai).Add(-time.Microsecond)} {
				err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					got, err := w.Multiplier(ctx, tx, m, at)
					if bp != 0 && got != bp {
						t.Errorf("the multiplier changes within %s", day)
					}
					bp = got
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			return bp
		}
		for day, want := range map[string]model.BasisPoints{"2026-11-20": 10000, "2026-11-21": 20000, "2026-11-27": 20000, "2026-11-28": 10000} {
			if got := on(day); got != want {
				t.Errorf("multiplier on %s = %d, want %d", day, got, want)
			}
		}
		save := func(source string, amount model.Fen, at time.Time) (fresh bool, err error) {
			err = w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				fresh, err = w.SaveTx(ctx, tx, memberships.Saving{Member: m, Source: source, Kind: "member_price", Amount: amount, At: at})
				return err
			})
			return fresh, err
		}
		now := w.clock.Now()
		for _, want := range []bool{true, false} {
			if fresh, err := save("order:1", 2500, now); err != nil || fresh != want {
				t.Errorf("SaveTx = %v %v, want %v", fresh, err, want)
			}
		}
		if _, err := save("order:2", 8000, now); err != nil {
			t.Fatal(err)
		}
		if c := w.card(m); c.Saved != 10500 || c.ToBreakEven != 0 {
			t.Errorf("saved %d, to break even %d, want 10500 and 0", c.Saved, c.ToBreakEven)
		}
		if _, err := save("order:3", 1, now.AddDate(0, 0, 8)); !errors.Is(err, memberships.ErrNotMember) {
			t.Errorf("a saving without a card = %v, want ErrNotMember", err)
		}
		if _, err := save("order:4", 0, now); err == nil {
			t.Error("a saving of nothing was taken")
		}
		w.holds()
	})
}

func TestBuyRefuses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		off := newPlan(model.PlanMonths, 1)
		off.OnSale = false
		early, over := newPlan(model.PlanMonths, 1), newPlan(model.PlanMonths, 1)
		tomorrow, now := w.clock.Now().Add(24*time.Hour), w.clock.Now()
		early.SaleFrom, over.SaleUntil = &tomorrow, &now
		for name, in := range map[string]memberships.NewPlan{"off sale": off, "not yet": early, "over": over} {
			p, err := w.CreatePlan(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Buy(t.Context(), memberships.Buy{Member: m, Plan: p.ID}); !errors.Is(err, memberships.ErrNotOnSale) {
				t.Errorf("Buy of a plan that is %s = %v, want ErrNotOnSale", name, err)
			}
		}
		if plans, err := w.Plans(t.Context()); err != nil || len(plans) != 0 {
			t.Errorf("Plans = %v %v, want none", plans, err)
		}
		for _, id := range []model.PublicID{"", "x", "000000000000000000000000", "会员", model.PublicID(strings.Repeat("0", 500))} {
			if _, err := w.Buy(t.Context(), memberships.Buy{Member: m, Plan: id}); !errors.Is(err, memberships.ErrPlanUnknown) {
				t.Errorf("Buy of plan %.20q = %v, want ErrPlanUnknown", id, err)
			}
			if _, err := w.Order(t.Context(), m, id); !errors.Is(err, memberships.ErrUnknown) {
				t.Errorf("Order %.20q = %v, want ErrUnknown", id, err)
			}
		}
		p := w.plan(model.PlanMonths, 120)
		if _, err := w.Buy(t.Context(), memberships.Buy{Member: 999, Plan: p.ID}); !errors.Is(err, members.ErrUnknown) {
			t.Errorf("Buy of nobody = %v", err)
		}
		w.member(m, p)
		if _, err := w.Buy(t.Context(), memberships.Buy{Member: m, Plan: p.ID}); !errors.Is(err, memberships.ErrTooFar) {
			t.Errorf("Buy with ten years ahead = %v, want ErrTooFar", err)
		}
		w.holds()
	})
}

func TestCreatePlanRefuses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, change := range map[string]func(*memberships.NewPlan){
			"no name":               func(p *memberships.NewPlan) { p.Name = " " },
			"a long name":           func(p *memberships.NewPlan) { p.Name = strings.Repeat("卡", 31) },
			"no price":              func(p *memberships.NewPlan) { p.Price = 0 },
			"a negative price":      func(p *memberships.NewPlan) { p.Price = -1 },
			"a price over the cap":  func(p *memberships.NewPlan) { p.Price, p.ListPrice = payments.MaxAmount+1, payments.MaxAmount+1 },
			"a lower list price":    func(p *memberships.NewPlan) { p.ListPrice = p.Price - 1 },
			"no unit":               func(p *memberships.NewPlan) { p.Unit = "" },
			"weeks":                 func(p *memberships.NewPlan) { p.Unit = "weeks" },
			"no months":             func(p *memberships.NewPlan) { p.Length = 0 },
			"too many months":       func(p *memberships.NewPlan) { p.Length = 121 },
			"a lifetime of months":  func(p *memberships.NewPlan) { p.Unit = model.PlanLifetime },
			"fewer points":          func(p *memberships.NewPlan) { p.PointsMultiplier = 9999 },
			"all for nothing":       func(p *memberships.NewPlan) { p.PercentOff = 10000 },
			"a coupon without id":   func(p *memberships.NewPlan) { p.Coupons = []memberships.CouponBenefit{{Quantity: 1}} },
			"a sale without length": func(p *memberships.NewPlan) { now := w.clock.Now(); p.SaleFrom, p.SaleUntil = &now, &now },
			"nothing in it":         func(p *memberships.NewPlan) { p.PercentOff, p.PointsMultiplier = 0, 10000 },
		} {
			in := newPlan(model.PlanMonths, 1)
			change(&in)
			if _, err := w.CreatePlan(t.Context(), in); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("CreatePlan with %s = %v, want ErrInvalid", name, err)
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM membership_plans`); n != 0 {
			t.Errorf("%d plans were stored", n)
		}
		in := newPlan(model.PlanMonths, 1)
		in.Key = db.Key{Scope: "staff:1", Key: "k"}
		a, err := w.CreatePlan(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := w.CreatePlan(t.Context(), in); err != nil || b.ID != a.ID || !b.Replayed {
			t.Errorf("same key = %v %v, want the same plan", b.ID, err)
		}
		if n := w.count(`SELECT COUNT(*) FROM audit_trail WHERE action = 'memberships.plan_create'`); n != 1 {
			t.Errorf("%d lines in the staff trail, want 1", n)
		}
	})
}

// A double tap is one order and one payment, with the same key and with a new one; another plan is another order.
func TestDoubleTapIsOnePayOrder(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		m := a.who[0]
		p, other := a.plan(model.PlanMonths, 1), a.plan(model.PlanMonths, 12)
		var wg sync.WaitGroup
		numbers := make([]model.PublicID, 16)
		for i := range numbers {
			key := db.Key{Scope: "buy", Key: "same"}
			if i%4 == 0 {
				key.Key += string(rune('a' + i))
			}
			wg.Go(func() {
				got, err := []*world{a, b}[i%2].Buy(t.Context(), memberships.Buy{Member: m, Plan: p.ID, Key: key})
				if err != nil {
					t.Errorf("Buy: %v", err)
				}
				numbers[i] = got.Number
			})
		}
		wg.Wait()
		for _, n := range numbers[1:] {
			if n != numbers[0] {
				t.Errorf("two orders: %s and %s", numbers[0], n)
			}
		}
		if n := a.count(`SELECT COUNT(*) FROM pay_orders`); n != 1 {
			t.Errorf("%d payments, want 1", n)
		}
		_, err := a.Buy(t.Context(), memberships.Buy{Member: m, Plan: other.ID, Key: db.Key{Scope: "buy", Key: "same"}})
		if !errors.Is(err, db.ErrKeyReused) {
			t.Errorf("same key for another plan = %v, want ErrKeyReused", err)
		}
		if got := a.buy(m, other); got.Number == numbers[0] {
			t.Error("another plan got the same order")
		}
		if got := a.buy(a.who[1], p); got.Number == numbers[0] {
			t.Error("another member got the same order")
		}
		a.pay(numbers[0])
		again, err := a.Buy(t.Context(), memberships.Buy{Member: m, Plan: p.ID, Key: db.Key{Scope: "buy", Key: "same"}})
		if !errors.Is(err, payments.ErrPaid) {
			t.Errorf("the same tap after the payment = %v %v, want ErrPaid", again.Number, err)
		}
		if got := a.buy(m, p); got.Number == numbers[0] {
			t.Error("a new purchase got the paid order")
		}
		a.holds()
	})
}

func TestUnpaidOrderCloses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		p := w.plan(model.PlanMonths, 1)
		b := w.buy(m, p)
		w.clock.Advance(26 * time.Minute) // too little time left to offer it again
		c := w.buy(m, p)
		if c.Number == b.Number {
			t.Error("an order that is about to close was offered again")
		}
		w.clock.Advance(5 * time.Minute)
		w.run()
		if o := w.order(m, b.Number); o.State != memberships.Closed {
			t.Errorf("order is %s, want closed", o.State)
		}
		// The money comes all the same: it goes back and gives nothing.
		w.pay(b.Number)
		if o := w.order(m, b.Number); o.State != memberships.RefundDue {
			t.Errorf("order paid after its close is %s, want refund_due", o.State)
		}
		if c := w.card(m); c.Active {
			t.Error("money after the close gave a card")
		}
		w.holds()
	})
}
