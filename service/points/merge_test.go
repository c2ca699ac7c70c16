package points_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/fault"
	"huitou/service/points"
)

func (s *shop) merge(from, to model.MemberID) points.Merged {
	s.t.Helper()
	out, fresh, err := s.Merge(context.Background(), points.Merge{From: from, To: to})
	if err != nil || !fresh {
		s.t.Fatalf("Merge(%d, %d) = %+v, fresh %t, %v", from, to, out, fresh, err)
	}
	return out
}

// mautic PR 5964, odoo PR 171706, erxes PR 6957: merging loses points there. Here every lot keeps its beginning and end, and what
// comes back to the emptied account, or is clawed back from it, finds the points where they are.
func TestMergeLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(1, 100, "order:1:earn", 5*time.Hour)
		s.await(1, 50, "order:2:earn", model.ExpiryRule{Mode: model.ExpireNever})
		s.spend(1, 60, "gift:1")
		s.earn(2, 10, "order:3:earn", time.Hour)
		if got, want := s.merge(1, 2), (points.Merged{Active: 40, Pending: 50}); got != want {
			t.Errorf("moved %+v, want %+v", got, want)
		}
		s.has(1, 0, 0, 0)
		s.has(2, 50, 50, 0)
		for name, in := range map[string]points.Merge{"into a third": {From: 1, To: 3}, "into the merged one": {From: 3, To: 1}} {
			if _, _, err := s.Merge(ctx, in); !errors.Is(err, points.ErrMerged) {
				t.Errorf("merge %s = %v", name, err)
			}
		}
		if _, fresh, err := s.Merge(ctx, points.Merge{From: 1, To: 2}); err != nil || fresh {
			t.Errorf("repeated merge = fresh %t, %v", fresh, err)
		}
		s.merge(2, 3)
		if fresh, err := s.Complete(ctx, "order:2:earn"); err != nil || !fresh {
			t.Errorf("Complete after two merges = %t, %v", fresh, err)
		}
		s.has(3, 100, 0, 0)
		if _, _, err := s.Return(ctx, points.Return{Spent: "gift:1", SpentReason: model.PointsForGift, Source: "gift:1:cancel"}); err != nil {
			t.Fatal(err)
		}
		s.has(1, 0, 0, 0)
		s.has(3, 160, 0, 0)
		if got := s.claw(1, 100, "refund:1", "order:1:earn", model.ClawToBalance); got.Taken != 100 || got.Entry.MemberID != 3 {
			t.Errorf("clawback after two merges = %+v", got)
		}
		s.has(3, 60, 0, 0)
		s.clock.Advance(time.Hour)
		s.has(3, 50, 0, 0) // the lot of order 3 ended when it was to end
	})
}

func TestMergeMovesDebt(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		owe := func(m model.MemberID, n model.Points, order string) {
			s.earn(m, n, order, 0)
			s.spend(m, n, order+":gift")
			s.claw(m, n, order+":refund", order, model.ClawWithDebt)
		}
		owe(1, 70, "a")
		s.earn(2, 30, "b", 0)
		if got, want := s.merge(1, 2), (points.Merged{Debt: 70}); got != want {
			t.Errorf("moved %+v, want %+v", got, want)
		}
		s.owes(1, 0)
		s.owes(2, 40)
		s.has(2, 0, 0, 0)
		s.earn(3, 100, "c", 0)
		s.merge(3, 2)
		s.owes(2, 0)
		s.has(2, 60, 0, 0)
	})
}

func TestMergeRefusals(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(1, 100, "order:1:earn", 0)
		if _, _, err := s.Hold(ctx, points.Hold(spend(1, 10, "gift:1"))); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Merge(ctx, points.Merge{From: 1, To: 2}); !errors.Is(err, points.ErrHoldsOpen) {
			t.Errorf("merge with a hold = %v", err)
		}
		for _, in := range []points.Merge{{From: 1, To: 1}, {From: 0, To: 1}, {From: 1, To: -1}} {
			if _, _, err := s.Merge(ctx, in); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("Merge(%+v) = %v", in, err)
			}
		}
		s.has(1, 90, 0, 10)
	})
}

// T2: merges in both directions at once, with spends in between: one merge takes place and nothing is lost.
func TestT2ParallelMerges(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(1, 500, "order:1:earn", 0)
		s.earn(2, 500, "order:2:earn", 0)
		spent := make([]model.Points, 48)
		for _, err := range together(48, func(i int) error {
			from := model.MemberID(i%2 + 1)
			if i%3 == 0 {
				_, _, err := s.Merge(ctx, points.Merge{From: from, To: 3 - from})
				if errors.Is(err, points.ErrMerged) {
					err = nil
				}
				return err
			}
			_, _, err := s.Spend(ctx, spend(from, 5, fmt.Sprint("gift:", i)))
			switch {
			case err == nil:
				spent[i] = 5
			case errors.Is(err, points.ErrInsufficient):
				err = nil
			}
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		want := model.Points(1000)
		for _, n := range spent {
			want -= n
		}
		a, _ := s.Balance(ctx, 1)
		b, _ := s.Balance(ctx, 2)
		if a.Active+b.Active != want || a.Active*b.Active != 0 {
			t.Errorf("balances %d and %d, want %d in one of them", a.Active, b.Active, want)
		}
	})
}

// What comes back to a lot that has ended lives on for the days of grace, and no longer; the lot's other points stay dead.
func TestReturnWithGrace(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(1, 100, "order:1:earn", time.Hour)
		s.spend(1, 80, "gift:1")
		s.clock.Advance(2 * time.Hour)
		for i, days := range []int{2, 0} {
			_, _, err := s.Return(ctx, points.Return{Spent: "gift:1", SpentReason: model.PointsForGift, Source: "back:" + string(rune('a'+i)), Points: 30, GraceDays: days})
			if err != nil {
				t.Fatal(err)
			}
		}
		s.has(1, 60, 0, 0) // the lot lives again, also for the second return
		end := model.DayOf(s.clock.Now(), model.Shanghai).AddDays(3).Start(model.Shanghai)
		b, err := s.Balance(ctx, 1)
		if err != nil || len(b.Expiring) != 1 || !b.Expiring[0].ExpiresAt.Equal(end) || b.Expiring[0].Points != 60 {
			t.Errorf("Expiring = %+v, %v; want 60 until %s", b.Expiring, err, end)
		}
		s.clock.Set(end)
		if err := s.SettleDue(ctx); err != nil {
			t.Fatal(err)
		}
		s.has(1, 0, 0, 0)
		if _, _, err := s.Return(ctx, points.Return{Spent: "gift:1", SpentReason: model.PointsForGift, Source: "back:c", GraceDays: 1}); err != nil {
			t.Fatal(err)
		}
		s.has(1, 20, 0, 0)
		s.clock.Advance(48 * time.Hour)
		if err := s.SettleDue(ctx); err != nil {
			t.Fatal(err)
		}
		s.has(1, 0, 0, 0)
		_, _, err = s.Return(ctx, points.Return{Spent: "gift:1", SpentReason: model.PointsForGift, Source: "back:d", GraceDays: -1})
		if !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("a negative grace = %v", err)
		}
	})
}
