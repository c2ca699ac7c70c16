package messages

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"huitou/model"
	"huitou/service/messages/sms"
	"huitou/wechat"
)

// call is a worded message for one channel.
type call struct {
	to          string // openid or phone number
	form        Form
	fields      map[string]string // by the platform's field
	text        string            // of a customer-service message or an SMS without template
	url         string
	clientMsgID string
}

var (
	// errNoMsgID is no proof that nothing was sent.
	errNoMsgID = errors.New("the sender returned no message id")
	errPanic   = errors.New("the sender panicked")
	// errNotLeft proves that nothing was sent.
	errNotLeft = errors.New("the call did not leave")
)

// connected reports whether a channel has somebody who sends.
func (s *Service) connected(c model.MessageChannel) bool {
	switch c {
	case model.ChannelOATemplate:
		return s.Sender != nil
	case model.ChannelOASubscribe:
		return s.Notices != nil
	case model.ChannelMiniSubscribe:
		return s.Program != nil
	case model.ChannelCustomerService:
		return s.Desk != nil
	case model.ChannelSMS:
		return s.SMS != nil
	}
	return false
}

// try makes one call. A panic is contained and counts as a call without an answer: one poisoned message must not hold up others
// (threat T46).
func (s *Service) try(ctx context.Context, l *lane, a attempt) (msgID string, err error) {
	now := s.DB.Now()
	if now.Sub(a.started) > callTimeout || !a.repeats && l.closedUntil().After(now) {
		// Held up after the attempt was stored: another worker may have taken over, so a call now could leave after the platform's
		// window. Or the platform has just said to another call that it takes nothing more.
		return "", errNotLeft
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			s.Log.ErrorContext(ctx, "sender panicked", "message", a.m.ID, "channel", l.channel, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return s.dial(ctx, l.channel, a.call)
}

func (s *Service) dial(ctx context.Context, channel model.MessageChannel, c call) (msgID string, err error) {
	switch channel {
	case model.ChannelOATemplate:
		msgID, err = s.Sender.SendTemplate(ctx, wechat.TemplateMessage{
			To: c.to, TemplateID: c.form.ID, URL: c.url, Data: c.fields, ClientMsgID: c.clientMsgID,
		})
		if err == nil && msgID == "" {
			err = errNoMsgID
		}
		return msgID, err
	case model.ChannelOASubscribe:
		return s.Notices.SendSubscribe(ctx, wechat.SubscribeMessage{To: c.to, TemplateID: c.form.ID, Page: first(c.form.Page, c.url), Data: c.fields})
	case model.ChannelMiniSubscribe:
		return s.Program.SendSubscribe(ctx, wechat.SubscribeMessage{To: c.to, TemplateID: c.form.ID, Page: c.form.Page, Data: c.fields})
	case model.ChannelCustomerService:
		return "", s.Desk.SendText(ctx, wechat.CustomText{To: c.to, Content: c.text})
	case model.ChannelSMS:
		return s.SMS.Send(ctx, sms.Message{Phone: c.to, Template: c.form.ID, Params: params(c.fields), Text: c.text, Ref: c.clientMsgID})
	}
	return "", errNotLeft
}

// params returns the parameters of an SMS template in their order: "1", "2" … "10".
func params(fields map[string]string) []string {
	names := slices.SortedFunc(maps.Keys(fields), func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, fields[n])
	}
	return out
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
