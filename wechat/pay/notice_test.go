package pay

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"huitou/wechat"
)

func TestParseNotice(t *testing.T) {
	c := newClient(t, testConfig())
	body := notice("TRANSACTION.SUCCESS", resource(paid, "nonceNONCE12"))
	n, err := c.ParseNotice(t.Context(), weChatPay().sign(body), body)
	if err != nil {
		t.Fatal(err)
	}
	if n.ID != "EV-1" || n.EventType != "TRANSACTION.SUCCESS" || n.Serial != platformID || !n.CreatedAt.Equal(testNow) ||
		string(n.Raw) != paid || n.Refund != nil {
		t.Errorf("notice = %+v", n)
	}
	want := wechat.Transaction{
		AppID: testApp, MchID: testMch, OutTradeNo: "VIP1", TransactionID: "4200", TradeType: "JSAPI",
		TradeState: wechat.TradeSuccess, PayerOpenID: "oX", SuccessTime: testNow,
		TotalFen: 9900, PayerTotalFen: 9800, Currency: "CNY", PayerCurrency: "CNY",
	}
	if !reflect.DeepEqual(*n.Transaction, want) {
		t.Errorf("transaction = %+v", *n.Transaction)
	}

	body = notice("REFUND.ABNORMAL", resource(`{"mchid":"1900000109","out_trade_no":"VIP1","transaction_id":"4200","out_refund_no":"R1","refund_id":"50","refund_status":"ABNORMAL","user_received_account":"支付用户零钱","amount":{"total":9900,"refund":500,"payer_total":9800,"payer_refund":490}}`, "nonceNONCE12"))
	n, err = c.ParseNotice(t.Context(), weChatPay().sign(body), body)
	wantRefund := &wechat.Refund{
		MchID: testMch, OutTradeNo: "VIP1", TransactionID: "4200", OutRefundNo: "R1", RefundID: "50",
		Status: wechat.RefundAbnormal, ReceivedAccount: "支付用户零钱", TotalFen: 9900, RefundFen: 500, PayerTotalFen: 9800, PayerRefundFen: 490,
	}
	if err != nil || n.Transaction != nil || !reflect.DeepEqual(n.Refund, wantRefund) {
		t.Errorf("refund notice = %+v, %v", n.Refund, err)
	}

	body = notice("PAYSCORE.USER_OPEN_SERVICE", resource(`{"a":1}`, "nonceNONCE12"))
	if n, err = c.ParseNotice(t.Context(), weChatPay().sign(body), body); err != nil || n.Transaction != nil || n.Refund != nil || string(n.Raw) != `{"a":1}` {
		t.Errorf("another family = %+v, %v", n, err)
	}
}

