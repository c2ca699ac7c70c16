package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/mall"
	"huitou/service/points"
	"huitou/service/staff"
)

// Gifts declares what staff do in the points mall: offer gifts, keep their stock, hand them out, take a redemption back.
func Gifts(r *web.Routes, s *mall.Service) {
	web.Post(r, "/gifts", web.Staff(staff.GiftsManage), web.Doc{
		ID: "create-gift", Summary: "上架礼品", Tag: "积分商城", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, db.ErrKeyReused},
	}, func(ctx context.Context, in *createGiftRequest) (*giftReply, error) {
		return giftOf(ctx)(s.CreateGift(ctx, in.command(ctx)))
	})

	for _, m := range []struct {
		verb, summary string
		move          func(context.Context, model.StaffID, model.PublicID) (mall.Gift, error)
	}{
		{"pause", "暂停兑换", s.Pause},
		{"resume", "恢复兑换", s.Resume},
		{"end", "下架礼品", s.End},
	} {
		web.Post(r, "/gifts/{id}/"+m.verb, web.Staff(staff.GiftsManage), web.Doc{
			ID: m.verb + "-gift", Summary: m.summary, Tag: "积分商城", Errors: []*fault.Fault{mall.ErrGiftUnknown, mall.ErrEnded},
		}, func(ctx context.Context, in *giftRequest) (*giftReply, error) {
			return giftOf(ctx)(m.move(ctx, web.Actor(ctx).ID, in.ID))
		})
	}

	web.Post(r, "/gifts/{id}/stock-moves", web.Staff(staff.GiftsManage), web.Doc{
		ID: "restock-gift", Summary: "增减礼品库存", Tag: "积分商城", Status: http.StatusCreated,
		Errors: []*fault.Fault{mall.ErrGiftUnknown, mall.ErrStockTooSmall, db.ErrKeyReused},
	}, func(ctx context.Context, in *restockRequest) (*giftReply, error) {
		return giftOf(ctx)(s.Restock(ctx, mall.Restock{Staff: web.Actor(ctx).ID, Gift: in.ID, Delta: in.Body.Delta, Key: in.Key(ctx)}))
	})

	web.Post(r, "/redemptions/pickups", web.Staff(staff.RedemptionsPickUp), web.Doc{
		ID: "pick-up-gift", Summary: "核销兑换码", Tag: "积分商城", Status: http.StatusCreated,
		Errors: []*fault.Fault{mall.ErrCodeUnknown, mall.ErrPickedUp, mall.ErrCancelled, db.ErrKeyReused},
	}, func(ctx context.Context, in *pickUpRequest) (*redemptionReply, error) {
		return redemptionOf(ctx)(s.PickUp(ctx, mall.PickUp{Staff: web.Actor(ctx).ID, Code: in.Body.Code, Key: in.Key(ctx)}))
	})

	web.Post(r, "/redemptions/{id}/cancel", web.Staff(staff.GiftsManage), web.Doc{
		ID: "cancel-redemption", Summary: "取消兑换,退回积分与库存", Tag: "积分商城",
		Errors: []*fault.Fault{mall.ErrRedemptionUnknown, mall.ErrPickedUp, mall.ErrFulfilled, mall.ErrCancelled, points.ErrReturnTooLarge, db.ErrKeyReused},
	}, func(ctx context.Context, in *cancelRedemptionRequest) (*redemptionReply, error) {
		return redemptionOf(ctx)(s.Cancel(ctx, mall.Cancel{Staff: web.Actor(ctx).ID, Redemption: in.ID, Note: in.Body.Note, Key: in.Key(ctx)}))
	})
}

