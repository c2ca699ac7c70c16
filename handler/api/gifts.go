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
	"huitou/service/memberships"
	"huitou/service/payments"
	"huitou/service/points"
	"huitou/wechat"
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
		Errors: []*fault.Fault{mall.ErrGiftUnknown, mall.ErrSoldOut, mall.ErrPoolDry, mall.ErrLimit, mall.ErrTier, mall.ErrPaused, mall.ErrNotStarted,
			mall.ErrEnded, mall.ErrAddressMissing, points.ErrInsufficient, coupons.ErrSoldOut, coupons.ErrLimitReached, memberships.ErrLifetime,
			memberships.ErrTooFar, payments.ErrNoPayer, payments.ErrGateway, payments.ErrRefused, payments.ErrClosed, db.ErrKeyReused},
	}, func(ctx context.Context, in *redeemGiftRequest) (*redemptionReply, error) {
		got, err := s.Redeem(ctx, mall.Redeem{Member: web.Member(ctx), Gift: in.ID, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, got.Replayed)
		return &redemptionReply{Body: redemptionOf(got)}, nil
	})

	web.Post(r, "/gifts/{id}/deliveries", web.Shopper, web.Doc{
		ID: "redeem-goods", Summary: "兑换需要寄送的礼品", Tag: "积分商城", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, mall.ErrGiftUnknown, mall.ErrSoldOut, mall.ErrPoolDry, mall.ErrLimit, mall.ErrTier, mall.ErrPaused,
			mall.ErrNotStarted, mall.ErrEnded, points.ErrInsufficient, coupons.ErrSoldOut, coupons.ErrLimitReached, memberships.ErrLifetime,
			memberships.ErrTooFar, payments.ErrNoPayer, payments.ErrGateway, payments.ErrRefused, payments.ErrClosed, db.ErrKeyReused},
	}, func(ctx context.Context, in *redeemGoodsRequest) (*redemptionReply, error) {
		to := mall.Address(in.Body.Address)
		got, err := s.Redeem(ctx, mall.Redeem{Member: web.Member(ctx), Gift: in.ID, Address: &to, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, got.Replayed)
		return &redemptionReply{Body: redemptionOf(got)}, nil
	})

	web.Get(r, "/me/redemptions", web.Shopper, web.Doc{
		ID: "list-redemptions", Summary: "我的兑换记录,从新到旧", Tag: "积分商城", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *redemptionsRequest) (*redemptionsReply, error) {
		list, next, err := s.Redemptions(ctx, web.Member(ctx), in.Page())
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

	web.Post(r, "/me/redemptions/{id}/prepay", web.Shopper, web.Doc{
		ID: "prepay-redemption", Summary: "继续支付兑换的现金部分", Tag: "积分商城",
		Errors: []*fault.Fault{mall.ErrRedemptionUnknown, mall.ErrPaidAlready, mall.ErrCancelled, mall.ErrRefunded,
			payments.ErrPaid, payments.ErrClosed, payments.ErrNoPayer, payments.ErrGateway, payments.ErrRefused},
	}, func(ctx context.Context, in *redemptionRequest) (*prepayReply, error) {
		p, err := s.Prepay(ctx, web.Member(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &prepayReply{Body: prepay{p}}, nil
	})

	web.Post(r, "/me/redemptions/{id}/reveal", web.Shopper, web.Doc{
		ID: "reveal-code", Summary: "查看兑换码,仅此一次", Tag: "积分商城",
		Errors: []*fault.Fault{mall.ErrRedemptionUnknown, mall.ErrNotACode, mall.ErrUnpaid, mall.ErrRevealed, mall.ErrCancelled, mall.ErrRefunded, db.ErrKeyReused},
	}, func(ctx context.Context, in *revealRequest) (*revealReply, error) {
		got, err := s.Reveal(ctx, mall.Reveal{Member: web.Member(ctx), Redemption: in.ID, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, got.Replayed)
		return &revealReply{Body: revealed{got.Redemption, got.Code, got.At}}, nil
	})

	for _, m := range []struct {
		verb, id, summary string
		errors            []*fault.Fault
		move              func(context.Context, model.MemberID, model.PublicID) (mall.Redemption, error)
	}{
		{"cancel", "give-up-redemption", "放弃未支付的兑换,退回积分", []*fault.Fault{mall.ErrRedemptionUnknown, mall.ErrPaidAlready, mall.ErrRefunded}, s.GiveUp},
		{"arrived", "confirm-arrival", "确认收货", []*fault.Fault{mall.ErrRedemptionUnknown, mall.ErrNotGoods, mall.ErrNotShipped, mall.ErrCancelled, mall.ErrRefunded}, s.Arrived},
	} {
		web.Post(r, "/me/redemptions/{id}/"+m.verb, web.Shopper, web.Doc{
			ID: m.id, Summary: m.summary, Tag: "积分商城", Errors: m.errors,
		}, func(ctx context.Context, in *redemptionRequest) (*redemptionReply, error) {
			got, err := m.move(ctx, web.Member(ctx), in.ID)
			if err != nil {
				return nil, err
			}
			return &redemptionReply{Body: redemptionOf(got)}, nil
		})
	}
}

type giftOffersReply struct{ Body giftOffers }

type giftOffers struct {
	Gifts []giftOffer `json:"gifts"`
}

type giftOffer struct {
	ID          model.PublicID `json:"id"`
	Name        string         `json:"name" example:"桂花乌龙试饮装"`
	Description string         `json:"description"`
	Kind        model.GiftKind `json:"kind" enum:"coupon,pickup,goods,membership,code"`
	Points      model.Points   `json:"points" doc:"所需积分"`
	Cash        model.Fen      `json:"cash_fen" doc:"另需支付;0 表示纯积分"`
	Days        int64          `json:"days,omitempty" doc:"会员天数"`
	Stock       int64          `json:"stock" doc:"剩余;-1 表示不限"`
	PerMember   int64          `json:"per_member" doc:"每人限兑;0 表示不限"`
	PerDay      int64          `json:"per_day" doc:"每人每日限兑;0 表示不限"`
	PerWeek     int64          `json:"per_week" doc:"每人每周限兑;0 表示不限"`
	MinTier     model.PublicID `json:"min_tier,omitempty" doc:"可兑换的最低等级"`
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
		v.Gifts[i] = giftOffer{ID: o.ID, Name: o.Name, Description: o.Description, Kind: o.Kind, Points: o.Price, Cash: o.Cash,
			Days: o.Days, Stock: o.Stock, PerMember: o.PerMember, PerDay: o.PerDay, PerWeek: o.PerWeek, MinTier: o.MinTier, Mine: o.Mine, StartsAt: o.StartsAt, EndsAt: o.EndsAt, Redeemable: o.WhyNot == nil}
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

type redeemGoodsRequest struct {
	web.Idempotent
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Address address `json:"address" doc:"收货地址"`
	}
}

type address struct {
	Name     string `json:"name" minLength:"1" maxLength:"30" example:"王小明"`
	Phone    string `json:"phone" minLength:"6" maxLength:"16" pattern:"^[+]?[0-9]+$" example:"13800138000"`
	Province string `json:"province" minLength:"1" maxLength:"20" example:"浙江省"`
	City     string `json:"city" minLength:"1" maxLength:"20" example:"杭州市"`
	District string `json:"district,omitempty" maxLength:"20" example:"西湖区"`
	Detail   string `json:"detail" minLength:"1" maxLength:"100" example:"龙井路 1 号 101 室"`
}

type prepayReply struct{ Body prepay }

type prepay struct {
	Pay wechat.PayParams `json:"pay" doc:"原样交给 wx.requestPayment"`
}

type revealRequest struct {
	web.Idempotent
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type revealReply struct{ Body revealed }

type revealed struct {
	ID   model.PublicID `json:"id" doc:"兑换记录"`
	Code string         `json:"code"`
	At   time.Time      `json:"revealed_at"`
}

type redemptionReply struct{ Body redemption }

type redemption struct {
	ID       model.PublicID        `json:"id"`
	Gift     model.PublicID        `json:"gift"`
	Name     string                `json:"name"`
	Kind     model.GiftKind        `json:"kind" enum:"coupon,pickup,goods,membership,code"`
	Points   model.Points          `json:"points"`
	Cash     model.Fen             `json:"cash_fen"`
	State    model.RedemptionState `json:"state" enum:"awaiting_payment,confirmed,fulfilled,shipped,completed,picked_up,cancelled,refunded"`
	Code     string                `json:"code,omitempty" doc:"到店领取时出示"`
	QR       string                `json:"qr,omitempty" doc:"到店领取二维码的内容"`
	Coupon   model.PublicID        `json:"coupon,omitempty" doc:"兑换所得的优惠券"`
	PayUntil *time.Time            `json:"pay_until,omitempty" doc:"逾期未付则自动取消"`
	Pay      *wechat.PayParams     `json:"pay,omitempty" doc:"原样交给 wx.requestPayment;仅在兑换时返回"`
	Address  *address              `json:"address,omitempty" doc:"收货地址;仅在查看单条记录时返回"`
	Carrier  string                `json:"carrier,omitempty" example:"顺丰速运"`
	Tracking string                `json:"tracking_number,omitempty"`
	At       time.Time             `json:"at"`
	ClosedAt *time.Time            `json:"closed_at,omitempty"`
	Arrived  *time.Time            `json:"completed_at,omitempty"`
}

func redemptionOf(r mall.Redemption) redemption {
	return redemption{r.ID, r.Gift, r.Name, r.Kind, r.Points, r.Cash, r.State, r.Code, r.QR, r.Coupon, r.PayUntil, r.Pay, (*address)(r.Address),
		r.Carrier, r.Tracking, r.At, r.ClosedAt, r.CompletedAt}
}

type redemptionsRequest struct {
	web.Paged
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
