package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/staff"
)

var (
	errGone    = fault.New(fault.Conflict, "test.gone", "没有了", "gone")
	errSession = fault.New(fault.Unauthenticated, "test.session", "请登录", "sign in")
	start      = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
)

const secret = "kX8vQ2mZr5Tn9Lw3Bc7Yd1Hf6Jg4Ps0uAa"

type thing struct {
	Name   string `json:"name" minLength:"1" maxLength:"5"`
	Amount int64  `json:"amount_fen" minimum:"0" maximum:"1000000000"`
}

type (
	makeThing struct {
		web.Idempotent
		Body thing
	}
	made struct {
		Body struct {
			Who string `json:"who"`
			Key string `json:"key"`
		}
	}
	empty  struct{}
	signed struct{ Body thing }
)

// server is a world with one route of each policy. logs gets what was logged.
func server(t *testing.T, logs *bytes.Buffer, s web.Server) *echo.Echo {
	t.Helper()
	s.Now = func() time.Time { return start }
	s.Log = slog.New(slog.NewTextHandler(logs, nil))
	e := s.New()
	r := web.NewRoutes(e, "test", web.Auth{
		Member: func(_ context.Context, token string) (model.MemberID, error) {
			if token != "good" {
				return 0, errSession
			}
			return 7, nil
		},
		Staff: func(_ context.Context, token string) (staff.Actor, error) {
			if role, ok := strings.CutPrefix(token, "staff-"); ok {
				return staff.Actor{ID: 3, Role: staff.Role(role)}, nil
			}
			return staff.Actor{}, errSession
		},
		Shops: map[string]web.ShopKey{"k1": {Source: "pos", Secret: secret}},
	}, s.Now, s.Log)
	doc := func(id string) web.Doc {
		return web.Doc{ID: id, Summary: "s", Tag: "t", Errors: []*fault.Fault{errGone}}
	}
	web.Post(r, "/things", web.Shopper, doc("make"), func(ctx context.Context, in *makeThing) (*made, error) {
		switch in.Body.Name {
		case "gone":
			return nil, fmt.Errorf("make: %w", errGone.With("left", 0))
		case "boom":
			return nil, errors.New("password=hunter2")
		case "panic":
			panic("password=hunter2")
		}
		web.Replayed(ctx, in.Body.Name == "again")
		out := &made{}
		out.Body.Who, out.Body.Key = strconv.FormatInt(int64(web.Member(ctx)), 10), in.Key(ctx).Scope
		return out, nil
	})
	web.Get(r, "/staff", web.Staff(staff.ReportsRead), doc("staff"), func(ctx context.Context, _ *empty) (*made, error) { return &made{}, nil })
	web.Post(r, "/shop", web.Shop, doc("shop"), func(ctx context.Context, in *signed) (*made, error) {
		out := &made{}
		out.Body.Who = web.ShopSource(ctx)
		return out, nil
	})
	web.Get(r, "/ip", web.Anyone, doc("ip"), func(ctx context.Context, _ *empty) (*made, error) {
		out := &made{}
		out.Body.Who = web.ClientIP(ctx)
		return out, nil
	})
	return e
}

type answer struct {
	*httptest.ResponseRecorder
	Problem web.Problem
}

func call(e *echo.Echo, method, path, body string, headers ...string) answer {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, req)
	a := answer{ResponseRecorder: rec}
	_ = json.Unmarshal(rec.Body.Bytes(), &a.Problem)
	return a
}

var shopper = []string{"Authorization", "Bearer good", "Idempotency-Key", "key-00001"}

func TestARouteWithoutPolicyDoesNotStart(t *testing.T) {
	for name, p := range map[string]web.Policy{"none": {}, "staff without permission": web.Staff("")} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("the route was declared")
				}
			}()
			r := web.NewRoutes(echo.New(), "test", web.Auth{}, time.Now, slog.Default())
			web.Get(r, "/open", p, web.Doc{ID: "open", Summary: "s", Tag: "t"}, func(context.Context, *empty) (*made, error) { return nil, nil })
		})
	}
}

