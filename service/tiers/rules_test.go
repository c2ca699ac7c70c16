package tiers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
)

func at(day string) time.Time {
	d, err := model.ParseDay(day)
	if err != nil {
		panic(err)
	}
	return d.Start(model.Shanghai)
}

// four is 0, 100, 500 and 1000.
var four = ladder{{ID: 1, Threshold: 0}, {ID: 2, Threshold: 100}, {ID: 3, Threshold: 500}, {ID: 4, Threshold: 1000}}

func scheme(onEnd model.TierOnEnd) model.TierScheme {
	return model.TierScheme{ID: 1, Metric: model.TierByMoney, Period: model.TierRolling, KeepMonths: 12, OnEnd: onEnd, GraceDays: 10, WarnDays: 30}
}

func TestWindows(t *testing.T) {
	day := func(s string) model.Day {
		d, err := model.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	tests := []struct {
		day, rolling, calendar, keepRolling, keepCalendar string
	}{
		{"2026-11-21", "2025-11-21", "2026-01-01", "2025-11-21", "2026-01-01"},
		{"2026-01-01", "2025-01-01", "2026-01-01", "2025-01-01", "2025-01-01"}, // a level that ends on New Year's Day is kept by the old year
		{"2028-02-29", "2027-02-28", "2028-01-01", "2027-02-28", "2028-01-01"},
		{"2026-12-31", "2025-12-31", "2026-01-01", "2025-12-31", "2026-01-01"},
	}
	for _, tt := range tests {
		d := day(tt.day)
		have := []string{windowStart(model.TierRolling, d).String(), windowStart(model.TierCalendar, d).String(),
			keepStart(model.TierRolling, d).String(), keepStart(model.TierCalendar, d).String()}
		if want := []string{tt.rolling, tt.calendar, tt.keepRolling, tt.keepCalendar}; !slices.Equal(have, want) {
			t.Errorf("windows of %s = %v, want %v", tt.day, have, want)
		}
	}
	for _, tt := range []struct {
		from   string
		months int
		period model.TierPeriod
		want   string
	}{
		{"2026-11-21", 12, model.TierRolling, "2027-11-21"},
		{"2027-08-31", 6, model.TierRolling, "2028-02-29"},
		{"2026-06-15", 12, model.TierCalendar, "2028-01-01"},
		{"2026-01-01", 12, model.TierCalendar, "2027-01-01"},
		{"2027-12-31", 1, model.TierCalendar, "2029-01-01"},
	} {
		s := model.TierScheme{Period: tt.period, KeepMonths: tt.months}
		if have := validity(s, day(tt.from)).String(); have != tt.want {
			t.Errorf("a level of %s for %d months, %s, ends on %s, want %s", tt.from, tt.months, tt.period, have, tt.want)
		}
	}
}

func TestJudge(t *testing.T) {
	end := at("2026-11-21")
	// gold is level 2 (500), earned with 600 a year before its end.
	gold := standing{level: 2, since: at("2025-11-21"), validUntil: end, basis: basis{600, at("2024-11-21"), at("2025-11-21")}}
	with := func(f func(st *standing)) standing { st := gold; f(&st); return st }
	locked := func(until time.Time) standing {
		return with(func(st *standing) { st.lockedUntil = &until; st.validUntil = until; st.basis.metric = 0 })
	}
	tests := []struct {
		name         string
		onEnd        model.TierOnEnd
		st           standing
		metric, keep int64
		now          string
		level        int
		reason       model.TierReason
		until        string // of the level, when there is a reason
		missing      int64  // of a warning
	}{
		{"rises to what the metric supports", model.TierOneStep, standing{}, 1000, 0, "2026-05-05", 3, model.TierQualified, "2027-05-06", 0},
		{"passes levels", model.TierOneStep, standing{level: 1}, 999, 0, "2026-05-05", 2, model.TierQualified, "2027-05-06", 0},
		{"stays below a threshold", model.TierOneStep, standing{}, 99, 0, "2026-05-05", 0, "", "", 0},
		{"does not fall while the level is valid", model.TierByMetric, gold, 0, 0, "2026-10-01", 2, "", "", 0},
		{"is warned once it ends soon", model.TierByMetric, gold, 0, 420, "2026-10-22", 2, "", "", 80},
		{"is not warned a day earlier", model.TierByMetric, gold, 0, 420, "2026-10-21", 2, "", "", 0},
		{"is not warned with the threshold met", model.TierByMetric, gold, 0, 500, "2026-10-22", 2, "", "", 0},
		{"is not warned where nobody falls", model.TierKeep, gold, 0, 420, "2026-10-22", 2, "", "", 0},
		{"is not warned twice", model.TierByMetric, with(func(st *standing) { st.warnedUntil = &end }), 0, 420, "2026-10-22", 2, "", "", 0},
		{"is kept with the threshold met", model.TierByMetric, gold, 0, 500, "2026-11-21", 2, model.TierKept, "2027-11-21", 0},
		{"is kept when the evaluation is late", model.TierByMetric, gold, 0, 500, "2027-02-03", 2, model.TierKept, "2027-11-21", 0},
		{"is kept when the evaluation is a year late", model.TierByMetric, gold, 0, 500, "2027-12-03", 2, model.TierKept, "2028-12-04", 0},
		{"has the days of grace", model.TierByMetric, with(func(st *standing) { st.warnedUntil = &end }), 0, 499, "2026-11-30", 2, "", "", 0},
		{"is kept within the grace", model.TierByMetric, gold, 0, 500, "2026-11-30", 2, model.TierKept, "2027-11-21", 0},
		{"falls after the grace to what the metric supports", model.TierByMetric, gold, 0, 20, "2026-12-01", 0, model.TierDowngraded, "9999-12-31", 0},
		{"falls one step", model.TierOneStep, gold, 0, 20, "2026-12-01", 1, model.TierDowngraded, "2027-12-02", 0},
		{"never falls where the scheme says so", model.TierKeep, gold, 0, 0, "2026-11-21", 2, model.TierKept, "2027-11-21", 0},
		{"rises rather than falls at the end", model.TierByMetric, gold, 1000, 0, "2026-12-01", 3, model.TierQualified, "2027-12-02", 0},
		{"keeps a level whose refund left enough", model.TierByMetric, with(func(st *standing) { st.refunded = 100 }), 0, 0, "2026-05-05", 2, "", "", 0},
		{"loses a level whose money went back", model.TierByMetric, with(func(st *standing) { st.refunded = 101 }), 499, 0, "2026-05-05", 1, model.TierRefunded, "2027-05-06", 0},
		{"keeps it when other money has earned it since", model.TierByMetric, with(func(st *standing) { st.refunded = 600 }), 500, 0, "2026-05-05", 2, "", "", 0},
		{"falls at the end because of a refund", model.TierByMetric, with(func(st *standing) { st.refunded = 90 }), 0, 420, "2026-12-01", 1, model.TierRefunded, "2027-12-02", 0},
		{"is fixed by staff against falling", model.TierByMetric, locked(at("2027-01-01")), 0, 0, "2026-12-31", 2, "", "", 0},
		{"is fixed by staff against rising", model.TierByMetric, locked(at("2027-01-01")), 5000, 0, "2026-12-31", 2, "", "", 0},
		{"falls after the lock and the grace", model.TierByMetric, locked(at("2027-01-01")), 0, 0, "2027-01-11", 0, model.TierDowngraded, "9999-12-31", 0},
		{"rises after the lock", model.TierByMetric, locked(at("2027-01-01")), 1000, 0, "2027-01-01", 3, model.TierQualified, "2028-01-02", 0},
	}
	for _, tt := range tests {
		v := judge(four, scheme(tt.onEnd), tt.st, tt.metric, tt.keep, at(tt.now))
		if v.next.level != tt.level || v.reason != tt.reason || v.missing != tt.missing || v.warn != (tt.missing > 0) {
			t.Errorf("%s: level %d %q, missing %d; want %d %q, %d", tt.name, v.next.level, v.reason, v.missing, tt.level, tt.reason, tt.missing)
		}
		if until := dayOf(v.next.validUntil).String(); tt.reason != "" && until != tt.until {
			t.Errorf("%s: valid until %s, want %s", tt.name, until, tt.until)
		}
	}
}

// Whatever happens, a judgement moves within the ladder, up only with the metric, down only when time or money is gone; and a second
// judgement at the same instant changes nothing.
func TestJudgeSettles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := ladder{{ID: 1}}
		for i, n := 0, rapid.IntRange(0, 6).Draw(t, "levels"); i < n; i++ {
			l = append(l, model.TierLevel{ID: model.TierLevelID(i + 2), Threshold: l[i].Threshold + rapid.Int64Range(1, 500).Draw(t, "step")})
		}
		s := model.TierScheme{ID: 1,
			Period:     rapid.SampledFrom([]model.TierPeriod{model.TierRolling, model.TierCalendar}).Draw(t, "period"),
			OnEnd:      rapid.SampledFrom([]model.TierOnEnd{model.TierKeep, model.TierOneStep, model.TierByMetric}).Draw(t, "on end"),
			KeepMonths: rapid.IntRange(1, 30).Draw(t, "months"), GraceDays: rapid.IntRange(0, 40).Draw(t, "grace"), WarnDays: rapid.IntRange(0, 40).Draw(t, "warn")}
		now := at("2026-11-21").Add(time.Duration(rapid.Int64Range(0, 400*24).Draw(t, "hours")) * time.Hour)
		instant := func(name string) time.Time {
			return now.Add(time.Duration(rapid.Int64Range(-900*24, 900*24).Draw(t, name)) * time.Hour)
		}
		st := standing{level: rapid.IntRange(0, len(l)-1).Draw(t, "level"), since: instant("since"), validUntil: model.Never,
			basis: basis{metric: rapid.Int64Range(0, 3000).Draw(t, "basis")}, refunded: rapid.Int64Range(0, 500).Draw(t, "refunded")}
		if st.level > 0 {
			st.validUntil = dayOf(instant("until")).Start(model.Shanghai)
		}
		if rapid.Bool().Draw(t, "locked") {
			until := instant("lock")
			st.lockedUntil = &until
		}
		metric, keep := rapid.Int64Range(0, 4000).Draw(t, "metric"), rapid.Int64Range(0, 4000).Draw(t, "keep")
		v := judge(l, s, st, metric, keep, now)
		to := v.next.level
		switch {
		case st.locked(now) && (v.reason != "" || v.warn):
			t.Fatalf("a locked member was judged: %+v", v)
		case to < 0 || to >= len(l):
			t.Fatalf("level %d of %d", to, len(l))
		case to > st.level && (v.reason != model.TierQualified || metric < l[to].Threshold):
			t.Fatalf("rose to %d with %d: %+v", l[to].Threshold, metric, v)
		case to < st.level && v.reason == model.TierDowngraded && now.Before(graceEnd(s, st.validUntil)):
			t.Fatalf("fell within its time: %+v", v)
		case to < st.level && s.OnEnd == model.TierKeep && v.reason != model.TierRefunded:
			t.Fatalf("fell where nobody falls: %+v", v)
		case v.reason != "" && to > 0 && !v.next.validUntil.After(now):
			t.Fatalf("a level that begins has ended: %+v", v)
		case (to == 0) != v.next.validUntil.Equal(model.Never):
			t.Fatalf("level %d until %s", to, v.next.validUntil)
		}
		// After a move of its own kind nothing more follows from the same figures, unless the new level may be lost by its own rules.
		if again := judge(l, s, v.next, metric, keep, now); again.warn && v.warn || v.reason == model.TierKept && again.reason != "" {
			t.Fatalf("judged again: %+v after %+v", again, v)
		}
	})
}

