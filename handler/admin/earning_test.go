package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"huitou/handler/admin"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db/dbtest"
	"huitou/service/earning"
	"huitou/service/points"
	"huitou/service/staff"
)

// rulesDesk calls the staff routes of earning; the token of a session is the role of its actor. The past is one order of a
// hundred yuan by member 7.
func rulesDesk(t *testing.T) func(method, role, key, path, body string) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{
		Staff: func(_ context.Context, token string) (staff.Actor, error) {
			return staff.Actor{ID: 3, Role: staff.Role(token)}, nil
		},
	}, clock.Now, log)
	s := earning.New(earning.Deps{DB: d, Members: nobodyBut7{}, Points: points.New(points.Deps{DB: d}), PerYuan: 1, CostPerHundred: 150})
	admin.Earning(r.Under("/admin/v1"), s, func(_ context.Context, _, _ model.Day, yield func(earning.Purchase) error) error {
		return yield(earning.Purchase{Member: 7, Kind: model.OrderGoods, PaidAt: dbtest.Start, Goods: 10_000, Paid: 10_000})
	})
	return func(method, role, key, path, body string) (*httptest.ResponseRecorder, map[string]any) {
		req := httptest.NewRequest(method, "/admin/v1"+path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+role)
		req.Header.Set("Content-Type", "application/json")
		if key != "" {
			req.Header.Set("Idempotency-Key", key)
		}
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, req)
		var answer map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
			answer = map[string]any{"not JSON": rec.Body.String()}
		}
		return rec, answer
	}
}

const doubleTea = `{"name":"茶叶双倍","kind":"multiplier","multiplier_bp":20000,"group":"tea","priority":1}`

func TestEarningRules(t *testing.T) {
	call := rulesDesk(t)
	const post = http.MethodPost
	if rec, body := call(post, "clerk", "key-00000001", "/earning-rules", doubleTea); rec.Code != http.StatusForbidden {
		t.Errorf("a clerk made a rule: %d %v", rec.Code, body)
	}
	run := `{"rule":` + doubleTea + `,"from":"2026-11-01","to":"2026-12-01"}`
	rec, forecast := call(post, "manager", "", "/earning-rules/dry-runs", run)
	if rec.Code != http.StatusOK || forecast["points"] != 100.0 || forecast["cost_fen"] != 150.0 || forecast["members"] != 1.0 || forecast["points_before"] != 100.0 {
		t.Errorf("the dry run: %d %v", rec.Code, forecast)
	}
	rec, rule := call(post, "manager", "key-00000001", "/earning-rules", doubleTea)
	if rec.Code != http.StatusCreated || rule["state"] != "draft" || rule["multiplier_bp"] != 20000.0 || rule["to_hour"] != 24.0 {
		t.Fatalf("the rule: %d %v", rec.Code, rule)
	}
	path := fmt.Sprintf("/earning-rules/%v", rule["id"])
	again, _ := call(post, "manager", "key-00000001", "/earning-rules", doubleTea)
	if again.Body.String() != rec.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("the same command answered %d %s", again.Code, again.Body)
	}
	steps := []struct {
		path, body string
		status     int
		want       string // state or code
	}{
		{path + "/pause", "", http.StatusConflict, "earning.rule_draft"},
		{path + "/activate", "", http.StatusOK, "active"},
		{"/earning-rules/dry-runs", run, http.StatusConflict, "earning.rule_overlap"},
		{"/earning-rules/dry-runs", strings.Replace(run, `"from"`, `"replaces":1,"from"`, 1), http.StatusOK, ""},
		{path + "/pause", "", http.StatusOK, "paused"},
		{path + "/end", "", http.StatusOK, "ended"},
		{path + "/activate", "", http.StatusConflict, "earning.rule_ended"},
		{"/earning-rules/99/end", "", http.StatusNotFound, "earning.rule_unknown"},
	}
	for _, s := range steps {
		rec, body := call(post, "manager", "", s.path, s.body)
		if got := body["state"]; rec.Code != s.status || s.want != "" && got != s.want && body["code"] != s.want {
			t.Errorf("%s: %d %v, want %d %s", s.path, rec.Code, body, s.status, s.want)
		}
	}
	rec, list := call(http.MethodGet, "owner", "", "/earning-rules?limit=5", "")
	if rules, ok := list["rules"].([]any); rec.Code != http.StatusOK || !ok || len(rules) != 1 {
		t.Errorf("the list: %d %v", rec.Code, list)
	}
}

