package callbacks

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"huitou/wechat"
)

// Verdicts on callbacks of accounts. WeChat Pay's have words of their own.
const (
	VerdictOK         = "ok"
	VerdictMalformed  = "malformed"  // authentic, but cannot be read
	VerdictUnopenable = "unopenable" // authentic ciphertext that none of our keys opens; Raw is what was posted
)

// Key is the dedupe key of a body that could not be read: 64 hex digits over app and body.
func Key(app string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(app + "\n"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// Topic names what a push is: "event:subscribe", "message:text". Names that do not fit the column are cut; such a push has
// no reaction anyway.
func Topic(p wechat.Push) string {
	if p.Kind == wechat.KindEvent {
		return eventTopic(p.Event)
	}
	return cutTopic("message:" + string(p.Kind))
}

func eventTopic(e wechat.Event) string { return cutTopic("event:" + string(e)) }

const maxTopic = 64

func cutTopic(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), maxTopic)]
}

// plainOpenID is an openid as the column takes it. What is longer than 64 characters or not visible ASCII is none of WeChat's and is
// left out: the body has it still.
func plainOpenID(s string) string {
	if len(s) > 64 || !visible(s) {
		return ""
	}
	return s
}

// visible reports whether a text is made of visible ASCII characters only.
func visible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// cutReason fits an error's text into the column, which counts characters.
func cutReason(s string) string {
	const most = 500
	s = strings.ToValidUTF8(s, "?")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
