package payments

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"huitou/model"
	"huitou/wechat"
)

// Verdict is what we made of a statement of WeChat about an order.
type Verdict string

const (
	Accepted  Verdict = "accepted"  // credited now
	Duplicate Verdict = "duplicate" // credited before, by this very transaction
	NotPaid   Verdict = "not_paid"  // no money yet; normal for a query, a break for a notice

	// The breaks. None of them credits.
	UnknownOrder      Verdict = "unknown_order"
	WrongMerchant     Verdict = "wrong_merchant"
	WrongApp          Verdict = "wrong_app"
	WrongCurrency     Verdict = "wrong_currency"
	WrongAmount       Verdict = "wrong_amount"
	WrongPayer        Verdict = "wrong_payer"
	NoTransaction     Verdict = "no_transaction"     // SUCCESS without WeChat's number proves nothing
	ReusedTransaction Verdict = "reused_transaction" // the number paid another order before
	SecondPayment     Verdict = "second_payment"     // the order was paid by another transaction
	Late              Verdict = "late"               // the order was closed; the money must go back
	RefundedElsewhere Verdict = "refunded_elsewhere" // paid and refunded before we heard of it
)

// Credits reports whether the order is paid by this transaction, now or before.
func (v Verdict) Credits() bool { return v == Accepted || v == Duplicate }

// Via is the way by which a statement of WeChat reached us.
type Via string

const (
	Notify Via = "notify"
	Query  Via = "query"
	Bill   Via = "bill"
)

// transactionForm is what a number of WeChat may look like; today they are 28 digits.
var transactionForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// judge compares a statement with the order it is about. Who, where and how much come before the order's state, so
// that a statement that does not belong to the order never says anything about it.
func judge(o model.PayOrder, t wechat.Transaction) Verdict {
	switch {
	case t.MchID != o.MchID:
		return WrongMerchant
	case t.AppID != o.AppID:
		return WrongApp
	case t.TradeState == wechat.TradeRefund && o.TransactionID == nil:
		return RefundedElsewhere
	case !t.TradeState.Paid():
		return NotPaid
	case t.Currency != "CNY":
		return WrongCurrency
	case t.TotalFen != int64(o.AmountFen):
		return WrongAmount
	case t.PayerOpenID == "" || t.PayerOpenID != o.PayerOpenID:
		return WrongPayer
	case !transactionForm.MatchString(t.TransactionID):
		return NoTransaction
	case o.TransactionID != nil && *o.TransactionID == t.TransactionID:
		return Duplicate
	case o.TransactionID != nil:
		return SecondPayment
	case o.State == model.PayClosed:
		return Late
	}
	return Accepted
}

// breaks reports whether a verdict is something for people to look at. That there is no money yet is the normal answer to a
// query, but WeChat sends no notices and writes no bills about it.
func (v Verdict) breaks(via Via) bool {
	switch v {
	case Accepted, Duplicate:
		return false
	case NotPaid:
		return via != Query
	}
	return true
}

// polls are the instants after the first prepay call at which WeChat is asked (wechat.md §7.4).
var polls = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}

// nextPoll returns the first poll after now; ok is false when there is none left.
func nextPoll(payingAt, now time.Time) (at time.Time, ok bool) {
	for _, d := range polls {
		if at := payingAt.Add(d); at.After(now) {
			return at, true
		}
	}
	return time.Time{}, false
}

// fresh reports whether a prepay id can still be handed out: WeChat honours it for two hours, of which the shopper gets at
// least five minutes.
func fresh(o model.PayOrder, now time.Time) bool {
	return o.PrepayID != "" && o.PrepayAt != nil && now.Before(o.PrepayAt.Add(PrepayLife-5*time.Minute))
}

// stateFault says why an order takes no payment now, or returns nil.
func stateFault(s model.PayState) error {
	switch s {
	case model.PayPaid, model.PayRefundDue:
		return ErrPaid
	case model.PayClosing, model.PayClosed:
		return ErrClosed
	}
	return nil
}

// digest names a statement, so that its copies share one row. WeChat repeats a notice up to 15 times.
func digest(via Via, t wechat.Transaction) string {
	b, err := json.Marshal(struct {
		Via Via
		T   wechat.Transaction
	}{via, t})
	if err != nil {
		panic("payments: a transaction that cannot be encoded: " + err.Error()) // strings, numbers and an instant
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func payKey(id model.PayOrderID) string { return "pay:" + strconv.FormatInt(int64(id), 10) }
