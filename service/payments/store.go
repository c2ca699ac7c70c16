package payments

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
	"huitou/wechat"
)

// errMoved means that an order was not in the state from which it should move.
var errMoved = errors.New("payments: the order moved meanwhile")

var forUpdate = clause.Locking{Strength: "UPDATE"}

func orderByID(tx *db.Tx, id model.PayOrderID) (o model.PayOrder, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&o).Error
	if db.IsNotFound(err) {
		return o, ErrUnknown
	}
	if err != nil {
		return o, fmt.Errorf("read payment %d: %w", id, err)
	}
	return o, nil
}

func lockOrder(tx *db.Tx, id model.PayOrderID) (o model.PayOrder, err error) {
	err = tx.Gorm().Clauses(forUpdate).Where("id = ?", id).Take(&o).Error
	if db.IsNotFound(err) {
		return o, ErrUnknown
	}
	if err != nil {
		return o, fmt.Errorf("lock payment %d: %w", id, err)
	}
	return o, nil
}

func orderByRef(tx *db.Tx, purpose, ref string) (o model.PayOrder, err error) {
	if err := tx.Gorm().Where("purpose = ? AND ref = ?", purpose, ref).Take(&o).Error; err != nil {
		return o, fmt.Errorf("read the payment of %s %s: %w", purpose, ref, err)
	}
	return o, nil
}

// orderByNumber finds the order that a statement is about; it takes the row's lock when asked to.
func orderByNumber(tx *db.Tx, number string, lock bool) (o model.PayOrder, found bool, err error) {
	if !ours(number) {
		return o, false, nil
	}
	g := tx.Gorm()
	if lock {
		g = g.Clauses(forUpdate)
	}
	err = g.Where("out_trade_no = ?", number).Take(&o).Error
	if db.IsNotFound(err) {
		return o, false, nil
	}
	if err != nil {
		return o, false, fmt.Errorf("read the payment by its number: %w", err)
	}
	return o, true, nil
}

