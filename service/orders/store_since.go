package orders

import (
	"time"

	"huitou/model"
	"huitou/model/db"
)

func boughtSince(tx *db.Tx, m model.MemberID, except model.OrderID, after time.Time) (bool, error) {
	var n int64
	err := tx.Gorm().Model(&model.Order{}).Where("member_id = ? AND id <> ? AND kind = ? AND state <> ? AND paid_at > ?",
		m, except, model.OrderGoods, model.OrderRefunded, after.UTC()).Limit(1).Count(&n).Error
	return n > 0, err
}
