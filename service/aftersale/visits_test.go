package aftersale_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/aftersale"
	"huitou/service/members"
	"huitou/service/messages"
	"huitou/service/orders"
	"huitou/service/surveys"
	"huitou/service/tasks"
	"huitou/wechat"
)

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// visit is one at a delay, from ten to eight, by the template.
func visit(delay time.Duration, change ...func(*aftersale.VisitTerms)) aftersale.VisitTerms {
	v := aftersale.VisitTerms{DelayMinutes: int64(delay / time.Minute), FromMinute: 600, ToMinute: 1200, Channels: []model.MessageChannel{model.ChannelOATemplate},
		Purpose: model.PurposeService, Template: "visit1", ShareBP: 10_000}
	for _, c := range change {
		c(&v)
	}
	return v
}

func terms(visits ...aftersale.VisitTerms) aftersale.Terms {
	return aftersale.Terms{MaxLateDays: 2, Stop: aftersale.StopConditions, Visits: visits}
}

func channels(c ...model.MessageChannel) func(*aftersale.VisitTerms) {
	return func(v *aftersale.VisitTerms) { v.Channels = c }
}

// plan makes a plan and activates it.
func (w *world) plan(on model.VisitTrigger, t aftersale.Terms) aftersale.Plan {
	w.t.Helper()
	p, err := w.s.CreatePlan(w.t.Context(), aftersale.NewPlan{Staff: 7, Name: "三次回访", Trigger: on, Terms: t})
	if err == nil {
		p, err = w.s.Activate(w.t.Context(), 7, p.ID)
	}
	if err != nil {
		w.t.Fatalf("plan: %v", err)
	}
	return p
}

// survey makes a survey of two questions and opens it.
func (w *world) survey() model.SurveyID {
	w.t.Helper()
	v, err := w.surveys.Create(w.t.Context(), surveys.NewSurvey{Staff: 7, Name: "购物体验", Questions: []surveys.Question{
		{Kind: surveys.Score, Ask: "愿意推荐吗", Required: true, Most: 10}, {Kind: surveys.Text, Ask: "想说的话", Most: 200}}})
	if err == nil {
		v, err = w.surveys.Open(w.t.Context(), 7, v.ID)
	}
	if err != nil {
		w.t.Fatalf("survey: %v", err)
	}
	return v.ID
}

// pay lets a follower buy for 128 yuan now and runs what follows.
func (w *world) pay(number, openID string) orders.Result {
	w.t.Helper()
	r, err := w.orders.Ingest(w.t.Context(), orders.Order{Source: "shop", Number: number, Member: members.Ref{AppID: oaApp, OpenID: openID}, PaidAt: w.clock.Now(),
		Lines: []orders.Line{{SKU: "T", Name: "明前龙井", Quantity: 1, PriceFen: 12800}}, GoodsFen: 12800, PaidFen: 12800})
	if err != nil {
		w.t.Fatalf("order %s: %v", number, err)
	}
	w.run()
	return r
}

func (w *world) refund(number string, amount model.Fen) {
	w.t.Helper()
	_, err := w.orders.Refund(w.t.Context(), orders.Refund{Source: "shop", Order: number, Number: "R" + number, At: w.clock.Now(), Amount: amount})
	if err != nil {
		w.t.Fatalf("refund of %s: %v", number, err)
	}
	w.run()
}

// travel moves the clock on, from one thing that is due to the next.
func (w *world) travel(d time.Duration) {
	w.t.Helper()
	end := w.clock.Now().Add(d)
	for {
		at, ok, err := w.q.Soonest(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		if !ok || at.After(end) {
			break
		}
		if at.After(w.clock.Now()) {
			w.clock.Set(at)
		}
		w.run()
	}
	w.clock.Set(end)
	w.run()
}

func (w *world) visits(order model.OrderID) (list []model.Visit) {
	w.t.Helper()
	w.do(func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where("order_id = ?", order).Order("ordinal").Find(&list).Error
	})
	return list
}

// states writes the visits of an order as "sent, skipped refunded, planned".
func (w *world) states(order model.OrderID) string {
	w.t.Helper()
	var words []string
	for _, v := range w.visits(order) {
		words = append(words, strings.TrimSpace(string(v.State)+" "+v.Reason))
	}
	return strings.Join(words, ", ")
}

