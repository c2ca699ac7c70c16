package sim

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const jsapi = "/v3/pay/transactions/jsapi"

// order prepays and returns the prepay_id.
func (b *bench) order(number string, u object, total int) string {
	b.t.Helper()
	status, out, _ := b.pay("POST", jsapi, prepayBody(b, number, u["mini_openid"].(string), total))
	if status != 200 {
		b.t.Fatalf("prepay %s = %d %v", number, status, out)
	}
	return out["prepay_id"].(string)
}

// paid prepays and pays, and returns the transaction id.
func (b *bench) paid(number string, u object, total int) string {
	b.t.Helper()
	out := b.ctl("POST", "/_sim/users/"+u["id"].(string)+"/pay", b.payParams(b.acc.Mini.AppID, b.order(number, u, total)))
	return out["order"].(object)["transaction_id"].(string)
}

func TestPaySignature(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	// The SDK's encoder escapes <>& and ends the body with a line feed: the signature
	// covers those very bytes.
	body := strings.Replace(prepayBody(b, "SIGN000001", u["mini_openid"].(string), 1), "年度会员卡", "A\\u003cB\\u003e \\u0026 C", 1) + "\n"
	clear := strings.NewReplacer("\\u003c", "<", "\\u003e", ">", "\\u0026", "&").Replace(body)
	if body == clear {
		t.Fatal("nothing escaped")
	}
	good := b.authorization("POST", jsapi, body)
	ask := func(auth, uri, body, serial string) (int, object) {
		h := http.Header{"Authorization": {auth}}
		if serial != "" {
			h.Set("Wechatpay-Serial", serial)
		}
		status, out, _ := b.do("POST", b.api+uri, h, body)
		return status, out
	}
	tests := []struct {
		name, auth, uri, body string
		status                int
		code                  string
	}{
		{"raw bytes", good, jsapi, body, 200, ""},
		{"same JSON, other bytes", good, jsapi, clear, 401, "SIGN_ERROR"},
		{"without the last line feed", good, jsapi, strings.TrimSuffix(body, "\n"), 401, "SIGN_ERROR"},
		{"other query", good, jsapi + "?x=1", body, 401, "SIGN_ERROR"},
		{"no header", "", jsapi, body, 401, "SIGN_ERROR"},
		{"other scheme", strings.Replace(good, "WECHATPAY2-SHA256-RSA2048", "Bearer", 1), jsapi, body, 401, "SIGN_ERROR"},
		{"other serial", strings.Replace(good, b.acc.Merchant.SerialNo, "1234", 1), jsapi, body, 401, "SIGN_ERROR"},
		{"other merchant", strings.Replace(good, b.acc.Merchant.MchID, "1900000000", 1), jsapi, body, 400, "MCH_NOT_EXISTS"},
		{"nonce changed", strings.Replace(good, "nonce0000", "nonce0001", 1), jsapi, body, 401, "SIGN_ERROR"},
		{"no nonce", strings.Replace(good, `nonce_str="nonce0000",`, "", 1), jsapi, body, 401, "SIGN_ERROR"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, out := ask(tt.auth, tt.uri, tt.body, b.acc.Platform.PublicKeyID)
			if code, _ := out["code"].(string); status != tt.status || code != tt.code {
				t.Errorf("= %d %v, want %d %s", status, out, tt.status, tt.code)
			}
		})
	}
	t.Run("clock", func(t *testing.T) {
		b.clock.advance(5 * time.Minute)
		if status, out := ask(good, jsapi, body, ""); status != 200 {
			t.Errorf("5 min old = %d %v", status, out)
		}
		b.clock.advance(time.Second)
		if status, _ := ask(good, jsapi, body, ""); status != 401 {
			t.Errorf("5 min 1 s old = %d", status)
		}
	})
	t.Run("serial of the answer", func(t *testing.T) {
		good := b.authorization("POST", jsapi, body)
		for _, serial := range []string{b.acc.Platform.PublicKeyID, b.acc.Platform.CertificateSerial} {
			_, _, h := b.do("POST", b.api+jsapi, http.Header{"Authorization": {good}, "Wechatpay-Serial": {serial}}, body)
			if got := h.Get("Wechatpay-Serial"); got != serial {
				t.Errorf("asked for %s, signed by %s", serial, got)
			}
		}
		if status, out := ask(good, jsapi, body, "PUB_KEY_ID_X"); status != 400 {
			t.Errorf("unknown serial = %d %v", status, out)
		}
	})
}

