package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/memberships"
	"huitou/service/staff"
)

// Memberships declares what staff do about plans of the paid card.
func Memberships(r *web.Routes, s *memberships.Service) {
	web.Post(r, "/membership-plans", web.Staff(staff.PlansManage), web.Doc{
		ID: "create-membership-plan", Summary: "新建会员卡方案", Tag: "memberships", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid},
	}, func(ctx context.Context, in *newMembershipPlanIn) (*membershipPlanOut, error) {
		p, err := s.CreatePlan(ctx, in.command(ctx))
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, p.Replayed)
		return &membershipPlanOut{Body: membershipPlanOf(p)}, nil
	})

	web.Get(r, "/membership-plans", web.Staff(staff.PlansManage), web.Doc{
		ID: "list-all-membership-plans", Summary: "全部会员卡方案", Tag: "memberships",
	}, func(ctx context.Context, _ *struct{}) (*membershipPlansOut, error) {
		plans, err := s.AllPlans(ctx)
		if err != nil {
			return nil, err
		}
		out := &membershipPlansOut{}
		out.Body.Plans = make([]membershipPlan, len(plans))
		for i, p := range plans {
			out.Body.Plans[i] = membershipPlanOf(p)
		}
		return out, nil
	})
}

type newMembershipPlanIn struct {
	web.Idempotent
	Body struct {
		Name               string                 `json:"name" minLength:"1" maxLength:"30" example:"年卡"`
		PriceFen           model.Fen              `json:"price_fen" minimum:"1" maximum:"100000000"`
		ListPriceFen       model.Fen              `json:"list_price_fen" minimum:"1" maximum:"1000000000" doc:"划线价,不低于售价"`
		Unit               model.PlanUnit         `json:"unit" enum:"months,days,lifetime"`
		Length             int                    `json:"length" minimum:"0" maximum:"3660" doc:"1-120 个月或 1-3660 天;终身为 0"`
		PointsMultiplierBP model.BasisPoints      `json:"points_multiplier_bp,omitempty" default:"10000" minimum:"10000" maximum:"100000" doc:"20000 为双倍积分"`
		PercentOffBP       model.BasisPoints      `json:"percent_off_bp,omitempty" minimum:"0" maximum:"9000" doc:"会员价减免,500 即 9.5 折"`
		Coupons            []membershipPlanCoupon `json:"coupons,omitempty" maxItems:"10" doc:"每月赠券"`
		OnSale             bool                   `json:"on_sale"`
		SaleFrom           *time.Time             `json:"sale_from,omitempty"`
		SaleUntil          *time.Time             `json:"sale_until,omitempty"`
	}
}

type membershipPlanCoupon struct {
	Template model.PublicID `json:"template" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Quantity int            `json:"quantity" minimum:"1" maximum:"20"`
}

func (in *newMembershipPlanIn) command(ctx context.Context) memberships.NewPlan {
	b := in.Body
	cmd := memberships.NewPlan{
		Staff: web.Actor(ctx).ID, Name: b.Name, Price: b.PriceFen, ListPrice: b.ListPriceFen, Unit: b.Unit, Length: b.Length,
		PointsMultiplier: b.PointsMultiplierBP, PercentOff: b.PercentOffBP, OnSale: b.OnSale,
		SaleFrom: b.SaleFrom, SaleUntil: b.SaleUntil, Key: in.Key(ctx),
	}
	for _, c := range b.Coupons {
		cmd.Coupons = append(cmd.Coupons, memberships.CouponBenefit{Template: c.Template, Quantity: c.Quantity})
	}
	return cmd
}

type membershipPlanOut struct{ Body membershipPlan }

type membershipPlansOut struct {
	Body struct {
		Plans []membershipPlan `json:"plans"`
	}
}

type membershipPlan struct {
	ID                 model.PublicID         `json:"id"`
	Name               string                 `json:"name"`
	PriceFen           model.Fen              `json:"price_fen"`
	ListPriceFen       model.Fen              `json:"list_price_fen"`
	Unit               model.PlanUnit         `json:"unit"`
	Length             int                    `json:"length"`
	PointsMultiplierBP model.BasisPoints      `json:"points_multiplier_bp"`
	PercentOffBP       model.BasisPoints      `json:"percent_off_bp"`
	Coupons            []membershipPlanCoupon `json:"coupons"`
	Benefits           []string               `json:"benefits"`
	OnSaleNow          bool                   `json:"on_sale_now"`
	SaleFrom           *time.Time             `json:"sale_from,omitempty"`
	SaleUntil          *time.Time             `json:"sale_until,omitempty"`
	CreatedAt          time.Time              `json:"created_at"`
}

func membershipPlanOf(p memberships.Plan) membershipPlan {
	v := membershipPlan{
		ID: p.ID, Name: p.Name, PriceFen: p.Price, ListPriceFen: p.ListPrice, Unit: p.Unit, Length: p.Length,
		PointsMultiplierBP: p.PointsMultiplierBP, PercentOffBP: p.PercentOffBP, Coupons: make([]membershipPlanCoupon, len(p.Coupons)),
		Benefits: p.Benefits, OnSaleNow: p.OnSale, SaleFrom: p.SaleFrom, SaleUntil: p.SaleUntil, CreatedAt: p.CreatedAt,
	}
	for i, c := range p.Coupons {
		v.Coupons[i] = membershipPlanCoupon{c.Template, c.Quantity}
	}
	return v
}
