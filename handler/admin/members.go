package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/members"
	"huitou/service/staff"
)

// Members declares how staff look members up and mend what a member has told wrongly. Phone numbers are shown masked, years of birth not at all.
func Members(r *web.Routes, s *members.Service) {
	faults := []*fault.Fault{members.ErrUnknown}
	web.Get(r, "/members", web.Staff(staff.MembersRead), web.Doc{ID: "find-member", Summary: "按手机号或会员号查找会员", Tag: "会员", Errors: faults},
		func(ctx context.Context, in *findMemberRequest) (*memberReply, error) {
			id, err := s.Find(ctx, members.Ref{Phone: in.Phone, Number: in.Number})
			if err != nil {
				return nil, err
			}
			return member(ctx, s, id)
		})
	web.Get(r, "/members/{id}", web.Staff(staff.MembersRead), web.Doc{ID: "member", Summary: "会员详情", Tag: "会员", Errors: faults},
		func(ctx context.Context, in *memberRequest) (*memberReply, error) { return member(ctx, s, in.ID) })
	web.Put(r, "/members/{id}/birthday", web.Staff(staff.MembersCorrect), web.Doc{
		ID: "correct-birthday", Summary: "更正会员生日,须写明原因", Tag: "会员", Status: http.StatusNoContent,
		Errors: []*fault.Fault{fault.ErrInvalid, members.ErrUnknown},
	}, func(ctx context.Context, in *correctBirthdayRequest) (*struct{}, error) {
		b := in.Body
		return nil, s.CorrectBirthday(ctx, members.CorrectBirthday{Staff: web.Actor(ctx).ID, Member: in.ID,
			BirthDate: model.BirthDate{Month: b.Month, Day: b.Day, Year: b.Year}, Reason: b.Reason})
	})
}

func member(ctx context.Context, s *members.Service, id model.MemberID) (*memberReply, error) {
	v, err := s.Member(ctx, id)
	if err != nil {
		return nil, err
	}
	return &memberReply{Body: memberView{v.ID, v.Number, v.Phone, v.Follower, v.JoinedAt, v.FirstOrderAt, v.LastOrderAt, v.Orders, v.Total, birthdayOf(v.Birthday), v.MergedInto}}, nil
}

type findMemberRequest struct {
	Phone  string `query:"phone" maxLength:"24" doc:"a mobile number of mainland China, or with +country code"`
	Number string `query:"number" maxLength:"12" pattern:"^[0-9]*$" doc:"member number, 12 digits"`
}

type memberRequest struct {
	ID model.MemberID `path:"id" minimum:"1"`
}

type memberReply struct{ Body memberView }

type memberView struct {
	ID           model.MemberID `json:"id"`
	Number       string         `json:"number"`
	Phone        string         `json:"phone" doc:"masked, 138****0000; empty when not known"`
	Follower     bool           `json:"follower" doc:"follows the official account"`
	JoinedAt     time.Time      `json:"joined_at"`
	FirstOrderAt *time.Time     `json:"first_order_at"`
	LastOrderAt  *time.Time     `json:"last_order_at"`
	Orders       int64          `json:"orders"`
	TotalFen     model.Fen      `json:"total_fen"`
	Birthday     *birthday      `json:"birthday,omitempty" doc:"month and day, which serve staff; absent when not told"`
	MergedInto   model.MemberID `json:"merged_into" doc:"the member with whom this one has become one; 0 of a member of his own"`
}

type birthday struct {
	Month time.Month `json:"month"`
	Day   int        `json:"day"`
}

func birthdayOf(b *model.BirthDate) *birthday {
	if b == nil {
		return nil
	}
	return &birthday{b.Month, b.Day}
}

type correctBirthdayRequest struct {
	ID   model.MemberID `path:"id" minimum:"1"`
	Body struct {
		Month  time.Month `json:"month" minimum:"1" maximum:"12"`
		Day    int        `json:"day" minimum:"1" maximum:"31"`
		Year   int        `json:"year,omitempty" minimum:"1900" maximum:"9999" doc:"may be left out"`
		Reason string     `json:"reason" minLength:"1" maxLength:"200" doc:"why; kept in the staff trail" example:"证件核对"`
	}
}
