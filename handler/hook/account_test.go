package hook_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"huitou/handler/hook"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/callbacks"
	"huitou/service/jobs"
	"huitou/wechat"
	"huitou/wechat/mini"
	"huitou/wechat/oa"
)

const (
	oaApp    = "wxsim-oa-1"
	token    = "tokenOfTests"
	aesKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	otherKey = "0123456789ABCDEFGabcdefghijklmnopqrstuvwxyz"
)

// world is a server with both callbacks in safe mode.
type world struct {
	t       testing.TB
	d       *db.DB
	clock   *dbtest.Clock
	q       *jobs.Queue
	vault   *callbacks.Service
	echo    *echo.Echo
	reply   func(ctx context.Context, p wechat.Push) (wechat.Reply, error)
	mu      sync.Mutex
	refused map[string]int
	logs    bytes.Buffer
}

func newWorld(t testing.TB, d *db.DB, clock *dbtest.Clock) *world {
	return newWorldIn(t, d, clock, oa.ModeSafe, aesKey)
}

// newWorldIn is a world in which the console is filled in another way.
func newWorldIn(t testing.TB, d *db.DB, clock *dbtest.Clock, mode oa.Mode, keys ...wechat.Secret) *world {
	w := &world{t: t, d: d, clock: clock, refused: map[string]int{}}
	log := slog.New(slog.NewTextHandler(&w.logs, nil))
	w.q = jobs.New(d, slog.New(slog.DiscardHandler))
	oaCodec, err := oa.NewCallback(oa.CallbackConfig{AppID: oaApp, Token: token, AESKeys: keys, Mode: mode, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	miniCodec, err := mini.NewCallback(mini.CallbackConfig{AppID: "wxsim-mini-1", Token: token, AESKeys: keys, Mode: mode, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	w.vault = callbacks.New(callbacks.Deps{DB: d, Jobs: w.q, Readers: map[string]callbacks.Reader{oaApp: oaCodec, "wxsim-mini-1": miniCodec}, Log: log})
	w.vault.Register()
	w.reply = func(context.Context, wechat.Push) (wechat.Reply, error) { return wechat.Reply{}, nil }
	w.echo = echo.New()
	tally := func(word string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.refused[word]++
	}
	counts := hook.Counts{Refused: tally, Unreadable: tally}
	onOA := hook.OA(hook.OADeps{AppID: oaApp, Codec: oaCodec, Vault: w.vault, Log: log, Counts: counts,
		Reply: func(ctx context.Context, p wechat.Push) (wechat.Reply, error) { return w.reply(ctx, p) }})
	onMini := hook.Mini(hook.MiniDeps{AppID: "wxsim-mini-1", Codec: miniCodec, Vault: w.vault, Log: log, Counts: counts})
	w.echo.GET("/wechat/oa", onOA)
	w.echo.POST("/wechat/oa", onOA)
	w.echo.POST("/wechat/mini", onMini)
	return w
}

func (w *world) do(method, path string, q url.Values, body string) (status int, contentType, answer string) {
	rec := httptest.NewRecorder()
	w.echo.ServeHTTP(rec, httptest.NewRequest(method, path+"?"+q.Encode(), strings.NewReader(body)))
	return rec.Code, rec.Header().Get("Content-Type"), rec.Body.String()
}

// stored returns everything in the vault.
func (w *world) stored() (rows []model.Callback) {
	w.t.Helper()
	err := w.d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Order("id").Find(&rows).Error })
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// What follows speaks WeChat's envelope by the standard library only, apart from the product's own code.

func signPush(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func sealPush(key, app, msg string) string {
	raw, err := base64.StdEncoding.DecodeString(key + "=")
	if err != nil {
		panic(err)
	}
	plain := append([]byte("0123456789abcdef"), binary.BigEndian.AppendUint32(nil, uint32(len(msg)))...)
	plain = append(append(plain, msg...), app...)
	pad := 32 - len(plain)%32
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	block, err := aes.NewCipher(raw)
	if err != nil {
		panic(err)
	}
	cipher.NewCBCEncrypter(block, raw[:16]).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain)
}

func unsealPush(t testing.TB, key, ciphertext string) string {
	t.Helper()
	raw, _ := base64.StdEncoding.DecodeString(key + "=")
	b, err := base64.StdEncoding.DecodeString(ciphertext)
	if err != nil || len(b)%16 != 0 {
		t.Fatalf("not a ciphertext: %q", ciphertext)
	}
	block, _ := aes.NewCipher(raw)
	cipher.NewCBCDecrypter(block, raw[:16]).CryptBlocks(b, b)
	n := binary.BigEndian.Uint32(b[16:20])
	return string(b[20 : 20+n])
}

// jsonEnvelope is an authentic encrypted push of an account whose console says JSON.
func (w *world) jsonEnvelope(key, app, msg string) (url.Values, string) {
	q, body := w.envelope(key, app, msg)
	ciphertext := body[strings.LastIndex(body, "CDATA[")+6 : strings.LastIndex(body, "]]></Encrypt>")]
	return q, `{"ToUserName":"gh_1","Encrypt":"` + ciphertext + `"}`
}

// envelope is an authentic encrypted push.
func (w *world) envelope(key, app, msg string) (url.Values, string) {
	ciphertext := sealPush(key, app, msg)
	timestamp, nonce := strconv.FormatInt(w.clock.Now().Unix(), 10), "nonce1"
	return url.Values{
		"signature": {signPush(token, timestamp, nonce)}, "timestamp": {timestamp}, "nonce": {nonce},
		"encrypt_type": {"aes"}, "msg_signature": {signPush(token, timestamp, nonce, ciphertext)},
	}, "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[" + ciphertext + "]]></Encrypt></xml>"
}

func subscribe(openID, key string) string {
	return "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[" + openID + "]]></FromUserName><CreateTime>1795233600</CreateTime>" +
		"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[" + key + "]]></EventKey></xml>"
}

func TestVerifyURL(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	timestamp := strconv.FormatInt(clock.Now().Unix(), 10)
	q := url.Values{"signature": {signPush(token, timestamp, "n")}, "timestamp": {timestamp}, "nonce": {"n"}, "echostr": {"5948"}}
	if status, kind, body := w.do(http.MethodGet, "/wechat/oa", q, ""); status != 200 || body != "5948" || !strings.HasPrefix(kind, "text/plain") {
		t.Errorf("good check: %d %q %q", status, kind, body)
	}
	q.Set("echostr", "<script>")
	if status, _, body := w.do(http.MethodGet, "/wechat/oa", q, ""); status != 400 || body != "" {
		t.Errorf("echostr that is markup: %d %q", status, body)
	}
	q.Set("nonce", "m")
	if status, _, _ := w.do(http.MethodGet, "/wechat/oa", q, ""); status != 403 {
		t.Errorf("forged check: %d, want 403", status)
	}
}

func TestAuthenticPushIsStoredAndAnswered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.reply = func(_ context.Context, p wechat.Push) (wechat.Reply, error) {
			return wechat.Text("欢迎 " + p.Scene + " ]]> 😀"), nil
		}
		effects := 0
		w.vault.On(callbacks.OA, wechat.EventSubscribe, func(_ context.Context, p wechat.Push, _ callbacks.Once) error {
			if p.OpenID == "oReader" && p.Scene == "p_1" {
				effects++
			}
			return nil
		})
		q, body := w.envelope(aesKey, oaApp, subscribe("oReader", "qrscene_p_1"))
		var answers []string
		for range 4 { // a delivery and its three repetitions
			status, kind, answer := w.do(http.MethodPost, "/wechat/oa", q, body)
			if status != 200 || !strings.HasPrefix(kind, "application/xml") {
				t.Fatalf("answer %d %q", status, kind)
			}
			answers = append(answers, w.openReply(answer))
			w.reply = func(context.Context, wechat.Push) (wechat.Reply, error) { return wechat.Text("another welcome"), nil }
		}
		for _, a := range answers {
			if a != "欢迎 p_1 ]]> 😀" {
				t.Errorf("answers %q; want the first one's each time", answers)
			}
		}
		rows := w.stored()
		if len(rows) != 1 || string(rows[0].Raw) != subscribe("oReader", "qrscene_p_1") || rows[0].Topic != "event:subscribe" || rows[0].Verdict != callbacks.VerdictOK {
			t.Errorf("stored %+v; want one row with the decrypted body", rows)
		}
		if _, err := w.q.RunDue(context.Background()); err != nil || effects != 1 {
			t.Errorf("%d effects, %v; want one", effects, err)
		}
		if logs := w.logs.String(); strings.Contains(logs, "oReader") || strings.Contains(logs, "signature=") {
			t.Errorf("the log tells who it was: %s", logs)
		}
	})
}

