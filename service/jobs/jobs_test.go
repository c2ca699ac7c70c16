package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/jobs"
)

type note struct{ Text string }

func insert(t *testing.T, d *db.DB, q *jobs.Queue, j jobs.Job) (fresh bool) {
	t.Helper()
	err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		fresh, err = q.Insert(ctx, tx, j)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

func states(t *testing.T, d *db.DB) (out []model.Job) {
	t.Helper()
	if err := d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Order("id").Find(&out).Error }); err != nil {
		t.Fatal(err)
	}
	return out
}

func runDue(t *testing.T, q *jobs.Queue) int {
	t.Helper()
	n, err := q.RunDue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestAJobExistsExactlyWhenItsTransactionCommits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		q := jobs.New(d, quiet())
		var ran []string
		jobs.Handle(q, "note", func(_ context.Context, n note) error { ran = append(ran, n.Text); return nil })
		boom := errors.New("boom")
		err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if _, err := q.Insert(ctx, tx, jobs.Job{Kind: "note", Args: note{"lost"}}); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		insert(t, d, q, jobs.Job{Kind: "note", Args: note{"kept"}, Key: "k"})
		if insert(t, d, q, jobs.Job{Kind: "note", Args: note{"twice"}, Key: "k"}) {
			t.Error("a second job with the key was inserted")
		}
		runDue(t, q)
		if !slices.Equal(ran, []string{"kept"}) {
			t.Errorf("ran %v, want only the committed job, once", ran)
		}
	})
}

func TestRunDueRunsInTheOrderInWhichThingsAreDue(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	q := jobs.New(d, quiet())
	var ran []string
	jobs.Handle(q, "note", func(_ context.Context, n note) error { ran = append(ran, n.Text); return nil })
	for _, j := range []struct {
		text  string
		after time.Duration
	}{{"third", 3 * time.Hour}, {"first", time.Hour}, {"second", 2 * time.Hour}, {"far", 100 * time.Hour}} {
		insert(t, d, q, jobs.Job{Kind: "note", Args: note{j.text}, RunAt: clock.Now().Add(j.after)})
	}
	if n := runDue(t, q); n != 0 {
		t.Errorf("%d jobs ran before they were due", n)
	}
	clock.Advance(5 * time.Hour)
	runDue(t, q)
	if !slices.Equal(ran, []string{"first", "second", "third"}) {
		t.Errorf("ran %v", ran)
	}
	at, ok, err := q.Soonest(t.Context())
	if err != nil || !ok || !at.Equal(dbtest.Start.Add(100*time.Hour)) {
		t.Errorf("Soonest = %v %v %v", at, ok, err)
	}
}

// T46: a poison job ends dead with its reason, after growing pauses, and the others are not touched by it.
func TestT46PoisonJobsEndDeadAndOthersRun(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	q := jobs.New(d, quiet())
	tries, good := 0, 0
	jobs.Handle(q, "poison", func(context.Context, note) error {
		tries++
		if tries%2 == 0 {
			panic("boom")
		}
		return errors.New("no use")
	})
	jobs.Handle(q, "good", func(context.Context, note) error { good++; return nil })
	jobs.Handle(q, "cancelled", func(context.Context, note) error { return jobs.Cancel("not wanted") })
	jobs.Handle(q, "snoozed", func(context.Context, note) error {
		if clock.Now().Sub(dbtest.Start) < time.Hour {
			return jobs.Snooze(time.Hour)
		}
		return nil
	})
	for _, kind := range []string{"poison", "good", "cancelled", "snoozed"} {
		insert(t, d, q, jobs.Job{Kind: kind, Args: note{}})
	}
	for range 3 * jobs.MaxAttempts {
		runDue(t, q)
		clock.Advance(7 * time.Hour)
	}
	if tries != jobs.MaxAttempts || good != 1 {
		t.Errorf("poison was tried %d times, good %d; want %d, 1", tries, good, jobs.MaxAttempts)
	}
	want := []model.JobState{model.JobDead, model.JobDone, model.JobCancelled, model.JobDone}
	for i, j := range states(t, d) {
		if j.State != want[i] {
			t.Errorf("%s is %s (%s), want %s", j.Kind, j.State, j.LastError, want[i])
		}
	}
	broken, err := audit.Run(t.Context(), d, audit.Invariants())
	if err != nil || len(broken) > 0 {
		t.Errorf("audit: %v %v", broken, err)
	}
}

