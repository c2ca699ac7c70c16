package push

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"huitou/wechat"
)

const (
	testApp   = "wxdemo0000000001"
	testToken = "huitoutoken"
	keyA      = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	keyB      = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
)

var testNow = time.Unix(1_772_000_000, 0)

func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func testConfig(mode Mode, keys ...string) Config {
	cfg := Config{AppID: testApp, Token: testToken, Mode: mode, Now: func() time.Time { return testNow }}
	for _, k := range keys {
		cfg.AESKeys = append(cfg.AESKeys, wechat.Secret(k))
	}
	return cfg
}

func newCodec(t testing.TB, cfg Config) *Codec {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sender plays WeChat: it signs and, with a key, encrypts.
type sender struct {
	app, token, key string
	at              time.Time
	format          wechat.Format
}

func weChat(key string) sender {
	return sender{app: testApp, token: testToken, key: key, at: testNow, format: wechat.FormatXML}
}

func (s sender) post(t testing.TB, msg string) (url.Values, []byte) {
	t.Helper()
	ts, nonce := strconv.FormatInt(s.at.Unix(), 10), "415670741"
	q := values("timestamp", ts, "nonce", nonce, "signature", signature(s.token, ts, nonce), "openid", "oX")
	if s.key == "" {
		return q, []byte(msg)
	}
	key, err := parseKey(s.key)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := key.seal(strings.NewReader("0123456789abcdef"), []byte(msg), s.app)
	if err != nil {
		t.Fatal(err)
	}
	q.Set("encrypt_type", "aes")
	q.Set("msg_signature", signature(s.token, ts, nonce, sealed))
	if s.format == wechat.FormatJSON {
		return q, []byte(`{"ToUserName":"gh_x","Encrypt":"` + sealed + `"}`)
	}
	return q, []byte("<xml><ToUserName><![CDATA[gh_x]]></ToUserName><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>")
}

const textXML = `<xml><ToUserName><![CDATA[gh_x]]></ToUserName><FromUserName><![CDATA[oX]]></FromUserName>` +
	`<CreateTime>1772000000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好 😀 <b>]]></Content>` +
	`<MsgId>23456789012345678</MsgId></xml>`

func TestOpenReadsAllModesAndFormats(t *testing.T) {
	textJSON := `{"ToUserName":"gh_x","FromUserName":"oX","CreateTime":"1772000000","MsgType":"text","Content":"你好 😀 <b>","MsgId":23456789012345678}`
	tests := []struct {
		name string
		mode Mode
		key  string
		msg  string
		form wechat.Format
	}{
		{"plain XML", ModePlain, "", textXML, wechat.FormatXML},
		{"plain JSON", ModePlain, "", textJSON, wechat.FormatJSON},
		{"safe XML", ModeSafe, keyA, textXML, wechat.FormatXML},
		{"safe JSON", ModeSafe, keyA, textJSON, wechat.FormatJSON},
		{"compatible XML", ModeCompatible, keyA, textXML, wechat.FormatXML},
		{"compatible JSON", ModeCompatible, keyA, textJSON, wechat.FormatJSON},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCodec(t, testConfig(tt.mode, keyA))
			s := weChat(tt.key)
			s.format = tt.form
			q, body := s.post(t, tt.msg)
			p, err := c.Open(q, body)
			if err != nil {
				t.Fatal(err)
			}
			if p.AppID != testApp || p.Kind != wechat.KindText || p.To != "gh_x" || p.OpenID != "oX" ||
				p.Content != "你好 😀 <b>" || p.MsgID != "23456789012345678" || !p.CreatedAt.Equal(testNow) {
				t.Errorf("push = %+v", p)
			}
			if p.Envelope.Format != tt.form || p.Envelope.Encrypted != (tt.key != "") || string(p.Body) != tt.msg {
				t.Errorf("envelope = %+v, body %q", p.Envelope, p.Body)
			}
		})
	}
}

