package api

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"huitou/model/kv"
	"huitou/wechat"
)

const (
	testApp    = "wxdemo0000000001"
	testSecret = wechat.Secret("app-secret-0123456789abcdef")
)

// fakeWeChat issues tokens in stable_token's manner and answers /cgi-bin/echo to the holder
// of the one that is valid.
type fakeWeChat struct {
	mu     sync.Mutex
	serial int
	// valid is the token calls are accepted with, offered the one normal mode hands out.
	// They differ while WeChat insists on a dead token.
	valid, offered string
	refuseWith     int // errcode for other tokens
	normal, forced int // calls of stable_token
	calls          int // calls of anything else
	expiresIn      int
	answer         func(w http.ResponseWriter, r *http.Request) // of anything else
	// gate, when set, holds up calls with a token before they are looked at.
	gate func(token string)
}

func newFake(t *testing.T) (*fakeWeChat, *http.Client) {
	t.Helper()
	return newFakeFor(t, 0)
}

// newFakeFor is newFake for so many calls at once; 0 means as many as in production.
func newFakeFor(t *testing.T, conns int) (*fakeWeChat, *http.Client) {
	t.Helper()
	f := &fakeWeChat{refuseWith: 42001, expiresIn: 7200}
	f.renew()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	target, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := wechat.NewHTTPClient(wechat.HTTPOptions{Target: target, Timeout: 30 * time.Second, MaxConns: conns})
	t.Cleanup(client.CloseIdleConnections)
	return f, client
}

// renew makes another token valid, and hands it out.
func (f *fakeWeChat) renew() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.serial++
	f.valid = fmt.Sprintf("token-%d-secret", f.serial)
	f.offered = f.valid
}

// revoke kills the valid token while normal mode goes on handing it out.
func (f *fakeWeChat) revoke() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.valid = "none"
}

func (f *fakeWeChat) counts() (normal, forced, calls int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.normal, f.forced, f.calls
}

func (f *fakeWeChat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.gate != nil && r.URL.Path != stableTokenPath {
		f.gate(r.URL.Query().Get("access_token"))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	if r.URL.Path == stableTokenPath {
		f.issue(w, r)
		return
	}
	f.calls++
	if f.answer != nil {
		f.answer(w, r)
		return
	}
	if r.URL.Query().Get("access_token") != f.valid {
		fmt.Fprintf(w, `{"errcode":%d,"errmsg":"access_token expired rid: 63c0e1a2-1b2c3d4e-5f60718a"}`, f.refuseWith)
		return
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.NewEncoder(w).Encode(map[string]any{"errcode": 0, "errmsg": "ok", "body": string(body), "x": r.URL.Query().Get("x")})
}

func (f *fakeWeChat) issue(w http.ResponseWriter, r *http.Request) {
	var in struct {
		GrantType string `json:"grant_type"`
		AppID     string `json:"appid"`
		Secret    string `json:"secret"`
		Force     bool   `json:"force_refresh"`
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	if in.GrantType != "client_credential" || in.AppID != testApp || in.Secret != testSecret.Reveal() {
		_, _ = io.WriteString(w, `{"errcode":40001,"errmsg":"invalid credential"}`)
		return
	}
	if in.Force {
		f.forced++
		f.serial++
		f.valid = fmt.Sprintf("token-%d-secret", f.serial)
		f.offered = f.valid
	} else {
		f.normal++
	}
	fmt.Fprintf(w, `{"access_token":%q,"expires_in":%d}`, f.offered, f.expiresIn)
}

// echo is the answer of the fake.
type echo struct {
	Body string `json:"body"`
	X    string `json:"x"`
}

type fakeClock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *fakeClock { return &fakeClock{at: time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)} }

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *fakeClock) Step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newClient(t *testing.T, http *http.Client, store kv.Store, now func() time.Time) *Client {
	t.Helper()
	c, err := New(Config{AppID: testApp, Secret: testSecret, HTTP: http, KV: store, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func memory(clock *fakeClock) *kv.Memory { return kv.NewMemory(kv.MemoryOptions{Now: clock.Now}) }
