package model

import (
	"fmt"
	"time"
)

// Never stands for "no end" in a column that is compared and sorted: the end of a lot that does not expire.
var Never = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Awaited stands for "when an action has taken place": the beginning of a lot that waits for its order to be completed. It lies
// before Never, as every beginning lies before its end.
var Awaited = Never.AddDate(0, 0, -1)

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
	PointsAdvanced   PointsReason = "debt"        // written by the ledger itself: what a clawback took that was not there
	PointsDebtPaid   PointsReason = "debt_paid"   // written by the ledger itself: points that came in pay a debt
	PointsLapsed     PointsReason = "expire"      // written by the ledger itself
	PointsHoldEnded  PointsReason = "release"     // written by the ledger itself
	PointsGivenBack  PointsReason = "return"      // a cancelled redemption or a returned order
)

// PointsAccount is the cache of one member's ledger. It changes only together with an entry or a lot, under the row's lock.
type PointsAccount struct {
	MemberID MemberID `gorm:"primaryKey;autoIncrement:false"`
	Active   Points   // remaining points of the lots in state active
	Pending  Points   // remaining points of the lots in state pending
	Held     Points   // points of the holds that are neither captured nor released
	// Debt is what clawbacks took beyond the balance and what has not been paid since. A member with a debt has no active points.
	Debt         Points
	EarnedTotal  Points // without advances
	SpentTotal   Points // spent and captured, less what was given back; without payments of debt
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
	ActiveFrom time.Time // Awaited while Awaiting
	ExpiresAt  time.Time
	State      PointsLotState
	// Awaiting says that the lot becomes active by an action, not by the clock; Expiry is then how it ends, as ExpiryRule
	// writes it.
	Awaiting bool
	Expiry   string
	// ExtendedBy is the entry that gave points back after the lot had ended and set a later end; 0 = none.
	ExtendedBy int64
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

// ClawbackPolicy says what a clawback takes when the member has fewer points than it asks for.
type ClawbackPolicy string

const (
	ClawPending   ClawbackPolicy = "pending_only"  // what the order gave and is still pending; what became active stays
	ClawToBalance ClawbackPolicy = "up_to_balance" // then from active points, as far as they go; the rest is waived
	ClawWithDebt  ClawbackPolicy = "allow_debt"    // then the rest becomes a debt, which points that come in pay first
)

// PointsClawback is what one return of an order took back of what the order had given: Points = Taken + Owed + Waived.
type PointsClawback struct {
	Source     string `gorm:"primaryKey"` // the return, not the order: an order may be returned in parts
	MemberID   MemberID
	EarnSource string
	Policy     ClawbackPolicy
	Asked      Points
	Points     Points // asked, at most what the order granted and no clawback before has asked for
	Taken      Points // from lots
	Owed       Points // became a debt
	Waived     Points // left to the member
	EntrySeq   *int64 // nil when nothing was taken nor owed
	At         time.Time
}

// TableName names the table.
func (PointsClawback) TableName() string { return "points_clawbacks" }

// PointsMerge says that an account went over into another one.
type PointsMerge struct {
	FromMember MemberID `gorm:"primaryKey;autoIncrement:false"`
	ToMember   MemberID
	StaffID    StaffID // 0 when no staff did it
	At         time.Time
	FromSeq    int64 // of the last entry before it; 0 of merges that are older than this column
}

// TableName names the table.
func (PointsMerge) TableName() string { return "points_merges" }

// AdjustCode is why staff correct a member's points.
type AdjustCode string

const (
	AdjustGoodwill AdjustCode = "goodwill" // to make up for something
	AdjustMissing  AdjustCode = "missing"  // points that should have been given
	AdjustMistake  AdjustCode = "mistake"  // points that should not have been given
	AdjustCampaign AdjustCode = "campaign" // an event outside of the program
	AdjustFraud    AdjustCode = "fraud"    // points that were got by abuse
	AdjustOther    AdjustCode = "other"
)

// AdjustState is how far an adjustment is.
type AdjustState string

const (
	AdjustWaiting AdjustState = "waiting" // for a second person
	AdjustApplied AdjustState = "applied"
	AdjustRefused AdjustState = "refused"
)

// AdjustmentID names an adjustment to staff.
type AdjustmentID int64

// PointsAdjustment is a correction by staff, asked for or done.
type PointsAdjustment struct {
	ID           AdjustmentID `gorm:"primaryKey"`
	MemberID     MemberID
	Points       Points // positive gives, negative takes
	Code         AdjustCode
	Note         string
	ExpiresAt    *time.Time // of points that are given; nil = never
	StaffID      StaffID    // who asked for it
	Day          Day        // business day of asking, on which it counts towards the cap
	NeedsSecond  bool
	State        AdjustState
	DecidedBy    StaffID // who approved or refused; 0 = nobody
	DecidedAt    *time.Time
	DecisionNote string
	EntrySeq     *int64
	CreatedAt    time.Time
}

// TableName names the table.
func (PointsAdjustment) TableName() string { return "points_adjustments" }

// PointsAdjustDay is how many points one member of staff has asked to move on one business day, in either direction.
type PointsAdjustDay struct {
	StaffID StaffID `gorm:"primaryKey;autoIncrement:false"`
	Day     Day     `gorm:"primaryKey"`
	Points  Points
}

// TableName names the table.
func (PointsAdjustDay) TableName() string { return "points_adjust_days" }
