package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/messages"
	"huitou/service/staff"
)

// messageRetries declares how staff have failed messages sent again.
func messageRetries(r *web.Routes, s *messages.Service) {
	web.Post(r, "/messages/{id}/retry", web.Staff(staff.MessagesRetry), web.Doc{
		ID: "retry-message", Summary: "排除原因后重发一条失败的消息;会员可能已收到的不能重发", Tag: "消息", Status: http.StatusAccepted,
		Errors: []*fault.Fault{fault.ErrInvalid, messages.ErrUnknown, messages.ErrNotFailed, messages.ErrMaybeSeen, messages.ErrTooLate, messages.ErrNotMended},
	}, func(ctx context.Context, in *retryMessageRequest) (*messageReply, error) {
		if err := s.Retry(ctx, messages.Retry{Staff: web.Actor(ctx).ID, ID: in.ID, Note: in.Body.Note}); err != nil {
			return nil, err
		}
		m, err := s.Message(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &messageReply{Body: detailView(m)}, nil
	})
	web.Post(r, "/message-retries", web.Staff(staff.MessagesRetry), web.Doc{
		ID: "retry-messages", Summary: "按模板或失败原因批量重发失败的消息;一次最多五百条,从最早的开始", Tag: "消息", Status: http.StatusAccepted,
		Errors: []*fault.Fault{fault.ErrInvalid, messages.ErrNothing, db.ErrKeyReused},
	}, func(ctx context.Context, in *retryMessagesRequest) (*retryMessagesReply, error) {
		b := in.Body
		done, err := s.RetryMany(ctx, messages.RetryMany{Staff: web.Actor(ctx).ID, State: b.State, Template: b.Template, Reason: b.Reason,
			From: b.From, To: b.To, After: b.After, Note: b.Note, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, done.Replayed)
		return &retryMessagesReply{Body: retriedView{done.Found, done.Retried, done.Passed, done.Last, done.More}}, nil
	})
}

type retryMessageRequest struct {
	ID   model.MessageID `path:"id" minimum:"1"`
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"200" doc:"what was mended; kept in the staff trail"`
	}
}

type retryMessagesRequest struct {
	web.Idempotent
	Body struct {
		State    model.MessageState `json:"state" enum:"failed,dead"`
		Template string             `json:"template,omitempty" maxLength:"64" pattern:"^[!-~]*$" doc:"this or reason" example:"visit1"`
		Reason   string             `json:"reason,omitempty" maxLength:"255" doc:"as the messages' list shows it" example:"config"`
		From     time.Time          `json:"from" doc:"queued then or later"`
		To       time.Time          `json:"to" doc:"queued before; at most 30 days after from"`
		After    model.MessageID    `json:"after,omitempty" minimum:"0" doc:"last of the answer before, when there were more"`
		Note     string             `json:"note" minLength:"1" maxLength:"200" doc:"what was mended; kept in the staff trail"`
	}
}

type retryMessagesReply struct{ Body retriedView }

type retriedView struct {
	Found   int64            `json:"found" doc:"looked at; at most 500"`
	Retried int64            `json:"retried" doc:"wait to be sent again"`
	Passed  map[string]int64 `json:"passed" doc:"how many stay as they are, by the code of the reason"`
	Last    model.MessageID  `json:"last" doc:"the last one looked at"`
	More    bool             `json:"more" doc:"others behind last wait for a request of their own"`
}
