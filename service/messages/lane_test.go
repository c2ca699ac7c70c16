package messages_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
)

// Finding the next batch reads the batch, and neither what has ended nor what waits behind it.
func TestFindingABatchReadsNothingElse(t *testing.T) {
	const waiting, gone, batch = 600, 2000, 50
	undone := errors.New("undone")
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		_, s := benchService(d, &wire{})
		pending(t, d, 0, waiting, dbtest.Start.Add(-time.Hour))
		ended(t, d, 0, gone)
		err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
			before := readSoFar(t, tx)
			if n, err := s.FindBatchTx(tx, model.ChannelOATemplate, batch); err != nil || n != batch {
				t.Errorf("found %d, %v; want %d", n, err, batch)
			}
			// A little more than the batch: the instant at which the next one is due, and the ends of the ranges.
			if read := readSoFar(t, tx) - before; read > 3*batch {
				t.Errorf("%d rows read for a batch of %d among %d waiting and %d ended ones", read, batch, waiting, gone)
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Error(err)
		}
	})
}

// readSoFar is how many rows this connection has read from indexes and tables. SQLite does not count them; there the plan must name the
// index and sort nothing.
func readSoFar(t *testing.T, tx *db.Tx) (n int64) {
	t.Helper()
	if tx.Driver() == db.SQLite {
		var plan []struct{ Detail string }
		err := tx.Gorm().Raw("EXPLAIN QUERY PLAN SELECT * FROM messages WHERE lane = ? AND due_at <= ? ORDER BY due_at, id LIMIT 50",
			model.LaneOf(model.ChannelOATemplate, model.PurposeService), dbtest.Start).Scan(&plan).Error
		if err != nil || len(plan) != 1 || !strings.Contains(plan[0].Detail, "messages_lane (lane=? AND due_at<?)") {
			t.Errorf("plan %+v, %v; want a search in messages_lane and no sorting", plan, err)
		}
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
