package whole

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"huitou/cmd/internal/app"
	"huitou/handler/web"
	"huitou/model/db"
	"huitou/service/staff"
)

// audience is who may call a route, as the shop wants it. It is written down here once more, and not read from the program: a
// permission that slips from one route or role to another must be noticed.
type audience string

const (
	anyone   audience = "anyone"
	shoppers audience = "shoppers"
	system   audience = "the shop's system"
	signedIn audience = "all staff, whatever their role"
	clerks   audience = "clerks, managers and the owner"
	managers audience = "managers and the owner"
)

// audiences has a line for every typed route.
var audiences = map[string]audience{
	"POST /api/v1/sessions":                          anyone,
	"DELETE /api/v1/sessions/current":                shoppers,
	"GET /api/v1/me":                                 shoppers,
	"POST /api/v1/me/phone":                          shoppers,
	"POST /api/v1/me/phone/codes":                    shoppers,
	"POST /api/v1/me/phone/verify":                   shoppers,
	"PUT /api/v1/me/birthday":                        shoppers,
	"GET /api/v1/coupon-templates":                   shoppers,
	"POST /api/v1/coupon-templates/{id}/claims":      shoppers,
	"GET /api/v1/me/coupons":                         shoppers,
	"POST /api/v1/quotes":                            shoppers,
	"POST /api/v1/scans":                             shoppers,
	"GET /api/v1/me/points":                          shoppers,
	"GET /api/v1/me/points/entries":                  shoppers,
	"POST /api/v1/check-ins":                         shoppers,
	"GET /api/v1/check-ins":                          shoppers,
	"GET /api/v1/gifts":                              shoppers,
	"POST /api/v1/gifts/{id}/redemptions":            shoppers,
	"POST /api/v1/gifts/{id}/deliveries":             shoppers,
	"POST /api/v1/me/redemptions/{id}/prepay":        shoppers,
	"POST /api/v1/me/redemptions/{id}/reveal":        shoppers,
	"POST /api/v1/me/redemptions/{id}/cancel":        shoppers,
	"POST /api/v1/me/redemptions/{id}/arrived":       shoppers,
	"GET /api/v1/me/redemptions":                     shoppers,
	"GET /api/v1/me/redemptions/{id}":                shoppers,
	"GET /api/v1/membership-plans":                   shoppers,
	"POST /api/v1/membership-orders":                 shoppers,
	"GET /api/v1/membership-orders/{number}":         shoppers,
	"GET /api/v1/me/membership":                      shoppers,
	"GET /api/v1/me/membership/periods":              shoppers,
	"POST /api/v1/me/membership/codes":               shoppers,
	"GET /api/v1/membership-orders/{number}/refund":  shoppers,
	"POST /api/v1/membership-orders/{number}/refund": shoppers,
	"GET /api/v1/me/tier":                            shoppers,
	"GET /api/v1/tier-levels":                        shoppers,

	"POST /ingest/v1/orders":               system,
	"POST /ingest/v1/completions":          system,
	"POST /ingest/v1/coupon-locks":         system,
	"POST /ingest/v1/coupon-locks/release": system,
	"POST /ingest/v1/actions":              system,
	"POST /ingest/v1/refunds":              system,

	"POST /admin/v1/sessions":                           anyone,
	"DELETE /admin/v1/sessions/current":                 signedIn,
	"GET /admin/v1/members":                             clerks,
	"GET /admin/v1/members/{id}":                        clerks,
	"PUT /admin/v1/members/{id}/birthday":               managers,
	"GET /admin/v1/members/{id}/merge-candidates":       managers,
	"POST /admin/v1/follower-syncs":                     managers,
	"GET /admin/v1/follower-syncs/latest":               managers,
	"GET /admin/v1/merges/preview":                      managers,
	"POST /admin/v1/merge-requests":                     managers,
	"GET /admin/v1/merge-requests":                      managers,
	"POST /admin/v1/merge-requests/{id}/approve":        managers,
	"POST /admin/v1/merge-requests/{id}/refuse":         managers,
	"GET /admin/v1/merges":                              managers,
	"GET /admin/v1/merges/{id}":                         managers,
	"POST /admin/v1/merges/{id}/split":                  managers,
	"POST /admin/v1/qrcodes":                            clerks,
	"GET /admin/v1/qrcodes":                             clerks,
	"GET /admin/v1/qrcodes/{id}":                        clerks,
	"PATCH /admin/v1/qrcodes/{id}":                      clerks,
	"POST /admin/v1/qrcodes/{id}/renew":                 clerks,
	"POST /admin/v1/qrcodes/{id}/stop":                  clerks,
	"GET /admin/v1/qrcodes/{id}/picture":                clerks,
	"GET /admin/v1/qrcodes/{id}/statistics":             clerks,
	"GET /admin/v1/qrcodes/{id}/statistics.csv":         clerks,
	"GET /admin/v1/tags":                                clerks,
	"POST /admin/v1/tags":                               managers,
	"PATCH /admin/v1/tags/{id}":                         managers,
	"POST /admin/v1/tags/{id}/end":                      managers,
	"POST /admin/v1/tags/{id}/members/add":              clerks,
	"POST /admin/v1/tags/{id}/members/remove":           clerks,
	"GET /admin/v1/tags/{id}/members":                   clerks,
	"GET /admin/v1/members/{id}/tags":                   clerks,
	"POST /admin/v1/tag-syncs":                          managers,
	"GET /admin/v1/tag-syncs/latest":                    managers,
	"GET /admin/v1/orders/{id}":                         clerks,
	"GET /admin/v1/messages":                            clerks,
	"POST /admin/v1/parcel-codes":                       clerks,
	"GET /admin/v1/parcel-codes":                        clerks,
	"POST /admin/v1/parcel-sheets":                      clerks,
	"GET /admin/v1/parcel-sheets":                       clerks,
	"GET /admin/v1/parcel-sheets/{id}":                  clerks,
	"GET /admin/v1/parcel-sheets/{id}/refusals":         clerks,
	"GET /admin/v1/parcel-sheets/{id}/file":             clerks,
	"POST /admin/v1/parcel-cards":                       clerks,
	"POST /admin/v1/redemptions/pickups":                clerks,
	"GET /admin/v1/verifications/{code}":                clerks,
	"POST /admin/v1/verifications":                      clerks,
	"POST /admin/v1/verifications/{id}/undo":            clerks,
	"GET /admin/v1/gifts":                               clerks,
	"GET /admin/v1/redemptions":                         clerks,
	"GET /admin/v1/redemptions/{id}":                    clerks,
	"POST /admin/v1/redemptions/{id}/shipments":         clerks,
	"POST /admin/v1/gifts/{id}/codes":                   managers,
	"GET /admin/v1/coupon-templates":                    clerks,
	"POST /admin/v1/coupon-templates/{id}/issues":       clerks,
	"POST /admin/v1/coupon-templates":                   managers,
	"PATCH /admin/v1/coupon-templates/{id}":             managers,
	"POST /admin/v1/coupon-templates/{id}/activate":     managers,
	"POST /admin/v1/coupon-templates/{id}/pause":        managers,
	"POST /admin/v1/coupon-templates/{id}/end":          managers,
	"GET /admin/v1/earning-rules":                       managers,
	"POST /admin/v1/earning-rules":                      managers,
	"POST /admin/v1/earning-rules/dry-runs":             managers,
	"POST /admin/v1/earning-rules/{id}/activate":        managers,
	"POST /admin/v1/earning-rules/{id}/pause":           managers,
	"POST /admin/v1/earning-rules/{id}/end":             managers,
	"GET /admin/v1/earning-settings":                    managers,
	"PUT /admin/v1/earning-settings":                    managers,
	"GET /admin/v1/earning-actions":                     managers,
	"PUT /admin/v1/earning-actions/{action}":            managers,
	"POST /admin/v1/gifts":                              managers,
	"POST /admin/v1/gifts/{id}/pause":                   managers,
	"POST /admin/v1/gifts/{id}/resume":                  managers,
	"POST /admin/v1/gifts/{id}/end":                     managers,
	"POST /admin/v1/gifts/{id}/stock-moves":             managers,
	"POST /admin/v1/redemptions/{id}/cancel":            managers,
	"POST /admin/v1/membership-plans":                   managers,
	"GET /admin/v1/membership-plans":                    managers,
	"POST /admin/v1/membership-plans/{id}/code-batches": managers,
	"GET /admin/v1/membership-code-batches":             managers,
	"POST /admin/v1/membership-code-batches/{id}/close": managers,
	"GET /admin/v1/membership-orders/{number}/refund":   managers,
	"POST /admin/v1/membership-orders/{number}/refund":  managers,
	"GET /admin/v1/membership-refunds":                  managers,
	"GET /admin/v1/members/{id}/membership":             clerks,
	"GET /admin/v1/tiers":                               managers,
	"POST /admin/v1/tier-levels":                        managers,
	"PATCH /admin/v1/tier-levels/{id}":                  managers,
	"PUT /admin/v1/tier-scheme":                         managers,
	"GET /admin/v1/members/{id}/points":                 clerks,
	"GET /admin/v1/members/{id}/points/entries":         clerks,
	"POST /admin/v1/members/{id}/points/adjustments":    managers,
	"GET /admin/v1/points/adjustments":                  managers,
	"POST /admin/v1/points/adjustments/{id}/approve":    managers,
	"POST /admin/v1/points/adjustments/{id}/refuse":     managers,
	"POST /admin/v1/members/{id}/tier-lock":             managers,
	"POST /admin/v1/members/{id}/tier-unlock":           managers,
	"GET /admin/v1/members/{id}/tier":                   clerks,
	"GET /admin/v1/reports/points-liability":            managers,
	"GET /admin/v1/reports/points-liability.csv":        managers,
	"GET /admin/v1/reports/repurchase":                  managers,
	"GET /admin/v1/bills":                               managers,
	"POST /admin/v1/bills/{day}/reconcile":              managers,
	"GET /admin/v1/bill-breaks":                         managers,
	"POST /admin/v1/bill-breaks/{id}/close":             managers,
	"GET /admin/v1/shippings":                           managers,
	"POST /admin/v1/shippings/{id}/retry":               managers,
	"GET /api/v1/me/refunds":                            shoppers,
	"GET /admin/v1/receipts":                            managers,
	"GET /admin/v1/receipts/{id}":                       managers,
	"POST /admin/v1/receipts/{id}/query":                managers,
	"POST /admin/v1/receipts/{id}/refunds":              managers,
	"GET /admin/v1/receipt-breaks":                      managers,
	"POST /admin/v1/receipt-breaks/{id}/settle":         managers,
	"GET /admin/v1/refund-requests":                     managers,
	"POST /admin/v1/refund-requests/{id}/approve":       managers,
	"POST /admin/v1/refund-requests/{id}/refuse":        managers,
	"GET /admin/v1/refunds":                             managers,
	"POST /admin/v1/refunds/{id}/resubmitted":           managers,
	"POST /admin/v1/refunds/{id}/retry":                 managers,
	"POST /admin/v1/refunds/{id}/by-hand":               managers,
	"POST /admin/v1/refunds/{id}/give-up":               managers,
}

