package whole

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"huitou/cmd/internal/app"
	"huitou/model/db"
)

func init() {
	maps.Copy(audiences, map[string]audience{
		"POST /api/v1/coupon-codes":                     shoppers,
		"POST /api/v1/coupon-links/{token}/claims":      shoppers,
		"GET /api/v1/me/coupon-packs":                   shoppers,
		"GET /api/v1/coupon-packs/{token}":              shoppers,
		"POST /api/v1/coupon-packs/{token}/claims":      shoppers,
		"POST /api/v1/me/coupons/{id}/gifts":            shoppers,
		"GET /api/v1/coupon-gifts/{token}":              shoppers,
		"POST /api/v1/coupon-gifts/{token}/acceptances": shoppers,
		"POST /api/v1/coupon-gifts/{token}/cancel":      shoppers,

		"POST /admin/v1/coupon-templates/{id}/code-batches": managers,
		"GET /admin/v1/coupon-templates/{id}/code-batches":  managers,
		"POST /admin/v1/coupon-code-batches/{id}/close":     managers,
		"POST /admin/v1/coupon-templates/{id}/links":        managers,
		"GET /admin/v1/coupon-templates/{id}/links":         managers,
		"POST /admin/v1/coupon-links/{id}/close":            managers,
		"PUT /admin/v1/coupon-templates/{id}/gifts":         managers,
		"GET /admin/v1/coupon-templates/{id}/numbers":       managers,
		"POST /admin/v1/coupon-rules":                       managers,
		"GET /admin/v1/coupon-rules":                        managers,
		"POST /admin/v1/coupon-rules/{id}/end":              managers,
		"POST /admin/v1/coupon-runs":                        managers,
		"GET /admin/v1/coupon-runs/{id}":                    managers,
		"GET /admin/v1/coupon-runs/{id}/outcomes":           managers,
		"POST /admin/v1/coupon-runs/{id}/cancel":            managers,
	})
}

// andCouponChannels adds the samples of the ways by which coupons reach members.
func (f *furnished) andCouponChannels(all map[string]sample) map[string]sample {
	until := f.clock.Now().Add(30 * 24 * time.Hour).UTC().Format(time.RFC3339)
	thing, nothing := map[string]string{"id": f.template}, map[string]string{"id": absent, "token": absent}
	maps.Copy(all, map[string]sample{
		"use-coupon-code": {body: fixed(map[string]any{"code": "K7QM-2XWA-90HT-BZ4E"}), quiet: []string{"coupon_code_tries"}},
		"claim-coupon-by-link": {path: nothing,
			fresh: func(t *testing.T, c *call) { c.path = f.couponLink(t) },
			other: func(t *testing.T, c *call) { c.path = f.couponLink(t) }},
		"my-coupon-packs":       {},
		"coupon-pack":           {path: nothing},
		"take-from-coupon-pack": {path: nothing},
		"offer-coupon-gift": {path: nothing,
			fresh: func(t *testing.T, c *call) { c.path = f.couponToGive(t, c.token) },
			other: func(t *testing.T, c *call) { c.path = f.couponToGive(t, c.token) }},
		"coupon-gift":        {path: nothing},
		"accept-coupon-gift": {path: nothing},
		"cancel-coupon-gift": {path: nothing},

		"make-coupon-codes":  {path: thing, body: fixed(map[string]any{"quantity": 2, "valid_until": until, "note": "十一月传单"})},
		"list-coupon-codes":  {path: thing},
		"close-coupon-codes": {path: nothing},
		"make-coupon-link":   {path: thing, body: fixed(map[string]any{"note": "门口海报"}), other: with("note", "收银台")},
		"list-coupon-links":  {path: thing},
		"close-coupon-link":  {path: nothing},
		"allow-coupon-gifts": {path: thing, body: fixed(map[string]any{"allowed": true})},
		"coupon-numbers":     {path: thing},
		"add-coupon-rule": {body: fixed(map[string]any{"event": "order_paid", "template": f.template, "min_fen": 20000, "rank": 0, "pack_size": 3, "pack_hours": 24, "days_before": 0}),
			other: with("min_fen", 20001)},
		"list-coupon-rules": {},
		"end-coupon-rule":   {path: nothing},
		"start-coupon-run": {body: fixed(map[string]any{"template": f.template, "everybody": true, "bought_since": until, "not_bought_since": until, "note": "周年庆"}),
			other: with("note", "店庆")},
		"coupon-run":          {path: nothing},
		"coupon-run-outcomes": {path: nothing, query: "outcome=issued&limit=5"},
		"cancel-coupon-run":   {path: nothing},
	})
	return all
}

