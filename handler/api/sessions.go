package api

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model/fault"
	"huitou/service/members"
)

// Sessions declares how a shopper signs in and out.
func Sessions(r *web.Routes, s *members.Service) {
	web.Post(r, "/sessions", web.Anyone, web.Doc{
		ID: "sign-in", Summary: "微信登录", Tag: "会员", Status: http.StatusCreated,
		Errors: []*fault.Fault{members.ErrLoginCode, members.ErrRefused, members.ErrTooOften, members.ErrWeChat},
	}, func(ctx context.Context, in *signInRequest) (*signInReply, error) {
		opened, err := s.SignIn(ctx, in.Body.Code)
		if err != nil {
			return nil, err
		}
		return &signInReply{Body: sessionView{opened.Token, opened.ExpiresAt, opened.New}}, nil
	})
	web.Delete(r, "/sessions/current", web.Shopper, web.Doc{
		ID: "sign-out", Summary: "退出登录", Tag: "会员", Status: http.StatusNoContent,
	}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		return nil, s.SignOut(ctx, web.Token(ctx))
	})
}

type signInRequest struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"128" pattern:"^[0-9A-Za-z_-]+$" doc:"what wx.login gave; it works once and for five minutes"`
	}
}

type signInReply struct{ Body sessionView }

type sessionView struct {
	Token     string    `json:"token" doc:"send it as Authorization: Bearer; it cannot be read again"`
	ExpiresAt time.Time `json:"expires_at"`
	New       bool      `json:"new" doc:"the shopper was not a member before"`
}
