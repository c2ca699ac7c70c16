package messages_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/audit"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/messages"
	"huitou/service/messages/sms"
	"huitou/wechat"
)

// phone is WeChat and what a person sees: it shows a message once per client id within ten minutes of the first.
type phone struct {
	mu    sync.Mutex
	now   func() time.Time
	first map[string]time.Time // by client id
	ids   map[string]string
	shown map[string]int // by client id
	sent  []wechat.TemplateMessage
	calls int
	// script decides about the n-th call (1 and up) of a message; nil accepts.
	script func(n int, m wechat.TemplateMessage) verdict
	tries  map[string]int
}

// verdict is what WeChat does about a call, in this order.
type verdict struct {
	before func()
	lose   bool  // the call never reaches WeChat
	err    error // the caller gets this instead of the id; with refuse WeChat did not show it either
	refuse bool
	after  func(msgID string)
}

func newPhone(now func() time.Time) *phone {
	return &phone{now: now, first: map[string]time.Time{}, ids: map[string]string{}, shown: map[string]int{}, tries: map[string]int{}}
}

const window = 10 * time.Minute

// msgIDs makes WeChat's ids unique across the phones of a test.
var msgIDs atomic.Int64

func (p *phone) SendTemplate(_ context.Context, m wechat.TemplateMessage) (string, error) {
	p.mu.Lock()
	p.calls++
	p.tries[m.ClientMsgID]++
	v := verdict{}
	if p.script != nil {
		v = p.script(p.tries[m.ClientMsgID], m)
	}
	p.mu.Unlock()
	if v.before != nil {
		v.before()
	}
	id := ""
	if !v.lose && !v.refuse {
		id = p.show(m)
	}
	if v.after != nil {
		v.after(id)
	}
	if v.err != nil {
		return "", v.err
	}
	return id, nil
}

func (p *phone) show(m wechat.TemplateMessage) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, seen := p.first[m.ClientMsgID]; seen && p.now().Sub(at) < window {
		return p.ids[m.ClientMsgID]
	}
	p.first[m.ClientMsgID] = p.now()
	p.ids[m.ClientMsgID] = fmt.Sprintf("7000000000000%06d", msgIDs.Add(1))
	p.shown[m.ClientMsgID]++
	p.sent = append(p.sent, m)
	return p.ids[m.ClientMsgID]
}

func (p *phone) seen() (shown, calls int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sent), p.calls
}

func (p *phone) shownAs(clientMsgID string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown[clientMsgID]
}

// fans knows followers by member id; it keeps no table, because messages only asks.
type fans struct {
	mu      sync.Mutex
	openIDs map[model.MemberID]string
	mini    map[model.MemberID]string
	phones  map[model.MemberID]string
	gone    map[string]bool
	before  func() // runs inside the transaction
}

func newFans(n int) *fans {
	f := &fans{openIDs: map[model.MemberID]string{}, mini: map[model.MemberID]string{}, phones: map[model.MemberID]string{}, gone: map[string]bool{}}
	for i := range n {
		f.openIDs[model.MemberID(i+1)] = fmt.Sprintf("o%d", i+1)
	}
	return f
}

