package points_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/service/points"
)

// Each corruption trips exactly the invariants that are named; a check that cannot fail proves nothing.
func TestInvariantsSeeCorruption(t *testing.T) {
	tests := []struct {
		name string
		sql  string
		want []string
	}{
		{"points out of nothing", "UPDATE points_accounts SET active = active + 1 WHERE member_id = 1", []string{"points.balance", "points.buckets", "points.proof"}},
		{"a total that is off", "UPDATE points_accounts SET spent_total = spent_total + 1 WHERE member_id = 1", []string{"points.totals"}},
		{"an account that is gone", "DELETE FROM points_accounts WHERE member_id = 1", []string{"points.orphans"}},
		{"an account that lost count", "UPDATE points_accounts SET seq = seq + 1 WHERE member_id = 1", []string{"points.count"}},
		{"an entry that was changed", "UPDATE points_entries SET delta = -99 WHERE member_id = 1 AND seq = 3",
			[]string{"points.balance", "points.sequence", "points.links", "points.totals", "points.proof"}},
		{"a running balance that was changed", "UPDATE points_entries SET balance_after = 0 WHERE member_id = 1 AND seq = 3", []string{"points.sequence"}},
		{"a number that was skipped", "UPDATE points_entries SET seq = 99 WHERE member_id = 2 AND seq = 1",
			[]string{"points.orphans", "points.sequence", "points.count", "points.grants"}},
		{"an entry that was removed", "DELETE FROM points_entries WHERE member_id = 1 AND seq = 3",
			[]string{"points.balance", "points.orphans", "points.sequence", "points.returned", "points.totals", "points.proof"}},
		{"a lot with points of its own", "UPDATE points_lots SET remaining = remaining - 1 WHERE member_id = 1 AND seq = 1",
			[]string{"points.lots", "points.buckets", "points.proof"}},
		{"a lot that was worth more", "UPDATE points_lots SET granted = granted + 1, remaining = remaining + 1 WHERE member_id = 2 AND seq = 1",
			[]string{"points.grants", "points.buckets", "points.proof"}},
		{"a lot that is gone", "DELETE FROM points_lots WHERE member_id = 2 AND seq = 1", []string{"points.grants", "points.buckets", "points.proof"}},
		{"a lot in the wrong state", "UPDATE points_lots SET state = 'consumed' WHERE member_id = 2 AND seq = 1",
			[]string{"points.buckets", "points.lot_states", "points.proof"}},
		{"a link that was changed", "UPDATE points_consumptions SET amount = amount + 1 WHERE member_id = 1 AND entry_seq = 3 AND lot_seq = 2",
			[]string{"points.lots", "points.links"}},
		{"a return that was forgotten", "UPDATE points_consumptions SET returned = 0 WHERE member_id = 1 AND entry_seq = 3",
			[]string{"points.returned"}},
		{"a hold that was closed by hand", "UPDATE points_holds SET state = 'released' WHERE member_id = 1", []string{"points.holds"}},
		{"a hold that is gone", "DELETE FROM points_holds WHERE member_id = 1", []string{"points.holds"}},
		{"a sweep that would come too late", "UPDATE points_accounts SET due_at = '9999-12-31 00:00:00' WHERE member_id = 1", []string{"points.due"}},
		{"a debt out of nothing", "UPDATE points_accounts SET debt = debt + 1 WHERE member_id = 3", []string{"points.proof"}},
		{"a debt beside points", "UPDATE points_accounts SET debt = debt + 1 WHERE member_id = 1", []string{"points.proof", "points.debts"}},
		{"a clawback that took more", "UPDATE points_clawbacks SET taken = taken + 1, points = points + 1, asked = asked + 1 WHERE source = 'refund:2'", []string{"points.clawbacks"}},
		{"a debt that no clawback made", "UPDATE points_clawbacks SET owed = owed - 1, taken = taken + 1 WHERE source = 'refund:1'", []string{"points.clawbacks"}},
		{"a clawback beyond the grant", "UPDATE points_clawbacks SET waived = 900, points = points + 900, asked = asked + 900 WHERE source = 'refund:2'", []string{"points.clawbacks"}},
		{"an account that was merged though it has points", "INSERT INTO points_merges (from_member, to_member, staff_id, at) VALUES (1, 9, 0, '2026-11-21')", []string{"points.merges"}},
		{"a lot that waits for nothing", "UPDATE points_lots SET awaiting = FALSE WHERE member_id = 3 AND awaiting", []string{"points.awaiting"}},
		{"an adjustment that nobody made", "UPDATE points_entries SET reason = 'adjust' WHERE member_id = 2 AND seq = 1", []string{"points.adjusted", "points.adjustments"}},
		{"an adjustment that nobody asked for", "DELETE FROM points_adjustments WHERE member_id = 1", []string{"points.adjustments", "points.adjust_days"}},
		{"an adjustment of another amount", "UPDATE points_adjustments SET points = points + 1 WHERE member_id = 1", []string{"points.adjustments", "points.adjust_days"}},
		{"a second person who was not there", "UPDATE points_adjustments SET needs_second = TRUE, state = 'applied' WHERE member_id = 1", []string{"points.adjustments"}},
		{"a day that forgot", "UPDATE points_adjust_days SET points = 0", []string{"points.adjust_days"}},
	}
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(1, 100, "order:1:earn", 0)
		s.earn(1, 50, "order:2:earn", time.Hour)
		s.spend(1, 80, "gift:1")
		if _, _, err := s.Return(ctx, points.Return{Spent: "gift:1", SpentReason: model.PointsForGift, Source: "gift:1:back", Points: 20}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Hold(ctx, points.Hold(spend(1, 5, "gift:2"))); err != nil {
			t.Fatal(err)
		}
		s.earn(2, 30, "order:3:earn", 0)
		if _, err := s.Adjust(ctx, points.Adjust{Staff: 1, Member: 1, Points: 5, Code: model.AdjustOther, Note: "补发"}); err != nil {
			t.Fatal(err)
		}
		s.earn(1, 10, "order:4:earn", 2*time.Hour)
		s.earn(3, 40, "order:5:earn", 0)
		s.spend(3, 30, "gift:3")
		s.claw(3, 40, "refund:1", "order:5:earn", model.ClawWithDebt)
		s.earn(3, 5, "order:6:earn", 0)
		s.claw(1, 4, "refund:2", "order:4:earn", model.ClawToBalance)
		s.await(3, 7, "order:7:earn", model.ExpiryRule{Mode: model.ExpireNever})
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
	undo := context.Canceled
	err := s.db.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		res := tx.Gorm().Exec(statement)
		if res.Error != nil || res.RowsAffected == 0 {
			s.t.Fatalf("%s: %d rows, %v", statement, res.RowsAffected, res.Error)
		}
		ids = broken(s.t, ctx, tx, points.Invariants())
		return undo
	})
	if err != undo {
		s.t.Fatal(err)
	}
	return ids
}

