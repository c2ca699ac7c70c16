package admin

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/messages"
	"huitou/service/staff"
)

// contactRules declares how staff see what a member agreed to, and note that he is not to be contacted.
func contactRules(r *web.Routes, s *messages.Service) {
	web.Get(r, "/members/{id}/consents", web.Staff(staff.MessagesRead), web.Doc{
		ID: "member-consents", Summary: "会员的一次性订阅授权,新的在前", Tag: "消息", Errors: []*fault.Fault{messages.ErrNoMember},
	}, func(ctx context.Context, in *contactRequest) (*consentsReply, error) {
		list, err := s.Consents(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out := &consentsReply{}
		out.Body.Consents = make([]consentView, 0, len(list))
		for _, c := range list {
			out.Body.Consents = append(out.Body.Consents, consentView{
				string(c.Channel), c.Template, c.TemplateID, string(c.State), c.GrantedAt, c.UsedAt, c.Message, c.ClearedAt, c.ClearedWhy,
			})
		}
		return out, nil
	})
	web.Get(r, "/members/{id}/do-not-contact", web.Staff(staff.MessagesRead), web.Doc{
		ID: "do-not-contact", Summary: "会员的勿扰记录,包括已解除的", Tag: "消息", Errors: []*fault.Fault{messages.ErrNoMember},
	}, func(ctx context.Context, in *contactRequest) (*stopsReply, error) {
		list, err := s.Stops(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out := &stopsReply{}
		out.Body.Stops = make([]stopView, 0, len(list))
		for _, row := range list {
			out.Body.Stops = append(out.Body.Stops, stopViewOf(row))
		}
		return out, nil
	})
	web.Post(r, "/members/{id}/do-not-contact", web.Staff(staff.MessagesStop), web.Doc{
		ID: "stop-contact", Summary: "登记勿扰;已有相同范围和渠道的记录时原样返回", Tag: "消息", Errors: []*fault.Fault{messages.ErrNoMember, messages.ErrStopInvalid},
	}, func(ctx context.Context, in *stopRequest) (*stopReply, error) {
		row, err := s.Stop(ctx, messages.Stop{
			Staff: web.Actor(ctx).ID, Member: in.ID, Scope: model.ContactScope(in.Body.Scope), Channel: model.MessageChannel(in.Body.Channel),
			Reason: in.Body.Reason, Note: in.Body.Note,
		})
		if err != nil {
			return nil, err
		}
		return &stopReply{Body: stopViewOf(row)}, nil
	})
	web.Post(r, "/members/{id}/do-not-contact/{stop}/lift", web.Staff(staff.MessagesLift), web.Doc{
		ID: "lift-contact", Summary: "解除勿扰", Tag: "消息", Status: 204, Errors: []*fault.Fault{messages.ErrStopInvalid, messages.ErrStopUnknown},
	}, func(ctx context.Context, in *liftRequest) (*struct{}, error) {
		return nil, s.Lift(ctx, messages.Lift{Staff: web.Actor(ctx).ID, Member: in.ID, ID: in.Stop, Note: in.Body.Note})
	})
}

type contactRequest struct {
	ID model.MemberID `path:"id" minimum:"1"`
}

type consentsReply struct {
	Body struct {
		Consents []consentView `json:"consents"`
	}
}

type consentView struct {
	Channel    string          `json:"channel" enum:"oa_subscribe,mini_subscribe"`
	Template   string          `json:"template" doc:"our name; empty when none of our messages uses it"`
	TemplateID string          `json:"template_id"`
	State      string          `json:"state" enum:"open,used,cleared"`
	GrantedAt  time.Time       `json:"granted_at"`
	UsedAt     *time.Time      `json:"used_at"`
	MessageID  model.MessageID `json:"message_id" doc:"0 when not used"`
	ClearedAt  *time.Time      `json:"cleared_at"`
	ClearedWhy string          `json:"cleared_why"`
}

type stopsReply struct {
	Body struct {
		Stops []stopView `json:"stops"`
	}
}

type stopRequest struct {
	ID   model.MemberID `path:"id" minimum:"1"`
	Body struct {
		Scope   string `json:"scope" enum:"marketing,care,all" doc:"care stops marketing too, all stops everything"`
		Channel string `json:"channel,omitempty" enum:"oa_template,oa_subscribe,mini_subscribe,customer_service,sms" doc:"missing: every channel"`
		Reason  string `json:"reason" enum:"unsubscribed,complaint,staff,bounced"`
		Note    string `json:"note,omitempty" maxLength:"200"`
	}
}

type stopReply struct{ Body stopView }

type stopView struct {
	ID         int64         `json:"id"`
	Scope      string        `json:"scope" enum:"marketing,care,all"`
	Channel    string        `json:"channel" doc:"empty: every channel"`
	Reason     string        `json:"reason"`
	Note       string        `json:"note"`
	StaffID    model.StaffID `json:"staff_id" doc:"0: the member himself"`
	Since      time.Time     `json:"since"`
	LiftedAt   *time.Time    `json:"lifted_at"`
	LiftedBy   model.StaffID `json:"lifted_by"`
	LiftedNote string        `json:"lifted_note"`
}

type liftRequest struct {
	ID   model.MemberID `path:"id" minimum:"1"`
	Stop int64          `path:"stop" minimum:"1"`
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"200" doc:"why"`
	}
}

func stopViewOf(r model.DoNotContact) stopView {
	return stopView{r.ID, string(r.Scope), string(r.Channel), r.Reason, r.Note, r.StaffID, r.Since, r.LiftedAt, r.LiftedBy, r.LiftedNote}
}
