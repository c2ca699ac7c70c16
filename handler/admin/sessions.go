package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model/fault"
	"huitou/service/staff"
)

// Sessions declares how staff sign in and out.
func Sessions(r *web.Routes, s *staff.Service) {
	web.Post(r, "/sessions", web.Anyone, web.Doc{
		ID: "staff-sign-in", Summary: "员工登录", Tag: "员工", Status: http.StatusCreated,
		Errors: []*fault.Fault{staff.ErrCredentials, staff.ErrTooManyAttempts},
	}, func(ctx context.Context, in *signInRequest) (*signInReply, error) {
		opened, err := s.SignIn(ctx, in.Body.Name, in.Body.Password, web.ClientIP(ctx))
		if err != nil {
			return nil, err
		}
		return &signInReply{Body: sessionView{opened.Token, opened.ExpiresAt, opened.Actor.Name, string(opened.Actor.Role)}}, nil
	})
	web.Delete(r, "/sessions/current", web.SignedIn, web.Doc{
		ID: "staff-sign-out", Summary: "员工退出登录", Tag: "员工", Status: http.StatusNoContent,
	}, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		return nil, s.SignOut(ctx, web.Token(ctx))
	})
}

type signInRequest struct {
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"32"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

type signInReply struct{ Body sessionView }

type sessionView struct {
	Token     string    `json:"token" doc:"send it as Authorization: Bearer; it cannot be read again"`
	ExpiresAt time.Time `json:"expires_at"`
	Name      string    `json:"name"`
	Role      string    `json:"role" enum:"owner,manager,clerk"`
}
