package console_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"huitou/handler/console"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/staff"
	"huitou/service/tasks"
)

const (
	payload  = `"><script>alert(1)</script><img src=x onerror=alert(2)>{{.Token}}`
	password = "correct horse battery"
)

// counter is the pages on real services, and the browser of a clerk: it keeps cookies.
type counter struct {
	h      http.Handler
	d      *db.DB
	clock  *dbtest.Clock
	s      *coupons.Service
	staff  *staff.Service
	tasks  *tasks.Service
	visits visits
	// busy is whether the clerk has used up all requests, lookUps how many people may be looked up yet.
	busy    bool
	lookUps int
	host    string
	jar     map[string]*http.Cookie
	code    string // of a coupon: ten yuan off fifty, in store hz-01
	member  model.MemberID
}

func open(t *testing.T) *counter {
	t.Helper()
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	f := facts.New(jobs.New(d, log))
	m := members.New(members.Deps{DB: d, PhoneKey: make([]byte, 32), Facts: f, Log: log})
	c := &counter{d: d, clock: clock, host: "shop.example", jar: map[string]*http.Cookie{}}
	c.s = coupons.New(coupons.Deps{DB: d, Members: m, Log: log})
	c.staff = staff.New(staff.Deps{DB: d, Log: log})
	c.tasks = tasks.New(tasks.Deps{DB: d, Members: m, Staff: c.staff, Facts: f, Log: log})
	for name, role := range map[string]staff.Role{"clerk": staff.Clerk, "nobody": staff.Clerk} {
		if _, err := c.staff.Add(t.Context(), staff.Add{Name: name, Password: password, Role: role}); err != nil {
			t.Fatal(err)
		}
	}
	err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		if err := tx.Gorm().Exec("UPDATE staff SET role = 'none' WHERE name = 'nobody'").Error; err != nil {
			return err
		}
		c.member, _, err = m.EnsureTx(ctx, tx, members.Ref{Phone: "13812345678"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	c.code = c.coupon(t)
	e := web.Server{Now: clock.Now, Log: log}.New()
	console.Routes(e, console.Deps{Coupons: c.s, Members: m, Staff: c.staff, Tasks: c.tasks, Visits: &c.visits, Now: clock.Now,
		Allow: func(model.StaffID) bool { return !c.busy }, AllowLookUp: func(model.StaffID) bool { c.lookUps--; return c.lookUps >= 0 }})
	c.visits.find, c.lookUps = m.Find, 20
	c.h = e
	return c
}

func (c *counter) coupon(t *testing.T) string {
	t.Helper()
	v, err := c.s.CreateTemplate(t.Context(), coupons.NewTemplate{
		Staff: 1, Name: payload[:40], RulesText: payload, CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 1000, ThresholdFen: 5000},
		CouponConditions: model.CouponConditions{Stores: []string{"hz-01"}}, UseDays: 30, Total: -1, Claimable: true,
	})
	if err == nil {
		_, err = c.s.Activate(t.Context(), 1, v.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	held, err := c.s.Claim(t.Context(), coupons.Claim{Member: c.member, Template: v.ID})
	if err != nil {
		t.Fatal(err)
	}
	return held.Code
}

// ask sends a request as the browser would; header overrides what a browser sends from our own page.
func (c *counter) ask(t *testing.T, method, path string, form url.Values, header map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	req.Host = c.host
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range header {
		if value == "" {
			req.Header.Del(name)
		} else {
			req.Header.Set(name, value)
		}
	}
	for _, k := range c.jar {
		req.AddCookie(k)
	}
	rec := httptest.NewRecorder()
	c.h.ServeHTTP(rec, req)
	for _, k := range rec.Result().Cookies() {
		if k.MaxAge < 0 {
			delete(c.jar, k.Name)
		} else {
			c.jar[k.Name] = k
		}
	}
	h := rec.Header()
	csp := h.Get("Content-Security-Policy")
	if !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s %s: headers %v", method, path, h)
	}
	if body := rec.Body.String(); strings.Contains(body, "<script>") || strings.Contains(body, "<img") || strings.Contains(body, "style=") {
		t.Errorf("%s %s: not escaped or inline: %s", method, path, body)
	}
	return rec
}

var hidden = regexp.MustCompile(`name="(token|key)" value="([^"]*)"`)

// fields are the hidden fields of a page.
func fields(rec *httptest.ResponseRecorder) url.Values {
	out := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(rec.Body.String(), -1) {
		out.Set(m[1], m[2])
	}
	return out
}

func with(v url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for name, list := range v {
		out[name] = list
	}
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

func (c *counter) signIn(t *testing.T, name string) {
	t.Helper()
	page := c.ask(t, "GET", "/console/sign-in", nil, nil)
	if rec := c.ask(t, "POST", "/console/sign-in", with(fields(page), "name", name, "password", password), nil); rec.Code != http.StatusSeeOther {
		t.Fatalf("sign in: %d %s", rec.Code, rec.Body)
	}
}

func (c *counter) verifications(t *testing.T) (rows []model.CouponVerification) {
	t.Helper()
	err := c.d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Order("id").Find(&rows).Error })
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTwoTaps(t *testing.T) {
	c := open(t)
	c.signIn(t, "clerk")
	home := c.ask(t, "GET", "/console", nil, nil)
	form := with(fields(home), "code", c.code[:4]+" "+c.code[4:], "store", "hz-01", "amount", "49.99")
	low := c.ask(t, "POST", "/console/coupons", form, nil)
	if !strings.Contains(low.Body.String(), "还差 ¥0.01") || strings.Contains(low.Body.String(), "确认核销") {
		t.Errorf("a fen below: %s", low.Body)
	}
	form.Set("amount", "128.50")
	first := c.ask(t, "POST", "/console/coupons", form, nil)
	for _, want := range []string{"减 ¥10.00", "138****5678", "确认核销", "满 ¥50.00", "hz-01"} {
		if !strings.Contains(first.Body.String(), want) {
			t.Errorf("the first tap does not show %s: %s", want, first.Body)
		}
	}
	if len(c.verifications(t)) != 0 {
		t.Fatal("the first tap took the coupon")
	}
	second := with(fields(first), "code", c.code, "store", "hz-01", "amount", "128.50", "order_number", "POS-1")
	done := c.ask(t, "POST", "/console/verifications", second, nil)
	twice := c.ask(t, "POST", "/console/verifications", second, nil)
	at := done.Header().Get("Location")
	if done.Code != http.StatusSeeOther || at == "" || twice.Header().Get("Location") != at {
		t.Fatalf("the second tap: %d %s, tapped twice %s", done.Code, at, twice.Header().Get("Location"))
	}
	if rows := c.verifications(t); len(rows) != 1 || rows[0].Store != "hz-01" || rows[0].AmountFen != 12850 || rows[0].StaffID == 0 || rows[0].OrderNumber != "POS-1" {
		t.Errorf("kept: %+v", rows)
	}
	result := c.ask(t, "GET", at, nil, nil)
	if !strings.Contains(result.Body.String(), "核销成功") || !strings.Contains(result.Body.String(), "确认撤销") {
		t.Errorf("the result: %s", result.Body)
	}
	again := c.ask(t, "POST", "/console/coupons", form, nil)
	if !strings.Contains(again.Body.String(), "优惠券已使用:2026年11月21日 12:00,门店 hz-01") {
		t.Errorf("used already: %s", again.Body)
	}
	if rec := c.ask(t, "POST", at+"/undo", with(fields(result), "reason", payload), nil); rec.Code != http.StatusSeeOther {
		t.Errorf("undo: %d %s", rec.Code, rec.Body)
	}
	if result = c.ask(t, "GET", at, nil, nil); !strings.Contains(result.Body.String(), "已撤销") || !strings.Contains(result.Body.String(), "&lt;script&gt;") {
		t.Errorf("after the undo: %s", result.Body)
	}
	// Ten minutes later the form is gone, and one that was left open undoes nothing.
	first = c.ask(t, "POST", "/console/coupons", form, nil)
	done = c.ask(t, "POST", "/console/verifications", with(fields(first), "code", c.code, "store", "hz-01", "amount", "128.50"), nil)
	at = done.Header().Get("Location")
	c.clock.Advance(10 * time.Minute)
	result = c.ask(t, "GET", at, nil, nil)
	if late := c.ask(t, "POST", at+"/undo", with(fields(home), "reason", "晚了"), nil); strings.Contains(result.Body.String(), "确认撤销") || late.Code != http.StatusConflict {
		t.Errorf("ten minutes later: %d", late.Code)
	}
	broken, err := audit.Run(t.Context(), c.d, coupons.Invariants())
	if err != nil || len(broken) > 0 {
		t.Errorf("broken: %v, %v", broken, err)
	}
}

// T25: what another site, or nobody's page, can send.
func TestT25ForeignForms(t *testing.T) {
	c := open(t)
	c.signIn(t, "clerk")
	shown := c.ask(t, "POST", "/console/coupons", with(fields(c.ask(t, "GET", "/console", nil, nil)), "code", c.code, "store", "hz-01", "amount", "60"), nil)
	good := with(fields(shown), "code", c.code, "store", "hz-01", "amount", "60")
	other := open(t)
	other.signIn(t, "clerk")
	foreign := fields(other.ask(t, "GET", "/console", nil, nil)).Get("token")
	tests := []struct {
		name   string
		header map[string]string
		token  string
	}{
		{"cross-site", map[string]string{"Sec-Fetch-Site": "cross-site"}, good.Get("token")},
		{"a sibling site", map[string]string{"Sec-Fetch-Site": "same-site"}, good.Get("token")},
		{"an old browser, foreign origin", map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}, good.Get("token")},
		{"a null origin", map[string]string{"Sec-Fetch-Site": "", "Origin": "null"}, good.Get("token")},
		{"no token", nil, ""},
		{"another session's token", nil, foreign},
		{"an odd token", nil, payload},
		{"no token, no headers", map[string]string{"Sec-Fetch-Site": ""}, ""},
	}
	for _, tt := range tests {
		for _, path := range []string{"/console/verifications", "/console/coupons", "/console/sign-out", "/console/verifications/000000000000000000000000/undo", "/console/sign-in"} {
			rec := c.ask(t, "POST", path, with(good, "token", tt.token, "name", "clerk", "password", password, "reason", "x"), tt.header)
			if rec.Code != http.StatusForbidden {
				t.Errorf("%s to %s: %d", tt.name, path, rec.Code)
			}
		}
	}
	// A token in the address is none, and a GET changes nothing.
	for _, path := range []string{"/console/verifications?" + good.Encode(), "/console/sign-out?" + good.Encode(), "/console/coupons?" + good.Encode()} {
		if rec := c.ask(t, "GET", path, nil, nil); rec.Code < 400 {
			t.Errorf("GET %s: %d", path, rec.Code)
		}
	}
	if rec := c.ask(t, "POST", "/console/verifications?token="+good.Get("token"), with(good, "token", ""), nil); rec.Code != http.StatusForbidden {
		t.Errorf("a token in the address: %d", rec.Code)
	}
	if n := len(c.verifications(t)); n != 0 {
		t.Errorf("%d verifications were made", n)
	}
	for name, header := range map[string]map[string]string{"an old browser": {"Sec-Fetch-Site": "", "Origin": "https://shop.example"}, "our page": nil} {
		good.Set("code", c.coupon(t))
		good.Set("key", "key "+name)
		if rec := c.ask(t, "POST", "/console/verifications", good, header); rec.Code != http.StatusSeeOther {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
}

func TestSessions(t *testing.T) {
	c := open(t)
	for _, path := range []string{"/console", "/console/verifications/000000000000000000000000"} {
		if rec := c.ask(t, "GET", path, nil, nil); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/console/sign-in" {
			t.Errorf("%s without a session: %d", path, rec.Code)
		}
	}
	page := c.ask(t, "GET", "/console/sign-in", nil, nil)
	if rec := c.ask(t, "POST", "/console/sign-in", with(fields(page), "name", payload, "password", "wrong"), nil); rec.Code != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", rec.Code)
	}
	c.signIn(t, "clerk")
	k := c.jar["__Host-huitou-console"]
	if k == nil || !k.HttpOnly || !k.Secure || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" {
		t.Fatalf("the cookie is %+v", k)
	}
	// The old session of this browser ends when a new one begins; signing out ends the session itself, not only the cookie.
	c.signIn(t, "clerk")
	fresh := c.jar["__Host-huitou-console"]
	c.jar["__Host-huitou-console"] = k
	if rec := c.ask(t, "GET", "/console", nil, nil); rec.Code != http.StatusSeeOther {
		t.Errorf("the session before: %d", rec.Code)
	}
	c.jar["__Host-huitou-console"] = fresh
	home := c.ask(t, "GET", "/console", nil, nil)
	if rec := c.ask(t, "POST", "/console/sign-out", fields(home), nil); rec.Code != http.StatusSeeOther {
		t.Errorf("sign out: %d", rec.Code)
	}
	c.jar["__Host-huitou-console"] = fresh
	if rec := c.ask(t, "GET", "/console", nil, nil); rec.Code != http.StatusSeeOther {
		t.Errorf("a session after signing out: %d", rec.Code)
	}
	// A session ends by itself.
	c.signIn(t, "clerk")
	c.clock.Advance(2 * time.Hour)
	if rec := c.ask(t, "GET", "/console", nil, nil); rec.Code != http.StatusSeeOther {
		t.Errorf("an idle session: %d", rec.Code)
	}
	// A role without the permission sees nothing.
	c.signIn(t, "nobody")
	if rec := c.ask(t, "GET", "/console", nil, nil); rec.Code != http.StatusForbidden {
		t.Errorf("without the permission: %d", rec.Code)
	}
	// Plain http on loopback: the one place where the cookie is not Secure.
	for host, secure := range map[string]bool{"127.0.0.1:8080": false, "localhost": false, "[::1]:8080": false, "192.168.1.2:8080": true, "localhost.evil.example": true} {
		c.host, c.jar = host, map[string]*http.Cookie{}
		c.ask(t, "GET", "/console/sign-in", nil, nil)
		for name, k := range c.jar {
			if k.Secure != secure || strings.HasPrefix(name, "__Host-") != secure {
				t.Errorf("%s: cookie %+v", host, k)
			}
		}
	}
}

