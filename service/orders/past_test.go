package orders_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/earning"
	"huitou/service/orders"
)

// The rules of the shop decide what an order earns, line by line, and a dry run over the orders says the same.
func TestOrdersEarnByRules(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		day := model.DayOf(dbtest.Start, model.Shanghai)
		first := earning.Terms{Name: "首单", Kind: model.RuleBonus, Bonus: 30, FirstOrder: true}
		green := earning.Terms{Name: "绿茶三倍", Kind: model.RuleMultiplier, Multiplier: 30_000, Categories: []string{"绿茶"}}
		before := w.ingest(t, tea("0", "c1")).PointsEarned
		w.history(t, orders.Historic{Number: "h1", External: "h", PaidAt: dbtest.Start.AddDate(-1, 0, 0), Amount: 5_000})
		run := func(terms earning.Terms) earning.Forecast {
			f, err := w.orders.Earning.DryRun(ctx, earning.DryRun{Terms: terms, From: day.AddDays(-400), To: day.AddDays(0)}, w.orders.Purchases)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		if f := run(first); f.Orders != 1 || f.Points != 30 {
			t.Errorf("the year before today: %+v, want the one order of history", f)
		}
		for _, terms := range []earning.Terms{first, green} {
			r, err := w.orders.Earning.CreateRule(ctx, earning.NewRule{Terms: terms})
			if err == nil {
				_, err = w.orders.Earning.Activate(ctx, 1, r.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		// Of the 80 yuan 64 are for green tea, which earn 192; the rest 16.
		for i, want := range map[string]model.Points{"c1": 208, "c2": 238} {
			r := w.ingest(t, tea("n"+i, i))
			if again := w.ingest(t, tea("n"+i, i)); r.PointsEarned != want || again.Fresh || again.PointsEarned != want {
				t.Errorf("%s earned %d, and again %+v, want %d", i, r.PointsEarned, again, want)
			}
		}
		v, err := w.orders.Find(ctx, "pos", "nc2")
		if err != nil || fmt.Sprint(v.Earned) != "[{base 0 80} {campaign 2 128} {bonus 1 30}]" {
			t.Errorf("the order says of its points: %+v, %v", v.Earned, err)
		}
		if before != 80 {
			t.Errorf("without rules 80 yuan earned %d", before)
		}
		if broken, err := audit.Run(ctx, w.db, earning.Invariants()); err != nil || len(broken) > 0 {
			t.Errorf("%v, %v", broken, err)
		}
		w.sound(t)
	})
}

func TestPurchases(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		midnight := model.DayOf(dbtest.Start, model.Shanghai).Start(model.Shanghai)
		for i, at := range []time.Time{midnight.Add(-time.Microsecond), midnight, dbtest.Start.Add(-time.Hour)} {
			o := tea(fmt.Sprint(i+1), "c1")
			o.PaidAt = at
			w.ingest(t, o)
		}
		card := tea("card", "c2")
		card.Kind = model.OrderMembership
		w.ingest(t, card)
		w.ingest(t, tea("back", "c3"))
		w.refund(t, orders.Refund{Source: "pos", Order: "back", Number: "r1", At: dbtest.Start, Amount: 8_800})
		rows := make([]orders.Historic, 1_100) // more than two pages
		for i := range rows {
			rows[i] = orders.Historic{Number: fmt.Sprint("h", i), External: fmt.Sprint("h", i%7), PaidAt: midnight.AddDate(0, 0, -9), Amount: 100}
		}
		w.history(t, rows[:1000]...)
		w.history(t, rows[1000:]...)
		read := func(from, to int) (n, firsts int, money model.Fen) {
			day := model.DayOf(dbtest.Start, model.Shanghai)
			err := w.orders.Purchases(ctx, day.AddDays(from), day.AddDays(to), func(p earning.Purchase) error {
				n++
				money += p.Paid
				if p.First {
					firsts++
				}
				if len(p.Lines) == 2 && p.Lines[0] != (earning.Line{SKU: "T-1", Category: "绿茶", Amount: 8_000}) {
					t.Errorf("the lines are %+v", p.Lines)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return n, firsts, money
		}
		if n, firsts, money := read(0, 1); n != 2 || firsts != 0 || money != 17_600 {
			t.Errorf("today: %d orders, %d first ones, %d fen", n, firsts, money)
		}
		if n, firsts, _ := read(-1, 0); n != 1 || firsts != 1 {
			t.Errorf("yesterday: %d orders, %d first ones", n, firsts)
		}
		if n, firsts, money := read(-9, -8); n != 1_100 || firsts != 7 || money != 110_000 {
			t.Errorf("nine days ago: %d orders, %d first ones, %d fen", n, firsts, money)
		}
		stop, seen := fmt.Errorf("enough"), 0
		err := w.orders.Purchases(ctx, model.DayOf(midnight.AddDate(0, 0, -9), model.Shanghai), model.DayOf(dbtest.Start, model.Shanghai).AddDays(1),
			func(earning.Purchase) error { seen++; return stop })
		is(t, "Purchases", err, stop)
		if seen != 1 {
			t.Errorf("%d orders after the first refusal", seen-1)
		}
	})
}

func (w world) history(t *testing.T, rows ...orders.Historic) {
	t.Helper()
	err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := w.orders.ImportTx(ctx, tx, "old", rows)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
