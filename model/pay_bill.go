package model

import "time"

// PayBucket says how one payment or refund on WeChat's bill and in our books agree.
type PayBucket string

const (
	BillMatched       PayBucket = "matched"
	BillOursOnly      PayBucket = "ours_only"      // we have it, the bill does not
	BillTheirsOnly    PayBucket = "theirs_only"    // the bill has it, we do not know it
	BillAmountDiffers PayBucket = "amount_differs" // both have it, over other amounts
	BillStateDiffers  PayBucket = "state_differs"  // both have it, but one says paid, refunded or of another transaction
)

// PayBillState is how far the bill of a day is.
type PayBillState string

const (
	BillDone    PayBillState = "done"
	BillNone    PayBillState = "none"    // WeChat has none, and we have no payments of that day either
	BillWaiting PayBillState = "waiting" // WeChat does not have it yet
	BillFailed  PayBillState = "failed"  // it could not be fetched or read; Problem says why
)

// Kinds of what stands in a bill.
const (
	BillPayment = "payment"
	BillRefund  = "refund"
)

// PayBill is the reconciliation of one day's bill. Its figures are those of the last run, after repairs.
type PayBill struct {
	Day           Day `gorm:"primaryKey"` // in China
	State         PayBillState
	MchID         string
	Hash          string
	FromAt, ToAt  time.Time // the day's instants [from, to)
	Payments      int
	PaidFen       Fen
	Refunds       int
	RefundFen     Fen
	Matched       int
	OursOnly      int
	TheirsOnly    int
	AmountDiffers int
	StateDiffers  int
	Repaired      int // of the matched ones, how many a run has ever had to mend
	Runs          int
	Problem       string
	FirstRunAt    time.Time
	LastRunAt     time.Time
}

// TableName names the table.
func (PayBill) TableName() string { return "pay_bills" }

// PayBillLine is one payment or refund on a bill.
type PayBillLine struct {
	ID            int64
	Day           Day
	Kind          string // payment or refund
	Number        string // our number of the order, or of the refund
	OutTradeNo    string
	TransactionID string
	RefundID      string
	AppID         string
	MchID         string
	Currency      string
	AmountFen     Fen
	Status        string // of a refund, in WeChat's words
	At            time.Time
}

// TableName names the table.
func (PayBillLine) TableName() string { return "pay_bill_lines" }

// PayBillBreakState is what became of a disagreement.
type PayBillBreakState string

const (
	BillBreakOpen     PayBillBreakState = "open"
	BillBreakRepaired PayBillBreakState = "repaired" // a repair made both sides agree
	BillBreakClosed   PayBillBreakState = "closed"   // by staff, with a note
)

// PayBillBreak is one payment or refund about which a bill and we did not agree.
type PayBillBreak struct {
	ID          PayBillBreakID
	Day         Day
	Kind        string
	Number      string
	Bucket      PayBucket
	OutTradeNo  string
	OursFen     Fen // 0 where we have nothing
	TheirsFen   Fen // 0 where the bill has nothing
	OursState   string
	TheirsState string
	Repair      string // what a run does about it by itself
	Outcome     string // what that led to
	Tries       int
	State       PayBillBreakState
	OpenedAt    time.Time
	EndedAt     *time.Time
	StaffID     StaffID // who closed it
	Note        string
}

// TableName names the table.
func (PayBillBreak) TableName() string { return "pay_bill_breaks" }
