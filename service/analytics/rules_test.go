package analytics

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"huitou/model"
)

func TestRepurchaseRule(t *testing.T) {
	tests := []struct {
		name                       string
		list                       []frequency
		buyers, repeaters          int64
		orders, repeats            int64
		wantUserRate, wantOrderSum float64
	}{
		{"nobody bought", nil, 0, 0, 0, 0, 0, 0},
		{"everybody bought once", []frequency{{1, 7}}, 7, 0, 7, 0, 0, 0},
		{"everybody came back", []frequency{{3, 4}}, 4, 4, 12, 8, 1, 8.0 / 12},
		{"rules.md 0: five of ten buyers bought again", []frequency{{1, 5}, {2, 5}}, 10, 5, 15, 5, 0.5, 5.0 / 15},
		{"rules.md 0: of 100 trades, 20 people twice, 10 of these a third time", []frequency{{1, 50}, {2, 10}, {3, 10}}, 70, 20, 100, 30, 20.0 / 70, 0.3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := repurchase(tt.list)
			if r.Buyers != tt.buyers || r.RepeatBuyers != tt.repeaters || r.Orders != tt.orders || r.RepeatOrders != tt.repeats {
				t.Errorf("counts = %+v", r)
			}
			if r.UserRate != tt.wantUserRate || r.OrderRate != tt.wantOrderSum {
				t.Errorf("rates = %v by user and %v by order, want %v and %v", r.UserRate, r.OrderRate, tt.wantUserRate, tt.wantOrderSum)
			}
		})
	}
}

// Whatever the purchases, the grouped rule agrees with walking through the orders one by one.
func TestRepurchaseRuleAgreesWithWalking(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders := rapid.SliceOfN(rapid.IntRange(1, 12), 0, 80).Draw(t, "member of each order")
		seen, repeats := map[int]int64{}, int64(0)
		for _, m := range orders {
			if seen[m] > 0 {
				repeats++
			}
			seen[m]++
		}
		members, again := map[int64]int64{}, int64(0)
		for _, n := range seen {
			members[n]++
			if n > 1 {
				again++
			}
		}
		var list []frequency
		for n, k := range members {
			list = append(list, frequency{n, k})
		}
		r := repurchase(list)
		if r.Orders != int64(len(orders)) || r.Buyers != int64(len(seen)) || r.RepeatOrders != repeats || r.RepeatBuyers != again {
			t.Fatalf("grouped %+v, walked %d orders, %d buyers, %d repeat orders, %d repeat buyers", r, len(orders), len(seen), repeats, again)
		}
		if r.UserRate < 0 || r.UserRate > 1 || r.OrderRate < 0 || r.OrderRate >= 1 {
			t.Fatalf("rates out of range: %+v", r)
		}
	})
}

func TestCheckWindow(t *testing.T) {
	day := func(s string) model.Day {
		d, err := model.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	tests := []struct {
		name     string
		from, to model.Day
		want     error
	}{
		{"one day", day("2026-03-01"), day("2026-03-02"), nil},
		{"ten years", day("2016-03-01"), day("2026-03-01"), nil},
		{"ten years from a leap day", day("2016-02-29"), day("2026-02-28"), nil},
		{"a day more than ten years", day("2016-03-01"), day("2026-03-02"), ErrRangeTooLong},
		{"ends where it begins", day("2026-03-01"), day("2026-03-01"), ErrRangeEmpty},
		{"ends before it begins", day("2026-03-02"), day("2026-03-01"), ErrRangeEmpty},
		{"no from", model.Day{}, day("2026-03-01"), ErrDay},
		{"no to", day("2026-03-01"), model.Day{}, ErrDay},
		{"before 1970", day("1969-12-31"), day("1970-01-02"), ErrDay},
		{"from the first day", day("1970-01-01"), day("1970-01-02"), nil},
		{"year 0", day("0000-01-01"), day("0000-01-02"), ErrDay},
		{"past 9999", day("9999-12-30"), model.NewDay(10000, 1, 1), ErrDay},
	}
	for _, tt := range tests {
		if err := checkWindow(tt.from, tt.to); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}
