package tiers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/members"
	"huitou/service/points"
	"huitou/service/tiers"
)

// A ladder that is not set up moves nobody and is no error.
func TestWithoutLadder(t *testing.T) {
	onSQLite(t, func(t *testing.T, w *world) {
		m := w.member("a")
		w.pay(m, 5000)
		if v := w.tier(m); v.Level != nil {
			t.Errorf("Current without levels = %+v", v)
		}
		if out := w.night("2026-11-22"); out.Members != 0 {
			t.Errorf("Evaluate without levels = %+v", out)
		}
		_, err := w.Lock(t.Context(), tiers.Lock{Staff: 1, Member: m, Until: model.NewDay(2027, 1, 1), Note: "老客"})
		is(t, "Lock without levels", err, tiers.ErrNoLadder)
		w.sound()
	})
}

func TestOrderLiftsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.usual()
		m := w.member("a")
		if v := w.tier(m); v.Level.Rank != 1 || v.Missing != 100_00 || v.Since != nil || !v.ValidUntil.IsZero() {
			t.Errorf("at first: %+v", v)
		}
		w.pay(m, 99)
		w.stands(m, 1, "99 yuan, freight does not count")
		w.pay(m, 1)
		w.stands(m, 2, "100 yuan")
		w.pay(m, 900) // passes gold
		v := w.tier(m)
		if v.Level.Rank != 4 || v.Next != nil || v.Value != 1000_00 || v.ValidUntil.String() != "2027-11-22" || v.GraceUntil.String() != "2027-12-02" || v.ToKeep != 1000_00 {
			t.Errorf("after 1000 yuan: %+v", v)
		}
		if have := w.reasons(m); !slices.Equal(have, []model.TierReason{model.TierQualified, model.TierQualified}) {
			t.Errorf("history %v", have)
		}
		w.run()
		var ranks []int
		for _, r := range w.reached {
			ranks = append(ranks, r.Rank)
		}
		if slices.Sort(ranks); !slices.Equal(ranks, []int{2, 3, 4}) {
			t.Errorf("reached %v, want each level once", ranks)
		}
		w.sound()
	})
}

// The order earns at the level before it, one that reaches us late at the level of its day.
func TestRateAt(t *testing.T) {
	onSQLite(t, func(t *testing.T, w *world) {
		w.usual()
		m := w.member("a")
		before := w.clock.Now()
		w.clock.Advance(time.Hour)
		w.pay(m, 500)
		rate := func(at time.Time) (rank int64, bp model.BasisPoints) {
			w.do(func(ctx context.Context, tx *db.Tx) (err error) {
				rank, bp, err = w.RateAt(ctx, tx, m, at)
				return err
			})
			return rank, bp
		}
		if rank, bp := rate(before); rank != 1 || bp != 10000 {
			t.Errorf("before the order: rank %d, %d bp", rank, bp)
		}
		if rank, bp := rate(w.clock.Now()); rank != 3 || bp != 12000 {
			t.Errorf("after the order: rank %d, %d bp", rank, bp)
		}
		w.night("2027-12-02")
		w.stands(m, 1, "a year later")
		if rank, _ := rate(dbtest.Start.Add(48 * time.Hour)); rank != 3 {
			t.Errorf("a late order of last year: rank %d, want 3", rank)
		}
		w.sound()
	})
}

