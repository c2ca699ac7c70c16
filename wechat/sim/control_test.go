package sim

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func keptDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, stateFile), keptAccounts, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The index, doc.go and the routes are one list.
func TestEveryRouteIsDocumented(t *testing.T) {
	b := newBench(t)
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	index := b.ctl("GET", "/_sim", nil)
	routes := index["routes"].([]any)
	if len(routes) != len(controlRoutes()) {
		t.Errorf("index has %d routes, want %d", len(routes), len(controlRoutes()))
	}
	for _, r := range controlRoutes() {
		if !strings.Contains(string(doc), r.Path) {
			t.Errorf("doc.go does not tell of %s %s", r.Method, r.Path)
		}
	}
}

func TestJournalKeepsNoSecrets(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	path := "/_sim/users/" + u["id"].(string)
	code := b.ctl("POST", path+"/login", nil)["js_code"].(string)
	_, session, _ := b.do("GET", b.api+"/sns/jscode2session?grant_type=authorization_code&appid="+b.acc.Mini.AppID+"&secret="+b.acc.Mini.Secret+"&js_code="+code, nil, "")
	phone := b.ctl("POST", path+"/phone", nil)["code"].(string)
	b.call(kindMini, "/wxa/business/getuserphonenumber", object{"code": phone})
	token := b.plainToken(kindOA)
	b.tokenCode(token)
	b.paid("JOURNAL001", u, 100)
	b.ctl("POST", path+"/follow", nil)

	journal := mustJSON(t, b.ctl("GET", "/_sim/journal?limit=2000", nil))
	for name, secret := range map[string]string{
		"app secret": b.acc.Mini.Secret, "token secret": b.acc.OA.Secret, "access_token": token, "js_code": code, "phone code": phone,
		"session_key": session["session_key"].(string), "phone": u["phone"].(string), "APIv3 key": b.acc.Merchant.APIv3Key,
	} {
		if strings.Contains(journal, secret) {
			t.Errorf("the journal holds the %s", name)
		}
	}
	for _, want := range []string{"/sns/jscode2session", "TRANSACTION.SUCCESS", "subscribe", "JOURNAL001"} {
		if !strings.Contains(journal, want) {
			t.Errorf("the journal does not tell of %s", want)
		}
	}
	if strings.Contains(mustJSON(t, b.ctl("GET", "/_sim/accounts", nil)), b.acc.OA.Secret) {
		t.Error("/_sim/accounts tells the secret")
	}
}

func TestControlRefuses(t *testing.T) {
	b := newBench(t)
	b.newUser()
	tests := []struct {
		name, method, path string
		body               any
		status             int
		code               string
	}{
		{"unknown customer", "POST", "/_sim/users/u9/login", nil, 404, "user_unknown"},
		{"unknown field", "POST", "/_sim/users", object{"name": "x"}, 400, "body_invalid"},
		{"bad phone", "POST", "/_sim/users", object{"phone": "123"}, 400, "user_invalid"},
		{"text of a stranger", "POST", "/_sim/users/u1/send_text", object{"content": "x"}, 409, "follower_not"},
		{"no text", "POST", "/_sim/users/u1/send_text", object{}, 400, "message_invalid"},
		{"unfollow of a stranger", "POST", "/_sim/users/u1/unfollow", nil, 409, "follower_not"},
		{"scan of nothing", "POST", "/_sim/users/u1/scan", object{}, 404, "qrcode_unknown"},
		{"wait too long", "POST", "/_sim/users/u1/follow?wait_ms=60000", nil, 400, "wait_invalid"},
		{"bad mode", "POST", "/_sim/settings", object{"oa": object{"mode": "rot13"}}, 400, "settings_invalid"},
		{"bad push base", "POST", "/_sim/settings", object{"push_base": "ftp://x"}, 400, "settings_invalid"},
		{"bad template", "POST", "/_sim/templates", object{"title": "x", "fields": []object{{"key": "first", "label": "x"}}}, 400, "template_invalid"},
		{"clock back", "POST", "/_sim/clock", object{"advance_ms": -1}, 400, "advance_invalid"},
		{"unknown refund", "POST", "/_sim/refunds/R9/result", object{"status": "SUCCESS"}, 404, "refund_unknown"},
		{"unknown delivery", "GET", "/_sim/deliveries/d9", nil, 404, "delivery_unknown"},
		{"bad limit", "GET", "/_sim/journal?limit=x", nil, 400, "limit_invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if status, out := b.ctlAny(tt.method, tt.path, tt.body); status != tt.status || out["error"] != tt.code {
				t.Errorf("= %d %v, want %d %s", status, out, tt.status, tt.code)
			}
		})
	}
	t.Run("another site", func(t *testing.T) {
		status, _, _ := b.do("POST", b.control+"/_sim/reset", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}, "")
		if status != 403 {
			t.Errorf("= %d", status)
		}
	})
	t.Run("huge bodies", func(t *testing.T) {
		big := `{"nickname":"` + strings.Repeat("x", bodyLimit) + `"}`
		if status, _, _ := b.do("POST", b.control+"/_sim/users", nil, big); status != 400 {
			t.Errorf("control = %d", status)
		}
		if status, _, _ := b.do("POST", b.api+"/cgi-bin/stable_token", nil, big); status != 413 {
			t.Errorf("API = %d", status)
		}
	})
}

