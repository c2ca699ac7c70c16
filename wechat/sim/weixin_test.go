package sim

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

func (b *bench) plainToken(kind appKind) string {
	b.t.Helper()
	id, secret := b.acc.OA.AppID, b.acc.OA.Secret
	if kind == kindMini {
		id, secret = b.acc.Mini.AppID, b.acc.Mini.Secret
	}
	_, out, _ := b.do("GET", b.api+"/cgi-bin/token?grant_type=client_credential&appid="+id+"&secret="+secret, nil, "")
	if out["errcode"] != nil || out["expires_in"] == nil {
		b.t.Fatalf("token = %v", out)
	}
	return out["access_token"].(string)
}

// tokenCode asks with a token and returns the errcode: 40003 stands for a good token,
// since nobody has that openid.
func (b *bench) tokenCode(token string) int {
	b.t.Helper()
	_, out, _ := b.do("GET", b.api+"/cgi-bin/user/info?openid=nobody&access_token="+token, nil, "")
	return errcodeOf(out)
}

func TestPlainTokenReplacesTheOneBeforeAfterFiveMinutes(t *testing.T) {
	b := newBench(t)
	old := b.plainToken(kindOA)
	stable := b.token(kindOA)
	fresh := b.plainToken(kindOA)
	b.clock.advance(299 * time.Second)
	if code := b.tokenCode(old); code != 40003 {
		t.Errorf("old token after 299 s: %d", code)
	}
	b.clock.advance(2 * time.Second)
	if code := b.tokenCode(old); code != 42001 {
		t.Errorf("old token after 301 s: %d, want 42001", code)
	}
	for name, token := range map[string]string{"fresh": fresh, "stable": stable} {
		if code := b.tokenCode(token); code != 40003 {
			t.Errorf("%s token: %d", name, code)
		}
	}
	b.clock.advance(2 * time.Hour)
	if code := b.tokenCode(fresh); code != 42001 {
		t.Errorf("after two hours: %d, want 42001", code)
	}
}

func TestStableToken(t *testing.T) {
	b := newBench(t)
	ask := func(force bool) (string, int64) {
		_, out, _ := b.do("POST", b.api+"/cgi-bin/stable_token", nil, mustJSON(t, object{
			"grant_type": "client_credential", "appid": b.acc.OA.AppID, "secret": b.acc.OA.Secret, "force_refresh": force}))
		var n int64
		fmt.Sscan(fmt.Sprint(out["expires_in"]), &n)
		return out["access_token"].(string), n
	}
	first, _ := ask(false)
	b.clock.advance(6900 * time.Second)
	if again, left := ask(false); again != first || left != 300 {
		t.Errorf("at T-300: new token %v, expires_in %d", again != first, left)
	}
	b.clock.advance(time.Second)
	second, left := ask(false)
	if second == first || left != 7200 {
		t.Errorf("at T-299: same token %v, expires_in %d", second == first, left)
	}
	if code := b.tokenCode(first); code != 40003 {
		t.Errorf("the token before dies early: %d", code)
	}
	third, _ := ask(true)
	if third == second || b.tokenCode(second) != 40001 {
		t.Error("force_refresh did not replace the token")
	}
	if soon, _ := ask(true); soon != third {
		t.Error("force_refresh again within 30 s refreshed")
	}
	for range 19 {
		b.clock.advance(31 * time.Second)
		ask(true)
	}
	b.clock.advance(31 * time.Second)
	last, _ := ask(false)
	if again, _ := ask(true); again != last {
		t.Error("the 21st force_refresh of a day refreshed")
	}
}

