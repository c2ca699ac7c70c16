package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"sort"
	"strings"
	"testing"
	"time"
)

// pushDecoder reads a safe-mode push as the documents describe it, apart from the
// simulator's own code.
func decodePush(t *testing.T, aesKey, token, appID string, c productCall) string {
	t.Helper()
	var outer struct {
		ToUserName, Encrypt string
	}
	var err error
	if strings.HasPrefix(string(c.body), "{") {
		err = json.Unmarshal(c.body, &outer)
	} else {
		err = xml.Unmarshal(c.body, &outer)
	}
	if err != nil {
		t.Fatalf("push body %q: %v", c.body, err)
	}
	parts := []string{token, c.query.Get("timestamp"), c.query.Get("nonce"), outer.Encrypt}
	sort.Strings(parts)
	h := sha1.New()
	for _, p := range parts {
		h.Write([]byte(p))
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != c.query.Get("msg_signature") {
		t.Fatalf("msg_signature = %s, want %s", c.query.Get("msg_signature"), got)
	}
	key, err := base64.RawStdEncoding.DecodeString(aesKey)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(outer.Encrypt)
	if err != nil || len(raw)%32 != 0 {
		t.Fatalf("ciphertext of %d bytes: %v", len(raw), err)
	}
	block, _ := aes.NewCipher(key)
	previous := key[:16]
	var plain []byte
	for i := 0; i < len(raw); i += 16 { // CBC by hand
		var out [16]byte
		block.Decrypt(out[:], raw[i:i+16])
		for j := range out {
			out[j] ^= previous[j]
		}
		previous = raw[i : i+16]
		plain = append(plain, out[:]...)
	}
	plain = plain[:len(plain)-int(plain[len(plain)-1])]
	n := int(plain[16])<<24 | int(plain[17])<<16 | int(plain[18])<<8 | int(plain[19])
	if got := string(plain[20+n:]); got != appID {
		t.Fatalf("trailing appid = %q, want %q", got, appID)
	}
	return string(plain[20 : 20+n])
}

// sealReply answers a push as a product in safe mode would.
func sealReply(t *testing.T, aesKey, token, appID, nonce, message string) string {
	t.Helper()
	key, _ := base64.RawStdEncoding.DecodeString(aesKey)
	n := len(message)
	plain := append([]byte("0123456789abcdef"), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	plain = append(append(plain, message...), appID...)
	pad := 32 - len(plain)%32
	for range pad {
		plain = append(plain, byte(pad))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(plain, plain)
	encrypted := base64.StdEncoding.EncodeToString(plain)
	parts := []string{token, "1772445600", nonce, encrypted}
	sort.Strings(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return fmt.Sprintf("<xml><Encrypt><![CDATA[%s]]></Encrypt><MsgSignature><![CDATA[%x]]></MsgSignature><TimeStamp>1772445600</TimeStamp><Nonce><![CDATA[%s]]></Nonce></xml>",
		encrypted, sum, nonce)
}

type pushEvent struct {
	ToUserName, FromUserName, MsgType, Event, EventKey, Ticket, Status, Content string
	CreateTime                                                                  int64
	MsgID                                                                       uint64
}

func (b *bench) readPush(c productCall) pushEvent {
	b.t.Helper()
	var e pushEvent
	clear := decodePush(b.t, b.acc.OA.EncodingAESKey, b.acc.OA.Token, b.acc.OA.AppID, c)
	if err := xml.Unmarshal([]byte(clear), &e); err != nil {
		b.t.Fatalf("%v in %s", err, clear)
	}
	return e
}

func (b *bench) textReply(to pushEvent, nonce, content string) string {
	return sealReply(b.t, b.acc.OA.EncodingAESKey, b.acc.OA.Token, b.acc.OA.AppID, nonce, fmt.Sprintf(
		"<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[%s]]></FromUserName><CreateTime>1772445600</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[%s]]></Content></xml>",
		to.FromUserName, to.ToUserName, content))
}

func prepayBody(b *bench, number, openID string, total int) string {
	return mustJSON(b.t, object{
		"appid": b.acc.Mini.AppID, "mchid": b.acc.Merchant.MchID, "description": "年度会员卡", "out_trade_no": number,
		"notify_url": b.settings.PushBase + "/wechat/pay/notify", "amount": object{"total": total, "currency": "CNY"},
		"payer": object{"openid": openID},
	})
}

func (b *bench) payParams(appID, prepayID string) object {
	ts := fmt.Sprint(b.clock.now().Unix())
	pkg := "prepay_id=" + prepayID
	return object{"appId": appID, "timeStamp": ts, "nonceStr": "abc123", "package": pkg, "signType": "RSA",
		"paySign": sign(b.t, merchantKey(b.t, b.acc), appID+"\n"+ts+"\nabc123\n"+pkg+"\n")}
}

// TestTour plays a shopper's round: login, phone, payment, QR, template message.
func TestTour(t *testing.T) {
	b := newBench(t)
	u := b.newUser()
	id := u["id"].(string)

	login := b.ctl("POST", "/_sim/users/"+id+"/login", nil)
	_, session, _ := b.do("GET", b.api+"/sns/jscode2session?grant_type=authorization_code&appid="+b.acc.Mini.AppID+"&secret="+b.acc.Mini.Secret+"&js_code="+login["js_code"].(string), nil, "")
	if session["openid"] != u["mini_openid"] || session["unionid"] != u["unionid"] || session["errcode"] != nil {
		t.Fatalf("jscode2session = %v, want openid %v", session, u["mini_openid"])
	}
	if key, err := base64.StdEncoding.DecodeString(session["session_key"].(string)); err != nil || len(key) != 16 {
		t.Errorf("session_key of %d bytes, %v", len(key), err)
	}

	phone := b.ctl("POST", "/_sim/users/"+id+"/phone", nil)
	code, out := b.call(kindMini, "/wxa/business/getuserphonenumber", object{"code": phone["code"]})
	info, _ := out["phone_info"].(object)
	if code != 0 || info["purePhoneNumber"] != u["phone"] || info["watermark"].(object)["appid"] != b.acc.Mini.AppID {
		t.Fatalf("getuserphonenumber = %v", out)
	}

	status, prepay, _ := b.pay("POST", "/v3/pay/transactions/jsapi", prepayBody(b, "VIP0000001", u["mini_openid"].(string), 9900))
	if status != 200 {
		t.Fatalf("prepay = %d %v", status, prepay)
	}
	paid := b.ctl("POST", "/_sim/users/"+id+"/pay", b.payParams(b.acc.Mini.AppID, prepay["prepay_id"].(string)))
	if paid["errMsg"] != "requestPayment:ok" || paid["delivery"].(object)["state"] != "delivered" {
		t.Fatalf("pay = %v", paid)
	}
	notices := b.product.got()
	if len(notices) != 1 || notices[0].path != "/wechat/pay/notify" {
		t.Fatalf("product got %d calls", len(notices))
	}
	b.verifyPlatform(notices[0].header, notices[0].body)
	if tx := b.readNotice(notices[0].body); tx["out_trade_no"] != "VIP0000001" || tx["trade_state"] != "SUCCESS" ||
		tx["amount"].(object)["total"].(json.Number) != "9900" || tx["payer"].(object)["openid"] != u["mini_openid"] {
		t.Errorf("notified transaction = %v", tx)
	}

	code, qr := b.call(kindOA, "/cgi-bin/qrcode/create", object{"expire_seconds": 600, "action_name": "QR_STR_SCENE", "action_info": object{"scene": object{"scene_str": "parcel=12"}}})
	if code != 0 || qr["errmsg"] != nil {
		t.Fatalf("qrcode/create = %v", qr)
	}
	b.product.answer(func(_ int, c productCall) (int, string) {
		e := b.readPush(c)
		if e.Event == "subscribe" {
			return 200, b.textReply(e, c.query.Get("nonce"), "欢迎光临，包裹里的券已到账")
		}
		return 200, "success"
	})
	scanned := b.ctl("POST", "/_sim/users/"+id+"/scan", object{"ticket": qr["ticket"]})
	if d := scanned["delivery"].(object); d["state"] != "delivered" || d["event"] != "subscribe" {
		t.Fatalf("scan = %v", scanned)
	}
	if replies := scanned["replies"].([]any); len(replies) != 1 || replies[0].(object)["text"] != "欢迎光临，包裹里的券已到账" {
		t.Errorf("replies = %v", replies)
	}
	e := b.readPush(b.product.got()[0])
	if e.EventKey != "qrscene_parcel=12" || e.Ticket != qr["ticket"] || e.FromUserName != u["oa_openid"] || e.CreateTime != testStart.Unix() {
		t.Errorf("subscribe event = %+v", e)
	}

	template := b.acc.Templates[0]
	code, sent := b.call(kindOA, "/cgi-bin/message/template/send", object{"touser": u["oa_openid"], "template_id": template.ID, "client_msg_id": "m1",
		"data": object{"thing1": object{"value": "年度会员卡"}, "amount2": object{"value": "99.00元"}, "time3": object{"value": "2026-03-02 18:00"}, "thing4": object{"value": "至2027年3月1日"}}})
	if code != 0 {
		t.Fatalf("template/send = %v", sent)
	}
	b.clock.advance(time.Second)
	eventually(t, "TEMPLATESENDJOBFINISH", func() bool { return len(b.product.got()) == 2 })
	e = b.readPush(b.product.got()[1])
	if e.Event != "TEMPLATESENDJOBFINISH" || e.Status != "success" || fmt.Sprint(e.MsgID) != sent["msgid"].(json.Number).String() {
		t.Errorf("finish event = %+v, msgid %v", e, sent["msgid"])
	}
	inbox := b.ctl("GET", "/_sim/users/"+id+"/inbox", nil)["messages"].([]any)
	kinds := []string{}
	for _, m := range inbox {
		kinds = append(kinds, m.(object)["kind"].(string))
	}
	if got := strings.Join(kinds, " "); got != "payment event reply template" {
		t.Errorf("phone shows %q", got)
	}

	_, image, header := b.do("GET", b.api+"/cgi-bin/showqrcode?ticket="+url.QueryEscape(qr["ticket"].(string)), nil, "")
	if header.Get("Content-Type") != "image/png" || image != nil {
		t.Errorf("showqrcode content type = %q", header.Get("Content-Type"))
	}
}

// readNotice decrypts a pay notification's resource.
func (b *bench) readNotice(body []byte) object {
	b.t.Helper()
	var n struct {
		Resource struct {
			Ciphertext     string `json:"ciphertext"`
			Nonce          string `json:"nonce"`
			AssociatedData string `json:"associated_data"`
		} `json:"resource"`
	}
	if err := json.Unmarshal(body, &n); err != nil {
		b.t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(n.Resource.Ciphertext)
	if err != nil {
		b.t.Fatal(err)
	}
	block, err := aes.NewCipher([]byte(b.acc.Merchant.APIv3Key))
	if err != nil {
		b.t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		b.t.Fatal(err)
	}
	plain, err := gcm.Open(nil, []byte(n.Resource.Nonce), raw, []byte(n.Resource.AssociatedData))
	if err != nil {
		b.t.Fatalf("resource: %v", err)
	}
	var out object
	d := json.NewDecoder(strings.NewReader(string(plain)))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		b.t.Fatal(err)
	}
	return out
}
