package api

import (
	"context"
	"net/http"

	"huitou/handler/web"
	"huitou/model"
	"huitou/model/fault"
	"huitou/service/earning"
)

// CheckIns declares the daily check-in of a shopper.
func CheckIns(r *web.Routes, s *earning.Service) {
	web.Post(r, "/check-ins", web.Shopper, web.Doc{
		ID: "check-in", Summary: "签到,每天一次;重复签到返回当天结果", Tag: "签到", Status: http.StatusCreated, Known: http.StatusOK,
		Errors: []*fault.Fault{earning.ErrActionOff},
	}, func(ctx context.Context, _ *struct{}) (*checkInReply, error) {
		done, err := s.CheckIn(ctx, web.Member(ctx))
		if err != nil {
			return nil, err
		}
		web.Replayed(ctx, !done.Fresh)
		out := &checkInReply{http.StatusOK, checkInOf(done)}
		if done.Fresh {
			out.Status = http.StatusCreated
		}
		return out, nil
	})

	web.Get(r, "/check-ins", web.Shopper, web.Doc{
		ID: "check-in-calendar", Summary: "我的签到月历", Tag: "签到", Errors: []*fault.Fault{fault.ErrInvalid},
	}, func(ctx context.Context, in *calendarRequest) (*calendarReply, error) {
		first, err := model.ParseDay(in.Month + "-01")
		if err != nil {
			return nil, fault.InvalidFields([]fault.Field{{Name: "month", Reason: "a month, 2026-11"}})
		}
		c, err := s.Calendar(ctx, web.Member(ctx), first)
		if err != nil {
			return nil, err
		}
		return &calendarReply{calendarOf(c)}, nil
	})
}

type checkInReply struct {
	Status int // 201 for today's check-in, 200 when it was done before
	Body   checkIn
}

type checkIn struct {
	Day    model.Day    `json:"day" format:"date"`
	Points model.Points `json:"points" doc:"所得积分"`
	Streak int64        `json:"streak" doc:"连续签到天数"`
}

func checkInOf(r earning.Reward) checkIn { return checkIn{r.Day, r.Points, r.Streak} }

type calendarRequest struct {
	Month string `query:"month" required:"true" minLength:"7" maxLength:"7" pattern:"^20[0-9]{2}-(0[1-9]|1[0-2])$" example:"2026-11"`
}

type calendarReply struct{ Body calendar }

type calendar struct {
	Days       []checkIn    `json:"days" doc:"该月已签到的日子"`
	Streak     int64        `json:"streak" doc:"截至今天的连续天数;今天未签到时截至昨天"`
	Today      bool         `json:"today" doc:"今天已签到"`
	NextPoints model.Points `json:"next_points" doc:"下一次签到可得"`
	Ladder     []int64      `json:"ladder" doc:"连续第 1、2、3…天的积分,之后循环"`
	Enabled    bool         `json:"enabled"`
}

func calendarOf(c earning.Calendar) calendar {
	v := calendar{make([]checkIn, len(c.Days)), c.Streak, c.Today, c.Next, c.Ladder, c.Enabled}
	for i, d := range c.Days {
		v.Days[i] = checkInOf(d)
	}
	return v
}
