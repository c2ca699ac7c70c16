package api

import (
	"context"
	"strings"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/points"
)

// Points declares what a shopper sees of his points.
func Points(r *web.Routes, s *points.Service) {
	web.Get(r, "/me/points", web.Shopper, web.Doc{
		ID: "points-balance", Summary: "我的积分", Tag: "积分",
	}, func(ctx context.Context, _ *struct{}) (*pointsBalanceReply, error) {
		b, err := s.Balance(ctx, web.Member(ctx))
		if err != nil {
			return nil, err
		}
		return &pointsBalanceReply{Body: pointsBalanceOf(b)}, nil
	})

	web.Get(r, "/me/points/entries", web.Shopper, web.Doc{
		ID: "points-statement", Summary: "积分明细,从新到旧", Tag: "积分", Errors: []*fault.Fault{db.ErrCursor},
	}, func(ctx context.Context, in *pointsStatementRequest) (*pointsStatementReply, error) {
		p, err := s.Statement(ctx, web.Member(ctx), in.Page())
		if err != nil {
			return nil, err
		}
		return &pointsStatementReply{Body: pointsStatementOf(p)}, nil
	})
}

type pointsBalanceReply struct{ Body pointsBalance }

type pointsBalance struct {
	Active   model.Points     `json:"active" doc:"可用"`
	Pending  model.Points     `json:"pending" doc:"待生效"`
	Held     model.Points     `json:"held" doc:"冻结中"`
	Debt     model.Points     `json:"debt" doc:"欠积分;今后获得的积分先抵还"`
	Expiring []pointsExpiring `json:"expiring" doc:"有到期日的积分,最先到期的在前,至多 100 批"`
}

type pointsExpiring struct {
	Lot        int64        `json:"lot" doc:"seq of the entry that earned them"`
	Points     model.Points `json:"points"`
	ActiveFrom time.Time    `json:"active_from"`
	ExpiresAt  time.Time    `json:"expires_at" doc:"first instant at which they cannot be spent"`
}

func pointsBalanceOf(b points.Balance) pointsBalance {
	v := pointsBalance{Active: b.Active, Pending: b.Pending, Held: b.Held, Debt: b.Debt, Expiring: make([]pointsExpiring, len(b.Expiring))}
	for i, e := range b.Expiring {
		v.Expiring[i] = pointsExpiring(e)
	}
	return v
}

type pointsStatementRequest struct {
	web.Paged
}

type pointsStatementReply struct{ Body pointsStatement }

type pointsStatement struct {
	Entries []pointsEntry `json:"entries"`
	Next    string        `json:"next" doc:"cursor of the next page; empty at the end"`
}

type pointsEntry struct {
	Seq     int64              `json:"seq"`
	At      time.Time          `json:"at"`
	Kind    model.PointsKind   `json:"kind" enum:"earn,spend,hold,release,return,expire"`
	Reason  model.PointsReason `json:"reason"`
	Title   string             `json:"title" example:"消费得积分"`
	Points  model.Points       `json:"points" doc:"positive in, negative out"`
	Balance model.Points       `json:"balance" doc:"可用与待生效之和,该笔之后"`
	Note    string             `json:"note"`
	Lot     *pointsEntryLot    `json:"lot,omitempty" doc:"of entries that earned points"`
}

type pointsEntryLot struct {
	State      model.PointsLotState `json:"state" enum:"pending,active,consumed,expired"`
	Remaining  model.Points         `json:"remaining"`
	ActiveFrom *time.Time           `json:"active_from" doc:"null = when the order is completed"`
	ExpiresAt  *time.Time           `json:"expires_at" doc:"null = never"`
}

func pointsStatementOf(p points.Statement) pointsStatement {
	v := pointsStatement{Entries: make([]pointsEntry, len(p.Lines)), Next: p.Next}
	for i, l := range p.Lines {
		v.Entries[i] = pointsEntry{Seq: l.Seq, At: l.At, Kind: l.Kind, Reason: l.Reason, Title: pointsTitle(l.Reason, l.Source),
			Points: l.Delta, Balance: l.Balance, Note: l.Note, Lot: (*pointsEntryLot)(l.Lot)}
	}
	return v
}

// pointsTitle says in words what an entry was for. Several occasions share a reason; their natural keys begin differently.
func pointsTitle(reason model.PointsReason, source string) string {
	for _, o := range pointsOccasions {
		if o.reason == reason && strings.HasPrefix(source, o.begins) {
			return o.title
		}
	}
	return pointsTitles[reason]
}

var pointsOccasions = []struct {
	reason        model.PointsReason
	begins, title string
}{
	{model.PointsForOrder, "membership-birthday:", "会员卡生日礼"},
	{model.PointsForOrder, "period:", "会员卡开卡礼"},
	{model.PointsForAction, "action:birthday:", "生日礼"},
	{model.PointsForAction, "action:check_in:", "签到"},
	{model.PointsForAction, "action:review:", "评价商品"},
	{model.PointsForAction, "action:survey:", "填写问卷"},
	{model.PointsForAction, "survey:", "填写问卷"},
	{model.PointsClawedBack, "membership:", "会员卡退款扣回"},
}

var pointsTitles = map[model.PointsReason]string{
	model.PointsForOrder:   "消费得积分",
	model.PointsForAction:  "活动得积分",
	model.PointsOpening:    "期初积分",
	model.PointsAdjusted:   "人工调整",
	model.PointsForGift:    "兑换礼品",
	model.PointsForCash:    "积分抵现",
	model.PointsClawedBack: "退货扣回",
	model.PointsMergedIn:   "账户合并转入",
	model.PointsMergedOut:  "账户合并转出",
	model.PointsAdvanced:   "欠积分",
	model.PointsDebtPaid:   "抵还欠积分",
	model.PointsLapsed:     "积分过期",
	model.PointsHoldEnded:  "积分解冻",
	model.PointsGivenBack:  "积分退回",
}
