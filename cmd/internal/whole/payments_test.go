package whole

import (
	"context"
	"fmt"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/payments"
	"huitou/wechat"
)

// andPayments adds what can be asked about payments and refunds.
func (f *furnished) andPayments(all map[string]sample) map[string]sample {
	nothing := map[string]string{"id": absent}
	note := fixed(map[string]any{"note": "已与会员核对"})
	acting := func(verb string, number model.PayRefundState) sample {
		return sample{path: nothing, body: note, fresh: func(t *testing.T, c *call) {
			c.path = "/admin/v1/refunds/" + f.abnormal(t, number) + "/" + verb
		}}
	}
	deciding := func(verb string) sample {
		return sample{path: map[string]string{"id": "999999"}, body: note, fresh: func(t *testing.T, c *call) {
			c.path = fmt.Sprintf("/admin/v1/refund-requests/%d/%s", f.askedRefund(t), verb)
		}}
	}
	paid := map[string]string{"id": fmt.Sprint(f.paidFor)}
	for name, s := range map[string]sample{
		"my-refunds":           {query: "limit=5"},
		"payments":             {query: fmt.Sprintf("limit=5&state=paid&purpose=sample&ref=1&number=HT1&member_id=%d", f.memberID)},
		"payment":              {path: paid},
		"query-payment":        {path: paid},
		"payment-breaks":       {query: "limit=5&state=open"},
		"settle-payment-break": {path: map[string]string{"id": fmt.Sprint(f.payBreak)}, body: note},
		"refund-payment": {path: paid, body: fixed(map[string]any{"amount_fen": 1, "reason": "会员要求"}),
			fresh: func(t *testing.T, c *call) { c.path = fmt.Sprintf("/admin/v1/receipts/%d/refunds", f.paid(t)) },
			other: with("amount_fen", 2)},
		"refund-requests":    {query: "limit=5&state=waiting"},
		"approve-refund":     deciding("approve"),
		"refuse-refund":      deciding("refuse"),
		"refunds":            {query: "limit=5&state=abnormal"},
		"refund-resubmitted": acting("resubmitted", model.RefundAbnormal),
		"retry-refund":       {path: nothing, body: note}, // asks WeChat first, which knows of no such refund here
		"refund-by-hand":     acting("by-hand", model.RefundAbnormal),
		"give-up-refund":     {path: nothing, body: note},
	} {
		all[name] = s
	}
	return all
}

// paid is a payment over 1,000 yuan of the first shopper.
func (f *furnished) paid(t *testing.T) model.PayOrderID {
	t.Helper()
	f.n++
	ctx := t.Context()
	o, err := f.app.Payments.Open(ctx, payments.Open{Member: model.MemberID(f.memberID), Purpose: "sample", Ref: fmt.Sprint(f.n), Amount: 1000_00, Description: "样品"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.app.Payments.Prepay(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	if o, err = f.app.Payments.Order(ctx, o.ID); err != nil {
		t.Fatal(err)
	}
	out, err := f.app.Payments.Apply(ctx, wechat.Transaction{
		AppID: o.AppID, MchID: o.MchID, OutTradeNo: o.OutTradeNo, TransactionID: "42" + o.OutTradeNo[2:], TradeState: wechat.TradeSuccess,
		PayerOpenID: o.PayerOpenID, SuccessTime: f.clock.Now(), TotalFen: int64(o.AmountFen), Currency: "CNY",
	}, payments.Notify)
	if err != nil || out.Verdict != payments.Accepted {
		t.Fatalf("the payment: %s, %v", out.Verdict, err)
	}
	return o.ID
}

// abnormal is a refund that WeChat could not make.
func (f *furnished) abnormal(t *testing.T, number model.PayRefundState) (id string) {
	t.Helper()
	pay := f.paid(t)
	err := f.app.DB.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		r, _, err := f.app.Payments.RefundTx(ctx, tx, payments.Refund{PayOrder: pay, Amount: 100, Reason: "样品", Source: fmt.Sprintf("sample:%d", pay)})
		if err != nil {
			return err
		}
		id = string(r.PublicID)
		if err := tx.Gorm().Exec("UPDATE pay_refunds SET state = 'abnormal', problem = 'refund_abnormal' WHERE id = ?", r.ID).Error; err != nil {
			return err
		}
		return tx.Gorm().Exec("UPDATE pay_refund_numbers SET state = ?, sent_at = created_at WHERE pay_refund_id = ?", number, r.ID).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// askedRefund is a refund that waits for a second person.
func (f *furnished) askedRefund(t *testing.T) model.PayRefundAskID {
	t.Helper()
	a, err := f.app.Payments.AskRefund(t.Context(), payments.AskRefund{Staff: 1, PayOrder: f.paid(t), Amount: 600_00, Reason: "会员要求"})
	if err != nil || a.State != model.AskWaiting {
		t.Fatalf("a request over 600 yuan is %s, %v", a.State, err)
	}
	return a.ID
}

// newPayBreak makes something that does not agree, and returns its number.
func (f *furnished) newPayBreak(t *testing.T) (id int64) {
	t.Helper()
	_, err := f.app.Payments.Apply(t.Context(), wechat.Transaction{OutTradeNo: "HTNOBODY", TradeState: wechat.TradeSuccess, TransactionID: "42"}, payments.Notify)
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := f.app.Payments.Breaks(t.Context(), db.Page{Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatalf("breaks %+v, %v", list, err)
	}
	return list[0].ID
}
