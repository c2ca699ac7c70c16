package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// take claims up to n due jobs for this process and returns them in the order in which they are due.
func (q *Queue) take(ctx context.Context, n int) ([]model.Job, error) {
	var got []model.Job
	err := q.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		got = nil
		// Leases that ran out belong to workers that died or hang.
		free := tx.Gorm().Model(&model.Job{}).Where("state = ? AND lease_until < ?", model.JobRunning, tx.Now).
			Updates(map[string]any{"state": model.JobWaiting, "lease_owner": ""})
		if free.Error != nil {
			return fmt.Errorf("free jobs with old leases: %w", free.Error)
		}
		var due []model.Job
		err := tx.Gorm().Where("state = ? AND run_at <= ?", model.JobWaiting, tx.Now).Order("run_at, id").Limit(n).Find(&due).Error
		if err != nil || len(due) == 0 {
			return err
		}
		until := tx.Now.Add(Lease)
		for _, j := range due {
			res := tx.Gorm().Model(&model.Job{}).Where("id = ? AND state = ?", j.ID, model.JobWaiting).
				Updates(map[string]any{"state": model.JobRunning, "lease_owner": q.owner, "lease_until": until, "attempts": j.Attempts + 1})
			if res.Error != nil {
				return fmt.Errorf("take job %d: %w", j.ID, res.Error)
			}
			if res.RowsAffected == 1 {
				j.Attempts++
				got = append(got, j)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("take due jobs: %w", err)
	}
	return got, nil
}

// hasDue tells cheaply, without the writer's lock, whether take would find something.
func (q *Queue) hasDue(ctx context.Context) (bool, error) {
	var found []int64
	err := q.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		err := tx.Gorm().Model(&model.Job{}).Where("state = ? AND run_at <= ?", model.JobWaiting, tx.Now).Limit(1).Pluck("id", &found).Error
		if err != nil || len(found) > 0 {
			return err
		}
		return tx.Gorm().Model(&model.Job{}).Where("state = ? AND lease_until < ?", model.JobRunning, tx.Now).Limit(1).Pluck("id", &found).Error
	})
	return len(found) > 0, err
}

// settle writes what became of a try. It affects nothing when the lease was lost meanwhile: then another worker
// has the job, and its word counts.
func (q *Queue) settle(ctx context.Context, j model.Job, outcome error) error {
	return q.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		set := map[string]any{"lease_owner": "", "lease_until": nil}
		end := func(s model.JobState) { set["state"], set["finished_at"] = s, tx.Now }
		again := func(d time.Duration) {
			set["state"], set["run_at"] = model.JobWaiting, tx.Now.Add(d).Truncate(time.Microsecond)
		}
		var (
			snooze snoozed
			cancel cancelled
		)
		switch {
		case outcome == nil:
			end(model.JobDone)
		case errors.As(outcome, &snooze):
			again(snooze.d)
			set["attempts"] = max(j.Attempts-1, 0)
		case errors.As(outcome, &cancel):
			end(model.JobCancelled)
			set["last_error"] = cut(cancel.reason)
		case j.Attempts >= MaxAttempts:
			end(model.JobDead)
			set["last_error"] = cut(outcome.Error())
		default:
			again(Backoff(j.Attempts))
			set["last_error"] = cut(outcome.Error())
		}
		res := tx.Gorm().Model(&model.Job{}).
			Where("id = ? AND state = ? AND lease_owner = ? AND attempts = ?", j.ID, model.JobRunning, q.owner, j.Attempts).Updates(set)
		if res.Error != nil {
			return fmt.Errorf("settle job %d: %w", j.ID, res.Error)
		}
		if res.RowsAffected == 0 {
			q.log.WarnContext(ctx, "job's lease was lost", "job", j.ID, "kind", j.Kind)
		}
		return nil
	})
}

// giveBack returns jobs that this process took but did not start.
func (q *Queue) giveBack(ctx context.Context, j model.Job) error {
	return q.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Model(&model.Job{}).Where("id = ? AND lease_owner = ? AND attempts = ?", j.ID, q.owner, j.Attempts).
			Updates(map[string]any{"state": model.JobWaiting, "lease_owner": "", "lease_until": nil, "attempts": j.Attempts - 1}).Error
	})
}

// nextRun returns when a periodic task runs next; the first time it is entered as first.
func (q *Queue) nextRun(ctx context.Context, name string, first time.Time) (next time.Time, err error) {
	err = q.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		row := model.TimetableRow{}
		err := tx.Gorm().Where("name = ?", name).Take(&row).Error
		if db.IsNotFound(err) {
			row = model.TimetableRow{Name: name, NextRun: first}
			if _, err = tx.Insert(&row); err != nil {
				return err
			}
			err = tx.Gorm().Where("name = ?", name).Take(&row).Error
		}
		next = row.NextRun
		return err
	})
	return next, err
}

// advance moves a task's next run on; of several processes one succeeds and then inserts the task's job, in the same transaction.
func (q *Queue) advance(ctx context.Context, t task, from, to time.Time) error {
	return q.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		res := tx.Gorm().Model(&model.TimetableRow{}).Where("name = ? AND next_run = ?", t.name, from).Update("next_run", to)
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		_, err := q.Insert(ctx, tx, Job{Kind: t.kind(), Args: struct{}{}, Key: fmt.Sprintf("%s:%d", t.kind(), from.UnixMicro()), RunAt: from})
		return err
	})
}

// soonest returns when the next waiting job is due; ok is false when none waits.
func (q *Queue) soonest(ctx context.Context) (at time.Time, ok bool, err error) {
	var rows []model.Job
	err = q.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Select("run_at").Where("state = ?", model.JobWaiting).Order("run_at").Limit(1).Find(&rows).Error
	})
	if err != nil || len(rows) == 0 {
		return time.Time{}, false, err
	}
	return rows[0].RunAt, true, nil
}

// purge deletes up to limit jobs that ended well before an instant.
func (q *Queue) purge(ctx context.Context, before time.Time, limit int) (deleted int64, err error) {
	err = q.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		var ids []int64
		err := tx.Gorm().Model(&model.Job{}).Where("state = ? AND run_at < ?", model.JobDone, before).Limit(limit).Pluck("id", &ids).Error
		if err != nil || len(ids) == 0 {
			return err
		}
		res := tx.Gorm().Where("id IN ?", ids).Delete(&model.Job{})
		deleted = res.RowsAffected
		return res.Error
	})
	return deleted, err
}

func cut(s string) string {
	const most = 1000
	r := []rune(s)
	if len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
