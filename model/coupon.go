package model

import "time"

// CouponKind says how a coupon takes money off.
type CouponKind string

// The kinds of coupon.
const (
	CouponAmount  CouponKind = "amount"  // 满减券, 代金券: a fixed amount
	CouponPercent CouponKind = "percent" // 折扣券: a share, at most the cap
	// 兑换券: one piece of the goods in its scope, the dearest, at most the cap
	CouponExchange CouponKind = "exchange"
	CouponFreight  CouponKind = "freight" // 运费券: the freight, at most the cap
)

// CouponAudience says which members may claim a coupon. Staff and events decide for themselves whom they give one.
type CouponAudience string

// The audiences.
const (
	ForEveryone    CouponAudience = "everyone"
	ForNewcomers   CouponAudience = "newcomers"   // members who have not bought yet
	ForBuyers      CouponAudience = "buyers"      // members who have bought
	ForCardholders CouponAudience = "cardholders" // members whose paid card is valid now
	ForTiers       CouponAudience = "tiers"       // members who stand on one of some levels now
	ForTagged      CouponAudience = "tags"        // members who have one of some tags now
)

// CouponRefund says what becomes of a used coupon when its whole order is refunded. A partial refund leaves it used.
type CouponRefund string

// The refund policies.
const (
	RefundReturn CouponRefund = "return" // it comes back with the end that it had
	RefundKeep   CouponRefund = "keep"   // it stays used
	RefundGrace  CouponRefund = "grace"  // it comes back and is good for at least so many days more
)

// CouponConditions say where a coupon is good for, with which others, and what a refund does. They are shared by all coupons
// of a template and never change once stored. The zero value is all goods in all stores, used alone, returned on refund.
type CouponConditions struct {
	Scope CouponScope `json:"scope"`
	// Stores are the codes of the stores where it is good; empty is everywhere.
	Stores []string `json:"stores,omitempty"`
	// Group is the stacking group: coupons of different groups go together, at most one of each. Empty: it is used alone.
	Group string `json:"group,omitempty"`
	// Priority orders the coupons of one cart: the higher one is taken off first.
	Priority int64 `json:"priority,omitempty"`
	// Refund is RefundReturn when empty. GraceDays belong to RefundGrace.
	Refund    CouponRefund `json:"refund,omitempty"`
	GraceDays int64        `json:"grace_days,omitempty"`
}

// CouponScope is the set of goods that a coupon is good for: those with a listed SKU or in a listed category, or all when
// neither is listed; less the excepted ones. Categories are paths, "服装/童装": one stands for itself and all below it.
type CouponScope struct {
	SKUs             []string `json:"skus,omitempty"`
	Categories       []string `json:"categories,omitempty"`
	ExceptSKUs       []string `json:"except_skus,omitempty"`
	ExceptCategories []string `json:"except_categories,omitempty"`
}

// StoredConditions is the row of conditions: Conditions is their JSON, Hash its SHA-256. Rows are never changed.
type StoredConditions struct {
	ID         CouponTermsID
	Hash       string
	Conditions string
	CreatedAt  time.Time
}

// TableName names the table.
func (StoredConditions) TableName() string { return "coupon_terms" }

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
	// CapFen is the most that a percent, exchange or freight coupon takes off; 0 is no cap.
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
	// TermsID points at the conditions; 0 is the zero ones.
	TermsID  CouponTermsID
	Audience CouponAudience
	// AudienceOf names the levels or tags of an audience that is made of some, by their public ids with commas between.
	AudienceOf string
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
	// PerDay is how many one member gets on one business day; 0 is no limit.
	PerDay int64
	// BudgetFen bounds what all coupons of the template together take off, 0 is no bound. SpentFen is what they took off
	// or are held for; it is kept while there is a budget.
	BudgetFen, SpentFen Fen
	// Revision grows with each edit before the first coupon was given.
	Revision int64
	// Claimable and Issuable are the open channels: members may take, staff and events may give.
	Claimable, Issuable bool
	// Transferable says that a holder may pass a coupon on to a friend.
	Transferable         bool
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
	TermsID     CouponTermsID // the conditions; 0 is the zero ones
	// UsableFrom and UsableUntil are half-open.
	UsableFrom, UsableUntil time.Time
	State                   CouponState
	// OrderRef is set while the coupon is locked or redeemed, and only then.
	OrderRef    *string
	DiscountFen Fen // what it took off; 0 until redeemed
	IssuedAt    time.Time
	LockedAt    *time.Time
	RedeemedAt  *time.Time
	// LockedUntil ends a lock; from then on anybody may have the coupon. HeldFen is what the lock's order is to have off.
	LockedUntil *time.Time
	HeldFen     Fen
	Store       string // where it is locked or was redeemed; empty when nobody said
	Returns     int64  // how often a refund gave it back
	// TransferUntil ends an offer to a friend; set in state in_transfer, and only then.
	TransferUntil *time.Time
}

// TableName names the table.
func (Coupon) TableName() string { return "coupons" }

// CouponDaySlot is the row of one of a member's coupons of a template on a business day; Slot is 1 .. PerDay.
type CouponDaySlot struct {
	ID         int64
	TemplateID CouponTemplateID
	MemberID   MemberID
	Day        Day
	Slot       int64
	Coupon     PublicID
}

// TableName names the table.
func (CouponDaySlot) TableName() string { return "coupon_day_slots" }

// CouponReturnOutcome says what a refund did to a coupon.
type CouponReturnOutcome string

// The outcomes: it came back; its policy keeps it used; it had come back too often before.
const (
	CouponReturned CouponReturnOutcome = "returned"
	CouponKept     CouponReturnOutcome = "kept"
	CouponWornOut  CouponReturnOutcome = "worn_out"
)

// CouponReturn is the row of what the refund of an order did to a coupon that it had used.
type CouponReturn struct {
	ID          int64
	CouponID    CouponID
	OrderRef    string
	Outcome     CouponReturnOutcome
	DiscountFen Fen       // what the coupon had taken off
	UsableUntil time.Time // its end afterwards
	CreatedAt   time.Time
}

// TableName names the table.
func (CouponReturn) TableName() string { return "coupon_returns" }
