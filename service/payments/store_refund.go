package payments

import (
	"fmt"

	"gorm.io/gorm"

	"huitou/model"
	"huitou/model/db"
	"huitou/wechat"
)

// Everything about the refunds of an order is changed under the lock of the order's row.

func refundByID(tx *db.Tx, id model.PayRefundID) (r model.PayRefund, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&r).Error
	if db.IsNotFound(err) {
		return r, ErrRefundUnknown
	}
	if err != nil {
		return r, fmt.Errorf("read refund %d: %w", id, err)
	}
	return r, nil
}

func refundBySource(tx *db.Tx, source string) (r model.PayRefund, known bool, err error) {
	err = tx.Gorm().Where("source = ?", source).Take(&r).Error
	if db.IsNotFound(err) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read the refund of %s: %w", source, err)
	}
	return r, true, nil
}

func refundsOf(tx *db.Tx, id model.PayOrderID) (list []model.PayRefund, err error) {
	if err := tx.Gorm().Where("pay_order_id = ?", id).Order("id").Find(&list).Error; err != nil {
		return nil, fmt.Errorf("list the refunds of payment %d: %w", id, err)
	}
	return list, nil
}

// reserveRefund takes an amount out of what an order can still give back. The condition is the guard of the sum, whatever was read before.
func reserveRefund(tx *db.Tx, id model.PayOrderID, amount model.Fen) (reserved bool, err error) {
	res := tx.Gorm().Model(&model.PayOrder{}).
		Where("id = ? AND transaction_id IS NOT NULL AND refund_numbers < ? AND refunding_fen + refunded_fen + ? <= amount_fen", id, refundsMost, amount).
		Updates(map[string]any{"refunding_fen": gorm.Expr("refunding_fen + ?", amount), "refund_numbers": gorm.Expr("refund_numbers + 1")})
	if res.Error != nil {
		return false, fmt.Errorf("reserve a refund of payment %d: %w", id, res.Error)
	}
	return res.RowsAffected == 1, nil
}

// countNumber counts one more number of a refund whose amount is reserved; false when an order has used all.
func countNumber(tx *db.Tx, id model.PayOrderID) (counted bool, err error) {
	res := tx.Gorm().Model(&model.PayOrder{}).Where("id = ? AND refund_numbers < ?", id, refundsMost).
		Update("refund_numbers", gorm.Expr("refund_numbers + 1"))
	if res.Error != nil {
		return false, fmt.Errorf("count a refund of payment %d: %w", id, res.Error)
	}
	return res.RowsAffected == 1, nil
}

// giveBack turns a reserved amount into a returned one.
func giveBack(tx *db.Tx, id model.PayOrderID, amount model.Fen) error {
	res := tx.Gorm().Model(&model.PayOrder{}).Where("id = ? AND refunding_fen >= ?", id, amount).
		Updates(map[string]any{"refunding_fen": gorm.Expr("refunding_fen - ?", amount), "refunded_fen": gorm.Expr("refunded_fen + ?", amount)})
	return oneRow(res.RowsAffected, res.Error, id)
}

// unreserve makes the amount of a refund that was given up free again.
func unreserve(tx *db.Tx, id model.PayOrderID, amount model.Fen) error {
	res := tx.Gorm().Model(&model.PayOrder{}).Where("id = ? AND refunding_fen >= ?", id, amount).
		Update("refunding_fen", gorm.Expr("refunding_fen - ?", amount))
	return oneRow(res.RowsAffected, res.Error, id)
}

func insertRefundNumber(tx *db.Tx, n *model.PayRefundNumber) error {
	if err := tx.Gorm().Create(n).Error; err != nil {
		return fmt.Errorf("store number %d of refund %d: %w", n.Ordinal, n.PayRefundID, err)
	}
	return nil
}

func numberOf(tx *db.Tx, id model.PayRefundID, ordinal int) (n model.PayRefundNumber, err error) {
	if err := tx.Gorm().Where("pay_refund_id = ? AND ordinal = ?", id, ordinal).Take(&n).Error; err != nil {
		return n, fmt.Errorf("read number %d of refund %d: %w", ordinal, id, err)
	}
	return n, nil
}

// lockNumber finds what a statement about a refund is about, and locks its order.
func lockNumber(tx *db.Tx, no string) (o model.PayOrder, r model.PayRefund, n model.PayRefundNumber, known bool, err error) {
	if !ours(no) {
		return o, r, n, false, nil
	}
	err = tx.Gorm().Where("out_refund_no = ?", no).Take(&n).Error
	if db.IsNotFound(err) {
		return o, r, n, false, nil
	}
	if err != nil {
		return o, r, n, false, fmt.Errorf("read a refund by its number: %w", err)
	}
	if o, err = lockOrder(tx, n.PayOrderID); err != nil {
		return o, r, n, false, err
	}
	if r, err = refundByID(tx, n.PayRefundID); err != nil {
		return o, r, n, false, err
	}
	n, err = numberOf(tx, n.PayRefundID, n.Ordinal) // as it is under the lock
	return o, r, n, true, err
}

// sendNumber stores that a call about a number leaves, and when the first new one of the order did.
func sendNumber(tx *db.Tx, n *model.PayRefundNumber) error {
	set := map[string]any{"state": model.RefundSubmitted, "calls": gorm.Expr("calls + 1")}
	if n.SentAt == nil {
		n.SentAt = &tx.Now
		set["sent_at"] = tx.Now
		res := tx.Gorm().Model(&model.PayOrder{}).Where("id = ?", n.PayOrderID).Update("refund_sent_at", tx.Now)
		if err := oneRow(res.RowsAffected, res.Error, n.PayOrderID); err != nil {
			return err
		}
	}
	n.State, n.Calls = model.RefundSubmitted, n.Calls+1
	res := tx.Gorm().Model(&model.PayRefundNumber{}).
		Where("id = ? AND state IN ?", n.ID, []model.PayRefundState{model.RefundRequested, model.RefundSubmitted}).Updates(set)
	return oneRefund(res.RowsAffected, res.Error, n.PayRefundID)
}

