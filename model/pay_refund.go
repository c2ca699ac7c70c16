package model

import "time"

// PayRefundState is the state of money that goes back through WeChat Pay.
//
//	requested --sent--> submitted --accepted--> processing --> success
//	                        |                       |
//	                        +------> abnormal <-----+   people must act: again, under a new number, or by hand
//	                                    |
//	                                    +--> closed     nothing goes back; the amount is free again
type PayRefundState string

const (
	RefundRequested  PayRefundState = "requested"  // its amount is reserved; WeChat knows nothing of it yet
	RefundSubmitted  PayRefundState = "submitted"  // a call left the house; WeChat has not accepted it yet
	RefundProcessing PayRefundState = "processing" // accepted, which is not done
	RefundSuccess    PayRefundState = "success"    // the payer has it
	RefundAbnormal   PayRefundState = "abnormal"   // it cannot go on by itself
	RefundClosed     PayRefundState = "closed"     // given up by staff
)

// Live reports whether a refund still reserves its amount.
func (s PayRefundState) Live() bool { return s != RefundSuccess && s != RefundClosed }

// PayRefund is money of one order that goes back. It keeps its amount reserved until it ends.
type PayRefund struct {
	ID             PayRefundID
	PublicID       PublicID
	PayOrderID     PayOrderID
	AmountFen      Fen    // 1 .. what is left of the order
	Reason         string // what the payer reads, at most 80 characters
	Source         string // why it exists, unique for ever: "membership:12:refund"
	StaffID        StaffID
	State          PayRefundState
	Ordinal        int    // of its current number
	Problem        string // why it is abnormal or stays submitted: a word of ours or a code of WeChat
	PayerRefundFen Fen    // what the payer got, less WeChat's own coupons
	// ReceivedAccount says in WeChat's words where the money went, e.g. 支付用户零钱.
	ReceivedAccount string
	RequestedAt     time.Time
	RefundedAt      *time.Time // by WeChat's clock, or ours when done by hand
	SettledAt       *time.Time // when we learned how it ended
	SettledVia      string     // notify, query, bill or hand
}

// TableName names the table.
func (PayRefund) TableName() string { return "pay_refunds" }

// PayRefundNumber is one number under which a refund was given to WeChat. A number refunds once, so every retry uses the same; only when
// WeChat has closed one, or people decide so, there is a next.
type PayRefundNumber struct {
	ID          int64
	PayRefundID PayRefundID
	PayOrderID  PayOrderID
	Ordinal     int // 1, 2, …
	OutRefundNo string
	State       PayRefundState // closed here means closed at WeChat
	RefundID    string         // WeChat's number
	Calls       int
	Error       string // code of WeChat or kind of trouble
	CreatedAt   time.Time
	SentAt      *time.Time // of the first call
	EndedAt     *time.Time
}

// TableName names the table.
func (PayRefundNumber) TableName() string { return "pay_refund_numbers" }

// PayRefundNotice is what WeChat said about a refund and what we made of it. The copies of one notice share a row.
type PayRefundNotice struct {
	ID            int64
	Digest        string
	Via           string
	OutRefundNo   string
	RefundID      string
	OutTradeNo    string
	TransactionID string
	MchID         string
	Status        string
	RefundFen     Fen
	TotalFen      Fen
	Verdict       string
	ReceivedAt    time.Time
}

// TableName names the table.
func (PayRefundNotice) TableName() string { return "pay_refund_notices" }

// PayRefundAskState is the state of a refund that staff asked for.
type PayRefundAskState string

const (
	AskWaiting PayRefundAskState = "waiting" // for a second person
	AskApplied PayRefundAskState = "applied" // there is a refund
	AskRefused PayRefundAskState = "refused"
)

// PayRefundAsk is a refund that staff asked for, and what became of it.
type PayRefundAsk struct {
	ID           PayRefundAskID
	PayOrderID   PayOrderID
	AmountFen    Fen
	Reason       string
	StaffID      StaffID
	Day          Day // business day of asking
	NeedsSecond  bool
	State        PayRefundAskState
	PayRefundID  *PayRefundID
	DecidedBy    StaffID // who approved or refused; 0 = nobody
	DecidedAt    *time.Time
	DecisionNote string
	CreatedAt    time.Time
}

// TableName names the table.
func (PayRefundAsk) TableName() string { return "pay_refund_asks" }

// PayRefundDay is how much one member of staff has given back without a second person on one business day.
type PayRefundDay struct {
	StaffID   StaffID `gorm:"primaryKey;autoIncrement:false"`
	Day       Day     `gorm:"primaryKey"`
	AmountFen Fen
}

// TableName names the table.
func (PayRefundDay) TableName() string { return "pay_refund_days" }