// others are the routes outside of the typed ones: what the world may see, and the callbacks, which prove themselves.
var others = []string{
	"GET /healthz", "GET /readyz", "GET /docs", "GET /docs/*", "GET /demo.json",
	"GET /openapi.json", "GET /openapi.yaml", "GET /openapi-3.0.json", "GET /openapi-3.0.yaml",
	"GET /wechat/oa", "POST /wechat/oa", "GET /wechat/mini", "POST /wechat/mini", "POST /wechat/pay/notices/payment", "POST /wechat/pay/notices/refund",
	"GET /", "GET /s/:token", "POST /s/:token", "GET /s/assets/:file", "GET /p/:token", "GET /p/:token/code.png",
	"GET /console/why", "POST /console/why", "GET /console/why/:id",
	"GET /console/tasks", "POST /console/tasks/:id/take", "POST /console/tasks/:id/phone", "POST /console/tasks/:id/close",
	"GET /console", "GET /console/sign-in", "POST /console/sign-in", "POST /console/sign-out", "POST /console/coupons", "POST /console/verifications", "GET /console/verifications/:id", "POST /console/verifications/:id/undo", "GET /console/assets/:file",
}

// actor is somebody who calls, and what the audiences answer him.
type actor struct {
	name   string
	header func(method, path string) map[string]string
	role   staff.Role // of staff with a good session
	in     []audience
}

