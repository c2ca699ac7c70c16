package callbacks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/callbacks"
	"huitou/service/jobs"
	"huitou/wechat"
)

const app = "wxsim-oa-1"

// jsonReader reads pushes that tests write as JSON.
type jsonReader struct{}

func (jsonReader) Read(body []byte) (p wechat.Push, err error) {
	if err := json.Unmarshal(body, &p); err != nil {
		return p, fmt.Errorf("%w: %w", wechat.ErrMalformed, err)
	}
	p.Body, p.DedupeKey = body, callbacks.Key(app, body)
	return p, nil
}

// Reopen knows one envelope: "sealed:" before a body.
func (r jsonReader) Reopen(posted []byte) (wechat.Push, error) {
	body, sealed := bytes.CutPrefix(posted, []byte("sealed:"))
	if !sealed {
		return wechat.Push{}, wechat.ErrDecrypt
	}
	return r.Read(body)
}

// instance is one program with its own queue on a database.
type instance struct {
	d *db.DB
	q *jobs.Queue
	s *callbacks.Service
}

func newInstance(d *db.DB) instance {
	q := jobs.New(d, slog.New(slog.DiscardHandler))
	s := callbacks.New(callbacks.Deps{DB: d, Jobs: q, Readers: map[string]callbacks.Reader{app: jsonReader{}}, Log: slog.New(slog.DiscardHandler)})
	s.Register()
	return instance{d, q, s}
}

func (i instance) run(t *testing.T) {
	t.Helper()
	if _, err := i.q.RunDue(context.Background()); err != nil {
		t.Fatalf("run due jobs: %v", err)
	}
}

func push(e wechat.Event, openID, scene string) wechat.Push {
	return wechat.Push{Kind: wechat.KindEvent, Event: e, OpenID: openID, Scene: scene, CreatedAt: dbtest.Start}
}

func received(t testing.TB, p wechat.Push) callbacks.Received {
	t.Helper()
	body, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return callbacks.Received{App: app, Channel: callbacks.OA, Raw: body, Topic: callbacks.Topic(p), OpenID: p.OpenID}
}

func (i instance) receive(t *testing.T, in callbacks.Received) model.CallbackID {
	t.Helper()
	id, fresh, err := i.s.Receive(context.Background(), in)
	if err != nil || !fresh {
		t.Fatalf("Receive = %d, fresh %v, %v; want a fresh one", id, fresh, err)
	}
	return id
}

func (i instance) row(t *testing.T, id model.CallbackID) (c model.Callback) {
	t.Helper()
	err := i.d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where("id = ?", id).Take(&c).Error
	})
	if err != nil {
		t.Fatalf("read callback %d: %v", id, err)
	}
	return c
}

// effect writes one countable row in the transaction.
func effect(tx *db.Tx, openID string) error {
	return tx.Gorm().Create(&model.Fact{Name: "test.effect", FactKey: random.ID(), Body: openID, HappenedAt: tx.Now}).Error
}

func (i instance) effects(t *testing.T) (n int64) {
	t.Helper()
	err := i.d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Model(&model.Fact{}).Where("name = ?", "test.effect").Count(&n).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (i instance) onceEffect(ctx context.Context, p wechat.Push, once callbacks.Once) error {
	return i.d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if fresh, err := once(ctx, tx); err != nil || !fresh {
			return err
		}
		return effect(tx, p.OpenID)
	})
}

func sound(t *testing.T, d *db.DB) {
	t.Helper()
	broken, err := audit.Run(context.Background(), d, callbacks.Invariants())
	if err != nil || len(broken) > 0 {
		t.Errorf("invariants: %v, %v", broken, err)
	}
}

