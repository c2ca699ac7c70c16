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

// FreeFreight tells whether a member's card bears the freight of an order at an instant: the cycle has an order without freight left, the days
// are neither given nor of grace, and no refund of the card is under way. It uses nothing up; the order does, when the shop tells of it.
func (s *Service) FreeFreight(_ context.Context, tx *db.Tx, m model.MemberID, at time.Time) (bool, error) {
	day := model.DayOf(at, model.Shanghai)
	p, found, err := periodOn(tx, m, day)
	if err != nil || !found {
		return false, err
	}
	_, left, err := freightLeft(tx, p, day)
	return left > 0, err
}

// freightLeft returns how many orders without freight the cycle of a day has used and has left.
func freightLeft(tx *db.Tx, p model.MembershipPeriod, day model.Day) (used, left int, err error) {
	plan, err := planByID(tx, p.PlanID)
	if err != nil || p.GiftSource != nil || plan.FreeFreight == 0 {
		return 0, 0, err
	}
	if runs, err := refundRuns(tx, p.ID); err != nil || runs {
		return 0, 0, err
	}
	used, err = usesIn(tx, p.ID, model.BenefitFreight, cycleOn(p, day))
	return used, max(0, plan.FreeFreight-used), err
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
