package messages_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/messages"
	"huitou/wechat"
)

const mended = "模板已恢复"

func (w *world) retry(key string) error {
	w.t.Helper()
	return w.s.Retry(context.Background(), messages.Retry{Staff: 7, ID: w.row(key).ID, Note: mended})
}

// trail counts the entries of an action.
func (w *world) trail(action string) (n int64) {
	w.t.Helper()
	err := w.d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Model(&model.AuditEntry{}).Where("action = ? AND staff_id = 7", action).Count(&n).Error
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// T46: what is dead is sent again once its cause is mended, with the same key and the same id, and is seen once. It may end badly again.
func TestT46DeadMessageSentAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		broken := true
		w.phone.script = func(int, wechat.TemplateMessage) verdict {
			if broken {
				return refused(-1)
			}
			return verdict{}
		}
		w.enqueue(visit(1))
		w.runFor(11 * time.Hour)
		w.want("visit:1:1", model.MessageDead, "gave_up:retry")
		was := w.row("visit:1:1")

		if err := w.retry("visit:1:1"); err != nil {
			t.Fatal(err)
		}
		w.want("visit:1:1", model.MessageQueued, "")
		w.sound()
		if err := w.retry("visit:1:1"); !errors.Is(err, messages.ErrNotFailed) {
			t.Errorf("again while it waits: %v", err)
		}
		w.runFor(11 * time.Hour) // as broken as before
		w.want("visit:1:1", model.MessageDead, "gave_up:retry")
		broken = false
		if err := w.retry("visit:1:1"); err != nil {
			t.Fatal(err)
		}
		w.run()
		w.want("visit:1:1", model.MessageAccepted, "")
		m := w.row("visit:1:1")
		if m.ClientMsgID != was.ClientMsgID || m.Data != was.Data || m.Attempts != 2*was.Attempts+1 || m.Tries != 1 {
			t.Errorf("sent as %+v, was %+v", m, was)
		}
		if err := w.retry("visit:1:1"); !errors.Is(err, messages.ErrMaybeSeen) {
			t.Errorf("again after it was accepted: %v", err)
		}
		if err := w.report(*m.MsgID, "success"); err != nil {
			t.Fatal(err)
		}
		w.run()
		if err := w.retry("visit:1:1"); !errors.Is(err, messages.ErrMaybeSeen) {
			t.Errorf("again after it was delivered: %v", err)
		}
		var states []model.MessageState
		for _, e := range w.ends {
			states = append(states, e.State)
		}
		if shown := w.phone.shownAs(m.ClientMsgID); shown != 1 || !slices.Equal(states, []model.MessageState{model.MessageDead, model.MessageDelivered}) {
			t.Errorf("shown %d times, ends %v", shown, states)
		}
		if n := w.trail("messages.retry"); n != 2 {
			t.Errorf("%d entries in the trail, want one for each that was sent again", n)
		}
		if err := w.s.Retry(context.Background(), messages.Retry{Staff: 7, ID: 999, Note: mended}); !errors.Is(err, messages.ErrUnknown) {
			t.Errorf("a message that does not exist: %v", err)
		}
		w.sound()
	})
}

