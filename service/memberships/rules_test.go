package memberships

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
)

// date is a day of a plain calendar that knows nothing of package time.
type date struct{ y, m, d int }

func leap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

func daysIn(y, m int) int {
	if m == 2 && leap(y) {
		return 29
	}
	return [...]int{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[m]
}

// after counts months and keeps the day of the month, or takes the last one.
func (a date) after(months int) date {
	n := a.y*12 + a.m - 1 + months
	y, m := n/12, n%12+1
	return date{y, m, min(a.d, daysIn(y, m))}
}

func (a date) next() date {
	switch {
	case a.d < daysIn(a.y, a.m):
		return date{a.y, a.m, a.d + 1}
	case a.m < 12:
		return date{a.y, a.m + 1, 1}
	}
	return date{a.y + 1, 1, 1}
}

func (a date) day() model.Day { return model.NewDay(a.y, time.Month(a.m), a.d) }

// T38: from every day of eight years, monthly renewals for five years, each made on the last possible day, on the day before,
// or long ahead, end where a plain calendar counts them from the first day; so do plans of several months.
func TestT38_RenewalsFollowTheCalendar(t *testing.T) {
	n := 0
	for start := (date{2024, 1, 1}); start.y < 2032; start = start.next() {
		n++
		for _, length := range []int{1, 2, 3, 5, 6, 12, 24} {
			var last *model.MembershipPeriod
			for k := 1; k*length <= 60; k++ {
				today := start.day() // long ahead: all bought on the first day
				if last != nil && k%2 == 0 {
					today = last.ToDay.AddDays(-1) // on the last day that is paid for
				}
				if last != nil && k%3 == 0 {
					today = last.ToDay // on the first day that is not
				}
				from, anchor := next(today, last)
				p := model.MembershipPeriod{FromDay: from, Anchor: anchor, Unit: model.PlanMonths, ToDay: end(from, model.PlanMonths, length, anchor)}
				if want := start.after((k - 1) * length).day(); p.FromDay != want {
					t.Fatalf("start %v, %d months, renewal %d begins on %s, want %s", start, length, k, p.FromDay, want)
				}
				if want := start.after(k * length).day(); p.ToDay != want {
					t.Fatalf("start %v, %d months, renewal %d ends on %s, want %s", start, length, k, p.ToDay, want)
				}
				last = &p
			}
		}
	}
	if n != 2922 {
		t.Errorf("%d start days, want the 2922 of eight years", n)
	}
}

// Whatever is bought whenever: nothing overlaps, nothing begins before its purchase, nothing bought is lost.
func TestT38_PurchasesInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		today := date{rapid.IntRange(2024, 2031).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month"), 1}.day().
			AddDays(rapid.IntRange(0, 30).Draw(t, "day"))
		var list []model.MembershipPeriod
		for range rapid.IntRange(1, 12).Draw(t, "purchases") {
			today = today.AddDays(rapid.SampledFrom([]int{0, 0, 1, 20, 31, 400}).Draw(t, "wait"))
			var last *model.MembershipPeriod
			if len(list) > 0 {
				last = &list[len(list)-1]
			}
			unit, length := model.PlanDays, rapid.IntRange(1, 400).Draw(t, "length")
			if rapid.Bool().Draw(t, "months") {
				unit, length = model.PlanMonths, length%24+1
			}
			from, anchor := next(today, last)
			p := model.MembershipPeriod{FromDay: from, ToDay: end(from, unit, length, anchor), Unit: unit, Anchor: anchor, State: model.PeriodLive}
			if p.FromDay.Before(today) || !p.FromDay.Before(p.ToDay) {
				t.Fatalf("bought on %s: %s to %s", today, p.FromDay, p.ToDay)
			}
			if last != nil && p.FromDay.Before(last.ToDay) {
				t.Fatalf("%s to %s overlaps %s to %s", p.FromDay, p.ToDay, last.FromDay, last.ToDay)
			}
			if last != nil && today.Before(last.ToDay) && p.FromDay != last.ToDay {
				t.Fatalf("an early renewal lost days: it begins on %s, the last one ends on %s", p.FromDay, last.ToDay)
			}
			if got := p.ToDay.Sub(p.FromDay); unit == model.PlanDays && got != length {
				t.Fatalf("%d days were bought, %d given", length, got)
			}
			if got := p.ToDay.Sub(p.FromDay); unit == model.PlanMonths && got < 28*length {
				t.Fatalf("%d months were bought, %d days given", length, got)
			}
			list = append(list, p)
		}
		for d := list[0].FromDay.AddDays(-1); !list[len(list)-1].ToDay.Before(d); d = d.AddDays(1) {
			held := 0
			for _, p := range list {
				if covers(p, d) {
					held++
				}
			}
			if held > 1 {
				t.Fatalf("%d periods hold on %s", held, d)
			}
		}
	})
}

