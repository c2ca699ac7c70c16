package callbacks

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
)

// past stores callbacks a minute apart, of all states and two apps, some of them up to fifty minutes out of order.
func past(t *testing.T, d *db.DB, n int) (rows []model.Callback) {
	t.Helper()
	for i := range n {
		c := model.Callback{AppID: []string{"wx1", "wx2"}[i%2], Channel: string(OA), DedupeKey: fmt.Sprintf("%064d", i), Raw: []byte("x"), Verdict: VerdictOK,
			State: states[i%7%len(states)], ReceivedAt: dbtest.Start.Add(time.Duration(i-(i*37)%50*min(i%3, 1)) * time.Minute)}
		if c.State != model.CallbackReceived {
			c.FinishedAt = &c.ReceivedAt
		}
		rows = append(rows, c)
	}
	do(t, d, func(_ context.Context, tx *db.Tx) error { return tx.Gorm().CreateInBatches(&rows, 500).Error })
	return rows
}

// A list by time is what all rows together say it is, also where clocks differed, and reads little more than its time.
func TestListByTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		const n = 6000
		rows := past(t, d, n)
		at := func(minute int) time.Time { return dbtest.Start.Add(time.Duration(minute) * time.Minute) }
		for _, f := range []Filter{
			{}, {To: at(1)}, {To: at(0)}, {From: at(n - 2)}, {From: at(n + 100)}, {From: at(3000), To: at(3010)}, {From: at(3000), To: at(3001)}, {To: at(100)},
			{From: at(5), App: "wx2"}, {From: at(100), To: at(180), App: "wx1"}, {From: at(2000), To: at(4000), State: model.CallbackDone},
			{From: at(2000), To: at(2100), State: model.CallbackFailed}, {To: at(n + 100), State: model.CallbackKept}, {From: at(4000), To: at(3000)},
		} {
			for _, before := range []int64{0, int64(rows[3000].ID), int64(rows[10].ID)} {
				var want, got []model.CallbackID
				for _, c := range slices.Backward(rows) {
					in := (f.App == "" || c.AppID == f.App) && (f.State == "" || c.State == f.State) && (f.From.IsZero() || !c.ReceivedAt.Before(f.From)) &&
						(f.To.IsZero() || c.ReceivedAt.Before(f.To)) && (before == 0 || int64(c.ID) < before)
					if in && len(want) < 21 {
						want = append(want, c.ID)
					}
				}
				do(t, d, func(_ context.Context, tx *db.Tx) error {
					from := readOf(t, tx)
					list, err := callbacksBefore(tx, f, before, 21)
					for _, c := range list {
						got = append(got, c.ID)
					}
					if read := readOf(t, tx) - from; f.State == "" && f.App == "" && before == 0 && read > 400 {
						t.Errorf("%+v read %d of %d rows", f, read, n)
					}
					return err
				})
				if !slices.Equal(got, want) {
					t.Errorf("%+v before %d: %v, want %v", f, before, got, want)
				}
			}
		}
	})
}

// readOf is how many rows this session read so far, which only MySQL tells.
func readOf(t *testing.T, tx *db.Tx) (n int64) {
	t.Helper()
	if tx.Driver() == db.SQLite {
		return 0
	}
	var rows []struct {
		Name  string `gorm:"column:Variable_name"`
		Value int64  `gorm:"column:Value"`
	}
	if err := tx.Gorm().Raw("SHOW SESSION STATUS LIKE 'Handler_read%'").Scan(&rows).Error; err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		n += r.Value
	}
	return n
}
