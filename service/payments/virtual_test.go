package payments_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"huitou/model"
	"huitou/service/payments"
	"huitou/wechat"
)

// apple is virtual payment in memory.
type apple struct {
	w      *world
	orders map[string]*wechat.VirtualOrder
	failed error // of every call but the code's
	given  []string
	back   []wechat.VirtualRefund
}

const offerID = "1450000001"

func (a *apple) OfferID() string { return offerID }

func (a *apple) Code2Session(_ context.Context, code string) (wechat.Session, error) {
	if code == "dead" {
		return wechat.Session{}, &wechat.Error{Code: 40029}
	}
	return wechat.Session{OpenID: "o" + code, SessionKey: wechat.Secret("key of " + code)}, nil
}

func (a *apple) Sign(g wechat.VirtualGoods, key wechat.Secret) (wechat.VirtualPayParams, error) {
	if _, made := a.orders[g.OutTradeNo]; !made { // the client makes the order with what is signed
		a.orders[g.OutTradeNo] = &wechat.VirtualOrder{OrderID: g.OutTradeNo, Status: wechat.VirtualUnpaid, TotalFen: g.PriceFen, LeftFen: g.PriceFen}
	}
	return wechat.VirtualPayParams{SignData: g.OutTradeNo + " " + g.ProductID, Signature: key.Reveal()}, nil
}

func (a *apple) Order(_ context.Context, openID, id string) (wechat.VirtualOrder, error) {
	if a.failed != nil {
		return wechat.VirtualOrder{}, a.failed
	}
	if o, known := a.orders[id]; known && openID == "oPayer1" {
		return *o, nil
	}
	return wechat.VirtualOrder{}, &wechat.Error{Code: 268490002}
}

func (a *apple) Provide(_ context.Context, id string) error {
	a.given = append(a.given, id)
	a.orders[id].Status = wechat.VirtualDelivered
	return a.failed
}

func (a *apple) Refund(_ context.Context, in wechat.VirtualRefund) error {
	if a.failed != nil {
		return a.failed
	}
	if _, again := a.orders[in.RefundID]; again {
		return &wechat.Error{Code: 268490004}
	}
	a.back = append(a.back, in)
	a.orders[in.RefundID] = &wechat.VirtualOrder{OrderID: in.RefundID, WxOrderID: "WR", Status: wechat.VirtualUnpaid, Refund: true, RefundFen: in.RefundFen}
	a.orders[in.OrderID].LeftFen -= in.RefundFen
	return nil
}

func (a *apple) pay(no string) {
	o := a.orders[no]
	o.Status, o.WxOrderID, o.PaidFen, o.At = wechat.VirtualPaid, "W"+no, o.TotalFen, a.w.clock.Now()
}

func push(no, openID string) wechat.Push {
	return wechat.Push{Event: wechat.EventDeliverGoods, Delivery: &wechat.Delivery{OpenID: openID, OutTradeNo: no}}
}

func (w *world) virtualOrder(ref string) model.PayOrder {
	w.t.Helper()
	in := open(1, ref)
	in.Channel, in.Product = model.ChannelVirtual, "card"
	o, err := w.Open(w.t.Context(), in)
	if err != nil {
		w.t.Fatalf("Open: %v", err)
	}
	out, err := w.Checkout(w.t.Context(), payments.CheckOut{PayOrder: o.ID, LoginCode: "Payer1"})
	if err != nil || out.Virtual == nil || out.JSAPI != nil || out.Virtual.SignData != o.OutTradeNo+" card" || out.Virtual.Signature != "key of Payer1" {
		w.t.Fatalf("Checkout: %+v, %v", out, err)
	}
	return o
}

// The life of an order of virtual payment: signed with the payer's session, pushed, proven by a question, given, and back.
func TestVirtualPayment(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.withVirtual()
		o := w.virtualOrder("m1")
		if o.MchID != offerID || o.Channel != model.ChannelVirtual {
			t.Errorf("order %+v", o)
		}
		// A push alone proves nothing: WeChat is asked, and knows of no money.
		if err := w.DeliveryPushed(t.Context(), push(o.OutTradeNo, "oPayer1")); err == nil {
			t.Error("a push without money was taken for done")
		}
		w.wantState(o.ID, model.PayPaying)
		a.pay(o.OutTradeNo)
		for _, p := range []wechat.Push{push(o.OutTradeNo, "oStranger"), push("HT00", "oPayer1"), {}} {
			if err := w.DeliveryPushed(t.Context(), p); err != nil {
				t.Errorf("push of another: %v", err)
			}
		}
		w.wantState(o.ID, model.PayPaying)
		for range 3 {
			if err := w.DeliveryPushed(t.Context(), push(o.OutTradeNo, "oPayer1")); err != nil {
				t.Errorf("push: %v", err)
			}
		}
		w.wantState(o.ID, model.PayPaid)
		w.pass(3 * time.Minute)
		if !slices.Equal(a.given, []string{o.OutTradeNo}) || w.facts() != 1 {
			t.Errorf("WeChat was told %v, %d facts", a.given, w.facts())
		}
		r := w.mustRefund(o, 4000, "card:1")
		w.run()
		w.wantRefund(r.ID, model.RefundProcessing, "")
		if len(a.back) != 1 || a.back[0].LeftFen != 9900 || a.back[0].RefundFen != 4000 {
			t.Fatalf("refunds %+v", a.back)
		}
		w.pass(time.Hour)
		w.wantRefund(r.ID, model.RefundProcessing, "")
		a.orders[a.back[0].RefundID].Status = wechat.VirtualRefunded
		w.pass(4 * time.Hour)
		w.wantRefund(r.ID, model.RefundSuccess, "")
		w.wantSums(o.ID, 0, 4000)
		w.holds()
	})
}

