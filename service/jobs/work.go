package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"huitou/model"
)

// Run works until ctx ends: it takes due jobs, runs up to eight at once and keeps the timetable. When ctx ends it takes no
// more, waits for the jobs that run and gives back those that it had not started.
func (q *Queue) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { q.drainAll(ctx) })
	slots := make(chan struct{}, workers)
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if ctx.Err() != nil {
			return nil
		}
		more, err := q.round(ctx, slots, &running)
		if err != nil && ctx.Err() == nil {
			q.log.ErrorContext(ctx, "look for due jobs", "err", err)
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-tick.C:
		}
	}
}

// round starts as many due jobs as there are free slots and reports whether there may be more at once.
func (q *Queue) round(ctx context.Context, slots chan struct{}, running *sync.WaitGroup) (more bool, err error) {
	if !q.gate.enter(ctx) {
		return false, nil
	}
	defer q.gate.leave()
	if err := q.keepTimetable(ctx); err != nil {
		return false, err
	}
	if due, err := q.hasDue(ctx); err != nil || !due {
		return false, err
	}
	select { // wait for one free slot at least
	case slots <- struct{}{}:
		<-slots
	case <-ctx.Done():
		return false, nil
	}
	taken, err := q.take(ctx, ahead)
	if err != nil {
		return false, err
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	// Jobs that were started finish even when the process is asked to stop; their own time limit bounds them.
	unhurried := context.WithoutCancel(ctx)
	for i, j := range taken {
		if !room(ctx, slots, late.C) {
			for _, j := range taken[i:] {
				if err := q.giveBack(unhurried, j); err != nil {
					q.log.ErrorContext(unhurried, "give a job back", "job", j.ID, "err", err)
				}
			}
			break
		}
		q.gate.bring()
		running.Go(func() {
			defer func() { <-slots; q.gate.leave(); q.nudge() }()
			q.runOne(unhurried, j)
		})
	}
	return len(taken) > 0, nil
}

// room takes a slot as soon as one is free; false means that it is time to stop, or that these jobs have waited too long here.
func room(ctx context.Context, slots chan struct{}, late <-chan time.Time) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-late:
	}
	return false
}

// RunDue runs everything that is due now, one by one in the order in which it is due, including what these jobs
// insert, then what is due in the sources, until nothing is left, and returns how many ran. It is for tests and for the demo's time travel.
func (q *Queue) RunDue(ctx context.Context) (done int, err error) {
	return q.RunDueEach(ctx, func(string, int) error { return nil })
}

// RunDueEach is RunDue that tells what it ran: the kind of a job, "source." and the name of a source, and how many pieces. An error
// of told stops it.
func (q *Queue) RunDueEach(ctx context.Context, told func(kind string, n int) error) (done int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if err := q.keepTimetable(ctx); err != nil {
			return done, err
		}
		taken, err := q.take(ctx, 1)
		if err != nil {
			return done, err
		}
		if len(taken) == 0 {
			name, n, err := q.takeDue(ctx)
			if err != nil || n == 0 {
				return done, err
			}
			done += n
			if err := told("source."+name, n); err != nil {
				return done, err
			}
			continue
		}
		q.runOne(ctx, taken[0])
		done++
		if err := told(taken[0].Kind, 1); err != nil {
			return done, err
		}
	}
}

// Soonest returns when the next job, periodic task or piece of a source is due; ok is false when nothing waits.
func (q *Queue) Soonest(ctx context.Context) (at time.Time, ok bool, err error) {
	return q.Next(ctx, 0)
}

func (q *Queue) runOne(ctx context.Context, j model.Job) {
	started := q.db.Now()
	outcome := q.call(ctx, j)
	if err := q.settle(ctx, j, outcome); err != nil {
		// The lease runs out and the job is tried again.
		q.log.ErrorContext(ctx, "settle a job", "job", j.ID, "kind", j.Kind, "err", err)
		return
	}
	var (
		snooze snoozed
		cancel cancelled
	)
	switch {
	case outcome == nil:
		q.log.DebugContext(ctx, "job done", "job", j.ID, "kind", j.Kind, "took", q.db.Now().Sub(started))
	case errors.As(outcome, &snooze), errors.As(outcome, &cancel):
		q.log.InfoContext(ctx, "job put off or cancelled", "job", j.ID, "kind", j.Kind, "why", outcome.Error())
	case j.Attempts >= MaxAttempts:
		q.log.ErrorContext(ctx, "job is dead", "job", j.ID, "kind", j.Kind, "err", outcome)
	default:
		q.log.WarnContext(ctx, "job failed, will be tried again", "job", j.ID, "kind", j.Kind, "attempt", j.Attempts, "err", outcome)
	}
}

func (q *Queue) call(ctx context.Context, j model.Job) (err error) {
	work, known := q.workers[j.Kind]
	if !known {
		// A newer program may know it; this one must not kill it.
		return Snooze(time.Minute)
	}
	ctx, cancel := context.WithTimeout(ctx, j.LeaseUntil.Sub(q.db.Now())-10*time.Second)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			q.log.ErrorContext(ctx, "worker panicked", "job", j.ID, "kind", j.Kind, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return work(ctx, json.RawMessage(j.Args))
}
