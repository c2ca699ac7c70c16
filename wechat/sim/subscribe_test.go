package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func (b *bench) template(list []Template, name string) Template {
	b.t.Helper()
	for _, t := range list {
		if t.Name == name {
			return t
		}
	}
	b.t.Fatalf("there is no template %s", name)
	return Template{}
}

// pushed returns the newest push of an event as the product got it, in clear.
func (b *bench) pushed(event string) string {
	b.t.Helper()
	entries := b.ctl("GET", "/_sim/journal?limit=200", nil)["entries"].([]any)
	for i := len(entries) - 1; i >= 0; i-- {
		if e := entries[i].(object); e["event"] == event {
			return e["request"].(string)
		}
	}
	return ""
}

var memberEnding = object{"thing1": object{"value": "年卡"}, "date2": object{"value": "2026年12月1日"}, "thing3": object{"value": "续费享折扣"}}

func TestSubscribeMessagesSpendWhatWasAllowed(t *testing.T) {
	for _, app := range []appKind{kindMini, kindOA} {
		t.Run(string(app), func(t *testing.T) {
			b := newBench(t)
			u := b.newUser()
			path, openID, endpoint := "/_sim/users/"+u["id"].(string), u["mini_openid"], "/cgi-bin/message/subscribe/send"
			data, tmpl := any(memberEnding), b.template(b.acc.MiniSubscribe, "membership_ending")
			if app == kindOA {
				openID, endpoint, tmpl = u["oa_openid"], "/cgi-bin/message/subscribe/bizsend", b.template(b.acc.OASubscribe, "activity")
				data = object{"thing1": object{"value": "周年庆"}, "time2": object{"value": "2026年12月1日 10:00"}, "thing3": object{"value": "到店有礼"}}
			}
			send := func() int {
				code, out := b.call(app, endpoint, object{"touser": openID, "template_id": tmpl.ID, "page": "pages/a?x=1", "data": data})
				if n, _ := out["msgid"].(json.Number); code == 0 && len(n) != 19 {
					t.Errorf("msgid = %v", out)
				}
				return code
			}
			popup := func(accept bool) object {
				return b.ctl("POST", path+"/subscribe", object{"app": app, "choices": []object{{"template": tmpl.Name, "accept": accept}}})
			}
			left := func() string {
				for _, x := range b.ctl("GET", path+"/subscriptions", nil)["subscriptions"].([]any) {
					if x := x.(object); x["template_id"] == tmpl.ID {
						return fmt.Sprint(x["credits"])
					}
				}
				return "missing"
			}
			if code := send(); code != 43101 {
				t.Errorf("before anybody was asked: %d", code)
			}
			if out := popup(true); out["delivery"].(object)["state"] != "delivered" {
				t.Errorf("popup = %v", out)
			}
			popup(true)
			popup(false) // refusing once does not take back what was allowed
			if left() != "2" {
				t.Errorf("left %s, want 2", left())
			}
			if code := send(); code != 0 {
				t.Errorf("after two were allowed: %d", code)
			}
			b.clock.advance(time.Second)
			b.Nudge()
			eventually(t, "the product learns that it was sent", func() bool {
				got := b.pushed("subscribe_msg_sent_event")
				return strings.Contains(got, tmpl.ID) && strings.Contains(got, "success")
			})
			if code := send(); code != 0 {
				t.Errorf("the second: %d", code)
			}
			if code := send(); code != 43101 {
				t.Errorf("the third of two: %d", code)
			}
			popup(true)
			b.ctl("POST", path+"/unsubscribe", object{"app": app, "template": tmpl.ID})
			if code := send(); code != 43101 {
				t.Errorf("after it was switched off: %d", code)
			}
			if got := b.pushed("subscribe_msg_change_event"); !strings.Contains(got, "reject") {
				t.Errorf("switched off pushed %s", got)
			}
			inbox := b.ctl("GET", path+"/inbox", nil)["messages"].([]any)
			shown := 0
			for _, m := range inbox {
				if m := m.(object); m["kind"] == "subscribe" && m["title"] == tmpl.Title && len(m["fields"].([]any)) == 3 {
					shown++
				}
			}
			if shown != 2 {
				t.Errorf("the phone shows %d of 2", shown)
			}
		})
	}
}

