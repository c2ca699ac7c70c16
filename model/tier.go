package model

import "time"

// TierLevelID is the id of a level of the free tiers.
type TierLevelID int64

// TierMetric is what members climb by. Neither is a balance: spending points never lowers it (DivanteLtd/open-loyalty#131).
type TierMetric string

const (
	TierByMoney  TierMetric = "goods_money" // fen paid for goods, without freight and without what was refunded
	TierByPoints TierMetric = "points"      // points earned with orders and actions, without what was clawed back
)

// TierPeriod is the window in which the metric is summed.
type TierPeriod string

const (
	TierRolling  TierPeriod = "rolling"  // the last 12 months
	TierCalendar TierPeriod = "calendar" // the calendar year
)

// TierOnEnd is what becomes of a level whose time is over and whose threshold was not met again.
type TierOnEnd string

const (
	TierKeep     TierOnEnd = "keep"      // it stays: nobody ever goes down
	TierOneStep  TierOnEnd = "one_step"  // one level down, or what the metric supports when that is higher
	TierByMetric TierOnEnd = "by_metric" // down to what the metric supports
)

// TierScheme is by which metric levels are earned and how they are kept. A change is a further row; the newest counts.
type TierScheme struct {
	ID         int64
	Metric     TierMetric
	Period     TierPeriod
	KeepMonths int // for how long a level is valid
	OnEnd      TierOnEnd
	GraceDays  int // after the end, in which the threshold may still be met
	WarnDays   int // before the end; 0 does not warn
	CreatedBy  StaffID
	CreatedAt  time.Time
}

// TableName names the table.
func (TierScheme) TableName() string { return "tier_schemes" }

// TierLevel is one level. Levels are ordered by their thresholds, of which the lowest is 0.
type TierLevel struct {
	ID                 TierLevelID
	PublicID           PublicID
	Name               string
	Threshold          int64       // of the metric: fen or points
	PointsMultiplierBP BasisPoints // 10000 is the usual points, 20000 doubles them
	Benefits           string      // in words, one a line
	Icon               string      // a URL or a name that the mini-program knows; may be empty
	GiftTemplate       PublicID    // of the coupon for reaching it; may be empty
	CreatedBy          StaffID
	CreatedAt          time.Time
}

// TableName names the table.
func (TierLevel) TableName() string { return "tier_levels" }

// MemberTier is where a member stands. Members without a row stand on the lowest level and never stood elsewhere.
type MemberTier struct {
	MemberID   MemberID `gorm:"primaryKey;autoIncrement:false"`
	LevelID    TierLevelID
	Since      time.Time
	ValidUntil time.Time // first instant after the level's time; Never for the lowest level
	// Basis is the metric with which the level was earned or kept, summed from BasisFrom to BasisAt; Refunded is how much of
	// it was given back since.
	Basis              int64
	BasisFrom, BasisAt time.Time
	Refunded           int64
	Seq                int64      // of the latest move
	WarnedUntil        *time.Time // the ValidUntil of which the member was warned
	LockedUntil        *time.Time // staff have fixed the level until this instant
}

// TableName names the table.
func (MemberTier) TableName() string { return "member_tiers" }

// TierReason is why a member moved, or stayed.
type TierReason string

const (
	TierQualified  TierReason = "qualified"   // the metric reached a higher threshold
	TierKept       TierReason = "kept"        // the level was renewed
	TierDowngraded TierReason = "downgraded"  // its time was over
	TierRefunded   TierReason = "refund"      // the money that earned it was given back
	TierLocked     TierReason = "manual_lock" // staff fixed it
	TierUnlocked   TierReason = "unlock"      // staff ended that early
	TierMerged     TierReason = "merged"      // another member of a higher level is the same person
	TierSplit      TierReason = "split"       // he is not
)

// TierMove is one line of a member's history, numbered 1, 2, 3 … without gaps.
type TierMove struct {
	MemberID  MemberID `gorm:"primaryKey;autoIncrement:false"`
	Seq       int64    `gorm:"primaryKey;autoIncrement:false"`
	FromLevel TierLevelID
	ToLevel   TierLevelID
	Reason    TierReason
	Metric    int64 // at that time
	// ValidUntil is the end of the level from this move on.
	ValidUntil time.Time
	StaffID    StaffID // 0 when no staff did it
	Note       string
	At         time.Time
}

// TableName names the table.
func (TierMove) TableName() string { return "tier_moves" }

// TierReach is that a member reached a level for the first time. It happens once for ever, and so does the gift.
type TierReach struct {
	MemberID     MemberID    `gorm:"primaryKey;autoIncrement:false"`
	LevelID      TierLevelID `gorm:"primaryKey;autoIncrement:false"`
	GiftTemplate PublicID    // as it was at that time
	At           time.Time
}

// TableName names the table.
func (TierReach) TableName() string { return "tier_reaches" }

// TierPass is one run over all members, and how far it is.
type TierPass struct {
	ID          int64
	Name        string // the business day and the rules, "2026-11-21:3f2a…"
	AfterMember MemberID
	Members     int64 // looked at
	Moved       int64
	StartedAt   time.Time
	DoneAt      *time.Time
}

// TableName names the table.
func (TierPass) TableName() string { return "tier_passes" }
