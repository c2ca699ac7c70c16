package points_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/points"
)

// night is when the lots of these tests have ended.
var night = dbtest.Start.Add(24 * time.Hour)

// TestMain lets this binary be the process that is killed: with a database in its environment it sweeps and does nothing else.
func TestMain(m *testing.M) {
	driver, at := os.Getenv("HUITOU_SWEEP_DRIVER"), os.Getenv("HUITOU_SWEEP_AT")
	if driver == "" {
		os.Exit(m.Run())
	}
	var looks atomic.Int64
	last, _ := strconv.ParseInt(os.Getenv("HUITOU_SWEEP_LOOKS"), 10, 64)
	o := db.Options{Driver: db.Driver(driver), DSN: at, Path: at, Now: func() time.Time {
		if looks.Add(1) == last { // a transaction looks at the clock when it has begun
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return night
	}}
	d, err := db.Open(context.Background(), o)
	if err == nil {
		err = points.New(points.Deps{DB: d}).SettleDue(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// endingLots gives members lots that end before the night, and some that do not.
func endingLots(tb testing.TB, d *db.DB, members, lots int) {
	tb.Helper()
	s := points.New(points.Deps{DB: d})
	const batch = 250
	for first := 1; first <= members; first += batch {
		err := d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			var all []model.MemberID
			for m := first; m < first+batch && m <= members; m++ {
				all = append(all, model.MemberID(m))
			}
			return s.BatchTx(ctx, tx, all, func(b *points.Batch) error {
				for _, m := range all {
					for i := range lots {
						in := points.Earn{Member: m, Points: model.Points(10 + i), Reason: model.PointsForOrder, Source: fmt.Sprint("order:", m, ":", i)}
						if i%4 != 3 {
							in.ExpiresAt = tx.Now.Add(time.Duration(1+(int(m)+i)%600) * time.Minute)
						}
						if _, err := b.Earn(in); err != nil {
							return err
						}
					}
				}
				return nil
			})
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// digest is a hash over all that the ledger holds.
func (s *shop) digest() string {
	s.t.Helper()
	var entries []model.PointsEntry
	var lots []model.PointsLot
	var links []model.PointsConsumption
	var accounts []model.PointsAccount
	err := s.db.Snapshot(context.Background(), func(_ context.Context, tx *db.Tx) error {
		for _, err := range []error{
			tx.Gorm().Order("member_id, seq").Find(&entries).Error,
			tx.Gorm().Omit("id").Order("member_id, seq").Find(&lots).Error,
			tx.Gorm().Order("member_id, entry_seq, lot_seq").Find(&links).Error,
			tx.Gorm().Order("member_id").Find(&accounts).Error,
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%v %v %v %v", entries, lots, links, accounts))
	return hex.EncodeToString(sum[:])
}

// The nightly expiry is killed again and again, by SIGKILL at whatever instant that hits, and goes on. Afterwards the ledger holds the same
// as one whose expiry was left alone.
func TestSweepGoesOnAfterAKill(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock := dbtest.NewClock()
			o, calm := dbtest.Empty(t, driver), dbtest.Empty(t, driver)
			s, undisturbed := open(t, dbtest.Reopen(t, o, clock), clock), open(t, dbtest.Reopen(t, calm, clock), clock)
			const members, lots = points.SweepMembers, 4
			endingLots(t, s.db, members, lots)
			endingLots(t, undisturbed.db, members, lots)
			clock.Set(night)
			if err := undisturbed.SettleDue(context.Background()); err != nil {
				t.Fatal(err)
			}
			expired := func() (n int64) {
				err := s.db.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
					return tx.Gorm().Model(&model.PointsEntry{}).Where("kind = ?", model.PointsExpired).Count(&n).Error
				})
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			child := func(looks int) *exec.Cmd {
				sweep := exec.Command(os.Args[0])
				sweep.Env = append(os.Environ(), "HUITOU_SWEEP_DRIVER="+string(driver), "HUITOU_SWEEP_AT="+o.DSN+o.Path, fmt.Sprint("HUITOU_SWEEP_LOOKS=", looks))
				sweep.Stderr = os.Stderr
				if err := sweep.Start(); err != nil {
					t.Fatal(err)
				}
				return sweep
			}
			// At instants that are sure to come: in the first transactions, with one of them open.
			for _, looks := range []int{1, 2, 3, 4} {
				sweep := child(looks)
				if sweep.Wait(); sweep.ProcessState.ExitCode() != -1 {
					t.Errorf("a sweep that was to be killed at its look %d at the clock ended with %s", looks, sweep.ProcessState)
				}
			}
			// At whatever instants come, as long as there are some: kills in the midst of a statement.
			killed := 0
			for before := expired(); before < members*3; before = expired() {
				sweep := child(0)
				ended := make(chan error, 1)
				go func() { ended <- sweep.Wait() }()
				// Wait until it has done something, so that the test comes to an end, and kill it in the midst of what comes next.
				for running := true; running && killed < 5; {
					select {
					case err := <-ended:
						ended <- err
						running = false
					case <-time.After(2 * time.Millisecond):
						if expired() > before {
							sweep.Process.Kill()
							killed++
							running = false
						}
					}
				}
				if err := <-ended; err != nil && sweep.ProcessState.ExitCode() != -1 {
					t.Fatal(err)
				}
			}
			t.Logf("killed four times at sure instants, %d times at others", killed)
			s.clean()
			if s.digest() != undisturbed.digest() {
				t.Error("the ledger whose expiry was killed differs from the one whose expiry was left alone")
			}
		})
	}
}

// BenchmarkStatement reads the newest page, and one far down, of members with few and with many entries.
func BenchmarkStatement(b *testing.B) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		for _, entries := range []int{100, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", driver, entries), func(b *testing.B) {
				clock, ctx := dbtest.NewClock(), context.Background()
				d := dbtest.Open(b, driver, clock)
				s := points.New(points.Deps{DB: d})
				for first := 0; first < entries; first += 1000 {
					err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
						return s.BatchTx(ctx, tx, []model.MemberID{1}, func(p *points.Batch) error {
							for i := first; i < min(first+1000, entries); i += 2 {
								in := points.Earn{Member: 1, Points: 10, Reason: model.PointsForOrder, Source: fmt.Sprint("order:", i)}
								if _, err := p.Earn(in); err != nil {
									return err
								}
								if _, err := p.Spend(spend(1, 10, in.Source)); err != nil {
									return err
								}
							}
							return nil
						})
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				middle := db.Page{Cursor: db.NextCursor(int64(entries / 2))}
				b.ResetTimer()
				for i := range b.N {
					page := db.Page{}
					if i%2 == 1 {
						page = middle
					}
					if out, err := s.Statement(ctx, 1, page); err != nil || len(out.Lines) != 20 {
						b.Fatalf("%d lines, %v", len(out.Lines), err)
					}
				}
			})
		}
	}
}
