package whole

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"huitou/cmd/internal/app"
	"huitou/model/db"
)

// Every way in which a coupon cannot be taken or used, asked over HTTP: each has a code of its own, and none changes anything
// (issue "Coupons", bad input).
func TestWhyACouponIsRefused(t *testing.T) {
	t.Parallel()
	s := startAs(t, db.SQLite, app.RoleAPI, memory) // jobs would change the database meanwhile
	owner, ann, bob := s.owner(t), s.shopper(t), s.shopper(t)
	make := func(change map[string]any, moves ...string) string {
		t.Helper()
		body := map[string]any{"name": "十元券", "kind": "amount", "amount_fen": 1000, "total": 100, "per_member": 1, "use_days": 30, "claimable": true, "issuable": true}
		for field, v := range change {
			body[field] = v
		}
		var made id
		s.must(t, call{method: "POST", path: "/admin/v1/coupon-templates", token: owner, key: newKey(), body: body}, &made)
		for _, m := range moves {
			s.must(t, call{method: "POST", path: "/admin/v1/coupon-templates/" + made.ID + "/" + m, token: owner}, nil)
		}
		return made.ID
	}
	claim := func(p shopper, template string) (answer, id) {
		t.Helper()
		c := call{method: "POST", path: "/api/v1/coupon-templates/" + template + "/claims", token: p.token, key: newKey()}
		a := s.do(t, c)
		var got id
		if a.status < 300 {
			s.must(t, c, &got) // the same key: the same coupon
		}
		return a, got
	}
	held := func(change map[string]any) id {
		t.Helper()
		_, got := claim(ann, make(change, "activate"))
		return got
	}
	now := s.clock.Now().UTC()
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }

	last, mine := make(map[string]any{"total": 1}, "activate"), make(nil, "activate")
	claim(bob, last)
	claim(ann, mine)
	st := s.watch(t)
	for _, tt := range []struct {
		name, template, code string
		status               int
	}{
		{"a draft", make(nil), "coupons.template_unknown", http.StatusNotFound},
		{"paused", make(nil, "activate", "pause"), "coupons.paused", http.StatusConflict},
		{"ended", make(nil, "activate", "end"), "coupons.ended", http.StatusConflict},
		{"sold out", last, "coupons.sold_out", http.StatusConflict},
		{"once more", mine, "coupons.limit_reached", http.StatusConflict},
		{"not for you", make(map[string]any{"audience": "cardholders"}, "activate"), "coupons.not_for_you", http.StatusForbidden},
		{"not yet", make(map[string]any{"claim_from": at(time.Hour)}, "activate"), "coupons.not_started", http.StatusConflict},
		{"no more", make(map[string]any{"claim_from": at(-2 * time.Hour), "claim_until": at(-time.Hour)}, "activate"), "coupons.ended", http.StatusConflict},
		{"by staff only", make(map[string]any{"claimable": false}, "activate"), "coupons.not_claimable", http.StatusForbidden},
		{"no such thing", absent, "coupons.template_unknown", http.StatusNotFound},
	} {
		st.changed()
		if a, _ := claim(ann, tt.template); a.status != tt.status || a.problem.Code != tt.code || a.problem.Detail == "" {
			t.Errorf("%s: a claim was answered %d %s, want %d %s", tt.name, a.status, a.body, tt.status, tt.code)
		}
		if tables := st.changed(); len(tables) > 0 {
			t.Errorf("%s: the refusal changed %v", tt.name, tables)
		}
	}

	away := held(map[string]any{"conditions": map[string]any{"stores": []string{"bj-01"}}})
	toys := held(map[string]any{"conditions": map[string]any{"categories": []string{"玩具"}}})
	dear := held(map[string]any{"threshold_fen": 10000})
	later := held(map[string]any{"use_days": 0, "use_from": at(time.Hour), "use_until": at(2 * time.Hour)})
	busy, good := held(nil), held(nil)
	cart := func(lines ...any) map[string]any { return map[string]any{"lines": lines, "store": "sh-01"} }
	tea := map[string]any{"sku": "A-1", "category": "茶叶", "quantity": 1, "price_fen": 6000}
	lock := func(number, code string) answer {
		t.Helper()
		return s.do(t, call{method: "POST", path: "/ingest/v1/coupon-locks", signed: true, body: map[string]any{"number": number,
			"member": map[string]any{"phone": ann.phone}, "coupon_codes": []string{code}, "lines": []any{tea}, "store": "sh-01"}})
	}
	if a := lock("BUSY", busy.Code); a.status != http.StatusCreated {
		t.Fatalf("a lock was answered %d %s", a.status, a.body)
	}
	short := held(map[string]any{"use_days": 0, "use_from": at(-time.Hour), "use_until": at(time.Minute)})
	s.clock.Advance(now.Add(time.Minute).Sub(s.clock.Now())) // its end is exclusive, and an instant ago
	reasons := map[string]string{away.ID: "coupons.wrong_store", toys.ID: "coupons.wrong_scope", dear.ID: "coupons.below_threshold",
		later.ID: "coupons.not_yet_usable", busy.ID: "coupons.locked", short.ID: "coupons.expired"}
	var quoted struct {
		Coupons []struct {
			ID, Reason string
			Usable     bool
			Missing    int64 `json:"missing_fen"`
		}
	}
	s.must(t, call{method: "POST", path: "/api/v1/quotes", token: ann.token, body: cart(tea)}, &quoted)
	met := 0
	for _, j := range quoted.Coupons {
		want, known := reasons[j.ID]
		if !known {
			continue
		}
		if met++; j.Reason != want || j.Usable || j.ID == dear.ID && j.Missing != 4000 {
			t.Errorf("the quote says %+v, want %s", j, want)
		}
	}
	if met != len(reasons) {
		t.Errorf("the quote judges %d of %d coupons", met, len(reasons))
	}
	// A lock says the same, and so does the counter; a code with one digit changed is nobody's.
	tampered := good.Code[:15] + string('0'+(good.Code[15]-'0'+1)%10)
	st.changed()
	for code, want := range map[string]string{away.Code: "coupons.wrong_store", toys.Code: "coupons.wrong_scope", dear.Code: "coupons.below_threshold",
		later.Code: "coupons.not_yet_usable", busy.Code: "coupons.locked", short.Code: "coupons.expired", tampered: "coupons.unknown"} {
		if a := lock("OTHER", code); a.problem.Code != want {
			t.Errorf("a lock was answered %d %s, want %s", a.status, a.body, want)
		}
	}
	if tables := st.changed(); len(tables) > 0 {
		t.Errorf("refused locks changed %v", tables)
	}
	for code, want := range map[string]string{busy.Code: "coupons.locked", short.Code: "coupons.expired", tampered: "coupons.unknown"} {
		verify := call{method: "POST", path: "/admin/v1/verifications", token: owner, key: newKey(), body: map[string]any{"code": code, "store": "sh-01", "amount_fen": 6000}}
		if a := s.do(t, verify); a.problem.Code != want {
			t.Errorf("the counter answered %d %s, want %s", a.status, a.body, want)
		}
	}

	// Carts that are none.
	line := func(field string, v any) map[string]any {
		l := map[string]any{"sku": "A-1", "category": "茶叶", "quantity": 1, "price_fen": 6000}
		l[field] = v
		return l
	}
	many := func(n int) []any {
		list := []any{}
		for range n {
			list = append(list, tea)
		}
		return list
	}
	for name, body := range map[string]map[string]any{
		"no line": cart(), "no pieces": cart(line("quantity", 0)), "fewer than none": cart(line("quantity", -1)), "half a piece": cart(line("quantity", 0.5)),
		"a price below nothing": cart(line("price_fen", -1)), "a price beyond all": cart(line("price_fen", int64(1)<<62)),
		"more than there is": cart(line("quantity", 1_000_000)), "nothing to pay": cart(line("price_fen", 0)), "501 lines": cart(many(501)...),
		"a long name": cart(line("sku", strings.Repeat("A", 65))),
	} {
		if a := s.do(t, call{method: "POST", path: "/api/v1/quotes", token: ann.token, body: body}); a.status != http.StatusBadRequest || a.problem.Code != "input.invalid" {
			t.Errorf("a cart with %s was answered %d %.200s", name, a.status, a.body)
		}
	}
	for _, n := range []int{10_000, 1_000_000} { // refused unread
		lines := `{"lines":[` + strings.Repeat(`{"sku":"A-1","quantity":1,"price_fen":1},`, n-1) + `{"sku":"A-1","quantity":1,"price_fen":1}]}`
		a := s.do(t, call{method: "POST", path: "/api/v1/quotes", token: ann.token, body: []byte(lines)})
		if a.status != http.StatusRequestEntityTooLarge || a.problem.Code != "http.body_size" {
			t.Errorf("a cart of %d lines was answered %d %.200s", n, a.status, a.body)
		}
	}
	s.audit(t)
}
