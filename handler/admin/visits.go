package admin

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/aftersale"
	"huitou/service/orders"
	"huitou/service/staff"
	"huitou/service/surveys"
)

// Visits declares plans of visits after a sale, and the answer to why somebody did or did not get a message.
func Visits(r *web.Routes, s *aftersale.Service) {
	web.Get(r, "/visit-plans", web.Staff(staff.VisitsManage), web.Doc{
		ID: "list-visit-plans", Summary: "全部回访计划,新的在前", Tag: "售后回访", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *visitPlansRequest) (*visitPlansReply, error) {
		list, next, err := s.Plans(ctx, in.Page())
		if err != nil {
			return nil, err
		}
		out := &visitPlansReply{}
		out.Body.Plans, out.Body.Next = make([]visitPlanView, len(list)), next
		for i, p := range list {
			out.Body.Plans[i] = visitPlanOf(p)
		}
		return out, nil
	})
	web.Post(r, "/visit-plans", web.Staff(staff.VisitsManage), web.Doc{
		ID: "create-visit-plan", Summary: "新建回访计划(草稿),最多三次回访", Tag: "售后回访", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, aftersale.ErrPolicy, surveys.ErrInducement, surveys.ErrUnknown, db.ErrKeyReused},
	}, func(ctx context.Context, in *newVisitPlanRequest) (*visitPlanReply, error) {
		p, err := s.CreatePlan(ctx, aftersale.NewPlan{Staff: web.Actor(ctx).ID, Name: in.Body.Name, Trigger: in.Body.Trigger, Terms: in.Body.Terms.terms(), Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, p.Replayed)
		return &visitPlanReply{Body: visitPlanOf(p)}, nil
	})
	web.Put(r, "/visit-plans/{id}", web.Staff(staff.VisitsManage), web.Doc{
		ID: "change-visit-plan", Summary: "修改回访计划(成为新版本);已计划的回访按原条款执行", Tag: "售后回访",
		Errors: []*fault.Fault{fault.ErrInvalid, aftersale.ErrPolicy, surveys.ErrInducement, surveys.ErrUnknown, aftersale.ErrPlanUnknown, aftersale.ErrPlanEnded, aftersale.ErrPlanChanged},
	}, func(ctx context.Context, in *changeVisitPlanRequest) (*visitPlanReply, error) {
		p, err := s.ChangePlan(ctx, aftersale.ChangePlan{Staff: web.Actor(ctx).ID, Plan: in.ID, Name: in.Body.Name, Terms: in.Body.Terms.terms(), Version: in.Body.Version})
		if err != nil {
			return nil, err
		}
		return &visitPlanReply{Body: visitPlanOf(p)}, nil
	})
	moveVisitPlan(r, "activate", "启用回访计划;同一触发时机只能有一个", s.Activate, aftersale.ErrPlanEnded, aftersale.ErrPlanOverlap, surveys.ErrNotOpen)
	moveVisitPlan(r, "pause", "暂停回访计划;期间到期的回访会跳过", s.Pause, aftersale.ErrPlanDraft, aftersale.ErrPlanEnded)
	moveVisitPlan(r, "end", "结束回访计划,不可恢复", s.End)
	web.Post(r, "/visit-plans/previews", web.Staff(staff.VisitsManage), web.Doc{
		ID: "preview-visit-plan", Summary: "预览:按某个订单(或示例订单)看每次回访的时间与内容;不改动任何数据", Tag: "售后回访",
		Errors: []*fault.Fault{fault.ErrInvalid, aftersale.ErrPolicy, surveys.ErrInducement, surveys.ErrUnknown, orders.ErrUnknown},
	}, func(ctx context.Context, in *previewVisitPlanRequest) (*previewVisitPlanReply, error) {
		p := aftersale.Preview{Terms: in.Body.Terms.terms(), Source: in.Body.Source, Number: in.Body.Number}
		if in.Body.At != nil {
			p.At = *in.Body.At
		}
		list, err := s.Preview(ctx, p)
		if err != nil {
			return nil, err
		}
		out := &previewVisitPlanReply{}
		for _, v := range list {
			out.Body.Visits = append(out.Body.Visits, previewedVisitView{v.Ordinal, v.DueAt, v.Sampled, v.Channels, textsOf(v.Texts), v.URL, v.Survey})
		}
		return out, nil
	})
}