// couponLink makes a link to a coupon of its own and returns where it is taken.
func (f *furnished) couponLink(t *testing.T) string {
	t.Helper()
	var made id
	f.must(t, call{method: "POST", path: "/admin/v1/coupon-templates/" + f.shop.template(t, f.owner) + "/links", token: f.owner, key: newKey(),
		body: map[string]any{"note": "海报"}}, &made)
	return "/api/v1/coupon-links/" + made.ID + "/claims"
}

// couponToGive gives somebody a coupon that may be passed on, and returns where he does it.
func (f *furnished) couponToGive(t *testing.T, token string) string {
	t.Helper()
	template := f.shop.template(t, f.owner)
	var held id
	f.must(t, call{method: "PUT", path: "/admin/v1/coupon-templates/" + template + "/gifts", token: f.owner, body: map[string]any{"allowed": true}}, nil)
	f.must(t, call{method: "POST", path: "/api/v1/coupon-templates/" + template + "/claims", token: token, key: newKey()}, &held)
	return "/api/v1/me/coupons/" + held.ID + "/gifts"
}

// Every channel through the whole program: what staff set up over HTTP reaches shoppers over HTTP, with the jobs between running.
func TestCouponsReachMembersByEveryChannel(t *testing.T) {
	t.Parallel()
	s := startAs(t, db.SQLite, app.RoleAll, memory)
	owner, buyer, friend := s.owner(t), s.shopper(t), s.shopper(t)
	template := func() string {
		var made id
		s.must(t, call{method: "POST", path: "/admin/v1/coupon-templates", token: owner, key: newKey(), body: map[string]any{
			"name": "满50减10", "kind": "amount", "amount_fen": 1000, "threshold_fen": 5000, "use_days": 30, "total": -1, "per_member": 1,
			"claimable": false, "issuable": true}}, &made)
		s.must(t, call{method: "POST", path: "/admin/v1/coupon-templates/" + made.ID + "/activate", token: owner}, nil)
		return made.ID
	}
	mine := func(p shopper, template string) (found []id) {
		var held struct {
			Coupons []struct {
				id
				Template string
			}
		}
		s.must(t, call{method: "GET", path: "/api/v1/me/coupons?limit=100", token: p.token}, &held)
		for _, c := range held.Coupons {
			if c.Template == template {
				found = append(found, c.id)
			}
		}
		return found
	}

	coded := template()
	csv := s.must(t, call{method: "POST", path: "/admin/v1/coupon-templates/" + coded + "/code-batches", token: owner, body: map[string]any{"quantity": 3, "note": "传单"}}, nil)
	lines := strings.Fields(string(csv.body))
	if len(lines) != 4 || lines[0] != "code" || csv.header.Get("Content-Type") != "text/csv; charset=utf-8" || csv.header.Get("X-Coupon-Batch") == "" {
		t.Fatalf("the codes came as %v %s", csv.header, csv.body)
	}
	s.must(t, call{method: "POST", path: "/api/v1/coupon-codes", token: buyer.token, body: map[string]any{"code": strings.ToLower(lines[1])}}, nil)
	if a := s.do(t, call{method: "POST", path: "/api/v1/coupon-codes", token: friend.token, body: map[string]any{"code": lines[1]}}); a.problem.Code != "coupons.code_used" {
		t.Errorf("a used code answered %d %s", a.status, a.body)
	}

	linked := template()
	var link id
	s.must(t, call{method: "POST", path: "/admin/v1/coupon-templates/" + linked + "/links", token: owner, key: newKey(), body: map[string]any{"note": "海报"}}, &link)
	s.must(t, call{method: "POST", path: "/api/v1/coupon-links/" + link.ID + "/claims", token: buyer.token, key: newKey()}, nil)

	withOrder, packed := template(), template()
	for _, rule := range []map[string]any{
		{"event": "order_paid", "template": withOrder, "min_fen": 100_00},
		{"event": "order_paid", "template": packed, "min_fen": 100_00, "pack_size": 2, "pack_hours": 24},
	} {
		s.must(t, call{method: "POST", path: "/admin/v1/coupon-rules", token: owner, key: newKey(), body: rule}, nil)
	}
	if a := s.do(t, call{method: "POST", path: "/admin/v1/coupon-rules", token: owner, key: newKey(), body: map[string]any{"event": "followed", "template": packed}}); a.problem.Code != "coupons.follow_reward" {
		t.Errorf("a reward for following answered %d %s", a.status, a.body)
	}
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("C-1", buyer.phone, 99_99)}, nil)
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("C-2", buyer.phone, 100_00)}, nil)
	var packs struct{ Packs []id }
	eventually(t, "the order gives a coupon and a pack", func() error {
		s.must(t, call{method: "GET", path: "/api/v1/me/coupon-packs", token: buyer.token}, &packs)
		if got := mine(buyer, withOrder); len(got) != 1 || len(packs.Packs) != 1 {
			return fmt.Errorf("there are %d coupons and %d packs", len(got), len(packs.Packs))
		}
		return nil
	})
	pack := "/api/v1/coupon-packs/" + packs.Packs[0].ID
	if a := s.do(t, call{method: "POST", path: pack + "/claims", token: buyer.token}); a.problem.Code != "coupons.pack_own" {
		t.Errorf("the sharer got %d %s", a.status, a.body)
	}
	s.must(t, call{method: "POST", path: pack + "/claims", token: friend.token}, nil)

	bulk := template()
	s.must(t, call{method: "PUT", path: "/admin/v1/coupon-templates/" + bulk + "/gifts", token: owner, body: map[string]any{"allowed": true}}, nil)
	var run id
	s.must(t, call{method: "POST", path: "/admin/v1/coupon-runs", token: owner, key: newKey(), body: map[string]any{
		"template": bulk, "phones": []string{buyer.phone, "13900009999"}, "note": "回馈"}}, &run)
	eventually(t, "the bulk issue ends", func() error {
		var now struct {
			State  string
			Issued int `json:"issued"`
			None   int `json:"unknown_phone"`
		}
		s.must(t, call{method: "GET", path: "/admin/v1/coupon-runs/" + run.ID, token: owner}, &now)
		if now.State != "done" || now.Issued != 1 || now.None != 1 {
			return fmt.Errorf("it is %+v", now)
		}
		return nil
	})
	var gift id
	s.must(t, call{method: "POST", path: "/api/v1/me/coupons/" + mine(buyer, bulk)[0].ID + "/gifts", token: buyer.token, key: newKey()}, &gift)
	s.must(t, call{method: "POST", path: "/api/v1/coupon-gifts/" + gift.ID + "/acceptances", token: friend.token}, nil)

	for name, want := range map[string]struct {
		template, channel string
		given, gifts      int64
	}{"code": {coded, "code", 1, 0}, "link": {linked, "link", 1, 0}, "order": {withOrder, "order", 1, 0}, "pack": {packed, "pack", 1, 0}, "bulk": {bulk, "bulk", 1, 1}} {
		var n struct {
			Given, Gifts int64
			Channels     map[string]int64
		}
		s.must(t, call{method: "GET", path: "/admin/v1/coupon-templates/" + want.template + "/numbers", token: owner}, &n)
		if n.Given != want.given || n.Channels[want.channel] != want.given || n.Gifts != want.gifts {
			t.Errorf("%s: the numbers are %+v", name, n)
		}
	}
	s.audit(t)
}
