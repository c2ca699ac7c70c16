package console_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/service/aftersale"
	"huitou/service/members"
	"huitou/service/messages"
)

// visits answers with what it was given, as aftersale would.
type visits struct {
	answer aftersale.Why
	asked  []aftersale.WhyQuery
	find   func(context.Context, members.Ref) (model.MemberID, error)
	looked []aftersale.LookUp
}

func (v *visits) LookUp(ctx context.Context, in aftersale.LookUp) (model.MemberID, error) {
	v.looked = append(v.looked, in)
	return v.find(ctx, in.Ref)
}

func (v *visits) Why(_ context.Context, in aftersale.WhyQuery) (aftersale.Why, error) {
	v.asked = append(v.asked, in)
	return v.answer, nil
}

// answer is a member with everything that an answer can hold: one visit that came, one that did not, a message of something else.
func (c *counter) answer() aftersale.Why {
	at := c.clock.Now()
	back := at.Add(time.Hour)
	trace := func(key string, state model.MessageState, reason string, tries ...model.MessageAttempt) aftersale.WhyMessage {
		m := aftersale.WhyMessage{Trace: messages.Trace{Key: key, Tries: tries}, Says: aftersale.Words(reason)}
		m.Template, m.Purpose, m.State, m.Reason, m.CreatedAt = "visit1", model.PurposeCare, state, reason, at
		return m
	}
	return aftersale.Why{
		From: at.AddDate(0, 0, -90), To: at, Notes: []string{payload},
		Visits: []aftersale.WhyVisit{
			{Visit: model.Visit{Ordinal: 2, DueAt: at, SentAt: &at, State: model.VisitDone}, Plan: payload, Trigger: model.VisitOnCompleted, Says: "员工已完成:没有订阅授权", Number: "A-2"},
			{Visit: model.Visit{Ordinal: 1, DueAt: at, SentAt: &at, TriggerAt: &at, State: model.VisitSkipped, Result: "solved", MessageKey: "visit:1:1"}, Plan: "三访", Trigger: model.VisitOnScan, Says: "已跳过:没有手机号", Number: payload},
		},
		Messages: []aftersale.WhyMessage{
			trace("visit:1:1", model.MessageSuppressed, "no_phone", model.MessageAttempt{Channel: model.ChannelOATemplate, StartedAt: at, Outcome: model.AttemptRefused, Code: 43004},
				model.MessageAttempt{Channel: model.ChannelSMS, StartedAt: at, Outcome: model.AttemptSkipped, Error: "no_phone"}),
			trace("tier:ending:1", model.MessageBlocked, "user_block", model.MessageAttempt{Channel: model.ChannelMiniSubscribe, StartedAt: at, Outcome: model.AttemptAccepted, Report: model.MessageBlocked}),
		},
		Contact: messages.Contact{
			Consents: []model.MessageConsent{{State: model.ConsentOpen}, {State: model.ConsentUsed}, {State: model.ConsentOpen}},
			Stops:    []model.DoNotContact{{Scope: model.StopCare, Reason: "complaint", Since: at}, {Scope: model.StopAll, Channel: model.ChannelSMS, Reason: "unsubscribed", Since: at, LiftedAt: &back}},
		},
	}
}

func TestWhyOnThePhone(t *testing.T) {
	c := open(t)
	c.visits.answer = c.answer()
	if rec := c.ask(t, "GET", fmt.Sprintf("/console/why/%d", c.member), nil, nil); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/console/sign-in" {
		t.Errorf("without a session: %d", rec.Code)
	}
	c.signIn(t, "clerk")
	form := fields(c.ask(t, "GET", "/console/why", nil, nil))
	at := fmt.Sprintf("/console/why/%d", c.member)
	found := c.ask(t, "POST", "/console/why", with(form, "who", " 13812345678 "), nil)
	if found.Code != http.StatusSeeOther || found.Header().Get("Location") != at {
		t.Fatalf("by the phone: %d %s", found.Code, found.Header())
	}
	page := c.ask(t, "GET", at, nil, nil)
	body := page.Body.String()
	for _, want := range []string{
		"138****5678", "未关注", "剩 2 次", "关怀和营销,投诉", "第 1 次", "<dt>发出</dt>", "<dt>转给员工</dt>", "已跳过:没有手机号", "公众号模板消息", "平台拒绝(平台返回 43004)", "短信", "跳过:没有手机号", "已解决",
		"本人扫包裹码触发", "确认收货触发", "没有订阅授权", "订单 A-2", "关怀", "被屏蔽:会员屏蔽了公众号", "平台已接收,报告被屏蔽", "&lt;script&gt;",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %s: %s", want, body)
		}
	}
	for _, no := range []string{"13812345678", "本人退订", "visit:1:1"} { // the number, a stop that was lifted, our keys
		if strings.Contains(body, no) {
			t.Errorf("the page says %s", no)
		}
	}
	if n := strings.Count(body, "公众号模板消息 2026"); n != 1 {
		t.Errorf("a visit's message is shown %d times", n)
	}
	if len(c.visits.asked) != 1 || c.visits.asked[0].Member != c.member {
		t.Errorf("asked %+v", c.visits.asked)
	}
	number := body[strings.Index(body, `<dd class="digits">`)+len(`<dd class="digits">`):][:12]
	if rec := c.ask(t, "POST", "/console/why", with(form, "who", number), nil); rec.Header().Get("Location") != at {
		t.Errorf("by the number %s: %d %v", number, rec.Code, rec.Header())
	}
}

