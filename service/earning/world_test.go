package earning_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/earning"
	"huitou/service/members"
	"huitou/service/points"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// world is earning with its ledger. Members 1 to 99 exist.
type world struct {
	db      *db.DB
	clock   *dbtest.Clock
	points  *points.Service
	earning *earning.Service
	tier    map[model.MemberID]int64 // ranks; each adds ten percent
}

// upTo99 knows the members 1 to 99 and locks their accounts for want of another row.
type upTo99 struct{ points *points.Service }

func (u upTo99) LockTx(ctx context.Context, tx *db.Tx, id model.MemberID) error {
	if id < 1 || id > 99 {
		return members.ErrUnknown
	}
	return u.points.BatchTx(ctx, tx, []model.MemberID{id}, func(*points.Batch) error { return nil })
}

func open(d *db.DB, clock *dbtest.Clock) world {
	w := world{db: d, clock: clock, points: points.New(points.Deps{DB: d}), tier: map[model.MemberID]int64{}}
	w.earning = earning.New(earning.Deps{
		DB: d, Members: upTo99{w.points}, Points: w.points, PerYuan: 1, CostPerHundred: 150,
		Tier: func(_ context.Context, _ *db.Tx, m model.MemberID, _ time.Time) (int64, model.BasisPoints, error) {
			rank := w.tier[m]
			return rank, model.WholeBP + model.BasisPoints(rank)*1_000, nil
		},
		Expires: func(from time.Time) time.Time { return from.AddDate(1, 0, 0) },
	})
	return w
}

func each(t *testing.T, f func(t *testing.T, w world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { f(t, open(d, clock)) })
}

// active makes a rule and switches it on.
func (w world) active(t *testing.T, terms earning.Terms) earning.Rule {
	t.Helper()
	r, err := w.earning.CreateRule(ctx, earning.NewRule{Staff: 3, Terms: terms})
	if err == nil {
		r, err = w.earning.Activate(ctx, 3, r.ID)
	}
	if err != nil {
		t.Fatalf("%s: %v", terms.Name, err)
	}
	return r
}

func double(name string, priority int64) earning.Terms {
	return earning.Terms{Name: name, Kind: model.RuleMultiplier, Multiplier: 20_000, Group: "g", Priority: priority}
}

// order earns the points of an order as orders does, and returns what was written down.
func (w world) order(m model.MemberID, number int, fen model.Fen) (a earning.Award, err error) {
	err = w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := (upTo99{w.points}).LockTx(ctx, tx, m); err != nil {
			return err
		}
		a, err = w.earning.ForOrderTx(ctx, tx, earning.Purchase{Member: m, Kind: model.OrderGoods, PaidAt: tx.Now, Goods: fen, Paid: fen})
		if err != nil || a.Points == 0 {
			return err
		}
		return w.earnTx(ctx, tx, a, m, number)
	})
	return a, err
}

func (w world) earnTx(ctx context.Context, tx *db.Tx, a earning.Award, m model.MemberID, number int) error {
	entry, _, err := w.points.EarnTx(ctx, tx, points.Earn{Member: m, Points: a.Points, Reason: model.PointsForOrder, Source: fmt.Sprintf("order:%d:earn", number)})
	if err != nil {
		return err
	}
	return w.earning.FiredTx(ctx, tx, a, entry)
}

func (w world) balance(t *testing.T, m model.MemberID) model.Points {
	t.Helper()
	b, err := w.points.Balance(ctx, m)
	if err != nil {
		t.Fatal(err)
	}
	return b.Active
}

// sound fails the test when an invariant of earning or the ledger is broken.
func (w world) sound(t testing.TB) {
	t.Helper()
	broken, err := audit.Run(ctx, w.db, append(earning.Invariants(), points.Invariants()...))
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	for _, b := range broken {
		t.Errorf("%s is broken: %v", b.ID, b.Violations)
	}
}

func (w world) counts(t testing.TB, tables ...string) (s string) {
	t.Helper()
	err := w.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		for _, table := range tables {
			var n int64
			if err := tx.Gorm().Table(table).Count(&n).Error; err != nil {
				return err
			}
			s += fmt.Sprintf("%s=%d ", table, n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", what, err, want)
	}
}

// together runs n goroutines that all start at one moment and waits for them.
func together(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-gate
			f(i)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
}
