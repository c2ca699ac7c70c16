package admin

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/orders"
	"huitou/service/staff"
)

// Orders declares how staff look an order up.
func Orders(r *web.Routes, s *orders.Service) {
	web.Get(r, "/orders/{id}", web.Staff(staff.OrdersRead), web.Doc{ID: "order", Summary: "订单详情", Tag: "订单", Errors: []*fault.Fault{orders.ErrUnknown}},
		func(ctx context.Context, in *orderRequest) (*orderReply, error) {
			o, err := s.Order(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &orderReply{Body: order(o)}, nil
		})
}

type orderRequest struct {
	ID model.OrderID `path:"id" minimum:"1"`
}

type orderReply struct{ Body orderView }

type orderView struct {
	ID           model.OrderID     `json:"id"`
	Source       string            `json:"source"`
	Number       string            `json:"number"`
	MemberID     model.MemberID    `json:"member_id"`
	Kind         model.OrderKind   `json:"kind" enum:"goods,membership,points"`
	State        model.OrderState  `json:"state" enum:"paid,part_refunded,refunded"`
	Origin       model.OrderOrigin `json:"origin" enum:"ingest,import"`
	PaidAt       time.Time         `json:"paid_at"`
	GoodsFen     model.Fen         `json:"goods_fen"`
	FreightFen   model.Fen         `json:"freight_fen"`
	DiscountFen  model.Fen         `json:"discount_fen"`
	PaidFen      model.Fen         `json:"paid_fen"`
	RefundedFen  model.Fen         `json:"refunded_fen"`
	PointsEarned model.Points      `json:"points_earned"`
	Earned       []orderEarnedView `json:"earned" doc:"how points_earned came about, step by step; the steps add up to it"`
	Coupon       *orderCouponView  `json:"coupon,omitempty" doc:"left out when the order brought none"`
	Lines        []orderLineView   `json:"lines"`
	RecordedAt   time.Time         `json:"recorded_at"`
}

type orderCouponView struct {
	Used        bool      `json:"used"`
	DiscountFen model.Fen `json:"discount_fen"`
	Reason      string    `json:"reason" doc:"code of why it was not used"`
}

type orderEarnedView struct {
	Kind   model.EarningPart   `json:"kind" enum:"base,tier,card,campaign,bonus,cap"`
	RuleID model.EarningRuleID `json:"rule_id" doc:"0 is no rule: the shop's ratio, the tier, the card, the shop's caps"`
	Points model.Points        `json:"points"`
}

type orderLineView struct {
	SKU      string    `json:"sku"`
	Name     string    `json:"name"`
	Category string    `json:"category"`
	Quantity int64     `json:"quantity"`
	PriceFen model.Fen `json:"price_fen" doc:"of one piece"`
}

func order(o orders.View) orderView {
	v := orderView{
		ID: o.ID, Source: o.Source, Number: o.Number, MemberID: o.Member, Kind: o.Kind, State: o.State, Origin: o.Origin, PaidAt: o.PaidAt,
		GoodsFen: o.GoodsFen, FreightFen: o.FreightFen, DiscountFen: o.DiscountFen, PaidFen: o.PaidFen, RefundedFen: o.RefundedFen,
		PointsEarned: o.PointsEarned, Earned: make([]orderEarnedView, len(o.Earned)), Lines: make([]orderLineView, len(o.Lines)), RecordedAt: o.RecordedAt,
	}
	for i, p := range o.Earned {
		v.Earned[i] = orderEarnedView{p.Kind, p.Rule, p.Points}
	}
	if c := o.Coupon; c != nil {
		v.Coupon = &orderCouponView{c.Used, c.Discount, c.Reason}
	}
	for i, l := range o.Lines {
		v.Lines[i] = orderLineView{l.SKU, l.Name, l.Category, l.Quantity, l.PriceFen}
	}
	return v
}