func broken(t *testing.T, ctx context.Context, tx *db.Tx, all []audit.Invariant) (ids []string) {
	t.Helper()
	for _, inv := range all {
		violations, err := inv.Check(ctx, tx)
		if err != nil {
			t.Fatalf("%s: %v", inv.ID, err)
		}
		if len(violations) > 0 {
			ids = append(ids, inv.ID)
		}
	}
	return ids
}

// The schema refuses what the invariants look for, where a constraint can.
func TestSchemaRefusesCorruption(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.earn(1, 100, "order:1:earn", 0)
		s.spend(1, 10, "gift:1")
		for _, statement := range []string{
			"UPDATE points_accounts SET active = -1",
			"UPDATE points_accounts SET pending = -1",
			"UPDATE points_accounts SET held = -1",
			"UPDATE points_entries SET delta = 0",
			"UPDATE points_entries SET balance_after = -1",
			"UPDATE points_entries SET source = 'order:1:earn', reason = 'earn_order' WHERE seq = 2",
			"UPDATE points_lots SET remaining = -1",
			"UPDATE points_lots SET remaining = granted + 1",
			"UPDATE points_consumptions SET returned = amount + 1",
			"UPDATE points_consumptions SET amount = 0",
		} {
			err := s.db.Do(context.Background(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Exec(statement).Error })
			if err == nil {
				t.Errorf("%s was accepted", statement)
			}
		}
	})
}
