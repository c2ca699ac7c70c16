package messages_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/messages"
	"huitou/wechat"
)

// notices is the phone as it gets subscribe messages of an app: each call is a new message, WeChat drops no repetition.
type notices struct {
	*phone
	app string
}

func (n notices) SendSubscribe(ctx context.Context, m wechat.SubscribeMessage) (string, error) {
	id := fmt.Sprintf("%s:%s:%d", n.app, m.To, msgIDs.Add(1))
	return n.phone.SendTemplate(ctx, wechat.TemplateMessage{To: m.To, TemplateID: m.TemplateID, Data: m.Data, ClientMsgID: id})
}

func (p *phone) SendText(ctx context.Context, m wechat.CustomText) error {
	_, err := p.SendTemplate(ctx, wechat.TemplateMessage{To: m.To, TemplateID: "text", Data: map[string]string{"text": m.Content},
		ClientMsgID: fmt.Sprintf("text:%d", msgIDs.Add(1))})
	return err
}

// on lets the phone answer by the template or "text"; others are accepted.
func (p *phone) on(verdicts map[string]verdict) {
	p.script = func(_ int, m wechat.TemplateMessage) verdict { return verdicts[m.TemplateID] }
}

// dedupe makes every push another one.
var dedupe atomic.Int64

// accepts gives n consents of a person to a template of an app.
func (w *world) accepts(app, openID, template string, n int) {
	w.t.Helper()
	for range n {
		w.told(wechat.Push{AppID: app, OpenID: openID, Event: wechat.EventSubscribeMsgPopup, DedupeKey: fmt.Sprint(dedupe.Add(1)), CreatedAt: w.clock.Now(),
			Subscriptions: []wechat.Subscription{{TemplateID: template, Status: "accept"}, {TemplateID: "OTHER", Status: "reject"}}})
	}
}

func (w *world) told(p wechat.Push) {
	w.t.Helper()
	seen := func(context.Context, *db.Tx) (bool, error) { return true, nil }
	if err := w.s.OnConsent(context.Background(), p, seen); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) writes(openID string) {
	w.t.Helper()
	if err := w.s.Acted(context.Background(), wechat.Push{AppID: oaApp, OpenID: openID, Kind: wechat.KindText, CreatedAt: w.clock.Now()}); err != nil {
		w.t.Fatal(err)
	}
}

func everywhere(n int) messages.Message {
	m := visit(n)
	m.Template = "everywhere"
	return m
}

