package ingest

import (
	"context"
	"net/http"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/orders"
)

// Completions declares how a shop's system tells that an order is completed.
func Completions(r *web.Routes, s *orders.Service) {
	web.Post(r, "/completions", web.Shop, web.Doc{
		ID: "ingest-completion", Summary: "上报订单已完成,待生效积分随之生效,可重复上报", Tag: "订单", Status: http.StatusCreated, Known: http.StatusOK,
		Errors: []*fault.Fault{fault.ErrInvalid, orders.ErrUnknown},
	}, func(ctx context.Context, in *completionRequest) (*completionReply, error) {
		done, err := s.Complete(ctx, orders.Complete{Source: web.ShopSource(ctx), Number: in.Body.Number})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, !done.Fresh)
		out := &completionReply{Status: http.StatusOK, Body: completionView{done.Order, done.Member, done.Fresh}}
		if done.Fresh {
			out.Status = http.StatusCreated
		}
		return out, nil
	})
}

type completionRequest struct {
	Body struct {
		Number string `json:"number" minLength:"1" maxLength:"64" pattern:"^[!-~]+$" doc:"of an order told before"`
	}
}

type completionReply struct {
	Status int // 201 when points became spendable, 200 when there was nothing to do
	Body   completionView
}

type completionView struct {
	OrderID   model.OrderID  `json:"order_id"`
	MemberID  model.MemberID `json:"member_id"`
	Activated bool           `json:"points_activated" doc:"false when no points waited"`
}
