package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"huitou/handler/api"
	"huitou/handler/web"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/random"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/wechat"
)

// oneCode is a WeChat that takes the code of the person's name, once.
type oneCode struct{ used map[string]bool }

func (o oneCode) Code2Session(_ context.Context, code string) (wechat.Session, error) {
	if o.used[code] {
		return wechat.Session{}, &wechat.Error{Code: 40163}
	}
	o.used[code] = true
	return wechat.Session{OpenID: "o-" + code, SessionKey: "canary-session-key"}, nil
}

func (o oneCode) PhoneNumber(_ context.Context, code string) (wechat.Phone, error) {
	if len(code) != 11 {
		return wechat.Phone{}, &wechat.Error{Code: 40029}
	}
	return wechat.Phone{Number: code, CountryCode: "86"}, nil
}

// memberServer serves what a shopper does with his own membership.
func memberServer(d *db.DB, clock *dbtest.Clock) *echo.Echo {
	log := slog.New(slog.DiscardHandler)
	s := members.New(members.Deps{
		DB: d, Mini: oneCode{map[string]bool{}}, MiniAppID: "wxtest-mini", OAAppID: "wxtest-oa", PhoneKey: bytes.Repeat([]byte{7}, 32),
		Facts: facts.New(jobs.New(d, log)), Log: log,
	})
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{Member: s.Authenticate}, clock.Now, log).Under("/api/v1")
	api.Sessions(r, s)
	api.Me(r, s)
	return e
}

// call makes one request and returns the status, the body as text and as JSON.
func call(e *echo.Echo, method, path, token, body string) (int, string, map[string]any) {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, req)
	var out map[string]any
	_ = json.Unmarshal(rec.Body.Bytes(), &out) // an empty body has none
	return rec.Code, rec.Body.String(), out
}

func TestShopperRound(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	e := memberServer(d, clock)
	status, text, session := call(e, http.MethodPost, "/api/v1/sessions", "", `{"code":"ann"}`)
	if status != http.StatusCreated || session["new"] != true || session["expires_at"] != clock.Now().Add(30*24*time.Hour).Format(time.RFC3339) {
		t.Fatalf("sign in: %d %s", status, text)
	}
	if strings.Contains(text, "canary") || strings.Contains(text, "o-ann") {
		t.Errorf("the answer shows what stays on the server: %s", text)
	}
	token, _ := session["token"].(string)
	if status, text, _ = call(e, http.MethodPost, "/api/v1/me/phone", token, `{"code":"13800001234"}`); status != http.StatusOK || strings.TrimSpace(text) != `{"phone":"138****1234"}` {
		t.Errorf("bind phone: %d %s", status, text)
	}
	status, text, me := call(e, http.MethodGet, "/api/v1/me", token, "")
	if status != http.StatusOK || me["phone"] != "138****1234" || me["orders"] != 0.0 || me["first_order_at"] != nil || len(me["number"].(string)) != 12 {
		t.Errorf("me: %d %s", status, text)
	}
	if _, shown := me["id"]; shown {
		t.Errorf("a shopper sees a row id: %s", text)
	}
	for _, step := range []struct {
		body   string
		status int
		code   any
	}{
		{`{"month":2,"day":30}`, http.StatusBadRequest, "input.invalid"},
		{`{"month":2,"day":29,"year":1992}`, http.StatusNoContent, nil},
		{`{"month":2,"day":28,"year":1992}`, http.StatusConflict, "members.birthday_set"},
	} {
		if status, text, out := call(e, http.MethodPut, "/api/v1/me/birthday", token, step.body); status != step.status || out["code"] != step.code {
			t.Errorf("birthday %s: %d %s", step.body, status, text)
		}
	}
	if _, text, _ = call(e, http.MethodGet, "/api/v1/me", token, ""); !strings.Contains(text, `"birthday":{"month":2,"day":29,"year":1992}`) {
		t.Errorf("me with a birthday: %s", text)
	}
	if status, text, _ = call(e, http.MethodDelete, "/api/v1/sessions/current", token, ""); status != http.StatusNoContent {
		t.Errorf("sign out: %d %s", status, text)
	}
	if status, text, out := call(e, http.MethodGet, "/api/v1/me", token, ""); status != http.StatusUnauthorized || out["code"] != "members.session" {
		t.Errorf("after the sign-out: %d %s", status, text)
	}
}

func TestShopperRequestsThatAreRefused(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	e := memberServer(d, clock)
	_, _, session := call(e, http.MethodPost, "/api/v1/sessions", "", `{"code":"ann"}`)
	token := session["token"].(string)
	_, _, other := call(e, http.MethodPost, "/api/v1/sessions", "", `{"code":"bob"}`)
	if status, text, _ := call(e, http.MethodPost, "/api/v1/me/phone", other["token"].(string), `{"code":"13800009999"}`); status != http.StatusOK {
		t.Fatalf("bob's phone: %s", text)
	}
	tests := []struct {
		name, method, path, token, body string
		status                          int
		code                            string
	}{
		{"code used", "POST", "/sessions", "", `{"code":"ann"}`, 401, "members.login_code"},
		{"no code", "POST", "/sessions", "", `{}`, 400, "input.invalid"},
		{"empty code", "POST", "/sessions", "", `{"code":""}`, 400, "input.invalid"},
		{"code with a parameter in it", "POST", "/sessions", "", `{"code":"abc&appid=evil"}`, 400, "input.invalid"},
		{"huge code", "POST", "/sessions", "", `{"code":"` + strings.Repeat("a", 129) + `"}`, 400, "input.invalid"},
		{"code that is a number", "POST", "/sessions", "", `{"code":7}`, 400, "input.invalid"},
		{"unknown field", "POST", "/sessions", "", `{"code":"cat","member_id":1}`, 400, "input.invalid"},
		{"phone code that is dead", "POST", "/me/phone", token, `{"code":"dead"}`, 400, "members.phone_code"},
		{"another member's phone", "POST", "/me/phone", token, `{"code":"13800009999"}`, 409, "members.phone_taken"},
		{"a phone instead of a code's member", "POST", "/me/phone", token, `{"code":"13800001111","member_id":2}`, 400, "input.invalid"},
		{"no session", "GET", "/me", "", "", 401, ""},
		{"made-up session", "GET", "/me", random.Token(), "", 401, "members.session"},
		{"session of 5,000 characters", "GET", "/me", strings.Repeat("a", 5000), "", 401, ""},
		{"another member by query", "GET", "/me?id=2", token, "", 400, "input.invalid"},
	}
	for _, tt := range tests {
		status, text, out := call(e, tt.method, "/api/v1"+tt.path, tt.token, tt.body)
		if status != tt.status || tt.code != "" && out["code"] != tt.code {
			t.Errorf("%s: %d %s, want %d %s", tt.name, status, text, tt.status, tt.code)
		}
	}
	if _, _, me := call(e, http.MethodGet, "/api/v1/me", token, ""); me["phone"] != "" {
		t.Errorf("a refused request bound a phone: %v", me)
	}
}
