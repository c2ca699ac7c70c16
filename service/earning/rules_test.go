package earning

import (
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
)

// noon is a Saturday.
var noon = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

// tea is 100 yuan of goods, 80 of green tea and 20 of cups, with 20 yuan off.
func tea() Purchase {
	return Purchase{Member: 1, Kind: model.OrderGoods, PaidAt: noon, Goods: 10_000, Discount: 2_000, Paid: 8_800,
		Lines: []Line{{"T-1", "茶/绿茶", 8_000}, {"C-1", "茶具", 2_000}}}
}

var whole = standing{tier: model.WholeBP, card: model.WholeBP}

func rule(id model.EarningRuleID, kind model.EarningRuleKind, value int64, change func(*Rule)) Rule {
	r := Rule{ID: id, State: model.RuleActive, Terms: Terms{Name: "r", Kind: kind, ToHour: 24}}
	switch kind {
	case model.RuleBase:
		r.PerHundredYuan = model.Points(value)
	case model.RuleMultiplier:
		r.Multiplier = model.BasisPoints(value)
	case model.RuleBonus:
		r.Bonus = model.Points(value)
	}
	if change != nil {
		change(&r)
	}
	return r
}

func rules(list ...Rule) []Rule {
	slices.SortFunc(list, byPriority)
	return list
}