// T47: a worker that wakes after its lease may not complete the job that another has taken.
func TestT47AStalledWorkerLosesItsJob(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		slow, fast := jobs.New(d, quiet()), jobs.New(d, quiet())
		inside, goOn := make(chan struct{}), make(chan struct{})
		jobs.Handle(slow, "note", func(context.Context, note) error {
			close(inside)
			<-goOn
			return errors.New("the stalled worker's word")
		})
		jobs.Handle(fast, "note", func(context.Context, note) error { return nil })
		insert(t, d, slow, jobs.Job{Kind: "note", Args: note{}})
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = slow.RunDue(context.Background()) })
		<-inside
		if n := runDue(t, fast); n != 0 {
			t.Errorf("the job was taken twice within its lease")
		}
		clock.Advance(jobs.Lease + time.Second)
		if n := runDue(t, fast); n != 1 {
			t.Errorf("the job was not taken after its lease ran out")
		}
		close(goOn)
		wg.Wait()
		if j := states(t, d)[0]; j.State != model.JobDone || j.LastError != "" {
			t.Errorf("the job is %s %q, want the second worker's word", j.State, j.LastError)
		}
	})
}

func TestRunWorksOnSeveralInstancesAndRunsEachJobOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		before := goleak.IgnoreCurrent()
		const total = 200
		var mu sync.Mutex
		ran := map[string]int{}
		done := make(chan struct{})
		queues := []*jobs.Queue{jobs.New(d, quiet()), jobs.New(d, quiet())}
		for _, q := range queues {
			jobs.Handle(q, "note", func(_ context.Context, n note) error {
				mu.Lock()
				defer mu.Unlock()
				if ran[n.Text]++; len(ran) == total {
					close(done)
				}
				return nil
			})
		}
		err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			for i := range total {
				if _, err := queues[0].Insert(ctx, tx, jobs.Job{Kind: "note", Args: note{string(rune('a'+i%26)) + string(rune('a'+i/26))}}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for _, q := range queues {
			wg.Go(func() { _ = q.Run(ctx) })
		}
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			t.Error("not all jobs ran")
		}
		stop()
		wg.Wait()
		for k, n := range ran {
			if n != 1 {
				t.Errorf("%s ran %d times", k, n)
			}
		}
		for _, j := range states(t, d) {
			if j.State != model.JobDone {
				t.Errorf("job %d is %s after a graceful stop", j.ID, j.State)
			}
		}
		if d.Driver() == db.SQLite { // the MySQL pool keeps goroutines of its own per connection
			goleak.VerifyNone(t, before)
		}
	})
}

func TestEveryRunsMissedTimesOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		a, b := jobs.New(d, quiet()), jobs.New(d, quiet())
		ran := 0
		for _, q := range []*jobs.Queue{a, b} {
			q.Every("nightly", jobs.DailyAt(2, 30, model.Shanghai), func(context.Context) error { ran++; return nil })
		}
		runDue(t, a)
		runDue(t, b)
		clock.Advance(24 * time.Hour)
		runDue(t, a)
		runDue(t, b)
		if ran != 1 {
			t.Errorf("ran %d times on the first night, want 1", ran)
		}
		clock.Advance(10 * 24 * time.Hour)
		runDue(t, b)
		runDue(t, a)
		if ran != 2 {
			t.Errorf("ran %d times after ten missed nights, want 2 in all", ran)
		}
	})
}

func TestBackoffGrowsToSixHours(t *testing.T) {
	for n, want := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 16 * time.Second, 5: 625 * time.Second, 13: 6 * time.Hour, 1 << 40: 6 * time.Hour} {
		if got := jobs.Backoff(n); got < want || got > want+want/10 {
			t.Errorf("Backoff(%d) = %v, want %v and up to a tenth more", n, got, want)
		}
	}
}
