package admin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/members"
	"huitou/service/staff"
)

// Coupons declares what staff do about coupons: make templates, start and stop them, give one to a member.
func Coupons(r *web.Routes, s *coupons.Service) {
	web.Get(r, "/coupon-templates", web.Staff(staff.CouponsIssue), web.Doc{
		ID: "list-all-coupon-templates", Summary: "全部优惠券模板与已发数量", Tag: "优惠券", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *couponTemplatesRequest) (*couponTemplatesReply, error) {
		list, next, err := s.AllTemplates(ctx, in.Page())
		if err != nil {
			return nil, err
		}
		out := &couponTemplatesReply{}
		out.Body.Templates, out.Body.Next = make([]couponTemplateView, len(list)), next
		for i, t := range list {
			out.Body.Templates[i] = couponTemplate(t)
		}
		return out, nil
	})
	web.Post(r, "/coupon-templates", web.Staff(staff.CouponsManage), web.Doc{
		ID: "create-coupon-template", Summary: "新建优惠券(草稿)", Tag: "优惠券", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, db.ErrKeyReused},
	}, func(ctx context.Context, in *newCouponTemplateRequest) (*couponTemplateReply, error) {
		t, err := s.CreateTemplate(ctx, in.command(ctx))
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, t.Replayed)
		return &couponTemplateReply{Body: couponTemplate(t)}, nil
	})
	web.Patch(r, "/coupon-templates/{id}", web.Staff(staff.CouponsManage), web.Doc{
		ID: "edit-coupon-template", Summary: "修改优惠券;有人领取后只能放宽", Tag: "优惠券",
		Errors: []*fault.Fault{fault.ErrInvalid, coupons.ErrTemplateUnknown, coupons.ErrEnded, coupons.ErrNotWidening, coupons.ErrBelowClaimed, coupons.ErrEdited},
	}, func(ctx context.Context, in *editCouponTemplateRequest) (*couponTemplateReply, error) {
		t, err := s.EditTemplate(ctx, in.command(ctx))
		if err != nil {
			return nil, err
		}
		return &couponTemplateReply{Body: couponTemplate(t)}, nil
	})
	moveCouponTemplate(r, "activate", "启用优惠券", s.Activate, coupons.ErrEnded)
	moveCouponTemplate(r, "pause", "暂停发放优惠券,已领的仍可用", s.Pause, coupons.ErrDraft, coupons.ErrEnded)
	moveCouponTemplate(r, "end", "结束发放优惠券,已领的仍可用", s.End)
	web.Post(r, "/coupon-templates/{id}/issues", web.Staff(staff.CouponsIssue), web.Doc{
		ID: "issue-coupon", Summary: "给会员发一张优惠券", Tag: "优惠券", Status: http.StatusCreated,
		Errors: []*fault.Fault{coupons.ErrTemplateUnknown, coupons.ErrNotIssuable, coupons.ErrDraft, coupons.ErrPaused, coupons.ErrEnded,
			coupons.ErrSoldOut, coupons.ErrLimitReached, coupons.ErrDayLimit, coupons.ErrChanged, members.ErrUnknown, db.ErrKeyReused},
	}, func(ctx context.Context, in *issueCouponRequest) (*issuedCouponReply, error) {
		c, err := s.Issue(ctx, coupons.Issue{
			Staff: web.Actor(ctx).ID, Member: in.Body.MemberID, Template: in.ID, Note: in.Body.Reason, Key: in.Key(ctx),
		})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, c.Replayed)
		return &issuedCouponReply{Body: issuedCouponView{c.ID, c.Template, c.Name, c.Member, c.UsableFrom, c.UsableUntil, c.State, c.IssuedAt}}, nil
	})
}

func moveCouponTemplate(r *web.Routes, verb, summary string,
	move func(context.Context, model.StaffID, model.PublicID) (coupons.Template, error), faults ...*fault.Fault) {
	web.Post(r, "/coupon-templates/{id}/"+verb, web.Staff(staff.CouponsManage), web.Doc{
		ID: verb + "-coupon-template", Summary: summary, Tag: "优惠券", Errors: append(faults, coupons.ErrTemplateUnknown),
	}, func(ctx context.Context, in *couponTemplateRequest) (*couponTemplateReply, error) {
		t, err := move(ctx, web.Actor(ctx).ID, in.ID)
		if err != nil {
			return nil, err
		}
		return &couponTemplateReply{Body: couponTemplate(t)}, nil
	})
}

