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
	web.Get(r, "/gifts", web.Staff(staff.RedemptionsRead), web.Doc{
		ID: "list-all-gifts", Summary: "全部礼品,从新到旧", Tag: "积分商城", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *allGiftsRequest) (*allGiftsReply, error) {
		list, next, err := s.AllGifts(ctx, mall.GiftFilter{State: in.State, Kind: in.Kind, Low: in.Low}, in.Page())
		if err != nil {
			return nil, err
		}
		return &allGiftsReply{Body: giftsOf(list, next)}, nil
	})

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
		Errors: []*fault.Fault{mall.ErrGiftUnknown, mall.ErrStockTooSmall, mall.ErrStockIsPool, db.ErrKeyReused},
	}, func(ctx context.Context, in *restockRequest) (*giftReply, error) {
		return giftOf(ctx)(s.Restock(ctx, mall.Restock{Staff: web.Actor(ctx).ID, Gift: in.ID, Delta: in.Body.Delta, Key: in.Key(ctx)}))
	})

	web.Post(r, "/gifts/{id}/codes", web.Staff(staff.GiftsManage), web.Doc{
		ID: "upload-codes", Summary: "向码池上传兑换码;上传后不可再查看", Tag: "积分商城", Status: http.StatusCreated, MaxBody: maxCodes,
		Errors: []*fault.Fault{mall.ErrGiftUnknown, mall.ErrNoPool, mall.ErrEnded, mall.ErrStockTooSmall, db.ErrKeyReused},
	}, func(ctx context.Context, in *uploadCodesRequest) (*uploadedReply, error) {
		got, err := s.UploadCodes(ctx, mall.UploadCodes{Staff: web.Actor(ctx).ID, Gift: in.ID, Codes: in.Body.Codes, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, got.Replayed)
		return &uploadedReply{Body: uploaded{got.Gift.ID, got.Added, got.Known, got.Gift.Stock}}, nil
	})

	redemptions(r, s)
}

// maxCodes is the body of an upload: 5,000 codes of some length.
const maxCodes = 1 << 20

func redemptions(r *web.Routes, s *mall.Service) {
	web.Get(r, "/redemptions", web.Staff(staff.RedemptionsRead), web.Doc{
		ID: "list-all-redemptions", Summary: "兑换记录,从新到旧", Tag: "积分商城", Errors: []*fault.Fault{mall.ErrGiftUnknown, db.ErrCursor},
	}, func(ctx context.Context, in *allRedemptionsRequest) (*allRedemptionsReply, error) {
		f := mall.RedemptionFilter{State: in.State, Kind: in.Kind, Gift: in.Gift, Member: in.Member}
		list, next, err := s.AllRedemptions(ctx, f, in.Page())
		if err != nil {
			return nil, err
		}
		return &allRedemptionsReply{Body: redemptionsOf(list, next)}, nil
	})

	web.Get(r, "/redemptions/{id}", web.Staff(staff.RedemptionsRead), web.Doc{
		ID: "read-any-redemption", Summary: "一条兑换记录;收货地址仅对可发货的员工显示", Tag: "积分商城", Errors: []*fault.Fault{mall.ErrRedemptionUnknown},
	}, func(ctx context.Context, in *giftRequest) (*redemptionReply, error) {
		return redemptionOf(ctx)(s.AnyRedemption(ctx, in.ID, web.Actor(ctx).May(staff.RedemptionsShip)))
	})

	web.Post(r, "/redemptions/{id}/shipments", web.Staff(staff.RedemptionsShip), web.Doc{
		ID: "ship-redemption", Summary: "发货", Tag: "积分商城", Status: http.StatusCreated,
		Errors: []*fault.Fault{mall.ErrRedemptionUnknown, mall.ErrNotGoods, mall.ErrUnpaid, mall.ErrShipped, mall.ErrCancelled, mall.ErrRefunded, db.ErrKeyReused},
	}, func(ctx context.Context, in *shipRequest) (*redemptionReply, error) {
		return redemptionOf(ctx)(s.Ship(ctx, mall.Ship{Staff: web.Actor(ctx).ID, Redemption: in.ID, Carrier: in.Body.Carrier, Number: in.Body.Number, Key: in.Key(ctx)}))
	})

	web.Post(r, "/redemptions/pickups", web.Staff(staff.RedemptionsPickUp), web.Doc{
		ID: "pick-up-gift", Summary: "核销兑换码", Tag: "积分商城", Status: http.StatusCreated,
		Errors: []*fault.Fault{mall.ErrCodeUnknown, mall.ErrPickedUp, mall.ErrCancelled, mall.ErrRefunded, db.ErrKeyReused},
	}, func(ctx context.Context, in *pickUpRequest) (*redemptionReply, error) {
		return redemptionOf(ctx)(s.PickUp(ctx, mall.PickUp{Staff: web.Actor(ctx).ID, Code: in.Body.Code, Store: in.Body.Store, Key: in.Key(ctx)}))
	})

	web.Post(r, "/redemptions/{id}/cancel", web.Staff(staff.GiftsManage), web.Doc{
		ID: "cancel-redemption", Summary: "取消兑换,退回积分、库存与已付现金", Tag: "积分商城",
		Errors: []*fault.Fault{mall.ErrRedemptionUnknown, mall.ErrPickedUp, mall.ErrFulfilled, mall.ErrShipped, mall.ErrCancelled, mall.ErrRefunded,
			mall.ErrPaidAlready, points.ErrReturnTooLarge, db.ErrKeyReused},
	}, func(ctx context.Context, in *cancelRedemptionRequest) (*redemptionReply, error) {
		return redemptionOf(ctx)(s.Cancel(ctx, mall.Cancel{Staff: web.Actor(ctx).ID, Redemption: in.ID, Note: in.Body.Note, Key: in.Key(ctx)}))
	})
}

