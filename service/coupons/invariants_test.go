package coupons_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/coupons"
)

// Each invariant trips on the fault that it is about, and the others that must notice the same row do too.
func TestInvariantsTrip(t *testing.T) {
	tests := []struct {
		name, corrupt string
		want          []string
	}{
		{"a lost coupon", `DELETE FROM coupons WHERE member_id = 1`, []string{"coupons.stock"}},
		{"a counter beside the rows", `UPDATE coupon_templates SET claimed = claimed + 1`, []string{"coupons.stock"}},
		{"a second coupon beyond the limit", `UPDATE coupons SET member_id = 1, slot = 2 WHERE member_id = 2`, []string{"coupons.limit", "coupons.slots"}},
		{"a coupon without a slot", `UPDATE coupons SET slot = NULL WHERE member_id = 1`, []string{"coupons.slots"}},
		{"a coupon without a template", `UPDATE coupons SET template_id = 999 WHERE member_id = 1`, []string{"coupons.stock", "coupons.template"}},
		{"issued with an order", `UPDATE coupons SET order_ref = 'order:9' WHERE member_id = 1`, []string{"coupons.holder"}},
		{"locked by nobody", `UPDATE coupons SET state = 'locked', locked_at = issued_at, locked_until = usable_until, held_fen = 1 WHERE member_id = 1`, []string{"coupons.holder"}},
		{"a lock without an end", `UPDATE coupons SET state = 'locked', order_ref = 'order:9', locked_at = issued_at, held_fen = 1 WHERE member_id = 1`, []string{"coupons.instants"}},
		{"a lock that holds more than the coupon", `UPDATE coupons SET state = 'locked', order_ref = 'order:9', locked_at = issued_at, locked_until = usable_until,
			held_fen = 1001 WHERE member_id = 1`, []string{"coupons.discount"}},
		{"a day's slot without its coupon", `INSERT INTO coupon_day_slots (template_id, member_id, day, slot, coupon) VALUES (1, 1, '2026-11-21', 1, 'nowhere')`, []string{"coupons.day_limit"}},
		{"a budget that forgot a use", `UPDATE coupon_templates SET budget_fen = 5000`, []string{"coupons.budget"}},
		{"conditions lost", `UPDATE coupons SET terms_id = 99 WHERE member_id = 1`, []string{"coupons.terms"}},
		{"a return that nobody ordered", `UPDATE coupons SET returns = 1 WHERE member_id = 1`, []string{"coupons.returns"}},
		{"redeemed for ever after nothing", `UPDATE coupons SET redeemed_at = NULL WHERE member_id = 3`, []string{"coupons.instants"}},
		{"a span backwards", `UPDATE coupons SET usable_until = usable_from WHERE member_id = 1`, []string{"coupons.instants"}},
		{"a discount of an unused coupon", `UPDATE coupons SET discount_fen = 1 WHERE member_id = 1`, []string{"coupons.discount"}},
		{"a discount above its worth", `UPDATE coupons SET discount_fen = 1001 WHERE member_id = 3`, []string{"coupons.discount"}},
		{"an unknown state", `UPDATE coupons SET state = 'claimed' WHERE member_id = 1`, []string{"coupons.states"}},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		id := active(t, s, tenOff())
		for _, m := range []model.MemberID{1, 2, 3} {
			c, err := claim(s, m, id)
			if err == nil && m == 3 {
				err = redeem(s, d, m, c.Code, order(), 5000)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		sound(t, d)
		rollBack := fmt.Errorf("roll back")
		for _, tt := range tests {
			err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Gorm().Exec(tt.corrupt).Error; err != nil {
					t.Errorf("%s: %v", tt.name, err)
					return rollBack
				}
				var tripped []string
				for _, inv := range coupons.Invariants() {
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
		if broken, err := audit.Run(ctx, d, coupons.Invariants()); err != nil || len(broken) != 0 {
			t.Errorf("after the roll-backs: %v, %v", broken, err)
		}
	})
}
