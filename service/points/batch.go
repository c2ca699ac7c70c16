package points

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// Batch is the open accounts of some members within one transaction: locked, settled, and changed in memory until
// BatchTx writes everything in bulk. A command that it refuses has changed nothing, and the others go on.
type Batch struct {
	tx       *db.Tx
	accounts map[model.MemberID]*account
	entries  []model.PointsEntry
	lots     []*lot // made in this batch
	links    []model.PointsConsumption
	returned []model.PointsConsumption // Returned = by how much that of an earlier link grows
	holds    []model.PointsHold
}

type account struct {
	model.PointsAccount
	before model.PointsAccount
	lots   []*lot
	// whole says that lots holds every pending and active lot.
	whole bool
	// merged says that the account went into another one, so that nothing is earned here any more.
	merged bool
}

type lot struct {
	model.PointsLot
	before model.PointsLot
}

// rescheduled reports whether the lot got another beginning or end.
func (l *lot) rescheduled() bool {
	return l.Awaiting != l.before.Awaiting || l.ExtendedBy != l.before.ExtendedBy
}

// BatchTx locks the accounts of members in the order of their ids, settles them, runs fn and writes what fn did. When fn
// returns an error nothing is written. It is for commands of many members in one transaction; a single one has its
// own method.
//
// A Source must be new in a batch: a used one makes BatchTx return ErrSourceReused, after which the transaction must
// be rolled back.
func (s *Service) BatchTx(_ context.Context, tx *db.Tx, members []model.MemberID, fn func(b *Batch) error) error {
	b, err := open(tx, members, true)
	if err != nil {
		return err
	}
	if err := fn(b); err != nil {
		return err
	}
	return b.write()
}

// open locks and settles. Lots are read where something is due, and of all members when lots is true.
func open(tx *db.Tx, members []model.MemberID, lots bool) (*Batch, error) {
	members = slices.Compact(slices.Sorted(slices.Values(members)))
	rows, err := lockAccounts(tx, members)
	if err != nil {
		return nil, fmt.Errorf("lock points accounts: %w", err)
	}
	b := &Batch{tx: tx, accounts: make(map[model.MemberID]*account, len(rows))}
	var read, empty []model.MemberID
	for _, r := range rows {
		due := !tx.Now.Before(r.DueAt)
		b.accounts[r.MemberID] = &account{PointsAccount: r, before: r, whole: lots || due}
		if r.Balance() == 0 && r.Debt == 0 {
			empty = append(empty, r.MemberID)
		}
		if lots || due {
			read = append(read, r.MemberID)
		}
	}
	if len(empty) > 0 { // an account that went into another one has nothing
		gone, err := mergedAmong(tx, empty)
		if err != nil {
			return nil, fmt.Errorf("look up merged accounts: %w", err)
		}
		for m := range gone {
			b.accounts[m].merged = true
		}
	}
	if len(read) == 0 {
		return b, nil
	}
	found, err := openLots(tx, read)
	if err != nil {
		return nil, fmt.Errorf("read lots: %w", err)
	}
	for _, l := range found {
		a := b.accounts[l.MemberID]
		a.lots = append(a.lots, &lot{l, l})
	}
	for _, m := range read {
		b.settle(b.accounts[m], 0)
	}
	return b, nil
}

// settle brings an account up to the instant of the transaction. because is the entry that gave points back to lots that have
// already ended, or 0.
func (b *Batch) settle(a *account, because int64) {
	// What a lot pays of a debt when it becomes active it has paid, also when it has ended since and nobody looked in between.
	for _, l := range a.becoming(b.tx.Now) {
		l.State = model.LotActive
		a.Pending -= l.Remaining
		a.Active += l.Remaining
		if n := min(a.Debt, l.Remaining); n > 0 {
			b.payWith(a, []part{{l.Seq, n}}, n)
		}
	}
	for _, l := range a.lots {
		if l.Remaining > 0 && judge(l.PointsLot, b.tx.Now) == model.LotExpired {
			b.expire(a, l, because)
		}
	}
	b.payDebt(a)
}

// becoming returns the pending lots whose time has begun, in the order in which it did.
func (a *account) becoming(now time.Time) (due []*lot) {
	for _, l := range a.lots {
		if l.State == model.LotPending && !now.Before(l.ActiveFrom) {
			due = append(due, l)
		}
	}
	slices.SortFunc(due, func(x, y *lot) int {
		return cmp.Or(x.ActiveFrom.Compare(y.ActiveFrom), bySpending(x.PointsLot, y.PointsLot))
	})
	return due
}

