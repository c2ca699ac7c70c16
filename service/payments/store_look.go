package payments

import (
	"fmt"
	"strconv"

	"gorm.io/gorm"

	"huitou/model"
	"huitou/model/db"
)

// pageOf fetches one page, newest first.
func pageOf[T any](g *gorm.DB, page db.Page, id func(T) int64, what string) (list []T, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	if before > 0 {
		g = g.Where("id < ?", before)
	}
	if err := g.Order("id DESC").Limit(page.Size() + 1).Find(&list).Error; err != nil {
		return nil, "", fmt.Errorf("list %s: %w", what, err)
	}
	if len(list) > page.Size() {
		list = list[:page.Size()]
		next = db.NextCursor(id(list[len(list)-1]))
	}
	return list, next, nil
}

func searchOrders(tx *db.Tx, in Search, page db.Page) ([]model.PayOrder, string, error) {
	g := tx.Gorm()
	if in.Member != 0 {
		g = g.Where("member_id = ?", in.Member)
	}
	if in.State != "" {
		g = g.Where("state = ?", in.State)
	}
	if in.Purpose != "" {
		g = g.Where("purpose = ?", in.Purpose)
	}
	if in.Ref != "" {
		g = g.Where("ref = ?", in.Ref)
	}
	if in.Number != "" {
		if !transactionForm.MatchString(in.Number) {
			return []model.PayOrder{}, "", nil
		}
		refunds := tx.Gorm().Model(&model.PayRefundNumber{}).Select("pay_order_id").Where("out_refund_no = ?", in.Number)
		g = g.Where("(out_trade_no = ? OR transaction_id = ? OR id IN (?))", in.Number, in.Number, refunds)
	}
	return pageOf(g, page, func(o model.PayOrder) int64 { return int64(o.ID) }, "payments")
}

func sheetOf(tx *db.Tx, id model.PayOrderID) (out Sheet, err error) {
	if out.Order, err = orderByID(tx, id); err != nil {
		return out, err
	}
	refunds, err := refundsOf(tx, id)
	if err != nil {
		return out, err
	}
	var numbers []model.PayRefundNumber
	of := func(what any, query string, arg any) {
		if err == nil {
			err = tx.Gorm().Where(query, arg).Order("id").Limit(200).Find(what).Error
		}
	}
	of(&out.Attempts, "pay_order_id = ?", id)
	of(&out.Notices, "out_trade_no = ?", out.Order.OutTradeNo)
	of(&numbers, "pay_order_id = ?", id)
	of(&out.Asks, "pay_order_id = ?", id)
	of(&out.Breaks, "out_trade_no = ?", out.Order.OutTradeNo)
	of(&out.RefundNotices, "out_refund_no IN (?)", tx.Gorm().Model(&model.PayRefundNumber{}).Select("out_refund_no").Where("pay_order_id = ?", id))
	if err != nil {
		return out, fmt.Errorf("read the sheet of payment %d: %w", id, err)
	}
	for _, r := range refunds {
		sheet := RefundSheet{PayRefund: r}
		for _, n := range numbers {
			if n.PayRefundID == r.ID {
				sheet.Numbers = append(sheet.Numbers, n)
			}
		}
		out.Refunds = append(out.Refunds, sheet)
	}
	return out, nil
}

func listRefunds(tx *db.Tx, state model.PayRefundState, member model.MemberID, page db.Page) ([]model.PayRefund, string, error) {
	g := tx.Gorm()
	if state != "" {
		g = g.Where("state = ?", state)
	}
	if member != 0 {
		g = g.Where("pay_order_id IN (?)", tx.Gorm().Model(&model.PayOrder{}).Select("id").Where("member_id = ?", member))
	}
	return pageOf(g, page, func(r model.PayRefund) int64 { return int64(r.ID) }, "refunds")
}

func ordersOf(tx *db.Tx, refunds []model.PayRefund) (map[model.PayOrderID]model.PayOrder, error) {
	ids := make([]model.PayOrderID, 0, len(refunds))
	for _, r := range refunds {
		ids = append(ids, r.PayOrderID)
	}
	var rows []model.PayOrder
	if err := tx.Gorm().Where("id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the payments of refunds: %w", err)
	}
	out := make(map[model.PayOrderID]model.PayOrder, len(rows))
	for _, o := range rows {
		out[o.ID] = o
	}
	return out, nil
}

func refundByPublicID(tx *db.Tx, id model.PublicID) (r model.PayRefund, err error) {
	err = tx.Gorm().Where("public_id = ?", id).Take(&r).Error
	if db.IsNotFound(err) {
		return r, ErrRefundUnknown
	}
	if err != nil {
		return r, fmt.Errorf("read refund %s: %w", id, err)
	}
	return r, nil
}

func breakByID(tx *db.Tx, id int64) (b model.PayBreak, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&b).Error
	if db.IsNotFound(err) {
		return b, ErrBreakUnknown
	}
	if err != nil {
		return b, fmt.Errorf("read break %d: %w", id, err)
	}
	return b, nil
}

// closeBreak settles an open break; false when it was settled before.
func closeBreak(tx *db.Tx, id int64, by model.StaffID, note string) (done bool, err error) {
	res := tx.Gorm().Model(&model.PayBreak{}).Where("id = ? AND state = ?", id, breakOpen).
		Updates(map[string]any{"state": breakSettled, "settled_at": tx.Now, "settled_by": by, "note": note})
	if res.Error != nil {
		return false, fmt.Errorf("settle break %d: %w", id, res.Error)
	}
	return res.RowsAffected == 1, nil
}

func breakKey(id int64) string { return "pay_break:" + strconv.FormatInt(id, 10) }
