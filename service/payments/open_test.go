package payments_test

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/payments"
	"huitou/wechat"
)

func TestOpenIsOneOrderPerPurpose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, err := w.Open(t.Context(), open(1, "m1"))
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^[0-9A-Z]{6,32}$`).MatchString(first.OutTradeNo) {
			t.Errorf("number %q is not of the form that WeChat takes", first.OutTradeNo)
		}
		again, err := w.Open(t.Context(), open(1, "m1"))
		if err != nil || again.ID != first.ID || again.OutTradeNo != first.OutTradeNo {
			t.Errorf("second Open = %v %v, want order %d again", again.ID, err, first.ID)
		}
		other := open(2, "m1")
		if _, err := w.Open(t.Context(), other); !errors.Is(err, payments.ErrReused) {
			t.Errorf("Open of another member's ref = %v, want ErrReused", err)
		}
		dearer := open(1, "m1")
		dearer.Amount++
		if _, err := w.Open(t.Context(), dearer); !errors.Is(err, payments.ErrReused) {
			t.Errorf("Open over another amount = %v, want ErrReused", err)
		}
		keyed := open(1, "m2")
		keyed.Key = db.Key{Scope: "member:1", Key: "k1"}
		a, err := w.Open(t.Context(), keyed)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := w.Open(t.Context(), keyed); err != nil || b.ID != a.ID {
			t.Errorf("same key = %v %v, want order %d", b.ID, err, a.ID)
		}
		keyed.Ref = "m3"
		if _, err := w.Open(t.Context(), keyed); !errors.Is(err, db.ErrKeyReused) {
			t.Errorf("same key for another order = %v, want ErrKeyReused", err)
		}
		w.holds()
	})
}

func TestOpenRefuses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, tt := range []struct {
			name   string
			change func(*payments.Open)
			want   error
		}{
			{"nothing", func(o *payments.Open) { o.Amount = 0 }, payments.ErrAmount},
			{"less than nothing", func(o *payments.Open) { o.Amount = -1 }, payments.ErrAmount},
			{"more than the cap", func(o *payments.Open) { o.Amount = payments.MaxAmount + 1 }, payments.ErrAmount},
			{"no purpose", func(o *payments.Open) { o.Purpose = "" }, fault.ErrInvalid},
			{"a purpose that is no word", func(o *payments.Open) { o.Purpose = "A b" }, fault.ErrInvalid},
			{"no ref", func(o *payments.Open) { o.Ref = "" }, fault.ErrInvalid},
			{"a ref that is too long", func(o *payments.Open) { o.Ref = strings.Repeat("1", 65) }, fault.ErrInvalid},
			{"no description", func(o *payments.Open) { o.Description = "" }, fault.ErrInvalid},
			{"a description that is too long", func(o *payments.Open) { o.Description = strings.Repeat("卡", 128) }, fault.ErrInvalid},
			{"a description that is no text", func(o *payments.Open) { o.Description = "\xff" }, fault.ErrInvalid},
		} {
			in := open(1, "x")
			tt.change(&in)
			if _, err := w.Open(t.Context(), in); !errors.Is(err, tt.want) {
				t.Errorf("Open with %s = %v, want %v", tt.name, err, tt.want)
			}
		}
		if _, err := w.Order(t.Context(), 1); !errors.Is(err, payments.ErrUnknown) {
			t.Errorf("something was stored: %v", err)
		}
	})
}

func TestPrepayUsesItsIDAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.ready(1, "m1")
		first := w.wantState(o.ID, model.PayPaying)
		p, err := w.Prepay(t.Context(), o.ID)
		if err != nil || p.Package != "prepay_id="+first.PrepayID || w.we.calls() != 1 {
			t.Errorf("second Prepay = %v %v after %d calls, want %s after 1", p.Package, err, w.we.calls(), first.PrepayID)
		}
		if got := w.we.asked[0]; got.TotalFen != 9900 || got.PayerOpenID != "oPayer1" || got.OutTradeNo != o.OutTradeNo || !got.ExpireAt.Equal(o.ExpiresAt) {
			t.Errorf("WeChat was asked for %+v", got)
		}
		w.clock.Advance(31 * time.Minute)
		if _, err := w.Prepay(t.Context(), o.ID); !errors.Is(err, payments.ErrClosed) {
			t.Errorf("Prepay after the end = %v, want ErrClosed", err)
		}
		w.holds()
	})
}

func TestPrepayManyTaps(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, err := w.Open(t.Context(), open(1, "m1"))
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		errs := make([]error, 16)
		for i := range errs {
			wg.Go(func() { _, errs[i] = w.Prepay(t.Context(), o.ID) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Errorf("Prepay: %v", err)
		}
		if n := len(w.we.orders); n != 1 {
			t.Errorf("WeChat has %d orders, want 1", n)
		}
		w.holds()
	})
}

// A call may take effect and lose its answer: the same number goes again, and there is one order.
func TestPrepayLosesItsAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, err := w.Open(t.Context(), open(1, "m1"))
		if err != nil {
			t.Fatal(err)
		}
		w.we.dropAnswer = true
		if _, err := w.Prepay(t.Context(), o.ID); !errors.Is(err, payments.ErrGateway) {
			t.Fatalf("Prepay without an answer = %v, want ErrGateway", err)
		}
		w.we.dropAnswer = false
		if _, err := w.Prepay(t.Context(), o.ID); err != nil {
			t.Fatalf("Prepay again: %v", err)
		}
		if len(w.we.orders) != 1 || w.we.asked[0] != w.we.asked[1] {
			t.Errorf("WeChat has %d orders; the calls were %+v", len(w.we.orders), w.we.asked)
		}
		w.holds()
	})
}

func TestPrepayRefusals(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i, tt := range []struct {
			code   string
			status int
			want   error
		}{
			{"SYSTEM_ERROR", 500, payments.ErrGateway},
			{"FREQUENCY_LIMITED", 429, payments.ErrGateway},
			{"PARAM_ERROR", 400, payments.ErrRefused},
			{"NO_AUTH", 403, payments.ErrRefused},
			{"ORDER_CLOSED", 400, payments.ErrClosed},
			{"ORDER_PAID", 400, payments.ErrGateway}, // it says so and cannot prove it
		} {
			o, err := w.Open(t.Context(), open(1, string(rune('a'+i))))
			if err != nil {
				t.Fatal(err)
			}
			w.we.prepay = func(wechat.Prepay) error { return refusal(tt.status, tt.code) }
			if _, err := w.Prepay(t.Context(), o.ID); !errors.Is(err, tt.want) {
				t.Errorf("Prepay refused with %s = %v, want %v", tt.code, err, tt.want)
			}
			w.wantState(o.ID, model.PayPaying)
		}
		o, err := w.Open(t.Context(), open(404, "nobody"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Prepay(t.Context(), o.ID); !errors.Is(err, payments.ErrNoPayer) {
			t.Errorf("Prepay of a member without openid = %v, want ErrNoPayer", err)
		}
		w.wantState(o.ID, model.PayCreated)
		if _, err := w.Prepay(t.Context(), 999); !errors.Is(err, payments.ErrUnknown) {
			t.Errorf("Prepay of nothing = %v, want ErrUnknown", err)
		}
		w.holds()
	})
}

// WeChat says ORDERPAID to a prepay whose notice got lost: the query proves it, and the member is not asked to pay twice.
func TestPrepayFindsThePayment(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, err := w.Open(t.Context(), open(1, "m1"))
		if err != nil {
			t.Fatal(err)
		}
		w.we.dropAnswer = true
		if _, err := w.Prepay(t.Context(), o.ID); err == nil {
			t.Fatal("Prepay had an answer")
		}
		w.we.dropAnswer = false
		w.we.pay(o.OutTradeNo)
		if _, err := w.Prepay(t.Context(), o.ID); !errors.Is(err, payments.ErrPaid) {
			t.Errorf("Prepay of a paid order = %v, want ErrPaid", err)
		}
		if o := w.wantState(o.ID, model.PayPaid); o.PaidVia != "query" {
			t.Errorf("paid via %q, want query", o.PaidVia)
		}
		w.holds()
	})
}
