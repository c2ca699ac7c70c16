package members

import (
	"context"
	"fmt"
	"strconv"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
)

// SetBirthday tells us when the member was born. A birthday brings gifts, so a member tells it once: the same date again is
// no change, another one is refused with ErrBirthdaySet, and staff correct slips. It also returns fault.ErrInvalid for a day that does
// not exist or is to come, and ErrUnknown.
func (s *Service) SetBirthday(ctx context.Context, m model.MemberID, b model.BirthDate) error {
	err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := checkBirthDate(tx, b); err != nil {
			return err
		}
		if _, err := lockMember(tx, m); err != nil {
			return err
		}
		had, err := birthdayOf(tx, m)
		if err != nil {
			return err
		}
		if had == nil {
			return s.addBirthday(ctx, tx, m, b)
		}
		known, err := s.openBirthday(*had)
		if err == nil && known != b {
			err = ErrBirthdaySet
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("set the birthday of member %d: %w", m, err)
	}
	return nil
}

// CorrectBirthday is a correction by staff, who say why. The trail holds the reason and no date.
type CorrectBirthday struct {
	Staff     model.StaffID
	Member    model.MemberID
	BirthDate model.BirthDate
	Reason    string // 1 to 200 characters
}

// CorrectBirthday sets or changes a member's birthday. It returns fault.ErrInvalid or ErrUnknown. The same date again is no change.
func (s *Service) CorrectBirthday(ctx context.Context, in CorrectBirthday) error {
	if n := utf8.RuneCountInString(in.Reason); n < 1 || n > 200 {
		return fault.InvalidFields([]fault.Field{{Name: "reason", Reason: "1 to 200 characters"}})
	}
	err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := checkBirthDate(tx, in.BirthDate); err != nil {
			return err
		}
		if _, err := lockMember(tx, in.Member); err != nil {
			return err
		}
		had, err := birthdayOf(tx, in.Member)
		if err != nil {
			return err
		}
		if had == nil {
			err = s.addBirthday(ctx, tx, in.Member, in.BirthDate)
		} else {
			var known model.BirthDate
			if known, err = s.openBirthday(*had); err == nil && known == in.BirthDate {
				return nil
			}
			// A date that does not open any more is just what a correction mends.
			err = s.changeBirthday(ctx, tx, *had, in.BirthDate)
		}
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "members.birthday", Ref: fmt.Sprintf("member:%d", in.Member),
			Detail: map[string]any{"known_before": had != nil, "reason": in.Reason}})
	})
	if err != nil {
		return fmt.Errorf("correct the birthday of member %d: %w", in.Member, err)
	}
	return nil
}

// BirthdayTx returns when a member was born; known is false when he has not told it.
func (s *Service) BirthdayTx(_ context.Context, tx *db.Tx, m model.MemberID) (b model.BirthDate, known bool, err error) {
	row, err := birthdayOf(tx, m)
	if err != nil || row == nil {
		return b, false, err
	}
	b, err = s.openBirthday(*row)
	return b, err == nil, err
}

// BirthdaysOn is BirthdaysOnTx in a transaction of its own.
func (s *Service) BirthdaysOn(ctx context.Context, day model.Day, after model.MemberID, limit int) (list []model.MemberID, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		list, err = s.BirthdaysOnTx(ctx, tx, day, after, limit)
		return err
	})
	return list, err
}

// BirthdaysOnTx returns at most limit members who have their birthday on a day, in the order of their ids from the one after after.
// Those born on 29 February come on the 28th in common years. A limit of 0 stands for 1,000.
func (s *Service) BirthdaysOnTx(_ context.Context, tx *db.Tx, day model.Day, after model.MemberID, limit int) ([]model.MemberID, error) {
	if limit <= 0 {
		limit = bulk
	}
	list, err := bornOn(tx, model.BirthdaysOn(day), after, limit)
	if err != nil {
		return nil, fmt.Errorf("look for birthdays on %s: %w", day, err)
	}
	return list, nil
}

func checkBirthDate(tx *db.Tx, b model.BirthDate) error {
	if !b.Valid(model.DayOf(tx.Now, model.Shanghai)) {
		return fault.InvalidFields([]fault.Field{{Name: "birthday", Reason: "a day that exists and is not to come"}})
	}
	return nil
}

func (s *Service) addBirthday(ctx context.Context, tx *db.Tx, m model.MemberID, b model.BirthDate) error {
	row := model.MemberBirthday{PublicID: model.PublicID(random.ID()), MemberID: m, MonthDay: b.MonthDay(), Version: 1, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	row.YearCipher = s.sealYear(row.PublicID, b.Year)
	fresh, err := tx.Insert(&row)
	if err != nil {
		return fmt.Errorf("keep a birthday: %w", err)
	}
	if !fresh {
		return db.ErrUnavailable.Because(fmt.Errorf("member %d got a birthday under our lock", m))
	}
	return s.facts.Record(ctx, tx, BirthdaySet{Member: m, Version: row.Version})
}

func (s *Service) changeBirthday(ctx context.Context, tx *db.Tx, row model.MemberBirthday, b model.BirthDate) error {
	if err := saveBirthday(tx, row, b.MonthDay(), s.sealYear(row.PublicID, b.Year)); err != nil {
		return err
	}
	return s.facts.Record(ctx, tx, BirthdaySet{Member: row.MemberID, Version: row.Version + 1})
}

func (s *Service) sealYear(row model.PublicID, year int) *string {
	if year == 0 {
		return nil
	}
	sealed := s.births.Seal(string(row), strconv.Itoa(year))
	return &sealed
}

func (s *Service) openBirthday(row model.MemberBirthday) (b model.BirthDate, err error) {
	if _, err := fmt.Sscanf(row.MonthDay, "%02d-%02d", &b.Month, &b.Day); err != nil {
		return b, fmt.Errorf("read the birthday %d: %w", row.ID, err)
	}
	if row.YearCipher != nil {
		year, err := s.births.Open(string(row.PublicID), *row.YearCipher)
		if err != nil {
			return b, fmt.Errorf("read the year of birthday %d: %w", row.ID, err)
		}
		if b.Year, err = strconv.Atoi(year); err != nil {
			return b, fmt.Errorf("read the year of birthday %d: %w", row.ID, err)
		}
	}
	return b, nil
}
