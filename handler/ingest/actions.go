package ingest

import (
	"context"
	"net/http"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/earning"
	"huitou/service/members"
)

// Actions declares how a shop's system tells of a review, an answered survey or a birthday that is to be rewarded.
func Actions(r *web.Routes, s *earning.Service, find func(ctx context.Context, ref members.Ref) (model.MemberID, error)) {
	web.Post(r, "/actions", web.Shop, web.Doc{
		ID: "ingest-action", Summary: "上报评价、问卷、生日,按规则奖励积分;同一 key 只奖励一次。关注、分享不在其中,平台规则禁止奖励", Tag: "积分", Status: http.StatusCreated, Known: http.StatusOK,
		Errors: []*fault.Fault{fault.ErrInvalid, members.ErrUnknown, members.ErrAmbiguous, earning.ErrActionOff, earning.ErrActionLimit},
	}, func(ctx context.Context, in *actionRequest) (*actionReply, error) {
		source := web.ShopSource(ctx)
		member, err := find(ctx, in.Body.Member.ref(source))
		if err != nil {
			return nil, err
		}
		// The hash keeps the keys of two systems apart and within the length that the ledger takes.
		done, err := s.Action(ctx, earning.Act{Member: member, Action: in.Body.Action, Key: db.HashInput([]string{source, in.Body.Key})})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, !done.Fresh)
		out := &actionReply{http.StatusOK, actionView{member, done.Points, done.Fresh}}
		if done.Fresh {
			out.Status = http.StatusCreated
		}
		return out, nil
	})
}

type actionRequest struct {
	Body struct {
		Action model.EarningAction `json:"action" enum:"survey,review,birthday"`
		Key    string              `json:"key" minLength:"1" maxLength:"64" pattern:"^[!-~]+$" doc:"names the occasion for this member and action, for ever: review:1001:2"`
		Member ingestedMember      `json:"member" doc:"who is not known is not made"`
	}
}

type actionReply struct {
	Status int // 201 for a new reward, 200 for one that was given before
	Body   actionView
}

type actionView struct {
	MemberID model.MemberID `json:"member_id"`
	Points   model.Points   `json:"points"`
	Fresh    bool           `json:"fresh" doc:"false: rewarded before"`
}
