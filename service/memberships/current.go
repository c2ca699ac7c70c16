package memberships

import (
	"context"

	"huitou/model"
	"huitou/model/db"
)

// Card is a member's membership of today. Its zero value is "no card".
type Card struct {
	Active   bool
	Plan     string
	PlanID   model.PublicID
	From, To model.Day // of the period that holds today; To is exclusive
	// Until is the exclusive end of the last period that follows, DaysLeft the days of membership from today to there, today
	// included. A lifetime has no end and no number of days.
	Until      model.Day
	DaysLeft   int
	Lifetime   bool
	Benefits   []string // in words
	Services   []model.PlanService
	PercentOff model.BasisPoints
	Multiplier model.BasisPoints
	CheckIn    model.BasisPoints
	Fee        model.Fen // what this period cost
	// Saved is what this period's benefits really saved so far, ByKind its parts; ToBreakEven is what is missing to the fee.
	Saved, ToBreakEven model.Fen
	ByKind             map[string]model.Fen
	// FreeFreight is how many orders without freight this cycle gives, FreightUsed how many of them are gone; CycleEnds is the exclusive end
	// of the cycle.
	FreeFreight, FreightUsed int
	CycleEnds                model.Day
	Coupons                  CardCoupons
	// Refunding says that a refund is under way: until it is settled the card holds, but gives nothing new.
	Refunding bool
	// Grace is set after the end, while only the member price holds on, up to and without GraceUntil. Active is false then.
	Grace      bool
	GraceUntil model.Day
}

// CardCoupons counts the coupons that a period has given.
type CardCoupons struct{ Given, Used int }

// Current returns the card that a member has today.
func (s *Service) Current(ctx context.Context, m model.MemberID) (c Card, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		today := model.DayOf(tx.Now, model.Shanghai)
		live, err := livePeriods(tx, m, today)
		if err != nil {
			return err
		}
		if len(live) == 0 || !covers(live[0], today) {
			c, err = graceCard(tx, m, today)
			return err
		}
		c, err = card(tx, live, today)
		return err
	})
	return c, err
}

// graceCard describes what is left of a card that has ended.
func graceCard(tx *db.Tx, m model.MemberID, today model.Day) (Card, error) {
	p, grace, found, err := pricedOn(tx, m, today)
	if err != nil || !found || !grace {
		return Card{}, err
	}
	plan, err := planByID(tx, p.PlanID)
	if err != nil {
		return Card{}, err
	}
	return Card{Grace: true, GraceUntil: p.ToDay.AddDays(plan.GraceDays), Plan: plan.Name, PlanID: plan.PublicID, From: p.FromDay, To: p.ToDay,
		Until: p.ToDay, PercentOff: p.PercentOffBP, Multiplier: model.WholeBP, CheckIn: model.WholeBP}, nil
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
	saved, byKind, err := savedByKind(tx, p.ID)
	if err != nil {
		return Card{}, err
	}
	extras := extrasOf(plan.PlanExtras)
	c := Card{
		Active: true, Plan: plan.Name, PlanID: plan.PublicID, From: p.FromDay, To: p.ToDay, Until: live[len(live)-1].ToDay,
		Benefits: benefitsInWords(plan, benefits), Services: extras.Services, PercentOff: p.PercentOffBP, Multiplier: p.PointsMultiplierBP,
		CheckIn: extras.CheckInMultiplier, Fee: p.PriceFen, Saved: saved, ToBreakEven: max(0, p.PriceFen-saved), ByKind: byKind,
	}
	if p.GiftSource == nil { // given days have neither coupons nor extras
		c.FreeFreight = extras.FreeFreight
		n := cycleOn(p, today)
		c.CycleEnds = cycleStart(p, n+1)
		if p.ToDay.Before(c.CycleEnds) {
			c.CycleEnds = p.ToDay
		}
		if c.FreightUsed, err = usesIn(tx, p.ID, model.BenefitFreight, n); err != nil {
			return Card{}, err
		}
	}
	if c.Coupons, err = couponsGiven(tx, p.ID); err != nil {
		return Card{}, err
	}
	if c.Refunding, err = refundRuns(tx, p.ID); err != nil {
		return Card{}, err
	}
	if c.Lifetime = c.Until == model.Forever; c.Lifetime {
		return c, nil
	}
	// Periods may have gaps between them, so the days are counted and not subtracted.
	for _, q := range live {
		from := q.FromDay
		if from.Before(today) {
			from = today
		}
		c.DaysLeft += q.ToDay.Sub(from)
	}
	return c, nil
}
