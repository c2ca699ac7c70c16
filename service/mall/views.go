package mall

import (
	"time"

	"huitou/model"
	"huitou/wechat"
)

// Gift is a gift as it is shown.
type Gift struct {
	ID             model.PublicID
	Name           string
	Description    string
	Kind           model.GiftKind
	CouponTemplate model.PublicID // for kind coupon
	Plan           model.PublicID // for kind membership
	Days           int64          // for kind membership
	Price          model.Points
	Cash           model.Fen // to be paid besides; 0 = points only
	Stock          int64     // -1 = unlimited
	LowStock       int64
	Low            bool  // the stock has fallen to LowStock
	PerMember      int64 // redemptions per member for life; 0 = no limit
	PerDay         int64 // per business day
	PerWeek        int64 // per week from Monday to Sunday
	MinTier        model.PublicID
	StartsAt       *time.Time
	EndsAt         *time.Time
	State          model.GiftState
	Sort           int64
	CreatedAt      time.Time
	Replayed       bool `json:"-"`
}

func giftView(g model.Gift) Gift {
	v := Gift{ID: g.PublicID, Name: g.Name, Description: g.Description, Kind: g.Kind, CouponTemplate: g.CouponTemplate, Plan: g.Plan,
		Days: g.Days, Price: g.Price, Cash: g.CashFen, Stock: g.Stock, LowStock: g.LowStock,
		Low: g.LowStock > 0 && !g.Unlimited && g.Stock <= g.LowStock, PerMember: g.PerMember, PerDay: g.PerDay, PerWeek: g.PerWeek,
		MinTier: g.MinTier, StartsAt: g.StartsAt, EndsAt: g.EndsAt, State: g.State, Sort: g.Sort, CreatedAt: g.CreatedAt}
	if g.Unlimited {
		v.Stock = -1
	}
	return v
}

// Redemption is one exchange as it is shown to its member and to staff.
type Redemption struct {
	ID     model.PublicID
	Member model.MemberID
	Gift   model.PublicID
	Name   string // of the gift, as it was
	Kind   model.GiftKind
	Points model.Points
	Cash   model.Fen
	State  model.RedemptionState
	Code   string         // for the counter, kind pickup; empty until it is confirmed
	QR     string         // what the QR code for the counter says
	Coupon model.PublicID // kind coupon
	// PayOrder is the payment of the cash part, PayUntil the end of the time for it.
	PayOrder model.PayOrderID
	PayUntil *time.Time
	// Pay is what wx.requestPayment wants; only in the answer to Redeem.
	Pay *wechat.PayParams `json:"-"`
	// Address is where goods go; only where a single redemption is read.
	Address  *Address `json:"-"`
	Carrier  string
	Tracking string
	Store    string
	Note     string
	At       time.Time
	// ClosedAt is when it was handed out, shipped, cancelled or refunded; CompletedAt when shipped goods had arrived.
	ClosedAt    *time.Time
	CompletedAt *time.Time
	// Replayed is true when this answers a repeated command.
	Replayed bool `json:"-"`
}

func redemptionView(r model.Redemption, gift model.PublicID) Redemption {
	v := Redemption{ID: r.PublicID, Member: r.MemberID, Gift: gift, Name: r.GiftName, Kind: r.Kind, Points: r.Points, State: r.State,
		Cash: r.CashFen, PayUntil: r.PayUntil, Carrier: r.Carrier, Tracking: r.Tracking, Store: r.Store, Note: r.Note,
		At: r.CreatedAt, ClosedAt: r.ClosedAt, CompletedAt: r.CompletedAt}
	if r.Code != nil {
		v.Code, v.QR = *r.Code, pickUpQR+*r.Code
	}
	if r.PayOrderID != nil {
		v.PayOrder = *r.PayOrderID
	}
	if r.CouponID != nil {
		v.Coupon = *r.CouponID
	}
	return v
}
