package shipping_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
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
	"huitou/service/shipping"
	"huitou/wechat"
)

const (
	appID = "wxa1b2c3d4e5f60718"
	mchID = "1900000109"
)

// centre is WeChat's order centre in memory.
type centre struct {
	mu       sync.Mutex
	managed  bool
	known    map[string]wechat.ShippingState // by transaction; waiting when it is not there
	uploads  []wechat.Shipping
	asked    int // look-ups
	managedN int // questions whether trade is managed

	// upload runs before an upload takes effect, lost after it; what they return is the answer.
	upload, lost func(in wechat.Shipping) error
	look         error
}

func (c *centre) TradeManaged(context.Context) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.managedN++
	return c.managed, nil
}

func (c *centre) UploadShipping(_ context.Context, in wechat.Shipping) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.upload != nil {
		if err := c.upload(in); err != nil {
			return err
		}
	}
	c.uploads = append(c.uploads, in)
	c.known[in.TransactionID] = wechat.ShippingSent
	if c.lost != nil {
		return c.lost(in)
	}
	return nil
}

func (c *centre) ShippingOrder(_ context.Context, transactionID, _, _ string) (wechat.ShippingOrder, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.look != nil {
		return wechat.ShippingOrder{}, c.look
	}
	state, ok := c.known[transactionID]
	if !ok {
		state = wechat.ShippingWaits
	}
	return wechat.ShippingOrder{TransactionID: transactionID, State: state}, nil
}

func (c *centre) Carriers(context.Context) ([]wechat.Carrier, error) {
	return []wechat.Carrier{{ID: "SF", Name: "顺丰速运"}, {ID: "ZTO", Name: "中通快递"}}, nil
}

func refusal(code int) error { return &wechat.Error{Code: code, Message: fmt.Sprint("refused ", code)} }

var errSilence = &wechat.TransportError{Endpoint: "/wxa/sec/order/upload_shipping_info", Err: context.DeadlineExceeded}

// till is a WeChat Pay that takes every order.
type till struct{}

func (till) Prepay(_ context.Context, in wechat.Prepay) (string, error) {
	return "wx" + in.OutTradeNo, nil
}
func (till) Params(string) (wechat.PayParams, error) { return wechat.PayParams{}, nil }
func (till) Query(context.Context, string) (wechat.Transaction, error) {
	return wechat.Transaction{}, errors.New("nobody asks")
}
func (till) Close(context.Context, string) error { return errors.New("nobody closes") }

// world is one instance of the program.
type world struct {
	*shipping.Service
	t       testing.TB
	db      *db.DB
	clock   *dbtest.Clock
	queue   *jobs.Queue
	pay     *payments.Service
	centre  *centre
	parcels map[string]*shipping.Parcel // by ref
	n       int
}

func newWorld(t testing.TB, d *db.DB, clock *dbtest.Clock, c *centre) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: clock, centre: c, parcels: map[string]*shipping.Parcel{}}
	log := slog.New(slog.DiscardHandler)
	w.queue = jobs.New(d, log)
	f := facts.New(w.queue)
	w.pay = payments.New(payments.Deps{
		DB: d, Gateway: till{}, Queue: w.queue, Facts: f, Log: log, AppID: appID, MchID: mchID, NotifyURL: "https://shop.example/n",
		Payer: func(context.Context, *db.Tx, model.MemberID) (string, error) { return "oPayer", nil },
	})
	w.Service = shipping.New(shipping.Deps{
		DB: d, Payments: w.pay, Centre: c, Queue: w.queue, Log: log,
		Sellers: map[string]shipping.Seller{"shop": func(_ context.Context, _ *db.Tx, o model.PayOrder) (shipping.Parcel, error) {
			return *w.parcels[o.Ref], nil
		}},
	})
	facts.Subscribe(f, "shipping", w.OnPaid)
	return w
}

// each runs a test with one instance on every kind of database.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		f(t, newWorld(t, d, clock, &centre{managed: true, known: map[string]wechat.ShippingState{}}))
	})
}

// here runs a test on SQLite alone: a test of decisions, which the kind of database does not change.
func here(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	d, clock := dbtest.SQLite(t)
	f(t, newWorld(t, d, clock, &centre{managed: true, known: map[string]wechat.ShippingState{}}))
}

func card() shipping.Parcel {
	return shipping.Parcel{Ready: true, Mode: wechat.ShippedVirtually, ItemDesc: "会员卡 年卡"}
}

// paid pays an order whose delivery is p; nothing has run yet.
func (w *world) paid(purpose string, p shipping.Parcel) model.PayOrder {
	w.t.Helper()
	w.n++
	ref := fmt.Sprint("order", w.n)
	w.parcels[ref] = &p
	o, err := w.pay.Open(w.t.Context(), payments.Open{Member: 1, Purpose: purpose, Ref: ref, Amount: 9900, Description: "会员卡"})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.pay.Prepay(w.t.Context(), o.ID); err != nil {
		w.t.Fatal(err)
	}
	out, err := w.pay.Apply(w.t.Context(), wechat.Transaction{
		AppID: appID, MchID: mchID, OutTradeNo: o.OutTradeNo, TransactionID: fmt.Sprint("4200", w.n), TradeState: wechat.TradeSuccess, PayerOpenID: "oPayer",
		TotalFen: 9900, Currency: "CNY", SuccessTime: w.clock.Now(),
	}, payments.Notify)
	if err != nil || !out.Verdict.Credits() {
		w.t.Fatalf("Apply = %+v, %v", out, err)
	}
	return out.Order
}

func (w *world) run() {
	w.t.Helper()
	if _, err := w.queue.RunDue(w.t.Context()); err != nil {
		w.t.Fatalf("RunDue: %v", err)
	}
}

// pass lets time go by from job to job.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for end := w.clock.Now().Add(d); ; {
		w.run()
		at, ok, err := w.queue.Soonest(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if !ok || at.After(end) {
			w.clock.Set(end)
			return
		}
		w.clock.Set(at)
	}
}

func (w *world) row(o model.PayOrder) (row model.Shipping) {
	w.t.Helper()
	err := w.db.Read(w.t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where("pay_order_id = ?", o.ID).Take(&row).Error
	})
	if err != nil {
		w.t.Fatalf("shipping of payment %d: %v", o.ID, err)
	}
	return row
}

func (w *world) wantState(o model.PayOrder, want model.ShippingState) model.Shipping {
	w.t.Helper()
	row := w.row(o)
	if row.State != want {
		w.t.Errorf("shipping of payment %d is %s (%d %s), want %s", o.ID, row.State, row.Code, row.Problem, want)
	}
	return row
}

func (w *world) exec(statement string, args ...any) {
	w.t.Helper()
	err := w.db.Do(w.t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Exec(statement, args...).Error })
	if err != nil {
		w.t.Fatalf("%s: %v", statement, err)
	}
}

func (w *world) broken() (ids []string) {
	w.t.Helper()
	broken, err := audit.Run(w.t.Context(), w.db, shipping.Invariants())
	if err != nil {
		w.t.Fatalf("audit: %v", err)
	}
	for _, b := range broken {
		ids = append(ids, b.ID)
	}
	return ids
}

func (w *world) holds() {
	w.t.Helper()
	if ids := w.broken(); len(ids) > 0 {
		w.t.Errorf("broken: %v", ids)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
