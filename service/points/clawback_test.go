package points_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/service/points"
)

func (s *shop) claw(m model.MemberID, n model.Points, source, earned string, p model.ClawbackPolicy) points.Clawed {
	s.t.Helper()
	out, fresh, err := s.Clawback(context.Background(), points.Clawback{Member: m, Source: source, EarnSource: earned, Points: n, Policy: p})
	if err != nil || !fresh || out.Points != out.Taken+out.Owed+out.Waived {
		s.t.Fatalf("Clawback(%d of %s) = %+v, fresh %t, %v", n, earned, out, fresh, err)
	}
	return out
}

// await gives points that wait for CompleteTx.
func (s *shop) await(m model.MemberID, n model.Points, source string, rule model.ExpiryRule) {
	s.t.Helper()
	_, fresh, err := s.Earn(context.Background(), points.Earn{Member: m, Points: n, Reason: model.PointsForOrder, Source: source, Awaiting: true, Expiry: rule})
	if err != nil || !fresh {
		s.t.Fatalf("Earn(%d, %s) = fresh %t, %v", n, source, fresh, err)
	}
}

func (s *shop) owes(m model.MemberID, debt model.Points) {
	s.t.Helper()
	b, err := s.Balance(context.Background(), m)
	if err != nil || b.Debt != debt {
		s.t.Fatalf("Balance(%d).Debt = %d, %v; want %d", m, b.Debt, err, debt)
	}
}

// The three policies of rules.md b1 on one account: 100 pending of the returned order, 30 active and 40 pending of others.
func TestClawbackPolicies(t *testing.T) {
	type want struct{ taken, owed, waived, active, pending, debt model.Points }
	tests := []struct {
		name    string
		policy  model.ClawbackPolicy
		pending bool // the order's own points are still pending
		spent   model.Points
		want    want
	}{
		{"pending only, still pending", model.ClawPending, true, 0, want{100, 0, 0, 30, 40, 0}},
		{"pending only, active since", model.ClawPending, false, 0, want{0, 0, 100, 130, 40, 0}},
		{"up to the balance, still pending", model.ClawToBalance, true, 0, want{100, 0, 0, 30, 40, 0}},
		{"up to the balance, enough", model.ClawToBalance, false, 20, want{100, 0, 0, 10, 40, 0}},
		{"up to the balance, short", model.ClawToBalance, false, 90, want{40, 0, 60, 0, 40, 0}},
		{"with debt, enough", model.ClawWithDebt, false, 0, want{100, 0, 0, 30, 40, 0}},
		{"with debt, short", model.ClawWithDebt, false, 90, want{40, 60, 0, 0, 40, 60}},
		{"with debt, nothing left", model.ClawWithDebt, false, 130, want{0, 100, 0, 0, 40, 100}},
	}
	each(t, func(t *testing.T, s *shop) {
		for i, tt := range tests {
			m := model.MemberID(i + 1)
			earned, ctx := fmt.Sprintf("order:%d:earn", m), context.Background()
			s.earn(m, 30, fmt.Sprintf("order:%d:before", m), 0)
			in := points.Earn{Member: m, Points: 100, Reason: model.PointsForOrder, Source: earned, ExpiresAt: s.clock.Now().Add(9 * time.Hour)}
			if tt.pending {
				in.ActiveFrom = s.clock.Now().Add(time.Hour)
			}
			if _, _, err := s.Earn(ctx, in); err != nil {
				t.Fatal(err)
			}
			s.await(m, 40, fmt.Sprintf("order:%d:after", m), model.ExpiryRule{Mode: model.ExpireNever})
			if tt.spent > 0 {
				s.spend(m, tt.spent, fmt.Sprintf("gift:%d", m))
			}
			refund := fmt.Sprintf("refund:%d", m)
			got := s.claw(m, 100, refund, earned, tt.policy)
			if got.Taken != tt.want.taken || got.Owed != tt.want.owed || got.Waived != tt.want.waived {
				t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
			}
			s.has(m, tt.want.active, tt.want.pending, 0)
			s.owes(m, tt.want.debt)
			again, fresh, err := s.Clawback(ctx, points.Clawback{Member: m, Source: refund, EarnSource: earned, Points: 100, Policy: tt.policy})
			if err != nil || fresh || again != got {
				t.Errorf("%s: repeated = %+v, fresh %t, %v", tt.name, again, fresh, err)
			}
		}
	})
}

// Parts of a returned order never take more than the order gave, whatever the callers ask for.
func TestClawbacksOfOneOrderNeverExceedItsGrant(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.earn(1, 500, "order:1:earn", 0)
		s.earn(1, 99, "order:2:earn", 0)
		for i, want := range []model.Points{33, 33, 33, 0} {
			if got := s.claw(1, 33+model.Points(i/3), fmt.Sprint("refund:", i), "order:2:earn", model.ClawWithDebt); got.Points != want || got.Taken != want {
				t.Errorf("part %d = %+v, want %d", i, got, want)
			}
		}
		s.has(1, 500, 0, 0)
	})
}

