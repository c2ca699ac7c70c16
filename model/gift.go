package model

import "time"

// GiftKind says what a shopper gets for the points.
type GiftKind string

const (
	GiftCoupon     GiftKind = "coupon"     // a coupon, issued at once
	GiftPickup     GiftKind = "pickup"     // a thing, handed out at the counter against a code
	GiftGoods      GiftKind = "goods"      // a thing, sent to an address
	GiftMembership GiftKind = "membership" // days of paid membership
	GiftCode       GiftKind = "code"       // a code from a pool
)

// GiftState says whether a gift is on offer.
type GiftState string

const (
	GiftActive GiftState = "active"
	GiftPaused GiftState = "paused"
	GiftEnded  GiftState = "ended" // for good
)

// Gift is a thing in the points mall.
type Gift struct {
	ID             GiftID `gorm:"primaryKey"`
	PublicID       PublicID
	Name           string
	Description    string
	Kind           GiftKind
	CouponTemplate PublicID // for kind coupon
	Price          Points
	Unlimited      bool // the stock does not count
	InitialStock   int64
	Stock          int64 // initial stock + moves - redemptions that are not cancelled
	PerMember      int64 // redemptions per member for life; 0 = no limit
	// The gift is on offer in [StartsAt, EndsAt); nil = no bound.
	StartsAt, EndsAt *time.Time
	State            GiftState
	Sort             int64 // smaller first
	CreatedAt        time.Time
}

// TableName names the table.
func (Gift) TableName() string { return "gifts" }

// GiftSlot is one of the PerMember redemptions of a gift that a member may have; its primary key is the limit.
type GiftSlot struct {
	GiftID       GiftID   `gorm:"primaryKey;autoIncrement:false"`
	MemberID     MemberID `gorm:"primaryKey;autoIncrement:false"`
	Ordinal      int64    `gorm:"primaryKey;autoIncrement:false"`
	RedemptionID PublicID
}

// TableName names the table.
func (GiftSlot) TableName() string { return "gift_slots" }

// GiftStockMove is what staff added to a gift's stock or took from it.
type GiftStockMove struct {
	ID      int64 `gorm:"primaryKey"`
	GiftID  GiftID
	Delta   int64
	Source  string
	StaffID StaffID
	At      time.Time
}

// TableName names the table.
func (GiftStockMove) TableName() string { return "gift_stock_moves" }

// RedemptionState is how far an exchange is.
type RedemptionState string

const (
	RedemptionConfirmed RedemptionState = "confirmed" // points are spent, the gift is not handed out
	RedemptionFulfilled RedemptionState = "fulfilled" // the coupon was issued
	RedemptionPickedUp  RedemptionState = "picked_up" // handed out at the counter
	RedemptionCancelled RedemptionState = "cancelled" // points and stock went back
)

// Redemption is one exchange of points for a gift.
type Redemption struct {
	ID        RedemptionID `gorm:"primaryKey"`
	PublicID  PublicID
	MemberID  MemberID
	GiftID    GiftID
	GiftName  string // as it was at that time
	Kind      GiftKind
	Points    Points
	PointsSeq int64 // the member's ledger entry that paid
	State     RedemptionState
	Code      *string   // for the counter, kind pickup
	CouponID  *PublicID // kind coupon
	StaffID   StaffID   // who handed out or cancelled; 0 = nobody yet
	Note      string
	CreatedAt time.Time
	ClosedAt  *time.Time
}

// TableName names the table.
func (Redemption) TableName() string { return "redemptions" }
