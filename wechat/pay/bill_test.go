package pay

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"huitou/wechat"
)

// A bill as it comes: a payment, one whose goods have a comma in their name, and a refund of an earlier day's order.
const (
	billHead = "\uFEFF交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额," +
		"微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n"
	billPaid   = "`2031-04-30 05:01:46,`wxdemo0000000001,`1900000109,`0,`,`4200000263,`HTA1,`oX,`JSAPI,`SUCCESS,`OTHERS,`CNY,`99.00,`0.00,`0,`0,`0.00,`0.00,`,`,`年卡,`,`0.59000,`0.60%,`99.00,`0.00,`\r\n"
	billComma  = "`2031-04-30 23:59:59,`wxdemo0000000001,`1900000109,`0,`,`4200000264,`HTA2,`oY,`JSAPI,`SUCCESS,`OTHERS,`CNY,`0.03,`0.00,`0,`0,`0.00,`0.00,`,`,`茶, 两包,`,`0.00000,`0.60%,`0.03,`0.00,`\r\n"
	billRefund = "`2031-04-30 00:00:00,`wxdemo0000000001,`1900000109,`0,`,`4200000201,`HTA0,`oX,`JSAPI,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`50000709,`HRA0,`0.10,`0.00,`ORIGINAL,`SUCCESS,`年卡,`,`0.00000,`0.60%,`0.00,`0.10,`\r\n"
	billSums   = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\r\n"
	billFoot   = billSums + "`3.0,`99.03,`0.10,`0.0,`0.59,`99.03,`0.1\r\n"
	wholeBill  = billHead + billPaid + billComma + billRefund + billFoot
)

