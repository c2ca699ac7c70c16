package payments_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/payments"
	"huitou/wechat"
)

// A lost notice is healed by a query at +5 s, +30 s, +2 min or +10 min after the first prepay call, and at the end.
func TestPollHealsALostNotice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i, tt := range []struct {
			paidAfter, seenAfter time.Duration
		}{
			{time.Second, 5 * time.Second},
			{6 * time.Second, 30 * time.Second},
			{31 * time.Second, 2 * time.Minute},
			{3 * time.Minute, 10 * time.Minute},
			{29 * time.Minute, 30 * time.Minute},
		} {
			o := w.ready(1, tt.paidAfter.String())
			w.pass(tt.paidAfter)
			w.we.pay(o.OutTradeNo)
			w.pass(tt.seenAfter - tt.paidAfter - time.Millisecond)
			w.wantState(o.ID, model.PayPaying)
			w.pass(time.Millisecond)
			if o := w.wantState(o.ID, model.PayPaid); o.PaidVia != "query" {
				t.Errorf("paid via %q, want query", o.PaidVia)
			}
			w.run()
			if n := w.facts(); n != i+1 {
				t.Errorf("%d facts, want %d", n, i+1)
			}
		}
		w.holds()
	})
}

func TestExpireClosesWhatNobodyPaid(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		asked := w.ready(1, "m1")
		never, err := w.Open(t.Context(), open(1, "m2"))
		if err != nil {
			t.Fatal(err)
		}
		lost, err := w.Open(t.Context(), open(1, "m3"))
		if err != nil {
			t.Fatal(err)
		}
		w.we.prepay = func(wechat.Prepay) error { return refusal(500, "SYSTEM_ERROR") } // WeChat never made it
		if _, err := w.Prepay(t.Context(), lost.ID); !errors.Is(err, payments.ErrGateway) {
			t.Fatalf("Prepay = %v", err)
		}
		w.pass(31 * time.Minute)
		for _, id := range []model.PayOrderID{asked.ID, never.ID, lost.ID} {
			if o := w.wantState(id, model.PayClosed); o.ClosedAt == nil {
				t.Errorf("payment %d has no instant of its close", id)
			}
		}
		if s := w.we.orders[asked.OutTradeNo].TradeState; s != wechat.TradeClosed {
			t.Errorf("at WeChat the order is %s, want CLOSED", s)
		}
		if _, err := w.Prepay(t.Context(), asked.ID); !errors.Is(err, payments.ErrClosed) {
			t.Errorf("Prepay of a closed order = %v, want ErrClosed", err)
		}
		w.holds()
	})
}

// WeChat does not answer for three hours: the order waits in closing, whatever happens to it there.
func TestExpireWaitsForWeChat(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.ready(1, "m1")
		down := func(string) error {
			return &wechat.TransportError{Endpoint: "/v3/pay", Err: context.DeadlineExceeded}
		}
		w.we.query, w.we.closing = down, down
		w.pass(3 * time.Hour)
		w.wantState(o.ID, model.PayClosing)
		if _, err := w.Prepay(t.Context(), o.ID); !errors.Is(err, payments.ErrClosed) {
			t.Errorf("Prepay while closing = %v, want ErrClosed", err)
		}
		w.we.closing = nil // the close works, the question does not
		w.pass(2 * time.Minute)
		w.wantState(o.ID, model.PayClosing)
		w.we.query = nil
		w.pass(2 * time.Minute)
		w.wantState(o.ID, model.PayClosed)
		w.holds()
	})
}

// T40: the payment wins the race against the close. WeChat refuses the close with ORDERPAID, the question proves it.
func TestT40_PaidBeforeTheClose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.ready(1, "m1")
		w.pass(11 * time.Minute) // all polls are over
		w.we.closing = func(no string) error {
			if w.we.orders[no].TradeState != wechat.TradeSuccess {
				w.we.payLocked(no) // in the instant of the close
			}
			return nil
		}
		w.pass(20 * time.Minute)
		w.wantState(o.ID, model.PayPaid)
		if n := w.facts(); n != 1 {
			t.Errorf("%d facts, want 1", n)
		}
		w.holds()
	})
}

