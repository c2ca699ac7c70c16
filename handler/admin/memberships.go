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
		ID: "create-membership-plan", Summary: "新建会员卡方案;warnings 是须知的平台规则", Tag: "会员卡", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, memberships.ErrNeedsVirtual, memberships.ErrNeedsJSAPI},
	}, func(ctx context.Context, in *newMembershipPlanIn) (*membershipPlanOut, error) {
		p, err := s.CreatePlan(ctx, in.command(ctx))
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, p.Replayed)
		return &membershipPlanOut{Body: membershipPlanOf(p)}, nil
	})

	web.Get(r, "/membership-plans", web.Staff(staff.PlansManage), web.Doc{
		ID: "list-all-membership-plans", Summary: "全部会员卡方案", Tag: "会员卡",
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
		Trial              bool                   `json:"trial,omitempty" doc:"体验卡:每人一次,按 unionid 与手机号识别"`
		MaxStack           int                    `json:"max_stack,omitempty" minimum:"0" maximum:"100" doc:"同时持有(含未开始)的期数上限,0 不限"`
		GraceDays          int                    `json:"grace_days,omitempty" minimum:"0" maximum:"30" doc:"到期后保留会员价的天数"`
		RefundPolicy       model.RefundPolicy     `json:"refund_policy,omitempty" enum:"none,whole,prorated" default:"none" doc:"none 不支持自助退款,whole 期限内全额减已享优惠,prorated 按未用天数减已享优惠"`
		RefundDays         int                    `json:"refund_days,omitempty" minimum:"0" maximum:"3660" doc:"开通后几天内可申请;prorated 可为 0,即有效期内"`
		Channel            model.PlanChannel      `json:"channel,omitempty" enum:"jsapi,virtual" doc:"不填由权益决定;填错会被拒绝并说明平台规则"`
		Extras             membershipExtras       `json:"extras,omitempty"`
	}
}

// membershipExtras are the benefits beyond member price, points and monthly coupons.
type membershipExtras struct {
	CheckInMultiplierBP model.BasisPoints   `json:"check_in_multiplier_bp,omitempty" default:"10000" minimum:"10000" maximum:"100000" doc:"20000 为签到双倍"`
	WelcomePoints       model.Points        `json:"welcome_points,omitempty" minimum:"0" maximum:"1000000" doc:"开卡送积分,退卡时按比例收回"`
	FreeFreight         int                 `json:"free_freight,omitempty" minimum:"0" maximum:"100" doc:"每月免运费次数"`
	BirthdayPoints      model.Points        `json:"birthday_points,omitempty" minimum:"0" maximum:"1000000"`
	BirthdayTemplate    model.PublicID      `json:"birthday_template,omitempty" maxLength:"24" pattern:"^[0-9a-z]*$" doc:"生日券模板"`
	EarlyHours          int                 `json:"early_hours,omitempty" minimum:"0" maximum:"168" doc:"领券、兑换提前小时数"`
	Services            []membershipService `json:"services,omitempty" maxItems:"10" nullable:"false" doc:"专属服务"`
}

type membershipService struct {
	Text   string `json:"text" minLength:"1" maxLength:"60"`
	Online bool   `json:"online,omitempty" doc:"仅在线上提供;决定应使用的支付方式"`
}

func (e membershipExtras) command() memberships.Extras {
	out := memberships.Extras{CheckInMultiplier: e.CheckInMultiplierBP, WelcomePoints: e.WelcomePoints, FreeFreight: e.FreeFreight,
		BirthdayPoints: e.BirthdayPoints, BirthdayTemplate: e.BirthdayTemplate, EarlyHours: e.EarlyHours}
	for _, s := range e.Services {
		out.Services = append(out.Services, model.PlanService{Text: s.Text, Online: s.Online})
	}
	return out
}

func membershipExtrasOf(e memberships.Extras) membershipExtras {
	out := membershipExtras{CheckInMultiplierBP: e.CheckInMultiplier, WelcomePoints: e.WelcomePoints, FreeFreight: e.FreeFreight,
		BirthdayPoints: e.BirthdayPoints, BirthdayTemplate: e.BirthdayTemplate, EarlyHours: e.EarlyHours}
	for _, s := range e.Services {
		out.Services = append(out.Services, membershipService{s.Text, s.Online})
	}
	return out
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
		SaleFrom: b.SaleFrom, SaleUntil: b.SaleUntil, Trial: b.Trial, MaxStack: b.MaxStack, GraceDays: b.GraceDays,
		Refund:  model.PlanRefund{RefundPolicy: b.RefundPolicy, RefundDays: b.RefundDays},
		Channel: b.Channel, Extras: b.Extras.command(), Key: in.Key(ctx),
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
	Warnings           []string               `json:"warnings" doc:"平台规则与经营提示"`
	Trial              bool                   `json:"trial"`
	MaxStack           int                    `json:"max_stack"`
	GraceDays          int                    `json:"grace_days"`
	RefundPolicy       model.RefundPolicy     `json:"refund_policy" enum:"none,whole,prorated"`
	RefundDays         int                    `json:"refund_days"`
	Channel            model.PlanChannel      `json:"channel" enum:"jsapi,virtual"`
	Extras             membershipExtras       `json:"extras"`
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
		Warnings: p.Warnings, Trial: p.Trial, MaxStack: p.MaxStack, GraceDays: p.GraceDays, RefundPolicy: p.Refund.RefundPolicy,
		RefundDays: p.Refund.RefundDays, Channel: p.Channel, Extras: membershipExtrasOf(p.Extras),
	}
	if v.Warnings == nil { // a stored reply from before there were warnings
		v.Warnings = []string{}
	}
	for i, c := range p.Coupons {
		v.Coupons[i] = membershipPlanCoupon{c.Template, c.Quantity}
	}
	return v
}
