package earning

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"huitou/model"
)

// Purchase is an order as far as earning is concerned.
type Purchase struct {
	Member model.MemberID
	Kind   model.OrderKind
	PaidAt time.Time
	// Goods is before discounts and without freight; Paid is all money paid.
	Goods, Discount, Paid model.Fen
	// Lines add up to Goods; none where the shop does not tell.
	Lines []Line
	// First is true when the member had bought no goods before.
	First bool
}

// Line is one line of a purchase, Amount before discounts.
type Line struct {
	SKU, Category string
	Amount        model.Fen
}

// Award is what a purchase earns and why. The parts add up to Points.
type Award struct {
	Points model.Points
	Parts  []Part
	Day    model.Day
}

// Part is one step of the formula. Rule is 0 for the shop's own ratio, the tier, the card and the caps.
type Part struct {
	Kind   model.EarningPart
	Rule   model.EarningRuleID
	Points model.Points
}

// book is everything that decides, read at one moment.
type book struct {
	rules    []Rule // active, by descending priority, then by id
	settings Settings
	perYuan  int64
}

// used is what a member's orders of one business day have earned already.
type used struct {
	all    model.Points
	byRule map[model.EarningRuleID]model.Points
}

// award works out what a purchase earns.
func (b book) award(p Purchase, st standing, u used) Award {
	a := Award{Day: model.DayOf(p.PaidAt, model.Shanghai)}
	lines := b.eligible(p)
	if p.Kind != model.OrderGoods || len(lines) == 0 {
		return a
	}
	sums := tally{}
	rules := b.fitting(p, st, lines)
	for _, l := range lines {
		b.line(l, rules, st, &sums)
	}
	sums.cut(rules, u)
	a.Parts, a.Points = sums.parts(b.limit(u))
	return a
}

// eligible returns the lines that count, with the money that was paid for each: at least a fen.
func (b book) eligible(p Purchase) []Line {
	base := min(max(p.Goods-p.Discount, 0), p.Paid)
	lines := p.Lines
	if len(lines) == 0 {
		lines = []Line{{Amount: p.Goods}}
	}
	shares := split(base, lines)
	var out []Line
	for i, l := range lines {
		if shares[i] > 0 && !slices.Contains(b.settings.ExcludeSKUs, l.SKU) && !within(l.Category, b.settings.ExcludeCategories) {
			out = append(out, Line{l.SKU, l.Category, shares[i]})
		}
	}
	return out
}

// split lays an amount on lines in proportion to theirs, in whole fen: a share is the difference of the running sums, each
// rounded down, so that none is negative and they add up.
func split(total model.Fen, lines []Line) []model.Fen {
	shares := make([]model.Fen, len(lines))
	whole := model.Fen(0)
	for _, l := range lines {
		whole += l.Amount
	}
	if whole <= 0 || total <= 0 {
		return shares
	}
	run, before := model.Fen(0), model.Fen(0)
	for i, l := range lines {
		run += l.Amount
		q, _ := model.MulFloor(int64(total), int64(run), int64(whole)) // at most total
		shares[i] = model.Fen(q) - before
		before = model.Fen(q)
	}
	return shares
}

// within reports whether a category is one of a list or below one: "tea/green" is below "tea".
func within(category string, list []string) bool {
	return slices.ContainsFunc(list, func(c string) bool {
		return category == c || strings.HasPrefix(category, c) && category[len(c)] == '/'
	})
}

// fitting returns the rules that fit a purchase as a whole; line by line they may still not.
func (b book) fitting(p Purchase, st standing, lines []Line) []Rule {
	var list []Rule
	for _, r := range b.rules {
		if !r.fits(p, st) {
			continue
		}
		about := model.Fen(0)
		for _, l := range lines {
			if r.about(l) {
				about += l.Amount
			}
		}
		if about > 0 && about >= r.MinFen {
			list = append(list, r)
		}
	}
	return list
}

// fits judges everything but the goods.
func (t Terms) fits(p Purchase, st standing) bool {
	at := p.PaidAt.In(model.Shanghai)
	switch {
	case t.From != nil && p.PaidAt.Before(*t.From), t.Until != nil && !p.PaidAt.Before(*t.Until):
		return false
	case int64(at.Hour()) < t.FromHour || int64(at.Hour()) >= t.ToHour:
		return false
	case len(t.Weekdays) > 0 && !slices.Contains(t.Weekdays, weekday(at)):
		return false
	case len(t.Tiers) > 0 && !slices.Contains(t.Tiers, st.rank):
		return false
	}
	return p.First || !t.FirstOrder
}

// about judges the goods.
func (t Terms) about(l Line) bool {
	if len(t.SKUs) == 0 && len(t.Categories) == 0 {
		return true
	}
	return slices.Contains(t.SKUs, l.SKU) || within(l.Category, t.Categories)
}

// weekday returns 1 for Monday to 7 for Sunday.
func weekday(t time.Time) int64 { return int64(t.Weekday()+6)%7 + 1 }

// family names the rules of which one fires; "" is none.
func (t Terms) family() string {
	if t.Kind == model.RuleBase {
		return "base rules" // no group can have this name
	}
	return t.Group
}

