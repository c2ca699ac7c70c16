package coupons

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/fault"
)

var noon = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

// held is a coupon that is good for a month.
func held(id string, terms model.CouponTerms, cond model.CouponConditions) Candidate {
	return Candidate{ID: model.PublicID(id), CouponTerms: terms, Conditions: ready(cond), UsableFrom: noon, UsableUntil: noon.AddDate(0, 1, 0), LeftFen: math.MaxInt64}
}

func off(fen, threshold model.Fen) model.CouponTerms {
	return model.CouponTerms{Kind: model.CouponAmount, AmountFen: fen, ThresholdFen: threshold}
}

func share(bp model.BasisPoints, limit model.Fen) model.CouponTerms {
	return model.CouponTerms{Kind: model.CouponPercent, PercentOffBP: bp, CapFen: limit}
}

func group(name string) model.CouponConditions { return model.CouponConditions{Group: name} }

func dress(fen model.Fen) Item {
	return Item{SKU: "dress", Category: "服装/女装/连衣裙", Quantity: 1, PriceFen: fen}
}
func toy(fen model.Fen) Item { return Item{SKU: "toy", Category: "玩具", Quantity: 1, PriceFen: fen} }

// story writes a quote in one line: what each coupon does, then what is left to pay.
func story(q Quoted) string {
	var b strings.Builder
	for _, j := range q.Coupons {
		switch {
		case j.Applied:
			fmt.Fprintf(&b, "%s -%d; ", j.ID, j.AppliedFen)
		case j.Refusal == nil:
			fmt.Fprintf(&b, "%s could -%d; ", j.ID, j.AloneFen)
		default:
			f := fault.Of(j.Refusal)
			fmt.Fprintf(&b, "%s %s", j.ID, strings.TrimPrefix(f.Code, "coupons."))
			if missing, ok := f.Detail["missing_fen"]; ok {
				fmt.Fprintf(&b, " by %v", missing)
			}
			b.WriteString("; ")
		}
	}
	return b.String() + fmt.Sprintf("%d", q.PayableFen)
}