func (f *fans) AddressesTx(_ context.Context, _ *db.Tx, ids []model.MemberID, phones bool) (map[model.MemberID]model.Address, error) {
	if f.before != nil {
		f.before()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[model.MemberID]model.Address{}
	for _, id := range ids {
		openID := f.openIDs[id]
		a := model.Address{OpenID: openID, Following: openID != "" && !f.gone[openID], MiniOpenID: f.mini[id]}
		if phones {
			a.Phone = f.phones[id]
		}
		out[id] = a
	}
	return out, nil
}

func (f *fans) UnfollowTx(_ context.Context, _ *db.Tx, openID string, _ time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone[openID] = true
	return nil
}

func (f *fans) KnownTx(_ context.Context, _ *db.Tx, ids []model.MemberID) (map[model.MemberID]bool, error) {
	out := map[model.MemberID]bool{}
	for _, id := range ids {
		out[id] = f.openIDs[id] != ""
	}
	return out, nil
}

func (f *fans) OwnerOfPhoneTx(_ context.Context, _ *db.Tx, phone string) (model.MemberID, bool, error) {
	for id, p := range f.phones {
		if p == phone {
			return id, true, nil
		}
	}
	return 0, false, nil
}

// OwnerTx knows everybody by the openid that newFans gave, and by those of the mini-program.
func (f *fans) OwnerTx(_ context.Context, _ *db.Tx, _, openID string) (model.MemberID, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, known := range []map[model.MemberID]string{f.openIDs, f.mini} {
		for id, o := range known {
			if o == openID {
				return id, nil
			}
		}
	}
	return 9999, nil
}

type world struct {
	t     *testing.T
	d     *db.DB
	clock *dbtest.Clock
	q     *jobs.Queue
	s     *messages.Service
	phone *phone
	fans  *fans
	facts *facts.Log
	guard sync.Mutex // over ends: two instances may work at once
	ends  []messages.Ended
	texts texts
	mail  bool // the provider of texts can be asked what became of them
}

const (
	oaApp   = "wxsim-oa"
	miniApp = "wxsim-mini"
)

var templates = map[string]messages.Template{
	"visit1": {Forms: map[model.MessageChannel]messages.Form{model.ChannelOATemplate: {
		ID: "TPL-1", Fields: map[string]string{"thing1": "goods", "character_string2": "number"}, Cut: []string{"thing1"},
	}}},
	// Every channel, in the order of cost.
	"everywhere": {
		Channels: []model.MessageChannel{model.ChannelCustomerService, model.ChannelOATemplate, model.ChannelOASubscribe, model.ChannelMiniSubscribe},
		Forms: map[model.MessageChannel]messages.Form{
			model.ChannelCustomerService: {Text: "订单{number}:{goods}"},
			model.ChannelOATemplate:      {ID: "TPL-1", Fields: map[string]string{"thing1": "goods"}, Cut: []string{"thing1"}},
			model.ChannelOASubscribe:     {ID: "SUB-1", Fields: map[string]string{"thing1": "goods"}, Cut: []string{"thing1"}},
			model.ChannelMiniSubscribe:   {ID: "MINI-1", Fields: map[string]string{"thing1": "goods"}, Page: "pages/order"},
		},
	},
	"care":  {Purpose: model.PurposeCare, Forms: map[model.MessageChannel]messages.Form{model.ChannelOATemplate: {ID: "TPL-1", Fields: map[string]string{"thing1": "goods"}}}},
	"text":  {Forms: map[model.MessageChannel]messages.Form{model.ChannelSMS: {ID: "77", Fields: map[string]string{"1": "number", "2": "goods"}, Text: "订单{number}:{goods}"}}},
	"code":  {Forms: map[model.MessageChannel]messages.Form{model.ChannelSMS: {ID: "78", Fields: map[string]string{"1": "code", "2": "minutes"}, Text: "验证码{code},{minutes}分钟内有效"}}},
	"promo": {Purpose: model.PurposeMarketing, Forms: map[model.MessageChannel]messages.Form{model.ChannelCustomerService: {Text: "{goods}上新"}}},
}

func newWorld(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	w := &world{t: t, d: d, clock: clock, phone: newPhone(clock.Now), fans: newFans(2000)}
	w.restart()
	return w
}

// restart is a new process on the same database: nothing in memory survives.
func (w *world) restart() {
	w.q = jobs.New(w.d, slog.New(slog.DiscardHandler))
	w.facts = facts.New(w.q)
	var provider sms.Sender = &w.texts
	if w.mail {
		provider = mailbox{&w.texts}
	}
	facts.Subscribe(w.facts, "test", func(_ context.Context, e messages.Ended) error {
		w.guard.Lock()
		defer w.guard.Unlock()
		w.ends = append(w.ends, e)
		return nil
	})
	w.s = messages.New(messages.Deps{
		DB: w.d, Jobs: w.q, Facts: w.facts, Sender: w.phone, Notices: notices{w.phone, oaApp}, Program: notices{w.phone, miniApp}, Desk: w.phone, SMS: provider,
		Followers: w.fans, Key: make([]byte, 32), OAAppID: oaApp, MiniAppID: miniApp, Templates: templates, Log: slog.New(slog.DiscardHandler),
	})
	w.s.Register()
}

func visit(n int) messages.Message {
	return messages.Message{
		Key: fmt.Sprintf("visit:%d:1", n), Member: model.MemberID(n), Template: "visit1",
		Data: map[string]string{"goods": "明前龙井", "number": "T20261121001"},
	}
}

func (w *world) enqueue(m messages.Message) {
	w.t.Helper()
	if fresh, err := w.s.Enqueue(context.Background(), m); err != nil || !fresh {
		w.t.Fatalf("Enqueue(%s) = %v, %v; want a fresh one", m.Key, fresh, err)
	}
}

func (w *world) run() {
	w.t.Helper()
	if _, err := w.q.RunDue(context.Background()); err != nil {
		w.t.Fatalf("run due jobs: %v", err)
	}
}

// runFor runs everything that becomes due within d, at its own time.
func (w *world) runFor(d time.Duration) {
	w.t.Helper()
	end := w.clock.Now().Add(d)
	for {
		w.run()
		at, ok, err := w.q.Soonest(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		if !ok || at.After(end) {
			w.clock.Set(end)
			w.run()
			return
		}
		if at.After(w.clock.Now()) {
			w.clock.Set(at)
		}
	}
}

// runAndDie runs due jobs in a process that is killed at the point where die is called: nothing after it happens, not even
// the settling of the job.
func (w *world) runAndDie() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = w.q.RunDue(context.Background())
	}()
	<-done
	w.restart()
}

