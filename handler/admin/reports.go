package admin

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/analytics"
	"huitou/service/staff"
)

// Reports declares the shop's figures.
func Reports(r *web.Routes, s *analytics.Service) {
	web.Get(r, "/reports/repurchase", web.Staff(staff.ReportsRead), web.Doc{
		ID: "repurchase-report", Summary: "用户复购率与订单复购率", Tag: "报表",
		Errors: []*fault.Fault{analytics.ErrDay, analytics.ErrRangeEmpty, analytics.ErrRangeTooLong},
	}, func(ctx context.Context, in *repurchaseRequest) (*repurchaseReply, error) {
		from, to, err := in.days()
		if err != nil {
			return nil, err
		}
		f, err := s.Repurchase(ctx, from, to)
		if err != nil {
			return nil, err
		}
		return &repurchaseReply{Body: repurchaseView{f.From.String(), f.To.String(), f.Zone, f.AsOf,
			f.Buyers, f.RepeatBuyers, f.UserRate, f.Orders, f.RepeatOrders, f.OrderRate}}, nil
	})
}

type repurchaseRequest struct {
	From string `query:"from" required:"true" maxLength:"10" example:"2026-03-01" doc:"first day, in the shop's zone"`
	To   string `query:"to" required:"true" maxLength:"10" example:"2026-04-01" doc:"the day after the last; at most ten years after the first"`
}

func (in repurchaseRequest) days() (from, to model.Day, err error) {
	if from, err = model.ParseDay(in.From); err != nil {
		return from, to, analytics.ErrDay.With("field", "from")
	}
	if to, err = model.ParseDay(in.To); err != nil {
		return from, to, analytics.ErrDay.With("field", "to")
	}
	return from, to, nil
}

type repurchaseReply struct{ Body repurchaseView }

type repurchaseView struct {
	From         string    `json:"from" format:"date"`
	To           string    `json:"to" format:"date" doc:"not included"`
	Zone         string    `json:"zone" example:"Asia/Shanghai"`
	AsOf         time.Time `json:"as_of"`
	Buyers       int64     `json:"buyers" doc:"customers with at least one effective order in the window"`
	RepeatBuyers int64     `json:"repeat_buyers" doc:"those of them with two or more"`
	UserRate     float64   `json:"user_rate" doc:"用户复购率: repeat_buyers / buyers, 0 to 1; 0 when nobody bought"`
	Orders       int64     `json:"orders" doc:"effective orders: paid goods orders that were not wholly refunded, also those worth nothing"`
	RepeatOrders int64     `json:"repeat_orders" doc:"those that were their customer's second or later in the window: orders - buyers"`
	OrderRate    float64   `json:"order_rate" doc:"订单复购率: repeat_orders / orders, 0 to 1; 0 when nobody bought"`
}