// payDebt uses active points for what the member owes; whoever lets points become active calls it. Afterwards there is no
// debt or there are no active points.
func (b *Batch) payDebt(a *account) {
	n := min(a.Debt, a.Active)
	if n == 0 {
		return
	}
	parts, _ := choose(a.bare(), n, b.tx.Now) // active points stand in lots that are at hand, since there were none before
	b.payWith(a, parts, n)
}

func (b *Batch) payWith(a *account, parts []part, n model.Points) {
	a.Debt -= n
	b.takeFrom(a, parts, model.PointsEntry{Kind: model.PointsSpent, Reason: model.PointsDebtPaid,
		Source: fmt.Sprintf("debt:%d:%d", a.MemberID, a.Seq+1), Delta: -n})
}

// advance gives points that the member does not have, and owes from now on. Whoever calls it takes them in the same breath.
func (b *Batch) advance(a *account, n model.Points, source, note string) *lot {
	a.Active += n
	a.Debt += n
	return b.newLot(a, model.PointsEntry{Kind: model.PointsEarned, Reason: model.PointsAdvanced, Source: source, Delta: n, Note: note},
		model.PointsLot{State: model.LotActive, ActiveFrom: b.tx.Now, ExpiresAt: model.Never})
}

// newLot writes an earning entry and its lot after the account's figures were changed.
func (b *Batch) newLot(a *account, e model.PointsEntry, of model.PointsLot) *lot {
	e = b.post(a, e)
	of.MemberID, of.Seq, of.Granted, of.Remaining = a.MemberID, e.Seq, e.Delta, e.Delta
	l := &lot{PointsLot: of}
	a.lots = append(a.lots, l)
	b.lots = append(b.lots, l)
	return l
}

func (b *Batch) expire(a *account, l *lot, because int64) {
	n := l.Remaining
	a.Active -= n
	a.ExpiredTotal += n
	l.Remaining, l.State = 0, model.LotExpired
	source := fmt.Sprintf("lot:%d:%d", a.MemberID, l.Seq)
	switch { // a lot can end once by itself, again after each return, and again when a return has extended it
	case because > 0:
		source = fmt.Sprintf("%s:return:%d", source, because)
	case l.ExtendedBy > 0:
		source = fmt.Sprintf("%s:extended:%d", source, l.ExtendedBy)
	}
	e := b.post(a, model.PointsEntry{Kind: model.PointsExpired, Reason: model.PointsLapsed, Source: source, Delta: -n})
	b.link(e, l, n)
}

// Spendable returns how many points a member of the batch can spend now; 0 for anybody else.
func (b *Batch) Spendable(member model.MemberID) model.Points {
	a, err := b.account(member)
	if err != nil {
		return 0
	}
	return a.Active
}

func (b *Batch) account(member model.MemberID) (*account, error) {
	a := b.accounts[member]
	if a == nil {
		return nil, fmt.Errorf("points: member %d is not of this batch", member)
	}
	return a, nil
}

// Earn gives points to a member of the batch; see Earn.
func (b *Batch) Earn(in Earn) (model.PointsEntry, error) {
	if err := in.check(b.tx.Now); err != nil {
		return model.PointsEntry{}, err
	}
	a, err := b.account(in.Member)
	if err != nil {
		return model.PointsEntry{}, err
	}
	if a.merged {
		return model.PointsEntry{}, ErrMerged
	}
	if in.Points > MaxBalance-a.Balance()-a.Held {
		return model.PointsEntry{}, ErrBalanceLimit
	}
	of := model.PointsLot{ActiveFrom: in.activeFrom(b.tx.Now), ExpiresAt: in.expiresAt(), Awaiting: in.Awaiting}
	if in.Awaiting {
		of.Expiry = in.Expiry.String()
	}
	if of.State = judge(of, b.tx.Now); of.State == model.LotPending {
		a.Pending += in.Points
	} else {
		a.Active += in.Points
	}
	a.EarnedTotal += in.Points
	b.newLot(a, model.PointsEntry{Kind: model.PointsEarned, Reason: in.Reason, Source: in.Source, Delta: in.Points,
		Note: in.Note, StaffID: in.Staff}, of)
	e := b.entries[len(b.entries)-1]
	if of.State == model.LotActive {
		b.payDebt(a)
	}
	return e, nil
}