func TestAward(t *testing.T) {
	base, double, bonus := model.RuleBase, model.RuleMultiplier, model.RuleBonus
	tests := []struct {
		name string
		book book
		p    func(p *Purchase)
		st   standing
		used used
		want string
	}{
		{"the shop's ratio on what was paid for goods", book{perYuan: 1}, nil, whole, used{}, "80 base:0=80"},
		{"freight earns nothing", book{perYuan: 1}, func(p *Purchase) { p.Paid += 5_000 }, whole, used{}, "80 base:0=80"},
		{"a card order earns nothing", book{perYuan: 1}, func(p *Purchase) { p.Kind = model.OrderMembership }, whole, used{}, "0"},
		{"an order for points earns nothing", book{perYuan: 1}, func(p *Purchase) { p.Kind = model.OrderPoints }, whole, used{}, "0"},
		{"a coupon that pays all leaves nothing", book{perYuan: 1}, func(p *Purchase) { p.Discount, p.Paid = 10_000, 800 }, whole, used{}, "0"},
		{"a discount on freight too", book{perYuan: 1}, func(p *Purchase) { p.Discount, p.Paid = 10_500, 300 }, whole, used{}, "0"},
		{"less than a point is nothing", book{perYuan: 1}, func(p *Purchase) { p.Lines = nil; p.Goods, p.Discount, p.Paid = 99, 0, 99 }, whole, used{}, "0"},
		{"without lines the whole is one", book{perYuan: 1}, func(p *Purchase) { p.Lines = nil }, whole, used{}, "80 base:0=80"},
		{"excluded SKUs with their share of the discount", book{perYuan: 1, settings: Settings{ExcludeSKUs: []string{"C-1"}}}, nil, whole, used{}, "64 base:0=64"},
		{"an excluded category with those below", book{perYuan: 1, settings: Settings{ExcludeCategories: []string{"茶"}}}, nil, whole, used{}, "16 base:0=16"},
		{"tier, then card, each as a step", book{perYuan: 1}, nil, standing{1, 12_000, 15_000}, used{}, "144 base:0=80 tier:0=16 card:0=48"},
		{"one rounding at the end", book{perYuan: 1}, func(p *Purchase) { p.Lines = nil; p.Goods, p.Discount, p.Paid = 150, 0, 150 },
			standing{1, 15_000, 13_334}, used{}, "3 base:0=1 tier:0=1 card:0=1"}, // 1.5 x 1.5 x 1.3334 = 3.00015; rounding each step would give 1
		{"a base rule in place of the shop's ratio", book{perYuan: 1, rules: rules(rule(7, base, 200, nil))}, nil, whole, used{}, "160 base:7=160"},
		{"the base rule of highest priority", book{perYuan: 1, rules: rules(rule(7, base, 200, nil), rule(8, base, 300, func(r *Rule) { r.Priority = 1 }))}, nil, whole, used{}, "240 base:8=240"},
		{"a base rule for one SKU, the ratio for the rest", book{perYuan: 1, rules: rules(rule(7, base, 500, func(r *Rule) { r.SKUs = []string{"C-1"} }))}, nil, whole, used{}, "144 base:0=64 base:7=80"},
		{"a multiplier for a category and those below", book{perYuan: 1, rules: rules(rule(7, double, 20_000, func(r *Rule) { r.Categories = []string{"茶"} }))}, nil, whole, used{}, "144 base:0=80 campaign:7=64"},
		{"a category is not a prefix", book{perYuan: 1, rules: rules(rule(7, double, 20_000, func(r *Rule) { r.Categories = []string{"茶/绿"} }))}, nil, whole, used{}, "80 base:0=80"},
		{"multipliers without a group stack", book{perYuan: 1, rules: rules(rule(7, double, 20_000, nil), rule(8, double, 15_000, func(r *Rule) { r.Priority = 5 }))}, nil, whole, used{},
			"240 base:0=80 campaign:8=40 campaign:7=120"},
		{"in a group the highest priority, line by line", book{perYuan: 1, rules: rules(
			rule(7, double, 20_000, func(r *Rule) { r.Group = "g" }),
			rule(8, double, 30_000, func(r *Rule) { r.Group, r.Priority, r.SKUs = "g", 9, []string{"C-1"} }))}, nil, whole, used{},
			"176 base:0=80 campaign:7=64 campaign:8=32"},
		{"a bonus once, however many lines", book{perYuan: 1, rules: rules(rule(7, bonus, 50, nil))}, nil, whole, used{}, "130 base:0=80 bonus:7=50"},
		{"a bonus is not multiplied", book{perYuan: 1, rules: rules(rule(7, bonus, 50, nil))}, nil, standing{1, 20_000, model.WholeBP}, used{}, "210 base:0=80 tier:0=80 bonus:7=50"},
		{"a bonus from an amount, a fen short", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.MinFen = 8_001 }))}, nil, whole, used{}, "80 base:0=80"},
		{"a bonus from an amount, reached", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.MinFen = 8_000 }))}, nil, whole, used{}, "130 base:0=80 bonus:7=50"},
		{"the amount is of the goods it is about", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.MinFen, r.SKUs = 6_401, []string{"T-1"} }))}, nil, whole, used{}, "80 base:0=80"},
		{"a bonus outranks a multiplier of its group", book{perYuan: 1, rules: rules(
			rule(7, double, 20_000, func(r *Rule) { r.Group = "g" }), rule(8, bonus, 5, func(r *Rule) { r.Group, r.Priority = "g", 1 }))}, nil, whole, used{}, "85 base:0=80 bonus:8=5"},
		{"first order only, and it is", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.FirstOrder = true }))}, func(p *Purchase) { p.First = true }, whole, used{}, "130 base:0=80 bonus:7=50"},
		{"first order only, and it is not", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.FirstOrder = true }))}, nil, whole, used{}, "80 base:0=80"},
		{"a tier that fits", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.Tiers = []int64{2, 3} }))}, nil, standing{3, model.WholeBP, model.WholeBP}, used{}, "130 base:0=80 bonus:7=50"},
		{"a tier that does not", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.Tiers = []int64{2, 3} }))}, nil, whole, used{}, "80 base:0=80"},
		{"Saturday in Shanghai", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.Weekdays = []int64{6} }))}, nil, whole, used{}, "130 base:0=80 bonus:7=50"},
		{"Sunday there while Saturday in UTC", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.Weekdays = []int64{7} }))},
			func(p *Purchase) { p.PaidAt = time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC) }, whole, used{}, "130 base:0=80 bonus:7=50"},
		{"within the hours", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.FromHour, r.ToHour = 12, 13 }))}, nil, whole, used{}, "130 base:0=80 bonus:7=50"},
		{"the end of the hours is exclusive", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.FromHour, r.ToHour = 11, 12 }))}, nil, whole, used{}, "80 base:0=80"},
		{"the end of the window is exclusive", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.Until = &noon }))}, nil, whole, used{}, "80 base:0=80"},
		{"the beginning of the window is inclusive", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.From = &noon }))}, nil, whole, used{}, "130 base:0=80 bonus:7=50"},
		{"a rule that takes everything away", book{perYuan: 1, rules: rules(rule(7, double, 0, nil))}, nil, whole, used{}, "0"},
		{"a rule's cap per order", book{perYuan: 1, rules: rules(rule(7, double, 30_000, func(r *Rule) { r.CapOrder = 100 }))}, nil, whole, used{}, "180 base:0=80 campaign:7=100"},
		{"a rule's cap per day, partly used", book{perYuan: 1, rules: rules(rule(7, double, 30_000, func(r *Rule) { r.CapDay = 100 }))}, nil, whole,
			used{all: 90, byRule: map[model.EarningRuleID]model.Points{7: 90}}, "90 base:0=80 campaign:7=10"},
		{"a rule's cap per day, used up and more", book{perYuan: 1, rules: rules(rule(7, bonus, 50, func(r *Rule) { r.CapDay = 100 }))}, nil, whole,
			used{byRule: map[model.EarningRuleID]model.Points{7: 120}}, "80 base:0=80 bonus:7=0"},
		{"the shop's cap per order", book{perYuan: 1, settings: Settings{CapOrder: 50}}, nil, whole, used{}, "50 base:0=80 cap:0=-30"},
		{"the shop's cap per day", book{perYuan: 1, settings: Settings{CapDay: 100}}, nil, whole, used{all: 70}, "30 base:0=80 cap:0=-50"},
		{"the shop's cap per day, used up", book{perYuan: 1, settings: Settings{CapDay: 100}}, nil, whole, used{all: 100}, "0"},
		{"the largest order stays within what an entry may move", book{perYuan: 1000}, func(p *Purchase) {
			p.Lines, p.Goods, p.Discount, p.Paid = nil, model.MaxFen, 0, model.MaxFen
		}, standing{1, 100_000, 100_000}, used{}, "1000000000 base:0=1000000000 tier:0=0 card:0=0"},
	}
	for _, tt := range tests {
		p := tea()
		if tt.p != nil {
			tt.p(&p)
		}
		if got := told(tt.book.award(p, tt.st, tt.used)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func told(a Award) string {
	s := fmt.Sprint(a.Points)
	for _, p := range a.Parts {
		s += fmt.Sprintf(" %s:%d=%d", p.Kind, p.Rule, p.Points)
	}
	return s
}

// Against exact arithmetic, for any order whose sums fit.
func TestAwardIsExact(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		goods := rapid.Int64Range(0, int64(model.MaxFen)).Draw(r, "goods")
		freight := rapid.Int64Range(0, int64(model.MaxFen)-goods).Draw(r, "freight")
		discount := rapid.Int64Range(0, goods+freight).Draw(r, "discount")
		ratio := rapid.Int64Range(0, 1000).Draw(r, "ratio")
		rate := rapid.Int64Range(0, 100_000).Draw(r, "rate")
		p := Purchase{Kind: model.OrderGoods, PaidAt: noon, Goods: model.Fen(goods), Discount: model.Fen(discount), Paid: model.Fen(goods + freight - discount)}
		want := new(big.Int)
		if goods > discount {
			want.Mul(big.NewInt(goods-discount), big.NewInt(ratio))
			want.Mul(want, big.NewInt(rate))
			want.Div(want, big.NewInt(1_000_000))
		}
		if want.Cmp(big.NewInt(int64(model.MaxPoints))) > 0 {
			want.SetInt64(int64(model.MaxPoints))
		}
		got := book{perYuan: ratio}.award(p, standing{0, model.WholeBP, model.BasisPoints(rate)}, used{}).Points
		if want.Cmp(big.NewInt(int64(got))) != 0 {
			r.Fatalf("earned %d, want %s", got, want)
		}
	})
}