func (w *world) want(order model.OrderID, states string) {
	w.t.Helper()
	if got := w.states(order); got != states {
		w.t.Errorf("visits are %s; want %s", got, states)
	}
}

// report delivers WeChat's word on the last message.
func (w *world) report(status string) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *db.Tx) error {
		return w.outbox.ReportTx(ctx, tx, fmt.Sprintf("90000000%04d", len(w.wechat.sent)), status, tx.Now)
	})
	w.run()
}

// token is the one in the last message's link.
func (w *world) token() string {
	w.t.Helper()
	token, ok := strings.CutPrefix(w.wechat.sent[len(w.wechat.sent)-1].URL, "https://shop.example/s/")
	if !ok {
		w.t.Fatalf("the message leads to %s", w.wechat.sent[len(w.wechat.sent)-1].URL)
	}
	return token
}

func score(n int64) []surveys.Given { return []surveys.Given{{Question: 1, Number: &n}} }

func (w *world) answer(token string, n int64) error {
	w.t.Helper()
	_, err := w.surveys.Answer(w.t.Context(), surveys.Answer{Token: token, Given: score(n)})
	w.run()
	return err
}

func (w *world) waiting() (list []tasks.Task) {
	w.t.Helper()
	list, err := w.tasks.Waiting(w.t.Context(), 7, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *world) close(task model.TaskID, result model.TaskResult) {
	w.t.Helper()
	if _, err := w.tasks.Close(w.t.Context(), tasks.Close{Staff: 7, Task: task, Result: result, Note: "打过电话"}); err != nil {
		w.t.Fatalf("close task %d: %v", task, err)
	}
	w.run()
}

// The whole course: three visits, a survey with its reward in the second, the end of each.
func TestThreeVisitsOfAPaidOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		asked := w.survey()
		w.plan(model.VisitOnPaid, terms(visit(hour), visit(7*day, func(v *aftersale.VisitTerms) {
			v.Survey, v.AnswerDays, v.Reward, v.Texts = asked, 14, surveys.Reward{Points: 50}, map[string]string{"advice": "{goods}好用吗"}
		}), visit(30*day, channels(model.ChannelOATemplate, aftersale.ByStaff))))
		w.push(wechat.EventSubscribe, "oa-1", "")
		order := w.pay("T1", "oa-1").Order
		w.want(order, "planned, planned, planned")
		if got := w.visits(order)[1].DueAt; !got.Equal(clock.Now().Add(7 * day)) {
			t.Errorf("the second visit is due %s", got)
		}
		w.travel(hour)
		w.want(order, "sent, planned, planned")
		w.report("success")
		w.want(order, "delivered, planned, planned")

		w.travel(7 * day)
		w.want(order, "delivered, sent, planned")
		if got := w.wechat.sent[1].Data["thing5"]; got != "明前龙井好用吗" {
			t.Errorf("the second visit says %q", got)
		}
		if err := w.answer(w.token(), 9); err != nil {
			t.Fatalf("answer: %v", err)
		}
		w.want(order, "delivered, closed answered, planned")
		w.report("success") // comes after the answer, and changes nothing
		w.want(order, "delivered, closed answered, planned")
		if got := w.balance(w.visits(order)[0].MemberID); got != 50 {
			t.Errorf("%d points, want the reward", got)
		}
		w.travel(23 * day)
		w.want(order, "delivered, closed answered, sent")
		w.report("failed:user block")
		w.want(order, "delivered, closed answered, assigned user_block")
		list := w.waiting()
		if len(list) != 1 || list[0].Kind != model.TaskVisit || list[0].Order != order || !strings.Contains(list[0].Detail, "屏蔽") {
			t.Fatalf("tasks %+v", list)
		}
		w.close(list[0].ID, model.ResultReached)
		w.want(order, "delivered, closed answered, done user_block")
		if v := w.visits(order)[2]; v.Result != "reached" {
			t.Errorf("the result is %q", v.Result)
		}
		if len(w.wechat.sent) != 3 {
			t.Errorf("%d messages", len(w.wechat.sent))
		}
		w.sound()
	})
}

