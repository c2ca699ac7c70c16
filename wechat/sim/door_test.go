package sim

import (
	"bytes"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// image asks for a mini-program code and returns the picture's format and width.
func (b *bench) wxacode(body object) (contentType, format string, width int) {
	b.t.Helper()
	resp, err := b.client.Post(b.api+"/wxa/getwxacodeunlimit?access_token="+b.token(kindMini), "application/json", strings.NewReader(mustJSON(b.t, body)))
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.t.Fatalf("wxacode = %d %v", resp.StatusCode, err)
	}
	contentType = resp.Header.Get("Content-Type")
	if pic, kind, err := image.Decode(bytes.NewReader(raw)); err == nil {
		return contentType, kind, pic.Bounds().Dx()
	}
	return contentType, string(raw), 0
}

func (b *bench) doors() []any { b.t.Helper(); return b.ctl("GET", "/_sim/doors", nil)["doors"].([]any) }

func TestMiniProgramCodes(t *testing.T) {
	b := newBench(t)
	path := "/_sim/users/" + b.newUser()["id"].(string)
	if ct, format, width := b.wxacode(object{"scene": "s=1&t=a/b", "page": "pages/parcel/index", "check_path": false}); ct != "image/jpeg" || format != "jpeg" || width != 430 {
		t.Errorf("code = %s %s %d", ct, format, width)
	}
	if ct, format, width := b.wxacode(object{"scene": "x", "width": 280, "is_hyaline": true}); ct != "image/png" || format != "png" || width != 280 {
		t.Errorf("transparent code = %s %s %d", ct, format, width)
	}
	d := b.doors()[1].(object)
	out := b.ctl("POST", path+"/open", object{"url": d["url"]})
	if out["page"] != "pages/parcel/index" || out["scene"] != "s%3D1%26t%3Da%2Fb" {
		t.Errorf("opened = %v", out)
	}
	for name, tt := range map[string]struct {
		body object
		want int
	}{
		"no scene":       {object{}, 40169},
		"33 characters":  {object{"scene": strings.Repeat("a", 33)}, 40169},
		"32 characters":  {object{"scene": strings.Repeat("a", 32)}, 0},
		"Chinese":        {object{"scene": "包裹"}, 40169},
		"percent":        {object{"scene": "a%20b"}, 40169},
		"blank":          {object{"scene": "a b"}, 40169},
		"all the others": {object{"scene": "!#$&'()*+,/:;=?@-._~09azAZ"}, 0},
		"slash before":   {object{"scene": "a", "page": "/pages/a"}, 41030},
		"page and query": {object{"scene": "a", "page": "pages/a?x=1"}, 41030},
		"version":        {object{"scene": "a", "env_version": "beta"}, 40097},
		"narrow":         {object{"scene": "a", "width": 279}, 40097},
		"wide":           {object{"scene": "a", "width": 1281}, 40097},
	} {
		code, out := b.call(kindMini, "/wxa/getwxacodeunlimit", tt.body)
		if code != tt.want || tt.want != 0 && out["errmsg"] == nil {
			t.Errorf("%s: %d %v, want %d", name, code, out, tt.want)
		}
	}
	b.mu.Lock()
	b.wxacodes = pace{since: b.clock.now().Truncate(time.Minute), n: wxacodeMinute - 1}
	b.mu.Unlock()
	last, _ := b.call(kindMini, "/wxa/getwxacodeunlimit", object{"scene": "a"})
	over, _ := b.call(kindMini, "/wxa/getwxacodeunlimit", object{"scene": "a"})
	b.clock.advance(time.Minute)
	fresh, _ := b.call(kindMini, "/wxa/getwxacodeunlimit", object{"scene": "a"})
	if last != 0 || over != 45009 || fresh != 0 {
		t.Errorf("5000th %d, 5001st %d, next minute %d", last, over, fresh)
	}
	if status, _ := b.ctlAny("POST", path+"/open", object{"url": "https://mp.weixin.qq.com/a/~x"}); status != 404 {
		t.Errorf("unknown code: %d", status)
	}
}