func TestEndOfMonthAnchor(t *testing.T) {
	day := func(s string) model.Day {
		d, err := model.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	// 31 January -> 28 February -> 31 March (rules.md b5), also when the renewal is made on the very day of the end.
	jan := model.MembershipPeriod{FromDay: day("2027-01-31"), Unit: model.PlanMonths, Anchor: 31, ToDay: end(day("2027-01-31"), model.PlanMonths, 1, 31)}
	if jan.ToDay != day("2027-02-28") {
		t.Errorf("a month from 31 January ends on %s", jan.ToDay)
	}
	from, anchor := next(day("2027-02-28"), &jan)
	if got := end(from, model.PlanMonths, 1, anchor); got != day("2027-03-31") {
		t.Errorf("the renewal ends on %s, want 31 March", got)
	}
	// After a gap, and after a plan of days, a new chain begins.
	if from, anchor = next(day("2027-03-01"), &jan); from != day("2027-03-01") || anchor != 1 {
		t.Errorf("after a gap: %s, anchor %d", from, anchor)
	}
	trial := model.MembershipPeriod{FromDay: day("2027-01-31"), Unit: model.PlanDays, Anchor: 31, ToDay: day("2027-02-07")}
	if from, anchor = next(day("2027-02-01"), &trial); from != day("2027-02-07") || anchor != 7 {
		t.Errorf("after a trial: %s, anchor %d", from, anchor)
	}
	// Leap day.
	if got := end(day("2028-02-29"), model.PlanMonths, 12, 29); got != day("2029-02-28") {
		t.Errorf("a year from 29 February ends on %s", got)
	}
}

func TestWords(t *testing.T) {
	got := inWords(15000, 500, []model.MembershipPlanCoupon{{Quantity: 2}, {Quantity: 1}})
	if want := []string{"会员价 9.5 折", "购物积分 1.5 倍", "每月赠优惠券 3 张"}; !slices.Equal(got, want) {
		t.Errorf("inWords = %v, want %v", got, want)
	}
	if got := inWords(20000, 1250, nil); !slices.Equal(got, []string{"会员价 8.75 折", "购物积分 2 倍"}) {
		t.Errorf("inWords = %v", got)
	}
	if got := inWords(10000, 0, nil); len(got) != 0 {
		t.Errorf("no benefits are %v", got)
	}
	for _, tt := range []struct {
		price model.Fen
		off   model.BasisPoints
		want  model.Fen
	}{{9900, 500, 198000}, {100, 300, 3334}, {1, 9000, 2}, {9900, 0, 0}, {100_000_000, 1, 1_000_000_000_000}} {
		if got := breakEven(tt.price, tt.off); got != tt.want {
			t.Errorf("breakEven(%d, %d) = %d, want %d", tt.price, tt.off, got, tt.want)
		}
	}
	for _, tt := range []struct {
		unit model.PlanUnit
		n    int
		want string
	}{{model.PlanMonths, 1, "1 个月"}, {model.PlanMonths, 12, "1 年"}, {model.PlanDays, 7, "7 天"}, {model.PlanLifetime, 0, "终身"}} {
		if got := lengthInWords(tt.unit, tt.n); got != tt.want {
			t.Errorf("lengthInWords(%s, %d) = %s, want %s", tt.unit, tt.n, got, tt.want)
		}
	}
}
