package surveys

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// Survey is a survey as staff see it.
type Survey struct {
	ID                   model.SurveyID
	Name, Intro          string
	State                model.SurveyState
	Questions            []Question
	CreatedAt, UpdatedAt time.Time
	Replayed             bool `json:"-"`
}

// NewSurvey is a survey to make, or what a draft becomes.
type NewSurvey struct {
	Staff       model.StaffID
	Name, Intro string // 1 to 64 and at most 500 characters
	Questions   []Question
	Key         db.Key `json:"-"`
}

func (in NewSurvey) check() error {
	faults := questionFaults(in.Questions)
	if !line(in.Name, 1, 64) {
		faults = append(faults, fault.Field{Name: "name", Reason: "1 to 64 printable characters"})
	}
	if !words(in.Intro, 500) {
		faults = append(faults, fault.Field{Name: "intro", Reason: "at most 500 characters"})
	}
	if err := fault.InvalidFields(faults); err != nil {
		return err
	}
	texts := []string{in.Name, in.Intro}
	for _, q := range in.Questions {
		texts = append(texts, q.Ask)
		for _, o := range q.Options {
			texts = append(texts, o.Text)
		}
	}
	return Guard(texts...)
}

// Create adds a draft. It returns fault.ErrInvalid with every faulty field, or ErrInducement.
func (s *Service) Create(ctx context.Context, in NewSurvey) (v Survey, err error) {
	if err := in.check(); err != nil {
		return v, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		v, v.Replayed, err = db.Once(ctx, tx, in.Key, in, func() (Survey, error) {
			v := Survey{Name: in.Name, Intro: in.Intro, State: model.SurveyDraft, Questions: in.Questions, CreatedAt: tx.Now, UpdatedAt: tx.Now}
			id, err := insertSurvey(tx, v, in.Staff)
			if err != nil {
				return v, fmt.Errorf("insert a survey: %w", err)
			}
			v.ID = id
			return v, trail(ctx, tx, in.Staff, "surveys.create", v)
		})
		return err
	})
	return v, err
}

// Change replaces what a draft says. It returns ErrUnknown, ErrNotDraft, fault.ErrInvalid or ErrInducement.
func (s *Service) Change(ctx context.Context, id model.SurveyID, in NewSurvey) (v Survey, err error) {
	if err := in.check(); err != nil {
		return v, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if v, err = lockSurvey(tx, id); err != nil {
			return err
		}
		if v.State != model.SurveyDraft {
			return ErrNotDraft
		}
		v.Name, v.Intro, v.Questions, v.UpdatedAt = in.Name, in.Intro, in.Questions, tx.Now
		if err := saveSurvey(tx, v); err != nil {
			return fmt.Errorf("change survey %d: %w", id, err)
		}
		return trail(ctx, tx, in.Staff, "surveys.change", v)
	})
	return v, err
}

// Open lets a survey be put to people. It returns ErrUnknown, or ErrNotDraft when it was closed.
func (s *Service) Open(ctx context.Context, staff model.StaffID, id model.SurveyID) (Survey, error) {
	return s.move(ctx, staff, id, "surveys.open", model.SurveyDraft, model.SurveyOpen, ErrNotDraft)
}

// Close ends the asking. It returns ErrUnknown, or ErrNotOpen for a draft.
func (s *Service) Close(ctx context.Context, staff model.StaffID, id model.SurveyID) (Survey, error) {
	return s.move(ctx, staff, id, "surveys.close", model.SurveyOpen, model.SurveyClosed, ErrNotOpen)
}

func (s *Service) move(ctx context.Context, staff model.StaffID, id model.SurveyID, action string, from, to model.SurveyState, refusal error) (v Survey, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if v, err = lockSurvey(tx, id); err != nil || v.State == to {
			return err
		}
		if v.State != from {
			return refusal
		}
		v.State, v.UpdatedAt = to, tx.Now
		if err := saveSurvey(tx, v); err != nil {
			return fmt.Errorf("move survey %d to %s: %w", id, to, err)
		}
		return trail(ctx, tx, staff, action, v)
	})
	return v, err
}

// Survey returns one survey, or ErrUnknown.
func (s *Service) Survey(ctx context.Context, id model.SurveyID) (v Survey, err error) {
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		v, err = surveyByID(tx, id)
		return err
	})
	return v, err
}

// Surveys returns all surveys, newest first.
func (s *Service) Surveys(ctx context.Context, page db.Page) (list []Survey, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		list, err = surveysBefore(tx, before, page.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list surveys: %w", err)
	}
	if len(list) > page.Size() {
		list = list[:page.Size()]
		next = db.NextCursor(int64(list[len(list)-1].ID))
	}
	return list, next, nil
}

func trail(ctx context.Context, tx *db.Tx, staff model.StaffID, action string, v Survey) error {
	return audit.Record(ctx, tx, audit.Entry{Staff: staff, Action: action, Ref: "survey:" + strconv.FormatInt(int64(v.ID), 10),
		Detail: map[string]any{"name": v.Name, "state": v.State, "questions": len(v.Questions)}})
}