func TestPrepayChecks(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	base := func() object {
		var o object
		_ = json.Unmarshal([]byte(prepayBody(b, "CHECK00001", u["mini_openid"].(string), 100)), &o)
		return o
	}
	tests := []struct {
		name        string
		change      func(object)
		code, field string
	}{
		{"total 0", func(o object) { o["amount"] = object{"total": 0} }, "PARAM_ERROR", "/amount/total"},
		{"total negative", func(o object) { o["amount"] = object{"total": -1} }, "PARAM_ERROR", "/amount/total"},
		{"total a fraction", func(o object) { o["amount"] = object{"total": 1.5} }, "PARAM_ERROR", "/amount/total"},
		{"total missing", func(o object) { delete(o, "amount") }, "PARAM_ERROR", "/amount/total"},
		{"currency", func(o object) { o["amount"] = object{"total": 1, "currency": "USD"} }, "PARAM_ERROR", "/amount/currency"},
		{"number of 5", func(o object) { o["out_trade_no"] = "12345" }, "PARAM_ERROR", "/out_trade_no"},
		{"number of 33", func(o object) { o["out_trade_no"] = strings.Repeat("1", 33) }, "PARAM_ERROR", "/out_trade_no"},
		{"number in Chinese", func(o object) { o["out_trade_no"] = "订单订单订单" }, "PARAM_ERROR", "/out_trade_no"},
		{"plain http", func(o object) { o["notify_url"] = "http://shop.example/pay" }, "PARAM_ERROR", "/notify_url"},
		{"query", func(o object) { o["notify_url"] = "https://shop.example/pay?a=1" }, "PARAM_ERROR", "/notify_url"},
		{"https", func(o object) { o["notify_url"] = "https://shop.example/pay" }, "", ""},
		{"openid of the 服务号", func(o object) { o["payer"] = object{"openid": u["oa_openid"]} }, "PARAM_ERROR", "/payer/openid"},
		{"openid unknown", func(o object) { o["payer"] = object{"openid": "o"} }, "PARAM_ERROR", "/payer/openid"},
		{"appid unknown", func(o object) { o["appid"] = "wx1" }, "APPID_MCHID_NOT_MATCH", ""},
		{"mchid of another", func(o object) { o["mchid"] = "1900000000" }, "PARAM_ERROR", "/mchid"},
		{"no description", func(o object) { o["description"] = "" }, "PARAM_ERROR", "/description"},
		{"time_expire not a time", func(o object) { o["out_trade_no"], o["time_expire"] = "CHECK00002", "tomorrow" }, "PARAM_ERROR", "/time_expire"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := base()
			tt.change(o)
			status, out, _ := b.pay("POST", jsapi, mustJSON(t, o))
			code, _ := out["code"].(string)
			detail, _ := out["detail"].(object)
			field, _ := detail["field"].(string)
			if code != tt.code || field != tt.field || (code == "") != (status == 200) {
				t.Errorf("= %d %v, want %s %s", status, out, tt.code, tt.field)
			}
		})
	}
}

func TestPrepayAgain(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	openID := u["mini_openid"].(string)
	first := b.order("AGAIN00001", u, 9900)
	if again := b.order("AGAIN00001", u, 9900); again != first {
		t.Errorf("same parameters gave %s, then %s", first, again)
	}
	if status, out, _ := b.pay("POST", jsapi, prepayBody(b, "AGAIN00001", openID, 9800)); status != 400 || out["code"] != "INVALID_REQUEST" {
		t.Errorf("other amount = %d %v", status, out)
	}
	b.clock.advance(2 * time.Hour)
	renewed := b.order("AGAIN00001", u, 9900)
	if renewed == first {
		t.Error("prepay_id is not renewed after two hours")
	}
	path := "/_sim/users/" + u["id"].(string) + "/pay"
	if status, out := b.ctlAny("POST", path, b.payParams(b.acc.Mini.AppID, first)); status != 409 || out["error"] != "prepay_expired" {
		t.Errorf("paying the old prepay_id = %d %v", status, out)
	}
	b.ctl("POST", path, b.payParams(b.acc.Mini.AppID, renewed))
	if status, out, _ := b.pay("POST", jsapi, prepayBody(b, "AGAIN00001", openID, 9900)); status != 400 || out["code"] != "ORDERPAID" {
		t.Errorf("prepay of a paid order = %d %v", status, out)
	}
	if status, out := b.ctlAny("POST", path, b.payParams(b.acc.Mini.AppID, renewed)); status != 409 || out["error"] != "order_paid" {
		t.Errorf("paying twice = %d %v", status, out)
	}
}

