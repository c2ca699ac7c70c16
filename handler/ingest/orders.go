package ingest

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/members"
	"huitou/service/orders"
)

// maxOrder is the largest body: 500 lines with long Chinese names.
const maxOrder = 1 << 20

// Orders declares how a shop's system tells of an order that was paid.
func Orders(r *web.Routes, s *orders.Service) {
	web.Post(r, "/orders", web.Shop, web.Doc{
		ID: "ingest-order", Summary: "上报已支付订单,同一订单号可重复上报", Tag: "订单", Status: http.StatusCreated, Known: http.StatusOK, MaxBody: maxOrder,
		Errors: []*fault.Fault{fault.ErrInvalid, orders.ErrConflict, members.ErrAmbiguous, members.ErrUnknown},
	}, func(ctx context.Context, in *orderRequest) (*orderReply, error) {
		result, err := s.Ingest(ctx, in.command(web.ShopSource(ctx)))
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, !result.Fresh)
		return orderResult(result), nil
	})
}

type orderRequest struct {
	Body struct {
		Number       string          `json:"number" minLength:"1" maxLength:"64" pattern:"^[!-~]+$" doc:"unique within the shop's system"`
		Kind         model.OrderKind `json:"kind,omitempty" enum:"goods,membership,points" default:"goods"`
		Member       ingestedMember  `json:"member"`
		PaidAt       time.Time       `json:"paid_at" doc:"at most 5 minutes in the future"`
		Lines        []ingestedLine  `json:"lines,omitempty" maxItems:"500" nullable:"false" doc:"when given, they add up to goods_fen"`
		GoodsFen     model.Fen       `json:"goods_fen" minimum:"0" maximum:"1000000000" doc:"before discounts"`
		FreightFen   model.Fen       `json:"freight_fen,omitempty" minimum:"0" maximum:"1000000000"`
		DiscountFen  model.Fen       `json:"discount_fen,omitempty" minimum:"0" maximum:"1000000000" doc:"all discounts, the coupon's included"`
		PaidFen      model.Fen       `json:"paid_fen" minimum:"0" maximum:"1000000000" doc:"goods_fen + freight_fen - discount_fen"`
		CouponCode   string          `json:"coupon_code,omitempty" maxLength:"24" pattern:"^[0-9a-z]*$" doc:"code or id of the coupon that the shop took"`
		MoreCoupons  []string        `json:"more_coupon_codes,omitempty" maxItems:"9" nullable:"false" doc:"those that it took with that one"`
		MemberSaving model.Fen       `json:"member_saving_fen,omitempty" minimum:"0" maximum:"1000000000" doc:"the part of discount_fen that the member price of the buyer's paid card took off"`
		FreeFreight  model.Fen       `json:"free_freight_fen,omitempty" minimum:"0" maximum:"100000" doc:"freight that the card spared the buyer, not in freight_fen; uses up one of the month"`
		Store        string          `json:"store,omitempty" maxLength:"64" pattern:"^[!-~]*$" doc:"code of the store, for coupons that are good in some stores only"`
	}
}

// ingestedMember names the buyer in one way or in several, which must then agree. Whoever is not known yet becomes a member.
type ingestedMember struct {
	Phone    string `json:"phone,omitempty" maxLength:"24" doc:"a mobile number of mainland China, or with +country code"`
	Number   string `json:"number,omitempty" maxLength:"12" pattern:"^[0-9]*$" doc:"member number, 12 digits; must exist"`
	AppID    string `json:"app_id,omitempty" maxLength:"64" doc:"the app of openid"`
	OpenID   string `json:"openid,omitempty" maxLength:"64"`
	UnionID  string `json:"unionid,omitempty" maxLength:"64"`
	External string `json:"external,omitempty" maxLength:"128" doc:"the customer's number in the shop's own system"`
}

// ref names the buyer within a shop's system.
func (m ingestedMember) ref(source string) members.Ref {
	r := members.Ref{Phone: m.Phone, Number: m.Number, AppID: m.AppID, OpenID: m.OpenID, UnionID: m.UnionID}
	if m.External != "" {
		r.Source, r.External = source, m.External
	}
	return r
}

type ingestedLine struct {
	SKU      string    `json:"sku" maxLength:"64"`
	Name     string    `json:"name" maxLength:"128"`
	Category string    `json:"category,omitempty" maxLength:"64"`
	Quantity int64     `json:"quantity" minimum:"1" maximum:"1000000"`
	PriceFen model.Fen `json:"price_fen" minimum:"0" maximum:"1000000000" doc:"of one piece, before discounts"`
}

func (in *orderRequest) command(source string) orders.Order {
	b := in.Body
	o := orders.Order{
		Source: source, Number: b.Number, Kind: b.Kind, PaidAt: b.PaidAt, CouponCode: b.CouponCode,
		Member: b.Member.ref(source), MoreCoupons: b.MoreCoupons, Store: b.Store,
		GoodsFen: b.GoodsFen, FreightFen: b.FreightFen, DiscountFen: b.DiscountFen, PaidFen: b.PaidFen,
		MemberSavingFen: b.MemberSaving, FreeFreightFen: b.FreeFreight,
	}
	for _, l := range b.Lines {
		o.Lines = append(o.Lines, orders.Line{SKU: l.SKU, Name: l.Name, Category: l.Category, Quantity: l.Quantity, PriceFen: l.PriceFen})
	}
	return o
}

type orderReply struct {
	Status int // 201 for a new order, 200 for one that was known
	Body   ingestedOrderView
}

type ingestedOrderView struct {
	ID           model.OrderID        `json:"id"`
	Fresh        bool                 `json:"fresh" doc:"false: the order was known; this is its first result"`
	PointsEarned model.Points         `json:"points_earned"`
	Coupon       *ingestedCouponView  `json:"coupon,omitempty" doc:"left out when the order brought none"`
	MoreCoupons  []ingestedCouponView `json:"more_coupons" doc:"in the order of more_coupon_codes"`
	Card         *ingestedCardView    `json:"card,omitempty" doc:"what the buyer's paid card saved; left out when there was nothing of the kind"`
}

type ingestedCardView struct {
	SavedFen model.Fen `json:"saved_fen" doc:"counted as saved"`
	Reason   string    `json:"reason" doc:"code of why not all was counted, memberships.not_member"`
}

type ingestedCouponView struct {
	Used        bool      `json:"used"`
	DiscountFen model.Fen `json:"discount_fen"`
	Reason      string    `json:"reason" doc:"code of why it was not used, coupons.expired"`
}

func orderResult(r orders.Result) *orderReply {
	out := &orderReply{Status: http.StatusOK, Body: ingestedOrderView{ID: r.Order, Fresh: r.Fresh, PointsEarned: r.PointsEarned, MoreCoupons: make([]ingestedCouponView, len(r.More))}}
	if r.Fresh {
		out.Status = http.StatusCreated
	}
	if c := r.Coupon; c != nil {
		out.Body.Coupon = &ingestedCouponView{c.Used, c.Discount, c.Reason}
	}
	if c := r.Card; c != nil {
		out.Body.Card = &ingestedCardView{c.SavedFen, c.Reason}
	}
	for i, c := range r.More {
		out.Body.MoreCoupons[i] = ingestedCouponView{c.Used, c.Discount, c.Reason}
	}
	return out
}