func (w *world) withVirtual() *apple {
	a := &apple{w: w, orders: map[string]*wechat.VirtualOrder{}}
	w.SetVirtual(a)
	return a
}

func TestVirtualCheckoutRefuses(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		in := open(1, "m1")
		in.Channel, in.Product = model.ChannelVirtual, "card"
		if _, err := w.Open(t.Context(), in); !errors.Is(err, payments.ErrChannelOff) || w.Offers(model.ChannelVirtual) {
			t.Errorf("Open without virtual payment = %v, want ErrChannelOff", err)
		}
		w.withVirtual()
		o, err := w.Open(t.Context(), in)
		if err != nil || !w.Offers(model.ChannelVirtual) {
			t.Fatal(err)
		}
		for _, code := range []string{"", "dead", "Payer2"} {
			if _, err := w.Checkout(t.Context(), payments.CheckOut{PayOrder: o.ID, LoginCode: code}); !errors.Is(err, payments.ErrLoginCode) {
				t.Errorf("Checkout with code %q = %v, want ErrLoginCode", code, err)
			}
		}
		if _, err := w.Prepay(t.Context(), o.ID); !errors.Is(err, payments.ErrLoginCode) {
			t.Errorf("Prepay of a virtual order = %v, want ErrLoginCode", err)
		}
		other := in
		other.Product = "other"
		if _, err := w.Open(t.Context(), other); !errors.Is(err, payments.ErrReused) {
			t.Errorf("Open of another item = %v, want ErrReused", err)
		}
		plain := open(1, "m1")
		if _, err := w.Open(t.Context(), plain); !errors.Is(err, payments.ErrReused) {
			t.Errorf("Open through another channel = %v, want ErrReused", err)
		}
		for i, bad := range []payments.Open{{Channel: model.ChannelVirtual}, {Channel: model.ChannelVirtual, Product: "道具"}, {Product: "card"}, {Channel: "alipay"}} {
			in := open(1, fmt.Sprint("bad", i))
			in.Channel, in.Product = bad.Channel, bad.Product
			if _, err := w.Open(t.Context(), in); err == nil {
				t.Errorf("Open took channel %q with item %q", bad.Channel, bad.Product)
			}
		}
	})
}

// WeChat cannot close an order of virtual payment: it is closed here, and what is paid later goes back.
func TestT40_VirtualPaidAfterTheClose(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		a := w.withVirtual()
		known, unknown := w.virtualOrder("m1"), w.virtualOrder("m2")
		delete(a.orders, unknown.OutTradeNo) // the client never came so far
		w.pass(31 * time.Minute)
		w.wantState(known.ID, model.PayClosed)
		w.wantState(unknown.ID, model.PayClosed)
		a.pay(known.OutTradeNo)
		if err := w.DeliveryPushed(t.Context(), push(known.OutTradeNo, "oPayer1")); err != nil {
			t.Fatal(err)
		}
		w.wantState(known.ID, model.PayRefundDue)
		w.run()
		if len(a.back) != 1 || a.back[0].RefundFen != 9900 {
			t.Errorf("refunds %+v", a.back)
		}
		w.holds()
	})
}

// WeChat is away, refuses the signature, or refuses the refund because Apple took the money.
func TestVirtualTroubles(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		a := w.withVirtual()
		for i, tt := range []struct {
			code    int
			state   model.PayRefundState
			problem string
		}{
			{-1, model.RefundSubmitted, ""},
			{268490003, model.RefundSubmitted, "refund_settings"},
			{268490006, model.RefundSubmitted, "refund_no_money"},
			{268490005, model.RefundAbnormal, "268490005"},
		} {
			o := w.virtualOrder(fmt.Sprint("m", i))
			a.pay(o.OutTradeNo)
			w.pass(10 * time.Second)
			w.wantState(o.ID, model.PayPaid)
			r := w.mustRefund(o, 100, fmt.Sprint("s", i))
			a.failed = &wechat.Error{Code: tt.code}
			w.pass(10 * time.Minute)
			w.wantRefund(r.ID, tt.state, tt.problem)
			a.failed = nil
			w.pass(time.Hour)
		}
		w.holds()
	})
}
