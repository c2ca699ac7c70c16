package mini_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"huitou/model/kv"
	"huitou/wechat"
	"huitou/wechat/mini"
)

const (
	app    = "wxdemo0000000001"
	secret = wechat.Secret("app-secret")
)

// now is 2026-03-01 12:00:00.5 in Shanghai.
var now = time.Date(2026, 3, 1, 4, 0, 0, 500_000_000, time.UTC)

// open returns a client whose WeChat answers each path with what is given.
func open(t *testing.T, answers map[string]func(r *http.Request, body string) string) *mini.Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch answer, ok := answers[r.URL.Path]; {
		case ok:
			_, _ = io.WriteString(w, answer(r, string(body)))
		case r.URL.Path == "/cgi-bin/stable_token":
			_, _ = io.WriteString(w, `{"access_token":"T","expires_in":7200}`)
		default:
			t.Errorf("unexpected call of %s", r.URL.Path)
		}
	}))
	t.Cleanup(srv.Close)
	target, _ := url.Parse(srv.URL)
	client := wechat.NewHTTPClient(wechat.HTTPOptions{Target: target})
	t.Cleanup(client.CloseIdleConnections)
	clock := func() time.Time { return now }
	c, err := mini.New(mini.Config{
		AppID: app, Secret: secret, HTTP: client, KV: kv.NewMemory(kv.MemoryOptions{Now: clock}), Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func says(text string) func(*http.Request, string) string {
	return func(*http.Request, string) string { return text }
}

func TestCode2Session(t *testing.T) {
	c := open(t, map[string]func(*http.Request, string) string{
		"/sns/jscode2session": func(r *http.Request, _ string) string {
			q := r.URL.Query()
			if r.Method != http.MethodGet || q.Get("appid") != app || q.Get("secret") != secret.Reveal() ||
				q.Get("js_code") != "0a1B-c_d" || q.Get("grant_type") != "authorization_code" || q.Has("access_token") {
				t.Errorf("call %s %s", r.Method, r.URL)
			}
			return `{"openid":"oX","session_key":"tiihtNczf5v6AKRyjwEUhQ==","unionid":"uX"}`
		},
	})
	s, err := c.Code2Session(t.Context(), "0a1B-c_d")
	if err != nil || s.OpenID != "oX" || s.UnionID != "uX" || s.SessionKey.Reveal() != "tiihtNczf5v6AKRyjwEUhQ==" {
		t.Errorf("session = %+v, %v", s, err)
	}
	if strings.Contains(fmt.Sprintf("%+v", s), "tiiht") {
		t.Error("the session key prints")
	}
}

// A code that could reach into the query string never leaves.
func TestCodesAreCheckedBeforeTheCall(t *testing.T) {
	c := open(t, nil) // any call fails the test
	for _, code := range []string{"", "abc&appid=evil", "a b", "a%26", "码", strings.Repeat("a", 129), "a\n"} {
		if _, err := c.Code2Session(t.Context(), code); wechat.ClassOf(err) != wechat.ClassCode {
			t.Errorf("login code %q: %v", code, err)
		}
		if _, err := c.PhoneNumber(t.Context(), code); wechat.ClassOf(err) != wechat.ClassCode {
			t.Errorf("phone code %q: %v", code, err)
		}
	}
}

func TestCode2SessionRefusals(t *testing.T) {
	for answer, want := range map[string]wechat.Class{
		`{"errcode":40029,"errmsg":"invalid code"}`:        wechat.ClassCode,
		`{"errcode":40163,"errmsg":"code been used"}`:      wechat.ClassCode,
		`{"errcode":40226,"errmsg":"code blocked"}`:        wechat.ClassDenied,
		`{"errcode":45011,"errmsg":"frequency limit"}`:     wechat.ClassQuota,
		`{"errcode":40125,"errmsg":"invalid appsecret"}`:   wechat.ClassConfig,
		`{"errcode":-1,"errmsg":"system error"}`:           wechat.ClassRetry,
		`{"openid":"oX"}`:                                  wechat.ClassRetry,
		`{"session_key":"k"}`:                              wechat.ClassRetry,
		`<html>a captive portal</html>`:                    wechat.ClassRetry,
		`{"errcode":"not a number","errmsg":"odd answer"}`: wechat.ClassRetry,
	} {
		c := open(t, map[string]func(*http.Request, string) string{"/sns/jscode2session": says(answer)})
		s, err := c.Code2Session(t.Context(), "code")
		if err == nil || wechat.ClassOf(err) != want || s != (wechat.Session{}) {
			t.Errorf("%s: %+v, %v of class %s, want %s", answer, s, err, wechat.ClassOf(err), want)
		}
	}
}

func TestPhoneNumber(t *testing.T) {
	phone := func(appID, number string) string {
		return fmt.Sprintf(`{"errcode":0,"errmsg":"ok","phone_info":{"phoneNumber":"+86%[2]s","purePhoneNumber":%[2]q,"countryCode":"86","watermark":{"timestamp":1700000000,"appid":%[1]q}}}`, appID, number)
	}
	c := open(t, map[string]func(*http.Request, string) string{
		"/wxa/business/getuserphonenumber": func(r *http.Request, body string) string {
			if r.URL.Query().Get("access_token") != "T" || body != `{"code":"c0de"}` {
				t.Errorf("call %s with %s", r.URL, body)
			}
			return phone(app, "13800138000")
		},
	})
	if p, err := c.PhoneNumber(t.Context(), "c0de"); err != nil || p != (wechat.Phone{Number: "13800138000", CountryCode: "86"}) {
		t.Errorf("phone = %+v, %v", p, err)
	}
	c = open(t, map[string]func(*http.Request, string) string{"/wxa/business/getuserphonenumber": says(phone("wxother", "13800138000"))})
	if _, err := c.PhoneNumber(t.Context(), "c0de"); !errors.Is(err, wechat.ErrForeign) {
		t.Errorf("another app's phone: %v", err)
	}
	c = open(t, map[string]func(*http.Request, string) string{"/wxa/business/getuserphonenumber": says(phone(app, ""))})
	if p, err := c.PhoneNumber(t.Context(), "c0de"); err == nil {
		t.Errorf("no number: %+v", p)
	}
}

func TestUploadShipping(t *testing.T) {
	var sent map[string]any
	c := open(t, map[string]func(*http.Request, string) string{
		"/wxa/sec/order/upload_shipping_info": func(_ *http.Request, body string) string {
			sent = nil
			if err := json.Unmarshal([]byte(body), &sent); err != nil {
				t.Error(err)
			}
			return `{"errcode":0,"errmsg":"ok"}`
		},
	})
	err := c.UploadShipping(t.Context(), wechat.Shipping{
		TransactionID: "4200", Mode: wechat.ShippedVirtually, ItemDesc: strings.Repeat("年", 200), PayerOpenID: "oX",
	})
	if err != nil {
		t.Fatal(err)
	}
	item := sent["shipping_list"].([]any)[0].(map[string]any)
	if got := item["item_desc"].(string); len([]rune(got)) != 120 || !strings.HasSuffix(got, "…") {
		t.Errorf("item_desc %q", got)
	}
	delete(sent, "shipping_list")
	want := `{"delivery_mode":1,"logistics_type":3,"order_key":{"order_number_type":2,"transaction_id":"4200"},` +
		`"payer":{"openid":"oX"},"upload_time":"2026-03-01T12:00:00.500+08:00"}`
	if got, _ := json.Marshal(sent); string(got) != want {
		t.Errorf("sent %s\nwant %s", got, want)
	}

	err = c.UploadShipping(t.Context(), wechat.Shipping{MchID: "19", OutTradeNo: "V1", Mode: wechat.ShippedByPickup, ItemDesc: "卡", PayerOpenID: "oX"})
	if got, _ := json.Marshal(sent["order_key"]); err != nil || string(got) != `{"mchid":"19","order_number_type":1,"out_trade_no":"V1"}` {
		t.Errorf("order_key %s, %v", got, err)
	}
}

func TestUploadShippingRefusals(t *testing.T) {
	for code, want := range map[int]wechat.Class{
		10060002: "", 10060003: "", 10060023: "", 268440065: "", // nothing left to do
		10060001: wechat.ClassRetry,
		10060012: wechat.ClassRetry,
		10060031: wechat.ClassRecipient,
		10060014: wechat.ClassBug,
		48001:    wechat.ClassConfig,
	} {
		c := open(t, map[string]func(*http.Request, string) string{
			"/wxa/sec/order/upload_shipping_info": says(fmt.Sprintf(`{"errcode":%d,"errmsg":"x"}`, code)),
		})
		err := c.UploadShipping(t.Context(), wechat.Shipping{TransactionID: "1"})
		if want == "" && err != nil || want != "" && wechat.ClassOf(err) != want {
			t.Errorf("%d: %v, want %q", code, err, want)
		}
	}
}

func TestTradeManaged(t *testing.T) {
	for answer, want := range map[string]bool{
		`{"errcode":0,"errmsg":"ok","is_trade_managed":true}`: true, `{"errcode":0,"is_trade_managed":false}`: false, `{"errcode":48001,"errmsg":"api unauthorized"}`: false,
	} {
		c := open(t, map[string]func(*http.Request, string) string{"/wxa/sec/order/is_trade_managed": func(_ *http.Request, body string) string {
			if !strings.Contains(body, `"appid":"`) {
				t.Errorf("asked with %s", body)
			}
			return answer
		}})
		if got, err := c.TradeManaged(t.Context()); err != nil || got != want {
			t.Errorf("%s: %v, %v", answer, got, err)
		}
	}
	c := open(t, map[string]func(*http.Request, string) string{"/wxa/sec/order/is_trade_managed": says(`{"errcode":40097,"errmsg":"invalid args"}`)})
	if _, err := c.TradeManaged(t.Context()); wechat.ClassOf(err) != wechat.ClassBug {
		t.Errorf("a refusal: %v", err)
	}
}

func TestCarriers(t *testing.T) {
	c := open(t, map[string]func(*http.Request, string) string{
		"/cgi-bin/express/delivery/open_msg/get_delivery_list": says(`{"errcode":0,"delivery_list":[{"delivery_id":"SF","delivery_name":"顺丰速运"}],"count":1}`),
	})
	got, err := c.Carriers(t.Context())
	if err != nil || len(got) != 1 || got[0] != (wechat.Carrier{ID: "SF", Name: "顺丰速运"}) {
		t.Errorf("Carriers = %v, %v", got, err)
	}
}

func TestUploadShippingNamesTheReceiver(t *testing.T) {
	var body string
	c := open(t, map[string]func(*http.Request, string) string{"/wxa/sec/order/upload_shipping_info": func(_ *http.Request, b string) string {
		body = b
		return `{"errcode":0}`
	}})
	err := c.UploadShipping(t.Context(), wechat.Shipping{TransactionID: "1", Mode: wechat.ShippedByExpress, TrackingNo: "SF1", ExpressCompany: "SF", Contact: "138****1234", ItemDesc: "茶"})
	if want := `"shipping_list":[{"tracking_no":"SF1","express_company":"SF","item_desc":"茶","contact":{"receiver_contact":"138****1234"}}]`; err != nil || !strings.Contains(body, want) {
		t.Errorf("sent %s, %v", body, err)
	}
}

func TestShippingOrder(t *testing.T) {
	states := map[int]wechat.ShippingState{
		1: wechat.ShippingWaits, 2: wechat.ShippingSent, 3: wechat.ShippingConfirmed, 4: wechat.ShippingDone,
		5: wechat.ShippingRefunded, 6: wechat.ShippingPending, 9: wechat.ShippingUnknown,
	}
	for number, want := range states {
		c := open(t, map[string]func(*http.Request, string) string{
			"/wxa/sec/order/get_order": func(_ *http.Request, body string) string {
				if body != `{"merchant_id":"19","merchant_trade_no":"V1"}` && body != `{"transaction_id":"42"}` {
					t.Errorf("asked with %s", body)
				}
				return fmt.Sprintf(`{"errcode":0,"order":{"transaction_id":"42","merchant_trade_no":"V1","merchant_id":"19","paid_amount":9900,"openid":"oX","pay_time":1772000000,"order_state":%d}}`, number)
			},
		})
		o, err := c.ShippingOrder(t.Context(), "", "19", "V1")
		if err != nil || o.State != want || o.PaidFen != 9900 || o.PayerOpenID != "oX" || o.PaidAt.Unix() != 1_772_000_000 {
			t.Errorf("state %d: %+v, %v", number, o, err)
		}
		if s, err := c.ShippingState(t.Context(), "42"); err != nil || s != want {
			t.Errorf("state %d: %s, %v", number, s, err)
		}
	}
}
