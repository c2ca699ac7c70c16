package whole

import (
	"context"
	"fmt"
	"testing"
	"time"

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

// Money on its way back, from the tap of staff to the signed notice of the simulated WeChat: one part succeeds, one cannot be taken by the
// payer's account and is settled by hand.
func TestRefundsFromStaffToThePayer(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner, p := s.owner(t), s.shopper(t)
	s.earns(t, p, 100)
	var gift id
	s.must(t, call{method: "POST", path: "/admin/v1/gifts", token: owner, key: newKey(), body: map[string]any{
		"name": "龙井茶礼盒", "kind": "goods", "points": 60, "cash_fen": 990, "stock": 1,
	}}, &gift)
	var got struct {
		ID  string            `json:"id"`
		Pay map[string]string `json:"pay"`
	}
	s.must(t, call{method: "POST", path: "/api/v1/gifts/" + gift.ID + "/deliveries", token: p.token, key: newKey(), body: map[string]any{"address": home}}, &got)
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/pay", got.Pay, nil)
	s.settled(t)
	var found struct{ Payments []struct{ ID int64 } }
	s.must(t, call{method: "GET", path: "/admin/v1/receipts?purpose=mall&ref=" + got.ID, token: owner}, &found)
	if len(found.Payments) != 1 {
		t.Fatalf("payments of the redemption: %+v", found)
	}
	receipt := fmt.Sprintf("/admin/v1/receipts/%d", found.Payments[0].ID)
	type sheet struct {
		Refunding int64 `json:"refunding_fen"`
		Refunded  int64 `json:"refunded_fen"`
		Refunds   []struct {
			ID      string
			State   string
			Numbers []struct{ Number, State string }
		}
		Breaks []struct{ Kind, State string }
	}
	refund := func(fen int64) sheet {
		t.Helper()
		s.must(t, call{method: "POST", path: receipt + "/refunds", token: owner, key: newKey(), body: map[string]any{"amount_fen": fen, "reason": "少寄一件"}}, nil)
		var out sheet
		eventually(t, "WeChat takes the refund", func() error {
			out = sheet{}
			s.must(t, call{method: "GET", path: receipt, token: owner}, &out)
			if last := out.Refunds[len(out.Refunds)-1]; last.State != "processing" {
				return fmt.Errorf("the refund is %s", last.State)
			}
			return nil
		})
		return out
	}
	ends := func(x sheet, status string) (out sheet) {
		t.Helper()
		s.weixinDoes(t, "POST", "/_sim/refunds/"+x.Refunds[len(x.Refunds)-1].Numbers[0].Number+"/result", map[string]string{"status": status}, nil)
		s.must(t, call{method: "GET", path: receipt, token: owner}, &out)
		return out
	}
	after := ends(refund(300), "SUCCESS")
	if after.Refunding != 0 || after.Refunded != 300 || after.Refunds[0].State != "success" {
		t.Errorf("after the notice of success: %+v", after)
	}
	if a := s.do(t, call{method: "POST", path: receipt + "/refunds", token: owner, key: newKey(), body: map[string]any{"amount_fen": 691, "reason": "全退"}}); a.problem.Code != "payments.refund_too_much" {
		t.Errorf("a fen more than is left answered %d %s", a.status, a.body)
	}
	s.clock.Advance(2 * time.Minute)
	after = ends(refund(690), "ABNORMAL")
	if after.Refunding != 690 || after.Refunds[1].State != "abnormal" || len(after.Breaks) != 1 || after.Breaks[0].State != "open" {
		t.Errorf("after the notice of an abnormal end: %+v", after)
	}
	action := "/admin/v1/refunds/" + after.Refunds[1].ID + "/"
	if a := s.do(t, call{method: "POST", path: action + "retry", token: owner, body: map[string]any{"note": "换号"}}); a.problem.Code != "payments.refund_held" {
		t.Errorf("a new number while WeChat holds the money answered %d %s", a.status, a.body)
	}
	s.must(t, call{method: "POST", path: action + "by-hand", token: owner, body: map[string]any{"note": "已转账退还"}}, nil)
	var mine struct {
		Refunds []struct {
			Order  string
			State  string
			Amount int64 `json:"amount_fen"`
		}
	}
	s.must(t, call{method: "GET", path: "/api/v1/me/refunds", token: p.token}, &mine)
	if len(mine.Refunds) != 2 || mine.Refunds[0].State != "success" || mine.Refunds[1].State != "success" || mine.Refunds[0].Order != got.ID {
		t.Errorf("the shopper sees %+v", mine)
	}
	var theirs struct{ Refunds []any }
	s.must(t, call{method: "GET", path: "/api/v1/me/refunds", token: s.shopper(t).token}, &theirs)
	if len(theirs.Refunds) != 0 {
		t.Errorf("another shopper sees %v", theirs.Refunds)
	}
	s.settled(t)
	s.audit(t)
}
