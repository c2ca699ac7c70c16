package analytics

import (
	"bytes"
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/points"
)

func dayStart(day string) time.Time {
	d, err := model.ParseDay(day)
	if err != nil {
		panic(err)
	}
	return d.Start(model.Shanghai)
}

// The report agrees with the ledger that it was made from, before and after the sweep.
func TestLiability(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		ctx := context.Background()
		ledger := points.New(points.Deps{DB: d})
		earn := func(m model.MemberID, n model.Points, source string, from, until time.Time) {
			t.Helper()
			_, _, err := ledger.Earn(ctx, points.Earn{Member: m, Points: n, Reason: model.PointsForAction, Source: source, ActiveFrom: from, ExpiresAt: until})
			if err != nil {
				t.Fatal(err)
			}
		}
		earn(1, 100, "a", time.Time{}, dayStart("2026-11-22")) // gone tomorrow
		earn(1, 1000, "b", time.Time{}, dayStart("2027-01-01"))
		earn(2, 500, "c", dayStart("2026-12-01"), dayStart("2027-01-01"))
		earn(2, 33, "d", time.Time{}, dayStart("2027-01-02"))
		earn(3, 70, "e", time.Time{}, time.Time{})
		if _, _, err := ledger.Earn(ctx, points.Earn{Member: 3, Points: 9, Reason: model.PointsForOrder, Source: "f", Awaiting: true, Expiry: model.ExpiryRule{Mode: model.ExpireNever}}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ledger.Spend(ctx, points.Spend{Member: 1, Points: 60, Reason: model.PointsForGift, Source: "g"}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ledger.Hold(ctx, points.Hold{Member: 3, Points: 20, Reason: model.PointsForGift, Source: "h"}); err != nil {
			t.Fatal(err)
		}
		clock.Set(dayStart("2026-11-22")) // 40 points of lot a end at this instant
		s := New(Deps{DB: d, PointsCost: 33})
		want := []LiabilityRow{
			{"2026-12", 1000, 500, 1500, 495}, {"2027-01", 33, 0, 33, 10}, {NoEnd, 50, 0, 50, 17}, {Awaiting, 0, 9, 9, 3}, {Held, 0, 20, 20, 6},
		}
		for _, when := range []string{"before the sweep", "after the sweep"} {
			l, err := s.Liability(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if len(l.Rows) != len(want) {
				t.Fatalf("%s: rows %+v", when, l.Rows)
			}
			for i, r := range l.Rows {
				if r != want[i] {
					t.Errorf("%s: %+v, want %+v", when, r, want[i])
				}
			}
			if l.Outstanding != 1612 || l.CostFen != 531 || l.Earned != 1712 || l.Spent != 60 || l.Expired != 40 || l.Breakage != 0.4 || l.Debt != 0 {
				t.Errorf("%s: %+v", when, l)
			}
			if err := ledger.SettleDue(ctx); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestLiabilityCSV(t *testing.T) {
	l := liability(dbtest.Start, 100, totals{Held: 5}, []ending{{ExpiresAt: dayStart("2027-03-01"), Active: 7}, {ExpiresAt: model.Never, Pending: 3}})
	var out bytes.Buffer
	if err := l.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	want := "\ufeff到期月份,可用积分,待生效积分,合计积分,成本(元)\r\n2027-02,7,0,7,0.07\r\n永不过期,0,3,3,0.03\r\n冻结中,0,5,5,0.05\r\n合计,7,8,15,0.15\r\n"
	if out.String() != want {
		t.Errorf("CSV %q, want %q", out.String(), want)
	}
	if empty := liability(dbtest.Start, 100, totals{}, nil); empty.Breakage != 0 || empty.CostFen != 0 || len(empty.Rows) != 0 {
		t.Errorf("an empty shop has %+v", empty)
	}
}

// Whatever the lots are, the rows add up to the totals, to the fen.
func TestLiabilityAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lots []ending
		all := model.Points(0)
		for range rapid.IntRange(0, 30).Draw(t, "lots") {
			e := ending{ExpiresAt: dbtest.Start.Add(time.Duration(rapid.Int64Range(-500, 20_000).Draw(t, "hours")) * time.Hour),
				Awaiting: rapid.Bool().Draw(t, "awaiting"), Active: model.Points(rapid.Int64Range(0, 1e9).Draw(t, "active")), Pending: model.Points(rapid.Int64Range(0, 1e9).Draw(t, "pending"))}
			lots, all = append(lots, e), all+e.Active+e.Pending
		}
		held := model.Points(rapid.Int64Range(0, 1e9).Draw(t, "held"))
		l := liability(dbtest.Start, model.Fen(rapid.Int64Range(0, 10_000).Draw(t, "rate")), totals{Held: held}, lots)
		points, cost := model.Points(0), model.Fen(0)
		for i, r := range l.Rows {
			points, cost = points+r.Points, cost+r.CostFen
			if r.CostFen < 0 || r.Active+r.Pending != r.Points || i > 0 && rank(r.Month) < 0 && l.Rows[i-1].Month >= r.Month {
				t.Fatalf("row %+v after %+v", r, l.Rows[max(i-1, 0)])
			}
		}
		if points != l.Outstanding || cost != l.CostFen || points+l.Expired != all+held {
			t.Fatalf("%d points and %d fen in rows, %+v", points, cost, l)
		}
		if exact, _ := model.MulFloor(int64(l.Outstanding), int64(l.CostPerHundred), 100); model.Fen(exact) != l.CostFen {
			t.Fatalf("the cost of %d points is %d, want %d", l.Outstanding, l.CostFen, exact)
		}
	})
}
