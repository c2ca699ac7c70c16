package payments_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
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
)

const (
	appID = "wxa1b2c3d4e5f60718"
	mchID = "1900000109"
)

// weChat is a WeChat Pay in memory: what it knows of each order, and faults to be switched on.
type weChat struct {
	mu     sync.Mutex
	orders map[string]*wechat.Transaction
	asked  []wechat.Prepay
	clock  *dbtest.Clock

	// prepay, query and closing run first when set; an error ends the call.
	prepay  func(in wechat.Prepay) error
	query   func(no string) error
	closing func(no string) error
	// refunds are by their numbers; refund and askRefund run first when set, dropRefund makes refunds take effect and lose their answer.
	refunds    map[string]*wechat.Refund
	sent       []wechat.RefundRequest
	refund     func(in wechat.RefundRequest) error
	askRefund  func(no string) error
	dropRefund bool

	// dropAnswer makes prepay calls take effect and lose their answer.
	dropAnswer bool
}

func newWeChat(clock *dbtest.Clock) *weChat {
	return &weChat{orders: map[string]*wechat.Transaction{}, refunds: map[string]*wechat.Refund{}, clock: clock}
}

func refusal(status int, code string) error { return &wechat.PayError{HTTPStatus: status, Code: code} }

func (w *weChat) Prepay(_ context.Context, in wechat.Prepay) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, in)
	if w.prepay != nil {
		if err := w.prepay(in); err != nil {
			return "", err
		}
	}
	t, known := w.orders[in.OutTradeNo]
	if !known {
		t = &wechat.Transaction{AppID: appID, MchID: mchID, OutTradeNo: in.OutTradeNo, TradeType: "JSAPI",
			TradeState: wechat.TradeNotPaid, TotalFen: in.TotalFen, Currency: "CNY", PayerOpenID: in.PayerOpenID}
		w.orders[in.OutTradeNo] = t
	}
	switch {
	case t.TotalFen != in.TotalFen || t.PayerOpenID != in.PayerOpenID:
		return "", refusal(http.StatusBadRequest, wechat.PayInvalidRequest)
	case t.TradeState == wechat.TradeSuccess:
		return "", refusal(http.StatusBadRequest, "ORDERPAID")
	case t.TradeState == wechat.TradeClosed:
		return "", refusal(http.StatusBadRequest, wechat.PayOrderClosed)
	case w.dropAnswer:
		return "", &wechat.TransportError{Endpoint: "/v3/pay/transactions/jsapi", Err: context.DeadlineExceeded}
	}
	return fmt.Sprintf("wx%s%d", in.OutTradeNo[2:12], len(w.asked)), nil
}

func (w *weChat) Params(prepayID string) (wechat.PayParams, error) {
	return wechat.PayParams{AppID: appID, Package: "prepay_id=" + prepayID, SignType: "RSA"}, nil
}

func (w *weChat) Query(_ context.Context, no string) (wechat.Transaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.query != nil {
		if err := w.query(no); err != nil {
			return wechat.Transaction{}, err
		}
	}
	t, known := w.orders[no]
	if !known {
		return wechat.Transaction{}, refusal(http.StatusNotFound, wechat.PayOrderNotExist)
	}
	if t.TradeState == wechat.TradeNotPaid || t.TradeState == wechat.TradeClosed {
		bare := *t
		bare.PayerOpenID, bare.TotalFen = "", 0 // WeChat tells no payer before there is one
		return bare, nil
	}
	return *t, nil
}

func (w *weChat) Close(_ context.Context, no string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing != nil {
		if err := w.closing(no); err != nil {
			return err
		}
	}
	t, known := w.orders[no]
	switch {
	case !known:
		return refusal(http.StatusNotFound, wechat.PayOrderNotExist)
	case t.TradeState == wechat.TradeSuccess:
		return refusal(http.StatusBadRequest, "ORDERPAID")
	}
	t.TradeState = wechat.TradeClosed
	return nil
}

// pay is the payer tapping "pay", and returns what WeChat's notice will say.
func (w *weChat) pay(no string) wechat.Transaction {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.payLocked(no)
}

func (w *weChat) payLocked(no string) wechat.Transaction {
	t := w.orders[no]
	t.TradeState, t.TransactionID, t.SuccessTime = wechat.TradeSuccess, "42000"+no[2:], w.clock.Now()
	t.PayerTotalFen, t.PayerCurrency = t.TotalFen, "CNY"
	return *t
}

func (w *weChat) calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

// world is one instance of the program.
type world struct {
	*payments.Service
	t     testing.TB
	db    *db.DB
	clock *dbtest.Clock
	queue *jobs.Queue
	we    *weChat

	mu       sync.Mutex
	paid     []payments.Paid
	refunded []payments.Refunded
}

func newWorld(t testing.TB, d *db.DB, clock *dbtest.Clock, we *weChat) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: clock, we: we}
	log := slog.New(slog.DiscardHandler)
	w.queue = jobs.New(d, log)
	f := facts.New(w.queue)
	w.Service = payments.New(payments.Deps{
		DB: d, Gateway: we, Refunds: we, Queue: w.queue, Facts: f, Log: log, AppID: appID, MchID: mchID,
		NotifyURL: "https://shop.example/wechat/pay/notices/payment", RefundNotifyURL: "https://shop.example/wechat/pay/notices/refund",
		Payer: func(_ context.Context, _ *db.Tx, m model.MemberID) (string, error) {
			if m == 404 {
				return "", nil
			}
			return fmt.Sprintf("oPayer%d", m), nil
		},
	})
	facts.Subscribe(f, "test", func(_ context.Context, p payments.Paid) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.paid = append(w.paid, p)
		return nil
	})
	facts.Subscribe(f, "test.refunds", func(_ context.Context, p payments.Refunded) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.refunded = append(w.refunded, p)
		return nil
	})
	return w
}

