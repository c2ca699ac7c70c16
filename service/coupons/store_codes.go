package coupons

import (
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func insertCodes(tx *db.Tx, batch model.CouponBatchID, hashes []string) error {
	rows := make([]model.CouponCode, len(hashes))
	for i, h := range hashes {
		rows[i] = model.CouponCode{BatchID: batch, CodeHash: h}
	}
	return tx.Gorm().CreateInBatches(rows, listChunk).Error
}

func batchByPublicID(tx *db.Tx, id model.PublicID) (b model.CouponCodeBatch, err error) {
	err = tx.Gorm().Where("public_id = ?", id).Take(&b).Error
	return b, err
}

func batchByID(tx *db.Tx, id model.CouponBatchID) (b model.CouponCodeBatch, t model.CouponTemplate, err error) {
	if err = tx.Gorm().Where("id = ?", id).Take(&b).Error; err == nil {
		err = tx.Gorm().Where("id = ?", b.TemplateID).Take(&t).Error
	}
	return b, t, err
}

// batchesOf returns the newest batches of a template and how many of their codes were used.
func batchesOf(tx *db.Tx, t model.CouponTemplateID, limit int) (rows []model.CouponCodeBatch, used map[model.CouponBatchID]int64, err error) {
	if err = tx.Gorm().Where("template_id = ?", t).Order("id DESC").Limit(limit).Find(&rows).Error; err != nil || len(rows) == 0 {
		return rows, nil, err
	}
	ids := make([]model.CouponBatchID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	var counts []struct {
		BatchID model.CouponBatchID
		N       int64
	}
	err = tx.Gorm().Model(&model.CouponCode{}).Select("batch_id, COUNT(*) AS n").
		Where("batch_id IN ? AND used_at IS NOT NULL", ids).Group("batch_id").Find(&counts).Error
	used = make(map[model.CouponBatchID]int64, len(counts))
	for _, c := range counts {
		used[c.BatchID] = c.N
	}
	return rows, used, err
}

func closeBatch(tx *db.Tx, id model.CouponBatchID) (bool, error) {
	res := tx.Gorm().Model(&model.CouponCodeBatch{}).Where("id = ? AND closed_at IS NULL", id).Update("closed_at", tx.Now)
	return res.RowsAffected == 1, res.Error
}

func codeByHash(tx *db.Tx, hash string) (c model.CouponCode, err error) {
	err = tx.Gorm().Where("code_hash = ?", hash).Take(&c).Error
	return c, err
}

// useCode gives a code to a member, unless somebody has it.
func useCode(tx *db.Tx, id model.CouponCodeID, m model.MemberID) (bool, error) {
	res := tx.Gorm().Model(&model.CouponCode{}).Where("id = ? AND member_id IS NULL", id).
		Updates(map[string]any{"member_id": m, "used_at": tx.Now})
	return res.RowsAffected == 1, res.Error
}

// lockTry returns the row of a member's tries, locked; a new one begins without failures.
func lockTry(tx *db.Tx, m model.MemberID) (row model.CouponCodeTry, err error) {
	lock := func() error {
		return tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("member_id = ?", m).Take(&row).Error
	}
	if err = lock(); !db.IsNotFound(err) {
		return row, err
	}
	if _, err = tx.Insert(&model.CouponCodeTry{MemberID: m, LastAt: tx.Now, NextAt: tx.Now}); err != nil {
		return row, err
	}
	err = lock()
	return row, err
}

func keepTry(tx *db.Tx, row model.CouponCodeTry) error {
	return tx.Gorm().Model(&model.CouponCodeTry{}).Where("member_id = ?", row.MemberID).
		Updates(map[string]any{"failures": row.Failures, "last_at": row.LastAt, "next_at": row.NextAt}).Error
}
