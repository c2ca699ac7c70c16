package orders

import (
	"huitou/model"
	"huitou/model/db"
)

// ownOrders reads by the index on members, whose orders are few.
func ownOrders(tx *db.Tx, member model.MemberID, numbers []string, limit int) (rows []model.Order, err error) {
	q := tx.Gorm().Where("member_id = ? AND kind = ?", member, model.OrderGoods)
	if len(numbers) > 0 {
		q = q.Where("number IN ?", numbers)
	}
	err = q.Order("paid_at DESC, id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}