func bearer(token string) func(string, string) map[string]string {
	return func(string, string) map[string]string { return map[string]string{"Authorization": "Bearer " + token} }
}

// want is the status of a refusal, or 0 for somebody who is let in.
func (a actor) want(who audience) int {
	switch {
	case who == anyone, slices.Contains(a.in, who):
		return 0
	case a.role != "" && (who == clerks || who == managers):
		return http.StatusForbidden
	}
	return http.StatusUnauthorized
}

// T9, T10, CRMEB#119: every route against every kind of caller. A route without a line above fails, so nobody adds one that
// nobody thought about.
func TestT9T10EveryRouteAgainstEveryActor(t *testing.T) {
	t.Parallel()
	s := startAs(t, db.SQLite, app.RoleAPI, memory) // jobs would change the database meanwhile

	// Sessions that have run out, or ended, or whose owner was locked out.
	old, oldStaff := s.shopper(t), s.owner(t)
	s.clock.Advance(60 * 24 * time.Hour)
	ended := s.shopper(t)
	s.must(t, call{method: "DELETE", path: "/api/v1/sessions/current", token: ended.token}, nil)
	tokens := map[staff.Role]string{staff.Owner: s.owner(t)}
	const password = "correct horse battery"
	for name, role := range map[string]staff.Role{"manager1": staff.Manager, "clerk1": staff.Clerk, "nobody1": staff.Clerk, "gone1": staff.Owner} {
		if _, err := s.app.Staff.Add(t.Context(), staff.Add{Name: name, Password: password, Role: role}); err != nil {
			t.Fatal(err)
		}
		tokens[staff.Role(name)] = s.staffSignIn(t, name, password)
	}
	s.exec(t, "UPDATE staff SET disabled_at = created_at WHERE name = 'gone1'")
	s.exec(t, "UPDATE staff SET role = 'nobody' WHERE name = 'nobody1'")
	good := s.shopper(t)
	actors := []actor{
		{name: "anonymous", header: func(string, string) map[string]string { return nil }},
		{name: "empty token", header: bearer("")},
		{name: "bad token", header: bearer("k8Vq2mZr5Tn9Lw3Bc7Yd1Hf6Jg4Ps0uAaBbCcDdEe")},
		{name: "default secret of others", header: bearer("X-Litemall-Token")}, // litemall#568
		{name: "huge token", header: bearer(strings.Repeat("a", 4000))},
		{name: "unsigned JWT", header: bearer("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.")}, // T22
		{name: "token in Basic", header: func(string, string) map[string]string {
			return map[string]string{"Authorization": "Basic " + good.token}
		}},
		{name: "expired session", header: bearer(old.token)},
		{name: "expired staff session", header: bearer(oldStaff)},
		{name: "ended session", header: bearer(ended.token)},
		{name: "staff who was locked out", header: bearer(tokens["gone1"])},
		{name: "shopper", header: bearer(good.token), in: []audience{shoppers}},
		{name: "staff without rights", header: bearer(tokens["nobody1"]), role: "nobody", in: []audience{signedIn}},
		{name: "clerk", header: bearer(tokens["clerk1"]), role: staff.Clerk, in: []audience{signedIn, clerks}},
		{name: "manager", header: bearer(tokens["manager1"]), role: staff.Manager, in: []audience{signedIn, clerks, managers}},
		{name: "owner", header: bearer(tokens[staff.Owner]), role: staff.Owner, in: []audience{signedIn, clerks, managers}},
		{name: "the shop's system", header: s.signature(t, true), in: []audience{system}},
		{name: "another system", header: s.signature(t, false)},
	}

	routes := s.app.Routes.List()
	slices.SortStableFunc(routes, func(a, b web.Route) int { return strings.Compare(b.Method, a.Method) }) // DELETE, which ends sessions, last
	st := s.watch(t)
	met := map[string]bool{}
	refusedEverywhere := 0
	for _, r := range routes {
		line := r.Method + " " + r.Path
		who, known := audiences[line]
		if !known {
			t.Errorf("%s (policy %s) has no line in the table: who may call it?", line, r.Policy)
			continue
		}
		met[line] = true
		path := strings.NewReplacer("{id}", absent, "{number}", absent, "{code}", absent[:16]).Replace(r.Path)
		for _, a := range actors {
			got := s.do(t, call{method: r.Method, path: path, header: a.header(r.Method, path)})
			for got.problem.Code == "http.rate" { // there are more routes than one caller may call at once
				time.Sleep(100 * time.Millisecond)
				got = s.do(t, call{method: r.Method, path: path, header: a.header(r.Method, path)})
			}
			switch want := a.want(who); {
			case want == 0:
				if got.status == http.StatusUnauthorized || got.status == http.StatusForbidden || got.status == http.StatusTooManyRequests || got.status >= 500 {
					t.Errorf("%s: %s is let in and got %d %s", line, a.name, got.status, got.body)
				}
				st.changed() // it may
				continue
			case got.status != want || got.problem.Code == "" || got.problem.ID == "":
				t.Errorf("%s: %s got %d %s, want %d", line, a.name, got.status, got.body, want)
			}
			if a.name == "staff without rights" && got.problem.Code == "permission.denied" {
				refusedEverywhere++
			}
			if tables := st.changed(); len(tables) > 0 {
				t.Errorf("%s: %s was refused, and it changed %v", line, a.name, tables)
			}
		}
	}
	for line := range audiences {
		if !met[line] {
			t.Errorf("%s is in the table and not in the program", line)
		}
	}
	console := 0
	for _, who := range audiences {
		if who == clerks || who == managers {
			console++
		}
	}
	if refusedEverywhere != console {
		t.Errorf("CRMEB#119: a role without rights was refused at %d of %d routes of the console", refusedEverywhere, console)
	}
	// A session that ended is dead on the very next request (T23).
	for token, path := range map[string]string{good.token: "/api/v1/me", tokens["clerk1"]: "/admin/v1/messages"} {
		if a := s.do(t, call{method: "GET", path: path, token: token}); a.status != http.StatusUnauthorized {
			t.Errorf("after signing out %s answered %d", path, a.status)
		}
	}
}

