package coupons

import (
	"time"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// lockReminderDay returns the day's row, locked; a new one begins at the first member.
func lockReminderDay(tx *db.Tx, day model.Day) (row model.CouponReminderDay, err error) {
	lock := func() error {
		return tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("day = ?", day).Take(&row).Error
	}
	if err = lock(); !db.IsNotFound(err) {
		return row, err
	}
	if _, err = tx.Insert(&model.CouponReminderDay{Day: day}); err != nil {
		return row, err
	}
	err = lock()
	return row, err
}

func keepReminderDay(tx *db.Tx, row model.CouponReminderDay) error {
	return tx.Gorm().Model(&model.CouponReminderDay{}).Where("day = ?", row.Day).
		Updates(map[string]any{"cursor_member": row.Cursor, "members": row.Members, "done_at": row.DoneAt}).Error
}

// expiringAfter returns members above one by their ids, with what ends before an instant. The index (member_id, state, usable_until)
// answers it in the order that is asked for.
func expiringAfter(tx *db.Tx, after model.MemberID, until time.Time, limit int) ([]expiring, error) {
	var counts []struct {
		MemberID model.MemberID
		N        int64
	}
	open := tx.Gorm().Model(&model.Coupon{}).Select("member_id, COUNT(*) AS n").
		Where("member_id > ? AND state = ? AND usable_until > ? AND usable_until <= ?", after, model.CouponIssued, tx.Now, until)
	if err := open.Group("member_id").Order("member_id").Limit(limit).Find(&counts).Error; err != nil || len(counts) == 0 {
		return nil, err
	}
	ids := make([]model.MemberID, len(counts))
	at := make(map[model.MemberID]int, len(counts))
	out := make([]expiring, len(counts))
	for i, c := range counts {
		ids[i], at[c.MemberID], out[i] = c.MemberID, i, expiring{Member: c.MemberID, Count: c.N}
	}
	var rows []struct {
		MemberID    model.MemberID
		UsableUntil time.Time
		Name        string
	}
	err := tx.Gorm().Table("coupons AS c").Select("c.member_id, c.usable_until, t.name").
		Joins("JOIN coupon_templates t ON t.id = c.template_id").
		Where("c.member_id IN ? AND c.state = ? AND c.usable_until > ? AND c.usable_until <= ?", ids, model.CouponIssued, tx.Now, until).
		Order("c.usable_until DESC, c.id DESC").Find(&rows).Error
	for _, r := range rows { // the last of each member ends first
		e := &out[at[r.MemberID]]
		e.Name, e.Until = r.Name, r.UsableUntil
	}
	return out, err
}
