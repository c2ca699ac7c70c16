package whole

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
)

func init() {
	maps.Copy(audiences, map[string]audience{
		"GET /admin/v1/callbacks":              managers,
		"GET /admin/v1/callbacks/{id}":         managers,
		"POST /admin/v1/callbacks/{id}/body":   managers,
		"POST /admin/v1/callbacks/{id}/replay": managers,
		"POST /admin/v1/callback-replays":      managers,
		"GET /admin/v1/callback-replays/{id}":  managers,
	})
}

// andVault adds the samples of the callbacks' vault.
func (f *furnished) andVault(all map[string]sample) map[string]sample {
	nothing := map[string]string{"id": "999999"}
	at := func(after string) func(t *testing.T, c *call) {
		return func(t *testing.T, c *call) {
			c.path = fmt.Sprintf("/admin/v1/callbacks/%d%s", f.failedCallback(t), after)
		}
	}
	maps.Copy(all, map[string]sample{
		"callbacks":        {query: "app_id=wxsim&channel=oa&topic=event:subscribe&openid=oA&verdict=ok&state=failed&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z&limit=5"},
		"callback":         {path: nothing, fresh: at("")},
		"open-callback":    {path: nothing, fresh: at("/body")},
		"replay-callback":  {path: nothing, fresh: at("/replay")},
		"replay-callbacks": {body: fixed(f.replays()), other: with("note", "另一个原因"), fresh: func(t *testing.T, _ *call) { f.failedCallback(t) }},
		"callback-replay": {path: nothing, fresh: func(t *testing.T, c *call) {
			var made struct{ ID int64 }
			f.failedCallback(t)
			f.must(t, call{method: "POST", path: "/admin/v1/callback-replays", token: f.owner, key: newKey(), body: f.replays()}, &made)
			c.path = fmt.Sprintf("/admin/v1/callback-replays/%d", made.ID)
		}},
	})
	return all
}

func (f *furnished) replays() map[string]any {
	return map[string]any{"topic": "event:sample", "state": "failed", "from": f.clock.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339),
		"to": f.clock.Now().Add(24 * time.Hour).UTC().Format(time.RFC3339), "note": "已修复"}
}

// failedCallback puts a callback into the vault that failed.
func (f *furnished) failedCallback(t *testing.T) int64 {
	t.Helper()
	f.n++
	key := fmt.Sprintf("%064d", f.n)
	f.exec(t, "INSERT INTO callbacks (app_id, channel, topic, dedupe_key, raw, verdict, reply, state, reason, received_at, finished_at) VALUES ('wxsim', 'oa', 'event:sample', ?, 'x', 'ok', '', 'failed', 'sample', ?, ?)",
		key, f.clock.Now().UTC(), f.clock.Now().UTC())
	var list struct{ Callbacks []struct{ ID int64 } }
	f.must(t, call{method: "GET", path: "/admin/v1/callbacks?topic=event:sample&limit=1", token: f.owner}, &list)
	return list.Callbacks[0].ID
}

