package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Journey is one move of the clock and what ran on the way.
type Journey struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	At    time.Time `json:"at"`    // how far it is
	Steps int       `json:"steps"` // instants at which the clock stopped on the way
	Ran   []Count   `json:"ran"`   // most frequent first
	// TookMS is real time, in milliseconds.
	TookMS int64 `json:"took_ms"`
	Done   bool  `json:"done"`
	// Problem says why it ended before its goal, "" when it did not.
	Problem string `json:"problem,omitempty"`
}

// Count is how often something of a kind ran.
type Count struct {
	Kind  string `json:"kind"`
	Times int    `json:"times"`
}

// longestJourney bounds one move of the clock.
const longestJourney = 400 * 24 * time.Hour

// Soonest returns when the next push, notification or settlement of this WeChat is
// due; ok is false when nothing waits.
func (s *Sim) Soonest() (at time.Time, ok bool) { return s.engine.soonest() }

// Settle waits until everything that is due now has been sent and answered and no call
// of the product is being served. It returns how many pieces of work that took since
// the last time. Run must be running.
func (s *Sim) Settle(ctx context.Context) (done int, err error) {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for s.serving.Load() > 0 || !s.engine.quiet() {
		select {
		case <-ctx.Done():
			return s.engine.worked(), fmt.Errorf("wait for the simulated WeChat: %w", ctx.Err())
		case <-look.C:
		}
	}
	return s.engine.worked(), nil
}

// depart starts a journey beside everything else, to an instant or, without one, by
// some time; Run waits for it.
func (s *Sim) depart(by time.Duration, at *time.Time) (arrived <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	to := now.Add(by)
	if at != nil {
		to = *at
	}
	switch {
	case s.cfg.Travel == nil:
		return nil, refuse("clock_fixed", "这里的时钟不能拨动")
	case s.running == nil:
		return nil, refuse("sim_stopped", "模拟器没有在运行")
	case s.travelling:
		return nil, refuse("clock_moving", "时钟正在拨动，请等它到达")
	case to.Before(now):
		return nil, &refusal{http.StatusBadRequest, "clock_backward", "时钟只能往前拨"}
	case to.Sub(now) > longestJourney:
		return nil, &refusal{http.StatusBadRequest, "clock_too_far", "一次最多拨 400 天"}
	}
	s.travelling, s.journey = true, &Journey{From: now, To: to, At: now, Ran: []Count{}}
	ctx, done := s.running, make(chan struct{})
	s.journeys.Go(func() {
		defer close(done)
		end, err := s.cfg.Travel(ctx, to, s.tellJourney)
		end.Done = true
		if err != nil {
			end.Problem = "中途停下：" + err.Error()
			if errors.Is(err, context.Canceled) {
				end.Problem = "中途停下：程序正在退出"
			}
			s.cfg.Log.Error("wechat sim: the journey ended early", "err", err)
		}
		s.tellJourney(end)
		s.engine.nudge()
	})
	return done, nil
}

func (s *Sim) tellJourney(j Journey) {
	if j.Ran == nil {
		j.Ran = []Count{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journey, s.travelling = &j, !j.Done
}

type clockBody struct {
	Now        time.Time `json:"now"`
	Movable    bool      `json:"movable"`
	Travelling bool      `json:"travelling"`
	// Journey is the one under way, or the last.
	Journey *Journey `json:"journey,omitempty"`
}

func (s *Sim) ctlClock(*http.Request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return clockBody{s.now(), s.cfg.Travel != nil, s.travelling, s.journey}, nil
}

// ctlTravel moves the clock by advance_ms or to an instant, and answers when it has
// arrived or the wait is over; GET /_sim/clock tells the rest.
func (s *Sim) ctlTravel(r *http.Request) (any, error) {
	var in struct {
		AdvanceMS int64      `json:"advance_ms"`
		To        *time.Time `json:"to"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	wait, err := waitOf(r)
	if err != nil {
		return nil, err
	}
	if in.To != nil && in.AdvanceMS != 0 || in.AdvanceMS < 0 || in.AdvanceMS > longestJourney.Milliseconds() {
		return nil, &refusal{http.StatusBadRequest, "advance_invalid", "advance_ms 须为 0 到 400 天，且不能与 to 同时给出"}
	}
	arrived, err := s.depart(millis(in.AdvanceMS), in.To)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-arrived:
	case <-timer.C:
	case <-r.Context().Done():
	}
	return s.ctlClock(r)
}