type createGiftRequest struct {
	web.Idempotent
	Body struct {
		Name           string         `json:"name" minLength:"1" maxLength:"100" example:"桂花乌龙试饮装"`
		Description    string         `json:"description,omitempty" maxLength:"2000"`
		Kind           model.GiftKind `json:"kind" enum:"coupon,pickup"`
		CouponTemplate model.PublicID `json:"coupon_template,omitempty" maxLength:"24" doc:"kind coupon: which coupon is issued"`
		Points         int64          `json:"points" minimum:"1" maximum:"1000000000" doc:"所需积分"`
		Stock          int64          `json:"stock" minimum:"-1" maximum:"10000000" doc:"-1 表示不限"`
		PerMember      int64          `json:"per_member,omitempty" minimum:"0" maximum:"100" doc:"每人限兑;0 表示不限"`
		StartsAt       *time.Time     `json:"starts_at,omitempty"`
		EndsAt         *time.Time     `json:"ends_at,omitempty" doc:"first instant at which it cannot be redeemed"`
		Sort           int64          `json:"sort,omitempty" minimum:"0" maximum:"1000000" doc:"小者在前"`
	}
}

func (in *createGiftRequest) command(ctx context.Context) mall.NewGift {
	b := in.Body
	return mall.NewGift{Staff: web.Actor(ctx).ID, Name: b.Name, Description: b.Description, Kind: b.Kind, CouponTemplate: b.CouponTemplate,
		Price: model.Points(b.Points), Stock: b.Stock, PerMember: b.PerMember, StartsAt: b.StartsAt, EndsAt: b.EndsAt, Sort: b.Sort, Key: in.Key(ctx)}
}

type giftRequest struct {
	ID model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
}

type restockRequest struct {
	web.Idempotent
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Delta int64 `json:"delta" minimum:"-10000000" maximum:"10000000" doc:"正数增加,负数减少"`
	}
}

type pickUpRequest struct {
	web.Idempotent
	Body struct {
		Code string `json:"code" minLength:"10" maxLength:"10" pattern:"^[0-9]+$"`
	}
}

type cancelRedemptionRequest struct {
	web.Idempotent
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"200" doc:"取消原因"`
	}
}

type giftReply struct{ Body giftView }

type giftView struct {
	ID             model.PublicID  `json:"id"`
	Name           string          `json:"name"`
	Description    string          `json:"description"`
	Kind           model.GiftKind  `json:"kind" enum:"coupon,pickup"`
	CouponTemplate model.PublicID  `json:"coupon_template,omitempty"`
	Points         model.Points    `json:"points"`
	Stock          int64           `json:"stock" doc:"-1 表示不限"`
	PerMember      int64           `json:"per_member"`
	StartsAt       *time.Time      `json:"starts_at,omitempty"`
	EndsAt         *time.Time      `json:"ends_at,omitempty"`
	State          model.GiftState `json:"state" enum:"active,paused,ended"`
	Sort           int64           `json:"sort"`
	CreatedAt      time.Time       `json:"created_at"`
}

// giftOf turns what a command of the mall returned into the answer.
func giftOf(ctx context.Context) func(mall.Gift, error) (*giftReply, error) {
	return func(g mall.Gift, err error) (*giftReply, error) {
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, g.Replayed)
		return &giftReply{Body: giftView{g.ID, g.Name, g.Description, g.Kind, g.CouponTemplate, g.Price, g.Stock, g.PerMember,
			g.StartsAt, g.EndsAt, g.State, g.Sort, g.CreatedAt}}, nil
	}
}

type redemptionReply struct{ Body redemptionView }

type redemptionView struct {
	ID       model.PublicID        `json:"id"`
	Member   model.MemberID        `json:"member_id"`
	Gift     model.PublicID        `json:"gift"`
	Name     string                `json:"name"`
	Kind     model.GiftKind        `json:"kind" enum:"coupon,pickup"`
	Points   model.Points          `json:"points"`
	State    model.RedemptionState `json:"state" enum:"confirmed,fulfilled,picked_up,cancelled"`
	At       time.Time             `json:"at"`
	ClosedAt *time.Time            `json:"closed_at,omitempty"`
}

func redemptionOf(ctx context.Context) func(mall.Redemption, error) (*redemptionReply, error) {
	return func(r mall.Redemption, err error) (*redemptionReply, error) {
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, r.Replayed)
		return &redemptionReply{Body: redemptionView{r.ID, r.Member, r.Gift, r.Name, r.Kind, r.Points, r.State, r.At, r.ClosedAt}}, nil
	}
}