// T35: the program answers at no address that is not in one of the two lists.
func TestT35NoOtherRoutes(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	known := map[string]bool{}
	for line := range audiences {
		known[strings.NewReplacer("{", ":", "}", "").Replace(line)] = true
	}
	for _, line := range others {
		known[line] = true
	}
	for _, r := range s.app.Echo.Routes() {
		line := r.Method + " " + r.Path
		if !known[line] {
			t.Errorf("%s is served and in no list", line)
		}
		delete(known, line)
	}
	for line := range known {
		t.Errorf("%s is in a list and not served", line)
	}
	for _, path := range []string{"/debug/pprof/", "/metrics", "/admin", "/.env", "/.git/config", "/api/v1", "/openapi/../admin/v1/members", "/docs/../../etc/passwd", "/docs/%2e%2e/%2e%2e/go.mod"} {
		if a := s.do(t, call{method: "GET", path: path}); a.status < 300 || a.status >= 500 {
			t.Errorf("GET %s answered %d %s", path, a.status, clip(a.body))
		}
	}
	// Nobody has a default account.
	for name, password := range map[string]string{"admin": "admin123", "root": "root", "dianzhang": "123456", "test": "test"} {
		if a := s.do(t, call{method: "POST", path: "/admin/v1/sessions", body: map[string]string{"name": name, "password": password}}); a.status != http.StatusUnauthorized {
			t.Errorf("%s with %s got %d", name, password, a.status)
		}
	}
}

