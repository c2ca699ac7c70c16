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

// The reference: lots as plain piles of points. It knows nothing of accounts, states, sweeps, links, advances or merges.
type (
	pile struct {
		from, until time.Time // until zero = for ever
		left        model.Points
		granted     model.Points
		clawed      model.Points     // asked back so far
		waits       bool             // for its order to be completed
		rule        model.ExpiryRule // from then on
	}
	taking struct {
		parts map[int]model.Points // pile -> points
		held  bool                 // neither captured nor released
		done  bool                 // a release has brought back all of it
	}
	reference struct {
		piles   []pile
		takings []taking
		debt    model.Points
		now     time.Time
	}
)

func (r *reference) live(p pile) bool   { return p.until.IsZero() || r.now.Before(p.until) }
func (r *reference) begun(p pile) bool  { return !p.waits && !r.now.Before(p.from) }
func (r *reference) usable(p pile) bool { return r.live(p) && r.begun(p) }

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
	f.debt = r.debt
	return f
}

// pass lets time go on; piles whose time begins pay the debt one after the other, though they may be over by then.
func (r *reference) pass(d time.Duration) {
	before := r.now
	r.now = r.now.Add(d)
	var begin []int
	for i, p := range r.piles {
		if r.begun(p) && before.Before(p.from) {
			begin = append(begin, i)
		}
	}
	slices.SortFunc(begin, func(a, b int) int {
		x, y := r.piles[a], r.piles[b]
		if c := x.from.Compare(y.from); c != 0 {
			return c
		}
		switch {
		case sooner(x, y):
			return -1
		case sooner(y, x):
			return 1
		}
		return cmp.Compare(a, b)
	})
	for _, i := range begin {
		n := min(r.debt, r.piles[i].left)
		r.debt -= n
		r.piles[i].left -= n
	}
}

// best is the usable pile that ends soonest; -1 when there is none.
func (r *reference) best() int {
	best := -1
	for i, p := range r.piles {
		if p.left > 0 && r.usable(p) && (best < 0 || sooner(p, r.piles[best])) {
			best = i
		}
	}
	return best
}

// pay pays the debt point by point.
func (r *reference) pay() {
	for i := r.best(); r.debt > 0 && i >= 0; i = r.best() {
		r.debt--
		r.piles[i].left--
	}
}

// take takes n points one by one, each from the pile that ends soonest.
func (r *reference) take(n model.Points, held bool) bool {
	if r.balance().active < n {
		return false
	}
	t := taking{parts: map[int]model.Points{}, held: held}
	for range n {
		best := r.best()
		r.piles[best].left--
		t.parts[best]++
	}
	r.takings = append(r.takings, t)
	return true
}

// claw takes back what pile i was given.
func (r *reference) claw(i int, asked model.Points, policy model.ClawbackPolicy) (c Clawed) {
	p := &r.piles[i]
	c.Points = min(asked, p.granted-p.clawed)
	p.clawed += c.Points
	need := c.Points
	if r.live(*p) && (!r.begun(*p) || policy != model.ClawPending) {
		n := min(need, p.left)
		p.left -= n
		need -= n
	}
	if policy != model.ClawPending {
		for j := r.best(); need > 0 && j >= 0; j = r.best() {
			r.piles[j].left--
			need--
		}
	}
	c.Taken, c.Waived = c.Points-need, need
	if policy == model.ClawWithDebt {
		c.Owed, c.Waived = need, 0
		r.debt += need
	}
	return c
}

func sooner(a, b pile) bool {
	return !a.until.IsZero() && (b.until.IsZero() || a.until.Before(b.until))
}

// back brings n points home, first to the pile that ends last, then to the youngest. A pile that is over gets some more days, or its
// points are lost.
func (r *reference) back(t *taking, n model.Points, graceDays int) {
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
		p := &r.piles[i]
		if n -= m; m > 0 && !r.live(*p) && graceDays > 0 {
			p.left, p.until = 0, graceEnd(r.now, graceDays)
		}
		if r.live(*p) {
			p.left += m
		}
	}
	r.pay()
}

func (t taking) open() (n model.Points) {
	for _, m := range t.parts {
		n += m
	}
	return n
}

type figures struct{ active, pending, held, debt model.Points }

