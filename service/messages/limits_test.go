package messages_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/jobs"
	"huitou/service/messages"
	"huitou/wechat"
)

func care(member, n int) messages.Message {
	m := visit(member)
	m.Key, m.Template = fmt.Sprintf("care:%d:%d", member, n), "care"
	return m
}

// Care and marketing wait for the morning, what a member asked for does not; what would be of no use by then is not sent.
func TestQuietHours(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		clock.Set(time.Date(2026, 11, 21, 22, 30, 0, 0, model.Shanghai))
		late := care(2, 1)
		late.NotAfter = time.Date(2026, 11, 22, 8, 0, 0, 0, model.Shanghai)
		w.enqueue(visit(1))
		w.enqueue(care(1, 1))
		w.enqueue(late)
		w.runFor(9*time.Hour + 29*time.Minute)
		w.want("visit:1:1", model.MessageAccepted, "")
		w.want("care:1:1", model.MessageQueued, "")
		w.want(late.Key, model.MessageSuppressed, "quiet")
		w.runFor(time.Minute)
		w.want("care:1:1", model.MessageAccepted, "")
		if at := w.row("care:1:1").AttemptAt; !at.Equal(time.Date(2026, 11, 22, 8, 0, 0, 0, model.Shanghai)) {
			t.Errorf("sent at %s, want 08:00", at)
		}
		w.sound()
	})
}

func TestNotBeforeAndNotAfter(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	soon, gone := visit(1), visit(2)
	soon.NotBefore, soon.NotAfter = clock.Now().Add(time.Hour), clock.Now().Add(2*time.Hour)
	gone.NotBefore, gone.NotAfter = clock.Now().Add(time.Hour), clock.Now().Add(2*time.Hour)
	w.enqueue(soon)
	w.runFor(59 * time.Minute)
	w.want(soon.Key, model.MessageQueued, "")
	w.runFor(time.Minute)
	w.want(soon.Key, model.MessageAccepted, "")
	gone.NotBefore = time.Time{}
	w.enqueue(gone)
	clock.Advance(time.Hour)
	w.run()
	w.want(gone.Key, model.MessageSuppressed, "too_late")
	for _, spoil := range []func(*messages.Message){
		func(m *messages.Message) { m.NotBefore, m.NotAfter = clock.Now().Add(time.Hour), clock.Now() },
		func(m *messages.Message) { m.Purpose = "spam" },
		func(m *messages.Message) { m.Channels = []model.MessageChannel{"pigeon"} },
		func(m *messages.Message) { m.Channels = []model.MessageChannel{model.ChannelSMS, model.ChannelSMS} },
	} {
		m := visit(3)
		spoil(&m)
		if _, err := w.s.Enqueue(context.Background(), m); !errors.Is(err, messages.ErrInvalid) {
			t.Errorf("%+v: %v, want %v", m, err, messages.ErrInvalid)
		}
	}
	w.sound()
}

// A member gets so many a day and a week, whoever wants to send; messages that were certainly not seen do not count, and what he asked
// for is not held up by what he did not.
func TestCaps(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		for n := range 3 {
			w.enqueue(care(1, n))
		}
		w.run()
		w.want("care:1:2", model.MessageSuppressed, "cap_day")
		w.enqueue(visit(1))
		w.run()
		w.want("visit:1:1", model.MessageAccepted, "")
		for day := 1; day <= 7; day++ {
			clock.Advance(24 * time.Hour)
			w.enqueue(care(1, day*10))
			w.enqueue(care(1, day*10+1))
			w.run()
		}
		// 2 on day 0 and 1, the fifth on day 2, none until day 0 is seven days ago.
		for n, want := range map[int]string{10: "", 11: "", 20: "", 21: "cap_week", 30: "cap_week", 60: "cap_week", 70: "", 71: ""} {
			got := w.row(fmt.Sprintf("care:1:%d", n))
			if left := got.AcceptedAt != nil; left != (want == "") || !left && (got.State != model.MessageSuppressed || got.Reason != want) {
				t.Errorf("%s is %s %q, want it suppressed for %q or sent", got.MessageKey, got.State, got.Reason, want)
			}
		}
		// Reported as unseen: the room is free again.
		w.enqueue(care(2, 0))
		w.enqueue(care(2, 1))
		w.run()
		if err := w.report(*w.row("care:2:1").MsgID, "failed: system failed"); err != nil {
			t.Fatal(err)
		}
		w.enqueue(care(2, 2))
		w.run()
		w.want("care:2:2", model.MessageAccepted, "")
		// So is that of a message that was refused.
		w.once(refused(47003))
		w.enqueue(care(3, 0))
		w.run()
		w.enqueue(care(3, 1))
		w.enqueue(care(3, 2))
		w.run()
		w.want("care:3:0", model.MessageFailed, "bug")
		w.want("care:3:2", model.MessageAccepted, "")
		w.sound()
	})
}

