package points_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/points"
)

var onePage = db.Page{Limit: 100}

// shop is a ledger on a database of its own.
type shop struct {
	*points.Service
	t     *testing.T
	db    *db.DB
	clock *dbtest.Clock
}

func open(t *testing.T, d *db.DB, clock *dbtest.Clock) *shop {
	return &shop{points.New(points.Deps{DB: d}), t, d, clock}
}

// earn gives points that can be spent at once and live for a time; 0 = for ever.
func (s *shop) earn(m model.MemberID, n model.Points, source string, life time.Duration) model.PointsEntry {
	s.t.Helper()
	in := points.Earn{Member: m, Points: n, Reason: model.PointsForOrder, Source: source}
	if life > 0 {
		in.ExpiresAt = s.clock.Now().Add(life)
	}
	e, fresh, err := s.Earn(context.Background(), in)
	if err != nil || !fresh {
		s.t.Fatalf("Earn(%d, %s) = fresh %t, %v", n, source, fresh, err)
	}
	return e
}

func (s *shop) spend(m model.MemberID, n model.Points, source string) model.PointsEntry {
	s.t.Helper()
	e, fresh, err := s.Spend(context.Background(), spend(m, n, source))
	if err != nil || !fresh {
		s.t.Fatalf("Spend(%d, %s) = fresh %t, %v", n, source, fresh, err)
	}
	return e
}

func spend(m model.MemberID, n model.Points, source string) points.Spend {
	return points.Spend{Member: m, Points: n, Reason: model.PointsForGift, Source: source}
}

func (s *shop) has(m model.MemberID, active, pending, held model.Points) {
	s.t.Helper()
	b, err := s.Balance(context.Background(), m)
	if err != nil || b.Active != active || b.Pending != pending || b.Held != held {
		s.t.Fatalf("Balance(%d) = active %d, pending %d, held %d, %v; want %d, %d, %d", m, b.Active, b.Pending, b.Held, err, active, pending, held)
	}
}

// lots returns what remains in a member's lots, by the sequence number of their entries.
func (s *shop) lots(m model.MemberID) string {
	s.t.Helper()
	var rows []model.PointsLot
	err := s.db.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where("member_id = ?", m).Order("seq").Find(&rows).Error
	})
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, l := range rows {
		out = append(out, fmt.Sprintf("%d:%d %s", l.Seq, l.Remaining, l.State))
	}
	return strings.Join(out, ", ")
}

func (s *shop) clean() {
	s.t.Helper()
	broken, err := audit.Run(context.Background(), s.db, points.Invariants())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, b := range broken {
		s.t.Errorf("%s (%s): %v", b.ID, b.Says, b.Violations)
	}
}

func each(t *testing.T, f func(t *testing.T, s *shop)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := open(t, d, clock)
		f(t, s)
		s.clean()
	})
}

func TestSpendTakesTheSoonestEndingLotFirst(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.earn(1, 100, "order:1:earn", 0)
		s.earn(1, 100, "order:2:earn", 48*time.Hour)
		s.earn(1, 100, "order:3:earn", 24*time.Hour)
		e := s.spend(1, 150, "gift:1")
		if e.Delta != -150 || e.BalanceAfter != 150 || e.Seq != 4 {
			t.Errorf("entry = %+v", e)
		}
		if got, want := s.lots(1), "1:100 active, 2:50 active, 3:0 consumed"; got != want {
			t.Errorf("lots = %s, want %s", got, want)
		}
		_, _, err := s.Spend(context.Background(), spend(1, 151, "gift:2"))
		if !errors.Is(err, points.ErrInsufficient) || fault.Of(err).Detail["missing"] != model.Points(1) {
			t.Errorf("spend more than there is = %v %v", err, fault.Of(err).Detail)
		}
		s.has(1, 150, 0, 0)
	})
}

