package api

import (
	"context"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/service/tiers"
)

// Tiers declares what a shopper sees of the free levels.
func Tiers(r *web.Routes, s *tiers.Service) {
	web.Get(r, "/me/tier", web.Shopper, web.Doc{
		ID: "read-tier", Summary: "我的等级", Tag: "等级",
	}, func(ctx context.Context, _ *struct{}) (*tierReply, error) {
		t, err := s.Current(ctx, web.Member(ctx))
		if err != nil {
			return nil, err
		}
		return &tierReply{Body: tierOf(t)}, nil
	})

	web.Get(r, "/tier-levels", web.Shopper, web.Doc{
		ID: "list-tier-levels", Summary: "等级与权益", Tag: "等级",
	}, func(ctx context.Context, _ *struct{}) (*tierLevelsReply, error) {
		l, err := s.Ladder(ctx)
		if err != nil {
			return nil, err
		}
		out := &tierLevelsReply{}
		out.Body.Levels = make([]tierLevel, len(l.Levels))
		for i, v := range l.Levels {
			out.Body.Levels[i] = tierLevelOf(v)
		}
		return out, nil
	})
}

type tierReply struct{ Body tierView }

type tierView struct {
	// Level is null where the shop has no levels; the rest is left out then.
	Level        *tierLevel       `json:"level"`
	Since        *time.Time       `json:"since,omitempty"`
	Metric       model.TierMetric `json:"metric,omitempty" enum:"goods_money,points" doc:"goods_money 以分计,不含运费与已退款"`
	Value        int64            `json:"value" doc:"统计期内累计;使用积分不会减少"`
	From         string           `json:"from,omitempty" doc:"统计期首日"`
	Next         *tierLevel       `json:"next,omitempty" doc:"上一级;已是最高级时没有"`
	Missing      int64            `json:"missing" doc:"升级还差"`
	ValidThrough string           `json:"valid_through,omitempty" doc:"有效期末日(含)"`
	KeepThrough  string           `json:"keep_through,omitempty" doc:"保级截止日(含宽限期)"`
	ToKeep       int64            `json:"to_keep" doc:"保级还差"`
	LockedUntil  string           `json:"locked_until,omitempty" doc:"等级由店铺指定,到该日为止(不含)"`
}

func tierOf(t tiers.Tier) tierView {
	if t.Level == nil {
		return tierView{}
	}
	level := tierLevelOf(*t.Level)
	v := tierView{Level: &level, Since: t.Since, Metric: t.Metric, Value: t.Value, From: t.From.String(), Missing: t.Missing, ToKeep: t.ToKeep,
		LockedUntil: t.LockedUntil.String()}
	if t.Next != nil {
		next := tierLevelOf(*t.Next)
		v.Next = &next
	}
	if !t.ValidUntil.IsZero() {
		v.ValidThrough, v.KeepThrough = t.ValidUntil.AddDays(-1).String(), t.GraceUntil.AddDays(-1).String()
	}
	return v
}

type tierLevelsReply struct {
	Body struct {
		Levels []tierLevel `json:"levels" doc:"从低到高"`
	}
}

type tierLevel struct {
	ID                 model.PublicID    `json:"id"`
	Rank               int               `json:"rank" doc:"从 1 起"`
	Name               string            `json:"name" example:"金卡"`
	Threshold          int64             `json:"threshold" doc:"分或积分,见 metric"`
	PointsMultiplierBP model.BasisPoints `json:"points_multiplier_bp" doc:"10000 为一倍"`
	Benefits           []string          `json:"benefits"`
	Icon               string            `json:"icon"`
}

func tierLevelOf(l tiers.Level) tierLevel {
	return tierLevel{l.ID, l.Rank, l.Name, l.Threshold, l.Multiplier, l.Benefits, l.Icon}
}