func TestLinksIntoTheMiniProgram(t *testing.T) {
	b := newBench(t)
	path := "/_sim/users/" + b.newUser()["id"].(string)
	now := b.clock.now().Unix()
	day := int64(24 * 60 * 60)
	for name, tt := range map[string]struct {
		target, life object
		want         int
	}{
		"a day":          {object{"path": "pages/a", "query": "x=1&y=%E5%AD%97"}, object{"expire_type": 1, "expire_interval": 1}, 0},
		"until an hour":  {object{"path": "pages/a"}, object{"expire_time": now + 3600}, 0},
		"home":           {object{}, object{}, 0},
		"31 days":        {object{}, object{"expire_type": 1, "expire_interval": 31}, 85401},
		"no days":        {object{}, object{"expire_type": 1}, 85401},
		"past":           {object{}, object{"expire_time": now - 1}, 85401},
		"now":            {object{}, object{"expire_time": now}, 85401},
		"30 days":        {object{}, object{"expire_time": now + 30*day}, 0},
		"30 days and 1s": {object{}, object{"expire_time": now + 30*day + 1}, 85401},
		"version":        {object{"env_version": "beta"}, object{}, 85402},
		"slash":          {object{"path": "/pages/a"}, object{}, 40165},
		"query in path":  {object{"path": "pages/a?x=1"}, object{}, 40165},
		"Chinese query":  {object{"query": "x=字"}, object{}, 40212},
	} {
		link, scheme := object{}, object{"jump_wxa": tt.target}
		for k, v := range tt.target {
			link[k] = v
		}
		for k, v := range tt.life {
			link[k], scheme[k] = v, v
		}
		for endpoint, body := range map[string]object{"/wxa/generate_urllink": link, "/wxa/generatescheme": scheme} {
			code, out := b.call(kindMini, endpoint, body)
			if code != tt.want {
				t.Errorf("%s %s: %d %v, want %d", name, endpoint, code, out, tt.want)
			}
		}
	}
	_, out := b.call(kindMini, "/wxa/generate_urllink", object{"path": "pages/a", "query": "x=1", "expire_type": 1, "expire_interval": 2})
	url, _ := out["url_link"].(string)
	_, out = b.call(kindMini, "/wxa/generatescheme", object{"jump_wxa": object{"path": "pages/b"}})
	scheme, _ := out["openlink"].(string)
	if !strings.HasPrefix(url, "https://wxaurl.cn/") || !strings.HasPrefix(scheme, "weixin://dl/business/?t=") {
		t.Fatalf("links %q and %q", url, scheme)
	}
	b.clock.advance(48*time.Hour - time.Second)
	if out := b.ctl("POST", path+"/open", object{"url": url}); out["page"] != "pages/a" || out["query"] != "x=1" {
		t.Errorf("opened %v", out)
	}
	b.clock.advance(time.Second)
	if _, out := b.ctlAny("POST", path+"/open", object{"url": url}); out["error"] != "door_expired" {
		t.Errorf("after two days: %v", out)
	}
	if out := b.ctl("POST", path+"/open", object{"url": scheme}); out["page"] != "pages/b" {
		t.Errorf("the scheme opened %v", out)
	}
}

func TestContentCheck(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	path := "/_sim/users/" + u["id"].(string)
	check := func(body object) (int, string) {
		in := object{"version": 2, "scene": 2, "openid": u["mini_openid"], "content": "东西不错"}
		for k, v := range body {
			in[k] = v
		}
		code, out := b.call(kindMini, "/wxa/msg_sec_check", in)
		result, _ := out["result"].(object)
		suggest, _ := result["suggest"].(string)
		return code, suggest
	}
	if code, _ := check(nil); code != 61010 {
		t.Errorf("never in the mini-program: %d", code)
	}
	login := func() {
		code := b.ctl("POST", path+"/login", nil)["js_code"].(string)
		b.do("GET", b.api+"/sns/jscode2session?grant_type=authorization_code&appid="+b.acc.Mini.AppID+"&secret="+b.acc.Mini.Secret+"&js_code="+code, nil, "")
	}
	login()
	for content, want := range map[string]string{
		"东西不错": "pass", "一起赌博吧": "risky", "加微信聊": "review", "加微信刷单": "risky", strings.Repeat("好", 2500): "pass",
	} {
		if code, got := check(object{"content": content}); code != 0 || got != want {
			t.Errorf("%.20s: %d %s, want %s", content, code, got, want)
		}
	}
	for name, tt := range map[string]struct {
		body object
		want int
	}{
		"version 1": {object{"version": 1}, 40097}, "no scene": {object{"scene": 0}, 40097}, "scene 5": {object{"scene": 5}, 40097},
		"empty": {object{"content": ""}, 44004}, "2501": {object{"content": strings.Repeat("好", 2501)}, 45002},
		"a stranger": {object{"openid": "oX"}, 40003}, "the other openid": {object{"openid": u["oa_openid"]}, 40003},
	} {
		if code, _ := check(tt.body); code != tt.want {
			t.Errorf("%s: %d, want %d", name, code, tt.want)
		}
	}
	b.clock.advance(2 * time.Hour)
	if code, _ := check(nil); code != 0 {
		t.Errorf("after two hours: %d", code)
	}
	b.clock.advance(time.Second)
	if code, _ := check(nil); code != 61010 {
		t.Errorf("after more than two hours: %d", code)
	}
}
