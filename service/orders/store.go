package orders

import (
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
)

func orderByID(tx *db.Tx, id model.OrderID) (o model.Order, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&o).Error
	return o, err
}

func orderByNumber(tx *db.Tx, source, number string) (o model.Order, err error) {
	err = tx.Gorm().Where("source = ? AND number = ?", source, number).Take(&o).Error
	return o, err
}

func ordersByNumbers(tx *db.Tx, source string, numbers []string) (rows []model.Order, err error) {
	err = tx.Gorm().Select("id", "source", "number", "member_id", "kind").Where("source = ? AND number IN ?", source, numbers).Find(&rows).Error
	return rows, err
}

// boughtGoods reports whether a member has an order of goods, refunded or not.
func boughtGoods(tx *db.Tx, m model.MemberID) (bool, error) {
	var ids []model.OrderID
	err := tx.Gorm().Model(&model.Order{}).Where("member_id = ? AND kind = ?", m, model.OrderGoods).Limit(1).Pluck("id", &ids).Error
	return len(ids) > 0, err
}

func insertLines(tx *db.Tx, id model.OrderID, lines []Line) error {
	if len(lines) == 0 {
		return nil
	}
	rows := make([]model.OrderLine, len(lines))
	for i, l := range lines {
		rows[i] = model.OrderLine{OrderID: id, Line: int64(i + 1), SKU: l.SKU, Name: l.Name, Category: l.Category,
			Quantity: l.Quantity, PriceFen: l.PriceFen}
	}
	return tx.Gorm().Create(&rows).Error
}

func linesOf(tx *db.Tx, id model.OrderID) ([]Line, error) {
	var rows []model.OrderLine
	if err := tx.Gorm().Where("order_id = ?", id).Order("line").Find(&rows).Error; err != nil {
		return nil, err
	}
	lines := make([]Line, len(rows))
	for i, r := range rows {
		lines[i] = Line{SKU: r.SKU, Name: r.Name, Category: r.Category, Quantity: r.Quantity, PriceFen: r.PriceFen}
	}
	return lines, nil
}

func keepCoupon(tx *db.Tx, o model.Order) error {
	return tx.Gorm().Model(&model.Order{}).Where("id = ?", o.ID).Updates(map[string]any{
		"coupon_id": o.CouponID, "coupon_discount_fen": o.CouponDiscountFen, "coupon_reason": o.CouponReason,
	}).Error
}

func keepCard(tx *db.Tx, o model.Order) error {
	return tx.Gorm().Model(&model.Order{}).Where("id = ?", o.ID).
		Updates(map[string]any{"card_saved_fen": o.CardSavedFen, "card_reason": o.CardReason}).Error
}

func keepMoreCoupons(tx *db.Tx, rows []model.OrderCoupon) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.Gorm().Create(&rows).Error
}

func moreCoupons(tx *db.Tx, id model.OrderID) (rows []model.OrderCoupon, err error) {
	err = tx.Gorm().Where("order_id = ?", id).Order("ordinal").Find(&rows).Error
	return rows, err
}

// contentByNumber returns what is known of numbers.
func contentByNumber(tx *db.Tx, source string, numbers []string) (map[string]content, error) {
	var rows []struct {
		Number      string
		Origin      model.OrderOrigin
		PaidAt      time.Time
		PaidFen     model.Fen
		ContentHash string
	}
	err := tx.Gorm().Model(&model.Order{}).Select("number", "origin", "paid_at", "paid_fen", "content_hash").
		Where("source = ? AND number IN ?", source, numbers).Find(&rows).Error
	if err != nil {
		return nil, err
	}
	known := make(map[string]content, len(numbers))
	for _, r := range rows {
		known[r.Number] = content{r.Origin, r.PaidAt, r.PaidFen, r.ContentHash}
	}
	return known, nil
}

// insertHistory adds rows with one statement; false means that a number is taken, and none was added. The
// statement is written out because Create would reflect on every field of every row.
func insertHistory(tx *db.Tx, source string, rows []historic, ids map[string]model.MemberID) (fresh bool, err error) {
	const (
		columns = `INSERT INTO orders (source, number, member_id, kind, state, origin, paid_at, goods_fen, freight_fen,
			discount_fen, paid_fen, coupon_code, content_hash, recorded_at) VALUES `
		values = `(?,?,?,?,?,?,?,?,0,?,?,?,?,?)`
	)
	var q strings.Builder
	q.Grow(len(columns) + len(rows)*(len(values)+1))
	q.WriteString(columns)
	args := make([]any, 0, len(rows)*13)
	for i, r := range rows {
		if i > 0 {
			q.WriteByte(',')
		}
		q.WriteString(values)
		args = append(args, source, r.Number, int64(ids[r.External]), string(model.OrderGoods), string(model.OrderPaid),
			string(model.OriginImport), r.PaidAt, int64(r.Amount+r.Discount), int64(r.Discount), int64(r.Amount), r.Coupon, r.hash, tx.Now)
	}
	err = tx.Gorm().Exec(q.String(), args...).Error
	if db.IsDuplicate(err) {
		return false, nil
	}
	return err == nil, err
}
