package db_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
)

// counter is a row for tests of the unit of work.
type counter struct {
	ID int64 `gorm:"primaryKey"`
	N  int64
}

func (counter) TableName() string { return "counters" }

func withCounters(t *testing.T, d *db.DB, rows ...counter) {
	t.Helper()
	must(t, d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
		if err := tx.Gorm().Exec("CREATE TABLE counters (id BIGINT PRIMARY KEY, n BIGINT NOT NULL, CHECK (n >= 0))").Error; err != nil {
			return err
		}
		return tx.Gorm().Create(&rows).Error
	}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func value(t *testing.T, d *db.DB, id int64) int64 {
	t.Helper()
	var c counter
	must(t, d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Where("id = ?", id).Take(&c).Error }))
	return c.N
}

func TestDoRollsBackOnErrorAndOnPanic(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		withCounters(t, d, counter{1, 5})
		nudged := false
		boom := errors.New("boom")
		change := func(tx *db.Tx) error {
			tx.OnCommit(func() { nudged = true })
			return tx.Gorm().Model(&counter{}).Where("id = 1").Update("n", 9).Error
		}
		err := d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error { return errors.Join(change(tx), boom) })
		if !errors.Is(err, boom) {
			t.Errorf("Do = %v, want the closure's error", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error { _ = change(tx); panic("boom") })
		}()
		if n := value(t, d, 1); n != 5 || nudged {
			t.Errorf("n = %d, nudged = %v; want 5, false", n, nudged)
		}
		must(t, d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error { return change(tx) }))
		if n := value(t, d, 1); n != 9 || !nudged {
			t.Errorf("after commit n = %d, nudged = %v; want 9, true", n, nudged)
		}
	})
}

func TestInsertReportsATakenKeyAndTheTransactionGoesOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		withCounters(t, d, counter{1, 5})
		must(t, d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			fresh, err := tx.Insert(&counter{1, 7})
			if fresh || err != nil {
				t.Errorf("Insert of a taken key = %v, %v; want false, nil", fresh, err)
			}
			fresh, err = tx.Insert(&counter{2, 7})
			if !fresh || err != nil {
				t.Errorf("Insert of a new key = %v, %v; want true, nil", fresh, err)
			}
			return nil
		}))
		if value(t, d, 1) != 5 || value(t, d, 2) != 7 {
			t.Error("the taken row changed or the new one is missing")
		}
		err := d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error { _, err := tx.Insert(&counter{3, -1}); return err })
		if err == nil {
			t.Error("a CHECK was broken without an error")
		}
	})
}

// T41: transactions that take the same two rows in opposite order; the losers are run again and nothing is lost. Who loses too often is told to
// come again, and when he does everybody gets through.
func TestT41DeadlocksAreRunAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		withCounters(t, d, counter{1, 0}, counter{2, 0})
		const workers, rounds, patience = 8, 20, 100
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				first, second := int64(1), int64(2)
				if w%2 == 1 {
					first, second = second, first
				}
				for range rounds {
					err := error(db.ErrUnavailable)
					for try := 0; try < patience && errors.Is(err, db.ErrUnavailable); try++ {
						err = d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error { return addOne(tx, first, second) })
					}
					if err != nil {
						t.Errorf("Do = %v, want nil or ErrUnavailable, and nil in the end", err)
					}
				}
			})
		}
		wg.Wait()
		if a, b := value(t, d, 1), value(t, d, 2); a != workers*rounds || b != workers*rounds {
			t.Errorf("counters are %d and %d after %d commits", a, b, workers*rounds)
		}
	})
}

func addOne(tx *db.Tx, ids ...int64) error {
	for _, id := range ids {
		if err := tx.Gorm().Exec("UPDATE counters SET n = n + 1 WHERE id = ?", id).Error; err != nil {
			return err
		}
	}
	return nil
}

// A deadlock that is sure to come: each of two transactions goes for the other's row when both have one.
func TestT41ADeadlockIsRunAgain(t *testing.T) {
	d, _ := dbtest.MySQL(t)
	withCounters(t, d, counter{1, 0}, counter{2, 0})
	var met, wg sync.WaitGroup
	met.Add(2)
	var runs atomic.Int64
	for _, order := range [][2]int64{{1, 2}, {2, 1}} {
		first := true
		wg.Go(func() {
			err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
				runs.Add(1)
				if err := addOne(tx, order[0]); err != nil {
					return err
				}
				if first {
					first = false
					met.Done()
					met.Wait()
				}
				return addOne(tx, order[1])
			})
			must(t, err)
		})
	}
	wg.Wait()
	if a, b := value(t, d, 1), value(t, d, 2); a != 2 || b != 2 || runs.Load() < 3 {
		t.Errorf("counters %d and %d after %d runs, want 2 and 2 after at least one more than two", a, b, runs.Load())
	}
}

// reliability.md E9: a lock wait (1205) rolls back only its statement. An orphan of the first statement must be impossible.
func TestE9LockWaitRollsBackTheWholeTransaction(t *testing.T) {
	d, _ := dbtest.MySQL(t)
	withCounters(t, d, counter{1, 0}, counter{2, 0})
	release := make(chan struct{})
	held := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
			err := tx.Gorm().Exec("UPDATE counters SET n = n + 10 WHERE id = 2").Error
			close(held)
			<-release
			return err
		})
	})
	<-held
	runs := 0
	err := d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
		runs++
		if runs == 2 {
			close(release) // the second run finds the row free
		}
		must(t, tx.Gorm().Exec("SET SESSION innodb_lock_wait_timeout = 1").Error)
		if err := tx.Gorm().Exec("UPDATE counters SET n = n + 1 WHERE id = 1").Error; err != nil {
			return err
		}
		return tx.Gorm().Exec("UPDATE counters SET n = n + 1 WHERE id = 2").Error
	})
	wg.Wait()
	must(t, err)
	if a, b := value(t, d, 1), value(t, d, 2); a != 1 || b != 11 || runs != 2 {
		t.Errorf("counters %d and %d after %d runs, want 1 and 11 after 2", a, b, runs)
	}
}

func TestFaultsPassUnchanged(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	want := fault.ErrInvalid.With("why", "because")
	err := d.Do(t.Context(), func(context.Context, *db.Tx) error { return want })
	if got := fault.Of(err); got == nil || got.Detail["why"] != "because" {
		t.Errorf("Do = %v, want the closure's fault with its detail", err)
	}
}

func TestReadCannotWriteOnSQLite(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	withCounters(t, d, counter{1, 0})
	err := d.Read(t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Exec("UPDATE counters SET n = 1").Error })
	if err == nil {
		t.Error("a read wrote")
	}
}

func TestConditionalUpdateCountsMatchedRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		withCounters(t, d, counter{1, 5})
		must(t, d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			res := tx.Gorm().Exec("UPDATE counters SET n = 5 WHERE id = 1 AND n = 5") // E12: same value
			if res.RowsAffected != 1 {
				t.Errorf("affected %d rows, want 1 as matched", res.RowsAffected)
			}
			return res.Error
		}))
	})
}

func TestCheckAcceptsTheTestServersAndNamesWhatIsWrong(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		if d.Driver() == db.MySQL {
			err := d.Check(t.Context())
			if err == nil {
				t.Error("the test clock stands still, far from the server's: Check must say so")
			}
			return
		}
		must(t, d.Check(t.Context()))
	})
}
