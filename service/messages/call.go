package messages

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"huitou/model"
	"huitou/wechat"
)

// call is a worded message for one channel.
type call struct {
	to          string // openid or phone number
	form        Form
	fields      map[string]string // by the platform's field
	text        string            // of a customer-service message
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
	}
	return "", errNotLeft
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