func TestSubscribeEventsListOneAsAnObjectAndSeveralAsAnArray(t *testing.T) {
	b := newBench(t)
	path := "/_sim/users/" + b.newUser()["id"].(string)
	one, two := b.template(b.acc.MiniSubscribe, "visit").ID, b.template(b.acc.MiniSubscribe, "gift_shipped").ID
	ask := func(app string, ids ...string) string {
		choices := []object{}
		for i, id := range ids {
			choices = append(choices, object{"template": id, "accept": i == 0})
		}
		b.ctl("POST", path+"/subscribe", object{"app": app, "choices": choices})
		return b.pushed("subscribe_msg_popup_event")
	}
	entry := func(id, status, scene string) string {
		return `{"TemplateId":"` + id + `","SubscribeStatusString":"` + status + `","PopupScene":"` + scene + `"}`
	}
	if got, want := ask("mini", one), `"Event":"subscribe_msg_popup_event","List":`+entry(one, "accept", "0")+"}"; !strings.HasSuffix(got, want) {
		t.Errorf("one in JSON: %s", got)
	}
	if got, want := ask("mini", one, two), `"List":[`+entry(one, "accept", "0")+","+entry(two, "reject", "0")+"]}"; !strings.HasSuffix(got, want) {
		t.Errorf("two in JSON: %s", got)
	}
	a := b.template(b.acc.OASubscribe, "visit").ID
	want := "<SubscribeMsgPopupEvent><List><TemplateId><![CDATA[" + a + "]]></TemplateId>\n<SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString>\n" +
		"<PopupScene><![CDATA[1]]></PopupScene>\n</List><List><TemplateId>"
	if got := ask("oa", a, b.template(b.acc.OASubscribe, "activity").ID); !strings.Contains(got, want) {
		t.Errorf("two in XML: %s", got)
	}
	for name, choices := range map[string][]object{
		"none": {}, "four": {{"template": one}, {"template": two}, {"template": "visit"}, {"template": "coupon_expiring"}},
		"twice": {{"template": one}, {"template": "visit"}}, "unknown": {{"template": "SIM-x"}},
	} {
		if status, _ := b.ctlAny("POST", path+"/subscribe", object{"choices": choices}); status != 400 && status != 404 {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestSubscribeMessagesRefused(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	path, openID := "/_sim/users/"+u["id"].(string), u["mini_openid"]
	tmpl := b.template(b.acc.MiniSubscribe, "membership_ending").ID
	b.ctl("POST", path+"/subscribe", object{"choices": []object{{"template": tmpl, "accept": true}}})
	with := func(key, value string) object {
		out := object{}
		for k, v := range memberEnding {
			out[k] = v
		}
		out[key] = object{"value": value}
		return out
	}
	for name, tt := range map[string]struct {
		body object
		want int
	}{
		"a stranger":       {object{"touser": "oX", "template_id": tmpl, "data": memberEnding}, 40003},
		"the other openid": {object{"touser": u["oa_openid"], "template_id": tmpl, "data": memberEnding}, 40003},
		"our short name":   {object{"touser": openID, "template_id": "membership_ending", "data": memberEnding}, 40037},
		"of the 服务号":       {object{"touser": openID, "template_id": b.acc.OASubscribe[0].ID, "data": memberEnding}, 40037},
		"a slash before":   {object{"touser": openID, "template_id": tmpl, "page": "/pages/a", "data": memberEnding}, 41030},
		"a state":          {object{"touser": openID, "template_id": tmpl, "miniprogram_state": "beta", "data": memberEnding}, 41030},
		"21 characters":    {object{"touser": openID, "template_id": tmpl, "data": with("thing1", strings.Repeat("字", 21))}, 47003},
		"empty":            {object{"touser": openID, "template_id": tmpl, "data": with("thing3", "")}, 47003},
		"no date":          {object{"touser": openID, "template_id": tmpl, "data": with("date2", "明天")}, 47003},
	} {
		if code, _ := b.call(kindMini, "/cgi-bin/message/subscribe/send", tt.body); code != tt.want {
			t.Errorf("%s: %d, want %d", name, code, tt.want)
		}
	}
	if code, _ := b.call(kindMini, "/cgi-bin/message/subscribe/send", object{"touser": openID, "template_id": tmpl, "data": with("thing1", strings.Repeat("字", 20))}); code != 0 {
		t.Errorf("refusals spent the permission: %d", code)
	}
	if code, _ := b.call(kindOA, "/cgi-bin/message/subscribe/send", object{}); code != 48001 {
		t.Errorf("token of the 服务号: %d", code)
	}
}

// The platform may lose what it took: the product learns it from the event only.
func TestMessagesThatFailLater(t *testing.T) {
	b := newBench(t)
	path := b.follower()
	u := b.ctl("POST", path+"/traits", object{"unreachable": true})
	tmpl := b.template(b.acc.MiniSubscribe, "membership_ending").ID
	b.ctl("POST", path+"/subscribe", object{"choices": []object{{"template": tmpl, "accept": true}}})
	if code, _ := b.call(kindMini, "/cgi-bin/message/subscribe/send", object{"touser": u["mini_openid"], "template_id": tmpl, "data": memberEnding}); code != 0 {
		t.Fatalf("send: %d", code)
	}
	membership := b.template(b.acc.Templates, "tier")
	data := object{"thing1": object{"value": "金卡"}, "time2": object{"value": "2026年12月1日"}, "thing3": object{"value": "快到期了"}}
	if code, _ := b.call(kindOA, "/cgi-bin/message/template/send", object{"touser": u["oa_openid"], "template_id": membership.ID, "data": data}); code != 0 {
		t.Fatalf("template: %d", code)
	}
	b.clock.advance(time.Second)
	b.Nudge()
	eventually(t, "both failures are told", func() bool {
		return strings.Contains(b.pushed("subscribe_msg_sent_event"), `"ErrorCode":"1003"`) &&
			strings.Contains(b.pushed("TEMPLATESENDJOBFINISH"), "failed: system failed")
	})
	for _, m := range b.ctl("GET", path+"/inbox", nil)["messages"].([]any) {
		if kind := m.(object)["kind"]; kind == "subscribe" || kind == "template" {
			t.Errorf("the phone shows %v", m)
		}
	}
}