func TestErrorsOfTheAPI(t *testing.T) {
	b := newBench(t)
	oa, mini := b.token(kindOA), b.token(kindMini)
	tests := []struct {
		name, method, path, body string
		want                     int
	}{
		{"no appid", "GET", "/cgi-bin/token?grant_type=client_credential", "", 41002},
		{"no secret", "GET", "/cgi-bin/token?grant_type=client_credential&appid=x", "", 41004},
		{"unknown appid", "GET", "/cgi-bin/token?grant_type=client_credential&appid=x&secret=y", "", 40013},
		{"wrong secret", "GET", "/cgi-bin/token?grant_type=client_credential&secret=y&appid=" + b.acc.OA.AppID, "", 40125},
		{"wrong grant", "GET", "/cgi-bin/token?grant_type=x", "", 40002},
		{"GET wanted", "POST", "/cgi-bin/token", "", 43001},
		{"POST wanted", "GET", "/cgi-bin/stable_token", "", 43002},
		{"unknown path", "GET", "/cgi-bin/nothing", "", 40066},
		{"no token", "POST", "/cgi-bin/qrcode/create", "{}", 41001},
		{"unknown token", "POST", "/cgi-bin/qrcode/create?access_token=x", "{}", 40001},
		{"token of the mini-program", "POST", "/cgi-bin/qrcode/create?access_token=" + mini, "{}", 48001},
		{"body not JSON", "POST", "/cgi-bin/qrcode/create?access_token=" + oa, "{", 47001},
		{"two JSON values", "POST", "/cgi-bin/qrcode/create?access_token=" + oa, "{}{}", 47001},
		{"login without code", "GET", "/sns/jscode2session?grant_type=authorization_code&secret=" + b.acc.Mini.Secret + "&appid=" + b.acc.Mini.AppID, "", 41008},
		{"login of the 服务号", "GET", "/sns/jscode2session?js_code=x&grant_type=authorization_code&secret=" + b.acc.OA.Secret + "&appid=" + b.acc.OA.AppID, "", 40013},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, out, header := b.do(tt.method, b.api+tt.path, nil, tt.body)
			if status != 200 || errcodeOf(out) != tt.want {
				t.Errorf("= %d %v, want 200 and %d", status, out, tt.want)
			}
			if msg, _ := out["errmsg"].(string); !strings.Contains(msg, " rid: ") {
				t.Errorf("errmsg = %q, want a rid", msg)
			}
			if ct := header.Get("Content-Type"); ct != "application/json; encoding=utf-8" {
				t.Errorf("content type = %q", ct)
			}
		})
	}
}

func TestLoginCodes(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	path := "/_sim/users/" + u["id"].(string)
	login := func(code any) int {
		_, out, _ := b.do("GET", b.api+"/sns/jscode2session?grant_type=authorization_code&appid="+b.acc.Mini.AppID+"&secret="+b.acc.Mini.Secret+"&js_code="+url.QueryEscape(fmt.Sprint(code)), nil, "")
		return errcodeOf(out)
	}
	code := b.ctl("POST", path+"/login", nil)["js_code"]
	if first, second := login(code), login(code); first != 0 || second != 40163 {
		t.Errorf("one code twice: %d, then %d", first, second)
	}
	late := b.ctl("POST", path+"/login", nil)["js_code"]
	b.clock.advance(5 * time.Minute)
	if got := login(late); got != 40029 {
		t.Errorf("after five minutes: %d", got)
	}
	phone := b.ctl("POST", path+"/phone", object{"phone": "19911112222"})["code"]
	if got := login(phone); got != 40029 {
		t.Errorf("login with a phone code: %d", got)
	}
	if got := login("a&appid=" + b.acc.OA.AppID); got != 40029 {
		t.Errorf("a code with &: %d", got)
	}
	got, out := b.call(kindMini, "/wxa/business/getuserphonenumber", object{"code": phone})
	if got != 0 || out["phone_info"].(object)["phoneNumber"] != "19911112222" {
		t.Errorf("phone = %v", out)
	}
	if got, _ := b.call(kindMini, "/wxa/business/getuserphonenumber", object{"code": phone}); got != 40029 {
		t.Errorf("phone code twice: %d", got)
	}
	b.ctl("POST", path+"/traits", object{"risky": true})
	if got := login(b.ctl("POST", path+"/login", nil)["js_code"]); got != 40226 {
		t.Errorf("a risky customer: %d", got)
	}
}

