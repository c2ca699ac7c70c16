package demoshop

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"huitou/model"
)

var noon = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

func shop(seed uint64) Shop { return Generate(Options{Seed: seed, Now: noon}) }

func TestGenerateIsDeterministic(t *testing.T) {
	if a, b := shop(7), shop(7); !reflect.DeepEqual(a, b) {
		t.Error("two shops with one seed differ")
	}
	if a, b := shop(7), shop(8); reflect.DeepEqual(a.Orders, b.Orders) {
		t.Error("shops with different seeds have the same orders")
	}
}

// Every order of several shops keeps the promises of the types.
func TestGenerateIsConsistent(t *testing.T) {
	for _, o := range []Options{
		{Seed: 1, Now: noon}, {Seed: 2, Now: noon}, {Seed: 3, Members: 1, Months: 1, Now: noon},
		{Seed: 4, Members: 200, Months: 36, Now: time.Date(2026, 3, 31, 16, 0, 1, 0, time.UTC)}, // a second into 1 April in Shanghai
	} {
		s := Generate(o)
		if want := cmp.Or(o.Members, 500); len(s.Members) != want {
			t.Errorf("seed %d: %d members, want %d", o.Seed, len(s.Members), want)
		}
		numbers, phones, ordersSeen := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for i, m := range s.Members {
			if numbers[m.Number] || phones[m.Phone] || len(m.Phone) != 11 || !strings.HasPrefix(m.Phone, "154") || m.Name == "" {
				t.Errorf("seed %d: member %+v is not unique or not whole", o.Seed, m)
			}
			numbers[m.Number], phones[m.Phone] = true, true
			if m.Joined.After(o.Now) || (i > 0 && m.Joined.Before(s.Members[i-1].Joined)) {
				t.Errorf("seed %d: member %s joined out of order or in the future: %s", o.Seed, m.Number, m.Joined)
			}
		}
		for i, x := range s.Orders {
			if ordersSeen[x.Number] {
				t.Errorf("seed %d: order number %s twice", o.Seed, x.Number)
			}
			ordersSeen[x.Number] = true
			if i > 0 && (x.PaidAt.Before(s.Orders[i-1].PaidAt) || x.Number <= s.Orders[i-1].Number) {
				t.Errorf("seed %d: order %s is not sorted", o.Seed, x.Number)
			}
			if x.PaidAt.Before(s.Members[x.Member].Joined) || x.PaidAt.After(o.Now) {
				t.Errorf("seed %d: order %s paid at %s, before its member joined or in the future", o.Seed, x.Number, x.PaidAt)
			}
			if !strings.HasPrefix(x.Number, "SY"+x.PaidAt.In(model.Shanghai).Format("20060102")) {
				t.Errorf("seed %d: order %s was paid on another day: %s", o.Seed, x.Number, x.PaidAt)
			}
			sum := model.Fen(0)
			for _, l := range x.Lines {
				if l.Quantity < 1 || l.PriceFen != s.Goods[l.Good].PriceFen {
					t.Errorf("seed %d: order %s has the line %+v", o.Seed, x.Number, l)
				}
				sum += model.Fen(l.Quantity) * l.PriceFen
			}
			if len(x.Lines) == 0 || sum != x.GoodsFen || x.GoodsFen+x.FreightFen-x.DiscountFen != x.PaidFen || x.PaidFen <= 0 {
				t.Errorf("seed %d: the sums of order %+v are wrong", o.Seed, x)
			}
		}
	}
}

// The figures that the demo shows must look like a real shop's, for more than one lucky seed.
func TestRepurchaseLooksLikeAShop(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12} {
		s := shop(seed)
		between := func(what string, have, low, high float64) {
			t.Helper()
			t.Logf("seed %d: %s %.3f", seed, what, have)
			if have < low || have > high {
				t.Errorf("seed %d: %s is %.3f, want %.2f to %.2f", seed, what, have, low, high)
			}
		}
		buyers, repeaters, orders := rates(s.Orders, func(Order) bool { return true })
		between("user rate", float64(repeaters)/float64(buyers), 0.34, 0.46)
		between("order rate", float64(orders-buyers)/float64(orders), 0.30, 0.50)
		between("share of members who ever bought", float64(buyers)/500, 0.93, 1)

		monthly, months := 0.0, 0
		for m := noon.AddDate(0, -12, 0); m.Before(noon); m = m.AddDate(0, 1, 0) {
			b, r, _ := rates(s.Orders, func(o Order) bool { return !o.PaidAt.Before(m) && o.PaidAt.Before(m.AddDate(0, 1, 0)) })
			monthly, months = monthly+float64(r)/float64(b), months+1
		}
		between("user rate of a month, mean", monthly/float64(months), 0.08, 0.15)
		between("median gap in weeks", median(gaps(s.Orders))/7, 2, 9)

		paid := make([]float64, len(s.Orders))
		mean := 0.0
		for i, o := range s.Orders {
			paid[i] = float64(o.PaidFen) / 100
			mean += paid[i] / float64(len(s.Orders))
		}
		between("median order in yuan", median(paid), 60, 120)
		between("mean to median order", mean/median(paid), 1.05, 1.6) // a long tail to the right
		between("largest customer's orders", float64(largest(s.Orders)), 7, 60)
	}
}

func TestCalendarRhythm(t *testing.T) {
	s := Generate(Options{Seed: 11, Members: 6000, Now: noon})
	byDay := map[string]int{}
	night, weekend := 0, 0
	for _, o := range s.Orders {
		local := o.PaidAt.In(model.Shanghai)
		byDay[local.Format(time.DateOnly)]++
		if local.Hour() < 7 {
			night++
		}
		if d := local.Weekday(); d == time.Saturday || d == time.Sunday {
			weekend++
		}
	}
	if plain, feast := byDay["2025-11-05"]+byDay["2025-11-06"], byDay["2025-11-11"]; feast < plain {
		t.Errorf("双11 2025 has %d orders, two days of the week before have %d", feast, plain)
	}
	if before, in := byDay["2026-02-03"], byDay["2026-02-19"]; in*2 > before {
		t.Errorf("a day in 春节 has %d orders, one of the stocking up before it %d", in, before)
	}
	if share := float64(night) / float64(len(s.Orders)); share > 0.06 {
		t.Errorf("%.2f of the orders are paid at night", share)
	}
	if share := float64(weekend) / float64(len(s.Orders)); share < 0.30 || share > 0.40 {
		t.Errorf("%.2f of the orders are paid at weekends", share)
	}
}

func rates(orders []Order, in func(Order) bool) (buyers, repeaters, count int) {
	n := map[int]int{}
	for _, o := range orders {
		if in(o) {
			n[o.Member]++
			count++
		}
	}
	for _, k := range n {
		if k >= 2 {
			repeaters++
		}
	}
	return len(n), repeaters, count
}

func gaps(orders []Order) (out []float64) {
	last := map[int]time.Time{}
	for _, o := range orders {
		if t, ok := last[o.Member]; ok {
			out = append(out, o.PaidAt.Sub(t).Hours()/24)
		}
		last[o.Member] = o.PaidAt
	}
	return out
}

func largest(orders []Order) int {
	n := map[int]int{}
	for _, o := range orders {
		n[o.Member]++
	}
	best := 0
	for _, k := range n {
		best = max(best, k)
	}
	return best
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
