// Package facts keeps what happened, and tells those who react to it.
//
// It owns: one immutable row per fact, written in the transaction in which the thing happened, and its delivery to every
// subscriber: after the commit, at least once, each with its own retries (a job per subscriber). It does not own the
// types of facts; each capability declares its own, and cmd lists on one page who reacts to what.
//
// What must be true at once is not a fact's business: an order's points and coupon are settled in the order's own
// transaction. Facts carry what may come a moment later.
package facts

import (
	"context"
	"encoding/json"
	"fmt"

	"huitou/model/db"
	"huitou/service/jobs"
)

// Fact is something that happened. It is stored as JSON and must stay readable by later versions.
type Fact interface {
	// FactName is the kind, "orders.paid".
	FactName() string
	// FactKey is unique for ever, "order:12:paid".
	FactKey() string
}

// Log records facts. Make it with New and add all subscribers before the first Record.
type Log struct {
	queue       *jobs.Queue
	subscribers map[string][]string // fact name -> kinds of jobs
}

// New returns a log that delivers through q.
func New(q *jobs.Queue) *Log { return &Log{queue: q, subscribers: map[string][]string{}} }

// Record stores a fact and its deliveries in tx. A fact whose key is known has no effect.
func (l *Log) Record(ctx context.Context, tx *db.Tx, f Fact) error {
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode fact %s: %w", f.FactName(), err)
	}
	id, fresh, err := store(tx, f, string(body))
	if err != nil || !fresh {
		return err
	}
	for _, kind := range l.subscribers[f.FactName()] {
		job := jobs.Job{Kind: kind, Args: json.RawMessage(body), Key: fmt.Sprintf("fact:%d:%s", id, kind)}
		if _, err := l.queue.Insert(ctx, tx, job); err != nil {
			return fmt.Errorf("deliver fact %s: %w", f.FactKey(), err)
		}
	}
	return nil
}

// Subscribe registers a reaction to facts of type F. subscriber names it for ever, since deliveries that wait carry the name.
// react runs at least once per fact and must be idempotent.
func Subscribe[F Fact](l *Log, subscriber string, react func(ctx context.Context, f F) error) {
	var zero F
	kind := zero.FactName() + ">" + subscriber
	jobs.Handle(l.queue, kind, react)
	l.subscribers[zero.FactName()] = append(l.subscribers[zero.FactName()], kind)
}