func TestQRCodes(t *testing.T) {
	b := newBench(t)
	scene := func(s string) object { return object{"scene": object{"scene_str": s}} }
	tests := []struct {
		name string
		in   object
		want int
	}{
		{"text", object{"action_name": "QR_STR_SCENE", "expire_seconds": 60, "action_info": scene("a")}, 0},
		{"number", object{"action_name": "QR_SCENE", "expire_seconds": 60, "action_info": object{"scene": object{"scene_id": 7}}}, 0},
		{"64 characters", object{"action_name": "QR_LIMIT_STR_SCENE", "action_info": scene(strings.Repeat("号", 64))}, 0},
		{"30 days", object{"action_name": "QR_STR_SCENE", "expire_seconds": 2592000, "action_info": scene("a")}, 0},
		{"scene forgotten", object{"action_name": "QR_STR_SCENE", "expire_seconds": 60, "action_info": object{"scene_str": "a"}}, 0},
		{"65 characters", object{"action_name": "QR_STR_SCENE", "expire_seconds": 60, "action_info": scene(strings.Repeat("x", 65))}, 40035},
		{"empty text", object{"action_name": "QR_STR_SCENE", "expire_seconds": 60, "action_info": scene("")}, 40035},
		{"id 0", object{"action_name": "QR_SCENE", "expire_seconds": 60, "action_info": object{"scene": object{"scene_id": 0}}}, 40035},
		{"permanent id 100001", object{"action_name": "QR_LIMIT_SCENE", "action_info": object{"scene": object{"scene_id": 100001}}}, 40035},
		{"31 days", object{"action_name": "QR_STR_SCENE", "expire_seconds": 2678400, "action_info": scene("a")}, 40035},
		{"unknown action", object{"action_name": "QR"}, 40035},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out := b.call(kindOA, "/cgi-bin/qrcode/create", tt.in)
			if code != tt.want {
				t.Fatalf("= %v, want %d", out, tt.want)
			}
			if code == 0 && (out["errmsg"] != nil || out["ticket"] == "" || !strings.HasPrefix(out["url"].(string), "http://weixin.qq.com/q/")) {
				t.Errorf("= %v", out)
			}
			permanent := strings.Contains(fmt.Sprint(tt.in["action_name"]), "LIMIT")
			if code == 0 && permanent != (out["expire_seconds"] == nil) {
				t.Errorf("expire_seconds = %v", out["expire_seconds"])
			}
		})
	}
	codes := b.ctl("GET", "/_sim/qrcodes", nil)["qrcodes"].([]any)
	if got := codes[0].(object)["scene"]; got != "0" {
		t.Errorf("without scene the code carries %q, want 0", got)
	}
	ticket := codes[0].(object)["ticket"].(string)
	image := func() int {
		status, _, _ := b.do("GET", b.api+"/cgi-bin/showqrcode?ticket="+url.QueryEscape(ticket), nil, "")
		return status
	}
	if got := image(); got != 200 {
		t.Errorf("image: %d", got)
	}
	b.clock.advance(time.Minute)
	if got := image(); got != 404 {
		t.Errorf("image of an expired code: %d", got)
	}
	u := b.newUser()
	if status, out := b.ctlAny("POST", "/_sim/users/"+u["id"].(string)+"/scan", object{"ticket": ticket}); status != 404 || out["error"] != "qrcode_unknown" {
		t.Errorf("scan of an expired code = %d %v", status, out)
	}
}

