package payments

import (
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
)

const (
	// billChunk is how many lines are written or looked up by one statement.
	billChunk = 200
	// refundLag is how long after its first call WeChat may accept a refund, for want of money for instance.
	refundLag = 30 * 24 * time.Hour
)

// lockBill makes the row of a day when there is none yet, and locks it: runs of one day take turns.
func lockBill(tx *db.Tx, row model.PayBill) (model.PayBill, error) {
	day := row.Day
	if _, err := tx.Insert(&row); err != nil {
		return row, fmt.Errorf("begin the bill of %s: %w", day, err)
	}
	row = model.PayBill{}
	if err := tx.Gorm().Clauses(forUpdate).Where("day = ?", day).Take(&row).Error; err != nil {
		return row, fmt.Errorf("lock the bill of %s: %w", day, err)
	}
	return row, nil
}

func saveBill(tx *db.Tx, row model.PayBill) error {
	res := tx.Gorm().Model(&model.PayBill{}).Where("day = ?", row.Day).Select("*").Omit("day", "first_run_at").Updates(row)
	if res.Error != nil {
		return fmt.Errorf("store the bill of %s: %w", row.Day, res.Error)
	}
	return nil
}

func replaceBillLines(tx *db.Tx, day model.Day, rows []model.PayBillLine) error {
	if err := tx.Gorm().Where("day = ?", day).Delete(&model.PayBillLine{}).Error; err != nil {
		return fmt.Errorf("forget the lines of an earlier fetch: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	if err := tx.Gorm().CreateInBatches(rows, billChunk).Error; err != nil {
		return fmt.Errorf("store %d lines: %w", len(rows), err)
	}
	return nil
}

// compareLines compares every stored line of a day with our books.
func compareLines(tx *db.Tx, day model.Day) (differ []billed, matched int, err error) {
	var lines []model.PayBillLine
	if err := tx.Gorm().Where("day = ?", day).Order("id").Find(&lines).Error; err != nil {
		return nil, 0, fmt.Errorf("read the lines of the bill: %w", err)
	}
	for chunk := range slices.Chunk(lines, billChunk) {
		orders, refunds, err := booksOf(tx, chunk)
		if err != nil {
			return nil, 0, err
		}
		for i := range chunk {
			l := &chunk[i]
			b := billed{kind: l.Kind, number: l.Number, line: l}
			if l.Kind == model.BillRefund {
				if b.refund = refunds[l.Number]; b.refund != nil {
					b.oursState = string(b.refund.State)
				}
				b.bucket = compareRefund(b.refund, l)
			} else {
				if b.order = orders[l.Number]; b.order != nil {
					b.oursState = string(b.order.State)
				}
				b.bucket = comparePayment(b.order, l)
			}
			if b.bucket == model.BillMatched {
				matched++
			} else {
				differ = append(differ, b)
			}
		}
	}
	return differ, matched, nil
}

// booksOf finds what our books say about some lines, by number.
func booksOf(tx *db.Tx, lines []model.PayBillLine) (orders map[string]*model.PayOrder, refunds map[string]*bookedRefund, err error) {
	var payNumbers, refundNumbers []string
	for _, l := range lines {
		if l.Kind == model.BillRefund {
			refundNumbers = append(refundNumbers, l.Number)
		} else {
			payNumbers = append(payNumbers, l.Number)
		}
	}
	orders, refunds = map[string]*model.PayOrder{}, map[string]*bookedRefund{}
	var found []model.PayOrder
	if len(payNumbers) > 0 {
		if err := tx.Gorm().Where("out_trade_no IN ?", payNumbers).Find(&found).Error; err != nil {
			return nil, nil, fmt.Errorf("read the orders of the bill: %w", err)
		}
	}
	for i := range found {
		orders[found[i].OutTradeNo] = &found[i]
	}
	var back []bookedRefund
	if len(refundNumbers) > 0 {
		err := tx.Gorm().Raw(`SELECT n.*, r.amount_fen, o.out_trade_no, o.mch_id FROM pay_refund_numbers n
			JOIN pay_refunds r ON r.id = n.pay_refund_id JOIN pay_orders o ON o.id = n.pay_order_id
			WHERE n.out_refund_no IN ?`, refundNumbers).Scan(&back).Error
		if err != nil {
			return nil, nil, fmt.Errorf("read the refunds of the bill: %w", err)
		}
	}
	for i := range back {
		refunds[back[i].OutRefundNo] = &back[i]
	}
	return orders, refunds, nil
}

// paidOn reports whether we have payments of a day to a merchant.
func paidOn(tx *db.Tx, mchID string, day model.Day) (bool, error) {
	var ids []model.PayOrderID
	err := tx.Gorm().Model(&model.PayOrder{}).
		Where("paid_at >= ? AND paid_at < ? AND mch_id = ?", day.Start(model.Shanghai), day.AddDays(1).Start(model.Shanghai), mchID).
		Limit(1).Pluck("id", &ids).Error
	if err != nil {
		return false, fmt.Errorf("look for payments of %s: %w", day, err)
	}
	return len(ids) > 0, nil
}

// paidWithoutLine lists our payments of a day that are on no bill.
func paidWithoutLine(tx *db.Tx, mchID string, day model.Day) (list []model.PayOrder, err error) {
	err = tx.Gorm().Where("paid_at >= ? AND paid_at < ? AND mch_id = ?", day.Start(model.Shanghai), day.AddDays(1).Start(model.Shanghai), mchID).
		Where("NOT EXISTS (SELECT 1 FROM pay_bill_lines l WHERE l.kind = 'payment' AND l.number = pay_orders.out_trade_no)").
		Order("id").Find(&list).Error
	if err != nil {
		return nil, fmt.Errorf("look for payments that are not on the bill: %w", err)
	}
	return list, nil
}

// refundsWithoutLine lists refunds that WeChat accepted, as far as we know, and that are on no bill; they may belong to that day's.
func refundsWithoutLine(tx *db.Tx, mchID string, day model.Day) (list []bookedRefund, err error) {
	from, to := day.Start(model.Shanghai).Add(-refundLag), day.AddDays(1).Start(model.Shanghai)
	err = tx.Gorm().Raw(`SELECT n.*, r.amount_fen, o.out_trade_no, o.mch_id FROM pay_refund_numbers n
		JOIN pay_refunds r ON r.id = n.pay_refund_id JOIN pay_orders o ON o.id = n.pay_order_id
		WHERE n.state IN ('processing', 'success') AND n.sent_at >= ? AND n.sent_at < ? AND o.mch_id = ?
		  AND NOT EXISTS (SELECT 1 FROM pay_bill_lines l WHERE l.kind = 'refund' AND l.number = n.out_refund_no)
		ORDER BY n.id`, from, to, mchID).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("look for refunds that are not on the bill: %w", err)
	}
	return list, nil
}

