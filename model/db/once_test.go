package db_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"huitou/model/db"
	"huitou/model/db/dbtest"
)

type reply struct{ N int }

// T2: the same tap sent twice has one effect and the same reply, also when both arrive at once.
func TestT2OnceHasOneEffectPerKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		withCounters(t, d, counter{1, 0})
		const taps = 16
		var wg sync.WaitGroup
		replies := make([]reply, taps)
		fresh := make([]bool, taps)
		for i := range taps {
			wg.Go(func() {
				err := d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
					out, replayed, err := db.Once(ctx, tx, db.Key{Scope: "member:1 spend", Key: "tap-0001"}, 42, func() (reply, error) {
						return reply{7 + i}, tx.Gorm().Exec("UPDATE counters SET n = n + 1 WHERE id = 1").Error
					})
					replies[i], fresh[i] = out, !replayed
					return err
				})
				if err != nil {
					t.Errorf("tap %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		effects := 0
		for i := range taps {
			if replies[i] != replies[0] {
				t.Errorf("tap %d got %v, tap 0 got %v", i, replies[i], replies[0])
			}
			if fresh[i] {
				effects++
			}
		}
		if n := value(t, d, 1); n != 1 || effects != 1 {
			t.Errorf("%d effects, %d fresh replies; want 1, 1", n, effects)
		}
	})
}

// T3: a key with another input is refused, and a key in another scope knows nothing of the first.
func TestT3KeysAreBoundToInputAndScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		once := func(scope string, in int) (out reply, replayed bool, err error) {
			err = d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				out, replayed, err = db.Once(ctx, tx, db.Key{Scope: scope, Key: "key-0001"}, in, func() (reply, error) { return reply{in}, nil })
				return err
			})
			return out, replayed, err
		}
		if out, replayed, err := once("member:1 spend", 1); err != nil || replayed || out.N != 1 {
			t.Fatalf("first = %v %v %v", out, replayed, err)
		}
		if _, _, err := once("member:1 spend", 2); !errors.Is(err, db.ErrKeyReused) {
			t.Errorf("other input = %v, want ErrKeyReused", err)
		}
		if out, replayed, err := once("member:2 spend", 3); err != nil || replayed || out.N != 3 {
			t.Errorf("other scope = %v %v %v, want its own reply", out, replayed, err)
		}
	})
}

func TestOnceStoresNothingWhenTheActionFails(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	k, boom := db.Key{Scope: "s", Key: "key-0001"}, errors.New("boom")
	try := func(fail error) error {
		return d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := db.Once(ctx, tx, k, 1, func() (reply, error) { return reply{}, fail })
			return err
		})
	}
	if err := try(boom); !errors.Is(err, boom) {
		t.Fatalf("Once = %v", err)
	}
	must(t, try(nil))
}

func TestPurgeKeysDeletesOldOnesInBounds(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	for _, k := range []string{"key-a", "key-b", "key-c"} {
		must(t, d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := db.Once(ctx, tx, db.Key{Scope: "s", Key: k}, 1, func() (reply, error) { return reply{}, nil })
			return err
		}))
		clock.Advance(time.Hour)
	}
	must(t, d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		n, err := db.PurgeKeys(ctx, tx, dbtest.Start.Add(90*time.Minute), 1)
		if n != 1 {
			t.Errorf("purged %d, want 1 as limited", n)
		}
		return err
	}))
	must(t, d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		n, err := db.PurgeKeys(ctx, tx, dbtest.Start.Add(90*time.Minute), 10)
		if n != 1 {
			t.Errorf("purged %d, want the second old one", n)
		}
		return err
	}))
}
