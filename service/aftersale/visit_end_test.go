package aftersale_test

import (
	"fmt"
	"testing"

	"huitou/model"
	"huitou/model/db/dbtest"
	"huitou/service/aftersale"
	"huitou/service/messages"
	"huitou/service/tasks"
	"huitou/wechat"
)

// sentVisit is an order whose one visit has left, by WeChat and else by staff, with a survey of three days.
func sentVisit(t *testing.T, change ...func(*aftersale.VisitTerms)) (*world, model.OrderID) {
	t.Helper()
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	asked := w.survey()
	change = append([]func(*aftersale.VisitTerms){func(v *aftersale.VisitTerms) { v.Survey, v.AnswerDays = asked, 3 }}, change...)
	w.plan(model.VisitOnPaid, terms(visit(0, change...)))
	w.push(wechat.EventSubscribe, "oa-1", "")
	order := w.pay("T1", "oa-1").Order
	w.want(order, "sent")
	return w, order
}

// ended tells what became of the message of an order's first visit.
func (w *world) ended(order model.OrderID, state model.MessageState, reason string) {
	w.t.Helper()
	f := messages.Ended{Key: fmt.Sprintf("visit:%d:1", order), State: state, Reason: reason, At: w.clock.Now()}
	if err := w.s.OnMessageEnded(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
	w.run()
}

// What an end means depends on where the visit stands: a report that comes after all counts, and only what nobody can have seen goes to staff.
func TestEndsOfAVisitsMessage(t *testing.T) {
	byStaff := channels(model.ChannelOATemplate, aftersale.ByStaff)
	type end struct {
		state  model.MessageState
		reason string
		want   string
	}
	tests := []struct {
		name  string
		terms []func(*aftersale.VisitTerms)
		ends  []end
		tasks int
	}{
		{"failed, and delivered after all", nil, []end{{model.MessageFailed, "bug", "failed bug"}, {model.MessageDelivered, "", "delivered"}}, 0},
		{"nobody knew, and delivered after all", nil, []end{{model.MessageUnknown, "no_answer", "failed no_answer"}, {model.MessageDelivered, "", "delivered"}}, 0},
		{"failed, and failed otherwise: the first word stays", nil, []end{{model.MessageFailed, "bug", "failed bug"}, {model.MessageDead, "gave_up:retry", "failed bug"}}, 0},
		{"delivered twice", nil, []end{{model.MessageDelivered, "", "delivered"}, {model.MessageDelivered, "", "delivered"}}, 0},
		{"delivered, and failed after all", nil, []end{{model.MessageDelivered, "", "delivered"}, {model.MessageFailed, "bug", "delivered"}}, 0},
		{"nobody knows: he may have seen it, so staff do not call", []func(*aftersale.VisitTerms){byStaff},
			[]end{{model.MessageUnknown, "no_answer", "failed no_answer"}}, 0},
		{"taken and not reported: it was sent", []func(*aftersale.VisitTerms){byStaff}, []end{{model.MessageUnknown, messages.ReasonNoReport, "sent"}}, 0},
		{"taken, not reported in time, delivered after all", []func(*aftersale.VisitTerms){byStaff},
			[]end{{model.MessageUnknown, messages.ReasonNoReport, "sent"}, {model.MessageDelivered, "", "delivered"}}, 0},
		{"failed: staff call", []func(*aftersale.VisitTerms){byStaff}, []end{{model.MessageFailed, "bug", "assigned bug"}}, 1},
		{"dead: staff call", []func(*aftersale.VisitTerms){byStaff}, []end{{model.MessageDead, "gave_up:retry", "assigned gave_up:retry"}}, 1},
		{"staff call already when it is delivered after all", []func(*aftersale.VisitTerms){byStaff},
			[]end{{model.MessageFailed, "bug", "assigned bug"}, {model.MessageDelivered, "", "assigned bug"}}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, order := sentVisit(t, tt.terms...)
			for _, e := range tt.ends {
				w.ended(order, e.state, e.reason)
				w.want(order, e.want)
			}
			if list := w.waiting(); len(list) != tt.tasks {
				t.Errorf("%d tasks, want %d: %+v", len(list), tt.tasks, list)
			}
		})
	}
}