func die() { runtime.Goexit() }

func (w *world) row(key string) (m model.Message) {
	w.t.Helper()
	err := w.d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where("message_key = ?", key).Take(&m).Error
	})
	if err != nil {
		w.t.Fatalf("read message %s: %v", key, err)
	}
	return m
}

func (w *world) want(key string, state model.MessageState, reason string) {
	w.t.Helper()
	if m := w.row(key); m.State != state || m.Reason != reason {
		w.t.Errorf("message %s is %s %q after %d attempts, want %s %q", key, m.State, m.Reason, m.Attempts, state, reason)
	}
}

func (w *world) sound() {
	w.t.Helper()
	broken, err := audit.Run(context.Background(), w.d, messages.Invariants())
	if err != nil || len(broken) > 0 {
		w.t.Errorf("invariants: %v, %v", broken, err)
	}
}

func (w *world) report(msgID, status string) error {
	return w.d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		return w.s.ReportTx(ctx, tx, msgID, status, w.clock.Now())
	})
}

func TestDeliveredMessage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		for status, want := range map[string]model.MessageState{
			"success": model.MessageDelivered, "failed:user block": model.MessageBlocked, "failed: system failed": model.MessageFailed,
		} {
			t.Run(status, func(t *testing.T) {
				m := visit(len(status))
				m.Data["goods"] = "一款名字长得超过微信二十个字符限制的明前龙井茶叶礼盒"
				w.enqueue(m)
				w.run()
				w.want(m.Key, model.MessageAccepted, "")
				sent := w.phone.sent[len(w.phone.sent)-1]
				if sent.To != w.fans.openIDs[m.Member] || sent.TemplateID != "TPL-1" || len(sent.ClientMsgID) != 32 {
					t.Errorf("sent %+v", sent)
				}
				if err := wechat.CheckTemplateData(sent.Data); err != nil {
					t.Errorf("sent data that WeChat refuses: %v", err)
				}
				if err := w.report(*w.row(m.Key).MsgID, status); err != nil {
					t.Fatal(err)
				}
				if got := w.row(m.Key); got.State != want || got.FinishedAt == nil {
					t.Errorf("after the report: %s, want %s", got.State, want)
				}
				w.sound()
			})
		}
	})
}

func TestOneMessagePerKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		var (
			wg    sync.WaitGroup
			mu    sync.Mutex
			fresh int
		)
		for range 32 {
			wg.Go(func() {
				ok, err := w.s.Enqueue(context.Background(), visit(1))
				if err != nil {
					t.Errorf("Enqueue: %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				if ok {
					fresh++
				}
			})
		}
		wg.Wait()
		w.run()
		if shown, calls := w.phone.seen(); fresh != 1 || shown != 1 || calls != 1 {
			t.Errorf("%d fresh, %d calls, %d shown; want one of each", fresh, calls, shown)
		}
		w.sound()
	})
}

