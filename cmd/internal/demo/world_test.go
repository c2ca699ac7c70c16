package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/demoshop"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/kv"
	"huitou/service/aftersale"
	"huitou/service/audit"
	"huitou/service/coupons"
	"huitou/service/members"
	"huitou/service/memberships"
	"huitou/service/orders"
	"huitou/wechat/sim"
)

// start is a Monday, ten in the morning in Shanghai.
var start = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)

// standing is a clock that nothing but a journey moves: what is due is due at an exact instant, and two worlds can be compared.
func standing() time.Time { return start }

var (
	accountsOnce sync.Once
	accounts     []byte // of a simulated WeChat, made once: its keys are slow to make
)

// world is a running demo.
type world struct {
	*Demo
	t    *testing.T
	dir  string
	real func() time.Time
	stop func() // once
}

// open starts the demo of a folder, which is filled when it is new. finest makes journeys coarse enough for a test.
func open(t *testing.T, dir string, real func() time.Time, finest time.Duration, before func(*Demo)) *world {
	t.Helper()
	keepAccounts(t, dir)
	clock, err := OpenClock(dir, real)
	if err != nil {
		t.Fatal(err)
	}
	store := kv.NewMemory(kv.MemoryOptions{Now: clock.Now})
	t.Cleanup(func() { store.Close() })
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	d, err := New(t.Context(), Options{
		Dir: dir, Clock: clock, Shop: demoshop.Options{Seed: 7, Members: 30, Months: 3}, Main: listen(), Control: listen(), API: listen(),
		Settings: app.Settings{
			DB: db.Options{Driver: db.SQLite, Path: filepath.Join(dir, "huitou.db")}, KV: store, Now: clock.Now, Log: slog.New(slog.DiscardHandler),
			Version: "test", PhoneKey: []byte(strings.Repeat("k", 32)), Earning: Earning, PointsCost: 100,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.finest = finest
	if before != nil {
		before(d)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	w := &world{Demo: d, t: t, dir: dir, real: real}
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.stop)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) { // until it runs
		status, out := w.ask("POST", d.Logins.Simulator+"/_sim/clock", "", map[string]any{"advance_ms": 0})
		if status == http.StatusOK {
			break
		}
		if out["error"] != "sim_stopped" || time.Now().After(deadline) {
			t.Fatalf("the demo does not run: %d %v", status, out)
		}
	}
	return w
}

func keepAccounts(t *testing.T, dir string) {
	t.Helper()
	accountsOnce.Do(func() {
		made := t.TempDir()
		if _, err := sim.New(sim.Config{Now: standing, StateDir: made}); err != nil {
			t.Fatal(err)
		}
		var err error
		if accounts, err = os.ReadFile(filepath.Join(made, "accounts.json")); err != nil {
			t.Fatal(err)
		}
	})
	path := filepath.Join(dir, "wechat", "accounts.json")
	if _, err := os.Stat(path); err == nil {
		return
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, accounts, 0o600); err != nil {
		t.Fatal(err)
	}
}

// ctl calls the simulator's control API and wants 200.
func (w *world) ctl(method, path string, in any) map[string]any {
	w.t.Helper()
	status, out := w.ask(method, w.Logins.Simulator+path, "", in)
	if status != http.StatusOK {
		w.t.Fatalf("%s %s = %d %v", method, path, status, out)
	}
	return out
}

var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func (w *world) ask(method, url, token string, in any) (int, map[string]any) {
	w.t.Helper()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			w.t.Fatal(err)
		}
	}
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(r)
	if err != nil {
		w.t.Errorf("%s %s: %v", method, url, err)
		return 0, nil
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Errorf("%s %s: %v", method, url, err)
	}
	var out map[string]any
	_ = json.Unmarshal(raw, &out)
	return resp.StatusCode, out
}

