package api

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/surveys"
)

// Surveys declares what a shopper is asked, and his answers.
func Surveys(r *web.Routes, s *surveys.Service) {
	web.Get(r, "/me/surveys", web.Shopper, web.Doc{ID: "my-surveys", Summary: "我可以填写的问卷", Tag: "问卷"},
		func(ctx context.Context, _ *struct{}) (*mySurveysReply, error) {
			list, err := s.Mine(ctx, web.Member(ctx))
			if err != nil {
				return nil, err
			}
			out := &mySurveysReply{}
			out.Body.Surveys = make([]mySurveyView, len(list))
			for i, v := range list {
				out.Body.Surveys[i] = mySurveyOf(v)
			}
			return out, nil
		})
	web.Post(r, "/me/surveys/{id}/answers", web.Shopper, web.Doc{
		ID: "answer-survey", Summary: "填写问卷,一份只能填一次;奖励与填写内容无关", Tag: "问卷",
		Errors: []*fault.Fault{fault.ErrInvalid, surveys.ErrUnknown, surveys.ErrAnswered, surveys.ErrExpired, db.ErrKeyReused},
	}, func(ctx context.Context, in *answerSurveyRequest) (*answerSurveyReply, error) {
		given := make([]surveys.Given, len(in.Body.Answers))
		for i, a := range in.Body.Answers {
			given[i] = surveys.Given(a)
		}
		t, err := s.Answer(ctx, surveys.Answer{Member: web.Member(ctx), Invitation: in.ID, Given: given, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, t.Replayed)
		return &answerSurveyReply{Body: thanksView{t.Points, t.Coupon}}, nil
	})
}

type mySurveysReply struct {
	Body struct {
		Surveys []mySurveyView `json:"surveys"`
	}
}

type mySurveyView struct {
	ID           model.PublicID       `json:"id"`
	Name         string               `json:"name"`
	Intro        string               `json:"intro"`
	Questions    []surveyQuestionView `json:"questions"`
	RewardPoints model.Points         `json:"reward_points" doc:"for an answer, whatever it says"`
	RewardCoupon bool                 `json:"reward_coupon" doc:"a coupon is given for an answer, whatever it says"`
	ExpiresAt    time.Time            `json:"expires_at"`
}

type surveyQuestionView struct {
	Kind     surveys.Kind `json:"kind" enum:"score,choice,text"`
	Ask      string       `json:"ask"`
	Required bool         `json:"required"`
	Least    int64        `json:"least" doc:"of a score: 0 or 1"`
	Most     int64        `json:"most" doc:"highest score, or most characters"`
	Options  []string     `json:"options,omitempty"`
}

func mySurveyOf(v surveys.Invitation) mySurveyView {
	out := mySurveyView{ID: v.ID, Name: v.Survey.Name, Intro: v.Survey.Intro, Questions: make([]surveyQuestionView, len(v.Survey.Questions)),
		RewardPoints: v.Points, RewardCoupon: v.Coupon, ExpiresAt: v.ExpiresAt}
	for i, q := range v.Survey.Questions {
		out.Questions[i] = surveyQuestionView{Kind: q.Kind, Ask: q.Ask, Required: q.Required, Least: q.Least(), Most: q.Most}
		for _, o := range q.Options {
			out.Questions[i].Options = append(out.Questions[i].Options, o.Text)
		}
	}
	return out
}

type answerSurveyRequest struct {
	web.Idempotent
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Answers []surveyAnswer `json:"answers" minItems:"1" maxItems:"10"`
	}
}

type surveyAnswer struct {
	Question int64  `json:"question" minimum:"1" maximum:"10" doc:"from 1"`
	Number   *int64 `json:"number,omitempty" minimum:"0" maximum:"10" doc:"the score, or the option from 1"`
	Text     string `json:"text,omitempty" maxLength:"1000"`
}

type answerSurveyReply struct{ Body thanksView }

type thanksView struct {
	Points model.Points   `json:"points" doc:"given"`
	Coupon model.PublicID `json:"coupon" doc:"given; empty when none was promised, or none was left"`
}
