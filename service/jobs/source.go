package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Source is work whose rows say by themselves when they are due, for capabilities that move very many of them and take them by the
// hundred. It is worked and travels in time like jobs, without a job row for each piece.
type Source struct {
	Name string
	// Workers take at once; Batch is how many pieces each takes.
	Workers, Batch int
	// Due returns when the next piece is due; ok is false when none waits.
	Due func(ctx context.Context) (at time.Time, ok bool, err error)
	// Take does up to most pieces that are due now and returns how many it did: at least once each, and 0 only when none was due.
	// Taking a piece must move it on, so that another taker does not find it, and one that dies only delays it.
	Take func(ctx context.Context, most int) (done int, err error)
}

// fed is a source with what wakes its workers.
type fed struct {
	Source
	wake chan struct{}
}

// Feed registers a source, before Run. The returned function wakes its workers after a piece was stored; losing a call of it is
// harmless.
func (q *Queue) Feed(s Source) (wake func()) {
	f := &fed{Source: s, wake: make(chan struct{}, max(s.Workers, 1))}
	q.sources = append(q.sources, f)
	return func() {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
}

// drain works a source until ctx ends. What was taken is finished.
func (q *Queue) drain(ctx context.Context, f *fed) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for q.gate.enter(ctx) {
		done, err := q.takeFrom(context.WithoutCancel(ctx), f, f.Batch)
		q.gate.leave()
		if err != nil {
			q.log.ErrorContext(ctx, "work a source", "source", f.Name, "err", err)
		}
		if done > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-f.wake:
		case <-tick.C:
		}
	}
}

// takeFrom contains panics: a piece that makes the program stumble must not end the worker.
func (q *Queue) takeFrom(ctx context.Context, f *fed, most int) (done int, err error) {
	defer func() {
		if p := recover(); p != nil {
			q.log.ErrorContext(ctx, "source panicked", "source", f.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errors.Join(err, errPanic)
		}
	}()
	return f.Take(ctx, most)
}

// drainAll works every source until ctx ends, and returns when all have finished.
func (q *Queue) drainAll(ctx context.Context) {
	var running sync.WaitGroup
	for _, f := range q.sources {
		for range max(f.Workers, 1) {
			running.Go(func() { q.drain(ctx, f) })
		}
	}
	running.Wait()
}

// takeDue does one piece that is due in some source.
func (q *Queue) takeDue(ctx context.Context) (source string, done int, err error) {
	for _, f := range q.sources {
		if done, err = f.Take(ctx, 1); err != nil || done > 0 {
			return f.Name, done, err
		}
	}
	return "", 0, nil
}

// soonestSource returns when the next piece of any source is due.
func (q *Queue) soonestSource(ctx context.Context) (at time.Time, ok bool, err error) {
	for _, f := range q.sources {
		next, waits, err := f.Due(ctx)
		if err != nil {
			return at, ok, fmt.Errorf("look for what is due in %s: %w", f.Name, err)
		}
		if waits && (!ok || next.Before(at)) {
			at, ok = next, true
		}
	}
	return at, ok, nil
}
