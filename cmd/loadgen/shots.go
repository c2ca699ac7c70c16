package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// shot is one request, ready to be sent, and when it comes.
type shot struct {
	request []byte
	at      time.Duration // since the load began
	what    int           // the sender's own number for it
}

// hit is what a shot was answered. took counts from the time at which it should have come, also when no connection was free for it.
type hit struct {
	what   int
	status int // 0: no answer at all
	took   time.Duration
}

// evenly lays n arrivals evenly over a time.
func evenly(n int, within time.Duration) []time.Duration {
	at := make([]time.Duration, n)
	for i := range at {
		at[i] = within * time.Duration(i) / time.Duration(n)
	}
	return at
}

// fire sends every shot at its time over so many connections, which the addresses get in turn, and returns the answers and how long
// it took to the last one. Shots must be in the order of their times.
func fire(ctx context.Context, addrs []string, shots []shot, conns int, limit time.Duration) ([]hit, time.Duration, error) {
	deadline := time.Now().Add(limit)
	clients := make([]*client, conns)
	for i := range clients {
		var err error
		if clients[i], err = dial(addrs[i%len(addrs)], "", deadline); err != nil {
			return nil, 0, fmt.Errorf("connect %d of %d: %w", i+1, conns, err)
		}
		defer func() { clients[i].close() }()
	}
	var (
		next atomic.Int64
		mu   sync.Mutex
		all  []hit
	)
	g, going := errgroup.WithContext(ctx)
	began := time.Now()
	for _, c := range clients {
		g.Go(func() error {
			own := make([]hit, 0, 2*len(shots)/conns+16)
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				all = append(all, own...)
			}()
			for going.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(shots) {
					return nil
				}
				if early := shots[i].at - time.Since(began); early > 0 {
					time.Sleep(early)
				}
				status, err := c.send(shots[i].request)
				own = append(own, hit{shots[i].what, status, time.Since(began) - shots[i].at})
				if err != nil {
					c.close()
					if err := c.redial(); err != nil {
						return fmt.Errorf("connect anew: %w", err)
					}
				}
			}
			return going.Err()
		})
	}
	err := g.Wait()
	return all, time.Since(began), err
}

// waits are the sorted waiting times of the answers with one of the statuses.
func waits(hits []hit, statuses ...int) latencies {
	var l latencies
	for _, h := range hits {
		if slices.Contains(statuses, h.status) {
			l = append(l, h.took)
		}
	}
	return l.sorted()
}
