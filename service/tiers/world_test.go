package tiers_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/messages"
	"huitou/service/orders"
	"huitou/service/points"
	"huitou/service/tiers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a shop whose orders are rows without everything else that they settle.
type world struct {
	*tiers.Service
	t       testing.TB
	db      *db.DB
	clock   *dbtest.Clock
	queue   *jobs.Queue
	members *members.Service
	points  *points.Service
	levels  []tiers.Level

	mu      sync.Mutex
	reached []tiers.Reached
	orders  int
}

func newWorld(t testing.TB, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: clock}
	log := slog.New(slog.DiscardHandler)
	w.queue = jobs.New(d, log)
	f := facts.New(w.queue)
	w.members = members.New(members.Deps{DB: d, MiniAppID: "mini", OAAppID: "oa", PhoneKey: make([]byte, 32), Facts: f, Log: log})
	outbox := messages.New(messages.Deps{DB: d, Jobs: w.queue, Followers: w.members, Log: log})
	outbox.Register()
	w.points = points.New(points.Deps{DB: d, Log: log})
	w.Service = tiers.New(tiers.Deps{DB: d, Members: w.members, Messages: outbox, Facts: f, Log: log, Metrics: map[model.TierMetric]tiers.Metric{
		model.TierByMoney: orders.GoodsMoney, model.TierByPoints: points.EarnedSince,
	}})
	facts.Subscribe(f, "test", func(_ context.Context, r tiers.Reached) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.reached = append(w.reached, r)
		return nil
	})
	return w
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, newWorld(t, d, clock)) })
}

// onSQLite is for what the kind of database does not matter to.
func onSQLite(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	d, clock := dbtest.SQLite(t)
	f(t, newWorld(t, d, clock))
}

// usual is levels at 0, 100, 500 and 1000 yuan for a year, with ten days of grace and a warning a month before.
func (w *world) usual(change ...func(*tiers.Scheme)) {
	w.t.Helper()
	for i, threshold := range []int64{0, 100_00, 500_00, 1000_00} {
		l, err := w.AddLevel(w.t.Context(), tiers.AddLevel{Staff: 1, Name: []string{"普通", "银卡", "金卡", "黑金"}[i], Threshold: threshold,
			Multiplier: model.WholeBP + model.BasisPoints(i)*1000, Benefits: []string{"生日礼"}})
		if err != nil {
			w.t.Fatalf("AddLevel: %v", err)
		}
		w.levels = append(w.levels, l)
	}
	s := tiers.Scheme{Metric: model.TierByMoney, Period: model.TierRolling, KeepMonths: 12, OnEnd: model.TierByMetric, GraceDays: 10, WarnDays: 30}
	for _, f := range change {
		f(&s)
	}
	if err := w.SetScheme(w.t.Context(), tiers.SetScheme{Staff: 1, Scheme: s}); err != nil {
		w.t.Fatalf("SetScheme: %v", err)
	}
}

func (w *world) do(f func(ctx context.Context, tx *db.Tx) error) {
	w.t.Helper()
	if err := w.db.Do(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) member(name string) (id model.MemberID) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *db.Tx) (err error) {
		id, _, err = w.members.EnsureTx(ctx, tx, members.Ref{Source: "pos", External: name})
		return err
	})
	return id
}

// pay takes an order in as orders does: member locked, row written, then the level.
func (w *world) pay(m model.MemberID, yuan int64) model.OrderID {
	w.t.Helper()
	id, err := w.tryPay(m, yuan)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) tryPay(m model.MemberID, yuan int64) (id model.OrderID, err error) {
	w.mu.Lock()
	w.orders++
	number := fmt.Sprint("N", w.orders)
	w.mu.Unlock()
	err = w.db.Do(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if err := w.members.LockTx(ctx, tx, m); err != nil {
			return err
		}
		fen := model.Fen(yuan * 100)
		row := model.Order{Source: "pos", Number: number, MemberID: m, Kind: model.OrderGoods, State: model.OrderPaid, Origin: model.OriginIngest,
			PaidAt: tx.Now, GoodsFen: fen, FreightFen: 800, PaidFen: fen + 800, RecordedAt: tx.Now}
		if _, err := tx.Insert(&row); err != nil {
			return err
		}
		id = row.ID
		return w.OrderPaidTx(ctx, tx, m)
	})
	return id, err
}

// refund gives money of an order back, as orders does.
func (w *world) refund(id model.OrderID, yuan int64) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *db.Tx) error {
		var o model.Order
		if err := tx.Gorm().Where("id = ?", id).Take(&o).Error; err != nil {
			return err
		}
		fen := model.Fen(yuan * 100)
		err := tx.Gorm().Model(&model.Order{}).Where("id = ?", id).Updates(map[string]any{"refunded_fen": o.RefundedFen + fen, "state": model.OrderPartRefunded}).Error
		if err != nil {
			return err
		}
		_, err = tx.Insert(&model.OrderRefund{OrderID: id, Source: "pos", Number: fmt.Sprintf("R%d-%d", id, o.RefundedFen), RefundFen: fen, GoodsFen: fen,
			RefundedAt: tx.Now, RecordedAt: tx.Now})
		if err != nil {
			return err
		}
		return w.OrderRefundedTx(ctx, tx, tiers.Refund{Member: o.MemberID, PaidAt: o.PaidAt, Goods: fen})
	})
}

// night lets time go by to four in the morning of a day and evaluates.
func (w *world) night(day string) tiers.Evaluated {
	w.t.Helper()
	d, err := model.ParseDay(day)
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.Set(d.Start(model.Shanghai).Add(4 * time.Hour))
	out, err := w.Evaluate(w.t.Context())
	if err != nil {
		w.t.Fatalf("Evaluate: %v", err)
	}
	return out
}

func (w *world) tier(m model.MemberID) tiers.Tier {
	w.t.Helper()
	v, err := w.Current(w.t.Context(), m)
	if err != nil {
		w.t.Fatalf("Current: %v", err)
	}
	return v
}

// stands fails the test when a member is not on a level, from 1.
func (w *world) stands(m model.MemberID, rank int, why string) {
	w.t.Helper()
	if v := w.tier(m); v.Level == nil || v.Level.Rank != rank {
		w.t.Errorf("%s: member %d stands on %+v, want rank %d", why, m, v.Level, rank)
	}
}

// reasons returns a member's history, oldest first.
func (w *world) reasons(m model.MemberID) (out []model.TierReason) {
	w.t.Helper()
	list, _, err := w.History(w.t.Context(), m, db.Page{Limit: 100})
	if err != nil {
		w.t.Fatalf("History: %v", err)
	}
	for _, v := range list {
		out = append([]model.TierReason{v.Reason}, out...)
	}
	return out
}

func (w *world) run() {
	w.t.Helper()
	if _, err := w.queue.RunDue(w.t.Context()); err != nil {
		w.t.Fatalf("RunDue: %v", err)
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	err := w.db.Read(w.t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Raw(query, args...).Scan(&n).Error })
	if err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// broken returns the ids of the invariants that do not hold.
func (w *world) broken() (ids []string) {
	w.t.Helper()
	list, err := audit.Run(w.t.Context(), w.db, tiers.Invariants())
	if err != nil {
		w.t.Fatalf("audit: %v", err)
	}
	for _, b := range list {
		ids = append(ids, b.ID)
	}
	return ids
}

func (w *world) sound() {
	w.t.Helper()
	if ids := w.broken(); len(ids) > 0 {
		w.t.Errorf("broken: %v", ids)
	}
}

func is(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", what, err, want)
	}
}
