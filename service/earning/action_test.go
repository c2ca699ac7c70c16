package earning_test

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/earning"
	"huitou/service/members"
)

// Nine days with one left out: the ladder goes up, around, and begins anew.
func TestCheckInClimbsTheLadder(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		var got []string
		for day := range 12 {
			if day != 9 {
				r, err := w.earning.CheckIn(ctx, 1)
				if err != nil || !r.Fresh {
					t.Fatalf("day %d: %+v, %v", day, r, err)
				}
				got = append(got, fmt.Sprintf("%d/%d", r.Streak, r.Points))
			}
			w.clock.Advance(24 * time.Hour)
		}
		if s, want := fmt.Sprint(got), "[1/1 2/2 3/3 4/4 5/5 6/6 7/10 8/1 9/2 1/1 2/2]"; s != want {
			t.Errorf("streak/points %s, want %s", s, want)
		}
		if b := w.balance(t, 1); b != 37 {
			t.Errorf("balance %d, want 37", b)
		}
		w.sound(t)
	})
}

// One per business day: at midnight in Shanghai, not in UTC, and 64 taps at once are one.
func TestCheckInOncePerBusinessDay(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		w.clock.Set(time.Date(2026, 11, 21, 15, 59, 59, 0, time.UTC)) // 23:59:59 in Shanghai
		var fresh atomic.Int64
		together(64, func(int) {
			r, err := w.earning.CheckIn(ctx, 1)
			if err != nil || r.Day != model.NewDay(2026, 11, 21) || r.Points != 1 {
				t.Errorf("CheckIn = %+v, %v", r, err)
			}
			if r.Fresh {
				fresh.Add(1)
			}
		})
		if fresh.Load() != 1 || w.balance(t, 1) != 1 {
			t.Errorf("%d check-ins, balance %d", fresh.Load(), w.balance(t, 1))
		}
		w.clock.Advance(time.Second)
		if r, err := w.earning.CheckIn(ctx, 1); err != nil || !r.Fresh || r.Streak != 2 || r.Day != model.NewDay(2026, 11, 22) {
			t.Errorf("a second later, on the next day: %+v, %v", r, err)
		}
		w.sound(t)
	})
}

func TestCalendar(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		w.clock.Set(model.NewDay(2026, 11, 29).Start(model.Shanghai))
		for range 4 { // 29, 30 November, 1, 2 December
			if _, err := w.earning.CheckIn(ctx, 1); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(24 * time.Hour)
		}
		show := func(month model.Day) string {
			c, err := w.earning.Calendar(ctx, 1, month)
			if err != nil {
				t.Fatal(err)
			}
			s := fmt.Sprintf("%s to %s:", c.From, c.To)
			for _, d := range c.Days {
				s += fmt.Sprintf(" %s=%d", d.Day, d.Points)
			}
			return s + fmt.Sprintf("; streak %d, today %t, next %d", c.Streak, c.Today, c.Next)
		}
		for month, want := range map[model.Day]string{
			model.NewDay(2026, 11, 15): "2026-11-01 to 2026-12-01: 2026-11-29=1 2026-11-30=2; streak 4, today false, next 5",
			model.NewDay(2026, 12, 1):  "2026-12-01 to 2027-01-01: 2026-12-01=3 2026-12-02=4; streak 4, today false, next 5",
			model.NewDay(2027, 2, 28):  "2027-02-01 to 2027-03-01:; streak 4, today false, next 5",
		} {
			if got := show(month); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		}
		w.clock.Advance(24 * time.Hour) // the third of December was left out
		if got, want := show(model.NewDay(2027, 2, 1)), "2027-02-01 to 2027-03-01:; streak 0, today false, next 1"; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		if _, err := w.earning.CheckIn(ctx, 1); err != nil {
			t.Fatal(err)
		}
		if got, want := show(model.NewDay(2027, 2, 1)), "2027-02-01 to 2027-03-01:; streak 1, today true, next 2"; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		if c, err := w.earning.Calendar(ctx, 2, model.NewDay(2026, 12, 1)); err != nil || len(c.Days) != 0 || c.Streak != 0 || c.Next != 1 {
			t.Errorf("somebody else sees %+v, %v", c, err)
		}
	})
}

func TestActionOncePerKeyAndWithinItsLimits(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		act := func(m model.MemberID, a model.EarningAction, key string) (earning.Reward, error) {
			return w.earning.Action(ctx, earning.Act{Member: m, Action: a, Key: key})
		}
		review := func(key string) (earning.Reward, error) { return act(1, model.ActionReview, key) }
		first, err := review("order:1")
		if err != nil || !first.Fresh || first.Points != 10 {
			t.Fatalf("the first review: %+v, %v", first, err)
		}
		if again, err := review("order:1"); err != nil || again.Fresh || again.Points != 10 || !again.At.Equal(first.At) {
			t.Errorf("again: %+v, %v", again, err)
		}
		if other, err := act(2, model.ActionReview, "order:1"); err != nil || !other.Fresh {
			t.Errorf("another member's review: %+v, %v", other, err)
		}
		var given atomic.Int64
		together(32, func(i int) { // three a day, one of which is given
			switch r, err := review(fmt.Sprint("more:", i)); {
			case err == nil && r.Fresh:
				given.Add(1)
			case err == nil || fault.Of(err) == nil || fault.Of(err).Code != earning.ErrActionLimit.Code:
				t.Errorf("review %d: %+v, %v", i, r, err)
			}
		})
		if given.Load() != 2 || w.balance(t, 1) != 30 {
			t.Errorf("%d more reviews were rewarded, balance %d; want 2 and 30", given.Load(), w.balance(t, 1))
		}
		if _, err := review("order:1"); err != nil {
			t.Errorf("the known one beyond the limit: %v", err)
		}
		w.clock.Advance(24 * time.Hour)
		if r, err := review("tomorrow"); err != nil || !r.Fresh {
			t.Errorf("the next day: %+v, %v", r, err)
		}

		if r, err := act(1, model.ActionBirthday, "2026"); err != nil || r.Points != 100 {
			t.Errorf("the birthday: %+v, %v", r, err)
		}
		w.clock.Set(time.Date(2026, 12, 31, 15, 59, 0, 0, time.UTC))
		_, err = act(1, model.ActionBirthday, "again")
		is(t, "a second birthday in one year", err, earning.ErrActionLimit)
		w.clock.Advance(time.Minute) // the first of January in Shanghai
		if r, err := act(1, model.ActionBirthday, "2027"); err != nil || !r.Fresh {
			t.Errorf("next year's: %+v, %v", r, err)
		}
		w.sound(t)
	})
}

