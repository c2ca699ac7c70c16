package points

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
)

// The reference: lots as plain piles of points. It knows nothing of accounts, states, sweeps or links.
type (
	pile struct {
		from, until time.Time
		left        model.Points
	}
	taking struct {
		parts map[int]model.Points // pile -> points
		held  bool                 // neither captured nor released
		done  bool                 // a release has brought back all of it
	}
	reference struct {
		piles   []pile
		takings []taking
		now     time.Time
	}
)

func (r *reference) live(p pile) bool   { return p.until.IsZero() || r.now.Before(p.until) }
func (r *reference) usable(p pile) bool { return r.live(p) && !r.now.Before(p.from) }

func (r *reference) balance() (f figures) {
	for _, p := range r.piles {
		switch {
		case r.usable(p):
			f.active += p.left
		case r.live(p):
			f.pending += p.left
		}
	}
	for _, t := range r.takings {
		if t.held {
			f.held += t.open()
		}
	}
	return f
}

// take takes n points one by one, each from the pile that ends soonest.
func (r *reference) take(n model.Points, held bool) bool {
	if r.balance().active < n {
		return false
	}
	t := taking{parts: map[int]model.Points{}, held: held}
	for range n {
		best := -1
		for i, p := range r.piles {
			if p.left > 0 && r.usable(p) && (best < 0 || sooner(p, r.piles[best])) {
				best = i
			}
		}
		r.piles[best].left--
		t.parts[best]++
	}
	r.takings = append(r.takings, t)
	return true
}

func sooner(a, b pile) bool {
	return !a.until.IsZero() && (b.until.IsZero() || a.until.Before(b.until))
}

// back brings n points home, first to the pile that ends last, then to the youngest.
func (r *reference) back(t *taking, n model.Points) {
	order := make([]int, 0, len(t.parts))
	for i := range t.parts {
		order = append(order, i)
	}
	slices.SortFunc(order, func(a, b int) int {
		switch x, y := r.piles[a], r.piles[b]; {
		case sooner(x, y):
			return 1
		case sooner(y, x):
			return -1
		}
		return cmp.Compare(b, a)
	})
	for _, i := range order {
		m := min(n, t.parts[i])
		t.parts[i] -= m
		if n -= m; r.live(r.piles[i]) {
			r.piles[i].left += m
		}
	}
}

func (t taking) open() (n model.Points) {
	for _, m := range t.parts {
		n += m
	}
	return n
}

type figures struct{ active, pending, held model.Points }

// ledger is one member's ledger, as the random sequences drive it.
type ledger interface {
	setNow(now time.Time)
	earn(in Earn) error
	take(in Spend, kind model.PointsKind) error
	capture(source string) error
	release(source string) error
	back(in Return) error
	settle() error
	figures() (figures, error)
	// prove checks everything that must be true of the ledger by itself.
	prove() error
}

// live plays a long random life of one member on a ledger, and compares it with the reference after every step.
func live(rt *rapid.T, on ledger, start time.Time, steps int) {
	l := life{rt: rt, on: on, ref: reference{now: start}}
	for l.step = range steps {
		l.one()
		got, err := on.figures()
		l.must("read the figures", err)
		if want := l.ref.balance(); got != want {
			rt.Fatalf("step %d: the ledger has %+v, the reference %+v", l.step, got, want)
		}
	}
	l.must("prove", on.prove())
}

type life struct {
	rt   *rapid.T
	on   ledger
	ref  reference
	step int
}

func takingSource(n int) string { return fmt.Sprintf("taking:%d", n) }

func (l *life) one() {
	n := model.Points(rapid.IntRange(1, 40).Draw(l.rt, "points"))
	actions := []string{"earn", "earn", "spend", "spend", "hold", "capture", "release", "return", "wait", "settle"}
	switch action := rapid.SampledFrom(actions).Draw(l.rt, "action"); action {
	case "earn":
		l.earn(n)
	case "spend":
		l.take(n, model.PointsSpent)
	case "hold":
		l.take(n, model.PointsHeld)
	case "wait":
		l.ref.now = l.ref.now.Add(time.Duration(rapid.IntRange(1, 240).Draw(l.rt, "minutes")) * time.Minute)
		l.on.setNow(l.ref.now)
	case "settle":
		l.must("settle", l.on.settle())
	default:
		l.end(action, n)
	}
}

func (l *life) earn(n model.Points) {
	in := Earn{Member: 1, Points: n, Reason: model.PointsForOrder, Source: fmt.Sprintf("earn:%d", l.step)}
	p := pile{from: l.ref.now, left: n}
	if wait := rapid.IntRange(-3, 5).Draw(l.rt, "active in hours"); wait > 0 {
		in.ActiveFrom = l.ref.now.Add(time.Duration(wait) * time.Hour)
		p.from = in.ActiveFrom
	}
	if last := rapid.IntRange(0, 30).Draw(l.rt, "lives hours"); last > 0 {
		in.ExpiresAt = p.from.Add(time.Duration(last) * time.Hour)
		p.until = in.ExpiresAt
	}
	l.must("earn", l.on.earn(in))
	l.ref.piles = append(l.ref.piles, p)
}