// An answer with nothing in it says so; what is no member is refused, and nobody looks without the permission.
func TestWhyRefuses(t *testing.T) {
	c := open(t)
	c.signIn(t, "clerk")
	form := fields(c.ask(t, "GET", "/console/why", nil, nil))
	if rec := c.ask(t, "GET", fmt.Sprintf("/console/why/%d", c.member), nil, nil); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "这段时间没有回访") ||
		!strings.Contains(rec.Body.String(), "没有登记") {
		t.Errorf("nothing to say: %d %s", rec.Code, rec.Body)
	}
	for who, status := range map[string]int{"": 422, "   ": 422, strings.Repeat("1", 25): 422, "13900000000": 404, "000000000000": 404, payload[:20]: 422, "abc": 422} {
		rec := c.ask(t, "POST", "/console/why", with(form, "who", who), nil)
		if rec.Code != status || !strings.Contains(rec.Body.String(), `role="alert"`) {
			t.Errorf("%q: %d %s", who, rec.Code, rec.Body)
		}
	}
	for _, id := range []string{"0", "-1", "999999", "x", "9999999999999999999999"} {
		if rec := c.ask(t, "GET", "/console/why/"+id, nil, nil); rec.Code != http.StatusNotFound || !strings.Contains(rec.Body.String(), members.ErrUnknown.Chinese) {
			t.Errorf("member %s: %d %s", id, rec.Code, rec.Body)
		}
	}
	if rec := c.ask(t, "POST", "/console/why", with(form, "who", "13812345678", "token", "x"), nil); rec.Code != http.StatusForbidden {
		t.Errorf("a form of elsewhere: %d", rec.Code)
	}
	other := open(t)
	other.signIn(t, "nobody")
	for _, path := range []string{"/console/why", "/console/why/1"} {
		if rec := other.ask(t, "GET", path, nil, nil); rec.Code != http.StatusForbidden {
			t.Errorf("%s without the permission: %d", path, rec.Code)
		}
	}
}

// A clerk looks up as many people as a minute's work has, not as many numbers as can be tried; and pages are not without bound.
func TestThePagesAreBounded(t *testing.T) {
	c := open(t)
	c.signIn(t, "clerk")
	form := with(fields(c.ask(t, "GET", "/console/why", nil, nil)), "who", "13812345678")
	c.lookUps = 2
	for i, want := range []int{http.StatusSeeOther, http.StatusSeeOther, http.StatusTooManyRequests} {
		if rec := c.ask(t, "POST", "/console/why", form, nil); rec.Code != want || strings.Contains(rec.Body.String(), "13812345678") {
			t.Errorf("look-up %d: %d %s", i+1, rec.Code, rec.Body)
		}
	}
	if len(c.visits.looked) != 2 || c.visits.looked[0].Staff == 0 || c.visits.looked[0].Ref.Phone != "13812345678" {
		t.Errorf("looked up %+v", c.visits.looked)
	}
	for _, path := range []string{"/console", "/console/tasks", "/console/why"} {
		c.busy = true
		if rec := c.ask(t, "GET", path, nil, nil); rec.Code != http.StatusTooManyRequests || !strings.Contains(rec.Body.String(), "操作过于频繁") {
			t.Errorf("%s: %d", path, rec.Code)
		}
		c.busy = false
		if rec := c.ask(t, "GET", path, nil, nil); rec.Code != http.StatusOK {
			t.Errorf("%s afterwards: %d", path, rec.Code)
		}
	}
}