type createGiftRequest struct {
	web.Idempotent
	Body struct {
		Name           string         `json:"name" minLength:"1" maxLength:"100" example:"桂花乌龙试饮装"`
		Description    string         `json:"description,omitempty" maxLength:"2000"`
		Kind           model.GiftKind `json:"kind" enum:"coupon,pickup,goods,membership,code"`
		CouponTemplate model.PublicID `json:"coupon_template,omitempty" maxLength:"24" doc:"kind coupon: which coupon is issued"`
		Plan           model.PublicID `json:"plan,omitempty" maxLength:"24" doc:"kind membership: whose benefits the days have"`
		Days           int64          `json:"days,omitempty" minimum:"0" maximum:"366" doc:"kind membership: how many days"`
		Points         int64          `json:"points" minimum:"1" maximum:"1000000000" doc:"所需积分"`
		Cash           int64          `json:"cash_fen,omitempty" minimum:"0" maximum:"100000000" doc:"另需支付;0 表示纯积分"`
		Stock          int64          `json:"stock" minimum:"-1" maximum:"10000000" doc:"-1 表示不限;kind code 须为 0,之后上传兑换码"`
		LowStock       int64          `json:"low_stock,omitempty" minimum:"0" maximum:"10000000" doc:"库存降到此数时告警;0 表示不告警"`
		PerMember      int64          `json:"per_member,omitempty" minimum:"0" maximum:"100" doc:"每人限兑;0 表示不限"`
		PerDay         int64          `json:"per_day,omitempty" minimum:"0" maximum:"100" doc:"每人每日限兑;0 表示不限"`
		PerWeek        int64          `json:"per_week,omitempty" minimum:"0" maximum:"100" doc:"每人每周(周一至周日)限兑;0 表示不限"`
		MinTier        model.PublicID `json:"min_tier,omitempty" maxLength:"24" doc:"可兑换的最低等级"`
		StartsAt       *time.Time     `json:"starts_at,omitempty"`
		EndsAt         *time.Time     `json:"ends_at,omitempty" doc:"first instant at which it cannot be redeemed"`
		Sort           int64          `json:"sort,omitempty" minimum:"0" maximum:"1000000" doc:"小者在前"`
	}
}

func (in *createGiftRequest) command(ctx context.Context) mall.NewGift {
	b := in.Body
	return mall.NewGift{Staff: web.Actor(ctx).ID, Name: b.Name, Description: b.Description, Kind: b.Kind, CouponTemplate: b.CouponTemplate,
		Plan: b.Plan, Days: b.Days, Price: model.Points(b.Points), Cash: model.Fen(b.Cash), Stock: b.Stock, LowStock: b.LowStock, PerMember: b.PerMember,
		PerDay: b.PerDay, PerWeek: b.PerWeek, MinTier: b.MinTier, StartsAt: b.StartsAt, EndsAt: b.EndsAt, Sort: b.Sort, Key: in.Key(ctx)}
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
		Code  string `json:"code" minLength:"10" maxLength:"24" pattern:"^(HUITOU-PICKUP:)?[0-9]{10}$" doc:"十位数字,或二维码的内容"`
		Store string `json:"store,omitempty" maxLength:"40" doc:"门店" example:"河坊街店"`
	}
}

type allGiftsRequest struct {
	State model.GiftState `query:"state" enum:"active,paused,ended"`
	Kind  model.GiftKind  `query:"kind" enum:"coupon,pickup,goods,membership,code"`
	Low   bool            `query:"low" doc:"仅看库存告警的礼品"`
	web.Paged
}

type allGiftsReply struct{ Body gifts }

type gifts struct {
	Gifts []giftView `json:"gifts"`
	Next  string     `json:"next" doc:"cursor of the next page; empty at the end"`
}

func giftsOf(list []mall.Gift, next string) gifts {
	v := gifts{Gifts: make([]giftView, len(list)), Next: next}
	for i, g := range list {
		v.Gifts[i] = giftViewOf(g)
	}
	return v
}

