package callbacks_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/callbacks"
	"huitou/wechat"
)

// ids lists what a filter finds, newest first, page by page.
func (i instance) ids(t *testing.T, f callbacks.Filter) (ids []model.CallbackID) {
	t.Helper()
	page := db.Page{Limit: 2}
	for {
		list, next, err := i.s.List(context.Background(), f, page)
		if err != nil {
			t.Fatalf("List(%+v): %v", f, err)
		}
		for _, c := range list {
			ids = append(ids, c.ID)
		}
		if page.Cursor = next; next == "" {
			return ids
		}
	}
}

func TestListByEveryFilter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		i := newInstance(d)
		i.s.On(callbacks.OA, wechat.EventSubscribe, i.onceEffect)
		a := i.receive(t, received(t, push(wechat.EventSubscribe, "oA", "")))
		clock.Advance(time.Hour)
		b := i.receive(t, received(t, push(wechat.EventView, "oA", "")))
		in := received(t, push(wechat.EventSubscribe, "oa", "")) // another person: openids have capitals
		in.App, in.Channel = "wxsim-mini-1", callbacks.Mini
		c := i.receive(t, in)
		e := i.receive(t, callbacks.Received{App: app, Channel: callbacks.OA, Raw: []byte("<"), Verdict: callbacks.VerdictMalformed})
		odd := received(t, push(wechat.EventClick, "o 回头", ""))
		f := i.receive(t, odd)
		for _, tt := range []struct {
			name string
			f    callbacks.Filter
			want []model.CallbackID
		}{
			{"all", callbacks.Filter{}, []model.CallbackID{f, e, c, b, a}},
			{"app", callbacks.Filter{App: "wxsim-mini-1"}, []model.CallbackID{c}},
			{"channel", callbacks.Filter{Channel: callbacks.OA}, []model.CallbackID{f, e, b, a}},
			{"topic", callbacks.Filter{Topic: "event:subscribe"}, []model.CallbackID{c, a}},
			{"person", callbacks.Filter{OpenID: "oA"}, []model.CallbackID{b, a}},
			{"what is no openid is left out", callbacks.Filter{OpenID: "o 回头"}, nil},
			{"verdict", callbacks.Filter{Verdict: callbacks.VerdictMalformed}, []model.CallbackID{e}},
			{"state", callbacks.Filter{State: model.CallbackIgnored}, []model.CallbackID{f, c, b}},
			{"from", callbacks.Filter{From: dbtest.Start.Add(time.Hour)}, []model.CallbackID{f, e, c, b}},
			{"to, which is exclusive", callbacks.Filter{To: dbtest.Start.Add(time.Hour)}, []model.CallbackID{a}},
			{"several", callbacks.Filter{State: model.CallbackIgnored, OpenID: "oA"}, []model.CallbackID{b}},
		} {
			if got := i.ids(t, tt.f); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			}
		}
		if _, _, err := i.s.List(context.Background(), callbacks.Filter{}, db.Page{Cursor: "x"}); !errors.Is(err, db.ErrCursor) {
			t.Errorf("a cursor of nobody: %v", err)
		}
	})
}

// A body is personal data: who looks stands in the trail, in the transaction of the look.
func TestLookingIntoABodyLeavesATrail(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	i := newInstance(d)
	in := received(t, push(wechat.EventSubscribe, "oA", "p_1"))
	in.Reply = wechat.Text("欢迎")
	id := i.receive(t, in)
	trail := func() (rows []model.AuditEntry) {
		if err := d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Order("id").Find(&rows).Error }); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	if _, err := i.s.Callback(context.Background(), id); err != nil || len(trail()) != 0 {
		t.Errorf("looking without the body: %v, trail %v", err, trail())
	}
	b, err := i.s.Body(context.Background(), 7, id)
	if err != nil || string(b.Raw) != string(in.Raw) || !strings.Contains(b.Reply, "欢迎") {
		t.Errorf("Body = %q %q, %v", b.Raw, b.Reply, err)
	}
	rows := trail()
	if len(rows) != 1 || rows[0].StaffID != 7 || rows[0].Action != "callbacks.open" || rows[0].Ref != fmt.Sprintf("callback:%d", id) {
		t.Errorf("trail %+v", rows)
	}
	if strings.Contains(rows[0].Detail, "oA") {
		t.Error("the trail itself tells the body")
	}
	if _, err := i.s.Body(context.Background(), 7, 999); !errors.Is(err, callbacks.ErrUnknown) || len(trail()) != 1 {
		t.Errorf("Body of nothing = %v with %d entries", err, len(trail()))
	}
}

