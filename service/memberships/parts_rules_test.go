package memberships

import (
	"testing"

	"huitou/model"
)

// What becomes of a card when its member goes into another one who has a card as well.
func TestCardsAreLaidAfterEachOther(t *testing.T) {
	day := func(s string) model.Day {
		d, err := model.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	period := func(from, to string, unit model.PlanUnit, anchor int) model.MembershipPeriod {
		p := model.MembershipPeriod{FromDay: day(from), ToDay: model.Forever, Unit: unit, Anchor: anchor, State: model.PeriodLive}
		if to != "" {
			p.ToDay = day(to)
		}
		return p
	}
	year := period("2026-03-15", "2027-03-15", model.PlanMonths, 15)
	for name, tt := range map[string]struct {
		p        model.MembershipPeriod
		last     *model.MembershipPeriod
		want     fate
		from, to string
	}{
		"nobody else has one":             {year, nil, asItIs, "2026-03-15", "2027-03-15"},
		"begins when the other ends":      {period("2027-03-15", "2027-04-15", model.PlanMonths, 15), &year, asItIs, "2027-03-15", "2027-04-15"},
		"runs while the other runs":       {period("2026-11-01", "2026-12-01", model.PlanDays, 1), &year, restGiven, "2026-11-01", "2026-12-01"},
		"begins while the other runs":     {period("2027-01-31", "2027-02-28", model.PlanMonths, 31), &year, after, "2027-03-15", "2027-04-15"},
		"days begin while the other runs": {period("2027-01-31", "2027-02-10", model.PlanDays, 31), &year, after, "2027-03-15", "2027-03-25"},
		"three months":                    {period("2026-12-31", "2027-03-31", model.PlanMonths, 31), &year, after, "2027-03-15", "2027-06-15"},
		"for life into a year":            {period("2026-01-01", "", model.PlanLifetime, 1), &year, forLife, "2026-01-01", ""},
	} {
		got, at := laid(day("2026-11-21"), tt.p, tt.last)
		to := model.Forever
		if tt.to != "" {
			to = day(tt.to)
		}
		if got != tt.want || at.From != day(tt.from) || at.To != to {
			t.Errorf("%s: %s from %s to %s, want %s from %s to %s", name, got, at.From, at.To, tt.want, tt.from, to)
		}
	}
	life := period("2026-01-01", "", model.PlanLifetime, 1)
	if got, _ := laid(day("2026-11-21"), year, &life); got != forLife {
		t.Errorf("a year into a card for life: %s", got)
	}
}