func moveVisitPlan(r *web.Routes, verb, summary string,
	move func(context.Context, model.StaffID, model.VisitPlanID) (aftersale.Plan, error), faults ...*fault.Fault) {
	web.Post(r, "/visit-plans/{id}/"+verb, web.Staff(staff.VisitsManage), web.Doc{
		ID: verb + "-visit-plan", Summary: summary, Tag: "售后回访", Errors: append(faults, aftersale.ErrPlanUnknown),
	}, func(ctx context.Context, in *visitPlanRequest) (*visitPlanReply, error) {
		p, err := move(ctx, web.Actor(ctx).ID, in.ID)
		if err != nil {
			return nil, err
		}
		return &visitPlanReply{Body: visitPlanOf(p)}, nil
	})
}

type visitPlansRequest struct {
	web.Paged
}

type visitPlansReply struct {
	Body struct {
		Plans []visitPlanView `json:"plans"`
		Next  string          `json:"next"`
	}
}

type visitPlanRequest struct {
	ID model.VisitPlanID `path:"id" minimum:"1"`
}

type newVisitPlanRequest struct {
	web.Idempotent
	Body struct {
		Name    string             `json:"name" minLength:"1" maxLength:"64"`
		Trigger model.VisitTrigger `json:"trigger" enum:"paid,completed,scan" doc:"scan: the order's member scans the parcel's code"`
		Terms   visitPlanTerms     `json:"terms"`
	}
}

type changeVisitPlanRequest struct {
	ID   model.VisitPlanID `path:"id" minimum:"1"`
	Body struct {
		Name    string         `json:"name" minLength:"1" maxLength:"64"`
		Terms   visitPlanTerms `json:"terms"`
		Version int64          `json:"version" minimum:"1" doc:"the newest that was read; refused when there is a newer one"`
	}
}

type previewVisitPlanRequest struct {
	Body struct {
		Terms  visitPlanTerms `json:"terms"`
		Source string         `json:"source,omitempty" maxLength:"64"`
		Number string         `json:"number,omitempty" maxLength:"64" doc:"of an order; empty stands for an invented one"`
		At     *time.Time     `json:"at,omitempty" doc:"when the trigger would be; now when left out"`
	}
}

type visitPlanReply struct{ Body visitPlanView }

type visitPlanView struct {
	ID        model.VisitPlanID    `json:"id"`
	Name      string               `json:"name"`
	Trigger   model.VisitTrigger   `json:"trigger" enum:"paid,completed,scan"`
	State     model.VisitPlanState `json:"state" enum:"draft,active,paused,ended"`
	Version   int64                `json:"version"`
	Terms     visitPlanTerms       `json:"terms"`
	CreatedAt time.Time            `json:"created_at"`
	UpdatedAt time.Time            `json:"updated_at"`
}

type visitPlanTerms struct {
	CoolingDays int64                     `json:"cooling_days" minimum:"0" maximum:"365" doc:"after a visit a member hears nothing about other orders for so long"`
	MaxLateDays int64                     `json:"max_late_days" minimum:"1" maximum:"30" doc:"a visit that would be later is skipped"`
	Stop        []aftersale.StopCondition `json:"stop" maxItems:"5" enum:"refunded,part_refunded,unfollowed,complaint,bought_again"`
	Visits      []visitTerms              `json:"visits" minItems:"1" maxItems:"3"`
}