// Issue 6, 1: plaintext is refused where encryption is configured, in both modes that have it, whatever the URL says.
func TestT18PlaintextIsRefusedWhereEncryptionIsConfigured(t *testing.T) {
	json := `{"ToUserName":"gh_x","FromUserName":"oX","CreateTime":1772000000,"MsgType":"text","Content":"x","MsgId":1}`
	for _, mode := range []Mode{ModeSafe, ModeCompatible} {
		c := newCodec(t, testConfig(mode, keyA))
		for _, msg := range []string{textXML, json, "hello", ""} {
			for _, kind := range []string{"", "raw", "aes"} {
				q, body := weChat("").post(t, msg)
				q.Set("encrypt_type", kind)
				if p, err := c.Open(q, body); !errors.Is(err, wechat.ErrPlaintext) || p.Body != nil || p.OpenID != "" {
					t.Errorf("%s mode, encrypt_type %q: %.20q gave %+v, %v", mode, kind, msg, p, err)
				}
			}
		}
	}
}

// In compatible mode the plaintext beside the ciphertext is proven by nothing and not read.
func TestCompatibleModeBelievesOnlyTheCiphertext(t *testing.T) {
	c := newCodec(t, testConfig(ModeCompatible, keyA))
	q, body := weChat(keyA).post(t, textXML)
	forged := strings.Replace(string(body), "<xml>", "<xml><FromUserName>oEvil</FromUserName><MsgType>text</MsgType><Content>pay me</Content>", 1)
	p, err := c.Open(q, []byte(forged))
	if err != nil || p.OpenID != "oX" || p.Content != "你好 😀 <b>" {
		t.Errorf("Open = %+v, %v", p, err)
	}
}

// T18: forged, tampered, foreign and stale pushes are refused, each for its own reason.
func TestT18ForgedPushesAreRefused(t *testing.T) {
	c := newCodec(t, testConfig(ModeSafe, keyA))
	good := weChat(keyA)
	set := func(key, value string) func(url.Values, []byte) (url.Values, []byte) {
		return func(q url.Values, b []byte) (url.Values, []byte) { q.Set(key, value); return q, b }
	}
	del := func(key string) func(url.Values, []byte) (url.Values, []byte) {
		return func(q url.Values, b []byte) (url.Values, []byte) { q.Del(key); return q, b }
	}
	as := func(change func(*sender)) sender {
		s := good
		change(&s)
		return s
	}
	otherQuery, _ := good.post(t, strings.Replace(textXML, "oX", "oY", 1))
	tests := []struct {
		name   string
		from   sender
		mutate func(url.Values, []byte) (url.Values, []byte)
		want   error
	}{
		{"no msg_signature", good, del("msg_signature"), wechat.ErrSignature},
		{"empty msg_signature", good, set("msg_signature", ""), wechat.ErrSignature},
		{"signature in place of msg_signature", good, func(q url.Values, b []byte) (url.Values, []byte) {
			q.Set("msg_signature", q.Get("signature"))
			return q, b
		}, wechat.ErrSignature},
		{"msg_signature of another message", good, set("msg_signature", otherQuery.Get("msg_signature")), wechat.ErrSignature},
		{"msg_signature in capitals", good, func(q url.Values, b []byte) (url.Values, []byte) {
			q.Set("msg_signature", strings.ToUpper(q.Get("msg_signature")))
			return q, b
		}, wechat.ErrSignature},
		{"another nonce", good, set("nonce", "1"), wechat.ErrSignature},
		{"another timestamp", good, set("timestamp", "1772000001"), wechat.ErrSignature},
		{"another token", as(func(s *sender) { s.token = "guess" }), nil, wechat.ErrSignature},
		{"ciphertext changed", good, func(q url.Values, b []byte) (url.Values, []byte) {
			i := strings.Index(string(b), "<Encrypt><![CDATA[") + 40
			b[i] ^= 1
			return q, b
		}, wechat.ErrSignature},
		{"for another app", as(func(s *sender) { s.app = "wxother" }), nil, wechat.ErrSignature},
		{"under another AES key", as(func(s *sender) { s.key = keyB }), nil, wechat.ErrDecrypt},
		{"301 seconds old", as(func(s *sender) { s.at = testNow.Add(-301 * time.Second) }), nil, wechat.ErrStale},
		{"301 seconds ahead", as(func(s *sender) { s.at = testNow.Add(301 * time.Second) }), nil, wechat.ErrStale},
		{"plaintext with a good signature", as(func(s *sender) { s.key = "" }), nil, wechat.ErrPlaintext},
		{"plaintext that claims to be encrypted", as(func(s *sender) { s.key = "" }), set("encrypt_type", "aes"), wechat.ErrPlaintext},
		{"plaintext that claims to be, unsigned", as(func(s *sender) { s.key = ""; s.token = "guess" }), set("encrypt_type", "aes"), wechat.ErrSignature},
		{"encrypt_type removed", good, del("encrypt_type"), wechat.ErrPlaintext},
		{"unknown encrypt_type", good, set("encrypt_type", "rot13"), wechat.ErrSignature},
		{"body is not XML, URL unsigned", as(func(s *sender) { s.token = "guess" }), func(q url.Values, _ []byte) (url.Values, []byte) {
			return q, []byte("hello")
		}, wechat.ErrSignature},
		{"body is not XML, URL signed", good, func(q url.Values, _ []byte) (url.Values, []byte) { return q, []byte("hello") }, wechat.ErrPlaintext},
		{"too large", good, func(q url.Values, b []byte) (url.Values, []byte) {
			return q, append(b, make([]byte, MaxBody)...)
		}, wechat.ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, body := tt.from.post(t, textXML)
			if tt.mutate != nil {
				q, body = tt.mutate(q, body)
			}
			p, err := c.Open(q, body)
			if !errors.Is(err, tt.want) {
				t.Errorf("Open = %v, want %v", err, tt.want)
			}
			if p.OpenID != "" || p.Kind != "" || p.Body != nil {
				t.Errorf("a refused push was read: %+v", p)
			}
		})
	}
	for _, skew := range []time.Duration{-300 * time.Second, 300 * time.Second} {
		q, body := as(func(s *sender) { s.at = testNow.Add(skew) }).post(t, textXML)
		if _, err := c.Open(q, body); err != nil {
			t.Errorf("%s off: %v", skew, err)
		}
	}
}