func TestSplitLaysEveryFen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := make([]Line, rapid.IntRange(1, 30).Draw(t, "lines"))
		whole := model.Fen(0)
		for i := range lines {
			lines[i].Amount = model.Fen(rapid.Int64Range(0, 1_000_000).Draw(t, "amount"))
			whole += lines[i].Amount
		}
		total := model.Fen(rapid.Int64Range(0, int64(whole)).Draw(t, "total"))
		sum := model.Fen(0)
		for i, s := range split(total, lines) {
			exact := new(big.Rat).Mul(big.NewRat(int64(total), 1), big.NewRat(int64(lines[i].Amount), max(1, int64(whole))))
			if off := new(big.Rat).Sub(big.NewRat(int64(s), 1), exact); s < 0 || s > lines[i].Amount || off.Cmp(big.NewRat(-1, 1)) <= 0 || off.Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("line %d of %d got %d of %d, exactly %s", i, lines[i].Amount, s, total, exact)
			}
			sum += s
		}
		if sum != total {
			t.Fatalf("the shares add up to %d, not %d", sum, total)
		}
	})
}

// Whatever the rules: the parts add up to the points, nothing is negative, every cap holds, and the sum is the exact one rounded down
// once, as a plain reckoning without steps gives it.
func TestAwardAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, p, st, u := anyBook(t), anyPurchase(t), anyStanding(t), anyUsed(t)
		a := b.award(p, st, u)
		sum, byRule := model.Points(0), map[model.EarningRuleID]model.Points{}
		for _, part := range a.Parts {
			sum += part.Points
			byRule[part.Rule] += part.Points
		}
		if sum != a.Points || a.Points < 0 || a.Points > model.MaxPoints {
			t.Fatalf("%s: the parts add up to %d", told(a), sum)
		}
		for _, r := range b.rules {
			// A step is the difference of two sums that are each rounded down, so it may be one above its exact value.
			if got := byRule[r.ID]; r.CapOrder > 0 && got > r.CapOrder+1 || r.CapDay > 0 && got > max(0, r.CapDay-u.byRule[r.ID])+1 {
				t.Fatalf("%s: rule %d is beyond its cap: %+v", told(a), r.ID, r.Terms)
			}
		}
		if s := b.settings; s.CapOrder > 0 && a.Points > s.CapOrder || s.CapDay > 0 && a.Points > max(0, s.CapDay-u.all) {
			t.Fatalf("%s is beyond the caps of the shop", told(a))
		}
		if want := plainly(b, p, st); !b.capped() && a.Points != want {
			t.Fatalf("%s, plainly %d", told(a), want)
		}
	})
}