// ours reports whether a number has the form of those that we give out; MySQL refuses to compare others with an ASCII
// column.
func ours(number string) bool {
	return len(number) <= 32 && strings.Trim(number, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && number != ""
}

// startPaying stores the payer and the first call's instant.
func startPaying(tx *db.Tx, o model.PayOrder) error {
	res := tx.Gorm().Model(&model.PayOrder{}).
		Where("id = ? AND state IN ?", o.ID, []model.PayState{model.PayCreated, model.PayPaying}).
		Updates(map[string]any{"state": o.State, "payer_open_id": o.PayerOpenID, "paying_at": o.PayingAt})
	return oneRow(res.RowsAffected, res.Error, o.ID)
}

func setPrepayID(tx *db.Tx, id model.PayOrderID, prepayID string) (set bool, err error) {
	res := tx.Gorm().Model(&model.PayOrder{}).Where("id = ? AND state = ?", id, model.PayPaying).
		Updates(map[string]any{"prepay_id": prepayID, "prepay_at": tx.Now})
	if res.Error != nil {
		return false, fmt.Errorf("store the prepay id of payment %d: %w", id, res.Error)
	}
	return res.RowsAffected == 1, nil
}

// addAttempt stores that a prepay call leaves. The order's row is locked, so the ordinals have no gaps and no twins.
func addAttempt(tx *db.Tx, id model.PayOrderID) (ordinal int, err error) {
	var last int
	err = tx.Gorm().Model(&model.PayAttempt{}).Where("pay_order_id = ?", id).Select("COALESCE(MAX(ordinal), 0)").Scan(&last).Error
	if err != nil {
		return 0, fmt.Errorf("count the attempts of payment %d: %w", id, err)
	}
	row := model.PayAttempt{PayOrderID: id, Ordinal: last + 1, State: attemptStarted, StartedAt: tx.Now}
	if err := tx.Gorm().Create(&row).Error; err != nil {
		return 0, fmt.Errorf("store an attempt of payment %d: %w", id, err)
	}
	return row.Ordinal, nil
}

func finishAttempt(tx *db.Tx, id model.PayOrderID, ordinal int, state, prepayID, reason string) error {
	res := tx.Gorm().Model(&model.PayAttempt{}).Where("pay_order_id = ? AND ordinal = ?", id, ordinal).
		Updates(map[string]any{"state": state, "prepay_id": prepayID, "error": clip(reason), "finished_at": tx.Now})
	if res.Error != nil {
		return fmt.Errorf("finish attempt %d of payment %d: %w", ordinal, id, res.Error)
	}
	return nil
}

// recordMoney binds WeChat's transaction to an order that has none. The condition repeats what the lock already
// promises, since it is the last guard on SQLite and on servers that ignore locks.
func recordMoney(tx *db.Tx, o model.PayOrder, to model.PayState, t wechat.Transaction, via Via) (model.PayOrder, error) {
	paidAt := t.SuccessTime.UTC().Truncate(time.Microsecond)
	if t.SuccessTime.IsZero() {
		paidAt = tx.Now
	}
	from := o.State
	o.State, o.TransactionID, o.PaidAt, o.PaidVia = to, &t.TransactionID, &paidAt, string(via)
	o.PayerTotalFen = model.Fen(max(t.PayerTotalFen, 0))
	res := tx.Gorm().Model(&model.PayOrder{}).Where("id = ? AND state = ? AND transaction_id IS NULL", o.ID, from).
		Updates(map[string]any{
			"state": o.State, "transaction_id": t.TransactionID, "paid_at": paidAt, "paid_via": o.PaidVia, "payer_total_fen": o.PayerTotalFen,
		})
	return o, oneRow(res.RowsAffected, res.Error, o.ID)
}

func transactionUsed(tx *db.Tx, transactionID string) (bool, error) {
	var n int64
	if err := tx.Gorm().Model(&model.PayOrder{}).Where("transaction_id = ?", transactionID).Count(&n).Error; err != nil {
		return false, fmt.Errorf("look up a transaction: %w", err)
	}
	return n > 0, nil
}

// moveOrder changes the state of an order that takes no money thereby; errMoved when it is not in from.
func moveOrder(tx *db.Tx, id model.PayOrderID, from, to model.PayState) error {
	set := map[string]any{"state": to}
	if to == model.PayClosed {
		set["closed_at"] = tx.Now
	}
	res := tx.Gorm().Model(&model.PayOrder{}).Where("id = ? AND state = ?", id, from).Updates(set)
	return oneRow(res.RowsAffected, res.Error, id)
}

func oneRow(affected int64, err error, id model.PayOrderID) error {
	if err != nil {
		return fmt.Errorf("change payment %d: %w", id, err)
	}
	if affected != 1 {
		return fmt.Errorf("change payment %d: %w", id, errMoved)
	}
	return nil
}

func noticeKnown(tx *db.Tx, digest string) (bool, error) {
	var n int64
	if err := tx.Gorm().Model(&model.PayNotice{}).Where("digest = ?", digest).Count(&n).Error; err != nil {
		return false, fmt.Errorf("look up a notice: %w", err)
	}
	return n > 0, nil
}

// recordNotice keeps the verdict on a statement. Of the verdicts on its copies the first stays, unless a later copy moved
// money (the order may have been restored from a backup in between).
func recordNotice(tx *db.Tx, t wechat.Transaction, via Via, v Verdict) error {
	row := model.PayNotice{
		Digest: digest(via, t), Via: string(via), OutTradeNo: clip(t.OutTradeNo), TransactionID: clip(t.TransactionID),
		TradeState: clipTo(string(t.TradeState), 32), MchID: clip(t.MchID), AppID: clip(t.AppID), PayerOpenID: clipTo(t.PayerOpenID, 128),
		AmountFen: model.Fen(t.TotalFen), Currency: clipTo(t.Currency, 16), Verdict: string(v), ReceivedAt: tx.Now,
	}
	isNew, err := tx.Insert(&row)
	if err != nil {
		return fmt.Errorf("store a notice: %w", err)
	}
	if isNew || (v != Accepted && v != Late) {
		return nil
	}
	if err := tx.Gorm().Model(&model.PayNotice{}).Where("digest = ?", row.Digest).Update("verdict", string(v)).Error; err != nil {
		return fmt.Errorf("store a notice: %w", err)
	}
	return nil
}

// openBreak opens a break once for each kind, order and transaction; it returns nil when it is known already.
func openBreak(tx *db.Tx, kind Verdict, number, transactionID, detail string) (*model.PayBreak, error) {
	row := model.PayBreak{
		Kind: string(kind), OutTradeNo: clip(number), TransactionID: clip(transactionID), Detail: detail,
		State: breakOpen, OpenedAt: tx.Now,
	}
	isNew, err := tx.Insert(&row)
	if err != nil {
		return nil, fmt.Errorf("open a break: %w", err)
	}
	if !isNew {
		return nil, nil
	}
	return &row, nil
}

// listBreaks lists breaks in a state, newest first; an empty state means all.
func listBreaks(tx *db.Tx, state string, page db.Page) ([]model.PayBreak, string, error) {
	g := tx.Gorm()
	if state != "" {
		g = g.Where("state = ?", state)
	}
	return pageOf(g, page, func(b model.PayBreak) int64 { return b.ID }, "breaks")
}

// clip bounds a text of WeChat's to what the columns hold.
func clip(s string) string { return clipTo(s, 64) }

func clipTo(s string, n int) string {
	r := []rune(strings.ToValidUTF8(s, "?"))
	return string(r[:min(len(r), n)])
}

// States of a break.
const (
	breakOpen    = "open"
	breakSettled = "settled"
)
