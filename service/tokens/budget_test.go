package tokens_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/tokens"
)

func spend(t *testing.T, d *db.DB, app string) bool {
	t.Helper()
	ok, err := tokens.Budget{DB: d}.Spend(t.Context(), app)
	if err != nil {
		t.Error(err)
	}
	return ok
}

// T49: whatever refused tokens come in at however many instances, the day's forced refreshes are bounded and apart.
func TestT49BudgetAcrossInstances(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		clock.Set(time.Date(2026, 11, 21, 9, 0, 0, 0, model.Shanghai))
		var got []time.Time
		for range 40 { // 20 s apart, and at each instant a storm at many instances
			var wg sync.WaitGroup
			var won atomic.Int64
			for range 8 {
				wg.Go(func() {
					if spend(t, d, "wx1") {
						won.Add(1)
					}
				})
			}
			wg.Wait()
			switch won.Load() {
			case 0:
			case 1:
				got = append(got, clock.Now())
			default:
				t.Fatalf("%d refreshes at once", won.Load())
			}
			clock.Advance(20 * time.Second)
		}
		for i := 1; i < len(got); i++ {
			if apart := got[i].Sub(got[i-1]); apart < 30*time.Second {
				t.Errorf("two refreshes %s apart", apart)
			}
		}
		if len(got) < 4 || len(got) > tokens.PerDay {
			t.Errorf("%d refreshes in 13 minutes, want a few and at most %d", len(got), tokens.PerDay)
		}
		for range 60 {
			if spend(t, d, "wx1") {
				got = append(got, clock.Now())
			}
			clock.Advance(2 * time.Minute)
		}
		if len(got) != tokens.PerDay {
			t.Errorf("%d refreshes on one day, want %d", len(got), tokens.PerDay)
		}
		if !spend(t, d, "wx2") {
			t.Error("another app has no budget of its own")
		}
		clock.Set(time.Date(2026, 11, 22, 0, 0, 0, 0, model.Shanghai))
		if !spend(t, d, "wx1") {
			t.Error("no budget on the next day")
		}
	})
}
