package admin_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"huitou/handler/admin"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/points"
	"huitou/service/staff"
)

// T11 over HTTP: codes and bounds are asked for, large corrections wait, and the one who asked cannot approve.
func TestAdjustPointsOverHTTP(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	people := members.New(members.Deps{DB: d, MiniAppID: "mini", OAAppID: "oa", PhoneKey: make([]byte, 32), Facts: facts.New(jobs.New(d, log)), Log: log})
	var member model.MemberID
	err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		member, _, err = people.EnsureTx(ctx, tx, members.Ref{Source: "pos", External: "c1"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{Staff: func(_ context.Context, token string) (staff.Actor, error) {
		who := map[string]staff.Actor{"manager": {ID: 7, Role: staff.Manager}, "owner": {ID: 8, Role: staff.Owner}, "clerk": {ID: 9, Role: staff.Clerk}}
		return who[token], nil
	}}, clock.Now, log)
	admin.Points(r.Under("/admin/v1"), points.New(points.Deps{DB: d}), people)
	n := 0
	do := func(as, method, path, body string) *httptest.ResponseRecorder {
		n++
		req := httptest.NewRequest(method, "/admin/v1"+path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+as)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", fmt.Sprint("key-number-", n))
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, req)
		return rec
	}
	ask := func(of model.MemberID) string { return fmt.Sprintf("/members/%d/points/adjustments", of) }
	for _, tt := range []struct {
		as, method, path, body string
		status                 int
		says                   string
	}{
		{"clerk", "POST", ask(member), `{"points":5,"code":"missing","note":"补发"}`, http.StatusForbidden, ""},
		{"manager", "POST", ask(member + 1), `{"points":5,"code":"missing","note":"补发"}`, http.StatusNotFound, "members.unknown"},
		{"manager", "POST", ask(member), `{"points":5,"code":"because","note":"补发"}`, http.StatusBadRequest, "input.invalid"},
		{"manager", "POST", ask(member), `{"points":5,"code":"missing"}`, http.StatusBadRequest, "input.invalid"},
		{"manager", "POST", ask(member), `{"points":1.5,"code":"missing","note":"补发"}`, http.StatusBadRequest, "input.invalid"},
		{"manager", "POST", ask(member), `{"points":"\uff15","code":"missing","note":"补发"}`, http.StatusBadRequest, "input.invalid"},
		{"manager", "POST", ask(member), `{"points":9223372036854775808,"code":"missing","note":"补发"}`, http.StatusBadRequest, "input.invalid"},
		{"manager", "POST", ask(member), `{"points":-5,"code":"mistake","note":"多发"}`, http.StatusConflict, "points.insufficient"},
		{"manager", "POST", ask(member), `{"points":10001,"code":"missing","note":"补发"}`, http.StatusForbidden, "points.adjust_limit"},
		{"manager", "POST", ask(member), `{"points":5,"code":"missing","note":"补发"}`, http.StatusCreated, `"state":"applied"`},
		{"manager", "POST", ask(member), `{"points":5000,"code":"missing","note":"补发"}`, http.StatusCreated, `"state":"waiting"`},
		{"manager", "POST", "/points/adjustments/2/approve", `{}`, http.StatusForbidden, "points.self_approval"},
		{"clerk", "POST", "/points/adjustments/2/approve", `{}`, http.StatusForbidden, ""},
		{"owner", "POST", "/points/adjustments/99/approve", `{}`, http.StatusNotFound, "points.adjustment_unknown"},
		{"owner", "GET", "/points/adjustments?state=waiting", "", http.StatusOK, `"points":5000`},
		{"owner", "POST", "/points/adjustments/2/approve", `{"note":"核对过"}`, http.StatusOK, `"decided_by":8`},
		{"owner", "POST", "/points/adjustments/2/refuse", `{"note":"不对"}`, http.StatusConflict, "points.adjustment_decided"},
		{"clerk", "GET", fmt.Sprintf("/members/%d/points", member), "", http.StatusOK, `"active":5005`},
		{"clerk", "GET", fmt.Sprintf("/members/%d/points/entries?limit=1", member), "", http.StatusOK, `"points":5000`},
	} {
		rec := do(tt.as, tt.method, tt.path, tt.body)
		if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.says) {
			t.Errorf("%s %s %s by %s = %d %s; want %d %s", tt.method, tt.path, tt.body, tt.as, rec.Code, rec.Body, tt.status, tt.says)
		}
	}
}