// DivanteLtd/open-loyalty#131: the level followed the spendable balance, so members fell by redeeming gifts.
func TestSpendingPointsNeverDemotes(t *testing.T) {
	onSQLite(t, func(t *testing.T, w *world) {
		w.usual(func(s *tiers.Scheme) { s.Metric = model.TierByPoints })
		m := w.member("a")
		earn := func(n model.Points, source string) {
			w.do(func(ctx context.Context, tx *db.Tx) error {
				if err := w.members.LockTx(ctx, tx, m); err != nil {
					return err
				}
				_, _, err := w.points.EarnTx(ctx, tx, points.Earn{Member: m, Points: n, Reason: model.PointsForOrder, Source: source})
				if err != nil {
					return err
				}
				return w.OrderPaidTx(ctx, tx, m)
			})
		}
		earn(500_00, "order:1:earn")
		w.stands(m, 3, "50000 points earned")
		_, _, err := w.points.Spend(t.Context(), points.Spend{Member: m, Points: 500_00, Reason: model.PointsForGift, Source: "gift:1"})
		if err != nil {
			t.Fatal(err)
		}
		w.stands(m, 3, "all spent")
		w.night("2026-12-01")
		w.stands(m, 3, "all spent, evaluated")
		if v := w.tier(m); v.Value != 500_00 {
			t.Errorf("the metric is %d after spending", v.Value)
		}
		earn(500_00, "order:2:earn")
		w.stands(m, 4, "earned on")
		w.clock.Set(dbtest.Start.AddDate(0, 8, 0))
		earn(1000_00, "order:3:earn")
		_, _, err = w.points.Spend(t.Context(), points.Spend{Member: m, Points: 1500_00, Reason: model.PointsForGift, Source: "gift:2"})
		if err != nil {
			t.Fatal(err)
		}
		w.night("2027-12-15")
		w.stands(m, 4, "kept by what was earned in the year, all of which is spent")
		if have := w.reasons(m); have[len(have)-1] != model.TierKept {
			t.Errorf("history %v", have)
		}
		w.sound()
	})
}

func TestKeepWarnAndFall(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.usual()
		keeps, falls := w.member("keeps"), w.member("falls")
		w.pay(keeps, 600)
		w.pay(falls, 600)
		w.clock.Set(dbtest.Start.AddDate(0, 6, 0))
		w.pay(keeps, 500)
		w.stands(keeps, 4, "1100 yuan within a year")
		w.pay(falls, 130)
		w.night("2027-10-22")
		if n := w.count("SELECT COUNT(*) FROM messages"); n != 0 {
			t.Errorf("%d messages before the month of the warning", n)
		}
		w.night("2027-10-23")
		w.night("2027-10-24")
		if n := w.count("SELECT COUNT(*) FROM messages"); n != 1 {
			t.Errorf("%d warnings, want 1", n)
		}
		if n := w.count("SELECT COUNT(*) FROM messages WHERE member_id = ? AND template = 'tier.ending' AND data LIKE '%370.00元%' AND data LIKE '%2027年12月01日%'", falls); n != 1 {
			t.Error("the warning does not say what is missing until when")
		}
		if v := w.tier(falls); v.ToKeep != 370_00 {
			t.Errorf("370 yuan are missing, shown are %d fen", v.ToKeep)
		}
		w.night("2027-12-01")
		w.stands(falls, 3, "in the grace")
		w.night("2027-12-02")
		w.stands(falls, 2, "after the grace: 130 yuan support silver")
		w.clock.Set(dbtest.Start.AddDate(1, 2, 0))
		w.pay(keeps, 500)
		w.night("2028-05-31")
		w.stands(keeps, 4, "in the grace")
		w.night("2028-06-01")
		w.stands(keeps, 3, "after the grace: 500 yuan support gold")
		if have := w.reasons(falls); !slices.Equal(have, []model.TierReason{model.TierQualified, model.TierDowngraded}) {
			t.Errorf("history %v", have)
		}
		w.sound()
	})
}

// Going down and up again brings no second gift.
func TestGiftOncePerLevelForEver(t *testing.T) {
	onSQLite(t, func(t *testing.T, w *world) {
		w.usual()
		m := w.member("a")
		w.pay(m, 500)
		w.night("2027-12-05")
		w.stands(m, 1, "fell")
		w.pay(m, 500)
		w.stands(m, 3, "rose again")
		w.run()
		if len(w.reached) != 2 || w.count("SELECT COUNT(*) FROM tier_reaches") != 2 {
			t.Errorf("reached %v, want silver and gold once each", w.reached)
		}
		w.sound()
	})
}

func TestRefundMovesAtTheNextEvaluationOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.usual()
		back, part, other := w.member("back"), w.member("part"), w.member("other")
		order, partly := w.pay(back, 600), w.pay(part, 600)
		w.pay(other, 500)
		w.clock.Advance(24 * time.Hour)
		later := w.pay(other, 400)
		w.refund(order, 600)
		w.refund(partly, 100)
		w.refund(later, 400)
		w.stands(back, 3, "at once after the refund")
		w.night("2026-11-23")
		w.stands(back, 1, "all refunded, evaluated")
		w.stands(part, 3, "500 yuan are left")
		w.stands(other, 3, "what was refunded had not earned the level")
		if have := w.reasons(back); !slices.Equal(have, []model.TierReason{model.TierQualified, model.TierRefunded}) {
			t.Errorf("history %v", have)
		}
		if v := w.tier(other); v.Value != 500_00 {
			t.Errorf("the metric is %d after a refund", v.Value)
		}
		w.refund(partly, 1)
		w.night("2026-11-24")
		w.stands(part, 2, "499 yuan are left")
		w.sound()
	})
}

func TestLockWins(t *testing.T) {
	onSQLite(t, func(t *testing.T, w *world) {
		w.usual()
		m := w.member("a")
		until, _ := model.ParseDay("2027-03-01")
		in := tiers.Lock{Staff: 7, Member: m, Level: w.levels[2].ID, Until: until, Note: "老客户", Key: db.Key{Scope: "staff:7 lock", Key: "k1"}}
		v, err := w.Lock(t.Context(), in)
		if err != nil || v.Level.Rank != 3 || v.LockedUntil.String() != "2027-03-01" {
			t.Fatalf("Lock = %+v, %v", v, err)
		}
		if _, err := w.Lock(t.Context(), in); err != nil || len(w.reasons(m)) != 1 {
			t.Errorf("the same lock again: %v, %v", err, w.reasons(m))
		}
		w.pay(m, 5000)
		w.stands(m, 3, "locked, 5000 yuan")
		w.run()
		if len(w.reached) != 0 {
			t.Errorf("a level by hand reached %v", w.reached)
		}
		w.night("2027-02-28")
		w.stands(m, 3, "locked until tomorrow")
		w.night("2027-03-01")
		w.stands(m, 4, "the lock is over")

		down := w.member("b")
		w.pay(down, 500)
		if _, err := w.Lock(t.Context(), tiers.Lock{Staff: 7, Member: down, Level: w.levels[0].ID, Until: until.AddDays(30), Note: "刷单"}); err != nil {
			t.Fatal(err)
		}
		w.pay(down, 500)
		w.stands(down, 1, "locked down")
		if _, err := w.Unlock(t.Context(), tiers.Unlock{Staff: 7, Member: down, Note: "申诉成功"}); err != nil {
			t.Fatal(err)
		}
		_, err = w.Unlock(t.Context(), tiers.Unlock{Staff: 7, Member: down, Note: "再来"})
		is(t, "Unlock twice", err, tiers.ErrNotLocked)
		w.night("2027-03-02")
		w.stands(down, 4, "unlocked")
		if n := w.count("SELECT COUNT(*) FROM audit_trail WHERE staff_id = 7 AND action IN ('tiers.manual_lock', 'tiers.unlock')"); n != 3 {
			t.Errorf("%d lines in the staff trail, want 3", n)
		}
		w.sound()
	})
}

