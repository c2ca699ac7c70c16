package facts_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/facts"
	"huitou/service/jobs"
)

type sold struct{ N int }

func (sold) FactName() string  { return "test.sold" }
func (s sold) FactKey() string { return "test:sold:" + string(rune('0'+s.N)) }

func TestEverySubscriberHearsEachFactOnceWithItsOwnRetries(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		q := jobs.New(d, slog.New(slog.DiscardHandler))
		l := facts.New(q)
		steady, shaky, tries := 0, 0, 0
		facts.Subscribe(l, "steady", func(_ context.Context, f sold) error { steady += f.N; return nil })
		facts.Subscribe(l, "shaky", func(_ context.Context, f sold) error {
			if tries++; tries == 1 {
				return errors.New("not yet")
			}
			shaky += f.N
			return nil
		})
		for range 2 { // the second has no effect
			err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return l.Record(ctx, tx, sold{3}) })
			if err != nil {
				t.Fatal(err)
			}
		}
		boom := errors.New("boom")
		_ = d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return errors.Join(l.Record(ctx, tx, sold{5}), boom) })
		if _, err := q.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if steady != 3 || shaky != 0 {
			t.Errorf("steady %d, shaky %d; want 3, 0", steady, shaky)
		}
		clock.Advance(time.Minute)
		if _, err := q.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if steady != 3 || shaky != 3 {
			t.Errorf("steady %d, shaky %d; want 3, 3", steady, shaky)
		}
		var rows []model.Fact
		if err := d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Find(&rows).Error }); err != nil || len(rows) != 1 {
			t.Errorf("%d facts, %v; want the committed one", len(rows), err)
		}
	})
}