func (w *world) balance(m model.MemberID) model.Points {
	w.t.Helper()
	b, err := w.points.Balance(w.t.Context(), m)
	if err != nil {
		w.t.Fatal(err)
	}
	return b.Active
}

// A low score opens a task for the same day, holds the other visits back, and closes its visit when it is solved.
func TestLowScore(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	asked := w.survey()
	w.plan(model.VisitOnPaid, terms(visit(0, func(v *aftersale.VisitTerms) { v.Survey, v.AnswerDays = asked, 14 }), visit(day), visit(2*day)))
	w.push(wechat.EventSubscribe, "oa-1", "")
	order := w.pay("T1", "oa-1").Order
	clock.Set(dbtest.Start.Add(11*hour + 59*time.Minute)) // 23:59 in Shanghai
	if err := w.answer(w.token(), 3); err != nil {
		t.Fatal(err)
	}
	w.want(order, "responded, planned, planned")
	list := w.waiting()
	if len(list) != 1 || list[0].Kind != model.TaskLowScore || list[0].Due.String() != "2026-11-21" || !strings.Contains(list[0].Detail, "3/10") {
		t.Fatalf("tasks %+v", list)
	}
	w.travel(14 * hour)
	w.want(order, "responded, skipped complaint, planned")
	w.close(list[0].ID, model.ResultSolved)
	w.want(order, "closed answered, skipped complaint, planned")
	w.travel(day)
	w.want(order, "closed answered, skipped complaint, sent")
	w.sound()
}

// Nobody answers: the visit is closed when the time is over, and the link leads nowhere.
func TestUnanswered(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	asked := w.survey()
	w.plan(model.VisitOnPaid, terms(visit(0, func(v *aftersale.VisitTerms) { v.Survey, v.AnswerDays, v.Reward.Points = asked, 3, 50 })))
	w.push(wechat.EventSubscribe, "oa-1", "")
	r := w.pay("T1", "oa-1")
	w.travel(3 * day)
	w.want(r.Order, "closed unanswered")
	if err := w.answer(w.token(), 9); !errors.Is(err, surveys.ErrExpired) {
		t.Errorf("answered too late: %v", err)
	}
	if got := w.balance(r.Member); got != 0 {
		t.Errorf("%d points", got)
	}
	w.sound()
}

