package model

import "time"

// Ids of what surrounds a membership card.
type (
	MembershipBatchID  int64
	MembershipCodeID   int64
	MembershipRefundID int64
)

// MembershipTrial says that a person had his trial. One person has a row for each way by which he may be known again.
type MembershipTrial struct {
	ID       int64
	Person   string // "member:12", or a hash of a unionid or of a phone number; unique
	MemberID MemberID
	PeriodID MembershipID
	At       time.Time
}

// TableName names the table.
func (MembershipTrial) TableName() string { return "membership_trials" }

// MembershipBenefit is a benefit that is used up one by one.
type MembershipBenefit string

const (
	BenefitFreight  MembershipBenefit = "freight"  // an order without freight
	BenefitBirthday MembershipBenefit = "birthday" // the gift of a birthday; its cycle is the year
	BenefitWelcome  MembershipBenefit = "welcome"  // the points of a new period
)

// MembershipUse is one use of a benefit, numbered within the cycle of its period. Source is the cause, unique for ever.
type MembershipUse struct {
	ID       int64
	PeriodID MembershipID
	MemberID MemberID
	Benefit  MembershipBenefit
	Cycle    int // month of the period from 0, or the year of a birthday
	Ordinal  int // 1, 2, …
	Source   string
	Points   Points   // that were given
	Coupon   PublicID // that was given; "" is none
	Reason   string   // code of why the coupon of a birthday could not be given
	At       time.Time
}

// TableName names the table.
func (MembershipUse) TableName() string { return "membership_uses" }

// MembershipCoupon says that a coupon was given by a period.
type MembershipCoupon struct {
	ID       int64
	Coupon   PublicID
	PeriodID MembershipID
}

// TableName names the table.
func (MembershipCoupon) TableName() string { return "membership_coupons" }

// MembershipSavingReturn is the part of a saving that the refund of an order took back.
type MembershipSavingReturn struct {
	ID        int64
	SavingID  int64
	Source    string // of the refund: "order:12:refund:3"
	AmountFen Fen
	At        time.Time
}

// TableName names the table.
func (MembershipSavingReturn) TableName() string { return "membership_saving_returns" }

// MembershipCodeBatch is codes of one plan that were made together.
type MembershipCodeBatch struct {
	ID         MembershipBatchID
	PublicID   PublicID
	PlanID     PlanID
	Quantity   int64
	Note       string // names the batch
	NoteHash   string // of plan and note; unique, so that a repeated request makes no second batch
	ValidUntil *time.Time
	CreatedBy  StaffID
	CreatedAt  time.Time
	ClosedAt   *time.Time // unused codes give nothing from then on
}

// TableName names the table.
func (MembershipCodeBatch) TableName() string { return "membership_code_batches" }

// MembershipCode is one code. The code itself is known to whoever holds it only.
type MembershipCode struct {
	ID       MembershipCodeID
	BatchID  MembershipBatchID
	CodeHash string
	MemberID *MemberID // who activated it
	UsedAt   *time.Time
}

// TableName names the table.
func (MembershipCode) TableName() string { return "membership_codes" }

// MembershipCodeTry counts the wrong codes that a member entered.
type MembershipCodeTry struct {
	MemberID MemberID `gorm:"primaryKey;autoIncrement:false"`
	Failures int64
	LastAt   time.Time
	NextAt   time.Time // nothing is looked up before
}

// TableName names the table.
func (MembershipCodeTry) TableName() string { return "membership_code_tries" }

// MembershipRefundOrigin is who asked for a refund.
type MembershipRefundOrigin string

const (
	CardRefundByShopper MembershipRefundOrigin = "shopper"
	CardRefundByStaff   MembershipRefundOrigin = "staff"
	CardRefundElsewhere MembershipRefundOrigin = "elsewhere" // the whole payment was refunded without asking memberships
)

// MembershipRefundState is how far a refund is. Only settled ones have changed anything.
type MembershipRefundState string

const (
	CardRefundRequested MembershipRefundState = "requested" // the money is on its way, or stuck
	CardRefundSettled   MembershipRefundState = "settled"   // WeChat says that the payer has it
	CardRefundDropped   MembershipRefundState = "dropped"   // staff gave it up; nothing went back
)

// MembershipRefund is a refund of one order: how much goes back, frozen when it was asked for.
type MembershipRefund struct {
	ID         MembershipRefundID
	PublicID   PublicID
	OrderID    MembershipOrderID
	Ordinal    int // 1, 2, …; a further one only after the last was dropped
	PeriodID   MembershipID
	MemberID   MemberID
	PayOrderID PayOrderID
	Policy     RefundPolicy // by which it was worked out
	PriceFen   Fen
	TotalDays  int64
	UnusedDays int64
	TakenFen   Fen // what the card had saved by then
	AmountFen  Fen // 1 .. PriceFen
	AsOf       Day // the day of the request, which counts as used
	Origin     MembershipRefundOrigin
	StaffID    StaffID
	Reason     string
	State      MembershipRefundState
	CreatedAt  time.Time
	SettledAt  *time.Time
}

// TableName names the table.
func (MembershipRefund) TableName() string { return "membership_refunds" }

// MembershipMoveKind is what a refund did to a period.
type MembershipMoveKind string

const (
	MoveRevoked MembershipMoveKind = "revoked" // it counts no more
	MoveCut     MembershipMoveKind = "cut"     // it ends sooner
	MoveUp      MembershipMoveKind = "up"      // it begins sooner, since one before it was revoked or cut
	MoveNone    MembershipMoveKind = "none"    // it was over already
)

// MembershipMove is what a refund did to a period, before and after.
type MembershipMove struct {
	ID         int64
	RefundID   MembershipRefundID
	PeriodID   MembershipID
	Kind       MembershipMoveKind
	FromBefore Day
	ToBefore   Day
	FromAfter  Day
	ToAfter    Day
	At         time.Time
}

// TableName names the table.
func (MembershipMove) TableName() string { return "membership_moves" }
