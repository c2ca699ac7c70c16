package messages

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"huitou/model"
	"huitou/wechat"
)

const (
	// unsureWindow is how long after the first attempt without an answer the same message may be sent again. WeChat
	// drops repetitions for ten minutes.
	unsureWindow = 9 * time.Minute
	// callTimeout bounds one call, so that it cannot leave after the window.
	callTimeout = 15 * time.Second
	// maxAttempts ends a message that is refused again and again; with backoff about four hours.
	maxAttempts = 14
)

// Reasons of messages whose end nobody knows.
const (
	reasonNoAnswer = "no_answer"
	reasonPanicked = "panicked" // the sender did, before or after the call left
)

// clientMsgID makes the id by which WeChat tells a repetition from a new message: 32 hex digits, always the same for a key.
func clientMsgID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:wechat.MaxClientMsgID/2])
}

// backoff is the pause after the n-th attempt (1 and up): 5 s, 15 s, 45 s … half an hour at most.
func backoff(n int64) time.Duration {
	pause := 5 * time.Second
	for range min(max(n, 1)-1, 10) {
		pause *= 3
	}
	return min(pause, 30*time.Minute)
}

// quotaReset is when the day's quota is full again, five minutes after midnight in Shanghai: clocks differ.
func quotaReset(now time.Time) time.Time {
	return model.DayOf(now, model.Shanghai).AddDays(1).Start(model.Shanghai).Add(5 * time.Minute)
}

// step is what happens to a message after an attempt that was not accepted.
type step string

const (
	stepAgain  step = "again"  // back to queued, another attempt after a pause
	stepUnsure step = "unsure" // stays in sending; may be sent again within the window
	stepPark   step = "park"   // back to queued, until an instant
	stepFail   step = "fail"   // the end
)

// decision is the outcome of judging an error.
type decision struct {
	step     step
	pause    time.Duration // for again
	until    time.Time     // for park
	reason   string        // word for staff
	code     int64
	unfollow bool // the recipient does not follow
	alarm    bool // somebody should look: our settings or our program are wrong
	gaveUp   bool // of fail: it was tried often enough

	noConsent, noWindow bool // the platform knows better than our ledger
}

// state is the end that a failure means when no channel is left.
func (d decision) state() model.MessageState {
	if d.gaveUp {
		return model.MessageDead
	}
	return model.MessageFailed
}

// judge decides by the error of the n-th attempt by a channel what happens next.
func judge(l *lane, err error, n int64, now time.Time) decision {
	code := codeOf(err)
	d := decision{step: stepFail, code: code, reason: string(classOf(err))}
	if errors.Is(err, errNotLeft) {
		d.step, d.reason = stepAgain, "not_left"
		if until := l.closedUntil(); until.After(now) {
			d.step, d.until = stepPark, until
		}
		return d
	}
	if errors.Is(err, errPanic) {
		return decision{step: stepUnsure, reason: reasonPanicked, alarm: true}
	}
	if !answered(err) {
		return decision{step: stepUnsure, reason: reasonNoAnswer}
	}
	again := func(alarm bool) decision {
		if n >= maxAttempts {
			d.reason, d.alarm, d.gaveUp = "gave_up:"+d.reason, alarm, true
			return d
		}
		d.step, d.pause, d.alarm = stepAgain, backoff(n), alarm
		return d
	}
	switch classOf(err) {
	case wechat.ClassRetry:
		return again(false)
	case wechat.ClassToken:
		return again(true)
	case wechat.ClassRecipient:
		d.unfollow = true
	case wechat.ClassConsent:
		d.noConsent = true
	case wechat.ClassWindow:
		d.noWindow = true
	case wechat.ClassQuota:
		d.step, d.until = stepPark, now.Truncate(time.Minute).Add(time.Minute) // limits by the minute
		if code == 45009 || allDay(err) {
			d.until = quotaReset(now)
		}
	case wechat.ClassConfig:
		if rightsMissing[code] {
			d.alarm = true
			return d
		}
		if code == 40037 { // also seen now and then although the template exists (wechat.md §3.10)
			if d.alarm = true; n < 2 {
				d.step, d.pause = stepAgain, time.Minute
			}
			return d
		}
		return again(true) // an address that is not on the list, a secret that was changed: mended by people within hours
	case wechat.ClassBug, wechat.ClassUnknown:
		d.alarm = true
	}
	return d
}

