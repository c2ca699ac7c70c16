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
	"huitou/service/points"
	"huitou/service/staff"
)

// Points declares what staff do with members' points: look at them, correct them, decide on the corrections of others.
func Points(r *web.Routes, s *points.Service, m *members.Service) {
	web.Get(r, "/members/{id}/points", web.Staff(staff.MembersRead), web.Doc{
		ID: "member-points", Summary: "会员积分与各批到期", Tag: "积分", Errors: []*fault.Fault{members.ErrUnknown},
	}, func(ctx context.Context, in *memberPointsRequest) (*memberPointsReply, error) {
		if _, err := m.Member(ctx, in.ID); err != nil {
			return nil, err
		}
		b, err := s.Balance(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &memberPointsReply{Body: memberPointsOf(b)}, nil
	})

	web.Get(r, "/members/{id}/points/entries", web.Staff(staff.MembersRead), web.Doc{
		ID: "member-points-entries", Summary: "会员积分明细", Tag: "积分", Errors: []*fault.Fault{members.ErrUnknown, db.ErrCursor},
	}, func(ctx context.Context, in *memberEntriesRequest) (*memberEntriesReply, error) {
		if _, err := m.Member(ctx, in.ID); err != nil {
			return nil, err
		}
		p, err := s.Statement(ctx, in.ID, in.Page())
		if err != nil {
			return nil, err
		}
		return &memberEntriesReply{Body: memberEntriesOf(p)}, nil
	})

	web.Post(r, "/members/{id}/points/adjustments", web.Staff(staff.PointsAdjust), web.Doc{
		ID: "adjust-points", Summary: "人工调整积分;超过单人额度的须他人审批", Tag: "积分", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, members.ErrUnknown, points.ErrAdjustLimit, points.ErrAdjustDaily, points.ErrInsufficient, points.ErrBalanceLimit, db.ErrKeyReused},
	}, func(ctx context.Context, in *adjustPointsRequest) (*adjustmentReply, error) {
		if _, err := m.Member(ctx, in.ID); err != nil {
			return nil, err
		}
		return adjustmentOf(ctx)(s.Adjust(ctx, in.command(ctx)))
	})

	web.Get(r, "/points/adjustments", web.Staff(staff.PointsApprove), web.Doc{
		ID: "points-adjustments", Summary: "积分调整列表", Tag: "积分", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *adjustmentsRequest) (*adjustmentsReply, error) {
		list, next, err := s.Adjustments(ctx, model.AdjustState(in.State), in.Page())
		if err != nil {
			return nil, err
		}
		out := &adjustmentsReply{Body: adjustmentsView{Adjustments: make([]adjustmentView, len(list)), Next: next}}
		for i, a := range list {
			out.Body.Adjustments[i] = adjustment(a)
		}
		return out, nil
	})

	for _, d := range []struct {
		verb, summary string
		decide        func(context.Context, points.Decide) (points.Adjustment, error)
	}{
		{"approve", "同意积分调整", s.Approve},
		{"refuse", "驳回积分调整", s.Refuse},
	} {
		web.Post(r, "/points/adjustments/{id}/"+d.verb, web.Staff(staff.PointsApprove), web.Doc{
			ID: d.verb + "-points-adjustment", Summary: d.summary, Tag: "积分",
			Errors: []*fault.Fault{fault.ErrInvalid, points.ErrAdjustmentUnknown, points.ErrSelfApproval, points.ErrAdjustmentDecided, points.ErrInsufficient, points.ErrBalanceLimit},
		}, func(ctx context.Context, in *decideRequest) (*adjustmentReply, error) {
			return adjustmentOf(ctx)(d.decide(ctx, points.Decide{Staff: web.Actor(ctx).ID, Adjustment: in.ID, Note: in.Body.Note}))
		})
	}
}

type memberPointsRequest struct {
	ID model.MemberID `path:"id" minimum:"1"`
}

type memberEntriesRequest struct {
	ID model.MemberID `path:"id" minimum:"1"`
	web.Paged
}