// openReply checks a sealed reply as WeChat does, and returns its text.
func (w *world) openReply(answer string) string {
	w.t.Helper()
	var outer struct{ Encrypt, MsgSignature, TimeStamp, Nonce string }
	if err := xml.Unmarshal([]byte(answer), &outer); err != nil {
		w.t.Fatalf("reply %q: %v", answer, err)
	}
	if outer.MsgSignature != signPush(token, outer.TimeStamp, outer.Nonce, outer.Encrypt) {
		w.t.Error("the reply's signature is wrong")
	}
	var inner struct{ ToUserName, FromUserName, MsgType, Content string }
	if err := xml.Unmarshal([]byte(unsealPush(w.t, aesKey, outer.Encrypt)), &inner); err != nil {
		w.t.Fatal(err)
	}
	if inner.ToUserName != "oReader" || inner.FromUserName != "gh_1" || inner.MsgType != "text" {
		w.t.Errorf("reply %+v", inner)
	}
	return inner.Content
}

// T18: a thousand forgeries of an authentic push leave no trace at all.
func TestForgedPushesLeaveNoTrace(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	seed := uint64(20261121)
	r := rand.New(rand.NewPCG(seed, 18))
	flip := func(s string) string {
		if s == "" {
			return "0"
		}
		b := []byte(s)
		i := r.IntN(len(b))
		for old := b[i]; b[i] == old; {
			b[i] = "0123456789abcdef"[r.IntN(16)]
		}
		return string(b)
	}
	forge := []func(q url.Values, body string) (url.Values, string){
		func(q url.Values, b string) (url.Values, string) {
			q.Set("msg_signature", flip(q.Get("msg_signature")))
			return q, b
		},
		func(q url.Values, b string) (url.Values, string) {
			q.Set("timestamp", flip(q.Get("timestamp")))
			return q, b
		},
		func(q url.Values, b string) (url.Values, string) { q.Set("nonce", flip(q.Get("nonce"))); return q, b },
		func(q url.Values, b string) (url.Values, string) { q.Del("msg_signature"); return q, b },
		func(q url.Values, b string) (url.Values, string) {
			q.Set("msg_signature", q.Get("signature"))
			return q, b
		},
		func(q url.Values, b string) (url.Values, string) { q.Del("timestamp"); return q, b },
		func(q url.Values, b string) (url.Values, string) { q.Set("encrypt_type", "none"); return q, b },
		func(q url.Values, b string) (url.Values, string) {
			q.Del("encrypt_type")
			q.Del("signature")
			return q, b
		},
		func(q url.Values, b string) (url.Values, string) { // another ciphertext under the same signature
			return q, strings.Replace(b, "CDATA["+b[strings.LastIndex(b, "CDATA[")+6:], "CDATA["+sealPush(aesKey, oaApp, subscribe("oForged", ""))+"]]></Encrypt></xml>", 1)
		},
		func(url.Values, string) (url.Values, string) { // well encrypted and signed, by somebody who does not know the token
			ciphertext, timestamp := sealPush(aesKey, oaApp, subscribe("oForged", "")), strconv.FormatInt(clock.Now().Unix(), 10)
			return url.Values{"timestamp": {timestamp}, "nonce": {"n"}, "encrypt_type": {"aes"}, "signature": {signPush("guess", timestamp, "n")},
				"msg_signature": {signPush("guess", timestamp, "n", ciphertext)}}, "<xml><Encrypt>" + ciphertext + "</Encrypt></xml>"
		},
		func(url.Values, string) (url.Values, string) {
			return w.envelope(aesKey, "wxsim-oa-2", subscribe("oForged", ""))
		}, // for another app
		func(url.Values, string) (url.Values, string) { // stale: authentic, six minutes old
			now := clock.Now()
			clock.Set(now.Add(-time.Duration(301+r.IntN(9999)) * time.Second))
			defer clock.Set(now)
			return w.envelope(aesKey, oaApp, subscribe("oForged", ""))
		},
		func(q url.Values, _ string) (url.Values, string) { // plaintext under a signed URL that somebody has seen
			q.Del("encrypt_type")
			q.Del("msg_signature")
			return q, subscribe("oForged", "")
		},
		func(q url.Values, _ string) (url.Values, string) { return q, subscribe("oForged", "") },
	}
	for n := range 1000 {
		q, body := w.envelope(aesKey, oaApp, subscribe(fmt.Sprintf("o%d", n), ""))
		q, body = forge[n%len(forge)](q, body)
		status, _, answer := w.do(http.MethodPost, "/wechat/oa", q, body)
		if status != http.StatusForbidden || answer != "" {
			t.Fatalf("forgery %d (kind %d, seed %d) got %d %q, want 403", n, n%len(forge), seed, status, answer)
		}
	}
	if rows := w.stored(); len(rows) != 0 {
		t.Errorf("%d callbacks stored, want none", len(rows))
	}
	if total := w.refused["signature"] + w.refused["stale"] + w.refused["plaintext"]; total != 1000 || w.refused["stale"] == 0 || w.refused["plaintext"] == 0 {
		t.Errorf("counted %v", w.refused)
	}
}