// Whatever lets points become active pays a debt first: earning, the clock, completing an order, a cancelled redemption, a release.
func TestDebtIsPaidFirst(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(1, 100, "order:1:earn", 0)
		s.spend(1, 80, "gift:1")
		if _, _, err := s.Hold(ctx, points.Hold(spend(1, 20, "gift:2"))); err != nil {
			t.Fatal(err)
		}
		s.claw(1, 100, "refund:1", "order:1:earn", model.ClawWithDebt)
		s.owes(1, 100)
		s.earn(1, 10, "order:2:earn", time.Hour)
		s.has(1, 0, 0, 20)
		s.owes(1, 90)
		_, _, err := s.Earn(ctx, points.Earn{Member: 1, Points: 10, Reason: model.PointsForOrder, Source: "order:3:earn", ActiveFrom: s.clock.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		s.has(1, 0, 10, 20)
		s.owes(1, 90)
		s.clock.Advance(time.Hour)
		s.owes(1, 80) // as judged, before anything was settled
		s.await(1, 10, "order:4:earn", model.ExpiryRule{Mode: model.ExpireAfterDays, N: 1})
		s.owes(1, 80)
		if fresh, err := s.Complete(ctx, "order:4:earn"); err != nil || !fresh {
			t.Fatalf("Complete = %t, %v", fresh, err)
		}
		s.owes(1, 70)
		if _, err := s.Release(ctx, "gift:2", ""); err != nil {
			t.Fatal(err)
		}
		s.owes(1, 50)
		s.has(1, 0, 0, 0)
		if _, _, err := s.Return(ctx, points.Return{Spent: "gift:1", SpentReason: model.PointsForGift, Source: "gift:1:cancel"}); err != nil {
			t.Fatal(err)
		}
		s.owes(1, 0)
		s.has(1, 30, 0, 0)
		if _, _, err := s.Spend(ctx, spend(1, 31, "gift:3")); !errors.Is(err, points.ErrInsufficient) {
			t.Errorf("spend what paid the debt = %v", err)
		}
	})
}

func TestPointsWaitForTheirOrderToBeCompleted(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.await(1, 40, "order:1:earn", model.ExpiryRule{Mode: model.ExpireAfterDays, N: 2})
		s.clock.Advance(1000 * 24 * time.Hour)
		if err := s.SettleDue(ctx); err != nil {
			t.Fatal(err)
		}
		s.has(1, 0, 40, 0)
		p, err := s.Statement(ctx, 1, onePage)
		if err != nil || p.Lines[0].Lot == nil || p.Lines[0].Lot.ActiveFrom != nil || p.Lines[0].Lot.State != model.LotPending {
			t.Errorf("the statement says %+v, %v", p.Lines[0].Lot, err)
		}
		for i, want := range []bool{true, false} {
			if fresh, err := s.Complete(ctx, "order:1:earn"); err != nil || fresh != want {
				t.Errorf("Complete no. %d = %t, %v", i, fresh, err)
			}
		}
		s.has(1, 40, 0, 0)
		b, err := s.Balance(ctx, 1)
		want := model.DayOf(s.clock.Now(), model.Shanghai).AddDays(3).Start(model.Shanghai)
		if err != nil || len(b.Expiring) != 1 || !b.Expiring[0].ExpiresAt.Equal(want) {
			t.Errorf("Expiring = %+v, %v; want %s", b.Expiring, err, want)
		}
		if _, err := s.Complete(ctx, "order:9:earn"); !errors.Is(err, points.ErrNothingEarned) {
			t.Errorf("Complete of nothing = %v", err)
		}
	})
}

// T2: of 32 repetitions of one return at once one has an effect, and parallel parts of one order stay within its grant.
func TestT2ParallelClawbacks(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(1, 100, "order:1:earn", 0)
		s.spend(1, 70, "gift:1")
		var fresh, asked atomic.Int64
		for _, err := range together(32, func(i int) error {
			out, first, err := s.Clawback(ctx, points.Clawback{Member: 1, Source: fmt.Sprint("refund:", i%8), EarnSource: "order:1:earn", Points: 30, Policy: model.ClawWithDebt})
			if first {
				fresh.Add(1)
				asked.Add(int64(out.Points))
			}
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if fresh.Load() != 8 || asked.Load() != 100 {
			t.Errorf("%d clawbacks took effect and asked for %d, want 8 and 100", fresh.Load(), asked.Load())
		}
		s.has(1, 0, 0, 0)
		s.owes(1, 70)
	})
}
