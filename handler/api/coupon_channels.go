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

// whyNot are the refusals of a template that gives nothing.
var whyNot = []*fault.Fault{coupons.ErrNotStarted, coupons.ErrPaused, coupons.ErrEnded, coupons.ErrSoldOut, coupons.ErrLimitReached,
	coupons.ErrDayLimit, coupons.ErrNotIssuable}

func with(more ...*fault.Fault) []*fault.Fault { return append(more, whyNot...) }

// CouponChannels declares the ways to a coupon beside the claim centre: codes, links, a buyer's share pack, a friend's gift.
func CouponChannels(r *web.Routes, s *coupons.Service) {
	web.Post(r, "/coupon-codes", web.Shopper, web.Doc{
		ID: "use-coupon-code", Summary: "输入兑换码领券;同一会员再次输入同一码得到同一张券", Tag: "优惠券", Status: http.StatusCreated,
		Errors: with(coupons.ErrCodeUnknown, coupons.ErrCodeUsed, coupons.ErrCodeLapsed, coupons.ErrGuessing),
	}, func(ctx context.Context, in *couponCodeRequest) (*heldCouponReply, error) {
		return given(ctx)(s.UseCode(ctx, coupons.UseCode{Member: web.Member(ctx), Code: in.Body.Code}))
	})
	web.Post(r, "/coupon-links/{token}/claims", web.Shopper, web.Doc{
		ID: "claim-coupon-by-link", Summary: "通过二维码或链接领券", Tag: "优惠券", Status: http.StatusCreated,
		Errors: with(coupons.ErrLinkUnknown, coupons.ErrTemplateUnknown, coupons.ErrNotForYou, db.ErrKeyReused),
	}, func(ctx context.Context, in *couponTokenKeyRequest) (*heldCouponReply, error) {
		return given(ctx)(s.ClaimByLink(ctx, coupons.ClaimByLink{Member: web.Member(ctx), Token: in.Token, Key: in.Key(ctx)}))
	})
	couponPacks(r, s)
	couponGifts(r, s)
}

func couponPacks(r *web.Routes, s *coupons.Service) {
	web.Get(r, "/me/coupon-packs", web.Shopper, web.Doc{ID: "my-coupon-packs", Summary: "我可分享给好友的券包", Tag: "优惠券"},
		func(ctx context.Context, _ *struct{}) (*couponPacksReply, error) {
			list, err := s.Packs(ctx, web.Member(ctx))
			if err != nil {
				return nil, err
			}
			out := &couponPacksReply{}
			out.Body.Packs = make([]couponPackView, len(list))
			for i, p := range list {
				out.Body.Packs[i] = couponPack(p)
			}
			return out, nil
		})
	web.Get(r, "/coupon-packs/{token}", web.Shopper, web.Doc{
		ID: "coupon-pack", Summary: "打开好友分享的券包", Tag: "优惠券", Errors: []*fault.Fault{coupons.ErrPackUnknown},
	}, func(ctx context.Context, in *couponTokenRequest) (*couponPackReply, error) {
		p, err := s.Pack(ctx, web.Member(ctx), in.Token)
		if err != nil {
			return nil, err
		}
		return &couponPackReply{Body: couponPack(p)}, nil
	})
	web.Post(r, "/coupon-packs/{token}/claims", web.Shopper, web.Doc{
		ID: "take-from-coupon-pack", Summary: "从好友的券包领一张;每人一张", Tag: "优惠券", Status: http.StatusCreated,
		Errors: with(coupons.ErrPackUnknown, coupons.ErrPackOwn, coupons.ErrPackLapsed, coupons.ErrPackEmpty),
	}, func(ctx context.Context, in *couponTokenRequest) (*heldCouponReply, error) {
		return given(ctx)(s.TakeFromPack(ctx, coupons.TakeFromPack{Member: web.Member(ctx), Token: in.Token}))
	})
}