// T18: the same push delivered four times at once, to two instances, has one effect and one answer.
func TestSamePushFourTimesAtOnce(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock, o := dbtest.NewClock(), dbtest.Empty(t, driver)
			a, b := newInstance(dbtest.Reopen(t, o, clock)), newInstance(dbtest.Reopen(t, o, clock))
			for _, i := range []instance{a, b} {
				i.s.On(callbacks.OA, wechat.EventSubscribe, i.onceEffect)
			}
			const pushes = 10
			for n := range pushes {
				in := received(t, push(wechat.EventSubscribe, fmt.Sprintf("o%d", n), ""))
				in.Reply = wechat.Text(fmt.Sprintf("welcome %d", n))
				var (
					wg    sync.WaitGroup
					mu    sync.Mutex
					ids   []model.CallbackID
					fresh int
				)
				for copies := range 4 {
					wg.Go(func() {
						i := []instance{a, b}[copies%2]
						id, isFresh, err := i.s.Receive(context.Background(), in)
						if err != nil {
							t.Errorf("Receive: %v", err)
							return
						}
						reply, err := i.s.ReplyTo(context.Background(), id)
						if err != nil || reply != in.Reply {
							t.Errorf("ReplyTo = %+v, %v; want that of the first delivery", reply, err)
						}
						mu.Lock()
						defer mu.Unlock()
						if ids = append(ids, id); isFresh {
							fresh++
						}
					})
				}
				wg.Wait()
				if fresh != 1 || len(slices.Compact(ids)) != 1 {
					t.Fatalf("four deliveries: %d fresh, ids %v; want one row", fresh, ids)
				}
			}
			var wg sync.WaitGroup
			wg.Go(func() { a.run(t) })
			wg.Go(func() { b.run(t) })
			wg.Wait()
			if n := a.effects(t); n != pushes {
				t.Errorf("%d effects of %d pushes", n, pushes)
			}
			sound(t, a.d)
		})
	}
}

// chanjarster/weixin-java-tools#66: two real events of one person in one second were taken for one.
func TestTwoRealEventsOfOneSecondAreBothKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		i := newInstance(d)
		i.s.On(callbacks.OA, wechat.EventSubscribe, i.onceEffect)
		i.s.On(callbacks.OA, wechat.EventScan, i.onceEffect)
		i.receive(t, received(t, push(wechat.EventSubscribe, "o1", "p_1")))
		i.receive(t, received(t, push(wechat.EventScan, "o1", "p_1")))
		i.receive(t, received(t, push(wechat.EventScan, "o1", "p_2")))
		i.run(t)
		if n := i.effects(t); n != 3 {
			t.Errorf("%d effects, want 3", n)
		}
	})
}

// The same body to two of the merchant's apps is two callbacks.
func TestAppsDoNotShareKeys(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	i := newInstance(d)
	in := received(t, push(wechat.EventView, "o1", ""))
	i.receive(t, in)
	in.App = "wxsim-oa-2"
	i.receive(t, in)
}

func TestWhatBecomesOfACallback(t *testing.T) {
	broken := errors.New("the member cannot be found")
	tests := []struct {
		name   string
		in     func(t *testing.T) callbacks.Received
		react  callbacks.React
		want   model.CallbackState
		reason string
	}{
		{name: "reaction without an effect of its own", want: model.CallbackDone,
			react: func(context.Context, wechat.Push, callbacks.Once) error { return nil }},
		{name: "reaction that fails for ever", want: model.CallbackFailed, reason: broken.Error(),
			react: func(context.Context, wechat.Push, callbacks.Once) error { return broken }},
		{name: "reaction that panics for ever (T46)", want: model.CallbackFailed, reason: "the reaction panicked",
			react: func(context.Context, wechat.Push, callbacks.Once) error { panic("poison") }},
		{name: "nobody reacts", want: model.CallbackIgnored},
		{name: "authentic but malformed", want: model.CallbackFailed, reason: callbacks.VerdictMalformed,
			in: func(*testing.T) callbacks.Received {
				return callbacks.Received{App: app, Channel: callbacks.OA, Raw: []byte("<xml>"), Verdict: callbacks.VerdictMalformed}
			}},
		{name: "body that cannot be read again", want: model.CallbackFailed, reason: wechat.ErrMalformed.Error(),
			react: func(context.Context, wechat.Push, callbacks.Once) error { return nil },
			in: func(t *testing.T) callbacks.Received {
				in := received(t, push(wechat.EventSubscribe, "o1", ""))
				in.Raw = []byte("{")
				return in
			}},
		{name: "app that is no longer configured", want: model.CallbackFailed, reason: "no reader for app gone",
			react: func(context.Context, wechat.Push, callbacks.Once) error { return nil },
			in: func(t *testing.T) callbacks.Received {
				in := received(t, push(wechat.EventSubscribe, "o1", ""))
				in.App = "gone"
				return in
			}},
		{name: "notice of WeChat Pay", want: model.CallbackKept,
			in: func(*testing.T) callbacks.Received {
				return callbacks.Received{App: "mch", Channel: callbacks.Pay, DedupeKey: "EV-1", Raw: []byte("{}"), Verdict: "accepted"}
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, clock := dbtest.SQLite(t)
			i := newInstance(d)
			if tt.react != nil {
				i.s.On(callbacks.OA, wechat.EventSubscribe, tt.react)
			}
			i.s.On(callbacks.OA, wechat.EventClick, i.onceEffect)
			in := received(t, push(wechat.EventSubscribe, "o1", ""))
			if tt.in != nil {
				in = tt.in(t)
			}
			id := i.receive(t, in)
			i.receive(t, received(t, push(wechat.EventClick, "bystander", "")))
			for range 40 {
				i.run(t)
				clock.Advance(time.Hour)
			}
			c := i.row(t, id)
			if c.State != tt.want || !strings.HasPrefix(c.Reason, tt.reason) || tt.reason == "" && c.Reason != "" {
				t.Errorf("callback is %s %q, want %s %q", c.State, c.Reason, tt.want, tt.reason)
			}
			if n := i.effects(t); n != 1 {
				t.Errorf("the bystander had %d effects, want 1", n)
			}
			sound(t, d)
		})
	}
}

