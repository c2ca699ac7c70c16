package admin_test

import (
	"context"
	"encoding/json"
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
	"huitou/service/coupons"
	"huitou/service/members"
	"huitou/service/staff"
)

// nobodyBut7 knows one member.
type nobodyBut7 struct{}

func (nobodyBut7) LockTx(_ context.Context, _ *db.Tx, id model.MemberID) error {
	if id != 7 {
		return members.ErrUnknown
	}
	return nil
}

// couponDesk posts to the staff routes of coupons; the token of a session is the role of its actor.
func couponDesk(t *testing.T) func(role, key, path, body string) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	d, clock := dbtest.SQLite(t)
	log := slog.New(slog.DiscardHandler)
	e := web.Server{Now: clock.Now, Log: log}.New()
	r := web.NewRoutes(e, "test", web.Auth{
		Staff: func(_ context.Context, token string) (staff.Actor, error) {
			return staff.Actor{ID: 3, Role: staff.Role(token)}, nil
		},
	}, clock.Now, log)
	admin.Coupons(r.Under("/admin/v1"), coupons.New(coupons.Deps{DB: d, Members: nobodyBut7{}, Log: log}))
	return func(role, key, path, body string) (*httptest.ResponseRecorder, map[string]any) {
		req := httptest.NewRequest(http.MethodPost, "/admin/v1"+path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+role)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", key)
		rec := httptest.NewRecorder()
		e.ServeHTTP(rec, req)
		var answer map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
			answer = map[string]any{"not JSON": rec.Body.String()}
		}
		return rec, answer
	}
}

const tenOff = `{"name":"满50减10","kind":"amount","amount_fen":1000,"threshold_fen":5000,"use_days":30,"total":-1,"per_member":1,"claimable":true,"issuable":true}`

func TestStaffGiveACoupon(t *testing.T) {
	post := couponDesk(t)
	rec, made := post("manager", "key-00000001", "/coupon-templates", tenOff)
	if rec.Code != http.StatusCreated || made["state"] != "draft" {
		t.Fatalf("the template: %d %v", rec.Code, made)
	}
	path := "/coupon-templates/" + made["id"].(string)
	gift := `{"member_id":7,"reason":"迟发道歉"}`
	if rec, body := post("clerk", "key-00000002", path+"/issues", gift); rec.Code != http.StatusConflict || body["code"] != "coupons.draft" {
		t.Errorf("a draft was given: %d %v", rec.Code, body)
	}
	if rec, body := post("clerk", "key-00000003", path+"/activate", ""); rec.Code != http.StatusForbidden {
		t.Errorf("a clerk started a template: %d %v", rec.Code, body)
	}
	if rec, body := post("manager", "key-00000003", path+"/activate", ""); rec.Code != http.StatusOK || body["state"] != "active" {
		t.Fatalf("activate: %d %v", rec.Code, body)
	}
	first, body := post("clerk", "key-00000002", path+"/issues", gift)
	if first.Code != http.StatusCreated || body["member_id"] != 7.0 || body["code"] != nil {
		t.Errorf("the coupon: %d %v; its code is not for staff", first.Code, body)
	}
	again, _ := post("clerk", "key-00000002", path+"/issues", gift)
	if again.Body.String() != first.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("the same command answered %d %s", again.Code, again.Body)
	}
	tests := []struct {
		name, key, body string
		status          int
		code            string
	}{
		{"the same key, another reason", "key-00000002", `{"member_id":7,"reason":"生日"}`, http.StatusUnprocessableEntity, "idempotency.key_reused"},
		{"beyond the limit", "key-00000004", gift, http.StatusConflict, "coupons.limit_reached"},
		{"nobody", "key-00000005", `{"member_id":8,"reason":"x"}`, http.StatusNotFound, "members.unknown"},
	}
	for _, tt := range tests {
		rec, body := post("clerk", tt.key, path+"/issues", tt.body)
		if rec.Code != tt.status || body["code"] != tt.code {
			t.Errorf("%s: %d %v, want %d %s", tt.name, rec.Code, body, tt.status, tt.code)
		}
	}
	for _, move := range []string{"pause", "end"} {
		if rec, body := post("manager", "key-00000006", path+"/"+move, ""); rec.Code != http.StatusOK {
			t.Errorf("%s: %d %v", move, rec.Code, body)
		}
	}
}

func TestCouponTemplateBadInput(t *testing.T) {
	post := couponDesk(t)
	for name, change := range map[string][2]string{
		"unknown field":    {`"total":-1`, `"total":-1,"claimed":5`},
		"state from out":   {`"total":-1`, `"total":-1,"state":"active"`},
		"text for number":  {`"amount_fen":1000`, `"amount_fen":"1000"`},
		"a fraction":       {`"amount_fen":1000`, `"amount_fen":10.5`},
		"an exponent":      {`"amount_fen":1000`, `"amount_fen":1e30`},
		"negative":         {`"amount_fen":1000`, `"amount_fen":-1`},
		"nothing off":      {`"amount_fen":1000`, `"amount_fen":0`},
		"unknown kind":     {`"kind":"amount"`, `"kind":"free"`},
		"empty name":       {`满50减10`, ``},
		"no validity":      {`"use_days":30`, `"use_days":0`},
		"stock of nothing": {`"total":-1`, `"total":0`},
		"missing total":    {`"total":-1,`, ``},
		"not JSON":         {`{`, `[`},
	} {
		rec, body := post("manager", "key-00000001", "/coupon-templates", strings.Replace(tenOff, change[0], change[1], 1))
		if rec.Code < 400 || rec.Code >= 500 || body["code"] == nil {
			t.Errorf("%s: %d %v", name, rec.Code, body)
		}
	}
}
