package sim

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// keptAccounts is a state file made once: three RSA keys are slow to make.
var keptAccounts []byte

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wechatsim")
	if err == nil {
		_, err = New(Config{Now: time.Now, StateDir: dir})
	}
	if err == nil {
		keptAccounts, err = os.ReadFile(filepath.Join(dir, stateFile))
	}
	os.RemoveAll(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// travel goes there in one step.
func (c *clock) travel(_ context.Context, to time.Time, _ func(Journey)) (Journey, error) {
	from := c.now()
	c.advance(to.Sub(from))
	return Journey{From: from, To: to, At: to, Steps: 1}, nil
}

// bench is one simulator with its three servers and a product that records.
type bench struct {
	*Sim
	t       *testing.T
	clock   *clock
	acc     Accounts
	api     string
	control string
	client  *http.Client
	product *product
	stop    func() // ends Run and waits for it; once
}

// product is a callback server whose answers a test chooses.
type product struct {
	mu    sync.Mutex
	calls []productCall
	serve func(n int, c productCall) (status int, body string) // nil: 200 success
}

type productCall struct {
	method, path string
	query        url.Values
	header       http.Header
	body         []byte
}

func (p *product) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	c := productCall{r.Method, r.URL.Path, r.URL.Query(), r.Header.Clone(), body}
	p.calls = append(p.calls, c)
	n, serve := len(p.calls), p.serve
	p.mu.Unlock()
	status, text := 200, "success"
	if serve != nil {
		status, text = serve(n, c)
	}
	w.WriteHeader(status)
	io.WriteString(w, text)
}

func (p *product) answer(serve func(n int, c productCall) (int, string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls, p.serve = nil, serve
}

func (p *product) got() []productCall {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]productCall(nil), p.calls...)
}

var testStart = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func newBench(t *testing.T) *bench {
	t.Helper()
	c := &clock{t: testStart}
	s, err := New(Config{Now: c.now, Travel: c.travel, Seed: 7, StateDir: keptDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Sim: s, t: t, clock: c, acc: s.Accounts(), product: &product{}}
	serve := func(h http.Handler) string {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		return srv.URL
	}
	b.client = &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
	t.Cleanup(b.client.CloseIdleConnections)
	b.api, b.control = serve(s.API()), serve(s.Control())
	if err := s.SetPushBase(serve(b.product)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(b.stop)
	return b
}

type object = map[string]any

// do sends JSON and decodes JSON.
func (b *bench) do(method, address string, header http.Header, body string) (int, object, http.Header) {
	b.t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for k, v := range header {
		r.Header[k] = v
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, address, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	var out object
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	_ = d.Decode(&out)
	if resp.StatusCode/100 == 2 && resp.Header.Get("Wechatpay-Signature") != "" {
		b.verifyPlatform(resp.Header, raw)
	}
	return resp.StatusCode, out, resp.Header
}

// ctl calls the control API and wants 200.
func (b *bench) ctl(method, path string, body any) object {
	b.t.Helper()
	status, out := b.ctlAny(method, path, body)
	if status != 200 {
		b.t.Fatalf("%s %s = %d %v", method, path, status, out)
	}
	return out
}

func (b *bench) ctlAny(method, path string, body any) (int, object) {
	b.t.Helper()
	raw := ""
	if body != nil {
		raw = mustJSON(b.t, body)
	}
	status, out, _ := b.do(method, b.control+path, nil, raw)
	return status, out
}

func (b *bench) token(kind appKind) string {
	b.t.Helper()
	id, secret := b.acc.OA.AppID, b.acc.OA.Secret
	if kind == kindMini {
		id, secret = b.acc.Mini.AppID, b.acc.Mini.Secret
	}
	_, out, _ := b.do("POST", b.api+"/cgi-bin/stable_token", nil, mustJSON(b.t, object{"grant_type": "client_credential", "appid": id, "secret": secret}))
	token, _ := out["access_token"].(string)
	if len(token) < 100 {
		b.t.Fatalf("stable_token = %v", out)
	}
	return token
}

// call calls a token endpoint of an app and returns errcode and body.
func (b *bench) call(kind appKind, path string, body any) (int, object) {
	b.t.Helper()
	_, out, _ := b.do("POST", b.api+path+"?access_token="+b.token(kind), nil, mustJSON(b.t, body))
	return errcodeOf(out), out
}

func errcodeOf(out object) int {
	n, _ := out["errcode"].(json.Number)
	code, _ := strconv.Atoi(n.String())
	return code
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func merchantKey(t *testing.T, acc Accounts) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode([]byte(acc.Merchant.PrivateKeyPEM))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

// sign is the merchant's own signer, written from the documents for the tests.
func sign(t *testing.T, key *rsa.PrivateKey, message string) string {
	t.Helper()
	h := sha256.New()
	io.WriteString(h, message)
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, h.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(sig)
}

func (b *bench) authorization(method, uri, body string) string {
	ts := strconv.FormatInt(b.clock.now().Unix(), 10)
	sig := sign(b.t, merchantKey(b.t, b.acc), method+"\n"+uri+"\n"+ts+"\nnonce0000\n"+body+"\n")
	return fmt.Sprintf(`WECHATPAY2-SHA256-RSA2048 mchid="%s",nonce_str="nonce0000",timestamp="%s",serial_no="%s",signature="%s"`,
		b.acc.Merchant.MchID, ts, b.acc.Merchant.SerialNo, sig)
}

// pay calls a pay endpoint, signed as the merchant.
func (b *bench) pay(method, uri, body string) (int, object, http.Header) {
	b.t.Helper()
	return b.do(method, b.api+uri, http.Header{
		"Authorization":    {b.authorization(method, uri, body)},
		"Wechatpay-Serial": {b.acc.Platform.PublicKeyID},
	}, body)
}

// verifyPlatform checks a platform signature over the raw body.
func (b *bench) verifyPlatform(h http.Header, body []byte) {
	b.t.Helper()
	if err := b.platformVerifies(h, body); err != nil {
		b.t.Errorf("platform signature: %v", err)
	}
}

func (b *bench) platformVerifies(h http.Header, body []byte) error {
	block, _ := pem.Decode([]byte(b.acc.Platform.PublicKeyPEM))
	if h.Get("Wechatpay-Serial") == b.acc.Platform.CertificateSerial {
		certBlock, _ := pem.Decode([]byte(b.acc.Platform.CertPEM))
		cert, err := x509.ParseCertificate(certBlock.Bytes)
		if err != nil {
			return err
		}
		block.Bytes, _ = x509.MarshalPKIXPublicKey(cert.PublicKey)
	} else if h.Get("Wechatpay-Serial") != b.acc.Platform.PublicKeyID {
		return fmt.Errorf("serial %q", h.Get("Wechatpay-Serial"))
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return err
	}
	sig, err := base64.StdEncoding.DecodeString(h.Get("Wechatpay-Signature"))
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(h.Get("Wechatpay-Timestamp") + "\n" + h.Get("Wechatpay-Nonce") + "\n" + string(body) + "\n"))
	return rsa.VerifyPKCS1v15(pub.(*rsa.PublicKey), crypto.SHA256, sum[:], sig)
}

// newUser makes a customer and returns its body.
func (b *bench) newUser() object {
	b.t.Helper()
	return b.ctl("POST", "/_sim/users", object{"nickname": "林小满"})
}

// eventually polls a condition of concurrent work, bounded.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}

func newRequestTo(address, host string) (*http.Request, error) {
	r, err := http.NewRequest("GET", address, nil)
	if err == nil {
		r.Host = host
	}
	return r, err
}