// What anybody may have seen, what is past its time, and what would fail again at once, is not sent again.
func TestRetryRefused(t *testing.T) {
	reset := errors.New("connection reset")
	tests := []struct {
		name string
		set  func(w *world, m *messages.Message)
		then func(w *world) // after it ended
		note string
		want error
	}{
		{"the cause is gone", func(w *world, _ *messages.Message) { w.phone.on(map[string]verdict{"TPL-1": refused(47003)}) }, nil, mended, nil},
		{"nobody says what was mended", func(w *world, _ *messages.Message) { w.phone.on(map[string]verdict{"TPL-1": refused(47003)}) }, nil, "  ", fault.ErrInvalid},
		{"no answer: it may have been seen", func(w *world, _ *messages.Message) {
			w.phone.on(map[string]verdict{"TPL-1": {lose: true, err: reset}})
		}, nil, mended, messages.ErrMaybeSeen},
		{"taken, and reported as failed", func(*world, *messages.Message) {}, func(w *world) {
			if err := w.report(*w.row("m").MsgID, "failed: system failed"); err != nil {
				w.t.Fatal(err)
			}
			w.want("m", model.MessageFailed, "report:failed:systemfailed")
		}, mended, messages.ErrMaybeSeen},
		{"taken by one channel, refused by the next", func(w *world, m *messages.Message) {
			w.accepts(oaApp, "o1", "SUB-1", 1)
			m.Template, m.Channels = "everywhere", []model.MessageChannel{model.ChannelOATemplate, model.ChannelOASubscribe}
			w.phone.on(map[string]verdict{"SUB-1": refused(47003)})
		}, func(w *world) {
			if err := w.report(*w.row("m").MsgID, "failed:user block"); err != nil {
				w.t.Fatal(err)
			}
			w.run()
			w.want("m", model.MessageFailed, "bug")
		}, mended, messages.ErrMaybeSeen},
		{"suppressed: it never failed", func(w *world, _ *messages.Message) { w.fans.gone["o1"] = true }, nil, mended, messages.ErrNotFailed},
		{"he does not follow any more", func(w *world, _ *messages.Message) { w.phone.on(map[string]verdict{"TPL-1": refused(43004)}) }, nil, mended, messages.ErrNotMended},
		{"he follows again", func(w *world, _ *messages.Message) { w.phone.on(map[string]verdict{"TPL-1": refused(43004)}) },
			func(w *world) { delete(w.fans.gone, "o1") }, mended, nil},
		{"past its time", func(w *world, m *messages.Message) {
			m.NotAfter = w.clock.Now().Add(12 * time.Hour)
			w.phone.on(map[string]verdict{"TPL-1": refused(47003)})
		}, func(w *world) { w.clock.Advance(time.Hour) }, mended, messages.ErrTooLate},
		{"a moment before its time is over", func(w *world, m *messages.Message) {
			m.NotAfter = w.clock.Now().Add(12 * time.Hour)
			w.phone.on(map[string]verdict{"TPL-1": refused(47003)})
		}, func(w *world) { w.clock.Advance(time.Hour - time.Microsecond) }, mended, nil},
		{"thirty days old", func(w *world, _ *messages.Message) { w.phone.on(map[string]verdict{"TPL-1": refused(47003)}) },
			func(w *world) { w.clock.Advance(30*24*time.Hour - 11*time.Hour) }, mended, messages.ErrTooLate},
		{"not quite thirty days old", func(w *world, _ *messages.Message) { w.phone.on(map[string]verdict{"TPL-1": refused(47003)}) },
			func(w *world) { w.clock.Advance(30*24*time.Hour - 11*time.Hour - time.Microsecond) }, mended, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, clock := dbtest.SQLite(t)
			w := newWorld(t, d, clock)
			m := visit(1)
			m.Key = "m"
			tt.set(w, &m)
			w.enqueue(m)
			w.runFor(11 * time.Hour)
			if tt.then != nil {
				tt.then(w)
			}
			before := w.row("m")
			err := w.s.Retry(context.Background(), messages.Retry{Staff: 7, ID: before.ID, Note: tt.note})
			if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
				t.Fatalf("retry: %v, want %v", err, tt.want)
			}
			after := w.row("m")
			if sent := after.State == model.MessageQueued; sent != (tt.want == nil) || !sent && after.State != before.State || (w.trail("messages.retry") == 1) != sent {
				t.Errorf("it is %s, was %s; %d entries in the trail", after.State, before.State, w.trail("messages.retry"))
			}
			w.sound()
		})
	}
}

