package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
)

const (
	// MaxAttempts is the number of tries before a job is dead: with Backoff about two and a half days.
	MaxAttempts = 16
	// Lease is how long a worker has for one job. A worker's context ends a little before.
	Lease = 2 * time.Minute
	// workers is the number of jobs that one process runs at once.
	workers = 8
	// ahead is how many due jobs a process takes at a time, so that short ones cost few statements, and patience how long it may keep
	// one that it could not begin; then others get it.
	ahead    = 4 * workers
	patience = Lease / 4
	// poll is how often a process looks for due jobs when nothing wakes it.
	poll = 500 * time.Millisecond
)

// Job asks for work to be done later.
type Job struct {
	// Kind names the worker, "messages.send".
	Kind string
	// Args are encoded as JSON and must stay readable by later versions.
	Args any
	// Key makes the job unique for ever: a second job with the key is not inserted. Empty means not unique.
	Key string
	// RunAt is the earliest instant; zero means at once.
	RunAt time.Time
}

// Queue is the durable queue. Make it with New and register all workers before Run.
type Queue struct {
	db    *db.DB
	log   *slog.Logger
	owner string // names this process in leases

	workers map[string]func(ctx context.Context, args json.RawMessage) error
	tasks   []task
	sources []*fed

	settling *db.Group[struct{}, settled, struct{}]

	wake chan struct{}
	mu   sync.Mutex // held by RunDue, so that time travel does not run a job twice at once

	gate gate // through which workers come to their work

	timetable sync.Mutex
	upcoming  map[string]time.Time // what the timetable said last, so that an idle process leaves the database alone
}

// New returns a queue without workers.
func New(d *db.DB, log *slog.Logger) *Queue {
	q := &Queue{
		db: d, log: log, owner: random.ID(),
		workers: map[string]func(context.Context, json.RawMessage) error{},
		wake:    make(chan struct{}, 1), upcoming: map[string]time.Time{},
	}
	q.settling = db.NewGroup(d, settleMost, q.settleTogether)
	return q
}

// Handle registers the worker of a kind of job. It panics when the kind has one already.
func Handle[A any](q *Queue, kind string, work func(ctx context.Context, args A) error) {
	if _, taken := q.workers[kind]; taken {
		panic("jobs: two workers for " + kind)
	}
	q.workers[kind] = func(ctx context.Context, raw json.RawMessage) error {
		var args A
		if err := json.Unmarshal(raw, &args); err != nil {
			return Cancel("the arguments cannot be read: " + err.Error())
		}
		return work(ctx, args)
	}
}

// Insert adds a job in the transaction of the business action. fresh is false when its key is taken; nothing was
// inserted then.
func (q *Queue) Insert(ctx context.Context, tx *db.Tx, j Job) (fresh bool, err error) {
	row, err := j.row(tx)
	if err != nil {
		return false, err
	}
	fresh, err = tx.Insert(&row)
	if err != nil {
		return false, fmt.Errorf("insert job %s: %w", j.Kind, err)
	}
	if fresh && !row.RunAt.After(tx.Now) {
		tx.OnCommit(q.nudge)
	}
	return fresh, nil
}

// InsertNew adds jobs whose keys nobody has, in one statement: those of rows that this transaction has made. A key that is taken is an
// error.
func (q *Queue) InsertNew(_ context.Context, tx *db.Tx, list []Job) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([]model.Job, len(list))
	due := false
	for i, j := range list {
		var err error
		if rows[i], err = j.row(tx); err != nil {
			return err
		}
		due = due || !rows[i].RunAt.After(tx.Now)
	}
	if err := insertAll(tx, rows); err != nil {
		return err
	}
	if due {
		tx.OnCommit(q.nudge)
	}
	return nil
}

func (j Job) row(tx *db.Tx) (model.Job, error) {
	args, err := json.Marshal(j.Args)
	if err != nil {
		return model.Job{}, fmt.Errorf("encode the arguments of job %s: %w", j.Kind, err)
	}
	row := model.Job{Kind: j.Kind, Args: string(args), State: model.JobWaiting, RunAt: j.RunAt, CreatedAt: tx.Now}
	if j.Key != "" {
		row.UniqueKey = &j.Key
	}
	if row.RunAt.IsZero() {
		row.RunAt = tx.Now
	}
	row.RunAt = row.RunAt.UTC().Truncate(time.Microsecond)
	return row, nil
}

// nudge wakes the workers. Losing a nudge is harmless: they look by themselves every half second.
func (q *Queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// snoozed and cancelled are what Snooze and Cancel return.
type (
	snoozed   struct{ d time.Duration }
	cancelled struct{ reason string }
)

func (s snoozed) Error() string   { return "snoozed for " + s.d.String() }
func (c cancelled) Error() string { return "cancelled: " + c.reason }

// Snooze makes a worker's job run again after d; the try does not count.
func Snooze(d time.Duration) error { return snoozed{d} }

// Cancel ends a worker's job for good, with a reason.
func Cancel(reason string) error { return cancelled{reason} }

// errPanic is what a panicking worker is said to have returned.
var errPanic = errors.New("the worker panicked")
