package jobs_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/jobs"
)

// die lets everything that waits be tried until it is dead or done.
func die(t *testing.T, q *jobs.Queue, clock *dbtest.Clock) {
	t.Helper()
	for {
		runDue(t, q)
		at, ok, err := q.Soonest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		if at.After(clock.Now()) {
			clock.Set(at)
		}
	}
}

func sound(t *testing.T, d *db.DB) {
	t.Helper()
	if broken, err := audit.Run(t.Context(), d, audit.Invariants()); err != nil || len(broken) > 0 {
		t.Errorf("invariants: %v, %v", broken, err)
	}
}

// T46: what is dead is run again once its cause is mended, with all its tries, and may die again. Others are not touched.
func TestT46DeadJobsAreRetried(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		q := jobs.New(d, quiet())
		var (
			broken = true
			tries  int
			done   []string
		)
		jobs.Handle(q, "poison", func(_ context.Context, n note) error {
			if tries++; broken {
				return errors.New("the template is gone")
			}
			done = append(done, n.Text)
			return nil
		})
		jobs.Handle(q, "other", func(context.Context, note) error { return errors.New("no use") })
		jobs.Handle(q, "cancelled", func(context.Context, note) error { return jobs.Cancel("not wanted") })
		for i, text := range []string{"a", "b", "c"} {
			insert(t, d, q, jobs.Job{Kind: "poison", Args: note{text}, Key: text, RunAt: clock.Now().Add(time.Duration(i) * time.Hour)})
		}
		insert(t, d, q, jobs.Job{Kind: "other", Args: note{}})
		insert(t, d, q, jobs.Job{Kind: "cancelled", Args: note{}})
		die(t, q, clock)
		kinds, err := q.Dead(t.Context())
		if err != nil || len(kinds) != 2 || kinds[0].Kind != "other" || kinds[1].Count != 3 || kinds[1].Reason != "the template is gone" ||
			!kinds[1].Since.Before(kinds[1].Until) || kinds[1].Until.After(clock.Now()) {
			t.Fatalf("dead: %+v, %v", kinds, err)
		}
		list, err := q.DeadOf(t.Context(), "poison", 2)
		if err != nil || len(list) != 2 || list[0].Attempts != jobs.MaxAttempts {
			t.Fatalf("of poison: %+v, %v", list, err)
		}

		retry := func(in jobs.Retry) (int, error) {
			t.Helper()
			in.Staff, in.Note = 7, "模板已恢复"
			return q.Retry(t.Context(), in)
		}
		if n, err := retry(jobs.Retry{Kind: "poison", Limit: 2}); err != nil || n != 2 {
			t.Fatalf("retried %d, %v; want the two oldest", n, err)
		}
		sound(t, d)
		tries = 0
		die(t, q, clock) // as broken as before
		if tries != 2*jobs.MaxAttempts {
			t.Errorf("%d tries, want all of them for two jobs", tries)
		}
		broken = false
		last := states(t, d)[2]
		if n, err := retry(jobs.Retry{ID: last.ID}); err != nil || n != 1 {
			t.Fatalf("one: %d, %v", n, err)
		}
		if n, err := retry(jobs.Retry{ID: last.ID}); !errors.Is(err, jobs.ErrNotDead) || n != 0 {
			t.Errorf("while it waits: %d, %v", n, err)
		}
		if n, err := retry(jobs.Retry{Kind: "poison", Limit: jobs.RetryMost}); err != nil || n != 2 {
			t.Fatalf("the others: %d, %v", n, err)
		}
		die(t, q, clock)
		slices.Sort(done)
		if !slices.Equal(done, []string{"a", "b", "c"}) {
			t.Errorf("done %v", done)
		}
		for _, tt := range []struct {
			in   jobs.Retry
			want error
		}{
			{jobs.Retry{ID: last.ID}, jobs.ErrNotDead}, {jobs.Retry{ID: 999}, jobs.ErrUnknown}, {jobs.Retry{Kind: "poison", Limit: 1}, jobs.ErrNothing},
			{jobs.Retry{Kind: "cancelled", Limit: 1}, jobs.ErrNothing}, {jobs.Retry{}, fault.ErrInvalid}, {jobs.Retry{ID: 4, Kind: "other", Limit: 1}, fault.ErrInvalid},
			{jobs.Retry{Kind: "other", Limit: jobs.RetryMost + 1}, fault.ErrInvalid}, {jobs.Retry{Kind: "other"}, fault.ErrInvalid},
		} {
			if n, err := retry(tt.in); !errors.Is(err, tt.want) || n != 0 {
				t.Errorf("%+v: %d, %v; want %v", tt.in, n, err, tt.want)
			}
		}
		var words []model.JobState
		for _, j := range states(t, d) {
			words = append(words, j.State)
		}
		if !slices.Equal(words, []model.JobState{model.JobDone, model.JobDone, model.JobDone, model.JobDead, model.JobCancelled}) {
			t.Errorf("states %v", words)
		}
		var entries []model.AuditEntry
		if err := d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Find(&entries).Error }); err != nil || len(entries) != 3 ||
			entries[0].Action != "jobs.retry" || entries[0].StaffID != 7 {
			t.Errorf("trail %+v, %v", entries, err)
		}
		sound(t, d)
	})
}

// Many who ask at once retry each job once.
func TestDeadJobsAreRetriedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		q := jobs.New(d, quiet())
		broken, ran := true, 0
		jobs.Handle(q, "poison", func(context.Context, note) error {
			if broken {
				return errors.New("no use")
			}
			ran++
			return nil
		})
		const n = 5
		for range n {
			insert(t, d, q, jobs.Job{Kind: "poison", Args: note{}})
		}
		die(t, q, clock)
		broken = false
		var (
			wg      sync.WaitGroup
			retried atomic.Int64
		)
		ask := func(in jobs.Retry) {
			in.Note = "again"
			got, err := q.Retry(context.Background(), in)
			if retried.Add(int64(got)); err != nil && !errors.Is(err, jobs.ErrNothing) && !errors.Is(err, jobs.ErrNotDead) {
				t.Errorf("%+v: %v", in, err)
			}
		}
		for _, j := range states(t, d) {
			wg.Go(func() { ask(jobs.Retry{ID: j.ID}) })
			wg.Go(func() { ask(jobs.Retry{Kind: "poison", Limit: n}) })
		}
		wg.Wait()
		die(t, q, clock)
		if retried.Load() != n || ran != n {
			t.Errorf("%d retried, %d ran; want %d", retried.Load(), ran, n)
		}
		sound(t, d)
	})
}
