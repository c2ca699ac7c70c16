package staff

import (
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

var forUpdate = clause.Locking{Strength: "UPDATE"}

func accountByName(tx *db.Tx, name string) (row model.Staff, err error) {
	err = tx.Gorm().Where("name = ?", name).Take(&row).Error
	return row, err
}

func accountByID(tx *db.Tx, id model.StaffID) (row model.Staff, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&row).Error
	return row, orUnknown(err)
}

func lockAccount(tx *db.Tx, id model.StaffID) (row model.Staff, err error) {
	err = tx.Gorm().Clauses(forUpdate).Where("id = ?", id).Take(&row).Error
	return row, orUnknown(err)
}

func orUnknown(err error) error {
	if db.IsNotFound(err) {
		return ErrUnknown
	}
	return err
}

func savePassword(tx *db.Tx, id model.StaffID, hash string) error {
	return tx.Gorm().Model(&model.Staff{}).Where("id = ?", id).Update("password_hash", hash).Error
}

func saveDisabled(tx *db.Tx, id model.StaffID) error {
	return tx.Gorm().Model(&model.Staff{}).Where("id = ? AND disabled_at IS NULL", id).Update("disabled_at", tx.Now).Error
}

func insertSession(tx *db.Tx, row model.StaffSession) error {
	if err := tx.Gorm().Create(&row).Error; err != nil {
		return fmt.Errorf("open a session of staff %d: %w", row.StaffID, err)
	}
	return nil
}

// sessionByToken returns a session and its owner, or ErrSession. The owner is read at each look-up, so that a changed role
// counts at once.
func sessionByToken(tx *db.Tx, hash string) (row model.StaffSession, a Actor, err error) {
	if err = tx.Gorm().Where("token_hash = ?", hash).Take(&row).Error; err != nil {
		if db.IsNotFound(err) {
			err = ErrSession
		}
		return row, a, err
	}
	owner, err := accountByID(tx, row.StaffID)
	if err != nil {
		return row, a, err
	}
	if owner.DisabledAt != nil {
		return row, a, ErrSession
	}
	return row, actorOf(owner), nil
}

func markSeen(tx *db.Tx, session int64) error {
	return tx.Gorm().Model(&model.StaffSession{}).Where("id = ? AND seen_at < ?", session, tx.Now).Update("seen_at", tx.Now).Error
}

func revokeToken(tx *db.Tx, hash string) error {
	return tx.Gorm().Model(&model.StaffSession{}).Where("token_hash = ? AND revoked_at IS NULL", hash).Update("revoked_at", tx.Now).Error
}

func revokeAll(tx *db.Tx, id model.StaffID) error {
	return tx.Gorm().Model(&model.StaffSession{}).Where("staff_id = ? AND revoked_at IS NULL", id).Update("revoked_at", tx.Now).Error
}

// attempts returns the counts of some keys; a key without one has a zero row.
func attempts(tx *db.Tx, keys ...string) (map[string]model.StaffAttempt, error) {
	var rows []model.StaffAttempt
	if err := tx.Gorm().Where("key_hash IN ?", keys).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the counts of failed sign-ins: %w", err)
	}
	out := make(map[string]model.StaffAttempt, len(keys))
	for _, k := range keys {
		out[k] = model.StaffAttempt{KeyHash: k}
	}
	for _, r := range rows {
		out[r.KeyHash] = r
	}
	return out, nil
}

// lockAttempts makes sure that each key has a row and locks them, in the order given: account first, address second.
func lockAttempts(tx *db.Tx, keys ...string) (map[string]model.StaffAttempt, error) {
	out := make(map[string]model.StaffAttempt, len(keys))
	for _, k := range keys {
		var row model.StaffAttempt
		err := tx.Gorm().Clauses(forUpdate).Where("key_hash = ?", k).Take(&row).Error
		if db.IsNotFound(err) {
			if _, err := tx.Insert(&model.StaffAttempt{KeyHash: k, LastAt: tx.Now, NextAt: tx.Now}); err != nil {
				return nil, fmt.Errorf("count a sign-in: %w", err)
			}
			err = tx.Gorm().Clauses(forUpdate).Where("key_hash = ?", k).Take(&row).Error
		}
		if err != nil {
			return nil, fmt.Errorf("lock the counts of failed sign-ins: %w", err)
		}
		out[k] = row
	}
	return out, nil
}

func saveAttempts(tx *db.Tx, rows ...model.StaffAttempt) error {
	for _, r := range rows {
		err := tx.Gorm().Model(&model.StaffAttempt{}).Where("key_hash = ?", r.KeyHash).
			Updates(map[string]any{"failures": r.Failures, "last_at": r.LastAt, "next_at": r.NextAt}).Error
		if err != nil {
			return fmt.Errorf("count a sign-in: %w", err)
		}
	}
	return nil
}

func deleteAttempt(tx *db.Tx, key string) error {
	return tx.Gorm().Where("key_hash = ?", key).Delete(&model.StaffAttempt{}).Error
}

// purge deletes what no rule looks at any more: a bounded number of rows, so that no transaction gets long.
func purge(tx *db.Tx, sessionsBefore, attemptsBefore time.Time) (deleted int64, err error) {
	const most = 1000
	var old []int64
	if err := tx.Gorm().Model(&model.StaffSession{}).Where("expires_at < ?", sessionsBefore).Limit(most).Pluck("id", &old).Error; err != nil {
		return 0, err
	}
	if len(old) > 0 {
		res := tx.Gorm().Where("id IN ?", old).Delete(&model.StaffSession{})
		if res.Error != nil {
			return 0, res.Error
		}
		deleted += res.RowsAffected
	}
	var keys []string
	if err := tx.Gorm().Model(&model.StaffAttempt{}).Where("last_at < ?", attemptsBefore).Limit(most).Pluck("key_hash", &keys).Error; err != nil {
		return deleted, err
	}
	if len(keys) > 0 {
		res := tx.Gorm().Where("key_hash IN ? AND last_at < ?", keys, attemptsBefore).Delete(&model.StaffAttempt{})
		if res.Error != nil {
			return deleted, res.Error
		}
		deleted += res.RowsAffected
	}
	return deleted, nil
}
