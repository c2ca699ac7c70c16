package coupons

import (
	"cmp"
	"slices"

	"huitou/model"
)

// maxExhaustive is how many combinations are tried one by one, as many as twelve coupons of twelve stacking groups make; of more a good
// one is made step by step.
const maxExhaustive = 1 << 12

// choose returns the combination that saves most, in the order in which it is taken off, and whether none is better. Coupons of one stacking
// group exclude each other, a coupon without a group excludes all. A coupon that would take nothing off is never part
// of it (vendurehq/vendure#5278). Of equal savings the combination of fewer coupons wins, then the one whose coupons end
// sooner, then the one of the smaller face value, then the one of the smaller ids.
func choose(b basket, usable []entry) ([]entry, bool) {
	var single, stackable []entry
	for _, e := range usable {
		if e.c.Group == "" {
			single = append(single, e)
		} else {
			stackable = append(stackable, e)
		}
	}
	best := combination{}
	for i := range single {
		best.yield(combination{total: single[i].alone, of: single[i : i+1]})
	}
	slices.SortFunc(stackable, inTurn)
	groups := number(stackable)
	if combinations(stackable, groups) > maxExhaustive {
		best.yield(step(b, stackable, groups))
		return best.of, false
	}
	return exhaust(b, best, stackable, groups).of, true
}

// combinations counts the sets with at most one coupon of each group, up to a little more than maxExhaustive.
func combinations(list []entry, groups int) int {
	size := make([]int, groups)
	for i := range list {
		size[list[i].group]++
	}
	n := 1
	for _, s := range size {
		if n *= s + 1; n > maxExhaustive {
			break
		}
	}
	return n
}

// exhaust returns the best combination of coupons in turn, or best when none is better.
func exhaust(b basket, best combination, stackable []entry, groups int) combination {
	s := search{entries: stackable, best: best, bounds: bounds(stackable, groups)}
	s.room = make([]basket, len(stackable)+1)
	for i := range s.room {
		s.room[i].lines = make([]model.Fen, len(b.lines))
	}
	copyBasket(&s.room[0], b)
	s.picked = make([]entry, 0, len(stackable))
	s.from(0, 0, 0, 0)
	return s.best
}

// inTurn is the order in which coupons are taken off a cart.
func inTurn(x, y entry) int {
	return cmp.Or(
		cmp.Compare(turn(x.c.Kind)/10, turn(y.c.Kind)/10), // freight comes after all goods
		-cmp.Compare(x.c.Priority, y.c.Priority),
		cmp.Compare(turn(x.c.Kind), turn(y.c.Kind)),
		cmp.Compare(x.c.ID, y.c.ID),
	)
}

func turn(k model.CouponKind) int {
	switch k {
	case model.CouponExchange:
		return 1
	case model.CouponAmount:
		return 2
	case model.CouponPercent:
		return 3
	}
	return 10
}

// number gives each stacking group a number and returns how many there are.
func number(list []entry) int {
	of := make(map[string]int, len(list))
	for i := range list {
		n, ok := of[list[i].c.Group]
		if !ok {
			n = len(of)
			of[list[i].c.Group] = n
		}
		list[i].group = n
	}
	return len(of)
}

// combination is a set of coupons, in turn, and what they save together.
type combination struct {
	total model.Fen
	of    []entry
}

// yield takes another combination's place when it is better. It keeps its own copy.
func (c *combination) yield(to combination) bool {
	if to.total < c.total || to.total == c.total && !preferred(to.of, c.of) {
		return false
	}
	c.total, c.of = to.total, append(c.of[:0:0], to.of...)
	return true
}

// preferred breaks the tie between combinations of equal saving.
func preferred(x, y []entry) bool {
	if len(x) != len(y) {
		return len(x) < len(y)
	}
	ends := func(list []entry) []int64 {
		out := make([]int64, len(list))
		faces := int64(0)
		for i, e := range list {
			out[i] = e.c.UsableUntil.UnixMicro()
			faces += int64(face(e.c.CouponTerms))
		}
		slices.Sort(out)
		return append(out, faces)
	}
	ids := func(list []entry) []model.PublicID {
		out := make([]model.PublicID, len(list))
		for i, e := range list {
			out[i] = e.c.ID
		}
		slices.Sort(out)
		return out
	}
	if n := slices.Compare(ends(x), ends(y)); n != 0 {
		return n < 0
	}
	return slices.Compare(ids(x), ids(y)) < 0
}

// search tries every combination of entries in turn. What entries still to come can save at most is known beforehand, so that
// most combinations need not be looked at.
type search struct {
	entries []entry
	bounds  [][]model.Fen // [i][g]: the most that one of entries[i:] of group g saves
	room    []basket      // one for each depth
	picked  []entry
	best    combination
}

func (s *search) from(i, depth int, used uint32, total model.Fen) {
	if i == len(s.entries) {
		s.best.yield(combination{total, s.picked})
		return
	}
	most := total
	for g, bound := range s.bounds[i] {
		if used&(1<<g) == 0 {
			most += bound
		}
	}
	if most < s.best.total {
		return
	}
	e := &s.entries[i]
	if used&(1<<e.group) == 0 {
		next := &s.room[depth+1]
		copyBasket(next, s.room[depth])
		if off := e.take(next, nil); off > 0 {
			s.picked = append(s.picked, *e)
			s.from(i+1, depth+1, used|1<<e.group, total+off)
			s.picked = s.picked[:len(s.picked)-1]
		}
	}
	s.from(i+1, depth, used, total)
}

// bounds relies on a coupon never saving more in company than alone.
func bounds(list []entry, groups int) [][]model.Fen {
	out := make([][]model.Fen, len(list)+1)
	out[len(list)] = make([]model.Fen, groups)
	for i := len(list) - 1; i >= 0; i-- {
		out[i] = slices.Clone(out[i+1])
		g := list[i].group
		out[i][g] = max(out[i][g], list[i].alone)
	}
	return out
}

// step makes a combination of many coupons. It begins with the one that saves most alone, and puts each next one in its group's place as long
// as that saves more, at most maxPasses times through the list. It saves at least what its first coupon saves alone, and so, as no coupon saves
// more in company, at least the best combination's part by the number of groups; in practice nearly all of it.
func step(b basket, list []entry, groups int) combination {
	byWorth := slices.Clone(list)
	slices.SortStableFunc(byWorth, func(x, y entry) int {
		return cmp.Or(-cmp.Compare(x.alone, y.alone), x.c.UsableUntil.Compare(y.c.UsableUntil),
			cmp.Compare(face(x.c.CouponTerms), face(y.c.CouponTerms)), cmp.Compare(x.c.ID, y.c.ID))
	})
	room := basket{lines: make([]model.Fen, len(b.lines))}
	var best combination
	try := make([]entry, 0, groups)
	for pass, better := 0, true; better && pass < maxPasses; pass++ {
		better = false
		for _, e := range byWorth {
			try = append(slices.DeleteFunc(append(try[:0], best.of...), func(o entry) bool { return o.group == e.group }), e)
			slices.SortFunc(try, inTurn)
			copyBasket(&room, b)
			next := combination{}
			for i := range try {
				if off := try[i].take(&room, nil); off > 0 {
					next.total += off
					next.of = append(next.of, try[i])
				}
			}
			if next.total > best.total {
				best, better = next, true
			}
		}
	}
	return best
}

// maxPasses bounds the time of step; a second or third pass hardly ever finds anything.
const maxPasses = 4

func copyBasket(to *basket, from basket) {
	copy(to.lines, from.lines)
	to.freight = from.freight
}
