package points

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Balance is what a member has at an instant.
type Balance struct {
	Active  model.Points // can be spent now
	Pending model.Points // earned, not yet spendable
	Held    model.Points // set aside for something that is not finished
	// Debt is what clawbacks took beyond the balance; points that become active pay it first, so that Active is 0 while there is one.
	Debt model.Points
	// Expiring is the lots that end, soonest first, at most 100.
	Expiring []Expiring
}

// Expiring is a lot with an end.
type Expiring struct {
	Lot        int64 // the sequence number of the entry that made it
	Points     model.Points
	ActiveFrom time.Time
	ExpiresAt  time.Time // first instant at which the points cannot be spent
}

const maxExpiring = 100

// Balance returns what a member has now. It is computed from the lots, so it is right also before the ledger was settled.
// A member without entries has nothing; that is no error.
func (s *Service) Balance(ctx context.Context, member model.MemberID) (out Balance, err error) {
	err = s.d.DB.Snapshot(ctx, func(ctx context.Context, tx *db.Tx) error {
		out, err = s.BalanceTx(ctx, tx, member)
		return err
	})
	return out, err
}

// BalanceTx is Balance within a transaction or a read.
func (s *Service) BalanceTx(_ context.Context, tx *db.Tx, member model.MemberID) (out Balance, err error) {
	a, err := accountOf(tx, member)
	if err != nil {
		return out, fmt.Errorf("read the account of member %d: %w", member, err)
	}
	if a.Debt > 0 {
		return owing(tx, a)
	}
	total, err := sumLots(tx, member, tx.Now)
	if err != nil {
		return out, fmt.Errorf("sum the lots of member %d: %w", member, err)
	}
	lots, err := expiringLots(tx, member, tx.Now, maxExpiring)
	if err != nil {
		return out, fmt.Errorf("read the lots of member %d: %w", member, err)
	}
	out = Balance{Active: total.Active, Pending: total.Pending, Held: a.Held, Expiring: make([]Expiring, len(lots))}
	for i, l := range lots {
		out.Expiring[i] = Expiring{l.Seq, l.Remaining, l.ActiveFrom, l.ExpiresAt}
	}
	return out, nil
}

// owing is the balance of a member with a debt. Which lots have paid it since the account was settled depends on their order, so the
// account is settled here as well, without writing.
func owing(tx *db.Tx, row model.PointsAccount) (out Balance, err error) {
	lots, err := openLots(tx, []model.MemberID{row.MemberID})
	if err != nil {
		return out, fmt.Errorf("read the lots of member %d: %w", row.MemberID, err)
	}
	a := &account{PointsAccount: row, whole: true}
	for _, l := range lots {
		a.lots = append(a.lots, &lot{l, l})
	}
	(&Batch{tx: tx}).settle(a, 0)
	out = Balance{Active: a.Active, Pending: a.Pending, Held: a.Held, Debt: a.Debt, Expiring: []Expiring{}}
	slices.SortFunc(a.lots, func(x, y *lot) int { return bySpending(x.PointsLot, y.PointsLot) })
	for _, l := range a.lots {
		if l.Remaining > 0 && l.ExpiresAt.Before(model.Never) && len(out.Expiring) < maxExpiring {
			out.Expiring = append(out.Expiring, Expiring{l.Seq, l.Remaining, l.ActiveFrom, l.ExpiresAt})
		}
	}
	return out, nil
}
