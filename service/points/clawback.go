package points

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// Clawback takes points back that an order gave, because the order was returned wholly or in part. What several clawbacks of one
// order ask for together never exceeds what the order granted; the excess is cut off, which Clawed.Points shows.
type Clawback struct {
	// Member is whom the order gave the points, or who has them since both accounts were merged.
	Member model.MemberID
	// Source is the natural key of the return, not of the order: "refund:31". A repetition returns what was done then.
	Source string
	// EarnSource is the Source with which the order earned, under the reason PointsForOrder.
	EarnSource string
	Points     model.Points // 1 to model.MaxPoints; see Share for parts
	Policy     model.ClawbackPolicy
	Note       string
}

// Clawed is what a clawback did: Points = Taken + Owed + Waived.
type Clawed struct {
	Points model.Points // asked for, at most what was left of the grant
	Taken  model.Points // from lots: the order's own first, then active ones as they are spent
	Owed   model.Points // became a debt
	Waived model.Points // stays with the member, by the policy
	// Entry is the entry for Taken and Owed; zero when there was nothing to write.
	Entry model.PointsEntry
}

// Clawback runs the command in a transaction of its own.
func (s *Service) Clawback(ctx context.Context, in Clawback) (out Clawed, fresh bool, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, fresh, err = s.ClawbackTx(ctx, tx, in)
		return err
	})
	return out, fresh, err
}

// ClawbackTx joins a transaction. It returns ErrNothingEarned when EarnSource gave the member nothing, and ErrSourceReused when
// Source came with other content before.
func (s *Service) ClawbackTx(_ context.Context, tx *db.Tx, in Clawback) (out Clawed, fresh bool, err error) {
	if err := in.check(); err != nil {
		return out, false, err
	}
	earned, ok, err := entryOf(tx, in.EarnSource, model.PointsForOrder)
	if err != nil {
		return out, false, fmt.Errorf("look up source %s: %w", in.EarnSource, err)
	}
	if !ok {
		return out, false, ErrNothingEarned
	}
	b, a, own, err := openHolder(tx, earned)
	if err != nil {
		return out, false, err
	}
	if in.Member != earned.MemberID && in.Member != a.MemberID {
		return out, false, ErrNothingEarned
	}
	known, ok, err := clawbackOf(tx, in.Source)
	if err != nil {
		return out, false, fmt.Errorf("look up clawback %s: %w", in.Source, err)
	}
	if ok {
		out, err = in.repeated(tx, known)
		return out, false, err
	}
	before, err := clawedOf(tx, in.EarnSource)
	if err != nil {
		return out, false, fmt.Errorf("sum the clawbacks of %s: %w", in.EarnSource, err)
	}
	row := model.PointsClawback{Source: in.Source, MemberID: a.MemberID, EarnSource: in.EarnSource, Policy: in.Policy,
		Asked: in.Points, Points: min(in.Points, earned.Delta-before), At: tx.Now}
	out.Entry = b.clawBack(a, own, in, &row)
	if err := b.write(); err != nil {
		return out, false, err
	}
	if err := insertClawback(tx, &row); err != nil {
		return out, false, fmt.Errorf("keep clawback %s: %w", in.Source, err)
	}
	out.Points, out.Taken, out.Owed, out.Waived = row.Points, row.Taken, row.Owed, row.Waived
	return out, true, nil
}

// clawBack takes row.Points as the policy says and completes row.
func (b *Batch) clawBack(a *account, own []int64, in Clawback, row *model.PointsClawback) (e model.PointsEntry) {
	parts, taken := clawed(a.bare(), own, row.Points, in.Policy, b.tx.Now)
	rest := row.Points - taken
	row.Taken, row.Waived = taken, rest
	if in.Policy == model.ClawWithDebt && rest > 0 {
		row.Owed, row.Waived = rest, 0
		parts = append(parts, part{b.advance(a, rest, in.Source, in.Note).Seq, rest})
	}
	n := row.Taken + row.Owed
	if n == 0 {
		return e
	}
	a.SpentTotal += n
	e = b.takeFrom(a, parts, model.PointsEntry{Kind: model.PointsSpent, Reason: model.PointsClawedBack, Source: in.Source, Delta: -n, Note: in.Note})
	row.EntrySeq = &e.Seq
	return e
}

func (in Clawback) check() error {
	bad := checkCommand(in.Member, in.Points, in.Source, in.Note, model.PointsClawedBack, model.PointsClawedBack)
	if !plainKey(in.EarnSource) {
		bad = append(bad, fault.Field{Name: "earn_source", Reason: "must be 1 to 120 printable ASCII characters"})
	}
	switch in.Policy {
	case model.ClawPending, model.ClawToBalance, model.ClawWithDebt:
	default:
		bad = append(bad, fault.Field{Name: "policy", Reason: "must be pending_only, up_to_balance or allow_debt"})
	}
	return invalid(bad)
}

// repeated returns what was done under the same source before.
func (in Clawback) repeated(tx *db.Tx, known model.PointsClawback) (out Clawed, err error) {
	if known.EarnSource != in.EarnSource || known.Asked != in.Points || known.Policy != in.Policy {
		return out, ErrSourceReused
	}
	out = Clawed{Points: known.Points, Taken: known.Taken, Owed: known.Owed, Waived: known.Waived}
	if known.EntrySeq != nil {
		if out.Entry, _, err = entryOf(tx, in.Source, model.PointsClawedBack); err != nil {
			return out, fmt.Errorf("look up source %s: %w", in.Source, err)
		}
	}
	return out, nil
}
