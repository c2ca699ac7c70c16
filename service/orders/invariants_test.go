package orders_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"huitou/model/db"
	"huitou/service/orders"
)

// Each invariant trips on the fault that it is about.
func TestInvariantsTrip(t *testing.T) {
	tests := []struct {
		name, corrupt string
		want          []string
	}{
		{"a line that was changed", `UPDATE order_lines SET quantity = 3 WHERE order_id = 1 AND line = 1`, []string{"orders.lines"}},
		{"a line that was lost", `DELETE FROM order_lines WHERE order_id = 1 AND line = 1`, []string{"orders.lines"}},
		{"a line of no order", `UPDATE order_lines SET order_id = 99 WHERE order_id = 1 AND line = 2`, []string{"orders.lines", "orders.orphans"}},
		{"a refund without a state", `UPDATE orders SET refunded_fen = 1 WHERE id = 2`, []string{"orders.states", "orders.refunds", "orders.figures"}},
		{"a state without a refund", `UPDATE orders SET state = 'refunded' WHERE id = 2`, []string{"orders.states", "orders.figures"}},
		{"a coupon that is free again", `UPDATE coupons SET state = 'issued', order_ref = NULL WHERE id = 1`, []string{"orders.coupon"}},
		{"a coupon of nobody's order", `UPDATE orders SET coupon_id = NULL, coupon_discount_fen = 0, coupon_reason = 'x' WHERE id = 1`, []string{"orders.redeemed"}},
		{"a coupon of another order", `UPDATE coupons SET order_ref = 'order:2' WHERE id = 1`, []string{"orders.coupon", "orders.redeemed"}},
		{"a coupon that took off more than the order says", `INSERT INTO order_coupons (order_id, ordinal, code, coupon_id, discount_fen) VALUES (1, 2, 'x', 99, 1000000)`, []string{"orders.coupon", "orders.discounts"}},
		{"a second coupon that took off nothing", `INSERT INTO order_coupons (order_id, ordinal, code, coupon_id, discount_fen, reason) VALUES (2, 2, 'x', NULL, 0, '')`, []string{"orders.discounts"}},
		{"an outcome that was forgotten", `UPDATE orders SET coupon_code = '1' WHERE id = 2`, []string{"orders.coupon_outcome"}},
		{"points that the ledger does not know", `UPDATE orders SET points_earned = points_earned + 1 WHERE id = 2`, []string{"orders.points"}},
		{"an order that was lost", `DELETE FROM orders WHERE id = 3`, []string{"orders.orphans", "orders.points", "orders.figures"}},
		{"an order of nobody", `UPDATE orders SET member_id = 99 WHERE id = 2`, []string{"orders.orphans", "orders.points", "orders.figures"}},
		{"figures that ran ahead", `UPDATE members SET orders = orders + 1 WHERE id = 1`, []string{"orders.figures"}},
		{"a first order that was not", `UPDATE members SET first_order_at = joined_at WHERE id = 1`, []string{"orders.figures"}},
	}
	each(t, func(t *testing.T, w world) {
		o := tea("1", "c1")
		o.CouponCode = w.coupon(t, "c1").Code
		w.ingest(t, o)
		w.ingest(t, tea("2", "c1"))
		w.ingest(t, tea("3", "c2"))
		w.sound(t)
		rollBack := fmt.Errorf("roll back")
		for _, tt := range tests {
			err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Gorm().Exec(tt.corrupt).Error; err != nil {
					t.Errorf("%s: %v", tt.name, err)
					return rollBack
				}
				var tripped []string
				for _, inv := range orders.Invariants() {
					violations, err := inv.Check(ctx, tx)
					if err != nil {
						t.Errorf("check %s: %v", inv.ID, err)
					}
					if len(violations) > 0 {
						tripped = append(tripped, inv.ID)
					}
				}
				if !slices.Equal(tripped, tt.want) {
					t.Errorf("%s trips %v, want %v", tt.name, tripped, tt.want)
				}
				return rollBack
			})
			is(t, tt.name, err, rollBack)
		}
		// The sums are held by the schema itself: the database refuses them.
		err := w.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec(`UPDATE orders SET paid_fen = paid_fen + 1 WHERE id = 1`).Error
		})
		if err == nil {
			t.Error("the database took sums that do not fit")
		}
		w.sound(t)
	})
}
