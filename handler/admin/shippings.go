package admin

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/shipping"
	"huitou/service/staff"
)

// Shippings declares how staff see what WeChat knows about deliveries, and have stuck ones tried again.
func Shippings(r *web.Routes, s *shipping.Service) {
	web.Get(r, "/shippings", web.Staff(staff.ShippingsManage), web.Doc{
		ID: "shippings", Summary: "小程序发货信息上传记录,新的在前", Tag: "支付", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *shippingsRequest) (*shippingsReply, error) {
		list, next, err := s.List(ctx, model.ShippingState(in.State), in.Page())
		if err != nil {
			return nil, err
		}
		out := &shippingsReply{Body: shippingsView{Shippings: make([]shippingView, 0, len(list)), Next: next}}
		for _, row := range list {
			out.Body.Shippings = append(out.Body.Shippings, shippingOf(row))
		}
		return out, nil
	})

	web.Post(r, "/shippings/{id}/retry", web.Staff(staff.ShippingsManage), web.Doc{
		ID: "retry-shipping", Summary: "问题处理后重新上传发货信息", Tag: "支付",
		Errors: []*fault.Fault{fault.ErrInvalid, shipping.ErrUnknown, shipping.ErrNotStuck},
	}, func(ctx context.Context, in *retryShippingRequest) (*shippingReply, error) {
		row, err := s.Retry(ctx, shipping.Retry{Staff: web.Actor(ctx).ID, Shipping: in.ID, Note: in.Body.Note})
		if err != nil {
			return nil, err
		}
		return &shippingReply{Body: shippingOf(row)}, nil
	})
}

type shippingsRequest struct {
	State string `query:"state" enum:"waiting,queued,sending,shipped,unneeded,stuck" doc:"without it all"`
	web.Paged
}

type shippingsReply struct{ Body shippingsView }

type shippingsView struct {
	Shippings []shippingView `json:"shippings"`
	Next      string         `json:"next" doc:"cursor of the next page; empty on the last one"`
}

type retryShippingRequest struct {
	ID   model.ShippingID `path:"id" minimum:"1"`
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"200" doc:"处理了什么"`
	}
}

type shippingReply struct{ Body shippingView }

type shippingView struct {
	ID            model.ShippingID `json:"id"`
	PayOrderID    model.PayOrderID `json:"pay_order_id"`
	TransactionID string           `json:"transaction_id"`
	State         string           `json:"state" enum:"waiting,queued,sending,shipped,unneeded,stuck"`
	Mode          int              `json:"mode" doc:"1 快递,2 同城,3 虚拟,4 自提;0 尚未确定"`
	ItemDesc      string           `json:"item_desc"`
	Carrier       string           `json:"carrier"`
	Tracking      string           `json:"tracking"`
	Tries         int              `json:"tries"`
	Code          int64            `json:"code" doc:"微信返回的错误码;0 表示没有"`
	Problem       string           `json:"problem"`
	PaidAt        time.Time        `json:"paid_at"`
	ShippedAt     *time.Time       `json:"shipped_at"`
	SettledAt     *time.Time       `json:"settled_at" doc:"资金解冻的通知时间"`
	AlarmedAt     *time.Time       `json:"alarmed_at"`
	Note          string           `json:"note"`
}

func shippingOf(s model.Shipping) shippingView {
	return shippingView{
		s.ID, s.PayOrderID, s.TransactionID, string(s.State), s.Mode, s.ItemDesc, s.Carrier, s.Tracking, s.Tries, s.Code, s.Problem,
		s.PaidAt, s.ShippedAt, s.SettledAt, s.AlarmedAt, s.Note,
	}
}
