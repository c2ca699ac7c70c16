package ingest

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/orders"
)

// Refunds declares how a shop's system tells of money that it gave back.
func Refunds(r *web.Routes, s *orders.Service) {
	web.Post(r, "/refunds", web.Shop, web.Doc{
		ID: "ingest-refund", Summary: "上报退款,同一退款单号可重复上报;积分按商品退款比例扣回", Tag: "订单", Status: http.StatusCreated, Known: http.StatusOK, MaxBody: maxOrder,
		Errors: []*fault.Fault{fault.ErrInvalid, orders.ErrUnknown, orders.ErrRefundConflict, orders.ErrRefundTooLarge},
	}, func(ctx context.Context, in *refundRequest) (*refundReply, error) {
		done, err := s.Refund(ctx, in.command(web.ShopSource(ctx)))
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, !done.Fresh)
		out := &refundReply{http.StatusOK, ingestedRefundView{done.Order, done.Fresh, done.State, done.RefundedFen, done.Points}}
		if done.Fresh {
			out.Status = http.StatusCreated
		}
		return out, nil
	})
}

type refundRequest struct {
	Body struct {
		Order      string               `json:"order" minLength:"1" maxLength:"64" pattern:"^[!-~]+$" doc:"number of an order told before"`
		Number     string               `json:"number" minLength:"1" maxLength:"64" pattern:"^[!-~]+$" doc:"of the refund, unique within the shop's system"`
		RefundedAt time.Time            `json:"refunded_at" doc:"at most 5 minutes in the future"`
		RefundFen  model.Fen            `json:"refund_fen" minimum:"1" maximum:"1000000000" doc:"all refunds of an order together at most what was paid"`
		FreightFen model.Fen            `json:"freight_fen,omitempty" minimum:"0" maximum:"1000000000" doc:"the part of refund_fen that had paid for freight"`
		Lines      []ingestedRefundLine `json:"lines,omitempty" maxItems:"500" nullable:"false" doc:"when given, they add up to refund_fen - freight_fen"`
	}
}

type ingestedRefundLine struct {
	Line      int64     `json:"line" minimum:"1" maximum:"500" doc:"place of the line in the order, from 1"`
	Quantity  int64     `json:"quantity,omitempty" minimum:"0" maximum:"1000000" doc:"pieces that came back; 0 where only money was given back"`
	RefundFen model.Fen `json:"refund_fen" minimum:"0" maximum:"1000000000"`
}

func (in *refundRequest) command(source string) orders.Refund {
	b := in.Body
	r := orders.Refund{Source: source, Order: b.Order, Number: b.Number, At: b.RefundedAt, Amount: b.RefundFen, Freight: b.FreightFen}
	for _, l := range b.Lines {
		r.Lines = append(r.Lines, orders.RefundLine{Line: l.Line, Quantity: l.Quantity, Amount: l.RefundFen})
	}
	return r
}

type refundReply struct {
	Status int // 201 for a new refund, 200 for one that was known
	Body   ingestedRefundView
}

type ingestedRefundView struct {
	OrderID     model.OrderID    `json:"order_id"`
	Fresh       bool             `json:"fresh" doc:"false: the refund was known"`
	State       model.OrderState `json:"state" enum:"paid,part_refunded,refunded" doc:"of the order"`
	RefundedFen model.Fen        `json:"refunded_fen" doc:"all refunds of the order together"`
	Points      model.Points     `json:"points" doc:"earned points that go back with this refund"`
}
