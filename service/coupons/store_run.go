package coupons

import (
	"fmt"

	"time"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// listChunk is how many rows of a list go into one statement.
const listChunk = 1000

func insertRun(tx *db.Tx, r *model.CouponRun, list runList) error {
	if err := tx.Gorm().Create(r).Error; err != nil {
		return err
	}
	for i := range list.known {
		list.known[i].RunID = r.ID
	}
	if len(list.known) > 0 {
		if err := tx.Gorm().CreateInBatches(list.known, listChunk).Error; err != nil {
			return err
		}
	}
	refused := make([]model.CouponRunRefusal, len(list.unknown))
	for i, line := range list.unknown {
		refused[i] = model.CouponRunRefusal{RunID: r.ID, Line: line, Outcome: model.OutcomeUnknown}
	}
	return insertRefusals(tx, refused)
}

func insertRefusals(tx *db.Tx, rows []model.CouponRunRefusal) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Gorm().CreateInBatches(rows, listChunk).Error
}

func runByPublicID(tx *db.Tx, id model.PublicID) (r model.CouponRun, err error) {
	err = tx.Gorm().Where("public_id = ?", id).Take(&r).Error
	return r, err
}

func lockRun(tx *db.Tx, id model.CouponRunID) (r model.CouponRun, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&r).Error
	return r, err
}

// keepRun writes what a batch changed.
func keepRun(tx *db.Tx, r model.CouponRun) error {
	return tx.Gorm().Model(&model.CouponRun{}).Where("id = ?", r.ID).Updates(map[string]any{
		"state": r.State, "cursor_member": r.Cursor, "issued": r.Issued, "limit_reached": r.LimitReached, "out_of_stock": r.OutOfStock,
		"blocked": r.Blocked, "updated_at": r.UpdatedAt, "finished_at": r.FinishedAt,
	}).Error
}

func cancelRun(tx *db.Tx, id model.PublicID) (bool, error) {
	res := tx.Gorm().Model(&model.CouponRun{}).Where("public_id = ? AND state = ?", id, model.CouponRunning).
		Updates(map[string]any{"state": model.CouponRunCancelled, "updated_at": tx.Now, "finished_at": tx.Now})
	return res.RowsAffected == 1, res.Error
}

func stalledRuns(tx *db.Tx, before time.Time, limit int) (rows []model.CouponRun, err error) {
	err = tx.Gorm().Where("state = ? AND updated_at < ?", model.CouponRunning, before).Order("id").Limit(limit).Find(&rows).Error
	return rows, err
}

func targetsAfter(tx *db.Tx, r model.CouponRun, limit int) (rows []model.CouponRunTarget, err error) {
	err = tx.Gorm().Where("run_id = ? AND member_id > ?", r.ID, r.Cursor).Order("member_id").Limit(limit).Find(&rows).Error
	return rows, err
}

// runIssued returns the coupons of a run by their sources, which the unique index holds side by side; last is the id of the last
// but one, where the next page begins.
func runIssued(tx *db.Tx, r model.CouponRun, before int64, limit int) (list []RunOutcome, last int64, err error) {
	var rows []model.Coupon
	q := tx.Gorm().Select("id", "public_id", "member_id").
		Where("source >= ? AND source < ?", fmt.Sprintf("run:%d:", r.ID), fmt.Sprintf("run:%d;", r.ID))
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if err = q.Order("id DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, 0, err
	}
	list = make([]RunOutcome, len(rows))
	for i, c := range rows {
		list[i] = RunOutcome{Member: c.MemberID, Outcome: model.OutcomeIssued, Coupon: c.PublicID}
		if i < limit-1 {
			last = int64(c.ID)
		}
	}
	return list, last, nil
}

func runRefused(tx *db.Tx, r model.CouponRun, o model.CouponRunOutcome, before int64, limit int) (list []RunOutcome, last int64, err error) {
	var rows []model.CouponRunRefusal
	q := tx.Gorm().Where("run_id = ? AND outcome = ?", r.ID, o)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if err = q.Order("id DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, 0, err
	}
	list = make([]RunOutcome, len(rows))
	for i, x := range rows {
		list[i] = RunOutcome{Member: x.MemberID, Line: x.Line, Outcome: x.Outcome}
		if i < limit-1 {
			last = x.ID
		}
	}
	return list, last, nil
}