// rightsMissing are refusals of the account itself: the interface is not granted, banned or restricted. No try mends that, and the next
// channel is not concerned.
var rightsMissing = map[int64]bool{48001: true, 48004: true, 50002: true, 43104: true, 43107: true}

// answered reports whether an error proves that nothing was sent: WeChat refused, our own check did, or the call never
// left. Everything else may have reached the person.
func answered(err error) bool {
	var refused refusal
	var data *wechat.DataError
	if errors.Is(err, errNotLeft) || errors.As(err, &refused) || errors.As(err, &data) {
		return true
	}
	var transport *wechat.TransportError
	if errors.As(err, &transport) && tokenEndpoints[transport.Endpoint] {
		return true // it was the token that could not be had
	}
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

var tokenEndpoints = map[string]bool{"/cgi-bin/stable_token": true, "/cgi-bin/token": true}

// refusal is a platform's own no, of WeChat or of a provider of SMS.
type refusal interface {
	error
	Class() wechat.Class
}

func classOf(err error) wechat.Class {
	var refused refusal
	if errors.As(err, &refused) {
		return refused.Class()
	}
	return wechat.ClassOf(err)
}

// allDay reports whether a provider says that the quota of the whole day is used up.
func allDay(err error) bool {
	var quota interface {
		error
		Daily() bool
	}
	return errors.As(err, &quota) && quota.Daily()
}

func codeOf(err error) int64 {
	var refused *wechat.Error
	if errors.As(err, &refused) {
		return int64(refused.Code)
	}
	return 0
}

// word fills a form from a message's texts. Only fields that the form names may be cut; whatever the platform would still refuse is an
// error.
func word(m model.Message, f Form, data map[string]string) (call, error) {
	c := call{form: f, url: m.URL, clientMsgID: clientMsgIDFor(m, m.Channel)}
	text, missing := fill(f.Text, data)
	if missing != "" {
		return c, &wechat.DataError{Faults: []wechat.FieldFault{{Key: missing, Fault: "is empty"}}}
	}
	c.text = text
	if m.Channel == model.ChannelCustomerService || m.Channel == model.ChannelSMS && len(f.Fields) == 0 {
		return c, nil
	}
	c.fields = make(map[string]string, len(f.Fields))
	for field, name := range f.Fields {
		c.fields[field] = data[name]
		if slices.Contains(f.Cut, field) {
			c.fields[field] = wechat.Truncate(wechat.KindOfField(field), data[name])
		}
	}
	return c, wechat.CheckTemplateData(c.fields)
}

// fill puts texts into "您的订单{number}已签收", and names the first one that is missing.
func fill(text string, data map[string]string) (filled, missing string) {
	var b strings.Builder
	for {
		open := strings.IndexByte(text, '{')
		shut := strings.IndexByte(text[max(open, 0):], '}')
		if open < 0 || shut < 0 {
			b.WriteString(text)
			return b.String(), missing
		}
		name := text[open+1 : open+shut]
		if data[name] == "" && missing == "" {
			missing = name
		}
		b.WriteString(text[:open])
		b.WriteString(data[name])
		text = text[open+shut+1:]
	}
}

// clientMsgIDFor keeps the id that the first versions gave to template messages, and makes another one for each other channel.
func clientMsgIDFor(m model.Message, c model.MessageChannel) string {
	if c == model.ChannelOATemplate {
		return m.ClientMsgID
	}
	return clientMsgID(m.MessageKey + "\n" + string(c))
}

// ended maps the status of a report, which WeChat writes with and without spaces, to a state.
func ended(status string) (state model.MessageState, reason string) {
	switch s := squeeze(status); s {
	case "success":
		return model.MessageDelivered, ""
	case "failed:userblock":
		return model.MessageBlocked, "user_block"
	default:
		return model.MessageFailed, "report:" + cutText(s, 64)
	}
}

// squeeze drops blanks and case: "failed: system failed" and "failed:user block" are both WeChat's spelling.
func squeeze(status string) string {
	return strings.ToLower(strings.Join(strings.Fields(status), ""))
}

func cutText(s string, most int) string {
	s = strings.ToValidUTF8(s, "?")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