func TestQueryAndClose(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	mchid := `{"mchid":"` + b.acc.Merchant.MchID + `"}`
	query := func(tail string) (int, object) {
		status, out, _ := b.pay("GET", "/v3/pay/transactions/"+tail+"?mchid="+b.acc.Merchant.MchID, "")
		return status, out
	}
	closing := func(number string) (int, object) {
		status, out, h := b.pay("POST", "/v3/pay/transactions/out-trade-no/"+number+"/close", mchid)
		if status == 204 && h.Get("Wechatpay-Signature") == "" {
			t.Error("204 is not signed")
		}
		return status, out
	}
	if status, out := query("out-trade-no/NOBODY0001"); status != 404 || out["code"] != "ORDER_NOT_EXIST" {
		t.Errorf("unknown order = %d %v", status, out)
	}
	prepay := b.order("A|B*C_0001", u, 100)
	status, out := query("out-trade-no/A%7CB%2AC_0001")
	if status != 200 || out["trade_state"] != "NOTPAY" || out["transaction_id"] != nil {
		t.Errorf("before paying = %d %v", status, out)
	}
	if status, out := closing("A%7CB%2AC_0001"); status != 204 {
		t.Errorf("close = %d %v", status, out)
	}
	if status, _ := closing("A%7CB%2AC_0001"); status != 204 {
		t.Errorf("close again = %d", status)
	}
	if status, out, _ := b.pay("POST", jsapi, prepayBody(b, "A|B*C_0001", u["mini_openid"].(string), 100)); status != 400 || out["code"] != "ORDER_CLOSED" {
		t.Errorf("prepay of a closed order = %d %v", status, out)
	}
	if status, out := b.ctlAny("POST", "/_sim/users/u1/pay", b.payParams(b.acc.Mini.AppID, prepay)); status != 409 || out["error"] != "order_closed" {
		t.Errorf("paying a closed order = %d %v", status, out)
	}
	tx := b.paid("CLOSE00002", u, 100)
	if status, out := closing("CLOSE00002"); status != 400 || out["code"] != "ORDERPAID" {
		t.Errorf("close of a paid order = %d %v", status, out)
	}
	if status, out := query("id/" + tx); status != 200 || out["trade_state"] != "SUCCESS" || out["success_time"] != "2026-03-02T18:00:00+08:00" {
		t.Errorf("by transaction = %d %v", status, out)
	}
	if status, _ := closing("NOBODY0001"); status != 404 {
		t.Errorf("close of an unknown order = %d", status)
	}
	if status, out, _ := b.pay("GET", "/v3/pay/transactions/out-trade-no/CLOSE00002?mchid=1", ""); status != 400 {
		t.Errorf("query for another merchant = %d %v", status, out)
	}
}

