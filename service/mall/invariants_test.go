package mall_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/mall"
)

// Each corruption trips exactly the invariants that are named.
func TestInvariantsSeeCorruption(t *testing.T) {
	tests := []struct {
		name string
		sql  string
		want []string
	}{
		{"a unit that came from nowhere", "UPDATE gifts SET stock = stock + 1 WHERE id = 1", []string{"mall.stock"}},
		{"a move that nobody made", "DELETE FROM gift_stock_moves", []string{"mall.stock"}},
		{"a redemption that is gone", "DELETE FROM redemptions WHERE id = 1", []string{"mall.stock", "mall.paid", "mall.slots"}},
		{"a redemption at another price", "UPDATE redemptions SET points = 1 WHERE id = 1", []string{"mall.points"}},
		{"a redemption that lives again", "UPDATE redemptions SET state = 'confirmed', closed_at = NULL WHERE id = 2",
			[]string{"mall.stock", "mall.points", "mall.slots"}},
		{"points that were given back for nothing", "DELETE FROM points_entries WHERE kind = 'return'", []string{"mall.points"}},
		{"a redemption that was not paid", "DELETE FROM points_entries WHERE kind = 'spend' AND member_id = 1 AND seq = 2", []string{"mall.points"}},
		{"a limit that was passed", "UPDATE redemptions SET gift_id = 1 WHERE id IN (3, 4)", []string{"mall.stock", "mall.limits", "mall.slots"}},
		{"a slot beyond the limit", "UPDATE gift_slots SET ordinal = 9", []string{"mall.limits"}},
		{"a slot that is gone", "DELETE FROM gift_slots", []string{"mall.slots"}},
		{"a gift without its code", "UPDATE redemptions SET code = NULL WHERE id = 1", []string{"mall.states"}},
		{"another member's coupon", "UPDATE coupons SET member_id = 2", []string{"mall.coupons"}},
	}
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.give(1, 1000)
		g := s.gift(func(in *mall.NewGift) { in.PerMember = 2 })
		s.mustRedeem(1, g.ID, "tap-1")
		r := s.mustRedeem(1, g.ID, "tap-2")
		if _, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: r.ID, Note: "缺货"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Restock(ctx, mall.Restock{Staff: 7, Gift: g.ID, Delta: 3}); err != nil {
			t.Fatal(err)
		}
		coupon := s.gift(func(in *mall.NewGift) { in.Kind, in.CouponTemplate = model.GiftCoupon, s.template(-1, 0) })
		s.mustRedeem(1, coupon.ID, "tap-3")
		s.mustRedeem(1, coupon.ID, "tap-4")
		s.clean()
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				if got := s.brokenBy(tt.sql); !slices.Equal(got, tt.want) {
					t.Errorf("broken = %v, want %v", got, tt.want)
				}
			})
		}
	})
}

// brokenBy returns the invariants that a statement breaks, and takes the statement back.
func (s *shop) brokenBy(statement string) (ids []string) {
	s.t.Helper()
	undo := errors.New("undo")
	err := s.db.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		res := tx.Gorm().Exec(statement)
		if res.Error != nil || res.RowsAffected == 0 {
			s.t.Fatalf("%s: %d rows, %v", statement, res.RowsAffected, res.Error)
		}
		for _, inv := range mall.Invariants() {
			violations, err := inv.Check(ctx, tx)
			if err != nil {
				s.t.Fatalf("%s: %v", inv.ID, err)
			}
			if len(violations) > 0 {
				ids = append(ids, inv.ID)
			}
		}
		return undo
	})
	if !errors.Is(err, undo) {
		s.t.Fatal(err)
	}
	return ids
}
