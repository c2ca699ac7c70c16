package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Outcome is what became of one command of a group: a value, or the reason why it was refused.
type Outcome[Out any] struct {
	Value Out
	Err   error
}

// Group lets concurrent commands on one hot row share a transaction.
//
// The first command for a key runs at once. Those that arrive while its transaction is being committed are gathered, decided
// together and written in the next transaction, and so on; each caller gets its own answer only after the commit of
// the transaction that its command was part of. Nobody waits for a timer: the time to gather is the time that the
// previous commit takes. A thousand shoppers who claim one coupon thus cost a handful of commits instead of a thousand turns
// at one row lock.
//
// Groups in several instances of the program work side by side: each takes the row's lock once per batch, and the
// decide function re-reads what it decides on inside the transaction.
type Group[K comparable, In, Out any] struct {
	db     *DB
	max    int
	decide func(ctx context.Context, tx *Tx, key K, ins []In) ([]Outcome[Out], error)

	mu     sync.Mutex
	queues map[K]*[]*groupCall[In, Out]
}

// groupTimeout bounds one shared transaction, because no single caller's context may end it for the others.
const groupTimeout = 10 * time.Second

type groupCall[In, Out any] struct {
	in   In
	out  Outcome[Out]
	done chan struct{}
	lead chan []*groupCall[In, Out] // receives the batch when this call's goroutine is to run it
}

// NewGroup returns a group whose batches have at most max commands. decide gets the commands in order of arrival and
// returns one outcome for each; it may run several times for one batch (see Do) and must not have effects outside tx.
// An error of decide rolls the batch back; the commands are then tried one by one, so that one that cannot be
// written does not take the others with it.
func NewGroup[K comparable, In, Out any](d *DB, max int,
	decide func(ctx context.Context, tx *Tx, key K, ins []In) ([]Outcome[Out], error)) *Group[K, In, Out] {
	return &Group[K, In, Out]{db: d, max: max, decide: decide, queues: map[K]*[]*groupCall[In, Out]{}}
}

// Do hands one command in and returns its outcome after the commit. When ctx ends before the command was taken into
// a batch, it is withdrawn and ctx's error returned; afterwards Do waits for the batch, whose outcome then counts.
func (g *Group[K, In, Out]) Do(ctx context.Context, key K, in In) (Out, error) {
	c := &groupCall[In, Out]{in: in, done: make(chan struct{}), lead: make(chan []*groupCall[In, Out], 1)}
	g.mu.Lock()
	if q, running := g.queues[key]; running {
		*q = append(*q, c)
		g.mu.Unlock()
		return g.wait(ctx, key, c)
	}
	g.queues[key] = new([]*groupCall[In, Out])
	g.mu.Unlock()
	g.runBatch(ctx, key, []*groupCall[In, Out]{c})
	return c.out.Value, c.out.Err
}

// DoBy is Do for callers who must answer in time and whose commands do no harm when they come again: when ctx ends it returns at
// once, with ErrUnknownOutcome, although the command may still be carried out.
func (g *Group[K, In, Out]) DoBy(ctx context.Context, key K, in In) (Out, error) {
	done := make(chan Outcome[Out], 1)
	go func() {
		out, err := g.Do(ctx, key, in)
		done <- Outcome[Out]{out, err}
	}()
	select {
	case o := <-done:
		return o.Value, o.Err
	case <-ctx.Done():
		var none Out
		return none, ErrUnknownOutcome.Because(ctx.Err())
	}
}

func (g *Group[K, In, Out]) wait(ctx context.Context, key K, c *groupCall[In, Out]) (Out, error) {
	ended := ctx.Done()
	for {
		select {
		case batch := <-c.lead:
			g.runBatch(ctx, key, batch)
			return c.out.Value, c.out.Err
		case <-c.done:
			return c.out.Value, c.out.Err
		case <-ended:
			if g.withdraw(key, c) {
				var none Out
				return none, ctx.Err()
			}
			ended = nil // taken already: its batch decides
		}
	}
}

// withdraw removes a command that no batch has taken yet.
func (g *Group[K, In, Out]) withdraw(key K, c *groupCall[In, Out]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := g.queues[key]
	if q == nil {
		return false
	}
	i := slices.Index(*q, c)
	if i < 0 {
		return false
	}
	*q = slices.Delete(*q, i, i+1)
	return true
}

// runBatch decides a batch, answers its callers and hands the commands that came in meanwhile to one of them.
func (g *Group[K, In, Out]) runBatch(ctx context.Context, key K, batch []*groupCall[In, Out]) {
	finished := false
	defer func() {
		if !finished { // decide panicked: the others must not wait for ever, and the panic goes on in this goroutine
			for _, c := range batch {
				c.out = Outcome[Out]{Err: errors.New("db: the command's group panicked")}
			}
		}
		g.handOver(key)
		for _, c := range batch {
			close(c.done)
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), groupTimeout)
	defer cancel()
	g.decideTogether(ctx, key, batch)
	finished = true
}

func (g *Group[K, In, Out]) handOver(key K) {
	g.mu.Lock()
	defer g.mu.Unlock()
	q := g.queues[key]
	if len(*q) == 0 {
		delete(g.queues, key)
		return
	}
	n := min(len(*q), g.max)
	next := slices.Clone((*q)[:n])
	*q = slices.Delete(*q, 0, n)
	next[0].lead <- next
}

func (g *Group[K, In, Out]) decideTogether(ctx context.Context, key K, batch []*groupCall[In, Out]) {
	err := g.decideOnce(ctx, key, batch)
	if err == nil {
		return
	}
	alone := len(batch) == 1 || errors.Is(err, ErrUnknownOutcome) || errors.Is(err, ErrUnavailable) || ctx.Err() != nil
	for i, c := range batch {
		switch {
		case alone:
			c.out = Outcome[Out]{Err: err}
		default:
			if err := g.decideOnce(ctx, key, batch[i:i+1]); err != nil {
				c.out = Outcome[Out]{Err: err}
			}
		}
	}
}

func (g *Group[K, In, Out]) decideOnce(ctx context.Context, key K, batch []*groupCall[In, Out]) error {
	ins := make([]In, len(batch))
	for i, c := range batch {
		ins[i] = c.in
	}
	var outs []Outcome[Out]
	err := g.db.Do(ctx, func(ctx context.Context, tx *Tx) (err error) {
		outs, err = g.decide(ctx, tx, key, ins)
		if err == nil && len(outs) != len(ins) {
			err = fmt.Errorf("db: %d outcomes for %d commands", len(outs), len(ins))
		}
		return err
	})
	if err != nil {
		return err
	}
	for i, c := range batch {
		c.out = outs[i]
	}
	return nil
}
