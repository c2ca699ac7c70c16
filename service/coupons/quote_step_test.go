package coupons

import (
	"math/rand/v2"
	"slices"
	"testing"

	"huitou/model"
)

// Of more coupons than are tried in every combination, the one made step by step saves no more than the best one, at least its part by the
// number of groups, which is certain, and nearly all of it, which is measured on carts that are the same in every run.
func TestStepByStepAgainstEveryCombination(t *testing.T) {
	c := carts{rand.New(rand.NewPCG(2026, 11))}
	var made, best, worst float64 = 0, 0, 1
	carts := 0
	for carts < 300 {
		cart, list := c.cart(1+c.r.IntN(10)), c.coupons(24)
		b, _ := open(cart)
		var stackable []entry
		for i := range list {
			if e, refusal := judgeFor(cart, b, &list[i], noon); refusal == nil && list[i].Group != "" {
				stackable = append(stackable, e)
			}
		}
		slices.SortFunc(stackable, inTurn)
		groups := number(stackable)
		if combinations(stackable, groups) <= maxExhaustive/16 { // fewer than are ever left to it would tell little
			continue
		}
		carts++
		got, all := step(b, stackable, groups), exhaust(b, combination{}, stackable, groups)
		if got.total > all.total || got.total*model.Fen(groups) < all.total {
			t.Fatalf("cart %d: step by step saves %d, the best of %d coupons in %d groups %d", carts, got.total, len(stackable), groups, all.total)
		}
		made, best = made+float64(got.total), best+float64(all.total)
		worst = min(worst, float64(got.total)/float64(all.total))
	}
	t.Logf("of %d carts step by step saves %.2f %% of the best, %.2f %% at the worst", carts, 100*made/best, 100*worst)
	if made < 0.97*best {
		t.Errorf("step by step saves %.2f %% of the best", 100*made/best)
	}
}