// T7, T8: wrong, missing, unknown, huge and odd input is refused with a stable code before a handler runs.
func TestT7T8BadInputIsRefused(t *testing.T) {
	e := server(t, &bytes.Buffer{}, web.Server{})
	tests := []struct {
		name, body string
		status     int
		code       string
	}{
		{"good", `{"name":"a","amount_fen":5}`, 200, ""},
		{"unknown field", `{"name":"a","amount_fen":5,"member_id":9}`, 400, "input.invalid"},
		{"wrong type", `{"name":5,"amount_fen":5}`, 400, "input.invalid"},
		{"number as text", `{"name":"a","amount_fen":"5"}`, 400, "input.invalid"},
		{"full-width digits", `{"name":"a","amount_fen":"５"}`, 400, "input.invalid"},
		{"negative", `{"name":"a","amount_fen":-1}`, 400, "input.invalid"},
		{"above the cap", `{"name":"a","amount_fen":1000000001}`, 400, "input.invalid"},
		{"2^63", `{"name":"a","amount_fen":9223372036854775808}`, 400, "input.invalid"},
		{"fraction", `{"name":"a","amount_fen":1.5}`, 400, "input.invalid"},
		{"NaN", `{"name":"a","amount_fen":NaN}`, 400, "input.invalid"},
		{"missing", `{"name":"a"}`, 400, "input.invalid"},
		{"empty text", `{"name":"","amount_fen":5}`, 400, "input.invalid"},
		{"long text", `{"name":"abcdef","amount_fen":5}`, 400, "input.invalid"},
		{"null", `null`, 400, "input.invalid"},
		{"list", `[]`, 400, "input.invalid"},
		{"no body", ``, 400, "http.body"},
		{"not JSON", `{"name":`, 400, "input.invalid"},
		{"more than one value", `{"name":"a","amount_fen":5}{}`, 400, "input.invalid"},
		{"huge", `{"name":"` + strings.Repeat("a", 70_000) + `","amount_fen":5}`, 413, "http.body_size"},
		{"deep", strings.Repeat("[", 20_000), 400, "input.invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := call(e, "POST", "/things", tt.body, shopper...)
			if a.Code != tt.status || a.Problem.Code != tt.code {
				t.Errorf("answer %d %q, want %d %q: %s", a.Code, a.Problem.Code, tt.status, tt.code, a.Body)
			}
			if tt.status >= 400 && a.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("content type %q", a.Header().Get("Content-Type"))
			}
		})
	}
	for _, tt := range []struct {
		name, method, path string
		status             int
		code               string
		headers            []string
	}{
		{"no key", "POST", "/things", 400, "input.invalid", []string{"Authorization", "Bearer good"}},
		{"short key", "POST", "/things", 400, "input.invalid", []string{"Authorization", "Bearer good", "Idempotency-Key", "k"}},
		{"form", "POST", "/things", 415, "http.media_type", append([]string{"Content-Type", "text/plain"}, shopper...)},
		{"unknown query", "GET", "/ip?debug=1", 400, "input.invalid", nil},
		{"no such address", "GET", "/nothing", 404, "http.not_found", nil},
		{"other method", "DELETE", "/things", 405, "http.method", shopper},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := ""
			if tt.method == "POST" {
				body = `{"name":"a","amount_fen":5}`
			}
			if a := call(e, tt.method, tt.path, body, tt.headers...); a.Code != tt.status || a.Problem.Code != tt.code {
				t.Errorf("answer %d %q, want %d %q: %s", a.Code, a.Problem.Code, tt.status, tt.code, a.Body)
			}
		})
	}
}

