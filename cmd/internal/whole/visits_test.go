package whole

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"huitou/cmd/internal/demo"
	"huitou/model"
	"huitou/model/db"
	"huitou/service/surveys"
)

func init() {
	maps.Copy(audiences, map[string]audience{
		"GET /api/v1/me/surveys":               shoppers,
		"POST /api/v1/me/surveys/{id}/answers": shoppers,

		"GET /admin/v1/visit-plans":                managers,
		"POST /admin/v1/visit-plans":               managers,
		"PUT /admin/v1/visit-plans/{id}":           managers,
		"POST /admin/v1/visit-plans/previews":      managers,
		"POST /admin/v1/visit-plans/{id}/activate": managers,
		"POST /admin/v1/visit-plans/{id}/pause":    managers,
		"POST /admin/v1/visit-plans/{id}/end":      managers,
		"GET /admin/v1/surveys":                    managers,
		"POST /admin/v1/surveys":                   managers,
		"PUT /admin/v1/surveys/{id}":               managers,
		"POST /admin/v1/surveys/{id}/open":         managers,
		"POST /admin/v1/surveys/{id}/close":        managers,
		"GET /admin/v1/surveys/{id}/results":       managers,
		"GET /admin/v1/surveys/{id}/answers":       managers,
		"GET /admin/v1/members/{id}/why":           clerks,
		"GET /admin/v1/tasks":                      clerks,
		"POST /admin/v1/tasks":                     clerks,
		"POST /admin/v1/tasks/{id}/take":           clerks,
		"POST /admin/v1/tasks/{id}/phone":          clerks,
		"POST /admin/v1/tasks/{id}/close":          clerks,
		"POST /admin/v1/tasks/{id}/assign":         managers,
	})
}

// andVisits adds the samples of visit plans, surveys and tasks.
func (f *furnished) andVisits(all map[string]sample) map[string]sample {
	plan := func(t *testing.T) string {
		var made struct{ ID int64 }
		f.must(t, call{method: "POST", path: "/admin/v1/visit-plans", token: f.owner, key: newKey(), body: f.visitPlan()}, &made)
		return fmt.Sprint(made.ID)
	}
	survey := func(t *testing.T) string {
		var made struct{ ID int64 }
		f.must(t, call{method: "POST", path: "/admin/v1/surveys", token: f.owner, key: newKey(), body: f.survey()}, &made)
		return fmt.Sprint(made.ID)
	}
	task := func(t *testing.T) string {
		var made struct{ ID int64 }
		f.must(t, call{method: "POST", path: "/admin/v1/tasks", token: f.owner, key: newKey(), body: f.task()}, &made)
		return fmt.Sprint(made.ID)
	}
	// to makes a new thing for each call, since most can be moved once.
	to := func(make func(*testing.T) string, before, after string) func(t *testing.T, c *call) {
		return func(t *testing.T, c *call) { c.path = before + make(t) + after }
	}
	nothing := map[string]string{"id": "999999"}
	maps.Copy(all, map[string]sample{
		"my-surveys": {},
		"answer-survey": {path: map[string]string{"id": absent}, body: fixed(answered(9)), other: with("answers", answered(8)["answers"]),
			fresh: func(t *testing.T, c *call) { c.path = f.invited(t, survey(t), c.token) }},

		"list-visit-plans":  {query: "limit=5"},
		"create-visit-plan": {body: fixed(f.visitPlan()), other: with("name", "另一个计划")},
		"change-visit-plan": {path: nothing, body: fixed(map[string]any{"name": "三次回访", "version": 1, "terms": f.visitPlan()["terms"]}),
			fresh: to(plan, "/admin/v1/visit-plans/", "")},
		"preview-visit-plan": {body: fixed(map[string]any{"terms": f.visitPlan()["terms"], "source": "shop", "number": "FIRST", "at": "2026-11-21T04:00:00Z"})},
		"activate-visit-plan": {path: nothing, fresh: func(t *testing.T, c *call) {
			f.exec(t, "UPDATE visit_plans SET state = 'paused', active_on = NULL WHERE state = 'active'")
			to(plan, "/admin/v1/visit-plans/", "/activate")(t, c)
		}},
		"pause-visit-plan": {path: nothing, fresh: func(t *testing.T, c *call) {
			id := plan(t)
			f.exec(t, "UPDATE visit_plans SET state = 'paused' WHERE id = ?", id)
			c.path = "/admin/v1/visit-plans/" + id + "/pause"
		}},
		"end-visit-plan": {path: nothing, fresh: to(plan, "/admin/v1/visit-plans/", "/end")},
		"why-message": {path: map[string]string{"id": fmt.Sprint(f.memberID)},
			query: fmt.Sprintf("order=%d&plan=1&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z", f.orderID)},

		"list-surveys":  {query: "limit=5"},
		"create-survey": {body: fixed(f.survey()), other: with("name", "另一份问卷")},
		"change-survey": {path: nothing, body: fixed(f.survey()), fresh: to(survey, "/admin/v1/surveys/", "")},
		"open-survey":   {path: nothing, fresh: to(survey, "/admin/v1/surveys/", "/open")},
		"close-survey": {path: nothing, fresh: func(t *testing.T, c *call) {
			id := survey(t)
			f.exec(t, "UPDATE surveys SET state = 'open' WHERE id = ?", id)
			c.path = "/admin/v1/surveys/" + id + "/close"
		}},
		"survey-results": {path: nothing, fresh: to(survey, "/admin/v1/surveys/", "/results")},
		"survey-answers": {path: nothing, query: "limit=5", fresh: to(survey, "/admin/v1/surveys/", "/answers?limit=5")},

		"list-tasks": {query: fmt.Sprintf("state=open&kind=parcel&mine=true&member_id=%d&store=sh-01&limit=5", f.memberID)},
		"open-task":  {body: fixed(f.task()), other: with("title", "另一个问题")},
		"take-task":  {path: nothing, fresh: to(task, "/admin/v1/tasks/", "/take")},
		"task-phone": {path: nothing, fresh: func(t *testing.T, c *call) {
			id := task(t)
			f.must(t, call{method: "POST", path: "/admin/v1/tasks/" + id + "/take", token: c.token}, nil)
			c.path = "/admin/v1/tasks/" + id + "/phone"
		}},
		"assign-task": {path: nothing, body: fixed(map[string]any{"staff": f.logins.StaffName, "store": "sh-01", "due_day": "2026-12-01"}),
			fresh: to(task, "/admin/v1/tasks/", "/assign")},
		"close-task": {path: nothing, body: fixed(map[string]any{"result": "solved", "note": "已补发"}), fresh: to(task, "/admin/v1/tasks/", "/close")},
	})
	return all
}

