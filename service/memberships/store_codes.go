package memberships

import (
	"fmt"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func insertCodes(tx *db.Tx, batch model.MembershipBatchID, hashes []string) error {
	rows := make([]model.MembershipCode, len(hashes))
	for i, h := range hashes {
		rows[i] = model.MembershipCode{BatchID: batch, CodeHash: h}
	}
	if err := tx.Gorm().CreateInBatches(rows, 500).Error; err != nil {
		return fmt.Errorf("insert %d codes: %w", len(hashes), err)
	}
	return nil
}

func batchByPublicID(tx *db.Tx, id model.PublicID) (b model.MembershipCodeBatch, err error) {
	if !templateForm.MatchString(string(id)) {
		return b, ErrBatchUnknown
	}
	err = tx.Gorm().Where("public_id = ?", id).Take(&b).Error
	if db.IsNotFound(err) {
		return b, ErrBatchUnknown
	}
	if err != nil {
		return b, fmt.Errorf("read batch %s: %w", id, err)
	}
	return b, nil
}

// batches returns the newest batches of a plan, or of all for 0, and how many of their codes were used.
func batches(tx *db.Tx, plan model.PlanID, limit int) (rows []model.MembershipCodeBatch, used map[model.MembershipBatchID]int64, err error) {
	q := tx.Gorm().Order("id DESC").Limit(limit)
	if plan != 0 {
		q = q.Where("plan_id = ?", plan)
	}
	if err := q.Find(&rows).Error; err != nil {
		return nil, nil, fmt.Errorf("list batches of codes: %w", err)
	}
	ids := make([]model.MembershipBatchID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	var counts []struct {
		BatchID model.MembershipBatchID
		N       int64
	}
	if len(ids) > 0 {
		err := tx.Gorm().Model(&model.MembershipCode{}).Select("batch_id, COUNT(*) AS n").
			Where("batch_id IN ? AND used_at IS NOT NULL", ids).Group("batch_id").Find(&counts).Error
		if err != nil {
			return nil, nil, fmt.Errorf("count used codes: %w", err)
		}
	}
	used = make(map[model.MembershipBatchID]int64, len(counts))
	for _, c := range counts {
		used[c.BatchID] = c.N
	}
	return rows, used, nil
}

func closeBatch(tx *db.Tx, id model.MembershipBatchID) (bool, error) {
	res := tx.Gorm().Model(&model.MembershipCodeBatch{}).Where("id = ? AND closed_at IS NULL", id).Update("closed_at", tx.Now)
	if res.Error != nil {
		return false, fmt.Errorf("close batch %d: %w", id, res.Error)
	}
	return res.RowsAffected == 1, nil
}

// codeByHash returns a code with its batch, or ErrCodeUnknown.
func codeByHash(tx *db.Tx, hash string) (c model.MembershipCode, b model.MembershipCodeBatch, err error) {
	err = tx.Gorm().Where("code_hash = ?", hash).Take(&c).Error
	if db.IsNotFound(err) {
		return c, b, ErrCodeUnknown
	}
	if err == nil {
		err = tx.Gorm().Where("id = ?", c.BatchID).Take(&b).Error
	}
	if err != nil {
		return c, b, fmt.Errorf("look a code up: %w", err)
	}
	return c, b, nil
}

// codeOfMember returns a code that a member has used, with its batch.
func codeOfMember(tx *db.Tx, m model.MemberID, hash string) (c model.MembershipCode, b model.MembershipCodeBatch, found bool, err error) {
	err = tx.Gorm().Where("code_hash = ? AND member_id = ?", hash, m).Take(&c).Error
	if db.IsNotFound(err) {
		return c, b, false, nil
	}
	if err == nil {
		err = tx.Gorm().Where("id = ?", c.BatchID).Take(&b).Error
	}
	if err != nil {
		return c, b, false, fmt.Errorf("look a code of member %d up: %w", m, err)
	}
	return c, b, true, nil
}

// takeCode gives a code to a member, unless somebody has it or its batch was closed at this moment.
func takeCode(tx *db.Tx, id model.MembershipCodeID, m model.MemberID) (bool, error) {
	res := tx.Gorm().Exec(`UPDATE membership_codes SET member_id = ?, used_at = ? WHERE id = ? AND member_id IS NULL
		AND EXISTS (SELECT 1 FROM membership_code_batches b WHERE b.id = membership_codes.batch_id AND b.closed_at IS NULL)`, m, tx.Now, id)
	if res.Error != nil {
		return false, fmt.Errorf("use code %d: %w", id, res.Error)
	}
	return res.RowsAffected == 1, nil
}

func periodByCode(tx *db.Tx, id model.MembershipCodeID) (p model.MembershipPeriod, err error) {
	if err := tx.Gorm().Where("code_id = ?", id).Take(&p).Error; err != nil {
		return p, fmt.Errorf("read the period of code %d: %w", id, err)
	}
	return p, nil
}

// lockTry returns the row of a member's tries, locked; a new one begins without failures.
func lockTry(tx *db.Tx, m model.MemberID) (row model.MembershipCodeTry, err error) {
	lock := func() error {
		return tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("member_id = ?", m).Take(&row).Error
	}
	if err = lock(); !db.IsNotFound(err) {
		return row, err
	}
	if _, err = tx.Insert(&model.MembershipCodeTry{MemberID: m, LastAt: tx.Now, NextAt: tx.Now}); err != nil {
		return row, err
	}
	err = lock()
	return row, err
}

func keepTry(tx *db.Tx, row model.MembershipCodeTry) error {
	return tx.Gorm().Model(&model.MembershipCodeTry{}).Where("member_id = ?", row.MemberID).
		Updates(map[string]any{"failures": row.Failures, "last_at": row.LastAt, "next_at": row.NextAt}).Error
}
