package hook_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"huitou/handler/hook"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/callbacks"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/payments"
	"huitou/wechat"
	"huitou/wechat/pay"
)

const (
	payApp    = "wxa1b2c3d4e5f60718"
	payMch    = "1900000109"
	payV3Key  = "0123456789abcdefGHIJKLMNOPQRSTUV"
	payKeyID  = "PUB_KEY_ID_0119000001092026112100000000000001"
	payNextID = "PUB_KEY_ID_0119000001092026112100000000000002"
	payPath   = "/wechat/pay/notices/payment"
)

var (
	payMerchantKey = sync.OnceValue(newPayKey)
	payPlatformKey = sync.OnceValue(newPayKey)
	payNextKey     = sync.OnceValue(newPayKey)
)

func newPayKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// silentPay is a WeChat Pay that takes every prepay call and says nothing else.
type silentPay struct{}

func (silentPay) Prepay(_ context.Context, in wechat.Prepay) (string, error) {
	return "wx" + in.OutTradeNo, nil
}
func (silentPay) Params(string) (wechat.PayParams, error) { return wechat.PayParams{}, nil }
func (silentPay) Query(context.Context, string) (wechat.Transaction, error) {
	return wechat.Transaction{}, &wechat.TransportError{Err: errors.New("not here")}
}
func (silentPay) Close(context.Context, string) error { return errors.New("not here") }

// payWorld is the callback of WeChat Pay on a database.
type payWorld struct {
	t        *testing.T
	db       *db.DB
	clock    *dbtest.Clock
	payments *payments.Service
	echo     *echo.Echo

	mu      sync.Mutex
	refused map[string]int
}

func newPayWorld(t *testing.T, d *db.DB, clock *dbtest.Clock, keys ...pay.PublicKey) *payWorld {
	t.Helper()
	if len(keys) == 0 {
		keys = []pay.PublicKey{{ID: payKeyID, Key: &payPlatformKey().PublicKey}}
	}
	client, err := pay.New(pay.Config{AppID: payApp, MchID: payMch, CertSerial: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
		PrivateKey: payMerchantKey(), APIv3Key: payV3Key, PublicKeys: keys, HTTP: http.DefaultClient, Now: clock.Now})
	if err != nil {
		t.Fatalf("pay.New: %v", err)
	}
	w := &payWorld{t: t, db: d, clock: clock, refused: map[string]int{}}
	log := slog.New(slog.DiscardHandler)
	q := jobs.New(d, log)
	w.payments = payments.New(payments.Deps{DB: d, Gateway: silentPay{}, Queue: q, Facts: facts.New(q), Log: log, AppID: payApp, MchID: payMch,
		NotifyURL: "https://shop.example" + payPath,
		Payer:     func(context.Context, *db.Tx, model.MemberID) (string, error) { return "oPayer", nil }})
	w.echo = web.Server{Log: log, Now: clock.Now}.New()
	w.echo.POST(payPath, hook.Pay(hook.PayDeps{MchID: payMch, Notices: client, Vault: callbacks.New(callbacks.Deps{DB: d, Jobs: q, Log: log}),
		Payments: w.payments, Log: log, Refused: func(reason string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.refused[reason]++
		}}))
	return w
}

func eachPay(t *testing.T, f func(t *testing.T, w *payWorld)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, newPayWorld(t, d, clock)) })
}

// order is a prepared order over 9900 fen.
func (w *payWorld) order(ref string) model.PayOrder {
	w.t.Helper()
	o, err := w.payments.Open(w.t.Context(), payments.Open{Member: 1, Purpose: "membership", Ref: ref, Amount: 9900, Description: "会员卡"})
	if err != nil {
		w.t.Fatalf("Open: %v", err)
	}
	if _, err := w.payments.Prepay(w.t.Context(), o.ID); err != nil {
		w.t.Fatalf("Prepay: %v", err)
	}
	return o
}

