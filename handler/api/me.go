package api

import (
	"context"
	"net/http"
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
			return &meReply{Body: meView{v.Number, v.Phone, v.Follower, v.JoinedAt, v.FirstOrderAt, v.LastOrderAt, v.Orders, v.Total, birthdayOf(v.Birthday)}}, nil
		})
	web.Post(r, "/me/phone", web.Shopper, web.Doc{
		ID: "bind-phone", Summary: "绑定手机号", Tag: "会员",
		Errors: []*fault.Fault{members.ErrPhoneCode, members.ErrPhone, members.ErrPhoneTaken, members.ErrTooOften, members.ErrWeChat, members.ErrMerged},
	}, func(ctx context.Context, in *bindPhoneRequest) (*bindPhoneReply, error) {
		masked, err := s.BindPhone(ctx, web.Member(ctx), in.Body.Code)
		if err != nil {
			return nil, err
		}
		return &bindPhoneReply{Body: phoneView{masked}}, nil
	})
	web.Post(r, "/me/phone/codes", web.Shopper, web.Doc{
		ID: "send-phone-code", Summary: "发送短信验证码;无论该号码是否已有会员,应答相同", Tag: "会员", Status: http.StatusAccepted,
		Errors: []*fault.Fault{members.ErrPhone, members.ErrCodeTooOften, members.ErrNoCodes, members.ErrMerged},
	}, func(ctx context.Context, in *phoneCodeRequest) (*phoneCodeReply, error) {
		sent, err := s.AskCode(ctx, web.Member(ctx), in.Body.Phone, web.ClientIP(ctx))
		if err != nil {
			return nil, err
		}
		return &phoneCodeReply{Body: phoneCodeView(sent)}, nil
	})
	web.Post(r, "/me/phone/verify", web.Shopper, web.Doc{
		ID: "verify-phone-code", Summary: "用短信验证码绑定手机号", Tag: "会员",
		Errors: []*fault.Fault{members.ErrCode, members.ErrPhoneTaken, members.ErrMerged},
	}, func(ctx context.Context, in *verifyPhoneRequest) (*bindPhoneReply, error) {
		masked, err := s.VerifyCode(ctx, web.Member(ctx), in.Body.Code)
		if err != nil {
			return nil, err
		}
		return &bindPhoneReply{Body: phoneView{masked}}, nil
	})
	web.Put(r, "/me/birthday", web.Shopper, web.Doc{
		ID: "set-birthday", Summary: "填写生日,只能填写一次", Tag: "会员", Status: http.StatusNoContent,
		Errors: []*fault.Fault{fault.ErrInvalid, members.ErrBirthdaySet},
	}, func(ctx context.Context, in *birthdayRequest) (*struct{}, error) {
		return nil, s.SetBirthday(ctx, web.Member(ctx), model.BirthDate(in.Body))
	})
}

type phoneCodeRequest struct {
	Body struct {
		Phone string `json:"phone" minLength:"7" maxLength:"24" example:"13800138000" doc:"a mobile number of mainland China, or with +country code"`
	}
}

type phoneCodeReply struct{ Body phoneCodeView }

type phoneCodeView struct {
	Phone     string    `json:"phone" doc:"masked"`
	ExpiresAt time.Time `json:"expires_at"`
	Again     time.Time `json:"again" doc:"when another code may be asked for"`
}

type verifyPhoneRequest struct {
	Body struct {
		Code string `json:"code" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" example:"042137"`
	}
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
	Birthday     *birthday  `json:"birthday,omitempty" doc:"absent when not told"`
}

type birthday struct {
	Month time.Month `json:"month" minimum:"1" maximum:"12" example:"2"`
	Day   int        `json:"day" minimum:"1" maximum:"31" example:"29"`
	Year  int        `json:"year,omitempty" minimum:"1900" maximum:"9999" example:"1990" doc:"may be left out"`
}

func birthdayOf(b *model.BirthDate) *birthday {
	if b == nil {
		return nil
	}
	out := birthday(*b)
	return &out
}

type birthdayRequest struct{ Body birthday }

type bindPhoneRequest struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"128" pattern:"^[0-9A-Za-z_-]+$" doc:"what the phone button gave; not the code of wx.login"`
	}
}

type bindPhoneReply struct{ Body phoneView }

type phoneView struct {
	Phone string `json:"phone" doc:"masked"`
}
