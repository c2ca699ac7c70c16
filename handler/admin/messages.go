package admin

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/messages"
	"huitou/service/staff"
)

// Messages declares how staff see what people were sent.
func Messages(r *web.Routes, s *messages.Service) {
	web.Get(r, "/messages", web.Staff(staff.MessagesRead), web.Doc{
		ID: "messages", Summary: "消息发送记录,新的在前", Tag: "消息", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *messagesRequest) (*messagesReply, error) {
		listed, err := s.List(ctx, in.MemberID, in.Page())
		if err != nil {
			return nil, err
		}
		out := &messagesReply{Body: messagesView{Messages: make([]messageView, 0, len(listed.Messages)), Next: listed.Next}}
		for _, m := range listed.Messages {
			out.Body.Messages = append(out.Body.Messages, viewOf(m))
		}
		return out, nil
	})
	web.Get(r, "/messages/{id}", web.Staff(staff.MessagesRead), web.Doc{
		ID: "message", Summary: "一条消息:每次尝试、渠道和原因", Tag: "消息", Errors: []*fault.Fault{messages.ErrUnknown},
	}, func(ctx context.Context, in *messageRequest) (*messageReply, error) {
		m, err := s.Message(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &messageReply{Body: detailView(m)}, nil
	})
	messageRetries(r, s)
	messageTemplates(r, s)
	contactRules(r, s)
}

type messageRequest struct {
	ID model.MessageID `path:"id" minimum:"1"`
}

type messageReply struct{ Body messageDetailView }

type messageDetailView struct {
	Message   messageView   `json:"message"`
	Key       string        `json:"key" doc:"one visible message per key"`
	URL       string        `json:"url"`
	Channels  []string      `json:"channels" doc:"tried in this order"`
	NotBefore *time.Time    `json:"not_before"`
	NotAfter  *time.Time    `json:"not_after"`
	DueAt     *time.Time    `json:"due_at" doc:"when it is looked at next; null when nothing is left to do"`
	Tries     []attemptView `json:"tries"`
}

type attemptView struct {
	N          int64      `json:"n"`
	Channel    string     `json:"channel"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Outcome    string     `json:"outcome" enum:",accepted,refused,unsure,repeated,skipped" doc:"empty: no answer was stored"`
	Code       int64      `json:"code" doc:"the platform's error code; 0 without one"`
	Why        string     `json:"why" doc:"the platform's words, or why nothing left"`
	MsgID      *string    `json:"msg_id"`
	Report     string     `json:"report" enum:",delivered,blocked,failed" doc:"what the platform reported afterwards"`
}

func detailView(m messages.Detail) messageDetailView {
	out := messageDetailView{
		Message: viewOf(m.View), Key: m.Key, URL: m.URL, NotBefore: m.NotBefore, NotAfter: m.NotAfter, DueAt: m.DueAt,
		Tries: make([]attemptView, 0, len(m.Tries)),
	}
	for _, c := range m.Channels {
		out.Channels = append(out.Channels, string(c))
	}
	for _, a := range m.Tries {
		out.Tries = append(out.Tries, attemptView{
			a.N, string(a.Channel), a.StartedAt, a.FinishedAt, string(a.Outcome), a.Code, a.Error, a.MsgID, string(a.Report),
		})
	}
	return out
}

func viewOf(m messages.View) messageView {
	return messageView{
		m.ID, m.Member, string(m.Purpose), string(m.Channel), m.Template, m.Data, string(m.State), m.Reason, m.Code, m.MsgID, m.Attempts,
		m.CreatedAt, m.AcceptedAt, m.FinishedAt,
	}
}

type messagesRequest struct {
	MemberID model.MemberID `query:"member_id" minimum:"1" doc:"only messages to this member"`
	web.Paged
}

type messagesReply struct{ Body messagesView }

type messagesView struct {
	Messages []messageView `json:"messages"`
	Next     string        `json:"next" doc:"cursor of the next page; empty on the last one"`
}

type messageView struct {
	ID         model.MessageID   `json:"id"`
	MemberID   model.MemberID    `json:"member_id"`
	Purpose    string            `json:"purpose" enum:"service,care,marketing"`
	Channel    string            `json:"channel" enum:"oa_template,oa_subscribe,mini_subscribe,customer_service,sms" doc:"whose turn it is, or that had the last word"`
	Template   string            `json:"template"`
	Data       map[string]string `json:"data"`
	State      string            `json:"state" enum:"queued,suppressed,sending,accepted,delivered,blocked,failed,dead,unknown"`
	Reason     string            `json:"reason" doc:"why it was suppressed or failed"`
	Code       int64             `json:"code" doc:"WeChat's error code behind the reason; 0 without one"`
	MsgID      string            `json:"msg_id" doc:"WeChat's id; empty before it accepted the message"`
	Attempts   int64             `json:"attempts"`
	CreatedAt  time.Time         `json:"created_at"`
	AcceptedAt *time.Time        `json:"accepted_at"`
	FinishedAt *time.Time        `json:"finished_at"`
}
