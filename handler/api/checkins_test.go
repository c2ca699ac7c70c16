package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"testing"
	"time"

	"huitou/handler/api"
	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/earning"
	"huitou/service/points"
)

// anybody exists.
type anybody struct{}

func (anybody) LockTx(context.Context, *db.Tx, model.MemberID) error { return nil }

func TestCheckIns(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{
		Member: func(_ context.Context, token string) (model.MemberID, error) {
			id, err := strconv.ParseInt(token, 10, 64)
			return model.MemberID(id), err
		},
	}, clock.Now, log)
	api.CheckIns(r.Under("/api/v1"), earning.New(earning.Deps{DB: d, Members: anybody{}, Points: points.New(points.Deps{DB: d})}))

	for i, want := range []int{http.StatusCreated, http.StatusOK} {
		rec, body := askCoupons(e, "7", "", http.MethodPost, "/check-ins", "")
		if rec.Code != want || body["day"] != "2026-11-21" || body["points"] != 1.0 || body["streak"] != 1.0 ||
			(rec.Header().Get("Idempotency-Replayed") == "true") != (i == 1) {
			t.Errorf("tap %d: %d %v", i, rec.Code, body)
		}
	}
	clock.Advance(24 * time.Hour)
	rec, body := askCoupons(e, "7", "", http.MethodGet, "/check-ins?month=2026-11", "")
	if rec.Code != http.StatusOK || fmt.Sprint(body["days"]) != "[map[day:2026-11-21 points:1 streak:1]]" || body["streak"] != 1.0 ||
		body["today"] != false || body["next_points"] != 2.0 {
		t.Errorf("the calendar: %d %v", rec.Code, body)
	}
	if _, other := askCoupons(e, "8", "", http.MethodGet, "/check-ins?month=2026-11", ""); fmt.Sprint(other["days"]) != "[]" {
		t.Errorf("somebody else sees %v", other)
	}
	for _, month := range []string{"", "2026-13", "2026-1", "2026-11-01", "abcd-ef", "０２６-11", "9999-12"} {
		if rec, body := askCoupons(e, "7", "", http.MethodGet, "/check-ins?month="+month, ""); rec.Code < 400 || rec.Code >= 500 || body["code"] == nil {
			t.Errorf("month %q: %d %v", month, rec.Code, body)
		}
	}
}