// A retry begins with the first channel again, pays for each as the first time, and is held by wishes and caps like any message.
func TestRetryGoesThroughTheChannels(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.fans.mini[1] = "m1"
	w.accepts(miniApp, "m1", "MINI-1", 1)
	w.phone.on(map[string]verdict{"TPL-1": refused(47003), "MINI-1": refused(47003)})
	m := everywhere(1)
	m.Key = "m"
	w.enqueue(m)
	w.run()
	w.want("m", model.MessageFailed, "bug")
	w.phone.on(map[string]verdict{"TPL-1": refused(47003)})
	if err := w.retry("m"); err != nil {
		t.Fatal(err)
	}
	w.run()
	w.want("m", model.MessageAccepted, "")
	once := []string{"customer_service skipped", "oa_template refused", "oa_subscribe skipped", "mini_subscribe refused"}
	want := append(slices.Clone(once), append(once[:3:3], "mini_subscribe accepted")...)
	if got := w.tries("m"); !slices.Equal(got, want) {
		t.Errorf("tries %v, want %v", got, want)
	}

	w.phone.on(map[string]verdict{"TPL-1": refused(47003)})
	w.enqueue(visit(2))
	w.run()
	w.want("visit:2:1", model.MessageFailed, "bug")
	if _, err := w.s.Stop(context.Background(), messages.Stop{Staff: 7, Member: 2, Scope: model.StopAll, Reason: "complaint"}); err != nil {
		t.Fatal(err)
	}
	w.phone.on(nil)
	if err := w.retry("visit:2:1"); err != nil {
		t.Fatal(err)
	}
	w.run()
	w.want("visit:2:1", model.MessageSuppressed, "do_not_contact:complaint")
	w.sound()
}

// many is a wish for the failed ones of a template.
func (w *world) many(change ...func(*messages.RetryMany)) (messages.Retried, error) {
	in := messages.RetryMany{Staff: 7, State: model.MessageFailed, Template: "visit1", From: dbtest.Start, To: dbtest.Start.Add(24 * time.Hour), Note: mended}
	for _, c := range change {
		c(&in)
	}
	return w.s.RetryMany(context.Background(), in)
}

// Those that failed for a reason are sent again, and what may not be is counted by why.
func TestRetryMany(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.phone.script = func(n int, m wechat.TemplateMessage) verdict {
			switch {
			case n > 1, m.To == "o5": // accepted, and reported as failed
				return verdict{}
			case m.To == "o6":
				return refused(43004)
			}
			return refused(47003)
		}
		for n := 1; n <= 6; n++ {
			m := visit(n)
			if n == 4 {
				m.NotAfter = clock.Now().Add(time.Hour)
			}
			w.enqueue(m)
		}
		other := visit(7)
		other.Template = "care"
		w.enqueue(other)
		w.run()
		if err := w.report(*w.row("visit:5:1").MsgID, "failed: system failed"); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Hour)

		if _, err := w.many(func(in *messages.RetryMany) { in.State = model.MessageDead }); !errors.Is(err, messages.ErrNothing) {
			t.Errorf("of the dead ones: %v", err)
		}
		if _, err := w.many(func(in *messages.RetryMany) { in.To = dbtest.Start }); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("of no time: %v", err)
		}
		if _, err := w.many(func(in *messages.RetryMany) { in.From = in.From.Add(time.Minute) }); !errors.Is(err, messages.ErrNothing) {
			t.Errorf("of a time without any: %v", err)
		}
		key := func(in *messages.RetryMany) { in.Key = db.Key{Scope: "staff:7 retry", Key: "again"} }
		got, err := w.many(key)
		want := map[string]int64{"messages.too_late": 1, "messages.maybe_seen": 1, "messages.not_mended": 1}
		if err != nil || got.Found != 6 || got.Retried != 3 || !maps.Equal(got.Passed, want) || got.More || got.Last != w.row("visit:6:1").ID {
			t.Fatalf("retried %+v, %v; want 3 of 6, passed %v", got, err, want)
		}
		if twice, err := w.many(key); err != nil || !twice.Replayed || twice.Retried != 3 {
			t.Errorf("with the same key: %+v, %v", twice, err)
		}
		w.sound()
		w.run()
		for n := 1; n <= 3; n++ {
			w.want(fmt.Sprintf("visit:%d:1", n), model.MessageAccepted, "")
		}
		w.want("visit:7:1", model.MessageFailed, "bug")
		byReason := func(in *messages.RetryMany) { in.Template, in.Reason = "", "bug" }
		if got, err := w.many(byReason); err != nil || got.Found != 2 || got.Retried != 1 {
			t.Errorf("by the reason: %+v, %v; want visit 7, and visit 4 too late", got, err)
		}
		if n := w.trail("messages.retry_many"); n != 2 {
			t.Errorf("%d entries in the trail", n)
		}
		w.sound()
	})
}

