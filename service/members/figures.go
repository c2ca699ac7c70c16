package members

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// OrderFigures are orders to add to a member's figures.
type OrderFigures struct {
	Member      model.MemberID
	Orders      int64     // 1 or more
	Amount      model.Fen // of all of them, 0 or more
	First, Last time.Time // when the earliest and the latest of them was paid
}

var errFigures = errors.New("members: figures of orders out of range")

// RecordOrderTx adds one order to a member's figures. amount is 0 to MaxFen. It returns ErrUnknown.
func (s *Service) RecordOrderTx(ctx context.Context, tx *db.Tx, id model.MemberID, amount model.Fen, paidAt time.Time) error {
	if amount < 0 || amount > model.MaxFen {
		return fault.InvalidFields([]fault.Field{{Name: "amount_fen", Reason: "0 to 1000000000"}})
	}
	return s.RecordOrdersTx(ctx, tx, []OrderFigures{{id, 1, amount, paidAt, paidAt}})
}

// RecordOrdersTx adds many orders to the figures of their members, a hundred members a statement, in the order of their
// ids. It returns ErrUnknown when one of the members does not exist.
func (s *Service) RecordOrdersTx(_ context.Context, tx *db.Tx, list []OrderFigures) error {
	byMember := make(map[model.MemberID]OrderFigures, len(list))
	for _, f := range list {
		if f.Orders < 1 || f.Amount < 0 || f.First.IsZero() || f.Last.Before(f.First) {
			return errFigures
		}
		f.First, f.Last = f.First.UTC().Truncate(time.Microsecond), f.Last.UTC().Truncate(time.Microsecond)
		if g, twice := byMember[f.Member]; twice {
			f = f.plus(g)
		}
		byMember[f.Member] = f
	}
	sorted := slices.SortedFunc(maps.Values(byMember), func(a, b OrderFigures) int { return cmp.Compare(a.Member, b.Member) })
	for chunk := range slices.Chunk(sorted, 100) {
		if err := addFigures(tx, chunk); err != nil {
			return err
		}
	}
	return nil
}

func (f OrderFigures) plus(g OrderFigures) OrderFigures {
	f.Orders, f.Amount = f.Orders+g.Orders, f.Amount+g.Amount
	if g.First.Before(f.First) {
		f.First = g.First
	}
	if g.Last.After(f.Last) {
		f.Last = g.Last
	}
	return f
}

// CorrectFiguresTx replaces a member's figures, when money of his orders was given back. The caller has worked them out of all
// orders that count, under the member's lock; an order that is being added elsewhere at that moment adds itself afterwards. Orders may be
// 0, and then everything else is zero. It returns ErrUnknown.
func (s *Service) CorrectFiguresTx(_ context.Context, tx *db.Tx, f OrderFigures) error {
	none := f.Orders == 0 && f.Amount == 0 && f.First.IsZero() && f.Last.IsZero()
	if !none && (f.Orders < 1 || f.Amount < 0 || f.First.IsZero() || f.Last.Before(f.First)) {
		return errFigures
	}
	return setFigures(tx, f)
}
