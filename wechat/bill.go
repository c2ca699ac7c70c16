package wechat

import "time"

// PayNoStatement is the code of WeChat Pay for a day without a bill: nothing was paid, or the bill is not made yet.
const PayNoStatement = "NO_STATEMENT_EXIST"

// Bill is what WeChat Pay says happened to a merchant's money on one day, as it knew when it made the bill on the next morning.
type Bill struct {
	Day  string // 2026-01-02, in China
	Hash string // SHA-1 of the file, proven by a signed answer
	// Lines are payments and refunds in the order of the file.
	Lines []BillLine
	// PaidFen and RefundFen are the file's own totals; the lines were added up and agree.
	PaidFen, RefundFen int64
}

// BillLine is one payment or, when OutRefundNo is set, one refund of an order.
type BillLine struct {
	At            time.Time // of the payment or of the refund's acceptance, whole seconds
	AppID         string
	MchID         string
	TransactionID string
	OutTradeNo    string
	OpenID        string
	TradeType     string
	Currency      string
	TotalFen      int64 // price of the order; 0 on the line of a refund
	RefundID      string
	OutRefundNo   string
	RefundFen     int64  // asked back
	RefundStatus  string // SUCCESS, PROCESSING, or another word for a refund that came to nothing
	Description   string
}

// IsRefund reports whether the line is a refund's.
func (l BillLine) IsRefund() bool { return l.OutRefundNo != "" }
