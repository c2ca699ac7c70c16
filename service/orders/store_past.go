package orders

import (
	"huitou/model"
	"huitou/model/db"
	"huitou/service/earning"
)

// pastOrder is an order with whether it was its member's first.
type pastOrder struct {
	model.Order
	First bool
}

// goodsOrdersOn returns goods orders of one business day above an id that were not wholly refunded, by id.
func goodsOrdersOn(tx *db.Tx, day model.Day, after model.OrderID, limit int) (rows []pastOrder, err error) {
	err = tx.Gorm().Raw(`SELECT o.id, o.member_id, o.kind, o.paid_at, o.goods_fen, o.discount_fen, o.paid_fen,
		NOT EXISTS (SELECT 1 FROM orders e WHERE e.member_id = o.member_id AND e.kind = 'goods' AND e.paid_at <= o.paid_at
			AND (e.paid_at < o.paid_at OR e.id < o.id)) AS first
		FROM orders o WHERE o.paid_at >= ? AND o.paid_at < ? AND o.kind = 'goods' AND o.state <> 'refunded' AND o.id > ?
		ORDER BY o.id LIMIT ?`, day.Start(model.Shanghai), day.AddDays(1).Start(model.Shanghai), after, limit).Scan(&rows).Error
	return rows, err
}

// linesOfMany returns the lines of orders as earning reads them.
func linesOfMany(tx *db.Tx, rows []pastOrder) (map[model.OrderID][]earning.Line, error) {
	out := make(map[model.OrderID][]earning.Line, len(rows))
	if len(rows) == 0 {
		return out, nil
	}
	ids := make([]model.OrderID, len(rows))
	for i, o := range rows {
		ids[i] = o.ID
	}
	var lines []model.OrderLine
	err := tx.Gorm().Select("order_id", "sku", "category", "quantity", "price_fen").Where("order_id IN ?", ids).Order("order_id, line").Find(&lines).Error
	for _, l := range lines {
		out[l.OrderID] = append(out[l.OrderID], earning.Line{SKU: l.SKU, Category: l.Category, Amount: l.PriceFen * model.Fen(l.Quantity)})
	}
	return out, err
}
