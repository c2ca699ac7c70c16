package memberships_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/memberships"
)

func (w *world) grant(m model.MemberID, p memberships.Plan, days int64, source string) (g memberships.Given, fresh bool, err error) {
	err = w.db.Do(w.t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		g, fresh, err = w.GrantDaysTx(ctx, tx, memberships.GiftDays{Member: m, Plan: p.ID, Days: days, Source: source})
		return err
	})
	return g, fresh, err
}

func (w *world) give(m model.MemberID, p memberships.Plan, days int64, source string) memberships.Given {
	w.t.Helper()
	g, fresh, err := w.grant(m, p, days, source)
	if err != nil || !fresh {
		w.t.Fatalf("give %d days: fresh %v, %v", days, fresh, err)
	}
	return g
}

// Days that are given follow what there is, and what is bought afterwards follows them.
func TestGivenDaysNeverOverlap(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.plan(model.PlanMonths, 1, memberships.CouponBenefit{Template: w.template(-1), Quantity: 1})
		who := w.who[0]
		first := w.give(who, p, 7, "gift:1")
		if first.To.Sub(first.From) != 7 {
			t.Errorf("the gift lasts from %s to %s", first.From, first.To)
		}
		bought := w.member(who, p)
		if bought.From != first.To {
			t.Errorf("the month begins on %s, the gift ends on %s", bought.From, first.To)
		}
		if after := w.give(who, p, 3, "gift:2"); after.From != bought.To {
			t.Errorf("the second gift begins on %s, the month ends on %s", after.From, bought.To)
		}
		again, fresh, err := w.grant(who, p, 7, "gift:1")
		if err != nil || fresh || again != first {
			t.Errorf("the same source again = %+v, fresh %v, %v", again, fresh, err)
		}
		if _, _, err := w.grant(w.who[1], p, 7, "gift:1"); err == nil {
			t.Error("another member got days from the same source")
		}
		if c := w.card(who); !c.Active || c.Multiplier != p.PointsMultiplierBP || c.Fee != 0 {
			t.Errorf("the card on a given day = %+v", c)
		}
		w.run()
		if n := w.count(`SELECT COUNT(*) FROM membership_grants`); n != 0 {
			t.Errorf("%d benefits were given although only given days have begun", n)
		}
		w.holds()
	})
}

func TestGivenDaysAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p, forever := w.plan(model.PlanMonths, 1), w.plan(model.PlanLifetime, 0)
		w.member(w.who[0], forever)
		tests := []struct {
			name string
			m    model.MemberID
			plan memberships.Plan
			days int64
			want error
		}{
			{"a lifetime member", w.who[0], p, 7, memberships.ErrLifetime},
			{"no days", w.who[1], p, 0, fault.ErrInvalid},
			{"negative days", w.who[1], p, -7, fault.ErrInvalid},
			{"too many days", w.who[1], p, memberships.MaxGiftDays + 1, fault.ErrInvalid},
			{"no such plan", w.who[1], memberships.Plan{ID: "000000000000000000000000"}, 7, memberships.ErrPlanUnknown},
		}
		for i, tt := range tests {
			if _, _, err := w.grant(tt.m, tt.plan, tt.days, fmt.Sprint("gift:", i)); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM membership_periods`); n != 1 {
			t.Errorf("%d periods after refusals", n)
		}
		w.holds()
	})
}

// 32 gifts with 8 sources on two instances, beside purchases, are 8 gifts, and no two periods overlap.
func TestGivenDaysRace(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		p := a.plan(model.PlanDays, 5)
		var all sync.WaitGroup
		for i := range 32 {
			w := []*world{a, b}[i%2]
			all.Go(func() {
				if _, _, err := w.grant(a.who[0], p, 3, fmt.Sprint("gift:", i%8)); err != nil {
					t.Errorf("gift %d: %v", i, err)
				}
			})
		}
		all.Go(func() { a.member(a.who[0], p) })
		all.Wait()
		if n := a.count(`SELECT COUNT(*) FROM membership_periods`); n != 9 {
			t.Errorf("%d periods, want 9", n)
		}
		a.holds()
	})
}
