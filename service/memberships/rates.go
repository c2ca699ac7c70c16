package memberships

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Multiplier returns the rate by which a member's points are multiplied at an instant; without a card it is the whole.
func (s *Service) Multiplier(_ context.Context, tx *db.Tx, m model.MemberID, at time.Time) (model.BasisPoints, error) {
	p, found, err := periodOn(tx, m, model.DayOf(at, model.Shanghai))
	if err != nil || !found {
		return model.WholeBP, err
	}
	return p.PointsMultiplierBP, nil
}

// CheckInMultiplier returns the rate by which the points of a member's check-in are multiplied at an instant; without a card it is the whole.
func (s *Service) CheckInMultiplier(_ context.Context, tx *db.Tx, m model.MemberID, at time.Time) (model.BasisPoints, error) {
	p, found, err := periodOn(tx, m, model.DayOf(at, model.Shanghai))
	if err != nil || !found {
		return model.WholeBP, err
	}
	plan, err := planByID(tx, p.PlanID)
	return plan.CheckInMultiplierBP, err
}

// PercentOff returns the share that a member's card takes off goods at an instant, in its days of grace too; 0 without a card.
func (s *Service) PercentOff(_ context.Context, tx *db.Tx, m model.MemberID, at time.Time) (model.BasisPoints, error) {
	p, _, found, err := pricedOn(tx, m, model.DayOf(at, model.Shanghai))
	if err != nil || !found {
		return 0, err
	}
	return p.PercentOffBP, nil
}

// pricedOn returns the period whose member price holds on a day: the one of that day, or one that ended a few days ago and has grace. A
// period that a refund cut has none.
func pricedOn(tx *db.Tx, m model.MemberID, d model.Day) (p model.MembershipPeriod, grace, found bool, err error) {
	p, found, err = periodOn(tx, m, d)
	if err != nil || found {
		return p, false, found, err
	}
	p, found, err = endedBefore(tx, m, d)
	if err != nil || !found {
		return p, false, false, err
	}
	plan, err := planByID(tx, p.PlanID)
	if err != nil || !inGrace(p, plan, d) {
		return p, false, false, err
	}
	cut, err := wasCut(tx, p.ID)
	return p, true, err == nil && !cut, err
}

// HoldersTx returns which of the members have a card on the day of the transaction.
func (s *Service) HoldersTx(_ context.Context, tx *db.Tx, list []model.MemberID) (map[model.MemberID]bool, error) {
	return holdersOn(tx, list, model.DayOf(tx.Now, model.Shanghai))
}