func TestPlaintextDowngradeIsRefused(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	q, _ := w.envelope(aesKey, oaApp, subscribe("o1", ""))
	for _, kind := range []string{"", "raw", "aes"} {
		q.Set("encrypt_type", kind)
		if status, _, _ := w.do(http.MethodPost, "/wechat/oa", q, subscribe("o1", "")); status != 403 {
			t.Errorf("plaintext as encrypt_type %q: %d, want 403", kind, status)
		}
	}
	if len(w.stored()) != 0 || w.refused["plaintext"] != 3 {
		t.Errorf("stored %d, counted %v", len(w.stored()), w.refused)
	}
}

// What is authentic and cannot be read is kept with its verdict and answered success: sending it again cannot help.
func TestAuthenticButUnreadable(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	for i, tt := range []struct{ name, key, msg, verdict string }{
		{"not XML", aesKey, "hello", callbacks.VerdictMalformed},
		{"empty", aesKey, "", callbacks.VerdictMalformed},
		{"no MsgType", aesKey, "<xml><ToUserName>gh_1</ToUserName></xml>", callbacks.VerdictMalformed},
		{"entity (T19)", aesKey, `<!DOCTYPE x [<!ENTITY e "boom">]><xml><MsgType>&e;</MsgType></xml>`, callbacks.VerdictMalformed},
		{"nested deeply (T19)", aesKey, strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200), callbacks.VerdictMalformed},
		{"key that we do not have", otherKey, subscribe("o1", ""), callbacks.VerdictUnopenable},
	} {
		q, body := w.envelope(tt.key, oaApp, tt.msg)
		for range 2 {
			if status, _, answer := w.do(http.MethodPost, "/wechat/oa", q, body); status != 200 || answer != "success" {
				t.Errorf("%s: %d %q, want success", tt.name, status, answer)
			}
		}
		rows := w.stored()
		if len(rows) != i+1 {
			t.Fatalf("%s: %d rows, want %d", tt.name, len(rows), i+1)
		}
		got := rows[i]
		want := tt.msg
		if tt.verdict == callbacks.VerdictUnopenable {
			want = body
		}
		if got.Verdict != tt.verdict || got.State != model.CallbackFailed || string(got.Raw) != want {
			t.Errorf("%s: stored as %s %s %q", tt.name, got.Verdict, got.State, got.Raw)
		}
	}
	// Somebody is told: in the log, and in the figures.
	if w.refused[callbacks.VerdictMalformed] != 10 || w.refused[callbacks.VerdictUnopenable] != 2 || strings.Count(w.logs.String(), `level=ERROR msg="callback cannot be read"`) != 12 {
		t.Errorf("counted %v, log %s", w.refused, w.logs.String())
	}
}

