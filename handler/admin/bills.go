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

// Bills declares how staff hold the books against WeChat Pay's bills.
func Bills(r *web.Routes, s *payments.Reconciliation) {
	web.Get(r, "/bills", web.Staff(staff.PaymentsReconcile), web.Doc{
		ID: "bills", Summary: "每日对账结果,新的在前", Tag: "支付", Errors: []*fault.Fault{fault.ErrInvalid},
	}, func(ctx context.Context, in *billsRequest) (*billsReply, error) {
		before, err := dayBefore(in.Before)
		if err != nil {
			return nil, err
		}
		list, err := s.Bills(ctx, before, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &billsReply{Body: billsView{Bills: make([]billView, 0, len(list))}}
		for _, b := range list {
			out.Body.Bills = append(out.Body.Bills, billOf(b))
		}
		return out, nil
	})

	web.Post(r, "/bills/{day}/reconcile", web.Staff(staff.PaymentsReconcile), web.Doc{
		ID: "reconcile-bill", Summary: "立即核对某日账单;可重复执行,结果相同", Tag: "支付",
		Errors: []*fault.Fault{fault.ErrInvalid, payments.ErrBillEarly, payments.ErrBillOld, payments.ErrBillMissing, payments.ErrBillUnfit, payments.ErrGateway},
	}, func(ctx context.Context, in *reconcileRequest) (*billReply, error) {
		day, err := model.ParseDay(in.Day)
		if err != nil {
			return nil, fault.InvalidFields([]fault.Field{{Name: "day", Reason: "a day, 2027-01-01"}})
		}
		b, err := s.Day(ctx, day)
		if err != nil {
			return nil, err
		}
		return &billReply{Body: billOf(b)}, nil
	})

	web.Get(r, "/bill-breaks", web.Staff(staff.PaymentsReconcile), web.Doc{
		ID: "bill-breaks", Summary: "对账差异,新的在前", Tag: "支付", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *billBreaksRequest) (*billBreaksReply, error) {
		list, next, err := s.Breaks(ctx, model.PayBillBreakState(in.State), in.Page())
		if err != nil {
			return nil, err
		}
		out := &billBreaksReply{Body: billBreaksView{Breaks: make([]billBreakView, 0, len(list)), Next: next}}
		for _, b := range list {
			out.Body.Breaks = append(out.Body.Breaks, billBreakOf(b))
		}
		return out, nil
	})

	web.Post(r, "/bill-breaks/{id}/close", web.Staff(staff.PaymentsReconcile), web.Doc{
		ID: "close-bill-break", Summary: "核实后关闭对账差异", Tag: "支付",
		Errors: []*fault.Fault{fault.ErrInvalid, payments.ErrBillBreakUnknown, payments.ErrBillBreakEnded},
	}, func(ctx context.Context, in *closeBillBreakRequest) (*billBreakReply, error) {
		b, err := s.Close(ctx, payments.CloseBillBreak{Staff: web.Actor(ctx).ID, Break: in.ID, Note: in.Body.Note})
		if err != nil {
			return nil, err
		}
		return &billBreakReply{Body: billBreakOf(b)}, nil
	})
}

// dayBefore reads the day before which a list goes on; empty is the zero day.
func dayBefore(text string) (model.Day, error) {
	if text == "" {
		return model.Day{}, nil
	}
	day, err := model.ParseDay(text)
	if err != nil {
		return day, fault.InvalidFields([]fault.Field{{Name: "before", Reason: "a day, 2027-01-01"}})
	}
	return day, nil
}

type billsRequest struct {
	Before string `query:"before" maxLength:"10" doc:"a day, 2027-01-01: only earlier ones"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"31"`
}

type reconcileRequest struct {
	Day string `path:"day" minLength:"10" maxLength:"10" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"`
}

type billReply struct{ Body billView }

type billsReply struct{ Body billsView }

type billsView struct {
	Bills []billView `json:"bills"`
}

type billView struct {
	Day           string    `json:"day" example:"2026-11-21"`
	State         string    `json:"state" enum:"done,none,waiting,failed" doc:"none 当日无账单;waiting 微信尚未出账;failed 账单下载或校验失败"`
	Payments      int       `json:"payments" doc:"账单上的收款笔数"`
	PaidFen       int64     `json:"paid_fen"`
	Refunds       int       `json:"refunds" doc:"账单上的退款笔数"`
	RefundFen     int64     `json:"refund_fen"`
	Matched       int       `json:"matched" doc:"一致"`
	OursOnly      int       `json:"ours_only" doc:"仅我方有"`
	TheirsOnly    int       `json:"theirs_only" doc:"仅微信有"`
	AmountDiffers int       `json:"amount_differs" doc:"金额不符"`
	StateDiffers  int       `json:"state_differs" doc:"状态不符"`
	Repaired      int       `json:"repaired" doc:"经自动查询修复后一致的笔数"`
	Runs          int       `json:"runs"`
	Problem       string    `json:"problem"`
	LastRunAt     time.Time `json:"last_run_at"`
}

func billOf(b model.PayBill) billView {
	return billView{
		b.Day.String(), string(b.State), b.Payments, int64(b.PaidFen), b.Refunds, int64(b.RefundFen), b.Matched, b.OursOnly, b.TheirsOnly,
		b.AmountDiffers, b.StateDiffers, b.Repaired, b.Runs, b.Problem, b.LastRunAt,
	}
}

type billBreaksRequest struct {
	State string `query:"state" enum:"open,repaired,closed" doc:"without it all"`
	web.Paged
}

type billBreaksReply struct{ Body billBreaksView }

type billBreaksView struct {
	Breaks []billBreakView `json:"breaks"`
	Next   string          `json:"next" doc:"cursor of the next page; empty on the last one"`
}

type closeBillBreakRequest struct {
	ID   model.PayBillBreakID `path:"id" minimum:"1"`
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"500" doc:"核实结果"`
	}
}

type billBreakReply struct{ Body billBreakView }

type billBreakView struct {
	ID          model.PayBillBreakID `json:"id"`
	Day         string               `json:"day"`
	Kind        string               `json:"kind" enum:"payment,refund"`
	Bucket      string               `json:"bucket" enum:"ours_only,theirs_only,amount_differs,state_differs"`
	Number      string               `json:"number" doc:"商户订单号或商户退款单号"`
	OutTradeNo  string               `json:"out_trade_no"`
	OursFen     int64                `json:"ours_fen"`
	TheirsFen   int64                `json:"theirs_fen"`
	OursState   string               `json:"ours_state"`
	TheirsState string               `json:"theirs_state"`
	Repair      string               `json:"repair" enum:"query,query_refund" doc:"自动采取的修复动作"`
	Outcome     string               `json:"outcome" doc:"修复动作的结果"`
	Advice      string               `json:"advice" doc:"仍有差异时该由谁做什么"`
	Tries       int                  `json:"tries"`
	State       string               `json:"state" enum:"open,repaired,closed"`
	OpenedAt    time.Time            `json:"opened_at"`
	EndedAt     *time.Time           `json:"ended_at"`
	StaffID     model.StaffID        `json:"staff_id"`
	Note        string               `json:"note"`
}

func billBreakOf(b model.PayBillBreak) billBreakView {
	return billBreakView{
		b.ID, b.Day.String(), b.Kind, string(b.Bucket), b.Number, b.OutTradeNo, int64(b.OursFen), int64(b.TheirsFen), b.OursState, b.TheirsState,
		b.Repair, b.Outcome, advice(b), b.Tries, string(b.State), b.OpenedAt, b.EndedAt, b.StaffID, b.Note,
	}
}

// advice says in words what people do about a break that no question to WeChat could end.
func advice(b model.PayBillBreak) string {
	refund := b.Kind == model.BillRefund
	switch b.Bucket {
	case model.BillOursOnly:
		if refund {
			return "我方已记退款而账单没有:在商户平台按商户退款单号核对是否真的退出"
		}
		return "我方已记收款而账单没有:在商户平台按商户订单号核对;未到账则停止履约并联系微信支付"
	case model.BillTheirsOnly:
		if refund {
			return "账单有我方未发起的退款:核对是否有人在商户平台手工退款,并补记"
		}
		return "账单有我方不认识的收款:核对是否为同一商户号的其他系统所收;否则在商户平台退还付款人"
	case model.BillAmountDiffers:
		return "金额不一致:以商户平台为准核对,勿据此补发或退款,先联系微信支付"
	case model.BillStateDiffers:
		if refund {
			return "退款状态不一致:核对退款单,必要时在退款列表中重试或改为线下处理"
		}
		return "收款状态不一致:按商户订单号查询后,补记收款或退还付款人"
	}
	return ""
}
