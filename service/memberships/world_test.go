package memberships_test

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
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/memberships"
	"huitou/service/messages"
	"huitou/service/payments"
	"huitou/service/points"
	"huitou/wechat"
)

const (
	miniApp = "wxa1b2c3d4e5f60718"
	oaApp   = "wx0f1e2d3c4b5a6978"
	mchID   = "1900000109"
)

// weChat is a WeChat Pay in memory that several instances share.
type weChat struct {
	mu     sync.Mutex
	orders map[string]*wechat.Transaction
	clock  *dbtest.Clock
	// refunds are those that WeChat accepted; slow makes it keep them as processing.
	refunds map[string]*wechat.Refund
	slow    bool
}

func newWeChat(clock *dbtest.Clock) *weChat {
	return &weChat{orders: map[string]*wechat.Transaction{}, refunds: map[string]*wechat.Refund{}, clock: clock}
}

// Refund takes a refund; one number refunds once.
func (w *weChat) Refund(_ context.Context, in wechat.RefundRequest) (wechat.Refund, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, known := w.refunds[in.OutRefundNo]
	if !known {
		r = &wechat.Refund{RefundID: "50000" + in.OutRefundNo[2:], OutRefundNo: in.OutRefundNo, TransactionID: in.TransactionID,
			Status: wechat.RefundProcessing, CreateTime: w.clock.Now(), TotalFen: in.TotalFen, RefundFen: in.RefundFen, PayerTotalFen: in.TotalFen,
			PayerRefundFen: in.RefundFen, ReceivedAccount: "支付用户零钱", Currency: "CNY"}
		for _, t := range w.orders {
			if t.TransactionID == in.TransactionID {
				r.OutTradeNo = t.OutTradeNo
			}
		}
		w.refunds[in.OutRefundNo] = r
	}
	w.advance(r)
	return *r, nil
}

// advance ends a refund unless WeChat is slow.
func (w *weChat) advance(r *wechat.Refund) {
	if !w.slow && r.Status == wechat.RefundProcessing {
		r.Status, r.SuccessTime = wechat.RefundSuccess, w.clock.Now()
	}
}

func (w *weChat) QueryRefund(_ context.Context, no string) (wechat.Refund, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, known := w.refunds[no]
	if !known {
		return wechat.Refund{}, &wechat.PayError{HTTPStatus: http.StatusNotFound, Code: wechat.PayRefundNotExist}
	}
	w.advance(r)
	return *r, nil
}

func (w *weChat) Prepay(_ context.Context, in wechat.Prepay) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.orders[in.OutTradeNo]; !known {
		w.orders[in.OutTradeNo] = &wechat.Transaction{AppID: miniApp, MchID: mchID, OutTradeNo: in.OutTradeNo,
			TradeState: wechat.TradeNotPaid, TotalFen: in.TotalFen, Currency: "CNY", PayerOpenID: in.PayerOpenID}
	}
	return "wx" + in.OutTradeNo, nil
}

func (w *weChat) Params(prepayID string) (wechat.PayParams, error) {
	return wechat.PayParams{AppID: miniApp, Package: "prepay_id=" + prepayID, SignType: "RSA"}, nil
}

func (w *weChat) Query(_ context.Context, no string) (wechat.Transaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t, known := w.orders[no]; known {
		return *t, nil
	}
	return wechat.Transaction{}, &wechat.PayError{HTTPStatus: http.StatusNotFound, Code: wechat.PayOrderNotExist}
}

func (w *weChat) Close(_ context.Context, no string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t, known := w.orders[no]; known && t.TradeState == wechat.TradeNotPaid {
		t.TradeState = wechat.TradeClosed
	}
	return nil
}

func (w *weChat) pay(no string) wechat.Transaction {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.orders[no]
	t.TradeState, t.TransactionID, t.SuccessTime = wechat.TradeSuccess, "42000"+no[2:], w.clock.Now()
	return *t
}

// world is one instance of the program with members 1, 2, 3 in it.
type world struct {
	*memberships.Service
	t        testing.TB
	db       *db.DB
	clock    *dbtest.Clock
	queue    *jobs.Queue
	we       *weChat
	payments *payments.Service
	coupons  *coupons.Service
	members  *members.Service
	points   *points.Service
	who      []model.MemberID

	mu        sync.Mutex
	activated []memberships.Activated
}