// Every state says whether it can be replayed, and the replay agrees.
func TestReplayIsRefusedWithItsReason(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	i := newInstance(d)
	i.s.On(callbacks.OA, wechat.EventSubscribe, i.onceEffect)
	done := i.receive(t, received(t, push(wechat.EventSubscribe, "o1", "")))
	i.run(t)
	for id, want := range map[model.CallbackID]error{
		done: callbacks.ErrDone,
		i.receive(t, received(t, push(wechat.EventSubscribe, "o2", ""))):                                                         callbacks.ErrWaiting,
		i.receive(t, received(t, push(wechat.EventView, "o3", ""))):                                                              nil,
		i.receive(t, callbacks.Received{App: app, Channel: callbacks.OA, Raw: []byte("<"), Verdict: callbacks.VerdictMalformed}): nil,
		i.receive(t, callbacks.Received{App: "mch", Channel: callbacks.Pay, Raw: []byte("{}"), Verdict: "accepted"}):             callbacks.ErrKept,
	} {
		c, err := i.s.Callback(context.Background(), id)
		if err != nil || !errors.Is(c.Refusal, want) || (want == nil) != (c.Refusal == nil) {
			t.Errorf("callback %d in state %s: refusal %v, %v; want %v", id, c.State, c.Refusal, err, want)
		}
		if err := i.s.Replay(context.Background(), callbacks.Replay{Staff: 1, ID: id}); !errors.Is(err, want) {
			t.Errorf("replay of callback %d in state %s = %v, want %v", id, c.State, err, want)
		}
	}
	sound(t, d)
}

// asked is a wish for the failed subscribes of the test's day.
func asked(key string) callbacks.ReplayMany {
	return callbacks.ReplayMany{Staff: 7, Topic: "event:subscribe", Which: model.CallbackFailed, From: dbtest.Start, To: dbtest.Start.Add(24 * time.Hour),
		Note: "修好了", Key: db.Key{Scope: "staff:7", Key: key}}
}

func TestReplayMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		i := newInstance(d)
		i.s.On(callbacks.OA, wechat.EventSubscribe, i.onceEffect)
		const failing = 220 // more than one batch
		for n := range failing {
			i.receive(t, received(t, push(wechat.EventSubscribe, fmt.Sprintf("o%d", n), "")))
		}
		other := i.receive(t, received(t, push(wechat.EventView, "o1", "")))
		clock.Set(dbtest.Start.Add(24 * time.Hour))
		late := i.receive(t, received(t, push(wechat.EventSubscribe, "late", "")))
		exec(t, d, "UPDATE callbacks SET state = 'failed', reason = 'fault of ours', finished_at = received_at WHERE topic = 'event:subscribe'")
		exec(t, d, "UPDATE jobs SET state = 'cancelled', finished_at = created_at WHERE kind = 'callbacks.process'")

		first, err := i.s.ReplayMany(context.Background(), asked("k-0000001"))
		if err != nil || first.Found != failing || first.State != model.CallbackReplayRunning {
			t.Fatalf("ReplayMany = %+v, %v", first, err)
		}
		again, err := i.s.ReplayMany(context.Background(), asked("k-0000001"))
		if err != nil || !again.Replayed || again.ID != first.ID {
			t.Errorf("the same wish again = %+v, %v", again, err)
		}
		changed := asked("k-0000001")
		changed.Which = model.CallbackIgnored
		if _, err := i.s.ReplayMany(context.Background(), changed); !errors.Is(err, db.ErrKeyReused) {
			t.Errorf("another wish under the key = %v", err)
		}
		// One of them is replayed by hand meanwhile: it is left out, and has one effect.
		if err := i.s.Replay(context.Background(), callbacks.Replay{Staff: 1, ID: 5}); err != nil {
			t.Fatal(err)
		}
		i.run(t)
		if n := i.effects(t); n != failing {
			t.Errorf("%d effects of %d callbacks", n, failing)
		}
		got, err := i.s.Many(context.Background(), first.ID)
		if err != nil || got.State != model.CallbackReplayDone || got.FinishedAt == nil || got.Done != failing-1 && got.Done != failing {
			t.Errorf("Many = %+v, %v", got, err)
		}
		if c := i.row(t, late); c.State != model.CallbackFailed || c.Replays != 0 {
			t.Errorf("the one at the excluded end is %s after %d replays", c.State, c.Replays)
		}
		if c := i.row(t, other); c.State != model.CallbackIgnored || c.Replays != 0 {
			t.Errorf("the one of another topic is %s after %d replays", c.State, c.Replays)
		}
		if _, err := i.s.ReplayMany(context.Background(), asked("k-0000002")); !errors.Is(err, callbacks.ErrNothing) {
			t.Errorf("when all are done = %v, want %v", err, callbacks.ErrNothing)
		}
		if _, err := i.s.Many(context.Background(), 999); !errors.Is(err, callbacks.ErrReplayUnknown) {
			t.Errorf("Many of nothing = %v", err)
		}
		sound(t, d)
	})
}

// Ignored ones without a reaction are ignored again, once each: the run does not go round in circles.
func TestReplayManyEnds(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	i := newInstance(d)
	for n := range 3 {
		i.receive(t, received(t, push(wechat.EventView, fmt.Sprintf("o%d", n), "")))
	}
	in := asked("k-0000003")
	in.Topic, in.Which = "event:VIEW", model.CallbackIgnored
	m, err := i.s.ReplayMany(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	i.run(t)
	if m, err = i.s.Many(context.Background(), m.ID); err != nil || m.Done != 3 || m.State != model.CallbackReplayDone {
		t.Errorf("Many = %+v, %v", m, err)
	}
	for id := range model.CallbackID(3) {
		if c := i.row(t, id+1); c.State != model.CallbackIgnored || c.Replays != 1 {
			t.Errorf("callback %d is %s after %d replays", c.ID, c.State, c.Replays)
		}
	}
	sound(t, d)
}

// Two wishes for the same callbacks, worked on by two instances at once, replay each once.
func TestTwoReplaysOfTheSame(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock, o := dbtest.NewClock(), dbtest.Empty(t, driver)
			a, b := newInstance(dbtest.Reopen(t, o, clock)), newInstance(dbtest.Reopen(t, o, clock))
			const n = 210
			for k := range n {
				a.receive(t, received(t, push(wechat.EventSubscribe, fmt.Sprintf("o%d", k), "")))
			}
			exec(t, a.d, "UPDATE callbacks SET state = 'failed', reason = 'x'")
			for _, i := range []instance{a, b} {
				i.s.On(callbacks.OA, wechat.EventSubscribe, i.onceEffect)
			}
			for _, key := range []string{"k-0000004", "k-0000005"} {
				if _, err := a.s.ReplayMany(context.Background(), asked(key)); err != nil {
					t.Fatal(err)
				}
			}
			var wg sync.WaitGroup
			for _, i := range []instance{a, b} {
				wg.Go(func() { i.run(t) })
			}
			wg.Wait()
			a.run(t)
			if got := a.effects(t); got != n {
				t.Errorf("%d effects of %d callbacks", got, n)
			}
			sound(t, a.d)
		})
	}
}

