package orders

import (
	"fmt"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/members"
)

func lockOrder(tx *db.Tx, id model.OrderID) (o model.Order, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&o).Error
	return o, err
}

func refundByNumber(tx *db.Tx, source, number string) (row model.OrderRefund, found bool, err error) {
	err = tx.Gorm().Where("source = ? AND number = ?", source, number).Take(&row).Error
	if db.IsNotFound(err) {
		return row, false, nil
	}
	return row, err == nil, err
}

// givenBack is what of an order was given back before.
type givenBack struct {
	Goods model.Fen
	Lines map[int64]RefundLine // by line of the order
}

func refundsOf(tx *db.Tx, id model.OrderID) (givenBack, error) {
	b := givenBack{Lines: map[int64]RefundLine{}}
	err := tx.Gorm().Model(&model.OrderRefund{}).Select("COALESCE(SUM(goods_fen), 0)").Where("order_id = ?", id).Scan(&b.Goods).Error
	if err != nil {
		return b, err
	}
	var rows []model.OrderRefundLine
	err = tx.Gorm().Raw(`SELECT l.line, SUM(l.quantity) AS quantity, SUM(l.refund_fen) AS refund_fen FROM order_refund_lines l
		JOIN order_refunds r ON r.id = l.refund_id WHERE r.order_id = ? GROUP BY l.line`, id).Scan(&rows).Error
	for _, r := range rows {
		b.Lines[r.Line] = RefundLine{r.Line, r.Quantity, r.RefundFen}
	}
	return b, err
}

// insertRefund adds a refund with its lines; false means that its number is taken.
func insertRefund(tx *db.Tx, row *model.OrderRefund, lines []RefundLine) (fresh bool, err error) {
	if fresh, err = tx.Insert(row); err != nil || !fresh || len(lines) == 0 {
		return fresh, err
	}
	rows := make([]model.OrderRefundLine, len(lines))
	for i, l := range lines {
		rows[i] = model.OrderRefundLine{RefundID: row.ID, Line: l.Line, Quantity: l.Quantity, RefundFen: l.Amount}
	}
	return true, tx.Gorm().Create(&rows).Error
}

// keepRefund moves an order to what it has become by a refund; the WHERE clause repeats what that was decided on.
func keepRefund(tx *db.Tx, o model.Order, amount model.Fen) error {
	res := tx.Gorm().Model(&model.Order{}).Where("id = ? AND refunded_fen = ?", o.ID, o.RefundedFen-amount).
		Updates(map[string]any{"refunded_fen": o.RefundedFen, "state": o.State})
	if res.Error == nil && res.RowsAffected != 1 {
		return fmt.Errorf("orders: order %d was refunded elsewhere", o.ID)
	}
	return res.Error
}

// figuresOf adds up the effective orders of a member: goods, not wholly refunded, for what was kept.
func figuresOf(tx *db.Tx, m model.MemberID) (members.OrderFigures, error) {
	var row struct {
		N     int64
		Total model.Fen
	}
	const effective = "member_id = ? AND kind = ? AND state <> ?"
	err := tx.Gorm().Model(&model.Order{}).Select("COUNT(*) AS n", "COALESCE(SUM(paid_fen - refunded_fen), 0) AS total").
		Where(effective, m, model.OrderGoods, model.OrderRefunded).Scan(&row).Error
	f := members.OrderFigures{Member: m, Orders: row.N, Amount: row.Total}
	if err != nil || f.Orders == 0 {
		return f, err
	}
	// The ends are read as rows: SQLite would give MIN and MAX of an instant back as text.
	var ends model.Order
	if err := tx.Gorm().Select("paid_at").Where(effective, m, model.OrderGoods, model.OrderRefunded).Order("paid_at").Take(&ends).Error; err != nil {
		return f, err
	}
	f.First = ends.PaidAt.UTC()
	ends = model.Order{}
	err = tx.Gorm().Select("paid_at").Where(effective, m, model.OrderGoods, model.OrderRefunded).Order("paid_at DESC").Take(&ends).Error
	f.Last = ends.PaidAt.UTC()
	return f, err
}