func (l *life) take(n model.Points, kind model.PointsKind) {
	in := Spend{Member: 1, Points: n, Reason: model.PointsForCash, Source: takingSource(len(l.ref.takings))}
	ok := l.ref.take(n, kind == model.PointsHeld)
	err := l.on.take(in, kind)
	if ok != (err == nil) || (!ok && !errors.Is(err, ErrInsufficient)) {
		l.rt.Fatalf("step %d: %s %d = %v; the reference says %t", l.step, kind, n, err, ok)
	}
}

// end captures, releases or gives back one of the takings.
func (l *life) end(action string, n model.Points) {
	if len(l.ref.takings) == 0 {
		return
	}
	i := rapid.IntRange(0, len(l.ref.takings)-1).Draw(l.rt, "which")
	t := &l.ref.takings[i]
	switch {
	case action == "capture" && t.held:
		l.must("capture", l.on.capture(takingSource(i)))
		t.held = false
	case action == "release" && t.held:
		l.must("release", l.on.release(takingSource(i)))
		l.ref.back(t, t.open())
		t.held, t.done = false, true
	case action == "return":
		err := l.on.back(Return{Spent: takingSource(i), SpentReason: model.PointsForCash, Source: fmt.Sprintf("back:%d", l.step), Points: n})
		switch {
		case t.held || t.done:
			l.refused("return of an open or released hold", err, ErrNothingSpent)
		case n > t.open():
			l.refused("return of too much", err, ErrReturnTooLarge)
		default:
			l.must("return", err)
			l.ref.back(t, n)
		}
	}
}

func (l *life) refused(what string, err, want error) {
	if !errors.Is(err, want) {
		l.rt.Fatalf("step %d: %s = %v, want %v", l.step, what, err, want)
	}
}

func (l *life) must(what string, err error) {
	if err != nil {
		l.rt.Fatalf("step %d: %s: %v", l.step, what, err)
	}
}

// The rules alone, in memory: 100 sequences of 300 steps.
func TestRandomLivesInMemory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) { live(rt, newMemory(), noon, 300) })
}

// errNext takes a sequence back, so that each begins, and is proved, on an empty ledger.
var errNext = errors.New("next sequence")

// The whole ledger on a database: 100 sequences, in which every command that can be repeated comes twice.
func TestRandomLivesOnADatabase(t *testing.T) {
	t.Parallel()
	d, clock := dbtest.SQLite(t)
	s := New(Deps{DB: d})
	rapid.Check(t, func(rt *rapid.T) {
		err := d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			live(rt, stored{s, ctx, tx}, clock.Now(), databaseSteps)
			return errNext
		})
		if !errors.Is(err, errNext) {
			rt.Fatalf("a sequence ended with %v", err)
		}
	})
}

// stored drives the service within one transaction, whose clock it moves.
type stored struct {
	s   *Service
	ctx context.Context
	tx  *db.Tx
}

func (d stored) setNow(now time.Time) { d.tx.Now = now }

func (d stored) earn(in Earn) error {
	return twice(func() (model.PointsEntry, bool, error) { return d.s.EarnTx(d.ctx, d.tx, in) })
}

func (d stored) take(in Spend, kind model.PointsKind) error {
	return twice(func() (model.PointsEntry, bool, error) {
		if kind == model.PointsHeld {
			return d.s.HoldTx(d.ctx, d.tx, Hold(in))
		}
		return d.s.SpendTx(d.ctx, d.tx, in)
	})
}

func (d stored) capture(source string) error {
	return errors.Join(d.s.CaptureTx(d.ctx, d.tx, source), d.s.CaptureTx(d.ctx, d.tx, source))
}

func (d stored) release(source string) error {
	_, err := d.s.ReleaseTx(d.ctx, d.tx, source, "")
	_, again := d.s.ReleaseTx(d.ctx, d.tx, source, "")
	return errors.Join(err, again)
}

func (d stored) back(in Return) error {
	return twice(func() (model.PointsEntry, bool, error) { return d.s.ReturnTx(d.ctx, d.tx, in) })
}

// twice runs a command and its repetition, which must return the same entry and not be fresh.
func twice(command func() (model.PointsEntry, bool, error)) error {
	first, fresh, err := command()
	if err != nil {
		return err
	}
	again, twice, err := command()
	if err == nil && (!fresh || twice || first.Seq != again.Seq || first.Delta != again.Delta) {
		err = fmt.Errorf("first %+v (fresh %t), then %+v (fresh %t)", first, fresh, again, twice)
	}
	return err
}

