package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/demo"
	"huitou/model"
	"huitou/model/db"
	"huitou/service/members"
	"huitou/service/payments"
	"huitou/wechat/sim"
)

// reconcileCommand runs `huitou reconcile` on shops that open makes.
func reconcileCommand(t *testing.T, open func() (*app.App, error), args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := newReconcile(func(context.Context, *cobra.Command) (*app.App, error) { return open() })
	c.SilenceUsage, c.SilenceErrors = true, true
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(args)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func TestReconcileCommand(t *testing.T) {
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	to := func(at time.Time) { ahead.Store(int64(time.Until(at))) }
	day := model.DayOf(time.Now(), model.Shanghai).AddDays(1)
	to(day.Start(model.Shanghai).Add(12 * time.Hour)) // far from any midnight
	we, err := sim.New(sim.Config{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(we.API())
	t.Cleanup(srv.Close)
	at, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	open := func() (*app.App, error) {
		s, err := embedded(dir, now, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		s.PublicURL = "http://127.0.0.1:1"
		if err := demo.UseSim(&s, we.Accounts(), at); err != nil {
			return nil, err
		}
		a, err := app.New(t.Context(), s)
		if err != nil {
			return nil, err
		}
		return a, a.DB.Migrate(t.Context())
	}

	// A payment that nobody told us of, of today.
	a, err := open()
	if err != nil {
		t.Fatal(err)
	}
	var member model.MemberID
	control := func(path, body string) {
		t.Helper()
		w := httptest.NewRecorder()
		we.Control().ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body)))
		if w.Code != 200 {
			t.Fatalf("%s = %d %s", path, w.Code, w.Body)
		}
		if path != "/_sim/users" {
			return
		}
		_, openID, _ := strings.Cut(w.Body.String(), `"mini_openid":"`)
		openID, _, _ = strings.Cut(openID, `"`)
		err := a.DB.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
			member, _, err = a.Members.EnsureTx(ctx, tx, members.Ref{AppID: we.Accounts().Mini.AppID, OpenID: openID})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	control("/_sim/users", `{}`)
	o, err := a.Payments.Open(t.Context(), payments.Open{Member: member, Purpose: "sample", Ref: "1", Amount: 1234, Description: "样品"})
	if err == nil {
		_, err = a.Payments.Prepay(t.Context(), o.ID)
	}
	if err == nil {
		o, err = a.Payments.Order(t.Context(), o.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	control("/_sim/users/u1/pay?wait_ms=0", `{"unsigned":true,"prepay_id":"`+o.PrepayID+`"}`)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	if out, err := reconcileCommand(t, open, "--date", day.String()); !errors.Is(err, payments.ErrBillEarly) {
		t.Errorf("today = %v\n%s", err, out)
	}
	if out, err := reconcileCommand(t, open); err != nil || !strings.Contains(out, "核对 0 天") {
		t.Errorf("nothing due = %v\n%s", err, out)
	}
	to(day.AddDays(1).Start(model.Shanghai).Add(11 * time.Hour))
	for _, args := range [][]string{nil, {"--date", day.String()}} {
		out, err := reconcileCommand(t, open, args...)
		if err != nil || !strings.Contains(out, day.String()) || !strings.Contains(out, "12.34") || !strings.Contains(out, "核对 1 天,差异 0 笔") {
			t.Errorf("reconcile %v = %v\n%s", args, err, out)
		}
	}
	control("/_sim/bills/"+day.String()+"/changes", `{"act":"foreign","number":"ELSEWHERE1","fen":5}`)
	if out, err := reconcileCommand(t, open, "--date", day.String()); !errors.Is(err, errSaid) || !strings.Contains(out, "差异 1 笔") {
		t.Errorf("with a break = %v\n%s", err, out)
	}
}

func TestReconcileRefusesWhatItCannotDo(t *testing.T) {
	dir := t.TempDir()
	open := func() (*app.App, error) {
		s, err := embedded(dir, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		return app.New(t.Context(), s)
	}
	if out, err := reconcileCommand(t, open); err == nil || !strings.Contains(err.Error(), "pay.mch_id") {
		t.Errorf("a shop without a merchant = %v\n%s", err, out)
	}
	// What it cannot do it does not offer.
	if out, err := reconcileCommand(t, open, "--data", dir); err == nil || !strings.Contains(err.Error(), "unknown flag: --data") {
		t.Errorf("a data folder = %v\n%s", err, out)
	}
	c := newReconcile(openData)
	c.SetContext(t.Context())
	if _, err := openData(t.Context(), c); err == nil || strings.Contains(err.Error(), "--data") || !strings.Contains(err.Error(), "--config") {
		t.Errorf("without --config = %v", err)
	}
	for _, date := range []string{"yesterday", "2026-02-30", "20261121"} {
		if _, err := reconcileCommand(t, open, "--date", date); err == nil || !strings.Contains(err.Error(), "--date") {
			t.Errorf("--date %s = %v", date, err)
		}
	}
}
