package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/analytics"
	"huitou/service/coupons"
	"huitou/service/staff"
)

// CouponRuns declares bulk issues: start one, see how far it is and what became of each member, stop it.
func CouponRuns(r *web.Routes, s *coupons.Service) {
	web.Post(r, "/coupon-runs", web.Staff(staff.CouponsManage), web.Doc{
		ID: "start-coupon-run", Summary: "批量发券:全部会员、按购买时间筛选、会员名单或手机号名单", Tag: "优惠券", Status: http.StatusAccepted,
		MaxBody: 4 << 20,
		Errors: []*fault.Fault{fault.ErrInvalid, coupons.ErrTemplateUnknown, coupons.ErrNotIssuable, coupons.ErrDraft, coupons.ErrPaused,
			coupons.ErrEnded, db.ErrKeyReused},
	}, func(ctx context.Context, in *startRunRequest) (*couponRunReply, error) {
		b := in.Body
		run, err := s.StartRun(ctx, coupons.NewRun{Staff: web.Actor(ctx).ID, Template: b.Template, Everybody: b.Everybody,
			BoughtSince: b.BoughtSince, NotBoughtSince: b.NotBoughtSince, Phones: b.Phones, Members: b.Members, Note: b.Note, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, run.Replayed)
		return &couponRunReply{Body: couponRun(run)}, nil
	})
	web.Get(r, "/coupon-runs/{id}", web.Staff(staff.CouponsManage), web.Doc{
		ID: "coupon-run", Summary: "批量发券的进度", Tag: "优惠券", Errors: []*fault.Fault{coupons.ErrRunUnknown},
	}, func(ctx context.Context, in *couponTemplateRequest) (*couponRunReply, error) {
		run, err := s.RunProgress(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &couponRunReply{Body: couponRun(run)}, nil
	})
	web.Post(r, "/coupon-runs/{id}/cancel", web.Staff(staff.CouponsManage), web.Doc{
		ID: "cancel-coupon-run", Summary: "停止批量发券;已发的不收回", Tag: "优惠券", Errors: []*fault.Fault{coupons.ErrRunUnknown},
	}, func(ctx context.Context, in *couponTemplateRequest) (*couponRunReply, error) {
		run, err := s.CancelRun(ctx, web.Actor(ctx).ID, in.ID)
		if err != nil {
			return nil, err
		}
		return &couponRunReply{Body: couponRun(run)}, nil
	})
	web.Get(r, "/coupon-runs/{id}/outcomes", web.Staff(staff.CouponsManage), web.Doc{
		ID: "coupon-run-outcomes", Summary: "批量发券中每位会员的结果", Tag: "优惠券", Errors: []*fault.Fault{coupons.ErrRunUnknown, db.ErrCursor},
	}, func(ctx context.Context, in *runOutcomesRequest) (*runOutcomesReply, error) {
		list, next, err := s.RunOutcomes(ctx, in.ID, in.Outcome, in.Page())
		if err != nil {
			return nil, err
		}
		out := &runOutcomesReply{}
		out.Body.Outcomes, out.Body.Next = make([]runOutcomeView, len(list)), next
		for i, o := range list {
			out.Body.Outcomes[i] = runOutcomeView{o.Member, o.Line, o.Outcome, o.Coupon}
		}
		return out, nil
	})
}

// CouponNumbers declares how a coupon does.
func CouponNumbers(r *web.Routes, s *analytics.Service) {
	web.Get(r, "/coupon-templates/{id}/numbers", web.Staff(staff.ReportsRead), web.Doc{
		ID: "coupon-numbers", Summary: "优惠券的发放、核销、成交与新老客数据", Tag: "优惠券", Errors: []*fault.Fault{analytics.ErrCouponUnknown},
	}, func(ctx context.Context, in *couponTemplateRequest) (*couponNumbersReply, error) {
		n, err := s.CouponNumbers(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &couponNumbersReply{Body: couponNumbersView{n.Template, n.Name, n.AsOf, n.Given, n.Channels, n.Gifts, n.Usable, n.Locked,
			n.Redeemed, n.Expired, n.DiscountFen, n.Orders, n.OrderFen, n.Buyers, n.NewBuyers, n.ReturningBuyers}}, nil
	})
}

type startRunRequest struct {
	web.Idempotent
	Body struct {
		Template       model.PublicID   `json:"template" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
		Everybody      bool             `json:"everybody,omitempty" doc:"all members, narrowed by the two dates; or give phones, or members"`
		BoughtSince    *time.Time       `json:"bought_since,omitempty" doc:"last bought then or later"`
		NotBoughtSince *time.Time       `json:"not_bought_since,omitempty" doc:"last bought earlier, or never"`
		Phones         []string         `json:"phones,omitempty" maxItems:"100000" doc:"at most 32 characters each; a line that is no number counts as unknown"`
		Members        []model.MemberID `json:"members,omitempty" maxItems:"100000"`
		Note           string           `json:"note" minLength:"1" maxLength:"200" doc:"why; kept in the staff trail"`
	}
}

type couponRunReply struct{ Body couponRunView }

type couponRunView struct {
	ID           model.PublicID       `json:"id"`
	Template     model.PublicID       `json:"template"`
	Kind         model.CouponRunKind  `json:"kind" enum:"filter,list"`
	State        model.CouponRunState `json:"state" enum:"running,done,cancelled"`
	Waiting      string               `json:"waiting" doc:"code of why nothing moves now: the template is paused; empty otherwise"`
	Total        int64                `json:"total" doc:"members when it began, or lines of the list"`
	Done         int64                `json:"done"`
	Issued       int64                `json:"issued"`
	LimitReached int64                `json:"limit"`
	OutOfStock   int64                `json:"out_of_stock"`
	Blocked      int64                `json:"blocked" doc:"the template gave nobody any more"`
	Unknown      int64                `json:"unknown_phone"`
	Duplicate    int64                `json:"duplicate" doc:"lines that repeat a member"`
	CreatedAt    time.Time            `json:"created_at"`
	FinishedAt   *time.Time           `json:"finished_at"`
}

func couponRun(r coupons.Run) couponRunView {
	v := couponRunView{ID: r.ID, Template: r.Template, Kind: r.Kind, State: r.State, Total: r.Total, Done: r.Done, Issued: r.Issued,
		LimitReached: r.LimitReached, OutOfStock: r.OutOfStock, Blocked: r.Blocked, Unknown: r.Unknown, Duplicate: r.Duplicate,
		CreatedAt: r.CreatedAt, FinishedAt: r.FinishedAt}
	if f := fault.Of(r.Waiting); f != nil {
		v.Waiting = f.Code
	}
	return v
}

type runOutcomesRequest struct {
	ID      model.PublicID         `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Outcome model.CouponRunOutcome `query:"outcome" required:"true" enum:"issued,limit,out_of_stock,unknown_phone,blocked"`
	web.Paged
}

type runOutcomesReply struct {
	Body struct {
		Outcomes []runOutcomeView `json:"outcomes"`
		Next     string           `json:"next"`
	}
}

type runOutcomeView struct {
	Member  model.MemberID         `json:"member_id" doc:"0: nobody"`
	Line    int64                  `json:"line" doc:"of the list; 0 for a filter and for a coupon that was given"`
	Outcome model.CouponRunOutcome `json:"outcome" enum:"issued,limit,out_of_stock,unknown_phone,blocked"`
	Coupon  model.PublicID         `json:"coupon" doc:"when one was given"`
}

type couponNumbersReply struct{ Body couponNumbersView }

type couponNumbersView struct {
	Template        model.PublicID                `json:"template"`
	Name            string                        `json:"name"`
	AsOf            time.Time                     `json:"as_of"`
	Given           int64                         `json:"given"`
	Channels        map[model.CouponChannel]int64 `json:"channels" doc:"given by channel: claim, code, link, order, event, staff, bulk, pack"`
	Gifts           int64                         `json:"gifts" doc:"how often one was passed on to a friend"`
	Usable          int64                         `json:"usable"`
	Locked          int64                         `json:"locked"`
	Redeemed        int64                         `json:"redeemed"`
	Expired         int64                         `json:"expired"`
	DiscountFen     model.Fen                     `json:"discount_fen"`
	Orders          int64                         `json:"orders"`
	OrderFen        model.Fen                     `json:"order_fen" doc:"paid for these orders, less what was given back"`
	Buyers          int64                         `json:"buyers"`
	NewBuyers       int64                         `json:"new_buyers" doc:"had bought nothing before their first order with this coupon"`
	ReturningBuyers int64                         `json:"returning_buyers"`
}
