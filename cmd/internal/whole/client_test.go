package whole

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"huitou/handler/web"
	"huitou/model/random"
)

type exchangeKey struct{}

func withExchange(ctx context.Context, x exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// call is one request to the shop. Its zero fields are left out.
type call struct {
	method, path string // the path may have a query
	token, key   string // bearer session, idempotency key
	body         any    // []byte goes out as it is, anything else as JSON
	signed       bool   // by the shop's own system
	header       map[string]string
}

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	problem web.Problem
}

// request builds the request.
func (s *shop) request(t *testing.T, c call) *http.Request {
	t.Helper()
	body, raw := c.body.([]byte)
	if !raw && c.body != nil {
		var err error
		if body, err = json.Marshal(c.body); err != nil {
			t.Fatal(err)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), c.method, s.url+c.path, bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, c.path, err)
	}
	if c.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.key != "" {
		req.Header.Set("Idempotency-Key", c.key)
	}
	if c.signed {
		stamp := strconv.FormatInt(s.clock.Now().Unix(), 10)
		req.Header.Set(web.HeaderShopKey, s.logins.IngestKey)
		req.Header.Set(web.HeaderShopTimestamp, stamp)
		req.Header.Set(web.HeaderShopSignature, web.SignShop(s.logins.IngestSecret, c.method, req.URL.RequestURI(), stamp, body))
	}
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	return req
}

// do makes a call; any status is fine.
func (s *shop) do(t *testing.T, c call) answer {
	t.Helper()
	a, err := s.send(s.request(t, c))
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, c.path, err)
	}
	return a
}

func (s *shop) send(req *http.Request) (answer, error) {
	res, err := s.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header}
	if a.body, err = io.ReadAll(res.Body); err != nil {
		return a, err
	}
	if a.status >= 400 {
		_ = json.Unmarshal(a.body, &a.problem) // what is no problem document has no code, and tests ask for one
	}
	return a, nil
}

// must makes a call that has to succeed, and decodes the answer into out unless it is nil.
func (s *shop) must(t *testing.T, c call, out any) answer {
	t.Helper()
	a := s.do(t, c)
	if a.status >= 300 {
		t.Fatalf("%s %s answered %d %s", c.method, c.path, a.status, a.body)
	}
	if out != nil {
		if err := json.Unmarshal(a.body, out); err != nil {
			t.Fatalf("%s %s: %v in %s", c.method, c.path, err, a.body)
		}
	}
	return a
}

// weixinDoes tells the simulator to do something, and decodes its answer.
func (s *shop) weixinDoes(t *testing.T, method, path string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.control+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.send(req)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("simulator: %s %s answered %d %s %v", method, path, a.status, a.body, err)
	}
	if out != nil {
		if err := json.Unmarshal(a.body, out); err != nil {
			t.Fatalf("simulator: %s %s: %v in %s", method, path, err, a.body)
		}
	}
}

// shopper is a customer with a phone in his hand.
type shopper struct {
	user, phone, openID string // at WeChat
	token, number       string // in the shop
}

// shopper makes a customer who signed in and bound his phone.
func (s *shop) shopper(t *testing.T) shopper {
	t.Helper()
	var user struct {
		ID    string `json:"id"`
		Phone string `json:"phone"`
		Mini  string `json:"mini_openid"`
	}
	s.weixinDoes(t, "POST", "/_sim/users", map[string]string{}, &user)
	p := shopper{user: user.ID, phone: user.Phone, openID: user.Mini}
	p.token = s.signIn(t, p)
	var code struct {
		Code string `json:"code"`
	}
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/phone", struct{}{}, &code)
	s.must(t, call{method: "POST", path: "/api/v1/me/phone", token: p.token, body: code}, nil)
	var me struct {
		Number string `json:"number"`
	}
	s.must(t, call{method: "GET", path: "/api/v1/me", token: p.token}, &me)
	p.number = me.Number
	return p
}

// signIn signs a customer in and returns the token of a new session.
func (s *shop) signIn(t *testing.T, p shopper) string {
	t.Helper()
	var login struct {
		Code string `json:"js_code"`
	}
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/login", struct{}{}, &login)
	var session struct {
		Token string `json:"token"`
	}
	s.must(t, call{method: "POST", path: "/api/v1/sessions", body: map[string]string{"code": login.Code}}, &session)
	return session.Token
}