// Staff find a push that failed, look into it, have it processed again, and are told why another cannot be.
func TestStaffReplayACallback(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner := s.owner(t)
	p := s.shopper(t)
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/follow", struct{}{}, nil)
	s.settled(t)
	type view struct {
		ID         int64
		OpenID     string
		State      string
		Replayable bool
		Refusal    string
	}
	only := func(query string) view {
		t.Helper()
		var list struct{ Callbacks []view }
		s.must(t, call{method: "GET", path: "/admin/v1/callbacks?" + query, token: owner}, &list)
		if len(list.Callbacks) != 1 {
			t.Fatalf("callbacks?%s = %+v, want one", query, list.Callbacks)
		}
		return list.Callbacks[0]
	}
	c := only("topic=event:subscribe&channel=oa")
	if c.State != "done" || c.OpenID == "" || c.Replayable || c.Refusal != "callbacks.done" {
		t.Errorf("after following: %+v", c)
	}
	if byPerson := only("openid=" + c.OpenID); byPerson != c {
		t.Errorf("by the person: %+v", byPerson)
	}
	at := fmt.Sprintf("/admin/v1/callbacks/%d", c.ID)
	var body struct{ Encoding, Body, Reply string }
	s.must(t, call{method: "POST", path: at + "/body", token: owner}, &body)
	if body.Encoding != "text" || !strings.Contains(body.Body, c.OpenID) || body.Reply == "" {
		t.Errorf("its body: %+v", body)
	}
	if a := s.do(t, call{method: "POST", path: at + "/replay", token: owner}); a.status != http.StatusConflict || a.problem.Code != "callbacks.done" {
		t.Errorf("replaying what had its effect: %d %s", a.status, a.body)
	}
	s.exec(t, "UPDATE callbacks SET state = 'failed', reason = 'a fault of ours' WHERE id = ?", c.ID)
	var got view
	s.must(t, call{method: "POST", path: at + "/replay", token: owner}, &got)
	if got.ID != c.ID || got.State == "failed" {
		t.Errorf("replayed: %+v", got)
	}
	s.settled(t)
	s.must(t, call{method: "GET", path: at, token: owner}, &got)
	if got.State != "done" {
		t.Errorf("after the replay: %+v", got)
	}
	s.audit(t)
}

// A person who closes his WeChat account: staff get a task to delete what he told, in time, he gets no messages that he did not cause, and
// the push that told so is kept. An event that nobody knows is kept beside it.
func TestClosedAccountMakesATask(t *testing.T) {
	t.Parallel()
	s := start(t, db.SQLite)
	owner := s.owner(t)
	p := s.shopper(t)
	s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/follow", struct{}{}, nil)
	s.settled(t)
	var user struct {
		OpenID string `json:"oa_openid"`
	}
	s.weixinDoes(t, "GET", "/_sim/users/"+p.user, nil, &user)
	var out struct{ Delivery delivery }
	for _, event := range []string{"user_authorization_cancellation", "new_event_of_2027"} {
		s.weixinDoes(t, "POST", "/_sim/users/"+p.user+"/push", map[string]any{"app": "oa", "event": event, "fields": map[string]any{"OpenID": user.OpenID, "AppID": "wx1"}}, &out)
		if out.Delivery.last().Status != http.StatusOK || out.Delivery.last().Reply != "success" {
			t.Fatalf("%s: %+v", event, out.Delivery)
		}
	}
	s.settled(t)
	var list struct {
		Tasks []struct {
			Kind   string
			Member int64  `json:"member_id"`
			Due    string `json:"due_day"`
		}
	}
	s.must(t, call{method: "GET", path: "/admin/v1/tasks?kind=privacy", token: owner}, &list)
	due := model.DayOf(s.clock.Now(), model.Shanghai).AddDays(15).String()
	if len(list.Tasks) != 1 || list.Tasks[0].Due != due {
		t.Fatalf("tasks %+v, want one that is due on %s", list.Tasks, due)
	}
	var stops struct {
		Stops []struct{ Scope, Reason string } `json:"do_not_contact"`
	}
	s.must(t, call{method: "GET", path: fmt.Sprintf("/admin/v1/members/%d/why", list.Tasks[0].Member), token: owner}, &stops)
	if len(stops.Stops) != 1 || stops.Stops[0].Scope != "care" {
		t.Errorf("do not contact: %+v", stops.Stops)
	}
	var kept struct {
		Callbacks []struct{ State, Topic string }
	}
	for topic, want := range map[string]string{"event:user_authorization_cancellation": "done", "event:new_event_of_2027": "ignored"} {
		s.must(t, call{method: "GET", path: "/admin/v1/callbacks?topic=" + topic, token: owner}, &kept)
		if len(kept.Callbacks) != 1 || kept.Callbacks[0].State != want {
			t.Errorf("%s: %+v, want it %s", topic, kept.Callbacks, want)
		}
	}
	s.audit(t)
}
