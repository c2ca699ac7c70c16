package tasks

import (
	"fmt"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func taskByID(tx *db.Tx, id model.TaskID) (t model.Task, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&t).Error
	return t, orUnknown(id, err)
}

func lockTask(tx *db.Tx, id model.TaskID) (t model.Task, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&t).Error
	return t, orUnknown(id, err)
}

func orUnknown(id model.TaskID, err error) error {
	if db.IsNotFound(err) {
		return ErrUnknown
	}
	if err != nil {
		return fmt.Errorf("read task %d: %w", id, err)
	}
	return nil
}

// saveTask stores a task that is locked.
func saveTask(tx *db.Tx, t model.Task) error {
	return tx.Gorm().Model(&model.Task{}).Where("id = ?", t.ID).Updates(map[string]any{
		"state": t.State, "staff_id": t.StaffID, "store": t.Store, "due_day": t.DueDay, "taken_at": t.TakenAt, "result": t.Result,
		"note": t.Note, "closed_by": t.ClosedBy, "closed_at": t.ClosedAt,
	}).Error
}

func tasksBefore(tx *db.Tx, f Filter, before int64, limit int) (rows []model.Task, err error) {
	q := tx.Gorm().Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.Staff != 0 {
		q = q.Where("staff_id = ?", f.Staff)
	}
	if f.Member != 0 {
		q = q.Where("member_id = ?", f.Member)
	}
	if f.Store != "" {
		q = q.Where("store = ?", f.Store)
	}
	err = q.Find(&rows).Error
	return rows, err
}

func waiting(tx *db.Tx, by model.StaffID, limit int) (rows []model.Task, err error) {
	err = tx.Gorm().Where("state IN ? AND staff_id IN ?", []model.TaskState{model.TaskOpen, model.TaskTaken}, []model.StaffID{0, by}).
		Order("due_day, id").Limit(limit).Find(&rows).Error
	return rows, err
}

func waits(tx *db.Tx, member model.MemberID, kinds []model.TaskKind) (bool, error) {
	var n int64
	err := tx.Gorm().Model(&model.Task{}).Where("member_id = ? AND state IN ? AND kind IN ?", member,
		[]model.TaskState{model.TaskOpen, model.TaskTaken}, kinds).Count(&n).Error
	return n > 0, err
}
