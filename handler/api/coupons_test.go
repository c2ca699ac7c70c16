package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"huitou/handler/api"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db/dbtest"
	"huitou/service/coupons"
)

// couponServer serves coupons; the token of a session is the member's id.
func couponServer(t *testing.T) (*echo.Echo, *coupons.Service) {
	t.Helper()
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	s := coupons.New(coupons.Deps{DB: d, Log: log})
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{
		Member: func(_ context.Context, token string) (model.MemberID, error) {
			id, err := strconv.ParseInt(token, 10, 64)
			return model.MemberID(id), err
		},
	}, clock.Now, log)
	api.Coupons(r.Under("/api/v1"), s)
	api.Quotes(r.Under("/api/v1"), s)
	return e, s
}

func askCoupons(e *echo.Echo, token, key, method, path, body string) (*httptest.ResponseRecorder, map[string]any) {
	req := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+token)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, req)
	var answer map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
		answer = map[string]any{"not JSON": rec.Body.String()}
	}
	return rec, answer
}

func offered(t *testing.T, s *coupons.Service, total int64) string {
	t.Helper()
	v, err := s.CreateTemplate(context.Background(), coupons.NewTemplate{
		Name: "满50减10", CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 1000, ThresholdFen: 5000},
		UseDays: 7, Total: total, PerMember: 1, Claimable: true,
	})
	if err == nil {
		_, err = s.Activate(context.Background(), 1, v.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(v.ID)
}

func TestClaimCoupon(t *testing.T) {
	e, s := couponServer(t)
	id, other := offered(t, s, 1), offered(t, s, -1)
	first, body := askCoupons(e, "7", "key-00000001", http.MethodPost, "/coupon-templates/"+id+"/claims", "")
	if first.Code != http.StatusCreated || body["name"] != "满50减10" || body["amount_fen"] != 1000.0 || body["state"] != "issued" {
		t.Fatalf("the claim answered %d %v", first.Code, body)
	}
	again, _ := askCoupons(e, "7", "key-00000001", http.MethodPost, "/coupon-templates/"+id+"/claims", "")
	if again.Code != http.StatusCreated || again.Body.String() != first.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("the same tap answered %d %s, want the first answer, marked as replayed", again.Code, again.Body)
	}
	tests := []struct {
		name, member, key, id string
		status                int
		code                  string
	}{
		{"the same key, another template", "7", "key-00000001", other, http.StatusUnprocessableEntity, "idempotency.key_reused"},
		{"a second one", "7", "key-00000002", id, http.StatusConflict, "coupons.limit_reached"},
		{"sold out", "8", "key-00000001", id, http.StatusConflict, "coupons.sold_out"},
		{"no such template", "8", "key-00000001", strings.Repeat("0", 24), http.StatusNotFound, "coupons.template_unknown"},
	}
	for _, tt := range tests {
		rec, body := askCoupons(e, tt.member, tt.key, http.MethodPost, "/coupon-templates/"+tt.id+"/claims", "")
		if rec.Code != tt.status || body["code"] != tt.code {
			t.Errorf("%s: %d %v, want %d %s", tt.name, rec.Code, body, tt.status, tt.code)
		}
	}
	for name, path := range map[string]string{"short id": "/coupon-templates/1/claims", "SQL": "/coupon-templates/'%20OR%201=1--00000000000/claims"} {
		if rec, body := askCoupons(e, "8", "key-00000009", http.MethodPost, path, ""); rec.Code < 400 || rec.Code >= 500 || body["code"] == "" {
			t.Errorf("%s: %d %v", name, rec.Code, body)
		}
	}
	if rec, body := askCoupons(e, "8", "", http.MethodPost, "/coupon-templates/"+other+"/claims", ""); rec.Code < 400 || rec.Code >= 500 {
		t.Errorf("without a key: %d %v", rec.Code, body)
	}
	_, mine := askCoupons(e, "7", "", http.MethodGet, "/me/coupons", "")
	if list := mine["coupons"].([]any); len(list) != 1 || list[0].(map[string]any)["code"] != body["code"] {
		t.Errorf("member 7 holds %v", mine)
	}
	if _, his := askCoupons(e, "8", "", http.MethodGet, "/me/coupons", ""); len(his["coupons"].([]any)) != 0 {
		t.Errorf("member 8 sees %v", his)
	}
	_, centre := askCoupons(e, "7", "", http.MethodGet, "/coupon-templates", "")
	for i, want := range []string{"", "coupons.limit_reached"} {
		if o := centre["templates"].([]any)[i].(map[string]any); o["reason"] != want || o["claimable"] != (want == "") {
			t.Errorf("offer %d is %v, want reason %q", i, o, want)
		}
	}
	if rec, body := askCoupons(e, "7", "", http.MethodGet, "/me/coupons?cursor=x", ""); rec.Code != http.StatusBadRequest || body["code"] != "page.cursor" {
		t.Errorf("a made-up cursor: %d %v", rec.Code, body)
	}
}
