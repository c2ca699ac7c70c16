package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"huitou/handler/admin"
	"huitou/handler/api"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/memberships"
	"huitou/service/messages"
	"huitou/service/payments"
	"huitou/service/staff"
	"huitou/wechat"
)

var errNoSession = fault.New(fault.Unauthenticated, "test.membership_session", "请登录", "sign in")

// payNothing is a WeChat Pay that takes prepay calls and is never paid.
type payNothing struct{}

func (payNothing) Prepay(_ context.Context, in wechat.Prepay) (string, error) {
	return "wx" + in.OutTradeNo, nil
}
func (payNothing) Params(id string) (wechat.PayParams, error) {
	return wechat.PayParams{AppID: "wxmini", TimeStamp: "1", NonceStr: "n", Package: "prepay_id=" + id, SignType: "RSA", PaySign: "s"}, nil
}
func (payNothing) Query(context.Context, string) (wechat.Transaction, error) {
	return wechat.Transaction{}, &wechat.PayError{HTTPStatus: 404, Code: wechat.PayOrderNotExist}
}
func (payNothing) Close(context.Context, string) error { return nil }

// shop is the routes of the paid card, with two shoppers "one" and "two" and the staff tokens "owner" and "clerk".
type shop struct {
	t    *testing.T
	db   *db.DB
	echo *echo.Echo
}

func newShop(t *testing.T) *shop {
	t.Helper()
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	q := jobs.New(d, log)
	f := facts.New(q)
	m := members.New(members.Deps{DB: d, MiniAppID: "wxmini", OAAppID: "wxoa", PhoneKey: make([]byte, 32), Facts: f, Log: log})
	p := payments.New(payments.Deps{DB: d, Gateway: payNothing{}, Queue: q, Facts: f, Log: log, AppID: "wxmini", MchID: "1900000109",
		NotifyURL: "https://shop.example/n", Payer: m.ShopperTx})
	s := memberships.New(memberships.Deps{DB: d, Members: m, Payments: p, Coupons: coupons.New(coupons.Deps{DB: d, Members: m, Log: log}),
		Messages: messages.New(messages.Deps{DB: d, Jobs: q, Followers: m, Log: log}), Queue: q, Facts: f, Log: log, People: m})
	facts.Subscribe(f, "memberships.activate", s.Activate)
	tokens := map[string]model.MemberID{}
	for _, name := range []string{"one", "two"} {
		err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
			tokens[name], _, err = m.EnsureTx(ctx, tx, members.Ref{AppID: "wxmini", OpenID: "o" + name})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	e := web.Server{Log: log, Now: clock.Now}.New()
	r := web.NewRoutes(e, "test", web.Auth{
		Member: func(_ context.Context, token string) (model.MemberID, error) {
			if id, ok := tokens[token]; ok {
				return id, nil
			}
			return 0, errNoSession
		},
		Staff: func(_ context.Context, token string) (staff.Actor, error) {
			if role := staff.Role(token); role.Valid() {
				return staff.Actor{ID: 1, Role: role}, nil
			}
			return staff.Actor{}, errNoSession
		},
	}, clock.Now, log)
	api.Memberships(r.Under("/api/v1"), s)
	admin.Memberships(r.Under("/admin/v1"), s)
	return &shop{t, d, e}
}

// call sends a request and returns the status and the decoded body.
func (s *shop) call(method, path, token, key, body string) (int, map[string]any) {
	s.t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	rec := httptest.NewRecorder()
	s.echo.ServeHTTP(rec, req)
	var out map[string]any
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
			s.t.Fatalf("%s %s: %v in %s", method, path, err, rec.Body)
		}
	}
	return rec.Code, out
}

