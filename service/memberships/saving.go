package memberships

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// The kinds of saving.
const (
	SavedMemberPrice = "member_price"
	SavedFreight     = "freight"
	SavedCoupon      = "coupon" // by a coupon that the card gave
	SavedPoints      = "points" // the worth of the points that came on top
)

// Saving is money that a member really did not have to pay because of the card.
type Saving struct {
	Member model.MemberID
	Source string    // natural key, "order:12:member-price"; counted once
	Kind   string    // one of those above
	Amount model.Fen // 1 or more
	At     time.Time // when it happened; the period of that day gets it
}

// SaveTx logs a saving in the transaction in which it happened. fresh is false when the source is known. It returns
// ErrNotMember when the member had no card on that day.
func (s *Service) SaveTx(_ context.Context, tx *db.Tx, in Saving) (fresh bool, err error) {
	if in.Amount < 1 || in.Source == "" || len(in.Source) > 128 || len(in.Kind) > 32 {
		return false, fmt.Errorf("memberships: a saving of %d fen from %q is not one", in.Amount, in.Source)
	}
	p, found, err := periodOn(tx, in.Member, model.DayOf(in.At, model.Shanghai))
	if err != nil {
		return false, err
	}
	if !found {
		return false, ErrNotMember
	}
	return s.save(tx, p.ID, in)
}

// save logs a saving of a period.
func (s *Service) save(tx *db.Tx, p model.MembershipID, in Saving) (fresh bool, err error) {
	return insertSaving(tx, &model.MembershipSaving{
		PeriodID: p, Source: in.Source, Kind: in.Kind, AmountFen: in.Amount, HappenedAt: in.At.UTC().Truncate(time.Microsecond),
	})
}