// visitPlan is a plan with everything that a plan can say.
func (f *furnished) visitPlan() map[string]any {
	return map[string]any{"name": "三次回访", "trigger": "paid", "terms": map[string]any{
		"cooling_days": 7, "max_late_days": 3, "stop": []any{"refunded", "unfollowed"},
		"visits": []any{map[string]any{
			"delay_minutes": 1440, "from_minute": 600, "to_minute": 1200, "channels": []any{"oa_template", "staff"}, "purpose": "care", "template": "visit1",
			"texts": []any{map[string]any{"name": "advice", "text": "{goods}好用吗"}}, "url": "https://shop.example/help", "survey": 0, "answer_days": 0, "reward_points": 0, "reward_coupon": "", "share_bp": 5000,
		}},
	}}
}

func (f *furnished) survey() map[string]any {
	return map[string]any{"name": "购物体验", "intro": "耽误您一分钟", "questions": []any{
		map[string]any{"kind": "score", "ask": "您愿意把我们推荐给朋友吗", "required": true, "most": 10, "low_at": 6},
		map[string]any{"kind": "choice", "ask": "包裹完好吗", "required": false, "options": []any{
			map[string]any{"text": "完好", "problem": false}, map[string]any{"text": "有破损", "problem": true}}},
		map[string]any{"kind": "text", "ask": "想对我们说的话", "required": false, "most": 200},
	}}
}

// answered are the answers to survey, with a score.
func answered(score int) map[string]any {
	return map[string]any{"answers": []any{map[string]any{"question": 1, "number": score, "text": ""}}}
}

