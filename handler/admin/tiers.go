package admin

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/members"
	"huitou/service/staff"
	"huitou/service/tiers"
)

// Tiers declares what staff do about the free levels.
func Tiers(r *web.Routes, s *tiers.Service) {
	web.Get(r, "/tiers", web.Staff(staff.TiersManage), web.Doc{ID: "read-tiers", Summary: "等级、规则与各级人数", Tag: "等级"},
		func(ctx context.Context, _ *struct{}) (*tiersReply, error) {
			l, err := s.Ladder(ctx)
			if err != nil {
				return nil, err
			}
			return &tiersReply{Body: tiersOf(l)}, nil
		})

	web.Post(r, "/tier-levels", web.Staff(staff.TiersManage), web.Doc{
		ID: "add-tier-level", Summary: "新增等级", Tag: "等级", Status: http.StatusCreated,
		Errors: []*fault.Fault{fault.ErrInvalid, tiers.ErrNoBase, tiers.ErrThresholdTaken, tiers.ErrTooManyLevels, db.ErrKeyReused},
	}, func(ctx context.Context, in *newTierLevelRequest) (*tierLevelReply, error) {
		b := in.Body
		l, err := s.AddLevel(ctx, tiers.AddLevel{Staff: web.Actor(ctx).ID, Name: b.Name, Threshold: b.Threshold, Multiplier: b.PointsMultiplierBP,
			Benefits: b.Benefits, Icon: b.Icon, Gift: b.Gift, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, l.Replayed)
		return &tierLevelReply{Body: tierLevelOf(l)}, nil
	})

	web.Patch(r, "/tier-levels/{id}", web.Staff(staff.TiersManage), web.Doc{
		ID: "change-tier-level", Summary: "修改等级(门槛只降不升,倍率只升不降)", Tag: "等级",
		Errors: []*fault.Fault{fault.ErrInvalid, tiers.ErrLevelUnknown, tiers.ErrNarrowing, tiers.ErrThresholdTaken},
	}, func(ctx context.Context, in *changeTierLevelRequest) (*tierLevelReply, error) {
		b := in.Body
		l, err := s.ChangeLevel(ctx, tiers.ChangeLevel{Staff: web.Actor(ctx).ID, Level: in.ID, Name: b.Name, Threshold: b.Threshold,
			Multiplier: b.PointsMultiplierBP, Benefits: b.Benefits, Icon: b.Icon, Gift: b.Gift})
		if err != nil {
			return nil, err
		}
		return &tierLevelReply{Body: tierLevelOf(l)}, nil
	})

	web.Put(r, "/tier-scheme", web.Staff(staff.TiersManage), web.Doc{
		ID: "set-tier-scheme", Summary: "设置升降级规则", Tag: "等级", Errors: []*fault.Fault{fault.ErrInvalid},
	}, func(ctx context.Context, in *tierSchemeRequest) (*tiersReply, error) {
		if err := s.SetScheme(ctx, tiers.SetScheme{Staff: web.Actor(ctx).ID, Scheme: tiers.Scheme(in.Body)}); err != nil {
			return nil, err
		}
		l, err := s.Ladder(ctx)
		if err != nil {
			return nil, err
		}
		return &tiersReply{Body: tiersOf(l)}, nil
	})

	memberTiers(r, s)
}

// memberTiers declares what staff see and do about one member's level.
func memberTiers(r *web.Routes, s *tiers.Service) {
	web.Get(r, "/members/{id}/tier", web.Staff(staff.MembersRead), web.Doc{
		ID: "member-tier", Summary: "会员的等级与变更记录,从新到旧", Tag: "等级", Errors: []*fault.Fault{members.ErrUnknown, db.ErrCursor},
	}, func(ctx context.Context, in *memberTierRequest) (*memberTierReply, error) {
		moves, next, err := s.History(ctx, in.ID, in.Page())
		if err != nil {
			return nil, err
		}
		t, err := s.Current(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &memberTierReply{Body: memberTierOf(in.ID, t, moves, next)}, nil
	})

	web.Post(r, "/members/{id}/tier-lock", web.Staff(staff.TiersManage), web.Doc{
		ID: "lock-tier", Summary: "指定会员等级至某日", Tag: "等级",
		Errors: []*fault.Fault{fault.ErrInvalid, tiers.ErrLevelUnknown, tiers.ErrNoLadder, members.ErrUnknown, db.ErrKeyReused},
	}, func(ctx context.Context, in *lockTierRequest) (*memberTierReply, error) {
		until, err := model.ParseDay(in.Body.Until)
		if err != nil {
			return nil, fault.InvalidFields([]fault.Field{{Name: "until", Reason: "a day, 2027-01-01"}})
		}
		t, err := s.Lock(ctx, tiers.Lock{Staff: web.Actor(ctx).ID, Member: in.ID, Level: in.Body.Level, Until: until, Note: in.Body.Note, Key: in.Key(ctx)})
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, t.Replayed)
		return &memberTierReply{Body: memberTierOf(in.ID, t, nil, "")}, nil
	})

	web.Post(r, "/members/{id}/tier-unlock", web.Staff(staff.TiersManage), web.Doc{
		ID: "unlock-tier", Summary: "提前结束指定等级", Tag: "等级",
		Errors: []*fault.Fault{fault.ErrInvalid, tiers.ErrNotLocked, tiers.ErrNoLadder, members.ErrUnknown},
	}, func(ctx context.Context, in *unlockTierRequest) (*memberTierReply, error) {
		t, err := s.Unlock(ctx, tiers.Unlock{Staff: web.Actor(ctx).ID, Member: in.ID, Note: in.Body.Note})
		if err != nil {
			return nil, err
		}
		return &memberTierReply{Body: memberTierOf(in.ID, t, nil, "")}, nil
	})
}

type newTierLevelRequest struct {
	web.Idempotent
	Body struct {
		Name               string            `json:"name" minLength:"1" maxLength:"20" example:"金卡"`
		Threshold          int64             `json:"threshold" minimum:"0" maximum:"1000000000000" doc:"分或积分;首个等级为 0"`
		PointsMultiplierBP model.BasisPoints `json:"points_multiplier_bp,omitempty" default:"10000" minimum:"10000" maximum:"100000" doc:"20000 为双倍积分"`
		Benefits           []string          `json:"benefits,omitempty" maxItems:"20"`
		Icon               string            `json:"icon,omitempty" maxLength:"512"`
		Gift               model.PublicID    `json:"gift,omitempty" maxLength:"24" pattern:"^([0-9a-z]{24})?$" doc:"首次达到时赠送的券模板;每人每级仅一次"`
	}
}

type changeTierLevelRequest struct {
	ID   model.PublicID `path:"id" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
	Body struct {
		Name               *string            `json:"name,omitempty" minLength:"1" maxLength:"20"`
		Threshold          *int64             `json:"threshold,omitempty" minimum:"0" maximum:"1000000000000"`
		PointsMultiplierBP *model.BasisPoints `json:"points_multiplier_bp,omitempty" minimum:"10000" maximum:"100000"`
		Benefits           *[]string          `json:"benefits,omitempty" maxItems:"20"`
		Icon               *string            `json:"icon,omitempty" maxLength:"512"`
		Gift               *model.PublicID    `json:"gift,omitempty" maxLength:"24" pattern:"^([0-9a-z]{24})?$"`
	}
}

type tierSchemeRequest struct{ Body tierScheme }

type tierScheme struct {
	Metric     model.TierMetric `json:"metric" enum:"goods_money,points" doc:"累计消费(不含运费与退款)或累计获得积分"`
	Period     model.TierPeriod `json:"period" enum:"rolling,calendar" doc:"近 12 个月或自然年"`
	KeepMonths int              `json:"keep_months" minimum:"1" maximum:"120" doc:"等级有效月数"`
	OnEnd      model.TierOnEnd  `json:"on_end" enum:"keep,one_step,by_metric" doc:"到期未达标:保持、降一级、降到当前指标对应等级"`
	GraceDays  int              `json:"grace_days" minimum:"0" maximum:"90" doc:"宽限天数"`
	WarnDays   int              `json:"warn_days" minimum:"0" maximum:"90" doc:"到期前多少天提醒;0 不提醒"`
}

type tiersReply struct{ Body tiersView }

type tiersView struct {
	Levels []tierLevel `json:"levels" doc:"从低到高"`
	// Scheme is null before one is set.
	Scheme *tierScheme `json:"scheme"`
	Since  *time.Time  `json:"since,omitempty"`
}

type tierLevelReply struct{ Body tierLevel }

type tierLevel struct {
	ID                 model.PublicID    `json:"id"`
	Rank               int               `json:"rank"`
	Name               string            `json:"name"`
	Threshold          int64             `json:"threshold"`
	PointsMultiplierBP model.BasisPoints `json:"points_multiplier_bp"`
	Benefits           []string          `json:"benefits"`
	Icon               string            `json:"icon"`
	Gift               model.PublicID    `json:"gift"`
	Members            *int64            `json:"members,omitempty" doc:"现有人数"`
}

func tierLevelOf(l tiers.Level) tierLevel {
	return tierLevel{l.ID, l.Rank, l.Name, l.Threshold, l.Multiplier, l.Benefits, l.Icon, l.Gift, nil}
}

func tiersOf(l tiers.Ladder) tiersView {
	v := tiersView{Levels: make([]tierLevel, len(l.Levels)), Scheme: (*tierScheme)(l.Scheme)}
	for i := range l.Levels {
		v.Levels[i] = tierLevelOf(l.Levels[i])
		v.Levels[i].Members = &l.Members[i]
	}
	if l.Scheme != nil {
		v.Since = &l.Since
	}
	return v
}

type memberTierRequest struct {
	ID model.MemberID `path:"id" minimum:"1"`
	web.Paged
}

type lockTierRequest struct {
	web.Idempotent
	ID   model.MemberID `path:"id" minimum:"1"`
	Body struct {
		Level model.PublicID `json:"level" minLength:"24" maxLength:"24" pattern:"^[0-9a-z]+$"`
		Until string         `json:"until" maxLength:"10" example:"2027-01-01" doc:"该日起恢复按规则升降;至多十年"`
		Note  string         `json:"note" minLength:"1" maxLength:"200" doc:"原因"`
	}
}

type unlockTierRequest struct {
	ID   model.MemberID `path:"id" minimum:"1"`
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"200" doc:"原因"`
	}
}

