package hook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/payments"
)

// refunded is what WeChat posts about a refund, by its own field names.
func (w *payWorld) refunded(o model.PayOrder, number string, change map[string]any) []byte {
	w.t.Helper()
	said := map[string]any{
		"mchid": payMch, "out_trade_no": o.OutTradeNo, "transaction_id": "42000" + o.OutTradeNo[2:], "out_refund_no": number,
		"refund_id": "5000001", "refund_status": "SUCCESS", "success_time": "2026-11-21T12:00:00+08:00", "user_received_account": "招商银行信用卡0403",
		"amount": map[string]any{"total": 9900, "refund": 4000, "payer_total": 9900, "payer_refund": 4000},
	}
	maps.Copy(said, change)
	plain, err := json.Marshal(said)
	if err != nil {
		w.t.Fatal(err)
	}
	return bytes.Replace(w.envelope(sealed(w.t, payV3Key, plain)), []byte("TRANSACTION.SUCCESS"), []byte("REFUND.SUCCESS"), 1)
}

// T14, T39: notices about a refund: forged ones leave nothing, authentic ones that do not fit open a break and are acknowledged, the right
// one counts once, and one that comes before the notice of the payment changes nothing.
func TestT39_RefundNotices(t *testing.T) {
	eachPay(t, func(t *testing.T, w *payWorld) {
		o := w.order("m1")
		if code := w.deliver(w.refunded(o, "HR00000000000000000000000000", nil)); code != http.StatusNoContent || w.state(o.ID) != model.PayPaying {
			t.Errorf("a refund before the payment: %d, the order is %s", code, w.state(o.ID))
		}
		if code := w.deliver(w.notice(w.transaction(o))); code != http.StatusNoContent || w.state(o.ID) != model.PayPaid {
			t.Fatalf("the payment: %d, %s", code, w.state(o.ID))
		}
		r, _, err := w.payments.Refund(t.Context(), payments.Refund{PayOrder: o.ID, Amount: 4000, Reason: "退款", Source: "s1"})
		if err != nil {
			t.Fatal(err)
		}
		sheet, err := w.payments.Sheet(t.Context(), o.ID)
		if err != nil {
			t.Fatal(err)
		}
		number := sheet.Refunds[0].Numbers[0].OutRefundNo
		right := w.refunded(o, number, nil)

		forged := sign(t, payMerchantKey(), payKeyID, w.clock.Now(), right)
		if code := w.post(forged, right); code != http.StatusUnauthorized || w.rows("callbacks") != 2 {
			t.Errorf("a forged notice: %d, %d callbacks", code, w.rows("callbacks"))
		}
		for _, change := range []map[string]any{
			{"amount": map[string]any{"total": 9900, "refund": 4001}}, {"transaction_id": "4200000001"}, {"mchid": "1900000110"}, {"refund_status": "DONE"},
		} {
			if code := w.deliver(w.refunded(o, number, change)); code != http.StatusNoContent {
				t.Errorf("a notice with %v: %d, want 204", change, code)
			}
		}
		state := func(want model.PayRefundState, refunded model.Fen) {
			t.Helper()
			now, err := w.payments.PayRefund(t.Context(), r.ID)
			if err != nil || now.State != want {
				t.Errorf("the refund is %s, %v, want %s", now.State, err, want)
			}
			if o, err := w.payments.Order(t.Context(), o.ID); err != nil || o.RefundedFen != refunded {
				t.Errorf("%d fen are back, %v, want %d", o.RefundedFen, err, refunded)
			}
		}
		state(model.RefundRequested, 0)
		for range 3 {
			if code := w.deliver(right); code != http.StatusNoContent {
				t.Errorf("the right notice: %d, want 204", code)
			}
		}
		state(model.RefundSuccess, 4000)
		breaks, _, err := w.payments.BreaksIn(t.Context(), "open", db.Page{})
		if err != nil || len(breaks) != 5 {
			t.Errorf("breaks %+v, %v, want one for each notice that did not fit", breaks, err)
		}
		w.holds()
	})
}

// The database is away: a notice about a refund is not acknowledged.
func TestRefundNoticeWithoutDatabase(t *testing.T) {
	eachPay(t, func(t *testing.T, w *payWorld) {
		o := w.order("m1")
		body := w.refunded(o, "HR00000000000000000000000000", nil)
		err := w.db.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec("ALTER TABLE pay_refund_notices RENAME TO away").Error
		})
		if err != nil {
			t.Fatal(err)
		}
		if code := w.deliver(body); code != http.StatusInternalServerError {
			t.Errorf("a notice that cannot be recorded: %d, want 500", code)
		}
	})
}
