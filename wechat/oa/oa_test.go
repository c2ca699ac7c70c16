package oa_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"huitou/model/kv"
	"huitou/wechat"
	"huitou/wechat/oa"
)

// wire is the one call a test expects and what is answered to it.
type wire struct {
	path, answer string
	query        url.Values
	body         string
	calls        int
}

func open(t *testing.T, w *wire, images string) *oa.Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cgi-bin/stable_token" {
			_, _ = io.WriteString(out, `{"access_token":"T","expires_in":7200}`)
			return
		}
		if r.URL.Path != w.path || r.URL.Query().Get("access_token") != "T" {
			t.Errorf("unexpected call %s", r.URL)
		}
		raw, _ := io.ReadAll(r.Body)
		w.body, w.query = string(raw), r.URL.Query()
		w.calls++
		_, _ = io.WriteString(out, w.answer)
	}))
	t.Cleanup(srv.Close)
	target, _ := url.Parse(srv.URL)
	client := wechat.NewHTTPClient(wechat.HTTPOptions{Target: target})
	t.Cleanup(client.CloseIdleConnections)
	now := func() time.Time { return time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC) }
	c, err := oa.New(oa.Config{
		AppID: "wxdemo0000000002", Secret: "app-secret", HTTP: client,
		KV: kv.NewMemory(kv.MemoryOptions{Now: now}), Now: now, Images: images,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSendTemplate(t *testing.T) {
	w := &wire{path: "/cgi-bin/message/template/send", answer: `{"errcode":0,"errmsg":"ok","msgid":3456789012345678901}`}
	c := open(t, w, "")
	in := wechat.TemplateMessage{
		To: "oX", TemplateID: "T1", URL: "https://shop.example/?a=1&b=2", ClientMsgID: "outbox-17",
		Data: map[string]string{"thing1": "您的<会员卡>"},
	}
	id, err := c.SendTemplate(t.Context(), in)
	if err != nil || id != "3456789012345678901" {
		t.Errorf("SendTemplate = %s, %v", id, err)
	}
	want := `{"touser":"oX","template_id":"T1","url":"https://shop.example/?a=1&b=2","data":{"thing1":{"value":"您的<会员卡>"}},"client_msg_id":"outbox-17"}`
	if w.body != want {
		t.Errorf("sent %s\nwant %s", w.body, want)
	}

	in.MiniProgram = &wechat.MiniProgramPage{AppID: "wxmini", Path: "pages/card?id=1"}
	if _, err := c.SendTemplate(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.body, `"miniprogram":{"appid":"wxmini","pagepath":"pages/card?id=1"}`) {
		t.Errorf("sent %s", w.body)
	}
}

func TestSendTemplateRefusals(t *testing.T) {
	for answer, want := range map[string]wechat.Class{
		`{"errcode":40003,"errmsg":"invalid openid"}`:                   wechat.ClassRecipient,
		`{"errcode":43004,"errmsg":"require subscribe"}`:                wechat.ClassRecipient,
		`{"errcode":43101,"errmsg":"user refuse to accept the msg"}`:    wechat.ClassConsent,
		`{"errcode":40037,"errmsg":"invalid template_id"}`:              wechat.ClassConfig,
		`{"errcode":47003,"errmsg":"data.thing1.value is emtpy"}`:       wechat.ClassBug,
		`{"errcode":45009,"errmsg":"reach max api daily quota limit"}`:  wechat.ClassQuota,
		`{"errcode":0,"errmsg":"ok"}`:                                   wechat.ClassRetry, // no id to recognise it by
		`{"errcode":40001,"errmsg":"invalid credential, access_token"}`: wechat.ClassToken,
	} {
		w := &wire{path: "/cgi-bin/message/template/send", answer: answer}
		id, err := open(t, w, "").SendTemplate(t.Context(), wechat.TemplateMessage{To: "oX", TemplateID: "T"})
		if err == nil || id != "" || wechat.ClassOf(err) != want {
			t.Errorf("%s: %q, %v of class %s, want %s", answer, id, err, wechat.ClassOf(err), want)
		}
		wantCalls := 1
		if want == wechat.ClassToken {
			wantCalls = 2 // once more with a fresh token, and no more
		}
		if w.calls != wantCalls {
			t.Errorf("%s: %d calls, want %d", answer, w.calls, wantCalls)
		}
	}
	w := &wire{}
	c := open(t, w, "")
	for _, in := range []wechat.TemplateMessage{
		{TemplateID: "T"}, {To: "oX"}, {To: "oX", TemplateID: "T", ClientMsgID: strings.Repeat("x", 33)},
	} {
		if _, err := c.SendTemplate(t.Context(), in); err == nil {
			t.Errorf("%+v was sent", in)
		}
	}
	if w.calls != 0 {
		t.Errorf("%d calls for impossible messages", w.calls)
	}
}

func TestSendText(t *testing.T) {
	w := &wire{path: "/cgi-bin/message/custom/send", answer: `{"errcode":0,"errmsg":"ok"}`}
	c := open(t, w, "")
	if err := c.SendText(t.Context(), wechat.CustomText{To: "oX", Content: "欢迎 & 谢谢"}); err != nil {
		t.Fatal(err)
	}
	if want := `{"touser":"oX","msgtype":"text","text":{"content":"欢迎 & 谢谢"}}`; w.body != want {
		t.Errorf("sent %s, want %s", w.body, want)
	}
	w.answer = `{"errcode":45015,"errmsg":"response out of time limit"}`
	if err := c.SendText(t.Context(), wechat.CustomText{To: "oX", Content: "x"}); wechat.ClassOf(err) != wechat.ClassWindow {
		t.Errorf("outside the window: %v", err)
	}
	if err := c.SendText(t.Context(), wechat.CustomText{Content: "x"}); wechat.ClassOf(err) != wechat.ClassRecipient {
		t.Errorf("to nobody: %v", err)
	}
}

func TestCreateQR(t *testing.T) {
	w := &wire{path: "/cgi-bin/qrcode/create", answer: `{"ticket":"gQH+/8==","expire_seconds":86400,"url":"http://weixin.qq.com/q/x"}`}
	c := open(t, w, "")
	qr, err := c.CreateQR(t.Context(), "parcel:17", 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	want := wechat.QRCode{
		Ticket: "gQH+/8==", URL: "http://weixin.qq.com/q/x", ExpiresIn: 24 * time.Hour,
		ImageURL: "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQH%2B%2F8%3D%3D",
	}
	if qr != want {
		t.Errorf("QR = %+v, want %+v", qr, want)
	}
	if want := `{"expire_seconds":86400,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"parcel:17"}}}`; w.body != want {
		t.Errorf("sent %s, want %s", w.body, want)
	}

	w.answer = `{"errcode":0,"errmsg":"ok","ticket":"t","url":"u"}`
	if qr, err = c.CreateQR(t.Context(), "12345", 0); err != nil || qr.ExpiresIn != 0 {
		t.Errorf("permanent QR = %+v, %v", qr, err)
	}
	if want := `{"action_name":"QR_LIMIT_STR_SCENE","action_info":{"scene":{"scene_str":"12345"}}}`; w.body != want {
		t.Errorf("sent %s, want %s", w.body, want)
	}

	calls := w.calls
	for _, bad := range []struct {
		scene string
		ttl   time.Duration
	}{
		{"", 0}, {strings.Repeat("s", 65), 0}, {"s", time.Millisecond}, {"s", -time.Second}, {"s", 30*24*time.Hour + time.Second},
	} {
		if qr, err := c.CreateQR(t.Context(), bad.scene, bad.ttl); err == nil {
			t.Errorf("%+v made %+v", bad, qr)
		}
	}
	if w.calls != calls {
		t.Error("WeChat was asked for impossible codes")
	}
	w.answer = `{"expire_seconds":60}`
	if qr, err := c.CreateQR(t.Context(), "s", time.Minute); err == nil {
		t.Errorf("an answer without ticket made %+v", qr)
	}
	if qr, err := open(t, &wire{path: w.path, answer: `{"ticket":"t","url":"u"}`}, "http://127.0.0.1:9/").CreateQR(t.Context(), "s", 0); err != nil ||
		qr.ImageURL != "http://127.0.0.1:9/cgi-bin/showqrcode?ticket=t" {
		t.Errorf("QR in a simulated shop = %+v, %v", qr, err)
	}
}

func TestUserInfo(t *testing.T) {
	w := &wire{path: "/cgi-bin/user/info"}
	c := open(t, w, "")
	for name, tt := range map[string]struct {
		answer map[string]any
		want   wechat.Follower
	}{
		"follower": {
			map[string]any{"subscribe": 1, "openid": "oX", "unionid": "uX", "subscribe_time": 4_102_444_800, "subscribe_scene": "ADD_SCENE_QR_CODE", "qr_scene": 0, "qr_scene_str": "parcel:17", "language": "zh_CN"},
			wechat.Follower{OpenID: "oX", UnionID: "uX", Following: true, FollowedAt: time.Unix(4_102_444_800, 0).UTC(), FollowedFrom: "ADD_SCENE_QR_CODE", Scene: "parcel:17", Language: "zh_CN"},
		},
		"numbered scene": {map[string]any{"subscribe": 1, "openid": "oX", "qr_scene": 98765}, wechat.Follower{OpenID: "oX", Following: true, Scene: "98765"}},
		"left":           {map[string]any{"subscribe": 0, "openid": "oX"}, wechat.Follower{OpenID: "oX"}},
	} {
		raw, _ := json.Marshal(tt.answer)
		w.answer = string(raw)
		if got, err := c.UserInfo(t.Context(), "oX"); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := c.UserInfo(t.Context(), "o&x=1"); err != nil || w.query.Get("openid") != "o&x=1" {
		t.Errorf("openid reached the query as %v, %v", w.query, err)
	}
	w.answer = `{"errcode":40003,"errmsg":"invalid openid"}`
	if f, err := c.UserInfo(t.Context(), "oY"); wechat.ClassOf(err) != wechat.ClassRecipient {
		t.Errorf("a stranger = %+v, %v", f, err)
	}
	if _, err := c.UserInfo(t.Context(), ""); err == nil {
		t.Error("nobody was found")
	}
}

func TestNewReportsEveryFault(t *testing.T) {
	_, err := oa.New(oa.Config{})
	if err == nil || strings.Count(fmt.Sprint(err), "missing") != 5 {
		t.Errorf("faults: %v", err)
	}
}
