package callbacks

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/jobs"
	"huitou/wechat"
)

// vaultOn is a vault whose reaction to follows does nothing.
func vaultOn(d *db.DB) *Service {
	log := slog.New(slog.DiscardHandler)
	s := New(Deps{DB: d, Jobs: jobs.New(d, log), Readers: map[string]Reader{}, Log: log})
	s.On(OA, wechat.EventSubscribe, func(context.Context, wechat.Push, Once) error { return nil })
	return s
}

func do(t *testing.T, d *db.DB, f func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := d.Do(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func stored(t *testing.T, d *db.DB) (rows []model.Callback, work []model.Job) {
	t.Helper()
	do(t, d, func(_ context.Context, tx *db.Tx) error {
		if err := tx.Gorm().Order("id").Find(&rows).Error; err != nil {
			return err
		}
		return tx.Gorm().Where("kind = ?", kindProcess).Order("id").Find(&work).Error
	})
	return rows, work
}

// delivery is a callback as Receive makes it, of a body.
func delivery(s *Service, t *testing.T, body, verdict, topic string) model.Callback {
	t.Helper()
	c, err := s.row(Received{App: "wx1", Channel: OA, Raw: []byte(body), Verdict: verdict, Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// T18: copies that are stored together, and copies of what was stored before, are one row and one job; each delivery learns whose it is.
// What only the vault keeps has no job.
func TestT18CopiesInOneBatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := vaultOn(d)
		follow := eventTopic(wechat.EventSubscribe)
		old, fresh := delivery(s, t, "old", "", follow), delivery(s, t, "new", "", follow)
		kept, broken, ignored := delivery(s, t, "kept", "", ""), delivery(s, t, "broken", VerdictMalformed, ""), delivery(s, t, "ignored", "", "event:NOBODY")
		elsewhere := fresh
		elsewhere.AppID = "wx2" // the same key of another app is another callback
		store := func(list ...model.Callback) (out []db.Outcome[received]) {
			t.Helper()
			do(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
				out, err = s.store(ctx, tx, struct{}{}, list)
				return err
			})
			return out
		}
		first := store(old)[0].Value.id
		out := store(fresh, old, kept, fresh, broken, elsewhere, ignored, kept)
		rows, work := stored(t, d)
		if len(rows) != 6 || len(work) != 3 {
			t.Fatalf("%d rows and %d jobs, want 6 and 3", len(rows), len(work))
		}
		for i, want := range []bool{true, false, true, false, true, true, true, false} {
			if got := out[i].Value; got.fresh != want || got.id == 0 || out[i].Err != nil {
				t.Errorf("delivery %d: %+v, want fresh %v", i, out[i], want)
			}
		}
		if out[1].Value.id != first || out[3].Value.id != out[0].Value.id || out[7].Value.id != out[2].Value.id || out[5].Value.id == out[0].Value.id {
			t.Errorf("deliveries %+v after %d: copies must learn of the first one", out, first)
		}
		for _, c := range rows {
			if ended := c.FinishedAt != nil; ended != (c.State != model.CallbackReceived) {
				t.Errorf("callback %d is %s, finished at %v", c.ID, c.State, c.FinishedAt)
			}
		}
	})
}

// A callback ends once: a second end, and what could be read only after it, change nothing.
func TestAnEndIsTheEnd(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := vaultOn(d)
	var id model.CallbackID
	do(t, d, func(ctx context.Context, tx *db.Tx) error {
		out, err := s.store(ctx, tx, struct{}{}, []model.Callback{delivery(s, t, "x", "", eventTopic(wechat.EventSubscribe))})
		if err == nil {
			id = out[0].Value.id
		}
		return err
	})
	for n, want := range []bool{true, false, false} {
		do(t, d, func(_ context.Context, tx *db.Tx) error {
			state := model.CallbackDone
			if n > 0 {
				state = model.CallbackFailed
			}
			fresh, err := finish(tx, id, state, "")
			if fresh != want {
				t.Errorf("end %d: fresh %v, want %v", n+1, fresh, want)
			}
			return err
		})
	}
	before, _ := stored(t, d)
	clock.Advance(time.Hour)
	if fresh, err := s.mended(t.Context(), id, wechat.Push{Body: []byte("y"), DedupeKey: "y"}); fresh || err != nil {
		t.Errorf("mended after its end: fresh %v, %v", fresh, err)
	}
	after, _ := stored(t, d)
	if c := after[0]; c.State != model.CallbackDone || string(c.Raw) != "x" || c.DedupeKey != before[0].DedupeKey || !c.FinishedAt.Equal(*before[0].FinishedAt) {
		t.Errorf("after its end: %+v, before %+v", c, before[0])
	}
}

// What is replayed has all its runs again.
func TestAReplayHasAllItsRuns(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := vaultOn(d)
	var id model.CallbackID
	do(t, d, func(ctx context.Context, tx *db.Tx) error {
		out, err := s.store(ctx, tx, struct{}{}, []model.Callback{delivery(s, t, "x", "", eventTopic(wechat.EventSubscribe))})
		if err == nil {
			id = out[0].Value.id
		}
		return err
	})
	wear := func() {
		t.Helper()
		for n := 1; n <= maxRuns; n++ {
			do(t, d, func(_ context.Context, tx *db.Tx) error {
				last, err := countRun(tx, id, "no")
				if last != (n == maxRuns) {
					t.Errorf("run %d is the last: %v", n, last)
				}
				return err
			})
		}
	}
	wear()
	if err := s.Replay(t.Context(), Replay{Staff: 7, ID: id}); err != nil {
		t.Fatal(err)
	}
	wear()
}

// Whatever state a notice of WeChat Pay may come to, it is evidence and stays.
func TestEvidenceOfMoneyIsNotPurged(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := vaultOn(d)
	do(t, d, func(ctx context.Context, tx *db.Tx) error {
		paid, other := delivery(s, t, "paid", "", "event:NOBODY"), delivery(s, t, "other", "", "event:NOBODY")
		paid.Channel = string(Pay)
		_, err := s.store(ctx, tx, struct{}{}, []model.Callback{paid, other})
		return err
	})
	clock.Advance(10 * keepFor)
	if err := s.purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows, _ := stored(t, d); len(rows) != 1 || rows[0].Channel != string(Pay) {
		t.Errorf("%d rows are left, want the notice", len(rows))
	}
}