// Spend takes points from a member of the batch; see Spend.
func (b *Batch) Spend(in Spend) (model.PointsEntry, error) {
	if err := in.check(); err != nil {
		return model.PointsEntry{}, err
	}
	return b.take(in, model.PointsSpent)
}

// take takes points for good or sets them aside.
func (b *Batch) take(in Spend, kind model.PointsKind) (model.PointsEntry, error) {
	a, err := b.account(in.Member)
	if err != nil {
		return model.PointsEntry{}, err
	}
	parts, ok := choose(a.bare(), in.Points, b.tx.Now)
	if !ok || a.Active < in.Points {
		return model.PointsEntry{}, ErrInsufficient.With("active", a.Active).With("missing", in.Points-a.Active)
	}
	if kind == model.PointsHeld {
		a.Held += in.Points
	} else {
		a.SpentTotal += in.Points
	}
	return b.takeFrom(a, parts, model.PointsEntry{Kind: kind, Reason: in.Reason, Source: in.Source, Delta: -in.Points,
		Note: in.Note, StaffID: in.Staff}), nil
}

// takeFrom takes parts, which add up to what e takes, from pending and active lots. The figures beside those two are the caller's.
func (b *Batch) takeFrom(a *account, parts []part, e model.PointsEntry) model.PointsEntry {
	for _, p := range parts {
		if a.lot(p.lot).State == model.LotPending {
			a.Pending -= p.amount
		} else {
			a.Active -= p.amount
		}
	}
	e = b.post(a, e)
	for _, p := range parts {
		l := a.lot(p.lot)
		if l.Remaining -= p.amount; l.Remaining == 0 {
			l.State = model.LotConsumed
		}
		b.link(e, l, p.amount)
	}
	return e
}

// put gives n of the points that entry of took back to its lots, with e as the entry for it. n = 0 means all that
// is still open. Lots that have ended get a new end when there are days of grace.
func (b *Batch) put(a *account, of model.PointsEntry, n model.Points, graceDays int, e model.PointsEntry) (model.PointsEntry, error) {
	links, err := linksOf(b.tx, of)
	if err != nil {
		return e, fmt.Errorf("read what %s took: %w", of.Ref(), err)
	}
	if err := b.addLots(a, links); err != nil {
		return e, err
	}
	return b.putBack(a, of, links, n, graceDays, e)
}

// putBack is put with the links of the taking and their lots at hand.
func (b *Batch) putBack(a *account, of model.PointsEntry, links []model.PointsConsumption, n model.Points, graceDays int, e model.PointsEntry) (model.PointsEntry, error) {
	from, all := make([]taken, len(links)), model.Points(0)
	for i, c := range links {
		from[i] = taken{a.lot(c.LotSeq).PointsLot, c.Amount - c.Returned}
		all += from[i].open
	}
	if n == 0 {
		n = all
	}
	parts, ok := giveBack(from, n)
	if !ok || n == 0 {
		return e, ErrReturnTooLarge.With("returnable", all)
	}
	a.Active += n
	if of.Kind == model.PointsHeld && e.Kind == model.PointsReleased {
		a.Held -= n
	} else {
		a.SpentTotal -= n
	}
	e.Delta, e.ReversesSeq = n, &of.Seq
	e = b.post(a, e)
	for _, p := range parts {
		l := a.lot(p.lot)
		l.Remaining += p.amount
		if graceDays > 0 && judge(l.PointsLot, b.tx.Now) == model.LotExpired {
			l.ExpiresAt, l.ExtendedBy = graceEnd(b.tx.Now, graceDays), e.Seq
		}
		l.State = model.LotActive // settling ends it again when its time is over
		b.link(e, l, -p.amount)
		b.returned = append(b.returned, model.PointsConsumption{MemberID: a.MemberID, EntrySeq: of.Seq, LotSeq: p.lot, Returned: p.amount})
	}
	b.settle(a, e.Seq)
	return e, nil
}