func TestWhatStopsVisits(t *testing.T) {
	tests := []struct {
		name   string
		change func(*aftersale.Terms)
		happen func(w *world, c stopCase)
		want   string
	}{
		{name: "nothing", happen: func(*world, stopCase) {}, want: "sent, sent"},
		{name: "a refund, at once", happen: func(w *world, c stopCase) {
			w.refund(c.number, 12800)
			w.want(c.order, "sent, skipped refunded")
		}, want: "sent, skipped refunded"},
		{name: "a part of it", happen: func(w *world, c stopCase) {
			w.refund(c.number, 1)
			w.want(c.order, "sent, skipped part_refunded")
		}, want: "sent, skipped part_refunded"},
		{name: "a part of it, and the plan does not mind", change: func(t *aftersale.Terms) { t.Stop = []aftersale.StopCondition{aftersale.StopRefunded} },
			happen: func(w *world, c stopCase) { w.refund(c.number, 1) }, want: "sent, sent"},
		{name: "unfollowed", happen: func(w *world, c stopCase) { w.push(wechat.EventUnsubscribe, c.openID, "") },
			want: "sent, skipped unfollowed"},
		{name: "unfollowed and back", happen: func(w *world, c stopCase) {
			w.push(wechat.EventUnsubscribe, c.openID, "")
			w.push(wechat.EventSubscribe, c.openID, "")
		}, want: "sent, sent"},
		{name: "bought again", happen: func(w *world, c stopCase) {
			w.clock.Advance(time.Second)
			w.pay(c.number+"b", c.openID)
		}, want: "sent, skipped bought_again"},
		{name: "bought again and gave it back", happen: func(w *world, c stopCase) {
			w.clock.Advance(time.Second)
			w.pay(c.number+"b", c.openID)
			w.refund(c.number+"b", 12800)
		}, want: "sent, sent"},
		{name: "paused", happen: func(w *world, c stopCase) { w.move(w.s.Pause, c.plan) }, want: "sent, skipped plan_paused"},
		{name: "ended", happen: func(w *world, c stopCase) { w.move(w.s.End, c.plan) }, want: "sent, skipped plan_ended"},
		{name: "paused and going again", happen: func(w *world, c stopCase) {
			w.move(w.s.Pause, c.plan)
			w.move(w.s.Activate, c.plan)
		}, want: "sent, sent"},
		{name: "a problem with a parcel", happen: func(w *world, c stopCase) {
			m := w.find(members.Ref{AppID: oaApp, OpenID: c.openID})
			if _, err := w.tasks.Report(w.t.Context(), tasks.Report{Staff: 7, Kind: model.TaskParcel, Member: m, Title: "破损"}); err != nil {
				w.t.Fatal(err)
			}
		}, want: "sent, skipped complaint"},
		{name: "the program stood still for days", happen: func(w *world, c stopCase) { w.clock.Advance(4 * day) }, want: "sent, skipped late"},
		{name: "the program stood still for a night", happen: func(w *world, c stopCase) {
			w.clock.Advance(day + 13*hour)
			w.run()
			w.want(c.order, "sent, due")
			if at := w.visits(c.order)[1].WaitUntil; at == nil || at.In(model.Shanghai).Format("15:04") != "10:00" || at.Sub(w.clock.Now()) > 10*hour {
				w.t.Errorf("it waits until %v", at)
			}
		}, want: "sent, sent"},
		{name: "a plan for nobody's second visit", change: func(t *aftersale.Terms) { t.Visits[1].ShareBP = 1 },
			happen: func(*world, stopCase) {}, want: "sent, skipped sampled_out"},
		{name: "do not contact", happen: func(w *world, c stopCase) {
			m := w.find(members.Ref{AppID: oaApp, OpenID: c.openID})
			w.do(func(_ context.Context, tx *db.Tx) error {
				key := fmt.Sprint("all:", m)
				return tx.Gorm().Create(&model.DoNotContact{MemberID: m, Scope: model.StopAll, Reason: "unsubscribed", OpenKey: &key, Since: tx.Now}).Error
			})
		}, change: func(t *aftersale.Terms) { t.Visits[1].Channels = append(t.Visits[1].Channels, aftersale.ByStaff) },
			want: "sent, skipped do_not_contact:unsubscribed"},
		{name: "do not contact, and only staff would", happen: func(w *world, c stopCase) { w.leaveAlone(c.openID, model.StopAll, "") },
			change: func(t *aftersale.Terms) { t.Visits[1].Channels = []model.MessageChannel{aftersale.ByStaff} },
			want:   "sent, skipped do_not_contact:complaint"},
		{name: "no selling, and staff would ask how it is", happen: func(w *world, c stopCase) { w.leaveAlone(c.openID, model.StopMarketing, "") },
			change: func(t *aftersale.Terms) { t.Visits[1].Channels = []model.MessageChannel{aftersale.ByStaff} }, want: "sent, assigned"},
		{name: "no text messages, and staff would call", happen: func(w *world, c stopCase) { w.leaveAlone(c.openID, model.StopAll, model.ChannelSMS) },
			change: func(t *aftersale.Terms) { t.Visits[1].Channels = []model.MessageChannel{aftersale.ByStaff} }, want: "sent, assigned"},
	}
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	for i, tt := range tests {
		what := terms(visit(0), visit(day))
		if tt.change != nil {
			tt.change(&what)
		}
		c := stopCase{plan: w.plan(model.VisitOnPaid, what), openID: fmt.Sprint("oa-", i), number: fmt.Sprint("T", i)}
		w.push(wechat.EventSubscribe, c.openID, "")
		c.order = w.pay(c.number, c.openID).Order
		tt.happen(w, c)
		w.travel(2 * day)
		if got := w.states(c.order); got != tt.want {
			t.Errorf("%s: visits are %s; want %s", tt.name, got, tt.want)
		}
		w.move(w.s.End, c.plan)
		noon := model.DayOf(clock.Now(), model.Shanghai).AddDays(1).Start(model.Shanghai).Add(12 * hour)
		w.travel(noon.Sub(clock.Now()))
	}
	w.sound()
}

