package jobs

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// RetryMost is how many dead jobs one wish retries at most, the oldest first.
const RetryMost = 1000

// Faults of retrying.
var (
	ErrUnknown = fault.New(fault.NotFound, "jobs.unknown", "没有这个任务", "there is no such job")
	ErrNotDead = fault.New(fault.Conflict, "jobs.not_dead", "只能重试已放弃的任务", "only a dead job can be retried")
	ErrNothing = fault.New(fault.Conflict, "jobs.nothing", "没有符合条件的已放弃任务", "no dead job fits")
)

// DeadKind counts the dead jobs of a kind.
type DeadKind struct {
	Kind  string
	Count int64
	// Since and Until are when the first and the last of them died; Reason is the last one's.
	Since, Until time.Time
	Reason       string
}

// Dead counts the dead jobs by kind.
func (q *Queue) Dead(ctx context.Context) (list []DeadKind, err error) {
	err = q.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		list, err = deadKinds(tx)
		return err
	})
	return list, err
}

// DeadOf returns the dead jobs of a kind, or of all when it is empty, the oldest first, at most limit of them.
func (q *Queue) DeadOf(ctx context.Context, kind string, limit int) (list []model.Job, err error) {
	err = q.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		list, err = deadJobs(tx, kind, limit)
		return err
	})
	return list, err
}

// Retry asks for dead jobs to be run again, after what they died of was mended: one by its number, or those of a kind.
type Retry struct {
	Staff model.StaffID // 0 is who has the program's own command line
	ID    model.JobID   // this or Kind
	Kind  string
	Limit int    // of a kind; 1 to RetryMost
	Note  string // what was mended; 1 to 200 characters
}

// Retry makes dead jobs wait again, with all their tries before them, and returns how many. A job that was retried meanwhile is left out. It
// returns fault.ErrInvalid, ErrUnknown, ErrNotDead, or ErrNothing when a kind has none.
func (q *Queue) Retry(ctx context.Context, in Retry) (retried int, err error) {
	if err := fault.InvalidFields(in.faults()); err != nil {
		return 0, err
	}
	err = q.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err := lockDead(tx, in)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrNothing
		}
		if err := revive(tx, list); err != nil {
			return err
		}
		retried = len(list)
		tx.OnCommit(q.nudge)
		first, last := list[0], list[len(list)-1]
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "jobs.retry", Ref: fmt.Sprintf("jobs:%d-%d", first.ID, last.ID), Detail: map[string]any{
			"kind": last.Kind, "retried": retried, "note": in.Note,
		}})
	})
	if err != nil {
		return 0, err
	}
	return retried, nil
}

func (in Retry) faults() (list []fault.Field) {
	if (in.ID == 0) == (in.Kind == "") {
		list = append(list, fault.Field{Name: "id", Reason: "name one job or one kind"})
	}
	if in.Kind != "" && (in.Limit < 1 || in.Limit > RetryMost) {
		list = append(list, fault.Field{Name: "limit", Reason: fmt.Sprintf("1 to %d", RetryMost)})
	}
	if in.Note == "" || utf8.RuneCountInString(in.Note) > 200 || !utf8.ValidString(in.Note) {
		list = append(list, fault.Field{Name: "note", Reason: "1 to 200 characters"})
	}
	return list
}
