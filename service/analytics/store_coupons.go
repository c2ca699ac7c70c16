package analytics

import (
	"context"

	"huitou/model"
	"huitou/model/db"
)

func couponTemplate(_ context.Context, tx *db.Tx, id model.PublicID) (model.CouponTemplateID, string, error) {
	var t model.CouponTemplate
	err := tx.Gorm().Select("id", "name").Where("public_id = ?", id).Take(&t).Error
	return t.ID, t.Name, err
}

// couponCounts groups the coupons of a template. The index coupons_numbers holds all the columns that are read.
func couponCounts(_ context.Context, tx *db.Tx, id model.CouponTemplateID) (list []couponCount, err error) {
	err = tx.Gorm().Raw(`
SELECT channel, state, usable_until <= ? AS ended, COUNT(*) AS n, COALESCE(SUM(discount_fen), 0) AS discount_fen
FROM coupons
WHERE template_id = ?
GROUP BY channel, state, usable_until <= ?`, tx.Now, id, tx.Now).Scan(&list).Error
	return list, err
}

// ordersWithCoupon sums the orders in which coupons of a template were used. A buyer is new when no effective order of goods of his
// was paid before the first of them.
func ordersWithCoupon(_ context.Context, tx *db.Tx, id model.CouponTemplateID) (o couponOrders, err error) {
	err = tx.Gorm().Raw(`
SELECT COALESCE(SUM(b.orders), 0) AS orders, COALESCE(SUM(b.fen), 0) AS order_fen, COUNT(*) AS buyers,
  COALESCE(SUM(CASE WHEN EXISTS (
    SELECT 1 FROM orders e
    WHERE e.member_id = b.member_id AND e.paid_at < b.first_at AND e.kind = ? AND e.state IN (?, ?)
  ) THEN 0 ELSE 1 END), 0) AS new_buyers
FROM (
  SELECT o.member_id, COUNT(*) AS orders, SUM(o.paid_fen - o.refunded_fen) AS fen, MIN(o.paid_at) AS first_at
  FROM coupons c JOIN orders o ON o.coupon_id = c.id
  WHERE c.template_id = ? AND c.state = ?
  GROUP BY o.member_id
) AS b`, model.OrderGoods, model.OrderPaid, model.OrderPartRefunded, id, model.CouponRedeemed).Scan(&o).Error
	return o, err
}
