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
		listed, err := s.List(ctx, in.MemberID, db.Page{Cursor: in.Cursor, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		out := &messagesReply{Body: messagesView{Messages: make([]messageView, 0, len(listed.Messages)), Next: listed.Next}}
		for _, m := range listed.Messages {
			out.Body.Messages = append(out.Body.Messages, messageView{
				m.ID, m.Member, string(m.Purpose), string(m.Channel), m.Template, m.Data, string(m.State), m.Reason, m.Code, m.MsgID, m.Attempts,
				m.CreatedAt, m.AcceptedAt, m.FinishedAt,
			})
		}
		return out, nil
	})
}

type messagesRequest struct {
	MemberID model.MemberID `query:"member_id" minimum:"1" doc:"only messages to this member"`
	Cursor   string         `query:"cursor" maxLength:"64" doc:"next of the page before"`
	Limit    int            `query:"limit" minimum:"1" maximum:"100" default:"20"`
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