// Staff do not call somebody who asked to be left alone after the message left that never reached him.
func TestLeftAloneSinceTheMessage(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.plan(model.VisitOnPaid, terms(visit(0, channels(model.ChannelOATemplate, aftersale.ByStaff))))
	w.push(wechat.EventSubscribe, "oa-1", "")
	order := w.pay("T1", "oa-1").Order
	w.run()
	w.want(order, "sent")
	w.leaveAlone("oa-1", model.StopAll, "")
	w.report("failed:user block")
	w.want(order, "blocked user_block")
	if list := w.waiting(); len(list) != 0 {
		t.Errorf("tasks %+v", list)
	}
	w.sound()
}

// leaveAlone notes that somebody does not want to be contacted.
func (w *world) leaveAlone(openID string, scope model.ContactScope, channel model.MessageChannel) {
	w.t.Helper()
	m := w.find(members.Ref{AppID: oaApp, OpenID: openID})
	w.do(func(ctx context.Context, tx *db.Tx) error {
		_, err := w.outbox.StopTx(ctx, tx, messages.Stop{Staff: 7, Member: m, Scope: scope, Channel: channel, Reason: "complaint"})
		return err
	})
}

// stopCase is an order whose first visit was made and whose second is to come a day later.
type stopCase struct {
	order          model.OrderID
	plan           aftersale.Plan
	openID, number string
}

func (w *world) move(f func(context.Context, model.StaffID, model.VisitPlanID) (aftersale.Plan, error), p aftersale.Plan) {
	w.t.Helper()
	if _, err := f(w.t.Context(), 7, p.ID); err != nil {
		w.t.Fatalf("move plan %d: %v", p.ID, err)
	}
}

// Somebody with many orders is left alone between them; the order that was visited first goes on.
func TestCoolingAcrossOrders(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	what := terms(visit(hour), visit(2*day))
	what.CoolingDays, what.Stop = 7, []aftersale.StopCondition{aftersale.StopRefunded}
	w.plan(model.VisitOnPaid, what)
	w.push(wechat.EventSubscribe, "oa-1", "")
	first, second := w.pay("T1", "oa-1").Order, w.pay("T2", "oa-1").Order
	w.travel(3 * day)
	w.want(first, "sent, sent")
	w.want(second, "skipped cooling, skipped cooling")
	w.travel(7 * day)
	third := w.pay("T3", "oa-1").Order
	w.travel(3 * day)
	w.want(third, "sent, sent")
	w.sound()
}

// Two programs, and two orders of one member due at the same moment: one of them is visited.
func TestCoolingIsKeptAtTheSameMoment(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock, opts := dbtest.NewClock(), dbtest.Empty(t, driver)
			a, b := newWorld(t, dbtest.Reopen(t, opts, clock), clock), newWorld(t, dbtest.Reopen(t, opts, clock), clock)
			what := terms(visit(hour))
			what.CoolingDays, what.Stop = 7, nil
			a.plan(model.VisitOnPaid, what)
			a.push(wechat.EventSubscribe, "oa-1", "")
			list := make([]model.OrderID, 8)
			for i := range list {
				list[i] = a.pay(fmt.Sprint("T", i), "oa-1").Order
			}
			clock.Advance(hour)
			var wg sync.WaitGroup
			for _, w := range []*world{a, b} {
				wg.Go(w.run)
			}
			wg.Wait()
			a.run() // what one of them left to the other
			all := ""
			for _, o := range list {
				all += a.states(o) + ", "
			}
			if strings.Count(all, "sent") != 1 || strings.Count(all, "skipped cooling") != 7 || len(a.wechat.sent)+len(b.wechat.sent) != 1 {
				t.Errorf("visits %s; %d messages", all, len(a.wechat.sent)+len(b.wechat.sent))
			}
			a.sound()
		})
	}
}