func billBreaksOf(tx *db.Tx, day model.Day) (list []model.PayBillBreak, err error) {
	if err := tx.Gorm().Where("day = ?", day).Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("read the breaks of %s: %w", day, err)
	}
	return list, nil
}

// keepBillBreaks brings the breaks of a day up to date and returns those that are new. before is what did not agree at first, after what does
// not agree after the repairs.
func keepBillBreaks(tx *db.Tx, day model.Day, before, after []billed, outcomes map[string]string) (opened []model.PayBillBreak, err error) {
	list, err := billBreaksOf(tx, day)
	if err != nil {
		return nil, err
	}
	known, stays := map[string]model.PayBillBreak{}, map[string]bool{}
	for _, b := range list {
		known[b.Kind+" "+b.Number] = b
	}
	for _, b := range after {
		stays[b.key()] = true
	}
	for _, b := range before { // in the order of the bill
		if stays[b.key()] {
			continue
		}
		if _, err := keepBillBreak(tx, day, b, known, outcomes, model.BillBreakRepaired); err != nil {
			return nil, err
		}
		delete(known, b.key())
	}
	for _, b := range after {
		row, err := keepBillBreak(tx, day, b, known, outcomes, model.BillBreakOpen)
		if err != nil {
			return nil, err
		}
		if row != nil {
			opened = append(opened, *row)
		}
		delete(known, b.key())
	}
	for _, b := range known { // these agree now without our doing; WeChat's bill or our books were mended
		if b.State != model.BillBreakOpen {
			continue
		}
		b.State, b.Outcome, b.EndedAt = model.BillBreakRepaired, "agrees_now", &tx.Now
		if err := saveBillBreak(tx, b); err != nil {
			return nil, err
		}
	}
	return opened, nil
}

// keepBillBreak stores one disagreement in a state; it returns the row when it opened now. What staff have closed stays closed.
func keepBillBreak(tx *db.Tx, day model.Day, b billed, known map[string]model.PayBillBreak, outcomes map[string]string, state model.PayBillBreakState) (*model.PayBillBreak, error) {
	row, old := known[b.key()]
	if old && row.State == model.BillBreakClosed {
		return nil, nil
	}
	reopened := old && row.State == model.BillBreakRepaired && state == model.BillBreakOpen
	if !old {
		row = model.PayBillBreak{Day: day, Kind: b.kind, Number: b.number, OpenedAt: tx.Now}
	}
	if reopened {
		row.OpenedAt, row.EndedAt = tx.Now, nil
	}
	row.Bucket, row.OursState, row.Repair, row.State = b.bucket, b.oursState, b.repair(), state
	row.OursFen, row.TheirsFen, row.TheirsState = 0, 0, ""
	if b.line != nil {
		row.OutTradeNo, row.TheirsFen, row.TheirsState = b.line.OutTradeNo, b.line.AmountFen, "SUCCESS"
		if b.line.Kind == model.BillRefund {
			row.TheirsState = clipTo(b.line.Status, 32)
		}
	}
	if b.order != nil {
		row.OutTradeNo, row.OursFen = b.order.OutTradeNo, b.order.AmountFen
	}
	if b.refund != nil {
		row.OutTradeNo, row.OursFen = b.refund.OutTradeNo, b.refund.AmountFen
	}
	if outcome, asked := outcomes[b.key()]; asked {
		row.Outcome = outcome
		row.Tries++
	}
	if state == model.BillBreakRepaired && row.EndedAt == nil {
		row.EndedAt = &tx.Now
	}
	if old {
		if err := saveBillBreak(tx, row); err != nil || !reopened {
			return nil, err
		}
		return &row, nil
	}
	isNew, err := tx.Insert(&row)
	if err != nil {
		return nil, fmt.Errorf("open a break of the bill of %s: %w", day, err)
	}
	if !isNew || state != model.BillBreakOpen {
		return nil, nil
	}
	return &row, nil
}