// staffSignIn signs a member of staff in.
func (s *shop) staffSignIn(t *testing.T, name, password string) string {
	t.Helper()
	var session struct {
		Token string `json:"token"`
	}
	s.must(t, call{method: "POST", path: "/admin/v1/sessions", body: map[string]string{"name": name, "password": password}}, &session)
	return session.Token
}

// owner signs the demo shop's owner in.
func (s *shop) owner(t *testing.T) string {
	t.Helper()
	return s.staffSignIn(t, s.logins.StaffName, s.logins.StaffPassword)
}

// order is a body for the ingest API: one good, paid now.
func (s *shop) order(number, phone string, fen int64) map[string]any {
	return map[string]any{
		"number": number, "kind": "goods", "member": map[string]any{"phone": phone}, "paid_at": s.clock.Now().UTC().Format("2006-01-02T15:04:05Z07:00"),
		"lines":     []any{map[string]any{"sku": "A-1", "name": "明前龙井", "category": "茶叶", "quantity": 1, "price_fen": fen}},
		"goods_fen": fen, "freight_fen": 0, "discount_fen": 0, "paid_fen": fen, "coupon_code": "",
	}
}

// earns gives a customer points by an order: one a yuan.
func (s *shop) earns(t *testing.T, p shopper, points int64) {
	t.Helper()
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("W-"+random.ID(), p.phone, points*100)}, nil)
}

// id is the part of an answer that names a new thing.
type id struct {
	ID     string `json:"id"`
	Number string `json:"number"`
	Code   string `json:"code"`
}

// template makes an active coupon without limits.
func (s *shop) template(t *testing.T, owner string) string {
	t.Helper()
	var made id
	s.must(t, call{method: "POST", path: "/admin/v1/coupon-templates", token: owner, key: newKey(), body: map[string]any{
		"name": "满50减10", "kind": "amount", "amount_fen": 1000, "threshold_fen": 5000, "total": -1, "per_member": 0, "use_days": 30, "claimable": true, "issuable": true,
	}}, &made)
	s.must(t, call{method: "POST", path: "/admin/v1/coupon-templates/" + made.ID + "/activate", token: owner}, nil)
	return made.ID
}

// giftOf makes a gift of a kind for one point.
func (s *shop) giftOf(t *testing.T, owner, kind string, stock int) string {
	t.Helper()
	var made id
	s.must(t, call{method: "POST", path: "/admin/v1/gifts", token: owner, key: newKey(), body: map[string]any{
		"name": "龙井茶礼盒", "kind": kind, "points": 1, "stock": stock,
	}}, &made)
	return made.ID
}

// gift makes a gift to be picked up, for some points.
func (s *shop) gift(t *testing.T, owner string, points int64) string {
	t.Helper()
	var made id
	s.must(t, call{method: "POST", path: "/admin/v1/gifts", token: owner, key: newKey(), body: map[string]any{
		"name": "帆布袋", "kind": "pickup", "points": points, "stock": 1000, "per_member": 0,
	}}, &made)
	return made.ID
}

// plan returns the first plan on sale.
func (s *shop) plan(t *testing.T, p shopper) string {
	t.Helper()
	var list struct {
		Plans []id `json:"plans"`
	}
	s.must(t, call{method: "GET", path: "/api/v1/membership-plans", token: p.token}, &list)
	if len(list.Plans) == 0 {
		t.Fatal("no plan is on sale")
	}
	return list.Plans[0].ID
}

func newKey() string { return "key-" + random.ID() }

// clip shortens what a message shows.
func clip(b []byte) string {
	const n = 300
	if len(b) > n {
		return string(b[:n]) + "…"
	}
	return strings.TrimSpace(string(b))
}

// idOf is what an answer calls the thing that was made: its id or number, as JSON.
func idOf(t *testing.T, a answer) string {
	t.Helper()
	var v struct{ ID, Number json.RawMessage }
	if err := json.Unmarshal(a.body, &v); err != nil || (v.ID == nil && v.Number == nil) {
		t.Errorf("%s names nothing (%v)", a.body, err)
	}
	return string(v.ID) + string(v.Number)
}
