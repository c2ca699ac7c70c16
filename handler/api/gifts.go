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
	"huitou/service/mall"
	"huitou/service/points"
)

// Gifts declares the points mall as a shopper uses it.
func Gifts(r *web.Routes, s *mall.Service) {
	web.Get(r, "/gifts", web.Shopper, web.Doc{
		ID: "list-gifts", Summary: "积分商城礼品", Tag: "积分商城",
	}, func(ctx context.Context, _ *struct{}) (*giftOffersReply, error) {
		offers, err := s.Gifts(ctx, web.Member(ctx))
		if err != nil {
			return nil, err
		}
		return &giftOffersReply{Body: giftOffersOf(offers)}, nil
	})

	web.Post(r, "/gifts/{id}/redemptions", web.Shopper, web.Doc{
		ID: "redeem-gift", Summary: "兑换礼品", Tag: "积分商城", Status: http.StatusCreated,
		Errors: []*fault.Fault{mall.ErrGiftUnknown, mall.ErrSoldOut, mall.ErrLimit, mall.ErrPaused, mall.ErrNotStarted, mall.ErrEnded,
			points.ErrInsufficient, coupons.ErrSoldOut, coupons.ErrLimitReached, db.ErrKeyReused},
	}, func(ctx context.Context, in *redeemGiftRequest) (*redemptionReply, error) {
		got, err := s.Redeem(ctx, mall.Redeem{Member: web.Member(ctx), Gift: in.ID, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, got.Replayed)
		return &redemptionReply{Body: redemptionOf(got)}, nil
	})

	web.Get(r, "/me/redemptions", web.Shopper, web.Doc{
		ID: "list-redemptions", Summary: "我的兑换记录,从新到旧", Tag: "积分商城", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *redemptionsRequest) (*redemptionsReply, error) {
		list, next, err := s.Redemptions(ctx, web.Member(ctx), db.Page{Cursor: in.Cursor, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		return &redemptionsReply{Body: redemptionsOf(list, next)}, nil
	})

	web.Get(r, "/me/redemptions/{id}", web.Shopper, web.Doc{
		ID: "read-redemption", Summary: "一条兑换记录", Tag: "积分商城", Errors: []*fault.Fault{mall.ErrRedemptionUnknown},
	}, func(ctx context.Context, in *redemptionRequest) (*redemptionReply, error) {
		got, err := s.Redemption(ctx, web.Member(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &redemptionReply{Body: redemptionOf(got)}, nil
	})
}

type giftOffersReply struct{ Body giftOffers }

type giftOffers struct {
	Gifts []giftOffer `json:"gifts"`
}

type giftOffer struct {
	ID          model.PublicID `json:"id"`
	Name        string         `json:"name" example:"桂花乌龙试饮装"`
	Description string         `json:"description"`
	Kind        model.GiftKind `json:"kind" enum:"coupon,pickup"`
	Points      model.Points   `json:"points" doc:"所需积分"`
	Stock       int64          `json:"stock" doc:"剩余;-1 表示不限"`
	PerMember   int64          `json:"per_member" doc:"每人限兑;0 表示不限"`
	Mine        int64          `json:"mine" doc:"我已兑换"`
	StartsAt    *time.Time     `json:"starts_at,omitempty"`
	EndsAt      *time.Time     `json:"ends_at,omitempty"`
	Redeemable  bool           `json:"redeemable"`
	// WhyNot and Reason are left out when the gift can be redeemed.
	WhyNot string `json:"reason,omitempty" example:"points.insufficient" doc:"稳定的原因代码"`
	Reason string `json:"reason_text,omitempty" example:"积分不足"`
}

func giftOffersOf(offers []mall.Offer) giftOffers {
	v := giftOffers{Gifts: make([]giftOffer, len(offers))}
	for i, o := range offers {
		v.Gifts[i] = giftOffer{ID: o.ID, Name: o.Name, Description: o.Description, Kind: o.Kind, Points: o.Price, Stock: o.Stock,
			PerMember: o.PerMember, Mine: o.Mine, StartsAt: o.StartsAt, EndsAt: o.EndsAt, Redeemable: o.WhyNot == nil}
		if o.WhyNot != nil {
			v.Gifts[i].WhyNot, v.Gifts[i].Reason = o.WhyNot.Code, o.WhyNot.Chinese
		}
	}
	return v
}

type redeemGiftRequest struct {
	web.Idempotent
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type redemptionReply struct{ Body redemption }

type redemption struct {
	ID       model.PublicID        `json:"id"`
	Gift     model.PublicID        `json:"gift"`
	Name     string                `json:"name"`
	Kind     model.GiftKind        `json:"kind" enum:"coupon,pickup"`
	Points   model.Points          `json:"points"`
	State    model.RedemptionState `json:"state" enum:"confirmed,fulfilled,picked_up,cancelled"`
	Code     string                `json:"code,omitempty" doc:"到店领取时出示"`
	Coupon   model.PublicID        `json:"coupon,omitempty" doc:"兑换所得的优惠券"`
	At       time.Time             `json:"at"`
	ClosedAt *time.Time            `json:"closed_at,omitempty"`
}

func redemptionOf(r mall.Redemption) redemption {
	return redemption{r.ID, r.Gift, r.Name, r.Kind, r.Points, r.State, r.Code, r.Coupon, r.At, r.ClosedAt}
}

type redemptionsRequest struct {
	Cursor string `query:"cursor" maxLength:"64" doc:"next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

type redemptionsReply struct{ Body redemptions }

type redemptions struct {
	Redemptions []redemption `json:"redemptions"`
	Next        string       `json:"next" doc:"cursor of the next page; empty at the end"`
}

func redemptionsOf(list []mall.Redemption, next string) redemptions {
	v := redemptions{Redemptions: make([]redemption, len(list)), Next: next}
	for i, r := range list {
		v.Redemptions[i] = redemptionOf(r)
	}
	return v
}

type redemptionRequest struct {
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}
