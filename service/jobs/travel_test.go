package jobs_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/jobs"
)

func TestAloneNobodyElseWorks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		q := jobs.New(d, quiet())
		var alone atomic.Bool
		var ran, disturbed atomic.Int64
		begun, finish := make(chan struct{}, 10), make(chan struct{})
		work := func(ctx context.Context, n note) error {
			begun <- struct{}{}
			if n.Text == "slow" {
				<-finish
			}
			if alone.Load() && ctx.Value(mine{}) == nil {
				disturbed.Add(1)
			}
			ran.Add(1)
			return nil
		}
		jobs.Handle(q, "note", work)
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error, 1)
		go func() { stopped <- q.Run(ctx) }()
		insert(t, d, q, jobs.Job{Kind: "note", Args: note{"slow"}})
		<-begun // it is at work, so Alone has somebody to wait for

		// Who stops waiting leaves the workers at work.
		hurried, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := q.Alone(hurried, func(context.Context) error { t.Error("ran beside a job"); return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Alone = %v, want the deadline", err)
		}
		go func() { finish <- struct{}{} }()
		err := q.Alone(t.Context(), func(ctx context.Context) error {
			alone.Store(true)
			defer alone.Store(false)
			if n := ran.Load(); n != 1 {
				t.Errorf("%d jobs were done before, want the slow one", n)
			}
			if err := q.Alone(ctx, nil); !errors.Is(err, jobs.ErrAlone) {
				t.Errorf("a second Alone = %v", err)
			}
			for range 3 {
				insert(t, d, q, jobs.Job{Kind: "note", Args: note{"quick"}})
			}
			var kinds []string
			n, err := q.RunDueEach(context.WithValue(ctx, mine{}, true), func(kind string, _ int) error { kinds = append(kinds, kind); return nil })
			if err != nil || n != 3 || !slices.Equal(kinds, []string{"note", "note", "note"}) {
				t.Errorf("RunDueEach = %d %v %v", n, kinds, err)
			}
			insert(t, d, q, jobs.Job{Kind: "note", Args: note{"left"}})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 4 { // the three and the one that was left to the workers
			select {
			case <-begun:
			case <-time.After(10 * time.Second):
				t.Fatal("the workers did not go on")
			}
		}
		stop()
		if err := <-stopped; err != nil {
			t.Fatal(err)
		}
		if ran.Load() != 5 || disturbed.Load() != 0 {
			t.Errorf("%d jobs ran, %d of them beside the one who was alone", ran.Load(), disturbed.Load())
		}
	})
}

type mine struct{}

func TestRunDueEachStopsWhenTold(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	q := jobs.New(d, quiet())
	jobs.Handle(q, "note", func(context.Context, note) error { return nil })
	for range 3 {
		insert(t, d, q, jobs.Job{Kind: "note", Args: note{}})
	}
	enough := errors.New("enough")
	left := 2
	n, err := q.RunDueEach(t.Context(), func(string, int) error {
		if left--; left == 0 {
			return enough
		}
		return nil
	})
	if n != 2 || !errors.Is(err, enough) {
		t.Errorf("RunDueEach = %d %v", n, err)
	}
	waiting := 0
	for _, j := range states(t, d) {
		if j.State == model.JobWaiting {
			waiting++
		}
	}
	if waiting != 1 {
		t.Errorf("%d jobs wait, want 1", waiting)
	}
}

func TestNextLeavesFrequentTasksOut(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	q := jobs.New(d, quiet())
	start := d.Now()
	nothing := func(context.Context) error { return nil }
	q.Every("often", jobs.Interval(time.Minute), nothing)
	q.Every("daily", jobs.DailyAt(10, 0, model.Shanghai), nothing)
	jobs.Handle(q, "note", func(context.Context, note) error { return nil })
	runDue(t, q)
	next := func(coarse time.Duration) time.Time {
		t.Helper()
		at, ok, err := q.Next(t.Context(), coarse)
		if err != nil || !ok {
			t.Fatalf("Next = %v %v", ok, err)
		}
		return at
	}
	daily := jobs.DailyAt(10, 0, model.Shanghai)(start)
	if got := next(time.Hour); !got.Equal(daily) {
		t.Errorf("Next in hours = %s, want the daily task at %s", got, daily)
	}
	if got, want := next(0), jobs.Interval(time.Minute)(start); !got.Equal(want) {
		t.Errorf("Next = %s, want %s", got, want)
	}
	soon := start.Add(90 * time.Second).Truncate(time.Microsecond)
	insert(t, d, q, jobs.Job{Kind: "note", Args: note{}, RunAt: soon})
	if got := next(time.Hour); !got.Equal(soon) {
		t.Errorf("Next in hours = %s, want the job at %s", got, soon)
	}
	clock.Advance(48 * time.Hour)
	if got := next(time.Hour); got.After(d.Now()) {
		t.Errorf("Next = %s, want what is overdue", got)
	}
}
