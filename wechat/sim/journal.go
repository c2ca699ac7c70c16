package sim

import (
	"net/url"
	"regexp"
	"slices"
	"time"
)

// Entry is one exchange over the wire, with secrets and phone numbers blotted out.
type Entry struct {
	Seq       uint64    `json:"seq"`
	At        time.Time `json:"at"`
	Direction string    `json:"direction"` // in: asked of WeChat; out: sent by WeChat
	App       appKind   `json:"app,omitempty"`
	Method    string    `json:"method"`
	URL       string    `json:"url"`
	Event     string    `json:"event,omitempty"` // what a push was about
	Delivery  string    `json:"delivery,omitempty"`
	Serial    string    `json:"serial,omitempty"` // Wechatpay-Serial asked for or sent
	Request   string    `json:"request,omitempty"`
	Status    int       `json:"status"`         // HTTP; 0 when nothing came back
	Code      string    `json:"code,omitempty"` // errcode or pay error code
	Response  string    `json:"response,omitempty"`
	Fault     string    `json:"fault,omitempty"`
	Error     string    `json:"error,omitempty"`
}

const (
	journalKept = 2000
	bodyKept    = 4 << 10 // bytes of a body the journal keeps
)

type journal struct {
	serial  uint64
	entries []Entry
}

func (j *journal) add(e Entry) {
	j.serial++
	e.Seq = j.serial
	j.entries = append(j.entries, e)
	if len(j.entries) >= 2*journalKept {
		j.entries = slices.Delete(j.entries, 0, len(j.entries)-journalKept)
	}
}

// after lists at most limit entries later than seq, the newest ones, oldest first.
func (j *journal) after(seq uint64, limit int, app appKind) []Entry {
	out := []Entry{}
	for _, e := range slices.Backward(j.entries) {
		if e.Seq <= seq || len(out) == limit {
			break
		}
		if app == "" || e.App == app {
			out = append(out, e)
		}
	}
	slices.Reverse(out)
	return out
}

var (
	secretJSON  = regexp.MustCompile(`("(?:access_token|refresh_token|secret|session_key|js_code|code)"\s*:\s*")[^"]*"`)
	phoneDigits = regexp.MustCompile(`\b(1\d{2})\d{4}(\d{4})\b`)
)

// redactBody cuts a body to what the journal keeps. "code" is blotted out only in
// requests: in a pay error it is the error's name.
func redactBody(body []byte, request bool) string {
	if len(body) > bodyKept {
		body = append(slices.Clone(body[:bodyKept]), "…"...)
	}
	text := secretJSON.ReplaceAllStringFunc(string(body), func(m string) string {
		if !request && len(m) > 6 && m[:6] == `"code"` {
			return m
		}
		return secretJSON.ReplaceAllString(m, `$1***"`)
	})
	return phoneDigits.ReplaceAllString(text, "$1****$2")
}

func redactURL(u *url.URL) string {
	query := u.Query()
	for _, key := range []string{"access_token", "secret", "js_code", "code", "refresh_token", "signature", "msg_signature"} {
		if query.Has(key) {
			query.Set(key, "***")
		}
	}
	if len(query) == 0 {
		return u.EscapedPath()
	}
	return u.EscapedPath() + "?" + query.Encode()
}
