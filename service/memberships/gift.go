package memberships

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// GiftDays is days of membership that cost nothing. They have the points multiplier and the member price of a plan but not its
// coupons, which belong to a month that was paid for.
type GiftDays struct {
	Member model.MemberID
	Plan   model.PublicID // on sale or not
	Days   int64          // 1 .. MaxGiftDays
	Source string         // natural key, "redemption:8f3…"; unique for ever, 1 .. 128 characters of ASCII
}

// MaxGiftDays is the longest gift.
const MaxGiftDays = 366

// Given is a period that was given.
type Given struct {
	Period   model.MembershipID
	From, To model.Day // To is exclusive
}

// GrantDaysTx lays given days after the member's last period, or from today, so that nothing overlaps. A known Source returns
// its period with fresh false. It returns ErrPlanUnknown, ErrLifetime and ErrTooFar, and has changed nothing then.
func (s *Service) GrantDaysTx(ctx context.Context, tx *db.Tx, in GiftDays) (g Given, fresh bool, err error) {
	if in.Days < 1 || in.Days > MaxGiftDays || in.Source == "" || len(in.Source) > 128 {
		return g, false, fault.InvalidFields([]fault.Field{{Name: "days", Reason: "must be 1 to 366 days from a source"}})
	}
	if err := s.members.LockTx(ctx, tx, in.Member); err != nil {
		return g, false, err
	}
	if p, known, err := giftPeriod(tx, in.Source); err != nil || known {
		if known && (p.MemberID != in.Member || p.GiftDays != in.Days) {
			return g, false, fmt.Errorf("memberships: the source %s gave other days before", in.Source)
		}
		return Given{p.ID, p.FromDay, p.ToDay}, false, err
	}
	plan, err := planByPublicID(tx, in.Plan)
	if err != nil {
		return g, false, err
	}
	last, err := lastPeriod(tx, in.Member)
	if err != nil {
		return g, false, err
	}
	today := model.DayOf(tx.Now, model.Shanghai)
	if err := stackable(today, last); err != nil {
		return g, false, err
	}
	p := giftOf(in, plan, today, last)
	p.CreatedAt = tx.Now
	if err := insertPeriod(tx, &p); err != nil {
		return g, false, err
	}
	return Given{p.ID, p.FromDay, p.ToDay}, true, nil
}

// giftOf lays given days after the last period.
func giftOf(in GiftDays, plan model.MembershipPlan, today model.Day, last *model.MembershipPeriod) model.MembershipPeriod {
	from, anchor := next(today, last)
	return model.MembershipPeriod{
		MemberID: in.Member, PlanID: plan.ID, FromDay: from, ToDay: end(from, model.PlanDays, int(in.Days), anchor), Unit: model.PlanDays,
		Anchor: anchor, PointsMultiplierBP: plan.PointsMultiplierBP, PercentOffBP: plan.PercentOffBP, State: model.PeriodLive,
		GiftSource: &in.Source, GiftDays: in.Days,
	}
}