// A wish is bounded, and the next one goes on behind it.
func TestRetryManyIsBounded(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.phone.on(map[string]verdict{"TPL-1": refused(47003)})
	for n := 1; n <= messages.RetryMost+2; n++ {
		w.enqueue(visit(n))
	}
	for done := 1; done > 0; {
		var err error
		if done, err = w.s.TakeBatch(context.Background(), model.ChannelOATemplate, 200); err != nil {
			t.Fatal(err)
		}
	}
	w.fans.gone["o1"] = true // the oldest of all stays in the way
	got, err := w.many()
	if err != nil || got.Found != messages.RetryMost || got.Retried != messages.RetryMost-1 || !got.More {
		t.Fatalf("first %+v, %v", got, err)
	}
	got, err = w.many(func(in *messages.RetryMany) { in.After = got.Last })
	if err != nil || got.Found != 2 || got.Retried != 2 || got.More {
		t.Fatalf("then %+v, %v", got, err)
	}
	w.sound()
}

// Two who ask at once, in two programs, send it again once.
func TestRetryRace(t *testing.T) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock, opts := dbtest.NewClock(), dbtest.Empty(t, driver)
			a, b := newWorld(t, dbtest.Reopen(t, opts, clock), clock), newWorld(t, dbtest.Reopen(t, opts, clock), clock)
			a.phone.on(map[string]verdict{"TPL-1": refused(47003)})
			const n = 4
			for i := 1; i <= n; i++ {
				a.enqueue(visit(i))
			}
			a.run()
			a.phone.on(nil)
			b.phone = a.phone
			var (
				wg      sync.WaitGroup
				mu      sync.Mutex
				retried int64
			)
			count := func(n int64, err error) {
				mu.Lock()
				defer mu.Unlock()
				if retried += n; err != nil && !errors.Is(err, messages.ErrNotFailed) && !errors.Is(err, messages.ErrNothing) {
					t.Errorf("retry: %v", err)
				}
			}
			for _, w := range []*world{a, b} {
				for i := 1; i <= n; i++ {
					id := a.row(fmt.Sprintf("visit:%d:1", i)).ID
					wg.Go(func() {
						err := w.s.Retry(context.Background(), messages.Retry{Staff: 7, ID: id, Note: mended})
						if err == nil {
							count(1, nil)
							return
						}
						count(0, err)
					})
				}
				wg.Go(func() {
					got, err := w.many()
					count(got.Retried, err)
				})
			}
			wg.Wait()
			if retried != n {
				t.Errorf("%d were put back, want %d", retried, n)
			}
			b.restart()
			for _, w := range []*world{a, b} {
				wg.Go(w.run)
			}
			wg.Wait()
			a.run()
			for i := 1; i <= n; i++ {
				m := a.row(fmt.Sprintf("visit:%d:1", i))
				if m.State != model.MessageAccepted || a.phone.shownAs(m.ClientMsgID) != 1 {
					t.Errorf("%s is %s %s, shown %d times", m.MessageKey, m.State, m.Reason, a.phone.shownAs(m.ClientMsgID))
				}
			}
			a.sound()
		})
	}
}
