package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// settled is a try of a job that has ended.
type settled struct {
	job     model.Job
	outcome error
}

// settleMost is how many tries are written in one transaction.
const settleMost = 64

// settle writes what became of a try. It affects nothing when the lease was lost meanwhile: then another worker
// has the job, and its word counts. Tries that end while others are being written are written together.
func (q *Queue) settle(ctx context.Context, j model.Job, outcome error) error {
	_, err := q.settling.Do(ctx, struct{}{}, settled{j, outcome})
	return err
}

// settleTogether writes the ends of several tries: those that went well in one statement for each number of attempts, the others one
// by one.
func (q *Queue) settleTogether(ctx context.Context, tx *db.Tx, _ struct{}, list []settled) ([]db.Outcome[struct{}], error) {
	well := map[lease][]model.JobID{}
	for _, t := range list {
		if t.outcome == nil {
			at := lease{t.job.LeaseOwner, t.job.Attempts}
			well[at] = append(well[at], t.job.ID)
			continue
		}
		n, err := settleTry(tx, t)
		if err != nil {
			return nil, fmt.Errorf("settle job %d: %w", t.job.ID, err)
		}
		if n == 0 {
			q.log.WarnContext(ctx, "job's lease was lost", "job", t.job.ID, "kind", t.job.Kind)
		}
	}
	for at, ids := range well {
		res := tx.Gorm().Model(&model.Job{}).
			Where("id IN ? AND state = ? AND lease_owner = ? AND attempts = ?", ids, model.JobRunning, at.owner, at.attempts).
			Updates(map[string]any{"state": model.JobDone, "lease_owner": "", "lease_until": nil, "finished_at": tx.Now})
		if res.Error != nil {
			return nil, fmt.Errorf("settle %d jobs: %w", len(ids), res.Error)
		}
		if lost := int64(len(ids)) - res.RowsAffected; lost > 0 {
			q.log.WarnContext(ctx, "leases of jobs were lost", "lost", lost, "among", ids)
		}
	}
	return make([]db.Outcome[struct{}], len(list)), nil
}

// lease is what a worker must still hold to settle a job.
type lease struct {
	owner    string
	attempts int
}

// settleTry writes the end of a try that did not go well: another one later, or the end for good.
func settleTry(tx *db.Tx, t settled) (affected int64, err error) {
	j := t.job
	set := map[string]any{"lease_owner": "", "lease_until": nil}
	end := func(s model.JobState, why string) {
		set["state"], set["finished_at"], set["last_error"] = s, tx.Now, cut(why)
	}
	again := func(d time.Duration) {
		set["state"], set["run_at"] = model.JobWaiting, tx.Now.Add(d).Truncate(time.Microsecond)
	}
	var (
		snooze snoozed
		cancel cancelled
	)
	switch {
	case errors.As(t.outcome, &snooze):
		again(snooze.d)
		set["attempts"] = max(j.Attempts-1, 0)
	case errors.As(t.outcome, &cancel):
		end(model.JobCancelled, cancel.reason)
	case j.Attempts >= MaxAttempts:
		end(model.JobDead, t.outcome.Error())
	default:
		again(Backoff(j.Attempts))
		set["last_error"] = cut(t.outcome.Error())
	}
	res := tx.Gorm().Model(&model.Job{}).
		Where("id = ? AND state = ? AND lease_owner = ? AND attempts = ?", j.ID, model.JobRunning, j.LeaseOwner, j.Attempts).Updates(set)
	return res.RowsAffected, res.Error
}
