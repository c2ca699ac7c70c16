package model

import "time"

// MembershipOrderID is the id of one purchase of a plan. (MembershipID is the id of a period.)
type MembershipOrderID int64

// PlanUnit is the unit of a plan's length.
type PlanUnit string

const (
	PlanMonths   PlanUnit = "months" // calendar months
	PlanDays     PlanUnit = "days"
	PlanLifetime PlanUnit = "lifetime" // no end; the length is 0
)

// Forever is the exclusive end of a lifetime period.
var Forever = NewDay(9999, time.December, 31)

// MembershipPlan is what can be bought. Its terms never change; a better offer is a new plan.
type MembershipPlan struct {
	ID                 PlanID
	PublicID           PublicID
	Name               string
	PriceFen           Fen // 1 or more
	ListPriceFen       Fen // the crossed-out price, at least PriceFen
	Unit               PlanUnit
	Length             int         // 0 for lifetime
	PointsMultiplierBP BasisPoints // 10000 is the usual points, 20000 doubles them
	PercentOffBP       BasisPoints // 500 takes five percent off goods; 0 .. 9999
	OnSale             bool
	SaleFrom           *time.Time // nil: at once
	SaleUntil          *time.Time // exclusive; nil: without end
	CreatedBy          StaffID
	CreatedAt          time.Time

	Trial      bool // once per person
	MaxStack   int  // periods of this plan that a member may have from today on; 0 is no limit of its own
	GraceDays  int  // days after the end on which the member price still holds
	Channel    PlanChannel
	PlanRefund `gorm:"embedded"`
	PlanExtras `gorm:"embedded"`
}

// PlanRefund is what a plan promises to those who want their money back.
type PlanRefund struct {
	RefundPolicy RefundPolicy
	// RefundDays is how many days, that of the activation included, a refund can be asked for; 0 is as long as the period lasts.
	RefundDays int
}

// RefundPolicy says how much of a card's price goes back.
type RefundPolicy string

const (
	NoRefund       RefundPolicy = "none"     // shoppers get nothing; staff may still decide otherwise
	WholeRefund    RefundPolicy = "whole"    // all days count as unused
	ProratedRefund RefundPolicy = "prorated" // the price of the unused days
)

// PlanChannel is the way of paying that WeChat's rules allow for what a plan gives.
type PlanChannel string

const (
	ChannelJSAPI   PlanChannel = "jsapi"   // WeChat Pay, for goods and services outside of the phone
	ChannelVirtual PlanChannel = "virtual" // WeChat's virtual payment, for rights that exist online only
)

// PlanExtras are the benefits of a plan beyond its points multiplier, member price and coupons. Zero values give nothing.
type PlanExtras struct {
	CheckInMultiplierBP BasisPoints // 10000 is the usual points of a check-in
	WelcomePoints       Points      // given when the card begins to be the member's
	FreeFreight         int         // orders without freight in each monthly cycle
	BirthdayPoints      Points      // once a year
	BirthdayTemplate    PublicID    // a coupon once a year; "" is none
	EarlyHours          int         // how much sooner the windows of coupons and gifts open
	Services            string      // JSON list of PlanService
}

// PlanService is a service in words that only card holders get.
type PlanService struct {
	Text   string `json:"text"`
	Online bool   `json:"online"` // it exists on the phone only, which decides how the card may be paid
}

// TableName names the table.
func (MembershipPlan) TableName() string { return "membership_plans" }

// MembershipPlanCoupon is a benefit of a plan: so many coupons of a template in each monthly cycle.
type MembershipPlanCoupon struct {
	ID         int64
	PlanID     PlanID
	Ordinal    int // 1, 2, …: the benefit's number within its plan
	TemplateID PublicID
	Quantity   int // for each cycle
}

// TableName names the table.
func (MembershipPlanCoupon) TableName() string { return "membership_plan_coupons" }

// MembershipOrderState is how far a purchase got beyond its payment.
type MembershipOrderState string

const (
	MembershipOrdered       MembershipOrderState = "created"
	MembershipActivated     MembershipOrderState = "activated"
	MembershipUndeliverable MembershipOrderState = "undeliverable" // paid, but nothing could be given: the money goes back
)

// MembershipOrder is one purchase of a plan.
type MembershipOrder struct {
	ID          MembershipOrderID
	Number      PublicID
	MemberID    MemberID
	PlanID      PlanID
	PriceFen    Fen // price at the time of the order
	PayOrderID  PayOrderID
	State       MembershipOrderState
	CreatedAt   time.Time
	ActivatedAt *time.Time
}

// TableName names the table.
func (MembershipOrder) TableName() string { return "membership_orders" }

// MembershipPeriodState says whether a period counts.
type MembershipPeriodState string

const (
	PeriodLive    MembershipPeriodState = "live"
	PeriodRevoked MembershipPeriodState = "revoked"
)

// MembershipPeriod is one span [FromDay, ToDay) of membership in the shop's days. Live periods of one member
// never overlap.
type MembershipPeriod struct {
	ID                 MembershipID
	MemberID           MemberID
	Seq                int // 1, 2, … for each member
	PlanID             PlanID
	OrderID            *MembershipOrderID // nil for a gift
	PayOrderID         *PayOrderID        // nil for a gift; unique: one payment adds time once (T37)
	PriceFen           Fen
	FromDay            Day
	ToDay              Day // exclusive
	Unit               PlanUnit
	Anchor             int // day of the month to which the ends of a chain of months return, 1 .. 31
	PointsMultiplierBP BasisPoints
	PercentOffBP       BasisPoints
	State              MembershipPeriodState
	CreatedAt          time.Time
	GiftSource         *string           // natural key of days that were given; nil for a period that was bought. Unique
	GiftDays           int64             // the days that were given; 0 for a period that was bought
	CodeID             *MembershipCodeID // the code that gave it; nil for others. Unique
}

// TableName names the table.
func (MembershipPeriod) TableName() string { return "membership_periods" }

// MembershipGrant is what one benefit gave in one cycle of a period; the unique (period, benefit, cycle) keeps a
// repeated job from giving twice.
type MembershipGrant struct {
	ID        int64
	PeriodID  MembershipID
	Benefit   int // ordinal of the plan's benefit
	Cycle     int // 0, 1, …
	Quantity  int // what the plan promises
	Granted   int // what was given
	Reason    string
	GrantedAt time.Time
}

// TableName names the table.
func (MembershipGrant) TableName() string { return "membership_grants" }

// MembershipSaving is money that a member really did not have to pay because of the card.
type MembershipSaving struct {
	ID         int64
	PeriodID   MembershipID
	Source     string // natural key: "order:12:member-price"
	Kind       string // member_price, coupon, freight
	AmountFen  Fen
	HappenedAt time.Time
}

// TableName names the table.
func (MembershipSaving) TableName() string { return "membership_savings" }