// addLots reads the lots of links that the account does not hold yet: consumed and expired ones.
func (b *Batch) addLots(a *account, links []model.PointsConsumption) error {
	var missing []int64
	for _, c := range links {
		if a.lot(c.LotSeq) == nil {
			missing = append(missing, c.LotSeq)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := lotsOf(b.tx, a.MemberID, missing)
	if err != nil {
		return fmt.Errorf("read lots of member %d: %w", a.MemberID, err)
	}
	if len(found) != len(missing) {
		return fmt.Errorf("points: %d of %d lots of member %d are gone", len(missing)-len(found), len(missing), a.MemberID)
	}
	for _, l := range found {
		a.lots = append(a.lots, &lot{l, l})
	}
	return nil
}

// post adds an entry after the account's figures were changed.
func (b *Batch) post(a *account, e model.PointsEntry) model.PointsEntry {
	a.Seq++
	e.MemberID, e.Seq, e.BalanceAfter, e.At = a.MemberID, a.Seq, a.Balance(), b.tx.Now
	b.entries = append(b.entries, e)
	return e
}

func (b *Batch) link(e model.PointsEntry, l *lot, amount model.Points) {
	b.links = append(b.links, model.PointsConsumption{MemberID: e.MemberID, EntrySeq: e.Seq, LotSeq: l.Seq, Amount: amount})
}

func (a *account) lot(seq int64) *lot {
	for _, l := range a.lots {
		if l.Seq == seq {
			return l
		}
	}
	return nil
}

// bare returns the lots at hand as the rules see them.
func (a *account) bare() []model.PointsLot {
	lots := make([]model.PointsLot, len(a.lots))
	for i, l := range a.lots {
		lots[i] = l.PointsLot
	}
	return lots
}

func (a *account) due() time.Time {
	due := nextDue(a.bare())
	if !a.whole && a.DueAt.Before(due) {
		return a.DueAt // of lots that were not read
	}
	return due
}

// write stores everything: what is new first, then the lots, the accounts last.
func (b *Batch) write() error {
	var accounts []*account
	var lots []*lot
	for _, m := range slices.Sorted(mapKeys(b.accounts)) {
		a := b.accounts[m]
		a.DueAt = a.due()
		if a.PointsAccount != a.before {
			accounts = append(accounts, a)
		}
		for _, l := range a.lots {
			if l.ID != 0 && l.PointsLot != l.before {
				lots = append(lots, l)
			}
		}
	}
	if err := insertEntries(b.tx, b.entries); err != nil {
		if db.IsDuplicate(err) {
			return ErrSourceReused.Because(err)
		}
		return fmt.Errorf("write entries: %w", err)
	}
	made := make([]*model.PointsLot, len(b.lots))
	for i, l := range b.lots {
		made[i] = &l.PointsLot
	}
	if err := insertLots(b.tx, made); err != nil {
		return fmt.Errorf("write lots: %w", err)
	}
	if err := insertHolds(b.tx, b.holds); err != nil {
		return fmt.Errorf("write holds: %w", err)
	}
	if err := insertLinks(b.tx, b.links); err != nil {
		return fmt.Errorf("write consumption links: %w", err)
	}
	if err := growReturned(b.tx, b.returned); err != nil {
		return fmt.Errorf("mark points as given back: %w", err)
	}
	if err := updateLots(b.tx, lots); err != nil {
		return fmt.Errorf("change lots: %w", err)
	}
	if err := updateAccounts(b.tx, accounts); err != nil {
		return fmt.Errorf("change accounts: %w", err)
	}
	return nil
}

// once runs one command on the open accounts of members, or returns the entry that its source wrote before.
//
// want holds what must be the same in both: member, kind, source and reason, and unless they are zero Delta and ReversesSeq.
func once(tx *db.Tx, want model.PointsEntry, members []model.MemberID, post func(b *Batch) (model.PointsEntry, error)) (entry model.PointsEntry, fresh bool, err error) {
	b, err := open(tx, members, want.Kind != model.PointsEarned)
	if err != nil {
		return entry, false, err
	}
	known, ok, err := entryOf(tx, want.Source, want.Reason)
	if err != nil {
		return entry, false, fmt.Errorf("look up source %s: %w", want.Source, err)
	}
	if ok {
		if !repeats(known, want) {
			return entry, false, ErrSourceReused
		}
		return known, false, nil
	}
	if entry, err = post(b); err != nil {
		return entry, false, err
	}
	return entry, true, b.write()
}

func repeats(known, want model.PointsEntry) bool {
	return known.MemberID == want.MemberID && known.Kind == want.Kind &&
		(want.Delta == 0 || known.Delta == want.Delta) &&
		(want.ReversesSeq == nil || known.ReversesSeq != nil && *known.ReversesSeq == *want.ReversesSeq)
}

func invalid(bad []fault.Field) error { return fault.InvalidFields(bad) }
