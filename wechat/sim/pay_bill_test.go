package sim

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// bill fetches a day's bill and returns its text, checked against its hash unless that is wrong on purpose.
func (b *bench) bill(day, tar string) (text string, hashed bool) {
	b.t.Helper()
	uri := "/v3/bill/tradebill?bill_date=" + day + "&bill_type=ALL" + tar
	status, out, _ := b.pay("GET", uri, "")
	if status != 200 {
		b.t.Fatalf("bill of %s = %d %v", day, status, out)
	}
	path, ok := strings.CutPrefix(out["download_url"].(string), "https://api.mch.weixin.qq.com")
	if !ok {
		b.t.Fatalf("download_url = %v", out["download_url"])
	}
	r, err := http.NewRequest("GET", b.api+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", b.authorization("GET", path, ""))
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		b.t.Fatalf("download = %d %v %s", resp.StatusCode, err, raw)
	}
	if resp.Header.Get("Wechatpay-Signature") != "" {
		b.t.Error("the file is signed; the platform's is not")
	}
	if tar != "" {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			b.t.Fatal(err)
		}
		if raw, err = io.ReadAll(z); err != nil {
			b.t.Fatal(err)
		}
	}
	sum := sha1.Sum(raw)
	return string(raw), hex.EncodeToString(sum[:]) == out["hash_value"]
}

// refundOf gives part of an order back.
func (b *bench) refundOf(order, number string, fen, total int) {
	b.t.Helper()
	status, out, _ := b.pay("POST", "/v3/refund/domestic/refunds", mustJSON(b.t, object{"out_trade_no": order, "out_refund_no": number,
		"amount": object{"refund": fen, "total": total, "currency": "CNY"}}))
	if status != 200 {
		b.t.Fatalf("refund %s = %d %v", number, status, out)
	}
}

func TestBill(t *testing.T) {
	b := newBench(t) // 2 March 2026, 18:00 in China
	u := b.newUser()
	b.ctl("POST", "/_sim/settings", object{"refund_delay_ms": -1})
	b.paid("BILL000001", u, 9900)
	b.paid("BILL000002", u, 5)
	b.order("BILL000003", u, 100) // never paid: not in the bill
	b.refundOf("BILL000001", "RB1", 100, 9900)
	b.ctl("POST", "/_sim/refunds/RB1/result", object{"status": "SUCCESS"})
	b.refundOf("BILL000002", "RB2", 5, 5) // settles after the bill was made
	b.clock.advance(12 * time.Hour)       // 06:00: the next day's bill begins
	b.paid("BILL000004", u, 7)

	if status, out, _ := b.pay("GET", "/v3/bill/tradebill?bill_date=2026-03-02", ""); status != 400 || out["code"] != "NO_STATEMENT_EXIST" {
		t.Errorf("before 10:00 = %d %v", status, out)
	}
	b.clock.advance(4 * time.Hour) // 10:00
	b.ctl("POST", "/_sim/refunds/RB2/result", object{"status": "SUCCESS"})
	text, hashed := b.bill("2026-03-02", "")
	if !hashed {
		t.Error("the hash is not that of the file")
	}
	if packed, hashed := b.bill("2026-03-02", "&tar_type=GZIP"); packed != text || !hashed {
		t.Error("GZIP: another file, or another hash than that of its content")
	}
	lines := strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
	if len(lines) != 7 {
		t.Fatalf("%d lines:\n%s", len(lines), text)
	}
	if !strings.HasPrefix(lines[0], "\uFEFF交易时间,公众账号ID,") || len(strings.Split(lines[0], ",")) != 27 {
		t.Errorf("header = %q", lines[0])
	}
	for i, want := range []string{
		",`BILL000001,", ",`RB1,`1.00,`0.00,`ORIGINAL,`SUCCESS,", ",`BILL000002,", ",`RB2,`0.05,`0.00,`ORIGINAL,`PROCESSING,",
	} {
		if line := lines[i+1]; !strings.Contains(line, want) || !strings.HasPrefix(line, "`2026-03-02 18:00:00,`") || len(strings.Split(line, ",`")) != 27 {
			t.Errorf("line %d = %s, want %s", i+1, line, want)
		}
	}
	if lines[6] != "`4.0,`99.05,`1.05,`0.00,`0.00,`99.05,`1.05" {
		t.Errorf("totals = %s", lines[6])
	}
	for _, tt := range []struct{ query, code string }{
		{"bill_date=2026-03-03", "NO_STATEMENT_EXIST"}, {"bill_date=2026-02-27", "NO_STATEMENT_EXIST"}, {"bill_date=20260302", "PARAM_ERROR"},
		{"bill_date=2025-11-01", "PARAM_ERROR"}, {"bill_date=2026-03-02&bill_type=REFUND", "PARAM_ERROR"}, {"", "PARAM_ERROR"},
	} {
		if status, out, _ := b.pay("GET", "/v3/bill/tradebill?"+tt.query, ""); status != 400 || out["code"] != tt.code {
			t.Errorf("%s = %d %v, want %s", tt.query, status, out, tt.code)
		}
	}
	if status, _, _ := b.pay("GET", "/v3/billdownload/file?token=00", ""); status != 400 {
		t.Errorf("an unknown token = %d", status)
	}
	b.ctl("POST", "/_sim/faults", object{"kind": "bad_bill_hash"})
	if _, hashed := b.bill("2026-03-02", ""); hashed {
		t.Error("bad_bill_hash: the hash is right")
	}
}

