package mini

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"huitou/model/kv"
	"huitou/wechat"
)

// The example of WeChat's documentation of virtual payment, byte for byte.
func TestVirtualSignaturesOfTheDocumentation(t *testing.T) {
	body := []byte(`{"openid": "xxx", "user_ip": "127.0.0.1", "env": 0}`)
	v := &Virtual{appKey: "12345"}
	if got, want := v.paySig("/xpay/query_user_balance", body), "c37809f27c6d7fd1837ad2500a04512b66b34fd793a39a385fade56dca89a4b5"; got != want {
		t.Errorf("pay_sig = %s, want %s", got, want)
	}
	if got, want := keyed("9hAb/NEYUlkaMBEsmFgzig==", body), "089d9e8dc5d308977360c4b79ec600a93d736802802a807d634192328032f6c7"; got != want {
		t.Errorf("signature = %s, want %s", got, want)
	}
}

// virtualAt returns virtual payment whose WeChat answers with what is given, and checks that each call is signed over its bytes.
func virtualAt(t *testing.T, answers map[string]string) (*Virtual, *[]map[string]any) {
	t.Helper()
	var asked []map[string]any
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/cgi-bin/stable_token" {
			_, _ = io.WriteString(w, `{"access_token":"T","expires_in":7200}`)
			return
		}
		if q := r.URL.Query(); q.Get("access_token") != "T" || q.Get("pay_sig") != keyed("key", append([]byte(r.URL.Path+"&"), body...)) {
			t.Errorf("call of %s is not signed: %s", r.URL.Path, q)
		}
		var in map[string]any
		if err := json.Unmarshal(body, &in); err != nil {
			t.Errorf("body %s: %v", body, err)
		}
		asked = append(asked, in)
		_, _ = io.WriteString(w, answers[r.URL.Path])
	}))
	t.Cleanup(srv.Close)
	target, _ := url.Parse(srv.URL)
	now := func() time.Time { return time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC) }
	client := wechat.NewHTTPClient(wechat.HTTPOptions{Target: target})
	t.Cleanup(client.CloseIdleConnections)
	c, err := New(Config{AppID: "wxdemo0000000001", Secret: "s", HTTP: client, KV: kv.NewMemory(kv.MemoryOptions{Now: now}), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVirtual(c, VirtualConfig{OfferID: "1450000001", AppKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	return v, &asked
}

func TestVirtualSign(t *testing.T) {
	v, _ := virtualAt(t, nil)
	p, err := v.Sign(wechat.VirtualGoods{OutTradeNo: "HT01", ProductID: "card", PriceFen: 9900, Attach: "membership"}, "9hAb/NEYUlkaMBEsmFgzig==")
	if err != nil {
		t.Fatal(err)
	}
	var data map[string]any
	if err := json.Unmarshal([]byte(p.SignData), &data); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"offerId": "1450000001", "buyQuantity": 1.0, "env": 0.0, "currencyType": "CNY", "productId": "card",
		"goodsPrice": 9900.0, "outTradeNo": "HT01", "attach": "membership"}
	for k, x := range want {
		if data[k] != x {
			t.Errorf("%s = %v, want %v", k, data[k], x)
		}
	}
	if len(data) != len(want) {
		t.Errorf("sign data %s has other fields than %v", p.SignData, want)
	}
	if p.Mode != "short_series_goods" || p.PaySig != keyed("key", []byte("requestVirtualPayment&"+p.SignData)) ||
		p.Signature != keyed("9hAb/NEYUlkaMBEsmFgzig==", []byte(p.SignData)) {
		t.Errorf("params %+v", p)
	}
}

func TestVirtualOrder(t *testing.T) {
	for status, want := range map[string]wechat.VirtualStatus{
		"0": wechat.VirtualUnpaid, "1": wechat.VirtualUnpaid, "2": wechat.VirtualPaid, "3": wechat.VirtualPaid, "4": wechat.VirtualDelivered,
		"5": wechat.VirtualRefunded, "6": wechat.VirtualClosed, "7": wechat.VirtualRefundFailed, "8": wechat.VirtualUnknown,
	} {
		v, asked := virtualAt(t, map[string]string{virtualOrderPath: `{"errcode":0,"errmsg":"ok","order":{"order_id":"HT01","status":` + status +
			`,"order_fee":9900,"paid_fee":9800,"left_fee":9900,"order_type":0,"paid_time":1772000000,"wx_order_id":"W1"}}`})
		o, err := v.Order(t.Context(), "oX", "HT01")
		if err != nil || o.Status != want || o.TotalFen != 9900 || o.PaidFen != 9800 || o.LeftFen != 9900 || o.WxOrderID != "W1" || o.Refund || o.At.Unix() != 1772000000 {
			t.Errorf("status %s: %+v, %v", status, o, err)
		}
		if in := (*asked)[0]; in["openid"] != "oX" || in["order_id"] != "HT01" || in["env"] != 0.0 {
			t.Errorf("asked %v", in)
		}
	}
}

func TestVirtualOrderOfAnother(t *testing.T) {
	for _, answer := range []string{`{"errcode":0}`, `{"errcode":0,"order":{"order_id":"HT02","status":2}}`, `{"errcode":268490002,"errmsg":"x"}`} {
		v, _ := virtualAt(t, map[string]string{virtualOrderPath: answer})
		if o, err := v.Order(t.Context(), "oX", "HT01"); err == nil {
			t.Errorf("%s = %+v", answer, o)
		}
	}
}

func TestVirtualRefund(t *testing.T) {
	v, asked := virtualAt(t, map[string]string{virtualRefundPath: `{"errcode":0}`, virtualProvidePath: `{"errcode":0}`})
	if err := v.Refund(t.Context(), wechat.VirtualRefund{OpenID: "oX", OrderID: "HT01", RefundID: "HR01", LeftFen: 9900, RefundFen: 100}); err != nil {
		t.Fatal(err)
	}
	if in := (*asked)[0]; in["order_id"] != "HT01" || in["refund_order_id"] != "HR01" || in["left_fee"] != 9900.0 || in["refund_fee"] != 100.0 || in["openid"] != "oX" {
		t.Errorf("asked %v", in)
	}
	if err := v.Provide(t.Context(), "HT01"); err != nil || (*asked)[1]["order_id"] != "HT01" {
		t.Errorf("Provide: %v, asked %v", err, *asked)
	}
}
