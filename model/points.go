package model

import (
	"fmt"
	"time"
)

// Never stands for "no end" in a column that is compared and sorted: the end of a lot that does not expire.
var Never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// PointsKind says what an entry does to lots.
type PointsKind string

const (
	PointsEarned   PointsKind = "earn"    // makes a lot
	PointsSpent    PointsKind = "spend"   // takes from lots for good
	PointsHeld     PointsKind = "hold"    // takes from lots until captured or released
	PointsReleased PointsKind = "release" // gives a hold back to its lots
	PointsReturned PointsKind = "return"  // gives a spend, or a part of it, back to its lots
	PointsExpired  PointsKind = "expire"  // empties one lot whose time is over
)

// PointsReason is the business cause of an entry.
type PointsReason string

const (
	PointsForOrder   PointsReason = "earn_order"  // a purchase
	PointsForAction  PointsReason = "earn_action" // check-in, survey, birthday
	PointsOpening    PointsReason = "opening"     // the balance brought from another system
	PointsAdjusted   PointsReason = "adjust"      // staff, with a note
	PointsForGift    PointsReason = "redeem_gift" // a gift of the mall
	PointsForCash    PointsReason = "redeem_cash" // money off an order
	PointsClawedBack PointsReason = "clawback"    // the order that earned them was returned
	PointsMergedIn   PointsReason = "merge_in"    // another account of the same person
	PointsMergedOut  PointsReason = "merge_out"   //
	PointsLapsed     PointsReason = "expire"      // written by the ledger itself
	PointsHoldEnded  PointsReason = "release"     // written by the ledger itself
	PointsGivenBack  PointsReason = "return"      // a cancelled redemption or a returned order
)

// PointsAccount is the cache of one member's ledger. It changes only together with an entry or a lot, under the row's lock.
type PointsAccount struct {
	MemberID     MemberID `gorm:"primaryKey;autoIncrement:false"`
	Active       Points   // remaining points of the lots in state active
	Pending      Points   // remaining points of the lots in state pending
	Held         Points   // points of the holds that are neither captured nor released
	EarnedTotal  Points
	SpentTotal   Points // spent and captured, less what was given back
	ExpiredTotal Points
	Seq          int64 // number of entries
	// DueAt is not later than the next instant at which a lot becomes active or expires; Never when there is none.
	DueAt time.Time
}

// TableName names the table.
func (PointsAccount) TableName() string { return "points_accounts" }

// Balance returns the points that the entries add up to: active and pending. Held points have left it.
func (a PointsAccount) Balance() Points { return a.Active + a.Pending }

// PointsEntry is one immutable line of a member's ledger, numbered 1, 2, 3 … without gaps.
type PointsEntry struct {
	MemberID MemberID `gorm:"primaryKey;autoIncrement:false"`
	Seq      int64    `gorm:"primaryKey;autoIncrement:false"`
	Kind     PointsKind
	Reason   PointsReason
	// Source and Reason are the natural key: one business fact writes one entry, for ever.
	Source       string
	Delta        Points // positive in, negative out
	BalanceAfter Points
	// ReversesSeq is the entry that this one undoes, wholly or in part.
	ReversesSeq *int64
	Note        string
	StaffID     StaffID // 0 when no staff did it
	At          time.Time
}

// TableName names the table.
func (PointsEntry) TableName() string { return "points_entries" }

// Ref names the entry in other records, "points:12:7".
func (e PointsEntry) Ref() string { return fmt.Sprintf("points:%d:%d", e.MemberID, e.Seq) }

// PointsLotState is how far a lot is.
type PointsLotState string

const (
	LotPending  PointsLotState = "pending"  // not yet spendable
	LotActive   PointsLotState = "active"   // spendable until ExpiresAt, whatever the sweep has done
	LotConsumed PointsLotState = "consumed" // nothing remains; a return makes it active again
	LotExpired  PointsLotState = "expired"  // ended; what comes back to it ends at once
)

// PointsLot is the points of one earning entry, which become active and expire together: spendable in
// [ActiveFrom, ExpiresAt).
type PointsLot struct {
	ID         int64 `gorm:"primaryKey"`
	MemberID   MemberID
	Seq        int64 // of the entry that made it
	Granted    Points
	Remaining  Points
	ActiveFrom time.Time
	ExpiresAt  time.Time
	State      PointsLotState
}

// TableName names the table.
func (PointsLot) TableName() string { return "points_lots" }

// PointsConsumption links an entry to a lot: a positive amount was taken, a negative one given back. For every lot
// remaining = granted - sum(amount).
type PointsConsumption struct {
	MemberID MemberID `gorm:"primaryKey;autoIncrement:false"`
	EntrySeq int64    `gorm:"primaryKey;autoIncrement:false"`
	LotSeq   int64    `gorm:"primaryKey;autoIncrement:false"`
	Amount   Points
	// Returned is how much of a taking was given back by later entries, at most Amount.
	Returned Points
}

// TableName names the table.
func (PointsConsumption) TableName() string { return "points_consumptions" }

// PointsHoldState is what became of a hold.
type PointsHoldState string

const (
	HoldOpen     PointsHoldState = "held"
	HoldCaptured PointsHoldState = "captured"
	HoldReleased PointsHoldState = "released"
)

// PointsHold is points set aside by an entry of kind hold.
type PointsHold struct {
	MemberID MemberID `gorm:"primaryKey;autoIncrement:false"`
	EntrySeq int64    `gorm:"primaryKey;autoIncrement:false"`
	Source   string
	Points   Points
	State    PointsHoldState
	HeldAt   time.Time
	ClosedAt *time.Time
}

// TableName names the table.
func (PointsHold) TableName() string { return "points_holds" }