func TestBillIsSpoiledLastingly(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	b.paid("SPOIL00001", u, 100)
	b.paid("SPOIL00002", u, 200)
	b.clock.advance(24 * time.Hour)
	clean, _ := b.bill("2026-03-02", "")
	change := func(o object) { b.ctl("POST", "/_sim/bills/2026-03-02/changes", o) }
	change(object{"act": "drop", "number": "SPOIL00001"})
	change(object{"act": "amount", "number": "SPOIL00002", "fen": 201})
	change(object{"act": "foreign", "number": "ELSEWHERE1", "fen": 300})
	for range 2 {
		text, hashed := b.bill("2026-03-02", "")
		if !hashed || strings.Contains(text, "SPOIL00001") || !strings.Contains(text, "`2.01,`0.00") || !strings.Contains(text, "ELSEWHERE1") ||
			!strings.Contains(text, "`2.0,`5.01,") {
			t.Fatalf("bill = %s", text)
		}
	}
	b.ctl("DELETE", "/_sim/bills/2026-03-02/changes", nil)
	if text, _ := b.bill("2026-03-02", ""); text != clean {
		t.Errorf("restored = %s", text)
	}
	if status, _ := b.ctlAny("POST", "/_sim/bills/2026-03-02/changes", object{"act": "burn", "number": "X"}); status != 400 {
		t.Errorf("unknown act = %d", status)
	}
}

// A customer who taps "pay" while the shop closes the order wins; the notification comes as for any payment.
func TestPayRacesClose(t *testing.T) {
	b := newBench(t)
	b.order("RACE000001", b.newUser(), 100)
	b.ctl("POST", "/_sim/faults", object{"kind": "pay_first", "endpoint": "/v3/pay/transactions/out-trade-no/*"})
	body := mustJSON(t, object{"mchid": b.acc.Merchant.MchID})
	b.pay("GET", "/v3/pay/transactions/out-trade-no/RACE000001?mchid="+b.acc.Merchant.MchID, "") // a question does not use the fault up
	if status, out, _ := b.pay("POST", "/v3/pay/transactions/out-trade-no/RACE000001/close", body); status != 400 || out["code"] != "ORDERPAID" {
		t.Fatalf("close = %d %v", status, out)
	}
	if _, out, _ := b.pay("GET", "/v3/pay/transactions/out-trade-no/RACE000001?mchid="+b.acc.Merchant.MchID, ""); out["trade_state"] != "SUCCESS" {
		t.Errorf("order = %v", out)
	}
	eventually(t, "the notification", func() bool { return len(b.product.got()) == 1 })
}