// A message is stored in the transaction of its cause: when that fails, there is none.
func TestMessageOfAnUndoneActionDoesNotExist(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	undone := errors.New("undone")
	err := d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := w.s.EnqueueTx(ctx, tx, visit(1)); err != nil {
			return err
		}
		return undone
	})
	w.run()
	if _, calls := w.phone.seen(); !errors.Is(err, undone) || calls != 0 {
		t.Errorf("%v with %d calls", err, calls)
	}
	w.enqueue(visit(1))
}

func TestMessageThatIsNotValid(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	for name, spoil := range map[string]func(*messages.Message){
		"no key":          func(m *messages.Message) { m.Key = "" },
		"key with blanks": func(m *messages.Message) { m.Key = "visit 1" },
		"long key":        func(m *messages.Message) { m.Key = string(make([]byte, 129)) },
		"no member":       func(m *messages.Message) { m.Member = 0 },
		"no template":     func(m *messages.Message) { m.Template = "" },
		"not UTF-8":       func(m *messages.Message) { m.Data = map[string]string{"goods": "\xff"} },
		"huge":            func(m *messages.Message) { m.Data = map[string]string{"goods": string(make([]byte, 9000))} },
		"long URL":        func(m *messages.Message) { m.URL = string(make([]byte, 513)) },
	} {
		m := visit(1)
		spoil(&m)
		if _, err := w.s.Enqueue(context.Background(), m); !errors.Is(err, messages.ErrInvalid) {
			t.Errorf("%s: %v, want %v", name, err, messages.ErrInvalid)
		}
	}
}

func TestMessageThatMustNotLeave(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	stranger, gone, unset, empty := visit(5000), visit(2), visit(3), visit(4)
	w.fans.gone["o2"] = true
	unset.Template = "not-set-up"
	empty.Data = nil
	for _, m := range []messages.Message{stranger, gone, unset, empty} {
		w.enqueue(m)
	}
	w.run()
	w.want(stranger.Key, model.MessageSuppressed, "not_following")
	w.want(gone.Key, model.MessageSuppressed, "not_following")
	w.want(unset.Key, model.MessageSuppressed, "no_template")
	if m := w.row(empty.Key); m.State != model.MessageFailed || m.Attempts != 0 {
		t.Errorf("message without texts is %s %q", m.State, m.Reason)
	}
	if _, calls := w.phone.seen(); calls != 0 {
		t.Errorf("%d calls, want none", calls)
	}
	w.sound()
}

func refused(code int) verdict {
	return verdict{refuse: true, err: &wechat.Error{Code: code, Message: "no", Endpoint: "/cgi-bin/message/template/send"}}
}