func TestParseShares(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string // "" is refused
	}{
		{"80,16,3.2,0.8", "[800000 160000 32000 8000]"},
		{" 50 , 50 ", "[500000 500000]"},
		{"100", "[1000000]"},
		{"99.9999,0.0001", "[999999 1]"},
		{"80,16,3.2,0.9", ""}, {"80,20,0", ""}, {"", ""}, {"80,,20", ""}, {"120,-20", ""}, {"80,2e1", ""}, {"80,20.", ""}, {"80,.5,19.5", ""},
		{"80,19.99999,0.00001", ""}, {"８0,20", ""}, {"99999999999999999999,1", ""}, {strings.Repeat("4,", 20) + "20", ""},
	} {
		shares, err := ParseShares(tt.text)
		if have := fmt.Sprint(shares); err == nil && have != tt.want || err != nil && tt.want != "" {
			t.Errorf("ParseShares(%q) = %v, %v, want %q", tt.text, have, err, tt.want)
		}
	}
}

func TestThresholds(t *testing.T) {
	upTo := func(n int64) (out []int64) {
		for i := range n {
			out = append(out, (i+1)*100)
		}
		return out
	}
	for _, tt := range []struct {
		name    string
		metrics []int64
		shares  string
		want    []int64
		counts  []int64
	}{
		{"exact shares, round thresholds", upTo(1000), "80,16,3.2,0.8", []int64{0, 80100, 96100, 99300}, []int64{800, 160, 32, 8}},
		{"roundest number of the gap", []int64{1, 2, 3, 980, 5200, 7000}, "50,50", []int64{0, 500}, []int64{3, 3}},
		{"ties that are nearer together above", []int64{0, 5, 5, 5, 5, 9}, "40,60", []int64{0, 5}, []int64{1, 5}},
		{"ties that are nearer together below", []int64{0, 5, 5, 5, 5, 9}, "80,20", []int64{0, 6}, []int64{5, 1}},
		{"ties as near go below", []int64{5, 5, 9, 9}, "75,25", []int64{0, 10}, []int64{4, 0}},
		{"most bought nothing", []int64{0, 0, 0, 0, 0, 0, 0, 7, 8, 9}, "20,60,20", []int64{0, 5, 8}, []int64{7, 1, 2}},
		{"nobody bought", []int64{0, 0, 0}, "50,50", []int64{0, 1}, []int64{3, 0}},
		{"nobody at all", nil, "50,30,20", []int64{0, 1, 2}, []int64{0, 0, 0}},
		{"fewer members than levels", []int64{10, 20}, "80,16,3.2,0.8", nil, []int64{2, 0, 0, 0}},
	} {
		shares, err := ParseShares(tt.shares)
		if err != nil {
			t.Fatal(err)
		}
		have := thresholds(tt.metrics, shares)
		if tt.want != nil && !slices.Equal(have, tt.want) {
			t.Errorf("%s: thresholds %v, want %v", tt.name, have, tt.want)
		}
		if counts := countBy(have, tt.metrics); !slices.Equal(counts, tt.counts) {
			t.Errorf("%s: %v members by %v, want %v", tt.name, counts, have, tt.counts)
		}
	}
}

