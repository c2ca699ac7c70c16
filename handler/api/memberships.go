package api

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/memberships"
	"huitou/service/payments"
	"huitou/wechat"
)

// Memberships declares what a shopper does about the paid card: look at plans, buy one, follow the order, see the card and what it saved,
// activate a code, ask for money back.
func Memberships(r *web.Routes, s *memberships.Service) {
	membershipPurchase(r, s)
	membershipCard(r, s)
	membershipRefunds(r, s)
}

func membershipPurchase(r *web.Routes, s *memberships.Service) {
	web.Get(r, "/membership-plans", web.Shopper, web.Doc{
		ID: "list-membership-plans", Summary: "在售会员卡方案,含购买前的回本估算", Tag: "会员卡",
	}, func(ctx context.Context, _ *struct{}) (*membershipPlansOut, error) {
		offers, err := s.Offers(ctx, web.Member(ctx))
		if err != nil {
			return nil, err
		}
		return &membershipPlansOut{Body: membershipPlansOf(offers)}, nil
	})

	web.Post(r, "/membership-orders", web.Shopper, web.Doc{
		ID: "buy-membership", Summary: "购买会员卡", Tag: "会员卡", Status: http.StatusCreated,
		Errors: []*fault.Fault{memberships.ErrPlanUnknown, memberships.ErrNotOnSale, memberships.ErrNeedsVirtual, memberships.ErrNeedsJSAPI,
			memberships.ErrLifetime, memberships.ErrTooFar, memberships.ErrStacked, memberships.ErrTrialUsed,
			payments.ErrPaid, payments.ErrClosed, payments.ErrNoPayer, payments.ErrChannelOff, payments.ErrLoginCode, payments.ErrGateway, payments.ErrRefused},
	}, func(ctx context.Context, in *buyMembershipIn) (*membershipBoughtOut, error) {
		b, err := s.Buy(ctx, memberships.Buy{Member: web.Member(ctx), Plan: in.Body.Plan, Channel: in.Body.Channel, LoginCode: in.Body.LoginCode, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, b.Replayed)
		return &membershipBoughtOut{Body: membershipBought{b.Number, b.Price, b.Pay, b.Virtual}}, nil
	})

	web.Get(r, "/membership-orders/{number}", web.Shopper, web.Doc{
		ID: "read-membership-order", Summary: "会员卡订单", Tag: "会员卡", Errors: []*fault.Fault{memberships.ErrUnknown},
	}, func(ctx context.Context, in *membershipOrderIn) (*membershipOrderOut, error) {
		o, err := s.Order(ctx, web.Member(ctx), in.Number)
		if err != nil {
			return nil, err
		}
		return &membershipOrderOut{Body: membershipOrderOf(o)}, nil
	})
}

func membershipCard(r *web.Routes, s *memberships.Service) {
	web.Get(r, "/me/membership", web.Shopper, web.Doc{
		ID: "read-membership", Summary: "我的会员卡", Tag: "会员卡",
	}, func(ctx context.Context, _ *struct{}) (*membershipOut, error) {
		c, err := s.Current(ctx, web.Member(ctx))
		if err != nil {
			return nil, err
		}
		return &membershipOut{Body: membershipOf(c)}, nil
	})

	web.Get(r, "/me/membership/periods", web.Shopper, web.Doc{
		ID: "list-membership-periods", Summary: "我的会员期,新的在前", Tag: "会员卡", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *membershipPeriodsIn) (*membershipPeriodsOut, error) {
		list, next, err := s.History(ctx, web.Member(ctx), in.Page())
		if err != nil {
			return nil, err
		}
		return &membershipPeriodsOut{Body: membershipPeriodsOf(list, next)}, nil
	})

	web.Post(r, "/me/membership/codes", web.Shopper, web.Doc{
		ID: "use-membership-code", Summary: "用卡密激活会员卡;同一会员重复提交得到同一结果", Tag: "会员卡", Status: http.StatusCreated, Known: http.StatusOK,
		Errors: []*fault.Fault{memberships.ErrCodeTypo, memberships.ErrCodeUnknown, memberships.ErrCodeUsed, memberships.ErrCodeLapsed,
			memberships.ErrGuessing, memberships.ErrLifetime, memberships.ErrTooFar, memberships.ErrTrialUsed},
	}, func(ctx context.Context, in *useMembershipCodeIn) (*openedMembershipOut, error) {
		o, err := s.UseCode(ctx, memberships.UseCode{Member: web.Member(ctx), Code: in.Body.Code})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, o.Replayed)
		out := &openedMembershipOut{Status: http.StatusCreated, Body: openedMembership{o.Plan, o.From.String(), endDay(o.To)}}
		if o.Replayed {
			out.Status = http.StatusOK
		}
		return out, nil
	})
}

