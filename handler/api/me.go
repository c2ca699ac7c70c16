package api

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/members"
)

// Me declares what a shopper sees and changes of himself.
func Me(r *web.Routes, s *members.Service) {
	web.Get(r, "/me", web.Shopper, web.Doc{ID: "me", Summary: "我的会员信息", Tag: "会员"},
		func(ctx context.Context, _ *struct{}) (*meReply, error) {
			v, err := s.Member(ctx, web.Member(ctx))
			if err != nil {
				return nil, err
			}
			return &meReply{Body: meView{v.Number, v.Phone, v.Follower, v.JoinedAt, v.FirstOrderAt, v.LastOrderAt, v.Orders, v.Total}}, nil
		})
	web.Post(r, "/me/phone", web.Shopper, web.Doc{
		ID: "bind-phone", Summary: "绑定手机号", Tag: "会员",
		Errors: []*fault.Fault{members.ErrPhoneCode, members.ErrPhone, members.ErrPhoneTaken, members.ErrTooOften, members.ErrWeChat},
	}, func(ctx context.Context, in *bindPhoneRequest) (*bindPhoneReply, error) {
		masked, err := s.BindPhone(ctx, web.Member(ctx), in.Body.Code)
		if err != nil {
			return nil, err
		}
		return &bindPhoneReply{Body: phoneView{masked}}, nil
	})
}

type meReply struct{ Body meView }

type meView struct {
	Number       string     `json:"number" doc:"member number, 12 digits"`
	Phone        string     `json:"phone" doc:"masked, 138****0000; empty when not bound"`
	Follower     bool       `json:"follower" doc:"follows the official account"`
	JoinedAt     time.Time  `json:"joined_at"`
	FirstOrderAt *time.Time `json:"first_order_at"`
	LastOrderAt  *time.Time `json:"last_order_at"`
	Orders       int64      `json:"orders"`
	TotalFen     model.Fen  `json:"total_fen"`
}

type bindPhoneRequest struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"128" pattern:"^[0-9A-Za-z_-]+$" doc:"what the phone button gave; not the code of wx.login"`
	}
}

type bindPhoneReply struct{ Body phoneView }

type phoneView struct {
	Phone string `json:"phone" doc:"masked"`
}
