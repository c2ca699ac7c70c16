package pay

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"huitou/wechat"
)

func TestPrepay(t *testing.T) {
	c, saw := serve(t, testConfig(), weChatPay(), 200, `{"prepay_id":"wx2014"}`)
	id, err := c.Prepay(t.Context(), wechat.Prepay{
		OutTradeNo: "VIP1", Description: "年卡 <A&B>", NotifyURL: "https://shop.example/wechat/pay/notice",
		TotalFen: 9900, PayerOpenID: "oX", ExpireAt: testNow.Add(30*time.Minute + 123), Attach: "m:1",
	})
	if err != nil || id != "wx2014" {
		t.Fatalf("Prepay = %q, %v", id, err)
	}
	want := `{"appid":"wxdemo0000000001","mchid":"1900000109","description":"年卡 <A&B>","out_trade_no":"VIP1",` +
		`"time_expire":"2031-05-01T12:30:00+08:00","attach":"m:1","notify_url":"https://shop.example/wechat/pay/notice",` +
		`"amount":{"total":9900,"currency":"CNY"},"payer":{"openid":"oX"}}`
	if saw.method != "POST" || saw.uri != "/v3/pay/transactions/jsapi" || !sameJSON(saw.body, want) {
		t.Errorf("sent %+v\nwant %s", saw, want)
	}
	if saw.acceptSerial != platformID {
		t.Errorf("asked for answers signed with %q", saw.acceptSerial)
	}
}

func TestPrepayWithoutIDIsNoSuccess(t *testing.T) {
	for _, answer := range []string{`{}`, `{"prepay_id":""}`, `{"prepay_id":null}`} {
		c, _ := serve(t, testConfig(), weChatPay(), 200, answer)
		id, err := c.Prepay(t.Context(), wechat.Prepay{OutTradeNo: "VIP1", TotalFen: 1})
		if err == nil || id != "" || wechat.ClassOf(err) != wechat.ClassRetry {
			t.Errorf("%s: %q, %v", answer, id, err)
		}
	}
}

// What is not signed by WeChat Pay, now, is not an answer.
func TestAnswersAreVerified(t *testing.T) {
	other, stale, unknown := weChatPay(), weChatPay(), weChatPay()
	other.key = certKey()
	stale.at = testNow.Add(-301 * time.Second)
	unknown.serial = "PUB_KEY_ID_X"
	for name, tt := range map[string]struct {
		from platform
		want error
	}{
		"another key":     {other, wechat.ErrSignature},
		"too old":         {stale, wechat.ErrStale},
		"unknown serial":  {unknown, wechat.ErrSerial},
		"the right words": {weChatPay(), nil},
	} {
		c, _ := serve(t, testConfig(), tt.from, 200, `{"prepay_id":"wx2014"}`)
		id, err := c.Prepay(t.Context(), wechat.Prepay{OutTradeNo: "VIP1", TotalFen: 1})
		if !errors.Is(err, tt.want) || (tt.want != nil) != (id == "") {
			t.Errorf("%s: %q, %v; want %v", name, id, err, tt.want)
		}
	}
}

func TestQuery(t *testing.T) {
	c, saw := serve(t, testConfig(), weChatPay(), 200, paid)
	got, err := c.Query(t.Context(), "VIP|1*")
	want := wechat.Transaction{
		AppID: testApp, MchID: testMch, OutTradeNo: "VIP1", TransactionID: "4200", TradeType: "JSAPI",
		TradeState: wechat.TradeSuccess, PayerOpenID: "oX", SuccessTime: testNow,
		TotalFen: 9900, PayerTotalFen: 9800, Currency: "CNY", PayerCurrency: "CNY",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Query = %+v, %v", got, err)
	}
	if saw.method != "GET" || saw.uri != "/v3/pay/transactions/out-trade-no/VIP%7C1%2A?mchid=1900000109" {
		t.Errorf("asked %+v", saw)
	}

	c, _ = serve(t, testConfig(), weChatPay(), 200, `{"out_trade_no":"VIP1","trade_state":"NOTPAY","mchid":"1900000109","appid":"wxdemo0000000001"}`)
	if got, err := c.Query(t.Context(), "VIP1"); err != nil || got.TradeState.Paid() || !got.SuccessTime.IsZero() || got.TotalFen != 0 {
		t.Errorf("unpaid = %+v, %v", got, err)
	}
	for _, answer := range []string{`{}`, `{"trade_state":"SUCCESS"}`, strings.Replace(paid, "2031-05-01T12:00:00+08:00", "yesterday", 1), strings.Replace(paid, "9900", "99.5", 1)} {
		c, _ = serve(t, testConfig(), weChatPay(), 200, answer)
		if got, err := c.Query(t.Context(), "VIP1"); err == nil {
			t.Errorf("%s was read as %+v", answer, got)
		}
	}
}

