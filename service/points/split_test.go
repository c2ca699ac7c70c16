package points_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/points"
)

func (s *shop) split(from, to model.MemberID) (out points.Merged) {
	s.t.Helper()
	err := s.db.Do(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = s.SplitTx(ctx, tx, points.Merge{From: from, To: to})
		return err
	})
	if err != nil {
		s.t.Fatalf("Split(%d, %d) = %v", from, to, err)
	}
	return out
}

// What came over goes back as far as it remains; what was spent and earned in between stays with the survivor.
func TestSplitGivesBackWhatRemains(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(1, 100, "order:1:earn", 5*time.Hour)
		s.await(1, 50, "order:2:earn", model.ExpiryRule{Mode: model.ExpireNever})
		s.earn(2, 30, "order:3:earn", 0)
		s.spend(1, 10, "gift:0")
		s.merge(1, 2)
		s.spend(2, 100, "gift:1") // 90 of the lot that ends soonest, 10 of his own
		s.earn(2, 7, "order:4:earn", 0)
		if _, _, err := s.Earn(ctx, points.Earn{Member: 1, Points: 1, Reason: model.PointsForOrder, Source: "order:5:earn"}); !errors.Is(err, points.ErrMerged) {
			t.Errorf("earning in the emptied account = %v", err)
		}
		if got, want := s.split(1, 2), (points.Merged{Pending: 50}); got != want {
			t.Errorf("went back: %+v, want %+v", got, want)
		}
		s.has(1, 0, 50, 0)
		s.has(2, 27, 0, 0)
		// What a redemption of that time gives back is the survivor's, what one of before gives back is not.
		if _, _, err := s.Return(ctx, points.Return{Spent: "gift:1", SpentReason: model.PointsForGift, Source: "gift:1:cancel"}); err != nil {
			t.Fatal(err)
		}
		s.has(1, 0, 50, 0)
		s.has(2, 127, 0, 0)
		if _, _, err := s.Return(ctx, points.Return{Spent: "gift:0", SpentReason: model.PointsForGift, Source: "gift:0:cancel"}); err != nil {
			t.Fatal(err)
		}
		s.has(1, 10, 50, 0)
		if fresh, err := s.Complete(ctx, "order:2:earn"); err != nil || !fresh {
			t.Errorf("Complete after the split = %t, %v", fresh, err)
		}
		s.has(1, 60, 0, 0)
		s.earn(1, 1, "order:5:earn", 0)
		// Once more, and back again: only what came over this time goes back.
		s.merge(1, 2)
		s.has(2, 188, 0, 0)
		s.split(1, 2)
		s.has(1, 61, 0, 0)
		s.has(2, 127, 0, 0)
		if err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.SplitTx(ctx, tx, points.Merge{From: 1, To: 2})
			return err
		}); !errors.Is(err, points.ErrNotMerged) {
			t.Errorf("second split = %v", err)
		}
	})
}

func TestSplitsOfAChainFindEveryonesLots(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.earn(1, 10, "order:1:earn", 0)
		s.earn(2, 20, "order:2:earn", 0)
		s.earn(3, 40, "order:3:earn", 0)
		s.merge(1, 2)
		s.merge(2, 3)
		s.has(3, 70, 0, 0)
		s.split(2, 3)
		s.has(3, 40, 0, 0)
		s.has(2, 30, 0, 0)
		s.split(1, 2)
		s.has(1, 10, 0, 0)
		s.has(2, 20, 0, 0)
		s.merge(3, 2) // the other way round: what is 2's own does not go back
		s.split(3, 2)
		s.has(2, 20, 0, 0)
		s.has(3, 40, 0, 0)
	})
}

func TestSplitGivesBackTheDebtThatIsLeft(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.earn(1, 70, "a", 0)
		s.spend(1, 70, "a:gift")
		s.claw(1, 70, "a:refund", "a", model.ClawWithDebt)
		s.earn(2, 20, "b", 0)
		s.merge(1, 2)
		s.owes(2, 50)
		s.earn(2, 15, "c", 0)
		s.owes(2, 35)
		if got, want := s.split(1, 2), (points.Merged{Debt: 35}); got != want {
			t.Errorf("went back: %+v, want %+v", got, want)
		}
		s.owes(1, 35)
		s.owes(2, 0)
	})
}

// The metric of the tiers follows the person, not the account.
func TestEarnedSinceCountsAccountsThatCameOver(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.earn(1, 10, "order:1:earn", 0)
		s.earn(2, 20, "order:2:earn", 0)
		s.earn(3, 40, "order:3:earn", 0)
		s.merge(1, 2)
		s.merge(2, 3)
		sums := func() (out map[model.MemberID]int64) {
			err := s.db.Read(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
				out, err = points.EarnedSince(ctx, tx, []model.MemberID{3}, time.Time{})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		if got := sums()[3]; got != 70 {
			t.Errorf("earned %d, want 70", got)
		}
		s.split(2, 3)
		if got := sums()[3]; got != 40 {
			t.Errorf("earned %d after the split, want 40", got)
		}
	})
}