func TestQuote(t *testing.T) {
	women := model.CouponConditions{Scope: model.CouponScope{Categories: []string{"服装/女装"}}}
	tests := []struct {
		name string
		cart Cart
		held []Candidate
		want string
	}{
		{"no coupon", Cart{Lines: []Item{dress(1000)}, FreightFen: 500}, nil, "1500"},
		{"a fen below the threshold", Cart{Lines: []Item{dress(4999)}}, []Candidate{held("a", off(1000, 5000), group(""))}, "a below_threshold by 1; 4999"},
		{"at the threshold", Cart{Lines: []Item{dress(5000)}}, []Candidate{held("a", off(1000, 5000), group(""))}, "a -1000; 4000"},
		{"macrozheng/mall#1002, T6: never below nothing", Cart{Lines: []Item{dress(300)}, FreightFen: 100},
			[]Candidate{held("a", off(100_000, 0), group("a")), held("b", off(100_000, 0), group("b")), held("c", share(10_000, 0), group("c"))}, "a -300; b could -300; c could -300; 100"},
		{"vendurehq/vendure#5278: what saves nothing is not attached", Cart{Lines: []Item{dress(9)}},
			[]Candidate{held("a", share(1000, 0), group("a")), held("b", off(9, 0), group("b"))}, "a no_saving; b -9; 0"},
		{"vendurehq/vendure#5278 in company", Cart{Lines: []Item{dress(100)}},
			[]Candidate{held("a", off(100, 0), group("a")), held("b", share(5000, 0), group("b"))}, "a -100; b could -50; 0"},
		{"only the goods in its category, and below it", Cart{Lines: []Item{dress(3000), toy(9000)}}, []Candidate{held("a", off(1000, 4000), women)}, "a below_threshold by 1000; 12000"},
		{"no such goods", Cart{Lines: []Item{toy(9000)}}, []Candidate{held("a", off(1000, 0), women)}, "a wrong_scope; 9000"},
		{"a category is no prefix of letters", Cart{Lines: []Item{{SKU: "x", Category: "服装/女装鞋", Quantity: 1, PriceFen: 900}}}, []Candidate{held("a", off(1, 0), women)}, "a wrong_scope; 900"},
		{"listed by SKU, whatever the category", Cart{Lines: []Item{toy(900), dress(100)}},
			[]Candidate{held("a", share(5000, 0), model.CouponConditions{Scope: model.CouponScope{SKUs: []string{"toy"}}})}, "a -450; 550"},
		{"excepted", Cart{Lines: []Item{toy(900), dress(100)}},
			[]Candidate{held("a", share(5000, 0), model.CouponConditions{Scope: model.CouponScope{ExceptCategories: []string{"服装"}}})}, "a -450; 550"},
		{"excepted goods of a listed category", Cart{Lines: []Item{dress(900)}},
			[]Candidate{held("a", share(5000, 0), model.CouponConditions{Scope: model.CouponScope{Categories: []string{"服装"}, ExceptSKUs: []string{"dress"}}})}, "a wrong_scope; 900"},
		{"another store", Cart{Lines: []Item{dress(900)}, Store: "sh-02"}, []Candidate{held("a", off(100, 0), model.CouponConditions{Stores: []string{"sh-01"}})}, "a wrong_store; 900"},
		{"nobody said which store", Cart{Lines: []Item{dress(900)}}, []Candidate{held("a", off(100, 0), model.CouponConditions{Stores: []string{"sh-01"}})}, "a wrong_store; 900"},
		{"its store", Cart{Lines: []Item{dress(900)}, Store: "sh-01"}, []Candidate{held("a", off(100, 0), model.CouponConditions{Stores: []string{"sh-01"}})}, "a -100; 800"},
		{"one of a group", Cart{Lines: []Item{dress(9000)}}, []Candidate{held("a", off(100, 0), group("g")), held("b", off(200, 0), group("g"))}, "a could -100; b -200; 8800"},
		{"groups together", Cart{Lines: []Item{dress(9000)}}, []Candidate{held("a", off(100, 0), group("g")), held("b", off(200, 0), group("h"))}, "a -100; b -200; 8700"},
		{"alone beats together", Cart{Lines: []Item{dress(9000)}},
			[]Candidate{held("a", off(100, 0), group("g")), held("b", off(200, 0), group("h")), held("c", off(301, 0), group(""))}, "a could -100; b could -200; c -301; 8699"},
		{"together beats alone", Cart{Lines: []Item{dress(9000)}},
			[]Candidate{held("a", off(100, 0), group("g")), held("b", off(200, 0), group("h")), held("c", off(299, 0), group(""))}, "a -100; b -200; c could -299; 8700"},
		{"cubecart/v6#1997: an amount before a share", Cart{Lines: []Item{dress(10_000)}},
			[]Candidate{held("a", share(5000, 0), group("g")), held("b", off(2000, 0), group("h"))}, "a -4000; b -2000; 4000"},
		{"but priority first", Cart{Lines: []Item{dress(10_000)}},
			[]Candidate{held("a", share(5000, 0), model.CouponConditions{Group: "g", Priority: 1}), held("b", off(2000, 0), group("h"))}, "a -5000; b -2000; 3000"},
		{"a threshold is not undercut by another coupon", Cart{Lines: []Item{dress(5000)}},
			[]Candidate{held("a", off(1000, 5000), group("g")), held("b", off(1000, 5000), group("h"))}, "a -1000; b -1000; 3000"},
		{"member price first, and it counts for the threshold", Cart{Lines: []Item{dress(5000)}, MemberOffBP: 1000},
			[]Candidate{held("a", off(1000, 5000), group("")), held("b", share(5000, 0), group(""))}, "a below_threshold by 500; b -2250; 2250"},
		{"an exchange coupon gives the dearest piece", Cart{Lines: []Item{{SKU: "dress", Quantity: 3, PriceFen: 700}, {SKU: "dress", Quantity: 1, PriceFen: 650}}},
			[]Candidate{held("a", model.CouponTerms{Kind: model.CouponExchange}, model.CouponConditions{Scope: model.CouponScope{SKUs: []string{"dress"}}})}, "a -700; 2050"},
		{"up to its cap", Cart{Lines: []Item{dress(700)}},
			[]Candidate{held("a", model.CouponTerms{Kind: model.CouponExchange, CapFen: 500}, model.CouponConditions{Scope: model.CouponScope{SKUs: []string{"dress"}}})}, "a -500; 200"},
		{"freight beside goods", Cart{Lines: []Item{dress(700)}, FreightFen: 800},
			[]Candidate{held("a", model.CouponTerms{Kind: model.CouponFreight, CapFen: 600}, group("freight")), held("b", off(700, 0), group("g"))}, "a -600; b -700; 200"},
		{"a card that bears the freight spares the coupon", Cart{Lines: []Item{dress(700)}, FreightFen: 800, FreeFreight: true},
			[]Candidate{held("a", model.CouponTerms{Kind: model.CouponFreight, CapFen: 600}, group("freight")), held("b", off(600, 0), group("g"))}, "a no_saving; b -600; 100"},
		{"a card bears a thousand yuan of the freight, the coupon the rest", Cart{Lines: []Item{dress(700)}, FreightFen: model.MaxCardFreight + 800, FreeFreight: true},
			[]Candidate{held("a", model.CouponTerms{Kind: model.CouponFreight, CapFen: 600}, group("freight"))}, "a -600; 900"},
		{"a card bears a thousand yuan to the fen", Cart{Lines: []Item{dress(700)}, FreightFen: model.MaxCardFreight, FreeFreight: true}, nil, "700"},
		{"no freight to take off", Cart{Lines: []Item{dress(700)}}, []Candidate{held("a", model.CouponTerms{Kind: model.CouponFreight}, group("freight"))}, "a no_saving; 700"},
		{"equal savings: the sooner end", Cart{Lines: []Item{dress(700)}}, []Candidate{
			held("a", off(100, 0), group("g")), {ID: "b", CouponTerms: off(100, 0), Conditions: ready(group("g")), UsableFrom: noon, UsableUntil: noon.Add(time.Hour), LeftFen: 100}},
			"a could -100; b -100; 600"},
		{"then the smaller face value", Cart{Lines: []Item{dress(100)}}, []Candidate{held("a", off(900, 0), group("")), held("b", off(500, 0), group(""))}, "a could -100; b -100; 0"},
		{"then the smaller id", Cart{Lines: []Item{dress(900)}}, []Candidate{held("b", off(500, 0), group("")), held("a", off(500, 0), group(""))}, "b could -500; a -500; 400"},
		{"the budget does not cover it", Cart{Lines: []Item{dress(900)}},
			[]Candidate{{ID: "a", CouponTerms: off(500, 0), Conditions: plain, UsableFrom: noon, UsableUntil: noon.Add(1), LeftFen: 499}}, "a budget_spent; 900"},
		{"ended an instant ago", Cart{Lines: []Item{dress(900)}},
			[]Candidate{{ID: "a", CouponTerms: off(500, 0), Conditions: plain, UsableFrom: noon.Add(-1), UsableUntil: noon, LeftFen: 500}}, "a expired; 900"},
		{"begins in an instant", Cart{Lines: []Item{dress(900)}},
			[]Candidate{{ID: "a", CouponTerms: off(500, 0), Conditions: plain, UsableFrom: noon.Add(1), UsableUntil: noon.Add(2), LeftFen: 500}}, "a not_yet_usable; 900"},
		{"locked elsewhere", Cart{Lines: []Item{dress(900)}},
			[]Candidate{{ID: "a", CouponTerms: off(500, 0), Conditions: plain, UsableFrom: noon, UsableUntil: noon.Add(2), LeftFen: 500, Refusal: ErrLocked}}, "a locked; 900"},
		{"left aside by the shopper", Cart{Lines: []Item{dress(900)}},
			[]Candidate{{ID: "a", CouponTerms: off(500, 0), Conditions: plain, UsableFrom: noon, UsableUntil: noon.Add(2), LeftFen: 500, Aside: true}}, "a could -500; 900"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := quote(tt.cart, tt.held, noon)
			if got := story(q); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			adds(t, tt.cart, q)
			if !q.Best {
				t.Error("not said to be the best")
			}
		})
	}
}

