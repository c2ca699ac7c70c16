package orders_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/earning"
	"huitou/service/orders"
)

// BenchmarkDryRun tries a rule on a year of 50,000 orders of 5,000 members; orders/s is what one dry run looks at.
//
//	go test ./service/orders -run '^$' -bench DryRun -benchtime 3x
func BenchmarkDryRun(b *testing.B) {
	const count, members = 50_000, 5_000
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		b.Run(string(driver), func(b *testing.B) {
			clock := dbtest.NewClock()
			w := open(dbtest.Open(b, driver, clock), clock, orders.Rules{PointsPerYuan: 1}, model.WholeBP)
			rows := make([]orders.Historic, 0, orders.MaxImport)
			for i := range count {
				rows = append(rows, orders.Historic{Number: fmt.Sprint(i), External: fmt.Sprint(i * 7919 % members),
					PaidAt: dbtest.Start.Add(-time.Duration(i*630) * time.Second), Amount: model.Fen(i%30_000 + 1)})
				if len(rows) < orders.MaxImport {
					continue
				}
				err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
					_, err := w.orders.ImportTx(ctx, tx, "old", rows)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				rows = rows[:0]
			}
			day := model.DayOf(dbtest.Start, model.Shanghai)
			for b.Loop() {
				f, err := w.orders.Earning.DryRun(ctx, earning.DryRun{
					Terms: earning.Terms{Name: "x", Kind: model.RuleMultiplier, Multiplier: 15_000, CapDay: 200}, From: day.AddDays(-399), To: day.AddDays(1),
				}, w.orders.Purchases)
				if err != nil || f.Orders != count || f.Members == 0 {
					b.Fatalf("%+v, %v", f, err)
				}
			}
			b.ReportMetric(count*float64(b.N)/b.Elapsed().Seconds(), "orders/s")
		})
	}
}
