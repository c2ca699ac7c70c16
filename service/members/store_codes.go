package members

import (
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func insertCode(tx *db.Tx, row *model.PhoneCode) error {
	if err := tx.Gorm().Create(row).Error; err != nil {
		return fmt.Errorf("keep a code of member %d: %w", row.MemberID, err)
	}
	return nil
}

// openCode returns the code that a member asked for last and has not used.
func openCode(tx *db.Tx, m model.MemberID) (row model.PhoneCode, ok bool, err error) {
	var rows []model.PhoneCode
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("member_id = ? AND used_at IS NULL", m).Order("id DESC").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return row, false, err
	}
	return rows[0], true, nil
}

// dropCodes ends every code of a member.
func dropCodes(tx *db.Tx, m model.MemberID) error {
	err := tx.Gorm().Model(&model.PhoneCode{}).Where("member_id = ? AND used_at IS NULL", m).Update("used_at", tx.Now).Error
	if err != nil {
		return fmt.Errorf("end the codes of member %d: %w", m, err)
	}
	return nil
}

func countTry(tx *db.Tx, row model.PhoneCode) error {
	err := tx.Gorm().Model(&model.PhoneCode{}).Where("id = ?", row.ID).Update("failures", gorm.Expr("failures + 1")).Error
	if err != nil {
		return fmt.Errorf("count a try of member %d: %w", row.MemberID, err)
	}
	return nil
}

// lockAsk locks a counter, and makes it when it is new.
func lockAsk(tx *db.Tx, key string) (row model.PhoneCodeAsk, err error) {
	for range 2 {
		err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("key_hash = ?", key).Take(&row).Error
		if !db.IsNotFound(err) {
			return row, err
		}
		if _, err = tx.Insert(&model.PhoneCodeAsk{KeyHash: key, EndsAt: tx.Now}); err != nil {
			return row, err
		}
	}
	return row, err
}

func saveAsk(tx *db.Tx, row model.PhoneCodeAsk) error {
	return tx.Gorm().Model(&model.PhoneCodeAsk{}).Where("key_hash = ?", row.KeyHash).Updates(map[string]any{"asked": row.Asked, "ends_at": row.EndsAt}).Error
}

// purgeCodes deletes at most 1,000 codes and counters each that ended before an instant.
func purgeCodes(tx *db.Tx, before time.Time) (int64, error) {
	var ids []int64
	if err := tx.Gorm().Model(&model.PhoneCode{}).Where("expires_at < ?", before).Limit(bulk).Pluck("id", &ids).Error; err != nil {
		return 0, err
	}
	var keys []string
	if err := tx.Gorm().Model(&model.PhoneCodeAsk{}).Where("ends_at < ?", before).Limit(bulk).Pluck("key_hash", &keys).Error; err != nil {
		return 0, err
	}
	if len(ids) > 0 {
		if err := tx.Gorm().Where("id IN ?", ids).Delete(&model.PhoneCode{}).Error; err != nil {
			return 0, err
		}
	}
	if len(keys) > 0 {
		if err := tx.Gorm().Where("key_hash IN ? AND ends_at < ?", keys, before).Delete(&model.PhoneCodeAsk{}).Error; err != nil {
			return 0, err
		}
	}
	return int64(len(ids) + len(keys)), nil
}
