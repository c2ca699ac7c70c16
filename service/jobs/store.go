package jobs

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
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
		return q.lease(tx, due, &got)
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

// lease writes this process's name on those of the jobs that still wait, in one statement, and adds them to got. Every token is used
// once, so what carries it afterwards is what this statement took.
func (q *Queue) lease(tx *db.Tx, due []model.Job, got *[]model.Job) error {
	ids := make([]model.JobID, len(due))
	for i, j := range due {
		ids[i] = j.ID
	}
	token := q.owner + "." + random.ID()
	res := tx.Gorm().Model(&model.Job{}).Where("id IN ? AND state = ?", ids, model.JobWaiting).Updates(map[string]any{
		"state": model.JobRunning, "lease_owner": token, "lease_until": tx.Now.Add(Lease), "attempts": gorm.Expr("attempts + 1"),
	})
	if res.Error != nil {
		return fmt.Errorf("take %d jobs: %w", len(ids), res.Error)
	}
	if err := tx.Gorm().Where("id IN ? AND lease_owner = ?", ids, token).Order("run_at, id").Find(got).Error; err != nil {
		return fmt.Errorf("read the jobs that were taken: %w", err)
	}
	return nil
}

// giveBack returns jobs that this process took but did not start.
func (q *Queue) giveBack(ctx context.Context, j model.Job) error {
	return q.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Model(&model.Job{}).Where("id = ? AND lease_owner = ? AND attempts = ?", j.ID, j.LeaseOwner, j.Attempts).
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

// insertAll inserts rows in one statement.
func insertAll(tx *db.Tx, rows []model.Job) error {
	if err := tx.Gorm().Create(&rows).Error; err != nil {
		return fmt.Errorf("insert %d jobs: %w", len(rows), err)
	}
	return nil
}