// absent is an id of the right form that nothing has.
const absent = "000000000000000000000000"

// T9, T33: what belongs to another member looks in every way as if it did not exist.
func TestT9OtherMembersThings(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner := s.owner(t)
	template, gift := s.template(t, owner), s.gift(t, owner, 10)
	mine, theirs := s.shopper(t), s.shopper(t)
	s.earns(t, theirs, 100)
	var coupon, redemption, order id
	s.must(t, call{method: "POST", path: "/api/v1/coupon-templates/" + template + "/claims", token: theirs.token, key: newKey()}, &coupon)
	s.must(t, call{method: "POST", path: "/api/v1/gifts/" + gift + "/redemptions", token: theirs.token, key: newKey()}, &redemption)
	s.must(t, call{method: "POST", path: "/api/v1/membership-orders", token: theirs.token, key: newKey(), body: map[string]string{"plan": s.plan(t, theirs)}}, &order)

	for _, path := range []string{"/api/v1/me/redemptions/" + redemption.ID, "/api/v1/membership-orders/" + order.Number} {
		if a := s.do(t, call{method: "GET", path: path, token: theirs.token}); a.status != http.StatusOK {
			t.Errorf("%s is hidden from its owner: %d", path, a.status)
		}
		theirsToMe := s.do(t, call{method: "GET", path: path, token: mine.token})
		nothing := s.do(t, call{method: "GET", path: path[:strings.LastIndex(path, "/")+1] + absent, token: mine.token})
		if theirsToMe.status != http.StatusNotFound || !bytes.Equal(anonymous(t, theirsToMe), anonymous(t, nothing)) {
			t.Errorf("%s of another member: %d %s\nwhat is absent:  %d %s", path, theirsToMe.status, theirsToMe.body, nothing.status, nothing.body)
		}
	}

	// A coupon of somebody else takes nothing off and stays his. The shop's own system is told why not, as one does at a counter.
	outcome := func(number, code string) (out struct {
		Coupon struct {
			Used   bool
			Reason string
		}
	}) {
		body := s.order(number, mine.phone, 100_00)
		body["coupon_code"] = code
		s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: body}, &out)
		return out
	}
	byCode, byID, none := outcome("IDOR-1", coupon.Code), outcome("IDOR-2", coupon.ID), outcome("IDOR-3", "0000000000000000")
	if none.Coupon.Used || none.Coupon.Reason != "coupons.unknown" || byCode.Coupon.Used || byCode.Coupon.Reason != "coupons.not_yours" || byID != byCode {
		t.Errorf("another member's coupon by code %+v, by id %+v, an absent one %+v", byCode, byID, none)
	}
	for _, path := range []string{"/api/v1/me/coupons", "/api/v1/me/redemptions", "/api/v1/me/points/entries"} {
		text := s.must(t, call{method: "GET", path: path, token: mine.token}, nil).body
		for what, secret := range map[string]string{"coupon": coupon.ID, "code": coupon.Code, "redemption": redemption.ID, "pickup code": redemption.Code} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s shows another member's %s", path, what)
			}
		}
	}
	var held struct{ Coupons []struct{ ID, State string } }
	s.must(t, call{method: "GET", path: "/api/v1/me/coupons", token: theirs.token}, &held)
	if len(held.Coupons) != 1 || held.Coupons[0].State != "issued" {
		t.Errorf("the owner's coupon is %+v", held.Coupons)
	}

	// T3: another member's key does not show the reply that is kept under it, and opens nothing.
	key := newKey()
	first := s.must(t, call{method: "POST", path: "/api/v1/coupon-templates/" + template + "/claims", token: theirs.token, key: key}, nil)
	second := s.must(t, call{method: "POST", path: "/api/v1/coupon-templates/" + template + "/claims", token: mine.token, key: key}, nil)
	if bytes.Equal(first.body, second.body) || second.header.Get("Idempotency-Replayed") != "" {
		t.Errorf("two members with one key got %s and %s", first.body, second.body)
	}
	s.audit(t)
}

// anonymous is a body without the id of its request.
func anonymous(t *testing.T, a answer) []byte {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	if _, ok := v["request_id"]; !ok || len(slices.Collect(maps.Keys(v))) < 4 {
		t.Errorf("%s is no problem document", a.body)
	}
	delete(v, "request_id")
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// signature makes the headers of a request without a body that a shop's system signed, with its secret or another.
func (s *shop) signature(t *testing.T, good bool) func(method, path string) map[string]string {
	return func(method, path string) map[string]string {
		forger := *s
		if !good {
			forger.logins.IngestSecret = strings.Repeat("0", 40)
		}
		out := map[string]string{}
		for name, values := range forger.request(t, call{method: method, path: path, signed: true}).Header {
			out[name] = values[0]
		}
		return out
	}
}

// exec changes the database behind the program's back.
func (s *shop) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	err := s.app.DB.Do(t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Exec(statement, args...).Error })
	if err != nil {
		t.Fatal(err)
	}
}