// T48, and the table of wechat.md §3.10.
func TestT48WhatWeChatRefuses(t *testing.T) {
	transport := func(endpoint string) error {
		return &wechat.TransportError{Endpoint: endpoint, Err: context.DeadlineExceeded}
	}
	always := func(v verdict) func(int) verdict { return func(int) verdict { return v } }
	first := func(n int, v verdict) func(int) verdict {
		return func(call int) verdict {
			if call <= n {
				return v
			}
			return verdict{}
		}
	}
	tests := []struct {
		name   string
		script func(call int) verdict
		state  model.MessageState
		reason string
		calls  int
		gone   bool
	}{
		{"not following", always(refused(43004)), model.MessageFailed, "recipient", 1, true},
		{"openid of another app", always(refused(40003)), model.MessageFailed, "recipient", 1, true},
		{"no consent", always(refused(43101)), model.MessageFailed, "consent", 1, false},
		{"field of the wrong form", always(refused(47003)), model.MessageFailed, "bug", 1, false},
		{"code nobody knows", always(refused(99999)), model.MessageFailed, "unknown", 1, false},
		{"template that does not exist", always(refused(40037)), model.MessageFailed, "config", 2, false},
		{"template that was away for a moment", first(1, refused(40037)), model.MessageAccepted, "", 2, false},
		{"busy for a while", first(3, refused(-1)), model.MessageAccepted, "", 4, false},
		{"busy for ever", always(refused(-1)), model.MessageDead, "gave_up:retry", 14, false},
		{"token that the adapter could not refresh", first(1, refused(42001)), model.MessageAccepted, "", 2, false},
		{"our address is not on the list for hours", first(8, refused(40164)), model.MessageAccepted, "", 9, false},
		{"token cannot be had for an hour: nothing left", first(9, verdict{lose: true, err: transport("/cgi-bin/stable_token")}), model.MessageAccepted, "", 10, false},
		{"no answer, but it was shown", first(1, verdict{err: transport("/cgi-bin/message/template/send")}), model.MessageAccepted, "", 2, false},
		{"no answer, and it was lost", first(1, verdict{lose: true, err: transport("/cgi-bin/message/template/send")}), model.MessageAccepted, "", 2, false},
		{"no answer for ever", always(verdict{lose: true, err: transport("/cgi-bin/message/template/send")}), model.MessageUnknown, "no_answer", 5, false},
		{"no answer, then a refusal: the first may have been seen",
			func(call int) verdict {
				if call == 1 {
					return verdict{err: transport("/cgi-bin/message/template/send")}
				}
				return refused(43101)
			}, model.MessageUnknown, "consent", 2, false},
		{"the adapter's answer has no id", always(verdict{lose: true}), model.MessageUnknown, "no_answer", 5, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, clock := dbtest.SQLite(t)
			w := newWorld(t, d, clock)
			w.phone.script = func(n int, _ wechat.TemplateMessage) verdict { return tt.script(n) }
			w.enqueue(visit(1))
			w.runFor(11 * time.Hour)
			w.want("visit:1:1", tt.state, tt.reason)
			if shown, calls := w.phone.seen(); calls != tt.calls || shown > 1 {
				t.Errorf("%d calls, %d shown; want %d calls and at most one shown", calls, shown, tt.calls)
			}
			if w.fans.gone["o1"] != tt.gone {
				t.Errorf("marked as not following: %v, want %v", w.fans.gone["o1"], tt.gone)
			}
			w.sound()
		})
	}
}

// T48: the daily quota parks messages until 00:05 in Shanghai and is not burnt by the others.
func TestT48DailyQuota(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		reset := time.Date(2026, 11, 22, 0, 0, 0, 0, model.Shanghai)
		w.phone.script = func(int, wechat.TemplateMessage) verdict {
			if clock.Now().Before(reset) {
				return refused(45009)
			}
			return verdict{}
		}
		for n := 1; n <= 20; n++ {
			w.enqueue(visit(n))
		}
		w.runFor(3 * time.Hour)
		if _, calls := w.phone.seen(); calls != 1 {
			t.Errorf("%d calls on a used-up quota, want the one that found out", calls)
		}
		w.restart() // the hint is gone, the parked row is not
		w.runFor(3 * time.Hour)
		for n := 1; n <= 20; n++ {
			if m := w.row(visit(n).Key); m.State != model.MessageQueued || m.Attempts > 2 {
				t.Fatalf("message %d is %s after %d attempts, want queued after at most two", n, m.State, m.Attempts)
			}
		}
		w.runFor(reset.Add(4 * time.Minute).Sub(clock.Now()))
		if shown, _ := w.phone.seen(); shown != 0 {
			t.Errorf("%d shown at 00:04", shown)
		}
		w.runFor(2 * time.Minute)
		if shown, _ := w.phone.seen(); shown != 20 {
			t.Errorf("%d shown at 00:06, want 20", shown)
		}
		w.sound()
	})
}