func membershipRefunds(r *web.Routes, s *memberships.Service) {
	web.Get(r, "/membership-orders/{number}/refund", web.Shopper, web.Doc{
		ID: "quote-membership-refund", Summary: "现在可退多少:单价×未用天数÷总天数,减去已享受的优惠", Tag: "会员卡",
		Errors: []*fault.Fault{memberships.ErrUnknown, memberships.ErrNotActive},
	}, func(ctx context.Context, in *membershipOrderIn) (*membershipQuoteOut, error) {
		q, err := s.RefundQuote(ctx, web.Member(ctx), in.Number)
		if err != nil {
			return nil, err
		}
		return &membershipQuoteOut{Body: membershipQuoteOf(q)}, nil
	})

	web.Post(r, "/membership-orders/{number}/refund", web.Shopper, web.Doc{
		ID: "refund-membership", Summary: "申请退会员卡;到账前会员卡照常,不再发放新权益", Tag: "会员卡", Status: http.StatusCreated, Known: http.StatusOK,
		Errors: []*fault.Fault{fault.ErrInvalid, memberships.ErrUnknown, memberships.ErrNotActive, memberships.ErrNoRefund, memberships.ErrRefundLate,
			memberships.ErrNothingLeft, payments.ErrRefundTooMuch, payments.ErrRefundTooMany, payments.ErrRefundTooLate},
	}, func(ctx context.Context, in *refundMembershipIn) (*membershipRefundOut, error) {
		refund, err := s.AskRefund(ctx, memberships.AskRefund{Member: web.Member(ctx), Number: in.Number, Reason: in.Body.Reason})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, refund.Replayed)
		out := &membershipRefundOut{Status: http.StatusCreated, Body: membershipRefundOf(refund)}
		if refund.Replayed {
			out.Status = http.StatusOK
		}
		return out, nil
	})
}

type membershipPlansOut struct{ Body membershipPlans }

type membershipPlans struct {
	Plans []membershipPlan `json:"plans"`
}

type membershipPlan struct {
	ID           model.PublicID     `json:"id"`
	Name         string             `json:"name" example:"年卡"`
	PriceFen     model.Fen          `json:"price_fen"`
	ListPriceFen model.Fen          `json:"list_price_fen" doc:"划线价"`
	Unit         model.PlanUnit     `json:"unit" enum:"months,days,lifetime"`
	Length       int                `json:"length" doc:"0 表示终身"`
	LengthWords  string             `json:"length_words" example:"1 年"`
	Trial        bool               `json:"trial" doc:"体验卡,每人一次"`
	Benefits     []string           `json:"benefits" example:"[\"会员价 9.5 折\"]"`
	Channel      model.PlanChannel  `json:"channel" enum:"jsapi,virtual" doc:"jsapi 用 wx.requestPayment;virtual 用 wx.requestVirtualPayment"`
	IOSNote      string             `json:"ios_note,omitempty" doc:"iOS 端须展示的说明"`
	Refund       membershipPlanTerm `json:"refund"`
	GraceDays    int                `json:"grace_days" doc:"到期后保留会员价的天数"`
	Available    bool               `json:"available" doc:"本人现在能否购买"`
	Reason       string             `json:"reason,omitempty" doc:"不能购买的原因代码"`
	// BreakEven is left out when the plan has no member price, the estimates when the member has not bought yet.
	BreakEvenFen     model.Fen  `json:"break_even_fen,omitempty" doc:"按会员价购满该金额即回本"`
	TypicalSavingFen model.Fen  `json:"typical_saving_fen,omitempty" doc:"按本人以往消费估算,有效期内会员价可省"`
	BreakEvenDays    int64      `json:"break_even_days,omitempty" doc:"按本人以往消费估算,多少天回本"`
	Hint             string     `json:"hint,omitempty" example:"消费满 1980.00 元即可回本"`
	SaleUntil        *time.Time `json:"sale_until,omitempty"`
}