func TestOddForms(t *testing.T) {
	c := open(t)
	c.signIn(t, "clerk")
	token := fields(c.ask(t, "GET", "/console", nil, nil))
	for _, odd := range []url.Values{
		with(token, "code", payload), with(token, "code", c.code, "amount", payload), with(token, "code", c.code, "amount", "-1"),
		with(token, "code", c.code, "amount", "1e9"), with(token, "code", c.code, "store", payload), with(token, "code", c.code, "store", "别处"),
	} {
		if rec := c.ask(t, "POST", "/console/coupons", odd, nil); rec.Code < 400 || rec.Code >= 500 || !strings.Contains(rec.Body.String(), "role=\"alert\"") {
			t.Errorf("%v: %d %s", odd, rec.Code, rec.Body)
		}
	}
	if rec := c.ask(t, "POST", "/console/coupons", with(token, "code", strings.Repeat("1", 9<<10)), nil); rec.Code != http.StatusBadRequest {
		t.Errorf("a large form: %d", rec.Code)
	}
	for path, want := range map[string]int{"/console/assets/console.css": 200, "/console/assets/scan.js": 200, "/console/assets/nothing": 404, "/console/assets/..%2fdoc.go": 404} {
		if rec := c.ask(t, "GET", path, nil, nil); rec.Code != want {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	if len(c.verifications(t)) != 0 {
		t.Error("an odd form took a coupon")
	}
}
