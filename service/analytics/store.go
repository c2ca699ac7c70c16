package analytics

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// frequencies counts the effective orders of each member that were paid in [from, to) and groups the members by that
// number. The index orders_paid holds all the columns that are read, so no row of the table is touched.
func frequencies(_ context.Context, tx *db.Tx, from, to time.Time) ([]frequency, error) {
	var list []frequency
	err := tx.Gorm().Raw(`
SELECT n AS orders, COUNT(*) AS members
FROM (
  SELECT COUNT(*) AS n
  FROM orders
  WHERE paid_at >= ? AND paid_at < ? AND kind = ? AND state IN (?, ?)
  GROUP BY member_id
) AS per_member
GROUP BY n
ORDER BY n`, from, to, model.OrderGoods, model.OrderPaid, model.OrderPartRefunded).Scan(&list).Error
	return list, err
}