// tries says which channels were tried and how that ended: "oa_template refused".
func (w *world) tries(key string) (out []string) {
	w.t.Helper()
	m := w.row(key)
	err := w.d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		var rows []model.MessageAttempt
		if err := tx.Gorm().Where("message_id = ?", m.ID).Order("n").Find(&rows).Error; err != nil {
			return err
		}
		for _, a := range rows {
			line := fmt.Sprintf("%s %s", a.Channel, a.Outcome)
			if a.Report != "" {
				line += " " + string(a.Report)
			}
			out = append(out, line)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// What cannot go by one channel goes by the next one, and every step is written down.
func TestChannelsInOrder(t *testing.T) {
	reset := errors.New("connection reset")
	tests := []struct {
		name   string
		set    func(w *world)
		report string // of the accepted message, if there is one
		state  model.MessageState
		reason string
		tries  []string
		shown  int
	}{
		{"open window", func(w *world) { w.writes("o1") }, "", model.MessageDelivered, "", []string{"customer_service accepted delivered"}, 1},
		{"no window: template", func(*world) {}, "success", model.MessageDelivered, "",
			[]string{"customer_service skipped", "oa_template accepted delivered"}, 1},
		{"window that WeChat does not know of", func(w *world) { w.writes("o1"); w.phone.on(map[string]verdict{"text": refused(45015)}) }, "success", model.MessageDelivered, "",
			[]string{"customer_service refused", "oa_template accepted delivered"}, 1},
		{"blocked: notice", func(w *world) { w.accepts(oaApp, "o1", "SUB-1", 1) }, "failed:user block", model.MessageAccepted, "",
			[]string{"customer_service skipped", "oa_template accepted blocked", "oa_subscribe accepted"}, 2},
		{"blocked, and nothing else can", func(*world) {}, "failed:user block", model.MessageBlocked, "user_block",
			[]string{"customer_service skipped", "oa_template accepted blocked", "oa_subscribe skipped", "mini_subscribe skipped"}, 1},
		{"bad template, then a consent that WeChat does not know of, then the mini-program", func(w *world) {
			w.accepts(oaApp, "o1", "SUB-1", 2)
			w.accepts(miniApp, "m1", "MINI-1", 1)
			w.phone.on(map[string]verdict{"TPL-1": refused(47003), "SUB-1": refused(43101)})
		}, "", model.MessageAccepted, "", []string{"customer_service skipped", "oa_template refused", "oa_subscribe refused", "mini_subscribe accepted"}, 1},
		{"consents of two apps: the second one is given back, the first one stays used", func(w *world) {
			w.fans.gone["o1"] = true
			w.accepts(oaApp, "o1", "SUB-1", 1)
			w.accepts(miniApp, "m1", "MINI-1", 1)
			w.phone.on(map[string]verdict{"MINI-1": refused(47003)})
		}, "failed: system failed", model.MessageFailed, "bug",
			[]string{"customer_service skipped", "oa_template skipped", "oa_subscribe accepted failed", "mini_subscribe refused"}, 1},
		{"nobody can", func(w *world) { w.fans.gone["o1"] = true }, "", model.MessageSuppressed, "no_consent",
			[]string{"customer_service skipped", "oa_template skipped", "oa_subscribe skipped"}, 0},
		{"refused by all that could", func(w *world) { w.phone.on(map[string]verdict{"TPL-1": refused(47003)}) }, "", model.MessageFailed, "bug",
			[]string{"customer_service skipped", "oa_template refused", "oa_subscribe skipped", "mini_subscribe skipped"}, 0},
		{"a text without an answer stops everything", func(w *world) { w.writes("o1"); w.phone.on(map[string]verdict{"text": {err: reset}}) }, "", model.MessageUnknown, "no_answer",
			[]string{"customer_service unsure"}, 1},
		{"a notice without an answer is never repeated", func(w *world) {
			w.fans.gone["o1"] = true
			w.accepts(oaApp, "o1", "SUB-1", 2)
			w.phone.on(map[string]verdict{"SUB-1": {lose: true, err: reset}})
		}, "", model.MessageUnknown, "no_answer", []string{"customer_service skipped", "oa_template skipped", "oa_subscribe unsure"}, 0},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		n := 0
		for _, tt := range tests {
			n++
			t.Run(tt.name, func(t *testing.T) {
				w := newWorld(t, d, clock)
				w.fans.openIDs[1], w.fans.mini[1] = "o1", "m1"
				wipe(t, d)
				tt.set(w)
				m := everywhere(1)
				m.Key = fmt.Sprintf("case:%d", n)
				w.enqueue(m)
				w.run()
				if tt.report != "" {
					if id := w.row(m.Key).MsgID; id == nil {
						t.Fatalf("not accepted: %v", w.tries(m.Key))
					} else if err := w.report(*id, tt.report); err != nil {
						t.Fatal(err)
					}
					w.run()
				}
				w.runFor(time.Hour)
				w.want(m.Key, tt.state, tt.reason)
				if got := w.tries(m.Key); !slices.Equal(got, tt.tries) {
					t.Errorf("tries %v, want %v", got, tt.tries)
				}
				if shown, _ := w.phone.seen(); shown != tt.shown {
					t.Errorf("the platform showed %d, want %d", shown, tt.shown)
				}
				if tt.state.Ended() && (len(w.ends) == 0 || w.ends[len(w.ends)-1].State != tt.state || w.ends[len(w.ends)-1].Key != m.Key) {
					t.Errorf("ends told %+v, want %s", w.ends, tt.state)
				}
				w.sound()
			})
		}
	})
}

// wipe forgets what cases before have left of consents and windows.
func wipe(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
		if err := tx.Gorm().Exec("UPDATE message_consents SET state = 'cleared', cleared_at = granted_at WHERE state = 'open'").Error; err != nil {
			return err
		}
		return tx.Gorm().Exec("UPDATE message_windows SET remaining = 0").Error
	})
	if err != nil {
		t.Fatal(err)
	}
}