// adds checks that a quote's figures add up exactly and that nothing is negative (T6: payable >= 0).
func adds(t testing.TB, cart Cart, q Quoted) {
	t.Helper()
	var gross, member, coupon, payable model.Fen
	perLine := make([]model.Fen, len(cart.Lines))
	for _, j := range q.Coupons {
		if j.Applied != (j.AppliedFen > 0) || j.AppliedFen > j.AloneFen || j.Refusal != nil && (j.Applied || j.AloneFen != 0) {
			t.Errorf("coupon %s: %+v", j.ID, j)
		}
		if j.Shares == nil {
			continue
		}
		sum := model.Fen(0)
		for i, s := range j.Shares {
			if s < 0 {
				t.Errorf("coupon %s takes %d off line %d", j.ID, s, i)
			}
			sum += s
			perLine[i] += s
		}
		if sum != j.AppliedFen {
			t.Errorf("the shares of %s add up to %d, want %d", j.ID, sum, j.AppliedFen)
		}
	}
	for i, l := range q.Lines {
		if l.GrossFen-l.MemberOffFen-l.CouponOffFen != l.PayableFen || l.PayableFen < 0 || l.CouponOffFen != perLine[i] {
			t.Errorf("line %d: %+v, coupons %d", i, l, perLine[i])
		}
		gross, member, coupon, payable = gross+l.GrossFen, member+l.MemberOffFen, coupon+l.CouponOffFen, payable+l.PayableFen
	}
	if gross != q.GoodsFen || member != q.MemberOffFen || coupon != q.CouponOffFen || payable+q.FreightFen-q.MemberFreightFen-q.FreightOffFen != q.PayableFen ||
		q.FreightOffFen < 0 || q.FreightOffFen+q.MemberFreightFen > q.FreightFen || cart.FreeFreight && q.MemberFreightFen != min(cart.FreightFen, model.MaxCardFreight) ||
		!cart.FreeFreight && q.MemberFreightFen != 0 || q.PayableFen < 0 {
		t.Errorf("sums: %+v", q)
	}
}

