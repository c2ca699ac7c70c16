package memberships

import (
	"context"
	"fmt"
	"strconv"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/messages"
)

// Reminders: 30, 7 and 1 days before the last period ends and 3 days after (rules.md b5). Each has its key, so that no run tells anything twice.

// step is a reminder: so many days before the end, or, negative, after it.
type step int

const (
	stepMonth step = 30
	stepWeek  step = 7
	stepDay   step = 1
	stepAfter step = -3

	// afterFor is how many days late the reminder after the end may still come.
	afterFor = 7
	// remindBatch is how many periods one transaction of the reminders looks at.
	remindBatch = 200
)

// stepOn returns the reminder that is due on a day for a period that nothing follows; ok is false when there is none. A run that was late sends
// the nearest one only: on the fifth day before the end that of seven days, and that of thirty never again. A reminder of so many days
// is for periods of at least twice as many: nobody wants to hear on the day after a purchase that the card is about to end.
func stepOn(p model.MembershipPeriod, today model.Day) (s step, ok bool) {
	left := p.ToDay.Sub(today) // the last day has 1
	length := p.ToDay.Sub(p.FromDay)
	switch {
	case left <= int(stepAfter):
		return stepAfter, left > int(stepAfter)-afterFor
	case left <= 0:
		return 0, false
	case left <= int(stepDay):
		s = stepDay
	case left <= int(stepWeek):
		s = stepWeek
	case left <= int(stepMonth):
		s = stepMonth
	default:
		return 0, false
	}
	return s, 2*int(s) <= length
}

// Remind sends the reminders that are due today. It is for the timetable, once a day in the morning, and goes on where it stopped, because what
// was sent is known by its key.
func (s *Service) Remind(ctx context.Context) error {
	var after model.MembershipID
	for {
		last, more := after, false
		err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			today := model.DayOf(tx.Now, model.Shanghai)
			rows, err := endingPeriods(tx, today.AddDays(int(stepAfter)-afterFor+1), today.AddDays(int(stepMonth)), after, remindBatch)
			if err != nil {
				return err
			}
			for _, p := range rows {
				last = p.ID
				if err := s.remind(ctx, tx, p, today); err != nil {
					return err
				}
			}
			more = len(rows) == remindBatch
			return nil
		})
		if err != nil || !more {
			return err
		}
		after = last
	}
}

// remind tells one member that his card ends, or has ended. endingPeriods leaves out what was renewed or cut by a refund.
func (s *Service) remind(ctx context.Context, tx *db.Tx, p model.MembershipPeriod, today model.Day) error {
	due, ok := stepOn(p, today)
	if !ok {
		return nil
	}
	plan, err := planByID(tx, p.PlanID)
	if err != nil {
		return err
	}
	saved, _, err := savedByKind(tx, p.ID)
	if err != nil {
		return err
	}
	template, hint := TemplateEnding, "续费后有效期顺延,不损失天数"
	if due == stepAfter {
		template, hint = TemplateEnded, "会员卡已到期,欢迎续费"
		if inGrace(p, plan, today) {
			hint = fmt.Sprintf("会员价保留至 %s,欢迎续费", p.ToDay.AddDays(plan.GraceDays-1))
		}
	}
	_, err = s.messages.EnqueueTx(ctx, tx, messages.Message{
		Key: fmt.Sprintf("membership-end:%d:%d", p.ID, due), Member: p.MemberID, Template: template, URL: s.page,
		Data: map[string]string{"plan": plan.Name, "until": untilInWords(p.ToDay), "days": strconv.Itoa(max(0, p.ToDay.Sub(today))),
			"saved": saved.String() + "元", "hint": hint},
	})
	if err != nil {
		return fmt.Errorf("remind member %d of his card: %w", p.MemberID, err)
	}
	return nil
}