// A visit keeps the terms under which it was planned.
func TestVersions(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	p := w.plan(model.VisitOnPaid, terms(visit(hour), visit(day)))
	w.push(wechat.EventSubscribe, "oa-1", "")
	w.push(wechat.EventSubscribe, "oa-2", "")
	old := w.pay("T1", "oa-1").Order
	change := aftersale.ChangePlan{Staff: 7, Plan: p.ID, Name: "一次回访", Terms: terms(visit(2*hour, channels(aftersale.ByStaff))), Version: 1}
	if got, err := w.s.ChangePlan(t.Context(), change); err != nil || got.Version != 2 || got.State != model.PlanActive {
		t.Fatalf("changed to %+v, %v", got, err)
	}
	if _, err := w.s.ChangePlan(t.Context(), change); !errors.Is(err, aftersale.ErrPlanChanged) {
		t.Errorf("changed from an old version: %v", err)
	}
	young := w.pay("T2", "oa-2").Order
	w.travel(day)
	w.want(old, "sent, sent")
	w.want(young, "assigned")
	w.sound()
}

func TestPlansMove(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	ctx := t.Context()
	make := func(on model.VisitTrigger) model.VisitPlanID {
		p, err := w.s.CreatePlan(ctx, aftersale.NewPlan{Staff: 7, Name: "计划", Trigger: on, Terms: terms(visit(0))})
		if err != nil {
			t.Fatal(err)
		}
		return p.ID
	}
	a, b, scan := make(model.VisitOnPaid), make(model.VisitOnPaid), make(model.VisitOnScan)
	steps := []struct {
		move func(context.Context, model.StaffID, model.VisitPlanID) (aftersale.Plan, error)
		plan model.VisitPlanID
		want error
	}{
		{w.s.Pause, a, aftersale.ErrPlanDraft}, {w.s.Activate, a, nil}, {w.s.Activate, a, nil}, {w.s.Activate, b, aftersale.ErrPlanOverlap},
		{w.s.Activate, scan, aftersale.ErrPlanOverlap}, // the plan that every shop begins with
		{w.s.Pause, a, nil}, {w.s.Activate, b, nil}, {w.s.Activate, a, aftersale.ErrPlanOverlap}, {w.s.End, b, nil}, {w.s.Activate, b, aftersale.ErrPlanEnded},
		{w.s.Activate, a, nil}, {w.s.End, 1, nil}, {w.s.Activate, scan, nil}, {w.s.End, 999, aftersale.ErrPlanUnknown},
	}
	for i, s := range steps {
		if _, err := s.move(ctx, 7, s.plan); !errors.Is(err, s.want) || (s.want == nil) != (err == nil) {
			t.Errorf("step %d: %v, want %v", i, err, s.want)
		}
	}
	list, _, err := w.s.Plans(ctx, db.Page{})
	var active []model.VisitPlanID
	for _, p := range list {
		if p.State == model.PlanActive {
			active = append(active, p.ID)
		}
	}
	if err != nil || !slices.Equal(active, []model.VisitPlanID{scan, a}) {
		t.Errorf("active %v, %v; want %v", active, err, []model.VisitPlanID{scan, a})
	}
	w.sound()
}

// Of plans that are switched on at once, one is.
func TestOnePlanAtATrigger(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		var wg sync.WaitGroup
		outcomes := make([]error, 8)
		for i := range outcomes {
			p, err := w.s.CreatePlan(t.Context(), aftersale.NewPlan{Staff: 7, Name: "计划", Trigger: model.VisitOnPaid, Terms: terms(visit(0))})
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() { _, outcomes[i] = w.s.Activate(context.Background(), 7, p.ID) })
		}
		wg.Wait()
		won := 0
		for _, err := range outcomes {
			if err == nil {
				won++
			} else if !errors.Is(err, aftersale.ErrPlanOverlap) {
				t.Errorf("activate: %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d plans were activated", won)
		}
		w.sound()
	})
}

// An order has the plan of its first trigger: the scan that comes later begins nothing.
func TestOnePlanForAnOrder(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.plan(model.VisitOnPaid, terms(visit(day)))
	w.plan(model.VisitOnCompleted, terms(visit(0), visit(0), visit(0)))
	w.push(wechat.EventSubscribe, "oa-1", "")
	order := w.pay("T1", "oa-1").Order
	for range 2 {
		if _, err := w.orders.Complete(t.Context(), orders.Complete{Source: "shop", Number: "T1"}); err != nil {
			t.Fatal(err)
		}
		w.run()
		w.push(wechat.EventScan, "oa-1", w.code("T1").Scene)
	}
	w.want(order, "planned")
	w.sound()
}