func TestClockAndReset(t *testing.T) {
	b := newBench(t)
	b.paid("RESET00001", b.newUser(), 100)
	token := b.token(kindOA)
	if out := b.ctl("POST", "/_sim/clock", object{"advance_ms": 3600000}); out["now"] != "2026-03-02T11:00:00Z" {
		t.Errorf("clock = %v", out)
	}
	b.ctl("POST", "/_sim/reset", nil)
	for _, list := range []string{"users", "orders", "qrcodes", "deliveries", "faults"} {
		if n := len(b.ctl("GET", "/_sim/"+list, nil)[list].([]any)); n != 0 {
			t.Errorf("%d %s left", n, list)
		}
	}
	if code := b.tokenCode(token); code != 40001 {
		t.Errorf("a token of before: %d", code)
	}
	u := b.newUser()
	if u["id"] != "u1" {
		t.Errorf("first customer afterwards is %v", u["id"])
	}
	if tx := b.paid("RESET00001", u, 100); tx == "" {
		t.Error("the order number is still taken")
	}
}

func TestVerifyURL(t *testing.T) {
	b := newBench(t)
	b.product.answer(func(_ int, c productCall) (int, string) {
		if c.method == "GET" && pushSignature(b.acc.Mini.Token, c.query.Get("timestamp"), c.query.Get("nonce")) == c.query.Get("signature") {
			return 200, c.query.Get("echostr")
		}
		return 403, ""
	})
	if out := b.ctl("POST", "/_sim/verify_url", object{"app": "mini"}); out["verified"] != true {
		t.Errorf("mini = %v", out)
	}
	if out := b.ctl("POST", "/_sim/verify_url", object{"app": "oa"}); out["verified"] != false {
		t.Errorf("oa, whose token the product does not know = %v", out)
	}
}

func TestPageIsSelfContained(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"index.html", "pay.html"} {
		page, err := webFiles.ReadFile("web/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"http://", "https://", "<style", " style=", " onclick=", "<script>"} {
			if strings.Contains(string(page), bad) {
				t.Errorf("%s holds %q, which the policy blocks", name, bad)
			}
		}
	}
	for path, kind := range map[string]string{"/": "text/html", "/pay.html": "text/html", "/kit.js": "text/javascript", "/pay.js": "text/javascript", "/pay.css": "text/css", "/app.js": "text/javascript", "/clock.js": "text/javascript", "/acts.js": "text/javascript", "/app.css": "text/css"} {
		resp, err := b.client.Get(b.control + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), kind) ||
			!strings.HasPrefix(resp.Header.Get("Content-Security-Policy"), "default-src 'self';") {
			t.Errorf("%s = %d %v", path, resp.StatusCode, resp.Header)
		}
	}
}

// Many customers at once, while the clock moves: nothing is lost or sent twice.
func TestTogether(t *testing.T) {
	b := newBench(t)
	const people = 24
	var wg sync.WaitGroup
	users := make([]object, people)
	for i := range users {
		users[i] = b.ctl("POST", "/_sim/users", nil)
	}
	for i, u := range users {
		wg.Go(func() {
			path := "/_sim/users/" + u["id"].(string)
			for _, act := range []struct {
				path string
				body any
			}{{"/follow", nil}, {"/send_text", object{"content": "hi"}}, {"/unfollow", nil}} {
				if status, out := b.ctlAny("POST", path+act.path, act.body); status != 200 {
					t.Errorf("customer %d %s = %d %v", i, act.path, status, out)
				}
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			b.clock.advance(10 * time.Millisecond)
			b.Nudge()
		}
	})
	wg.Wait()
	events := map[string]string{}
	for _, c := range b.product.got() {
		e := b.readPush(c)
		events[e.FromUserName] += e.MsgType[:1] + strings.TrimPrefix(e.Event, "un") + " "
	}
	for _, u := range users {
		if got := events[u["oa_openid"].(string)]; got != "esubscribe t esubscribe " {
			t.Errorf("%v: %q", u["id"], got)
		}
	}
}