// ledger is a person's ledger, as the random sequences drive it.
type ledger interface {
	setNow(now time.Time)
	earn(in Earn) error
	take(in Spend, kind model.PointsKind) error
	capture(source string) error
	release(source string) error
	back(in Return) error
	claw(in Clawback) (Clawed, error)
	complete(source string) error
	merge(from, to model.MemberID) error
	settle(m model.MemberID) error
	figures(m model.MemberID) (figures, error)
	// prove checks everything that must be true of the ledger by itself.
	prove() error
}

// live plays a long random life of one person on a ledger, and compares it with the reference after every step.
func live(rt *rapid.T, on ledger, start time.Time, steps int) {
	l := life{rt: rt, on: on, ref: reference{now: start}, me: 1, merges: rapid.Bool().Draw(rt, "merges")}
	for l.step = range steps {
		l.one()
		got, err := on.figures(l.me)
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
	me   model.MemberID // the account that the person has now
	// merges says that accounts are merged in this life. Merging changes the order of lots with one end, and of which of them a
	// spending took what makes a difference later: so in such a life no two piles end at the same instant, and there are no days of grace.
	merges bool
}

func takingSource(n int) string  { return fmt.Sprintf("taking:%d", n) }
func earnSource(pile int) string { return fmt.Sprintf("earn:%d", pile) }

func (l *life) one() {
	n := model.Points(rapid.IntRange(1, 40).Draw(l.rt, "points"))
	actions := []string{"earn", "earn", "earn", "spend", "spend", "hold", "capture", "release", "return", "clawback", "clawback", "complete", "wait",
		"wait", "settle"}
	if l.merges {
		actions = append(actions, "merge")
	}
	switch action := rapid.SampledFrom(actions).Draw(l.rt, "action"); action {
	case "earn":
		l.earn(n)
	case "spend":
		l.take(n, model.PointsSpent)
	case "hold":
		l.take(n, model.PointsHeld)
	case "clawback":
		l.claw(n)
	case "complete":
		l.complete()
	case "merge":
		l.merge(n)
	case "wait":
		l.ref.pass(time.Duration(rapid.IntRange(1, 600).Draw(l.rt, "minutes")) * time.Minute)
		l.on.setNow(l.ref.now)
	case "settle":
		l.must("settle", l.on.settle(l.me))
	default:
		l.end(action, n)
	}
}

func (l *life) earn(n model.Points) {
	in := Earn{Member: l.me, Points: n, Reason: model.PointsForOrder, Source: earnSource(len(l.ref.piles))}
	p := pile{from: l.ref.now, left: n, granted: n}
	switch wait := rapid.IntRange(-3, 5).Draw(l.rt, "active in hours"); {
	case wait == -3:
		p.waits, p.rule = true, model.ExpiryRule{Mode: model.ExpireAfterDays, N: 1}
		in.Awaiting, in.Expiry = true, p.rule
	case wait > 0:
		in.ActiveFrom = l.ref.now.Add(time.Duration(wait) * time.Hour)
		p.from = in.ActiveFrom
	}
	least := 0
	if l.merges {
		least = 1
	}
	if last := rapid.IntRange(least, 30).Draw(l.rt, "lives hours"); last > 0 && !p.waits {
		in.ExpiresAt = p.from.Add(time.Duration(last)*time.Hour + l.apart())
		p.until = in.ExpiresAt
	}
	l.must("earn", l.on.earn(in))
	l.ref.piles = append(l.ref.piles, p)
	l.ref.pay()
}

// apart keeps the ends of piles apart.
func (l *life) apart() time.Duration { return time.Duration(len(l.ref.piles)) * time.Microsecond }

func (l *life) take(n model.Points, kind model.PointsKind) {
	in := Spend{Member: l.me, Points: n, Reason: model.PointsForCash, Source: takingSource(len(l.ref.takings))}
	ok := l.ref.take(n, kind == model.PointsHeld)
	err := l.on.take(in, kind)
	if ok != (err == nil) || (!ok && !errors.Is(err, ErrInsufficient)) {
		l.rt.Fatalf("step %d: %s %d = %v; the reference says %t", l.step, kind, n, err, ok)
	}
}

// claw takes back what one of the latest earnings gave.
func (l *life) claw(n model.Points) {
	if len(l.ref.piles) == 0 {
		return
	}
	i := len(l.ref.piles) - 1 - rapid.IntRange(0, min(9, len(l.ref.piles)-1)).Draw(l.rt, "which")
	policy := rapid.SampledFrom([]model.ClawbackPolicy{model.ClawPending, model.ClawToBalance, model.ClawWithDebt}).Draw(l.rt, "policy")
	got, err := l.on.claw(Clawback{Member: l.me, Source: fmt.Sprintf("refund:%d", l.step), EarnSource: earnSource(i), Points: n, Policy: policy})
	l.must("claw back", err)
	want := l.ref.claw(i, n, policy)
	if got.Entry = (model.PointsEntry{}); got != want {
		l.rt.Fatalf("step %d: claw back %d of pile %d (%s) = %+v, the reference says %+v", l.step, n, i, policy, got, want)
	}
}

func (l *life) complete() {
	if len(l.ref.piles) == 0 {
		return
	}
	i := len(l.ref.piles) - 1 - rapid.IntRange(0, min(9, len(l.ref.piles)-1)).Draw(l.rt, "which")
	p := &l.ref.piles[i]
	end := p.rule.At(l.ref.now, model.Shanghai)
	if l.merges && p.waits && slices.ContainsFunc(l.ref.piles, func(q pile) bool { return q.until.Equal(end) }) {
		return
	}
	l.must("complete", l.on.complete(earnSource(i)))
	if p.waits {
		p.waits, p.from, p.until = false, l.ref.now, end
		l.ref.pay()
	}
}

// merge finds another account of the same person, which has points or a debt, and goes on with that one. Nothing may be held.
func (l *life) merge(n model.Points) {
	if l.ref.balance().held > 0 {
		l.refused("merge with a hold", l.on.merge(l.me, l.me+1), ErrHoldsOpen)
		return
	}
	other := l.me + 1
	in := Earn{Member: other, Points: n, Reason: model.PointsForOrder, Source: earnSource(len(l.ref.piles)), ExpiresAt: l.ref.now.Add(20*time.Hour + l.apart())}
	l.must("earn of the other account", l.on.earn(in))
	p := pile{from: l.ref.now, until: in.ExpiresAt, left: n, granted: n}
	owes := rapid.Bool().Draw(l.rt, "owes")
	if owes {
		gift := fmt.Sprintf("other:%d", l.step)
		l.must("spend of the other account", l.on.take(Spend{Member: other, Points: n, Reason: model.PointsForCash, Source: gift}, model.PointsSpent))
		_, err := l.on.claw(Clawback{Member: other, Source: gift, EarnSource: in.Source, Points: n, Policy: model.ClawWithDebt})
		l.must("claw back of the other account", err)
		p.left, p.clawed = 0, n
	}
	l.must("merge", l.on.merge(l.me, other))
	l.ref.piles = append(l.ref.piles, p)
	if owes {
		l.ref.debt += n
	}
	l.ref.pay()
	l.me = other
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
		t.held, t.done = false, true
		l.ref.back(t, t.open(), 0)
	case action == "return":
		grace := 0
		if !l.merges {
			grace = rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(l.rt, "grace")
		}
		err := l.on.back(Return{Spent: takingSource(i), SpentReason: model.PointsForCash, Source: fmt.Sprintf("back:%d", l.step), Points: n, GraceDays: grace})
		switch {
		case t.held || t.done:
			l.refused("return of an open or released hold", err, ErrNothingSpent)
		case n > t.open():
			l.refused("return of too much", err, ErrReturnTooLarge)
		default:
			l.must("return", err)
			l.ref.back(t, n, grace)
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

// The rules alone, in memory: 100 sequences of memorySteps each, more than 100,000 in all. rapid prints the seed of a failure.
func TestRandomLivesInMemory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) { live(rt, newMemory(), noon, memorySteps) })
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

func (d stored) claw(in Clawback) (Clawed, error) {
	first, fresh, err := d.s.ClawbackTx(d.ctx, d.tx, in)
	if err != nil {
		return first, err
	}
	again, twice, err := d.s.ClawbackTx(d.ctx, d.tx, in)
	if again.Entry.Seq != first.Entry.Seq || again.Taken != first.Taken || !fresh || twice {
		err = errors.Join(err, fmt.Errorf("first %+v (fresh %t), then %+v (fresh %t)", first, fresh, again, twice))
	}
	return first, err
}

func (d stored) complete(source string) error {
	_, err := d.s.CompleteTx(d.ctx, d.tx, source)
	again, err2 := d.s.CompleteTx(d.ctx, d.tx, source)
	if again {
		err2 = errors.New("completed twice")
	}
	return errors.Join(err, err2)
}

func (d stored) merge(from, to model.MemberID) error {
	_, _, err := d.s.MergeTx(d.ctx, d.tx, Merge{From: from, To: to})
	if err != nil {
		return err
	}
	_, again, err := d.s.MergeTx(d.ctx, d.tx, Merge{From: from, To: to})
	if again {
		err = errors.New("merged twice")
	}
	return err
}

func (d stored) settle(m model.MemberID) error {
	return d.s.BatchTx(d.ctx, d.tx, []model.MemberID{m}, func(*Batch) error { return nil })
}

func (d stored) figures(m model.MemberID) (figures, error) {
	b, err := d.s.BalanceTx(d.ctx, d.tx, m)
	return figures{b.Active, b.Pending, b.Held, b.Debt}, err
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
	heirs   map[model.MemberID]model.MemberID
	entries map[string]model.PointsEntry // by source: takings, earnings
	holds   map[string]model.PointsHoldState
	clawed  map[string]model.Points
}

func newMemory() *memory {
	return &memory{&Batch{tx: &db.Tx{Now: noon}, accounts: map[model.MemberID]*account{}}, map[model.MemberID]model.MemberID{},
		map[string]model.PointsEntry{}, map[string]model.PointsHoldState{}, map[string]model.Points{}}
}

// account returns a settled account.
func (m *memory) account(id model.MemberID) *account {
	a := m.b.accounts[id]
	if a == nil {
		a = &account{PointsAccount: model.PointsAccount{MemberID: id, DueAt: model.Never}, whole: true}
		m.b.accounts[id] = a
	}
	m.b.settle(a, 0)
	return a
}

func (m *memory) setNow(now time.Time) { m.b.tx.Now = now }

func (m *memory) settle(id model.MemberID) error {
	m.account(id)
	return nil
}

func (m *memory) earn(in Earn) error {
	m.account(in.Member)
	e, err := m.b.Earn(in)
	m.entries[in.Source] = e
	return err
}

func (m *memory) take(in Spend, kind model.PointsKind) error {
	m.account(in.Member)
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
	e := m.entries[source]
	a := m.account(e.MemberID)
	a.Held += e.Delta
	a.SpentTotal -= e.Delta
	return nil
}

func (m *memory) release(source string) error {
	m.holds[source] = model.HoldReleased
	return m.put(source, 0, 0, model.PointsEntry{Kind: model.PointsReleased, Source: source})
}

func (m *memory) back(in Return) error {
	if state, held := m.holds[in.Spent]; held && state != model.HoldCaptured {
		return ErrNothingSpent
	}
	return m.put(in.Spent, in.Points, in.GraceDays, model.PointsEntry{Kind: model.PointsReturned, Source: in.Source})
}

func (m *memory) heir(id model.MemberID) model.MemberID {
	for m.heirs[id] != 0 {
		id = m.heirs[id]
	}
	return id
}

func (m *memory) put(source string, n model.Points, graceDays int, e model.PointsEntry) error {
	of := m.entries[source]
	a := m.account(of.MemberID)
	var links []model.PointsConsumption
	for _, c := range m.b.links {
		if c.MemberID == of.MemberID && c.EntrySeq == of.Seq {
			for _, r := range m.b.returned {
				if r.MemberID == c.MemberID && r.EntrySeq == c.EntrySeq && r.LotSeq == c.LotSeq {
					c.Returned += r.Returned
				}
			}
			links = append(links, c)
		}
	}
	if _, err := m.b.putBack(a, of, links, n, graceDays, e); err != nil {
		return err
	}
	if heir := m.heir(of.MemberID); heir != of.MemberID {
		m.b.move(a, m.account(heir))
	}
	return nil
}

func (m *memory) merge(from, to model.MemberID) error {
	a, b := m.account(from), m.account(to)
	if a.Held > 0 {
		return ErrHoldsOpen
	}
	m.b.move(a, b)
	m.heirs[from] = to
	return nil
}

// lots follows the points of an earning entry through merges.
func (m *memory) lots(e model.PointsEntry, holder model.MemberID) (seqs []int64) {
	if e.MemberID == holder {
		seqs = append(seqs, e.Seq)
	}
	if m.heirs[e.MemberID] == 0 {
		return seqs
	}
	for _, c := range m.b.links {
		if c.MemberID != e.MemberID || c.LotSeq != e.Seq {
			continue
		}
		for _, out := range m.b.entries {
			if out.MemberID != c.MemberID || out.Seq != c.EntrySeq || out.Reason != model.PointsMergedOut {
				continue
			}
			for _, in := range m.b.entries {
				if in.Source == out.Source && in.Reason == model.PointsMergedIn {
					seqs = append(seqs, m.lots(in, holder)...)
				}
			}
		}
	}
	return seqs
}

func (m *memory) claw(in Clawback) (out Clawed, err error) {
	earned := m.entries[in.EarnSource]
	a := m.account(m.heir(earned.MemberID))
	row := model.PointsClawback{Points: min(in.Points, earned.Delta-m.clawed[in.EarnSource])}
	m.clawed[in.EarnSource] += row.Points
	e := m.b.clawBack(a, m.lots(earned, a.MemberID), in, &row)
	return Clawed{row.Points, row.Taken, row.Owed, row.Waived, e}, nil
}

func (m *memory) complete(source string) error {
	earned := m.entries[source]
	a := m.account(m.heir(earned.MemberID))
	_, err := m.b.complete(a, m.lots(earned, a.MemberID))
	return err
}

func (m *memory) figures(id model.MemberID) (figures, error) {
	a := m.account(id)
	return figures{a.Active, a.Pending, a.Held, a.Debt}, nil
}

func (m *memory) prove() error {
	type key struct {
		member model.MemberID
		seq    int64
	}
	byEntry, byLot := map[key]model.Points{}, map[key]model.Points{}
	for _, c := range m.b.links {
		byEntry[key{c.MemberID, c.EntrySeq}] += c.Amount
		byLot[key{c.MemberID, c.LotSeq}] += c.Amount
	}
	sum, count := map[model.MemberID]model.Points{}, map[model.MemberID]int64{}
	sources := map[string]bool{}
	for _, e := range m.b.entries {
		sum[e.MemberID] += e.Delta
		count[e.MemberID]++
		if e.Seq != count[e.MemberID] || e.BalanceAfter != sum[e.MemberID] || e.BalanceAfter < 0 || e.Delta == 0 {
			return fmt.Errorf("entry %+v follows a balance of %d as number %d", e, sum[e.MemberID]-e.Delta, count[e.MemberID])
		}
		if e.Kind != model.PointsEarned && byEntry[key{e.MemberID, e.Seq}] != -e.Delta {
			return fmt.Errorf("entry %+v has links of %d", e, byEntry[key{e.MemberID, e.Seq}])
		}
		if name := e.Source + " " + string(e.Kind) + string(e.Reason); sources[name] {
			return fmt.Errorf("entry %+v: its source was there before", e)
		} else {
			sources[name] = true
		}
	}
	for id, a := range m.b.accounts {
		var balance model.Points
		for _, l := range a.lots {
			balance += l.Remaining
			if l.Remaining != l.Granted-byLot[key{id, l.Seq}] || (l.Remaining > 0) != (l.State == model.LotActive || l.State == model.LotPending) {
				return fmt.Errorf("lot %+v has links of %d", l.PointsLot, byLot[key{id, l.Seq}])
			}
			if l.Remaining > 0 && lotDue(l.PointsLot).Before(a.due()) {
				return fmt.Errorf("lot %+v is due before %s", l.PointsLot, a.due())
			}
		}
		if sum[id] != balance || a.Balance() != balance || balance != a.EarnedTotal-a.SpentTotal-a.ExpiredTotal-a.Held+a.Debt || a.Debt > 0 && a.Active > 0 {
			return fmt.Errorf("account %+v, entries add up to %d, lots to %d", a.PointsAccount, sum[id], balance)
		}
	}
	return nil
}