// transaction is what WeChat says about a paid order, by its own field names.
func (w *payWorld) transaction(o model.PayOrder) map[string]any {
	return map[string]any{
		"appid": payApp, "mchid": payMch, "out_trade_no": o.OutTradeNo, "transaction_id": "42000" + o.OutTradeNo[2:],
		"trade_type": "JSAPI", "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "bank_type": "OTHERS",
		"success_time": w.clock.Now().In(model.Shanghai).Format(time.RFC3339), "payer": map[string]any{"openid": "oPayer"},
		"amount": map[string]any{"total": 9900, "payer_total": 9900, "currency": "CNY", "payer_currency": "CNY"},
	}
}

// sealed is the resource of a notice, encrypted under a key.
func sealed(t *testing.T, key string, plain []byte) map[string]any {
	t.Helper()
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := random.Upper(12)
	return map[string]any{"algorithm": "AEAD_AES_256_GCM", "original_type": "transaction", "nonce": nonce, "associated_data": "transaction",
		"ciphertext": base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), plain, []byte("transaction")))}
}

// notice is the body that WeChat posts about a transaction.
func (w *payWorld) notice(transaction map[string]any) []byte {
	w.t.Helper()
	plain, err := json.Marshal(transaction)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.envelope(sealed(w.t, payV3Key, plain))
}

func (w *payWorld) envelope(resource any) []byte {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"id": "EV-" + random.ID(), "create_time": w.clock.Now().In(model.Shanghai).Format(time.RFC3339),
		"event_type": "TRANSACTION.SUCCESS", "resource_type": "encrypt-resource", "summary": "支付成功", "resource": resource})
	if err != nil {
		w.t.Fatal(err)
	}
	return body
}

