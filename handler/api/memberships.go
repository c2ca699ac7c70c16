package api

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/memberships"
	"huitou/service/payments"
	"huitou/wechat"
)

// Memberships declares what a shopper does about the paid card: look at plans, buy one, follow the order, see the card.
func Memberships(r *web.Routes, s *memberships.Service) {
	web.Get(r, "/membership-plans", web.Shopper, web.Doc{
		ID: "list-membership-plans", Summary: "在售会员卡方案", Tag: "memberships",
	}, func(ctx context.Context, _ *struct{}) (*membershipPlansOut, error) {
		plans, err := s.Plans(ctx)
		if err != nil {
			return nil, err
		}
		return &membershipPlansOut{Body: membershipPlansOf(plans)}, nil
	})

	web.Post(r, "/membership-orders", web.Shopper, web.Doc{
		ID: "buy-membership", Summary: "购买会员卡", Tag: "memberships", Status: http.StatusCreated,
		Errors: []*fault.Fault{memberships.ErrPlanUnknown, memberships.ErrNotOnSale, memberships.ErrLifetime, memberships.ErrTooFar,
			payments.ErrPaid, payments.ErrClosed, payments.ErrNoPayer, payments.ErrGateway, payments.ErrRefused},
	}, func(ctx context.Context, in *buyMembershipIn) (*membershipBoughtOut, error) {
		b, err := s.Buy(ctx, memberships.Buy{Member: web.Member(ctx), Plan: in.Body.Plan, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, b.Replayed)
		return &membershipBoughtOut{Body: membershipBought{b.Number, b.Price, b.Pay}}, nil
	})

	web.Get(r, "/membership-orders/{number}", web.Shopper, web.Doc{
		ID: "read-membership-order", Summary: "会员卡订单", Tag: "memberships", Errors: []*fault.Fault{memberships.ErrUnknown},
	}, func(ctx context.Context, in *membershipOrderIn) (*membershipOrderOut, error) {
		o, err := s.Order(ctx, web.Member(ctx), in.Number)
		if err != nil {
			return nil, err
		}
		return &membershipOrderOut{Body: membershipOrderOf(o)}, nil
	})

	web.Get(r, "/me/membership", web.Shopper, web.Doc{
		ID: "read-membership", Summary: "我的会员卡", Tag: "memberships",
	}, func(ctx context.Context, _ *struct{}) (*membershipOut, error) {
		c, err := s.Current(ctx, web.Member(ctx))
		if err != nil {
			return nil, err
		}
		return &membershipOut{Body: membershipOf(c)}, nil
	})
}

type membershipPlansOut struct{ Body membershipPlans }

type membershipPlans struct {
	Plans []membershipPlan `json:"plans"`
}

type membershipPlan struct {
	ID           model.PublicID `json:"id"`
	Name         string         `json:"name" example:"年卡"`
	PriceFen     model.Fen      `json:"price_fen"`
	ListPriceFen model.Fen      `json:"list_price_fen" doc:"划线价"`
	Unit         model.PlanUnit `json:"unit" enum:"months,days,lifetime"`
	Length       int            `json:"length" doc:"0 表示终身"`
	LengthWords  string         `json:"length_words" example:"1 年"`
	Benefits     []string       `json:"benefits" example:"[\"会员价 9.5 折\"]"`
	// BreakEven is left out when the plan has no member price.
	BreakEvenFen model.Fen  `json:"break_even_fen,omitempty" doc:"按会员价购满该金额即回本"`
	Hint         string     `json:"hint,omitempty" example:"消费满 1980.00 元即可回本"`
	SaleUntil    *time.Time `json:"sale_until,omitempty"`
}

func membershipPlansOf(plans []memberships.Plan) membershipPlans {
	out := membershipPlans{Plans: make([]membershipPlan, len(plans))}
	for i, p := range plans {
		v := membershipPlan{
			ID: p.ID, Name: p.Name, PriceFen: p.Price, ListPriceFen: p.ListPrice, Unit: p.Unit, Length: p.Length,
			LengthWords: p.LengthWords, Benefits: p.Benefits, BreakEvenFen: p.BreakEven, SaleUntil: p.SaleUntil,
		}
		if p.BreakEven > 0 {
			v.Hint = "消费满 " + p.BreakEven.String() + " 元即可回本"
		}
		out.Plans[i] = v
	}
	return out
}

type buyMembershipIn struct {
	web.Idempotent
	Body struct {
		// There is no price here: the plan has one.
		Plan model.PublicID `json:"plan" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$" doc:"方案 id"`
	}
}

type membershipBoughtOut struct{ Body membershipBought }

type membershipBought struct {
	Number   model.PublicID   `json:"number"`
	PriceFen model.Fen        `json:"price_fen"`
	Pay      wechat.PayParams `json:"pay" doc:"原样交给 wx.requestPayment"`
}

type membershipOrderIn struct {
	Number model.PublicID `path:"number" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type membershipOrderOut struct{ Body membershipOrderView }

type membershipOrderView struct {
	Number    model.PublicID         `json:"number"`
	Plan      string                 `json:"plan"`
	PriceFen  model.Fen              `json:"price_fen"`
	State     memberships.OrderState `json:"state" enum:"unpaid,paid,activated,closed,refund_due" doc:"activated 表示会员卡已生效"`
	From      string                 `json:"from,omitempty" doc:"会员期首日"`
	To        string                 `json:"to,omitempty" doc:"会员期结束日(不含);终身卡没有"`
	CreatedAt time.Time              `json:"created_at"`
	PaidAt    *time.Time             `json:"paid_at,omitempty"`
	ExpiresAt time.Time              `json:"expires_at" doc:"支付截止时刻"`
}

func membershipOrderOf(o memberships.Order) membershipOrderView {
	return membershipOrderView{
		Number: o.Number, Plan: o.Plan, PriceFen: o.Price, State: o.State, From: o.From.String(), To: endDay(o.To),
		CreatedAt: o.CreatedAt, PaidAt: o.PaidAt, ExpiresAt: o.ExpiresAt,
	}
}

// endDay leaves the end of a lifetime out: there is none.
func endDay(d model.Day) string {
	if d == model.Forever {
		return ""
	}
	return d.String()
}

type membershipOut struct{ Body membershipView }

type membershipView struct {
	Active bool `json:"active"`
	// The rest is left out without a card.
	Plan               string            `json:"plan,omitempty"`
	From               string            `json:"from,omitempty" doc:"当前会员期首日"`
	To                 string            `json:"to,omitempty" doc:"当前会员期结束日(不含)"`
	Until              string            `json:"until,omitempty" doc:"含已续期部分的结束日(不含)"`
	DaysLeft           int               `json:"days_left"`
	Lifetime           bool              `json:"lifetime"`
	Benefits           []string          `json:"benefits"`
	PercentOffBP       model.BasisPoints `json:"percent_off_bp"`
	PointsMultiplierBP model.BasisPoints `json:"points_multiplier_bp" doc:"10000 为一倍"`
	FeeFen             model.Fen         `json:"fee_fen"`
	SavedFen           model.Fen         `json:"saved_fen" doc:"本期已真实节省"`
	ToBreakEvenFen     model.Fen         `json:"to_break_even_fen" doc:"距回本还差"`
}

func membershipOf(c memberships.Card) membershipView {
	v := membershipView{
		Active: c.Active, Plan: c.Plan, From: c.From.String(), To: endDay(c.To), Until: endDay(c.Until), DaysLeft: c.DaysLeft,
		Lifetime: c.Lifetime, Benefits: c.Benefits, PercentOffBP: c.PercentOff, PointsMultiplierBP: c.Multiplier,
		FeeFen: c.Fee, SavedFen: c.Saved, ToBreakEvenFen: c.ToBreakEven,
	}
	if !c.Active {
		v.Benefits, v.PointsMultiplierBP = []string{}, model.WholeBP
	}
	return v
}
