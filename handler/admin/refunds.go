package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/payments"
	"huitou/service/staff"
)

// Refunds declares how staff give money back, decide on what others ask for, and end refunds that cannot go on by themselves.
func Refunds(r *web.Routes, s *payments.Service) {
	web.Post(r, "/receipts/{id}/refunds", web.Staff(staff.PaymentsRefund), web.Doc{
		ID: "refund-payment", Summary: "按金额退款;超过单人当日额度的须他人审批", Tag: "支付", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, payments.ErrUnknown, payments.ErrNotPaid, payments.ErrRefundTooMuch, payments.ErrRefundTooMany,
			payments.ErrRefundTooLate, db.ErrKeyReused},
	}, func(ctx context.Context, in *refundPaymentRequest) (*refundAskReply, error) {
		a, err := s.AskRefund(ctx, payments.AskRefund{
			Staff: web.Actor(ctx).ID, PayOrder: in.ID, Amount: in.Body.AmountFen, Reason: in.Body.Reason, Key: in.Key(ctx),
		})
		return refundAskReplyOf(ctx, a, err)
	})

	web.Get(r, "/refund-requests", web.Staff(staff.PaymentsApprove), web.Doc{
		ID: "refund-requests", Summary: "人工退款申请,新的在前", Tag: "支付", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *refundAsksRequest) (*refundAsksReply, error) {
		list, next, err := s.RefundAsks(ctx, model.PayRefundAskState(in.State), in.Page())
		if err != nil {
			return nil, err
		}
		out := &refundAsksReply{Body: refundAsksView{Requests: make([]refundAskView, 0, len(list)), Next: next}}
		for _, a := range list {
			out.Body.Requests = append(out.Body.Requests, refundAskView{}.with(a))
		}
		return out, nil
	})

	for _, d := range []struct {
		verb, summary string
		decide        func(context.Context, payments.DecideRefund) (payments.Ask, error)
	}{
		{"approve", "同意退款申请", s.ApproveRefund},
		{"refuse", "驳回退款申请", s.RefuseRefund},
	} {
		web.Post(r, "/refund-requests/{id}/"+d.verb, web.Staff(staff.PaymentsApprove), web.Doc{
			ID: d.verb + "-refund", Summary: d.summary, Tag: "支付",
			Errors: []*fault.Fault{fault.ErrInvalid, payments.ErrAskUnknown, payments.ErrAskOwn, payments.ErrAskDecided, payments.ErrRefundTooMuch,
				payments.ErrRefundTooMany, payments.ErrRefundTooLate},
		}, func(ctx context.Context, in *decideRefundRequest) (*refundAskReply, error) {
			a, err := d.decide(ctx, payments.DecideRefund{Staff: web.Actor(ctx).ID, Ask: in.ID, Note: in.Body.Note})
			return refundAskReplyOf(ctx, a, err)
		})
	}

	web.Get(r, "/refunds", web.Staff(staff.PaymentsRead), web.Doc{
		ID: "refunds", Summary: "退款列表,新的在前;异常的待人工处理", Tag: "支付", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *payRefundsRequest) (*payRefundsReply, error) {
		list, next, err := s.RefundList(ctx, model.PayRefundState(in.State), in.Page())
		if err != nil {
			return nil, err
		}
		out := &payRefundsReply{Body: payRefundsView{Refunds: make([]payRefundView, 0, len(list)), Next: next}}
		for _, x := range list {
			out.Body.Refunds = append(out.Body.Refunds, payRefundOf(x))
		}
		return out, nil
	})

	for _, d := range []struct {
		verb, id, summary string
		act               func(context.Context, payments.RefundAction) (model.PayRefund, error)
	}{
		{"resubmitted", "refund-resubmitted", "异常退款已在商户平台重新提交,继续向微信查询", s.ResubmittedAtWeChat},
		{"retry", "retry-refund", "异常退款换新单号重试;微信仍持有该笔时拒绝", s.RetryRefund},
		{"by-hand", "refund-by-hand", "已在微信支付之外退款给会员,记为退款成功", s.RefundedByHand},
		{"give-up", "give-up-refund", "放弃异常退款,金额恢复可退;微信仍持有该笔时拒绝", s.GiveUpRefund},
	} {
		web.Post(r, "/refunds/{id}/"+d.verb, web.Staff(staff.PaymentsApprove), web.Doc{
			ID: d.id, Summary: d.summary, Tag: "支付",
			Errors: []*fault.Fault{fault.ErrInvalid, payments.ErrRefundUnknown, payments.ErrRefundMoves, payments.ErrRefundHeld, payments.ErrRefundEnded,
				payments.ErrRefundTooMany, payments.ErrGateway, payments.ErrChannelOff},
		}, func(ctx context.Context, in *refundActionRequest) (*payRefundReply, error) {
			x, err := d.act(ctx, payments.RefundAction{Staff: web.Actor(ctx).ID, Refund: in.ID, Note: in.Body.Note})
			if err != nil {
				return nil, err
			}
			return &payRefundReply{Body: payRefundOf(x)}, nil
		})
	}
}

