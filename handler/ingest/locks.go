package ingest

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/members"
)

// CouponLocks declares how a shop that reserves before it is paid sets coupons aside for an order, and gives them back.
func CouponLocks(r *web.Routes, s *coupons.Service, people *members.Service) {
	web.Post(r, "/coupon-locks", web.Shop, web.Doc{
		ID: "lock-coupons", Summary: "下单时占用优惠券,付款后上报订单即核销;超时自动释放", Tag: "优惠券", Status: http.StatusCreated, MaxBody: maxOrder,
		Errors: []*fault.Fault{fault.ErrInvalid, members.ErrUnknown, members.ErrAmbiguous, coupons.ErrUnknown, coupons.ErrNotYours, coupons.ErrLocked, coupons.ErrRedeemed,
			coupons.ErrNotYetUsable, coupons.ErrExpired, coupons.ErrWrongStore, coupons.ErrWrongScope, coupons.ErrBelowThreshold, coupons.ErrNoSaving,
			coupons.ErrNotCombinable, coupons.ErrBudgetSpent},
	}, func(ctx context.Context, in *lockRequest) (*lockReply, error) {
		source := web.ShopSource(ctx)
		member, err := people.Find(ctx, in.Body.Member.ref(source))
		if err != nil {
			return nil, err
		}
		l, err := s.Lock(ctx, in.command(source, member))
		if err != nil {
			return nil, err
		}
		return lockView(l), nil
	})
	web.Post(r, "/coupon-locks/release", web.Shop, web.Doc{
		ID: "release-coupons", Summary: "订单取消时释放占用的优惠券,可重复调用", Tag: "优惠券",
	}, func(ctx context.Context, in *releaseRequest) (*releaseReply, error) {
		n, err := s.Release(ctx, coupons.LockRef(web.ShopSource(ctx), in.Body.Number))
		if err != nil {
			return nil, err
		}
		return &releaseReply{Body: releasedView{n}}, nil
	})
}

type lockRequest struct {
	Body struct {
		Number     string         `json:"number" minLength:"1" maxLength:"64" pattern:"^[!-~]+$" doc:"of the order, the same that is told when it was paid; again with the same number: the lock is made anew"`
		Member     ingestedMember `json:"member"`
		Coupons    []string       `json:"coupon_codes" minItems:"1" maxItems:"10" nullable:"false" doc:"codes or ids; all of them are locked or none"`
		Lines      []lockedLine   `json:"lines" minItems:"1" maxItems:"500" nullable:"false" doc:"at the prices at which this member buys, before coupons"`
		FreightFen model.Fen      `json:"freight_fen,omitempty" minimum:"0" maximum:"1000000000"`
		Store      string         `json:"store,omitempty" maxLength:"64" pattern:"^[!-~]*$"`
		TTL        int64          `json:"ttl_seconds,omitempty" minimum:"60" maximum:"604800" default:"1800"`
	}
}

type lockedLine struct {
	SKU      string    `json:"sku" maxLength:"64"`
	Category string    `json:"category,omitempty" maxLength:"64"`
	Quantity int64     `json:"quantity" minimum:"1" maximum:"1000000"`
	PriceFen model.Fen `json:"price_fen" minimum:"0" maximum:"1000000000" doc:"of one piece"`
}

func (in *lockRequest) command(source string, m model.MemberID) coupons.Lock {
	b := in.Body
	l := coupons.Lock{
		Member: m, Coupons: b.Coupons, OrderRef: coupons.LockRef(source, b.Number), For: time.Duration(b.TTL) * time.Second,
		Cart: coupons.Cart{Lines: make([]coupons.Item, len(b.Lines)), FreightFen: b.FreightFen, Store: b.Store},
	}
	for i, line := range b.Lines {
		l.Cart.Lines[i] = coupons.Item{SKU: line.SKU, Category: line.Category, Quantity: line.Quantity, PriceFen: line.PriceFen}
	}
	return l
}

type lockReply struct{ Body lockedView }

type lockedView struct {
	Coupons    []lockedCouponView `json:"coupons" doc:"in the order of coupon_codes"`
	PayableFen model.Fen          `json:"payable_fen" doc:"goods and freight less these coupons; 0 needs no payment"`
	ExpiresAt  time.Time          `json:"expires_at" doc:"from then on the coupons may be used elsewhere"`
}

type lockedCouponView struct {
	ID          model.PublicID `json:"id"`
	DiscountFen model.Fen      `json:"discount_fen"`
	Shares      []model.Fen    `json:"line_shares_fen" doc:"how the discount is spread over the lines, for partial refunds; empty for freight"`
}

func lockView(l coupons.Locked) *lockReply {
	v := lockedView{Coupons: make([]lockedCouponView, len(l.Coupons)), PayableFen: l.Quoted.PayableFen, ExpiresAt: l.Until}
	for i, u := range l.Coupons {
		v.Coupons[i] = lockedCouponView{u.ID, u.Discount, append([]model.Fen{}, l.Quoted.Coupons[i].Shares...)}
	}
	return &lockReply{Body: v}
}

type releaseRequest struct {
	Body struct {
		Number string `json:"number" minLength:"1" maxLength:"64" pattern:"^[!-~]+$" doc:"of the order"`
	}
}

type releaseReply struct{ Body releasedView }

type releasedView struct {
	Released int `json:"released" doc:"coupons that the order held; 0 when it held none"`
}
