package admin

import (
	"context"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/messages"
	"huitou/service/staff"
)

// messageTemplates declares how staff see what the messages are set up with, and whom they can still reach.
func messageTemplates(r *web.Routes, s *messages.Service) {
	web.Get(r, "/message-templates", web.Staff(staff.MessagesRead), web.Doc{
		ID: "message-templates", Summary: "消息模板:渠道、问题,以及还能用一次性订阅触达多少会员", Tag: "消息",
	}, func(ctx context.Context, _ *struct{}) (*messageTemplatesReply, error) {
		reach, err := s.Reachable(ctx)
		if err != nil {
			return nil, err
		}
		return &messageTemplatesReply{Body: messageTemplatesView{setUp(s), reachViews(reach), problemViews(s.Problems())}}, nil
	})
	web.Get(r, "/message-templates/{name}/reach", web.Staff(staff.MessagesRead), web.Doc{
		ID: "message-reach", Summary: "还能用该模板的一次性订阅触达的会员,按编号", Tag: "消息", Errors: []*fault.Fault{messages.ErrNoForm},
	}, func(ctx context.Context, in *reachRequest) (*reachReply, error) {
		ids, err := s.ReachableMembers(ctx, in.Name, model.MessageChannel(in.Channel), in.After, in.Limit)
		if err != nil {
			return nil, err
		}
		out := &reachReply{}
		if out.Body.Members = ids; ids == nil {
			out.Body.Members = []model.MemberID{}
		}
		return out, nil
	})
}

type messageTemplatesReply struct{ Body messageTemplatesView }

type messageTemplatesView struct {
	Templates []messageTemplateView `json:"templates"`
	Reach     []reachView           `json:"reach"`
	Problems  []problemView         `json:"problems" doc:"what is wrong with the set-up; empty when all is well"`
}

type messageTemplateView struct {
	Name     string   `json:"name"`
	Purpose  string   `json:"purpose" enum:"service,care,marketing"`
	Channels []string `json:"channels" doc:"tried in this order"`
}

type reachView struct {
	Template   string `json:"template"`
	Channel    string `json:"channel" enum:"oa_subscribe,mini_subscribe"`
	TemplateID string `json:"template_id" doc:"the platform's"`
	Members    int64  `json:"members"`
	Consents   int64  `json:"consents" doc:"open ones; each pays for one message"`
}

type problemView struct {
	Template string `json:"template"`
	Channel  string `json:"channel"`
	Field    string `json:"field"`
	Rule     string `json:"rule" doc:"the platform's rule that is broken; empty for other problems"`
	Says     string `json:"says"`
}

type reachRequest struct {
	Name    string         `path:"name" minLength:"1" maxLength:"64" pattern:"^[!-~]+$"`
	Channel string         `query:"channel" required:"true" enum:"oa_subscribe,mini_subscribe"`
	After   model.MemberID `query:"after" minimum:"0" doc:"members after this one"`
	Limit   int            `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type reachReply struct {
	Body struct {
		Members []model.MemberID `json:"members"`
	}
}

func setUp(s *messages.Service) []messageTemplateView {
	out := []messageTemplateView{}
	for _, t := range s.SetUp() {
		v := messageTemplateView{Name: t.Name, Purpose: string(t.Purpose), Channels: []string{}}
		for _, c := range t.Channels {
			v.Channels = append(v.Channels, string(c))
		}
		out = append(out, v)
	}
	return out
}

func reachViews(list []messages.Reach) []reachView {
	out := make([]reachView, 0, len(list))
	for _, r := range list {
		out = append(out, reachView{r.Template, string(r.Channel), r.TemplateID, r.Members, r.Consents})
	}
	return out
}

func problemViews(list []messages.Problem) []problemView {
	out := make([]problemView, 0, len(list))
	for _, p := range list {
		out = append(out, problemView{p.Template, string(p.Channel), p.Field, string(p.Rule), p.Says})
	}
	return out
}
