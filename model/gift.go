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
	Plan           PublicID // for kind membership: whose benefits the days have
	Days           int64    // for kind membership
	Price          Points
	CashFen        Fen  // to be paid besides the points; 0 = points only
	Unlimited      bool // the stock does not count
	InitialStock   int64
	// Stock is initial stock + moves - redemptions that live. Of kind code it is what the pool has for newcomers.
	Stock     int64
	LowStock  int64    // staff are warned when the stock falls to this; 0 = never
	PerMember int64    // redemptions per member for life; 0 = no limit
	PerDay    int64    // and per business day
	PerWeek   int64    // and per week from Monday to Sunday
	MinTier   PublicID // the lowest level of the free tiers that may redeem it; empty = everybody
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

// GiftWindowSlot is one of the redemptions of a gift that a member may have within one day or week.
type GiftWindowSlot struct {
	GiftID       GiftID   `gorm:"primaryKey;autoIncrement:false"`
	MemberID     MemberID `gorm:"primaryKey;autoIncrement:false"`
	Span         string   `gorm:"primaryKey"` // "d2026-11-21", or "w2026-11-16" with the week's Monday
	Ordinal      int64    `gorm:"primaryKey;autoIncrement:false"`
	RedemptionID PublicID
}

// TableName names the table.
func (GiftWindowSlot) TableName() string { return "gift_window_slots" }

// GiftPoolCode is one code of a gift's pool. What it says is stored sealed and is shown to one member once.
type GiftPoolCode struct {
	ID           int64 `gorm:"primaryKey"`
	GiftID       GiftID
	CodeHash     string    // keyed hash: the same code is in a pool once
	Sealed       string    // encrypted for this gift
	RedemptionID *PublicID // whose it is; nil = free
	RevealedAt   *time.Time
	StaffID      StaffID
	At           time.Time
}

// TableName names the table.
func (GiftPoolCode) TableName() string { return "gift_codes" }

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
	RedemptionAwaiting  RedemptionState = "awaiting_payment" // points are held, money is to come
	RedemptionConfirmed RedemptionState = "confirmed"        // points are spent, the gift is not handed out
	RedemptionFulfilled RedemptionState = "fulfilled"        // the coupon, the days or the code were given
	RedemptionShipped   RedemptionState = "shipped"          // the goods are on their way
	RedemptionCompleted RedemptionState = "completed"        // the goods have arrived
	RedemptionPickedUp  RedemptionState = "picked_up"        // handed out at the counter
	RedemptionCancelled RedemptionState = "cancelled"        // points and stock went back; no money was taken
	RedemptionRefunded  RedemptionState = "refunded"         // points and stock went back, the money is due to go back
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
	CashFen   Fen
	// PayOrderID is the payment of CashFen, PayUntil the end of the time for it; nil when there is no cash part.
	PayOrderID *PayOrderID
	PayUntil   *time.Time
	State      RedemptionState
	Code       *string   // for the counter, kind pickup
	CouponID   *PublicID // kind coupon
	Address    string    // kind goods: where to, as it was, sealed for this redemption
	Carrier    string    // kind goods, once shipped
	Tracking   string    // the carrier's number
	Store      string    // where it was picked up
	StaffID    StaffID   // who handed out, shipped or cancelled; 0 = nobody yet
	Note       string
	CreatedAt  time.Time
	// ClosedAt is when it was handed out, shipped, cancelled or refunded; CompletedAt when shipped goods had arrived.
	ClosedAt    *time.Time
	CompletedAt *time.Time
}

// TableName names the table.
func (Redemption) TableName() string { return "redemptions" }
