package admin

import (
	"context"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/members"
	"huitou/service/merges"
	"huitou/service/staff"
)

// Merges declares what staff do about two members who are one person.
func Merges(r *web.Routes, s *merges.Service) {
	web.Get(r, "/members/{id}/merge-candidates", web.Staff(staff.MembersMerge), web.Doc{ID: "merge-candidates", Summary: "可能是同一个人的会员", Tag: "会员合并", Errors: []*fault.Fault{members.ErrUnknown}},
		func(ctx context.Context, in *memberRequest) (*candidatesReply, error) {
			list, err := s.Candidates(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out := &candidatesReply{}
			out.Body.Candidates = make([]candidateView, len(list))
			for i, c := range list {
				out.Body.Candidates[i] = candidateView(c)
			}
			return out, nil
		})

	web.Get(r, "/merges/preview", web.Staff(staff.MembersMerge), web.Doc{
		ID: "preview-merge", Summary: "预览合并会转移什么,不作任何改动", Tag: "会员合并", Errors: []*fault.Fault{fault.ErrInvalid, members.ErrUnknown},
	}, func(ctx context.Context, in *previewRequest) (*previewReply, error) {
		p, err := s.Preview(ctx, in.From, in.To)
		if err != nil {
			return nil, err
		}
		return &previewReply{Body: previewOf(p)}, nil
	})

	web.Post(r, "/merge-requests", web.Staff(staff.MembersMerge), web.Doc{
		ID: "ask-for-merge", Summary: "申请合并两位会员,须他人审批", Tag: "会员合并", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, members.ErrUnknown, merges.ErrPending, merges.ErrMergedAlready, merges.ErrTwoShoppers, db.ErrKeyReused},
	}, func(ctx context.Context, in *askMergeRequest) (*mergeRequestReply, error) {
		return mergeRequestOf(ctx)(s.Ask(ctx, merges.Ask{Staff: web.Actor(ctx).ID, From: in.Body.From, To: in.Body.To, Reason: in.Body.Reason, Key: in.Key(ctx)}))
	})

	web.Get(r, "/merge-requests", web.Staff(staff.MembersMerge), web.Doc{
		ID: "merge-requests", Summary: "合并申请列表,从新到旧", Tag: "会员合并", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *mergeRequestsRequest) (*mergeRequestsReply, error) {
		list, next, err := s.Requests(ctx, model.MergeRequestState(in.State), in.Page())
		if err != nil {
			return nil, err
		}
		out := &mergeRequestsReply{}
		out.Body.Next, out.Body.Requests = next, make([]mergeRequestView, len(list))
		for i, q := range list {
			out.Body.Requests[i] = mergeRequest(q)
		}
		return out, nil
	})

	for _, d := range []struct {
		verb, summary string
		decide        func(context.Context, merges.Decide) (merges.Request, error)
	}{
		{"approve", "同意合并,立即执行", s.Approve},
		{"refuse", "驳回合并申请", s.Refuse},
	} {
		web.Post(r, "/merge-requests/{id}/"+d.verb, web.Staff(staff.MembersMerge), web.Doc{
			ID: d.verb + "-merge", Summary: d.summary, Tag: "会员合并",
			Errors: []*fault.Fault{fault.ErrInvalid, merges.ErrRequestUnknown, merges.ErrSelfDecision, merges.ErrDecided, merges.ErrMergedAlready, merges.ErrTwoShoppers},
		}, func(ctx context.Context, in *decideMergeRequest) (*mergeRequestReply, error) {
			return mergeRequestOf(ctx)(d.decide(ctx, merges.Decide{Staff: web.Actor(ctx).ID, Request: in.ID, Note: in.Body.Note}))
		})
	}

	web.Get(r, "/merges", web.Staff(staff.MembersMerge), web.Doc{ID: "merges", Summary: "合并记录,从新到旧", Tag: "会员合并", Errors: []*fault.Fault{db.ErrCursor}},
		func(ctx context.Context, in *mergesRequest) (*mergesReply, error) {
			list, next, err := s.Merges(ctx, in.Member, in.Page())
			if err != nil {
				return nil, err
			}
			out := &mergesReply{}
			out.Body.Next, out.Body.Merges = next, make([]mergeView, len(list))
			for i, m := range list {
				out.Body.Merges[i] = mergeOf(m)
			}
			return out, nil
		})

	web.Get(r, "/merges/{id}", web.Staff(staff.MembersMerge), web.Doc{ID: "merge", Summary: "一次合并及其转移的行数", Tag: "会员合并", Errors: []*fault.Fault{merges.ErrUnknown}},
		func(ctx context.Context, in *mergeRequestID) (*mergeReply, error) {
			m, err := s.Merge(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &mergeReply{Body: mergeOf(m)}, nil
		})

	web.Post(r, "/merges/{id}/split", web.Staff(staff.MembersMerge), web.Doc{
		ID: "split-merge", Summary: "拆分:转移的每一行退回原会员", Tag: "会员合并",
		Errors: []*fault.Fault{fault.ErrInvalid, merges.ErrUnknown, merges.ErrSplit, merges.ErrSplitOrder},
	}, func(ctx context.Context, in *splitRequest) (*mergeReply, error) {
		m, err := s.Split(ctx, merges.Split{Staff: web.Actor(ctx).ID, Merge: in.ID, Reason: in.Body.Reason})
		if err != nil {
			return nil, err
		}
		return &mergeReply{Body: mergeOf(m)}, nil
	})
}

type candidatesReply struct {
	Body struct {
		Candidates []candidateView `json:"candidates"`
	}
}

type candidateView struct {
	Member model.MemberID `json:"member"`
	Why    string         `json:"why"`
}

type previewRequest struct {
	From model.MemberID `query:"from" minimum:"1" required:"true" doc:"会员,并入后不再单独存在"`
	To   model.MemberID `query:"to" minimum:"1" required:"true" doc:"保留的会员"`
}

type previewReply struct{ Body previewView }

type previewView struct {
	From        model.MemberID `json:"from"`
	To          model.MemberID `json:"to"`
	Against     string         `json:"against" doc:"code of the fault that makes the merge impossible; empty when none is known"`
	TwoUnionIDs bool           `json:"two_unionids" doc:"WeChat knows them as two persons"`
	TwoPhones   bool           `json:"two_phones" doc:"the number of the emptied member stays as an alias"`
	Parts       []previewPart  `json:"parts"`
}

type previewPart struct {
	Name string `json:"name"`
	Says string `json:"says" doc:"the rule"`
	Rows int64  `json:"rows"`
}

func previewOf(p merges.Preview) previewView {
	v := previewView{From: p.From, To: p.To, TwoUnionIDs: p.TwoUnionIDs, TwoPhones: p.TwoPhones, Parts: make([]previewPart, len(p.Parts))}
	if p.Against != nil {
		v.Against = p.Against.Code
	}
	for i, part := range p.Parts {
		v.Parts[i] = previewPart(part)
	}
	return v
}

type askMergeRequest struct {
	web.Idempotent
	Body struct {
		From   model.MemberID `json:"from" minimum:"1" doc:"并入的会员"`
		To     model.MemberID `json:"to" minimum:"1" doc:"保留的会员"`
		Reason string         `json:"reason" minLength:"1" maxLength:"200" doc:"依据,写入员工操作记录" example:"到店核对身份证与手机号"`
	}
}

type mergeRequestsRequest struct {
	State string `query:"state" enum:"waiting,merged,refused" doc:"empty: all"`
	web.Paged
}

type mergeRequestsReply struct {
	Body struct {
		Requests []mergeRequestView `json:"requests"`
		Next     string             `json:"next" doc:"cursor of the next page; empty on the last"`
	}
}

type mergeRequestReply struct{ Body mergeRequestView }

type mergeRequestView struct {
	ID           model.MergeRequestID    `json:"id"`
	From         model.MemberID          `json:"from"`
	To           model.MemberID          `json:"to"`
	Cause        model.MergeCause        `json:"cause" enum:"phone,unionid,staff"`
	Reason       string                  `json:"reason" doc:"by staff, or the code of what keeps the program from merging by itself"`
	AskedBy      model.StaffID           `json:"asked_by" doc:"0: the program"`
	State        model.MergeRequestState `json:"state" enum:"waiting,merged,refused"`
	DecidedBy    model.StaffID           `json:"decided_by"`
	DecidedAt    *time.Time              `json:"decided_at"`
	DecisionNote string                  `json:"decision_note"`
	MergeID      model.MergeID           `json:"merge_id" doc:"0 while there is none"`
	CreatedAt    time.Time               `json:"created_at"`
}

func mergeRequest(q merges.Request) mergeRequestView {
	return mergeRequestView{q.ID, q.From, q.To, q.Cause, q.Reason, q.AskedBy, q.State, q.DecidedBy, q.DecidedAt, q.DecisionNote, q.Merge, q.CreatedAt}
}

func mergeRequestOf(ctx context.Context) func(merges.Request, error) (*mergeRequestReply, error) {
	return func(q merges.Request, err error) (*mergeRequestReply, error) {
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, q.Replayed)
		return &mergeRequestReply{Body: mergeRequest(q)}, nil
	}
}