type membershipPlanTerm struct {
	Policy model.RefundPolicy `json:"policy" enum:"none,whole,prorated" doc:"none 不支持自助退款,whole 期限内全额,prorated 按未用天数"`
	Days   int                `json:"days" doc:"开通后几天内可申请,0 为有效期内"`
}

func membershipPlansOf(offers []memberships.Offer) membershipPlans {
	out := membershipPlans{Plans: make([]membershipPlan, len(offers))}
	for i, p := range offers {
		v := membershipPlan{
			ID: p.ID, Name: p.Name, PriceFen: p.Price, ListPriceFen: p.ListPrice, Unit: p.Unit, Length: p.Length,
			LengthWords: p.LengthWords, Trial: p.Trial, Benefits: p.Benefits, Channel: p.Channel, IOSNote: p.IOSNote,
			Refund: membershipPlanTerm{p.Refund.RefundPolicy, p.Refund.RefundDays}, GraceDays: p.GraceDays, Available: p.Refusal == nil,
			BreakEvenFen: p.BreakEven, TypicalSavingFen: p.TypicalSaving, BreakEvenDays: p.BreakEvenDays, SaleUntil: p.SaleUntil,
		}
		if f := fault.Of(p.Refusal); f != nil {
			v.Reason = f.Code
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
		Plan      model.PublicID    `json:"plan" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$" doc:"方案 id"`
		Channel   model.PlanChannel `json:"channel,omitempty" enum:"jsapi,virtual" doc:"可不填;与方案权益不符时拒绝并说明平台规则"`
		LoginCode string            `json:"login_code,omitempty" maxLength:"128" pattern:"^[!-~]*$" doc:"虚拟支付需要新的 wx.login code"`
	}
}

type membershipBoughtOut struct{ Body membershipBought }

type membershipBought struct {
	Number   model.PublicID           `json:"number"`
	PriceFen model.Fen                `json:"price_fen"`
	Pay      *wechat.PayParams        `json:"pay,omitempty" doc:"原样交给 wx.requestPayment"`
	Virtual  *wechat.VirtualPayParams `json:"virtual_pay,omitempty" doc:"原样交给 wx.requestVirtualPayment"`
}

type membershipOrderIn struct {
	Number model.PublicID `path:"number" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type membershipOrderOut struct{ Body membershipOrderView }

type membershipOrderView struct {
	Number      model.PublicID         `json:"number"`
	Plan        string                 `json:"plan"`
	PriceFen    model.Fen              `json:"price_fen"`
	State       memberships.OrderState `json:"state" enum:"unpaid,paid,activated,closed,refund_due,refunding,refunded,partly_refunded" doc:"activated 表示会员卡已生效"`
	RefundedFen model.Fen              `json:"refunded_fen" doc:"已退回的金额"`
	From        string                 `json:"from,omitempty" doc:"会员期首日"`
	To          string                 `json:"to,omitempty" doc:"会员期结束日(不含);终身卡没有"`
	CreatedAt   time.Time              `json:"created_at"`
	PaidAt      *time.Time             `json:"paid_at,omitempty"`
	ExpiresAt   time.Time              `json:"expires_at" doc:"支付截止时刻"`
}

func membershipOrderOf(o memberships.Order) membershipOrderView {
	return membershipOrderView{
		Number: o.Number, Plan: o.Plan, PriceFen: o.Price, State: o.State, RefundedFen: o.RefundedFen, From: o.From.String(), To: endDay(o.To),
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
	Plan               string               `json:"plan,omitempty"`
	From               string               `json:"from,omitempty" doc:"当前会员期首日"`
	To                 string               `json:"to,omitempty" doc:"当前会员期结束日(不含)"`
	Until              string               `json:"until,omitempty" doc:"含已续期部分的结束日(不含)"`
	DaysLeft           int                  `json:"days_left"`
	Lifetime           bool                 `json:"lifetime"`
	Benefits           []string             `json:"benefits"`
	PercentOffBP       model.BasisPoints    `json:"percent_off_bp"`
	PointsMultiplierBP model.BasisPoints    `json:"points_multiplier_bp" doc:"10000 为一倍"`
	CheckInBP          model.BasisPoints    `json:"check_in_multiplier_bp" doc:"10000 为一倍"`
	FreeFreight        *membershipFreight   `json:"free_freight,omitempty"`
	Coupons            membershipCoupons    `json:"coupons"`
	FeeFen             model.Fen            `json:"fee_fen"`
	SavedFen           model.Fen            `json:"saved_fen" doc:"本期已真实节省"`
	SavedBy            map[string]model.Fen `json:"saved_by" doc:"按来源:member_price、freight、coupon、points"`
	ToBreakEvenFen     model.Fen            `json:"to_break_even_fen" doc:"距回本还差"`
	Refunding          bool                 `json:"refunding" doc:"退款中:会员卡照常,不再发放新权益"`
	Grace              bool                 `json:"grace" doc:"已到期,宽限期内仍享会员价"`
	GraceUntil         string               `json:"grace_until,omitempty" doc:"宽限期结束日(不含)"`
}

type membershipFreight struct {
	Times int    `json:"times" doc:"每月次数"`
	Left  int    `json:"left" doc:"本月剩余"`
	Until string `json:"until" doc:"本月周期结束日(不含)"`
}

type membershipCoupons struct {
	Given int `json:"given" doc:"本期已发"`
	Used  int `json:"used" doc:"本期已用"`
}

func membershipOf(c memberships.Card) membershipView {
	v := membershipView{
		Active: c.Active, Plan: c.Plan, From: c.From.String(), To: endDay(c.To), Until: endDay(c.Until), DaysLeft: c.DaysLeft,
		Lifetime: c.Lifetime, Benefits: c.Benefits, PercentOffBP: c.PercentOff, PointsMultiplierBP: c.Multiplier, CheckInBP: c.CheckIn,
		Coupons: membershipCoupons{c.Coupons.Given, c.Coupons.Used}, FeeFen: c.Fee, SavedFen: c.Saved, SavedBy: c.ByKind, ToBreakEvenFen: c.ToBreakEven,
		Refunding: c.Refunding, Grace: c.Grace, GraceUntil: c.GraceUntil.String(),
	}
	if c.FreeFreight > 0 {
		v.FreeFreight = &membershipFreight{c.FreeFreight, max(0, c.FreeFreight-c.FreightUsed), c.CycleEnds.String()}
	}
	if v.Benefits == nil {
		v.Benefits = []string{}
	}
	if v.SavedBy == nil {
		v.SavedBy = map[string]model.Fen{}
	}
	if !c.Active && !c.Grace {
		v.PointsMultiplierBP, v.CheckInBP = model.WholeBP, model.WholeBP
	}
	return v
}

type membershipPeriodsIn struct {
	web.Paged
}

type membershipPeriodsOut struct{ Body membershipPeriods }

type membershipPeriods struct {
	Periods []membershipPeriod `json:"periods"`
	Next    string             `json:"next,omitempty" doc:"下一页的 cursor"`
}

type membershipPeriod struct {
	Plan      string             `json:"plan"`
	From      string             `json:"from"`
	To        string             `json:"to,omitempty" doc:"不含;终身卡没有"`
	Origin    memberships.Origin `json:"origin" enum:"bought,code,given"`
	State     memberships.Fate   `json:"state" enum:"coming,running,over,cut,revoked"`
	PriceFen  model.Fen          `json:"price_fen"`
	SavedFen  model.Fen          `json:"saved_fen"`
	Order     model.PublicID     `json:"order,omitempty"`
	CreatedAt time.Time          `json:"created_at"`
}

func membershipPeriodsOf(list []memberships.Period, next string) membershipPeriods {
	out := membershipPeriods{Periods: make([]membershipPeriod, len(list)), Next: next}
	for i, p := range list {
		out.Periods[i] = membershipPeriod{p.Plan, p.From.String(), endDay(p.To), p.Origin, p.Fate, p.Price, p.Saved, p.Order, p.CreatedAt}
	}
	return out
}

type useMembershipCodeIn struct {
	Body struct {
		Code string `json:"code" minLength:"17" maxLength:"40" example:"ABCD-EFGH-JKMN-PQRS-T" doc:"卡密;空格、连字符、大小写不影响"`
	}
}

type openedMembershipOut struct {
	Status int // 201 for a new period, 200 for a repetition
	Body   openedMembership
}

type openedMembership struct {
	Plan string `json:"plan"`
	From string `json:"from"`
	To   string `json:"to,omitempty" doc:"不含;终身卡没有"`
}

type membershipQuoteOut struct{ Body membershipQuote }

type membershipQuote struct {
	Number     model.PublicID     `json:"number"`
	Plan       string             `json:"plan"`
	Policy     model.RefundPolicy `json:"policy" enum:"none,whole,prorated"`
	PriceFen   model.Fen          `json:"price_fen"`
	TotalDays  int64              `json:"total_days"`
	UnusedDays int64              `json:"unused_days"`
	TakenFen   model.Fen          `json:"taken_fen" doc:"已享受的优惠"`
	AmountFen  model.Fen          `json:"amount_fen" doc:"可退金额"`
	Available  bool               `json:"available"`
	Reason     string             `json:"reason,omitempty" doc:"不能申请的原因代码"`
	Refund     *membershipRefund  `json:"refund,omitempty" doc:"已申请的退款"`
}

func membershipQuoteOf(q memberships.Quote) membershipQuote {
	v := membershipQuote{Number: q.Number, Plan: q.Plan, Policy: q.Policy, PriceFen: q.Price, TotalDays: q.TotalDays, UnusedDays: q.UnusedDays,
		TakenFen: q.Taken, AmountFen: q.Amount, Available: q.Refusal == nil}
	if f := fault.Of(q.Refusal); f != nil {
		v.Reason = f.Code
	}
	if q.Asked != nil {
		r := membershipRefundOf(*q.Asked)
		v.Refund = &r
	}
	return v
}

type refundMembershipIn struct {
	Number model.PublicID `path:"number" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body   struct {
		Reason string `json:"reason,omitempty" maxLength:"80"`
	}
}

type membershipRefundOut struct {
	Status int // 201 for a new refund, 200 for one that was asked for before
	Body   membershipRefund
}

type membershipRefund struct {
	ID         model.PublicID              `json:"id"`
	AmountFen  model.Fen                   `json:"amount_fen"`
	TotalDays  int64                       `json:"total_days"`
	UnusedDays int64                       `json:"unused_days"`
	TakenFen   model.Fen                   `json:"taken_fen"`
	State      model.MembershipRefundState `json:"state" enum:"requested,settled,dropped" doc:"settled 表示已到账"`
	CreatedAt  time.Time                   `json:"created_at"`
	SettledAt  *time.Time                  `json:"settled_at,omitempty"`
}

func membershipRefundOf(r memberships.Refund) membershipRefund {
	return membershipRefund{r.ID, r.Amount, r.TotalDays, r.UnusedDays, r.Taken, r.State, r.CreatedAt, r.SettledAt}
}