// What did not come through an order is found by the nightly evaluation: history from files, a threshold that fell.
func TestNightFindsWhatOrdersDidNotTell(t *testing.T) {
	onSQLite(t, func(t *testing.T, w *world) {
		w.usual()
		m := w.member("a")
		w.do(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Insert(&model.Order{Source: "file", Number: "1", MemberID: m, Kind: model.OrderGoods, State: model.OrderPaid, Origin: model.OriginImport,
				PaidAt: tx.Now.AddDate(0, -3, 0), GoodsFen: 450_00, PaidFen: 450_00, RecordedAt: tx.Now})
			return err
		})
		w.stands(m, 1, "imported")
		if out := w.night("2026-11-22"); out != (tiers.Evaluated{Members: 1, Moved: 1}) {
			t.Errorf("Evaluate = %+v", out)
		}
		w.stands(m, 2, "evaluated")
		lower := int64(400_00)
		if _, err := w.ChangeLevel(t.Context(), tiers.ChangeLevel{Staff: 1, Level: w.levels[2].ID, Threshold: &lower}); err != nil {
			t.Fatal(err)
		}
		w.night("2026-11-22") // the same day again: the rules changed, so there is a new pass
		w.stands(m, 3, "the threshold fell")
		if out := w.night("2026-11-22"); out != (tiers.Evaluated{Members: 1, Moved: 1}) {
			t.Errorf("Evaluate when all is done = %+v", out)
		}
		if n := w.count("SELECT COUNT(*) FROM tier_passes"); n != 2 {
			t.Errorf("%d passes, want 2", n)
		}
		w.sound()
	})
}

// An evaluation that is stopped goes on where it was, and two at once do the work of one.
func TestEvaluateResumes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.usual()
		const n = 1203
		w.do(func(ctx context.Context, tx *db.Tx) error {
			names := make([]string, n)
			for i := range names {
				names[i] = fmt.Sprintf("c%04d", i)
			}
			ids, err := w.members.EnsureManyTx(ctx, tx, "pos", names)
			if err != nil {
				return err
			}
			rows := make([]model.Order, n)
			for i, name := range names {
				rows[i] = model.Order{Source: "file", Number: name, MemberID: ids[name], Kind: model.OrderGoods, State: model.OrderPaid, Origin: model.OriginImport,
					PaidAt: tx.Now, GoodsFen: model.Fen(i) * 100, PaidFen: model.Fen(i) * 100, RecordedAt: tx.Now}
			}
			_, err = tx.Insert(&rows)
			return err
		})
		ctx, cancel := context.WithCancel(t.Context())
		stop := newWorld(t, w.db, w.clock)
		stop.Deps.Members = stopping{w.members, cancel}
		if _, err := stop.Evaluate(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("the stopped evaluation = %v", err)
		}
		if have := w.count("SELECT COUNT(*) FROM member_tiers"); have == 0 || have >= n-100 {
			t.Fatalf("%d members have a level after the stop", have)
		}
		var outs [2]tiers.Evaluated
		var wait sync.WaitGroup
		for i := range outs {
			wait.Go(func() {
				var err error
				if outs[i], err = w.Evaluate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if want := (tiers.Evaluated{Members: n, Moved: n - 100}); outs[0] != want || outs[1] != want {
			t.Errorf("Evaluate = %+v, want %+v", outs, want)
		}
		l, err := w.Ladder(t.Context())
		if err != nil || !slices.Equal(l.Members, []int64{100, 400, 500, 203}) {
			t.Errorf("members on levels %v, %v", l.Members, err)
		}
		w.sound()
	})
}

// stopping is members that vanish in the middle of a pass.
type stopping struct {
	*members.Service
	stop func()
}

func (s stopping) IDsAfterTx(ctx context.Context, tx *db.Tx, after model.MemberID, limit int) ([]model.MemberID, error) {
	if after > 0 {
		s.stop()
		return nil, ctx.Err()
	}
	return s.Service.IDsAfterTx(ctx, tx, after, limit)
}

