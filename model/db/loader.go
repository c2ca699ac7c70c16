package db

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Loader lets concurrent look-ups by key share queries, as Group lets commands share transactions.
//
// A look-up that finds a free lane runs at once. Those that arrive while all lanes are busy are gathered and asked for together
// as soon as one is free. A look-up is only ever answered by a query that began after it arrived, so sharing makes no
// answer older. Keys that come twice are asked for once.
type Loader[K comparable, V any] struct {
	max, lanes int
	load       func(ctx context.Context, keys []K) (map[K]V, error)

	mu      sync.Mutex
	busy    int
	waiting []*lookup[K, V]
}

// loadTimeout bounds one shared query, because no single caller's context may end it for the others.
const loadTimeout = 5 * time.Second

type lookup[K comparable, V any] struct {
	key   K
	value V
	found bool
	err   error
	done  chan struct{}
	lead  chan []*lookup[K, V] // receives the batch when this look-up's goroutine is to run it
}

// NewLoader returns a loader that asks for at most max keys at once, in at most lanes queries at a time. load returns the
// values that it found; a key that is missing from its answer does not exist.
func NewLoader[K comparable, V any](max, lanes int, load func(ctx context.Context, keys []K) (map[K]V, error)) *Loader[K, V] {
	return &Loader[K, V]{max: max, lanes: lanes, load: load}
}

// Load looks one key up; found is false when it does not exist. When ctx ends first, its error is returned.
func (l *Loader[K, V]) Load(ctx context.Context, key K) (value V, found bool, err error) {
	c := &lookup[K, V]{key: key, done: make(chan struct{}), lead: make(chan []*lookup[K, V], 1)}
	l.mu.Lock()
	if l.busy < l.lanes {
		l.busy++
		l.mu.Unlock()
		l.runBatch(ctx, []*lookup[K, V]{c})
		return c.value, c.found, c.err
	}
	l.waiting = append(l.waiting, c)
	l.mu.Unlock()
	ended := ctx.Done()
	for {
		select {
		case batch := <-c.lead:
			l.runBatch(ctx, batch)
			return c.value, c.found, c.err
		case <-c.done:
			return c.value, c.found, c.err
		case <-ended:
			if l.withdraw(c) {
				return value, false, ctx.Err()
			}
			ended = nil // in a batch already, which it may have to run
		}
	}
}

// withdraw removes a look-up that no batch has taken yet.
func (l *Loader[K, V]) withdraw(c *lookup[K, V]) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting, c)
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return true
}

// runBatch answers a batch and hands the lane to one of those that came in meanwhile.
func (l *Loader[K, V]) runBatch(ctx context.Context, batch []*lookup[K, V]) {
	finished := false
	defer func() {
		if !finished { // load panicked: the others must not wait for ever, and the panic goes on in this goroutine
			for _, c := range batch {
				c.err = errors.New("db: the shared look-up panicked")
			}
		}
		l.handOver()
		for _, c := range batch {
			close(c.done)
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
	defer cancel()
	keys := make([]K, 0, len(batch))
	seen := make(map[K]bool, len(batch))
	for _, c := range batch {
		if !seen[c.key] {
			seen[c.key] = true
			keys = append(keys, c.key)
		}
	}
	values, err := l.load(ctx, keys)
	for _, c := range batch {
		if c.err = err; err == nil {
			c.value, c.found = values[c.key]
		}
	}
	finished = true
}

func (l *Loader[K, V]) handOver() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.busy--
		return
	}
	n := min(len(l.waiting), l.max)
	next := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	next[0].lead <- next
}