type newCouponTemplateRequest struct {
	web.Idempotent
	Body struct {
		Name         string               `json:"name" minLength:"1" maxLength:"40" example:"满100减20"`
		RulesText    string               `json:"rules_text,omitempty" maxLength:"2000"`
		Kind         model.CouponKind     `json:"kind" enum:"amount,percent,exchange,freight"`
		AmountFen    model.Fen            `json:"amount_fen,omitempty" minimum:"0" maximum:"1000000000" doc:"taken off by an amount coupon"`
		PercentOffBP model.BasisPoints    `json:"percent_off_bp,omitempty" minimum:"0" maximum:"10000" doc:"share taken off by a percent coupon: 2000 is 20 % off (8 折)"`
		CapFen       model.Fen            `json:"cap_fen,omitempty" minimum:"0" maximum:"1000000000" doc:"most that a percent, exchange or freight coupon takes off; 0 is no cap"`
		ThresholdFen model.Fen            `json:"threshold_fen,omitempty" minimum:"0" maximum:"1000000000" doc:"least value of the goods in the scope"`
		Conditions   *couponConditions    `json:"conditions,omitempty" doc:"without it: all goods, all stores, used alone, returned on refund"`
		Audience     model.CouponAudience `json:"audience,omitempty" enum:"everyone,newcomers,buyers,cardholders,tiers,tags" default:"everyone" doc:"who may claim it: newcomers have not bought yet, buyers have, cardholders have a paid card, tiers and tags are those on one of the levels or with one of the tags of audience_of. Staff and events give it to whomever they choose"`
		AudienceOf   []model.PublicID     `json:"audience_of,omitempty" maxItems:"20" nullable:"false" doc:"ids of levels or tags"`
		ClaimFrom    *time.Time           `json:"claim_from,omitempty"`
		ClaimUntil   *time.Time           `json:"claim_until,omitempty" doc:"exclusive"`
		UseFrom      *time.Time           `json:"use_from,omitempty" doc:"fixed dates: use_from and use_until"`
		UseUntil     *time.Time           `json:"use_until,omitempty" doc:"exclusive"`
		UseDays      int64                `json:"use_days,omitempty" minimum:"0" maximum:"3650" doc:"instead of fixed dates: business days after the day of issue"`
		Total        int64                `json:"total" minimum:"-1" maximum:"1000000000" doc:"stock; -1 is without end"`
		PerMember    int64                `json:"per_member" minimum:"0" maximum:"1000" doc:"limit for life; 0 is none"`
		PerDay       int64                `json:"per_day,omitempty" minimum:"0" maximum:"1000" doc:"limit per business day; 0 is none"`
		BudgetFen    model.Fen            `json:"budget_fen,omitempty" minimum:"0" maximum:"100000000000" doc:"what all its coupons together may take off, locked ones included; a coupon that the rest does not cover whole is refused. 0 is no bound"`
		Claimable    bool                 `json:"claimable" doc:"members may take it themselves"`
		Issuable     bool                 `json:"issuable" doc:"staff, gifts and events may give it"`
	}
}

// couponConditions say where a coupon is good for, with which others, and what a refund does.
type couponConditions struct {
	SKUs             []string           `json:"skus,omitempty" maxItems:"1000" nullable:"false" doc:"good for these and for categories; for all goods when both are empty"`
	Categories       []string           `json:"categories,omitempty" maxItems:"1000" nullable:"false" doc:"paths like 服装/童装, each with all below it"`
	ExceptSKUs       []string           `json:"except_skus,omitempty" maxItems:"1000" nullable:"false"`
	ExceptCategories []string           `json:"except_categories,omitempty" maxItems:"1000" nullable:"false"`
	Stores           []string           `json:"stores,omitempty" maxItems:"1000" nullable:"false" doc:"codes of the stores where it is good; empty is everywhere"`
	Group            string             `json:"group,omitempty" maxLength:"32" pattern:"^[!-~]*$" doc:"coupons of different groups go together, one of each; empty: it is used alone"`
	Priority         int64              `json:"priority,omitempty" minimum:"0" maximum:"1000" doc:"the higher one is taken off first"`
	Refund           model.CouponRefund `json:"refund,omitempty" enum:"return,keep,grace" default:"return" doc:"when its whole order is refunded: it comes back, stays used, or comes back for at least grace_days more"`
	GraceDays        int64              `json:"grace_days,omitempty" minimum:"0" maximum:"365"`
}

func (c *couponConditions) model() model.CouponConditions {
	if c == nil {
		return model.CouponConditions{}
	}
	return model.CouponConditions{
		Scope:  model.CouponScope{SKUs: c.SKUs, Categories: c.Categories, ExceptSKUs: c.ExceptSKUs, ExceptCategories: c.ExceptCategories},
		Stores: c.Stores, Group: c.Group, Priority: c.Priority, Refund: c.Refund, GraceDays: c.GraceDays,
	}
}

