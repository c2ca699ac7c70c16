package surveys

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Results are what a survey's answers add up to.
type Results struct {
	Survey             Survey
	AsOf               time.Time
	Invited, Answered  int64
	Low                int64 // answers with a low score
	Questions          []QuestionResult
	PointsGiven        model.Points
	CouponsGiven, Fail int64 // coupons given, and rewards that could not be
}

// QuestionResult is one question's.
type QuestionResult struct {
	Question
	Answers int64
	// Counts is by number: a score, or an option from 1; nil for texts.
	Counts map[int64]int64
	// Average of scores, in hundredths, rounded half up; 0 without answers.
	AverageHundredths int64
	// NPS of scores from 0 to 10, in hundredths of a percent, -10000 to 10000; nil for others and without answers.
	NPS *int64
}

// Results counts a survey's answers, or returns ErrUnknown.
func (s *Service) Results(ctx context.Context, id model.SurveyID) (r Results, err error) {
	err = s.DB.Snapshot(ctx, func(_ context.Context, tx *db.Tx) error {
		v, err := surveyByID(tx, id)
		if err != nil {
			return err
		}
		r = Results{Survey: v, AsOf: tx.Now}
		if err := sums(tx, id, &r); err != nil {
			return fmt.Errorf("count the answers to survey %d: %w", id, err)
		}
		counts, err := counts(tx, id)
		if err != nil {
			return fmt.Errorf("count the answers to survey %d: %w", id, err)
		}
		for i, q := range v.Questions {
			r.Questions = append(r.Questions, sumUp(q, counts[int64(i+1)]))
		}
		return nil
	})
	return r, err
}

// sumUp works out one question's figures from the number of answers by number.
func sumUp(q Question, counts map[int64]int64) QuestionResult {
	r := QuestionResult{Question: q}
	total, promoters, detractors := int64(0), int64(0), int64(0)
	for number, n := range counts {
		r.Answers += n
		total += number * n
		switch {
		case number >= 9:
			promoters += n
		case number <= 6:
			detractors += n
		}
	}
	if q.Kind == Text {
		return r
	}
	r.Counts = counts
	if q.Kind != Score || r.Answers == 0 {
		return r
	}
	r.AverageHundredths = (total*200 + r.Answers) / (2 * r.Answers)
	if q.Most == 10 {
		nps := (promoters - detractors) * 10_000 / r.Answers
		r.NPS = &nps
	}
	return r
}

// Line is one answer for staff.
type Line struct {
	ID         model.SurveyAnswerID
	Member     model.MemberID
	Order      model.OrderID
	Via        model.SurveyVia
	Low        bool
	Items      []Given
	AnsweredAt time.Time
}

// Answers lists the answers to a survey, newest first. It returns ErrUnknown.
func (s *Service) Answers(ctx context.Context, id model.SurveyID, page db.Page) (list []Line, next string, err error) {
	before, err := page.Before()
	if err != nil {
		return nil, "", err
	}
	err = s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		if _, err := surveyByID(tx, id); err != nil {
			return err
		}
		if list, err = answersBefore(tx, id, before, page.Size()+1); err != nil {
			return fmt.Errorf("list the answers to survey %d: %w", id, err)
		}
		return nil
	})
	if err == nil && len(list) > page.Size() {
		list = list[:page.Size()]
		next = db.NextCursor(int64(list[len(list)-1].ID))
	}
	return list, next, err
}