// The last line takes the remainder, and never more than is left of it.
func TestSplit(t *testing.T) {
	tests := []struct {
		lines []model.Fen
		off   model.Fen
		want  []model.Fen
	}{
		{[]model.Fen{100, 100, 100}, 100, []model.Fen{33, 33, 34}},
		{[]model.Fen{1, 1, 1}, 2, []model.Fen{0, 1, 1}},
		{[]model.Fen{5, 0}, 5, []model.Fen{5, 0}},
		{[]model.Fen{1000, 1}, 500, []model.Fen{499, 1}},
		{[]model.Fen{7}, 3, []model.Fen{3}},
		{[]model.Fen{1, 1, 1, 1, 1}, 4, []model.Fen{0, 1, 1, 1, 1}},
		{[]model.Fen{999_999_999, 1}, 1_000_000_000, []model.Fen{999_999_999, 1}},
	}
	for _, tt := range tests {
		lines, got := slices.Clone(tt.lines), make([]model.Fen, len(tt.lines))
		base, on := model.Fen(0), make([]int, len(tt.lines))
		for i, l := range lines {
			base += l
			on[i] = i
		}
		split(tt.off, base, on, lines, got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("split(%d over %v) = %v, want %v", tt.off, tt.lines, got, tt.want)
		}
		for i := range lines {
			if lines[i] != tt.lines[i]-got[i] {
				t.Errorf("split(%d over %v) leaves %v", tt.off, tt.lines, lines)
			}
		}
	}
}

