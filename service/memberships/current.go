package memberships

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Card is a member's membership of today. Its zero value is "no card".
type Card struct {
	Active   bool
	Plan     string
	From, To model.Day // of the period that holds today; To is exclusive
	// Until is the exclusive end of the last period that follows, DaysLeft the days of membership from today to there, today
	// included. A lifetime has no end and no number of days.
	Until      model.Day
	DaysLeft   int
	Lifetime   bool
	Benefits   []string // in words
	PercentOff model.BasisPoints
	Multiplier model.BasisPoints
	Fee        model.Fen // what this period cost
	// Saved is what this period's benefits really saved so far; ToBreakEven is what is missing to the fee.
	Saved, ToBreakEven model.Fen
}

// Current returns the card that a member has today.
func (s *Service) Current(ctx context.Context, m model.MemberID) (c Card, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		today := model.DayOf(tx.Now, model.Shanghai)
		live, err := livePeriods(tx, m, today)
		if err != nil || len(live) == 0 || !covers(live[0], today) {
			c = Card{}
			return err
		}
		c, err = card(tx, live, today)
		return err
	})
	return c, err
}

// card describes the first of a member's live periods, which holds today, and the end of all of them.
func card(tx *db.Tx, live []model.MembershipPeriod, today model.Day) (Card, error) {
	p := live[0]
	plan, err := planByID(tx, p.PlanID)
	if err != nil {
		return Card{}, err
	}
	benefits, err := couponsOfPlan(tx, p.PlanID)
	if err != nil {
		return Card{}, err
	}
	saved, err := savedIn(tx, p.ID)
	if err != nil {
		return Card{}, err
	}
	c := Card{
		Active: true, Plan: plan.Name, From: p.FromDay, To: p.ToDay, Until: live[len(live)-1].ToDay,
		Benefits: inWords(p.PointsMultiplierBP, p.PercentOffBP, benefits), PercentOff: p.PercentOffBP, Multiplier: p.PointsMultiplierBP,
		Fee: p.PriceFen, Saved: saved, ToBreakEven: max(0, p.PriceFen-saved),
	}
	if c.Lifetime = c.Until == model.Forever; c.Lifetime {
		return c, nil
	}
	// Periods may have gaps between them once one was revoked, so the days are counted and not subtracted.
	for _, q := range live {
		from := q.FromDay
		if from.Before(today) {
			from = today
		}
		c.DaysLeft += q.ToDay.Sub(from)
	}
	return c, nil
}

// Multiplier returns the rate by which a member's points are multiplied at an instant; without a card it is the whole.
func (s *Service) Multiplier(_ context.Context, tx *db.Tx, m model.MemberID, at time.Time) (model.BasisPoints, error) {
	p, found, err := periodOn(tx, m, model.DayOf(at, model.Shanghai))
	if err != nil || !found {
		return model.WholeBP, err
	}
	return p.PointsMultiplierBP, nil
}

// PercentOff returns the share that a member's card takes off goods at an instant; 0 without a card.
func (s *Service) PercentOff(_ context.Context, tx *db.Tx, m model.MemberID, at time.Time) (model.BasisPoints, error) {
	p, found, err := periodOn(tx, m, model.DayOf(at, model.Shanghai))
	if err != nil || !found {
		return 0, err
	}
	return p.PercentOffBP, nil
}

// HoldersTx returns which of the members have a card on the day of the transaction.
func (s *Service) HoldersTx(_ context.Context, tx *db.Tx, list []model.MemberID) (map[model.MemberID]bool, error) {
	return holdersOn(tx, list, model.DayOf(tx.Now, model.Shanghai))
}

// Saving is money that a member really did not have to pay because of the card.
type Saving struct {
	Member model.MemberID
	Source string    // natural key, "order:12:member-price"; counted once
	Kind   string    // member_price, coupon or freight
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
	return insertSaving(tx, &model.MembershipSaving{
		PeriodID: p.ID, Source: in.Source, Kind: in.Kind, AmountFen: in.Amount, HappenedAt: in.At.UTC().Truncate(time.Microsecond),
	})
}
