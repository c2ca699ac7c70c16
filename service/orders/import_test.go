package orders_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/orders"
)

func (w world) load(t testing.TB, rows []orders.Historic) (done orders.Imported) {
	t.Helper()
	err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		done, err = w.orders.ImportTx(ctx, tx, "pos", rows)
		return err
	})
	if err != nil {
		t.Fatalf("ImportTx: %v", err)
	}
	return done
}

// history is n orders of about n/3 customers, a day apart.
func history(n int) []orders.Historic {
	rows := make([]orders.Historic, n)
	for i := range rows {
		rows[i] = orders.Historic{
			Number: fmt.Sprint("h", i), External: fmt.Sprint("c", i*7%(n/3+1)), PaidAt: dbtest.Start.AddDate(0, 0, i%500-501),
			Amount: model.Fen(i * 13 % 50_000), Line: int64(i + 2),
		}
	}
	return rows
}

func TestImport(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		rows := history(600)
		if done := w.load(t, rows); done.New != 600 || done.Known != 0 || len(done.Conflicts) != 0 {
			t.Errorf("the first run: %+v", done)
		}
		// Again, with other lines, one row changed, one new, one given twice, one given twice in two ways.
		again := append([]orders.Historic{}, rows...)
		for i := range again {
			again[i].Line += 100
		}
		again[5].Amount++
		again[6].External = "somebody else"
		fresh := orders.Historic{Number: "new", External: "c1", PaidAt: dbtest.Start, Amount: 5, Line: 900}
		otherwise := fresh
		otherwise.Amount, otherwise.Line = 6, 901
		again = append(again, fresh, fresh, otherwise)
		done := w.load(t, again)
		if done.New != 1 || done.Known != 599 || len(done.Conflicts) != 3 {
			t.Errorf("the second run: %d new, %d known, conflicts %v; want 1, 599 and 3", done.New, done.Known, done.Conflicts)
		}
		for i, want := range []int64{again[5].Line, again[6].Line, 901} {
			if c := done.Conflicts[i]; c.Line != want || fault.Of(c.Err) == nil || fault.Of(c.Err).Code != orders.ErrConflict.Code {
				t.Errorf("conflict %d is %+v, want line %d", i, c, want)
			}
		}
		if got := w.counts(t, "orders", "members", "points_entries", "facts"); got != "orders=601 members=201 points_entries=0 facts=0 " {
			t.Errorf("%s; history earns nothing and makes no facts", got)
		}
		w.sound(t) // the figures of every member among it
	})
}

func TestImportRefusesBadRowsAndKeepsTheOthers(t *testing.T) {
	good := orders.Historic{Number: "1", External: "c1", PaidAt: dbtest.Start, Amount: 0, Line: 1}
	bad := map[string]func(*orders.Historic){
		"number ":  func(r *orders.Historic) { r.Number = "" },
		"member ":  func(r *orders.Historic) { r.External = " c1" },
		"paid_at ": func(r *orders.Historic) { r.PaidAt = dbtest.Start.Add(time.Hour) },
		"amount ":  func(r *orders.Historic) { r.Amount = -1 },
	}
	d, clock := dbtest.SQLite(t)
	w := open(d, clock, orders.Rules{PointsPerYuan: 1}, model.WholeBP)
	rows := []orders.Historic{good}
	want := map[int64]string{}
	for field, spoil := range bad {
		r := good
		r.Line = int64(len(rows) + 1)
		r.Number = fmt.Sprint(r.Line)
		spoil(&r)
		rows = append(rows, r)
		want[r.Line] = field
	}
	done := w.load(t, rows)
	if done.New != 1 || len(done.Conflicts) != len(bad) {
		t.Errorf("%+v, want the good row and %d refusals", done, len(bad))
	}
	for _, c := range done.Conflicts {
		if got := fieldsOf(c.Err); got != want[c.Line] {
			t.Errorf("line %d: faulty fields %q, want %q", c.Line, got, want[c.Line])
		}
	}
	w.sound(t)
}

func TestImportMeetsIngest(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		o := tea("1001", "c1")
		w.ingest(t, o)
		row := orders.Historic{Number: "1001", External: "c1", PaidAt: o.PaidAt, Amount: o.PaidFen, Line: 2}
		if done := w.load(t, []orders.Historic{row}); done.Known != 1 {
			t.Errorf("an order that the shop told: %+v, want known", done)
		}
		row.Amount--
		if done := w.load(t, []orders.Historic{row}); len(done.Conflicts) != 1 {
			t.Errorf("the same number with another amount: %+v, want a conflict", done)
		}
		w.load(t, []orders.Historic{{Number: "1002", External: "c1", PaidAt: o.PaidAt, Amount: o.PaidFen}})
		_, err := w.orders.Ingest(ctx, tea("1002", "c1"))
		is(t, "the shop tells of an order of the file", err, orders.ErrConflict)
		w.sound(t)
	})
}

func TestImportInParallel(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		rows := history(300)
		done := make([]orders.Imported, 8)
		together(len(done), func(i int) { done[i] = w.load(t, rows) })
		fresh, known := 0, 0
		for _, r := range done {
			fresh, known = fresh+r.New, known+r.Known
		}
		if fresh != 300 || known != 7*300 {
			t.Errorf("%d new and %d known, want 300 and 2100", fresh, known)
		}
		w.sound(t)
	})
}

func TestImportTooManyRows(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := open(d, clock, orders.Rules{}, model.WholeBP)
	err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := w.orders.ImportTx(ctx, tx, "pos", make([]orders.Historic, orders.MaxImport+1))
		return err
	})
	if err == nil {
		t.Error("more rows than one call takes were taken")
	}
}

// BenchmarkImport reports rows per second, 1,000 a transaction.
func BenchmarkImport(b *testing.B) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		b.Run(string(driver), func(b *testing.B) {
			clock := dbtest.NewClock()
			d := dbtest.Open(b, driver, clock)
			w := open(d, clock, orders.Rules{PointsPerYuan: 1}, model.WholeBP)
			rows := history(max(b.N, 3000))[:b.N]
			b.ResetTimer()
			for i := 0; i < len(rows); i += orders.MaxImport {
				w.load(b, rows[i:min(i+orders.MaxImport, len(rows))])
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.StopTimer()
			w.sound(b)
		})
	}
}
