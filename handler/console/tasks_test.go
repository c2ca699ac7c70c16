package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/service/tasks"
)

// task opens one about the member and returns its address.
func (c *counter) task(t *testing.T, source string) string {
	t.Helper()
	err := c.d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := c.tasks.OpenTx(ctx, tx, tasks.Open{Kind: model.TaskLowScore, Source: source, Member: c.member, Title: payload, Detail: "愿意推荐吗:1/10\n" + payload})
		return err
	})
	list, _, err2 := c.tasks.List(t.Context(), tasks.Filter{}, db.Page{})
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return fmt.Sprintf("/console/tasks/%d", list[0].ID)
}

func TestTasksOnThePhone(t *testing.T) {
	c := open(t)
	at := c.task(t, "survey:1:low_score")
	c.signIn(t, "clerk")
	list := c.ask(t, "GET", "/console/tasks", nil, nil)
	for _, want := range []string{"低分回访", "今天", "138****5678", "&lt;script&gt;", "领取"} {
		if !strings.Contains(list.Body.String(), want) {
			t.Errorf("the list does not show %s: %s", want, list.Body)
		}
	}
	if strings.Contains(list.Body.String(), "13812345678") || strings.Contains(list.Body.String(), "办结任务") {
		t.Error("the number, or the form to close, is shown before the task is taken")
	}
	form := fields(list)
	if rec := c.ask(t, "POST", at+"/phone", form, nil); rec.Code != http.StatusConflict || !strings.Contains(rec.Body.String(), "请先领取") {
		t.Errorf("the number before taking: %d %s", rec.Code, rec.Body)
	}
	if rec := c.ask(t, "POST", at+"/take", form, nil); rec.Code != http.StatusSeeOther {
		t.Fatalf("take: %d %s", rec.Code, rec.Body)
	}
	if rec := c.ask(t, "POST", at+"/phone", form, nil); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), `href="tel:&#43;8613812345678"`) {
		t.Errorf("the number: %d %s", rec.Code, rec.Body)
	}
	if rec := c.ask(t, "POST", at+"/close", with(form, "note", "x"), nil); rec.Code != http.StatusUnprocessableEntity {
		t.Errorf("without a result: %d", rec.Code)
	}
	done := with(form, "result", "solved", "note", payload)
	for range 2 { // a double tap
		if rec := c.ask(t, "POST", at+"/close", done, nil); rec.Code != http.StatusSeeOther {
			t.Errorf("close: %d %s", rec.Code, rec.Body)
		}
	}
	if rec := c.ask(t, "GET", "/console/tasks", nil, nil); !strings.Contains(rec.Body.String(), "现在没有任务") {
		t.Errorf("after the end: %s", rec.Body)
	}
	c.task(t, "survey:2:low_score")
	c.clock.Advance(24 * time.Hour)
	c.signIn(t, "clerk")
	if rec := c.ask(t, "GET", "/console/tasks", nil, nil); !strings.Contains(rec.Body.String(), "已逾期 · 2026-11-21") {
		t.Errorf("a day later: %s", rec.Body)
	}
	broken, err := audit.Run(t.Context(), c.d, tasks.Invariants())
	if err != nil || len(broken) > 0 {
		t.Errorf("broken: %v, %v", broken, err)
	}
}

// T10, T25: who may not, and what another site can send.
func TestT25ForeignTasks(t *testing.T) {
	c := open(t)
	at := c.task(t, "survey:1:low_score")
	if rec := c.ask(t, "GET", "/console/tasks", nil, nil); rec.Code != http.StatusSeeOther {
		t.Errorf("nobody sees %d", rec.Code)
	}
	c.signIn(t, "nobody")
	if rec := c.ask(t, "GET", "/console/tasks", nil, nil); rec.Code != http.StatusForbidden || strings.Contains(rec.Body.String(), "低分") {
		t.Errorf("without the right: %d", rec.Code)
	}
	c.signIn(t, "clerk")
	good := with(fields(c.ask(t, "GET", "/console/tasks", nil, nil)), "result", "solved")
	for _, verb := range []string{"/take", "/phone", "/close"} {
		for what, tt := range map[string]struct {
			form   url.Values
			header map[string]string
		}{
			"no token": {with(good, "token", ""), nil}, "an odd token": {with(good, "token", payload), nil},
			"cross-site": {good, map[string]string{"Sec-Fetch-Site": "cross-site"}}, "a foreign origin": {good, map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.example"}},
		} {
			if rec := c.ask(t, "POST", at+verb, tt.form, tt.header); rec.Code != http.StatusForbidden {
				t.Errorf("%s to %s: %d", what, verb, rec.Code)
			}
		}
		if rec := c.ask(t, "GET", at+verb+"?"+good.Encode(), nil, nil); rec.Code < 400 {
			t.Errorf("GET %s: %d", verb, rec.Code)
		}
		for _, id := range []string{"999", "0", "-1", "x", "9999999999999999999999"} {
			if rec := c.ask(t, "POST", "/console/tasks/"+id+verb, good, nil); rec.Code != http.StatusNotFound {
				t.Errorf("task %s, %s: %d", id, verb, rec.Code)
			}
		}
	}
	list, err := c.tasks.Waiting(t.Context(), 1, 10)
	if err != nil || len(list) != 1 || list[0].State != model.TaskOpen {
		t.Errorf("the task is %+v, %v", list, err)
	}
}
