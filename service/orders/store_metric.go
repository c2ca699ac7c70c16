package orders

import (
	"time"

	"huitou/model"
	"huitou/model/db"
)

// goodsMoney sums orders of kind goods, less the goods part of their refunds. Where a discount exceeds the goods, it was freight that it
// took off.
func goodsMoney(tx *db.Tx, of []model.MemberID, since time.Time) (map[model.MemberID]int64, error) {
	type sum struct {
		MemberID model.MemberID
		Fen      int64
	}
	var paid, refunded []sum
	err := tx.Gorm().Raw(`SELECT member_id, SUM(CASE WHEN goods_fen > discount_fen THEN goods_fen - discount_fen ELSE 0 END) AS fen
		FROM orders WHERE member_id IN ? AND paid_at >= ? AND kind = ? GROUP BY member_id`, of, since, model.OrderGoods).Scan(&paid).Error
	if err != nil {
		return nil, err
	}
	err = tx.Gorm().Raw(`SELECT o.member_id, SUM(r.goods_fen) AS fen FROM orders o JOIN order_refunds r ON r.order_id = o.id
		WHERE o.member_id IN ? AND o.paid_at >= ? AND o.kind = ? AND o.refunded_fen > 0 GROUP BY o.member_id`, of, since, model.OrderGoods).Scan(&refunded).Error
	if err != nil {
		return nil, err
	}
	out := make(map[model.MemberID]int64, len(paid))
	for _, p := range paid {
		out[p.MemberID] = p.Fen
	}
	for _, r := range refunded {
		out[r.MemberID] -= r.Fen
	}
	return out, nil
}