// moveNumber stores what WeChat made of a number. Success is final.
func moveNumber(tx *db.Tx, n model.PayRefundNumber, to model.PayRefundState, refundID string) error {
	set := map[string]any{"state": to}
	if refundID != "" {
		set["refund_id"] = clip(refundID)
	}
	if to == model.RefundSuccess || to == model.RefundClosed {
		set["ended_at"] = tx.Now
	}
	res := tx.Gorm().Model(&model.PayRefundNumber{}).Where("id = ? AND state = ? AND state <> ?", n.ID, n.State, model.RefundSuccess).Updates(set)
	return oneRefund(res.RowsAffected, res.Error, n.PayRefundID)
}

func noteNumber(tx *db.Tx, id int64, word string) error {
	if err := tx.Gorm().Model(&model.PayRefundNumber{}).Where("id = ?", id).Update("error", clip(word)).Error; err != nil {
		return fmt.Errorf("note the trouble of a refund: %w", err)
	}
	return nil
}

// noteProblem says why a refund stays submitted; one that moved meanwhile has its own reason.
func noteProblem(tx *db.Tx, id model.PayRefundID, problem string) error {
	err := tx.Gorm().Model(&model.PayRefund{}).Where("id = ? AND state = ?", id, model.RefundSubmitted).Update("problem", clip(problem)).Error
	if err != nil {
		return fmt.Errorf("note the trouble of refund %d: %w", id, err)
	}
	return nil
}

// setRefund moves a refund from the state in which it was read, with its other fields as they are in r.
func setRefund(tx *db.Tx, r *model.PayRefund, to model.PayRefundState, problem string) error {
	from := r.State
	r.State, r.Problem = to, problem
	res := tx.Gorm().Model(&model.PayRefund{}).Where("id = ? AND state = ?", r.ID, from).Updates(map[string]any{
		"state": to, "problem": problem, "ordinal": r.Ordinal, "payer_refund_fen": r.PayerRefundFen, "received_account": r.ReceivedAccount,
		"refunded_at": r.RefundedAt, "settled_at": r.SettledAt, "settled_via": r.SettledVia,
	})
	return oneRefund(res.RowsAffected, res.Error, r.ID)
}

func oneRefund(affected int64, err error, id model.PayRefundID) error {
	if err != nil {
		return fmt.Errorf("change refund %d: %w", id, err)
	}
	if affected != 1 {
		return fmt.Errorf("change refund %d: %w", id, errMoved)
	}
	return nil
}

// recordRefundNotice keeps the verdict on a statement about a refund; that of the first copy stays, unless a later one moved money.
func recordRefundNotice(tx *db.Tx, w wechat.Refund, via Via, v Verdict) error {
	row := model.PayRefundNotice{
		Digest: refundDigest(via, w), Via: string(via), OutRefundNo: clip(w.OutRefundNo), RefundID: clip(w.RefundID),
		OutTradeNo: clip(w.OutTradeNo), TransactionID: clip(w.TransactionID), MchID: clip(w.MchID), Status: clipTo(string(w.Status), 32),
		RefundFen: model.Fen(w.RefundFen), TotalFen: model.Fen(w.TotalFen), Verdict: string(v), ReceivedAt: tx.Now,
	}
	isNew, err := tx.Insert(&row)
	if err != nil {
		return fmt.Errorf("store a notice about a refund: %w", err)
	}
	if isNew || v != Accepted {
		return nil
	}
	if err := tx.Gorm().Model(&model.PayRefundNotice{}).Where("digest = ?", row.Digest).Update("verdict", string(v)).Error; err != nil {
		return fmt.Errorf("store a notice about a refund: %w", err)
	}
	return nil
}

// troubles are the breaks that end by themselves when a refund succeeds.
var troubles = []Verdict{RefundAbnormal, RefundStuck, RefundNotEnough, RefundConfig, RefundRefused, RefundExhausted}

func settleOfRefund(tx *db.Tx, id model.PayRefundID, note string) error {
	numbers := tx.Gorm().Model(&model.PayRefundNumber{}).Select("out_refund_no").Where("pay_refund_id = ?", id)
	return settle(tx, tx.Gorm().Where("transaction_id IN (?) AND kind IN ?", numbers, troubles), note)
}

// settleOfOrder settles why an order's money had to go back.
func settleOfOrder(tx *db.Tx, number, note string) error {
	return settle(tx, tx.Gorm().Where("out_trade_no = ? AND kind IN ?", number, []Verdict{Late, undeliverable}), note)
}

func settle(tx *db.Tx, which *gorm.DB, note string) error {
	err := tx.Gorm().Model(&model.PayBreak{}).Where("state = ?", breakOpen).Where(which).
		Updates(map[string]any{"state": breakSettled, "settled_at": tx.Now, "note": note}).Error
	if err != nil {
		return fmt.Errorf("settle breaks: %w", err)
	}
	return nil
}

// dueWithoutRefund finds orders whose money must go back and was never asked to.
func dueWithoutRefund(tx *db.Tx, limit int) (ids []model.PayOrderID, err error) {
	err = tx.Gorm().Model(&model.PayOrder{}).Where("state = ? AND refunding_fen + refunded_fen < amount_fen AND refund_numbers = 0", model.PayRefundDue).
		Order("id").Limit(limit).Pluck("id", &ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for money that is due: %w", err)
	}
	return ids, nil
}
