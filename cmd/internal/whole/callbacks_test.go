package whole

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model/db"
)

// delivery is what the simulator says of one push or notice.
type delivery struct {
	ID       string
	App      string
	Event    string
	State    string
	Problem  string
	Attempts []attempt
}

type attempt struct {
	Fault  string
	Status int
	Error  string
	Reply  string
}

// last is the latest attempt.
func (d delivery) last() attempt {
	if len(d.Attempts) == 0 {
		return attempt{}
	}
	return d.Attempts[len(d.Attempts)-1]
}

// fault makes the next push or notice of an app go wrong.
func (s *shop) fault(t *testing.T, app, kind string) {
	t.Helper()
	s.weixinDoes(t, "POST", "/_sim/faults", map[string]any{"kind": kind, "app": app, "times": 1}, nil)
}

// again moves the clock to the next try of a delivery and waits for it.
func (s *shop) again(t *testing.T, d delivery, after time.Duration) (out delivery) {
	t.Helper()
	s.clock.Advance(after)
	s.sim.Nudge()
	eventually(t, "WeChat tries again", func() error {
		var got struct{ Delivery delivery }
		s.weixinDoes(t, "GET", "/_sim/deliveries/"+d.ID, nil, &got)
		if out = got.Delivery; len(out.Attempts) <= len(d.Attempts) {
			return fmt.Errorf("delivery %+v", out)
		}
		return nil
	})
	return out
}

// pushCase is one way in which a push goes wrong and what is to be answered.
type pushCase struct {
	kind   string
	status int
	// stored tells that it is authentic, so that it is kept; retried, that WeChat is to send it again as it should be.
	stored, retried bool
}

// T18 and wechat.md §7.1 at the running program: what is not proven is refused and leaves no trace, what is authentic is kept and
// answered success, and each push has one effect.
func TestT18PushesOverHTTP(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	st := s.watch(t)
	callbacks := func() int64 { return st.count("SELECT COUNT(*) FROM callbacks") }
	cases := []pushCase{
		{"tampered_signature", 403, false, true},
		{"plaintext", 403, false, true},
		{"expired_timestamp", 403, false, true},
		{"oversized", 413, false, true},
		{"malformed_ciphertext", 200, true, false},
		{"foreign_appid", 403, false, true}, // whoever made it had the key, and meant somebody else
		{"extra_fields", 200, true, false},
		{"duplicate", 200, true, false},
	}
	for _, app := range []string{"oa", "mini"} {
		for _, tt := range cases {
			p := s.shopper(t)
			if app == "oa" {
				s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/follow", struct{}{}, nil)
			}
			before := callbacks()
			s.fault(t, app, tt.kind)
			var out struct{ Delivery delivery }
			s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/send_text", map[string]string{"content": "你好", "app": app}, &out)
			if len(out.Delivery.Attempts) == 0 || out.Delivery.last().Status != tt.status || out.Delivery.last().Fault != tt.kind {
				t.Errorf("%s %s: %+v, want status %d", app, tt.kind, out.Delivery, tt.status)
				continue
			}
			if tt.status == 200 && out.Delivery.last().Reply != "success" {
				t.Errorf("%s %s was answered %q", app, tt.kind, out.Delivery.last().Reply)
			}
			if stored := callbacks() - before; (stored == 1) != tt.stored || stored > 1 {
				t.Errorf("%s %s: %d callbacks were kept, want it kept: %t", app, tt.kind, stored, tt.stored)
			}
			if tt.retried {
				if d := s.again(t, out.Delivery, 5*time.Second); d.State != "delivered" || d.Problem != "" || callbacks() != before+1 {
					t.Errorf("%s: the genuine push after %s: %+v, %d kept", app, tt.kind, d, callbacks()-before)
				}
			}
		}
	}

	// The check of the address in WeChat's console.
	for _, app := range []string{"oa", "mini"} {
		var out struct{ Verified bool }
		s.weixinDoes(t, "POST", "/_sim/verify_url", map[string]string{"app": app}, &out)
		if !out.Verified {
			t.Errorf("%s: the address was not verified", app)
		}
	}

	// One subscribe, repeated ten times at once, spoilt in every part.
	p := s.shopper(t)
	var out struct {
		Delivery delivery
		Replies  []struct{ Text string }
	}
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/follow", struct{}{}, &out)
	if len(out.Replies) != 1 || out.Replies[0].Text == "" {
		t.Fatalf("following was answered %+v", out)
	}
	s.settled(t)
	pushes := s.pushes.exchanges()
	push := pushes[len(pushes)-1]
	before := st.checksums()
	s.storm(t, push, 10, http.StatusOK)
	s.settled(t)
	for table, sum := range st.checksums() {
		if sum != before[table] && table != "jobs" && table != "timetable" {
			t.Errorf("ten copies of one push changed %s", table)
		}
	}
	count := callbacks()
	for what, forge := range map[string]func(x *exchange){
		"no query":            func(x *exchange) { x.target.RawQuery = "" },
		"another timestamp":   func(x *exchange) { set(x, "timestamp", "1") },
		"another nonce":       func(x *exchange) { set(x, "nonce", "1") },
		"no signature":        func(x *exchange) { set(x, "msg_signature", "") },
		"signature of no one": func(x *exchange) { set(x, "msg_signature", strings.Repeat("0", 40)) },
		"plain mode":          func(x *exchange) { set(x, "encrypt_type", "raw") },
		"another body": func(x *exchange) {
			x.body = bytes.Replace(x.body, []byte("Encrypt><![CDATA["), []byte("Encrypt><![CDATA[A"), 1)
		},
		"no body": func(x *exchange) { x.body = nil },
		"no XML":  func(x *exchange) { x.body = []byte("hello") },
		"a DOCTYPE": func(x *exchange) {
			x.body = append([]byte(`<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]>`), x.body...)
		},
		"deep":             func(x *exchange) { x.body = bytes.Repeat([]byte("<xml>"), 10_000) },
		"2 MiB":            func(x *exchange) { x.body = bytes.Repeat([]byte("x"), 2<<20) },
		"at the other app": func(x *exchange) { x.target.Path = "/wechat/mini" },
		"as a GET":         func(x *exchange) { x.method = "GET" },
	} {
		forged := push
		target := *push.target
		forged.target = &target
		forge(&forged)
		if a := s.replay(t, forged); a.status < 400 || a.status >= 500 {
			t.Errorf("a push with %s was answered %d %s", what, a.status, a.body)
		}
	}
	if n := callbacks(); n != count {
		t.Errorf("%d forged pushes were kept", n-count)
	}
	// The same push six minutes later is a replay by somebody else.
	s.clock.Advance(6 * time.Minute)
	s.storm(t, push, 1, http.StatusForbidden)
	s.audit(t)
}

