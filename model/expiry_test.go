package model_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
)

func TestExpiryRuleAt(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04:05", s, model.Shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, tt := range []struct{ rule, active, end string }{
		{"never", "2026-11-21 12:00:00", ""},
		{"days:1", "2026-11-21 00:00:00", "2026-11-23"},
		{"days:365", "2026-11-21 23:59:59", "2027-11-22"},
		{"months:1", "2026-01-31 12:00:00", "2026-03-01"},
		{"months:1", "2028-01-31 12:00:00", "2028-03-01"}, // a leap year: 29 February is the last day
		{"months:12", "2028-02-29 12:00:00", "2029-03-01"},
		{"months:3", "2026-11-15 12:00:00", "2027-02-16"},
		{"month_end", "2026-11-30 23:59:59", "2026-12-01"},
		{"month_end:0", "2026-12-01 00:00:00", "2027-01-01"},
		{"month_end:2", "2026-12-31 12:00:00", "2027-03-01"},
		{"year_end", "2026-12-31 23:59:59", "2027-01-01"},
		{"year_end:1", "2027-01-01 00:00:00", "2029-01-01"},
		{"date:2027-03-31", "2026-11-21 12:00:00", "2027-04-01"},
		{"date:2027-03-31", "2027-03-31 23:59:59", "2027-04-01"},
		{"date:2027-03-31", "2027-04-01 00:00:00", "2028-04-01"},
		{"date:2027-03-31", "2031-01-01 00:00:00", "2031-04-01"},
		{"date:2024-02-29", "2026-01-10 00:00:00", "2026-03-01"},
		{"date:2024-02-29", "2028-02-29 10:00:00", "2028-03-01"},
	} {
		r, err := model.ParseExpiryRule(tt.rule)
		if err != nil {
			t.Fatal(err)
		}
		var want time.Time
		if tt.end != "" {
			want = at(tt.end + " 00:00:00")
		}
		if got := r.At(at(tt.active), model.Shanghai); !got.Equal(want) {
			t.Errorf("%s from %s ends %s, want %s", tt.rule, tt.active, got.In(model.Shanghai), tt.end)
		}
	}
	if end := (model.ExpiryRule{}).At(at("2026-11-21 12:00:00"), model.Shanghai); !end.IsZero() {
		t.Errorf("no rule ends %s", end)
	}
}

func rules(rt *rapid.T) model.ExpiryRule {
	day := func() model.Day {
		return model.NewDay(2000, time.January, 1).AddDays(rapid.IntRange(0, 365*60).Draw(rt, "day"))
	}
	switch mode := rapid.SampledFrom([]model.ExpiryMode{model.ExpireNever, model.ExpireAfterDays, model.ExpireAfterMonth,
		model.ExpireMonthEnd, model.ExpireYearEnd, model.ExpireOnDate}).Draw(rt, "mode"); mode {
	case model.ExpireAfterDays:
		return model.ExpiryRule{Mode: mode, N: rapid.IntRange(1, 3660).Draw(rt, "n")}
	case model.ExpireAfterMonth:
		return model.ExpiryRule{Mode: mode, N: rapid.IntRange(1, 120).Draw(rt, "n")}
	case model.ExpireMonthEnd:
		return model.ExpiryRule{Mode: mode, N: rapid.IntRange(0, 120).Draw(rt, "n")}
	case model.ExpireYearEnd:
		return model.ExpiryRule{Mode: mode, N: rapid.IntRange(0, 10).Draw(rt, "n")}
	case model.ExpireOnDate:
		return model.ExpiryRule{Mode: mode, Date: day()}
	default:
		return model.ExpiryRule{Mode: mode}
	}
}

// Whatever the rule: points live at least to the end of the day on which they become active, end at a midnight of the shop, and those
// that become active later never end earlier; the text of a rule is the rule.
func TestExpiryRulesKeepTheirPromises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rules(rt)
		zone := time.FixedZone("", 3600*rapid.IntRange(-12, 14).Draw(rt, "zone"))
		from := time.Unix(rapid.Int64Range(946684800, 2840140800).Draw(rt, "from"), rapid.Int64Range(0, 999_999_999).Draw(rt, "ns"))
		later := from.Add(time.Duration(rapid.Int64Range(0, int64(5*365*24*time.Hour)).Draw(rt, "later")))
		end, end2 := r.At(from, zone), r.At(later, zone)
		if r.Mode == model.ExpireNever {
			if !end.IsZero() {
				rt.Fatalf("never ends %s", end)
			}
		} else {
			tomorrow := model.DayOf(from, zone).AddDays(1).Start(zone)
			if end.Before(tomorrow) || !end.Equal(model.DayOf(end, zone).Start(zone)) || end2.Before(end) {
				rt.Fatalf("%s: from %s ends %s; from %s ends %s", r, from, end, later, end2)
			}
		}
		last := model.DayOf(end.Add(-time.Nanosecond), zone)
		switch {
		case r.Mode == model.ExpireAfterDays && last.Sub(model.DayOf(from, zone)) != r.N:
			rt.Fatalf("%s: last day %s", r, last)
		case r.Mode == model.ExpireMonthEnd && last.AddDays(1).DayOfMonth() != 1:
			rt.Fatalf("%s: last day %s is no end of a month", r, last)
		case r.Mode == model.ExpireYearEnd && last.String()[4:] != "-12-31":
			rt.Fatalf("%s: last day %s is no end of a year", r, last)
		}
		again, err := model.ParseExpiryRule(r.String())
		if err != nil || again != r {
			rt.Fatalf("%+v is written %q and read as %+v, %v", r, r, again, err)
		}
	})
}

func TestParseExpiryRuleRefuses(t *testing.T) {
	for _, s := range []string{"", "never:1", "days", "days:", "days:0", "days:-1", "days:+1", "days:3661", "days:1.5", "days:1e2", "days:\uff13\uff16", "months:0",
		"months:121", "month_end:-1", "month_end:x", "month_end:", "year_end:11", "date", "date:2027-02-30", "date:1999-12-31",
		"date:2027-3-1", "weeks:2", "DAYS:1", "days:99999999999999999999", " days:1"} {
		if r, err := model.ParseExpiryRule(s); !errors.Is(err, model.ErrExpiryRule) {
			t.Errorf("%q is read as %+v, %v", s, r, err)
		}
	}
}
