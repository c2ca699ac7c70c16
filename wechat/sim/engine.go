package sim

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"
)

// engine runs work when the injected clock says it is due.
//
// Work on time runs side by side, in order within its lane (one customer's pushes,
// one order's notifications). Work that is late, because the clock jumped, runs
// strictly one after another in order of its due time, follow-ups included: a jump
// of a day replays the day in order.
type engine struct {
	now  func() time.Time
	wake chan struct{}

	mu      sync.Mutex
	running bool
	busy    int // taken from the queue and not done
	done    int // since worked was asked
	queue   jobHeap
	serial  uint64
	lanes   map[string][]*job // a key while its lane is busy; the jobs wait there
	active  sync.WaitGroup
}

type job struct {
	due    time.Time
	serial uint64
	lane   string
	run    func(context.Context)
}

const (
	// lateAfter is how far behind its due time work counts as late.
	lateAfter = 200 * time.Millisecond
	// pollEvery is how often the clock is read while work waits, in real time: an
	// injected clock cannot tell when it moves.
	pollEvery = 20 * time.Millisecond
)

func newEngine(now func() time.Time) *engine {
	return &engine{now: now, wake: make(chan struct{}, 1), lanes: map[string][]*job{}}
}

// schedule queues run for due. It may be called before run and from running work.
func (e *engine) schedule(due time.Time, lane string, run func(context.Context)) {
	e.mu.Lock()
	e.serial++
	heap.Push(&e.queue, &job{due: due, serial: e.serial, lane: lane, run: run})
	e.mu.Unlock()
	e.nudge()
}

func (e *engine) clear() {
	e.mu.Lock()
	e.queue = nil
	for lane, waiting := range e.lanes {
		e.busy -= len(waiting)
		e.lanes[lane] = nil
	}
	e.mu.Unlock()
}

func (e *engine) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func (e *engine) run(ctx context.Context) error {
	e.mu.Lock()
	if e.running {
		e.mu.Unlock()
		return errors.New("sim: runs already")
	}
	e.running = true
	e.mu.Unlock()
	defer func() {
		e.active.Wait()
		e.mu.Lock()
		e.running = false
		e.mu.Unlock()
	}()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for ctx.Err() == nil {
		next, waiting := e.due()
		if next != nil {
			e.start(ctx, next)
			continue
		}
		tick := poll.C
		if !waiting {
			tick = nil // nothing to wait for: sleep until something is scheduled
		}
		select {
		case <-ctx.Done():
		case <-e.wake:
		case <-tick:
		}
	}
	return nil
}

// due takes the earliest work whose time has come; waiting tells whether other work
// is queued.
func (e *engine) due() (next *job, waiting bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) == 0 {
		return nil, false
	}
	if e.queue[0].due.After(e.now()) {
		return nil, true
	}
	e.busy++
	return heap.Pop(&e.queue).(*job), true
}

// soonest is when the next work in the queue is due.
func (e *engine) soonest() (at time.Time, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) == 0 {
		return time.Time{}, false
	}
	return e.queue[0].due, true
}

// quiet tells whether nothing is at work and nothing due.
func (e *engine) quiet() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) > 0 && !e.queue[0].due.After(e.now()) {
		e.nudge()
		return false
	}
	return e.busy == 0
}

// worked returns how much was done since it was last asked.
func (e *engine) worked() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.done
	e.done = 0
	return n
}

// finished counts one piece of work as done.
func (e *engine) finished() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.busy--
	e.done++
}

func (e *engine) start(ctx context.Context, j *job) {
	if e.now().Sub(j.due) > lateAfter {
		e.active.Wait()
		// What just ended may have queued something due before j.
		e.mu.Lock()
		if len(e.queue) > 0 && e.queue[0].before(j) {
			heap.Push(&e.queue, j)
			j = heap.Pop(&e.queue).(*job)
		}
		e.mu.Unlock()
		j.run(ctx)
		e.finished()
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if waiting, busy := e.lanes[j.lane]; busy {
		e.lanes[j.lane] = append(waiting, j)
		return
	}
	e.lanes[j.lane] = nil
	e.active.Go(func() { e.drain(ctx, j) })
}

func (e *engine) drain(ctx context.Context, j *job) {
	for j != nil {
		if ctx.Err() == nil {
			j.run(ctx)
		}
		e.finished()
		e.mu.Lock()
		if waiting := e.lanes[j.lane]; len(waiting) > 0 {
			e.lanes[j.lane], j = waiting[1:], waiting[0]
		} else {
			delete(e.lanes, j.lane)
			j = nil
		}
		e.mu.Unlock()
	}
}

func (j *job) before(other *job) bool {
	if !j.due.Equal(other.due) {
		return j.due.Before(other.due)
	}
	return j.serial < other.serial
}

type jobHeap []*job

func (h jobHeap) Len() int           { return len(h) }
func (h jobHeap) Less(a, b int) bool { return h[a].before(h[b]) }
func (h jobHeap) Swap(a, b int)      { h[a], h[b] = h[b], h[a] }
func (h *jobHeap) Push(x any)        { *h = append(*h, x.(*job)) }
func (h *jobHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
