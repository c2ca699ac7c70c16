package sim

import (
	"testing"
	"time"
)

func TestDailyQuota(t *testing.T) {
	b := newBench(t)
	const endpoint = "/cgi-bin/qrcode/create"
	b.ctl("POST", "/_sim/settings", object{"daily_quota": object{endpoint: 3}})
	make := func() int {
		code, _ := b.call(kindOA, endpoint, object{"action_name": "QR_STR_SCENE", "expire_seconds": 60, "action_info": object{"scene": object{"scene_str": "a"}}})
		return code
	}
	figures := func() string {
		_, out := b.call(kindOA, "/cgi-bin/openapi/quota/get", object{"cgi_path": endpoint})
		return mustJSON(t, out["quota"])
	}
	for range 3 {
		if code := make(); code != 0 {
			t.Fatalf("within the quota: %d", code)
		}
	}
	if code := make(); code != 45009 {
		t.Errorf("the fourth of three: %d", code)
	}
	if got := figures(); got != `{"daily_limit":3,"remain":0,"used":3}` {
		t.Errorf("quota = %s", got)
	}
	clearing := func(app string) int {
		code, _ := b.call(kindOA, "/cgi-bin/clear_quota", object{"appid": app})
		return code
	}
	if code := clearing(b.acc.Mini.AppID); code != 40013 {
		t.Errorf("another's quota: %d", code)
	}
	for i := range clearsAMonth {
		if code := clearing(b.acc.OA.AppID); code != 0 {
			t.Fatalf("clear number %d: %d", i+1, code)
		}
	}
	if code := make(); code != 0 {
		t.Errorf("after it was set back: %d", code)
	}
	if code := clearing(b.acc.OA.AppID); code != 48006 {
		t.Errorf("the eleventh of a month: %d", code)
	}
	make()
	make()
	// 2026-03-02 10:00 UTC is 18:00 in China: the day ends in six hours.
	b.clock.advance(6*time.Hour - time.Second)
	late := make()
	b.clock.advance(time.Second)
	early := make()
	if late != 45009 || early != 0 {
		t.Errorf("at the end of the day %d, the next day %d", late, early)
	}
	b.clock.advance(30 * 24 * time.Hour)
	if code := clearing(b.acc.OA.AppID); code != 0 {
		t.Errorf("in April: %d", code)
	}
	if code, _ := b.call(kindOA, "/cgi-bin/openapi/quota/get", object{"cgi_path": "/cgi-bin/nothing"}); code != 76021 {
		t.Errorf("quota of nothing: %d", code)
	}
}

func TestJSTicket(t *testing.T) {
	b := newBench(t)
	_, first := b.get("/cgi-bin/ticket/getticket?type=jsapi")
	b.clock.advance(7199 * time.Second)
	_, again := b.get("/cgi-bin/ticket/getticket?type=jsapi")
	b.clock.advance(time.Second)
	code, other := b.get("/cgi-bin/ticket/getticket?type=jsapi")
	if first["ticket"] != again["ticket"] || other["ticket"] == first["ticket"] || code != 0 || other["errmsg"] != "ok" {
		t.Errorf("tickets %v, %v, %v", first, again, other)
	}
	if code, _ := b.get("/cgi-bin/ticket/getticket?type=x"); code != 40097 {
		t.Errorf("unknown type: %d", code)
	}
}