type memberTierReply struct{ Body memberTierView }

type memberTierView struct {
	ID          string     `json:"id" doc:"the member and his latest move" example:"12-3"`
	Level       *tierLevel `json:"level"`
	Value       int64      `json:"value"`
	Missing     int64      `json:"missing"`
	ToKeep      int64      `json:"to_keep"`
	ValidUntil  string     `json:"valid_until,omitempty" doc:"不含"`
	GraceUntil  string     `json:"grace_until,omitempty" doc:"不含"`
	LockedUntil string     `json:"locked_until,omitempty" doc:"不含"`
	Moves       []tierMove `json:"moves"`
	Next        string     `json:"next" doc:"cursor of the next page; empty at the end"`
}

type tierMove struct {
	Seq        int64            `json:"seq"`
	From       string           `json:"from"`
	To         string           `json:"to"`
	Reason     model.TierReason `json:"reason" enum:"qualified,kept,downgraded,refund,manual_lock,unlock,merged,split"`
	Metric     int64            `json:"metric" doc:"当时的指标"`
	ValidUntil string           `json:"valid_until,omitempty"`
	StaffID    model.StaffID    `json:"staff_id,omitempty"`
	Note       string           `json:"note,omitempty"`
	At         time.Time        `json:"at"`
}

func memberTierOf(m model.MemberID, t tiers.Tier, moves []tiers.Move, next string) memberTierView {
	v := memberTierView{ID: fmt.Sprintf("%d-%d", m, t.Moves), Value: t.Value, Missing: t.Missing, ToKeep: t.ToKeep, ValidUntil: t.ValidUntil.String(), GraceUntil: t.GraceUntil.String(),
		LockedUntil: t.LockedUntil.String(), Moves: make([]tierMove, len(moves)), Next: next}
	if t.Level != nil {
		level := tierLevelOf(*t.Level)
		v.Level = &level
	}
	for i, m := range moves {
		v.Moves[i] = tierMove{m.Seq, m.From, m.To, m.Reason, m.Metric, m.ValidUntil.String(), m.Staff, m.Note, m.At}
	}
	return v
}
