package pay

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"huitou/wechat"
)

const (
	testApp    = "wxdemo0000000001"
	testMch    = "1900000109"
	testSerial = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
	testV3Key  = "0123456789abcdefGHIJKLMNOPQRSTUV"
	platformID = "PUB_KEY_ID_0114232134912410000000000000000001"
)

// testNow is far from the wall clock: nothing may depend on that.
var testNow = time.Date(2031, 5, 1, 4, 0, 0, 0, time.UTC)

// Keys are made once for all tests; nothing is signed with them elsewhere.
var (
	merchantKey = sync.OnceValue(newKey)
	platformKey = sync.OnceValue(newKey)
	certKey     = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func testConfig() Config {
	return Config{
		AppID: testApp, MchID: testMch, CertSerial: testSerial, PrivateKey: merchantKey(), APIv3Key: testV3Key,
		PublicKeys: []PublicKey{{ID: platformID, Key: &platformKey().PublicKey}},
		HTTP:       http.DefaultClient, Now: func() time.Time { return testNow },
	}
}

func newClient(t testing.TB, cfg Config) *Client {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// platform signs as WeChat Pay does.
type platform struct {
	serial string
	key    *rsa.PrivateKey
	at     time.Time
}

func weChatPay() platform { return platform{platformID, platformKey(), testNow} }

func (p platform) sign(body []byte) http.Header {
	ts, nonce := strconv.FormatInt(p.at.Unix(), 10), rand.Text()
	signature, err := utils.SignSHA256WithRSA(ts+"\n"+nonce+"\n"+string(body)+"\n", p.key)
	if err != nil {
		panic(err)
	}
	h := http.Header{}
	h.Set("Wechatpay-Timestamp", ts)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Serial", p.serial)
	h.Set("Wechatpay-Signature", signature)
	h.Set("Wechatpay-Signature-Type", signatureType)
	return h
}

// resource encrypts a notice's payload.
func resource(plain, nonce string) map[string]any {
	block, err := aes.NewCipher([]byte(testV3Key))
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, max(len(nonce), 1))
	if err != nil {
		panic(err)
	}
	if nonce == "" {
		nonce = "x"
	}
	return map[string]any{
		"algorithm": algorithm, "original_type": "transaction", "associated_data": "transaction", "nonce": nonce,
		"ciphertext": base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), []byte(plain), []byte("transaction"))),
	}
}

func notice(eventType string, res any) []byte {
	m := map[string]any{
		"id": "EV-1", "create_time": "2031-05-01T12:00:00+08:00", "event_type": eventType,
		"resource_type": "encrypt-resource", "summary": "支付成功",
	}
	if res != nil {
		m["resource"] = res
	}
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return raw
}

const paid = `{"mchid":"1900000109","appid":"wxdemo0000000001","out_trade_no":"VIP1","transaction_id":"4200","trade_type":"JSAPI",` +
	`"trade_state":"SUCCESS","success_time":"2031-05-01T12:00:00+08:00","payer":{"openid":"oX"},"amount":{"total":9900,"payer_total":9800,"currency":"CNY","payer_currency":"CNY"}}`

// served is what a fake WeChat Pay saw of a request, after checking its signature.
type served struct {
	method, uri, body, acceptSerial string
}

// serve answers one request after another with the given status and body, signed by from.
func serve(t *testing.T, cfg Config, from platform, status int, answer string) (*Client, *served) {
	t.Helper()
	saw := &served{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := checkAuthorization(r, body); err != nil {
			t.Error(err)
		}
		*saw = served{r.Method, r.RequestURI, string(body), r.Header.Get("Wechatpay-Serial")}
		for k, v := range from.sign([]byte(answer)) {
			w.Header()[k] = v
		}
		w.Header().Set("Request-Id", "req-1-268512771")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(srv.Close)
	target, _ := url.Parse(srv.URL)
	cfg.HTTP = wechat.NewHTTPClient(wechat.HTTPOptions{Target: target})
	t.Cleanup(cfg.HTTP.CloseIdleConnections)
	return newClient(t, cfg), saw
}

// checkAuthorization verifies a request as WeChat Pay does: over the raw bytes, with the
// merchant's public key, within five minutes.
func checkAuthorization(r *http.Request, body []byte) error {
	scheme, list, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != signatureType {
		return fmt.Errorf("authorization scheme %q", scheme)
	}
	args := map[string]string{}
	for _, part := range strings.Split(list, ",") {
		k, v, _ := strings.Cut(part, "=")
		args[k] = strings.Trim(v, `"`)
	}
	if args["mchid"] != testMch || args["serial_no"] != testSerial || args["nonce_str"] == "" {
		return fmt.Errorf("authorization %v", args)
	}
	ts, err := strconv.ParseInt(args["timestamp"], 10, 64)
	if err != nil || ts != testNow.Unix() {
		return fmt.Errorf("signed at %s, the clock says %d", args["timestamp"], testNow.Unix())
	}
	message := strings.Join([]string{r.Method, r.RequestURI, args["timestamp"], args["nonce_str"], string(body), ""}, "\n")
	return verify(&merchantKey().PublicKey, message, args["signature"])
}

// certificate makes a platform certificate for certKey.
func certificate(t *testing.T) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x5DEA10EF), Subject: pkix.Name{CommonName: "Tenpay.com sign"},
		NotBefore: testNow.Add(-time.Hour), NotAfter: testNow.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &certKey().PublicKey, certKey())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func verify(key *rsa.PublicKey, message, signature string) error {
	ring := newKeyring([]PublicKey{{ID: "k", Key: key}}, nil)
	return ring.bySerial["k"].Verify(context.Background(), "k", message, signature)
}

func publicKey(t *testing.T, spki string) *rsa.PublicKey {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(spki)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PublicKey)
}

func sameJSON(a, b string) bool {
	var x, y bytes.Buffer
	var va, vb any
	if json.Unmarshal([]byte(a), &va) != nil || json.Unmarshal([]byte(b), &vb) != nil {
		return false
	}
	_ = json.NewEncoder(&x).Encode(va)
	_ = json.NewEncoder(&y).Encode(vb)
	return x.String() == y.String()
}
