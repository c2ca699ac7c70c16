package model

import "time"

// OrderKind says what was bought.
type OrderKind string

// The kinds of order. Only goods orders earn points and count for repurchase.
const (
	OrderGoods      OrderKind = "goods"
	OrderMembership OrderKind = "membership"
	OrderPoints     OrderKind = "points"
)

// OrderState is how much of the money was given back.
type OrderState string

// The states of an order. An effective order is of kind goods and not wholly refunded.
const (
	OrderPaid         OrderState = "paid"
	OrderPartRefunded OrderState = "part_refunded"
	OrderRefunded     OrderState = "refunded"
)

// OrderOrigin says how we learnt of an order.
type OrderOrigin string

// The origins: the shop's system told us when it was paid, or a file of history did later.
const (
	OriginIngest OrderOrigin = "ingest"
	OriginImport OrderOrigin = "import"
)

// Order is the row of an order that was paid in the shop.
type Order struct {
	ID OrderID
	// Source is the shop's system or the file; Number is unique within it.
	Source, Number string
	MemberID       MemberID
	Kind           OrderKind
	State          OrderState
	Origin         OrderOrigin
	PaidAt         time.Time
	// GoodsFen + FreightFen - DiscountFen = PaidFen.
	GoodsFen, FreightFen, DiscountFen, PaidFen Fen
	RefundedFen                                Fen
	PointsEarned                               Points
	// CouponCode is what the shop sent. CouponID is set when that coupon was used, CouponReason says why not.
	CouponCode        string
	CouponID          *CouponID
	CouponDiscountFen Fen
	CouponReason      string
	// MemberSavingFen is the part of DiscountFen that the buyer's paid card took off, FreeFreightFen the freight that it spared
	// him, which is not in FreightFen; both as the shop says. CardSavedFen is what was counted as saved, CardReason why not all.
	MemberSavingFen, FreeFreightFen Fen
	CardSavedFen                    Fen
	CardReason                      string
	// ContentHash tells a repetition from a different order under the same number.
	ContentHash string
	RecordedAt  time.Time
}

// TableName names the table.
func (Order) TableName() string { return "orders" }

// OrderLine is the row of one line of an order; Line counts from 1.
type OrderLine struct {
	ID             int64
	OrderID        OrderID
	Line           int64
	SKU            string `gorm:"column:sku"`
	Name, Category string
	Quantity       int64
	PriceFen       Fen // of one piece, before discounts
}

// TableName names the table.
func (OrderLine) TableName() string { return "order_lines" }

// OrderCoupon is the row of a coupon that an order brought beside its first one; Ordinal counts from 2.
type OrderCoupon struct {
	ID      int64
	OrderID OrderID
	Ordinal int64
	Code    string
	// CouponID is set when the coupon was used, Reason says why not.
	CouponID    *CouponID
	DiscountFen Fen
	Reason      string
}

// TableName names the table.
func (OrderCoupon) TableName() string { return "order_coupons" }
