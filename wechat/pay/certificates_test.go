package pay

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"huitou/wechat"
)

// issuer is a WeChat Pay that signs with certificates and gives them out.
type issuer struct {
	mu     sync.Mutex
	certs  []*x509.Certificate // the first signs
	keys   []*rsa.PrivateKey
	tamper func(body []byte) []byte
	signer *rsa.PrivateKey // signs instead, when set
	serial string          // is named instead in lists, when set
	calls  atomic.Int64
	clock  atomic.Int64 // seconds after testNow
}

func (is *issuer) now() time.Time { return testNow.Add(time.Duration(is.clock.Load()) * time.Second) }

// issue makes a new certificate that signs from now on.
func (is *issuer) issue(t *testing.T, serial int64, notAfter time.Duration) platform {
	t.Helper()
	key := newKey()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "Tenpay.com sign"},
		NotBefore: is.now().Add(-time.Hour), NotAfter: is.now().Add(notAfter)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	is.certs, is.keys = append([]*x509.Certificate{cert}, is.certs...), append([]*rsa.PrivateKey{key}, is.keys...)
	return platform{utils.GetCertificateSerialNumber(*cert), key, is.now()}
}

func (is *issuer) list() []byte {
	var data []any
	for _, cert := range is.certs {
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
		data = append(data, map[string]any{"serial_no": utils.GetCertificateSerialNumber(*cert), "encrypt_certificate": resource(string(text), "nonceNONCE12")})
	}
	body, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		panic(err)
	}
	return body
}

func (is *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	is.mu.Lock()
	defer is.mu.Unlock()
	body := []byte(`{"prepay_id":"wx1"}`)
	if r.URL.Path == certificatesPath {
		is.calls.Add(1)
		body = is.list()
	}
	p := platform{utils.GetCertificateSerialNumber(*is.certs[0]), is.keys[0], is.now()}
	if is.signer != nil {
		p.key = is.signer
	}
	if is.serial != "" && r.URL.Path == certificatesPath {
		p.serial = is.serial
	}
	header := p.sign(body)
	if is.tamper != nil {
		body = is.tamper(body)
	}
	for k, v := range header {
		w.Header()[k] = v
	}
	_, _ = w.Write(body)
}

func (is *issuer) client(t *testing.T, publicKeys ...PublicKey) *Client {
	t.Helper()
	srv := httptest.NewServer(is)
	t.Cleanup(srv.Close)
	target, _ := url.Parse(srv.URL)
	cfg := testConfig()
	cfg.PublicKeys, cfg.FetchCertificates, cfg.Now = publicKeys, true, is.now
	cfg.HTTP = wechat.NewHTTPClient(wechat.HTTPOptions{Target: target})
	t.Cleanup(cfg.HTTP.CloseIdleConnections)
	return newClient(t, cfg)
}

func parse(t *testing.T, c *Client, p platform) error {
	t.Helper()
	body := notice("TRANSACTION.SUCCESS", resource(paid, "nonceNONCE12"))
	_, err := c.ParseNotice(t.Context(), p.sign(body), body)
	return err
}

// In certificate mode the first call brings the certificates, and answers are verified with them.
func TestCertificateMode(t *testing.T) {
	is := &issuer{}
	signed := is.issue(t, 0x5DEA10EF, 100*24*time.Hour)
	c := is.client(t)
	if id, err := c.Prepay(t.Context(), wechat.Prepay{OutTradeNo: "VIP001", TotalFen: 1, PayerOpenID: "oX"}); err != nil || id != "wx1" {
		t.Fatalf("Prepay = %q, %v", id, err)
	}
	if err := parse(t, c, signed); err != nil {
		t.Errorf("a notice signed with the certificate: %v", err)
	}
	is.signer = newKey()
	if _, err := c.Prepay(t.Context(), wechat.Prepay{OutTradeNo: "VIP001", TotalFen: 1, PayerOpenID: "oX"}); err == nil {
		t.Error("an answer signed by another key was believed")
	}
	if n := is.calls.Load(); n != 1 {
		t.Errorf("%d calls for certificates, want 1", n)
	}
}

// A merchant that has a public key and does not use it yet may get the list signed with it.
func TestCertificatesSignedWithAPublicKey(t *testing.T) {
	is := &issuer{serial: platformID}
	signed := is.issue(t, 0x5DEA10EF, 100*24*time.Hour)
	c := is.client(t)
	if err := parse(t, c, signed); err != nil {
		t.Errorf("a notice signed with the certificate: %v", err)
	}
	is.serial = "5DEA10F0"
	c = is.client(t)
	if err := parse(t, c, signed); err == nil {
		t.Error("a list signed with an unknown certificate was believed")
	}
}