func TestVisitsBeginWhenTheGoodsArrive(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.plan(model.VisitOnCompleted, terms(visit(hour)))
	w.push(wechat.EventSubscribe, "oa-1", "")
	order := w.pay("T1", "oa-1").Order
	w.want(order, "")
	for range 3 {
		if _, err := w.orders.Complete(t.Context(), orders.Complete{Source: "shop", Number: "T1"}); err != nil {
			t.Fatal(err)
		}
		w.run()
	}
	w.want(order, "planned")
	w.travel(hour)
	w.want(order, "sent")
	w.sound()
}

// A shop that tells of an order days later: what is too late is skipped, the rest is made.
func TestOrderToldLate(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.plan(model.VisitOnPaid, terms(visit(hour), visit(6*day)))
	w.push(wechat.EventSubscribe, "oa-1", "")
	r, err := w.orders.Ingest(t.Context(), orders.Order{Source: "shop", Number: "T1", Member: members.Ref{AppID: oaApp, OpenID: "oa-1"},
		PaidAt: clock.Now().Add(-5 * day), GoodsFen: 100, PaidFen: 100})
	if err != nil {
		t.Fatal(err)
	}
	w.run()
	w.want(r.Order, "skipped late, planned")
	w.travel(day + time.Minute)
	w.want(r.Order, "skipped late, sent")
	w.sound()
}

// Nobody reads it: no channel reaches him, so staff do, or nobody.
func TestWhoCannotBeReached(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.plan(model.VisitOnPaid, terms(visit(0), visit(0, channels(model.ChannelOATemplate, aftersale.ByStaff)), visit(0, channels(aftersale.ByStaff))))
	r, err := w.orders.Ingest(t.Context(), orders.Order{Source: "shop", Number: "T1", Member: members.Ref{Phone: "13800138000"}, PaidAt: clock.Now(), GoodsFen: 100, PaidFen: 100})
	if err != nil {
		t.Fatal(err)
	}
	w.run()
	w.want(r.Order, "skipped not_following, assigned not_following, assigned")
	if v := w.visits(r.Order)[0]; v.SentAt != nil {
		t.Error("a visit that never left counts for the cooling")
	}
	if list := w.waiting(); len(list) != 2 {
		t.Errorf("tasks %+v", list)
	}
	w.sound()
}

// T45 for visits: the worker dies after its commit, and runs again; a run that is repeated changes nothing.
func TestT45VisitRunAgain(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	asked := w.survey()
	w.plan(model.VisitOnPaid, terms(visit(hour, func(v *aftersale.VisitTerms) { v.Survey, v.AnswerDays = asked, 3 })))
	w.push(wechat.EventSubscribe, "oa-1", "")
	order := w.pay("T1", "oa-1").Order
	clock.Advance(hour)
	for range 3 {
		w.run()
		w.do(func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec(`UPDATE jobs SET state = 'waiting', finished_at = NULL, lease_owner = '', lease_until = NULL
					WHERE kind LIKE 'aftersale.%' AND run_at <= ? OR kind LIKE 'orders.paid>%'`, tx.Now).Error
		})
	}
	w.run()
	w.want(order, "sent")
	if len(w.wechat.sent) != 1 || w.count("survey_invitations") != 1 {
		t.Errorf("%d messages, %d invitations", len(w.wechat.sent), w.count("survey_invitations"))
	}
	w.sound()
}

