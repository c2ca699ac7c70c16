package coupons

import (
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// lockBirthdayDay returns a rule's checkpoint of a day, locked; a new one begins at the first member.
func lockBirthdayDay(tx *db.Tx, rule model.CouponRuleID, day model.Day) (row model.CouponBirthdayDay, err error) {
	lock := func() error {
		return tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("rule_id = ? AND day = ?", rule, day).Take(&row).Error
	}
	if err = lock(); !db.IsNotFound(err) {
		return row, err
	}
	if _, err = tx.Insert(&model.CouponBirthdayDay{RuleID: rule, Day: day}); err != nil {
		return row, err
	}
	err = lock()
	return row, err
}

func keepBirthdayDay(tx *db.Tx, row model.CouponBirthdayDay) error {
	return tx.Gorm().Model(&model.CouponBirthdayDay{}).Where("rule_id = ? AND day = ?", row.RuleID, row.Day).
		Updates(map[string]any{"cursor_member": row.Cursor, "given": row.Given, "refused": row.Refused, "done_at": row.DoneAt}).Error
}
