package points

import (
	"context"
	"fmt"
	"slices"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// Merge moves everything that one member has into the account of another, because both are one person: lots with their own beginning
// and end, and the debt. What comes back to the emptied account later, as when a redemption is cancelled, is passed on; orders that
// it paid are clawed back from the account that holds their points now.
type Merge struct {
	From, To model.MemberID
	Staff    model.StaffID // 0 when no staff did it
}

// Merged is what was moved.
type Merged struct{ Active, Pending, Debt model.Points }

// Merge runs the command in a transaction of its own.
func (s *Service) Merge(ctx context.Context, in Merge) (out Merged, fresh bool, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, fresh, err = s.MergeTx(ctx, tx, in)
		return err
	})
	return out, fresh, err
}

// MergeTx joins a transaction. A repetition has no effect and fresh false. It returns ErrHoldsOpen while points of From are set aside
// for something that is not finished, and ErrMerged when From went into another account, or To into any.
func (s *Service) MergeTx(_ context.Context, tx *db.Tx, in Merge) (out Merged, fresh bool, err error) {
	if in.From <= 0 || in.To <= 0 || in.From == in.To {
		return out, false, invalid([]fault.Field{{Name: "to", Reason: "must be the id of another member"}})
	}
	b, err := open(tx, []model.MemberID{in.From, in.To}, true)
	if err != nil {
		return out, false, err
	}
	for _, m := range []model.MemberID{in.From, in.To} {
		known, ok, err := mergeOf(tx, m)
		switch {
		case err != nil:
			return out, false, fmt.Errorf("look up the merge of member %d: %w", m, err)
		case ok && m == in.From && known.ToMember == in.To:
			return out, false, nil
		case ok:
			return out, false, ErrMerged
		}
	}
	from, to := b.accounts[in.From], b.accounts[in.To]
	if from.Held > 0 {
		return out, false, ErrHoldsOpen
	}
	if from.Balance() > MaxBalance-to.Balance()-to.Held {
		return out, false, ErrBalanceLimit
	}
	out = Merged{from.Active, from.Pending, from.Debt}
	row := model.PointsMerge{FromMember: in.From, ToMember: in.To, StaffID: in.Staff, At: tx.Now, FromSeq: from.Seq}
	b.move(from, to)
	if err := b.write(); err != nil {
		return out, false, err
	}
	if err := insertMerge(tx, &row); err != nil {
		return out, false, fmt.Errorf("keep the merge of member %d into %d: %w", in.From, in.To, err)
	}
	return out, true, nil
}

// move moves the debt and then every lot of one account into another, each by a pair of entries with one source.
func (b *Batch) move(from, to *account) {
	b.moveDebt(from, to, from.Debt)
	for _, l := range slices.Clone(from.lots) {
		b.moveLot(from, to, l)
	}
	b.payDebt(to)
}

func mergeSource(from *account) string { return fmt.Sprintf("merge:%d:%d", from.MemberID, from.Seq+1) }

// moveDebt lets to pay d of what from owes, or owe it from now on.
func (b *Batch) moveDebt(from, to *account, d model.Points) {
	if d == 0 {
		return
	}
	key := mergeSource(from)
	parts, got := upTo(to.bare(), d, b.tx.Now)
	if rest := d - got; rest > 0 {
		parts = append(parts, part{b.advance(to, rest, key, "").Seq, rest})
	}
	to.SpentTotal += d
	b.takeFrom(to, parts, model.PointsEntry{Kind: model.PointsSpent, Reason: model.PointsMergedOut, Source: key, Delta: -d})
	from.Active += d
	from.EarnedTotal += d
	b.newLot(from, model.PointsEntry{Kind: model.PointsEarned, Reason: model.PointsMergedIn, Source: key, Delta: d},
		model.PointsLot{State: model.LotActive, ActiveFrom: b.tx.Now, ExpiresAt: model.Never})
	b.payDebt(from)
}

// moveLot moves what remains in a lot.
func (b *Batch) moveLot(from, to *account, l *lot) {
	n, state := l.Remaining, l.State
	if n == 0 {
		return
	}
	key := mergeSource(from)
	from.SpentTotal += n
	b.takeFrom(from, []part{{l.Seq, n}}, model.PointsEntry{Kind: model.PointsSpent, Reason: model.PointsMergedOut, Source: key, Delta: -n})
	if to.EarnedTotal += n; state == model.LotPending {
		to.Pending += n
	} else {
		to.Active += n
	}
	b.newLot(to, model.PointsEntry{Kind: model.PointsEarned, Reason: model.PointsMergedIn, Source: key, Delta: n},
		model.PointsLot{State: state, ActiveFrom: l.ActiveFrom, ExpiresAt: l.ExpiresAt, Awaiting: l.Awaiting, Expiry: l.Expiry})
}

// heirOf returns the account into which a member's went, through any number of merges; the member's own when there was none.
func heirOf(tx *db.Tx, member model.MemberID) (model.MemberID, error) {
	for {
		m, ok, err := mergeOf(tx, member)
		if err != nil {
			return 0, fmt.Errorf("look up the merge of member %d: %w", member, err)
		}
		if !ok {
			return member, nil
		}
		member = m.ToMember
	}
}

// lotsFrom returns the lots of an account in which the points of an earning entry are now, which may have come there by merges.
func lotsFrom(tx *db.Tx, earned model.PointsEntry, holder model.MemberID) (seqs []int64, err error) {
	if earned.MemberID == holder {
		seqs = append(seqs, earned.Seq)
	}
	onward, err := movedOn(tx, earned)
	if err != nil {
		return nil, fmt.Errorf("follow the points of %s: %w", earned.Ref(), err)
	}
	for _, e := range onward {
		more, err := lotsFrom(tx, e, holder)
		if err != nil {
			return nil, err
		}
		seqs = append(seqs, more...)
	}
	return seqs, nil
}

// openHolder opens the account in which the points of an earning entry are now, and names their lots.
func openHolder(tx *db.Tx, earned model.PointsEntry) (*Batch, *account, []int64, error) {
	holder, err := heirOf(tx, earned.MemberID)
	if err != nil {
		return nil, nil, nil, err
	}
	b, err := open(tx, []model.MemberID{holder}, true)
	if err != nil {
		return nil, nil, nil, err
	}
	again, err := heirOf(tx, holder) // under the lock, which a merge takes as well
	if err != nil {
		return nil, nil, nil, err
	}
	if again != holder {
		return nil, nil, nil, errMoved
	}
	seqs, err := lotsFrom(tx, earned, holder)
	return b, b.accounts[holder], seqs, err
}
