package admin

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/aftersale"
	"huitou/service/members"
	"huitou/service/staff"
)

// Why declares the answer to why a member did or did not get a message.
func Why(r *web.Routes, s *aftersale.Service) {
	web.Get(r, "/members/{id}/why", web.Staff(staff.MessagesRead), web.Doc{
		ID: "why-message", Summary: "为什么(没)收到消息:每次回访的计划时间、状态与跳过原因,每条消息的渠道、尝试与平台返回码,当时的订阅授权、免打扰与频次", Tag: "消息",
		Errors: []*fault.Fault{fault.ErrInvalid, members.ErrUnknown},
	}, func(ctx context.Context, in *whyRequest) (*whyReply, error) {
		w, err := s.Why(ctx, aftersale.WhyQuery{Member: in.ID, Order: in.Order, Plan: in.Plan, From: in.From, To: in.To})
		if err != nil {
			return nil, err
		}
		return &whyReply{Body: whyOf(w)}, nil
	})
}

type whyRequest struct {
	ID    model.MemberID    `path:"id" minimum:"1"`
	Order model.OrderID     `query:"order" minimum:"0" doc:"only about this order"`
	Plan  model.VisitPlanID `query:"plan" minimum:"0" doc:"only visits of this plan"`
	From  time.Time         `query:"from" doc:"90 days before to when left out"`
	To    time.Time         `query:"to" doc:"now when left out"`
}

type whyReply struct{ Body whyView }

type whyView struct {
	From      time.Time        `json:"from"`
	To        time.Time        `json:"to"`
	Following bool             `json:"following" doc:"follows the official account now"`
	Notes     []string         `json:"notes" doc:"why an order has no visits at all"`
	Visits    []whyVisitView   `json:"visits"`
	Messages  []whyMessageView `json:"messages"`
	Consents  []whyConsentView `json:"consents" doc:"granted before the end of the time, newest first"`
	Stops     []whyStopView    `json:"do_not_contact" doc:"that held in the time"`
	Days      []whyDayView     `json:"days" doc:"how many messages of a purpose went out on each day: what the caps count"`
}

type whyVisitView struct {
	Order      model.OrderID      `json:"order_id"`
	Number     string             `json:"order_number"`
	Ordinal    int64              `json:"ordinal"`
	Plan       string             `json:"plan"`
	Version    int64              `json:"version"`
	Trigger    model.VisitTrigger `json:"trigger" enum:"paid,completed,scan"`
	TriggerAt  *time.Time         `json:"trigger_at"`
	PlannedAt  time.Time          `json:"planned_at"`
	WaitUntil  *time.Time         `json:"wait_until" doc:"its time has come, and it waits for its hours of the day"`
	State      model.VisitState   `json:"state" enum:"planned,due,skipped,sent,delivered,blocked,failed,responded,closed,assigned,done"`
	Reason     string             `json:"reason"`
	Says       string             `json:"says" doc:"state and reason in words"`
	Result     string             `json:"result" doc:"staff's result code"`
	MessageKey string             `json:"message_key"`
	SentAt     *time.Time         `json:"sent_at"`
	EndedAt    *time.Time         `json:"ended_at"`
}

type whyMessageView struct {
	ID        model.MessageID        `json:"id"`
	Key       string                 `json:"key"`
	Template  string                 `json:"template"`
	Purpose   model.MessagePurpose   `json:"purpose"`
	Channels  []model.MessageChannel `json:"channels"`
	Channel   model.MessageChannel   `json:"channel" doc:"whose turn it is, or that had the last word"`
	State     model.MessageState     `json:"state"`
	Reason    string                 `json:"reason"`
	Says      string                 `json:"says"`
	Code      int64                  `json:"code" doc:"of the platform"`
	Allowed   int64                  `json:"consents_then" doc:"open consents for its subscribe templates when it was queued"`
	CreatedAt time.Time              `json:"created_at"`
	DueAt     *time.Time             `json:"due_at"`
	EndedAt   *time.Time             `json:"ended_at"`
	Attempts  []whyAttemptView       `json:"attempts"`
}

type whyAttemptView struct {
	N         int64                `json:"n"`
	Channel   model.MessageChannel `json:"channel"`
	StartedAt time.Time            `json:"started_at"`
	EndedAt   *time.Time           `json:"ended_at"`
	Outcome   model.AttemptOutcome `json:"outcome"`
	Code      int64                `json:"code"`
	Error     string               `json:"error"`
	Report    model.MessageState   `json:"report" doc:"what the platform reported of an accepted attempt"`
}

type whyConsentView struct {
	TemplateID string             `json:"template_id"`
	State      model.ConsentState `json:"state"`
	GrantedAt  time.Time          `json:"granted_at"`
	UsedAt     *time.Time         `json:"used_at"`
	ClearedAt  *time.Time         `json:"cleared_at"`
	ClearedWhy string             `json:"cleared_why"`
}

type whyStopView struct {
	Scope    model.ContactScope   `json:"scope"`
	Channel  model.MessageChannel `json:"channel" doc:"empty: every channel"`
	Reason   string               `json:"reason"`
	Since    time.Time            `json:"since"`
	LiftedAt *time.Time           `json:"lifted_at"`
}

type whyDayView struct {
	Day     model.Day            `json:"day" format:"date"`
	Purpose model.MessagePurpose `json:"purpose"`
	Sent    int64                `json:"sent"`
}

func whyOf(w aftersale.Why) whyView {
	v := whyView{From: w.From, To: w.To, Following: w.Following, Notes: append([]string{}, w.Notes...), Visits: make([]whyVisitView, len(w.Visits)),
		Messages: make([]whyMessageView, len(w.Messages)), Consents: make([]whyConsentView, len(w.Consents)), Stops: make([]whyStopView, len(w.Stops)),
		Days: make([]whyDayView, len(w.Days))}
	for i, x := range w.Visits {
		v.Visits[i] = whyVisitView{x.OrderID, x.Number, x.Ordinal, x.Plan, x.Version, x.Trigger, x.TriggerAt, x.DueAt.UTC(), x.WaitUntil, x.State, x.Reason, x.Says, x.Result,
			x.MessageKey, x.SentAt, x.EndedAt}
	}
	for i, m := range w.Messages {
		attempts := make([]whyAttemptView, len(m.Tries))
		for j, a := range m.Tries {
			attempts[j] = whyAttemptView{a.N, a.Channel, a.StartedAt.UTC(), a.FinishedAt, a.Outcome, a.Code, a.Error, a.Report}
		}
		v.Messages[i] = whyMessageView{m.ID, m.Key, m.Template, m.Purpose, m.Channels, m.Channel, m.State, m.Reason, m.Says, m.Code, m.Allowed, m.CreatedAt.UTC(),
			m.DueAt, m.FinishedAt, attempts}
	}
	for i, c := range w.Consents {
		v.Consents[i] = whyConsentView{c.TemplateID, c.State, c.GrantedAt.UTC(), c.UsedAt, c.ClearedAt, c.ClearedWhy}
	}
	for i, d := range w.Stops {
		v.Stops[i] = whyStopView{d.Scope, d.Channel, d.Reason, d.Since.UTC(), d.LiftedAt}
	}
	for i, d := range w.Days {
		v.Days[i] = whyDayView{d.Day, d.Purpose, d.Sent}
	}
	return v
}