// One consent pays for one message, however many workers want it; what was certainly not seen gives it back.
func TestConsentsPayOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.fans.mini[1] = "m1"
		w.accepts(miniApp, "m1", "MINI-1", 3)
		busy := 2 // answers that the notice was not taken, and may be tried again
		w.phone.script = func(int, wechat.TemplateMessage) verdict {
			if busy--; busy >= 0 {
				return refused(-1)
			}
			return verdict{}
		}
		for n := range 5 {
			m := everywhere(1)
			m.Key, m.Channels = fmt.Sprintf("n:%d", n), []model.MessageChannel{model.ChannelMiniSubscribe}
			w.enqueue(m)
		}
		w.runFor(10 * time.Minute)
		states := map[model.MessageState]int{}
		for n := range 5 {
			states[w.row(fmt.Sprintf("n:%d", n)).State]++
		}
		if shown, calls := w.phone.seen(); shown != 3 || calls != 5 || states[model.MessageAccepted] != 3 || states[model.MessageSuppressed] != 2 {
			t.Errorf("%d shown by %d calls, %v; want 3 shown of 3 consents, 2 suppressed", shown, calls, states)
		}
		list, err := w.s.Consents(context.Background(), 1)
		if err != nil || len(list) != 3 || list[0].Template != "everywhere" || list[0].State != model.ConsentUsed {
			t.Errorf("consents %+v, %v", list, err)
		}
		w.accepts(miniApp, "m1", "MINI-1", 2)
		reach, err := w.s.Reachable(context.Background())
		if err != nil || len(reach) != 2 || reach[1] != (messages.Reach{Channel: model.ChannelMiniSubscribe, Template: "everywhere", TemplateID: "MINI-1", Members: 1, Consents: 2}) {
			t.Errorf("reachable %+v, %v", reach, err)
		}
		if ids, err := w.s.ReachableMembers(context.Background(), "everywhere", model.ChannelMiniSubscribe, 0, 10); err != nil || !slices.Equal(ids, []model.MemberID{1}) {
			t.Errorf("reachable members %v, %v", ids, err)
		}
		// Switched off in the phone's settings: all are gone. Asked again and refused: nothing changes.
		w.told(wechat.Push{AppID: miniApp, OpenID: "m1", Event: wechat.EventSubscribeMsgPopup, DedupeKey: "r", CreatedAt: clock.Now(),
			Subscriptions: []wechat.Subscription{{TemplateID: "MINI-1", Status: "reject"}}})
		if reach, _ := w.s.Reachable(context.Background()); reach[1].Consents != 2 {
			t.Errorf("a refused question leaves %d consents, want 2", reach[1].Consents)
		}
		w.told(wechat.Push{AppID: miniApp, OpenID: "m1", Event: wechat.EventSubscribeMsgChange, DedupeKey: "c", CreatedAt: clock.Now(),
			Subscriptions: []wechat.Subscription{{TemplateID: "MINI-1", Status: "reject"}}})
		if reach, _ := w.s.Reachable(context.Background()); reach[1].Consents != 0 {
			t.Errorf("switched off leaves %d consents, want 0", reach[1].Consents)
		}
		w.sound()
	})
}

// A push that comes again, or lists the same template twice, gives what the person gave: nothing more.
func TestConsentEvents(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.fans.mini[1] = "m1"
	p := wechat.Push{AppID: miniApp, OpenID: "m1", Event: wechat.EventSubscribeMsgPopup, DedupeKey: "k", CreatedAt: clock.Now().Add(time.Hour),
		Subscriptions: []wechat.Subscription{{TemplateID: "MINI-1", Status: "accept"}, {TemplateID: "", Status: "accept"}, {TemplateID: "MINI-1", Status: "ban"}, {TemplateID: "\xff", Status: "accept"}}}
	for range 3 {
		w.told(p)
	}
	w.told(wechat.Push{AppID: miniApp, Event: wechat.EventSubscribeMsgPopup, DedupeKey: "nobody", Subscriptions: p.Subscriptions})
	list, err := w.s.Consents(context.Background(), 1)
	if err != nil || len(list) != 1 || list[0].GrantedAt.After(clock.Now()) {
		t.Errorf("consents %+v, %v; want one, not of the future", list, err)
	}
}

