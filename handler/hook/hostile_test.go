package hook_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db/dbtest"
	"huitou/service/callbacks"
	"huitou/wechat"
)

// T18: one MsgId delivered four times, each signed and sealed anew as WeChat's retries are, has one effect; events have no MsgId, and are told
// apart by openid, time, event and key, all of which are in the body whose hash counts.
func TestT18OneEffectPerMessage(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	effects := map[string]int{}
	w.vault.Watch(callbacks.OA, "message:text", func(_ context.Context, p wechat.Push) error { effects[p.MsgID]++; return nil })
	for _, e := range []wechat.Event{wechat.EventSubscribe, wechat.EventScan} {
		w.vault.On(callbacks.OA, e, func(_ context.Context, p wechat.Push, _ callbacks.Once) error {
			effects[fmt.Sprint(p.OpenID, " ", p.Event, " ", p.EventKey, " ", p.CreatedAt.Unix())]++
			return nil
		})
	}
	event := func(openID, event, key, at string) string {
		return "<xml><ToUserName>gh_1</ToUserName><FromUserName>" + openID + "</FromUserName><CreateTime>" + at + "</CreateTime><MsgType>event</MsgType><Event>" +
			event + "</Event><EventKey>" + key + "</EventKey></xml>"
	}
	text := func(id string) string {
		return "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1795233600</CreateTime><MsgType>text</MsgType><Content>你好</Content><MsgId>" + id + "</MsgId></xml>"
	}
	bodies := []string{
		text("23456789012345678"), text("23456789012345679"),
		event("o1", "subscribe", "qrscene_1", "1795233600"), event("o2", "subscribe", "qrscene_1", "1795233600"), // another person
		event("o1", "SCAN", "1", "1795233600"), event("o1", "SCAN", "2", "1795233600"), // another event and another key in the same second
		event("o1", "SCAN", "1", "1795233601"), // the next second
	}
	for range 4 {
		for _, msg := range bodies {
			q, body := w.envelope(aesKey, oaApp, msg)
			if status, _, answer := w.do(http.MethodPost, "/wechat/oa", q, body); status != 200 || answer != "success" {
				t.Fatalf("%d %q", status, answer)
			}
		}
		if _, err := w.q.RunDue(context.Background()); err != nil {
			t.Fatal(err)
		}
		clock.Advance(5 * time.Second)
	}
	if len(effects) != len(bodies) || len(w.stored()) != len(bodies) {
		t.Errorf("%d effects, %d rows of %d messages: %v", len(effects), len(w.stored()), len(bodies), effects)
	}
	for what, n := range effects {
		if n != 1 {
			t.Errorf("%s had %d effects", what, n)
		}
	}
}

// endless is a body without an end; it counts what was taken of it.
type endless struct{ taken int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '<'
	}
	e.taken += int64(len(p))
	return len(p), nil
}

// T19, T20: of 100 MB, and of a chunked body without an end, no more is read than is allowed; a length that is announced helps nobody.
func TestT20EndlessBody(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	q, _ := w.envelope(aesKey, oaApp, subscribe("o1", ""))
	for _, length := range []int64{-1, 100 << 20} {
		body := &endless{}
		req := httptest.NewRequest(http.MethodPost, "/wechat/oa?"+q.Encode(), body)
		req.ContentLength = length
		rec := httptest.NewRecorder()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w.echo.ServeHTTP(rec, req)
		runtime.ReadMemStats(&after)
		if rec.Code != http.StatusRequestEntityTooLarge || body.taken > 128<<10 {
			t.Errorf("announced %d: %d after %d bytes, want 413 after 64 KiB", length, rec.Code, body.taken)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
			t.Errorf("announced %d: %d bytes of memory", length, got)
		}
	}
	if len(w.stored()) != 0 || w.refused["too_large"] != 2 {
		t.Errorf("%d rows, counted %v", len(w.stored()), w.refused)
	}
}

// T20: a packed body is not unpacked, and a form is no push.
func TestT20PackedBodiesAndForms(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	q, body := w.envelope(aesKey, oaApp, subscribe("o1", ""))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, body, strings.Repeat(" ", 8<<20))
	z.Close()
	for name, tt := range map[string]struct {
		header, value, body string
	}{
		"gzip bomb": {"Content-Encoding", "gzip", packed.String()},
		"multipart": {"Content-Type", "multipart/form-data; boundary=x", strings.Repeat("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n", 1000) + "--x--"},
		"form":      {"Content-Type", "application/x-www-form-urlencoded", strings.Repeat("a=1&", 10_000)},
	} {
		req := httptest.NewRequest(http.MethodPost, "/wechat/oa?"+q.Encode(), strings.NewReader(tt.body))
		req.Header.Set(tt.header, tt.value)
		rec := httptest.NewRecorder()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w.echo.ServeHTTP(rec, req)
		runtime.ReadMemStats(&after)
		if rec.Code != http.StatusForbidden && rec.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d", name, rec.Code)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
			t.Errorf("%s: %d bytes of memory", name, got)
		}
	}
	if len(w.stored()) != 0 {
		t.Errorf("%d rows", len(w.stored()))
	}
}

// T20: JSON of ten thousand keys that WeChat itself signed is kept, and has no effect.
func TestT20TenThousandKeys(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	msg := `{"MsgType":"text"` + strings.Repeat(`,"":1`, 8_000) + "}"
	q, body := w.jsonEnvelope(aesKey, oaApp, msg)
	if status, _, answer := w.do(http.MethodPost, "/wechat/oa", q, body); status != 200 || answer != "success" {
		t.Errorf("%d %q", status, answer)
	}
	if rows := w.stored(); len(rows) != 1 || rows[0].Verdict != callbacks.VerdictMalformed || rows[0].State != model.CallbackFailed || string(rows[0].Raw) != msg {
		t.Errorf("%d rows", len(rows))
	}
}

// T20: who sends his body too slowly is told so and hung up on when the server's time to read is over.
func TestT20SlowBody(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	srv := httptest.NewUnstartedServer(w.echo)
	srv.Config.ReadTimeout = 200 * time.Millisecond
	srv.Start()
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	q, body := w.envelope(aesKey, oaApp, subscribe("o1", ""))
	fmt.Fprintf(conn, "POST /wechat/oa?%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", q.Encode(), len(body), body[:10])
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection was not closed: %v", err)
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 408 ")) || w.refused["slow"] != 1 || len(w.stored()) != 0 {
		t.Errorf("answer %q, counted %v", answer, w.refused)
	}
}
