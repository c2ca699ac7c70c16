package sim

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// events are what the product got, in order.
func (b *bench) events() string {
	b.t.Helper()
	var got []string
	for _, x := range b.ctl("GET", "/_sim/journal?limit=200", nil)["entries"].([]any) {
		if e := x.(object); e["direction"] == "out" {
			got = append(got, e["event"].(string))
		}
	}
	return strings.Join(got, " ")
}

func TestReorderedPushArrivesAfterTheNext(t *testing.T) {
	b := newBench(t)
	path := "/_sim/users/" + b.newUser()["id"].(string)
	b.fault(object{"kind": "reordered", "app": "oa", "endpoint": "subscribe"})
	if d := b.ctl("POST", path+"/follow", nil)["delivery"].(object); d["state"] != "pending" || d["next_at"] == nil {
		t.Errorf("held back: %v", d)
	}
	b.ctl("POST", path+"/unfollow", nil)
	eventually(t, "both arrive", func() bool { return b.events() == "unsubscribe subscribe" })
}

func TestReorderedPushDoesNotWaitForEver(t *testing.T) {
	b := newBench(t)
	path := "/_sim/users/" + b.newUser()["id"].(string)
	b.fault(object{"kind": "reordered", "endpoint": "subscribe", "delay_ms": 60_000})
	b.ctl("POST", path+"/follow", nil)
	b.clock.advance(59 * time.Second)
	b.Nudge()
	b.ctl("POST", "/_sim/users/"+b.newUser()["id"].(string)+"/follow", nil) // another's push frees nothing
	if got := b.events(); got != "subscribe" {
		t.Errorf("after 59 s: %q", got)
	}
	b.clock.advance(time.Second)
	b.Nudge()
	eventually(t, "it arrives", func() bool { return b.events() == "subscribe subscribe" })
}

func TestAnyEventCanBePushed(t *testing.T) {
	b := newBench(t)
	path := b.follower()
	for app, want := range map[string]string{
		"oa":   "<Event><![CDATA[guess_what]]></Event>\n<B_1><![CDATA[]]]]><![CDATA[>🎁]]></B_1>\n<a><![CDATA[1]]></a>\n</xml>",
		"mini": `"Event":"guess_what","B_1":"]]>🎁","a":"1"}`,
	} {
		b.ctl("POST", path+"/push", object{"app": app, "event": "guess_what", "fields": object{"a": "1", "B_1": "]]>🎁"}})
		if got := b.pushed("guess_what"); !strings.Contains(got, want) {
			t.Errorf("%s pushed %s", app, got)
		}
	}
	for name, body := range map[string]object{
		"no event": {}, "markup": {"event": "a><b"}, "a field of markup": {"event": "a", "fields": object{"b c": "1"}},
		"a digit first": {"event": "1a"}, "of pay": {"event": "a", "app": "pay"},
	} {
		if status, out := b.ctlAny("POST", path+"/push", body); out["error"] != "event_invalid" {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
}

func TestScanningWhatAPersonHas(t *testing.T) {
	b := newBench(t)
	make := func(scene string) object {
		_, out := b.call(kindOA, "/cgi-bin/qrcode/create", object{"action_name": "QR_STR_SCENE", "expire_seconds": 600, "action_info": object{"scene": object{"scene_str": scene}}})
		return out
	}
	make("p=1")
	code := make("p=2")
	path := b.follower()
	ticket := code["ticket"].(string)
	for name, what := range map[string]string{
		"ticket": ticket, "address": code["url"].(string), "scene": "p=2", "picture": "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=" + url.QueryEscape(ticket),
	} {
		b.ctl("POST", path+"/scan", object{"ticket": what})
		if got := b.pushed("SCAN"); !strings.Contains(got, "<EventKey><![CDATA[p=2]]></EventKey>") {
			t.Errorf("by %s: %s", name, got)
		}
	}
	b.clock.advance(10 * time.Minute)
	if status, _ := b.ctlAny("POST", path+"/scan", object{"ticket": "p=2"}); status != 404 {
		t.Errorf("an expired scene: %d", status)
	}
}

func TestTextMessagesReachTheirNumber(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	send := func(phone any) any {
		return b.ctl("POST", "/_sim/sms", object{"phone": phone, "from": "回头", "text": "验证码 123456"})["received"]
	}
	if send(u["phone"]) != true || send("19900000000") != false || send(u["unionid"]) != false {
		t.Error("a text message went astray")
	}
	inbox := b.ctl("GET", "/_sim/users/"+u["id"].(string)+"/inbox", nil)["messages"].([]any)
	if len(inbox) != 1 || inbox[0].(object)["kind"] != "sms" || inbox[0].(object)["title"] != "回头" {
		t.Errorf("inbox = %v", inbox)
	}
}

func TestSessionOpensTwoMessagesForAMinute(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	say := func() int {
		code, _ := b.call(kindMini, "/cgi-bin/message/custom/send", object{"touser": u["mini_openid"], "msgtype": "text", "text": object{"content": "您好"}})
		return code
	}
	before := say()
	b.ctl("POST", "/_sim/users/"+u["id"].(string)+"/enter_session", object{"from": "order"})
	if got := b.pushed("user_enter_tempsession"); !strings.Contains(got, `"SessionFrom":"order"`) {
		t.Errorf("pushed %s", got)
	}
	first, second, third := say(), say(), say()
	b.clock.advance(time.Minute)
	if late := say(); before != 45015 || first != 0 || second != 0 || third != 45047 || late != 45015 {
		t.Errorf("before %d, then %d %d %d, after a minute %d", before, first, second, third, late)
	}
}
