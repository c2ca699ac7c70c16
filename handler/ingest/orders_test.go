package ingest_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"huitou/handler/ingest"
	"huitou/handler/web"
	"huitou/model/db/dbtest"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/orders"
	"huitou/service/points"
)

const secret = "7Qm2Zx9Lr4Vt8Kp1Wn6Yb3Hd5Jf0Gs2Ac"

// till posts signed orders as a shop's system does.
func till(t *testing.T) func(body string) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	send := shop(t)
	return func(body string) (*httptest.ResponseRecorder, map[string]any) { return send("/orders", body) }
}

// shop posts whatever a shop's system signs.
func shop(t *testing.T) func(path, body string) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	return newShop(t).send
}

// shopServer is what a shop's system talks to, with the services behind it.
type shopServer struct {
	send    func(path, body string) (*httptest.ResponseRecorder, map[string]any)
	coupons *coupons.Service
	members *members.Service
}

func newShop(t *testing.T) shopServer {
	t.Helper()
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	told := facts.New(jobs.New(d, log))
	m := members.New(members.Deps{DB: d, MiniAppID: "mini", OAAppID: "oa", PhoneKey: make([]byte, 32), Facts: told, Log: log})
	c := coupons.New(coupons.Deps{DB: d, Members: m, Log: log})
	s := orders.New(orders.Deps{
		DB: d, Members: m, Points: points.New(points.Deps{DB: d, Log: log}), Coupons: c,
		Facts: told, Log: log, Rules: orders.Rules{PointsPerYuan: 1},
	})
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{Shops: map[string]web.ShopKey{"k1": {Source: "pos", Secret: secret}}}, clock.Now, log)
	ingest.Orders(r.Under("/ingest/v1"), s)
	ingest.Refunds(r.Under("/ingest/v1"), s)
	ingest.Actions(r.Under("/ingest/v1"), s.Earning, m.Find)
	ingest.CouponLocks(r.Under("/ingest/v1"), c, m)
	return shopServer{coupons: c, members: m, send: func(path, body string) (*httptest.ResponseRecorder, map[string]any) {
		req := httptest.NewRequest(http.MethodPost, "/ingest/v1"+path, strings.NewReader(body))
		stamp := strconv.FormatInt(clock.Now().Unix(), 10)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(web.HeaderShopKey, "k1")
		req.Header.Set(web.HeaderShopTimestamp, stamp)
		req.Header.Set(web.HeaderShopSignature, web.SignShop(secret, http.MethodPost, "/ingest/v1"+path, stamp, []byte(body)))
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, req)
		var answer map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
			answer = map[string]any{"not JSON": rec.Body.String()}
		}
		return rec, answer
	}}
}

var paid = `{"number":"1001","member":{"phone":"13800000000"},"paid_at":"` + dbtest.Start.Format(time.RFC3339) + `",
	"lines":[{"sku":"T-1","name":"西湖龙井","quantity":2,"price_fen":5000}],"goods_fen":10000,"freight_fen":800,"paid_fen":10800}`

func TestIngestOrder(t *testing.T) {
	post := till(t)
	rec, body := post(paid)
	if rec.Code != http.StatusCreated || body["fresh"] != true || body["points_earned"] != 100.0 || body["coupon"] != nil {
		t.Fatalf("the order answered %d %v", rec.Code, body)
	}
	rec, again := post(paid)
	if rec.Code != http.StatusOK || again["fresh"] != false || again["id"] != body["id"] || rec.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("the same order answered %d %v", rec.Code, again)
	}
	tests := []struct {
		name, old, new string
		status         int
		code           string
	}{
		{"other content", `"freight_fen":800`, `"freight_fen":0`, http.StatusBadRequest, "input.invalid"},
		{"another kind", `"number":"1001"`, `"number":"1001","kind":"membership"`, http.StatusConflict, "orders.conflict"},
		{"another customer", `13800000000`, `13800000001`, http.StatusConflict, "orders.conflict"},
		{"a member who does not exist", `"phone":"13800000000"`, `"number":"000000000000"`, http.StatusNotFound, "members.unknown"},
	}
	for _, tt := range tests {
		rec, body := post(strings.Replace(paid, tt.old, tt.new, 1))
		if rec.Code != tt.status || body["code"] != tt.code {
			t.Errorf("%s: %d %v, want %d %s", tt.name, rec.Code, body, tt.status, tt.code)
		}
	}
	_, coupon := post(strings.Replace(paid, `"number":"1001"`, `"number":"1002","coupon_code":"1234567890123456"`, 1))
	if c, ok := coupon["coupon"].(map[string]any); !ok || c["used"] != false || c["reason"] != "coupons.unknown" {
		t.Errorf("an unknown coupon answered %v; the order is a fact all the same", coupon)
	}
}

func TestIngestOrderBadInput(t *testing.T) {
	post := till(t)
	for name, change := range map[string][2]string{
		"unknown field":         {`"paid_fen"`, `"points":9,"paid_fen"`},
		"source from out":       {`"paid_fen"`, `"source":"other","paid_fen"`},
		"member by id":          {`"phone":"13800000000"`, `"member":1`},
		"nobody":                {`"phone":"13800000000"`, ``},
		"not a phone":           {`13800000000`, `1380000000x`},
		"full-width digits":     {`13800000000`, `１３８０００００００`},
		"text for number":       {`10800`, `"10800"`},
		"a fraction":            {`10800`, `10800.5`},
		"beyond 64 bits":        {`10800`, `99999999999999999999`},
		"negative":              {`"freight_fen":800`, `"freight_fen":-800`},
		"sums":                  {`10800`, `10801`},
		"empty number":          {`"1001"`, `""`},
		"Chinese number":        {`"1001"`, `"一"`},
		"local time":            {`Z"`, `"`},
		"in the future":         {`2026-11-21T04:00:00Z`, `2026-11-21T04:05:01Z`},
		"quantity of a million": {`"quantity":2`, `"quantity":1000001`},
		"unknown kind":          {`"number"`, `"kind":"gift","number"`},
		"not JSON":              {`{`, `<`},
	} {
		rec, body := post(strings.Replace(paid, change[0], change[1], 1))
		if rec.Code < 400 || rec.Code >= 500 || body["code"] == nil {
			t.Errorf("%s: %d %v", name, rec.Code, body)
		}
	}
	if rec, body := post(`{"number":"` + strings.Repeat("9", 2<<20) + `"}`); rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("two megabytes: %d %v", rec.Code, body)
	}
	if rec, body := post(paid); rec.Code != http.StatusCreated {
		t.Errorf("after all the refusals the order itself: %d %v", rec.Code, body)
	}
}