// A sweep that is late must never let stale points be spent (FreeOpenSourcePOS/FloCafe#78, rules.md b1).
func TestExpiredPointsAreNeverSpentThoughNoSweepRan(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.earn(1, 100, "order:1:earn", time.Hour)
		s.earn(1, 40, "order:2:earn", 2*time.Hour)
		s.clock.Advance(time.Hour)
		s.has(1, 40, 0, 0)
		if _, _, err := s.Spend(context.Background(), spend(1, 41, "gift:1")); !errors.Is(err, points.ErrInsufficient) {
			t.Errorf("spend expired points = %v", err)
		}
		if got := s.spend(1, 40, "gift:2"); got.BalanceAfter != 0 || got.Seq != 4 {
			t.Errorf("entry after the expiry = %+v, want seq 4 with balance 0", got)
		}
		if got, want := s.lots(1), "1:0 expired, 2:0 consumed"; got != want {
			t.Errorf("lots = %s, want %s", got, want)
		}
	})
}

func TestPendingPointsBecomeActiveByThemselves(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		_, _, err := s.Earn(context.Background(), points.Earn{Member: 1, Points: 70, Reason: model.PointsForOrder, Source: "order:1:earn",
			ActiveFrom: s.clock.Now().Add(time.Hour), ExpiresAt: s.clock.Now().Add(3 * time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		s.has(1, 0, 70, 0)
		if _, _, err := s.Spend(context.Background(), spend(1, 1, "gift:1")); !errors.Is(err, points.ErrInsufficient) {
			t.Errorf("spend pending points = %v", err)
		}
		s.clock.Advance(time.Hour)
		s.has(1, 70, 0, 0)
		s.spend(1, 30, "gift:2")
		s.has(1, 40, 0, 0)
		s.clock.Advance(2 * time.Hour)
		s.has(1, 0, 0, 0)
	})
}

// T2: a repeated source has one effect; T3: with other content it is refused.
func TestRepeatedSourceMovesPointsOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		first := s.earn(1, 100, "order:1:earn", time.Hour)
		earn := points.Earn{Member: 1, Points: 100, Reason: model.PointsForOrder, Source: "order:1:earn", ExpiresAt: s.clock.Now().Add(time.Hour)}
		s.clock.Advance(2 * time.Hour) // also when the repetition comes after the end
		again, fresh, err := s.Earn(ctx, earn)
		if err != nil || fresh || again.Seq != first.Seq || again.Delta != 100 {
			t.Errorf("repeated Earn = %+v, fresh %t, %v", again, fresh, err)
		}
		s.earn(2, 50, "order:2:earn", 0)
		s.spend(2, 20, "gift:1")
		if e, fresh, err := s.Spend(ctx, spend(2, 20, "gift:1")); err != nil || fresh || e.BalanceAfter != 30 {
			t.Errorf("repeated Spend = %+v, fresh %t, %v", e, fresh, err)
		}
		earn.ExpiresAt = time.Time{}
		other := map[string]func() error{
			"another amount": func() error { earn := earn; earn.Points = 101; _, _, err := s.Earn(ctx, earn); return err },
			"another member": func() error { earn := earn; earn.Member = 2; _, _, err := s.Earn(ctx, earn); return err },
			"another spend":  func() error { _, _, err := s.Spend(ctx, spend(2, 21, "gift:1")); return err },
			"a hold":         func() error { _, _, err := s.Hold(ctx, points.Hold(spend(2, 20, "gift:1"))); return err },
		}
		for name, do := range other {
			if err := do(); !errors.Is(err, points.ErrSourceReused) {
				t.Errorf("the same source for %s = %v, want %v", name, err, points.ErrSourceReused)
			}
		}
		s.has(2, 30, 0, 0)
	})
}

