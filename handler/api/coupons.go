package api

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/coupons"
)

// Coupons declares what a shopper does about coupons: see which there are, claim one, see his own.
func Coupons(r *web.Routes, s *coupons.Service) {
	web.Get(r, "/coupon-templates", web.Shopper, web.Doc{ID: "coupon-templates", Summary: "领券中心", Tag: "优惠券"},
		func(ctx context.Context, _ *struct{}) (*couponOffersReply, error) {
			offers, err := s.Templates(ctx, web.Member(ctx))
			if err != nil {
				return nil, err
			}
			return couponOffers(offers), nil
		})
	web.Post(r, "/coupon-templates/{id}/claims", web.Shopper, web.Doc{
		ID: "claim-coupon", Summary: "领取优惠券", Tag: "优惠券", Status: http.StatusCreated,
		Errors: []*fault.Fault{coupons.ErrTemplateUnknown, coupons.ErrNotClaimable, coupons.ErrNotStarted, coupons.ErrPaused, coupons.ErrEnded,
			coupons.ErrSoldOut, coupons.ErrLimitReached, coupons.ErrDayLimit, coupons.ErrNotForYou, coupons.ErrChanged, db.ErrKeyReused},
	}, func(ctx context.Context, in *claimCouponRequest) (*heldCouponReply, error) {
		c, err := s.Claim(ctx, coupons.Claim{Member: web.Member(ctx), Template: in.ID, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, c.Replayed)
		return &heldCouponReply{Body: heldCoupon(c)}, nil
	})
	web.Get(r, "/me/coupons", web.Shopper, web.Doc{ID: "my-coupons", Summary: "我的优惠券,新的在前", Tag: "优惠券", Errors: []*fault.Fault{db.ErrCursor}},
		func(ctx context.Context, in *heldCouponsRequest) (*heldCouponsReply, error) {
			list, next, err := s.Held(ctx, web.Member(ctx), in.Page())
			if err != nil {
				return nil, err
			}
			out := &heldCouponsReply{Body: heldCouponsView{Coupons: make([]heldCouponView, len(list)), Next: next}}
			for i, c := range list {
				out.Body.Coupons[i] = heldCoupon(c)
			}
			return out, nil
		})
}

type couponOffersReply struct{ Body couponOffersView }

type couponOffersView struct {
	Templates []couponOfferView `json:"templates"`
}

type couponOfferView struct {
	ID           model.PublicID    `json:"id"`
	Name         string            `json:"name"`
	RulesText    string            `json:"rules_text"`
	Kind         model.CouponKind  `json:"kind" enum:"amount,percent,exchange,freight"`
	AmountFen    model.Fen         `json:"amount_fen" doc:"taken off by an amount coupon"`
	PercentOffBP model.BasisPoints `json:"percent_off_bp" doc:"share taken off by a percent coupon: 2000 is 20 % off (8 折)"`
	CapFen       model.Fen         `json:"cap_fen" doc:"most that a percent, exchange or freight coupon takes off; 0 is no cap"`
	ThresholdFen model.Fen         `json:"threshold_fen" doc:"least value of goods; 0 is none"`
	ClaimFrom    *time.Time        `json:"claim_from"`
	ClaimUntil   *time.Time        `json:"claim_until" doc:"exclusive"`
	UseFrom      *time.Time        `json:"use_from"`
	UseUntil     *time.Time        `json:"use_until" doc:"exclusive"`
	UseDays      int64             `json:"use_days" doc:"when there are no fixed dates: business days after the day of the claim"`
	Scope        couponScopeView   `json:"scope" doc:"the goods that it is good for"`
	Stores       []string          `json:"stores" doc:"codes of the stores where it is good; empty is everywhere"`
	Stackable    bool              `json:"stackable" doc:"goes together with other coupons"`
	PerDay       int64             `json:"per_day" doc:"limit per day; 0 is none"`
	Remaining    int64             `json:"remaining" doc:"-1: without end"`
	PerMember    int64             `json:"per_member" doc:"limit for life; 0 is none"`
	Mine         int64             `json:"mine" doc:"how many of them this shopper was given"`
	Claimable    bool              `json:"claimable"`
	Reason       string            `json:"reason" doc:"code of why it cannot be claimed now; empty when it can"`
	ReasonText   string            `json:"reason_text"`
	ReasonLevels []string          `json:"reason_levels,omitempty" doc:"names of the levels that it is for, when that is the reason"`
}

func couponOffers(offers []coupons.Offer) *couponOffersReply {
	out := &couponOffersReply{Body: couponOffersView{Templates: make([]couponOfferView, len(offers))}}
	for i, o := range offers {
		v := couponOfferView{
			ID: o.ID, Name: o.Name, RulesText: o.RulesText, Kind: o.Kind, AmountFen: o.AmountFen, PercentOffBP: o.PercentOffBP,
			CapFen: o.CapFen, ThresholdFen: o.ThresholdFen, ClaimFrom: o.ClaimFrom, ClaimUntil: o.ClaimUntil,
			UseFrom: o.UseFrom, UseUntil: o.UseUntil, UseDays: o.UseDays, Remaining: o.Remaining, PerMember: o.PerMember,
			Scope: couponScope(o.Scope), Stores: append([]string{}, o.Stores...), Stackable: o.Group != "", PerDay: o.PerDay,
			Mine: o.Mine, Claimable: o.Refusal == nil,
		}
		if f := fault.Of(o.Refusal); f != nil {
			v.Reason, v.ReasonText = f.Code, f.Chinese
			v.ReasonLevels, _ = f.Detail["levels"].([]string)
		}
		out.Body.Templates[i] = v
	}
	return out
}

// couponScopeView lists the goods in the scope; all when both lists are empty, and less the excepted ones.
type couponScopeView struct {
	SKUs             []string `json:"skus"`
	Categories       []string `json:"categories" doc:"paths, each with all below it"`
	ExceptSKUs       []string `json:"except_skus"`
	ExceptCategories []string `json:"except_categories"`
}

func couponScope(s model.CouponScope) couponScopeView {
	list := func(l []string) []string { return append([]string{}, l...) }
	return couponScopeView{list(s.SKUs), list(s.Categories), list(s.ExceptSKUs), list(s.ExceptCategories)}
}

type claimCouponRequest struct {
	web.Idempotent
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type heldCouponsRequest struct {
	web.Paged
}

type heldCouponReply struct{ Body heldCouponView }

type heldCouponsReply struct{ Body heldCouponsView }

type heldCouponsView struct {
	Coupons []heldCouponView `json:"coupons"`
	Next    string           `json:"next" doc:"cursor of the next page; empty on the last one"`
}

type heldCouponView struct {
	ID           model.PublicID    `json:"id"`
	Code         string            `json:"code" doc:"16 digits, to be shown at the counter"`
	Template     model.PublicID    `json:"template"`
	Name         string            `json:"name"`
	Kind         model.CouponKind  `json:"kind" enum:"amount,percent,exchange,freight"`
	AmountFen    model.Fen         `json:"amount_fen"`
	PercentOffBP model.BasisPoints `json:"percent_off_bp"`
	CapFen       model.Fen         `json:"cap_fen"`
	ThresholdFen model.Fen         `json:"threshold_fen"`
	UsableFrom   time.Time         `json:"usable_from"`
	UsableUntil  time.Time         `json:"usable_until" doc:"exclusive"`
	State        model.CouponState `json:"state" enum:"issued,locked,redeemed,expired,in_transfer,transferred,void"`
	IssuedAt     time.Time         `json:"issued_at"`
	RedeemedAt   *time.Time        `json:"redeemed_at"`
}

func heldCoupon(c coupons.Coupon) heldCouponView {
	return heldCouponView{
		ID: c.ID, Code: c.Code, Template: c.Template, Name: c.Name, Kind: c.Kind, AmountFen: c.AmountFen, PercentOffBP: c.PercentOffBP,
		CapFen: c.CapFen, ThresholdFen: c.ThresholdFen, UsableFrom: c.UsableFrom, UsableUntil: c.UsableUntil,
		State: c.State, IssuedAt: c.IssuedAt, RedeemedAt: c.RedeemedAt,
	}
}
