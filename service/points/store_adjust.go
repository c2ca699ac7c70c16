package points

import (
	"gorm.io/gorm"

	"huitou/model"
	"huitou/model/db"
)

func insertAdjustment(tx *db.Tx, row *model.PointsAdjustment) error {
	return tx.Gorm().Create(row).Error
}

func adjustmentOf(tx *db.Tx, id model.AdjustmentID) (row model.PointsAdjustment, ok bool, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&row).Error
	return found(row, err)
}

func noteEntry(tx *db.Tx, id model.AdjustmentID, seq int64) error {
	return moved(tx.Gorm().Model(&model.PointsAdjustment{}).Where("id = ? AND entry_seq IS NULL", id).Update("entry_seq", seq), 1)
}

// decideAdjustment is a compare-and-set from the state waiting, by somebody else than who asked.
func decideAdjustment(tx *db.Tx, row model.PointsAdjustment) (ok bool, err error) {
	res := tx.Gorm().Model(&model.PointsAdjustment{}).
		Where("id = ? AND state = ? AND staff_id <> ?", row.ID, model.AdjustWaiting, row.DecidedBy).
		Updates(map[string]any{"state": row.State, "decided_by": row.DecidedBy, "decided_at": row.DecidedAt, "decision_note": row.DecisionNote})
	return res.RowsAffected == 1, res.Error
}

// countAdjusted adds an adjustment to what its asker has moved on its day, unless that would exceed the cap.
func countAdjusted(tx *db.Tx, row model.PointsAdjustment, limit model.Points) (used model.Points, ok bool, err error) {
	day := model.PointsAdjustDay{StaffID: row.StaffID, Day: row.Day}
	if _, err := tx.Insert(&day); err != nil {
		return 0, false, err
	}
	n := abs(row.Points)
	res := tx.Gorm().Model(&model.PointsAdjustDay{}).
		Where("staff_id = ? AND day = ? AND points + ? <= ?", row.StaffID, row.Day, n, limit).
		Update("points", gorm.Expr("points + ?", n))
	if res.Error != nil || res.RowsAffected == 1 {
		return 0, res.Error == nil, res.Error
	}
	err = tx.Gorm().Where("staff_id = ? AND day = ?", row.StaffID, row.Day).Take(&day).Error
	return day.Points, false, err
}

func adjustmentsBefore(tx *db.Tx, state model.AdjustState, before int64, limit int) (rows []model.PointsAdjustment, err error) {
	q := tx.Gorm().Order("id DESC").Limit(limit)
	if state != "" {
		q = q.Where("state = ?", state)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	err = q.Find(&rows).Error
	return rows, err
}