// An authentic body that nobody can read comes back beside the error, to be kept.
func TestUnreadableBodiesComeBack(t *testing.T) {
	for key, mode := range map[string]Mode{"": ModePlain, keyA: ModeCompatible} {
		c := newCodec(t, testConfig(mode, keyA))
		q, body := weChat(key).post(t, "hello")
		p, err := c.Open(q, body)
		if !errors.Is(err, wechat.ErrMalformed) || string(p.Body) != "hello" || len(p.DedupeKey) != 64 || p.AppID != testApp {
			t.Errorf("Open of an authentic %q = %+v, %v", "hello", p, err)
		}
	}
}

// Read sees in a stored body what Open saw in it.
func TestReadAgain(t *testing.T) {
	c := newCodec(t, testConfig(ModeSafe, keyA))
	q, body := weChat(keyA).post(t, textXML)
	opened, err := c.Open(q, body)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Read(opened.Body)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Envelope = (wechat.Envelope{Format: wechat.FormatXML}); !reflect.DeepEqual(again, opened) {
		t.Errorf("read again %+v, at first %+v", again, opened)
	}
}

// T18: 1,000 random one-byte changes of URL or body; none is believed.
func TestT18RandomTampering(t *testing.T) {
	c := newCodec(t, testConfig(ModeSafe, keyA, keyB))
	rng := rand.New(rand.NewPCG(1, 2))
	signed := []string{"timestamp", "nonce", "msg_signature"}
	opened := 0
	for i := range 1_000 {
		q, body := weChat(keyA).post(t, textXML)
		if i%2 == 0 {
			name := signed[rng.IntN(len(signed))]
			b := []byte(q.Get(name))
			b[rng.IntN(len(b))] ^= byte(1 + rng.IntN(127))
			q.Set(name, string(b))
		} else {
			body[rng.IntN(len(body))] ^= byte(1 + rng.IntN(255))
		}
		p, err := c.Open(q, body)
		if err != nil {
			continue
		}
		// Only what no signature covers may change: the wrapping around Encrypt.
		if opened++; string(p.Body) != textXML {
			t.Fatalf("change %d was believed: %q", i, p.Body)
		}
	}
	t.Logf("%d changes outside the signed parts", opened)
}