func couponGifts(r *web.Routes, s *coupons.Service) {
	web.Post(r, "/me/coupons/{id}/gifts", web.Shopper, web.Doc{
		ID: "offer-coupon-gift", Summary: "把券转赠给好友,24 小时内有效", Tag: "优惠券", Status: http.StatusCreated,
		Errors: []*fault.Fault{coupons.ErrUnknown, coupons.ErrNotTransferable, coupons.ErrExpired, coupons.ErrLocked, coupons.ErrRedeemed,
			coupons.ErrInTransfer, coupons.ErrTransferred, coupons.ErrVoid, db.ErrKeyReused},
	}, func(ctx context.Context, in *claimCouponRequest) (*couponGiftReply, error) {
		g, err := s.OfferGift(ctx, coupons.OfferGift{Member: web.Member(ctx), Coupon: in.ID, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, g.Replayed)
		return &couponGiftReply{Body: couponGift(g)}, nil
	})
	web.Get(r, "/coupon-gifts/{token}", web.Shopper, web.Doc{
		ID: "coupon-gift", Summary: "打开好友转赠的券", Tag: "优惠券", Errors: []*fault.Fault{coupons.ErrGiftUnknown},
	}, func(ctx context.Context, in *couponTokenRequest) (*couponGiftReply, error) {
		g, err := s.GiftOf(ctx, web.Member(ctx), in.Token)
		if err != nil {
			return nil, err
		}
		return &couponGiftReply{Body: couponGift(g)}, nil
	})
	web.Post(r, "/coupon-gifts/{token}/acceptances", web.Shopper, web.Doc{
		ID: "accept-coupon-gift", Summary: "收下好友转赠的券", Tag: "优惠券", Status: http.StatusCreated,
		Errors: []*fault.Fault{coupons.ErrGiftUnknown, coupons.ErrGiftOwn, coupons.ErrGiftEnded, coupons.ErrExpired, coupons.ErrLimitReached},
	}, func(ctx context.Context, in *couponTokenRequest) (*heldCouponReply, error) {
		return given(ctx)(s.AcceptGift(ctx, coupons.AcceptGift{Member: web.Member(ctx), Token: in.Token}))
	})
	web.Post(r, "/coupon-gifts/{token}/cancel", web.Shopper, web.Doc{
		ID: "cancel-coupon-gift", Summary: "收回转赠", Tag: "优惠券", Errors: []*fault.Fault{coupons.ErrGiftUnknown, coupons.ErrGiftEnded},
	}, func(ctx context.Context, in *couponTokenRequest) (*couponGiftReply, error) {
		g, err := s.CancelGift(ctx, web.Member(ctx), in.Token)
		if err != nil {
			return nil, err
		}
		return &couponGiftReply{Body: couponGift(g)}, nil
	})
}

// given answers with a coupon that somebody was given.
func given(ctx context.Context) func(coupons.Coupon, error) (*heldCouponReply, error) {
	return func(c coupons.Coupon, err error) (*heldCouponReply, error) {
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, c.Replayed)
		return &heldCouponReply{Body: heldCoupon(c)}, nil
	}
}

type couponCodeRequest struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"40" example:"K7QM-2XWA-90HT-BZ4E" doc:"letters of either case, blanks and dashes do not matter"`
	}
}

type couponTokenRequest struct {
	Token model.PublicID `path:"token" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type couponTokenKeyRequest struct {
	web.Idempotent
	Token model.PublicID `path:"token" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$" doc:"what the link or the scene of the mini-program code carries"`
}

type couponPacksReply struct {
	Body struct {
		Packs []couponPackView `json:"packs"`
	}
}

type couponPackReply struct{ Body couponPackView }

type couponPackView struct {
	Token      model.PublicID `json:"id" doc:"what the link carries"`
	Template   model.PublicID `json:"template"`
	Name       string         `json:"name"`
	Size       int64          `json:"size"`
	Taken      int64          `json:"taken"`
	ExpiresAt  time.Time      `json:"expires_at" doc:"exclusive"`
	Own        bool           `json:"own" doc:"the viewer shares it and gets nothing from it"`
	Reason     string         `json:"reason" doc:"code of why the viewer cannot take one; empty when he can"`
	ReasonText string         `json:"reason_text"`
}

func couponPack(p coupons.Pack) couponPackView {
	v := couponPackView{Token: p.Token, Template: p.Template, Name: p.Name, Size: p.Size, Taken: p.Taken, ExpiresAt: p.ExpiresAt, Own: p.Own}
	if f := fault.Of(p.Refusal); f != nil {
		v.Reason, v.ReasonText = f.Code, f.Chinese
	}
	return v
}

type couponGiftReply struct{ Body couponGiftView }

type couponGiftView struct {
	Token     model.PublicID        `json:"id" doc:"what the link carries"`
	Template  model.PublicID        `json:"template"`
	Name      string                `json:"name"`
	State     model.CouponGiftState `json:"state" enum:"open,accepted,cancelled,lapsed"`
	ExpiresAt time.Time             `json:"expires_at" doc:"exclusive"`
	Own       bool                  `json:"own" doc:"the viewer is the giver"`
	Coupon    model.PublicID        `json:"coupon" doc:"the giver's; empty for others"`
}

func couponGift(g coupons.Gift) couponGiftView {
	return couponGiftView{Token: g.Token, Template: g.Template, Name: g.Name, State: g.State, ExpiresAt: g.ExpiresAt, Own: g.Own, Coupon: g.Coupon}
}
