package sim

import (
	"context"
	"slices"
	"strconv"
)

// subscribeMost is how many templates one question of the mini-program may name.
const subscribeMost = 3

// subscribeTemplates are the templates of subscribe messages of an app.
func (s *Sim) subscribeTemplates(kind appKind) []Template {
	if kind == kindMini {
		return s.acc.MiniSubscribe
	}
	return s.acc.OASubscribe
}

// subscribeTemplate finds one by id or by our short name.
func (s *Sim) subscribeTemplate(kind appKind, named string) (Template, bool) {
	list := s.subscribeTemplates(kind)
	i := slices.IndexFunc(list, func(t Template) bool { return t.ID == named || t.Name == named })
	if i < 0 {
		return Template{}, false
	}
	return list[i], true
}

// sendSubscribe is POST /cgi-bin/message/subscribe/send, of the mini-program.
func (s *Sim) sendSubscribe(c *call) answer { return s.sendSubscribed(c, kindMini) }

// sendBizSubscribe is POST /cgi-bin/message/subscribe/bizsend, of the 服务号.
func (s *Sim) sendBizSubscribe(c *call) answer { return s.sendSubscribed(c, kindOA) }

// sendSubscribed spends one of the customer's permissions for the template. Whoever
// never gave one, used it up or took it back gets 43101.
func (s *Sim) sendSubscribed(c *call, kind appKind) answer {
	var in struct {
		ToUser      string                   `json:"touser"`
		TemplateID  string                   `json:"template_id"`
		Page        string                   `json:"page"`
		State       string                   `json:"miniprogram_state"`
		MiniProgram *miniTarget              `json:"miniprogram"` // of the 服务号
		Data        map[string]templateValue `json:"data"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	u := s.byOpenID(kind, in.ToUser)
	if u == nil {
		return s.errcode(40003)
	}
	t, known := s.subscribeTemplate(kind, in.TemplateID)
	if !known || t.ID != in.TemplateID {
		return s.errcode(40037)
	}
	states := []string{"", "developer", "trial", "formal"}
	if kind == kindMini && (badPage(in.Page, true) || !slices.Contains(states, in.State)) {
		return s.errcode(41030)
	}
	fields, problem := t.fill(in.Data)
	if problem != "" {
		return s.errcode(47003, problem)
	}
	message := Message{App: kind, Kind: "subscribe", Title: t.Title, TemplateID: t.ID, Fields: fields, URL: in.Page}
	if kind == kindMini && in.Page != "" {
		message.URL = "小程序 " + in.Page
	}
	if in.MiniProgram != nil && in.MiniProgram.AppID != "" {
		if code := s.checkTarget(in.MiniProgram); code != 0 {
			return s.errcode(code)
		}
		message.URL = "小程序 " + in.MiniProgram.PagePath
	}
	if u.credits[kind][t.ID] == 0 {
		return s.errcode(43101)
	}
	u.credits[kind][t.ID]--

	msgID := s.ids.msgID()
	code, status := "0", "success"
	if u.unreachable {
		code, status = "1003", "failed: system failed"
	} else {
		message.MsgID = strconv.FormatUint(msgID, 10)
		s.receive(u, message)
	}
	out := ok(struct {
		errcodeBody
		MsgID uint64 `json:"msgid"`
	}{okBody, msgID})
	out.then = func() { s.subscribeSent(kind, u, t.ID, msgID, code, status) }
	return out
}

// subscribeSent pushes subscribe_msg_sent_event a moment later. s.mu is held.
func (s *Sim) subscribeSent(kind appKind, u *customer, templateID string, msgID uint64, code, status string) {
	s.later(kind, u, func() *Delivery {
		return s.newPush(kind, u, "subscribe_msg_sent_event", s.now(), false, []pushField{
			list("SubscribeMsgSentEvent", []pushField{
				text("TemplateId", templateID), text("MsgID", strconv.FormatUint(msgID, 10)), text("ErrorCode", code), text("ErrorStatus", status),
			}),
		})
	})
}

// later pushes, as long after an answer as the phone takes to get a message, what
// became of it. s.mu is held, and when event runs.
func (s *Sim) later(kind appKind, u *customer, event func() *Delivery) {
	due := s.now().Add(millis(s.settings.FinishDelayMS))
	generation := s.generation
	s.engine.schedule(due, laneOf(kind, u), func(ctx context.Context) {
		s.mu.Lock()
		if s.generation != generation {
			s.mu.Unlock()
			return
		}
		d := event()
		s.mu.Unlock()
		s.attempt(ctx, d, due)
	})
}

// miniTarget is the page of a mini-program that a message of the 服务号 opens.
type miniTarget struct {
	AppID    string `json:"appid"`
	PagePath string `json:"pagepath"`
}

func (s *Sim) checkTarget(to *miniTarget) (errcode int) {
	target := s.appByID(to.AppID)
	switch {
	case target == nil || target.kind != kindMini:
		return 40013
	case to.PagePath == "" || badPage(to.PagePath, true):
		return 40165
	}
	return 0
}