func TestRequestPayment(t *testing.T) {
	b := newBench(t)
	u, other := b.newUser(), b.newUser()
	prepay := b.order("SHEET00001", u, 100)
	good := func() object { return b.payParams(b.acc.Mini.AppID, prepay) }
	bare := func() object { // the APP's way of signing: without prepay_id=
		o := good()
		o["paySign"] = sign(t, merchantKey(t, b.acc), fmt.Sprintf("%s\n%s\n%s\n%s\n", o["appId"], o["timeStamp"], o["nonceStr"], prepay))
		return o
	}
	with := func(key, value string) object {
		o := good()
		o[key] = value
		return o
	}
	tests := []struct {
		name string
		user object
		in   object
		code string
	}{
		{"bare prepay_id signed", u, bare(), "pay_sign_invalid"},
		{"nonce changed", u, with("nonceStr", "abc124"), "pay_sign_invalid"},
		{"signType MD5", u, with("signType", "MD5"), "pay_sign_invalid"},
		{"package without prefix", u, with("package", prepay), "pay_sign_invalid"},
		{"appId of the 服务号", u, b.payParams(b.acc.OA.AppID, prepay), "appid_mismatch"},
		{"somebody else's phone", other, good(), "payer_mismatch"},
		{"unknown prepay_id", u, b.payParams(b.acc.Mini.AppID, "wx1"), "prepay_unknown"},
		{"no signature", u, object{"prepay_id": prepay}, "pay_sign_invalid"},
		{"cancel", u, with("outcome", "cancel"), "cancelled"},
		{"fail", u, with("outcome", "fail"), "failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, out := b.ctlAny("POST", "/_sim/users/"+tt.user["id"].(string)+"/pay", tt.in)
			if status == 200 || out["error"] != tt.code {
				t.Errorf("= %d %v, want %s", status, out, tt.code)
			}
			if msg, _ := out["message"].(string); !strings.HasPrefix(msg, "requestPayment:fail") {
				t.Errorf("message = %q", msg)
			}
		})
	}
	if n := len(b.product.got()); n != 0 {
		t.Errorf("product got %d notifications of nothing paid", n)
	}
	out := b.ctl("POST", "/_sim/users/u1/pay", object{"prepay_id": prepay, "unsigned": true})
	if out["pay_sign_checked"] != false || out["errMsg"] != "requestPayment:ok" {
		t.Errorf("unsigned = %v", out)
	}
}

func TestRefunds(t *testing.T) {
	b := newBench(t)
	b.ctl("POST", "/_sim/settings", object{"refund_delay_ms": -1})
	u := b.newUser()
	b.order("UNPAID0001", u, 1000)
	b.paid("REFUND0001", u, 1000)
	refund := func(order, number string, amount, total int) (int, object) {
		status, out, _ := b.pay("POST", "/v3/refund/domestic/refunds", mustJSON(t, object{
			"out_trade_no": order, "out_refund_no": number, "notify_url": b.settings.PushBase + "/wechat/pay/refund",
			"amount": object{"refund": amount, "total": total, "currency": "CNY"}}))
		return status, out
	}
	want := func(name string, status int, out object, wantStatus int, code string) {
		t.Helper()
		if got, _ := out["code"].(string); status != wantStatus || got != code {
			t.Errorf("%s = %d %v, want %d %s", name, status, out, wantStatus, code)
		}
	}
	status, out := refund("NOBODY0001", "R0", 1, 1)
	want("unknown order", status, out, 404, "RESOURCE_NOT_EXISTS")
	status, out = refund("UNPAID0001", "R0", 1, 1000)
	want("unpaid order", status, out, 400, "INVALID_REQUEST")
	status, out = refund("REFUND0001", "R0", 100, 999)
	want("wrong total", status, out, 400, "INVALID_REQUEST")
	status, out = refund("REFUND0001", "R0", 0, 1000)
	want("amount 0", status, out, 400, "PARAM_ERROR")
	status, out = refund("REFUND0001", "R0", 1001, 1000)
	want("more than paid", status, out, 400, "INVALID_REQUEST")

	status, one := refund("REFUND0001", "R1", 600, 1000)
	want("first", status, one, 200, "")
	if one["status"] != "PROCESSING" || one["success_time"] != nil {
		t.Errorf("first refund = %v", one)
	}
	status, again := refund("REFUND0001", "R1", 600, 1000)
	if want("same number", status, again, 200, ""); again["refund_id"] != one["refund_id"] {
		t.Errorf("one number, two refunds: %v and %v", one["refund_id"], again["refund_id"])
	}
	status, out = refund("REFUND0001", "R1", 500, 1000)
	want("same number, other amount", status, out, 400, "INVALID_REQUEST")
	status, out = refund("REFUND0001", "R2", 100, 1000)
	want("within a minute", status, out, 429, "FREQUENCY_LIMITED")
	b.clock.advance(time.Minute)
	status, out = refund("REFUND0001", "R2", 401, 1000)
	want("sum beyond total", status, out, 400, "INVALID_REQUEST")

	b.product.answer(nil)
	settled := b.ctl("POST", "/_sim/refunds/R1/result", object{"status": "CLOSED"})
	if d := settled["delivery"].(object); d["state"] != "delivered" || d["event"] != "REFUND.CLOSED" {
		t.Errorf("result = %v", settled)
	}
	if n := b.readNotice(b.product.got()[0].body); n["refund_status"] != "CLOSED" || n["out_refund_no"] != "R1" {
		t.Errorf("notice = %v", n)
	}
	if status, out := b.ctlAny("POST", "/_sim/refunds/R1/result", object{"status": "SUCCESS"}); status != 409 {
		t.Errorf("settling twice = %d %v", status, out)
	}
	status, out = refund("REFUND0001", "R2", 1000, 1000)
	want("all, after the first was closed", status, out, 200, "")
	b.ctl("POST", "/_sim/refunds/R2/result", object{"status": "SUCCESS"})
	status, out, _ = b.pay("GET", "/v3/refund/domestic/refunds/R2", "")
	if want("query", status, out, 200, ""); out["status"] != "SUCCESS" || out["success_time"] == nil {
		t.Errorf("query = %v", out)
	}
	status, out, _ = b.pay("GET", "/v3/refund/domestic/refunds/R9", "")
	want("query of nothing", status, out, 404, "RESOURCE_NOT_EXISTS")
	if _, o, _ := b.pay("GET", "/v3/pay/transactions/out-trade-no/REFUND0001?mchid="+b.acc.Merchant.MchID, ""); o["trade_state"] != "REFUND" {
		t.Errorf("order = %v", o)
	}
}