// T45: the process is killed at every point between commit, send and mark. Restarted soon, it shows the message once; restarted
// late, it does not know and does not send again.
func TestT45KillPoints(t *testing.T) {
	soon, late := 3*time.Minute, 12*time.Minute
	points := []struct {
		name string
		kill func(w *world) // arms the kill
		// what must be true after a restart soon and late
		soonState, lateState model.MessageState
		soonShown, lateShown int
	}{
		{"before the attempt is committed", func(w *world) { w.fans.before = die },
			model.MessageAccepted, model.MessageAccepted, 1, 1},
		{"attempt stored, call not left", func(w *world) { w.once(verdict{before: die}) },
			model.MessageAccepted, model.MessageUnknown, 1, 0},
		{"call lost on the way", func(w *world) { w.once(verdict{lose: true, after: func(string) { die() }}) },
			model.MessageAccepted, model.MessageUnknown, 1, 0},
		{"shown, answer not stored", func(w *world) { w.once(verdict{after: func(string) { die() }}) },
			model.MessageAccepted, model.MessageUnknown, 1, 1},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		n := 0
		for _, p := range points {
			for _, delay := range []time.Duration{soon, late} {
				n++
				m := visit(n)
				t.Run(fmt.Sprintf("%s/%s", p.name, delay), func(t *testing.T) {
					w := newWorld(t, d, clock)
					w.enqueue(m)
					p.kill(w)
					w.runAndDie()
					w.fans.before, w.phone.script = nil, nil
					clock.Advance(delay)
					w.runFor(time.Hour)
					state, shown := p.soonState, p.soonShown
					if delay == late {
						state, shown = p.lateState, p.lateShown
					}
					if got := w.row(m.Key); got.State != state {
						t.Errorf("message is %s, want %s", got.State, state)
					}
					if seen, _ := w.phone.seen(); seen != shown {
						t.Errorf("shown %d times, want %d", seen, shown)
					}
					w.sound()
				})
			}
		}
	})
}

// once lets v happen to the next call only.
func (w *world) once(v verdict) {
	left := 1
	w.phone.script = func(int, wechat.TemplateMessage) verdict {
		if left--; left >= 0 {
			return v
		}
		return verdict{}
	}
}

// A job that a version before the channels left behind does nothing: the message says itself when it is due.
func TestJobOfAnOlderVersion(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.enqueue(visit(1))
	w.run()
	err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
		_, err := w.q.Insert(context.Background(), tx, jobs.Job{Kind: "messages.send", Args: map[string]int64{"id": 1}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.run()
	if _, calls := w.phone.seen(); calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
	w.sound()
}

// T47: a worker that was stopped for a while after it stored its attempt must not let the call leave: another may have taken over.
func TestT47StalledWorkerDoesNotSend(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.enqueue(visit(1))
	w.fans.before = func() { clock.Advance(20 * time.Minute); w.fans.before = nil }
	w.run()
	var tries []model.MessageAttempt
	err := d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Order("n").Find(&tries).Error })
	if err != nil {
		t.Fatal(err)
	}
	if _, calls := w.phone.seen(); calls != 1 || len(tries) != 2 || tries[0].Outcome != model.AttemptRefused || tries[1].Outcome != model.AttemptAccepted {
		t.Errorf("%d calls by attempts %+v; want the stalled one not to leave and a fresh one to", calls, tries)
	}
	w.sound()
}

// T46: messages that are refused for good, refused again and again, never answered, cannot be worded or make the sender panic hold nobody
// up, and each of them ends by itself with its reason.
func TestT46Poison(t *testing.T) {
	const all = 300
	poison := map[int]struct {
		verdict verdict
		state   model.MessageState
		reason  string
		calls   int
	}{
		50:  {verdict{before: func() { panic("poison") }}, model.MessageUnknown, "panicked", 5},
		100: {verdict{lose: true, err: errors.New("unreadable answer")}, model.MessageUnknown, "no_answer", 5},
		150: {refused(47003), model.MessageFailed, "bug", 1},
		200: {refused(-1), model.MessageDead, "gave_up:retry", 14},
		250: {verdict{}, model.MessageFailed, "data:", 0}, // an order number that WeChat would not take
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.phone.script = func(_ int, m wechat.TemplateMessage) verdict {
			n, _ := strconv.Atoi(strings.TrimPrefix(m.To, "o"))
			return poison[n].verdict
		}
		for n := 1; n <= all; n++ {
			m := visit(n)
			if n == 250 {
				m.Data["number"] = "不是单号"
			}
			w.enqueue(m)
		}
		w.run()
		if shown, _ := w.phone.seen(); shown != all-len(poison) {
			t.Errorf("%d shown in the first round, want %d", shown, all-len(poison))
		}
		w.runFor(24 * time.Hour)
		for n, want := range poison {
			got := w.row(visit(n).Key)
			if got.State != want.state || !strings.HasPrefix(got.Reason, want.reason) || w.phone.tries[got.ClientMsgID] != want.calls {
				t.Errorf("%d is %s %q after %d calls, want %s %q after %d", n, got.State, got.Reason, w.phone.tries[got.ClientMsgID], want.state, want.reason, want.calls)
			}
		}
		if shown, _ := w.phone.seen(); shown != all-len(poison) {
			t.Errorf("%d shown in the end, want %d", shown, all-len(poison))
		}
		w.sound()
	})
}

