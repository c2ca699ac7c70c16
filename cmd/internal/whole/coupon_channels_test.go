package whole

import (
	"maps"
	"testing"
	"time"
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
		"add-coupon-rule": {body: fixed(map[string]any{"event": "order_paid", "template": f.template, "min_fen": 20000, "rank": 0, "pack_size": 3, "pack_hours": 24}),
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