type visitTerms struct {
	DelayMinutes int64                  `json:"delay_minutes" minimum:"0" maximum:"259200" doc:"after the trigger"`
	FromMinute   int64                  `json:"from_minute" minimum:"0" maximum:"1439" doc:"of the day in Shanghai; 600 is 10:00"`
	ToMinute     int64                  `json:"to_minute" minimum:"1" maximum:"1440"`
	Channels     []model.MessageChannel `json:"channels" minItems:"1" maxItems:"6" enum:"oa_template,oa_subscribe,mini_subscribe,customer_service,sms,staff" doc:"tried in this order; staff, a call by hand, can only be last"`
	Purpose      model.MessagePurpose   `json:"purpose" enum:"service,care,marketing"`
	Template     string                 `json:"template" maxLength:"64" doc:"our name of the message; empty for a visit by staff only"`
	Texts        []visitText            `json:"texts,omitempty" maxItems:"10" doc:"words beside number, amount, paid_at, goods and advice"`
	URL          string                 `json:"url,omitempty" maxLength:"512" doc:"opens on a tap; not with a survey"`
	Survey       model.SurveyID         `json:"survey,omitempty" minimum:"0"`
	AnswerDays   int64                  `json:"answer_days,omitempty" minimum:"0" maximum:"60"`
	RewardPoints model.Points           `json:"reward_points,omitempty" minimum:"0" maximum:"10000" doc:"for an answer, whatever it says"`
	RewardCoupon model.PublicID         `json:"reward_coupon,omitempty" maxLength:"24" pattern:"^[0-9a-z]*$" doc:"template of a coupon; not beside points"`
	ShareBP      int64                  `json:"share_bp" minimum:"1" maximum:"10000" doc:"of 10,000 orders so many get it"`
}

type visitText struct {
	Name string `json:"name" minLength:"1" maxLength:"32" pattern:"^[a-z][a-z0-9_]*$"`
	Text string `json:"text" minLength:"1" maxLength:"200" doc:"may hold {number}, {amount}, {paid_at} and {goods}"`
}

// textsOf and textsIn turn the words of a visit round; of two with one name the last counts.
func textsOf(texts map[string]string) []visitText {
	list := make([]visitText, 0, len(texts))
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		list = append(list, visitText{name, texts[name]})
	}
	return list
}

func textsIn(list []visitText) map[string]string {
	texts := map[string]string{}
	for _, t := range list {
		texts[t.Name] = t.Text
	}
	return texts
}

func (t visitPlanTerms) terms() aftersale.Terms {
	out := aftersale.Terms{CoolingDays: t.CoolingDays, MaxLateDays: t.MaxLateDays, Stop: t.Stop, Visits: make([]aftersale.VisitTerms, len(t.Visits))}
	for i, v := range t.Visits {
		out.Visits[i] = aftersale.VisitTerms{
			DelayMinutes: v.DelayMinutes, FromMinute: v.FromMinute, ToMinute: v.ToMinute, Channels: v.Channels, Purpose: v.Purpose, Template: v.Template,
			Texts: textsIn(v.Texts), URL: v.URL, Survey: v.Survey, AnswerDays: v.AnswerDays, ShareBP: v.ShareBP,
			Reward: surveys.Reward{Points: v.RewardPoints, Coupon: v.RewardCoupon},
		}
	}
	return out
}

func visitPlanOf(p aftersale.Plan) visitPlanView {
	t := visitPlanTerms{CoolingDays: p.CoolingDays, MaxLateDays: p.MaxLateDays, Stop: p.Stop, Visits: make([]visitTerms, len(p.Visits))}
	for i, v := range p.Visits {
		t.Visits[i] = visitTerms{
			DelayMinutes: v.DelayMinutes, FromMinute: v.FromMinute, ToMinute: v.ToMinute, Channels: v.Channels, Purpose: v.Purpose, Template: v.Template,
			Texts: textsOf(v.Texts), URL: v.URL, Survey: v.Survey, AnswerDays: v.AnswerDays, ShareBP: v.ShareBP, RewardPoints: v.Reward.Points, RewardCoupon: v.Reward.Coupon,
		}
	}
	return visitPlanView{ID: p.ID, Name: p.Name, Trigger: p.Trigger, State: p.State, Version: p.Version, Terms: t, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt}
}

type previewVisitPlanReply struct {
	Body struct {
		Visits []previewedVisitView `json:"visits"`
	}
}

type previewedVisitView struct {
	Ordinal  int64                  `json:"ordinal"`
	DueAt    time.Time              `json:"due_at"`
	Sampled  bool                   `json:"sampled" doc:"false: this order is not among the sample"`
	Channels []model.MessageChannel `json:"channels"`
	Texts    []visitText            `json:"texts"`
	URL      string                 `json:"url"`
	Survey   model.SurveyID         `json:"survey"`
}
