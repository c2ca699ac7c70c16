package orders_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/coupons"
	"huitou/service/earning"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/members"
	"huitou/service/orders"
	"huitou/service/points"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// world is a shop: orders with all that they settle.
type world struct {
	db      *db.DB
	clock   *dbtest.Clock
	members *members.Service
	points  *points.Service
	coupons *coupons.Service
	orders  *orders.Service
}

// rate is the multiplier that a test gives to everybody.
type rate = model.BasisPoints

func open(d *db.DB, clock *dbtest.Clock, rules orders.Rules, multiplier rate) world {
	log := slog.New(slog.DiscardHandler)
	w := world{db: d, clock: clock}
	told := facts.New(jobs.New(d, log))
	w.members = members.New(members.Deps{DB: d, MiniAppID: "mini", OAAppID: "oa", PhoneKey: make([]byte, 32), Facts: told, Log: log})
	w.points = points.New(points.Deps{DB: d, Log: log})
	w.coupons = coupons.New(coupons.Deps{DB: d, Members: w.members, Log: log})
	w.orders = orders.New(orders.Deps{
		DB: d, Members: w.members, Points: w.points, Coupons: w.coupons, Facts: told, Log: log, Rules: rules,
		Multiplier: func(context.Context, *db.Tx, model.MemberID, time.Time) (model.BasisPoints, error) {
			return multiplier, nil
		},
	})
	return w
}

func each(t *testing.T, f func(t *testing.T, w world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		f(t, open(d, clock, orders.Rules{PointsPerYuan: 1}, model.WholeBP))
	})
}

// tea is an order of two lines: 100 yuan of goods, 8 of freight, 20 off.
func tea(number, customer string) orders.Order {
	return orders.Order{
		Source: "pos", Number: number, Member: members.Ref{Source: "pos", External: customer}, PaidAt: dbtest.Start.Add(-time.Minute),
		Lines: []orders.Line{
			{SKU: "T-1", Name: "西湖龙井 50g", Category: "绿茶", Quantity: 2, PriceFen: 4000},
			{SKU: "T-2", Name: "茉莉花茶", Category: "花茶", Quantity: 1, PriceFen: 2000},
		},
		GoodsFen: 10_000, FreightFen: 800, DiscountFen: 2_000, PaidFen: 8_800,
	}
}

// coupon gives a customer a coupon of twenty yuan off fifty and returns its code.
func (w world) coupon(t *testing.T, customer string) coupons.Coupon {
	t.Helper()
	v, err := w.coupons.CreateTemplate(ctx, coupons.NewTemplate{
		Name: "满50减20", CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 2000, ThresholdFen: 5000},
		UseDays: 30, Total: -1, Claimable: true,
	})
	if err == nil {
		_, err = w.coupons.Activate(ctx, 1, v.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.coupons.Claim(ctx, coupons.Claim{Member: w.member(t, customer), Template: v.ID})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w world) member(t *testing.T, customer string) (id model.MemberID) {
	t.Helper()
	err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		id, _, err = w.members.EnsureTx(ctx, tx, members.Ref{Source: "pos", External: customer})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w world) ingest(t *testing.T, o orders.Order) orders.Result {
	t.Helper()
	r, err := w.orders.Ingest(ctx, o)
	if err != nil {
		t.Fatalf("Ingest(%s): %v", o.Number, err)
	}
	return r
}

// counts returns the rows of tables, "orders=1 …".
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

// sound fails the test when an invariant of orders or of what they settle is broken.
func (w world) sound(t testing.TB) {
	t.Helper()
	all := slices.Concat(orders.Invariants(), coupons.Invariants(), earning.Invariants(), points.Invariants())
	broken, err := audit.Run(ctx, w.db, all)
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	for _, b := range broken {
		t.Errorf("%s is broken: %v", b.ID, b.Violations)
	}
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

func fieldsOf(err error) string {
	f := fault.Of(err)
	if f == nil || f.Code != fault.ErrInvalid.Code {
		return fmt.Sprint(err)
	}
	s := ""
	for _, field := range f.Detail["fields"].([]map[string]string) {
		s += field["field"] + " "
	}
	return s
}
