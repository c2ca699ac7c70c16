package sim

import (
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// templateDedupe is how long a client_msg_id is remembered.
const templateDedupe = 10 * time.Minute

type sentTemplate struct {
	msgID uint64
	at    time.Time
}

// sendTemplate is POST /cgi-bin/message/template/send. The answer says only that the
// platform took the message; TEMPLATESENDJOBFINISH tells what became of it.
func (s *Sim) sendTemplate(c *call) answer {
	var in struct {
		ToUser      string                   `json:"touser"`
		TemplateID  string                   `json:"template_id"`
		URL         string                   `json:"url"`
		MiniProgram *miniTarget              `json:"miniprogram"`
		Data        map[string]templateValue `json:"data"`
		ClientMsgID string                   `json:"client_msg_id"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	u := s.byOpenID(kindOA, in.ToUser)
	if u == nil {
		return s.errcode(40003)
	}
	i := slices.IndexFunc(s.acc.Templates, func(t Template) bool { return t.ID == in.TemplateID })
	if i < 0 {
		return s.errcode(40037)
	}
	t := s.acc.Templates[i]
	if !u.followed {
		return s.errcode(43004)
	}
	fields, problem := t.fill(in.Data)
	if problem != "" {
		return s.errcode(47003, problem)
	}
	message := Message{App: kindOA, Kind: "template", Title: t.Title, TemplateID: t.ID, URL: in.URL, Fields: fields}
	if mp := in.MiniProgram; mp != nil && mp.AppID != "" {
		if code := s.checkTarget(mp); code != 0 {
			return s.errcode(code)
		}
		message.URL = "小程序 " + mp.PagePath // a mini-program wins over url
	}
	if utf8.RuneCountInString(in.ClientMsgID) > 32 {
		return s.errcode(40035, "invalid parameter: client_msg_id")
	}

	type body struct {
		errcodeBody
		MsgID uint64 `json:"msgid"`
	}
	now := s.now()
	forgotten := func(sent sentTemplate) bool { return now.Sub(sent.at) >= templateDedupe }
	if len(s.templateSent) > pruneAbove {
		maps.DeleteFunc(s.templateSent, func(_ string, sent sentTemplate) bool { return forgotten(sent) })
	}
	key := in.ToUser + "\n" + in.ClientMsgID
	if sent, again := s.templateSent[key]; again && in.ClientMsgID != "" && !forgotten(sent) {
		return ok(body{okBody, sent.msgID})
	}
	msgID := s.ids.msgID()
	if in.ClientMsgID != "" {
		s.templateSent[key] = sentTemplate{msgID, now}
	}
	status := "success"
	switch {
	case u.blocked:
		status = "failed:user block"
	case u.unreachable:
		status = "failed: system failed"
	default:
		message.MsgID = strconv.FormatUint(msgID, 10)
		s.receive(u, message)
	}
	out := ok(body{okBody, msgID})
	out.then = func() { s.templateFinished(u, msgID, status) }
	return out
}

// templateFinished pushes TEMPLATESENDJOBFINISH. s.mu is held.
func (s *Sim) templateFinished(u *customer, msgID uint64, status string) {
	s.later(kindOA, u, func() *Delivery {
		return s.newPush(kindOA, u, "TEMPLATESENDJOBFINISH", s.now(), false, []pushField{
			number("MsgID", int64(msgID)), text("Status", status),
		})
	})
}