func TestTemplateMessages(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	path := "/_sim/users/" + u["id"].(string)
	template := b.ctl("POST", "/_sim/templates", object{"title": "全类型", "fields": []object{
		{"key": "thing1", "label": "事项"}, {"key": "number2", "label": "数字"}, {"key": "amount3", "label": "金额"}, {"key": "time4", "label": "时间"},
		{"key": "date5", "label": "日期"}, {"key": "phrase6", "label": "状态"}, {"key": "character_string7", "label": "单号"}, {"key": "name8", "label": "姓名"}, {"key": "enum9", "label": "等级", "enum": []string{"银卡", "金卡"}}}})
	good := map[string]string{"thing1": strings.Repeat("券", 20), "number2": "12.5", "amount3": "¥99.00元", "time4": "2026年3月2日 18:00", "date5": "2026-03-02 09:42",
		"phrase6": "已完成", "character_string7": "NO-20260302", "name8": "林小满", "enum9": "金卡"}
	send := func(touser, id, clientID, key, value string) (int, object) {
		data := object{}
		for k, v := range good {
			data[k] = object{"value": v}
		}
		if key != "" {
			data[key] = object{"value": value}
		}
		return b.call(kindOA, "/cgi-bin/message/template/send", object{"touser": touser, "template_id": id, "client_msg_id": clientID, "data": data})
	}
	oa, id := u["oa_openid"].(string), template["id"].(string)
	if code, _ := send(oa, id, "", "", ""); code != 43004 {
		t.Errorf("to somebody who does not follow: %d", code)
	}
	b.ctl("POST", path+"/follow", nil)

	tests := []struct {
		name, key, value string
		want             int
	}{
		{"all good", "", "", 0},
		{"thing of 21", "thing1", strings.Repeat("券", 21), 47003},
		{"thing empty", "thing1", "", 47003},
		{"number with letters", "number2", "12a", 47003},
		{"amount of 11 digits", "amount3", "12345678901", 47003},
		{"amount plain", "amount3", "9900", 0},
		{"time as a date of ISO", "time4", "2026-03-02T18:00:00Z", 47003},
		{"time of the day", "time4", "15:01", 0},
		{"time of no clock", "time4", "25:01", 47003},
		{"a span of time", "time4", "2026年3月2日 09:00~2026年3月3日 18:00", 0},
		{"date in words", "date5", "明天", 47003},
		{"phrase of 6", "phrase6", "已经完成了吗", 47003},
		{"phrase with letters", "phrase6", "OK", 47003},
		{"Chinese in character_string", "character_string7", "单号1", 47003},
		{"33 in character_string", "character_string7", strings.Repeat("1", 33), 47003},
		{"name of 11", "name8", strings.Repeat("林", 11), 47003},
		{"enum unknown", "enum9", "铜卡", 47003},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out := send(oa, id, "", tt.key, tt.value)
			if code != tt.want {
				t.Fatalf("= %v, want %d", out, tt.want)
			}
			if msg := out["errmsg"].(string); code != 0 && !strings.Contains(msg, "data."+tt.key+".value") {
				t.Errorf("errmsg %q does not name %s", msg, tt.key)
			}
		})
	}
	if code, _ := send(oa, "nothing", "", "", ""); code != 40037 {
		t.Errorf("unknown template: %d", code)
	}
	if code, _ := send(u["mini_openid"].(string), id, "", "", ""); code != 40003 {
		t.Errorf("openid of the mini-program: %d", code)
	}
	if code, _ := send(oa, id, strings.Repeat("x", 33), "", ""); code != 40035 {
		t.Errorf("client_msg_id of 33: %d", code)
	}

	before := b.ctl("GET", path, nil)["messages"]
	_, one := send(oa, id, "again", "", "")
	b.clock.advance(9 * time.Minute)
	_, two := send(oa, id, "again", "", "")
	if one["msgid"] != two["msgid"] {
		t.Errorf("one client_msg_id: msgid %v, then %v", one["msgid"], two["msgid"])
	}
	b.clock.advance(time.Minute)
	if _, three := send(oa, id, "again", "", ""); three["msgid"] == one["msgid"] {
		t.Error("client_msg_id is still remembered after ten minutes")
	}
	if got, want := fmt.Sprint(b.ctl("GET", path, nil)["messages"]), fmt.Sprint(before); got == want {
		t.Errorf("the phone shows nothing new: %s", got)
	}
	messages := b.ctl("GET", path+"/inbox?after="+fmt.Sprint(before), nil)["messages"].([]any)
	if len(messages) != 2 {
		t.Errorf("the phone shows %d messages, want 2 for three sends", len(messages))
	}

	b.ctl("POST", path+"/traits", object{"blocked": true})
	_, sent := send(oa, id, "", "", "")
	b.clock.advance(time.Second)
	eventually(t, "a finish event of the blocked message", func() bool {
		for _, c := range b.product.got() {
			if e := b.readPush(c); fmt.Sprint(e.MsgID) == fmt.Sprint(sent["msgid"]) {
				return e.Status == "failed:user block"
			}
		}
		return false
	})
}

