package sim

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestClockMovesForwardOnly(t *testing.T) {
	b := newBench(t)
	for name, tt := range map[string]struct {
		body any
		code string
	}{
		"back":     {object{"to": testStart.Add(-time.Second)}, "clock_backward"},
		"too far":  {object{"to": testStart.Add(401 * 24 * time.Hour)}, "clock_too_far"},
		"negative": {object{"advance_ms": -1}, "advance_invalid"},
		"too long": {object{"advance_ms": (401 * 24 * time.Hour).Milliseconds()}, "advance_invalid"},
		"both":     {object{"advance_ms": 1, "to": testStart.Add(time.Hour)}, "advance_invalid"},
		"no time":  {object{"to": "tomorrow"}, "body_invalid"},
	} {
		if status, out := b.ctlAny("POST", "/_sim/clock", tt.body); out["error"] != tt.code {
			t.Errorf("%s: %d %v, want %s", name, status, out, tt.code)
		}
	}
	out := b.ctl("POST", "/_sim/clock", object{"to": "2026-03-02T18:30:00+08:00"})
	if out["now"] != "2026-03-02T10:30:00Z" || out["travelling"] != false || out["journey"].(object)["done"] != true {
		t.Errorf("half an hour on: %v", out)
	}
}

// A journey goes on when whoever asked does not wait, only one goes on at a time, and it ends with Run.
func TestOneJourneyAtATime(t *testing.T) {
	b := newBench(t)
	gone := make(chan struct{})
	b.cfg.Travel = func(ctx context.Context, to time.Time, tell func(Journey)) (Journey, error) {
		j := Journey{From: testStart, To: to, At: testStart.Add(time.Hour), Steps: 1, Ran: []Count{{"note", 3}}}
		tell(j)
		<-ctx.Done()
		close(gone)
		return j, ctx.Err()
	}
	out := b.ctl("POST", "/_sim/clock?wait_ms=0", object{"advance_ms": 86_400_000})
	if out["travelling"] != true {
		t.Fatalf("on the way: %v", out)
	}
	eventually(t, "it tells how far it is", func() bool {
		j := b.ctl("GET", "/_sim/clock", nil)["journey"].(object)
		return j["at"] == "2026-03-02T11:00:00Z" && len(j["ran"].([]any)) == 1 && j["done"] == false
	})
	if _, out := b.ctlAny("POST", "/_sim/clock", object{"advance_ms": 1}); out["error"] != "clock_moving" {
		t.Errorf("a second journey: %v", out)
	}
	b.stop()
	<-gone
	clock := b.ctl("GET", "/_sim/clock", nil)
	if j := clock["journey"].(object); j["done"] != true || j["problem"] != "中途停下：程序正在退出" || clock["travelling"] != false {
		t.Errorf("after the end: %v", clock)
	}
	if _, out := b.ctlAny("POST", "/_sim/clock", object{"advance_ms": 1}); out["error"] != "sim_stopped" {
		t.Errorf("a journey of a simulator that does not run: %v", out)
	}
}

func TestSettleWaitsForWhatIsDue(t *testing.T) {
	b := newBench(t)
	if at, ok := b.Soonest(); ok {
		t.Errorf("something is due at %s in an empty world", at)
	}
	hold, seen := make(chan struct{}), make(chan struct{}, 4)
	b.product.answer(func(int, productCall) (int, string) {
		seen <- struct{}{}
		<-hold
		return 200, "success"
	})
	b.ctl("POST", "/_sim/users/"+b.newUser()["id"].(string)+"/follow?wait_ms=0", nil)
	<-seen // the push is at the product
	hurried, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := b.Settle(hurried); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Settle beside an unanswered push = %v", err)
	}
	close(hold)
	if n, err := b.Settle(t.Context()); err != nil || n != 1 {
		t.Errorf("Settle = %d %v, want the push", n, err)
	}
	if n, err := b.Settle(t.Context()); err != nil || n != 0 {
		t.Errorf("Settle again = %d %v", n, err)
	}
	// What is due later does not keep it waiting, and Soonest tells of it.
	u := b.newUser()
	b.ctl("POST", "/_sim/users/"+u["id"].(string)+"/follow", nil)
	data := object{"thing1": object{"value": "金卡"}, "time2": object{"value": "2026年12月1日"}, "thing3": object{"value": "快到期了"}}
	if code, _ := b.call(kindOA, "/cgi-bin/message/template/send", object{"touser": u["oa_openid"], "template_id": b.template(b.acc.Templates, "tier").ID, "data": data}); code != 0 {
		t.Fatalf("template: %d", code)
	}
	if _, err := b.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if at, ok := b.Soonest(); !ok || !at.Equal(testStart.Add(500*time.Millisecond)) {
		t.Errorf("Soonest = %s %v, want the report half a second on", at, ok)
	}
}
