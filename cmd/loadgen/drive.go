package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// crowd is the shoppers who come for one coupon.
type crowd struct {
	addrs  []string // of the instances, which get the connections in turn
	path   string
	tokens []string // one shopper each
	from   int      // index of the first of them
	conns  int      // requests that are under way at a time
	// arrivals are when each shopper comes, rising, since the load began. nil means that one comes as soon as another was answered.
	arrivals []time.Duration
	limit    time.Duration // of everything
	journal  *journal
}

// within spreads n arrivals evenly at random over a time.
func within(n int, window time.Duration) []time.Duration {
	at := make([]time.Duration, n)
	for i := range at {
		at[i] = rand.N(window)
	}
	slices.Sort(at)
	return at
}

// flushAt is how many bytes of lines a worker gathers before it appends them to the file.
const flushAt = 8 << 10

// come sends the whole crowd and returns what each was told, in no order.
func (c crowd) come(ctx context.Context) ([]answer, error) {
	clients := make([]*client, c.conns)
	deadline := time.Now().Add(c.limit)
	for i := range clients {
		var err error
		if clients[i], err = dial(c.addrs[i%len(c.addrs)], c.path, deadline); err != nil {
			return nil, fmt.Errorf("connect %d of %d: %w", i+1, c.conns, err)
		}
		defer clients[i].close()
	}
	kept := make([][]answer, c.conns)
	var next atomic.Int64
	g, going := errgroup.WithContext(ctx)
	began := time.Now()
	for w := range clients {
		g.Go(func() error {
			own := make([]answer, 0, 2*len(c.tokens)/c.conns+16)
			lines := make([]byte, 0, flushAt+256)
			for going.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(c.tokens) {
					break
				}
				arrived := time.Since(began)
				if c.arrivals != nil {
					// The wait begins when the shopper comes, also when no connection was free for him.
					if early := c.arrivals[i] - arrived; early > 0 {
						time.Sleep(early)
					}
					arrived = c.arrivals[i]
				}
				a, err := clients[w].claim(c.from+i, c.tokens[i])
				a.at = time.Since(began)
				a.took = a.at - arrived
				own = append(own, a)
				if lines = note(lines, a); len(lines) > flushAt {
					if err := c.journal.write(lines); err != nil {
						return err
					}
					lines = lines[:0]
				}
				if err != nil {
					return fmt.Errorf("connect anew after %q: %w", a.code, err)
				}
			}
			kept[w] = own
			return c.journal.write(lines)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(kept...), ctx.Err()
}