// Reports that come before the acceptance was stored, and at the very same moment.
func TestReportBeforeAcceptance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		var wg sync.WaitGroup
		w.phone.script = func(_ int, m wechat.TemplateMessage) verdict {
			return verdict{after: func(id string) {
				if m.To == "o1" {
					if err := w.report(id, "success"); err != nil {
						t.Errorf("report: %v", err)
					}
					return
				}
				wg.Go(func() {
					if err := w.report(id, "failed:user block"); err != nil {
						t.Errorf("report: %v", err)
					}
				})
			}}
		}
		const racing = 40
		for n := 1; n <= 1+racing; n++ {
			w.enqueue(visit(n))
		}
		w.run()
		wg.Wait()
		w.want("visit:1:1", model.MessageDelivered, "")
		for n := 2; n <= 1+racing; n++ {
			w.want(visit(n).Key, model.MessageBlocked, "user_block")
		}
		w.sound()
	})
}

func TestReportsThatFitNothing(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.enqueue(visit(1))
	w.run()
	id := *w.row("visit:1:1").MsgID
	for _, r := range []struct {
		id, status string
		want       error
	}{
		{"", "success", messages.ErrInvalid},
		{strings.Repeat("1", 65), "success", messages.ErrInvalid},
		{"404", "success", nil}, // kept; nobody's
		{id, "failed:user block", nil},
		{id, "success", nil}, // a second word on one message has no effect
	} {
		if err := w.report(r.id, r.status); !errors.Is(err, r.want) {
			t.Errorf("report of %q = %v, want %v", r.id, err, r.want)
		}
	}
	w.want("visit:1:1", model.MessageBlocked, "user_block")
	w.sound()
}

func TestOnReport(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.enqueue(visit(1))
	w.run()
	p := wechat.Push{Kind: wechat.KindEvent, Event: wechat.EventTemplateSent, MsgID: *w.row("visit:1:1").MsgID, Status: "success"}
	for i, fresh := range []bool{false, true} {
		err := w.s.OnReport(context.Background(), p, func(context.Context, *db.Tx) (bool, error) { return fresh, nil })
		if err != nil {
			t.Fatal(err)
		}
		w.want("visit:1:1", []model.MessageState{model.MessageAccepted, model.MessageDelivered}[i], "")
	}
}

func TestList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		for n := 1; n <= 5; n++ {
			m := visit(1)
			m.Key = fmt.Sprintf("key:%d", n)
			w.enqueue(m)
		}
		w.enqueue(visit(2))
		w.run()
		var got []string
		page := db.Page{Limit: 2}
		for range 3 {
			listed, err := w.s.List(context.Background(), 1, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range listed.Messages {
				got = append(got, fmt.Sprintf("%d %d %s %s", m.ID, m.Member, m.State, m.Data["goods"]))
			}
			page.Cursor = listed.Next
		}
		want := []string{"5 1 accepted 明前龙井", "4 1 accepted 明前龙井", "3 1 accepted 明前龙井", "2 1 accepted 明前龙井", "1 1 accepted 明前龙井"}
		if fmt.Sprint(got) != fmt.Sprint(want) || page.Cursor != "" {
			t.Errorf("listed %v, then %q; want %v", got, page.Cursor, want)
		}
		if all, err := w.s.List(context.Background(), 0, db.Page{}); err != nil || len(all.Messages) != 6 {
			t.Errorf("everybody's: %d, %v; want 6", len(all.Messages), err)
		}
		if _, err := w.s.List(context.Background(), 0, db.Page{Cursor: "x"}); !errors.Is(err, db.ErrCursor) {
			t.Errorf("bad cursor: %v", err)
		}
	})
}