func TestSessionsAndRolesAreAskedFor(t *testing.T) {
	e := server(t, &bytes.Buffer{}, web.Server{})
	body := `{"name":"a","amount_fen":5}`
	for name, headers := range map[string][]string{
		"none": {"Idempotency-Key", "key-00001"}, "empty": {"Authorization", "Bearer ", "Idempotency-Key", "key-00001"},
		"bad": {"Authorization", "Bearer bad"}, "basic": {"Authorization", "Basic good"}, "huge": {"Authorization", "Bearer " + strings.Repeat("g", 10_000)},
		"staff's": {"Authorization", "Bearer staff-owner"},
	} {
		if a := call(e, "POST", "/things", body, headers...); a.Code != 401 {
			t.Errorf("%s: answer %d, want 401", name, a.Code)
		}
	}
	// CRMEB#119: a role with no rights may do nothing.
	if a := call(e, "GET", "/staff", "", "Authorization", "Bearer staff-nobody"); a.Code != 403 || a.Problem.Code != "permission.denied" {
		t.Errorf("a role without rights got %d %s", a.Code, a.Problem.Code)
	}
	if a := call(e, "GET", "/staff", "", "Authorization", "Bearer staff-owner"); a.Code != 200 {
		t.Errorf("the owner got %d", a.Code)
	}
	a := call(e, "POST", "/things", body, shopper...)
	if !strings.Contains(a.Body.String(), `"who":"7"`) || !strings.Contains(a.Body.String(), `"key":"make member:7"`) {
		t.Errorf("the handler saw %s", a.Body)
	}
}

func TestRefusalsSpeakTheClientsLanguageAndReplaysAreMarked(t *testing.T) {
	e := server(t, &bytes.Buffer{}, web.Server{})
	body := `{"name":"gone","amount_fen":5}`
	if a := call(e, "POST", "/things", body, shopper...); a.Code != 409 || a.Problem.Detail != "没有了" || a.Problem.More["left"] != float64(0) || a.Problem.ID == "" {
		t.Errorf("answer %d %+v", a.Code, a.Problem)
	}
	if a := call(e, "POST", "/things", body, append([]string{"Accept-Language", "en-GB,zh"}, shopper...)...); a.Problem.Detail != "gone" {
		t.Errorf("detail %q, want English", a.Problem.Detail)
	}
	if a := call(e, "POST", "/things", `{"name":"again","amount_fen":5}`, shopper...); a.Header().Get("Idempotency-Replayed") != "true" {
		t.Error("a replay was not marked")
	}
	if a := call(e, "POST", "/things", `{"name":"a","amount_fen":5}`, shopper...); a.Header().Get("Idempotency-Replayed") != "" {
		t.Error("a first answer was marked as a replay")
	}
}

// T34: what is ours to mend is logged with the request's id and shown without its text.
func TestT34InternalErrorsKeepTheirTextInside(t *testing.T) {
	for _, name := range []string{"boom", "panic"} {
		var logs bytes.Buffer
		a := call(server(t, &logs, web.Server{}), "POST", "/things", `{"name":"`+name+`","amount_fen":5}`, shopper...)
		if a.Code != 500 || a.Problem.Code != "internal" || strings.Contains(a.Body.String(), "hunter2") {
			t.Errorf("%s: answer %d %s", name, a.Code, a.Body)
		}
		if !strings.Contains(logs.String(), a.Problem.ID) || a.Problem.ID == "" {
			t.Errorf("%s: the log does not name request %q", name, a.Problem.ID)
		}
		if strings.Contains(logs.String(), "Bearer good") || strings.Contains(logs.String(), "token=good") {
			t.Errorf("%s: the log holds the session", name)
		}
	}
}