func TestPreviousKeyOpensAndAnswers(t *testing.T) {
	c := newCodec(t, testConfig(ModeSafe, keyB, keyA))
	q, body := weChat(keyA).post(t, textXML)
	p, err := c.Open(q, body)
	if err != nil || p.Envelope.Key != 1 {
		t.Fatalf("Open under the previous key = key %d, %v", p.Envelope.Key, err)
	}
	_, sealed, err := c.Seal(p, wechat.Text("好"))
	if err != nil {
		t.Fatal(err)
	}
	var out struct{ Encrypt string }
	if err := xml.Unmarshal(sealed, &out); err != nil {
		t.Fatal(err)
	}
	old := newCodec(t, testConfig(ModeSafe, keyA))
	if msg, _, err := old.decrypt(out.Encrypt); err != nil || !strings.Contains(string(msg), "好") {
		t.Errorf("reply under the key the push came with = %q, %v", msg, err)
	}
}

func TestDedupeKeyIsPerBodyAndApp(t *testing.T) {
	open := func(cfg Config, s sender, msg string) string {
		q, body := s.post(t, msg)
		p, err := newCodec(t, cfg).Open(q, body)
		if err != nil {
			t.Fatal(err)
		}
		return p.DedupeKey
	}
	first := open(testConfig(ModeSafe, keyA), weChat(keyA), textXML)
	again := weChat(keyA)
	again.at = again.at.Add(15 * time.Second) // a retry is signed anew
	if open(testConfig(ModeSafe, keyA), again, textXML) != first {
		t.Error("a retry has another key")
	}
	if open(testConfig(ModeSafe, keyA), weChat(keyA), strings.Replace(textXML, "oX", "oY", 1)) == first {
		t.Error("another person's message has the same key")
	}
	other := testConfig(ModeSafe, keyA)
	other.AppID = "wxother"
	s := weChat(keyA)
	s.app = "wxother"
	if open(other, s, textXML) == first {
		t.Error("another app's message has the same key")
	}
	if len(first) != 64 {
		t.Errorf("key %q has %d characters", first, len(first))
	}
}

func TestVerifyURL(t *testing.T) {
	c := newCodec(t, testConfig(ModeSafe, keyA))
	at := func(d time.Duration) string { return strconv.FormatInt(testNow.Add(d).Unix(), 10) }
	query := func(ts, echo string) url.Values {
		return values("timestamp", ts, "nonce", "7", "echostr", echo, "signature", signature(testToken, ts, "7"))
	}
	if got, err := c.VerifyURL(query(at(0), "4375120948345356249")); err != nil || got != "4375120948345356249" {
		t.Errorf("VerifyURL = %q, %v", got, err)
	}
	bad := query(at(0), "1")
	bad.Set("signature", signature("guess", at(0), "7"))
	for name, tt := range map[string]struct {
		query url.Values
		want  error
	}{
		"wrong token":    {bad, wechat.ErrSignature},
		"nothing":        {url.Values{}, wechat.ErrSignature},
		"old":            {query(at(-time.Hour), "1"), wechat.ErrStale},
		"script as echo": {query(at(0), "<script>"), wechat.ErrMalformed},
		"no echo":        {query(at(0), ""), wechat.ErrMalformed},
		"long echo":      {query(at(0), strings.Repeat("1", 65)), wechat.ErrMalformed},
	} {
		if got, err := c.VerifyURL(tt.query); !errors.Is(err, tt.want) || got != "" {
			t.Errorf("%s: %q, %v; want %v", name, got, err, tt.want)
		}
	}
}

func TestNewReportsEveryFault(t *testing.T) {
	_, err := New(Config{Mode: "secret", Format: "yaml", AESKeys: []wechat.Secret{"short", wechat.Secret(keyA[:42] + "!")}})
	for _, part := range []string{"AppID", "Token", "Now", "Mode", "Format", "AESKeys[0]", "AESKeys[1]"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s is not in: %v", part, err)
		}
	}
	if _, err := New(testConfig(ModeSafe)); err == nil {
		t.Error("safe mode without a key was accepted")
	}
	if strings.Contains(fmt.Sprint(err), keyA[:20]) {
		t.Error("a fault repeats the key")
	}
}