func countBy(thresholds, metrics []int64) []int64 {
	l := make(ladder, len(thresholds))
	for i, v := range thresholds {
		l[i].Threshold = v
	}
	out := make([]int64, len(l))
	for _, m := range metrics {
		out[l.supported(m)]++
	}
	return out
}

// Thresholds rise, do not depend on the order of members, and no threshold comes nearer to the asked share of one boundary.
func TestThresholdsAreNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		metrics := rapid.SliceOfN(rapid.Int64Range(0, rapid.Int64Range(0, 60).Draw(t, "most")), 0, 80).Draw(t, "metrics")
		first := rapid.Int64Range(1, shareUnit-1).Draw(t, "share")
		shares := []int64{first, shareUnit - first}
		have := thresholds(metrics, shares)
		if shuffled := rapid.Permutation(metrics).Draw(t, "shuffled"); !slices.Equal(thresholds(shuffled, shares), have) {
			t.Fatal("the order of members matters")
		}
		off := func(threshold int64) int64 {
			n := int64(len(metrics))
			want := (n*shares[1] + shareUnit/2) / shareUnit
			d := countBy([]int64{0, threshold}, metrics)[1] - want
			return max(d, -d)
		}
		if have[0] != 0 || have[1] < 1 {
			t.Fatalf("thresholds %v", have)
		}
		for v := int64(1); v < 70; v++ {
			if off(v) < off(have[1]) {
				t.Fatalf("%d is nearer to %s than %d for %v", v, percent(shares[1]), have[1], metrics)
			}
		}
	})
}