func TestInvariantsSeeCorruption(t *testing.T) {
	tests := []struct{ want, corrupt string }{
		{"messages.accepted_once", `INSERT INTO message_attempts (message_id, n, open_id, started_at, outcome) SELECT message_id, 2, open_id, started_at, 'accepted' FROM message_attempts WHERE message_id = 1`},
		{"messages.accepted_proof", `UPDATE message_attempts SET outcome = 'refused' WHERE message_id = 1`},
		{"messages.accepted_proof", `UPDATE messages SET accepted_at = NULL WHERE id = 1`},
		{"messages.ended", `UPDATE messages SET finished_at = NULL WHERE id = 1`},
		{"messages.ended", `UPDATE messages SET reason = '' WHERE id = 3`},
		{"messages.attempts", `DELETE FROM message_attempts WHERE message_id = 4`},
		{"messages.doubt", `UPDATE messages SET unsure_since = NULL WHERE id = 2`},
		{"messages.reported", `UPDATE message_attempts SET report = 'blocked' WHERE message_id = 1`},
		{"messages.reported", `UPDATE message_reports SET matched = FALSE`},
		{"messages.queued", `UPDATE messages SET due_at = NULL WHERE id = 2`},
		{"messages.counted", `UPDATE message_days SET sent = sent + 1`},
		{"messages.consents", `UPDATE message_consents SET message_id = NULL WHERE state = 'used'`},
		{"messages.paid", `UPDATE message_consents SET message_id = NULL, used_at = NULL, state = 'open'`},
		{"messages.paid_once", `INSERT INTO message_consents (member_id, app_id, open_id, template_id, source, state, granted_at, message_id, used_at) SELECT member_id, app_id, open_id, template_id, 'twice', state, granted_at, message_id, used_at FROM message_consents`},
		{"messages.stops", `UPDATE do_not_contacts SET open_key = NULL`},
		{"messages.turn", `UPDATE messages SET channel = 'sms' WHERE id = 3`},
		{"messages.report_counts", `UPDATE message_attempts SET report = '' WHERE message_id = 1`},
		{"messages.one_way", `INSERT INTO message_attempts (message_id, n, channel, open_id, started_at, outcome) SELECT message_id, 2, 'sms', '', started_at, 'refused' FROM message_attempts WHERE message_id = 2`},
	}
	for i, tt := range tests {
		t.Run(fmt.Sprint(i, tt.want), func(t *testing.T) {
			t.Parallel()
			d, clock := dbtest.SQLite(t) // the other tests run the same queries on MySQL
			w := newWorld(t, d, clock)
			w.fans.gone["o3"] = true
			w.phone.script = func(_ int, m wechat.TemplateMessage) verdict {
				switch m.To {
				case "o2":
					return verdict{err: context.DeadlineExceeded}
				case "o4":
					return refused(43101)
				}
				return verdict{}
			}
			for n := 1; n <= 4; n++ { // delivered, sending, suppressed, failed
				w.enqueue(visit(n))
			}
			care, notice := visit(5), everywhere(6)
			care.Template, notice.Channels = "care", []model.MessageChannel{model.ChannelMiniSubscribe}
			w.fans.mini[6] = "m6"
			w.accepts(miniApp, "m6", "MINI-1", 1)
			w.enqueue(care)
			w.enqueue(notice)
			if _, err := w.s.Stop(context.Background(), messages.Stop{Member: 7, Scope: model.StopAll, Reason: "unsubscribed"}); err != nil {
				t.Fatal(err)
			}
			w.run()
			if err := w.report(*w.row("visit:1:1").MsgID, "success"); err != nil {
				t.Fatal(err)
			}
			w.sound()
			err := d.Do(context.Background(), func(_ context.Context, tx *db.Tx) error {
				return tx.Gorm().Exec(tt.corrupt).Error
			})
			if err != nil {
				t.Fatal(err)
			}
			broken, err := audit.Run(context.Background(), d, messages.Invariants())
			if err != nil {
				t.Fatal(err)
			}
			seen := false
			for _, b := range broken {
				seen = seen || b.ID == tt.want
			}
			if !seen {
				t.Errorf("broken %v, want %s among them", broken, tt.want)
			}
		})
	}
}
