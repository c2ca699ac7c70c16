package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrAlone means that Alone runs already.
var ErrAlone = errors.New("jobs: somebody else stopped the workers")

// Alone stops the workers of this process's Run, waits until what they began is done, and calls f, which may move the clock and run what
// is due with RunDueEach. Then the workers go on. It is for the demo's time travel; several processes on one database cannot travel.
func (q *Queue) Alone(ctx context.Context, f func(ctx context.Context) error) error {
	if err := q.gate.close(ctx); err != nil {
		return fmt.Errorf("wait for the workers: %w", err)
	}
	defer func() {
		q.gate.open()
		q.nudge()
	}()
	return f(ctx)
}

// gate lets workers in while it is open.
type gate struct {
	mu     sync.Mutex
	inside int
	shut   chan struct{} // while shut; closed when it opens
	empty  chan struct{} // while somebody waits for the last to leave; closed then
}

// enter waits until the gate is open; false means that ctx ended before.
func (g *gate) enter(ctx context.Context) bool {
	for ctx.Err() == nil {
		g.mu.Lock()
		shut := g.shut
		if shut == nil {
			g.inside++
		}
		g.mu.Unlock()
		if shut == nil {
			return true
		}
		select {
		case <-shut:
		case <-ctx.Done():
		}
	}
	return false
}

// bring counts one more; whoever brings it is inside.
func (g *gate) bring() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside++
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// close shuts the gate and waits until nobody is inside. After an error it is as before.
func (g *gate) close(ctx context.Context) error {
	g.mu.Lock()
	if g.shut != nil {
		g.mu.Unlock()
		return ErrAlone
	}
	g.shut = make(chan struct{})
	if g.inside == 0 {
		g.mu.Unlock()
		return nil
	}
	empty := make(chan struct{})
	g.empty = empty
	g.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		g.open()
		return ctx.Err()
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut)
	g.shut, g.empty = nil, nil
}

// Next is Soonest without the periodic tasks that come more often than coarse: who travels takes those along at least once in coarse.
func (q *Queue) Next(ctx context.Context, coarse time.Duration) (at time.Time, ok bool, err error) {
	at, ok, err = q.soonest(ctx)
	if err != nil {
		return at, ok, fmt.Errorf("look for the next job: %w", err)
	}
	keep := func(next time.Time) {
		if !ok || next.Before(at) {
			at, ok = next, true
		}
	}
	switch next, waits, err := q.soonestSource(ctx); {
	case err != nil:
		return at, ok, err
	case waits:
		keep(next)
	}
	now := q.db.Now()
	q.timetable.Lock()
	defer q.timetable.Unlock()
	for _, t := range q.tasks {
		next := q.upcoming[t.name]
		if !next.After(now) {
			if next, err = q.nextRun(ctx, t.name, t.next(now)); err != nil {
				return at, ok, fmt.Errorf("read the timetable: %w", err)
			}
		}
		if t.next(next).Sub(next) >= coarse {
			keep(next)
		}
	}
	return at, ok, nil
}
