package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/staff"
	"huitou/service/surveys"
)

// Surveys declares what staff do about surveys: make them, put them into use, read what was answered.
func Surveys(r *web.Routes, s *surveys.Service) {
	web.Get(r, "/surveys", web.Staff(staff.VisitsManage), web.Doc{
		ID: "list-surveys", Summary: "全部问卷,新的在前", Tag: "问卷", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *surveysRequest) (*surveysReply, error) {
		list, next, err := s.Surveys(ctx, in.Page())
		if err != nil {
			return nil, err
		}
		out := &surveysReply{}
		out.Body.Surveys, out.Body.Next = make([]surveyView, len(list)), next
		for i, v := range list {
			out.Body.Surveys[i] = surveyOf(v)
		}
		return out, nil
	})
	web.Post(r, "/surveys", web.Staff(staff.VisitsManage), web.Doc{
		ID: "create-survey", Summary: "新建问卷(草稿)", Tag: "问卷", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, surveys.ErrInducement, db.ErrKeyReused},
	}, func(ctx context.Context, in *newSurveyRequest) (*surveyReply, error) {
		cmd := in.Body.command(web.Actor(ctx).ID)
		cmd.Key = in.Key(ctx)
		v, err := s.Create(ctx, cmd)
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, v.Replayed)
		return &surveyReply{Body: surveyOf(v)}, nil
	})
	web.Put(r, "/surveys/{id}", web.Staff(staff.VisitsManage), web.Doc{
		ID: "change-survey", Summary: "修改问卷草稿;启用后题目不再变", Tag: "问卷",
		Errors: []*fault.Fault{fault.ErrInvalid, surveys.ErrInducement, surveys.ErrUnknown, surveys.ErrNotDraft},
	}, func(ctx context.Context, in *changeSurveyRequest) (*surveyReply, error) {
		v, err := s.Change(ctx, in.ID, in.Body.command(web.Actor(ctx).ID))
		if err != nil {
			return nil, err
		}
		return &surveyReply{Body: surveyOf(v)}, nil
	})
	moveSurvey(r, "open", "启用问卷", s.Open, surveys.ErrNotDraft)
	moveSurvey(r, "close", "停用问卷;已收到邀请的人仍可填写", s.Close, surveys.ErrNotOpen)
	surveyResults(r, s)
}

func moveSurvey(r *web.Routes, verb, summary string, move func(context.Context, model.StaffID, model.SurveyID) (surveys.Survey, error), refusal *fault.Fault) {
	web.Post(r, "/surveys/{id}/"+verb, web.Staff(staff.VisitsManage), web.Doc{
		ID: verb + "-survey", Summary: summary, Tag: "问卷", Errors: []*fault.Fault{surveys.ErrUnknown, refusal},
	}, func(ctx context.Context, in *surveyRequest) (*surveyReply, error) {
		v, err := move(ctx, web.Actor(ctx).ID, in.ID)
		if err != nil {
			return nil, err
		}
		return &surveyReply{Body: surveyOf(v)}, nil
	})
}