func TestSealPlain(t *testing.T) {
	c := newCodec(t, testConfig(ModePlain))
	p := wechat.Push{To: "gh_x", OpenID: "oX", Envelope: wechat.Envelope{Format: wechat.FormatXML}}

	kind, body, err := c.Seal(p, wechat.Reply{})
	if err != nil || string(body) != "success" || !strings.HasPrefix(kind, "text/plain") {
		t.Errorf("bare reply = %s %q %v", kind, body, err)
	}
	kind, body, err = c.Seal(p, wechat.Text("a]]>b & <c> \x00回头"))
	if err != nil || !strings.HasPrefix(kind, "application/xml") {
		t.Fatalf("text reply = %s, %v", kind, err)
	}
	var out struct {
		ToUserName, FromUserName, MsgType, Content string
		CreateTime                                 int64
	}
	if err := xml.Unmarshal(body, &out); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if out.ToUserName != "oX" || out.FromUserName != "gh_x" || out.MsgType != "text" ||
		out.Content != "a]]>b & <c> 回头" || out.CreateTime != testNow.Unix() {
		t.Errorf("reply = %+v", out)
	}
	if _, _, err := c.Seal(p, wechat.Reply{Kind: "hologram"}); err == nil {
		t.Error("an unknown kind was sealed")
	}
	for _, r := range []wechat.Reply{
		{Kind: wechat.ReplyImage, MediaID: "m1"}, {Kind: wechat.ReplyVoice, MediaID: "m1"},
		{Kind: wechat.ReplyVideo, MediaID: "m1", Title: "t"}, {Kind: wechat.ReplyMusic, URL: "u", ThumbMediaID: "m1"},
		{Kind: wechat.ReplyNews, Title: "t", Description: "d", PicURL: "p", URL: "u"}, {Kind: wechat.ReplyTransfer},
	} {
		_, body, err := c.Seal(p, r)
		if err != nil {
			t.Fatal(err)
		}
		root, _, err := parse(body)
		if err != nil || root.text("MsgType") != string(r.Kind) {
			t.Errorf("%s: %s, %v", r.Kind, body, err)
		}
		if r.Kind == wechat.ReplyNews && root.kid("Articles").kid("item").text("Url") != "u" {
			t.Errorf("news: %s", body)
		}
	}
}

func TestSealEncrypted(t *testing.T) {
	for _, format := range []wechat.Format{wechat.FormatXML, wechat.FormatJSON} {
		c := newCodec(t, testConfig(ModeSafe, keyA))
		s := weChat(keyA)
		s.format = format
		msg := textXML
		if format == wechat.FormatJSON {
			msg = `{"ToUserName":"gh_x","FromUserName":"oX","CreateTime":1,"MsgType":"text","Content":"x","MsgId":1}`
		}
		q, body := s.post(t, msg)
		p, err := c.Open(q, body)
		if err != nil {
			t.Fatal(err)
		}
		if _, bare, err := c.Seal(p, wechat.Reply{}); err != nil || string(bare) != "success" {
			t.Errorf("bare reply in safe mode = %q, %v", bare, err)
		}
		kind, sealed, err := c.Seal(p, wechat.Text("欢迎"))
		if err != nil {
			t.Fatal(err)
		}
		var out struct {
			Encrypt, MsgSignature, Nonce string
			TimeStamp                    json.Number
		}
		if format == wechat.FormatJSON {
			err = json.Unmarshal(sealed, &out)
		} else {
			err = xml.Unmarshal(sealed, &out)
		}
		if err != nil {
			t.Fatalf("%s: %v", sealed, err)
		}
		if out.Nonce != q.Get("nonce") || out.TimeStamp.String() != strconv.FormatInt(testNow.Unix(), 10) ||
			out.MsgSignature != signature(testToken, out.TimeStamp.String(), out.Nonce, out.Encrypt) {
			t.Errorf("%s envelope (%s): %s", format, kind, sealed)
		}
		inner, _, err := c.decrypt(out.Encrypt)
		if err != nil {
			t.Fatal(err)
		}
		root, got, err := parse(inner)
		if err != nil || got != format || root.text("Content") != "欢迎" || root.text("ToUserName") != "oX" {
			t.Errorf("inside: %s, %v", inner, err)
		}
	}
}