func (b book) capped() bool {
	return b.settings.CapOrder > 0 || b.counts() || slices.ContainsFunc(b.rules, func(r Rule) bool { return r.CapOrder > 0 })
}

// plainly works an order out in another way: for each line one product of fractions, chosen by looking for the best rule of each family.
func plainly(b book, p Purchase, st standing) model.Points {
	if p.Kind != model.OrderGoods {
		return 0
	}
	lines := b.eligible(p)
	reaches := func(r Rule) bool {
		sum := model.Fen(0)
		for _, l := range lines {
			if r.about(l) {
				sum += l.Amount
			}
		}
		return sum >= r.MinFen
	}
	exact, paidOut := new(big.Rat), map[model.EarningRuleID]bool{}
	for _, l := range lines {
		best := map[string]Rule{}
		var fire []Rule
		for _, r := range b.rules {
			if !r.about(l) || !r.fits(p, st) || !reaches(r) {
				continue
			}
			f := r.family()
			if f == "" {
				fire = append(fire, r)
			} else if o, ok := best[f]; !ok || byPriority(r, o) < 0 {
				best[f] = r
			}
		}
		for _, r := range best {
			fire = append(fire, r)
		}
		v := big.NewRat(int64(l.Amount)*b.perYuan, 100)
		for _, r := range fire {
			if r.Kind == model.RuleBase {
				v = big.NewRat(int64(l.Amount)*int64(r.PerHundredYuan), 10_000)
			}
		}
		for _, r := range fire {
			if r.Kind == model.RuleMultiplier {
				v.Mul(v, big.NewRat(int64(r.Multiplier), 10_000))
			}
			if r.Kind == model.RuleBonus && !paidOut[r.ID] {
				paidOut[r.ID] = true
				exact.Add(exact, big.NewRat(int64(r.Bonus), 1))
			}
		}
		v.Mul(v, big.NewRat(int64(st.tier), 10_000)).Mul(v, big.NewRat(int64(st.card), 10_000))
		exact.Add(exact, v)
	}
	return floor(exact)
}