func TestReplayManyRefusesBadInput(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	i := newInstance(d)
	for field, change := range map[string]func(*callbacks.ReplayMany){
		"state":  func(in *callbacks.ReplayMany) { in.Which = model.CallbackDone },
		"topic":  func(in *callbacks.ReplayMany) { in.Topic = "" },
		"app_id": func(in *callbacks.ReplayMany) { in.App = "回头" },
		"from":   func(in *callbacks.ReplayMany) { in.From = time.Time{} },
		"to":     func(in *callbacks.ReplayMany) { in.To = in.From.Add(94 * 24 * time.Hour) },
		"note":   func(in *callbacks.ReplayMany) { in.Note = " " },
		"note ":  func(in *callbacks.ReplayMany) { in.Note = "\u200b" },
		"note  ": func(in *callbacks.ReplayMany) { in.Note = "修好了\u202e" },
	} {
		in := asked("k-0000006")
		change(&in)
		field = strings.TrimSpace(field)
		_, err := i.s.ReplayMany(context.Background(), in)
		if f := fault.Of(err); !errors.Is(err, fault.ErrInvalid) || f == nil || !strings.Contains(fmt.Sprint(f.Detail), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// What could not be opened for want of a key is opened by a replay once the key is there, and from then on is like any other: its copies
// are known, WeChat's repetition has no second effect.
func TestReplayOpensWhatTheKeyWasMissingFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		i := newInstance(d)
		i.s.On(callbacks.OA, wechat.EventSubscribe, i.onceEffect)
		whole := received(t, push(wechat.EventSubscribe, "oA", ""))
		sealed := callbacks.Received{App: app, Channel: callbacks.OA, Raw: append([]byte("sealed:"), whole.Raw...), Verdict: callbacks.VerdictUnopenable}
		first := i.receive(t, sealed)
		sealed.Raw = append([]byte("sealed:"), append(whole.Raw, ' ')...) // another person's
		lost := received(t, push(wechat.EventSubscribe, "oB", ""))
		sealed.Raw = append([]byte("sealed:"), lost.Raw...)
		second := i.receive(t, sealed)
		sealed.Raw = []byte("never")
		never := i.receive(t, sealed)
		// The second one was sent again after the key was configured.
		lost.DedupeKey = callbacks.Key(app, lost.Raw)
		copied := i.receive(t, lost)
		in := asked("k-0000007")
		in.Topic, in.Verdict = "", callbacks.VerdictUnopenable
		if m, err := i.s.ReplayMany(context.Background(), in); err != nil || m.Found != 3 {
			t.Fatalf("ReplayMany = %+v, %v", m, err)
		}
		i.run(t)
		if c := i.row(t, first); c.State != model.CallbackDone || c.Verdict != callbacks.VerdictOK || c.Topic != "event:subscribe" || c.OpenID != "oA" ||
			string(c.Raw) != string(whole.Raw) || c.DedupeKey != callbacks.Key(app, whole.Raw) {
			t.Errorf("after its key came: %+v", c)
		}
		if c := i.row(t, second); c.State != model.CallbackIgnored || c.Reason != fmt.Sprintf("copy of callback %d", copied) || c.Verdict != callbacks.VerdictOK {
			t.Errorf("the one that was sent again: %s %q", c.State, c.Reason)
		}
		if c := i.row(t, never); c.State != model.CallbackFailed || c.Verdict != callbacks.VerdictUnopenable {
			t.Errorf("the one that no key opens: %s %s", c.State, c.Verdict)
		}
		if _, fresh, err := i.s.Receive(context.Background(), whole); err != nil || fresh {
			t.Errorf("its repetition is fresh: %t, %v", fresh, err)
		}
		i.run(t)
		if n := i.effects(t); n != 2 {
			t.Errorf("%d effects of two people", n)
		}
		sound(t, d)
	})
}

func exec(t *testing.T, d *db.DB, statement string) {
	t.Helper()
	if err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Exec(statement).Error }); err != nil {
		t.Fatal(err)
	}
}
