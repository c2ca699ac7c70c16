package earning_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/earning"
)

func TestRuleLives(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		from, until := dbtest.Start, dbtest.Start.AddDate(0, 1, 0)
		terms := earning.Terms{
			Name: " 周末双倍 ", Kind: model.RuleMultiplier, Multiplier: 20_000, Group: "weekend", Priority: 7, MinFen: 100, From: &from, Until: &until,
			SKUs: []string{"T-1"}, Categories: []string{"茶"}, Tiers: []int64{1}, Weekdays: []int64{6, 7}, FromHour: 8, ToHour: 22, FirstOrder: true,
			CapOrder: 500, CapDay: 900,
		}
		in := earning.NewRule{Staff: 3, Terms: terms, Key: db.Key{Scope: "s", Key: "k"}}
		r, err := w.earning.CreateRule(ctx, in)
		if err != nil || r.State != model.RuleDraft || r.Replayed {
			t.Fatalf("CreateRule = %+v, %v", r, err)
		}
		again, err := w.earning.CreateRule(ctx, in)
		if err != nil || again.ID != r.ID || !again.Replayed {
			t.Errorf("the same command = %+v, %v", again, err)
		}
		in.Name = "另一条"
		_, err = w.earning.CreateRule(ctx, in)
		is(t, "the same key with other content", err, db.ErrKeyReused)
		list, next, err := w.earning.Rules(ctx, db.Page{})
		terms.Name = "周末双倍"
		if err != nil || len(list) != 1 || next != "" || !reflect.DeepEqual(list[0].Terms, terms) {
			t.Errorf("Rules = %+v, %q, %v; want %+v", list, next, err, terms)
		}

		_, err = w.earning.Pause(ctx, 3, r.ID)
		is(t, "pausing a draft", err, earning.ErrRuleDraft)
		for _, step := range []struct {
			move func(context.Context, model.StaffID, model.EarningRuleID) (earning.Rule, error)
			want model.EarningRuleState
		}{{w.earning.Activate, model.RuleActive}, {w.earning.Activate, model.RuleActive}, {w.earning.Pause, model.RulePaused},
			{w.earning.Activate, model.RuleActive}, {w.earning.End, model.RuleEnded}, {w.earning.End, model.RuleEnded}} {
			if r, err := step.move(ctx, 3, r.ID); err != nil || r.State != step.want {
				t.Errorf("the rule is %s, %v, want %s", r.State, err, step.want)
			}
		}
		_, err = w.earning.Activate(ctx, 3, r.ID)
		is(t, "an ended rule", err, earning.ErrRuleEnded)
		_, err = w.earning.End(ctx, 3, 99)
		is(t, "no rule", err, earning.ErrRuleUnknown)
		if got := w.counts(t, "audit_trail"); got != "audit_trail=5 " { // create, activate, pause, activate, end
			t.Error(got)
		}
		w.sound(t)
	})
}

// A rule that would not say which fires is refused when it is switched on, also when two are switched on at once.
func TestRuleOverlapIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		first := w.active(t, double("a", 1))
		second, err := w.earning.CreateRule(ctx, earning.NewRule{Terms: double("b", 1)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.earning.Activate(ctx, 3, second.ID)
		is(t, "the same priority", err, earning.ErrRuleOverlap)
		if f := fault.Of(err); f == nil || f.Detail["rule"] != int64(first.ID) {
			t.Errorf("the fault does not name the other rule: %v", f)
		}
		w.active(t, double("c", 2))
		if _, err := w.earning.Pause(ctx, 3, first.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.earning.Activate(ctx, 3, second.ID); err != nil {
			t.Errorf("beside a paused one: %v", err)
		}
		_, err = w.earning.Activate(ctx, 3, first.ID)
		is(t, "the paused one again", err, earning.ErrRuleOverlap)

		ids := make([]model.EarningRuleID, 16)
		for i := range ids {
			r, err := w.earning.CreateRule(ctx, earning.NewRule{Terms: double(fmt.Sprint("r", i), 5)})
			if err != nil {
				t.Fatal(err)
			}
			ids[i] = r.ID
		}
		var won atomic.Int64
		together(len(ids), func(i int) {
			switch _, err := w.earning.Activate(ctx, 3, ids[i]); {
			case err == nil:
				won.Add(1)
			case fault.Of(err) == nil || fault.Of(err).Code != earning.ErrRuleOverlap.Code:
				t.Errorf("Activate: %v", err)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d of 16 rules of one priority are active", won.Load())
		}
		w.sound(t)
	})
}

func TestTooManyRules(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := open(d, clock)
	for i := range 100 {
		w.active(t, double(fmt.Sprint(i), int64(i)))
	}
	r, err := w.earning.CreateRule(ctx, earning.NewRule{Terms: double("one more", 200)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.earning.Activate(ctx, 3, r.ID)
	is(t, "the 101st", err, earning.ErrTooManyRules)
}

// The cap of a day holds for orders that come at once, and the next day begins anew. What fired is written down.
func TestCapsHoldInParallel(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		rule := w.active(t, earning.Terms{Name: "满赠", Kind: model.RuleBonus, Bonus: 30, CapDay: 100})
		if _, err := w.earning.SaveSettings(ctx, 3, earning.Settings{CapDay: 250}); err != nil {
			t.Fatal(err)
		}
		var sum, bonus atomic.Int64
		together(32, func(i int) {
			a, err := w.order(1, i, 1_000)
			if err != nil {
				t.Errorf("order %d: %v", i, err)
			}
			sum.Add(int64(a.Points))
			for _, p := range a.Parts {
				if p.Rule == rule.ID {
					bonus.Add(int64(p.Points))
				}
			}
		})
		if sum.Load() != 250 || bonus.Load() != 100 || w.balance(t, 1) != 250 {
			t.Errorf("%d points, %d of them bonus, balance %d; want 250, 100 and 250", sum.Load(), bonus.Load(), w.balance(t, 1))
		}
		w.clock.Set(model.DayOf(dbtest.Start, model.Shanghai).AddDays(1).Start(model.Shanghai))
		if a, err := w.order(1, 100, 1_000); err != nil || a.Points != 40 {
			t.Errorf("the next day earned %+v, %v, want 40", a, err)
		}
		w.sound(t)
	})
}

func TestOrderReadsTierAndRules(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		w.tier[2] = 3
		w.active(t, earning.Terms{Name: "高等级加赠", Kind: model.RuleBonus, Bonus: 5, Tiers: []int64{3}})
		for m, want := range map[model.MemberID]model.Points{1: 100, 2: 135} {
			if a, err := w.order(m, int(m), 10_000); err != nil || a.Points != want {
				t.Errorf("member %d earned %+v, %v, want %d", m, a, err, want)
			}
		}
		w.sound(t)
	})
}