func TestRefundSettlesByItself(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	tx := b.paid("REFUND0002", u, 500)
	b.product.answer(nil)
	status, out, _ := b.pay("POST", "/v3/refund/domestic/refunds", mustJSON(t, object{"transaction_id": tx, "out_refund_no": "R1",
		"notify_url": b.settings.PushBase + "/wechat/pay/refund", "amount": object{"refund": 500, "total": 500, "currency": "CNY"}}))
	if status != 200 {
		t.Fatalf("refund = %d %v", status, out)
	}
	b.clock.advance(2 * time.Second)
	eventually(t, "refund notice", func() bool { return len(b.product.got()) == 1 })
	if n := b.readNotice(b.product.got()[0].body); n["refund_status"] != "SUCCESS" || n["success_time"] != "2026-03-02T18:00:02+08:00" {
		t.Errorf("notice = %v", n)
	}
}

func TestCertificates(t *testing.T) {
	b := newBench(t)
	_, out, _ := b.pay("GET", "/v3/certificates", "")
	c := out["data"].([]any)[0].(object)
	e := c["encrypt_certificate"].(object)
	raw, err := base64.StdEncoding.DecodeString(e["ciphertext"].(string))
	if err != nil || len(raw) == 0 {
		t.Fatal(err)
	}
	plain, err := openAEAD(b.acc.Merchant.APIv3Key, e["nonce"].(string), e["associated_data"].(string), e["ciphertext"].(string))
	if err != nil {
		t.Fatal(err)
	}
	if block, _ := pem.Decode(plain); block == nil || block.Type != "CERTIFICATE" || c["serial_no"] != b.acc.Platform.CertificateSerial {
		t.Errorf("certificate = %.60s, serial %v", plain, c["serial_no"])
	}
}

