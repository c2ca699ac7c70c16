package api

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/coupons"
)

// maxCart is the largest body: 500 lines with long Chinese names. What is longer is refused unread.
const maxCart = 256 << 10

// Quotes declares how a shopper learns what a cart costs and which of his coupons are good for it.
func Quotes(r *web.Routes, s *coupons.Service) {
	web.Post(r, "/quotes", web.Shopper, web.Doc{
		ID: "quote-cart", Summary: "购物车试算:应付金额、最优用券组合,以及每张券能否使用与原因", Tag: "优惠券", MaxBody: maxCart, Errors: []*fault.Fault{fault.ErrInvalid},
	}, func(ctx context.Context, in *quoteRequest) (*quoteReply, error) {
		q, err := s.Quote(ctx, in.command(ctx))
		if err != nil {
			return nil, err
		}
		return quoteView(q), nil
	})
}

type quoteRequest struct {
	Body struct {
		Lines      []cartLine       `json:"lines" minItems:"1" maxItems:"500" nullable:"false"`
		FreightFen model.Fen        `json:"freight_fen,omitempty" minimum:"0" maximum:"1000000000"`
		Store      string           `json:"store,omitempty" maxLength:"64" pattern:"^[!-~]*$" doc:"code of the store, for coupons that are good in some stores only"`
		Coupons    []model.PublicID `json:"coupons,omitempty" maxItems:"10" nullable:"false" doc:"ids of the coupons that the shopper has chosen; without this field the best combination is found"`
		NoCoupons  bool             `json:"no_coupons,omitempty" doc:"the shopper wants none"`
	}
}

type cartLine struct {
	SKU      string    `json:"sku" maxLength:"64"`
	Category string    `json:"category,omitempty" maxLength:"64" doc:"a path, 服装/童装; a coupon for 服装 is good for it too"`
	Quantity int64     `json:"quantity" minimum:"1" maximum:"1000000"`
	PriceFen model.Fen `json:"price_fen" minimum:"0" maximum:"1000000000" doc:"of one piece, before the member price"`
}

func (in *quoteRequest) command(ctx context.Context) coupons.QuoteFor {
	b := in.Body
	q := coupons.QuoteFor{Member: web.Member(ctx), Lines: make([]coupons.Item, len(b.Lines)), FreightFen: b.FreightFen, Store: b.Store}
	for i, l := range b.Lines {
		q.Lines[i] = coupons.Item{SKU: l.SKU, Category: l.Category, Quantity: l.Quantity, PriceFen: l.PriceFen}
	}
	if len(b.Coupons) > 0 || b.NoCoupons {
		q.Only = append([]model.PublicID{}, b.Coupons...)
	}
	return q
}

type quoteReply struct{ Body quotedView }

type quotedView struct {
	GoodsFen      model.Fen        `json:"goods_fen" doc:"before discounts"`
	MemberOffFen  model.Fen        `json:"member_off_fen" doc:"taken off first, line by line"`
	CouponOffFen  model.Fen        `json:"coupon_off_fen" doc:"taken off goods by coupons"`
	FreightFen    model.Fen        `json:"freight_fen"`
	CardFreight   model.Fen        `json:"member_freight_off_fen" doc:"freight that the paid card bears, at most 1000 yuan, before any coupon on freight; the order tells it as free_freight_fen, and what is left of freight_fen as its freight_fen"`
	FreightOffFen model.Fen        `json:"freight_off_fen" doc:"taken off last, by coupons on freight"`
	PayableFen    model.Fen        `json:"payable_fen" doc:"goods - member_off - coupon_off + freight - member_freight_off - freight_off; 0 needs no payment"`
	Best          bool             `json:"best" doc:"true: no other combination saves more; false: there were too many coupons to try all"`
	Lines         []quotedLineView `json:"lines" doc:"in the order of the cart; they add up to goods, member_off and coupon_off"`
	Coupons       []judgedView     `json:"coupons" doc:"every coupon that the shopper holds, the sooner ending first, and those that ended within the last seven days"`
}

type quotedLineView struct {
	GrossFen     model.Fen `json:"gross_fen"`
	MemberOffFen model.Fen `json:"member_off_fen"`
	CouponOffFen model.Fen `json:"coupon_off_fen"`
	PayableFen   model.Fen `json:"payable_fen"`
}

type judgedView struct {
	ID          model.PublicID   `json:"id"`
	Name        string           `json:"name"`
	Kind        model.CouponKind `json:"kind" enum:"amount,percent,exchange,freight"`
	UsableUntil time.Time        `json:"usable_until" doc:"exclusive"`
	Usable      bool             `json:"usable" doc:"by itself, for this cart"`
	SavingFen   model.Fen        `json:"saving_fen" doc:"by itself"`
	Applied     bool             `json:"applied" doc:"part of the combination"`
	AppliedFen  model.Fen        `json:"applied_fen" doc:"what it takes off in the combination"`
	Shares      []model.Fen      `json:"line_shares_fen" doc:"how applied_fen is spread over the lines; empty for freight and for coupons that are not applied"`
	Reason      string           `json:"reason" doc:"code of why it cannot be used: coupons.below_threshold, .wrong_scope, .wrong_store, .not_yet_usable, .expired, .locked, .no_saving, .budget_spent; coupons.not_combinable when it could, and was left out for the others"`
	ReasonText  string           `json:"reason_text"`
	MissingFen  model.Fen        `json:"missing_fen" doc:"what eligible goods lack to the threshold; 0 otherwise"`
}

func quoteView(q coupons.Quote) *quoteReply {
	v := quotedView{
		GoodsFen: q.GoodsFen, MemberOffFen: q.MemberOffFen, CouponOffFen: q.CouponOffFen, FreightFen: q.FreightFen, CardFreight: q.MemberFreightFen, FreightOffFen: q.FreightOffFen,
		PayableFen: q.PayableFen, Best: q.Best, Lines: make([]quotedLineView, len(q.Lines)), Coupons: make([]judgedView, len(q.Coupons)),
	}
	for i, l := range q.Lines {
		v.Lines[i] = quotedLineView(l)
	}
	for i, j := range q.Coupons {
		c := judgedView{
			ID: j.ID, Name: q.Held[i].Name, Kind: q.Held[i].Kind, UsableUntil: q.Held[i].UsableUntil, Usable: j.Refusal == nil,
			SavingFen: j.AloneFen, Applied: j.Applied, AppliedFen: j.AppliedFen, Shares: append([]model.Fen{}, j.Shares...),
		}
		if f := fault.Of(j.Why()); f != nil {
			c.Reason, c.ReasonText = f.Code, f.Chinese
			missing, _ := f.Detail["missing_fen"].(int64)
			c.MissingFen = model.Fen(missing)
		}
		v.Coupons[i] = c
	}
	return &quoteReply{Body: v}
}