func TestReorderedNotifications(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	b.ctl("POST", "/_sim/settings", object{"refund_delay_ms": -1})
	b.ctl("POST", "/_sim/faults", object{"kind": "reordered", "times": 2})
	b.product.answer(nil)
	b.paid("ORDER00001", u, 100)
	status, out, _ := b.pay("POST", "/v3/refund/domestic/refunds", mustJSON(t, object{"out_trade_no": "ORDER00001", "out_refund_no": "RO1",
		"notify_url": b.settings.PushBase + "/wechat/pay/refund", "amount": object{"refund": 100, "total": 100, "currency": "CNY"}}))
	if status != 200 {
		t.Fatalf("refund = %d %v", status, out)
	}
	if n := len(b.product.got()); n != 0 {
		t.Fatalf("%d notifications before the refund's", n)
	}
	b.ctl("POST", "/_sim/refunds/RO1/result", object{"status": "SUCCESS"})
	eventually(t, "both notifications", func() bool { return len(b.product.got()) == 2 })
	calls := b.product.got()
	if first, second := b.readNotice(calls[0].body), b.readNotice(calls[1].body); first["out_refund_no"] != "RO1" || second["trade_state"] != "SUCCESS" {
		t.Errorf("order of notifications: %v, %v", first, second)
	}
	// Without a refund it is merely late.
	b.product.answer(nil)
	b.paid("ORDER00002", u, 100)
	b.clock.advance(10 * time.Minute)
	eventually(t, "the late notification", func() bool { return len(b.product.got()) == 1 })
}

func TestCertificateRotation(t *testing.T) {
	b := newBench(t)
	old := b.acc.Platform.CertificateSerial
	b.ctl("POST", "/_sim/settings", object{"notify_serial": "certificate"})
	rotated := b.ctl("POST", "/_sim/certificates/rotate", nil)["certificate_serial"].(string)
	if rotated == old {
		t.Fatal("the serial stayed")
	}
	b.product.answer(nil)
	u := b.newUser()
	b.paid("ROTATE0001", u, 100)
	if got := b.product.got()[0].header.Get("Wechatpay-Serial"); got != rotated {
		t.Errorf("notified with %s, want the new certificate", got)
	}
	_, out, _ := b.pay("GET", "/v3/certificates", "")
	list := out["data"].([]any)
	if len(list) != 2 || list[0].(object)["serial_no"] != rotated || list[1].(object)["serial_no"] != old {
		t.Errorf("certificates = %v", list)
	}
	uri := "/v3/pay/transactions/out-trade-no/ROTATE0001?mchid=" + b.acc.Merchant.MchID
	_, _, h := b.do("GET", b.api+uri, http.Header{"Authorization": {b.authorization("GET", uri, "")}, "Wechatpay-Serial": {old}}, "")
	if h.Get("Wechatpay-Serial") != old {
		t.Errorf("asked for the old certificate, signed by %s", h.Get("Wechatpay-Serial"))
	}
	// During a migration both keys sign.
	b.ctl("POST", "/_sim/settings", object{"notify_serial": "both"})
	b.product.answer(nil)
	seen := map[string]bool{}
	for _, number := range []string{"ROTATE0002", "ROTATE0003"} {
		b.paid(number, u, 100)
	}
	for _, c := range b.product.got() {
		seen[c.header.Get("Wechatpay-Serial")] = true
	}
	if !seen[rotated] || !seen[b.acc.Platform.PublicKeyID] {
		t.Errorf("signed by %v", seen)
	}
}

func TestShippingLists(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	for _, number := range []string{"LIST000001", "LIST000002", "LIST000003"} {
		b.paid(number, u, 100)
	}
	_, out := b.call(kindMini, "/wxa/sec/order/get_order_list", object{"order_state": 1, "page_size": 2})
	if n := len(out["order_list"].([]any)); n != 2 || out["has_more"] != true {
		t.Fatalf("first page = %v", out)
	}
	_, out = b.call(kindMini, "/wxa/sec/order/get_order_list", object{"order_state": 1, "page_size": 2, "last_index": out["last_index"]})
	list := out["order_list"].([]any)
	if len(list) != 1 || out["has_more"] != false || list[0].(object)["merchant_trade_no"] != "LIST000001" {
		t.Errorf("second page = %v", out)
	}
	if _, out := b.call(kindMini, "/wxa/sec/order/get_order_list", object{"order_state": 2}); len(out["order_list"].([]any)) != 0 {
		t.Errorf("shipped = %v", out)
	}
	if _, out := b.call(kindMini, "/cgi-bin/express/delivery/open_msg/get_delivery_list", object{}); len(out["delivery_list"].([]any)) == 0 {
		t.Errorf("carriers = %v", out)
	}
	b.ctl("POST", "/_sim/settings", object{"trade_unmanaged": true})
	if _, out := b.call(kindMini, "/wxa/sec/order/is_trade_managed", object{"appid": b.acc.Mini.AppID}); out["is_trade_managed"] != false {
		t.Errorf("is_trade_managed = %v", out)
	}
}