func TestShipping(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	tx := b.paid("SHIP000001", u, 100)
	b.order("SHIP000002", u, 100)
	base := func() object {
		return object{"order_key": object{"order_number_type": 1, "mchid": b.acc.Merchant.MchID, "out_trade_no": "SHIP000001"},
			"logistics_type": 3, "delivery_mode": 1, "shipping_list": []object{{"item_desc": "年度会员卡"}},
			"upload_time": "2026-03-02T18:00:00.000+08:00", "payer": object{"openid": u["mini_openid"]}}
	}
	upload := func(change func(object)) int {
		o := base()
		if change != nil {
			change(o)
		}
		code, _ := b.call(kindMini, "/wxa/sec/order/upload_shipping_info", o)
		return code
	}
	refused := []struct {
		name   string
		change func(object)
		want   int
	}{
		{"unpaid", func(o object) { o["order_key"].(object)["out_trade_no"] = "SHIP000002" }, 10060001},
		{"unknown", func(o object) { o["order_key"].(object)["out_trade_no"] = "SHIP000009" }, 10060001},
		{"another payer", func(o object) { o["payer"] = object{"openid": u["oa_openid"]} }, 10060031},
		{"logistics", func(o object) { o["logistics_type"] = 5 }, 10060005},
		{"no parcel", func(o object) { o["shipping_list"] = []object{} }, 10060014},
		{"no description", func(o object) { o["shipping_list"] = []object{{}} }, 10060020},
		{"time without milliseconds", func(o object) { o["upload_time"] = "2026-03-02T18:00:00+08:00" }, 268485216},
		{"delivery mode", func(o object) { o["delivery_mode"] = 3 }, 268485224},
		{"no mchid", func(o object) { delete(o["order_key"].(object), "mchid") }, 268485196},
	}
	for _, tt := range refused {
		if got := upload(tt.change); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	other := func(desc string) func(object) {
		return func(o object) { o["shipping_list"] = []object{{"item_desc": desc}} }
	}
	steps := []struct {
		name   string
		change func(object)
		want   int
	}{
		{"first", nil, 0}, {"same again", nil, 10060023}, {"correction", other("会员卡"), 0}, {"second correction", other("卡"), 10060003},
	}
	for _, tt := range steps {
		if got := upload(tt.change); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	code, out := b.call(kindMini, "/wxa/sec/order/get_order", object{"transaction_id": tx})
	if o := out["order"].(object); code != 0 || fmt.Sprint(o["order_state"]) != "2" || o["openid"] != u["mini_openid"] {
		t.Errorf("get_order = %v", out)
	}
	b.product.answer(nil)
	b.clock.advance(2 * 24 * time.Hour)
	eventually(t, "settlement push", func() bool { return len(b.product.got()) == 1 })
	clear := decodePush(t, b.acc.Mini.EncodingAESKey, b.acc.Mini.Token, b.acc.Mini.AppID, b.product.got()[0])
	if !strings.Contains(clear, `"Event":"trade_manage_order_settlement"`) || !strings.Contains(clear, `"merchant_trade_no":"SHIP000001"`) {
		t.Errorf("settlement = %s", clear)
	}
	if got := upload(other("晚了")); got != 10060002 {
		t.Errorf("after confirmation: %d", got)
	}
	if code, out := b.call(kindMini, "/wxa/sec/order/is_trade_managed", object{"appid": b.acc.Mini.AppID}); code != 0 || out["is_trade_managed"] != true {
		t.Errorf("is_trade_managed = %v", out)
	}
	if code, _ := b.call(kindMini, "/wxa/sec/order/is_trade_managed", object{}); code != 40097 {
		t.Errorf("is_trade_managed without appid: %d", code)
	}
	for i, tt := range []struct{ amount, code int }{{40, 0}, {60, 10060004}} { // part refunded, then all
		if i == 0 {
			b.paid("SHIP000004", u, 100)
		}
		b.clock.advance(time.Minute)
		status, out, _ := b.pay("POST", "/v3/refund/domestic/refunds", mustJSON(t, object{"out_trade_no": "SHIP000004",
			"out_refund_no": fmt.Sprint("R", i), "amount": object{"refund": tt.amount, "total": 100, "currency": "CNY"}}))
		if status != 200 {
			t.Fatalf("refund = %d %v", status, out)
		}
		if got := upload(func(o object) { o["order_key"].(object)["out_trade_no"] = "SHIP000004" }); got != tt.code {
			t.Errorf("after refunding %d more: %d, want %d", tt.amount, got, tt.code)
		}
	}
	b.ctl("POST", "/_sim/settings", object{"shipping_lag_ms": 3000})
	b.paid("SHIP000003", u, 100)
	lag := func(o object) { o["order_key"].(object)["out_trade_no"] = "SHIP000003" }
	if got := upload(lag); got != 10060001 {
		t.Errorf("before the index caught up: %d", got)
	}
	b.clock.advance(3 * time.Second)
	if got := upload(lag); got != 0 {
		t.Errorf("after the index caught up: %d", got)
	}
}