func surveyResults(r *web.Routes, s *surveys.Service) {
	web.Get(r, "/surveys/{id}/results", web.Staff(staff.ReportsRead), web.Doc{
		ID: "survey-results", Summary: "问卷结果:每个分数与选项的人数、平均分、NPS、发出的奖励", Tag: "问卷", Errors: []*fault.Fault{surveys.ErrUnknown},
	}, func(ctx context.Context, in *surveyRequest) (*surveyResultsReply, error) {
		v, err := s.Results(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &surveyResultsReply{Body: surveyResultsOf(v)}, nil
	})
	web.Get(r, "/surveys/{id}/answers", web.Staff(staff.ReportsRead), web.Doc{
		ID: "survey-answers", Summary: "问卷的每份回答,新的在前", Tag: "问卷", Errors: []*fault.Fault{surveys.ErrUnknown, db.ErrCursor},
	}, func(ctx context.Context, in *surveyAnswersRequest) (*surveyAnswersReply, error) {
		list, next, err := s.Answers(ctx, in.ID, in.Page())
		if err != nil {
			return nil, err
		}
		out := &surveyAnswersReply{}
		out.Body.Answers, out.Body.Next = make([]surveyAnswerView, len(list)), next
		for i, l := range list {
			items := make([]surveyItemView, len(l.Items))
			for j, g := range l.Items {
				items[j] = surveyItemView{g.Question, g.Number, g.Text}
			}
			out.Body.Answers[i] = surveyAnswerView{l.Member, l.Order, l.Via, l.Low, items, l.AnsweredAt}
		}
		return out, nil
	})
}

type surveysRequest struct {
	web.Paged
}

type surveysReply struct {
	Body struct {
		Surveys []surveyView `json:"surveys"`
		Next    string       `json:"next"`
	}
}

type surveyRequest struct {
	ID model.SurveyID `path:"id" minimum:"1"`
}

type newSurveyRequest struct {
	web.Idempotent
	Body surveyBody
}

type changeSurveyRequest struct {
	ID   model.SurveyID `path:"id" minimum:"1"`
	Body surveyBody
}

type surveyBody struct {
	Name      string           `json:"name" minLength:"1" maxLength:"64"`
	Intro     string           `json:"intro,omitempty" maxLength:"500"`
	Questions []surveyQuestion `json:"questions" minItems:"1" maxItems:"10"`
}

type surveyQuestion struct {
	Kind     surveys.Kind   `json:"kind" enum:"score,choice,text"`
	Ask      string         `json:"ask" minLength:"1" maxLength:"100"`
	Required bool           `json:"required"`
	Most     int64          `json:"most,omitempty" minimum:"0" maximum:"1000" doc:"10: scores from 0 (NPS); 5: stars from 1; of a text the most characters"`
	LowAt    *int64         `json:"low_at,omitempty" minimum:"-1" maximum:"9" doc:"highest score that counts as low and opens a task for staff; 6 of 10 and 2 of 5 when left out, -1 for none"`
	Options  []surveyOption `json:"options,omitempty" maxItems:"10"`
}

type surveyOption struct {
	Text    string `json:"text" minLength:"1" maxLength:"100"`
	Problem bool   `json:"problem,omitempty" doc:"whoever chooses it has a problem with the parcel: staff get a task"`
}

func (b surveyBody) command(by model.StaffID) surveys.NewSurvey {
	in := surveys.NewSurvey{Staff: by, Name: b.Name, Intro: b.Intro, Questions: make([]surveys.Question, len(b.Questions))}
	for i, q := range b.Questions {
		in.Questions[i] = surveys.Question{Kind: q.Kind, Ask: q.Ask, Required: q.Required, Most: q.Most, LowAt: q.LowAt}
		for _, o := range q.Options {
			in.Questions[i].Options = append(in.Questions[i].Options, surveys.Option(o))
		}
	}
	return in
}

type surveyReply struct{ Body surveyView }

type surveyView struct {
	ID        model.SurveyID    `json:"id"`
	State     model.SurveyState `json:"state" enum:"draft,open,closed"`
	Name      string            `json:"name"`
	Intro     string            `json:"intro"`
	Questions []surveyQuestion  `json:"questions"`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`
}

func surveyOf(v surveys.Survey) surveyView {
	out := surveyView{ID: v.ID, State: v.State, Name: v.Name, Intro: v.Intro, Questions: make([]surveyQuestion, len(v.Questions)), CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt}
	for i, q := range v.Questions {
		out.Questions[i] = surveyQuestionOf(q)
	}
	return out
}

func surveyQuestionOf(q surveys.Question) surveyQuestion {
	out := surveyQuestion{Kind: q.Kind, Ask: q.Ask, Required: q.Required, Most: q.Most, LowAt: q.LowAt}
	for _, o := range q.Options {
		out.Options = append(out.Options, surveyOption(o))
	}
	return out
}

type surveyResultsReply struct{ Body surveyResultsView }

type surveyResultsView struct {
	Survey       surveyView                 `json:"survey"`
	AsOf         time.Time                  `json:"as_of"`
	Invited      int64                      `json:"invited"`
	Answered     int64                      `json:"answered"`
	Low          int64                      `json:"low" doc:"answers with a low score"`
	PointsGiven  model.Points               `json:"points_given"`
	CouponsGiven int64                      `json:"coupons_given"`
	RewardFailed int64                      `json:"reward_failed" doc:"coupons that could not be given; staff have a task each"`
	Questions    []surveyQuestionResultView `json:"questions"`
}

type surveyQuestionResultView struct {
	Question          surveyQuestion  `json:"question"`
	Answers           int64           `json:"answers"`
	Counts            map[int64]int64 `json:"counts" doc:"by score, or by option from 1; absent for texts"`
	AverageHundredths int64           `json:"average_hundredths" doc:"of scores; 425 is 4.25"`
	NPSBP             *int64          `json:"nps_bp" doc:"share of 9 and 10 less share of 0 to 6, in hundredths of a percent"`
}

func surveyResultsOf(r surveys.Results) surveyResultsView {
	v := surveyResultsView{Survey: surveyOf(r.Survey), AsOf: r.AsOf, Invited: r.Invited, Answered: r.Answered, Low: r.Low, PointsGiven: r.PointsGiven,
		CouponsGiven: r.CouponsGiven, RewardFailed: r.Fail, Questions: make([]surveyQuestionResultView, len(r.Questions))}
	for i, q := range r.Questions {
		v.Questions[i] = surveyQuestionResultView{surveyQuestionOf(q.Question), q.Answers, q.Counts, q.AverageHundredths, q.NPS}
	}
	return v
}

type surveyAnswersRequest struct {
	ID model.SurveyID `path:"id" minimum:"1"`
	web.Paged
}

type surveyAnswersReply struct {
	Body struct {
		Answers []surveyAnswerView `json:"answers"`
		Next    string             `json:"next"`
	}
}

type surveyAnswerView struct {
	Member     model.MemberID   `json:"member_id"`
	Order      model.OrderID    `json:"order_id" doc:"0: none"`
	Via        model.SurveyVia  `json:"via" enum:"link,member"`
	Low        bool             `json:"low"`
	Items      []surveyItemView `json:"items"`
	AnsweredAt time.Time        `json:"answered_at"`
}

type surveyItemView struct {
	Question int64  `json:"question" doc:"from 1"`
	Number   *int64 `json:"number" doc:"the score, or the option from 1; null for a text"`
	Text     string `json:"text" doc:"as it was typed: show it as text, never as HTML"`
}
