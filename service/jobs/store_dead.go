package jobs

import (
	"fmt"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func deadKinds(tx *db.Tx) (list []DeadKind, err error) {
	var ends []struct {
		Kind            string
		N               int64
		FirstID, LastID model.JobID
	}
	// A job dies when its last try ends; of one kind the numbers are in that order nearly always, so that they stand for it.
	err = tx.Gorm().Model(&model.Job{}).Select("kind, COUNT(*) AS n, MIN(id) AS first_id, MAX(id) AS last_id").
		Where("state = ?", model.JobDead).Group("kind").Order("kind").Scan(&ends).Error
	if err != nil {
		return nil, fmt.Errorf("count dead jobs: %w", err)
	}
	for _, e := range ends {
		var rows []model.Job
		if err := tx.Gorm().Where("id IN ?", []model.JobID{e.FirstID, e.LastID}).Order("id").Find(&rows).Error; err != nil {
			return nil, fmt.Errorf("read dead jobs of %s: %w", e.Kind, err)
		}
		first, last := rows[0], rows[len(rows)-1]
		list = append(list, DeadKind{e.Kind, e.N, first.FinishedAt.UTC(), last.FinishedAt.UTC(), last.LastError})
	}
	return list, nil
}

func deadJobs(tx *db.Tx, kind string, limit int) (rows []model.Job, err error) {
	q := tx.Gorm().Where("state = ?", model.JobDead)
	if kind != "" {
		q = q.Where("kind = ?", kind)
	}
	if err := q.Order("run_at, id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list dead jobs: %w", err)
	}
	return rows, nil
}

// lockDead locks the dead jobs that a wish names, in the order of their ids.
func lockDead(tx *db.Tx, in Retry) (rows []model.Job, err error) {
	ids := []model.JobID{in.ID}
	if in.ID == 0 {
		found, err := deadJobs(tx, in.Kind, in.Limit)
		if err != nil || len(found) == 0 {
			return nil, err
		}
		ids = ids[:0]
		for _, j := range found {
			ids = append(ids, j.ID)
		}
	}
	if err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id IN ?", ids).Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("lock %d dead jobs: %w", len(ids), err)
	}
	if in.ID != 0 {
		switch {
		case len(rows) == 0:
			return nil, ErrUnknown
		case rows[0].State != model.JobDead:
			return nil, ErrNotDead
		}
		return rows, nil
	}
	dead := rows[:0]
	for _, j := range rows {
		if j.State == model.JobDead { // another has not retried it since it was found
			dead = append(dead, j)
		}
	}
	return dead, nil
}

// revive makes locked dead jobs wait again. What they died of stays to be read until they end.
func revive(tx *db.Tx, rows []model.Job) error {
	ids := make([]model.JobID, len(rows))
	for i, j := range rows {
		ids[i] = j.ID
	}
	err := tx.Gorm().Model(&model.Job{}).Where("id IN ?", ids).Updates(map[string]any{
		"state": model.JobWaiting, "attempts": 0, "run_at": tx.Now, "finished_at": nil,
	}).Error
	if err != nil {
		return fmt.Errorf("retry %d dead jobs: %w", len(ids), err)
	}
	return nil
}