func TestClose(t *testing.T) {
	c, saw := serve(t, testConfig(), weChatPay(), 204, "")
	if err := c.Close(t.Context(), "VIP1"); err != nil {
		t.Fatal(err)
	}
	if saw.uri != "/v3/pay/transactions/out-trade-no/VIP1/close" || !sameJSON(saw.body, `{"mchid":"1900000109"}`) {
		t.Errorf("sent %+v", saw)
	}
	forged := weChatPay()
	forged.key = certKey()
	c, _ = serve(t, testConfig(), forged, 204, "")
	if err := c.Close(t.Context(), "VIP1"); !errors.Is(err, wechat.ErrSignature) {
		t.Errorf("an unsigned 204 = %v", err)
	}
}

func TestRefunds(t *testing.T) {
	answer := `{"refund_id":"50","out_refund_no":"R1","transaction_id":"4200","out_trade_no":"VIP1","channel":"ORIGINAL",` +
		`"user_received_account":"招商银行信用卡0403","create_time":"2031-05-01T12:00:00+08:00","status":"PROCESSING",` +
		`"amount":{"total":9900,"refund":500,"payer_total":9800,"payer_refund":490,"settlement_refund":500,"settlement_total":9900,"discount_refund":10,"currency":"CNY"}}`
	want := wechat.Refund{
		RefundID: "50", OutRefundNo: "R1", TransactionID: "4200", OutTradeNo: "VIP1", Channel: "ORIGINAL",
		ReceivedAccount: "招商银行信用卡0403", CreateTime: testNow, Status: wechat.RefundProcessing,
		TotalFen: 9900, RefundFen: 500, PayerTotalFen: 9800, PayerRefundFen: 490, Currency: "CNY",
	}
	c, saw := serve(t, testConfig(), weChatPay(), 200, answer)
	got, err := c.Refund(t.Context(), wechat.RefundRequest{
		TransactionID: "4200", OutTradeNo: "VIP1", OutRefundNo: "R1", Reason: "退卡", RefundFen: 500, TotalFen: 9900,
	})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Refund = %+v, %v", got, err)
	}
	if !sameJSON(saw.body, `{"transaction_id":"4200","out_refund_no":"R1","reason":"退卡","amount":{"refund":500,"total":9900,"currency":"CNY"}}`) {
		t.Errorf("sent %s", saw.body)
	}
	if got, err = c.QueryRefund(t.Context(), "R1@2"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("QueryRefund = %+v, %v", got, err)
	}
	if saw.method != "GET" || !strings.HasPrefix(saw.uri, "/v3/refund/domestic/refunds/R1@2") {
		t.Errorf("asked %+v", saw)
	}
	c, _ = serve(t, testConfig(), weChatPay(), 200, `{}`)
	if got, err := c.QueryRefund(t.Context(), "R1"); err == nil {
		t.Errorf("an empty answer = %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	forged := weChatPay()
	forged.key = certKey() // error answers need not be signed; they are hints
	for name, tt := range map[string]struct {
		status    int
		answer    string
		code      string
		retryable bool
	}{
		"unknown order":     {404, `{"code":"ORDERNOTEXIST","message":"订单不存在"}`, wechat.PayOrderNotExist, false},
		"paid":              {400, `{"code":"ORDERPAID","message":"该订单已支付"}`, wechat.PayOrderPaid, false},
		"wrong signature":   {401, `{"code":"SIGN_ERROR","message":"签名错误","detail":{"field":"signature"}}`, "SIGN_ERROR", false},
		"too often":         {429, `{"code":"FREQUENCY_LIMITED","message":"频率超限"}`, "FREQUENCYLIMITED", true},
		"broken":            {500, `{"code":"SYSTEM_ERROR","message":"系统异常"}`, "SYSTEM_ERROR", true},
		"a proxy's page":    {502, `<html>bad gateway</html>`, "", true},
		"very long message": {400, `{"code":"PARAM_ERROR","message":"` + strings.Repeat("错", 5_000) + `"}`, "PARAM_ERROR", false},
	} {
		c, _ := serve(t, testConfig(), forged, tt.status, tt.answer)
		_, err := c.Query(t.Context(), "VIP1")
		var refused *wechat.PayError
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if refused.HTTPStatus != tt.status || refused.Retryable() != tt.retryable || refused.HasCode(tt.code) != (tt.code != "") ||
			refused.RequestID != "req-1-268512771" {
			t.Errorf("%s: %+v", name, refused)
		}
		if text := err.Error(); len(text) > 600 || strings.Contains(text, "Wechatpay-") || strings.Contains(text, "VIP1") {
			t.Errorf("%s: the error carries headers, numbers or too much: %.200s", name, text)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
	}))
	defer srv.Close()
	target, _ := url.Parse(srv.URL)
	cfg := testConfig()
	cfg.HTTP = wechat.NewHTTPClient(wechat.HTTPOptions{Target: target})
	c := newClient(t, cfg)
	_, err := c.Prepay(t.Context(), wechat.Prepay{OutTradeNo: "VIP1", TotalFen: 1})
	var broken *wechat.TransportError
	if !errors.As(err, &broken) || wechat.ClassOf(err) != wechat.ClassRetry || strings.Contains(err.Error(), "://") {
		t.Errorf("a cut connection = %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Query(gone, "VIP1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call = %v", err)
	}
}

func TestParams(t *testing.T) {
	c := newClient(t, testConfig())
	p, err := c.Params("wx2014")
	if err != nil {
		t.Fatal(err)
	}
	if p.AppID != testApp || p.TimeStamp != "1935374400" || p.Package != "prepay_id=wx2014" || p.SignType != "RSA" || len(p.NonceStr) < 20 || len(p.NonceStr) > 32 {
		t.Errorf("Params = %+v", p)
	}
	message := strings.Join([]string{testApp, p.TimeStamp, p.NonceStr, "prepay_id=wx2014", ""}, "\n")
	if err := verify(&merchantKey().PublicKey, message, p.PaySign); err != nil {
		t.Error(err)
	}
	if again, _ := c.Params("wx2014"); again.NonceStr == p.NonceStr {
		t.Error("the nonce repeats")
	}
}

func TestNewReportsEveryFault(t *testing.T) {
	_, err := New(Config{APIv3Key: "sixteen bytes ok", PublicKeys: []PublicKey{{}}})
	for _, part := range []string{"AppID", "MchID", "CertSerial", "PrivateKey", "HTTP", "Now", "APIv3Key has 16", "PublicKeys[0]"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s is not in: %v", part, err)
		}
	}
	cfg := testConfig()
	cfg.PublicKeys = nil
	if _, err := New(cfg); err == nil {
		t.Error("a client that can verify nothing was made")
	}
	for _, n := range []int{0, 16, 24, 31, 33} {
		cfg := testConfig()
		cfg.APIv3Key = wechat.Secret(strings.Repeat("k", n))
		if _, err := New(cfg); err == nil {
			t.Errorf("an APIv3 key of %d bytes was accepted", n)
		}
	}
}