// 64 orders of one member and evaluations at once: every threshold is passed once, and the level is that of the sum.
func TestOrdersAndEvaluationsRace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.usual()
		m := w.member("a")
		gate := make(chan struct{})
		var wait sync.WaitGroup
		for i := range 64 {
			wait.Go(func() {
				<-gate
				if i%8 == 0 {
					if _, err := w.Evaluate(t.Context()); err != nil {
						t.Error(err)
					}
				}
				for _, err := w.tryPay(m, 10); err != nil; _, err = w.tryPay(m, 10) {
					if !errors.Is(err, db.ErrUnavailable) { // the database asked to come again
						t.Error(err)
						return
					}
				}
			})
		}
		close(gate)
		wait.Wait()
		w.stands(m, 3, "640 yuan")
		if have := w.reasons(m); !slices.Equal(have, []model.TierReason{model.TierQualified, model.TierQualified}) {
			t.Errorf("history %v", have)
		}
		w.run()
		if len(w.reached) != 2 {
			t.Errorf("reached %v", w.reached)
		}
		w.sound()
	})
}

func TestLadderRefusals(t *testing.T) {
	onSQLite(t, func(t *testing.T, w *world) {
		add := func(in tiers.AddLevel) error {
			if in.Name == "" {
				in.Name = "级"
			}
			if in.Multiplier == 0 {
				in.Multiplier = model.WholeBP
			}
			_, err := w.AddLevel(t.Context(), in)
			return err
		}
		is(t, "a first level above 0", add(tiers.AddLevel{Threshold: 100}), tiers.ErrNoBase)
		for _, in := range []tiers.AddLevel{
			{Threshold: -1}, {Threshold: 1 << 62}, {Multiplier: 9999}, {Multiplier: 100_001}, {Name: "一二三四五六七八九十一二三四五六七八九十一"}, {Name: "a\nb"},
			{Benefits: []string{""}}, {Benefits: make([]string, 21)}, {Gift: "满减"}, {Icon: string(make([]byte, 600))},
		} {
			is(t, fmt.Sprintf("AddLevel(%+v)", in), add(in), fault.ErrInvalid)
		}
		w.usual()
		is(t, "a taken threshold", add(tiers.AddLevel{Threshold: 500_00}), tiers.ErrThresholdTaken)
		ten, silver, same := int64(600_00), int64(100_00), int64(500_00)
		less, more, name := model.BasisPoints(11999), model.BasisPoints(12500), "金卡会员"
		gold := w.levels[2].ID
		change := func(in tiers.ChangeLevel) error {
			in.Staff = 1
			if in.Level == "" {
				in.Level = gold
			}
			_, err := w.ChangeLevel(t.Context(), in)
			return err
		}
		is(t, "a higher threshold", change(tiers.ChangeLevel{Threshold: &ten}), tiers.ErrNarrowing)
		is(t, "a threshold of the level below", change(tiers.ChangeLevel{Threshold: &silver}), tiers.ErrNarrowing)
		is(t, "a lower multiplier", change(tiers.ChangeLevel{Multiplier: &less}), tiers.ErrNarrowing)
		is(t, "a level that is not there", change(tiers.ChangeLevel{Level: "000000000000000000000000", Name: &name}), tiers.ErrLevelUnknown)
		is(t, "nothing", change(tiers.ChangeLevel{}), fault.ErrInvalid)
		is(t, "nothing new", change(tiers.ChangeLevel{Threshold: &same}), nil)
		is(t, "a name and a multiplier", change(tiers.ChangeLevel{Name: &name, Multiplier: &more}), nil)
		l, err := w.Ladder(t.Context())
		if err != nil || l.Levels[2].Name != name || l.Levels[2].Multiplier != more || l.Levels[2].Threshold != same || len(l.Levels[2].Benefits) != 1 || l.Levels[1].Name != "银卡" {
			t.Errorf("the ladder is %+v, %v", l, err)
		}
		for i := len(l.Levels); i < 20; i++ {
			is(t, "one more level", add(tiers.AddLevel{Threshold: int64(i) * 1000_00}), nil)
		}
		is(t, "the 21st level", add(tiers.AddLevel{Threshold: 77_000_00}), tiers.ErrTooManyLevels)
		is(t, "a scheme of nothing", w.SetScheme(t.Context(), tiers.SetScheme{Staff: 1}), fault.ErrInvalid)

		m, until := w.member("a"), model.NewDay(2027, 1, 1)
		_, _, err = w.History(t.Context(), 999, db.Page{})
		is(t, "the history of nobody", err, members.ErrUnknown)
		lock := func(in tiers.Lock) error { _, err := w.Lock(t.Context(), in); return err }
		is(t, "a lock until today", lock(tiers.Lock{Staff: 1, Member: m, Level: gold, Until: model.NewDay(2026, 11, 21), Note: "x"}), fault.ErrInvalid)
		is(t, "a lock for ever", lock(tiers.Lock{Staff: 1, Member: m, Level: gold, Until: model.NewDay(2036, 11, 22), Note: "x"}), fault.ErrInvalid)
		is(t, "a lock without a reason", lock(tiers.Lock{Staff: 1, Member: m, Level: gold, Until: until, Note: " "}), fault.ErrInvalid)
		is(t, "a lock on no level", lock(tiers.Lock{Staff: 1, Member: m, Level: "x", Until: until, Note: "x"}), tiers.ErrLevelUnknown)
		is(t, "a lock of nobody", lock(tiers.Lock{Staff: 1, Member: 999, Level: gold, Until: until, Note: "x"}), members.ErrUnknown)
		if w.count("SELECT COUNT(*) FROM member_tiers") != 0 {
			t.Error("a refused lock moved somebody")
		}
		w.sound()
	})
}