type adjustPointsRequest struct {
	web.Idempotent
	ID   model.MemberID `path:"id" minimum:"1"`
	Body struct {
		Points    int64      `json:"points" minimum:"-1000000000" maximum:"1000000000" doc:"正数增加,负数扣减"`
		Code      string     `json:"code" enum:"goodwill,missing,mistake,campaign,fraud,other" doc:"原因代码"`
		Note      string     `json:"note" minLength:"1" maxLength:"200" doc:"原因说明"`
		ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"of points that are given; absent = never"`
	}
}

func (in *adjustPointsRequest) command(ctx context.Context) points.Adjust {
	b := in.Body
	cmd := points.Adjust{Staff: web.Actor(ctx).ID, Member: in.ID, Points: model.Points(b.Points), Code: model.AdjustCode(b.Code), Note: b.Note, Key: in.Key(ctx)}
	if b.ExpiresAt != nil {
		cmd.ExpiresAt = *b.ExpiresAt
	}
	return cmd
}

type adjustmentsRequest struct {
	State string `query:"state" enum:"waiting,applied,refused" doc:"absent = all"`
	web.Paged
}

type decideRequest struct {
	ID   model.AdjustmentID `path:"id" minimum:"1"`
	Body struct {
		Note string `json:"note,omitempty" maxLength:"200" doc:"驳回时必填"`
	}
}

type memberPointsReply struct{ Body memberPointsView }

type memberPointsView struct {
	Active   model.Points         `json:"active" doc:"可用"`
	Pending  model.Points         `json:"pending" doc:"待生效"`
	Held     model.Points         `json:"held" doc:"冻结中"`
	Debt     model.Points         `json:"debt" doc:"欠积分"`
	Expiring []memberExpiringView `json:"expiring" doc:"soonest first, at most 100 lots"`
}

type memberExpiringView struct {
	Lot        int64        `json:"lot" doc:"seq of the entry that earned them"`
	Points     model.Points `json:"points"`
	ActiveFrom time.Time    `json:"active_from"`
	ExpiresAt  time.Time    `json:"expires_at" doc:"first instant at which they cannot be spent"`
}

func memberPointsOf(b points.Balance) memberPointsView {
	v := memberPointsView{b.Active, b.Pending, b.Held, b.Debt, make([]memberExpiringView, len(b.Expiring))}
	for i, e := range b.Expiring {
		v.Expiring[i] = memberExpiringView(e)
	}
	return v
}

type memberEntriesReply struct{ Body memberEntriesView }

type memberEntriesView struct {
	Entries []memberEntryView `json:"entries"`
	Next    string            `json:"next" doc:"cursor of the next page; empty at the end"`
}

type memberEntryView struct {
	Seq     int64              `json:"seq"`
	At      time.Time          `json:"at"`
	Kind    model.PointsKind   `json:"kind" enum:"earn,spend,hold,release,return,expire"`
	Reason  model.PointsReason `json:"reason"`
	Points  model.Points       `json:"points" doc:"positive in, negative out"`
	Balance model.Points       `json:"balance" doc:"可用与待生效之和,该笔之后"`
	Note    string             `json:"note"`
}

func memberEntriesOf(p points.Statement) memberEntriesView {
	v := memberEntriesView{Entries: make([]memberEntryView, len(p.Lines)), Next: p.Next}
	for i, l := range p.Lines {
		v.Entries[i] = memberEntryView{l.Seq, l.At, l.Kind, l.Reason, l.Delta, l.Balance, l.Note}
	}
	return v
}

type adjustmentsReply struct{ Body adjustmentsView }

type adjustmentsView struct {
	Adjustments []adjustmentView `json:"adjustments"`
	Next        string           `json:"next" doc:"cursor of the next page; empty at the end"`
}

type adjustmentReply struct{ Body adjustmentView }

type adjustmentView struct {
	ID           model.AdjustmentID `json:"id"`
	MemberID     model.MemberID     `json:"member_id"`
	Points       model.Points       `json:"points"`
	Code         model.AdjustCode   `json:"code" enum:"goodwill,missing,mistake,campaign,fraud,other"`
	Note         string             `json:"note"`
	ExpiresAt    *time.Time         `json:"expires_at" doc:"null = never"`
	AskedBy      model.StaffID      `json:"asked_by"`
	State        model.AdjustState  `json:"state" enum:"waiting,applied,refused"`
	DecidedBy    model.StaffID      `json:"decided_by" doc:"0 = nobody"`
	DecidedAt    *time.Time         `json:"decided_at"`
	DecisionNote string             `json:"decision_note"`
	CreatedAt    time.Time          `json:"created_at"`
	Entry        int64              `json:"entry" doc:"seq of the entry; 0 while there is none"`
}

func adjustment(a points.Adjustment) adjustmentView {
	return adjustmentView{a.ID, a.Member, a.Points, a.Code, a.Note, a.ExpiresAt, a.Staff, a.State, a.DecidedBy, a.DecidedAt, a.DecisionNote, a.CreatedAt, a.Seq}
}

// adjustmentOf turns what a command returned into the answer.
func adjustmentOf(ctx context.Context) func(points.Adjustment, error) (*adjustmentReply, error) {
	return func(a points.Adjustment, err error) (*adjustmentReply, error) {
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, a.Replayed)
		return &adjustmentReply{Body: adjustment(a)}, nil
	}
}
