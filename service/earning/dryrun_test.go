package earning_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/earning"
)

// past yields purchases that are at hand.
func past(list []earning.Purchase) earning.Past {
	return func(_ context.Context, from, to model.Day, yield func(earning.Purchase) error) error {
		for _, p := range list {
			if day := model.DayOf(p.PaidAt, model.Shanghai); day.Before(from) || !day.Before(to) {
				continue
			}
			if err := yield(p); err != nil {
				return err
			}
		}
		return nil
	}
}

// fortnight is sixteen days of orders of twenty members, day after day.
func fortnight(r *rand.Rand) (list []earning.Purchase) {
	for day := range 16 {
		for range 15 {
			amount := model.Fen(r.Int64N(30_000) + 1)
			list = append(list, earning.Purchase{
				Member: model.MemberID(r.Int64N(20) + 1), Kind: model.OrderGoods, Goods: amount, Paid: amount, First: r.IntN(5) == 0,
				PaidAt: dbtest.Start.AddDate(0, 0, day).Add(time.Duration(r.IntN(600)) * time.Minute),
				Lines:  []earning.Line{{SKU: fmt.Sprint("T-", r.IntN(3)), Category: "茶", Amount: amount}},
			})
		}
	}
	return list
}

// Whatever the rule: what the dry run says is what happens when the orders come with the rule, less what happens without it.
func TestDryRunIsWhatWouldHaveHappened(t *testing.T) {
	day := model.DayOf(dbtest.Start, model.Shanghai)
	for name, terms := range map[string]earning.Terms{
		"a multiplier for a SKU, capped": {Name: "x", Kind: model.RuleMultiplier, Multiplier: 30_000, SKUs: []string{"T-1"}, CapDay: 200, Group: "g", Priority: 9},
		"a bonus for first orders":       {Name: "x", Kind: model.RuleBonus, Bonus: 33, FirstOrder: true, MinFen: 5_000},
		"less than now":                  {Name: "x", Kind: model.RuleBase, PerHundredYuan: 50},
		"weekends of the upper tiers":    {Name: "x", Kind: model.RuleMultiplier, Multiplier: 15_000, Weekdays: []int64{6, 7}, Tiers: []int64{1, 2}},
		"what never fits":                {Name: "x", Kind: model.RuleBonus, Bonus: 5, Tiers: []int64{900}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := fortnight(rand.New(rand.NewPCG(7, 7)))
			// prepared is a shop with some rules and no orders yet.
			prepared := func() world {
				d, clock := dbtest.SQLite(t)
				w := open(d, clock)
				for m := range model.MemberID(20) {
					w.tier[m+1] = int64(m) % 3
				}
				w.active(t, double("two for all", 1))
				if _, err := w.earning.SaveSettings(ctx, 3, earning.Settings{CapOrder: 900, CapDay: 1000}); err != nil {
					t.Fatal(err)
				}
				return w
			}
			happens := func(w world) (sum model.Points, by map[model.MemberID]model.Points) {
				by = map[model.MemberID]model.Points{}
				for i, p := range list {
					w.clock.Set(p.PaidAt)
					a, err := w.bought(p, i)
					if err != nil {
						t.Fatal(err)
					}
					sum, by[p.Member] = sum+a.Points, by[p.Member]+a.Points
				}
				w.sound(t)
				return sum, by
			}
			without, with := prepared(), prepared()
			before := without.counts(t, "points_entries", "earning_firings", "earning_rules", "audit_trail")
			f, err := without.earning.DryRun(ctx, earning.DryRun{Terms: terms, From: day, To: day.AddDays(60)}, past(list))
			if err != nil {
				t.Fatal(err)
			}
			if after := without.counts(t, "points_entries", "earning_firings", "earning_rules", "audit_trail"); after != before {
				t.Errorf("the dry run changed %s to %s", before, after)
			}
			with.active(t, terms)
			sumWithout, byWithout := happens(without)
			sumWith, byWith := happens(with)
			if f.Before != sumWithout || f.After != sumWith || f.Points != sumWith-sumWithout || f.Orders != int64(len(list)) {
				t.Errorf("forecast %+v; what happened: %d without, %d with", f, sumWithout, sumWith)
			}
			gained := map[model.MemberID]model.Points{}
			for m := range byWith {
				if g := byWith[m] - byWithout[m]; g != 0 {
					gained[m] = g
				}
			}
			got := map[model.MemberID]model.Points{}
			for _, g := range f.Top {
				if g.Points != 0 {
					got[g.Member] = g.Points
				}
			}
			if !reflect.DeepEqual(got, gained) || (name == "what never fits") != (f.Affected == 0) {
				t.Errorf("members gain %v by the forecast, %v in truth; %d orders affected", got, gained, f.Affected)
			}
			if want := (f.Points*150 + 99) / 100; f.Points >= 0 && f.Cost != model.Fen(want) {
				t.Errorf("%d points cost %d fen, want %d", f.Points, f.Cost, want)
			}
		})
	}
}

// bought is order for any purchase.
func (w world) bought(p earning.Purchase, number int) (a earning.Award, err error) {
	err = w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if a, err = w.earning.ForOrderTx(ctx, tx, p); err != nil || a.Points == 0 {
			return err
		}
		return w.earnTx(ctx, tx, a, p.Member, number)
	})
	return a, err
}

func TestDryRunInPlaceOfARule(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		old := w.active(t, double("two", 1))
		list := []earning.Purchase{{Member: 1, Kind: model.OrderGoods, PaidAt: dbtest.Start, Goods: 10_000, Paid: 10_000}}
		three := double("three", 1)
		three.Multiplier = 30_000
		day := model.DayOf(dbtest.Start, model.Shanghai)
		_, err := w.earning.DryRun(ctx, earning.DryRun{Terms: three, From: day, To: day.AddDays(1)}, past(list))
		is(t, "beside the old one", err, earning.ErrRuleOverlap)
		f, err := w.earning.DryRun(ctx, earning.DryRun{Terms: three, Replaces: old.ID, From: day, To: day.AddDays(1)}, past(list))
		if err != nil || f.Before != 200 || f.After != 300 || f.Cost != 150 || f.Members != 1 || fmt.Sprint(f.Top) != "[{1 100}]" {
			t.Errorf("in its place: %+v, %v", f, err)
		}
		_, err = w.earning.DryRun(ctx, earning.DryRun{Terms: three, Replaces: 99, From: day, To: day.AddDays(1)}, past(list))
		is(t, "in place of nothing", err, earning.ErrRuleUnknown)
		_, err = w.earning.DryRun(ctx, earning.DryRun{Terms: three, Replaces: old.ID, From: day, To: day.AddDays(1)},
			func(_ context.Context, _, _ model.Day, yield func(earning.Purchase) error) error {
				for range 300_001 {
					if err := yield(earning.Purchase{Member: 1, Kind: model.OrderMembership, PaidAt: dbtest.Start}); err != nil {
						return err
					}
				}
				return nil
			})
		is(t, "a window of too many orders", err, earning.ErrDryRunTooLarge)
		for name, bad := range map[string]earning.DryRun{
			"no days":         {Terms: three, From: day, To: day},
			"too many days":   {Terms: three, From: day, To: day.AddDays(401)},
			"an unsound rule": {Terms: earning.Terms{Name: "x", Kind: "share"}, From: day, To: day.AddDays(1)},
			"no period":       {Terms: three},
		} {
			_, err := w.earning.DryRun(ctx, bad, past(list))
			is(t, name, err, fault.ErrInvalid)
		}
	})
}