func TestEarningRuleBadInput(t *testing.T) {
	call := rulesDesk(t)
	for name, change := range map[string][2]string{
		"unknown field":       {`"priority":1`, `"priority":1,"state":"active"`},
		"unknown kind":        {`"kind":"multiplier"`, `"kind":"share"`},
		"text for number":     {`20000`, `"20000"`},
		"full-width digits":   {`20000`, `"２００００"`},
		"a fraction":          {`20000`, `1.5`},
		"beyond 64 bits":      {`20000`, `99999999999999999999`},
		"negative":            {`20000`, `-1`},
		"empty name":          {`茶叶双倍`, ``},
		"a SKU twice":         {`"priority":1`, `"priority":1,"skus":["a","a"]`},
		"a list of lists":     {`"priority":1`, `"priority":1,"skus":[["a"]]`},
		"an eighth weekday":   {`"priority":1`, `"priority":1,"weekdays":[8]`},
		"a value of another":  {`"priority":1`, `"priority":1,"bonus":5`},
		"until before from":   {`"priority":1`, `"priority":1,"from":"2026-11-21T00:00:00Z","until":"2026-11-20T00:00:00Z"`},
		"hours the wrong way": {`"priority":1`, `"priority":1,"from_hour":22,"to_hour":2`},
		"not JSON":            {`{`, `[`},
	} {
		rec, body := call(http.MethodPost, "manager", "key-00000001", "/earning-rules", strings.Replace(doubleTea, change[0], change[1], 1))
		if rec.Code < 400 || rec.Code >= 500 || body["code"] == nil {
			t.Errorf("%s: %d %v", name, rec.Code, body)
		}
	}
	for name, days := range map[string]string{
		"the 30th of February": `"from":"2026-02-30","to":"2026-12-01"`, "backwards": `"from":"2026-12-01","to":"2026-11-01"`,
		"years": `"from":"2020-01-01","to":"2026-11-01"`, "no day": `"from":"yesterday","to":"2026-11-01"`,
	} {
		rec, body := call(http.MethodPost, "manager", "", "/earning-rules/dry-runs", `{"rule":`+doubleTea+`,`+days+`}`)
		if rec.Code != http.StatusBadRequest || body["code"] != "input.invalid" {
			t.Errorf("%s: %d %v", name, rec.Code, body)
		}
	}
}

func TestEarningSettings(t *testing.T) {
	call := rulesDesk(t)
	const put = http.MethodPut
	want := `{"exclude_skus":["G-1"],"exclude_categories":[],"cap_order":1000,"cap_day":0}`
	rec, _ := call(put, "manager", "", "/earning-settings", want)
	read, _ := call(http.MethodGet, "manager", "", "/earning-settings", "")
	if got := strings.TrimSpace(read.Body.String()); rec.Code != http.StatusOK || got != want {
		t.Errorf("%d, read %s, want %s", rec.Code, got, want)
	}
	rec, action := call(put, "owner", "", "/earning-actions/check_in", `{"enabled":true,"ladder":[5,10],"per_day":1}`)
	if rec.Code != http.StatusOK || fmt.Sprint(action["ladder"]) != "[5 10]" {
		t.Errorf("the check-in: %d %v", rec.Code, action)
	}
	_, list := call(http.MethodGet, "owner", "", "/earning-actions", "")
	if actions, ok := list["actions"].([]any); !ok || len(actions) != 4 || fmt.Sprint(actions[0].(map[string]any)["ladder"]) != "[5 10]" {
		t.Errorf("the actions: %v", list)
	}
	for name, bad := range map[string][2]string{
		"sharing":        {"/earning-actions/share", `{"enabled":true,"ladder":[5],"per_day":1}`},
		"following":      {"/earning-actions/follow", `{"enabled":true,"ladder":[5],"per_day":1}`},
		"no ladder":      {"/earning-actions/review", `{"enabled":true,"ladder":[],"per_day":1}`},
		"a long one":     {"/earning-actions/review", `{"enabled":true,"ladder":[1,2],"per_day":1}`},
		"a negative cap": {"/earning-settings", `{"exclude_skus":[],"exclude_categories":[],"cap_order":-1,"cap_day":0}`},
	} {
		if rec, body := call(put, "manager", "", bad[0], bad[1]); rec.Code < 400 || rec.Code >= 500 || body["code"] == nil {
			t.Errorf("%s: %d %v", name, rec.Code, body)
		}
	}
	if rec, _ := call(put, "clerk", "", "/earning-settings", want); rec.Code != http.StatusForbidden {
		t.Errorf("a clerk changed the settings: %d", rec.Code)
	}
}
