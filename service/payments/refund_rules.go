package payments

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"huitou/model"
	"huitou/wechat"
)

const (
	// refundWithin is how long after a payment WeChat gives it back (wechat.md §4.5).
	refundWithin = 365 * 24 * time.Hour
	// refundsMost is how many refunds WeChat makes of one order, counted by their numbers.
	refundsMost = 50
	// refundGap is the pause between two refunds of one order. WeChat wants a minute; its clock and the way there may differ a little.
	refundGap = time.Minute + 5*time.Second
	// numbersMost is how many numbers one refund gets without somebody looking at it.
	numbersMost = 3
	// troubleAgain is the pause after a refusal that only people can end: no money in the account, a wrong setting.
	troubleAgain = 30 * time.Minute
	// stuckAfter is when a refund that WeChat still works on becomes a break. Banks take up to five working days.
	stuckAfter = 7 * 24 * time.Hour
)

// Verdicts on statements about refunds; some of those on orders serve as well. What is said of a number that is known already is a
// Duplicate.
const (
	RefundMoved     Verdict = "refund_moved"     // processing now
	RefundAbnormal  Verdict = "refund_abnormal"  // the payer's account cannot take it
	RefundClosed    Verdict = "refund_closed"    // nothing went back
	UnknownRefund   Verdict = "unknown_refund"   // not ours
	WrongOrder      Verdict = "wrong_order"      // the number is of another order
	UnknownState    Verdict = "unknown_state"    // a word that the documentation does not have
	RefundedTwice   Verdict = "refunded_twice"   // money went back although it had before
	RefundUndone    Verdict = "refund_undone"    // success is taken back, or a given-up refund succeeded
	RefundStuck     Verdict = "refund_stuck"     // WeChat works on it for too long
	RefundNotEnough Verdict = "refund_no_money"  // the merchant's account is empty
	RefundConfig    Verdict = "refund_settings"  // WeChat refuses us as such
	RefundRefused   Verdict = "refund_refused"   // WeChat refuses this refund
	RefundExhausted Verdict = "refund_exhausted" // WeChat closed every number that it got by itself
)

// refundRefusal says why an order cannot give back an amount, or returns nil.
func refundRefusal(o model.PayOrder, amount model.Fen, now time.Time) error {
	switch {
	case o.TransactionID == nil || o.PaidAt == nil:
		return ErrNotPaid
	case amount > o.RefundableFen():
		return ErrRefundTooMuch.With("left_fen", int64(o.RefundableFen()))
	case o.RefundNumbers >= refundsMost:
		return ErrRefundTooMany
	case now.After(o.PaidAt.Add(refundWithin)):
		return ErrRefundTooLate
	}
	return nil
}

// judgeRefund compares a statement with the number that it is about. Whose, of what and how much come first, so that a statement that
// does not belong to the refund never says anything about it.
func judgeRefund(o model.PayOrder, r model.PayRefund, n model.PayRefundNumber, w wechat.Refund, via Via) Verdict {
	switch {
	case w.MchID != o.MchID && (via == Notify || w.MchID != ""): // answers to queries do not name the merchant
		return WrongMerchant
	case w.OutTradeNo != o.OutTradeNo || o.TransactionID == nil || w.TransactionID != *o.TransactionID:
		return WrongOrder
	case w.Currency != "CNY" && w.Currency != "": // notices do not say
		return WrongCurrency
	case w.TotalFen != int64(o.AmountFen) || w.RefundFen != int64(r.AmountFen):
		return WrongAmount
	}
	open := n.State == model.RefundRequested || n.State == model.RefundSubmitted || n.State == model.RefundProcessing
	switch w.Status {
	case wechat.RefundProcessing:
		if open && n.State != model.RefundProcessing {
			return RefundMoved
		}
		return Duplicate // also one that was on its way while the end was told
	case wechat.RefundSuccess:
		switch {
		case n.State == model.RefundSuccess:
			return Duplicate
		case r.State == model.RefundSuccess:
			return RefundedTwice
		case r.State == model.RefundClosed:
			return RefundUndone
		}
		return Accepted
	case wechat.RefundAbnormal:
		return ending(n, open, model.RefundAbnormal, RefundAbnormal)
	case wechat.RefundClosed:
		return ending(n, open || n.State == model.RefundAbnormal, model.RefundClosed, RefundClosed)
	}
	return UnknownState
}

// ending judges an end without money.
func ending(n model.PayRefundNumber, may bool, end model.PayRefundState, v Verdict) Verdict {
	switch {
	case may:
		return v
	case n.State == model.RefundSuccess:
		return RefundUndone
	}
	return Duplicate // known, or followed by a later end
}

// refundBreaks reports whether a statement about a refund is something for people to look at. A closed number is followed by the next one
// by itself.
func (v Verdict) refundBreaks() bool {
	return v != Accepted && v != Duplicate && v != RefundMoved && v != RefundClosed
}

// refundAsks are the instants after the first call at which WeChat is asked about a refund; then every six hours. Money to a WeChat
// balance takes minutes, to a bank card days.
var refundAsks = []time.Duration{
	15 * time.Second, time.Minute, 5 * time.Minute, 20 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour,
}

// nextRefundAsk returns how long to wait from now for the next question about a refund that was first sent at sentAt.
func nextRefundAsk(sentAt, now time.Time) time.Duration {
	for _, d := range refundAsks {
		if at := sentAt.Add(d); at.After(now) {
			return at.Sub(now)
		}
	}
	return 6 * time.Hour
}

// refundPause is the pause after the n-th call without an answer: a minute, doubling, at most half an hour. There is no last try.
func refundPause(n int) time.Duration {
	return min(time.Minute<<min(max(n-1, 0), 5), troubleAgain)
}

// refundDigest names a statement about a refund, so that its copies share one row.
func refundDigest(via Via, w wechat.Refund) string {
	b, err := json.Marshal(struct {
		Via Via
		R   wechat.Refund
	}{via, w})
	if err != nil {
		panic("payments: a refund that cannot be encoded: " + err.Error()) // strings, numbers and instants
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func refundKey(id model.PayRefundID) string { return "refund:" + strconv.FormatInt(int64(id), 10) }