func TestParseBill(t *testing.T) {
	got, err := parseBill("2031-04-30", []byte(wholeBill))
	want := wechat.Bill{Day: "2031-04-30", PaidFen: 9903, RefundFen: 10, Lines: []wechat.BillLine{
		{At: time.Date(2031, 4, 29, 21, 1, 46, 0, time.UTC), AppID: testApp, MchID: testMch, TransactionID: "4200000263", OutTradeNo: "HTA1", OpenID: "oX",
			TradeType: "JSAPI", Currency: "CNY", TotalFen: 9900, Description: "年卡"},
		{At: time.Date(2031, 4, 30, 15, 59, 59, 0, time.UTC), AppID: testApp, MchID: testMch, TransactionID: "4200000264", OutTradeNo: "HTA2", OpenID: "oY",
			TradeType: "JSAPI", Currency: "CNY", TotalFen: 3, Description: "茶, 两包"},
		{At: time.Date(2031, 4, 29, 16, 0, 0, 0, time.UTC), AppID: testApp, MchID: testMch, TransactionID: "4200000201", OutTradeNo: "HTA0", OpenID: "oX",
			TradeType: "JSAPI", Currency: "CNY", RefundID: "50000709", OutRefundNo: "HRA0", RefundFen: 10, RefundStatus: "SUCCESS", Description: "年卡"},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("parseBill = %+v, %v\nwant %+v", got, err, want)
	}
	for name, text := range map[string]string{
		"no byte order mark": strings.TrimPrefix(wholeBill, "\uFEFF"),
		"bare line feeds":    strings.ReplaceAll(wholeBill, "\r\n", "\n"),
		"no last line feed":  strings.TrimSuffix(wholeBill, "\r\n"),
	} {
		if again, err := parseBill("2031-04-30", []byte(text)); err != nil || !reflect.DeepEqual(again, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if none, err := parseBill("2031-04-30", []byte(billHead+billSums+"`0.0,`0.00,`0.00,`0.0,`0.0,`0.00,`0.00")); err != nil || len(none.Lines) != 0 {
		t.Errorf("a bill without lines = %+v, %v", none, err)
	}
}

// Whatever is wrong with a bill, nothing of it is believed.
func TestParseBillRefuses(t *testing.T) {
	swap := func(old, by string) string {
		if !strings.Contains(wholeBill, old) {
			t.Fatalf("%q is not in the bill", old)
		}
		return strings.Replace(wholeBill, old, by, 1)
	}
	for name, text := range map[string]string{
		"empty":                    "",
		"cut off after a line":     billHead + billPaid + billComma,
		"cut off within a line":    wholeBill[:len(billHead)+len(billPaid)+40],
		"without totals":           billHead + billPaid + billComma + billRefund,
		"totals without values":    billHead + billPaid + billSums,
		"a line after the totals":  wholeBill + billPaid,
		"a line is missing":        billHead + billPaid + billRefund + billFoot,
		"a line is there twice":    billHead + billPaid + billPaid + billComma + billRefund + billFoot,
		"a fen more":               swap("`0.60%,`99.00", "`0.60%,`99.01"),
		"a fen more refunded":      swap("`0.60%,`0.00,`0.10", "`0.60%,`0.00,`0.11"),
		"the total is another":     swap("`0.59,`99.03", "`0.59,`99.02"),
		"a column is missing":      swap("商户退款单号,", ""),
		"a column is there twice":  swap("设备号,", "商户号,"),
		"a value is missing":       swap("`JSAPI,", ""),
		"a value without backtick": swap("`JSAPI", "JSAPI"),
		"another day":              swap("2031-04-30 05:01:46", "2031-05-01 05:01:46"),
		"no time":                  swap("2031-04-30 05:01:46", "昨天"),
		"a negative amount":        swap("`0.60%,`99.00", "`0.60%,`-99.00"),
		"three decimals":           swap("`0.60%,`99.00", "`0.60%,`99.000"),
		"an exponent":              swap("`0.60%,`99.00", "`0.60%,`9e1"),
		"no amount":                swap("`0.60%,`99.00", "`0.60%,`"),
		"no order number":          swap("`HTA1,", "`,"),
		"no refund number":         swap("`HRA0,", "`,"),
		"a refund that is paid":    swap("`REFUND,", "`SUCCESS,"),
		"an unknown state":         swap("`REFUND,", "`GONE,"),
		"not UTF-8":                swap("年卡", "\xc4\xea"),
	} {
		if _, err := parseBill("2031-04-30", []byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// FuzzParseBill feeds files whose hash is right: what stands in them must still do no harm, and what is accepted must add up.
func FuzzParseBill(f *testing.F) {
	f.Add([]byte(wholeBill))
	f.Add([]byte(billHead + billFoot))
	f.Add([]byte(billSums + billSums + billSums))
	f.Add([]byte(strings.ReplaceAll(wholeBill, ",`", "`,")))
	f.Add([]byte(strings.Replace(wholeBill, "99.00", "999999999999.99", 3)))
	f.Fuzz(func(t *testing.T, file []byte) {
		b, err := parseBill("2031-04-30", file)
		if err != nil {
			return
		}
		var paid, back int64
		for _, l := range b.Lines {
			if l.TotalFen < 0 || l.RefundFen < 0 || l.IsRefund() != (l.RefundFen > 0) || l.OutTradeNo == "" || l.TransactionID == "" {
				t.Fatalf("line %+v", l)
			}
			paid, back = paid+l.TotalFen, back+l.RefundFen
		}
		if paid != b.PaidFen || back != b.RefundFen {
			t.Fatalf("%d and %d fen, the bill says %d and %d", paid, back, b.PaidFen, b.RefundFen)
		}
	})
}

// billServer answers for a bill; change spoils what it says.
type billServer struct {
	file    []byte
	promise map[string]string
	status  int // of the download
	fetched int
	header  http.Header // of the last download
}

func newBillServer(t *testing.T, file string) (*Client, *billServer) {
	t.Helper()
	sum := sha1.Sum([]byte(file))
	s := &billServer{status: 200, file: packed(file), promise: map[string]string{
		"hash_type": "SHA1", "hash_value": hex.EncodeToString(sum[:]), "download_url": "https://" + wechat.PayHost + "/v3/billdownload/file?token=a%2Fb",
	}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == downloadPath {
			s.fetched++
			s.header = r.Header.Clone()
			w.WriteHeader(s.status)
			w.Write(s.file) // unsigned, as WeChat's is
			return
		}
		if r.URL.Path != billPath || r.URL.Query().Get("bill_date") != "2031-04-30" || r.URL.Query().Get("tar_type") != "GZIP" {
			t.Errorf("asked %s", r.URL)
		}
		body := fmt.Appendf(nil, `{"hash_type":%q,"hash_value":%q,"download_url":%q}`, s.promise["hash_type"], s.promise["hash_value"], s.promise["download_url"])
		for k, v := range weChatPay().sign(body) {
			w.Header()[k] = v
		}
		w.Write(body)
	}))
	t.Cleanup(srv.Close)
	target, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	cfg := testConfig()
	cfg.HTTP = wechat.NewHTTPClient(wechat.HTTPOptions{Target: target})
	t.Cleanup(cfg.HTTP.CloseIdleConnections)
	return newClient(t, cfg), s
}

func packed(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	if err := errors.Join(err, w.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestTradeBill(t *testing.T) {
	c, s := newBillServer(t, wholeBill)
	got, err := c.TradeBill(t.Context(), "2031-04-30")
	if err != nil || len(got.Lines) != 3 || got.Hash != s.promise["hash_value"] {
		t.Fatalf("TradeBill = %+v, %v", got, err)
	}
	if !strings.HasPrefix(s.header.Get("Authorization"), "WECHATPAY2-SHA256-RSA2048 mchid=") {
		t.Errorf("the download was not signed: %v", s.header)
	}
	for name, tt := range map[string]struct {
		spoil   func(*billServer)
		want    error
		fetched int
	}{
		"another file than promised": {func(s *billServer) { s.file = packed(strings.Replace(wholeBill, "年卡", "月卡", 1)) }, wechat.ErrBillHash, 1},
		"hash of the packed file": {func(s *billServer) {
			sum := sha1.Sum(s.file)
			s.promise["hash_value"] = hex.EncodeToString(sum[:])
		}, wechat.ErrBillHash, 1},
		"another kind of hash":      {func(s *billServer) { s.promise["hash_type"] = "MD5" }, nil, 0},
		"a stranger's address":      {func(s *billServer) { s.promise["download_url"] = "https://evil.example/v3/billdownload/file?token=1" }, nil, 0},
		"another path":              {func(s *billServer) { s.promise["download_url"] = "https://" + wechat.PayHost + "/v3/refund" }, nil, 0},
		"not encrypted":             {func(s *billServer) { s.promise["download_url"] = "http://" + wechat.PayHost + downloadPath }, nil, 0},
		"not packed":                {func(s *billServer) { s.file = []byte(wholeBill) }, nil, 1},
		"cut off on the way":        {func(s *billServer) { s.file = s.file[:len(s.file)/2] }, nil, 1},
		"refused":                   {func(s *billServer) { s.status, s.file = 403, []byte(`{"code":"NO_AUTH","message":"x"}`) }, nil, 1},
		"a page instead of a file":  {func(s *billServer) { s.status, s.file = 502, []byte(`<html>`) }, nil, 1},
		"another size than allowed": {func(s *billServer) { s.file = bytes.Repeat([]byte{0}, 2<<20) }, nil, 1},
	} {
		c, s := newBillServer(t, wholeBill)
		tt.spoil(s)
		_, err := c.TradeBill(t.Context(), "2031-04-30")
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || s.fetched != tt.fetched {
			t.Errorf("%s: %v after %d downloads", name, err, s.fetched)
		}
	}
	// No bill is an answer, and an unsigned one: only a refusal.
	none, _ := serve(t, testConfig(), weChatPay(), 400, `{"code":"NO_STATEMENT_EXIST","message":"账单文件不存在"}`)
	var refused *wechat.PayError
	if _, err := none.TradeBill(t.Context(), "2031-04-30"); !errors.As(err, &refused) || !refused.HasCode(wechat.PayNoStatement) {
		t.Errorf("no bill: %v", err)
	}
}
