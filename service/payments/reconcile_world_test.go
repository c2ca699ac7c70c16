package payments_test

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/payments"
	"huitou/wechat"
	"huitou/wechat/pay"
	"huitou/wechat/sim"
)

// keptAccounts is a simulator's state made once: three RSA keys are slow to make.
var keptAccounts = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "books")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if _, err := sim.New(sim.Config{Now: dbtest.NewClock().Now, StateDir: dir}); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "accounts.json"))
})

// inside is a network of one machine: calls go to a handler without a socket.
type inside struct{ to http.Handler }

func (n inside) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	n.to.ServeHTTP(w, r)
	return w.Result(), nil
}

// books is a shop with the simulated WeChat Pay, whose notices all get lost: its pushes are never run.
type books struct {
	*payments.Service
	t     testing.TB
	db    *db.DB
	clock *dbtest.Clock
	queue *jobs.Queue
	we    *sim.Sim
	bills *payments.Reconciliation
	payer map[model.MemberID]string // openid
	user  map[model.MemberID]string // id at the simulator
	n     int
}

func newBooks(t testing.TB, d *db.DB, clock *dbtest.Clock) *books {
	t.Helper()
	dir := t.TempDir()
	state, err := keptAccounts()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "accounts.json"), state, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := &books{t: t, db: d, clock: clock, payer: map[model.MemberID]string{}, user: map[model.MemberID]string{}}
	if b.we, err = sim.New(sim.Config{Now: clock.Now, Seed: 1, StateDir: dir}); err != nil {
		t.Fatal(err)
	}
	acc := b.we.Accounts()
	client := &http.Client{Transport: inside{b.we.API()}}
	log := slog.New(slog.DiscardHandler)
	p, err := pay.New(pay.Config{
		AppID: acc.Mini.AppID, MchID: acc.Merchant.MchID, CertSerial: acc.Merchant.SerialNo, PrivateKey: private(t, acc.Merchant.PrivateKeyPEM),
		APIv3Key: wechat.Secret(acc.Merchant.APIv3Key), PublicKeys: []pay.PublicKey{{ID: acc.Platform.PublicKeyID, Key: public(t, acc.Platform.PublicKeyPEM)}},
		HTTP: client, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.queue = jobs.New(d, log)
	b.Service = payments.New(payments.Deps{
		DB: d, Gateway: p, Refunds: p, Queue: b.queue, Facts: facts.New(b.queue), Log: log, AppID: acc.Mini.AppID, MchID: acc.Merchant.MchID,
		NotifyURL: "http://127.0.0.1:1/wechat/pay/notices/payment", RefundNotifyURL: "http://127.0.0.1:1/wechat/pay/notices/refund",
		Payer: func(_ context.Context, _ *db.Tx, m model.MemberID) (string, error) { return b.payer[m], nil },
	})
	b.bills = payments.NewReconciliation(payments.ReconciliationDeps{DB: d, Payments: b.Service, Bills: p, MchID: acc.Merchant.MchID, Queue: b.queue, Log: log})
	b.control("POST", "/_sim/settings", map[string]any{"refund_delay_ms": -1})
	for m := model.MemberID(1); m <= 3; m++ {
		u := b.control("POST", "/_sim/users", map[string]any{})
		b.payer[m], b.user[m] = u["mini_openid"].(string), u["id"].(string)
	}
	return b
}

func private(t testing.TB, text string) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

func public(t testing.TB, text string) *rsa.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PublicKey)
}

// control calls the simulator's control API.
func (b *books) control(method, path string, body any) map[string]any {
	b.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(raw))
	w := httptest.NewRecorder()
	b.we.Control().ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
		b.t.Fatalf("%s %s = %d %s", method, path, w.Code, w.Body)
	}
	return out
}

// ordered opens an order of a member and makes it known to WeChat.
func (b *books) ordered(m model.MemberID, fen model.Fen) model.PayOrder {
	b.t.Helper()
	b.n++
	in := open(m, fmt.Sprint("bill", b.n))
	in.Amount = fen
	o, err := b.Open(b.t.Context(), in)
	if err != nil {
		b.t.Fatalf("Open: %v", err)
	}
	if _, err := b.Prepay(b.t.Context(), o.ID); err != nil {
		b.t.Fatalf("Prepay: %v", err)
	}
	return b.order(o.ID)
}

