package replies

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/fault"
	"huitou/wechat"
)

// Try asks what would be answered, without answering anybody. One of Follow, Scan, Text and Key is what the person did.
type Try struct {
	Follow, Scan bool
	Scene        string // of the code, for Follow and Scan
	Text         string
	Key          string
	At           time.Time // zero: now
}

// Tried is what would be answered and why.
type Tried struct {
	Why     Why
	Rule    *Rule             // nil: none
	Keyword string            // that was found
	Source  model.ReplySource // of a follow or a scan
	Code    model.PublicID
	Reply   wechat.Reply // empty for what the person himself has
}

// Try says which rule would answer and why. What belongs to a person is not looked up.
func (s *Service) Try(ctx context.Context, in Try) (out Tried, err error) {
	p := wechat.Push{AppID: s.OAAppID, OpenID: "try", CreatedAt: in.At, Scene: in.Scene}
	did := 0
	is := func(yes bool, kind wechat.Kind, event wechat.Event) {
		if yes {
			did, p.Kind, p.Event = did+1, kind, event
		}
	}
	is(in.Follow, wechat.KindEvent, wechat.EventSubscribe)
	is(in.Scan, wechat.KindEvent, wechat.EventScan)
	is(in.Key != "", wechat.KindEvent, wechat.EventClick)
	is(in.Text != "", wechat.KindText, "")
	if did != 1 || in.Scene != "" && !in.Follow && !in.Scan {
		return out, fault.InvalidFields([]fault.Field{{Name: "body", Reason: "one of follow, scan, text and key; scene with follow or scan"}})
	}
	p.Content, p.EventKey = in.Text, in.Key
	c, from, err := s.choose(ctx, p)
	if err != nil {
		return out, err
	}
	out = Tried{Why: c.why, Keyword: c.keyword, Source: from.source, Code: from.code}
	switch c.why {
	case WhyStop:
		out.Reply = wechat.Text(wordsStop)
	case WhyStart:
		out.Reply = wechat.Text(wordsStart)
	}
	if c.rule.ID == 0 {
		return out, nil
	}
	v := view(c.rule.ReplyRule, c.rule.terms)
	out.Rule = &v
	if a := c.rule.terms.Answer; a.Kind != AnswerOrders && a.Kind != AnswerPoints {
		out.Reply = s.say(a, from)
	}
	return out, nil
}
