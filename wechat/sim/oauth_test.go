package sim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"testing"
	"time"
)

// authorizeURL is what a page sends its visitor to.
func (b *bench) authorizeURL(redirect, scope string) string {
	return "https://open.weixin.qq.com/connect/oauth2/authorize?" + url.Values{"appid": {b.acc.OA.AppID}, "redirect_uri": {redirect}, "response_type": {"code"},
		"scope": {scope}, "state": {"s 1"}}.Encode() + "#wechat_redirect"
}

func (b *bench) visit(path string, q url.Values) (int, object) {
	b.t.Helper()
	_, out, _ := b.do("GET", b.api+path+"?"+q.Encode(), nil, "")
	return errcodeOf(out), out
}

// A page learns who its visitor is: the code once, the base scope no more than the openid, the tokens for their time.
func TestWebAuthorization(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	at := "/_sim/users/" + u["id"].(string) + "/authorize"
	home := b.Sim.settings.PushBase
	exchange := func(code string) (int, object) {
		return b.visit("/sns/oauth2/access_token", url.Values{"appid": {b.acc.OA.AppID}, "secret": {b.acc.OA.Secret}, "grant_type": {"authorization_code"}, "code": {code}})
	}
	for scope, info := range map[string]int{scopeBase: 48001, scopeUserInfo: 0} {
		gone := b.ctl("POST", at, object{"url": b.authorizeURL(home+"/h5?x=1", scope)})
		back, err := url.Parse(gone["location"].(string))
		if err != nil || back.Query().Get("code") != gone["code"] || back.Query().Get("state") != "s 1" || back.Query().Get("x") != "1" || home != back.Scheme+"://"+back.Host {
			t.Fatalf("%s: sent back to %v, %v", scope, gone, err)
		}
		code := gone["code"].(string)
		fail, out := exchange(code)
		if fail != 0 || out["openid"] != u["oa_openid"] || out["scope"] != scope || (out["unionid"] == u["unionid"]) != (info == 0) || fmt.Sprint(out["expires_in"]) != "7200" {
			t.Fatalf("%s: %v", scope, out)
		}
		if fail, _ := exchange(code); fail != 40163 {
			t.Errorf("%s: the code again: %d", scope, fail)
		}
		caller := url.Values{"access_token": {out["access_token"].(string)}, "openid": {u["oa_openid"].(string)}}
		if fail, _ := b.visit("/sns/auth", caller); fail != 0 {
			t.Errorf("%s: auth %d", scope, fail)
		}
		if fail, who := b.visit("/sns/userinfo", caller); fail != info || info == 0 && (who["nickname"] != u["nickname"] || who["unionid"] != u["unionid"]) {
			t.Errorf("%s: userinfo %v", scope, who)
		}
		for name, c := range map[string]struct {
			q    url.Values
			want int
		}{
			"another's openid":    {url.Values{"access_token": caller["access_token"], "openid": {u["mini_openid"].(string)}}, 40003},
			"no token":            {url.Values{"openid": caller["openid"]}, 41001},
			"a refresh token":     {url.Values{"access_token": {out["refresh_token"].(string)}, "openid": caller["openid"]}, 40001},
			"the account's token": {url.Values{"access_token": {b.token(kindOA)}, "openid": caller["openid"]}, 40001},
		} {
			if fail, _ := b.visit("/sns/auth", c.q); fail != c.want {
				t.Errorf("%s: %d, want %d", name, fail, c.want)
			}
		}
		b.clock.advance(webTokenLife)
		if fail, _ := b.visit("/sns/auth", caller); fail != 42001 {
			t.Errorf("%s: after two hours %d", scope, fail)
		}
		renew := url.Values{"appid": {b.acc.OA.AppID}, "grant_type": {"refresh_token"}, "refresh_token": {out["refresh_token"].(string)}}
		fail, fresh := b.visit("/sns/oauth2/refresh_token", renew)
		if fail != 0 || fresh["refresh_token"] != out["refresh_token"] || fresh["access_token"] == out["access_token"] {
			t.Errorf("%s: refreshed %v", scope, fresh)
		}
		b.clock.advance(webRefreshLife)
		if fail, _ := b.visit("/sns/oauth2/refresh_token", renew); fail != 42002 {
			t.Errorf("%s: after thirty days %d", scope, fail)
		}
		renew.Set("refresh_token", "x")
		if fail, _ := b.visit("/sns/oauth2/refresh_token", renew); fail != 40030 {
			t.Errorf("%s: an invented one %d", scope, fail)
		}
	}
	login := b.ctl("POST", "/_sim/users/"+u["id"].(string)+"/login", nil)["js_code"].(string)
	if fail, _ := exchange(login); fail != 40029 {
		t.Errorf("a mini-program's code: %d", fail)
	}
	late := b.ctl("POST", at, object{"url": b.authorizeURL(home, scopeBase)})["code"].(string)
	b.clock.advance(codeLife)
	if fail, _ := exchange(late); fail != 40029 {
		t.Errorf("after five minutes: %d", fail)
	}
	for address, want := range map[string]string{
		b.authorizeURL("https://elsewhere.example/h5", scopeBase): "10003", b.authorizeURL(home, "snsapi_login"): "10005", "https://open.weixin.qq.com/": "oauth_url",
		"/connect/oauth2/authorize?appid=wx1": "oauth_appid",
	} {
		if status, out := b.ctlAny("POST", at, object{"url": address}); status != 400 || out["error"] != want {
			t.Errorf("%s: %d %v, want %s", address, status, out, want)
		}
	}
}

// The signature is made with the newest session key, so an older login says no.
func TestCheckSession(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	login := func() string {
		code := b.ctl("POST", "/_sim/users/"+u["id"].(string)+"/login", nil)["js_code"].(string)
		_, out := b.visit("/sns/jscode2session", url.Values{"appid": {b.acc.Mini.AppID}, "secret": {b.acc.Mini.Secret}, "grant_type": {"authorization_code"}, "js_code": {code}})
		return out["session_key"].(string)
	}
	check := func(openID any, key, method string) int {
		mac := hmac.New(sha256.New, []byte(key))
		fail, _ := b.visit("/wxa/checksession", url.Values{"access_token": {b.token(kindMini)}, "openid": {openID.(string)}, "sig_method": {method},
			"signature": {hex.EncodeToString(mac.Sum(nil))}})
		return fail
	}
	if got := check(u["mini_openid"], "", "hmac_sha256"); got != 87009 {
		t.Errorf("before any login: %d", got)
	}
	first := login()
	if got := check(u["mini_openid"], first, "hmac_sha256"); got != 0 {
		t.Errorf("after the login: %d", got)
	}
	b.clock.advance(time.Hour)
	second := login()
	if a, z := check(u["mini_openid"], first, "hmac_sha256"), check(u["mini_openid"], second, "hmac_sha256"); a != 87009 || z != 0 {
		t.Errorf("the older key %d, the newer %d", a, z)
	}
	if a, z := check(u["oa_openid"], second, "hmac_sha256"), check(u["mini_openid"], second, "md5"); a != 40003 || z != 40097 {
		t.Errorf("another app's openid %d, another method %d", a, z)
	}
}