// Workers of two instances that hold messages to one member meet at his row of the day: together they keep the cap.
func TestCapsHoldAcrossInstances(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		const members, each = 8, 6
		for n := range each {
			for m := 1; m <= members; m++ {
				in := care(m, n)
				if n%2 == 1 {
					in.Template, in.Channels = "promo", nil
				}
				w.enqueue(in)
			}
		}
		for m := 1; m <= members; m++ {
			w.writes(fmt.Sprintf("o%d", m)) // promo goes by customer service
		}
		var instances []*jobs.Queue
		for range 4 {
			w.restart()
			instances = append(instances, w.q)
		}
		var wg sync.WaitGroup
		for _, q := range instances {
			wg.Go(func() {
				if _, err := q.RunDue(context.Background()); err != nil {
					t.Errorf("run due: %v", err)
				}
			})
		}
		wg.Wait()
		if shown, _ := w.phone.seen(); shown != members*2 {
			t.Errorf("%d shown, want 2 for each of %d members", shown, members)
		}
		w.sound()
	})
}

// Do-not-contact stops what it covers on the channels that it names, says why, and can be lifted.
func TestDoNotContact(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		ctx := context.Background()
		row, err := w.s.Stop(ctx, messages.Stop{Staff: 7, Member: 1, Scope: model.StopCare, Reason: "complaint", Note: "来电投诉"})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := w.s.Stop(ctx, messages.Stop{Member: 1, Scope: model.StopCare, Reason: "unsubscribed"}); err != nil || again.ID != row.ID {
			t.Errorf("the same again = %+v, %v", again, err)
		}
		if _, err := w.s.Stop(ctx, messages.Stop{Member: 2, Scope: model.StopAll, Channel: model.ChannelCustomerService, Reason: "unsubscribed"}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Stop(ctx, messages.Stop{Member: 3, Scope: model.StopAll, Reason: "bounced"}); err != nil {
			t.Fatal(err)
		}
		w.writes("o2")
		w.enqueue(care(1, 0))
		w.enqueue(visit(1))
		w.enqueue(everywhere(2))
		w.enqueue(visit(3))
		w.run()
		w.want("care:1:0", model.MessageSuppressed, "do_not_contact:complaint")
		w.want("visit:1:1", model.MessageAccepted, "")
		w.want("visit:3:1", model.MessageSuppressed, "do_not_contact:bounced")
		if got := fmt.Sprint(w.tries(everywhere(2).Key)); got != "[customer_service skipped oa_template accepted]" {
			t.Errorf("a stop of one channel: tries %s", got)
		}
		for _, bad := range []messages.Lift{{Staff: 7, Member: 1, ID: row.ID}, {Staff: 7, Member: 1, ID: row.ID, Note: strings.Repeat("长", 201)}} {
			if err := w.s.Lift(ctx, bad); !errors.Is(err, messages.ErrStopInvalid) {
				t.Errorf("Lift(%+v) = %v, want %v", bad, err, messages.ErrStopInvalid)
			}
		}
		if err := w.s.Lift(ctx, messages.Lift{Staff: 7, Member: 2, ID: row.ID, Note: "x"}); !errors.Is(err, messages.ErrStopUnknown) {
			t.Errorf("somebody else's = %v, want %v", err, messages.ErrStopUnknown)
		}
		for range 2 {
			if err := w.s.Lift(ctx, messages.Lift{Staff: 7, Member: 1, ID: row.ID, Note: "已和解"}); err != nil {
				t.Fatal(err)
			}
		}
		w.enqueue(care(1, 1))
		w.run()
		w.want("care:1:1", model.MessageAccepted, "")
		list, err := w.s.Stops(ctx, 1)
		if err != nil || len(list) != 1 || list[0].LiftedBy != 7 || list[0].LiftedNote != "已和解" {
			t.Errorf("stops %+v, %v", list, err)
		}
		for _, bad := range []messages.Stop{
			{Member: 0, Scope: model.StopAll, Reason: "staff"}, {Member: 1, Scope: "some", Reason: "staff"}, {Member: 1, Scope: model.StopAll, Reason: "mood"},
			{Member: 1, Scope: model.StopAll, Reason: "staff", Channel: "pigeon"}, {Member: 1, Scope: model.StopAll, Reason: "staff", Note: strings.Repeat("长", 201)},
		} {
			if _, err := w.s.Stop(ctx, bad); !errors.Is(err, messages.ErrStopInvalid) {
				t.Errorf("Stop(%+v) = %v, want %v", bad, err, messages.ErrStopInvalid)
			}
		}
		if _, err := w.s.Stop(ctx, messages.Stop{Staff: 7, Member: 1 << 40, Scope: model.StopAll, Reason: "staff"}); !errors.Is(err, messages.ErrNoMember) {
			t.Errorf("Stop of nobody = %v, want %v", err, messages.ErrNoMember)
		}
		w.sound()
	})
}

