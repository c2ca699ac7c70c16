package messages

import (
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/wechat"
)

// Every error code of the table in wechat.md §3.10 that a call to send can get, and what happens to the message then.
func TestEveryErrorCode(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 30, 0, model.Shanghai)
	minute, tomorrow := now.Truncate(time.Minute).Add(time.Minute), time.Date(2026, 11, 22, 0, 5, 0, 0, model.Shanghai)
	again := decision{step: stepAgain, pause: backoff(1)}
	fail := decision{step: stepFail}
	alarm := func(d decision) decision { d.alarm = true; return d }
	tests := []struct {
		codes []int
		want  decision
	}{
		{[]int{-1, 43108}, again},
		{[]int{40001, 40014, 42001}, alarm(again)},                                    // the adapter has refreshed the token by then
		{[]int{40002, 40013, 40125, 41002, 41004, 40243, 40164, 61004}, alarm(again)}, // nothing left; people mend it within hours
		{[]int{40003, 43004, 50005}, decision{step: stepFail, unfollow: true}},
		{[]int{43101}, decision{step: stepFail, noConsent: true}},
		{[]int{48002}, fail},
		{[]int{43104, 43107, 48001, 48004, 50002}, alarm(fail)},
		{[]int{40037}, alarm(decision{step: stepAgain, pause: time.Minute})},
		{[]int{47001, 47003, 41030, 40169, 40165, 40159, 40212, 45002, 45008, 45157}, alarm(fail)},
		{[]int{45009}, decision{step: stepPark, until: tomorrow}},
		{[]int{45011, 44990, 44991}, decision{step: stepPark, until: minute}},
		{[]int{45015, 45047}, decision{step: stepFail, noWindow: true}},
		{[]int{87014, 61010, 40226}, fail},
		{[]int{85401, 85402}, alarm(fail)},
		{[]int{99999, 1}, alarm(fail)}, // unknown: no blind retry
	}
	for _, tt := range tests {
		for _, code := range tt.codes {
			err := fmt.Errorf("send: %w", &wechat.Error{Code: code, Endpoint: "/cgi-bin/message/template/send"})
			got := judge(newLane(model.ChannelOATemplate), err, 1, now)
			if got.code != int64(code) || got.reason == "" {
				t.Errorf("%d: code %d, reason %q", code, got.code, got.reason)
			}
			got.code, got.reason = 0, ""
			if !got.until.Equal(tt.want.until) {
				t.Errorf("%d: until %s, want %s", code, got.until, tt.want.until)
			}
			want := tt.want
			got.until, want.until = time.Time{}, time.Time{}
			if got != want {
				t.Errorf("%d: %+v, want %+v", code, got, want)
			}
		}
	}
	for _, code := range []int{-1, 43108, 42001, 40125} { // what is tried again has an end
		got := judge(newLane(model.ChannelOATemplate), &wechat.Error{Code: code}, maxAttempts, now)
		if got.step != stepFail || got.state() != model.MessageDead {
			t.Errorf("%d at the last try: %s %s, want it dead", code, got.step, got.state())
		}
	}
	if got := judge(newLane(model.ChannelOATemplate), &wechat.Error{Code: 40037}, 2, now); got.step != stepFail || got.state() != model.MessageFailed {
		t.Errorf("a template that is unknown twice: %s", got.step)
	}
}