// T12 to T16 at the running program: a forged notice is refused, one that does not fit is kept and credits nothing, and whatever comes,
// the card is sold once.
func TestT12NoticesOverHTTP(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	st := s.watch(t)
	kept := func() int64 { return st.count("SELECT COUNT(*) FROM callbacks WHERE channel = 'pay'") }
	periods := func() int64 { return st.count("SELECT COUNT(*) FROM membership_periods") }
	var last exchange
	for _, tt := range []pushCase{
		{"tampered_signature", 401, false, true},
		{"signtest", 401, false, true},
		{"wrong_serial", 401, false, true},
		{"expired_timestamp", 401, false, true},
		{"oversized", 413, false, true},
		{"malformed_ciphertext", 500, false, true}, // our key may be the wrong one: WeChat is to ask again
		{"foreign_mchid", 204, true, false},
		{"foreign_appid", 204, true, false},
		{"amount_mismatch", 204, true, false},
		{"extra_fields", 204, true, false},
		{"duplicate", 204, true, false},
	} {
		fits := tt.retried || tt.kind == "extra_fields" || tt.kind == "duplicate"
		p := s.shopper(t)
		var bought struct {
			Number string
			Pay    map[string]string
		}
		s.must(t, call{method: "POST", path: "/api/v1/membership-orders", token: p.token, key: newKey(), body: map[string]string{"plan": s.plan(t, p)}}, &bought)
		before, sold := kept(), periods()
		s.fault(t, "pay", tt.kind)
		var out struct{ Delivery delivery }
		s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/pay", bought.Pay, &out)
		if len(out.Delivery.Attempts) == 0 || out.Delivery.last().Status != tt.status || out.Delivery.last().Fault != tt.kind {
			t.Errorf("%s: %+v, want status %d", tt.kind, out.Delivery, tt.status)
			continue
		}
		if stored := kept() - before; (stored == 1) != tt.stored || stored > 1 {
			t.Errorf("%s: %d notices were kept, want it kept: %t", tt.kind, stored, tt.stored)
		}
		if tt.retried {
			if periods() != sold {
				t.Errorf("%s: a card was sold", tt.kind)
			}
			if d := s.again(t, out.Delivery, 15*time.Second); d.State != "delivered" {
				t.Errorf("the genuine notice after %s: %+v", tt.kind, d)
			}
		}
		active := func() error {
			var order struct{ State string }
			s.must(t, call{method: "GET", path: "/api/v1/membership-orders/" + bought.Number, token: p.token}, &order)
			if (order.State == "activated") != fits {
				return fmt.Errorf("%s: the order is %s", tt.kind, order.State)
			}
			return nil
		}
		if fits {
			eventually(t, tt.kind, active)
			pushes := s.pushes.exchanges()
			last = pushes[len(pushes)-1]
		} else {
			s.settled(t)
			if err := active(); err != nil {
				t.Error(err)
			}
			if n := st.count("SELECT COUNT(*) FROM pay_breaks WHERE out_trade_no = (SELECT out_trade_no FROM pay_orders ORDER BY id DESC LIMIT 1)"); n == 0 {
				t.Errorf("%s: nobody is told", tt.kind)
			}
		}
		if want := sold + map[bool]int64{true: 1, false: 0}[fits]; periods() != want {
			t.Errorf("%s: %d cards were sold, want %d", tt.kind, periods()-sold, want-sold)
		}
	}

	sold, count := periods(), kept()
	s.storm(t, last, 10, http.StatusNoContent)
	s.settled(t)
	if periods() != sold || kept() != count {
		t.Errorf("ten copies of one notice: %d cards and %d notices more", periods()-sold, kept()-count)
	}
	for _, name := range []string{"Wechatpay-Signature", "Wechatpay-Serial", "Wechatpay-Timestamp", "Wechatpay-Nonce"} { // WxJava#1890
		for _, value := range []string{"", "x", "0"} {
			forged := last
			forged.header = last.header.Clone()
			forged.header.Set(name, value)
			if value == "" {
				forged.header.Del(name)
			}
			if a := s.replay(t, forged); a.status != http.StatusUnauthorized && a.status != http.StatusBadRequest {
				t.Errorf("a notice with %s = %q was answered %d %s", name, value, a.status, a.body)
			}
		}
	}
	for i := range 40 {
		forged := last
		forged.body = slices.Clone(last.body)
		forged.body[len(forged.body)*i/40] ^= 1
		if a := s.replay(t, forged); a.status != http.StatusUnauthorized {
			t.Errorf("a notice with one bit changed was answered %d %s", a.status, a.body)
		}
	}
	if periods() != sold || kept() != count {
		t.Errorf("forged notices: %d cards and %d notices more", periods()-sold, kept()-count)
	}
	s.audit(t)
}

func set(x *exchange, name, value string) {
	q := x.target.Query()
	q.Set(name, value)
	x.target.RawQuery = q.Encode()
}

// replay sends an exchange once more.
func (s *shop) replay(t *testing.T, x exchange) answer {
	t.Helper()
	a, err := s.send(s.copyOf(t, x))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (s *shop) copyOf(t *testing.T, x exchange) *http.Request {
	t.Helper()
	at, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	target := *x.target
	target.Scheme, target.Host = at.Scheme, at.Host
	req, err := http.NewRequestWithContext(t.Context(), x.method, target.String(), bytes.NewReader(x.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = x.header.Clone()
	return req
}

// storm sends an exchange many times at once, and wants one status for all.
func (s *shop) storm(t *testing.T, x exchange, times, status int) {
	t.Helper()
	var wg sync.WaitGroup
	for range times {
		req := s.copyOf(t, x)
		wg.Go(func() {
			a, err := s.send(req)
			if err != nil || a.status != status {
				t.Errorf("a copy was answered %d %s %v, want %d", a.status, a.body, err, status)
			}
		})
	}
	wg.Wait()
}
