package points_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/points"
)

func (s *shop) exec(statement string) {
	s.t.Helper()
	err := s.db.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
		res := tx.Gorm().Exec(statement)
		if res.Error == nil && res.RowsAffected == 0 {
			return errors.New("no row was changed")
		}
		return res.Error
	})
	if err != nil {
		s.t.Fatalf("%s: %v", statement, err)
	}
}

func (s *shop) compare() (list []string) {
	s.t.Helper()
	if _, err := s.Compare(context.Background(), func(d points.Difference) { list = append(list, d.String()) }); err != nil {
		s.t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// rules.md b1: rebuilding from entries must reproduce the cache, whatever has become of it.
func TestRebuildReproducesTheCache(t *testing.T) {
	damages := []struct {
		name, sql string
		want      []string
	}{
		{"figures", "UPDATE points_accounts SET active = active + 7, spent_total = 0, debt = 3 WHERE member_id = 1", []string{
			"member 1: active is 77, the entries say 70", "member 1: debt is 3, the entries say 0", "member 1: spent is 0, the entries say 60"}},
		{"held points and the count", "UPDATE points_accounts SET held = 0, seq = 99 WHERE member_id = 1", []string{
			"member 1: entries is 99, the entries say 5", "member 1: held is 0, the entries say 20"}},
		{"an account that is gone", "DELETE FROM points_accounts WHERE member_id = 2", []string{
			"member 2: account is missing, the entries say there", "member 2: debt is 0, the entries say 30", "member 2: earned is 0, the entries say 30",
			"member 2: entries is 0, the entries say 4", "member 2: spent is 0, the entries say 60"}},
		{"lots", "UPDATE points_lots SET remaining = 0, state = 'consumed' WHERE member_id = 1 AND seq = 1", []string{
			"member 1 lot 1: remaining is 0, the entries say 70", "member 1 lot 1: state is consumed, the entries say active"}},
		{"a sweep that would come too late", "UPDATE points_accounts SET due_at = (SELECT MAX(expires_at) FROM points_lots WHERE member_id = 1) WHERE member_id = 3", []string{
			"member 3: due is 9999-12-31T00:00:00Z, the entries say 2026-11-21T09:00:00Z"}},
	}
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(1, 100, "order:1:earn", 0)
		s.earn(1, 50, "order:2:earn", time.Hour)
		s.spend(1, 80, "gift:1")
		if _, _, err := s.Return(ctx, points.Return{Spent: "gift:1", SpentReason: model.PointsForGift, Source: "gift:1:back", Points: 20}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Hold(ctx, points.Hold(spend(1, 20, "gift:2"))); err != nil {
			t.Fatal(err)
		}
		s.earn(2, 30, "order:3:earn", 0)
		s.spend(2, 30, "gift:3")
		s.claw(2, 30, "refund:1", "order:3:earn", model.ClawWithDebt)
		s.earn(3, 5, "order:4:earn", 5*time.Hour)
		for m := model.MemberID(10); m < 450; m++ { // more than one step
			if m%40 == 0 {
				s.earn(m, 1, fmt.Sprintf("order:%d:earn", m), 0)
			}
		}
		if list := s.compare(); len(list) != 0 {
			t.Fatalf("a sound ledger differs: %v", list)
		}
		for _, d := range damages {
			s.exec(d.sql)
			if got := s.compare(); !slices.Equal(got, d.want) {
				t.Errorf("%s: differs in %q, want %q", d.name, got, d.want)
			}
			if got := s.compare(); len(got) == 0 {
				t.Errorf("%s: comparing has written", d.name)
			}
			if _, err := s.Rebuild(ctx); err != nil {
				t.Fatal(err)
			}
			if got := s.compare(); len(got) != 0 {
				t.Errorf("%s: differs after the rebuild in %q", d.name, got)
			}
			s.clean()
		}
		if n, err := s.Rebuild(ctx); err != nil || n != 0 {
			t.Errorf("a second rebuild changed %d figures, %v", n, err)
		}
	})
}

// Entries that contradict themselves are no ground to build on: the member is named, the others are rebuilt.
func TestRebuildRefusesContradictions(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.earn(1, 100, "order:1:earn", 0)
		s.earn(2, 100, "order:2:earn", 0)
		s.exec("UPDATE points_entries SET delta = 101 WHERE member_id = 1")
		s.exec("UPDATE points_accounts SET active = 1 WHERE member_id = 2")
		if _, err := s.Rebuild(context.Background()); !errors.Is(err, points.ErrContradiction) {
			t.Errorf("Rebuild = %v", err)
		}
		s.has(2, 100, 0, 0)
		s.exec("UPDATE points_entries SET delta = 100 WHERE member_id = 1")
	})
}
