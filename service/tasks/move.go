package tasks

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// Take gives a task to whoever asks first. Taking one's own again has no effect. It returns ErrUnknown, ErrTaken or ErrClosed.
func (s *Service) Take(ctx context.Context, by model.StaffID, id model.TaskID) (t Task, err error) {
	err = s.move(ctx, id, func(ctx context.Context, tx *db.Tx, row *model.Task) error {
		if row.StaffID == by && row.State == model.TaskTaken {
			return nil
		}
		if row.StaffID != 0 && row.StaffID != by {
			return ErrTaken
		}
		now := tx.Now
		row.State, row.StaffID, row.TakenAt = model.TaskTaken, by, &now
		return trail(ctx, tx, by, "tasks.take", *row, nil)
	}, &t)
	return t, err
}

// Assign says who does a task. Staff is a sign-in name, empty for nobody in particular; Store may be empty too.
type Assign struct {
	By    model.StaffID
	Task  model.TaskID
	Staff string
	Store string
	Due   model.Day // the zero day leaves it
}

// Assign gives a task to somebody, or to a store. It returns ErrUnknown, ErrClosed, staff.ErrUnknown or fault.ErrInvalid.
func (s *Service) Assign(ctx context.Context, in Assign) (t Task, err error) {
	if !line(in.Store, 0, 64) {
		return t, fault.InvalidFields([]fault.Field{{Name: "store", Reason: "at most 64 printable characters"}})
	}
	var who model.StaffID
	if in.Staff != "" {
		actor, err := s.Staff.Named(ctx, in.Staff)
		if err != nil {
			return t, err
		}
		who = actor.ID
	}
	err = s.move(ctx, in.Task, func(ctx context.Context, tx *db.Tx, row *model.Task) error {
		if today := model.DayOf(tx.Now, model.Shanghai); !in.Due.IsZero() && (in.Due.Before(today) || in.Due.Sub(today) > 90) {
			return fault.InvalidFields([]fault.Field{{Name: "due_day", Reason: "today up to 90 days ahead"}})
		}
		row.State, row.StaffID, row.Store, row.TakenAt = model.TaskOpen, who, in.Store, nil
		if who != 0 {
			now := tx.Now
			row.State, row.TakenAt = model.TaskTaken, &now
		}
		if !in.Due.IsZero() {
			row.DueDay = in.Due
		}
		return trail(ctx, tx, in.By, "tasks.assign", *row, map[string]any{"to": who, "store": in.Store, "due": row.DueDay})
	}, &t)
	return t, err
}

// Close says what came of a task.
type Close struct {
	Staff  model.StaffID
	Task   model.TaskID
	Result model.TaskResult
	Note   string // at most 500 characters
}

// Close ends a task, taken or not. Closing it again with the same result has no effect. It returns ErrUnknown, ErrTaken when somebody
// else does it, ErrClosed when it has another result, or fault.ErrInvalid.
func (s *Service) Close(ctx context.Context, in Close) (t Task, err error) {
	var bad []fault.Field
	if !slices.Contains(model.TaskResults, in.Result) {
		bad = append(bad, fault.Field{Name: "result", Reason: "reached, solved, no_answer, refused, wrong or not_done"})
	}
	if utf8.RuneCountInString(in.Note) > 500 || !utf8.ValidString(in.Note) {
		bad = append(bad, fault.Field{Name: "note", Reason: "at most 500 characters"})
	}
	if err := fault.InvalidFields(bad); err != nil {
		return t, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := lockTask(tx, in.Task)
		if err != nil {
			return err
		}
		if row.State == model.TaskClosed && row.Result == in.Result && row.ClosedBy == in.Staff {
			t = view(row)
			return nil
		}
		if row.State == model.TaskClosed {
			return ErrClosed
		}
		if row.StaffID != 0 && row.StaffID != in.Staff {
			return ErrTaken
		}
		now := tx.Now
		row.State, row.Result, row.Note, row.ClosedBy, row.ClosedAt = model.TaskClosed, in.Result, in.Note, in.Staff, &now
		if row.StaffID == 0 {
			row.StaffID, row.TakenAt = in.Staff, &now
		}
		if err := saveTask(tx, row); err != nil {
			return fmt.Errorf("close task %d: %w", row.ID, err)
		}
		t = view(row)
		err = s.Facts.Record(ctx, tx, Closed{Task: row.ID, Kind: row.Kind, Source: row.Source, Member: row.MemberID, Result: in.Result, Staff: in.Staff, At: now})
		if err != nil {
			return err
		}
		return trail(ctx, tx, in.Staff, "tasks.close", row, map[string]any{"result": in.Result})
	})
	return t, err
}

// move changes a task that is not closed, under its lock.
func (s *Service) move(ctx context.Context, id model.TaskID, change func(context.Context, *db.Tx, *model.Task) error, out *Task) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := lockTask(tx, id)
		if err != nil {
			return err
		}
		if row.State == model.TaskClosed {
			return ErrClosed
		}
		if err := change(ctx, tx, &row); err != nil {
			return err
		}
		if err := saveTask(tx, row); err != nil {
			return fmt.Errorf("change task %d: %w", row.ID, err)
		}
		*out = view(row)
		return nil
	})
}