// travel moves the clock on and returns what the journey tells.
func (w *world) travel(d time.Duration) sim.Journey {
	w.t.Helper()
	status, out := w.ask("POST", w.Logins.Simulator+"/_sim/clock?wait_ms=15000", "", map[string]any{"advance_ms": d.Milliseconds()})
	for status == http.StatusOK && out["travelling"] == true {
		time.Sleep(20 * time.Millisecond)
		status, out = w.ask("GET", w.Logins.Simulator+"/_sim/clock", "", nil)
	}
	raw, err := json.Marshal(out["journey"])
	var j sim.Journey
	if err == nil {
		err = json.Unmarshal(raw, &j)
	}
	if err != nil || status != http.StatusOK || !j.Done || j.Problem != "" {
		w.t.Fatalf("the journey of %s = %d %s (%v)", d, status, raw, err)
	}
	return j
}

// audit checks everything that must never be untrue.
func (w *world) audit() {
	w.t.Helper()
	broken, err := audit.Run(context.Background(), w.App.DB, w.App.Invariants())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range broken {
		w.t.Errorf("%s is broken (%s): %v", b.ID, b.Says, b.Violations)
	}
}

// customer is one who bought and follows.
type customer struct {
	id     string // at the simulator
	member model.MemberID
	token  string
}

// live lets somebody sign in, buy, claim a coupon, take the card and follow by the code on the parcel.
func (w *world) live() customer {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	c := customer{id: w.ctl("POST", "/_sim/users", map[string]string{"nickname": "林晓"})["id"].(string)}
	path := "/_sim/users/" + c.id
	s, err := w.App.Members.SignIn(ctx, w.ctl("POST", path+"/login", nil)["js_code"].(string))
	must("sign in", err)
	c.member, c.token = s.Member, s.Token
	_, err = w.App.Members.BindPhone(ctx, c.member, w.ctl("POST", path+"/phone", nil)["code"].(string))
	must("bind the phone", err)
	offers, err := w.App.Coupons.Templates(ctx, c.member)
	must("look for coupons", err)
	claimed := 0
	for _, o := range offers {
		if o.Refusal == nil {
			_, err := w.App.Coupons.Claim(ctx, coupons.Claim{Member: c.member, Template: o.ID, Key: db.Key{Scope: "test", Key: string(o.ID)}})
			must("claim", err)
			claimed++
		}
	}
	if claimed == 0 {
		t.Fatal("there is no coupon to claim")
	}
	order := orders.Order{
		Source: Source, Number: "T" + c.id, Member: members.Ref{Member: c.member}, PaidAt: w.Clock.Now().UTC(),
		Lines: []orders.Line{{SKU: "tea", Name: "明前龙井", Quantity: 1, PriceFen: 12800}}, GoodsFen: 12800, PaidFen: 12800,
	}
	_, err = w.App.Orders.Ingest(ctx, order)
	must("buy", err)
	plans, err := w.App.Memberships.Plans(ctx)
	must("look for plans", err)
	bought, err := w.App.Memberships.Buy(ctx, memberships.Buy{Member: c.member, Plan: plans[0].ID, Key: db.Key{Scope: "test", Key: "card"}})
	must("order the card", err)
	w.ctl("POST", path+"/pay", bought.Pay)
	w.travel(0) // all of that has its effects before the follow, so that every run is alike
	owner, err := w.App.Staff.Named(ctx, StaffName)
	must("find the owner", err)
	code, err := w.App.Aftersale.MakeParcelCode(ctx, aftersale.MakeParcelCode{Staff: owner.ID, Source: Source, Number: order.Number})
	must("make the parcel's code", err)
	w.ctl("POST", path+"/scan", map[string]string{"ticket": code.Ticket})
	return c
}

// jobs lists every job, in the order in which they were due.
func (w *world) jobs() (list []model.Job) {
	w.t.Helper()
	err := w.App.DB.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Order("run_at, id").Find(&list).Error
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// phone lists what the customer's phone shows.
func (w *world) phone(c customer) (lines []string) {
	w.t.Helper()
	for _, m := range w.ctl("GET", "/_sim/users/"+c.id+"/inbox", nil)["messages"].([]any) {
		m := m.(map[string]any)
		lines = append(lines, fmt.Sprint(m["at"], " ", m["app"], " ", m["kind"], " ", m["title"]))
	}
	return lines
}
