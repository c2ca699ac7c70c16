package memberships

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/coupons"
)

// birthdaysBack is for how many days a gift is caught up whose day no run saw.
const birthdaysBack = 7

// GiveBirthdays gives the gifts of today's birthdays and of those of the past week that nobody gave. It is for the timetable, once a day. A
// member gets one gift a year, from the card that he had on the day; sources keep a second run from giving twice.
func (s *Service) GiveBirthdays(ctx context.Context) error {
	plans := 0
	err := s.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		plans, err = birthdayPlans(tx)
		return err
	})
	if err != nil || plans == 0 {
		return err
	}
	today := model.DayOf(s.db.Now(), model.Shanghai)
	for back := range birthdaysBack {
		day := today.AddDays(-back)
		var after model.MemberID
		for {
			list, err := s.people.BirthdaysOn(ctx, day, after, remindBatch)
			if err != nil {
				return fmt.Errorf("look for birthdays on %s: %w", day, err)
			}
			if len(list) == 0 {
				break
			}
			for _, m := range list {
				if err := s.giveBirthday(ctx, m, day); err != nil {
					return err
				}
			}
			after = list[len(list)-1]
		}
	}
	return nil
}

// giveBirthday gives one member the gift of his birthday, if his card of that day has one.
func (s *Service) giveBirthday(ctx context.Context, m model.MemberID, day model.Day) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, found, err := periodOn(tx, m, day)
		if err != nil || !found || p.GiftSource != nil {
			return err
		}
		plan, err := planByID(tx, p.PlanID)
		if err != nil || plan.BirthdayPoints == 0 && plan.BirthdayTemplate == "" {
			return err
		}
		if err := s.members.LockTx(ctx, tx, m); err != nil {
			return err
		}
		if runs, err := refundRuns(tx, p.ID); err != nil || runs {
			return err
		}
		year := day.Start(time.UTC).Year()
		source := fmt.Sprintf("membership-birthday:%d:%d", m, year)
		if given, err := useKnown(tx, source); err != nil || given {
			return err
		}
		return s.birthdayGift(ctx, tx, p, plan, model.MembershipUse{
			PeriodID: p.ID, MemberID: m, Benefit: model.BenefitBirthday, Cycle: year, Ordinal: 1, Source: source, Points: plan.BirthdayPoints, At: tx.Now,
		})
	})
}

func (s *Service) birthdayGift(ctx context.Context, tx *db.Tx, p model.MembershipPeriod, plan model.MembershipPlan, use model.MembershipUse) error {
	if plan.BirthdayTemplate != "" {
		c, err := s.coupons.IssueTx(ctx, tx, coupons.Issue{Member: p.MemberID, Template: plan.BirthdayTemplate, Source: use.Source})
		switch f := fault.Of(err); {
		case err == nil:
			use.Coupon = c.ID
			if err := insertCardCoupon(tx, p.ID, c.ID); err != nil {
				return err
			}
		case f != nil && f.Kind != fault.Unavailable:
			// The shop promised it and cannot give it. People must look; the points come all the same.
			use.Reason = f.Code
			tx.OnCommit(func() {
				s.log.ErrorContext(ctx, "birthday coupon not given", "period", p.ID, "code", f.Code)
			})
		default:
			return fmt.Errorf("give the birthday coupon of period %d: %w", p.ID, err)
		}
	}
	if use.Points > 0 {
		return s.givePoints(ctx, tx, p, use)
	}
	if _, err := tx.Insert(&use); err != nil {
		return fmt.Errorf("keep the birthday gift of period %d: %w", p.ID, err)
	}
	return nil
}
