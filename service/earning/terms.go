package earning

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/fault"
)

// Terms are what a rule says, as staff write it.
type Terms struct {
	Name     string
	Kind     model.EarningRuleKind
	Group    string // "" stacks with everything; a base rule has none
	Priority int64
	// One of these, by kind.
	PerHundredYuan model.Points      // base: points for 100 yuan
	Multiplier     model.BasisPoints // multiplier: 20000 doubles, 0 takes everything away
	Bonus          model.Points      // bonus
	// Conditions; what is zero is none.
	MinFen           model.Fen
	From, Until      *time.Time // half-open
	SKUs, Categories []string
	Tiers            []int64 // ranks
	Weekdays         []int64 // 1 is Monday, 7 Sunday
	FromHour, ToHour int64   // half-open, in the shop's zone; 0 and 0 is the whole day
	FirstOrder       bool
	// Caps on what the rule adds; 0 is none.
	CapOrder, CapDay model.Points
}

// Bounds of what a rule may say.
const (
	maxName       = 40
	maxSKUs       = 200
	maxCategories = 50
	maxTiers      = 20
	maxPriority   = 1000
	maxRatio      = 100_000 // points for a hundred yuan
	maxMultiplier = 100 * model.WholeBP
)

// tidy brings terms into the one form in which they are kept.
func (t Terms) tidy() Terms {
	t.Name = strings.TrimSpace(t.Name)
	t.From, t.Until = utc(t.From), utc(t.Until)
	if t.FromHour == 0 && t.ToHour == 0 {
		t.ToHour = 24
	}
	return t
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}

// faults lists everything that is wrong with tidy terms.
func (t Terms) faults() []fault.Field {
	var list []fault.Field
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	bad(t.Name == "" || !text(t.Name, maxName), "name", "1 to %d printable characters", maxName)
	bad(!slices.Contains([]model.EarningRuleKind{model.RuleBase, model.RuleMultiplier, model.RuleBonus}, t.Kind), "kind", "base, multiplier or bonus")
	bad(t.Kind == model.RuleBase && t.Group != "", "group", "base rules are a group of their own")
	bad(len(t.Group) > 32 || strings.IndexFunc(t.Group, notSlug) >= 0, "group", "at most 32 of a to z, 0 to 9, - and _")
	bad(t.Priority < 0 || t.Priority > maxPriority, "priority", "0 to %d", maxPriority)
	list = append(list, t.valueFaults()...)
	bad(t.MinFen < 0 || t.MinFen > model.MaxFen, "min_fen", "0 to %d", model.MaxFen)
	bad(t.CapOrder < 0 || t.CapOrder > model.MaxPoints, "cap_order", "0 to %d", model.MaxPoints)
	bad(t.CapDay < 0 || t.CapDay > model.MaxPoints, "cap_day", "0 to %d", model.MaxPoints)
	bad(t.From != nil && t.Until != nil && !t.From.Before(*t.Until), "until", "after from")
	bad(t.FromHour < 0 || t.ToHour > 24 || t.FromHour >= t.ToHour, "to_hour", "after from_hour, within 0 to 24")
	bad(!words(t.SKUs, maxSKUs), "skus", "at most %d different ones of 1 to 64 printable characters", maxSKUs)
	bad(!words(t.Categories, maxCategories), "categories", "at most %d different ones of 1 to 64 printable characters", maxCategories)
	bad(!numbers(t.Tiers, maxTiers, 0, 1000), "tiers", "at most %d different ranks", maxTiers)
	bad(!numbers(t.Weekdays, 7, 1, 7), "weekdays", "different days from 1 (Monday) to 7 (Sunday)")
	return list
}

// valueFaults: a rule has the value of its kind and no other.
func (t Terms) valueFaults() []fault.Field {
	var list []fault.Field
	for _, v := range []struct {
		field      string
		kind       model.EarningRuleKind
		value      int64
		least, top int64
	}{
		{"per_hundred_yuan", model.RuleBase, int64(t.PerHundredYuan), 0, maxRatio},
		{"multiplier_bp", model.RuleMultiplier, int64(t.Multiplier), 0, int64(maxMultiplier)},
		{"bonus", model.RuleBonus, int64(t.Bonus), 1, int64(model.MaxPoints)},
	} {
		switch {
		case v.kind != t.Kind && v.value != 0:
			list = append(list, fault.Field{Name: v.field, Reason: "only with kind " + string(v.kind)})
		case v.kind == t.Kind && (v.value < v.least || v.value > v.top):
			list = append(list, fault.Field{Name: v.field, Reason: fmt.Sprintf("%d to %d", v.least, v.top)})
		}
	}
	return list
}

func notSlug(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

func text(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit &&
		strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// words reports whether a list holds different texts that a line of an order may carry.
func words(list []string, limit int) bool {
	return len(list) <= limit && different(list) &&
		!slices.ContainsFunc(list, func(s string) bool { return s == "" || !text(s, 64) })
}

func numbers(list []int64, limit int, least, top int64) bool {
	return len(list) <= limit && different(list) && !slices.ContainsFunc(list, func(n int64) bool { return n < least || n > top })
}

func different[T string | int64](list []T) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) == len(list)
}

// overlap reports whether two rules of one family and priority could both fit one line of one order, so that it would not be said
// which fires. It may say yes where no such order comes (a SKU and a category may have nothing in common), never no where one can.
func overlap(a, b Terms) bool {
	return a.family() != "" && a.family() == b.family() && a.Priority == b.Priority &&
		before(a.From, b.Until) && before(b.From, a.Until) &&
		a.FromHour < b.ToHour && b.FromHour < a.ToHour &&
		meet(a.Weekdays, b.Weekdays) && meet(a.Tiers, b.Tiers) && sameGoods(a, b)
}

// before reports whether a window that begins at from has begun before one ends at until; nil is no bound.
func before(from, until *time.Time) bool { return from == nil || until == nil || from.Before(*until) }

// meet reports whether two conditions have something in common; an empty list is no condition.
func meet(a, b []int64) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(n int64) bool { return slices.Contains(b, n) })
}

func sameGoods(a, b Terms) bool {
	everything := func(t Terms) bool { return len(t.SKUs) == 0 && len(t.Categories) == 0 }
	switch {
	case everything(a), everything(b):
		return true
	case len(a.SKUs) > 0 && len(b.Categories) > 0, len(b.SKUs) > 0 && len(a.Categories) > 0:
		return true // a SKU may be of the category
	case slices.ContainsFunc(a.SKUs, func(s string) bool { return slices.Contains(b.SKUs, s) }):
		return true
	}
	return slices.ContainsFunc(a.Categories, func(c string) bool { return within(c, b.Categories) }) ||
		slices.ContainsFunc(b.Categories, func(c string) bool { return within(c, a.Categories) })
}