type decideMergeRequest struct {
	ID   model.MergeRequestID `path:"id" minimum:"1"`
	Body struct {
		Note string `json:"note,omitempty" maxLength:"200" doc:"required to refuse"`
	}
}

type mergesRequest struct {
	Member model.MemberID `query:"member_id" minimum:"0" doc:"0: all"`
	web.Paged
}

type mergesReply struct {
	Body struct {
		Merges []mergeView `json:"merges"`
		Next   string      `json:"next" doc:"cursor of the next page; empty on the last"`
	}
}

type mergeRequestID struct {
	ID model.MergeID `path:"id" minimum:"1"`
}

type splitRequest struct {
	ID   model.MergeID `path:"id" minimum:"1"`
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"why they are two persons; kept in the staff trail"`
	}
}

type mergeReply struct{ Body mergeView }

type mergeView struct {
	ID          model.MergeID    `json:"id"`
	From        model.MemberID   `json:"from"`
	To          model.MemberID   `json:"to"`
	Cause       model.MergeCause `json:"cause" enum:"phone,unionid,staff"`
	Reason      string           `json:"reason"`
	AskedBy     model.StaffID    `json:"asked_by"`
	DecidedBy   model.StaffID    `json:"decided_by" doc:"0: nothing spoke against it"`
	At          time.Time        `json:"at"`
	SplitAt     *time.Time       `json:"split_at"`
	SplitBy     model.StaffID    `json:"split_by"`
	SplitReason string           `json:"split_reason"`
	Moved       map[string]int64 `json:"moved,omitempty" doc:"rows by part"`
}

func mergeOf(m merges.Merge) mergeView {
	return mergeView{m.ID, m.From, m.To, m.Cause, m.Reason, m.AskedBy, m.DecidedBy, m.At, m.SplitAt, m.SplitBy, m.SplitReason, m.Moved}
}
