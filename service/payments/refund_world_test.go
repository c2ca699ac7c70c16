package payments_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"huitou/model"
	"huitou/service/payments"
	"huitou/wechat"
)

// Refund is WeChat's side: one number refunds once, refunds of an order leave a minute apart and never exceed what was paid.
func (w *weChat) Refund(_ context.Context, in wechat.RefundRequest) (wechat.Refund, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, in)
	if w.refund != nil {
		if err := w.refund(in); err != nil {
			return wechat.Refund{}, err
		}
	}
	r, known := w.refunds[in.OutRefundNo]
	if !known {
		made, err := w.makeRefund(in)
		if err != nil {
			return wechat.Refund{}, err
		}
		r = made
		w.refunds[in.OutRefundNo] = r
	}
	if r.RefundFen != in.RefundFen || r.TransactionID != in.TransactionID || r.TotalFen != in.TotalFen {
		return wechat.Refund{}, refusal(http.StatusBadRequest, wechat.PayInvalidRequest)
	}
	if w.dropRefund {
		return wechat.Refund{}, &wechat.TransportError{Endpoint: "/v3/refund", Err: context.DeadlineExceeded}
	}
	return answerOf(*r), nil
}

func (w *weChat) makeRefund(in wechat.RefundRequest) (*wechat.Refund, error) {
	var o *wechat.Transaction
	for _, t := range w.orders {
		if t.TransactionID == in.TransactionID {
			o = t
		}
	}
	if o == nil || o.TotalFen != in.TotalFen {
		return nil, refusal(http.StatusNotFound, wechat.PayRefundNotExist)
	}
	sum, n := in.RefundFen, 0
	for _, r := range w.refunds {
		if r.TransactionID != in.TransactionID {
			continue
		}
		n++
		if r.Status != wechat.RefundClosed {
			sum += r.RefundFen
		}
		if w.clock.Now().Sub(r.CreateTime) < time.Minute {
			return nil, refusal(http.StatusTooManyRequests, "FREQUENCY_LIMITED")
		}
	}
	if sum > o.TotalFen || n >= 50 {
		return nil, refusal(http.StatusBadRequest, wechat.PayInvalidRequest)
	}
	o.TradeState = wechat.TradeRefund
	return &wechat.Refund{
		MchID: mchID, RefundID: "50000" + in.OutRefundNo[2:], OutRefundNo: in.OutRefundNo, TransactionID: in.TransactionID, OutTradeNo: o.OutTradeNo,
		Status: wechat.RefundProcessing, CreateTime: w.clock.Now(), TotalFen: in.TotalFen, RefundFen: in.RefundFen, PayerTotalFen: in.TotalFen,
		PayerRefundFen: in.RefundFen, ReceivedAccount: "支付用户零钱",
	}, nil
}

// answerOf is what a call answers: unlike a notice it has a currency and no merchant.
func answerOf(r wechat.Refund) wechat.Refund {
	r.MchID, r.Currency = "", "CNY"
	return r
}

func (w *weChat) QueryRefund(_ context.Context, no string) (wechat.Refund, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.askRefund != nil {
		if err := w.askRefund(no); err != nil {
			return wechat.Refund{}, err
		}
	}
	r, known := w.refunds[no]
	if !known {
		return wechat.Refund{}, refusal(http.StatusNotFound, wechat.PayRefundNotExist)
	}
	return answerOf(*r), nil
}

// endRefund is WeChat ending a refund; it returns what the notice will say.
func (w *weChat) endRefund(no string, status wechat.RefundStatus) wechat.Refund {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.refunds[no]
	r.Status = status
	if status == wechat.RefundSuccess {
		r.SuccessTime = w.clock.Now()
	}
	return *r
}

func (w *weChat) numbers() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for _, in := range w.sent {
		list = append(list, in.OutRefundNo)
	}
	return list
}

// paidOrder is an order of member m over 9900 fen with its money.
func (w *world) paidOrder(m model.MemberID, ref string) model.PayOrder {
	w.t.Helper()
	o := w.ready(m, ref)
	if out := w.apply(w.we.pay(o.OutTradeNo), payments.Notify); out.Verdict != payments.Accepted {
		w.t.Fatalf("payment of %s = %s", ref, out.Verdict)
	}
	w.run()
	return w.order(o.ID)
}

func back(o model.PayOrder, amount model.Fen, source string) payments.Refund {
	return payments.Refund{PayOrder: o.ID, Amount: amount, Reason: "会员卡退款", Source: source}
}

func (w *world) mustRefund(o model.PayOrder, amount model.Fen, source string) model.PayRefund {
	w.t.Helper()
	r, fresh, err := w.Refund(w.t.Context(), back(o, amount, source))
	if err != nil || !fresh {
		w.t.Fatalf("Refund of %d fen: fresh %v, %v", amount, fresh, err)
	}
	return r
}

func (w *world) refundOf(id model.PayRefundID) model.PayRefund {
	w.t.Helper()
	r, err := w.PayRefund(w.t.Context(), id)
	if err != nil {
		w.t.Fatalf("PayRefund(%d): %v", id, err)
	}
	return r
}

func (w *world) wantRefund(id model.PayRefundID, state model.PayRefundState, problem string) {
	w.t.Helper()
	if r := w.refundOf(id); r.State != state || r.Problem != problem {
		w.t.Errorf("refund %d is %s (%s), want %s (%s)", id, r.State, r.Problem, state, problem)
	}
}

func (w *world) wantSums(id model.PayOrderID, refunding, refunded model.Fen) {
	w.t.Helper()
	if o := w.order(id); o.RefundingFen != refunding || o.RefundedFen != refunded {
		w.t.Errorf("payment %d: %d fen on their way and %d back, want %d and %d", id, o.RefundingFen, o.RefundedFen, refunding, refunded)
	}
}

func (w *world) applyRefund(r wechat.Refund, via payments.Via) payments.RefundOutcome {
	w.t.Helper()
	out, err := w.ApplyRefund(w.t.Context(), r, via)
	if err != nil {
		w.t.Fatalf("ApplyRefund: %v", err)
	}
	return out
}

func (w *world) refundFacts() []payments.Refunded {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]payments.Refunded(nil), w.refunded...)
}

func (w *world) wantRefundFacts(amounts ...model.Fen) {
	w.t.Helper()
	w.run()
	var got []model.Fen
	for _, f := range w.refundFacts() {
		got = append(got, f.Amount)
	}
	if fmt.Sprint(got) != fmt.Sprint(amounts) {
		w.t.Errorf("facts over %v fen, want %v", got, amounts)
	}
}
