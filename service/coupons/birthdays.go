package coupons

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

const (
	// maxDaysBefore bounds how long before a birthday its coupon may come.
	maxDaysBefore = 30
	// birthdayLate is for how many days a birthday that was missed, because the program stood still or the template was paused, still
	// brings its coupon.
	birthdayLate = 7
)

// Birthdays knows when members have theirs, as members.Service does.
type Birthdays interface {
	BirthdaysOnTx(ctx context.Context, tx *db.Tx, day model.Day, after model.MemberID, limit int) ([]model.MemberID, error)
	BirthdayTx(ctx context.Context, tx *db.Tx, m model.MemberID) (b model.BirthDate, known bool, err error)
}

// GiveOnBirthdays gives what the rules promise for the birthdays that have come into reach. It runs every hour, so right after midnight and
// soon after a rule was made: each rule keeps a checkpoint for every day, and days that were missed are caught up for a week.
func (s *Service) GiveOnBirthdays(ctx context.Context) error {
	open, err := s.birthdayRules(ctx)
	if err != nil {
		return err
	}
	today := model.DayOf(s.db.Now(), model.Shanghai)
	var errs []error
	for _, r := range open {
		for day := firstBirthday(r, today); !today.AddDays(int(r.DaysBefore)).Before(day); day = day.AddDays(1) {
			if err := s.giveOnBirthday(ctx, r, day); err != nil {
				errs = append(errs, err)
				break // the rule's next days would most likely meet the same
			}
		}
	}
	return errors.Join(errs...)
}

// firstBirthday is the earliest day that a rule still looks at: it does not look back beyond its own beginning.
func firstBirthday(r model.CouponRule, today model.Day) model.Day {
	made := model.DayOf(r.CreatedAt, model.Shanghai)
	if late := today.AddDays(-birthdayLate); made.Before(late) {
		return late
	}
	return made
}

// giveOnBirthday goes through those whose birthday a day is.
func (s *Service) giveOnBirthday(ctx context.Context, r model.CouponRule, day model.Day) error {
	for {
		more, err := s.birthdayBatch(ctx, r, day)
		if errors.Is(err, errPausedRun) {
			return nil // the checkpoint stays, and the next hour looks again
		}
		if errors.Is(err, ErrChanged) {
			continue // staff edited the template at that moment
		}
		if err != nil {
			return fmt.Errorf("give what rule %d promises for birthdays on %s: %w", r.ID, day, err)
		}
		if !more {
			return nil
		}
	}
}

// birthdayBatch gives the next members their coupons, in one transaction with the checkpoint, as a batch of a bulk issue does.
func (s *Service) birthdayBatch(ctx context.Context, r model.CouponRule, day model.Day) (more bool, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		more = false
		at, err := lockBirthdayDay(tx, r.ID, day)
		if err != nil {
			return fmt.Errorf("lock the checkpoint: %w", err)
		}
		if at.DoneAt != nil {
			return nil
		}
		templates, err := templatesByID(tx, []model.CouponTemplateID{r.TemplateID})
		if err != nil {
			return fmt.Errorf("read the template: %w", err)
		}
		t := templates[r.TemplateID]
		if t.State == model.TemplatePaused {
			return errPausedRun
		}
		list, err := s.birthdays.BirthdaysOnTx(ctx, tx, day, at.Cursor, runBatch)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			at.Cursor = list[len(list)-1]
			given, err := s.giveForBirthday(ctx, tx, r, t, day, list)
			if err != nil {
				return err
			}
			at.Given, at.Refused = at.Given+given, at.Refused+int64(len(list))-given
		}
		if more = len(list) == runBatch; !more {
			at.DoneAt = &tx.Now
			if at.Given+at.Refused > 0 {
				tx.OnCommit(func() {
					s.log.InfoContext(ctx, "birthday coupons given", "rule", r.PublicID, "day", day, "given", at.Given, "refused", at.Refused)
				})
			}
		}
		if err := keepBirthdayDay(tx, at); err != nil {
			return fmt.Errorf("keep the checkpoint: %w", err)
		}
		return nil
	})
	return more, err
}

// giveForBirthday returns how many of the members have their coupon now, also those who had it before.
func (s *Service) giveForBirthday(ctx context.Context, tx *db.Tx, r model.CouponRule, t model.CouponTemplate, day model.Day, list []model.MemberID) (given int64, err error) {
	gs := make([]grant, len(list))
	for i, m := range list {
		gs[i] = grant{member: m, source: ruleSource(r, birthdayRef(m, day)), channel: model.ChannelEvent, reused: ErrSourceReused}
	}
	outs, err := s.grantTx(ctx, tx, t, issueRefusal(t, tx.Now), gs)
	if err != nil {
		return 0, err
	}
	for _, out := range outs {
		switch f := fault.Of(out.Err); {
		case out.Err == nil:
			given++
		case f == nil || f.Kind == fault.Unavailable || errors.Is(out.Err, ErrChanged):
			return 0, out.Err
		}
	}
	return given, nil
}

// birthdayRef names one birthday of a member: he has one a year, also when its date is corrected.
func birthdayRef(m model.MemberID, day model.Day) string {
	return fmt.Sprintf("birthday:%d:%d", m, day.Year())
}

// OnBirthdayTold looks whether a birthday that was just told or corrected is in reach of a rule whose night has passed: who
// tells it on the day still gets his coupon, once a year.
func (s *Service) OnBirthdayTold(ctx context.Context, m model.MemberID) error {
	open, err := s.birthdayRules(ctx)
	if err != nil || len(open) == 0 {
		return err
	}
	var born model.BirthDate
	var known bool
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		born, known, err = s.birthdays.BirthdayTx(ctx, tx, m)
		return err
	})
	if err != nil || !known {
		return err
	}
	today := model.DayOf(s.db.Now(), model.Shanghai)
	for _, r := range open {
		for year := today.Year(); year <= today.Year()+1; year++ {
			day := born.In(year)
			if day.Before(today) || today.AddDays(int(r.DaysBefore)).Before(day) {
				continue
			}
			if err := s.answer(ctx, r, Event{Kind: model.CouponOnBirthday, Member: m, Ref: birthdayRef(m, day)}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) birthdayRules(ctx context.Context) (open []model.CouponRule, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		open, err = openRules(tx, model.CouponOnBirthday)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the rules for birthdays: %w", err)
	}
	return open, nil
}
