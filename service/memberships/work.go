package memberships

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/jobs"
	"huitou/service/members"
)

const jobCycle = "memberships.cycle"

// Work puts what runs by the clock on the timetable: reminders and birthday gifts in the morning, since a notice at night wakes people.
func (s *Service) Work(q *jobs.Queue) {
	q.Every("memberships.birthdays", jobs.DailyAt(8, 30, model.Shanghai), s.GiveBirthdays)
	q.Every("memberships.remind", jobs.DailyAt(10, 0, model.Shanghai), s.Remind)
	q.Every("memberships.refunds", jobs.Interval(time.Hour), s.DropEnded)
}

type cycleArgs struct {
	Period model.MembershipID `json:"period"`
	Cycle  int                `json:"cycle"`
}

// grantCycle gives the benefits of one cycle of a period and schedules the next one.
func (s *Service) grantCycle(ctx context.Context, in cycleArgs) error {
	err := s.grantCycleOnce(ctx, in)
	if errors.Is(err, errAwaitsRefund) || errors.Is(err, errNotYet) || errors.Is(err, members.ErrMerged) {
		return jobs.Snooze(lookAgain)
	}
	return err
}

// errAwaitsRefund means that a benefit waits for the end of a refund; it is looked at again after lookAgain.
var errAwaitsRefund = errors.New("memberships: a refund is under way")

// errNotYet means that a merge of members has laid the period later than it was.
var errNotYet = errors.New("memberships: the cycle has not begun")

const lookAgain = 6 * time.Hour

func (s *Service) grantCycleOnce(ctx context.Context, in cycleArgs) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		p, err := periodByID(tx, in.Period)
		if err != nil {
			return err
		}
		if err := s.members.LockTx(ctx, tx, p.MemberID); err != nil {
			return err
		}
		if p, err = periodByID(tx, in.Period); err != nil { // it may have been revoked while we waited
			return err
		}
		if p.State != model.PeriodLive || !cycleStart(p, in.Cycle).Before(p.ToDay) {
			return nil
		}
		// A card that is being refunded gives nothing new until it is known how that ends.
		if runs, err := refundRuns(tx, p.ID); err != nil || runs {
			return cmp.Or(err, errAwaitsRefund)
		}
		if model.DayOf(tx.Now, model.Shanghai).Before(cycleStart(p, in.Cycle)) {
			return errNotYet
		}
		benefits, err := couponsOfPlan(tx, p.PlanID)
		if err != nil {
			return err
		}
		// One order for all, so that two members' cycles do not wait for each other's templates.
		slices.SortStableFunc(benefits, func(a, b model.MembershipPlanCoupon) int { return cmp.Compare(a.TemplateID, b.TemplateID) })
		today := model.DayOf(tx.Now, model.Shanghai)
		for _, b := range benefits {
			if err := s.grantBenefit(ctx, tx, p, b, in.Cycle, today); err != nil {
				return err
			}
		}
		if cycleStart(p, in.Cycle+1).Before(p.ToDay) {
			return s.scheduleCycle(ctx, tx, p, in.Cycle+1)
		}
		return nil
	})
}

// lapsed is the reason of a grant whose cycle was over before it could be made.
const lapsed = "lapsed"

// grantBenefit gives one benefit of one cycle and keeps what was given, so that a second run gives nothing.
func (s *Service) grantBenefit(ctx context.Context, tx *db.Tx, p model.MembershipPeriod, b model.MembershipPlanCoupon, cycle int, today model.Day) error {
	done, err := granted(tx, p.ID, b.Ordinal, cycle)
	if err != nil || done {
		return err
	}
	row := model.MembershipGrant{PeriodID: p.ID, Benefit: b.Ordinal, Cycle: cycle, Quantity: b.Quantity, GrantedAt: tx.Now}
	if !today.Before(cycleStart(p, cycle+1)) || !today.Before(p.ToDay) {
		row.Reason = lapsed
		return insertGrant(tx, &row)
	}
	for row.Granted < b.Quantity {
		c, err := s.coupons.IssueTx(ctx, tx, coupons.Issue{
			Member: p.MemberID, Template: b.TemplateID,
			Source: fmt.Sprintf("period:%d:benefit:%d:cycle:%d:%d", p.ID, b.Ordinal, cycle, row.Granted+1),
		})
		if f := fault.Of(err); f != nil && f.Kind != fault.Unavailable {
			// The shop promised it and cannot give it: sold out, ended, no such template. People must look.
			row.Reason = f.Code
			tx.OnCommit(func() {
				s.log.ErrorContext(ctx, "membership benefit not given", "period", p.ID, "benefit", b.Ordinal, "cycle", cycle, "code", f.Code)
			})
			break
		}
		if err != nil {
			return fmt.Errorf("give the coupons of period %d: %w", p.ID, err)
		}
		if err := insertCardCoupon(tx, p.ID, c.ID); err != nil {
			return err
		}
		row.Granted++
	}
	return insertGrant(tx, &row)
}