func (in *newCouponTemplateRequest) command(ctx context.Context) coupons.NewTemplate {
	b := in.Body
	return coupons.NewTemplate{
		Staff: web.Actor(ctx).ID, Name: b.Name, RulesText: b.RulesText,
		CouponTerms:      model.CouponTerms{Kind: b.Kind, AmountFen: b.AmountFen, PercentOffBP: b.PercentOffBP, CapFen: b.CapFen, ThresholdFen: b.ThresholdFen},
		CouponConditions: b.Conditions.model(), Audience: b.Audience, AudienceOf: b.AudienceOf,
		ClaimFrom: b.ClaimFrom, ClaimUntil: b.ClaimUntil, UseFrom: b.UseFrom, UseUntil: b.UseUntil, UseDays: b.UseDays, Total: b.Total,
		PerMember: b.PerMember, PerDay: b.PerDay, BudgetFen: b.BudgetFen, Claimable: b.Claimable, Issuable: b.Issuable, Key: in.Key(ctx),
	}
}

type editCouponTemplateRequest struct {
	ID      model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	IfMatch string         `header:"If-Match" maxLength:"34" pattern:"^(\"[0-9a-z]{1,32}\")?$" doc:"the version that the edit was made on, in quotes; without it the edit goes onto whatever is there, and leaves what it does not name"`
	Body    struct {
		Name       *string               `json:"name,omitempty" minLength:"1" maxLength:"40"`
		RulesText  *string               `json:"rules_text,omitempty" maxLength:"2000"`
		Terms      *couponTerms          `json:"terms,omitempty" doc:"before the first coupon only"`
		Conditions *couponConditions     `json:"conditions,omitempty" doc:"before the first coupon only"`
		Audience   *model.CouponAudience `json:"audience,omitempty" enum:"everyone,newcomers,buyers,cardholders,tiers,tags"`
		AudienceOf *[]model.PublicID     `json:"audience_of,omitempty" maxItems:"20" nullable:"false" doc:"ids of levels or tags; after the first coupon only more of them"`
		ClaimFrom  *time.Time            `json:"claim_from,omitempty" doc:"0001-01-01T00:00:00Z takes the bound away"`
		ClaimUntil *time.Time            `json:"claim_until,omitempty" doc:"0001-01-01T00:00:00Z takes the bound away"`
		UseFrom    *time.Time            `json:"use_from,omitempty"`
		UseUntil   *time.Time            `json:"use_until,omitempty" doc:"of the coupons still to be given"`
		UseDays    *int64                `json:"use_days,omitempty" minimum:"0" maximum:"3650"`
		Total      *int64                `json:"total,omitempty" minimum:"-1" maximum:"1000000000"`
		PerMember  *int64                `json:"per_member,omitempty" minimum:"0" maximum:"1000"`
		PerDay     *int64                `json:"per_day,omitempty" minimum:"0" maximum:"1000"`
		BudgetFen  *model.Fen            `json:"budget_fen,omitempty" minimum:"0" maximum:"100000000000"`
		Claimable  *bool                 `json:"claimable,omitempty"`
		Issuable   *bool                 `json:"issuable,omitempty"`
	}
}

// couponTerms are what a coupon is worth; see newCouponTemplateRequest.
type couponTerms struct {
	Kind         model.CouponKind  `json:"kind" enum:"amount,percent,exchange,freight"`
	AmountFen    model.Fen         `json:"amount_fen,omitempty" minimum:"0" maximum:"1000000000"`
	PercentOffBP model.BasisPoints `json:"percent_off_bp,omitempty" minimum:"0" maximum:"10000"`
	CapFen       model.Fen         `json:"cap_fen,omitempty" minimum:"0" maximum:"1000000000"`
	ThresholdFen model.Fen         `json:"threshold_fen,omitempty" minimum:"0" maximum:"1000000000"`
}

func (in *editCouponTemplateRequest) command(ctx context.Context) coupons.Edit {
	b := in.Body
	e := coupons.Edit{
		Staff: web.Actor(ctx).ID, ID: in.ID, Name: b.Name, RulesText: b.RulesText, Audience: b.Audience, AudienceOf: b.AudienceOf,
		ClaimFrom: b.ClaimFrom, ClaimUntil: b.ClaimUntil, UseFrom: b.UseFrom, UseUntil: b.UseUntil, UseDays: b.UseDays, Total: b.Total,
		PerMember: b.PerMember, PerDay: b.PerDay, BudgetFen: b.BudgetFen, Claimable: b.Claimable, Issuable: b.Issuable,
		Version: strings.Trim(in.IfMatch, `"`),
	}
	if b.Terms != nil {
		terms := model.CouponTerms(*b.Terms)
		e.Terms = &terms
	}
	if b.Conditions != nil {
		conditions := b.Conditions.model()
		e.Conditions = &conditions
	}
	return e
}

