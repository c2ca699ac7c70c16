package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"huitou/handler/admin"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/staff"
)

// counter is a shop with a clerk, and one member whose phone is 13800001234.
type counter struct {
	echo   *echo.Echo
	staff  *staff.Service
	member members.View
}

const clerkPassword = "long-river-9-tea"

func newCounter(t *testing.T) counter {
	t.Helper()
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	people := staff.New(staff.Deps{DB: d})
	if _, err := people.Add(t.Context(), staff.Add{Name: "wang", Password: clerkPassword, Role: staff.Clerk}); err != nil {
		t.Fatal(err)
	}
	s := members.New(members.Deps{DB: d, MiniAppID: "wxtest-mini", OAAppID: "wxtest-oa", PhoneKey: bytes.Repeat([]byte{7}, 32), Facts: facts.New(jobs.New(d, log))})
	var id model.MemberID
	err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		id, _, err = s.EnsureTx(ctx, tx, members.Ref{Phone: "13800001234"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	view, err := s.Member(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{Staff: people.Authenticate}, clock.Now, log).Under("/admin/v1")
	admin.Sessions(r, people)
	admin.Members(r, s)
	return counter{e, people, view}
}

func (c counter) call(method, path, token, body string) (int, string, map[string]any) {
	req := httptest.NewRequest(method, "/admin/v1"+path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	c.echo.ServeHTTP(rec, req)
	var out map[string]any
	_ = json.Unmarshal(rec.Body.Bytes(), &out) // an empty body has none
	return rec.Code, rec.Body.String(), out
}

func TestClerkLooksMembersUp(t *testing.T) {
	c := newCounter(t)
	status, text, session := c.call("POST", "/sessions", "", fmt.Sprintf(`{"name":"Wang","password":%q}`, clerkPassword))
	if status != http.StatusCreated || session["name"] != "wang" || session["role"] != "clerk" {
		t.Fatalf("sign in: %d %s", status, text)
	}
	token := session["token"].(string)
	tests := []struct {
		name, path string
		status     int
		code       string
	}{
		{"by phone", "/members?phone=13800001234", 200, ""},
		{"by phone in another form", "/members?phone=%2B86%20138-0000-1234", 200, ""},
		{"by number", "/members?number=" + c.member.Number, 200, ""},
		{"by both", "/members?phone=13800001234&number=" + c.member.Number, 200, ""},
		{"by id", fmt.Sprint("/members/", c.member.ID), 200, ""},
		{"a phone that nobody has", "/members?phone=13800000000", 404, "members.unknown"},
		{"a number that nobody has", "/members?number=000000000000", 404, "members.unknown"},
		{"an id that nobody has", "/members/999999", 404, "members.unknown"},
		{"nothing", "/members", 400, "input.invalid"},
		{"half a phone", "/members?phone=1380000", 400, "input.invalid"},
		{"a pattern", "/members?phone=138%25", 400, "input.invalid"},
		{"half a number", "/members?number=12", 400, "input.invalid"},
		{"another field", "/members?open_id=o", 400, "input.invalid"},
		{"id zero", "/members/0", 400, "input.invalid"},
		{"negative id", "/members/-1", 400, "input.invalid"},
		{"huge id", "/members/99999999999999999999", 400, "input.invalid"},
	}
	for _, tt := range tests {
		status, text, out := c.call("GET", tt.path, token, "")
		if status != tt.status || tt.code != "" && out["code"] != tt.code {
			t.Errorf("%s: %d %s, want %d %s", tt.name, status, text, tt.status, tt.code)
		}
		if status == http.StatusOK && (out["phone"] != "138****1234" || out["id"] != float64(c.member.ID) || strings.Contains(text, "13800001234")) {
			t.Errorf("%s: %s", tt.name, text)
		}
		if status, text, _ := c.call("GET", tt.path, "", ""); status != http.StatusUnauthorized {
			t.Errorf("%s without a session: %d %s", tt.name, status, text)
		}
	}
	if status, text, _ := c.call("DELETE", "/sessions/current", token, ""); status != http.StatusNoContent {
		t.Errorf("sign out: %d %s", status, text)
	}
	if status, text, out := c.call("GET", "/members?phone=13800001234", token, ""); status != http.StatusUnauthorized || out["code"] != "staff.session" {
		t.Errorf("after the sign-out: %d %s", status, text)
	}
}

func TestStaffSignInRefuses(t *testing.T) {
	c := newCounter(t)
	tests := []struct {
		name, body string
		status     int
		code       string
	}{
		{"wrong password", `{"name":"wang","password":"not-the-password"}`, 401, "staff.credentials"},
		{"unknown name", `{"name":"nobody","password":"not-the-password"}`, 401, "staff.credentials"},
		{"empty password", `{"name":"wang","password":""}`, 400, "input.invalid"},
		{"no name", `{"password":"not-the-password"}`, 400, "input.invalid"},
		{"password as a list", `{"name":"wang","password":["a"]}`, 400, "input.invalid"},
		{"a role on top", `{"name":"wang","password":"x","role":"owner"}`, 400, "input.invalid"},
		{"password of 257", `{"name":"wang","password":"` + strings.Repeat("x", 257) + `"}`, 400, "input.invalid"},
	}
	for _, tt := range tests {
		status, text, out := c.call("POST", "/sessions", "", tt.body)
		if status != tt.status || out["code"] != tt.code {
			t.Errorf("%s: %d %s, want %d %s", tt.name, status, text, tt.status, tt.code)
		}
	}
	for i := range 20 {
		status, text, out := c.call("POST", "/sessions", "", `{"name":"wang","password":"not-the-password"}`)
		if status == http.StatusTooManyRequests && out["code"] == "staff.too_many_attempts" {
			return
		}
		if status != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d %s", i, status, text)
		}
	}
	t.Error("20 guesses in a row were all evaluated")
}