// T12: forged notices are refused before anything is read, and the refusal says nothing of
// what was sent.
func TestT12ForgedNoticesAreRefused(t *testing.T) {
	c := newClient(t, testConfig())
	body := notice("TRANSACTION.SUCCESS", resource(paid, "nonceNONCE12"))
	from := func(change func(*platform)) platform {
		p := weChatPay()
		change(&p)
		return p
	}
	header := func(change func(http.Header)) http.Header {
		h := weChatPay().sign(body)
		change(h)
		return h
	}
	tests := map[string]struct {
		header http.Header
		body   []byte
		want   error
	}{
		"no headers":       {http.Header{}, body, wechat.ErrSignature},
		"another key":      {from(func(p *platform) { p.key = certKey() }).sign(body), body, wechat.ErrSignature},
		"unknown serial":   {from(func(p *platform) { p.serial = "PUB_KEY_ID_X" }).sign(body), body, wechat.ErrSerial},
		"empty serial":     {from(func(p *platform) { p.serial = "" }).sign(body), body, wechat.ErrSignature},
		"another body":     {weChatPay().sign(body), append([]byte(" "), body...), wechat.ErrSignature},
		"one byte longer":  {weChatPay().sign(body), append([]byte{}, append(body, '\n')...), wechat.ErrSignature},
		"empty body":       {weChatPay().sign(body), nil, wechat.ErrSignature},
		"probe":            {header(func(h http.Header) { h.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/AAAA") }), body, wechat.ErrProbe},
		"half a probe":     {header(func(h http.Header) { h.Set("Wechatpay-Signature", "WECHATPAY/SIGN") }), body, wechat.ErrSignature},
		"no base64":        {header(func(h http.Header) { h.Set("Wechatpay-Signature", "!!!") }), body, wechat.ErrSignature},
		"another nonce":    {header(func(h http.Header) { h.Set("Wechatpay-Nonce", "n") }), body, wechat.ErrSignature},
		"another time":     {header(func(h http.Header) { h.Set("Wechatpay-Timestamp", "1935374401") }), body, wechat.ErrSignature},
		"no time":          {header(func(h http.Header) { h.Set("Wechatpay-Timestamp", "soon") }), body, wechat.ErrSignature},
		"two signatures":   {header(func(h http.Header) { h.Add("Wechatpay-Signature", "x") }), body, wechat.ErrSignature},
		"two serials":      {header(func(h http.Header) { h.Add("Wechatpay-Serial", platformID) }), body, wechat.ErrSignature},
		"national crypto":  {header(func(h http.Header) { h.Set("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3") }), body, wechat.ErrSignature},
		"no type at all":   {header(func(h http.Header) { h.Del("Wechatpay-Signature-Type") }), body, nil}, // SHA256-RSA is the default
		"too large":        {weChatPay().sign(body), make([]byte, maxNotice+1), wechat.ErrTooLarge},
		"line break moved": {header(func(h http.Header) { h.Set("Wechatpay-Nonce", h.Get("Wechatpay-Nonce")+"\n") }), body, wechat.ErrSignature},
	}
	for _, name := range []string{"Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial", "Wechatpay-Signature"} {
		tests["without "+name] = struct {
			header http.Header
			body   []byte
			want   error
		}{header(func(h http.Header) { h.Del(name) }), body, wechat.ErrSignature}
	}
	for name, tt := range tests {
		n, err := c.ParseNotice(t.Context(), tt.header, tt.body)
		if !errors.Is(err, tt.want) || (tt.want != nil && n.Transaction != nil) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
		if (name == "probe") != errors.Is(err, wechat.ErrProbe) {
			t.Errorf("%s: probe = %v", name, errors.Is(err, wechat.ErrProbe))
		}
		signature, text := tt.header.Get("Wechatpay-Signature"), fmt.Sprint(err)
		if len(text) > 200 || strings.Contains(text, "ciphertext") || signature != "" && strings.Contains(text, signature) {
			t.Errorf("%s: the error repeats the request: %s", name, text)
		}
	}
}

// T12: 1,000 random one-byte changes of a signed header or of the body; none is believed.
func TestT12RandomTampering(t *testing.T) {
	c := newClient(t, testConfig())
	body := notice("TRANSACTION.SUCCESS", resource(paid, "nonceNONCE12"))
	signed := weChatPay().sign(body)
	names := []string{"Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial", "Wechatpay-Signature"}
	rng := rand.New(rand.NewPCG(12, 12))
	for i := range 1_000 {
		h, b := maps.Clone(signed), append([]byte{}, body...)
		if i%3 == 0 {
			name := names[rng.IntN(len(names))]
			v := []byte(h.Get(name))
			v[rng.IntN(len(v))] ^= byte(1 + rng.IntN(127))
			if name == "Wechatpay-Signature" && sameBase64(string(v), signed.Get(name)) {
				continue // padding bits and line breaks that base64 does not read
			}
			h[name] = []string{string(v)}
		} else {
			b[rng.IntN(len(b))] ^= byte(1 + rng.IntN(255))
		}
		if _, err := c.ParseNotice(t.Context(), h, b); !errors.Is(err, wechat.ErrSignature) {
			t.Fatalf("change %d: %v", i, err)
		}
	}
}

func sameBase64(a, b string) bool {
	x, errX := base64.StdEncoding.DecodeString(a)
	y, errY := base64.StdEncoding.DecodeString(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// T12: another merchant's or app's notice, rightly signed, comes back with its own numbers
// for the owner of the order to refuse.
func TestT12ForeignNoticeShowsItsMerchant(t *testing.T) {
	c := newClient(t, testConfig())
	foreign := strings.NewReplacer(testMch, "1900000999", testApp, "wxother").Replace(paid)
	body := notice("TRANSACTION.SUCCESS", resource(foreign, "nonceNONCE12"))
	n, err := c.ParseNotice(t.Context(), weChatPay().sign(body), body)
	if err != nil || n.Transaction.MchID == c.MchID() || n.Transaction.AppID == c.AppID() {
		t.Errorf("foreign notice = %+v, %v", n.Transaction, err)
	}
}

// T15: a notice counts within five minutes of the injected clock, whatever the wall clock.
func TestT15OldNoticesAreStale(t *testing.T) {
	c := newClient(t, testConfig())
	body := notice("TRANSACTION.SUCCESS", resource(paid, "nonceNONCE12"))
	for _, tt := range []struct {
		skew time.Duration
		want error
	}{
		{0, nil}, {-299 * time.Second, nil}, {299 * time.Second, nil}, {-300 * time.Second, nil},
		{-301 * time.Second, wechat.ErrStale}, {301 * time.Second, wechat.ErrStale}, {-24 * time.Hour, wechat.ErrStale},
	} {
		p := weChatPay()
		p.at = testNow.Add(tt.skew)
		if _, err := c.ParseNotice(t.Context(), p.sign(body), body); !errors.Is(err, tt.want) {
			t.Errorf("%s off: %v, want %v", tt.skew, err, tt.want)
		}
	}
	// Only who can sign learns about our clock.
	forged := weChatPay()
	forged.key, forged.at = certKey(), testNow.Add(-time.Hour)
	if _, err := c.ParseNotice(t.Context(), forged.sign(body), body); errors.Is(err, wechat.ErrStale) {
		t.Error("a forged notice was told that it is stale")
	}
}

// T16, E16: what is behind a good signature may still be broken, and must not panic.
func TestT16BrokenNoticesDoNotPanic(t *testing.T) {
	c := newClient(t, testConfig())
	with := func(key string, value any) map[string]any {
		r := resource(paid, "nonceNONCE12")
		r[key] = value
		return r
	}
	for name, tt := range map[string]struct {
		body []byte
		want error
	}{
		"no resource":           {notice("TRANSACTION.SUCCESS", nil), wechat.ErrMalformed},
		"resource is a list":    {notice("TRANSACTION.SUCCESS", []int{1}), wechat.ErrMalformed},
		"empty resource":        {notice("TRANSACTION.SUCCESS", map[string]any{}), wechat.ErrMalformed},
		"nonce of 5 bytes":      {notice("TRANSACTION.SUCCESS", resource(paid, "nonce")), wechat.ErrMalformed},
		"nonce of 0 bytes":      {notice("TRANSACTION.SUCCESS", with("nonce", "")), wechat.ErrMalformed},
		"nonce of 16 bytes":     {notice("TRANSACTION.SUCCESS", resource(paid, "nonceNONCE123456")), wechat.ErrMalformed},
		"another nonce":         {notice("TRANSACTION.SUCCESS", with("nonce", "NONCEnonce12")), wechat.ErrDecrypt},
		"another AAD":           {notice("TRANSACTION.SUCCESS", with("associated_data", "refund")), wechat.ErrDecrypt},
		"ciphertext cut":        {notice("TRANSACTION.SUCCESS", with("ciphertext", "AAAA")), wechat.ErrDecrypt},
		"ciphertext not base64": {notice("TRANSACTION.SUCCESS", with("ciphertext", "***")), wechat.ErrMalformed},
		"no ciphertext":         {notice("TRANSACTION.SUCCESS", with("ciphertext", "")), wechat.ErrDecrypt},
		"another algorithm":     {notice("TRANSACTION.SUCCESS", with("algorithm", "AEAD_SM4_GCM")), wechat.ErrMalformed},
		"inside is not JSON":    {notice("TRANSACTION.SUCCESS", resource("hello", "nonceNONCE12")), wechat.ErrMalformed},
		"inside is null":        {notice("TRANSACTION.SUCCESS", resource("null", "nonceNONCE12")), wechat.ErrMalformed},
		"inside is empty":       {notice("TRANSACTION.SUCCESS", resource("{}", "nonceNONCE12")), wechat.ErrMalformed},
		"fractions of a fen":    {notice("TRANSACTION.SUCCESS", resource(strings.Replace(paid, "9900", "9900.5", 1), "nonceNONCE12")), wechat.ErrMalformed},
		"no time":               {notice("TRANSACTION.SUCCESS", resource(strings.Replace(paid, "2031-05-01T12", "2031-13-41T12", 1), "nonceNONCE12")), wechat.ErrMalformed},
		"empty refund":          {notice("REFUND.SUCCESS", resource("{}", "nonceNONCE12")), wechat.ErrMalformed},
		"no event type":         {notice("", resource(paid, "nonceNONCE12")), wechat.ErrMalformed},
		"not JSON":              {[]byte("hello"), wechat.ErrMalformed},
		"null":                  {[]byte("null"), wechat.ErrMalformed},
		"a list":                {[]byte("[]"), wechat.ErrMalformed},
	} {
		n, err := c.ParseNotice(t.Context(), weChatPay().sign(tt.body), tt.body)
		if !errors.Is(err, tt.want) || n.Transaction != nil || n.Refund != nil {
			t.Errorf("%s: %+v, %v; want %v", name, n, err, tt.want)
		}
		if tt.want == wechat.ErrMalformed && name != "ciphertext not base64" && errors.Is(err, wechat.ErrDecrypt) {
			t.Errorf("%s raises the alarm of a wrong key", name)
		}
	}
}

// T17: while keys change, what either key signed is good; a key that was removed is unknown.
func TestT17KeyRotation(t *testing.T) {
	body := notice("TRANSACTION.SUCCESS", resource(paid, "nonceNONCE12"))
	cert := certificate(t)
	oldKey := weChatPay()
	newKey := platform{"PUB_KEY_ID_NEW", certKey(), testNow}
	byCert := platform{"5DEA10EF", certKey(), testNow}
	crossed := platform{"5DEA10EF", platformKey(), testNow}

	publicKeys := testConfig()
	publicKeys.PublicKeys = append([]PublicKey{{ID: newKey.serial, Key: &certKey().PublicKey}}, publicKeys.PublicKeys...)
	migrating := testConfig()
	migrating.Certificates = []*x509.Certificate{cert}
	certsOnly := migrating
	certsOnly.PublicKeys = nil

	for name, tt := range map[string]struct {
		cfg  Config
		from platform
		want error
	}{
		"two public keys, old":        {publicKeys, oldKey, nil},
		"two public keys, new":        {publicKeys, newKey, nil},
		"migration, certificate":      {migrating, byCert, nil},
		"migration, public key":       {migrating, oldKey, nil},
		"migration, keys crossed":     {migrating, crossed, wechat.ErrSignature},
		"certificates only":           {certsOnly, byCert, nil},
		"certificates only, key":      {certsOnly, oldKey, wechat.ErrSerial},
		"after migration":             {testConfig(), byCert, wechat.ErrSerial},
		"before the new key is known": {testConfig(), newKey, wechat.ErrSerial},
	} {
		n, err := newClient(t, tt.cfg).ParseNotice(t.Context(), tt.from.sign(body), body)
		if !errors.Is(err, tt.want) || (err == nil && n.Serial != tt.from.serial) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	for want, cfg := range map[string]Config{"PUB_KEY_ID_NEW": publicKeys, platformID: migrating, "5DEA10EF": certsOnly} {
		c, saw := serve(t, cfg, map[string]platform{"PUB_KEY_ID_NEW": newKey, platformID: oldKey, "5DEA10EF": byCert}[want], 200, paid)
		if _, err := c.Query(t.Context(), "VIP1"); err != nil || saw.acceptSerial != want {
			t.Errorf("asked for %q, want %q; %v", saw.acceptSerial, want, err)
		}
	}
}

// FuzzParseNotice feeds bodies, and payloads inside a good envelope, as if they were rightly
// signed: real signatures are random, which the fuzzer takes for news. T16.
func FuzzParseNotice(f *testing.F) {
	f.Add(notice("TRANSACTION.SUCCESS", resource(paid, "nonceNONCE12")), "TRANSACTION.SUCCESS")
	f.Add(notice("REFUND.SUCCESS", resource(`{"out_refund_no":"R","refund_status":"SUCCESS","amount":{"total":1}}`, "nonceNONCE12")), "REFUND.CLOSED")
	f.Add([]byte(`{"id":"1","event_type":"TRANSACTION.SUCCESS","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"short"}}`), "TRANSACTION.SUCCESS")
	f.Add([]byte(paid), "TRANSACTION.SUCCESS")
	f.Add([]byte(`{"amount":{"total":9e99},"payer":null,"promotion_detail":[null]}`), "TRANSACTION.REFUND")
	f.Add([]byte("null"), "")
	c := newClient(f, testConfig())
	c.keys.bySerial[platformID] = trusting{}
	h := http.Header{}
	h.Set("Wechatpay-Timestamp", strconv.FormatInt(testNow.Unix(), 10))
	h.Set("Wechatpay-Nonce", "n")
	h.Set("Wechatpay-Serial", platformID)
	h.Set("Wechatpay-Signature", "s")
	f.Fuzz(func(t *testing.T, payload []byte, event string) {
		for _, body := range [][]byte{payload, notice(event, resource(string(payload), "nonceNONCE12"))} {
			n, err := c.ParseNotice(t.Context(), h, body)
			switch {
			case err == nil:
				if n.ID == "" || n.EventType == "" || (n.Transaction != nil && n.Refund != nil) {
					t.Fatalf("an empty notice was accepted: %+v", n)
				}
			case !errors.Is(err, wechat.ErrMalformed) && !errors.Is(err, wechat.ErrTooLarge):
				t.Fatalf("an error of no known kind: %v", err)
			}
		}
	})
}

// trusting believes every signature.
type trusting struct{}

func (trusting) Verify(context.Context, string, string, string) error { return nil }
func (trusting) GetSerial(context.Context) (string, error)            { return platformID, nil }
