package admin

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/payments"
	"huitou/service/staff"
)

// Payments declares how staff look at payments and at what does not agree.
func Payments(r *web.Routes, s *payments.Service) {
	web.Get(r, "/receipts", web.Staff(staff.PaymentsRead), web.Doc{
		ID: "payments", Summary: "支付单列表,新的在前", Tag: "支付", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *paymentsRequest) (*paymentsReply, error) {
		list, next, err := s.Orders(ctx, payments.Search{
			Member: in.MemberID, Number: in.Number, State: model.PayState(in.State), Purpose: in.Purpose, Ref: in.Ref,
		}, in.Page())
		if err != nil {
			return nil, err
		}
		out := &paymentsReply{Body: paymentsView{Payments: make([]paymentView, 0, len(list)), Next: next}}
		for _, o := range list {
			out.Body.Payments = append(out.Body.Payments, paymentOf(o))
		}
		return out, nil
	})

	web.Get(r, "/receipts/{id}", web.Staff(staff.PaymentsRead), web.Doc{
		ID: "payment", Summary: "支付单全貌:每次下单、微信的每个说法与我们的判断、退款、差异", Tag: "支付", Errors: []*fault.Fault{payments.ErrUnknown},
	}, func(ctx context.Context, in *paymentRequest) (*paymentReply, error) {
		sheet, err := s.Sheet(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &paymentReply{Body: paymentSheetOf(sheet)}, nil
	})

	web.Post(r, "/receipts/{id}/query", web.Staff(staff.PaymentsRead), web.Doc{
		ID: "query-payment", Summary: "现在向微信查询该支付单", Tag: "支付", Errors: []*fault.Fault{payments.ErrUnknown, payments.ErrGateway, payments.ErrChannelOff},
	}, func(ctx context.Context, in *paymentRequest) (*queriedReply, error) {
		out, err := s.Query(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &queriedReply{Body: queriedView{Verdict: string(out.Verdict), Payment: paymentOf(out.Order)}}, nil
	})

	web.Get(r, "/receipt-breaks", web.Staff(staff.PaymentsRead), web.Doc{
		ID: "payment-breaks", Summary: "微信的说法与我们的账不一致之处,新的在前", Tag: "支付", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *payBreaksRequest) (*payBreaksReply, error) {
		list, next, err := s.BreaksIn(ctx, in.State, in.Page())
		if err != nil {
			return nil, err
		}
		out := &payBreaksReply{Body: payBreaksView{Breaks: payBreaksOf(list), Next: next}}
		return out, nil
	})

	web.Post(r, "/receipt-breaks/{id}/settle", web.Staff(staff.PaymentsApprove), web.Doc{
		ID: "settle-payment-break", Summary: "处理完毕,附说明关闭差异", Tag: "支付",
		Errors: []*fault.Fault{fault.ErrInvalid, payments.ErrBreakUnknown, payments.ErrBreakSettled},
	}, func(ctx context.Context, in *settleBreakRequest) (*payBreakReply, error) {
		b, err := s.SettleBreak(ctx, payments.SettleBreak{Staff: web.Actor(ctx).ID, Break: in.ID, Note: in.Body.Note})
		if err != nil {
			return nil, err
		}
		return &payBreakReply{Body: payBreakOf(b)}, nil
	})
}

type paymentsRequest struct {
	MemberID model.MemberID `query:"member_id" minimum:"1"`
	Number   string         `query:"number" maxLength:"64" doc:"商户单号、微信支付单号或退款单号"`
	State    string         `query:"state" enum:"created,paying,paid,closing,closed,refund_due" doc:"absent = all"`
	Purpose  string         `query:"purpose" maxLength:"32" pattern:"^[a-z_]*$" doc:"membership, mall"`
	Ref      string         `query:"ref" maxLength:"64" doc:"业务单号"`
	web.Paged
}

type paymentsReply struct{ Body paymentsView }

type paymentsView struct {
	Payments []paymentView `json:"payments"`
	Next     string        `json:"next" doc:"cursor of the next page; empty at the end"`
}

type paymentRequest struct {
	ID model.PayOrderID `path:"id" minimum:"1"`
}

type paymentReply struct{ Body paymentSheet }

type paymentView struct {
	ID            model.PayOrderID `json:"id"`
	Number        string           `json:"number" doc:"商户单号"`
	MemberID      model.MemberID   `json:"member_id"`
	Purpose       string           `json:"purpose"`
	Ref           string           `json:"ref"`
	Description   string           `json:"description"`
	Channel       model.PayChannel `json:"channel" enum:"jsapi,virtual"`
	State         model.PayState   `json:"state" enum:"created,paying,paid,closing,closed,refund_due"`
	AmountFen     model.Fen        `json:"amount_fen"`
	RefundingFen  model.Fen        `json:"refunding_fen" doc:"退款中"`
	RefundedFen   model.Fen        `json:"refunded_fen" doc:"已退款"`
	RefundableFen model.Fen        `json:"refundable_fen" doc:"尚可退款"`
	TransactionID *string          `json:"transaction_id" doc:"微信支付单号;null = 未收款"`
	PaidAt        *time.Time       `json:"paid_at"`
	PaidVia       string           `json:"paid_via" enum:",notify,query,bill"`
	ExpiresAt     time.Time        `json:"expires_at"`
	ClosedAt      *time.Time       `json:"closed_at"`
	CreatedAt     time.Time        `json:"created_at"`
}

func paymentOf(o model.PayOrder) paymentView {
	return paymentView{
		ID: o.ID, Number: o.OutTradeNo, MemberID: o.MemberID, Purpose: o.Purpose, Ref: o.Ref, Description: o.Description, Channel: o.Channel,
		State: o.State, AmountFen: o.AmountFen, RefundingFen: o.RefundingFen, RefundedFen: o.RefundedFen, RefundableFen: o.RefundableFen(),
		TransactionID: o.TransactionID, PaidAt: o.PaidAt, PaidVia: o.PaidVia, ExpiresAt: o.ExpiresAt, ClosedAt: o.ClosedAt, CreatedAt: o.CreatedAt,
	}
}

type paymentSheet struct {
	paymentView
	Attempts      []payAttemptView   `json:"attempts" doc:"每次向微信下单"`
	Notices       []payNoticeView    `json:"notices" doc:"微信关于收款的说法与判断;同一说法只列一次"`
	Refunds       []payRefundView    `json:"refunds"`
	RefundNotices []refundNoticeView `json:"refund_notices" doc:"微信关于退款的说法与判断"`
	Requests      []refundAskView    `json:"requests" doc:"人工退款申请"`
	Breaks        []payBreakView     `json:"breaks"`
}

func paymentSheetOf(s payments.Sheet) paymentSheet {
	out := paymentSheet{
		paymentView: paymentOf(s.Order), Attempts: make([]payAttemptView, 0, len(s.Attempts)), Notices: make([]payNoticeView, 0, len(s.Notices)),
		Refunds: make([]payRefundView, 0, len(s.Refunds)), RefundNotices: make([]refundNoticeView, 0, len(s.RefundNotices)),
		Requests: make([]refundAskView, 0, len(s.Asks)), Breaks: payBreaksOf(s.Breaks),
	}
	for _, a := range s.Attempts {
		out.Attempts = append(out.Attempts, payAttemptView{a.Ordinal, a.State, a.Error, a.StartedAt, a.FinishedAt})
	}
	for _, n := range s.Notices {
		out.Notices = append(out.Notices, payNoticeView{n.Via, n.TradeState, n.TransactionID, n.AmountFen, n.Currency, n.Verdict, n.ReceivedAt})
	}
	for _, r := range s.Refunds {
		v := payRefundOf(r.PayRefund)
		for _, n := range r.Numbers {
			v.Numbers = append(v.Numbers, refundNumberView{n.OutRefundNo, n.State, n.RefundID, n.Calls, n.Error, n.SentAt, n.EndedAt})
		}
		out.Refunds = append(out.Refunds, v)
	}
	for _, n := range s.RefundNotices {
		out.RefundNotices = append(out.RefundNotices, refundNoticeView{n.Via, n.OutRefundNo, n.RefundID, n.Status, n.RefundFen, n.Verdict, n.ReceivedAt})
	}
	for _, a := range s.Asks {
		out.Requests = append(out.Requests, refundAskOf(a))
	}
	return out
}

type payAttemptView struct {
	Ordinal    int        `json:"ordinal"`
	State      string     `json:"state" enum:"started,ready,unknown,failed"`
	Error      string     `json:"error"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

type payNoticeView struct {
	Via           string    `json:"via" enum:"notify,query,bill"`
	TradeState    string    `json:"trade_state"`
	TransactionID string    `json:"transaction_id"`
	AmountFen     model.Fen `json:"amount_fen"`
	Currency      string    `json:"currency"`
	Verdict       string    `json:"verdict"`
	ReceivedAt    time.Time `json:"received_at"`
}

type refundNumberView struct {
	Number   string               `json:"number" doc:"商户退款单号"`
	State    model.PayRefundState `json:"state" enum:"requested,submitted,processing,success,abnormal,closed"`
	RefundID string               `json:"refund_id" doc:"微信退款单号"`
	Calls    int                  `json:"calls"`
	Error    string               `json:"error"`
	SentAt   *time.Time           `json:"sent_at"`
	EndedAt  *time.Time           `json:"ended_at"`
}

type refundNoticeView struct {
	Via        string    `json:"via" enum:"notify,query,bill"`
	Number     string    `json:"number"`
	RefundID   string    `json:"refund_id"`
	Status     string    `json:"status"`
	RefundFen  model.Fen `json:"refund_fen"`
	Verdict    string    `json:"verdict"`
	ReceivedAt time.Time `json:"received_at"`
}

type queriedReply struct{ Body queriedView }

type queriedView struct {
	Verdict string      `json:"verdict" doc:"accepted = 刚刚确认收款"`
	Payment paymentView `json:"payment"`
}

type payBreaksRequest struct {
	State string `query:"state" enum:"open,settled" doc:"absent = all"`
	web.Paged
}

type payBreaksReply struct{ Body payBreaksView }

type payBreaksView struct {
	Breaks []payBreakView `json:"breaks"`
	Next   string         `json:"next" doc:"cursor of the next page; empty at the end"`
}

type settleBreakRequest struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"200" doc:"如何处理的"`
	}
}

type payBreakReply struct{ Body payBreakView }

type payBreakView struct {
	ID        int64         `json:"id"`
	Kind      string        `json:"kind"`
	Number    string        `json:"number" doc:"商户单号"`
	Other     string        `json:"other" doc:"微信支付单号,或商户退款单号"`
	Detail    string        `json:"detail"`
	State     string        `json:"state" enum:"open,settled"`
	OpenedAt  time.Time     `json:"opened_at"`
	SettledAt *time.Time    `json:"settled_at"`
	SettledBy model.StaffID `json:"settled_by" doc:"0 = 自动"`
	Note      string        `json:"note"`
}

func payBreakOf(b model.PayBreak) payBreakView {
	return payBreakView{b.ID, b.Kind, b.OutTradeNo, b.TransactionID, b.Detail, b.State, b.OpenedAt, b.SettledAt, b.SettledBy, b.Note}
}

func payBreaksOf(list []model.PayBreak) []payBreakView {
	out := make([]payBreakView, 0, len(list))
	for _, b := range list {
		out = append(out, payBreakOf(b))
	}
	return out
}