func newWorld(t testing.TB, d *db.DB, clock *dbtest.Clock, we *weChat) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: clock, we: we}
	log := slog.New(slog.DiscardHandler)
	w.queue = jobs.New(d, log)
	f := facts.New(w.queue)
	w.members = members.New(members.Deps{DB: d, MiniAppID: miniApp, OAAppID: oaApp, PhoneKey: make([]byte, 32), Facts: f, Log: log})
	w.coupons = coupons.New(coupons.Deps{DB: d, Members: w.members, Log: log})
	outbox := messages.New(messages.Deps{DB: d, Jobs: w.queue, Followers: w.members, Log: log})
	outbox.Register()
	w.payments = payments.New(payments.Deps{DB: d, Gateway: we, Refunds: we, RefundNotifyURL: "https://shop.example/wechat/pay/notices/refund", Queue: w.queue, Facts: f, Log: log, AppID: miniApp, MchID: mchID,
		NotifyURL: "https://shop.example/wechat/pay/notices/payment", Payer: w.members.ShopperTx})
	w.points = points.New(points.Deps{DB: d, Log: log})
	w.Service = memberships.New(memberships.Deps{DB: d, Members: w.members, Payments: w.payments, Coupons: w.coupons, Messages: outbox,
		Queue: w.queue, Facts: f, Log: log, People: w.members, Points: w.points, PointsCost: 100})
	facts.Subscribe(f, "memberships.activate", w.Activate)
	facts.Subscribe(f, "memberships.refund", w.OnRefunded)
	facts.Subscribe(f, "memberships.revoke_coupons", w.RevokeCoupons)
	facts.Subscribe(f, "test", func(_ context.Context, a memberships.Activated) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.activated = append(w.activated, a)
		return nil
	})
	for i := range 3 {
		err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			id, _, err := w.members.EnsureTx(ctx, tx, members.Ref{AppID: miniApp, OpenID: fmt.Sprint("oShopper", i)})
			if len(w.who) == i {
				w.who = append(w.who, id)
			}
			return err
		})
		if err != nil {
			t.Fatalf("make a member: %v", err)
		}
	}
	return w
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		f(t, newWorld(t, d, clock, newWeChat(clock)))
	})
}

// onSQLite is each for what no database can differ in.
func onSQLite(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	d, clock := dbtest.SQLite(t)
	f(t, newWorld(t, d, clock, newWeChat(clock)))
}

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

// plan makes a plan that gives double points and five percent off.
func (w *world) plan(unit model.PlanUnit, length int, benefits ...memberships.CouponBenefit) memberships.Plan {
	w.t.Helper()
	p, err := w.CreatePlan(w.t.Context(), newPlan(unit, length, benefits...))
	if err != nil {
		w.t.Fatalf("CreatePlan: %v", err)
	}
	return p
}

func newPlan(unit model.PlanUnit, length int, benefits ...memberships.CouponBenefit) memberships.NewPlan {
	return memberships.NewPlan{Staff: 1, Name: "会员卡", Price: 9900, ListPrice: 19900, Unit: unit, Length: length,
		PointsMultiplier: 20000, PercentOff: 500, Coupons: benefits, OnSale: true}
}

func (w *world) buy(m model.MemberID, p memberships.Plan) memberships.Bought {
	w.t.Helper()
	b, err := w.Buy(w.t.Context(), memberships.Buy{Member: m, Plan: p.ID})
	if err != nil {
		w.t.Fatalf("Buy: %v", err)
	}
	return b
}

// payOrder returns the payment behind an order.
func (w *world) payOrder(number model.PublicID) (o model.PayOrder) {
	w.t.Helper()
	err := w.db.Read(w.t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where("ref = ?", number).Take(&o).Error
	})
	if err != nil {
		w.t.Fatalf("the payment of %s: %v", number, err)
	}
	return o
}

// pay pays an order, lets the notice come in and everything react.
func (w *world) pay(number model.PublicID) {
	w.t.Helper()
	if _, err := w.payments.Apply(w.t.Context(), w.we.pay(w.payOrder(number).OutTradeNo), payments.Notify); err != nil {
		w.t.Fatalf("Apply: %v", err)
	}
	w.run()
}

func (w *world) member(m model.MemberID, p memberships.Plan) memberships.Order {
	w.t.Helper()
	b := w.buy(m, p)
	w.pay(b.Number)
	return w.order(m, b.Number)
}

func (w *world) order(m model.MemberID, number model.PublicID) memberships.Order {
	w.t.Helper()
	o, err := w.Order(w.t.Context(), m, number)
	if err != nil {
		w.t.Fatalf("Order: %v", err)
	}
	return o
}

func (w *world) card(m model.MemberID) memberships.Card {
	w.t.Helper()
	c, err := w.Current(w.t.Context(), m)
	if err != nil {
		w.t.Fatalf("Current: %v", err)
	}
	return c
}

func (w *world) run() {
	w.t.Helper()
	if _, err := w.queue.RunDue(w.t.Context()); err != nil {
		w.t.Fatalf("RunDue: %v", err)
	}
}

// goTo lets time go by to noon of a day.
func (w *world) goTo(day string) {
	w.t.Helper()
	d, err := model.ParseDay(day)
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.Set(d.Start(model.Shanghai).Add(12 * time.Hour))
	w.run()
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	err := w.db.Read(w.t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Raw(query, args...).Scan(&n).Error })
	if err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (w *world) holds() {
	w.t.Helper()
	broken, err := audit.Run(w.t.Context(), w.db, append(payments.Invariants(), memberships.Invariants()...))
	if err != nil {
		w.t.Fatalf("audit: %v", err)
	}
	for _, b := range broken {
		w.t.Errorf("invariant %s (%s) is broken: %v", b.ID, b.Says, b.Violations)
	}
}

func (w *world) log() *slog.Logger { return slog.New(slog.DiscardHandler) }

// cardsHold checks the invariants of cards alone, where a test has put payments into a state by hand.
func (w *world) cardsHold() {
	w.t.Helper()
	broken, err := audit.Run(w.t.Context(), w.db, memberships.Invariants())
	if err != nil {
		w.t.Fatalf("audit: %v", err)
	}
	for _, b := range broken {
		w.t.Errorf("invariant %s (%s) is broken: %v", b.ID, b.Says, b.Violations)
	}
}