// An answer does not take a visit from the staff who have it: it ends with their task.
func TestAnswerToAnAssignedVisit(t *testing.T) {
	for _, points := range []int64{9, 1} { // content, and something to do about it
		w, order := sentVisit(t, channels(model.ChannelOATemplate, aftersale.ByStaff))
		w.report("failed:user block")
		w.want(order, "assigned user_block")
		before := w.visits(order)[0]
		if err := w.answer(w.token(), points); err != nil {
			t.Fatal(err)
		}
		w.want(order, "assigned user_block")
		if v := w.visits(order)[0]; v.EndedAt != nil || !v.SentAt.Equal(*before.SentAt) {
			t.Errorf("%d points changed it to %+v", points, v)
		}
		for _, task := range w.waiting() {
			if task.Kind == model.TaskVisit {
				w.close(task.ID, model.ResultReached)
			}
		}
		w.want(order, "done user_block")
		w.sound()
	}
}

// A task that is closed ends the visit that staff have, and no other; told twice it says the same.
func TestTaskOfAVisitThatIsNotAssigned(t *testing.T) {
	w, order := sentVisit(t)
	closed := tasks.Closed{Kind: model.TaskVisit, Source: fmt.Sprintf("visit:%d:1", order), Result: model.ResultRefused}
	tell := func(want string) {
		t.Helper()
		if err := w.s.OnTaskClosed(t.Context(), closed); err != nil {
			t.Fatal(err)
		}
		w.want(order, want)
		if v := w.visits(order)[0]; v.Result != "" {
			t.Errorf("its result is %q", v.Result)
		}
	}
	tell("sent")
	w.report("success")
	tell("delivered")
	if err := w.answer(w.token(), 9); err != nil {
		t.Fatal(err)
	}
	tell("closed answered")
	w.sound()

	w, order = sentVisit(t, channels(model.ChannelOATemplate, aftersale.ByStaff))
	w.report("failed:user block")
	w.close(w.waiting()[0].ID, model.ResultReached)
	closed.Source = fmt.Sprintf("visit:%d:1", order)
	if err := w.s.OnTaskClosed(t.Context(), closed); err != nil {
		t.Fatal(err)
	}
	w.want(order, "done user_block")
	if v := w.visits(order)[0]; v.Result != string(model.ResultReached) {
		t.Errorf("the result is %q, want the first one", v.Result)
	}
	w.sound()
}

// When the time of its survey is over, a visit that waits for the answer is closed, seen or not; one that staff have, or that ended, is not.
func TestSurveyIsOver(t *testing.T) {
	byStaff := channels(model.ChannelOATemplate, aftersale.ByStaff)
	tests := []struct {
		name   string
		terms  []func(*aftersale.VisitTerms)
		happen func(w *world, order model.OrderID)
		want   string
	}{
		{"sent", nil, func(*world, model.OrderID) {}, "closed unanswered"},
		{"delivered", nil, func(w *world, _ model.OrderID) { w.report("success") }, "closed unanswered"},
		{"answered", nil, func(w *world, _ model.OrderID) {
			if err := w.answer(w.token(), 9); err != nil {
				w.t.Fatal(err)
			}
		}, "closed answered"},
		{"blocked", nil, func(w *world, _ model.OrderID) { w.report("failed:user block") }, "blocked user_block"},
		{"failed", nil, func(w *world, order model.OrderID) { w.ended(order, model.MessageUnknown, "no_answer") }, "failed no_answer"},
		{"with staff", []func(*aftersale.VisitTerms){byStaff}, func(w *world, _ model.OrderID) { w.report("failed:user block") }, "assigned user_block"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, order := sentVisit(t, tt.terms...)
			tt.happen(w, order)
			before := w.states(order)
			w.travel(3*day - hour)
			w.want(order, before)
			w.travel(2 * hour)
			w.want(order, tt.want)
			if err := w.answer(w.token(), 9); tt.want == "closed unanswered" && err == nil {
				t.Error("an answer was taken after the time was over")
			}
			w.want(order, tt.want)
		})
	}
}