func TestCustomerServiceWindows(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	path := "/_sim/users/" + u["id"].(string)
	send := func(kind appKind, openID any) int {
		code, _ := b.call(kind, "/cgi-bin/message/custom/send", object{"touser": openID, "msgtype": "text", "text": object{"content": "您好"}})
		return code
	}
	oa := u["oa_openid"]
	if got := send(kindOA, oa); got != 45015 {
		t.Errorf("before following: %d", got)
	}
	b.ctl("POST", path+"/follow", nil)
	for i, want := range []int{0, 0, 0, 45047} {
		if got := send(kindOA, oa); got != want {
			t.Errorf("message %d after a follow: %d, want %d", i+1, got, want)
		}
	}
	b.clock.advance(time.Minute)
	if got := send(kindOA, oa); got != 45015 {
		t.Errorf("a minute later: %d", got)
	}
	b.ctl("POST", path+"/send_text", object{"content": "在吗"})
	b.clock.advance(47 * time.Hour)
	for i, want := range []int{0, 0, 0, 0, 0, 45047} {
		if got := send(kindOA, oa); got != want {
			t.Errorf("message %d after a text: %d, want %d", i+1, got, want)
		}
	}
	if got := send(kindMini, u["mini_openid"]); got != 45015 {
		t.Errorf("from the mini-program: %d", got)
	}
	b.ctl("POST", path+"/send_text", object{"content": "在吗", "app": "mini"})
	if got := send(kindMini, u["mini_openid"]); got != 0 {
		t.Errorf("from the mini-program after a text: %d", got)
	}
	b.ctl("POST", path+"/click", object{"key": "points"})
	if got := send(kindOA, oa); got != 0 {
		t.Errorf("after a click: %d", got)
	}
	b.ctl("POST", path+"/unfollow", nil)
	if got := send(kindOA, oa); got != 45015 {
		t.Errorf("after unfollowing: %d", got)
	}
	code, _ := b.call(kindOA, "/cgi-bin/message/custom/send", object{"touser": oa, "msgtype": "text", "text": object{"content": strings.Repeat("长", 700)}})
	if code != 45002 {
		t.Errorf("2100 bytes: %d", code)
	}
}

func TestUserInfo(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	ask := func() object {
		_, out, _ := b.do("GET", b.api+"/cgi-bin/user/info?lang=zh_CN&openid="+u["oa_openid"].(string)+"&access_token="+b.token(kindOA), nil, "")
		return out
	}
	if got := mustJSON(t, ask()); got != `{"openid":"`+u["oa_openid"].(string)+`","subscribe":0}` {
		t.Errorf("of a stranger = %s", got)
	}
	b.ctl("POST", "/_sim/users/"+u["id"].(string)+"/follow", object{"scene": "12"})
	if out := ask(); fmt.Sprintf("%v %v %q", out["subscribe"], out["qr_scene"], out["qr_scene_str"]) != `1 12 ""` || out["unionid"] != u["unionid"] {
		t.Errorf("of a follower = %v", out)
	}
}

func TestHostsAreToldApart(t *testing.T) {
	b := newBench(t)
	tests := []struct {
		host, path string
		status     int
		code       string
	}{
		{"api.mch.weixin.qq.com", "/cgi-bin/token", 404, "NOT_FOUND"},
		{"api.weixin.qq.com", "/v3/pay/transactions/jsapi", 200, "40066"},
		{"mp.weixin.qq.com:443", "/cgi-bin/token", 404, ""},
		{"localhost", "/v3/certificates", 401, "SIGN_ERROR"},
	}
	for _, tt := range tests {
		r, err := newRequestTo(b.api+tt.path, tt.host)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := b.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		entries := b.ctl("GET", "/_sim/journal?limit=1", nil)["entries"].([]any)
		if code, _ := entries[0].(object)["code"].(string); resp.StatusCode != tt.status || code != tt.code {
			t.Errorf("%s %s = %d %q, want %d %q", tt.host, tt.path, resp.StatusCode, code, tt.status, tt.code)
		}
	}
}