// Each invariant trips when its rule is broken, and only that one.
func TestInvariantsTrip(t *testing.T) {
	corruptions := []struct{ id, how string }{
		{"tiers.history", "UPDATE member_tiers SET valid_until = '2030-01-01 00:00:00'"},
		{"tiers.history", "UPDATE member_tiers SET level_id = (SELECT MAX(id) FROM tier_levels)"},
		{"tiers.chain", "UPDATE tier_moves SET from_level = to_level WHERE reason = 'manual_lock'"},
		{"tiers.chain", "UPDATE tier_moves SET seq = 3 WHERE seq = 2"},
		{"tiers.earned", "UPDATE tier_moves SET metric = metric - 1 WHERE reason = 'qualified'"},
		{"tiers.earned", "UPDATE tier_moves SET staff_id = 3 WHERE reason = 'qualified'"},
		{"tiers.reached", "DELETE FROM facts WHERE name = 'tiers.reached'"},
		{"tiers.reached", "UPDATE tier_reaches SET at = '2020-01-01 00:00:00'"},
		{"tiers.orphans", "UPDATE members SET id = id + 4711"},
		{"tiers.ladder", "UPDATE tier_levels SET threshold = 1 WHERE threshold = 0"},
	}
	each(t, func(t *testing.T, w *world) {
		w.usual()
		w.pay(w.member("a"), 100)
		w.pay(w.member("b"), 100)
		locked := w.member("c")
		for range 2 {
			if _, err := w.Lock(t.Context(), tiers.Lock{Staff: 1, Member: locked, Level: w.levels[1].ID, Until: model.NewDay(2027, 1, 1), Note: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		w.sound()
		undo := errors.New("undo")
		for _, c := range corruptions {
			var have []string
			err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Gorm().Exec(c.how).Error; err != nil {
					return err
				}
				have = nil
				for _, inv := range tiers.Invariants() {
					violations, err := inv.Check(ctx, tx)
					if err != nil {
						return err
					}
					if len(violations) > 0 {
						have = append(have, inv.ID)
					}
				}
				return undo
			})
			is(t, c.how, err, undo)
			if !slices.Contains(have, c.id) || len(have) > 1 && c.how != "UPDATE tier_moves SET seq = 3 WHERE seq = 2" { // a missing line breaks both
				t.Errorf("after %s broken are %v, want %s", c.how, have, c.id)
			}
		}
		w.sound()
	})
}
