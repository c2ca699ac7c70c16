package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"huitou/model/db"
	"huitou/model/db/dbtest"
)

var errEmpty = errors.New("sold out")

// taker is a group that hands out the stock in counter 1: each command gets the ordinal of its unit.
func taker(d *db.DB, max int, batches *atomic.Int64) *db.Group[int64, int, int64] {
	return db.NewGroup(d, max, func(_ context.Context, tx *db.Tx, key int64, ins []int) ([]db.Outcome[int64], error) {
		batches.Add(1)
		var c counter
		if err := tx.Gorm().Where("id = ?", key).Take(&c).Error; err != nil {
			return nil, err
		}
		take := min(c.N, int64(len(ins)))
		outs := make([]db.Outcome[int64], len(ins))
		for i := range ins {
			if int64(i) < take {
				outs[i].Value = c.N - int64(i)
			} else {
				outs[i].Err = errEmpty
			}
		}
		res := tx.Gorm().Exec("UPDATE counters SET n = n - ? WHERE id = ? AND n >= ?", take, key, take)
		if res.Error == nil && res.RowsAffected == 0 {
			return nil, fmt.Errorf("the stock changed meanwhile")
		}
		return outs, res.Error
	})
}

func TestGroupHandsOutExactlyTheStock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		withCounters(t, d, counter{1, 300})
		var batches atomic.Int64
		g := taker(d, 64, &batches)
		var mu sync.Mutex
		got := map[int64]int{}
		var refused int
		var wg sync.WaitGroup
		for i := range 500 {
			wg.Go(func() {
				n, err := g.Do(context.Background(), 1, i)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					got[n]++
				case errors.Is(err, errEmpty):
					refused++
				default:
					t.Errorf("Do = %v", err)
				}
			})
		}
		wg.Wait()
		if len(got) != 300 || refused != 200 || value(t, d, 1) != 0 {
			t.Errorf("%d units handed out, %d refused, %d left; want 300, 200, 0", len(got), refused, value(t, d, 1))
		}
		if b := batches.Load(); b >= 500 {
			t.Errorf("500 commands took %d transactions: nothing was grouped", b)
		}
	})
}

func TestGroupAnswersOthersWhenOneCommandCannotBeWritten(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	withCounters(t, d, counter{1, 0})
	gate := make(chan struct{})
	first := true
	g := db.NewGroup(d, 10, func(_ context.Context, tx *db.Tx, _ string, ins []int) ([]db.Outcome[int], error) {
		if first {
			first = false
			<-gate // the others gather behind this one
		}
		outs := make([]db.Outcome[int], len(ins))
		for i, n := range ins {
			outs[i].Value = n
			if err := tx.Gorm().Exec("UPDATE counters SET n = n + ? WHERE id = 1", n).Error; err != nil {
				return nil, err // the CHECK refuses a negative sum
			}
		}
		return outs, nil
	})
	var wg sync.WaitGroup
	results := make([]error, 4)
	for i, n := range []int{1, 2, -100, 3} {
		wg.Go(func() { _, results[i] = g.Do(context.Background(), "k", n) })
		time.Sleep(20 * time.Millisecond) // only the order of arrival depends on it, not the result
	}
	close(gate)
	wg.Wait()
	for i, err := range results {
		if (err != nil) != (i == 2) {
			t.Errorf("command %d: %v", i, err)
		}
	}
	if n := value(t, d, 1); n != 6 {
		t.Errorf("n = %d, want 6", n)
	}
}

func TestGroupWithdrawsACancelledCommandThatWaits(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	withCounters(t, d, counter{1, 100})
	before := goleak.IgnoreCurrent() // the pool's own goroutines
	defer goleak.VerifyNone(t, before)
	gate, inside := make(chan struct{}), make(chan struct{})
	var seen atomic.Int64
	var once sync.Once
	g := db.NewGroup(d, 10, func(_ context.Context, _ *db.Tx, _ string, ins []int) ([]db.Outcome[int], error) {
		seen.Add(int64(len(ins)))
		once.Do(func() { close(inside); <-gate })
		return make([]db.Outcome[int], len(ins)), nil
	})
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = g.Do(context.Background(), "k", 1) })
	<-inside
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := g.Do(ctx, "k", 2); !errors.Is(err, context.Canceled) {
		t.Errorf("Do = %v, want context.Canceled", err)
	}
	close(gate)
	wg.Wait()
	if n := seen.Load(); n != 1 {
		t.Errorf("decided %d commands, want 1", n)
	}
}

// DoBy answers in time though the batch hangs, and the command is carried out all the same.
func TestGroupAnswersByTheTimeThatItsCallerHas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		withCounters(t, d, counter{1, 5})
		hangs, goOn, carriedOut := make(chan struct{}), make(chan struct{}), make(chan struct{})
		g := db.NewGroup(d, 8, func(_ context.Context, tx *db.Tx, key int64, ins []int) ([]db.Outcome[int64], error) {
			close(hangs)
			<-goOn
			defer close(carriedOut)
			return make([]db.Outcome[int64], len(ins)), tx.Gorm().Exec("UPDATE counters SET n = n - 1 WHERE id = ?", key).Error
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-hangs; cancel() }()
		if _, err := g.DoBy(ctx, 1, 1); !errors.Is(err, db.ErrUnknownOutcome) {
			t.Errorf("DoBy = %v, want ErrUnknownOutcome", err)
		}
		if n := value(t, d, 1); n != 5 {
			t.Errorf("the counter is %d before the batch went on", n)
		}
		close(goOn)
		<-carriedOut
		for end := time.Now().Add(10 * time.Second); value(t, d, 1) != 4; time.Sleep(time.Millisecond) { // the commit comes a moment later
			if time.Now().After(end) {
				t.Fatalf("the counter is %d, the command was not carried out", value(t, d, 1))
			}
		}
	})
}

func TestGroupSurvivesAPanic(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	panics := true
	g := db.NewGroup(d, 10, func(_ context.Context, _ *db.Tx, _ string, ins []int) ([]db.Outcome[int], error) {
		if panics {
			panics = false
			panic("boom")
		}
		return make([]db.Outcome[int], len(ins)), nil
	})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = g.Do(context.Background(), "k", 1)
	}()
	if _, err := g.Do(context.Background(), "k", 2); err != nil {
		t.Errorf("after a panic Do = %v", err)
	}
}
