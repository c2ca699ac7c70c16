package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// bodyLimit bounds every request body this WeChat reads.
const bodyLimit = 1 << 20

// call is one request of the product.
type call struct {
	r        *http.Request
	body     []byte // as it came over the wire: signatures cover these bytes
	query    url.Values
	app      *app // whose token or appid it carries; nil for pay
	endpoint string
	hit      []*Fault
}

// answer is what goes back; nothing is written before the journal has it.
type answer struct {
	status int
	header http.Header
	body   []byte
	code   string                 // errcode or pay error code, for the journal
	then   func()                 // runs once the answer is on its way
	draw   func() ([]byte, error) // makes the body, outside the lock
	abort  bool                   // reset the connection instead
	hang   time.Duration
	// unsigned is a file of WeChat Pay, which carries no signature.
	unsigned bool
}

type side string

const (
	sideWeixin side = "weixin"
	sideMP     side = "mp"
	sidePay    side = "pay"
)

// sideOf tells which of WeChat's hosts a request means: by Host header when it names
// one, else by path.
func sideOf(r *http.Request) side {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	switch {
	case host == "api.mch.weixin.qq.com":
		return sidePay
	case host == "mp.weixin.qq.com":
		return sideMP
	case host == "api.weixin.qq.com":
		return sideWeixin
	case strings.HasPrefix(r.URL.Path, "/v3/"):
		return sidePay
	case r.URL.Path == "/cgi-bin/showqrcode":
		return sideMP
	}
	return sideWeixin
}

func (s *Sim) apiHandler() http.Handler {
	pay := s.payRoutes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serving.Add(1)
		defer s.serving.Add(-1)
		at, on := s.now(), sideOf(r)
		c := &call{r: r, query: r.URL.Query(), endpoint: r.URL.Path}
		var out answer
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
		c.body = body
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			out = answer{status: http.StatusRequestEntityTooLarge}
		case err != nil:
			return // the caller went away
		case on == sidePay:
			out = s.servePay(c, pay)
		case on == sideMP:
			out = s.showQRCode(c)
		default:
			out = s.serveWeixin(c)
		}
		s.record(c, on, at, out)
		out.write(w, r)
		if out.then != nil {
			s.mu.Lock()
			out.then()
			s.mu.Unlock()
		}
	})
}

func (s *Sim) record(c *call, on side, at time.Time, out answer) {
	e := Entry{
		At: at, Direction: "in", Method: c.r.Method, URL: redactURL(c.r.URL),
		Serial: c.r.Header.Get("Wechatpay-Serial"), Request: redactBody(c.body, true),
		Status: out.status, Code: out.code, Response: redactBody(out.body, false), Fault: faultNames(c.hit),
	}
	if on == sidePay {
		e.App = kindPay
	} else if c.app != nil {
		e.App = c.app.kind
	}
	if strings.HasPrefix(out.header.Get("Content-Type"), "image/") {
		e.Response = "(image)"
	}
	if out.unsigned {
		e.Response = "(file)"
	}
	switch {
	case out.abort:
		e.Status, e.Error = 0, "connection reset"
	case out.hang > 0:
		e.Error = "answer withheld"
	}
	s.mu.Lock()
	s.journal.add(e)
	s.mu.Unlock()
	s.cfg.Log.Debug("wechat sim: call", "method", e.Method, "path", c.r.URL.Path, "status", e.Status, "code", e.Code, "fault", e.Fault)
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	if a.hang > 0 {
		pause(r.Context(), a.hang)
		a.abort = true
	}
	if a.abort {
		reset(w)
		return
	}
	for key, values := range a.header {
		w.Header()[key] = values
	}
	w.WriteHeader(a.status)
	w.Write(a.body) // a caller that went away is no concern of the platform
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

// reset closes the connection so that the caller sees a TCP reset, or at least an
// unexpected end where the connection cannot be taken over.
func reset(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				tcp.SetLinger(0)
			}
			conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

// pause sleeps in real time: latency is felt by a real client, whatever the clock.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// withFaults runs do unless a fault stands in its place, and spoils its answer.
// fail builds the side's own error answer.
func (s *Sim) withFaults(c *call, app appKind, fail func(*Fault) answer, do func() answer) answer {
	s.mu.Lock()
	c.hit = s.strike(answerFaults, app, c.endpoint)
	s.mu.Unlock()
	if f := struck(c.hit, faultLatency); f != nil {
		pause(c.r.Context(), orDefault(f.DelayMS, 1000))
	}
	for _, f := range c.hit {
		switch f.Kind {
		case faultReset:
			return answer{abort: true}
		case faultBadGateway:
			return answer{
				status: http.StatusBadGateway, header: http.Header{"Content-Type": {"text/html"}},
				body: []byte("<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"),
			}
		case faultBusy, faultQuota, faultError, faultRevoked:
			return fail(f)
		}
	}
	out := do()
	if f := struck(c.hit, faultTimeoutAfter); f != nil {
		out.hang = orDefault(f.DelayMS, 6000)
	}
	return out
}

func orDefault(ms, fallback int64) time.Duration {
	if ms == 0 {
		ms = fallback
	}
	return millis(ms)
}

func jsonAnswer(status int, contentType string, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only our own structs come here
	}
	return answer{status: status, header: http.Header{"Content-Type": {contentType}}, body: body}
}

// decodeJSON reads one JSON value and nothing after it.
func decodeJSON(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("data after the JSON value")
	}
	return nil
}
