package model

import "time"

// CouponKind says how a coupon takes money off.
type CouponKind string

// The kinds of coupon.
const (
	CouponAmount  CouponKind = "amount"  // 满减券, 代金券: a fixed amount
	CouponPercent CouponKind = "percent" // 折扣券: a share, at most the cap
)

// CouponTemplateState is where a template stands: draft -> active <-> paused -> ended. A paused template gives no coupons;
// those already held stay usable.
type CouponTemplateState string

// The states of a template.
const (
	TemplateDraft  CouponTemplateState = "draft"
	TemplateActive CouponTemplateState = "active"
	TemplatePaused CouponTemplateState = "paused"
	TemplateEnded  CouponTemplateState = "ended"
)

// CouponState is where a coupon stands: issued <-> locked -> redeemed. Expiry is no stored state: it is judged
// whenever a coupon is read or locked.
type CouponState string

// The states of a coupon. CouponExpired is never stored.
const (
	CouponIssued   CouponState = "issued"
	CouponLocked   CouponState = "locked"
	CouponRedeemed CouponState = "redeemed"
	CouponExpired  CouponState = "expired"
)

// CouponChannel says how a coupon came to its member.
type CouponChannel string

// The channels: the member took it, staff gave it, or something that happened gave it.
const (
	ChannelClaim CouponChannel = "claim"
	ChannelStaff CouponChannel = "staff"
	ChannelEvent CouponChannel = "event"
)

// CouponTerms is what a coupon is worth. A template's terms are copied into each coupon, so that a later edit never
// changes what somebody holds.
type CouponTerms struct {
	Kind CouponKind
	// AmountFen is what an amount coupon takes off.
	AmountFen Fen
	// PercentOffBP is the share that a percent coupon takes off: 2000 is 20 % off, "8 折".
	PercentOffBP BasisPoints `gorm:"column:percent_off_bp"`
	// CapFen is the most that a percent coupon takes off; 0 is no cap.
	CapFen Fen
	// ThresholdFen is the least value of eligible goods; 0 is none.
	ThresholdFen Fen
}

// CouponTemplate is the row of a template.
type CouponTemplate struct {
	ID          CouponTemplateID
	PublicID    PublicID
	Name        string
	RulesText   string
	CouponTerms `gorm:"embedded"`
	// ClaimFrom and ClaimUntil bound the claims, half-open; nil is no bound.
	ClaimFrom, ClaimUntil *time.Time
	// UseFrom and UseUntil are the fixed validity, half-open; both nil when UseDays counts.
	UseFrom, UseUntil *time.Time
	// UseDays is the validity in business days after the day of issue.
	UseDays int64
	// Total is the stock, -1 without end; Claimed is how many were given, by whatever channel.
	Total, Claimed int64
	// PerMember is how many one member gets for life; 0 is no limit.
	PerMember int64
	// Claimable and Issuable are the open channels: members may take, staff and events may give.
	Claimable, Issuable  bool
	State                CouponTemplateState
	CreatedBy            StaffID
	CreatedAt, UpdatedAt time.Time
}

// TableName names the table.
func (CouponTemplate) TableName() string { return "coupon_templates" }

// Coupon is the row of one right of one member.
type Coupon struct {
	ID         CouponID
	PublicID   PublicID
	Code       string // 16 random digits, for the counter
	TemplateID CouponTemplateID
	MemberID   MemberID
	// Slot is the ordinal 1 .. PerMember that this coupon fills; unique per template and member, nil without a limit.
	Slot *int64
	// Source is the cause that gave it, unique for ever; nil for a claim without a key.
	Source      *string
	Channel     CouponChannel
	StaffID     StaffID // who gave it; 0 when nobody of the staff did
	CouponTerms `gorm:"embedded"`
	// UsableFrom and UsableUntil are half-open.
	UsableFrom, UsableUntil time.Time
	State                   CouponState
	// OrderRef is set while the coupon is locked or redeemed, and only then.
	OrderRef    *string
	DiscountFen Fen // what it took off; 0 until redeemed
	IssuedAt    time.Time
	LockedAt    *time.Time
	RedeemedAt  *time.Time
}

// TableName names the table.
func (Coupon) TableName() string { return "coupons" }