// pays is the payer tapping "pay"; the notice gets lost.
func (b *books) pays(o model.PayOrder) {
	b.t.Helper()
	b.control("POST", "/_sim/users/"+b.user[o.MemberID]+"/pay?wait_ms=0", map[string]any{"prepay_id": o.PrepayID, "unsigned": true})
}

// heard asks about an order, as a notice would tell.
func (b *books) heard(o model.PayOrder) {
	b.t.Helper()
	if _, err := b.Query(b.t.Context(), o.ID); err != nil {
		b.t.Fatalf("Query: %v", err)
	}
}

func (b *books) paid(m model.MemberID, fen model.Fen) model.PayOrder {
	b.t.Helper()
	o := b.ordered(m, fen)
	b.pays(o)
	b.heard(o)
	return b.order(o.ID)
}

func (b *books) order(id model.PayOrderID) model.PayOrder {
	b.t.Helper()
	o, err := b.Order(b.t.Context(), id)
	if err != nil {
		b.t.Fatalf("Order(%d): %v", id, err)
	}
	return o
}

// back asks for a refund and lets WeChat accept it; number is the one that WeChat has.
func (b *books) back(o model.PayOrder, fen model.Fen) (number string) {
	b.t.Helper()
	b.n++
	r, _, err := b.Refund(b.t.Context(), payments.Refund{PayOrder: o.ID, Amount: fen, Reason: "退款", Source: fmt.Sprint("bill:", b.n)})
	if err != nil {
		b.t.Fatalf("Refund: %v", err)
	}
	b.run()
	return b.text(`SELECT out_refund_no FROM pay_refund_numbers WHERE pay_refund_id = ? ORDER BY ordinal DESC LIMIT 1`, r.ID)
}

// settled ends a refund at WeChat; the notice gets lost.
func (b *books) settled(number, status string) {
	b.t.Helper()
	b.control("POST", "/_sim/refunds/"+number+"/result?wait_ms=0", map[string]any{"status": status})
}

func (b *books) run() {
	b.t.Helper()
	if _, err := b.queue.RunDue(b.t.Context()); err != nil {
		b.t.Fatalf("RunDue: %v", err)
	}
}

func (b *books) text(query string, args ...any) (out string) {
	b.t.Helper()
	err := b.db.Read(b.t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Raw(query, args...).Scan(&out).Error })
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func (b *books) exec(statement string, args ...any) {
	b.t.Helper()
	err := b.db.Do(b.t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Exec(statement, args...).Error })
	if err != nil {
		b.t.Fatalf("%s: %v", statement, err)
	}
}

// morning moves to 10:30 of the day after a day, when its bill is there.
func (b *books) morning(day model.Day) {
	b.clock.Set(day.AddDays(1).Start(model.Shanghai).Add(10*time.Hour + 30*time.Minute))
}

func (b *books) today() model.Day { return model.DayOf(b.clock.Now(), model.Shanghai) }

func (b *books) reconciled(day model.Day) model.PayBill {
	b.t.Helper()
	row, err := b.bills.Day(b.t.Context(), day)
	if err != nil {
		b.t.Fatalf("Day(%s): %v", day, err)
	}
	return row
}

// open breaks, as "kind number bucket".
func (b *books) openBreaks() map[string]bool {
	b.t.Helper()
	list, next, err := b.bills.Breaks(b.t.Context(), model.BillBreakOpen, db.Page{Limit: 100})
	if err != nil || next != "" {
		b.t.Fatalf("Breaks: %v, %q", err, next)
	}
	out := map[string]bool{}
	for _, k := range list {
		out[fmt.Sprint(k.Kind, " ", k.Number, " ", k.Bucket)] = true
	}
	return out
}

// broken names the invariants that do not hold.
func (b *books) broken() []string {
	b.t.Helper()
	all := append(payments.Invariants(), payments.BillInvariants()...)
	broken, err := audit.Run(b.t.Context(), b.db, all)
	if err != nil {
		b.t.Fatalf("audit: %v", err)
	}
	ids := []string{}
	for _, k := range broken {
		ids = append(ids, fmt.Sprint(k.ID, " ", k.Violations))
	}
	return ids
}

// eachBooks runs a test on every kind of database.
func eachBooks(t *testing.T, f func(t *testing.T, b *books)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, newBooks(t, d, clock)) })
}

// oneBooks runs a test on SQLite alone: a test of decisions, which the kind of database does not change.
func oneBooks(t *testing.T, f func(t *testing.T, b *books)) {
	t.Helper()
	t.Parallel()
	d, clock := dbtest.SQLite(t)
	f(t, newBooks(t, d, clock))
}