// T40: the close is taken, and a notice of success comes all the same, before and after we closed the order here.
func TestT40_PaidAfterTheClose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		closing, closed := w.ready(1, "m1"), w.ready(2, "m2")
		w.we.query = func(no string) error {
			if no == closing.OutTradeNo {
				return &wechat.TransportError{Endpoint: "/v3/pay", Err: context.DeadlineExceeded}
			}
			return nil
		}
		w.pass(31 * time.Minute)
		w.wantState(closing.ID, model.PayClosing)
		w.wantState(closed.ID, model.PayClosed)

		if out := w.apply(w.we.pay(closing.OutTradeNo), payments.Notify); out.Verdict != payments.Accepted {
			t.Errorf("paid while closing = %s, want accepted", out.Verdict)
		}
		late := w.we.pay(closed.OutTradeNo)
		for range 3 {
			out := w.apply(late, payments.Notify)
			if out.Order.State != model.PayRefundDue {
				t.Errorf("paid after the close = %s in %s, want refund_due", out.Verdict, out.Order.State)
			}
		}
		w.pass(time.Hour)
		w.wantState(closing.ID, model.PayPaid)
		w.wantState(closed.ID, model.PayRefundDue)
		if n := w.facts(); n != 1 {
			t.Errorf("%d facts, want 1: money after the close gives nothing", n)
		}
		if got := w.breaks(); !slices.Equal(got, []string{"late"}) {
			t.Errorf("breaks %v, want one late", got)
		}
		w.holds()
	})
}

// A CLOSED at WeChat that was not ours is not believed before the order's time is over.
func TestPollDoesNotBelieveClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.ready(1, "m1")
		w.we.orders[o.OutTradeNo].TradeState = wechat.TradeClosed
		w.pass(time.Minute)
		w.wantState(o.ID, model.PayPaying)
		w.pass(30 * time.Minute)
		w.wantState(o.ID, model.PayClosed)
		w.holds()
	})
}

func TestRefundDue(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		paid, open := w.ready(1, "m1"), w.ready(1, "m2")
		w.apply(w.we.pay(paid.OutTradeNo), payments.Notify)
		due := func(id model.PayOrderID) error {
			return w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return w.RefundDueTx(ctx, tx, id, "cannot be given") })
		}
		for range 2 {
			if err := due(paid.ID); err != nil {
				t.Fatal(err)
			}
		}
		w.wantState(paid.ID, model.PayRefundDue)
		if err := due(open.ID); !errors.Is(err, payments.ErrUnknown) {
			t.Errorf("RefundDueTx of an unpaid order = %v, want ErrUnknown", err)
		}
		if got := w.breaks(); !slices.Equal(got, []string{"undeliverable"}) {
			t.Errorf("breaks %v", got)
		}
		w.holds()
	})
}

func TestBreaksPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 5 {
			o := w.ready(1, w.clock.Now().Format("150405"))
			notice := w.we.pay(o.OutTradeNo)
			notice.TotalFen++
			w.apply(notice, payments.Notify)
			w.clock.Advance(time.Second)
		}
		var ids []int64
		page := db.Page{Limit: 2}
		for {
			list, next, err := w.Breaks(t.Context(), page)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range list {
				ids = append(ids, b.ID)
			}
			if page.Cursor = next; next == "" {
				break
			}
		}
		if len(ids) != 5 || !slices.IsSortedFunc(ids, func(a, b int64) int { return int(b - a) }) {
			t.Errorf("pages gave %v, want five, newest first", ids)
		}
		if _, _, err := w.Breaks(t.Context(), db.Page{Cursor: "x"}); !errors.Is(err, db.ErrCursor) {
			t.Errorf("bad cursor = %v", err)
		}
	})
}