func TestActionRefusals(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		for name, in := range map[string]earning.Act{
			"an unknown action": {Member: 1, Action: "share", Key: "k"}, "no action": {Member: 1, Key: "k"}, "no key": {Member: 1, Action: model.ActionSurvey},
			"a key in Chinese":              {Member: 1, Action: model.ActionSurvey, Key: "问卷"},
			"a check-in by the back door":   {Member: 1, Action: model.ActionCheckIn, Key: "2026-11-22"},
			"a key that the column cuts":    {Member: 1, Action: model.ActionSurvey, Key: fmt.Sprintf("%065d", 1)},
			"a key that breaks the source:": {Member: 1, Action: model.ActionSurvey, Key: "a b"},
		} {
			_, err := w.earning.Action(ctx, in)
			is(t, name, err, fault.ErrInvalid)
		}
		_, err := w.earning.Action(ctx, earning.Act{Member: 100, Action: model.ActionSurvey, Key: "k"})
		is(t, "nobody", err, members.ErrUnknown)
		_, err = w.earning.CheckIn(ctx, 100)
		is(t, "nobody's check-in", err, members.ErrUnknown)
		off := earning.ActionTerms{Action: model.ActionCheckIn, Ladder: []int64{1}, PerDay: 1}
		if _, err := w.earning.SaveAction(ctx, 3, off); err != nil {
			t.Fatal(err)
		}
		_, err = w.earning.CheckIn(ctx, 1)
		is(t, "a check-in that is switched off", err, earning.ErrActionOff)
		if got := w.counts(t, "earning_actions", "points_entries"); got != "earning_actions=0 points_entries=0 " {
			t.Errorf("refusals left %s", got)
		}
	})
}

func TestSaveAction(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		want := earning.ActionTerms{Action: model.ActionCheckIn, Enabled: true, Ladder: []int64{0, 5}, PerDay: 1}
		if _, err := w.earning.SaveAction(ctx, 3, want); err != nil {
			t.Fatal(err)
		}
		list, err := w.earning.Actions(ctx)
		if err != nil || len(list) != len(model.EarningActions) || !reflect.DeepEqual(list[0], want) {
			t.Errorf("Actions = %+v, %v", list, err)
		}
		if r, err := w.earning.CheckIn(ctx, 1); err != nil || !r.Fresh || r.Points != 0 {
			t.Errorf("a step worth nothing: %+v, %v", r, err)
		}
		w.clock.Advance(24 * time.Hour)
		if r, err := w.earning.CheckIn(ctx, 1); err != nil || r.Points != 5 {
			t.Errorf("the second day: %+v, %v", r, err)
		}
		if got := w.counts(t, "earning_actions", "points_entries", "audit_trail"); got != "earning_actions=2 points_entries=1 audit_trail=1 " {
			t.Error(got)
		}
		for name, bad := range map[string]earning.ActionTerms{
			"sharing":                   {Action: "share", Ladder: []int64{1}, PerDay: 1},
			"no ladder":                 {Action: model.ActionCheckIn, PerDay: 1},
			"a ladder for reviews":      {Action: model.ActionReview, Ladder: []int64{1, 2}, PerDay: 1},
			"negative points":           {Action: model.ActionReview, Ladder: []int64{-1}, PerDay: 1},
			"a fortune":                 {Action: model.ActionReview, Ladder: []int64{100_001}, PerDay: 1},
			"no reward at all":          {Action: model.ActionReview, Ladder: []int64{1}},
			"two check-ins a day":       {Action: model.ActionCheckIn, Ladder: []int64{1}, PerDay: 2},
			"a negative limit per year": {Action: model.ActionReview, Ladder: []int64{1}, PerDay: 1, PerYear: -1},
		} {
			_, err := w.earning.SaveAction(ctx, 3, bad)
			is(t, name, err, fault.ErrInvalid)
		}
		w.sound(t)
	})
}

func TestRewardsExpire(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := open(d, clock)
	if _, err := w.earning.CheckIn(ctx, 1); err != nil {
		t.Fatal(err)
	}
	clock.Advance(400 * 24 * time.Hour)
	if b := w.balance(t, 1); b != 0 {
		t.Errorf("%d points of a check-in outlived their year", b)
	}
}