// readyMany lays n orders of member 1 that are known to WeChat, without a transaction for each.
func (w *world) readyMany(n int) []string {
	w.t.Helper()
	var numbers []string
	err := w.db.Do(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		numbers = numbers[:0]
		for i := range n {
			o, err := w.OpenTx(ctx, tx, open(1, fmt.Sprint("many", i)))
			if err != nil {
				return err
			}
			numbers = append(numbers, o.OutTradeNo)
		}
		err := tx.Gorm().Exec(`UPDATE pay_orders SET state = 'paying', payer_open_id = 'oPayer1', paying_at = created_at`).Error
		if err != nil {
			return err
		}
		return tx.Gorm().Exec(`INSERT INTO pay_attempts (pay_order_id, ordinal, state, started_at) SELECT id, 1, 'ready', created_at FROM pay_orders`).Error
	})
	if err != nil {
		w.t.Fatalf("lay %d orders: %v", n, err)
	}
	for _, no := range numbers {
		w.we.orders[no] = &wechat.Transaction{AppID: appID, MchID: mchID, OutTradeNo: no, TradeState: wechat.TradeNotPaid,
			TotalFen: 9900, Currency: "CNY", PayerOpenID: "oPayer1"}
	}
	return numbers
}

// ready opens an order over 9900 fen and makes it known to WeChat.
func (w *world) ready(m model.MemberID, ref string) model.PayOrder {
	w.t.Helper()
	o, err := w.Open(w.t.Context(), open(m, ref))
	if err != nil {
		w.t.Fatalf("Open: %v", err)
	}
	if _, err := w.Prepay(w.t.Context(), o.ID); err != nil {
		w.t.Fatalf("Prepay: %v", err)
	}
	return o
}

func open(m model.MemberID, ref string) payments.Open {
	return payments.Open{Member: m, Purpose: "membership", Ref: ref, Amount: 9900, Description: "会员卡 年卡"}
}

func (w *world) apply(t wechat.Transaction, via payments.Via) payments.Outcome {
	w.t.Helper()
	out, err := w.Apply(w.t.Context(), t, via)
	if err != nil {
		w.t.Fatalf("Apply: %v", err)
	}
	return out
}

func (w *world) order(id model.PayOrderID) model.PayOrder {
	w.t.Helper()
	o, err := w.Order(w.t.Context(), id)
	if err != nil {
		w.t.Fatalf("Order(%d): %v", id, err)
	}
	return o
}

func (w *world) wantState(id model.PayOrderID, want model.PayState) model.PayOrder {
	w.t.Helper()
	o := w.order(id)
	if o.State != want {
		w.t.Errorf("payment %d is %s, want %s", id, o.State, want)
	}
	return o
}

func (w *world) run() {
	w.t.Helper()
	if _, err := w.queue.RunDue(w.t.Context()); err != nil {
		w.t.Fatalf("RunDue: %v", err)
	}
}

// pass lets time go by from job to job, so that each runs at its time.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for end := w.clock.Now().Add(d); ; {
		at, ok, err := w.queue.Soonest(w.t.Context())
		if err != nil {
			w.t.Fatalf("Soonest: %v", err)
		}
		if !ok || at.After(end) {
			w.clock.Set(end)
			return
		}
		if at.After(w.clock.Now()) {
			w.clock.Set(at)
		}
		w.run()
	}
}

func (w *world) breaks() []string {
	w.t.Helper()
	list, _, err := w.Breaks(w.t.Context(), db.Page{Limit: 100})
	if err != nil {
		w.t.Fatalf("Breaks: %v", err)
	}
	kinds := []string{}
	for _, b := range list {
		kinds = append(kinds, b.Kind)
	}
	return kinds
}

func (w *world) facts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.paid)
}

// holds checks every invariant.
func (w *world) holds() {
	w.t.Helper()
	broken, err := audit.Run(w.t.Context(), w.db, payments.Invariants())
	if err != nil {
		w.t.Fatalf("audit: %v", err)
	}
	for _, b := range broken {
		w.t.Errorf("invariant %s (%s) is broken: %v", b.ID, b.Says, b.Violations)
	}
}

// each runs a test with one instance on every kind of database.
func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		f(t, newWorld(t, d, clock, newWeChat(clock)))
	})
}

// lite runs a test with one instance on SQLite, where the kind of database is known not to matter: other tests take the same statements to
// both.
func lite(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	d, clock := dbtest.SQLite(t)
	f(t, newWorld(t, d, clock, newWeChat(clock)))
}

// two runs a test with two instances on one database of each kind.
func two(t *testing.T, f func(t *testing.T, a, b *world)) {
	t.Helper()
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock := dbtest.NewClock()
			o, we := dbtest.Empty(t, driver), newWeChat(clock)
			f(t, newWorld(t, dbtest.Reopen(t, o, clock), clock, we), newWorld(t, dbtest.Reopen(t, o, clock), clock, we))
		})
	}
}