// carts makes random carts with coupons that get in each other's way: few groups, overlapping scopes, equal worths and ends.
type carts struct{ r *rand.Rand }

func (c carts) cart(lines int) Cart {
	skus, categories := []string{"a", "b", "c", "d"}, []string{"", "x", "x/y", "x/y/z", "v"}
	cart := Cart{FreightFen: []model.Fen{0, 400, model.MaxCardFreight + 800}[c.r.IntN(3)], Store: []string{"", "s1", "s2"}[c.r.IntN(3)], MemberOffBP: model.BasisPoints(c.r.IntN(3) * 333), FreeFreight: c.r.IntN(4) == 0}
	for range lines {
		cart.Lines = append(cart.Lines, Item{SKU: skus[c.r.IntN(4)], Category: categories[c.r.IntN(5)], Quantity: 1 + c.r.Int64N(3), PriceFen: model.Fen(c.r.IntN(2000))})
	}
	return cart
}

func (c carts) coupons(n int) []Candidate {
	list := make([]Candidate, n)
	for i := range list {
		terms := []model.CouponTerms{
			off(model.Fen(1+c.r.IntN(20)*100), 0), share(model.BasisPoints(500+c.r.IntN(9)*1000), model.Fen(c.r.IntN(2)*300)),
			{Kind: model.CouponExchange, CapFen: model.Fen(c.r.IntN(2) * 500)}, {Kind: model.CouponFreight, CapFen: model.Fen(c.r.IntN(2) * 300)},
		}[[]int{0, 0, 0, 1, 1, 2, 3}[c.r.IntN(7)]]
		terms.ThresholdFen = model.Fen(c.r.IntN(4) * 700)
		cond := model.CouponConditions{Group: []string{"", "g1", "g2", "g3", "g4", "g5"}[c.r.IntN(6)], Priority: int64(c.r.IntN(3))}
		switch c.r.IntN(5) {
		case 0:
			cond.Scope.SKUs = []string{"a", "b"}
		case 1:
			cond.Scope.Categories = []string{"x"}
		case 2:
			cond.Scope = model.CouponScope{Categories: []string{"x/y", "v"}, ExceptSKUs: []string{"c"}}
		case 3:
			cond.Stores = []string{"s1"}
		}
		list[i] = held(string(rune('a'+i)), terms, cond)
		list[i].UsableUntil = noon.Add(time.Duration(1+c.r.IntN(3)) * time.Hour)
	}
	c.r.Shuffle(n, func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// reckon takes coupons off a cart the slow, obvious way and returns what each one saves. It shares nothing with the engine but the
// types: eligibility, order and spreading are written anew from the rules.
func reckon(cart Cart, list []Candidate) []int64 {
	rank := map[model.CouponKind]int{model.CouponExchange: 0, model.CouponAmount: 1, model.CouponPercent: 2, model.CouponFreight: 3}
	turn := make([]int, len(list))
	for i := range turn {
		turn[i] = i
	}
	slices.SortFunc(turn, func(x, y int) int {
		a, b := list[x], list[y]
		if f := (a.Kind == model.CouponFreight); f != (b.Kind == model.CouponFreight) {
			if f {
				return 1
			}
			return -1
		}
		if a.Priority != b.Priority {
			return int(b.Priority - a.Priority)
		}
		if rank[a.Kind] != rank[b.Kind] {
			return rank[a.Kind] - rank[b.Kind]
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	left, first := make([]int64, len(cart.Lines)), make([]int64, len(cart.Lines))
	for i, l := range cart.Lines {
		gross := int64(l.PriceFen) * l.Quantity
		first[i] = gross - gross*int64(cart.MemberOffBP)/10_000
		left[i] = first[i]
	}
	freight := int64(cart.FreightFen)
	if cart.FreeFreight {
		freight = max(0, freight-int64(model.MaxCardFreight))
	}
	saved := make([]int64, len(list))
	for _, k := range turn {
		c := list[k]
		if len(c.Stores) > 0 && !slices.Contains(c.Stores, cart.Store) {
			continue
		}
		var on []int
		start, rest := int64(0), int64(0)
		for i, l := range cart.Lines {
			below := func(paths []string) bool {
				return slices.ContainsFunc(paths, func(p string) bool { return l.Category == p || strings.HasPrefix(l.Category, p+"/") })
			}
			s := c.Scope
			in := len(s.SKUs)+len(s.Categories) == 0 || slices.Contains(s.SKUs, l.SKU) || below(s.Categories)
			if in && !slices.Contains(s.ExceptSKUs, l.SKU) && !below(s.ExceptCategories) {
				on = append(on, i)
				start += first[i]
				rest += left[i]
			}
		}
		if len(on) == 0 || start < int64(c.ThresholdFen) {
			continue
		}
		capped := func(n int64) int64 {
			if c.CapFen > 0 {
				return min(n, int64(c.CapFen))
			}
			return n
		}
		switch c.Kind {
		case model.CouponFreight:
			saved[k] = capped(freight)
			freight -= saved[k]
			continue
		case model.CouponExchange:
			dearest := on[0]
			for _, i := range on {
				if first[i]/cart.Lines[i].Quantity > first[dearest]/cart.Lines[dearest].Quantity {
					dearest = i
				}
			}
			saved[k] = capped(min(first[dearest]/cart.Lines[dearest].Quantity, left[dearest]))
			left[dearest] -= saved[k]
			continue
		case model.CouponAmount:
			saved[k] = min(int64(c.AmountFen), rest)
		case model.CouponPercent:
			saved[k] = capped(rest * int64(c.PercentOffBP) / 10_000)
		}
		if saved[k] == 0 {
			continue
		}
		over := saved[k]
		for _, i := range on[:len(on)-1] {
			part := saved[k] * left[i] / rest
			over -= part
			left[i] -= part
		}
		for n := len(on) - 1; n >= 0; n-- {
			part := min(over, left[on[n]])
			over -= part
			left[on[n]] -= part
		}
	}
	return saved
}

// bruteForce tries every subset of the coupons and returns the best legal one as the rules say it: which coupons, and how much.
func bruteForce(cart Cart, list []Candidate) (best []model.PublicID, total int64) {
	type tie struct {
		ends []int64
		face int64
		ids  []model.PublicID
	}
	var bestTie tie
	for set := range 1 << len(list) {
		var some []Candidate
		groups := map[string]int{}
		for i, c := range list {
			if set&(1<<i) != 0 {
				some = append(some, c)
				groups[c.Group]++
			}
		}
		if groups[""] > 0 && bits.OnesCount(uint(set)) > 1 || slices.ContainsFunc(some, func(c Candidate) bool { return groups[c.Group] > 1 }) {
			continue
		}
		sum, idle := int64(0), false
		for _, s := range reckon(cart, some) {
			sum += s
			idle = idle || s == 0
		}
		if idle || sum < total {
			continue
		}
		var t tie
		for _, c := range some {
			t.ends = append(t.ends, c.UsableUntil.UnixMicro())
			t.ids = append(t.ids, c.ID)
			switch {
			case c.Kind == model.CouponAmount:
				t.face += int64(c.AmountFen)
			case c.CapFen > 0:
				t.face += int64(c.CapFen)
			default:
				t.face += int64(model.MaxFen)
			}
		}
		slices.Sort(t.ends)
		slices.Sort(t.ids)
		if sum == total {
			switch {
			case len(t.ids) != len(bestTie.ids):
				if len(t.ids) > len(bestTie.ids) {
					continue
				}
			case slices.Compare(t.ends, bestTie.ends) != 0:
				if slices.Compare(t.ends, bestTie.ends) > 0 {
					continue
				}
			case t.face != bestTie.face:
				if t.face > bestTie.face {
					continue
				}
			case slices.Compare(t.ids, bestTie.ids) >= 0:
				continue
			}
		}
		bestTie, best, total = t, t.ids, sum
	}
	return best, total
}

// The best combination is the one that brute force finds, on 10,000 random carts, and the answer does not hang on the order of the coupons.
func TestBestCombinationIsThatOfBruteForce(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	c := carts{rand.New(rand.NewPCG(seed, 4))}
	several := 0
	for n := range 10_000 {
		cart, list := c.cart(1+c.r.IntN(5)), c.coupons(c.r.IntN(8))
		if n%100 == 0 {
			list = c.coupons(11)
		}
		q := quote(cart, list, noon)
		adds(t, cart, q)
		var got []model.PublicID
		for _, j := range q.Coupons {
			if j.Applied {
				got = append(got, j.ID)
			}
		}
		slices.Sort(got)
		want, total := bruteForce(cart, list)
		if int64(q.CouponOffFen+q.FreightOffFen) != total || !slices.Equal(got, want) {
			t.Fatalf("seed %d, cart %d: %v save %d, brute force %v save %d\n%+v\n%+v", seed, n, got, q.CouponOffFen+q.FreightOffFen, want, total, cart, list)
		}
		if len(got) > 1 {
			several++
		}
		again := slices.Clone(list)
		c.r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		if p := quote(cart, again, noon); p.PayableFen != q.PayableFen || !slices.Equal(p.Lines, q.Lines) {
			t.Fatalf("seed %d, cart %d: another order of the coupons gives another quote", seed, n)
		}
	}
	if several < 1000 {
		t.Errorf("only %d of the carts took more than one coupon: the test tests little", several)
	}
}

// Of more coupons than are tried in every combination the one made is legal, adds up, and is no worse than any coupon alone.
func TestManyCoupons(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	c := carts{rand.New(rand.NewPCG(seed, 5))}
	for range 500 {
		cart, list := c.cart(1+c.r.IntN(10)), c.coupons(20+c.r.IntN(31))
		q := quote(cart, list, noon)
		adds(t, cart, q)
		groups := map[string]bool{}
		applied := 0
		for i, j := range q.Coupons {
			if j.AloneFen > q.CouponOffFen+q.FreightOffFen {
				t.Fatalf("seed %d: %s alone saves %d, the combination %d", seed, j.ID, j.AloneFen, q.CouponOffFen+q.FreightOffFen)
			}
			if !j.Applied {
				continue
			}
			applied++
			if groups[list[i].Group] {
				t.Fatalf("seed %d: two coupons of group %q", seed, list[i].Group)
			}
			groups[list[i].Group] = true
		}
		if groups[""] && applied > 1 {
			t.Fatalf("seed %d: a coupon that is used alone is used with others", seed)
		}
	}
}

// The bad carts of issue 4 are refused by name, and a million lines cost nothing.
func TestCartFaults(t *testing.T) {
	whole := func(l Item) Cart { return Cart{Lines: []Item{l}} }
	tests := []struct {
		name string
		cart Cart
		want string
	}{
		{"no line", Cart{}, "lines"},
		{"501 lines", Cart{Lines: make([]Item, 501)}, "lines"},
		{"a million lines", Cart{Lines: make([]Item, 1_000_000)}, "lines"},
		{"quantity zero", whole(Item{PriceFen: 100}), "lines[0].quantity"},
		{"quantity negative", whole(Item{PriceFen: 100, Quantity: -1}), "lines[0].quantity"},
		{"quantity huge", whole(Item{PriceFen: 100, Quantity: math.MaxInt64}), "lines[0].quantity"},
		{"price negative", whole(Item{PriceFen: -1, Quantity: 1}), "lines[0].price_fen"},
		{"price huge", whole(Item{PriceFen: math.MaxInt64, Quantity: 1}), "lines[0].price_fen"},
		{"worth nothing", whole(Item{Quantity: 1}), "lines"},
		{"worth too much together", whole(Item{PriceFen: model.MaxFen, Quantity: 2}), "lines"},
		{"freight negative", Cart{Lines: []Item{dress(1)}, FreightFen: -1}, "freight_fen"},
		{"freight huge", Cart{Lines: []Item{dress(1)}, FreightFen: model.MaxFen + 1}, "freight_fen"},
		{"control character in a SKU", whole(Item{SKU: "a\x00", Quantity: 1, PriceFen: 1}), "lines[0].sku"},
		{"store that is none", Cart{Lines: []Item{dress(1)}, Store: "a b"}, "store"},
		{"good", Cart{Lines: slices.Repeat([]Item{dress(1)}, 500)}, ""},
	}
	for _, tt := range tests {
		var fields []string
		for _, f := range tt.cart.faults() {
			fields = append(fields, f.Name)
		}
		if got := strings.Join(fields, " "); got != tt.want {
			t.Errorf("%s: faults of %q, want %q", tt.name, got, tt.want)
		}
	}
	if n := testing.AllocsPerRun(10, func() { _ = (Cart{Lines: million}).faults() }); n > 10 {
		t.Errorf("refusing a million lines allocates %v times", n)
	}
}

var million = make([]Item, 1_000_000)

// BenchmarkQuote is the figure of issue 4: 50 held coupons and a cart of 30 lines.
func BenchmarkQuote(b *testing.B) {
	c := carts{rand.New(rand.NewPCG(4, 4))}
	cart := c.cart(30)
	cart.Store = "s1"
	many := c.coupons(50)
	twelve := make([]Candidate, 0, 50)
	for i := range 50 { // twelve that all go together, and those that do not
		k := off(model.Fen(100+i*7), 0)
		if i%3 == 0 {
			k = share(model.BasisPoints(300+i*11), 0)
		}
		cond := group("")
		if i < 12 {
			cond = model.CouponConditions{Group: fmt.Sprint("g", i), Priority: int64(i % 4), Scope: model.CouponScope{Categories: []string{"x"}}}
		}
		twelve = append(twelve, held(fmt.Sprintf("c%02d", i), k, cond))
	}
	var equal []Candidate // nothing can be left untried: all saves as much as any part of it
	for i := range 50 {
		cond := group("")
		if i < 12 {
			cond = group(fmt.Sprint("g", i))
		}
		equal = append(equal, held(fmt.Sprintf("c%02d", i), off(model.MaxFen, 0), cond))
	}
	var halves []Candidate // each takes from what the ones before it left
	for i := range 50 {
		cond := group("")
		if i < 12 {
			cond = group(fmt.Sprint("g", i))
		}
		halves = append(halves, held(fmt.Sprintf("c%02d", i), share(model.BasisPoints(1500+i*13), 0), cond))
	}
	for _, bb := range []struct {
		name string
		held []Candidate
	}{{"mixed", many}, {"twelve-groups", twelve}, {"all-equal", equal}, {"shares-of-shares", halves}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				quote(cart, bb.held, noon)
			}
		})
	}
}

func TestQuoteSaysNothingOfOthers(t *testing.T) {
	// T9: another member's coupon is not a candidate; a refusal names only the coupon itself.
	if err := about(ErrLocked, "123"); !errors.Is(err, ErrLocked) || fault.Of(err).Detail["coupon"] != "123" {
		t.Errorf("about = %v", err)
	}
}
