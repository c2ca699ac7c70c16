package admin_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"huitou/handler/admin"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db/dbtest"
	"huitou/service/analytics"
	"huitou/service/points"
	"huitou/service/staff"
)

func TestPointsLiability(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	ledger := points.New(points.Deps{DB: d, Log: log})
	_, _, err := ledger.Earn(t.Context(), points.Earn{Member: 1, Points: 150, Reason: model.PointsForAction, Source: "a",
		ExpiresAt: model.NewDay(2027, time.March, 1).Start(model.Shanghai)})
	if err != nil {
		t.Fatal(err)
	}
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{Staff: func(_ context.Context, token string) (staff.Actor, error) {
		return staff.Actor{ID: 1, Role: staff.Role(token)}, nil
	}}, clock.Now, log)
	admin.PointsLiability(r.Under("/admin/v1"), analytics.New(analytics.Deps{DB: d, PointsCost: 50}))
	get := func(path, role string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodGet, "/admin/v1/reports/"+path, nil)
		req.Header.Set("Authorization", "Bearer "+role)
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, req)
		return rec
	}
	if a := get("points-liability", "manager"); a.Code != http.StatusOK ||
		!strings.Contains(a.Body.String(), `"rows":[{"month":"2027-02","active":150,"pending":0,"points":150,"cost_fen":75}],"outstanding":150,"cost_fen":75,`) {
		t.Errorf("JSON: %d %s", a.Code, a.Body)
	}
	a := get("points-liability.csv", "manager")
	if a.Code != http.StatusOK || a.Header().Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(a.Header().Get("Content-Disposition"), "points-liability.csv") ||
		a.Body.String() != "\ufeff到期月份,可用积分,待生效积分,合计积分,成本(元)\r\n2027-02,150,0,150,0.75\r\n合计,150,0,150,0.75\r\n" {
		t.Errorf("CSV: %d %v %q", a.Code, a.Header(), a.Body)
	}
	for _, path := range []string{"points-liability", "points-liability.csv"} {
		if a := get(path, "clerk"); a.Code != http.StatusForbidden {
			t.Errorf("a clerk got %d for %s", a.Code, path)
		}
	}
}
