package demoshop

import (
	"time"

	"huitou/model"
)

// Options says what shop to invent. Equal options give equal shops.
type Options struct {
	Seed uint64
	// Members is the number of members, 1 to 1,000,000; 0 means 500.
	Members int
	// Months is the number of months of history before Now, 1 to 120; 0 means 18.
	Months int
	// Now is the instant at which the history ends; no member joins and nobody buys later.
	Now time.Time
}

// Shop is an invented shop.
type Shop struct {
	Name    string
	Goods   []Good
	Members []Member // by number, which is the order of joining
	Orders  []Order  // by PaidAt, then number
	Coupons []CouponTemplate
	Gifts   []Gift
	Plans   []Plan
}

// Good is one thing that the shop sells.
type Good struct {
	SKU      string
	Name     string
	Category string
	PriceFen model.Fen
}

// Member is one customer of the shop.
type Member struct {
	Number  string // in the shop's own system, "M00001"
	Name    string
	Phone   string // unassigned prefix 154, 11 digits, unique
	Joined  time.Time
	Follows bool // follows the official account
}

// Order is one paid purchase. GoodsFen + FreightFen − DiscountFen = PaidFen, and GoodsFen is the sum of the lines.
type Order struct {
	Number      string // date in the shop's zone and running number of the day, "SY202611110007"
	Member      int    // index into Shop.Members
	PaidAt      time.Time
	Lines       []Line
	GoodsFen    model.Fen
	FreightFen  model.Fen
	DiscountFen model.Fen
	PaidFen     model.Fen
}

// Line is one good in an order.
type Line struct {
	Good     int // index into Shop.Goods
	Quantity int // 1 or more
	PriceFen model.Fen
}

// CouponKind says how a coupon takes money off.
type CouponKind string

const (
	Amount  CouponKind = "amount"  // AmountFen off
	Percent CouponKind = "percent" // PercentOffBP off, at most CapFen
)

// CouponTemplate is a coupon that the shop offers.
type CouponTemplate struct {
	Name         string
	Rules        string
	Kind         CouponKind
	AmountFen    model.Fen
	PercentOffBP model.BasisPoints
	CapFen       model.Fen
	ThresholdFen model.Fen
	Total        int // -1: no end
	PerMember    int // for life
	ClaimDays    int // claimable from Now for so many days
	UseDays      int // usable for so many days from the claim
	Claimable    bool
	Issuable     bool
}

// GiftKind says what a redeemed gift is.
type GiftKind string

const (
	GiftCoupon GiftKind = "coupon" // a coupon of Shop.Coupons[Coupon], at once
	GiftPickup GiftKind = "pickup" // handed over at the counter against a code
)

// Gift is one thing in the points mall.
type Gift struct {
	Name      string
	Kind      GiftKind
	Coupon    int // index into Shop.Coupons; for GiftCoupon
	Points    model.Points
	Stock     int
	PerMember int
}

// Plan is a paid membership that the shop sells.
type Plan struct {
	Name             string
	PriceFen         model.Fen
	ListFen          model.Fen // the price shown struck through
	Months           int
	PointsMultiplier model.BasisPoints // 20000: twice the points
	PercentOffBP     model.BasisPoints // 500: five percent off goods
	Coupon, Coupons  int               // index of a coupon template, and how many of it each month
	FreeFreight      int               // orders without freight each month
	WelcomePoints    model.Points
	BirthdayPoints   model.Points
	CheckIn          model.BasisPoints // 20000: twice the points of a check-in; 0 as usual
	EarlyHours       int
	GraceDays        int
	WholeWithin      int      // days within which the whole price goes back; 0: the unused days, for as long as the card lasts
	Services         []string // in the shop, in its words
}