// sign makes the headers of a delivery at an instant.
func sign(t *testing.T, key *rsa.PrivateKey, serial string, at time.Time, body []byte) http.Header {
	t.Helper()
	timestamp, nonce := strconv.FormatInt(at.Unix(), 10), random.Upper(32)
	sum := sha256.Sum256([]byte(timestamp + "\n" + nonce + "\n" + string(body) + "\n"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("Wechatpay-Timestamp", timestamp)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", serial)
	h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(signature))
	h.Set("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048")
	return h
}

func (w *payWorld) post(h http.Header, body []byte) int {
	req := httptest.NewRequest(http.MethodPost, payPath, bytes.NewReader(body))
	maps.Copy(req.Header, h)
	rec := httptest.NewRecorder()
	w.echo.ServeHTTP(rec, req)
	return rec.Code
}

// deliver posts a body as WeChat does: signed freshly.
func (w *payWorld) deliver(body []byte) int {
	return w.post(sign(w.t, payPlatformKey(), payKeyID, w.clock.Now(), body), body)
}

func (w *payWorld) state(id model.PayOrderID) model.PayState {
	w.t.Helper()
	o, err := w.payments.Order(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return o.State
}

func (w *payWorld) rows(table string) (n int) {
	w.t.Helper()
	err := w.db.Read(w.t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Raw("SELECT COUNT(*) FROM " + table).Scan(&n).Error
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *payWorld) untouched(id model.PayOrderID) {
	w.t.Helper()
	if s := w.state(id); s != model.PayPaying {
		w.t.Errorf("the order is %s, want paying", s)
	}
	for _, table := range []string{"callbacks", "pay_notices", "pay_breaks", "facts"} {
		if n := w.rows(table); n != 0 {
			w.t.Errorf("%d rows in %s, want none", n, table)
		}
	}
}

func (w *payWorld) holds() {
	w.t.Helper()
	broken, err := audit.Run(w.t.Context(), w.db, payments.Invariants())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range broken {
		w.t.Errorf("%s: %v", b.ID, b.Violations)
	}
}

func TestPayNoticeCreditsOnce(t *testing.T) {
	eachPay(t, func(t *testing.T, w *payWorld) {
		o := w.order("m1")
		body := w.notice(w.transaction(o))
		var wg sync.WaitGroup
		for range 15 {
			wg.Go(func() {
				if code := w.deliver(body); code != http.StatusNoContent {
					t.Errorf("notice answered with %d, want 204", code)
				}
			})
		}
		wg.Wait()
		if s := w.state(o.ID); s != model.PayPaid {
			t.Errorf("the order is %s, want paid", s)
		}
		if c, f := w.rows("callbacks"), w.rows("facts"); c != 1 || f != 1 {
			t.Errorf("%d callbacks and %d facts, want one each", c, f)
		}
		w.holds()
	})
}

// forgery is one way to make a delivery that WeChat did not make.
type forgery struct {
	name   string
	change func(h http.Header, body []byte) (http.Header, []byte)
}

func forgeries(t *testing.T, w *payWorld) []forgery {
	all := []string{"Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial", "Wechatpay-Signature"}
	var list []forgery
	add := func(name string, change func(http.Header, []byte) (http.Header, []byte)) {
		list = append(list, forgery{name, change})
	}
	// WxJava#1890: a delivery without its headers was believed.
	for mask := 1; mask < 16; mask++ {
		add(fmt.Sprintf("WxJava#1890: headers left out by %04b", mask), func(h http.Header, b []byte) (http.Header, []byte) {
			for i, name := range all {
				if mask&(1<<i) != 0 {
					h.Del(name)
				}
			}
			return h, b
		})
	}
	for _, name := range all {
		for _, value := range []string{"", " ", "0", "null", "undefined", strings.Repeat("A", 600)} {
			add(fmt.Sprintf("%s is %.10q", name, value), func(h http.Header, b []byte) (http.Header, []byte) { h.Set(name, value); return h, b })
		}
		add(name+" twice", func(h http.Header, b []byte) (http.Header, []byte) { h.Add(name, h.Get(name)); return h, b })
	}
	add("signed by the merchant", func(_ http.Header, b []byte) (http.Header, []byte) {
		return sign(t, payMerchantKey(), payKeyID, w.clock.Now(), b), b
	})
	add("signed by a stranger under his own serial", func(_ http.Header, b []byte) (http.Header, []byte) {
		return sign(t, payNextKey(), payNextID, w.clock.Now(), b), b
	})
	add("serial in small letters", func(h http.Header, b []byte) (http.Header, []byte) {
		h.Set("Wechatpay-Serial", strings.ToLower(payKeyID))
		return h, b
	})
	add("another signature type", func(h http.Header, b []byte) (http.Header, []byte) {
		h.Set("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3")
		return h, b
	})
	add("nothing but white space added", func(h http.Header, b []byte) (http.Header, []byte) { return h, append([]byte(" "), b...) })
	add("signature of another body", func(_ http.Header, b []byte) (http.Header, []byte) {
		return sign(t, payPlatformKey(), payKeyID, w.clock.Now(), []byte("{}")), b
	})
	add("no body", func(h http.Header, _ []byte) (http.Header, []byte) { return h, nil })
	for i := range 30 {
		add(fmt.Sprint("probe ", i), func(h http.Header, b []byte) (http.Header, []byte) {
			h.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+random.Token())
			return h, b
		})
	}
	for i := range 440 {
		add(fmt.Sprint("signature bit ", i), func(h http.Header, b []byte) (http.Header, []byte) {
			raw, err := base64.StdEncoding.DecodeString(h.Get("Wechatpay-Signature"))
			if err != nil {
				t.Fatal(err)
			}
			raw[mathrand.IntN(len(raw))] ^= 1 << mathrand.IntN(8)
			h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(raw))
			return h, b
		})
		add(fmt.Sprint("body bit ", i), func(h http.Header, b []byte) (http.Header, []byte) {
			b = bytes.Clone(b)
			b[mathrand.IntN(len(b))] ^= 1 << mathrand.IntN(8)
			return h, b
		})
	}
	for _, shift := range []int64{-301, -1, 1, 301} {
		add(fmt.Sprint("time moved by ", shift), func(h http.Header, b []byte) (http.Header, []byte) {
			h.Set("Wechatpay-Timestamp", strconv.FormatInt(w.clock.Now().Unix()+shift, 10))
			return h, b
		})
	}
	for i := range 60 {
		add(fmt.Sprint("nonce of another delivery ", i), func(h http.Header, b []byte) (http.Header, []byte) {
			h.Set("Wechatpay-Nonce", random.Upper(32))
			return h, b
		})
	}
	return list
}

// T12: a thousand forged deliveries of an otherwise right notice leave nothing behind but a count.
func TestT12_Forgeries(t *testing.T) {
	eachPay(t, func(t *testing.T, w *payWorld) {
		o := w.order("m1")
		body := w.notice(w.transaction(o))
		h := sign(t, payPlatformKey(), payKeyID, w.clock.Now(), body)
		list := forgeries(t, w)
		if len(list) < 1000 {
			t.Errorf("%d forgeries, want at least 1000", len(list))
		}
		for _, f := range list {
			if code := w.post(f.change(h.Clone(), body)); code != http.StatusUnauthorized {
				t.Errorf("%s: answered with %d, want 401", f.name, code)
			}
		}
		w.untouched(o.ID)
		counted := 0
		for _, n := range w.refused {
			counted += n
		}
		if counted != len(list) || w.refused["probe"] != 30 || w.refused["forged"] < 900 {
			t.Errorf("counted %v of %d", w.refused, len(list))
		}
		if code := w.post(h, body); code != http.StatusNoContent || w.state(o.ID) != model.PayPaid {
			t.Errorf("the delivery that they were made from: %d, %s", code, w.state(o.ID))
		}
		w.holds()
	})
}

// T12: a notice that WeChat made for another merchant: its resource does not open with our key. And one of an app of ours
// whose key is the same: it opens, and does not fit.
func TestT12_OtherMerchant(t *testing.T) {
	eachPay(t, func(t *testing.T, w *payWorld) {
		o := w.order("m1")
		plain, err := json.Marshal(w.transaction(o))
		if err != nil {
			t.Fatal(err)
		}
		if code := w.deliver(w.envelope(sealed(t, strings.Repeat("k", 32), plain))); code != http.StatusInternalServerError {
			t.Errorf("a notice under another key: %d, want 500 so that it comes again once our key is mended", code)
		}
		w.untouched(o.ID)
	})
}

// T13: an authentic notice that does not fit is recorded and acknowledged, and gives nothing.
func TestT13_NoticesThatDoNotFit(t *testing.T) {
	amount := func(field string, value any) func(map[string]any) {
		return func(m map[string]any) { m["amount"].(map[string]any)[field] = value }
	}
	eachPay(t, func(t *testing.T, w *payWorld) {
		for i, tt := range []struct {
			kind   string
			change func(map[string]any)
		}{
			{"wrong_amount", amount("total", 9899)},
			{"wrong_amount", amount("total", 9901)},
			{"wrong_currency", amount("currency", "USD")},
			{"wrong_payer", func(m map[string]any) { m["payer"] = map[string]any{"openid": "oOther"} }},
			{"wrong_merchant", func(m map[string]any) { m["mchid"] = "1900000110" }},
			{"wrong_app", func(m map[string]any) { m["appid"] = "wx0000000000000000" }},
			{"not_paid", func(m map[string]any) { m["trade_state"] = "NOTPAY" }},
			{"not_paid", func(m map[string]any) { m["trade_state"] = "PAYERROR" }},
			{"refunded_elsewhere", func(m map[string]any) { m["trade_state"] = "REFUND" }},
			{"unknown_order", func(m map[string]any) { m["out_trade_no"] = "HT00000000000000000000000000" }},
		} {
			o := w.order(fmt.Sprint("m", i))
			in := w.transaction(o)
			tt.change(in)
			body := w.notice(in)
			for range 2 {
				if code := w.deliver(body); code != http.StatusNoContent {
					t.Errorf("%s: answered with %d, want 204", tt.kind, code)
				}
			}
			if s := w.state(o.ID); s != model.PayPaying {
				t.Errorf("%s: the order is %s", tt.kind, s)
			}
			if n := w.rows("callbacks"); n != i+1 {
				t.Errorf("%s: %d callbacks, want %d", tt.kind, n, i+1)
			}
			list, _, err := w.payments.Breaks(t.Context(), db.Page{Limit: 100})
			if err != nil || len(list) != i+1 || list[0].Kind != tt.kind {
				t.Errorf("%s: breaks %+v %v", tt.kind, list, err)
			}
		}
		if n := w.rows("facts"); n != 0 {
			t.Errorf("%d facts, want none", n)
		}
		w.holds()
	})
}

// T15: within five minutes a replay is believed and changes nothing; after that it is refused. A clock of ours that is ten
// minutes off is counted as stale, which is what the alarm is made from.
func TestT15_Replay(t *testing.T) {
	eachPay(t, func(t *testing.T, w *payWorld) {
		o := w.order("m1")
		body := w.notice(w.transaction(o))
		signed := w.clock.Now()
		h := sign(t, payPlatformKey(), payKeyID, signed, body)
		for _, tt := range []struct {
			after time.Duration
			want  int
		}{{0, 204}, {299 * time.Second, 204}, {300 * time.Second, 204}, {301 * time.Second, 401}, {24 * time.Hour, 401}, {-301 * time.Second, 401}, {-10 * time.Minute, 401}} {
			w.clock.Set(signed.Add(tt.after))
			if code := w.post(h, body); code != tt.want {
				t.Errorf("replay after %s: %d, want %d", tt.after, code, tt.want)
			}
		}
		if w.refused["stale"] != 4 {
			t.Errorf("counted %v, want 4 stale", w.refused)
		}
		w.clock.Set(signed)
		if n := w.rows("facts"); n != 1 {
			t.Errorf("%d facts, want 1", n)
		}
		w.holds()
	})
}

// T16: rightly signed nonsense is refused without a panic (E16: the SDK's parser panics on a nonce of five bytes).
func TestT16_SignedNonsense(t *testing.T) {
	eachPay(t, func(t *testing.T, w *payWorld) {
		o := w.order("m1")
		plain, err := json.Marshal(w.transaction(o))
		if err != nil {
			t.Fatal(err)
		}
		with := func(field string, value any) []byte {
			r := sealed(t, payV3Key, plain)
			r[field] = value
			return w.envelope(r)
		}
		for name, body := range map[string][]byte{
			"E16: a nonce of five bytes":     with("nonce", "12345"),
			"no nonce":                       with("nonce", nil),
			"a nonce of the wrong type":      with("nonce", 12),
			"another nonce":                  with("nonce", "ABCDEFGHIJKL"),
			"other associated data":          with("associated_data", "refund"),
			"no associated data":             with("associated_data", nil),
			"a ciphertext that is no base64": with("ciphertext", "***"),
			"an empty ciphertext":            with("ciphertext", ""),
			"a short ciphertext":             with("ciphertext", "AAAA"),
			"another algorithm":              with("algorithm", "AEAD_SM4_GCM"),
			"no resource":                    w.envelope(nil),
			"a resource that is a text":      w.envelope("x"),
			"a resource that is a list":      w.envelope([]int{1}),
			"a plaintext that is no JSON":    w.envelope(sealed(t, payV3Key, []byte("<xml/>"))),
			"an amount that is a text":       w.envelope(sealed(t, payV3Key, []byte(`{"amount":{"total":"9900"}}`))),
			"an amount that is no integer":   w.envelope(sealed(t, payV3Key, []byte(`{"amount":{"total":99.5}}`))),
			"no JSON":                        []byte("<xml/>"),
			"an empty object":                []byte("{}"),
			"a null":                         []byte("null"),
			"half a body":                    []byte(`{"id":"EV`),
		} {
			if code := w.deliver(body); code < 400 || code == http.StatusUnauthorized {
				t.Errorf("%s: answered with %d, want a refusal that is not about the signature", name, code)
			}
		}
		w.untouched(o.ID)
	})
}

// T17: while WeChat changes its key both are good; one that was taken out is not.
func TestT17_KeyRotation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		old := pay.PublicKey{ID: payKeyID, Key: &payPlatformKey().PublicKey}
		next := pay.PublicKey{ID: payNextID, Key: &payNextKey().PublicKey}
		both, after := newPayWorld(t, d, clock, old, next), newPayWorld(t, d, clock, next)
		for i, tt := range []struct {
			w    *payWorld
			key  *rsa.PrivateKey
			id   string
			want int
		}{
			{both, payPlatformKey(), payKeyID, 204},
			{both, payNextKey(), payNextID, 204},
			{both, payNextKey(), payKeyID, 401}, // the right key under the other one's name
			{after, payNextKey(), payNextID, 204},
			{after, payPlatformKey(), payKeyID, 401},
		} {
			o := tt.w.order(fmt.Sprint("m", i))
			body := tt.w.notice(tt.w.transaction(o))
			if code := tt.w.post(sign(t, tt.key, tt.id, clock.Now(), body), body); code != tt.want {
				t.Errorf("case %d: answered with %d, want %d", i, code, tt.want)
			}
			if paid := tt.w.state(o.ID) == model.PayPaid; paid != (tt.want == 204) {
				t.Errorf("case %d: paid is %v", i, paid)
			}
		}
		if after.refused["serial"] != 1 || both.refused["forged"] != 1 {
			t.Errorf("counted %v and %v", both.refused, after.refused)
		}
		both.holds()
	})
}

