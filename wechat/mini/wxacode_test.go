package mini_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"huitou/wechat"
)

const wxacode = "/wxa/getwxacodeunlimit"

func TestMiniCode(t *testing.T) {
	jpeg := "\xff\xd8\xff\xe0" + strings.Repeat("x", 70_000)
	c := open(t, map[string]func(*http.Request, string) string{wxacode: func(r *http.Request, body string) string {
		if r.URL.Query().Get("access_token") != "T" || body != `{"scene":"q_abc","page":"pages/store","check_path":false,"env_version":"trial","width":430}` {
			t.Errorf("call %s with %s", r.URL, body)
		}
		return jpeg
	}})
	img, err := c.MiniCode(t.Context(), wechat.MiniCode{Scene: "q_abc", Page: "pages/store", Env: "trial", Unchecked: true, Width: 430})
	if err != nil || img.Type != "image/jpeg" || !bytes.Equal(img.Bytes, []byte(jpeg)) {
		t.Errorf("%d bytes of %q, %v", len(img.Bytes), img.Type, err)
	}
	plain := open(t, map[string]func(*http.Request, string) string{wxacode: func(_ *http.Request, body string) string {
		if body != `{"scene":"q_abc","check_path":true}` {
			t.Errorf("body %s", body)
		}
		return "\x89PNG\r\n\x1a\n…"
	}})
	if img, err := plain.MiniCode(t.Context(), wechat.MiniCode{Scene: "q_abc"}); err != nil || img.Type != "image/png" {
		t.Errorf("%q, %v", img.Type, err)
	}
}

func TestMiniCodeRefusals(t *testing.T) {
	for answer, want := range map[string]wechat.Class{
		`{"errcode":45009,"errmsg":"reach max api minute limit"}`: wechat.ClassQuota,
		`{"errcode":41030,"errmsg":"invalid page"}`:               wechat.ClassBug,
		`{"errcode":40169,"errmsg":"invalid scene"}`:              wechat.ClassBug,
		`{"errcode":-1,"errmsg":"system error"}`:                  wechat.ClassRetry,
		`{"errcode":0,"errmsg":"ok"}`:                             wechat.ClassRetry, // no picture after all
		``:                                                        wechat.ClassRetry,
		"\xff\xd8":                                                wechat.ClassRetry,
		"GIF89a":                                                  wechat.ClassRetry,
		`<html>a captive portal</html>`:                           wechat.ClassRetry,
		"\xff\xd8\xff" + strings.Repeat("x", wechat.DefaultMaxBody):   wechat.ClassRetry, // beyond what is read
		`{"errcode":40097,"errmsg":"invalid args"}` + "\xff\xd8\xff,": wechat.ClassRetry,
	} {
		c := open(t, map[string]func(*http.Request, string) string{wxacode: says(answer)})
		img, err := c.MiniCode(t.Context(), wechat.MiniCode{Scene: "q_abc"})
		if err == nil || wechat.ClassOf(err) != want || img.Bytes != nil {
			t.Errorf("%.60q: %d bytes, %v of class %s, want %s", answer, len(img.Bytes), err, wechat.ClassOf(err), want)
		}
	}
}

// A token that WeChat no longer takes is replaced once, also where the answer would be a picture.
func TestMiniCodeRefreshesTheToken(t *testing.T) {
	calls := 0
	c := open(t, map[string]func(*http.Request, string) string{wxacode: func(*http.Request, string) string {
		if calls++; calls == 1 {
			return `{"errcode":40001,"errmsg":"invalid credential"}`
		}
		return "\xff\xd8\xff"
	}})
	if img, err := c.MiniCode(t.Context(), wechat.MiniCode{Scene: "q_abc"}); err != nil || img.Type != "image/jpeg" || calls != 2 {
		t.Errorf("%+v, %v after %d calls", img, err, calls)
	}
}

// What WeChat would refuse anyway never leaves.
func TestMiniCodesAreCheckedBeforeTheCall(t *testing.T) {
	c := open(t, nil) // any call fails the test
	for name, in := range map[string]wechat.MiniCode{
		"no scene":         {},
		"a long scene":     {Scene: strings.Repeat("a", 33)},
		"a percent sign":   {Scene: "a%20b"},
		"a Chinese scene":  {Scene: "门店"},
		"a line":           {Scene: "a\n"},
		"a slash in front": {Scene: "a", Page: "/pages/store"},
		"a query":          {Scene: "a", Page: "pages/store?x=1"},
		"narrow":           {Scene: "a", Width: 279},
		"wide":             {Scene: "a", Width: 1281},
		"another version":  {Scene: "a", Env: "beta"},
	} {
		if img, err := c.MiniCode(t.Context(), in); err == nil || img.Bytes != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