func (d stored) settle() error {
	return d.s.BatchTx(d.ctx, d.tx, []model.MemberID{1}, func(*Batch) error { return nil })
}

func (d stored) figures() (figures, error) {
	b, err := d.s.BalanceTx(d.ctx, d.tx, 1)
	return figures{b.Active, b.Pending, b.Held}, err
}

func (d stored) prove() error {
	for _, inv := range Invariants() {
		if broken, err := inv.Check(d.ctx, d.tx); err != nil || len(broken) > 0 {
			return fmt.Errorf("%s (%s): %v %w", inv.ID, inv.Says, broken, err)
		}
	}
	return nil
}

// memory drives one batch that is never written: every lot, entry and link stays in it.
type memory struct {
	b       *Batch
	a       *account
	entries map[string]model.PointsEntry // takings by source
	holds   map[string]model.PointsHoldState
}

func newMemory() *memory {
	a := &account{PointsAccount: model.PointsAccount{MemberID: 1, DueAt: model.Never}, whole: true}
	return &memory{&Batch{tx: &db.Tx{Now: noon}, accounts: map[model.MemberID]*account{1: a}}, a,
		map[string]model.PointsEntry{}, map[string]model.PointsHoldState{}}
}

func (m *memory) setNow(now time.Time) { m.b.tx.Now = now }

func (m *memory) settle() error {
	m.b.settle(m.a, 0)
	return nil
}

func (m *memory) earn(in Earn) error {
	m.b.settle(m.a, 0)
	_, err := m.b.Earn(in)
	return err
}

func (m *memory) take(in Spend, kind model.PointsKind) error {
	m.b.settle(m.a, 0)
	e, err := m.b.take(in, kind)
	if err != nil {
		return err
	}
	m.entries[in.Source] = e
	if kind == model.PointsHeld {
		m.holds[in.Source] = model.HoldOpen
	}
	return nil
}

func (m *memory) capture(source string) error {
	m.holds[source] = model.HoldCaptured
	n := -m.entries[source].Delta
	m.a.Held -= n
	m.a.SpentTotal += n
	return nil
}

func (m *memory) release(source string) error {
	m.holds[source] = model.HoldReleased
	return m.put(source, 0, model.PointsEntry{Kind: model.PointsReleased, Source: source})
}

func (m *memory) back(in Return) error {
	if state, held := m.holds[in.Spent]; held && state != model.HoldCaptured {
		return ErrNothingSpent
	}
	return m.put(in.Spent, in.Points, model.PointsEntry{Kind: model.PointsReturned, Source: in.Source})
}

func (m *memory) put(source string, n model.Points, e model.PointsEntry) error {
	m.b.settle(m.a, 0)
	of := m.entries[source]
	var links []model.PointsConsumption
	for _, c := range m.b.links {
		if c.EntrySeq == of.Seq {
			for _, r := range m.b.returned {
				if r.EntrySeq == c.EntrySeq && r.LotSeq == c.LotSeq {
					c.Returned += r.Returned
				}
			}
			links = append(links, c)
		}
	}
	_, err := m.b.putBack(m.a, of, links, n, e)
	return err
}

func (m *memory) figures() (figures, error) {
	m.b.settle(m.a, 0)
	return figures{m.a.Active, m.a.Pending, m.a.Held}, nil
}

func (m *memory) prove() error {
	var sum, balance model.Points
	byEntry, byLot := map[int64]model.Points{}, map[int64]model.Points{}
	for _, c := range m.b.links {
		byEntry[c.EntrySeq] += c.Amount
		byLot[c.LotSeq] += c.Amount
	}
	for i, e := range m.b.entries {
		sum += e.Delta
		if e.Seq != int64(i+1) || e.BalanceAfter != sum {
			return fmt.Errorf("entry %+v follows a balance of %d as number %d", e, sum-e.Delta, i+1)
		}
		if e.Kind != model.PointsEarned && byEntry[e.Seq] != -e.Delta {
			return fmt.Errorf("entry %+v has links of %d", e, byEntry[e.Seq])
		}
	}
	for _, l := range m.a.lots {
		balance += l.Remaining
		if l.Remaining != l.Granted-byLot[l.Seq] || (l.Remaining > 0) != (l.State == model.LotActive || l.State == model.LotPending) {
			return fmt.Errorf("lot %+v has links of %d", l.PointsLot, byLot[l.Seq])
		}
		if l.Remaining > 0 && lotDue(l.PointsLot).Before(m.a.due()) {
			return fmt.Errorf("lot %+v is due before %s", l.PointsLot, m.a.due())
		}
	}
	a := m.a
	if sum != balance || a.Balance() != balance || balance != a.EarnedTotal-a.SpentTotal-a.ExpiredTotal-a.Held {
		return fmt.Errorf("account %+v, entries add up to %d, lots to %d", a.PointsAccount, sum, balance)
	}
	return nil
}