func (s *shop) rows(table string) (n int) {
	s.t.Helper()
	err := s.db.Read(s.t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Raw("SELECT COUNT(*) FROM " + table).Scan(&n).Error
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

const yearly = `{"name":"年卡","price_fen":9900,"list_price_fen":19900,"unit":"months","length":12,"percent_off_bp":500,"points_multiplier_bp":20000,"on_sale":true}`

func (s *shop) plan() string {
	s.t.Helper()
	code, out := s.call(http.MethodPost, "/admin/v1/membership-plans", "owner", "plan-0001", yearly)
	if code != http.StatusCreated {
		s.t.Fatalf("make a plan: %d %v", code, out)
	}
	return out["id"].(string)
}

func TestMembershipRoutes(t *testing.T) {
	s := newShop(t)
	plan := s.plan()

	code, out := s.call(http.MethodGet, "/api/v1/membership-plans", "one", "", "")
	plans, _ := out["plans"].([]any)
	if code != http.StatusOK || len(plans) != 1 {
		t.Fatalf("plans: %d %v", code, out)
	}
	if p := plans[0].(map[string]any); p["id"] != plan || p["break_even_fen"] != 198000.0 || p["hint"] != "消费满 1980.00 元即可回本" {
		t.Errorf("plan %v", p)
	}
	code, bought := s.call(http.MethodPost, "/api/v1/membership-orders", "one", "tap-00001", `{"plan":"`+plan+`"}`)
	pay, _ := bought["pay"].(map[string]any)
	if code != http.StatusCreated || bought["price_fen"] != 9900.0 || pay["appId"] != "wxmini" || pay["paySign"] != "s" || pay["signType"] != "RSA" {
		t.Fatalf("buy: %d %v", code, bought)
	}
	number := bought["number"].(string)
	for _, key := range []string{"tap-00001", "tap-00002"} { // a double tap: with the key of the first one, and with a new one
		if code, out := s.call(http.MethodPost, "/api/v1/membership-orders", "one", key, `{"plan":"`+plan+`"}`); code != http.StatusCreated || out["number"] != number {
			t.Errorf("second tap: %d %v, want order %s", code, out, number)
		}
	}
	if n := s.rows("pay_orders"); n != 1 {
		t.Errorf("%d payments, want 1", n)
	}
	code, out = s.call(http.MethodGet, "/api/v1/membership-orders/"+number, "one", "", "")
	if code != http.StatusOK || out["state"] != "unpaid" || out["plan"] != "年卡" || out["from"] != nil {
		t.Errorf("order: %d %v", code, out)
	}
	if code, out := s.call(http.MethodGet, "/api/v1/membership-orders/"+number, "two", "", ""); code != http.StatusNotFound || out["code"] != "memberships.order_unknown" {
		t.Errorf("another member's order: %d %v", code, out)
	}
	code, out = s.call(http.MethodGet, "/api/v1/me/membership", "one", "", "")
	if code != http.StatusOK || out["active"] != false || out["points_multiplier_bp"] != 10000.0 {
		t.Errorf("card: %d %v", code, out)
	}
}

func TestMembershipRoutesRefuse(t *testing.T) {
	s := newShop(t)
	plan := s.plan()
	good := `{"plan":"` + plan + `"}`
	buy := func(body string) (string, string, string, string, string) {
		return http.MethodPost, "/api/v1/membership-orders", "one", "tap-00001", body
	}
	type request struct{ method, path, token, key, body string }
	of := func(method, path, token, key, body string) request { return request{method, path, token, key, body} }
	for _, tt := range []struct {
		name string
		in   request
		want int
	}{
		{"a price set by the client", of(buy(`{"plan":"` + plan + `","price_fen":1}`)), 400},
		{"an amount set by the client", of(buy(`{"plan":"` + plan + `","amount":{"total":1}}`)), 400},
		{"another member", of(buy(`{"plan":"` + plan + `","member_id":2}`)), 400},
		{"a state set by the client", of(buy(`{"plan":"` + plan + `","state":"paid"}`)), 400},
		{"no plan", of(buy(`{}`)), 400},
		{"an empty plan", of(buy(`{"plan":""}`)), 400},
		{"a plan that is a number", of(buy(`{"plan":1}`)), 400},
		{"a plan with capitals", of(buy(`{"plan":"` + strings.ToUpper(plan) + `"}`)), 400},
		{"a huge plan", of(buy(`{"plan":"` + strings.Repeat("a", 70000) + `"}`)), 413},
		{"an unknown plan", of(buy(`{"plan":"000000000000000000000000"}`)), 404},
		{"no JSON", of(buy(`plan`)), 400},
		{"no session", request{http.MethodPost, "/api/v1/membership-orders", "", "tap-00001", good}, 401},
		{"a bad session", request{http.MethodPost, "/api/v1/membership-orders", "three", "tap-00001", good}, 401},
		{"a session of staff", request{http.MethodPost, "/api/v1/membership-orders", "owner", "tap-00001", good}, 401},
		{"no key", request{http.MethodPost, "/api/v1/membership-orders", "one", "", good}, 400},
		{"a bad key", request{http.MethodPost, "/api/v1/membership-orders", "one", "a b c d e f", good}, 400},
		{"an order number that is none", request{http.MethodGet, "/api/v1/membership-orders/1", "one", "", ""}, 400},
		{"newbee-mall /paySuccess", request{http.MethodPost, "/api/v1/membership-orders/000000000000000000000000/paySuccess", "one", "tap-00001", "{}"}, 404},
		{"newbee-mall /paySuccess by GET", request{http.MethodGet, "/api/v1/paySuccess?orderNo=000000000000000000000000&payType=2", "one", "", ""}, 404},
		{"an order changed by its owner", request{http.MethodPut, "/api/v1/membership-orders/000000000000000000000000", "one", "", `{"state":"paid"}`}, 405},
		{"a card changed by its owner", request{http.MethodPost, "/api/v1/me/membership", "one", "tap-00001", `{"active":true}`}, 405},
		{"a plan made by a clerk", request{http.MethodPost, "/admin/v1/membership-plans", "clerk", "plan-0002", yearly}, 403},
		{"a plan made by a shopper", request{http.MethodPost, "/admin/v1/membership-plans", "one", "plan-0002", yearly}, 401},
		{"a plan for nothing", request{http.MethodPost, "/admin/v1/membership-plans", "owner", "plan-0002", strings.Replace(yearly, `"price_fen":9900`, `"price_fen":0`, 1)}, 400},
		{"a plan of weeks", request{http.MethodPost, "/admin/v1/membership-plans", "owner", "plan-0002", strings.Replace(yearly, "months", "weeks", 1)}, 400},
		{"a plan of 121 months", request{http.MethodPost, "/admin/v1/membership-plans", "owner", "plan-0002", strings.Replace(yearly, `:12,`, `:121,`, 1)}, 400},
		{"a plan with the key of another", request{http.MethodPost, "/admin/v1/membership-plans", "owner", "plan-0001", strings.Replace(yearly, `9900,`, `9800,`, 1)}, 422},
	} {
		code, out := s.call(tt.in.method, tt.in.path, tt.in.token, tt.in.key, tt.in.body)
		if code != tt.want {
			t.Errorf("%s: %d %v, want %d", tt.name, code, out, tt.want)
		}
		if out["code"] == nil || out["code"] == "internal" {
			t.Errorf("%s: no stable code in %v", tt.name, out)
		}
	}
	if o, p, n := s.rows("membership_orders"), s.rows("pay_orders"), s.rows("membership_plans"); o != 0 || p != 0 || n != 1 {
		t.Errorf("%d orders, %d payments and %d plans after refusals, want 0, 0 and 1", o, p, n)
	}
	if code, out := s.call(buy(good)); code != http.StatusCreated {
		t.Fatalf("buy: %d %v", code, out)
	}
	if code, out := s.call(buy(`{"plan":"000000000000000000000000"}`)); code != http.StatusUnprocessableEntity || out["code"] != "idempotency.key_reused" {
		t.Errorf("the key again for another plan: %d %v", code, out)
	}
}