func TestHold(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(1, 100, "order:1:earn", 10*time.Hour)
		s.earn(1, 100, "order:2:earn", 5*time.Hour)
		hold := func(n model.Points, source string) {
			t.Helper()
			if _, _, err := s.Hold(ctx, points.Hold(spend(1, n, source))); err != nil {
				t.Fatal(err)
			}
		}
		hold(120, "mall:1")
		s.has(1, 80, 0, 120)
		if e, err := s.Release(ctx, "mall:1", "超时"); err != nil || e.Delta != 120 {
			t.Fatalf("Release = %+v, %v", e, err)
		}
		if got, want := s.lots(1), "1:100 active, 2:100 active"; got != want {
			t.Errorf("lots after the release = %s, want %s", got, want)
		}
		if e, err := s.Release(ctx, "mall:1", ""); err != nil || e.Delta != 120 {
			t.Errorf("second Release = %+v, %v", e, err)
		}
		if err := s.Capture(ctx, "mall:1"); !errors.Is(err, points.ErrHoldClosed) {
			t.Errorf("Capture after Release = %v", err)
		}
		hold(150, "mall:2")
		for range 2 {
			if err := s.Capture(ctx, "mall:2"); err != nil {
				t.Fatal(err)
			}
		}
		s.has(1, 50, 0, 0)
		if _, err := s.Release(ctx, "mall:2", ""); !errors.Is(err, points.ErrHoldClosed) {
			t.Errorf("Release after Capture = %v", err)
		}
		if err := s.Capture(ctx, "mall:3"); !errors.Is(err, points.ErrHoldUnknown) {
			t.Errorf("Capture of nothing = %v", err)
		}
		// A hold that comes back after its lot has ended dies at once; the other part goes to its own lot.
		hold(50, "mall:4")
		back, _, err := s.Return(ctx, points.Return{Spent: "mall:2", SpentReason: model.PointsForGift, Source: "mall:2:cancel"})
		if err != nil || back.Delta != 150 || back.ReversesSeq == nil {
			t.Fatalf("Return of a captured hold = %+v, %v", back, err)
		}
		s.clock.Advance(5 * time.Hour)
		if _, err := s.Release(ctx, "mall:4", ""); err != nil {
			t.Fatal(err)
		}
		s.has(1, 100, 0, 0)
		if got, want := s.lots(1), "1:100 active, 2:0 expired"; got != want {
			t.Errorf("lots = %s, want %s", got, want)
		}
	})
}

func TestReturn(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(1, 100, "order:1:earn", time.Hour)
		s.earn(1, 100, "order:2:earn", 9*time.Hour)
		s.spend(1, 160, "gift:1")
		give := func(n model.Points, source string) (model.PointsEntry, bool, error) {
			return s.Return(ctx, points.Return{Spent: "gift:1", SpentReason: model.PointsForGift, Source: source, Points: n})
		}
		if _, _, err := give(161, "refund:0"); !errors.Is(err, points.ErrReturnTooLarge) {
			t.Errorf("return more than was spent = %v", err)
		}
		if e, fresh, err := give(70, "refund:1"); err != nil || !fresh || e.Delta != 70 {
			t.Fatalf("return a part = %+v, %t, %v", e, fresh, err)
		}
		if got, want := s.lots(1), "1:10 active, 2:100 active"; got != want {
			t.Errorf("lots = %s, want the lot that ends last filled first: %s", got, want)
		}
		if e, fresh, err := give(70, "refund:1"); err != nil || fresh || e.Delta != 70 {
			t.Errorf("repeated return = %+v, %t, %v", e, fresh, err)
		}
		if _, _, err := give(71, "refund:1"); !errors.Is(err, points.ErrSourceReused) {
			t.Errorf("repeated return of another amount = %v", err)
		}
		s.clock.Advance(2 * time.Hour) // lot 1 has ended: what comes back to it ends at once
		if e, _, err := give(0, "refund:2"); err != nil || e.Delta != 90 {
			t.Fatalf("return the rest = %+v, %v", e, err)
		}
		s.has(1, 100, 0, 0)
		if _, _, err := give(0, "refund:3"); !errors.Is(err, points.ErrReturnTooLarge) {
			t.Errorf("return once more = %v", err)
		}
		if _, _, err := s.Return(ctx, points.Return{Spent: "gift:9", SpentReason: model.PointsForGift, Source: "refund:4"}); !errors.Is(err, points.ErrNothingSpent) {
			t.Errorf("return of nothing = %v", err)
		}
		s.spend(1, 10, "gift:2")
		_, _, err := s.Return(ctx, points.Return{Spent: "gift:2", SpentReason: model.PointsForGift, Source: "refund:2"})
		if !errors.Is(err, points.ErrSourceReused) {
			t.Errorf("return of another spend under a used source = %v", err)
		}
	})
}

func TestSettleDueActivatesAndExpiresOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		const members = 450 // more than two batches of the sweep
		ctx := context.Background()
		err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			var all []model.MemberID
			for m := model.MemberID(1); m <= members; m++ {
				all = append(all, m)
			}
			return s.BatchTx(ctx, tx, all, func(b *points.Batch) error {
				for _, m := range all {
					for i, in := range []points.Earn{
						{Points: 10, ExpiresAt: tx.Now.Add(time.Hour)},
						{Points: 20, ActiveFrom: tx.Now.Add(time.Hour), ExpiresAt: tx.Now.Add(2 * time.Hour)},
						{Points: 5},
					} {
						in.Member, in.Reason, in.Source = m, model.PointsForOrder, fmt.Sprintf("order:%d:%d:earn", m, i)
						if _, err := b.Earn(in); err != nil {
							return err
						}
					}
				}
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		count := func(kind model.PointsKind) (n int64) {
			err := s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
				return tx.Gorm().Model(&model.PointsEntry{}).Where("kind = ?", kind).Count(&n).Error
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for hour := range 3 {
			for range 2 { // the second run finds nothing
				if err := s.SettleDue(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := count(model.PointsExpired), int64(members*hour); got != want {
				t.Errorf("after %d h %d lots have expired, want %d", hour, got, want)
			}
			s.clean()
			s.clock.Advance(time.Hour)
		}
		s.has(members, 5, 0, 0)
	})
}

func TestStatementPages(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.earn(2, 1, "order:other", 0)
		for i := range 7 {
			s.earn(1, model.Points(i+1), fmt.Sprintf("order:%d:earn", i), time.Duration(i%2)*time.Hour)
		}
		var seqs []int64
		page := db.Page{Limit: 3}
		for {
			p, err := s.Statement(ctx, 1, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range p.Lines {
				seqs = append(seqs, l.Seq)
				if l.Lot == nil || l.Lot.Remaining != l.Delta || (l.Lot.ExpiresAt == nil) != (l.Delta%2 == 1) {
					t.Errorf("line %d has the lot %+v", l.Seq, l.Lot)
				}
			}
			if p.Next == "" {
				break
			}
			page.Cursor = p.Next
		}
		if fmt.Sprint(seqs) != "[7 6 5 4 3 2 1]" {
			t.Errorf("entries in the order %v", seqs)
		}
		b, err := s.Balance(ctx, 1)
		if err != nil || len(b.Expiring) != 3 || b.Expiring[0].Lot != 2 || b.Expiring[0].Points != 2 {
			t.Errorf("Expiring = %+v, %v", b.Expiring, err)
		}
		if _, err := s.Statement(ctx, 1, db.Page{Cursor: "1 OR 1=1"}); !errors.Is(err, db.ErrCursor) {
			t.Errorf("a made-up cursor = %v", err)
		}
	})
}

// T7: numbers and texts that are no command change nothing.
func TestBadCommandsAreRefused(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := open(t, d, clock)
	ctx := context.Background()
	good := points.Earn{Member: 1, Points: 10, Reason: model.PointsForOrder, Source: "order:1:earn"}
	earn := func(change func(*points.Earn)) func() error {
		return func() error { in := good; change(&in); _, _, err := s.Earn(ctx, in); return err }
	}
	tests := map[string]func() error{
		"no points":           earn(func(e *points.Earn) { e.Points = 0 }),
		"negative points":     earn(func(e *points.Earn) { e.Points = -1 }),
		"more than the cap":   earn(func(e *points.Earn) { e.Points = model.MaxPoints + 1 }),
		"the smallest number": earn(func(e *points.Earn) { e.Points = -1 << 63 }),
		"the largest number":  earn(func(e *points.Earn) { e.Points = 1<<63 - 1 }),
		"no member":           earn(func(e *points.Earn) { e.Member = 0 }),
		"no source":           earn(func(e *points.Earn) { e.Source = "" }),
		"a long source":       earn(func(e *points.Earn) { e.Source = strings.Repeat("x", 121) }),
		"a source of Chinese": earn(func(e *points.Earn) { e.Source = "订单" }),
		"no reason":           earn(func(e *points.Earn) { e.Reason = "" }),
		"a spending reason":   earn(func(e *points.Earn) { e.Reason = model.PointsForGift }),
		"the sweep's reason":  earn(func(e *points.Earn) { e.Reason = model.PointsLapsed }),
		"a long note":         earn(func(e *points.Earn) { e.Note = strings.Repeat("长", 201) }),
		"a note of no text":   earn(func(e *points.Earn) { e.Note = "\xff" }),
		"an end in the past":  earn(func(e *points.Earn) { e.ExpiresAt = clock.Now() }),
		"an end before the beginning": earn(func(e *points.Earn) {
			e.ActiveFrom, e.ExpiresAt = clock.Now().Add(time.Hour), clock.Now().Add(time.Hour)
		}),
		"an end after all time": earn(func(e *points.Earn) { e.ExpiresAt = model.Never.Add(time.Hour) }),
		"spend nothing":         func() error { _, _, err := s.Spend(ctx, spend(1, 0, "gift:1")); return err },
		"hold less than nothing": func() error {
			_, _, err := s.Hold(ctx, points.Hold(spend(1, -5, "gift:1")))
			return err
		},
		"adjust without a note": func() error {
			_, err := s.Adjust(ctx, points.Adjust{Staff: 1, Member: 1, Points: 5, Code: model.AdjustOther})
			return err
		},
		"adjust without a code": func() error {
			_, err := s.Adjust(ctx, points.Adjust{Staff: 1, Member: 1, Points: 5, Note: "补发"})
			return err
		},
		"adjust with a code of its own": func() error {
			_, err := s.Adjust(ctx, points.Adjust{Staff: 1, Member: 1, Points: 5, Code: "because", Note: "补发"})
			return err
		},
		"adjust by nothing": func() error {
			_, err := s.Adjust(ctx, points.Adjust{Staff: 1, Member: 1, Code: model.AdjustOther, Note: "补发"})
			return err
		},
		"adjust to the past": func() error {
			_, err := s.Adjust(ctx, points.Adjust{Staff: 1, Member: 1, Points: 5, Code: model.AdjustOther, Note: "补发", ExpiresAt: clock.Now()})
			return err
		},
		"claw back nothing": func() error {
			_, _, err := s.Clawback(ctx, points.Clawback{Member: 1, Source: "refund:1", EarnSource: "order:1:earn", Policy: model.ClawWithDebt})
			return err
		},
		"claw back more than the cap": func() error {
			_, _, err := s.Clawback(ctx, points.Clawback{Member: 1, Source: "refund:1", EarnSource: "order:1:earn", Points: model.MaxPoints + 1, Policy: model.ClawWithDebt})
			return err
		},
		"claw back without a policy": func() error {
			_, _, err := s.Clawback(ctx, points.Clawback{Member: 1, Source: "refund:1", EarnSource: "order:1:earn", Points: 1})
			return err
		},
		"claw back from a full-width source": func() error {
			_, _, err := s.Clawback(ctx, points.Clawback{Member: 1, Source: "refund:1", EarnSource: "order:\uff11", Points: 1, Policy: model.ClawWithDebt})
			return err
		},
		"wait without a rule": earn(func(e *points.Earn) { e.Awaiting = true }),
		"wait and begin":      earn(func(e *points.Earn) { e.Awaiting, e.Expiry.Mode, e.ActiveFrom = true, model.ExpireNever, clock.Now() }),
		"wait and end": earn(func(e *points.Earn) {
			e.Awaiting, e.Expiry.Mode, e.ExpiresAt = true, model.ExpireNever, clock.Now().Add(time.Hour)
		}),
		"wait with a rule out of range": earn(func(e *points.Earn) {
			e.Awaiting, e.Expiry = true, model.ExpiryRule{Mode: model.ExpireAfterDays, N: -1}
		}),
		"adjust by nobody": func() error {
			_, err := s.Adjust(ctx, points.Adjust{Member: 1, Points: 5, Code: model.AdjustOther, Note: "补发"})
			return err
		},
	}
	for name, do := range tests {
		t.Run(name, func(t *testing.T) {
			if err := do(); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("= %v, want %v", err, fault.ErrInvalid)
			}
		})
	}
	s.has(1, 0, 0, 0)
	if _, _, err := s.Earn(ctx, good); err != nil {
		t.Errorf("the command without a fault = %v", err)
	}
	s.clean()
}

