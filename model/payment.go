package model

import "time"

// PayState is the state of an order at WeChat Pay as we know it.
//
//	created --prepay--> paying --+--> paid --(cannot be delivered)--> refund_due
//	   |                         |      ^
//	   |                      closing --+        closed --(money came after all)--> refund_due
//	   +--(never prepared)--> closed <--+
type PayState string

const (
	PayCreated   PayState = "created"    // stored; WeChat knows nothing of it yet
	PayPaying    PayState = "paying"     // a prepay call left the house; money may come
	PayPaid      PayState = "paid"       // proven by a transaction id of WeChat
	PayClosing   PayState = "closing"    // its time is over; WeChat has not confirmed the close yet
	PayClosed    PayState = "closed"     // WeChat confirmed that it cannot be paid any more
	PayRefundDue PayState = "refund_due" // money came for which nothing can be given; it must go back
)

// PayChannel is one of the ways in which WeChat takes money; which one is allowed depends on what is sold, see PlanChannel.
type PayChannel = PlanChannel

// PayOrder is one order at WeChat Pay. It is stored before WeChat is called, so that every answer finds it.
type PayOrder struct {
	ID            PayOrderID
	OutTradeNo    string // our number at WeChat, at most 32 of 0-9 A-Z, never used twice
	MemberID      MemberID
	Purpose       string // what is paid for: "membership"
	Ref           string // which one of the purpose; (purpose, ref) has one order
	AmountFen     Fen    // 1 .. 100,000,000
	Description   string // what the payer reads, at most 127 characters
	Channel       PayChannel
	Product       string // item of WeChat's console that is bought; only for virtual payment
	AppID         string // of the app in which it is paid
	MchID         string // of the merchant that is paid; with virtual payment the account that its console shows
	PayerOpenID   string // fixed by the first prepay call, as WeChat wants identical parameters
	State         PayState
	PrepayID      string
	PrepayAt      *time.Time
	PayingAt      *time.Time // first prepay call; the polls count from here
	TransactionID *string    // WeChat's number; exists exactly when money came
	PayerTotalFen Fen        // what the payer spent, less WeChat's own coupons
	PaidAt        *time.Time
	PaidVia       string // notify, query or bill
	ExpiresAt     time.Time
	ClosedAt      *time.Time
	CreatedAt     time.Time

	// What goes back. Their sum never exceeds AmountFen.
	RefundingFen  Fen        // reserved by refunds that have not ended
	RefundedFen   Fen        // back with the payer
	RefundNumbers int        // numbers used for refunds, at most 50
	RefundSentAt  *time.Time // when the last new number went to WeChat; it wants a minute between two
}

// RefundableFen is how much can still be given back.
func (o PayOrder) RefundableFen() Fen {
	if o.TransactionID == nil {
		return 0
	}
	return o.AmountFen - o.RefundingFen - o.RefundedFen
}

// TableName names the table.
func (PayOrder) TableName() string { return "pay_orders" }

// PayAttempt is one prepay call for an order; it is stored before the call leaves.
type PayAttempt struct {
	ID         int64
	PayOrderID PayOrderID
	Ordinal    int // 1, 2, …
	State      string
	PrepayID   string
	Error      string // code of WeChat or kind of trouble, never a whole answer
	StartedAt  time.Time
	FinishedAt *time.Time
}

// TableName names the table.
func (PayAttempt) TableName() string { return "pay_attempts" }

// PayNotice is what WeChat said about an order and what we made of it. The copies of one notice share a row.
type PayNotice struct {
	ID            int64
	Digest        string // SHA-256 of what it says
	Via           string
	OutTradeNo    string
	TransactionID string
	TradeState    string
	MchID         string
	AppID         string
	PayerOpenID   string
	AmountFen     Fen
	Currency      string
	Verdict       string
	ReceivedAt    time.Time // of the first copy
}

// TableName names the table.
func (PayNotice) TableName() string { return "pay_notices" }

// PayBreak is a disagreement about money that a person has to look at.
type PayBreak struct {
	ID            int64
	Kind          string
	OutTradeNo    string
	TransactionID string // WeChat's number; of breaks about a refund, our number of it
	Detail        string
	State         string // open, settled
	OpenedAt      time.Time
	SettledAt     *time.Time
	SettledBy     StaffID // 0 = by itself
	Note          string
}

// TableName names the table.
func (PayBreak) TableName() string { return "pay_breaks" }