// Of two rules of one family and priority that both fit one line, overlap must know.
func TestOverlapMissesNothing(t *testing.T) {
	met := 0
	rapid.Check(t, func(t *rapid.T) {
		a, b := wideRule(t, 1), wideRule(t, 2)
		a.Kind, b.Kind, a.Priority, b.Priority = model.RuleBase, model.RuleBase, 1, 1 // one family
		for range 25 {
			p, st := anyPurchase(t), anyStanding(t)
			for _, l := range p.Lines {
				if a.fits(p, st) && b.fits(p, st) && a.about(l) && b.about(l) {
					met++
					if !overlap(a.Terms, b.Terms) || !overlap(b.Terms, a.Terms) {
						t.Fatalf("both fit %+v:\n%+v\n%+v", l, a.Terms, b.Terms)
					}
				}
			}
		}
	})
	if met == 0 {
		t.Error("no two rules ever met; the generator is too narrow")
	}
}

// wideRule has at most one of anyRule's conditions, so that two of them often fit one line.
func wideRule(t *rapid.T, id model.EarningRuleID) Rule {
	r := anyRule(t, id)
	kept := rapid.IntRange(0, 5).Draw(t, "condition kept")
	for i, drop := range []func(){
		func() { r.SKUs, r.Categories = nil, nil },
		func() { r.Tiers = nil },
		func() { r.Weekdays = nil },
		func() { r.FromHour, r.ToHour = 0, 24 },
		func() { r.From, r.Until = nil, nil },
		func() { r.FirstOrder = false },
	} {
		if i != kept {
			drop()
		}
	}
	return r
}

func TestOverlap(t *testing.T) {
	later := noon.Add(time.Hour)
	tests := []struct {
		name string
		a, b func(*Rule)
		want bool
	}{
		{"the very same", nil, nil, true},
		{"another priority", nil, func(r *Rule) { r.Priority = 1 }, false},
		{"another group", nil, func(r *Rule) { r.Group = "h" }, false},
		{"no group at all", func(r *Rule) { r.Group = "" }, func(r *Rule) { r.Group = "" }, false},
		{"windows that touch", func(r *Rule) { r.Until = &noon }, func(r *Rule) { r.From = &noon }, false},
		{"windows that share an hour", func(r *Rule) { r.Until = &later }, func(r *Rule) { r.From = &noon }, true},
		{"hours that touch", func(r *Rule) { r.ToHour = 12 }, func(r *Rule) { r.FromHour = 12 }, false},
		{"other weekdays", func(r *Rule) { r.Weekdays = []int64{1, 2} }, func(r *Rule) { r.Weekdays = []int64{3} }, false},
		{"other tiers", func(r *Rule) { r.Tiers = []int64{1} }, func(r *Rule) { r.Tiers = []int64{2} }, false},
		{"other SKUs", func(r *Rule) { r.SKUs = []string{"a"} }, func(r *Rule) { r.SKUs = []string{"b"} }, false},
		{"a SKU and a category that may hold it", func(r *Rule) { r.SKUs = []string{"a"} }, func(r *Rule) { r.Categories = []string{"b"} }, true},
		{"a category below the other", func(r *Rule) { r.Categories = []string{"茶/绿茶"} }, func(r *Rule) { r.Categories = []string{"茶"} }, true},
		{"one without goods", func(r *Rule) { r.SKUs = []string{"a"} }, nil, true},
		{"first orders are orders too", func(r *Rule) { r.FirstOrder = true }, nil, true},
	}
	for _, tt := range tests {
		in := func(id model.EarningRuleID, change func(*Rule)) Terms {
			r := rule(id, model.RuleMultiplier, 20_000, func(r *Rule) { r.Group = "g" })
			if change != nil {
				change(&r)
			}
			return r.Terms
		}
		a, b := in(1, tt.a), in(2, tt.b)
		if overlap(a, b) != tt.want || overlap(b, a) != tt.want {
			t.Errorf("%s: %t", tt.name, !tt.want)
		}
	}
}