func TestShopSignaturesAreChecked(t *testing.T) {
	e := server(t, &bytes.Buffer{}, web.Server{})
	body := `{"name":"a","amount_fen":5}`
	sign := func(key, secret string, at time.Time, path, body string) []string {
		stamp := strconv.FormatInt(at.Unix(), 10)
		return []string{web.HeaderShopKey, key, web.HeaderShopTimestamp, stamp, web.HeaderShopSignature, web.SignShop(secret, "POST", path, stamp, []byte(body))}
	}
	if a := call(e, "POST", "/shop", body, sign("k1", secret, start, "/shop", body)...); a.Code != 200 || !strings.Contains(a.Body.String(), `"who":"pos"`) {
		t.Fatalf("a good signature got %d %s", a.Code, a.Body)
	}
	for name, headers := range map[string][]string{
		"none":           nil,
		"unknown key":    sign("k2", secret, start, "/shop", body),
		"unknown, empty": sign("k2", "", start, "/shop", body),
		"wrong secret":   sign("k1", secret+"x", start, "/shop", body),
		"other body":     sign("k1", secret, start, "/shop", body+" "),
		"other path":     sign("k1", secret, start, "/shops", body),
		"too old":        sign("k1", secret, start.Add(-301*time.Second), "/shop", body),
		"too new":        sign("k1", secret, start.Add(301*time.Second), "/shop", body),
		"no timestamp":   {web.HeaderShopKey, "k1", web.HeaderShopSignature, web.SignShop(secret, "POST", "/shop", "", []byte(body))},
	} {
		if a := call(e, "POST", "/shop", body, headers...); a.Code != 401 || a.Problem.Code != "shop.signature" {
			t.Errorf("%s: answer %d %s", name, a.Code, a.Problem.Code)
		}
	}
	big := strings.Repeat("a", 1<<20+1)
	if a := call(e, "POST", "/shop", big, sign("k1", secret, start, "/shop", big)...); a.Code != 413 {
		t.Errorf("2 MiB got %d", a.Code)
	}
}

// T31 (reliability.md E14, CVE-2026-118653): nobody chooses his own address by a header.
func TestT31ForwardedForIsBelievedFromProxiesOnly(t *testing.T) {
	for name, tt := range map[string]struct {
		trusted []*net.IPNet
		want    string
	}{
		"no proxy":        {nil, "192.0.2.1"},
		"trusted proxy":   {[]*net.IPNet{{IP: net.IPv4(192, 0, 2, 0), Mask: net.CIDRMask(24, 32)}}, "203.0.113.9"},
		"untrusted proxy": {[]*net.IPNet{{IP: net.IPv4(10, 0, 0, 0), Mask: net.CIDRMask(8, 32)}}, "192.0.2.1"},
	} {
		e := server(t, &bytes.Buffer{}, web.Server{TrustedProxies: tt.trusted})
		a := call(e, "GET", "/ip", "", "X-Forwarded-For", "203.0.113.9", "X-Real-IP", "203.0.113.8")
		if !strings.Contains(a.Body.String(), `"who":"`+tt.want+`"`) {
			t.Errorf("%s: %s, want %s", name, a.Body, tt.want)
		}
	}
}

// T31: a caller who hammers is stopped, and only he: members behind one address do not share a limit.
func TestT31LimitsHoldPerCaller(t *testing.T) {
	e := server(t, &bytes.Buffer{}, web.Server{})
	refused := 0
	for range 100 {
		if a := call(e, "POST", "/things", `{"name":"a","amount_fen":5}`, shopper...); a.Code == 429 {
			refused++
			if a.Header().Get("Retry-After") == "" || a.Problem.Code != "http.rate" {
				t.Fatalf("answer %v %s", a.Header(), a.Body)
			}
		}
	}
	if refused == 0 || refused > 40 {
		t.Errorf("%d of 100 calls of one member at once were refused, want those beyond the burst of 60", refused)
	}
	if a := call(e, "GET", "/staff", "", "Authorization", "Bearer staff-owner"); a.Code != 200 {
		t.Errorf("somebody else at the same address got %d", a.Code)
	}
}

// T20 (reliability.md E15): a packed body is not unpacked.
func TestT20GzipBodiesAreNotUnpacked(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	fmt.Fprintf(w, `{"name":"a","amount_fen":5,"x":"%s"}`, strings.Repeat("a", 1<<20))
	w.Close()
	e := server(t, &bytes.Buffer{}, web.Server{})
	if a := call(e, "POST", "/things", packed.String(), append([]string{"Content-Encoding", "gzip"}, shopper...)...); a.Code != http.StatusBadRequest {
		t.Errorf("answer %d, want 400", a.Code)
	}
}

func TestAnswersCarrySafeHeaders(t *testing.T) {
	e := server(t, &bytes.Buffer{}, web.Server{})
	for _, path := range []string{"/ip", "/nothing"} {
		h := call(e, "GET", path, "").Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Request-Id") == "" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: headers %v", path, h)
		}
	}
}