func TestBalanceHasALimit(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := open(t, d, clock)
	ctx := context.Background()
	err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		return s.BatchTx(ctx, tx, []model.MemberID{1}, func(b *points.Batch) error {
			for i := range int(points.MaxBalance / model.MaxPoints) {
				_, err := b.Earn(points.Earn{Member: 1, Points: model.MaxPoints, Reason: model.PointsForOrder, Source: fmt.Sprint("order:", i)})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Earn(ctx, points.Earn{Member: 1, Points: 1, Reason: model.PointsForOrder, Source: "order:last"})
	if !errors.Is(err, points.ErrBalanceLimit) {
		t.Errorf("one point too many = %v", err)
	}
	s.has(1, points.MaxBalance, 0, 0)
	s.clean()
}

// One account that somebody damaged by hand does not keep the sweep from all others, and is named.
func TestSettleDuePassesOverABrokenAccount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s, ctx := open(t, d, clock), context.Background()
		for m := model.MemberID(1); m <= 3; m++ {
			s.earn(m, 10, fmt.Sprintf("order:%d:earn", m), time.Hour)
		}
		err := d.Do(ctx, func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec("UPDATE points_accounts SET active = 3 WHERE member_id = 2").Error
		})
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Hour)
		if err := s.SettleDue(ctx); err == nil || !strings.Contains(err.Error(), "member 2:") {
			t.Errorf("SettleDue = %v, want an error that names member 2", err)
		}
		if got := s.lots(1) + "; " + s.lots(2) + "; " + s.lots(3); got != "1:0 expired; 1:10 active; 1:0 expired" {
			t.Errorf("lots = %s", got)
		}
	})
}

// BenchmarkSettleDue is the nightly expiry: four lots each of many members end in one night. One operation is one lot.
func BenchmarkSettleDue(b *testing.B) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		b.Run(string(driver), func(b *testing.B) {
			clock, ctx := dbtest.NewClock(), context.Background()
			d := dbtest.Open(b, driver, clock)
			s := points.New(points.Deps{DB: d})
			const batch, lots = 250, 4
			for first := 0; first*lots < b.N; first += batch {
				err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
					members := make([]model.MemberID, batch)
					for i := range members {
						members[i] = model.MemberID(first + i + 1)
					}
					return s.BatchTx(ctx, tx, members, func(p *points.Batch) error {
						for i := range min(batch*lots, b.N-first*lots) {
							m := members[i/lots]
							_, err := p.Earn(points.Earn{Member: m, Points: 10, Reason: model.PointsForOrder, Source: fmt.Sprint("order:", m, ":", i),
								ExpiresAt: tx.Now.Add(time.Duration(i%lots+1) * time.Minute)})
							if err != nil {
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
			clock.Advance(time.Hour)
			b.ResetTimer()
			if err := s.SettleDue(ctx); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lots/s")
		})
	}
}