func TestTermsFaults(t *testing.T) {
	many := make([]string, maxSKUs+1)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	tests := []struct {
		name   string
		change func(*Terms)
		want   string
	}{
		{"sound", func(*Terms) {}, ""},
		{"no name", func(t *Terms) { t.Name = "  " }, "name"},
		{"a line break in the name", func(t *Terms) { t.Name = "a\nb" }, "name"},
		{"an unknown kind", func(t *Terms) { t.Kind = "share" }, "kind multiplier_bp"},
		{"a value of another kind", func(t *Terms) { t.Bonus = 1 }, "bonus"},
		{"a negative multiplier", func(t *Terms) { t.Multiplier = -1 }, "multiplier_bp"},
		{"a multiplier beyond a hundredfold", func(t *Terms) { t.Multiplier = 1_000_001 }, "multiplier_bp"},
		{"no bonus", func(t *Terms) { t.Kind, t.Multiplier = model.RuleBonus, 0 }, "bonus"},
		{"a group of base rules", func(t *Terms) { t.Kind, t.Multiplier, t.Group = model.RuleBase, 0, "g" }, "group"},
		{"a group in Chinese", func(t *Terms) { t.Group = "双十一" }, "group"},
		{"a negative cap", func(t *Terms) { t.CapDay = -1 }, "cap_day"},
		{"an amount beyond range", func(t *Terms) { t.MinFen = model.MaxFen + 1 }, "min_fen"},
		{"a window that ends before it begins", func(t *Terms) { t.From, t.Until = &noon, &noon }, "until"},
		{"hours the wrong way round", func(t *Terms) { t.FromHour, t.ToHour = 22, 2 }, "to_hour"},
		{"a 25th hour", func(t *Terms) { t.ToHour = 25 }, "to_hour"},
		{"a SKU twice: it overlaps itself", func(t *Terms) { t.SKUs = []string{"a", "a"} }, "skus"},
		{"an empty SKU", func(t *Terms) { t.SKUs = []string{""} }, "skus"},
		{"too many SKUs", func(t *Terms) { t.SKUs = many }, "skus"},
		{"an eighth weekday", func(t *Terms) { t.Weekdays = []int64{8} }, "weekdays"},
		{"a weekday twice", func(t *Terms) { t.Weekdays = []int64{1, 1} }, "weekdays"},
	}
	for _, tt := range tests {
		terms := Terms{Name: "双倍", Kind: model.RuleMultiplier, Multiplier: 20_000}
		tt.change(&terms)
		got := ""
		for i, f := range terms.tidy().faults() {
			if i > 0 {
				got += " "
			}
			got += f.Name
		}
		if got != tt.want {
			t.Errorf("%s: faults %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestStreakAndLadder(t *testing.T) {
	day := model.NewDay
	for _, tt := range []struct {
		last, today model.Day
		days, want  int64
	}{
		{day(2026, 11, 20), day(2026, 11, 21), 3, 4},
		{day(2026, 11, 19), day(2026, 11, 21), 3, 1},
		{day(2026, 12, 31), day(2027, 1, 1), 30, 31},
		{day(2028, 2, 29), day(2028, 3, 1), 1, 2},
		{day(2026, 11, 22), day(2026, 11, 21), 9, 1}, // a clock that went back
	} {
		if got := streak(tt.last, tt.days, tt.today); got != tt.want {
			t.Errorf("streak(%s, %d, %s) = %d, want %d", tt.last, tt.days, tt.today, got, tt.want)
		}
	}
	ladder := []int64{1, 2, 3, 4, 5, 6, 10}
	for n, want := range map[int64]model.Points{1: 1, 6: 6, 7: 10, 8: 1, 14: 10, 15: 1, 0: 0} {
		if got := rung(ladder, n); got != want {
			t.Errorf("rung(%d) = %d, want %d", n, got, want)
		}
	}
}

// No rule of the platform is broken by accident: WeChat forbids rewards for following, sharing, forwarding and for bringing people to
// do so (诱导关注、诱导分享), with penalties up to a ban. The door knows these actions only, and each new one is a decision made here.
func TestNothingRewardsFollowingOrSharing(t *testing.T) {
	if got, want := fmt.Sprint(model.EarningActions), "[check_in survey review birthday]"; got != want {
		t.Errorf("the actions are %s, known to be allowed are %s", got, want)
	}
	for _, a := range []model.EarningAction{"follow", "subscribe", "share", "forward", "moments", "invite_follow", "like", ""} {
		if len(actionFaults(a)) == 0 {
			t.Errorf("%q is rewarded", a)
		}
	}
}

var (
	skus       = []string{"T-1", "T-2", "C-1"}
	categories = []string{"茶", "茶/绿茶", "茶具"}
)

func subset[T any](t *rapid.T, from []T, name string) []T {
	var out []T
	for _, v := range from {
		if rapid.IntRange(0, 2).Draw(t, name) == 0 {
			out = append(out, v)
		}
	}
	return out
}

func anyRule(t *rapid.T, id model.EarningRuleID) Rule {
	kind := rapid.SampledFrom([]model.EarningRuleKind{model.RuleBase, model.RuleMultiplier, model.RuleBonus}).Draw(t, "kind")
	r := rule(id, kind, rapid.Int64Range(1, 30_000).Draw(t, "value"), nil)
	if kind != model.RuleBase {
		r.Group = rapid.SampledFrom([]string{"", "g", "h"}).Draw(t, "group")
	}
	r.Priority = rapid.Int64Range(0, 2).Draw(t, "priority")
	r.SKUs, r.Categories = subset(t, skus, "sku"), subset(t, categories, "category")
	r.Tiers = subset(t, []int64{0, 1, 2}, "tier")
	r.Weekdays = subset(t, []int64{5, 6, 7}, "weekday")
	r.FromHour = rapid.Int64Range(0, 20).Draw(t, "from hour")
	r.ToHour = rapid.Int64Range(r.FromHour+1, 24).Draw(t, "to hour")
	if rapid.Bool().Draw(t, "from") {
		from := noon.Add(time.Duration(rapid.Int64Range(-48, 48).Draw(t, "from")) * time.Hour)
		until := from.Add(time.Duration(rapid.Int64Range(1, 96).Draw(t, "until")) * time.Hour)
		r.From, r.Until = &from, &until
	}
	r.FirstOrder = rapid.IntRange(0, 4).Draw(t, "first") == 0
	r.MinFen = model.Fen(rapid.SampledFrom([]int64{0, 0, 1, 5_000, 50_000}).Draw(t, "min"))
	r.CapOrder = model.Points(rapid.SampledFrom([]int64{0, 0, 0, 7, 900}).Draw(t, "cap order"))
	r.CapDay = model.Points(rapid.SampledFrom([]int64{0, 0, 0, 5, 1000}).Draw(t, "cap day"))
	return r
}

func anyBook(t *rapid.T) book {
	b := book{perYuan: rapid.Int64Range(0, 20).Draw(t, "per yuan")}
	for i := range rapid.IntRange(0, 6).Draw(t, "rules") {
		b.rules = append(b.rules, anyRule(t, model.EarningRuleID(i+1)))
	}
	slices.SortFunc(b.rules, byPriority)
	b.settings.ExcludeSKUs = subset(t, skus[:1], "exclude")
	b.settings.CapOrder = model.Points(rapid.SampledFrom([]int64{0, 0, 60}).Draw(t, "shop's cap order"))
	b.settings.CapDay = model.Points(rapid.SampledFrom([]int64{0, 0, 90}).Draw(t, "shop's cap day"))
	return b
}

func anyPurchase(t *rapid.T) Purchase {
	p := Purchase{Member: 1, Kind: model.OrderGoods, First: rapid.Bool().Draw(t, "first"),
		PaidAt: noon.Add(time.Duration(rapid.Int64Range(-60, 60).Draw(t, "paid at")) * time.Hour)}
	for range rapid.IntRange(1, 5).Draw(t, "lines") {
		l := Line{rapid.SampledFrom(skus).Draw(t, "sku"), rapid.SampledFrom(categories).Draw(t, "category"),
			model.Fen(rapid.Int64Range(0, 90_000).Draw(t, "amount"))}
		p.Lines = append(p.Lines, l)
		p.Goods += l.Amount
	}
	p.Discount = model.Fen(rapid.Int64Range(0, int64(p.Goods)).Draw(t, "discount"))
	p.Paid = p.Goods - p.Discount
	return p
}

func anyStanding(t *rapid.T) standing {
	rate := func(name string) model.BasisPoints {
		return model.BasisPoints(rapid.Int64Range(10_000, 30_000).Draw(t, name))
	}
	return standing{rapid.Int64Range(0, 2).Draw(t, "rank"), rate("tier"), rate("card")}
}

func anyUsed(t *rapid.T) used {
	u := used{byRule: map[model.EarningRuleID]model.Points{}}
	for id := range model.EarningRuleID(4) {
		n := model.Points(rapid.Int64Range(0, 10).Draw(t, "used"))
		u.byRule[id] = n
		u.all += n
	}
	return u
}