type couponTemplatesRequest struct {
	web.Paged
}

type couponTemplatesReply struct {
	Body struct {
		Templates []couponTemplateView `json:"templates"`
		Next      string               `json:"next"`
	}
}

type couponTemplateRequest struct {
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type issueCouponRequest struct {
	web.Idempotent
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		MemberID model.MemberID `json:"member_id" minimum:"1"`
		Reason   string         `json:"reason" minLength:"1" maxLength:"200" doc:"why; kept in the staff trail"`
	}
}

type couponTemplateReply struct{ Body couponTemplateView }

type couponTemplateView struct {
	ID           model.PublicID            `json:"id"`
	Name         string                    `json:"name"`
	RulesText    string                    `json:"rules_text"`
	Kind         model.CouponKind          `json:"kind" enum:"amount,percent,exchange,freight"`
	AmountFen    model.Fen                 `json:"amount_fen"`
	PercentOffBP model.BasisPoints         `json:"percent_off_bp"`
	CapFen       model.Fen                 `json:"cap_fen"`
	ThresholdFen model.Fen                 `json:"threshold_fen"`
	Conditions   couponConditions          `json:"conditions"`
	Audience     model.CouponAudience      `json:"audience" enum:"everyone,newcomers,buyers,cardholders,tiers,tags"`
	AudienceOf   []model.PublicID          `json:"audience_of" doc:"ids of levels or tags"`
	ClaimFrom    *time.Time                `json:"claim_from"`
	ClaimUntil   *time.Time                `json:"claim_until"`
	UseFrom      *time.Time                `json:"use_from"`
	UseUntil     *time.Time                `json:"use_until"`
	UseDays      int64                     `json:"use_days"`
	Total        int64                     `json:"total"`
	Claimed      int64                     `json:"claimed" doc:"how many were given, by whatever channel"`
	PerMember    int64                     `json:"per_member"`
	PerDay       int64                     `json:"per_day"`
	BudgetFen    model.Fen                 `json:"budget_fen" doc:"0 is no bound"`
	SpentFen     model.Fen                 `json:"spent_fen" doc:"what its coupons took off or are locked for; counted while there is a budget"`
	Claimable    bool                      `json:"claimable"`
	Issuable     bool                      `json:"issuable"`
	State        model.CouponTemplateState `json:"state" enum:"draft,active,paused,ended"`
	CreatedAt    time.Time                 `json:"created_at"`
	Version      string                    `json:"version" doc:"for If-Match of an edit; another one after every change by staff"`
}

func couponTemplate(t coupons.Template) couponTemplateView {
	return couponTemplateView{
		ID: t.ID, Name: t.Name, RulesText: t.RulesText, Kind: t.Kind, AmountFen: t.AmountFen, PercentOffBP: t.PercentOffBP,
		CapFen: t.CapFen, ThresholdFen: t.ThresholdFen, ClaimFrom: t.ClaimFrom, ClaimUntil: t.ClaimUntil, Audience: t.Audience,
		AudienceOf: append([]model.PublicID{}, t.AudienceOf...), PerDay: t.PerDay, BudgetFen: t.BudgetFen, SpentFen: t.SpentFen,
		Conditions: couponConditions{
			SKUs: t.Scope.SKUs, Categories: t.Scope.Categories, ExceptSKUs: t.Scope.ExceptSKUs, ExceptCategories: t.Scope.ExceptCategories,
			Stores: t.Stores, Group: t.Group, Priority: t.Priority, Refund: t.Refund, GraceDays: t.GraceDays,
		},
		UseFrom: t.UseFrom, UseUntil: t.UseUntil, UseDays: t.UseDays, Total: t.Total, Claimed: t.Claimed, PerMember: t.PerMember,
		Claimable: t.Claimable, Issuable: t.Issuable, State: t.State, CreatedAt: t.CreatedAt, Version: t.Version,
	}
}

type issuedCouponReply struct{ Body issuedCouponView }

// issuedCouponView leaves the code out: it is the member's, and staff who could read it could use the coupon.
type issuedCouponView struct {
	ID          model.PublicID    `json:"id"`
	Template    model.PublicID    `json:"template"`
	Name        string            `json:"name"`
	MemberID    model.MemberID    `json:"member_id"`
	UsableFrom  time.Time         `json:"usable_from"`
	UsableUntil time.Time         `json:"usable_until" doc:"exclusive"`
	State       model.CouponState `json:"state" enum:"issued,locked,redeemed,expired,void"`
	IssuedAt    time.Time         `json:"issued_at"`
}
