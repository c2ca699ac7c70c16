package mall

import (
	"time"

	"huitou/model"
)

// Gift is a gift as it is shown.
type Gift struct {
	ID             model.PublicID
	Name           string
	Description    string
	Kind           model.GiftKind
	CouponTemplate model.PublicID // for kind coupon
	Price          model.Points
	Stock          int64 // -1 = unlimited
	PerMember      int64 // redemptions per member for life; 0 = no limit
	StartsAt       *time.Time
	EndsAt         *time.Time
	State          model.GiftState
	Sort           int64
	CreatedAt      time.Time
	Replayed       bool `json:"-"`
}

func giftView(g model.Gift) Gift {
	v := Gift{ID: g.PublicID, Name: g.Name, Description: g.Description, Kind: g.Kind, CouponTemplate: g.CouponTemplate, Price: g.Price,
		Stock: g.Stock, PerMember: g.PerMember, StartsAt: g.StartsAt, EndsAt: g.EndsAt, State: g.State, Sort: g.Sort, CreatedAt: g.CreatedAt}
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
	State  model.RedemptionState
	Code   string         // for the counter, kind pickup
	Coupon model.PublicID // kind coupon
	At     time.Time
	// ClosedAt is when it was handed out or cancelled.
	ClosedAt *time.Time
	// Replayed is true when this answers a repeated command.
	Replayed bool `json:"-"`
}

func redemptionView(r model.Redemption, gift model.PublicID) Redemption {
	v := Redemption{ID: r.PublicID, Member: r.MemberID, Gift: gift, Name: r.GiftName, Kind: r.Kind, Points: r.Points, State: r.State,
		At: r.CreatedAt, ClosedAt: r.ClosedAt}
	if r.Code != nil {
		v.Code = *r.Code
	}
	if r.CouponID != nil {
		v.Coupon = *r.CouponID
	}
	return v
}