// line adds one line's points to the sums, step by step.
func (b book) line(l Line, rules []Rule, st standing, sums *tally) {
	base, campaigns, seen := Rule{}, []Rule(nil), []string(nil)
	for _, r := range rules {
		if !r.about(l) {
			continue
		}
		if f := r.family(); f != "" {
			if slices.Contains(seen, f) {
				continue // a rule of higher priority has won
			}
			seen = append(seen, f)
		}
		switch r.Kind {
		case model.RuleBase:
			base = r
		case model.RuleMultiplier:
			campaigns = append(campaigns, r)
		case model.RuleBonus:
			sums.once(model.PartBonus, r.ID, big.NewRat(int64(r.Bonus), 1))
		}
	}
	value := big.NewRat(int64(l.Amount), 100)
	value.Mul(value, big.NewRat(b.perYuan, 1))
	if base.ID != 0 {
		value = big.NewRat(int64(l.Amount), 10_000)
		value.Mul(value, big.NewRat(int64(base.PerHundredYuan), 1))
	}
	sums.add(model.PartBase, base.ID, value)
	value = sums.times(model.PartTier, 0, value, st.tier)
	value = sums.times(model.PartCard, 0, value, st.card)
	for _, r := range campaigns {
		value = sums.times(model.PartCampaign, r.ID, value, r.Multiplier)
	}
}

// limit returns the most that a whole order may earn now.
func (b book) limit(u used) model.Points {
	most := model.MaxPoints
	if b.settings.CapOrder > 0 {
		most = min(most, b.settings.CapOrder)
	}
	if b.settings.CapDay > 0 {
		most = min(most, max(0, b.settings.CapDay-u.all))
	}
	return most
}

// tally is the exact points of each step.
type tally []step

type step struct {
	kind  model.EarningPart
	rule  model.EarningRuleID
	exact *big.Rat
}

func (t *tally) find(kind model.EarningPart, rule model.EarningRuleID) *big.Rat {
	for _, s := range *t {
		if s.kind == kind && s.rule == rule {
			return s.exact
		}
	}
	return nil
}

func (t *tally) add(kind model.EarningPart, rule model.EarningRuleID, v *big.Rat) {
	if sum := t.find(kind, rule); sum != nil {
		sum.Add(sum, v)
		return
	}
	*t = append(*t, step{kind, rule, new(big.Rat).Set(v)})
}

// once adds a step that does not grow with every line.
func (t *tally) once(kind model.EarningPart, rule model.EarningRuleID, v *big.Rat) {
	if t.find(kind, rule) == nil {
		*t = append(*t, step{kind, rule, v})
	}
}

// times multiplies a value and adds what it gained, or lost, as a step of its own.
func (t *tally) times(kind model.EarningPart, rule model.EarningRuleID, value *big.Rat, rate model.BasisPoints) *big.Rat {
	if rate == model.WholeBP {
		if rule != 0 {
			t.add(kind, rule, new(big.Rat))
		}
		return value
	}
	product := new(big.Rat).Mul(value, big.NewRat(int64(rate), int64(model.WholeBP)))
	t.add(kind, rule, new(big.Rat).Sub(product, value))
	return product
}

// cut applies the rules' own caps.
func (t tally) cut(rules []Rule, u used) {
	for _, s := range t {
		i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == s.rule })
		if i < 0 {
			continue
		}
		most := model.MaxPoints
		if c := rules[i].CapOrder; c > 0 {
			most = c
		}
		if c := rules[i].CapDay; c > 0 {
			most = min(most, max(0, c-u.byRule[s.rule]))
		}
		if limit := big.NewRat(int64(most), 1); s.exact.Cmp(limit) > 0 {
			s.exact.Set(limit)
		}
	}
}

// order is the place of each step in the formula.
var order = []model.EarningPart{model.PartBase, model.PartTier, model.PartCard, model.PartCampaign, model.PartBonus}

// parts rounds the sum down, once, and shares it out over the steps. most is what the whole may be.
func (t tally) parts(most model.Points) (list []Part, total model.Points) {
	slices.SortStableFunc(t, func(a, b step) int { return slices.Index(order, a.kind) - slices.Index(order, b.kind) })
	run, before := new(big.Rat), model.Points(0)
	for _, s := range t {
		run.Add(run, s.exact)
		now := floor(run)
		list = append(list, Part{s.kind, s.rule, now - before})
		before = now
	}
	total = min(max(before, 0), most)
	if total != before {
		list = append(list, Part{model.PartCap, 0, total - before})
	}
	if total == 0 {
		return nil, 0
	}
	return list, total
}

// floor rounds down, within what points can be.
func floor(r *big.Rat) model.Points {
	q := new(big.Int).Div(r.Num(), r.Denom()) // Euclidean, and the denominator is positive: the floor
	if limit := int64(model.MaxPoints); q.Cmp(big.NewInt(limit)) > 0 {
		return model.MaxPoints
	} else if q.Cmp(big.NewInt(-limit)) < 0 {
		return -model.MaxPoints
	}
	return model.Points(q.Int64())
}
