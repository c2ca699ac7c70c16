package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gorm.io/gorm"

	"huitou/model/fault"
)

// ErrUnknownOutcome means that the connection broke during COMMIT, so that nobody knows whether the action took
// place. The same command with the same idempotency key finds out (threat T42).
var ErrUnknownOutcome = fault.New(fault.Unavailable, "db.outcome_unknown",
	"服务器繁忙,请用同一请求重试", "the outcome is not known; repeat the request with the same key")

// ErrUnavailable means that the database does not take the action now, after all retries.
var ErrUnavailable = fault.New(fault.Unavailable, "db.unavailable",
	"服务器繁忙,请稍后重试", "the database is not available, try again")

// maxAttempts bounds the runs of one closure.
const maxAttempts = 5

// Tx is one transaction, or one read. Services pass it on explicitly; it must not be kept or used by two goroutines.
type Tx struct {
	// Now is the one clock reading of the action, UTC in whole microseconds.
	Now time.Time

	gorm   *gorm.DB
	driver Driver
	after  []func()
}

// Gorm returns the query builder of this transaction. Only store files use it.
func (tx *Tx) Gorm() *gorm.DB { return tx.gorm }

// Driver returns the kind of the database, for the few statements that differ.
func (tx *Tx) Driver() Driver { return tx.driver }

// OnCommit runs f after the transaction was committed, and never when it was not. It is for nudges that may get
// lost (waking a worker), not for consequences: those are rows of the same transaction.
func (tx *Tx) OnCommit(f func()) { tx.after = append(tx.after, f) }

// Do runs fn in one transaction and commits when fn returns nil. fn may run up to 5 times; see the package comment.
// A fault that fn returns comes back unchanged.
func (d *DB) Do(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	return d.run(ctx, d.write, nil, fn)
}

// Snapshot runs fn in one read-only transaction that sees one consistent state, for audits and reports.
func (d *DB) Snapshot(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if d.driver == SQLite {
		return d.run(ctx, d.read, nil, fn) // a WAL reader sees the state at its first statement
	}
	return d.run(ctx, d.read, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
}

// Read runs fn without a transaction: every statement sees what is committed at its own moment. It must not write;
// SQLite refuses that.
func (d *DB) Read(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	tx := &Tx{Now: d.Now(), gorm: d.read.WithContext(ctx), driver: d.driver}
	return d.outward(fn(ctx, tx))
}

func (d *DB) run(ctx context.Context, on *gorm.DB, opts *sql.TxOptions, fn func(context.Context, *Tx) error) error {
	var err error
	for attempt := 1; ; attempt++ {
		var tx *Tx
		tx, err = d.attempt(ctx, on, opts, fn)
		if err == nil {
			for _, f := range tx.after {
				f()
			}
			return nil
		}
		if attempt == maxAttempts || !retryable(err) || errors.Is(err, ErrUnknownOutcome) {
			break
		}
		// Full jitter: contenders that failed together must not come back together.
		pause := time.Duration(rand.Int64N(int64(5*time.Millisecond) << attempt))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return d.outward(err)
}

// attempt runs fn once. Every error, also a lock wait that rolled back one statement only, rolls back everything.
func (d *DB) attempt(ctx context.Context, on *gorm.DB, opts *sql.TxOptions, fn func(context.Context, *Tx) error) (_ *Tx, err error) {
	g := on.WithContext(ctx).Begin(opts)
	if g.Error != nil {
		return nil, fmt.Errorf("begin: %w", g.Error)
	}
	tx := &Tx{Now: d.Now(), gorm: g, driver: d.driver}
	done := false
	defer func() {
		if !done {
			g.Rollback() // also on panic, which goes on
		}
	}()
	if err := fn(ctx, tx); err != nil {
		return nil, err
	}
	done = true
	if err := g.Commit().Error; err != nil {
		if lostConnection(err) || ctx.Err() != nil {
			return nil, ErrUnknownOutcome.Because(err)
		}
		g.Rollback()
		return nil, fmt.Errorf("commit: %w", err)
	}
	return tx, nil
}

// outward turns what the database cannot do now into a fault, and leaves everything else as it is.
func (d *DB) outward(err error) error {
	if err == nil || fault.Of(err) != nil {
		return err
	}
	if retryable(err) || readOnly(err) {
		return ErrUnavailable.Because(err)
	}
	return err
}

// IsNotFound reports whether a query for one row found none.
func IsNotFound(err error) bool { return errors.Is(err, gorm.ErrRecordNotFound) }

// Insert adds a row and reports whether it is new: false means that a unique key holds it already, and nothing was
// changed. It is how natural keys make an effect happen once.
func (tx *Tx) Insert(row any) (fresh bool, err error) {
	switch err := tx.gorm.Create(row).Error; {
	case err == nil:
		return true, nil
	case IsDuplicate(err):
		return false, nil
	default:
		return false, err
	}
}
