package replies

import (
	"errors"
	"fmt"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func activeRules(tx *db.Tx) (rows []model.ReplyRule, err error) {
	err = tx.Gorm().Where("ended_at IS NULL AND active = ?", true).Order("id").Limit(maxRules).Find(&rows).Error
	return rows, err
}

func liveRules(tx *db.Tx) (rows []model.ReplyRule, err error) {
	if err = tx.Gorm().Where("ended_at IS NULL").Order("id").Limit(maxRules).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the replies: %w", err)
	}
	return rows, nil
}

func countLive(tx *db.Tx) (n int64, err error) {
	if err = tx.Gorm().Model(&model.ReplyRule{}).Where("ended_at IS NULL").Count(&n).Error; err != nil {
		return 0, fmt.Errorf("count the replies: %w", err)
	}
	return n, nil
}

func ruleByPublicID(tx *db.Tx, id model.PublicID) (row model.ReplyRule, err error) {
	err = tx.Gorm().Where("public_id = ? AND ended_at IS NULL", id).Take(&row).Error
	return row, orUnknown(err)
}

// lockRule returns a rule, locked, so that of two changes the second sees the first.
func lockRule(tx *db.Tx, id model.PublicID) (row model.ReplyRule, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("public_id = ? AND ended_at IS NULL", id).Take(&row).Error
	return row, orUnknown(err)
}

// lockClicks locks the active rules that answer taps on the menu.
func lockClicks(tx *db.Tx) (rows []model.ReplyRule, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("ended_at IS NULL AND active = ? AND occasion = ?", true, model.ReplyToClick).Order("id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lock the replies to the menu: %w", err)
	}
	return rows, nil
}

// saveRule writes a rule's newest version in both tables.
func saveRule(tx *db.Tx, row model.ReplyRule, by model.StaffID) error {
	err := tx.Gorm().Model(&model.ReplyRule{}).Where("id = ? AND version = ?", row.ID, row.Version-1).
		Updates(map[string]any{"name": row.Name, "terms": row.Terms, "active": row.Active, "version": row.Version, "updated_at": row.UpdatedAt}).Error
	if err != nil {
		return fmt.Errorf("save reply %d: %w", row.ID, err)
	}
	return addVersion(tx, row, by)
}

func addVersion(tx *db.Tx, row model.ReplyRule, by model.StaffID) error {
	v := model.ReplyRuleVersion{RuleID: row.ID, Version: row.Version, Name: row.Name, Terms: row.Terms, Active: row.Active, CreatedBy: by, CreatedAt: tx.Now}
	if err := tx.Gorm().Create(&v).Error; err != nil {
		return fmt.Errorf("add version %d of reply %d: %w", row.Version, row.ID, err)
	}
	return nil
}

func endRule(tx *db.Tx, id model.ReplyRuleID) error {
	err := tx.Gorm().Model(&model.ReplyRule{}).Where("id = ?", id).Updates(map[string]any{"ended_at": tx.Now, "updated_at": tx.Now}).Error
	if err != nil {
		return fmt.Errorf("end reply %d: %w", id, err)
	}
	return nil
}

// versionsOf returns versions, the newest first; before 0 is from the newest on.
func versionsOf(tx *db.Tx, id model.ReplyRuleID, before int64, limit int) (rows []model.ReplyRuleVersion, err error) {
	q := tx.Gorm().Where("rule_id = ?", id)
	if before > 0 {
		q = q.Where("version < ?", before)
	}
	if err = q.Order("version DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the versions of reply %d: %w", id, err)
	}
	return rows, nil
}

// orUnknown turns "no row" into ErrUnknown.
func orUnknown(err error) error {
	if db.IsNotFound(err) {
		return ErrUnknown
	}
	if err != nil && !errors.Is(err, ErrUnknown) {
		return fmt.Errorf("read a reply: %w", err)
	}
	return err
}
