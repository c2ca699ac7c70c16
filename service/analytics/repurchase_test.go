package analytics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
)

// purchase is one row of orders, with what the report looks at.
type purchase struct {
	member int64
	paidAt time.Time
	fen    model.Fen
	kind   model.OrderKind
	state  model.OrderState
}

// store writes purchases as orders of their own numbers.
func store(t *testing.T, d *db.DB, list []purchase) {
	t.Helper()
	const batch = 500
	err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
		for begin := 0; begin < len(list); begin += batch {
			var sql strings.Builder
			sql.WriteString(`INSERT INTO orders (source, number, member_id, kind, state, origin, paid_at, goods_fen, freight_fen,
				discount_fen, paid_fen, content_hash, recorded_at) VALUES `)
			for i, p := range list[begin:min(begin+batch, len(list))] {
				if i > 0 {
					sql.WriteByte(',')
				}
				at := p.paidAt.UTC().Format("2006-01-02T15:04:05.000000Z07:00")
				if tx.Driver() == db.MySQL {
					at = p.paidAt.UTC().Format("2006-01-02 15:04:05.000000")
				}
				fmt.Fprintf(&sql, "('test','%d',%d,'%s','%s','import','%s',%d,0,0,%d,'','%s')",
					begin+i+1, p.member, p.kind, p.state, at, p.fen, p.fen, at)
			}
			if err := tx.Gorm().Exec(sql.String()).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("store the purchases: %v", err)
	}
}

func bought(member int64, at time.Time) purchase {
	return purchase{member, at, 1000, model.OrderGoods, model.OrderPaid}
}

func shanghai(s string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04:05.999999", s, model.Shanghai)
	if err != nil {
		panic(err)
	}
	return at
}

var (
	march = model.NewDay(2026, time.March, 1)
	april = model.NewDay(2026, time.April, 1)
)

func report(t *testing.T, d *db.DB, from, to model.Day) Report {
	t.Helper()
	r, err := New(Deps{DB: d}).Repurchase(context.Background(), from, to)
	if err != nil {
		t.Fatalf("Repurchase(%s, %s): %v", from, to, err)
	}
	return r
}

// want compares the four counts; the rates follow from them and are compared as text.
func want(t *testing.T, r Report, buyers, repeaters, orders, repeats int64, userRate, orderRate string) {
	t.Helper()
	have := fmt.Sprintf("%d %d %d %d %.6g %.6g", r.Buyers, r.RepeatBuyers, r.Orders, r.RepeatOrders, r.UserRate, r.OrderRate)
	if wanted := fmt.Sprintf("%d %d %d %d %s %s", buyers, repeaters, orders, repeats, userRate, orderRate); have != wanted {
		t.Errorf("buyers, repeat buyers, orders, repeat orders, rates = %s, want %s", have, wanted)
	}
}

// rules.md section 0, customer form: 10 customers, 5 of them bought again, 50 %.
func TestWorkedExampleTenCustomers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		var list []purchase
		for m := int64(1); m <= 10; m++ {
			list = append(list, bought(m, shanghai("2026-03-05 10:00:00")))
			if m > 5 {
				list = append(list, bought(m, shanghai("2026-03-20 10:00:00")))
			}
		}
		store(t, d, list)
		r := report(t, d, march, april)
		want(t, r, 10, 5, 15, 5, "0.5", "0.333333")
		if r.From != march || r.To != april || r.Zone != "Asia/Shanghai" || !r.AsOf.Equal(clock.Now()) {
			t.Errorf("the report is of %s to %s, %s, as of %s", r.From, r.To, r.Zone, r.AsOf)
		}
	})
}

// rules.md section 0, order form: 100 trades, 20 people bought twice, 10 of these a third time, 30 %.
func TestWorkedExampleHundredTrades(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		var list []purchase
		for m := int64(1); m <= 70; m++ {
			list = append(list, bought(m, shanghai("2026-03-01 00:00:00")))
			if m <= 20 {
				list = append(list, bought(m, shanghai("2026-03-02 09:30:00")))
			}
			if m <= 10 {
				list = append(list, bought(m, shanghai("2026-03-31 23:59:59")))
			}
		}
		store(t, d, list)
		want(t, report(t, d, march, april), 70, 20, 100, 30, "0.285714", "0.3")
	})
}