// invited opens a survey, invites the caller to it and returns where he answers.
func (f *furnished) invited(t *testing.T, survey, token string) string {
	t.Helper()
	f.exec(t, "UPDATE surveys SET state = 'open' WHERE id = ?", survey)
	m, err := f.app.Members.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.ParseInt(survey, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	err = f.app.DB.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := f.app.Surveys.InviteTx(ctx, tx, surveys.Invite{Survey: model.SurveyID(id), Member: m, Source: "sample:" + survey, Until: tx.Now.Add(time.Hour)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := f.app.Surveys.Mine(t.Context(), m)
	if err != nil || len(list) == 0 {
		t.Fatalf("the caller is invited to %d surveys (%v)", len(list), err)
	}
	for _, inv := range list {
		if inv.Survey.ID == model.SurveyID(id) {
			return "/api/v1/me/surveys/" + string(inv.ID) + "/answers"
		}
	}
	t.Fatal("the invitation is not among the caller's")
	return ""
}

func (f *furnished) task() map[string]any {
	return map[string]any{"kind": "parcel", "member_id": f.memberID, "order_id": f.orderID, "due_day": "2026-12-01", "store": "sh-01", "title": "包裹破损", "detail": "外盒压坏"}
}

// A parcel's visits through the whole program, with the plan of the demo shop: scan, first visit, a week later the survey by its link, a low
// score, its reward and its task, and the answer to why. The link's token stands in no log (T24).
func TestVisitsFromTheScanToTheTask(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner, p := s.owner(t), s.shopper(t)
	s.must(t, call{method: "POST", path: "/ingest/v1/orders", signed: true, body: s.order("VISIT-1", p.phone, 100_00)}, nil)
	var member, code struct {
		ID     int64
		Ticket string
	}
	s.must(t, call{method: "GET", path: "/admin/v1/members?number=" + p.number, token: owner}, &member)
	s.must(t, call{method: "POST", path: "/admin/v1/parcel-codes", token: owner, body: map[string]any{"source": demo.Source, "number": "VISIT-1"}}, &code)
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/scan", map[string]any{"ticket": code.Ticket}, nil)
	type visit struct {
		Ordinal   int64
		State     string
		PlannedAt time.Time `json:"planned_at"`
	}
	why := func(want ...string) (list []visit) {
		eventually(t, fmt.Sprint("visits are ", want), func() error {
			var got struct{ Visits []visit }
			s.must(t, call{method: "GET", path: fmt.Sprintf("/admin/v1/members/%d/why", member.ID), token: owner}, &got)
			list = got.Visits
			for i, state := range want { // newest first
				if len(list) != len(want) || list[len(want)-1-i].State != state {
					return fmt.Errorf("they are %+v", list)
				}
			}
			return nil
		})
		return list
	}
	second := why("delivered", "planned", "planned")[1]
	s.clock.Advance(second.PlannedAt.Sub(s.clock.Now()) + time.Second)
	s.sim.Nudge()
	owner = s.owner(t) // the session is over after so many days
	why("delivered", "delivered", "planned")
	link := s.watch(t).column("SELECT url FROM messages WHERE message_key LIKE 'visit:%:2'")[0]
	path, ok := strings.CutPrefix(link, s.settings.PublicURL)
	if !ok || !strings.HasPrefix(path, "/s/") {
		t.Fatalf("the message leads to %s", link)
	}
	if a := s.do(t, call{method: "GET", path: path}); a.status != http.StatusOK || !strings.Contains(string(a.body), "50 积分") {
		t.Fatalf("the survey: %d %s", a.status, a.body)
	}
	before := s.points(t, owner, member.ID)
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	for range 2 { // a double tap
		if a := s.do(t, call{method: "POST", path: path, body: []byte("q1=2&q2=1"), header: form}); a.status != http.StatusOK {
			t.Fatalf("the answer: %d %s", a.status, a.body)
		}
	}
	if got := s.points(t, owner, member.ID); got != before+50 {
		t.Errorf("%d points, had %d", got, before)
	}
	why("delivered", "responded", "planned")
	var list struct {
		Tasks []struct {
			ID   int64
			Kind string
			Due  string `json:"due_day"`
		}
	}
	s.must(t, call{method: "GET", path: fmt.Sprintf("/admin/v1/tasks?state=open&member_id=%d", member.ID), token: owner}, &list)
	if today := model.DayOf(s.clock.Now(), model.Shanghai).String(); len(list.Tasks) != 1 || list.Tasks[0].Kind != "low_score" || list.Tasks[0].Due != today {
		t.Fatalf("tasks %+v", list)
	}
	at := fmt.Sprintf("/admin/v1/tasks/%d", list.Tasks[0].ID)
	s.must(t, call{method: "POST", path: at + "/take", token: owner}, nil)
	s.must(t, call{method: "POST", path: at + "/close", token: owner, body: map[string]any{"result": "solved", "note": "已补寄"}}, nil)
	why("delivered", "closed", "planned")
	if token := strings.TrimPrefix(path, "/s/"); bytes.Contains(s.logs.bytes(), []byte(token)) {
		t.Error("the link's token stands in the log")
	}
	s.settled(t)
	s.audit(t)
}

// points are what a member can spend.
func (s *shop) points(t *testing.T, owner string, member int64) int64 {
	t.Helper()
	var got struct{ Active int64 }
	s.must(t, call{method: "GET", path: fmt.Sprintf("/admin/v1/members/%d/points", member), token: owner}, &got)
	return got.Active
}
