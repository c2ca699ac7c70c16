package points_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/points"
)

func bring(t testing.TB, d *db.DB, s *points.Service, source string, rows ...points.Opening) (out points.Opened) {
	t.Helper()
	err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = s.OpenTx(ctx, tx, source, rows)
		return err
	})
	if err != nil {
		t.Fatalf("OpenTx: %v", err)
	}
	return out
}

func TestOpeningOncePerSourceAndMember(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := points.New(points.Deps{DB: d})
		end := clock.Now().AddDate(0, 1, 0)
		rows := []points.Opening{{Member: 1, Points: 100, Line: 2}, {Member: 2, Points: 50, ExpiresAt: end, Line: 3}}
		if out := bring(t, d, s, "old", rows...); out.New != 2 || out.Known != 0 || len(out.Conflicts) != 0 {
			t.Errorf("first: %+v", out)
		}
		if _, _, err := s.Spend(t.Context(), points.Spend{Member: 1, Points: 70, Reason: model.PointsForGift, Source: "gift:1"}); err != nil {
			t.Fatal(err)
		}
		if out := bring(t, d, s, "old", rows...); out.New != 0 || out.Known != 2 {
			t.Errorf("again, with some spent: %+v", out)
		}
		out := bring(t, d, s, "old",
			points.Opening{Member: 1, Points: 101, Line: 5}, points.Opening{Member: 2, Points: 50, Line: 6}, // another number, another end
			points.Opening{Member: 3, Points: 7, Line: 7}, points.Opening{Member: 3, Points: 8, Line: 8}, points.Opening{Member: 3, Points: 7, Line: 9},
			points.Opening{Member: 4, Points: 0, Line: 10}, points.Opening{Member: 4, Points: 9, ExpiresAt: clock.Now(), Line: 11})
		var lines []int
		for i, c := range out.Conflicts {
			lines = append(lines, c.Line)
			if want := []error{points.ErrSourceReused, points.ErrSourceReused, points.ErrSourceReused, fault.ErrInvalid, fault.ErrInvalid}[i]; !errors.Is(c.Err, want) {
				t.Errorf("line %d: %v, want %v", c.Line, c.Err, want)
			}
		}
		if fmt.Sprint(lines) != "[5 6 8 10 11]" || out.New != 1 || out.Known != 1 {
			t.Errorf("conflicts %v: %+v", lines, out)
		}
		if out := bring(t, d, s, "card", points.Opening{Member: 1, Points: 5}); out.New != 1 {
			t.Errorf("another source: %+v", out)
		}
		clock.Set(end)
		for m, want := range map[model.MemberID]model.Points{1: 35, 2: 0, 3: 7, 4: 0} {
			if b, err := s.Balance(t.Context(), m); err != nil || b.Active != want {
				t.Errorf("member %d has %d (%v), want %d", m, b.Active, err, want)
			}
		}
		err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := s.OpenTx(ctx, tx, "新", rows)
			return err
		})
		if !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("a bad source: %v", err)
		}
		broken, err := audit.Run(t.Context(), d, points.Invariants())
		if err != nil || len(broken) > 0 {
			t.Errorf("audit: %v, %v", broken, err)
		}
	})
}

// The same file read by several at once is stored once.
func TestOpeningsRace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := points.New(points.Deps{DB: d})
		rows := make([]points.Opening, 200)
		for i := range rows {
			rows[i] = points.Opening{Member: model.MemberID(i + 1), Points: model.Points(i + 1)}
		}
		var mu sync.Mutex
		var wait sync.WaitGroup
		fresh, known := 0, 0
		for range 8 {
			wait.Go(func() {
				for {
					var out points.Opened
					err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
						out, err = s.OpenTx(ctx, tx, "old", rows)
						return err
					})
					if errors.Is(err, db.ErrUnavailable) {
						time.Sleep(time.Millisecond) // the database asked to come again
						continue
					}
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					fresh, known = fresh+out.New, known+out.Known
					mu.Unlock()
					return
				}
			})
		}
		wait.Wait()
		if fresh != 200 || known != 7*200 {
			t.Errorf("%d new and %d known, want 200 and 1400", fresh, known)
		}
	})
}