func TestUnsubscribeWords(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	ctx := context.Background()
	write := func(text string) {
		t.Helper()
		for range 2 { // the vault may tell twice
			if err := w.s.OnText(ctx, wechat.Push{AppID: oaApp, OpenID: "o1", Kind: wechat.KindText, Content: text, CreatedAt: clock.Now()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	holding := func() (n int) {
		t.Helper()
		list, err := w.s.Stops(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if s.LiftedAt == nil {
				n++
			}
		}
		return n
	}
	for _, text := range []string{"退订单", "我要退订会员", "T恤", "不", "", "tdd"} {
		if write(text); holding() != 0 {
			t.Errorf("%q unsubscribed", text)
		}
	}
	for _, text := range []string{"退订", " TD。", "【退订】", "t", "取消订阅", "退 订", "ＴＤ", "ｓｔｏｐ！"} {
		if write(text); holding() != 1 {
			t.Errorf("%q did not unsubscribe", text)
		}
		if write("恢复订阅"); holding() != 0 {
			t.Errorf("after %q nothing takes it back", text)
		}
	}
	// What staff stopped is not the member's to lift.
	if _, err := w.s.Stop(ctx, messages.Stop{Staff: 3, Member: 1, Scope: model.StopAll, Reason: "complaint"}); err != nil {
		t.Fatal(err)
	}
	if write("恢复订阅"); holding() != 1 {
		t.Error("a member lifted what staff had stopped")
	}
}

// A text that the platform forbids is stored, names the rule, and never leaves.
func TestPolicyAtEnqueue(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	m := visit(1)
	m.Data["number"] = "关注后立得红包"
	w.enqueue(m)
	sold := care(2, 0)
	sold.Channels = []model.MessageChannel{model.ChannelOATemplate}
	sold.Purpose = model.PurposeMarketing
	w.enqueue(sold)
	quoted := visit(3)
	quoted.Data["goods"] = "限时秒杀龙井"
	w.enqueue(quoted)
	w.run()
	if got := w.row(m.Key); got.State != model.MessageSuppressed || !strings.HasPrefix(got.Reason, "policy:no_reward_for_share:") {
		t.Errorf("reward for following: %s %q", got.State, got.Reason)
	}
	w.want(sold.Key, model.MessageSuppressed, "policy:service_only:marketing")
	w.want(quoted.Key, model.MessageAccepted, "")
	if len(w.ends) != 2 {
		t.Errorf("ends told: %+v", w.ends)
	}
	w.sound()
}
