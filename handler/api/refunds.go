package api

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/payments"
)

// Refunds declares what a shopper sees of his refunds.
func Refunds(r *web.Routes, s *payments.Service) {
	web.Get(r, "/me/refunds", web.Shopper, web.Doc{
		ID: "my-refunds", Summary: "我的退款,从新到旧", Tag: "支付", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *myRefundsRequest) (*myRefundsReply, error) {
		list, next, err := s.MemberRefunds(ctx, web.Member(ctx), in.Page())
		if err != nil {
			return nil, err
		}
		out := &myRefundsReply{Body: myRefunds{Refunds: make([]myRefund, 0, len(list)), Next: next}}
		for _, x := range list {
			out.Body.Refunds = append(out.Body.Refunds, myRefundOf(x))
		}
		return out, nil
	})
}

type myRefundsRequest struct {
	web.Paged
}

type myRefundsReply struct{ Body myRefunds }

type myRefunds struct {
	Refunds []myRefund `json:"refunds"`
	Next    string     `json:"next" doc:"cursor of the next page; empty at the end"`
}

type myRefund struct {
	ID          model.PublicID `json:"id"`
	Order       string         `json:"order" doc:"所付的业务单号,如会员订单号、兑换单号"`
	Title       string         `json:"title" example:"会员卡 年卡"`
	AmountFen   model.Fen      `json:"amount_fen"`
	Reason      string         `json:"reason"`
	State       string         `json:"state" enum:"processing,success,closed" doc:"processing 表示退款中"`
	Account     string         `json:"account" doc:"退回到哪里,如 支付用户零钱"`
	RequestedAt time.Time      `json:"requested_at"`
	RefundedAt  *time.Time     `json:"refunded_at"`
}

// myRefundOf keeps what goes on between us and WeChat to ourselves: a refund is under way until it is done or given up.
func myRefundOf(r payments.MemberRefund) myRefund {
	state := "processing"
	if !r.State.Live() {
		state = string(r.State)
	}
	return myRefund{r.PublicID, r.Ref, r.Description, r.AmountFen, r.Reason, state, r.ReceivedAccount, r.RequestedAt, r.RefundedAt}
}