type allRedemptionsRequest struct {
	State  model.RedemptionState `query:"state" enum:"awaiting_payment,confirmed,fulfilled,shipped,completed,picked_up,cancelled,refunded"`
	Kind   model.GiftKind        `query:"kind" enum:"coupon,pickup,goods,membership,code"`
	Gift   model.PublicID        `query:"gift" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Member model.MemberID        `query:"member_id" minimum:"1"`
	web.Paged
}

type allRedemptionsReply struct{ Body redemptionViews }

type redemptionViews struct {
	Redemptions []redemptionView `json:"redemptions"`
	Next        string           `json:"next" doc:"cursor of the next page; empty at the end"`
}

func redemptionsOf(list []mall.Redemption, next string) redemptionViews {
	v := redemptionViews{Redemptions: make([]redemptionView, len(list)), Next: next}
	for i, r := range list {
		v.Redemptions[i] = redemptionViewOf(r)
	}
	return v
}

type shipRequest struct {
	web.Idempotent
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Carrier string `json:"carrier" minLength:"1" maxLength:"40" example:"顺丰速运"`
		Number  string `json:"number" minLength:"4" maxLength:"40" pattern:"^[0-9A-Za-z-]+$" example:"SF1234567890123"`
	}
}

type uploadCodesRequest struct {
	web.Idempotent
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Codes []string `json:"codes" minItems:"1" maxItems:"5000" minLength:"1" maxLength:"200"`
	}
}

type uploadedReply struct{ Body uploaded }

type uploaded struct {
	ID    model.PublicID `json:"id" doc:"礼品"`
	Added int            `json:"added"`
	Known int            `json:"known" doc:"码池中已有或重复的"`
	Stock int64          `json:"stock" doc:"码池中可兑换的数量"`
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
	Kind           model.GiftKind  `json:"kind" enum:"coupon,pickup,goods,membership,code"`
	CouponTemplate model.PublicID  `json:"coupon_template,omitempty"`
	Plan           model.PublicID  `json:"plan,omitempty"`
	Days           int64           `json:"days,omitempty"`
	Points         model.Points    `json:"points"`
	Cash           model.Fen       `json:"cash_fen"`
	Stock          int64           `json:"stock" doc:"-1 表示不限"`
	LowStock       int64           `json:"low_stock"`
	Low            bool            `json:"low" doc:"库存已降到告警线"`
	PerMember      int64           `json:"per_member"`
	PerDay         int64           `json:"per_day"`
	PerWeek        int64           `json:"per_week"`
	MinTier        model.PublicID  `json:"min_tier,omitempty"`
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
		return &giftReply{Body: giftViewOf(g)}, nil
	}
}

func giftViewOf(g mall.Gift) giftView {
	return giftView{g.ID, g.Name, g.Description, g.Kind, g.CouponTemplate, g.Plan, g.Days, g.Price, g.Cash, g.Stock, g.LowStock, g.Low,
		g.PerMember, g.PerDay, g.PerWeek, g.MinTier, g.StartsAt, g.EndsAt, g.State, g.Sort, g.CreatedAt}
}

type redemptionReply struct{ Body redemptionView }

type redemptionView struct {
	ID       model.PublicID        `json:"id"`
	Member   model.MemberID        `json:"member_id"`
	Gift     model.PublicID        `json:"gift"`
	Name     string                `json:"name"`
	Kind     model.GiftKind        `json:"kind" enum:"coupon,pickup,goods,membership,code"`
	Points   model.Points          `json:"points"`
	Cash     model.Fen             `json:"cash_fen"`
	State    model.RedemptionState `json:"state" enum:"awaiting_payment,confirmed,fulfilled,shipped,completed,picked_up,cancelled,refunded"`
	Address  *shippingAddress      `json:"address,omitempty" doc:"仅在查看单条记录时,对可发货的员工显示"`
	Carrier  string                `json:"carrier,omitempty"`
	Tracking string                `json:"tracking_number,omitempty"`
	Store    string                `json:"store,omitempty"`
	Note     string                `json:"note,omitempty"`
	At       time.Time             `json:"at"`
	ClosedAt *time.Time            `json:"closed_at,omitempty"`
	Arrived  *time.Time            `json:"completed_at,omitempty"`
}

type shippingAddress struct {
	Name     string `json:"name"`
	Phone    string `json:"phone"`
	Province string `json:"province"`
	City     string `json:"city"`
	District string `json:"district"`
	Detail   string `json:"detail"`
}

func redemptionViewOf(r mall.Redemption) redemptionView {
	return redemptionView{r.ID, r.Member, r.Gift, r.Name, r.Kind, r.Points, r.Cash, r.State, (*shippingAddress)(r.Address), r.Carrier, r.Tracking,
		r.Store, r.Note, r.At, r.ClosedAt, r.CompletedAt}
}

func redemptionOf(ctx context.Context) func(mall.Redemption, error) (*redemptionReply, error) {
	return func(r mall.Redemption, err error) (*redemptionReply, error) {
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, r.Replayed)
		return &redemptionReply{Body: redemptionViewOf(r)}, nil
	}
}
