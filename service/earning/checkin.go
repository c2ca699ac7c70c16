package earning

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// CheckIn checks a member in for today. A second time on one business day gives the first result. It returns ErrActionOff.
func (s *Service) CheckIn(ctx context.Context, m model.MemberID) (r Reward, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err = s.reward(ctx, tx, Act{m, model.ActionCheckIn, model.DayOf(tx.Now, model.Shanghai).String()})
		return err
	})
	return r, err
}

// checkInPoints multiplies what a check-in gives by the member's paid card, rounded down.
func (s *Service) checkInPoints(ctx context.Context, tx *db.Tx, m model.MemberID, n model.Points) (model.Points, error) {
	if s.d.CheckIn == nil || n == 0 {
		return n, nil
	}
	rate, err := s.d.CheckIn(ctx, tx, m, tx.Now)
	if err != nil {
		return 0, fmt.Errorf("read the check-in rate of member %d: %w", m, err)
	}
	times, ok := model.MulFloor(int64(n), int64(rate), int64(model.WholeBP))
	if !ok {
		return n, nil
	}
	return model.Points(times), nil
}

// Calendar is a month of check-ins of one member.
type Calendar struct {
	From, To model.Day // [From, To): the month
	Days     []Reward
	// Streak is the days in a row up to today, or up to yesterday when today is still open; 0 when the chain is broken.
	Streak int64
	Today  bool // checked in today
	// Next is what the next check-in gives, today or tomorrow, if no day is left out.
	Next    model.Points
	Ladder  []int64
	Enabled bool
}

// Calendar returns a member's check-ins of the month that a day is in.
func (s *Service) Calendar(ctx context.Context, m model.MemberID, in model.Day) (c Calendar, err error) {
	c.From = in.AddDays(1 - in.DayOfMonth())
	c.To = c.From.AddMonths(1, 1)
	err = s.d.DB.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		rows, err := rewardsOf(tx, m, model.ActionCheckIn, c.From, c.To)
		if err != nil {
			return fmt.Errorf("read the check-ins of member %d: %w", m, err)
		}
		c.Days = make([]Reward, len(rows))
		for i, row := range rows {
			c.Days[i] = rewardOf(row, false)
		}
		terms, err := actionTerms(tx, model.ActionCheckIn)
		if err != nil {
			return fmt.Errorf("read what a check-in is worth: %w", err)
		}
		last, ok, err := lastReward(tx, m, model.ActionCheckIn)
		if err != nil {
			return fmt.Errorf("read the last check-in of member %d: %w", m, err)
		}
		today := model.DayOf(tx.Now, model.Shanghai)
		c.Today = ok && last.Day == today
		if c.Streak = 0; ok && (c.Today || last.Day.AddDays(1) == today) {
			c.Streak = last.Streak
		}
		c.Ladder, c.Enabled = terms.Ladder, terms.Enabled
		c.Next, err = s.checkInPoints(ctx, tx, m, rung(terms.Ladder, c.Streak+1))
		return err
	})
	return c, err
}
