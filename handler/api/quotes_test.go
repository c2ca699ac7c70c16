package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// A quote over HTTP: what it says of a coupon below its threshold, at it, and what it refuses.
func TestQuoteCart(t *testing.T) {
	e, s := couponServer(t)
	template := offered(t, s, -1)
	if r, _ := askCoupons(e, "7", "quote-key-1", http.MethodPost, "/coupon-templates/"+template+"/claims", ""); r.Code != http.StatusCreated {
		t.Fatalf("claim: %d %s", r.Code, r.Body)
	}
	line := `{"sku":"a","category":"茶/绿茶","quantity":1,"price_fen":2500}`
	many := func(n int) string { return `{"lines":[` + strings.Repeat(line+",", n-1) + line + `]}` }
	tests := []struct {
		name, body string
		status     int
		want       []string
	}{
		{"at the threshold", many(2), 200, []string{`"payable_fen":4000`, `"line_shares_fen":[500,500]`, `"applied":true`, `"reason":""`, `"best":true`}},
		{"below it", many(1), 200, []string{`"payable_fen":2500`, `"usable":false`, `"reason":"coupons.below_threshold"`, `"missing_fen":2500`}},
		{"the shopper wants none", strings.TrimSuffix(many(2), "}") + `,"no_coupons":true}`, 200, []string{`"payable_fen":5000`, `"usable":true,"saving_fen":1000,"applied":false`}},
		{"the most lines", many(500), 200, []string{`"payable_fen":1249000`}},
		{"too many lines", many(501), 400, []string{"lines"}},
		{"a million lines", many(1_000_000), 413, []string{"http.body_size"}},
		{"no lines", `{"lines":[]}`, 400, []string{"lines"}},
		{"quantity zero", strings.Replace(many(1), `"quantity":1`, `"quantity":0`, 1), 400, []string{"quantity"}},
		{"quantity negative", strings.Replace(many(1), `"quantity":1`, `"quantity":-1`, 1), 400, []string{"quantity"}},
		{"quantity with an exponent (T7)", strings.Replace(many(1), `"quantity":1`, `"quantity":1e300`, 1), 400, []string{"quantity"}},
		{"price negative", strings.Replace(many(1), `2500`, `-2500`, 1), 400, []string{"price_fen"}},
		{"a price of his own (T8)", strings.TrimSuffix(many(1), "}") + `,"payable_fen":1}`, 400, []string{"payable_fen"}},
		{"another member (T8)", strings.TrimSuffix(many(1), "}") + `,"member_id":8}`, 400, []string{"member_id"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := askCoupons(e, "7", "", http.MethodPost, "/quotes", tt.body)
			if r.Code != tt.status {
				t.Errorf("answered %d %.300s, want %d", r.Code, r.Body, tt.status)
			}
			for _, want := range tt.want {
				if !strings.Contains(r.Body.String(), want) {
					t.Errorf("%.900s does not say %s", r.Body, want)
				}
			}
		})
	}
	if r, _ := askCoupons(e, "8", "", http.MethodPost, "/quotes", many(2)); !strings.Contains(r.Body.String(), `"coupons":[]`) {
		t.Errorf("another member sees %s (T9)", r.Body)
	}
}
