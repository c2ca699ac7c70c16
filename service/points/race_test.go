package points_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/points"
)

// together runs f n times at once and returns the errors.
func together(n int, f func(i int) error) []error {
	var (
		start = make(chan struct{})
		errs  = make([]error, n)
		all   sync.WaitGroup
	)
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// rounds is 5, or HUITOU_ROUNDS for the long run of reliability.md T1:
//
//	HUITOU_ROUNDS=1000 go test ./service/points -run T1Fuint71 -timeout 1h -v
func rounds(t *testing.T) int {
	text := os.Getenv("HUITOU_ROUNDS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("HUITOU_ROUNDS is %q, want a number", text)
	}
	return n
}

// T1 and fuint#71: 20 concurrent gifts from a 100-point account all succeeded there. Here exactly floor(balance/price)
// of 64 do, on two instances of the program, and the balance never goes below zero.
func TestT1Fuint71ParallelSpendsTakeOnlyWhatIsThere(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock, o := dbtest.NewClock(), dbtest.Empty(t, driver)
			instances := []*shop{open(t, dbtest.Reopen(t, o, clock), clock), open(t, dbtest.Reopen(t, o, clock), clock)}
			for round := range rounds(t) {
				m := model.MemberID(round + 1)
				instances[0].earn(m, 300, fmt.Sprintf("order:%d:a", round), 0)
				instances[0].earn(m, 700, fmt.Sprintf("order:%d:b", round), 0)
				var took atomic.Int64
				for _, err := range together(64, func(i int) error {
					_, _, err := instances[i%2].Spend(context.Background(), spend(m, 30, fmt.Sprintf("gift:%d:%d", round, i)))
					if err == nil {
						took.Add(1)
					}
					return err
				}) {
					if err != nil && !errors.Is(err, points.ErrInsufficient) {
						t.Errorf("a spend failed with %v", err)
					}
				}
				if got := took.Load(); got != 1000/30 {
					t.Errorf("round %d: %d spends of 30 succeeded on 1000 points, want %d", round, got, 1000/30)
				}
				instances[1].has(m, 1000%30, 0, 0)
			}
			instances[0].clean()
		})
	}
}

// T2: of 64 repetitions of one fact at once, also for a member who never had points, one has an effect.
func TestT2ParallelRepetitionsMovePointsOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		var fresh atomic.Int64
		for _, err := range together(64, func(int) error {
			e, first, err := s.Earn(context.Background(), points.Earn{Member: 1, Points: 25, Reason: model.PointsForOrder, Source: "order:1:earn"})
			if first {
				fresh.Add(1)
			}
			if err == nil && (e.Seq != 1 || e.Delta != 25) {
				return fmt.Errorf("got the entry %+v", e)
			}
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		if fresh.Load() != 1 {
			t.Errorf("%d of 64 were fresh", fresh.Load())
		}
		s.has(1, 25, 0, 0)
	})
}

// Of a capture and a release of the same hold at once, one takes place.
func TestParallelCaptureAndReleaseEndAHoldOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		for round := range 5 {
			m, source := model.MemberID(round+1), fmt.Sprintf("mall:%d", round)
			s.earn(m, 100, fmt.Sprintf("order:%d:earn", round), 0)
			if _, _, err := s.Hold(ctx, points.Hold(spend(m, 60, source))); err != nil {
				t.Fatal(err)
			}
			var captured, released atomic.Int64
			for _, err := range together(16, func(i int) error {
				if i%2 == 0 {
					err := s.Capture(ctx, source)
					if err == nil {
						captured.Add(1)
					}
					return err
				}
				_, err := s.Release(ctx, source, "")
				if err == nil {
					released.Add(1)
				}
				return err
			}) {
				if err != nil && !errors.Is(err, points.ErrHoldClosed) {
					t.Error(err)
				}
			}
			if (captured.Load() > 0) == (released.Load() > 0) {
				t.Errorf("%d captures and %d releases of one hold succeeded", captured.Load(), released.Load())
			}
			want := model.Points(40)
			if released.Load() > 0 {
				want = 100
			}
			s.has(m, want, 0, 0)
		}
	})
}

// Batches of overlapping members in opposite orders must not deadlock, nor lose anything.
func TestParallelBatchesOfTheSameMembers(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		for _, err := range together(16, func(i int) error {
			return s.db.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
				members := []model.MemberID{1, 2, 3, 4, 5, 6, 7, 8}
				if i%2 == 1 {
					members = []model.MemberID{8, 7, 6, 5, 4, 3, 2, 1}
				}
				return s.BatchTx(ctx, tx, members, func(b *points.Batch) error {
					for _, m := range members {
						in := points.Earn{Member: m, Points: 10, Reason: model.PointsForAction, Source: fmt.Sprintf("batch:%d:%d", i, m)}
						if _, err := b.Earn(in); err != nil {
							return err
						}
						if _, err := b.Spend(spend(m, 4, in.Source)); err != nil {
							return err
						}
					}
					return nil
				})
			})
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		for m := model.MemberID(1); m <= 8; m++ {
			s.has(m, 16*6, 0, 0)
		}
	})
}