// T17: WeChat Pay changes its certificate in the middle of traffic. The old serial and the new one are both valid, and an unknown one
// makes us ask once.
func TestT17_RotationInTheMiddleOfTraffic(t *testing.T) {
	is := &issuer{}
	old := is.issue(t, 0x1001, 100*24*time.Hour)
	c := is.client(t)
	if err := parse(t, c, old); err != nil {
		t.Fatalf("the first notice: %v", err)
	}
	is.clock.Add(120)
	young := is.issue(t, 0x1002, 100*24*time.Hour)
	old.at = is.now()
	var wg sync.WaitGroup
	var refused atomic.Int64
	for i := range 64 {
		wg.Go(func() {
			if parse(t, c, []platform{old, young}[i%2]) != nil {
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if n := refused.Load(); n != 0 {
		t.Errorf("%d of 64 valid notices were refused", n)
	}
	if n := is.calls.Load(); n != 2 {
		t.Errorf("%d calls for certificates, want 2", n)
	}
}

// T17: a flood of forged notices with serials that nobody knows makes one call a minute, and serials that are none make no call.
func TestT17_UnknownSerialsAreAskedForOnceAMinute(t *testing.T) {
	is := &issuer{}
	is.issue(t, 0x1001, 100*24*time.Hour)
	c := is.client(t)
	forger := platform{serial: "ABCDEF", key: newKey(), at: testNow}
	for range 100 {
		if err := parse(t, c, forger); !errors.Is(err, wechat.ErrSerial) {
			t.Fatalf("an unknown serial = %v, want ErrSerial", err)
		}
	}
	if n := is.calls.Load(); n != 1 {
		t.Errorf("%d calls after 100 forged notices, want 1", n)
	}
	is.clock.Add(61)
	forger.at = is.now()
	_ = parse(t, c, forger)
	for _, serial := range []string{"PUB_KEY_ID_X", "abcdef", "../x", "0123456789ABCDEF0123456789ABCDEF0123456789"} {
		is.clock.Add(61)
		if err := parse(t, c, platform{serial: serial, key: forger.key, at: is.now()}); !errors.Is(err, wechat.ErrSerial) {
			t.Errorf("serial %s = %v, want ErrSerial", serial, err)
		}
	}
	if n := is.calls.Load(); n != 2 {
		t.Errorf("%d calls, want 2: one for each minute with a serial that could be one", n)
	}
}

// While a merchant moves to public keys WeChat Pay signs with either.
func TestT17_BothKeysDuringTheMove(t *testing.T) {
	is := &issuer{}
	byCert := is.issue(t, 0x1001, 100*24*time.Hour)
	c := is.client(t, PublicKey{ID: platformID, Key: &platformKey().PublicKey})
	for range 3 {
		if err := parse(t, c, byCert); err != nil {
			t.Errorf("signed with the certificate: %v", err)
		}
		if err := parse(t, c, weChatPay()); err != nil {
			t.Errorf("signed with the public key: %v", err)
		}
	}
	crossed := byCert
	crossed.key = platformKey()
	if err := parse(t, c, crossed); !errors.Is(err, wechat.ErrSignature) {
		t.Errorf("the certificate's serial with the other key = %v, want ErrSignature", err)
	}
}

// A list that is not WeChat Pay's leaves everything as it was.
func TestCertificatesRefuseAForgedList(t *testing.T) {
	for name, spoil := range map[string]func(*issuer){
		"signed by another":    func(is *issuer) { is.signer = newKey() },
		"changed on the way":   func(is *issuer) { is.tamper = func(b []byte) []byte { return append(b, ' ') } },
		"no list":              func(is *issuer) { is.tamper = func([]byte) []byte { return []byte("[]") } },
		"over":                 func(is *issuer) { is.clock.Store(int64(200 * 24 * time.Hour / time.Second)) },
		"a broken list":        func(is *issuer) { is.tamper = func([]byte) []byte { return []byte(`{"data":[{"serial_no":"1"}]}`) } },
		"the list of nobody":   func(is *issuer) { is.tamper = func([]byte) []byte { return []byte(`{"data":[]}`) } },
		"somebody else's word": func(is *issuer) { is.tamper = func([]byte) []byte { return []byte("<html>") } },
	} {
		t.Run(name, func(t *testing.T) {
			is := &issuer{}
			p := is.issue(t, 0x1001, 100*24*time.Hour)
			spoil(is)
			c := is.client(t)
			p.at = is.now()
			if err := parse(t, c, p); !errors.Is(err, wechat.ErrSerial) {
				t.Errorf("a notice = %v, want ErrSerial", err)
			}
			if _, err := c.Prepay(t.Context(), wechat.Prepay{OutTradeNo: "VIP001", TotalFen: 1, PayerOpenID: "oX"}); err == nil {
				t.Error("an answer was believed without a certificate")
			}
		})
	}
}