func TestNoticeReports(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.fans.mini[1], w.fans.mini[2] = "m1", "m2"
	var ids []string
	for n := range 2 {
		w.accepts(miniApp, fmt.Sprintf("m%d", n+1), "MINI-1", 1)
		m := everywhere(n + 1)
		m.Channels = []model.MessageChannel{model.ChannelMiniSubscribe}
		w.enqueue(m)
	}
	w.run()
	for n := range 2 {
		ids = append(ids, *w.row(everywhere(n + 1).Key).MsgID)
	}
	seen := func(context.Context, *db.Tx) (bool, error) { return true, nil }
	err := w.s.OnNoticeSent(context.Background(), wechat.Push{AppID: miniApp, Event: wechat.EventSubscribeMsgSent, CreatedAt: clock.Now(), Subscriptions: []wechat.Subscription{
		{MsgID: ids[0], ErrorCode: "0", ErrorStatus: "success"}, {MsgID: ids[1], ErrorCode: "1003", ErrorStatus: "failed: system failed"}, {MsgID: ""}}}, seen)
	if err != nil {
		t.Fatal(err)
	}
	w.want(everywhere(1).Key, model.MessageDelivered, "")
	w.want(everywhere(2).Key, model.MessageFailed, "report:failed:1003:failed:systemfailed")
	w.sound()
}

// Whatever the channels answer in whatever order, with kills: what the person sees of one key is one message at most.
func TestAnyMisfortuneOnAnyChannel(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	lost := errors.New("no answer")
	misfortunes := map[string]verdict{
		"well": {}, "shown, no answer": {err: lost}, "lost": {lose: true, err: lost}, "killed before": {before: die}, "killed after": {after: func(string) { die() }},
		"busy": refused(-1), "no window": refused(45015), "no consent": refused(43101), "bad field": refused(47003), "not following": refused(43004),
	}
	var names []string
	for name := range misfortunes {
		names = append(names, name)
	}
	slices.Sort(names)
	reports := []string{"", "success", "failed:user block", "failed: system failed"}
	next := 0
	rapid.Check(t, func(rt *rapid.T) {
		if next++; next > 1500 {
			rt.Skip("the test's members are used up")
		}
		w.phone = newPhone(clock.Now)
		w.fans.gone = map[string]bool{}
		openID, mini := fmt.Sprintf("o%d", next), fmt.Sprintf("m%d", next)
		w.fans.mini[model.MemberID(next)] = mini
		w.restart()
		script := rapid.SliceOfN(rapid.SampledFrom(names), 0, 8).Draw(rt, "misfortunes")
		if rapid.Bool().Draw(rt, "wrote") {
			w.writes(openID)
		}
		w.accepts(oaApp, openID, "SUB-1", rapid.IntRange(0, 2).Draw(rt, "consents"))
		w.accepts(miniApp, mini, "MINI-1", rapid.IntRange(0, 2).Draw(rt, "mini consents"))
		calls, unseen := 0, 0
		w.phone.script = func(int, wechat.TemplateMessage) verdict {
			if calls++; calls > len(script) {
				return verdict{}
			}
			return misfortunes[script[calls-1]]
		}
		m := everywhere(next)
		w.enqueue(m)
		for range 6 {
			w.runAndDie()
			if row := w.row(m.Key); row.State == model.MessageAccepted && row.MsgID != nil {
				if report := rapid.SampledFrom(reports).Draw(rt, "report"); report != "" {
					if err := w.report(*row.MsgID, report); err != nil {
						rt.Fatal(err)
					}
					if report != "success" {
						unseen++ // the platform says that nobody saw it
					}
				}
			}
			clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 3 * time.Minute, 11 * time.Minute}).Draw(rt, "pause"))
		}
		for range 60 {
			if w.row(m.Key).DueAt == nil {
				break
			}
			clock.Advance(2 * time.Hour)
			w.runAndDie()
		}
		got := w.row(m.Key)
		shown, _ := w.phone.seen()
		switch {
		case got.DueAt != nil:
			rt.Fatalf("did not come to an end after %v: %s %v", script, got.State, w.tries(m.Key))
		case shown-unseen > 1:
			rt.Fatalf("seen %d times after %v: %s %v", shown-unseen, script, got.State, w.tries(m.Key))
		case (got.State == model.MessageAccepted || got.State == model.MessageDelivered) && shown-unseen != 1:
			rt.Fatalf("%s, but seen %d times after %v: %v", got.State, shown-unseen, script, w.tries(m.Key))
		case (got.State == model.MessageFailed || got.State == model.MessageSuppressed || got.State == model.MessageBlocked) && shown != unseen:
			rt.Fatalf("%s, but seen after %v: %v", got.State, script, w.tries(m.Key))
		}
	})
	w.sound()
}
