package hook_test

import (
	"net/http"
	"testing"

	"huitou/model/db/dbtest"
)

// Pushes about goods of virtual payment are answered in the words that WeChat wants, in the form in which they came, and only once they are
// kept.
func TestGoodsPushesAreAnsweredInTheirWords(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	q, body := w.envelope(aesKey, "wxsim-mini-1", "<xml><ToUserName>gh_1</ToUserName><FromUserName>oWeChat</FromUserName><CreateTime>1795233600</CreateTime>"+
		"<MsgType>event</MsgType><Event>xpay_goods_deliver_notify</Event><OpenId>oReader</OpenId><OutTradeNo>HT01</OutTradeNo></xml>")
	for range 2 {
		if status, _, answer := w.do(http.MethodPost, "/wechat/mini", q, body); status != 200 || answer != "<xml><ErrCode>0</ErrCode><ErrMsg><![CDATA[success]]></ErrMsg></xml>" {
			t.Errorf("as XML: %d %q", status, answer)
		}
	}
	const msg = `{"ToUserName":"gh_1","FromUserName":"oWeChat","CreateTime":1795233601,"MsgType":"event","Event":"xpay_goods_deliver_notify","OpenId":"oReader","OutTradeNo":"HT02"}`
	ciphertext := sealPush(aesKey, "wxsim-mini-1", msg)
	q.Set("msg_signature", signPush(token, q.Get("timestamp"), q.Get("nonce"), ciphertext))
	if status, kind, answer := w.do(http.MethodPost, "/wechat/mini", q, `{"ToUserName":"gh_1","Encrypt":"`+ciphertext+`"}`); status != 200 ||
		answer != `{"ErrCode":0,"ErrMsg":"success"}` || kind != "application/json" {
		t.Errorf("as JSON: %d %s %q", status, kind, answer)
	}
	if n := len(w.stored()); n != 2 {
		t.Errorf("%d pushes are kept, want 2", n)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _, answer := w.do(http.MethodPost, "/wechat/mini", q, `{"ToUserName":"gh_1","Encrypt":"`+ciphertext+`"}`); status != 500 || answer != "" {
		t.Errorf("not kept: %d %q, want 500 so that WeChat sends it again", status, answer)
	}
}