func saveBillBreak(tx *db.Tx, row model.PayBillBreak) error {
	// Staff may have closed it since it was read.
	res := tx.Gorm().Model(&model.PayBillBreak{}).Where("id = ? AND state <> ?", row.ID, model.BillBreakClosed).Select("*").Omit("id", "day", "kind", "number").Updates(row)
	if res.Error != nil {
		return fmt.Errorf("change break %d of a bill: %w", row.ID, res.Error)
	}
	return nil
}

func repairedOn(tx *db.Tx, day model.Day) (int, error) {
	var n int64
	if err := tx.Gorm().Model(&model.PayBillBreak{}).Where("day = ? AND state = ?", day, model.BillBreakRepaired).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("count the repairs of %s: %w", day, err)
	}
	return int(n), nil
}

// firstOrder returns the day of our first order; none when there is none.
func firstOrder(tx *db.Tx) (model.Day, bool, error) {
	var first model.PayOrder
	err := tx.Gorm().Order("id").Take(&first).Error
	if db.IsNotFound(err) {
		return model.Day{}, false, nil
	}
	if err != nil {
		return model.Day{}, false, fmt.Errorf("look for the first payment: %w", err)
	}
	return model.DayOf(first.CreatedAt, model.Shanghai), true, nil
}

// dueBills lists the days up to last, oldest first, that have no result yet. A day on which nothing was paid is looked at once more
// on the day after, since WeChat makes bills late at times.
func dueBills(tx *db.Tx, now time.Time, last model.Day) (due []model.Day, err error) {
	first, any, err := firstOrder(tx)
	if err != nil || !any {
		return nil, err
	}
	if oldest := model.DayOf(now, model.Shanghai).AddDays(-billKeptDays); first.Before(oldest) {
		first = oldest
	}
	var rows []model.PayBill
	if err := tx.Gorm().Where("day >= ? AND day <= ?", first, last).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the bills since %s: %w", first, err)
	}
	settled := map[model.Day]bool{}
	for _, b := range rows {
		again := b.State == model.BillNone && b.LastRunAt.Before(b.Day.AddDays(2).Start(model.Shanghai))
		settled[b.Day] = b.State == model.BillDone || b.State == model.BillNone && (!again || now.Before(billReadyAt(b.Day.AddDays(1))))
	}
	for d := first; !last.Before(d); d = d.AddDays(1) {
		if !settled[d] {
			due = append(due, d)
		}
	}
	return due, nil
}

func listBills(tx *db.Tx, before model.Day, limit int) (list []model.PayBill, err error) {
	g := tx.Gorm().Order("day DESC").Limit(limit)
	if before != (model.Day{}) {
		g = g.Where("day < ?", before)
	}
	if err := g.Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list bills: %w", err)
	}
	return list, nil
}

func listBillBreaks(tx *db.Tx, state model.PayBillBreakState, page db.Page) (list []model.PayBillBreak, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	g := tx.Gorm().Order("id DESC").Limit(page.Size() + 1)
	if before > 0 {
		g = g.Where("id < ?", before)
	}
	if state != "" {
		g = g.Where("state = ?", state)
	}
	if err := g.Find(&list).Error; err != nil {
		return nil, "", fmt.Errorf("list breaks of bills: %w", err)
	}
	if len(list) > page.Size() {
		list = list[:page.Size()]
		next = db.NextCursor(int64(list[len(list)-1].ID))
	}
	return list, next, nil
}

// closeBillBreak ends an open break; done is false when it was not open.
func closeBillBreak(tx *db.Tx, id model.PayBillBreakID, staff model.StaffID, note string) (done bool, err error) {
	res := tx.Gorm().Model(&model.PayBillBreak{}).Where("id = ? AND state = ?", id, model.BillBreakOpen).
		Updates(map[string]any{"state": model.BillBreakClosed, "ended_at": tx.Now, "staff_id": staff, "note": note})
	if res.Error != nil {
		return false, fmt.Errorf("close break %d of a bill: %w", id, res.Error)
	}
	return res.RowsAffected == 1, nil
}

func billBreakByID(tx *db.Tx, id model.PayBillBreakID) (b model.PayBillBreak, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&b).Error
	if db.IsNotFound(err) {
		return b, ErrBillBreakUnknown
	}
	if err != nil {
		return b, fmt.Errorf("read break %d of a bill: %w", id, err)
	}
	return b, nil
}