// newbee-mall /paySuccess: nobody marks an order paid by saying so.
func TestNewbeeMallPaySuccess(t *testing.T) {
	eachPay(t, func(t *testing.T, w *payWorld) {
		o := w.order("m1")
		plain, err := json.Marshal(w.transaction(o))
		if err != nil {
			t.Fatal(err)
		}
		query := url.Values{"orderNo": {o.OutTradeNo}, "out_trade_no": {o.OutTradeNo}, "payType": {"2"}, "trade_state": {"SUCCESS"}}.Encode()
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead} {
			for _, path := range []string{payPath, payPath + "/", "/paySuccess", "/wechat/pay/success", "/api/v1/paySuccess"} {
				for _, body := range []string{"", string(plain), string(w.notice(w.transaction(o))), query} {
					req := httptest.NewRequest(method, path+"?"+query, strings.NewReader(body))
					rec := httptest.NewRecorder()
					w.echo.ServeHTTP(rec, req)
					if rec.Code < 400 {
						t.Errorf("%s %s: answered with %d", method, path, rec.Code)
					}
				}
			}
		}
		w.untouched(o.ID)
	})
}

func TestPayNoticeTooLarge(t *testing.T) {
	eachPay(t, func(t *testing.T, w *payWorld) {
		o := w.order("m1")
		in := w.transaction(o)
		in["attach"] = strings.Repeat("x", 64<<10)
		if code := w.deliver(w.notice(in)); code != http.StatusRequestEntityTooLarge {
			t.Errorf("a body over 64 KiB: %d, want 413", code)
		}
		w.untouched(o.ID)
	})
}

// The database is away: the notice is not acknowledged, and counts when it comes again.
func TestPayNoticeWithoutDatabase(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock := dbtest.NewClock()
			opts := dbtest.Empty(t, driver)
			first := dbtest.Reopen(t, opts, clock)
			down, up := newPayWorld(t, first, clock), newPayWorld(t, dbtest.Reopen(t, opts, clock), clock)
			o := down.order("m1")
			body := down.notice(down.transaction(o))
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			if code := down.deliver(body); code != http.StatusInternalServerError {
				t.Errorf("notice without a database: %d, want 500", code)
			}
			up.untouched(o.ID)
			if code := up.deliver(body); code != http.StatusNoContent || up.state(o.ID) != model.PayPaid {
				t.Errorf("the same notice later: %d, %s", code, up.state(o.ID))
			}
			up.holds()
		})
	}
}