func TestPreview(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.push(wechat.EventSubscribe, "oa-1", "")
	order := w.pay("T1", "oa-1")
	before := w.count("visits") + w.count("messages") + w.count("jobs")
	what := terms(visit(hour, func(v *aftersale.VisitTerms) { v.Texts = map[string]string{"advice": "{goods}已收到吗"} }), visit(9*hour))
	list, err := w.s.Preview(t.Context(), aftersale.Preview{Terms: what, Source: "shop", Number: "T1"})
	if err != nil || len(list) != 2 || list[0].Texts["advice"] != "明前龙井已收到吗" || list[0].Texts["number"] != "T1" ||
		!list[0].DueAt.Equal(clock.Now().Add(hour)) || list[1].DueAt.In(model.Shanghai).Format("02 15:04") != "22 10:00" {
		t.Errorf("preview %+v, %v", list, err)
	}
	if list, err = w.s.Preview(t.Context(), aftersale.Preview{Terms: what}); err != nil || list[0].Texts["number"] == "" {
		t.Errorf("of an invented order: %+v, %v", list, err)
	}
	if _, err := w.s.Preview(t.Context(), aftersale.Preview{Terms: what, Source: "shop", Number: "none"}); !errors.Is(err, orders.ErrUnknown) {
		t.Errorf("of no order: %v", err)
	}
	if now := w.count("visits") + w.count("messages") + w.count("jobs"); now != before || order.Member == 0 {
		t.Error("the preview changed something")
	}
}

func TestWhy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		p := w.plan(model.VisitOnPaid, terms(visit(0), visit(day), visit(9*day)))
		w.push(wechat.EventSubscribe, "oa-1", "")
		r := w.pay("T1", "oa-1")
		w.report("success")
		w.travel(day)
		w.report("failed:user block")
		w.refund("T1", 12800)
		other := w.order("T9", members.Ref{AppID: oaApp, OpenID: "oa-1"})
		why := func(q aftersale.WhyQuery) aftersale.Why {
			t.Helper()
			q.Member = r.Member
			got, err := w.s.Why(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		got := why(aftersale.WhyQuery{Order: r.Order})
		var says []string
		for _, v := range got.Visits {
			says = append(says, v.Says)
		}
		if fmt.Sprint(says) != "[已跳过:订单已全额退款 被屏蔽:会员屏蔽了公众号 已送达]" || got.Visits[0].Plan != "三次回访" || got.Visits[0].Version != 1 || got.Visits[0].Trigger != model.VisitOnPaid {
			t.Errorf("visits %v, %+v", says, got.Visits[0])
		}
		if len(got.Messages) != 2 || len(got.Messages[1].Tries) != 1 || got.Messages[1].Says != "会员屏蔽了公众号" || !got.Following || len(got.Notes) != 0 {
			t.Errorf("messages %+v, notes %v", got.Messages, got.Notes)
		}
		if got := why(aftersale.WhyQuery{Order: other.ID}); len(got.Visits)+len(got.Messages) != 0 || len(got.Notes) != 3 || !strings.Contains(got.Notes[0], "付款") {
			t.Errorf("of an order without visits: %+v", got)
		}
		if got := why(aftersale.WhyQuery{Plan: p.ID}); len(got.Visits) != 3 {
			t.Errorf("of the plan: %d visits", len(got.Visits))
		}
		if got := why(aftersale.WhyQuery{Plan: 1}); len(got.Visits)+len(got.Messages) != 0 {
			t.Errorf("of another plan: %+v", got)
		}
		if got := why(aftersale.WhyQuery{}); len(got.Visits) != 3 || len(got.Messages) != 2 {
			t.Errorf("of the last 90 days: %d visits, %d messages", len(got.Visits), len(got.Messages))
		}
		if got := why(aftersale.WhyQuery{From: clock.Now().Add(-20 * day), To: clock.Now().Add(-10 * day)}); len(got.Visits)+len(got.Messages) != 0 {
			t.Errorf("of another time: %+v", got)
		}
		if _, err := w.s.Why(t.Context(), aftersale.WhyQuery{Member: 999}); !errors.Is(err, members.ErrUnknown) {
			t.Errorf("of nobody: %v", err)
		}
		if _, err := w.s.Why(t.Context(), aftersale.WhyQuery{Member: r.Member, From: clock.Now(), To: clock.Now()}); err == nil {
			t.Error("of no time at all: taken")
		}
	})
}

// The outbox's word on a message that is no visit's changes nothing.
func TestOtherMessagesEnd(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	for _, key := range []string{"card:1", "visit:7:1", "visit:x:1", ""} {
		if err := w.s.OnMessageEnded(t.Context(), messages.Ended{Key: key, State: model.MessageDelivered}); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func refOf(openID string) members.Ref { return members.Ref{AppID: oaApp, OpenID: openID} }
