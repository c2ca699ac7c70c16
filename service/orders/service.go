package orders

import (
	"context"
	"log/slog"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/coupons"
	"huitou/service/earning"
	"huitou/service/facts"
	"huitou/service/members"
	"huitou/service/points"
)

// Rules say what orders earn.
type Rules struct {
	// PointsPerYuan is the number of points for one yuan of paid goods, 0 to 1000.
	PointsPerYuan int64
	// PendingDays is how many whole business days after the day of payment the points become spendable; 0 is at once.
	PendingDays int
	// AwaitCompletion makes the points spendable when the shop completes the order, instead of after PendingDays.
	AwaitCompletion bool
	// Expiry is how long points live from when they become spendable; the zero rule is for ever.
	Expiry model.ExpiryRule
	// Clawback is what happens to points that a refunded order gave when the member has spent them; empty is allow_debt.
	Clawback model.ClawbackPolicy
}

// Deps is what the service needs. All but Earning, Multiplier, Tiers and Card are required.
type Deps struct {
	DB      *db.DB
	Members *members.Service
	Points  *points.Service
	Coupons *coupons.Service
	Facts   *facts.Log
	Log     *slog.Logger
	Rules   Rules
	// Earning works out what orders earn; nil makes one with PointsPerYuan and Multiplier, which are otherwise its own.
	Earning *earning.Service
	// Multiplier returns the rate at which a member earned points at an instant; nil means the whole for everybody.
	Multiplier func(ctx context.Context, tx *db.Tx, m model.MemberID, at time.Time) (model.BasisPoints, error)
	// Tiers is told what was paid for goods and what went back; nil is nobody.
	Tiers Tiers
	// Card is told what the paid card of a buyer saved him; nil is nobody.
	Card Card
}

// Service takes orders in. It is safe for concurrent use.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service {
	if d.Earning == nil {
		d.Earning = earning.New(earning.Deps{
			DB: d.DB, Members: d.Members, Points: d.Points, Log: d.Log, PerYuan: d.Rules.PointsPerYuan, Card: d.Multiplier,
		})
	}
	if d.Rules.Clawback == "" {
		d.Rules.Clawback = model.ClawWithDebt
	}
	return &Service{d}
}

// Paid is the fact that an order was paid in the shop.
type Paid struct {
	Order  model.OrderID   `json:"order"`
	Kind   model.OrderKind `json:"kind"`
	Member model.MemberID  `json:"member"`
	Source string          `json:"source"`
	Number string          `json:"number"`
	Amount model.Fen       `json:"amount_fen"`
	PaidAt time.Time       `json:"paid_at"`
}

// FactName is the kind of the fact.
func (Paid) FactName() string { return "orders.paid" }

// FactKey is unique for ever.
func (p Paid) FactKey() string { return ref(p.Order) + ":paid" }