// Events that nobody knows, extra fields and broken neighbours are kept and answered.
func TestUnknownEventIsKept(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	msg := "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>x</CreateTime><MsgType>event</MsgType><Event>" +
		strings.Repeat("新事件", 40) + "</Event><Surprise><Deep>1</Deep></Surprise></xml>"
	q, body := w.envelope(aesKey, oaApp, msg)
	if status, _, answer := w.do(http.MethodPost, "/wechat/oa", q, body); status != 200 || answer != "success" {
		t.Errorf("%d %q", status, answer)
	}
	if rows := w.stored(); len(rows) != 1 || rows[0].State != model.CallbackIgnored || string(rows[0].Raw) != msg {
		t.Errorf("stored %+v", rows)
	}
}

func TestOversizedBody(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	q, _ := w.envelope(aesKey, oaApp, subscribe("o1", ""))
	for _, size := range []int{64<<10 + 1, 1 << 20} {
		if status, _, _ := w.do(http.MethodPost, "/wechat/oa", q, strings.Repeat("x", size)); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%d bytes: %d, want 413", size, status)
		}
	}
	if len(w.stored()) != 0 {
		t.Error("something was stored")
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	q, body := w.envelope(aesKey, oaApp, subscribe("o1", ""))
	rec := httptest.NewRecorder()
	broken := io.MultiReader(strings.NewReader(body[:20]), brokenReader{})
	w.echo.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/wechat/oa?"+q.Encode(), broken))
	if rec.Code != http.StatusBadRequest || len(w.stored()) != 0 {
		t.Errorf("%d with %d rows, want 400 and none", rec.Code, len(w.stored()))
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// A reply that is late or fails costs the person the welcome and nothing else.
func TestReplyWithinTheDeadline(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.reply = func(ctx context.Context, _ wechat.Push) (wechat.Reply, error) {
		<-ctx.Done()
		return wechat.Reply{}, ctx.Err()
	}
	q, body := w.envelope(aesKey, oaApp, subscribe("o1", ""))
	started := time.Now()
	status, _, answer := w.do(http.MethodPost, "/wechat/oa", q, body)
	if took := time.Since(started); status != 200 || answer != "success" || took > 4*time.Second {
		t.Errorf("slow reply: %d %q after %s", status, answer, took)
	}
	w.reply = func(context.Context, wechat.Push) (wechat.Reply, error) { return wechat.Reply{Kind: "hologram"}, nil }
	q, body = w.envelope(aesKey, oaApp, subscribe("o2", ""))
	if status, _, answer := w.do(http.MethodPost, "/wechat/oa", q, body); status != 200 || answer != "success" {
		t.Errorf("reply that cannot be sealed: %d %q", status, answer)
	}
	if len(w.stored()) != 2 {
		t.Errorf("%d rows, want 2", len(w.stored()))
	}
}

// Not stored means not acknowledged: WeChat sends it again, and then it is taken.
func TestDatabaseDown(t *testing.T) {
	clock, opts := dbtest.NewClock(), dbtest.Empty(t, db.SQLite)
	down := dbtest.Reopen(t, opts, clock)
	w := newWorld(t, down, clock)
	q, body := w.envelope(aesKey, oaApp, subscribe("o1", ""))
	if err := down.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _, answer := w.do(http.MethodPost, "/wechat/oa", q, body); status != 500 || answer != "" {
		t.Errorf("without a database: %d %q, want 500", status, answer)
	}
	up := newWorld(t, dbtest.Reopen(t, opts, clock), clock)
	if status, _, _ := up.do(http.MethodPost, "/wechat/oa", q, body); status != 200 || len(up.stored()) != 1 {
		t.Errorf("sent again: %d, %d rows", status, len(up.stored()))
	}
}

// WeChat hanging up after five seconds must not undo what it sends again anyway.
func TestCallerThatHangsUp(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	ctx, hangUp := context.WithCancel(context.Background())
	w.reply = func(context.Context, wechat.Push) (wechat.Reply, error) { hangUp(); return wechat.Reply{}, nil }
	q, body := w.envelope(aesKey, oaApp, subscribe("o1", ""))
	req := httptest.NewRequest(http.MethodPost, "/wechat/oa?"+q.Encode(), strings.NewReader(body)).WithContext(ctx)
	rec := httptest.NewRecorder()
	w.echo.ServeHTTP(rec, req)
	if rec.Code != 200 || len(w.stored()) != 1 {
		t.Errorf("%d with %d rows, want it stored", rec.Code, len(w.stored()))
	}
}

// The mini-program's pushes come as JSON, and are never answered with more than success.
func TestMiniProgram(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	var got []wechat.Push
	w.vault.On(callbacks.Mini, wechat.EventSubscribeMsgPopup, func(_ context.Context, p wechat.Push, _ callbacks.Once) error {
		got = append(got, p)
		return nil
	})
	for _, list := range []string{`{"TemplateId":"T1","SubscribeStatusString":"accept","PopupScene":"0"}`,
		`[{"TemplateId":"T1","SubscribeStatusString":"accept","PopupScene":"0"},{"TemplateId":"T2","SubscribeStatusString":"reject","PopupScene":"0"}]`} {
		msg := `{"ToUserName":"gh_2","FromUserName":"o1","CreateTime":"1795233600","MsgType":"event","Event":"subscribe_msg_popup_event","List":` + list + `}`
		q, envelope := w.envelope(aesKey, "wxsim-mini-1", msg)
		ciphertext := envelope[strings.LastIndex(envelope, "CDATA[")+6 : strings.LastIndex(envelope, "]]>")]
		status, _, answer := w.do(http.MethodPost, "/wechat/mini", q, `{"ToUserName":"gh_2","Encrypt":"`+ciphertext+`"}`)
		if status != 200 || answer != "success" {
			t.Errorf("%d %q", status, answer)
		}
	}
	if _, err := w.q.RunDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || len(got[0].Subscriptions) != 1 || len(got[1].Subscriptions) != 2 {
		t.Errorf("reactions to %+v", got)
	}
	// The official account's push does not pass for the mini-program's, though both have the same token and key here.
	q, body := w.envelope(aesKey, oaApp, subscribe("o1", ""))
	if status, _, _ := w.do(http.MethodPost, "/wechat/mini", q, body); status != 403 {
		t.Errorf("the other app's push: %d, want 403", status)
	}
}

func BenchmarkReceive(b *testing.B) {
	d, clock := dbtest.SQLite(b)
	w := newWorld(b, d, clock)
	n := 0
	for b.Loop() {
		n++
		q, body := w.envelope(aesKey, oaApp, subscribe(fmt.Sprintf("o%d", n), ""))
		if status, _, _ := w.do(http.MethodPost, "/wechat/oa", q, body); status != 200 {
			b.Fatal(status)
		}
	}
}
