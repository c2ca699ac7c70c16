package payments

import (
	"time"

	"huitou/model"
)

const (
	// billReady is the hour of the next day, in China, from which WeChat has a day's bill (wechat.md §4.7).
	billReady = 10 * time.Hour
	// billKeptDays is how far back WeChat gives bills, three months; a few days are left as a margin.
	billKeptDays = 88
	// billSurelyMade is how long after the end of a day a bill that is not there will never be.
	billSurelyMade = 2 * 24 * time.Hour
)

// Repairs that a run makes by itself. Each ends in a signed statement of WeChat that goes through Apply or ApplyRefund: a bill alone
// never credits.
const (
	repairQuery  = "query"        // ask about the order and apply the answer
	repairRefund = "query_refund" // ask about the refund and apply the answer
)

// billReadyAt returns when the bill of a day can be fetched.
func billReadyAt(d model.Day) time.Time { return d.AddDays(1).Start(model.Shanghai).Add(billReady) }

// lastBill returns the latest day whose bill is there at an instant.
func lastBill(now time.Time) model.Day {
	return model.DayOf(now.Add(-billReady), model.Shanghai).AddDays(-1)
}

// bookedRefund is a number of a refund with what it belongs to.
type bookedRefund struct {
	model.PayRefundNumber
	AmountFen  model.Fen
	OutTradeNo string
	MchID      string
}

// billed is one comparison of a bill with our books. A side that has nothing is zero.
type billed struct {
	kind, number string
	line         *model.PayBillLine
	order        *model.PayOrder
	refund       *bookedRefund
	oursState    string
	bucket       model.PayBucket
}

func (b billed) key() string { return b.kind + " " + b.number }

// repair is what a run does about a disagreement.
func (b billed) repair() string {
	if b.kind == model.BillRefund {
		return repairRefund
	}
	return repairQuery
}

// comparePayment puts a payment into its bucket. A payment is in our books when an order has its transaction; which state the order
// has reached since, a refund for instance, is no matter of that day's bill.
func comparePayment(o *model.PayOrder, l *model.PayBillLine) model.PayBucket {
	switch {
	case l == nil:
		return model.BillOursOnly
	case o == nil:
		return model.BillTheirsOnly
	case l.Currency != "CNY" || l.AmountFen != o.AmountFen:
		return model.BillAmountDiffers
	case o.TransactionID == nil || *o.TransactionID != l.TransactionID || l.MchID != o.MchID || l.AppID != o.AppID:
		return model.BillStateDiffers
	}
	return model.BillMatched
}

// compareRefund puts a refund into its bucket. A bill says what WeChat knew when it was made; a refund that ended later is ahead of it,
// which is no disagreement.
func compareRefund(r *bookedRefund, l *model.PayBillLine) model.PayBucket {
	switch {
	case l == nil:
		return model.BillOursOnly
	case r == nil:
		return model.BillTheirsOnly
	case l.Currency != "CNY" || l.AmountFen != r.AmountFen:
		return model.BillAmountDiffers
	case l.OutTradeNo != r.OutTradeNo || l.MchID != r.MchID:
		return model.BillStateDiffers
	}
	agree := false
	switch l.Status {
	case "SUCCESS":
		agree = r.State == model.RefundSuccess
	case "PROCESSING":
		agree = r.State != model.RefundRequested && r.State != model.RefundSubmitted
	default: // it came to nothing
		agree = r.State == model.RefundAbnormal || r.State == model.RefundClosed
	}
	if !agree {
		return model.BillStateDiffers
	}
	return model.BillMatched
}