func TestSettings(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		want := earning.Settings{ExcludeSKUs: []string{"G-1"}, ExcludeCategories: []string{"礼品卡"}, CapOrder: 1000, CapDay: 2000}
		if _, err := w.earning.SaveSettings(ctx, 3, want); err != nil {
			t.Fatal(err)
		}
		if got, err := w.earning.Settings(ctx); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Settings = %+v, %v, want %+v", got, err, want)
		}
		for name, bad := range map[string]earning.Settings{
			"a negative cap": {CapDay: -1}, "beyond range": {CapOrder: model.MaxPoints + 1}, "a SKU twice": {ExcludeSKUs: []string{"a", "a"}},
			"an empty category": {ExcludeCategories: []string{""}},
		} {
			_, err := w.earning.SaveSettings(ctx, 3, bad)
			is(t, name, err, fault.ErrInvalid)
		}
		if got, _ := w.earning.Settings(ctx); !reflect.DeepEqual(got, want) {
			t.Errorf("refusals changed the settings to %+v", got)
		}
	})
}

// Each invariant trips on the fault that it is about.
func TestInvariantsTrip(t *testing.T) {
	tests := []struct {
		name, corrupt string
		want          []string
	}{
		{"points of a step that grew", `UPDATE earning_firings SET points = points + 1 WHERE part = 1`, []string{"earning.firings"}},
		{"a step that was lost", `DELETE FROM earning_firings WHERE part = 1`, []string{"earning.firings"}},
		{"steps of no entry", `UPDATE earning_firings SET entry_seq = 99`, []string{"earning.firings"}},
		{"a rule that was lost", `DELETE FROM earning_rules WHERE id = 1`, []string{"earning.fired_rules"}},
		{"a rule that was never active", `UPDATE earning_rules SET state = 'draft' WHERE id = 1`, []string{"earning.fired_rules"}},
		{"a reward that grew", `UPDATE earning_actions SET points = points + 1 WHERE action = 'review'`, []string{"earning.rewards"}},
		{"a reward without its entry", `UPDATE earning_actions SET entry_seq = NULL WHERE action = 'review'`, []string{"earning.rewards", "earning.unrewarded"}},
		{"a reward that was lost", `DELETE FROM earning_actions WHERE action = 'review'`, []string{"earning.unrewarded"}},
		{"a second check-in of a day", `UPDATE earning_actions SET ordinal = 2 WHERE action = 'check_in' AND streak = 1`, []string{"earning.one_check_in"}},
		{"a streak that jumped", `UPDATE earning_actions SET streak = 7 WHERE action = 'check_in' AND streak = 2`, []string{"earning.streaks"}},
		{"rules that overlap", `UPDATE earning_rules SET priority = 1 WHERE stack_group = 'g'`, []string{"earning.overlaps"}},
	}
	each(t, func(t *testing.T, w world) {
		w.active(t, earning.Terms{Name: "满赠", Kind: model.RuleBonus, Bonus: 30})
		w.active(t, double("a", 1))
		w.active(t, double("b", 2))
		if _, err := w.order(1, 1, 1_000); err != nil {
			t.Fatal(err)
		}
		if _, err := w.earning.Action(ctx, earning.Act{Member: 1, Action: model.ActionReview, Key: "order:1"}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := w.earning.CheckIn(ctx, 1); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(24 * time.Hour)
		}
		w.sound(t)
		rollBack := fmt.Errorf("roll back")
		for _, tt := range tests {
			err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Gorm().Exec(tt.corrupt).Error; err != nil {
					t.Errorf("%s: %v", tt.name, err)
					return rollBack
				}
				var tripped []string
				for _, inv := range earning.Invariants() {
					violations, err := inv.Check(ctx, tx)
					if err != nil {
						t.Errorf("check %s: %v", inv.ID, err)
					}
					if len(violations) > 0 {
						tripped = append(tripped, inv.ID)
					}
				}
				if !slices.Equal(tripped, tt.want) {
					t.Errorf("%s trips %v, want %v", tt.name, tripped, tt.want)
				}
				return rollBack
			})
			is(t, tt.name, err, rollBack)
		}
	})
}
