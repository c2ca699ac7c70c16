package ingest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"huitou/model"
	"huitou/service/coupons"
	"huitou/service/members"
)

// A shop locks, is refused for another order, tells of the paid order, and the coupon is used; nothing of it needs a second try.
func TestCouponLocks(t *testing.T) {
	p := newShop(t)
	r, _ := p.send("/orders", `{"number":"0","member":{"external":"c1"},"paid_at":"2026-11-21T04:00:00Z","goods_fen":1,"paid_fen":1}`)
	if r.Code != http.StatusCreated {
		t.Fatalf("an order that makes the member: %d %s", r.Code, r.Body)
	}
	v, err := p.coupons.CreateTemplate(t.Context(), coupons.NewTemplate{Name: "满50减10", UseDays: 30, Total: -1, Claimable: true,
		CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 1000, ThresholdFen: 5000}})
	if err == nil {
		_, err = p.coupons.Activate(t.Context(), 1, v.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.members.Find(t.Context(), members.Ref{Source: "pos", External: "c1"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.coupons.Claim(t.Context(), coupons.Claim{Member: m, Template: v.ID})
	if err != nil {
		t.Fatal(err)
	}
	lock := func(number, more string) string {
		return fmt.Sprintf(`{"number":%q,"member":{"external":"c1"},"coupon_codes":[%q],"lines":[{"sku":"a","quantity":3,"price_fen":2000}],"freight_fen":500%s}`, number, c.Code, more)
	}
	steps := []struct {
		path, body string
		status     int
		want       string
	}{
		{"/coupon-locks", lock("A", ""), 201, `"discount_fen":1000,"line_shares_fen":[1000]}],"payable_fen":5500,"expires_at":"2026-11-21T04:30:00Z"`},
		{"/coupon-locks", lock("A", `,"ttl_seconds":60`), 201, `"expires_at":"2026-11-21T04:01:00Z"`},
		{"/coupon-locks", lock("B", ""), 409, `"code":"coupons.locked"`},
		{"/coupon-locks", lock("B", `,"ttl_seconds":59`), 400, `ttl_seconds`},
		{"/coupon-locks", strings.Replace(lock("B", ""), `"c1"`, `"nobody"`, 1), 404, `members.unknown`},
		{"/coupon-locks", strings.Replace(lock("B", ""), `"quantity":3`, `"quantity":0`, 1), 400, `quantity`},
		{"/coupon-locks", strings.Replace(lock("B", ""), `"price_fen":2000`, `"price_fen":-1`, 1), 400, `price_fen`},
		{"/coupon-locks", strings.Replace(lock("B", ""), `"number"`, `"discount_fen":9999,"number"`, 1), 400, `discount_fen`}, // T8: the price is not the client's
		{"/coupon-locks/release", `{"number":"B"}`, 200, `{"released":0}`},
		{"/coupon-locks/release", `{"number":"A"}`, 200, `{"released":1}`},
		{"/coupon-locks/release", `{"number":"A"}`, 200, `{"released":0}`},
		{"/coupon-locks", lock("B", ""), 201, `"discount_fen":1000`},
		{"/orders", `{"number":"B","member":{"external":"c1"},"paid_at":"2026-11-21T04:00:00Z","goods_fen":6000,"freight_fen":500,"discount_fen":1000,"paid_fen":5500,"coupon_code":"` + c.Code + `"}`,
			201, `"used":true,"discount_fen":1000`},
		{"/coupon-locks", lock("C", ""), 409, `"code":"coupons.redeemed"`},
		{"/coupon-locks/release", `{"number":"B"}`, 200, `{"released":0}`},
	}
	for i, step := range steps {
		r, _ := p.send(step.path, step.body)
		if r.Code != step.status || !strings.Contains(r.Body.String(), step.want) {
			t.Errorf("step %d, %s %s\n got %d %s\nwant %d %s", i, step.path, step.body, r.Code, r.Body, step.status, step.want)
		}
	}
}
