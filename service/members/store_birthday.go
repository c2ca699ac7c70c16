package members

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// birthdayOf returns a member's birthday, nil when it is not known.
func birthdayOf(tx *db.Tx, m model.MemberID) (*model.MemberBirthday, error) {
	var rows []model.MemberBirthday
	if err := tx.Gorm().Where("member_id = ?", m).Limit(1).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("look up the birthday of member %d: %w", m, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return &rows[0], nil
}

func saveBirthday(tx *db.Tx, row model.MemberBirthday, monthDay string, year *string) error {
	res := tx.Gorm().Model(&model.MemberBirthday{}).Where("id = ? AND version = ?", row.ID, row.Version).
		Updates(map[string]any{"month_day": monthDay, "year_cipher": year, "version": row.Version + 1, "updated_at": tx.Now})
	if res.Error != nil {
		return fmt.Errorf("save the birthday of member %d: %w", row.MemberID, res.Error)
	}
	if res.RowsAffected != 1 {
		return db.ErrUnavailable.Because(fmt.Errorf("the birthday of member %d changed under its lock", row.MemberID))
	}
	return nil
}

func bornOn(tx *db.Tx, monthDays []string, after model.MemberID, limit int) (list []model.MemberID, err error) {
	err = tx.Gorm().Model(&model.MemberBirthday{}).Where("month_day IN ? AND member_id > ?", monthDays, after).
		Where("member_id NOT IN (SELECT id FROM members WHERE merged_into IS NOT NULL)").
		Order("member_id").Limit(limit).Pluck("member_id", &list).Error
	return list, err
}

// birthdaysOpen reads every birthday, a thousand at a time.
func (s *Service) birthdaysOpen(_ context.Context, tx *db.Tx) (violations []string, err error) {
	const most = 20
	today := model.DayOf(tx.Now, model.Shanghai)
	for last := int64(0); len(violations) < most; {
		var rows []model.MemberBirthday
		if err := tx.Gorm().Where("id > ?", last).Order("id").Limit(bulk).Find(&rows).Error; err != nil {
			return nil, fmt.Errorf("read birthdays: %w", err)
		}
		for _, r := range rows {
			last = r.ID
			if b, err := s.openBirthday(r); (err != nil || !b.Valid(today) || b.MonthDay() != r.MonthDay) && len(violations) < most {
				violations = append(violations, fmt.Sprintf("id=%d member_id=%d", r.ID, r.MemberID))
			}
		}
		if len(rows) < bulk {
			break
		}
	}
	return violations, nil
}