// A run that dies after its effect was committed must not repeat it; one that dies before must.
func TestOnceSurvivesCrashes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		i := newInstance(d)
		runs := 0
		i.s.On(callbacks.OA, wechat.EventSubscribe, func(ctx context.Context, p wechat.Push, once callbacks.Once) error {
			runs++
			crash := errors.New("crash before commit")
			err := i.d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				if fresh, err := once(ctx, tx); err != nil || !fresh {
					return err
				}
				if err := effect(tx, p.OpenID); err != nil || runs == 1 {
					return errors.Join(err, crash)
				}
				return nil
			})
			if err != nil {
				return err
			}
			panic("crash after commit")
		})
		id := i.receive(t, received(t, push(wechat.EventSubscribe, "o1", "")))
		for range 4 {
			i.run(t)
			clock.Advance(10 * time.Minute)
		}
		if c := i.row(t, id); c.State != model.CallbackDone || runs != 2 || i.effects(t) != 1 {
			t.Errorf("state %s after %d runs with %d effects; want done, 2 runs, 1 effect", c.State, runs, i.effects(t))
		}
	})
}

// Those who take note are told before the reaction, of topics without a reaction too, and again when a run failed.
func TestWatch(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	i := newInstance(d)
	var told []string
	note := func(name string, err error) callbacks.Watch {
		return func(_ context.Context, p wechat.Push) error {
			told = append(told, name+" "+p.OpenID)
			return err
		}
	}
	broken := errors.New("not now")
	i.s.Watch(callbacks.OA, "event:subscribe", note("first", nil))
	i.s.Watch(callbacks.OA, "event:subscribe", note("second", nil))
	i.s.Watch(callbacks.OA, "event:SCAN", note("alone", nil))
	i.s.Watch(callbacks.OA, "event:CLICK", note("fails", broken))
	i.s.On(callbacks.OA, wechat.EventSubscribe, func(ctx context.Context, p wechat.Push, once callbacks.Once) error {
		told = append(told, "reaction "+p.OpenID)
		return i.onceEffect(ctx, p, once)
	})
	i.receive(t, received(t, push(wechat.EventSubscribe, "o1", "")))
	alone := i.receive(t, received(t, push(wechat.EventScan, "o2", "")))
	failing := i.receive(t, received(t, push(wechat.EventClick, "o3", "")))
	i.run(t)
	clock.Advance(time.Minute)
	i.run(t)
	want := []string{"first o1", "second o1", "reaction o1", "alone o2", "fails o3", "fails o3"}
	if !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	if a, f := i.row(t, alone), i.row(t, failing); a.State != model.CallbackDone || f.State != model.CallbackReceived {
		t.Errorf("watched alone is %s, failing is %s; want done and received", a.State, f.State)
	}
	sound(t, d)
}