type refundPaymentRequest struct {
	web.Idempotent
	ID   model.PayOrderID `path:"id" minimum:"1"`
	Body struct {
		AmountFen model.Fen `json:"amount_fen" minimum:"1" maximum:"100000000"`
		Reason    string    `json:"reason" minLength:"1" maxLength:"80" doc:"会员可见的退款原因"`
	}
}

type refundAsksRequest struct {
	State string `query:"state" enum:"waiting,applied,refused" doc:"absent = all"`
	web.Paged
}

type refundAsksReply struct{ Body refundAsksView }

type refundAsksView struct {
	Requests []refundAskView `json:"requests"`
	Next     string          `json:"next" doc:"cursor of the next page; empty at the end"`
}

type decideRefundRequest struct {
	ID   model.PayRefundAskID `path:"id" minimum:"1"`
	Body struct {
		Note string `json:"note,omitempty" maxLength:"200" doc:"驳回时必填"`
	}
}

type refundAskReply struct{ Body refundAskView }

func refundAskReplyOf(ctx context.Context, a payments.Ask, err error) (*refundAskReply, error) {
	if err != nil {
		return nil, err
	}
	web.Replayed(ctx, a.Replayed)
	return &refundAskReply{Body: refundAskView{}.with(a)}, nil
}

type refundAskView struct {
	ID           model.PayRefundAskID    `json:"id"`
	PaymentID    model.PayOrderID        `json:"payment_id"`
	AmountFen    model.Fen               `json:"amount_fen"`
	Reason       string                  `json:"reason"`
	Staff        model.StaffID           `json:"staff" doc:"申请人"`
	NeedsSecond  bool                    `json:"needs_second" doc:"须他人审批"`
	State        model.PayRefundAskState `json:"state" enum:"waiting,applied,refused"`
	DecidedBy    model.StaffID           `json:"decided_by" doc:"0 = 无人"`
	DecidedAt    *time.Time              `json:"decided_at"`
	DecisionNote string                  `json:"decision_note"`
	CreatedAt    time.Time               `json:"created_at"`
	Refund       *payRefundView          `json:"refund,omitempty" doc:"left out while there is none"`
}

func refundAskOf(a model.PayRefundAsk) refundAskView {
	return refundAskView{a.ID, a.PayOrderID, a.AmountFen, a.Reason, a.StaffID, a.NeedsSecond, a.State, a.DecidedBy, a.DecidedAt, a.DecisionNote, a.CreatedAt, nil}
}

func (refundAskView) with(a payments.Ask) refundAskView {
	v := refundAskOf(a.PayRefundAsk)
	if a.Refund != nil {
		r := payRefundOf(*a.Refund)
		v.Refund = &r
	}
	return v
}

type payRefundsRequest struct {
	State string `query:"state" enum:"requested,submitted,processing,success,abnormal,closed" doc:"absent = all"`
	web.Paged
}

type payRefundsReply struct{ Body payRefundsView }

type payRefundsView struct {
	Refunds []payRefundView `json:"refunds"`
	Next    string          `json:"next" doc:"cursor of the next page; empty at the end"`
}

type refundActionRequest struct {
	ID   model.PublicID `path:"id" minLength:"1" maxLength:"32" pattern:"^[0-9a-z]+$"`
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"200" doc:"做了什么,为什么"`
	}
}

type payRefundReply struct{ Body payRefundView }

type payRefundView struct {
	ID              model.PublicID       `json:"id"`
	PaymentID       model.PayOrderID     `json:"payment_id"`
	AmountFen       model.Fen            `json:"amount_fen"`
	Reason          string               `json:"reason"`
	Source          string               `json:"source" doc:"因何而退"`
	Staff           model.StaffID        `json:"staff" doc:"0 = 系统"`
	State           model.PayRefundState `json:"state" enum:"requested,submitted,processing,success,abnormal,closed"`
	Problem         string               `json:"problem" doc:"异常或停滞的原因"`
	ReceivedAccount string               `json:"received_account"`
	RequestedAt     time.Time            `json:"requested_at"`
	RefundedAt      *time.Time           `json:"refunded_at"`
	SettledVia      string               `json:"settled_via" enum:",notify,query,bill,hand"`
	Numbers         []refundNumberView   `json:"numbers,omitempty" doc:"only on the sheet of a payment"`
}

func payRefundOf(r model.PayRefund) payRefundView {
	return payRefundView{
		ID: r.PublicID, PaymentID: r.PayOrderID, AmountFen: r.AmountFen, Reason: r.Reason, Source: r.Source, Staff: r.StaffID, State: r.State,
		Problem: r.Problem, ReceivedAccount: r.ReceivedAccount, RequestedAt: r.RequestedAt, RefundedAt: r.RefundedAt, SettledVia: r.SettledVia,
	}
}