func TestWindowEdges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		store(t, d, []purchase{
			bought(1, shanghai("2026-02-28 23:59:59.999999")), // before
			bought(1, shanghai("2026-03-01 00:00:00")),        // the first instant
			bought(2, shanghai("2026-03-31 23:59:59.999999")), // the last
			bought(2, shanghai("2026-04-01 00:00:00")),        // after
		})
		want(t, report(t, d, march, april), 2, 0, 2, 0, "0", "0")
		want(t, report(t, d, march.AddDays(-1), april), 2, 1, 3, 1, "0.5", "0.333333")
		want(t, report(t, d, march, april.AddDays(1)), 2, 1, 3, 1, "0.5", "0.333333")
		want(t, report(t, d, april, april.AddDays(1)), 1, 0, 1, 0, "0", "0")
		want(t, report(t, d, april.AddDays(1), april.AddDays(9)), 0, 0, 0, 0, "0", "0") // rates of nothing are 0
	})
}

func TestOnlyEffectiveOrdersCount(t *testing.T) {
	at := shanghai("2026-03-10 12:00:00")
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		store(t, d, []purchase{
			bought(1, at), {1, at, 0, model.OrderGoods, model.OrderPaid}, // worth nothing, and a purchase
			bought(2, at), {2, at, 500, model.OrderGoods, model.OrderRefunded},
			bought(3, at), {3, at, 500, model.OrderGoods, model.OrderPartRefunded},
			bought(4, at), {4, at, 9900, model.OrderMembership, model.OrderPaid},
			bought(5, at), {5, at, 0, model.OrderPoints, model.OrderPaid},
			{6, at, 100, model.OrderGoods, model.OrderRefunded}, // not even a buyer
		})
		want(t, report(t, d, march, april), 5, 2, 7, 2, "0.4", "0.285714")
	})
}

func TestRepurchaseRefusesBadWindows(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	_, err := New(Deps{DB: d}).Repurchase(context.Background(), april, march)
	if !errors.Is(err, ErrRangeEmpty) {
		t.Errorf("a window that ends before it begins: %v, want %v", err, ErrRangeEmpty)
	}
}

// The whole CDNOW file, where it is at hand, against figures that are counted from its text here.
func TestCDNOW(t *testing.T) {
	f, err := os.Open("../../../shared/data/cdnow/CDNOW_master.txt")
	if err != nil {
		t.Skipf("the CDNOW file is not at hand: %v", err)
	}
	defer f.Close()
	var list []purchase
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		row := strings.Fields(lines.Text())
		member, err := strconv.ParseInt(row[0], 10, 64)
		if err != nil {
			continue // the header
		}
		day, err := time.ParseInLocation("20060102", row[1], model.Shanghai)
		if err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		list = append(list, bought(member, day))
	}
	if len(list) != 69_659 {
		t.Fatalf("the file has %d purchases, want 69,659", len(list))
	}
	driver := db.SQLite
	if os.Getenv("TEST_MYSQL_DSN") != "" {
		driver = db.MySQL // the race detector does not slow a server down, but makes the embedded database ten times slower
	}
	d := dbtest.Open(t, driver, dbtest.NewClock())
	store(t, d, list)
	for _, w := range []struct{ from, to model.Day }{
		{model.NewDay(1997, time.January, 1), model.NewDay(1998, time.July, 1)},
		{model.NewDay(1997, time.March, 1), model.NewDay(1997, time.April, 1)},
		{model.NewDay(1998, time.June, 30), model.NewDay(1998, time.July, 1)},
	} {
		n := map[int64]int64{}
		orders, again := int64(0), int64(0)
		for _, p := range list {
			if day := p.paidAt.Format("20060102"); day >= strings.ReplaceAll(w.from.String(), "-", "") && day < strings.ReplaceAll(w.to.String(), "-", "") {
				orders++
				n[p.member]++
				if n[p.member] == 2 {
					again++
				}
			}
		}
		buyers := int64(len(n))
		r := report(t, d, w.from, w.to)
		t.Logf("%s to %s: user rate %.4f (%d of %d), order rate %.4f (%d of %d)", w.from, w.to,
			r.UserRate, r.RepeatBuyers, r.Buyers, r.OrderRate, r.RepeatOrders, r.Orders)
		want(t, r, buyers, again, orders, orders-buyers,
			fmt.Sprintf("%.6g", float64(again)/float64(buyers)), fmt.Sprintf("%.6g", float64(orders-buyers)/float64(orders)))
	}
}
