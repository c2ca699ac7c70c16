package tasks

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// Phone tells a member's phone number to the one who has taken the task about him, to call. Every telling stands in the staff trail. It returns
// ErrUnknown, ErrClosed, ErrNotTaken or ErrNoPhone.
func (s *Service) Phone(ctx context.Context, by model.StaffID, id model.TaskID) (phone string, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := lockTask(tx, id)
		switch {
		case err != nil:
			return err
		case row.State == model.TaskClosed:
			return ErrClosed
		case row.StaffID != by:
			return ErrNotTaken
		}
		at, err := s.Members.AddressesTx(ctx, tx, []model.MemberID{row.MemberID}, true)
		if err != nil {
			return fmt.Errorf("read the phone of member %d: %w", row.MemberID, err)
		}
		if phone = at[row.MemberID].Phone; phone == "" {
			return ErrNoPhone
		}
		return trail(ctx, tx, by, "tasks.phone", row, nil)
	})
	return phone, err
}