func TestReplay(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	i := newInstance(d)
	mended := false
	i.s.On(callbacks.OA, wechat.EventSubscribe, func(ctx context.Context, p wechat.Push, once callbacks.Once) error {
		if !mended {
			return errors.New("fault of ours")
		}
		return i.onceEffect(ctx, p, once)
	})
	id := i.receive(t, received(t, push(wechat.EventSubscribe, "o1", "")))
	replay := func() error {
		return i.s.Replay(context.Background(), callbacks.Replay{Staff: 1, ID: id})
	}
	if err := replay(); !errors.Is(err, callbacks.ErrWaiting) {
		t.Errorf("Replay of a waiting one = %v, want %v", err, callbacks.ErrWaiting)
	}
	for range 40 {
		i.run(t)
		clock.Advance(time.Hour)
	}
	mended = true
	if err := replay(); err != nil {
		t.Fatalf("Replay of a failed one: %v", err)
	}
	i.run(t)
	if c := i.row(t, id); c.State != model.CallbackDone || i.effects(t) != 1 {
		t.Errorf("after the replay: %s with %d effects", c.State, i.effects(t))
	}
	if err := replay(); !errors.Is(err, callbacks.ErrDone) {
		t.Errorf("Replay of a done one = %v, want %v", err, callbacks.ErrDone)
	}
	if err := i.s.Replay(context.Background(), callbacks.Replay{Staff: 1, ID: 999}); !errors.Is(err, callbacks.ErrUnknown) {
		t.Errorf("Replay of nothing = %v, want %v", err, callbacks.ErrUnknown)
	}
	sound(t, d)
}

func TestOldCallbacksAreDeletedButEvidenceStays(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	i := newInstance(d)
	i.run(t) // enters the timetable
	i.s.On(callbacks.OA, wechat.EventSubscribe, i.onceEffect)
	old := i.receive(t, received(t, push(wechat.EventSubscribe, "o1", "")))
	pay := i.receive(t, callbacks.Received{App: "mch", Channel: callbacks.Pay, Raw: []byte("{}"), Verdict: "accepted"})
	bad := i.receive(t, callbacks.Received{App: app, Channel: callbacks.OA, Raw: []byte("x"), Verdict: callbacks.VerdictMalformed})
	i.run(t)
	clock.Advance(91 * 24 * time.Hour)
	young := i.receive(t, received(t, push(wechat.EventSubscribe, "o2", "")))
	i.run(t)
	var left []model.CallbackID
	err := d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Model(&model.Callback{}).Order("id").Pluck("id", &left).Error
	})
	if want := []model.CallbackID{pay, bad, young}; err != nil || !slices.Equal(left, want) {
		t.Errorf("left %v, %v; want %v without %d", left, err, want, old)
	}
}

func TestInvariantsSeeCorruption(t *testing.T) {
	tests := []struct{ want, corrupt string }{
		{"callbacks.states", `UPDATE callbacks SET finished_at = NULL WHERE state = 'done'`},
		{"callbacks.states", `UPDATE callbacks SET state = 'failed', reason = '' WHERE state = 'done'`},
		{"callbacks.unreadable", `UPDATE callbacks SET verdict = 'malformed' WHERE state = 'done'`},
		{"callbacks.queued", `DELETE FROM jobs WHERE kind = 'callbacks.process' AND state = 'waiting'`},
		{"callbacks.once", `UPDATE callbacks SET dedupe_key = 'same'`},
		{"callbacks.replays", `INSERT INTO callback_replays (state, app_id, topic, verdict, which, received_from, received_to, note, found, last_id, asked_by, asked_at)
			VALUES ('running', '', 'event:SCAN', '', 'failed', '2026-11-01', '2026-11-02', 'x', 1, 1, 1, '2026-11-02')`},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			d, _ := dbtest.SQLite(t) // the other tests run the same queries on MySQL
			i := newInstance(d)
			i.s.On(callbacks.OA, wechat.EventSubscribe, i.onceEffect)
			i.receive(t, received(t, push(wechat.EventSubscribe, "o1", "")))
			i.run(t)
			i.receive(t, received(t, push(wechat.EventSubscribe, "o2", "")))
			sound(t, d)
			err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
				if tt.want == "callbacks.once" { // the schema refuses it as long as it has its unique key
					if err := dropUnique(tx); err != nil {
						return err
					}
				}
				return tx.Gorm().Exec(tt.corrupt).Error
			})
			if err != nil {
				t.Fatal(err)
			}
			broken, err := audit.Run(context.Background(), d, callbacks.Invariants())
			if err != nil || len(broken) != 1 || broken[0].ID != tt.want {
				t.Errorf("broken %v, %v; want exactly %s", broken, err, tt.want)
			}
		})
	}
}

// dropUnique copies the table without its keys.
func dropUnique(tx *db.Tx) error {
	for _, q := range []string{"CREATE TABLE copy AS SELECT * FROM callbacks", "DROP TABLE callbacks", "ALTER TABLE copy RENAME TO callbacks"} {
		if err := tx.Gorm().Exec(q).Error; err != nil {
			return err
		}
	}
	return nil
}
