package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"huitou/handler/admin"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/analytics"
	"huitou/service/staff"
)

// reportServer serves the reports of a database; the token of a session is the role of its actor.
func reportServer(d *db.DB, clock *dbtest.Clock) *echo.Echo {
	log := slog.New(slog.DiscardHandler)
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{
		Staff: func(_ context.Context, token string) (staff.Actor, error) {
			return staff.Actor{ID: 1, Role: staff.Role(token)}, nil
		},
	}, clock.Now, log)
	admin.Reports(r.Under("/admin/v1"), analytics.New(analytics.Deps{DB: d}))
	return e
}

func ask(e *echo.Echo, role, query string) (int, map[string]any) {
	req := httptest.NewRequest(http.MethodGet, "/admin/v1/reports/repurchase?"+query, nil)
	if role != "" {
		req.Header.Set("Authorization", "Bearer "+role)
	}
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, req)
	var body map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil {
		body = map[string]any{"not JSON": rec.Body.String()}
	}
	return rec.Code, body
}

func TestRepurchaseReport(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
		for i, member := range []model.MemberID{1, 1, 2} {
			o := model.Order{Source: "test", Number: fmt.Sprint(i), MemberID: member, Kind: model.OrderGoods, State: model.OrderPaid,
				Origin: model.OriginImport, PaidAt: time.Date(2026, 3, 5, i, 0, 0, 0, time.UTC), RecordedAt: tx.Now}
			if _, err := tx.Insert(&o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	status, body := ask(reportServer(d, clock), "manager", "from=2026-03-01&to=2026-04-01")
	want := map[string]any{"from": "2026-03-01", "to": "2026-04-01", "zone": "Asia/Shanghai", "as_of": "2026-11-21T04:00:00Z",
		"buyers": 2.0, "repeat_buyers": 1.0, "user_rate": 0.5, "orders": 3.0, "repeat_orders": 1.0, "order_rate": 1.0 / 3}
	if status != http.StatusOK || !reflect.DeepEqual(body, want) {
		t.Errorf("answered %d %v, want %v", status, body, want)
	}
}

func TestRepurchaseReportRefuses(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	e := reportServer(d, clock)
	tests := []struct {
		name, role, query string
		status            int
		code              string
	}{
		{"nobody signed in", "", "from=2026-03-01&to=2026-04-01", http.StatusUnauthorized, ""},
		{"a clerk", "clerk", "from=2026-03-01&to=2026-04-01", http.StatusForbidden, ""},
		{"no days", "owner", "", http.StatusBadRequest, "input.invalid"},
		{"no end", "owner", "from=2026-03-01", http.StatusBadRequest, "input.invalid"},
		{"not a day", "owner", "from=yesterday&to=2026-04-01", http.StatusBadRequest, "analytics.day"},
		{"30 February", "owner", "from=2026-02-01&to=2026-02-30", http.StatusBadRequest, "analytics.day"},
		{"a very long text", "owner", "from=2026-03-0111111111&to=2026-04-01", http.StatusBadRequest, "input.invalid"},
		{"the year 0", "owner", "from=0000-01-01&to=0001-01-01", http.StatusBadRequest, "analytics.day"},
		{"an end before its beginning", "owner", "from=2026-04-01&to=2026-03-01", http.StatusBadRequest, "analytics.range_empty"},
		{"no day at all", "owner", "from=2026-04-01&to=2026-04-01", http.StatusBadRequest, "analytics.range_empty"},
		{"more than ten years", "owner", "from=2016-04-01&to=2026-04-02", http.StatusBadRequest, "analytics.range_too_long"},
		{"an unknown parameter", "owner", "from=2026-03-01&to=2026-04-01&zone=UTC", http.StatusBadRequest, "input.invalid"},
	}
	for _, tt := range tests {
		status, body := ask(e, tt.role, tt.query)
		if status != tt.status || (tt.code != "" && body["code"] != tt.code) || body["code"] == nil {
			t.Errorf("%s: answered %d %v, want %d %s", tt.name, status, body, tt.status, tt.code)
		}
	}
}
