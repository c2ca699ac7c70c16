package messages_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/messages"
	"huitou/wechat"
)

// take lets one worker take a batch.
func (w *world) take(c model.MessageChannel, want int) {
	w.t.Helper()
	if n, err := w.s.TakeBatch(context.Background(), c, 100); err != nil || n != want {
		w.t.Fatalf("took %d by %s, %v; want %d", n, c, err, want)
	}
}

// ended counts the messages whose keys begin with a prefix by state and reason.
func (w *world) ended(prefix string) map[string]int {
	w.t.Helper()
	var rows []model.Message
	err := w.d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Where("message_key LIKE ?", prefix+"%").Find(&rows).Error
	})
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]int{}
	for _, m := range rows {
		out[fmt.Sprintf("%s %s", m.State, m.Reason)]++
	}
	return out
}

// only is a message by one channel.
func only(c model.MessageChannel, key string) messages.Message {
	m := everywhere(1)
	m.Key, m.Channels = key, []model.MessageChannel{c}
	return m
}

// A worker that holds many messages to one person spends what he may get once for each of them: consents, customer-service windows, and
// the day's and the week's room. What a batch spent is gone for the next one.
func TestABatchSpendsOncePerMessage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.fans.mini[1] = "m1"

		w.accepts(miniApp, "m1", "MINI-1", 3)
		for n := range 5 {
			w.enqueue(only(model.ChannelMiniSubscribe, fmt.Sprintf("consent:%d", n)))
		}
		w.take(model.ChannelMiniSubscribe, 5)
		if got := w.ended("consent:"); got["accepted "] != 3 || got["suppressed no_consent"] != 2 {
			t.Errorf("five messages for three consents: %v", got)
		}

		w.writes("o1") // room for five texts
		for n := range 3 {
			w.enqueue(only(model.ChannelCustomerService, fmt.Sprintf("text:%d", n)))
		}
		w.take(model.ChannelCustomerService, 3)
		for n := range 4 {
			w.enqueue(only(model.ChannelCustomerService, fmt.Sprintf("text:later:%d", n)))
		}
		w.take(model.ChannelCustomerService, 4)
		if got := w.ended("text:"); got["delivered "] != 5 || got["suppressed no_window"] != 2 {
			t.Errorf("three and four texts in a window of five: %v", got)
		}

		for day := range 3 { // two a day, five a week
			for n := range 3 {
				w.enqueue(care(1, 100*(day+1)+n))
			}
			w.take(model.ChannelOATemplate, 3)
			w.enqueue(care(1, 100*(day+1)+9)) // the batch is counted
			w.take(model.ChannelOATemplate, 1)
			got, most, want := w.ended(fmt.Sprintf("care:1:%d0", day+1)), 2, "cap_day"
			if day == 2 {
				most, want = 1, "cap_week"
			}
			if got["accepted "] != most || got["suppressed "+want] != 4-most {
				t.Errorf("day %d: %v, want %d accepted and the others %s", day, got, most, want)
			}
			clock.Advance(24 * time.Hour)
		}
		w.sound()
	})
}

// One that is sent again because its first answer got lost is the same message: it is paid for once, and what holds for new messages, the
// quiet hours here, does not hold it up until nobody can tell any more whether it was seen.
func TestARepetitionIsNoNewMessage(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	lost := verdict{lose: true, err: errors.New("connection reset")}
	w.once(lost)
	w.enqueue(care(1, 0))
	w.runFor(2 * time.Minute)
	w.want("care:1:0", model.MessageAccepted, "")
	w.enqueue(care(1, 1))
	w.enqueue(care(1, 2))
	w.run()
	w.want("care:1:1", model.MessageAccepted, "")
	w.want("care:1:2", model.MessageSuppressed, "cap_day")

	clock.Set(time.Date(2026, 11, 21, 21, 59, 59, 0, model.Shanghai))
	w.once(lost)
	w.enqueue(care(2, 0))
	w.runFor(2 * time.Minute)
	w.want("care:2:0", model.MessageAccepted, "")
	w.sound()
}

// A channel that a template has a form for, but that nobody is connected to, is passed over without a try.
func TestAChannelThatIsNotConnected(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.s.Desk = nil
	w.writes("o1")
	w.enqueue(everywhere(1))
	w.run()
	if got := fmt.Sprint(w.tries(everywhere(1).Key)); got != "[customer_service skipped oa_template accepted]" {
		t.Errorf("tries %s", got)
	}
	w.sound()
}

// A report of a subscribe message without any code of an error is a good one.
func TestANoticeReportWithoutACode(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.fans.mini[1] = "m1"
	w.accepts(miniApp, "m1", "MINI-1", 1)
	w.enqueue(only(model.ChannelMiniSubscribe, "n"))
	w.run()
	err := w.s.OnNoticeSent(context.Background(), wechat.Push{AppID: miniApp, Event: wechat.EventSubscribeMsgSent, CreatedAt: clock.Now(),
		Subscriptions: []wechat.Subscription{{MsgID: *w.row("n").MsgID}}}, func(context.Context, *db.Tx) (bool, error) { return true, nil })
	if err != nil {
		t.Fatal(err)
	}
	w.want("n", model.MessageDelivered, "")
	w.sound()
}

// T45: the last instant at which a message without an answer may be sent again is before the end of nine minutes, not at it.
func TestT45TheWindowIsHalfOpen(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration
		state model.MessageState
		shown int
	}{{9*time.Minute - time.Microsecond, model.MessageAccepted, 1}, {9 * time.Minute, model.MessageUnknown, 0}} {
		d, clock := dbtest.SQLite(t)
		w := newWorld(t, d, clock)
		w.once(verdict{before: die})
		w.enqueue(visit(1))
		w.runAndDie()
		clock.Advance(tt.after)
		w.run()
		if got, shown := w.row("visit:1:1"), w.phone.shownAs(w.row("visit:1:1").ClientMsgID); got.State != tt.state || shown != tt.shown {
			t.Errorf("looked at again after %s: %s, shown %d times; want %s, %d", tt.after, got.State, shown, tt.state, tt.shown)
		}
		w.sound()
	}
}

// T47: a worker was held up inside its call, and its claim ran out. What it hears in the end counts only as far as nobody knows more.
func TestT47LateAnswers(t *testing.T) {
	no := verdict{lose: true, err: refused(47003).err}
	for _, tt := range []struct {
		name   string
		late   verdict       // of the first attempt
		second verdict       // of the attempt that another worker makes meanwhile, if it makes one
		after  time.Duration // how much later that worker looks
		state  model.MessageState
		tries  string
		told   int // ends that others heard of
	}{
		{"no, after the second attempt was accepted", no, verdict{}, 2 * time.Minute, model.MessageAccepted, "[oa_template refused oa_template accepted]", 0},
		{"no, while the second attempt is in doubt", no, verdict{err: errors.New("no answer")}, 2 * time.Minute, model.MessageSending, "[oa_template refused oa_template unsure]", 0},
		{"no, after the message was given up as unknown", no, verdict{}, 12 * time.Minute, model.MessageUnknown, "[oa_template refused]", 1},
		{"yes, after the message was given up as unknown", verdict{}, verdict{}, 12 * time.Minute, model.MessageAccepted, "[oa_template accepted]", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, clock := dbtest.SQLite(t)
			slow, fast := newWorld(t, d, clock), newWorld(t, d, clock)
			fast.phone = slow.phone
			fast.restart()
			inside, goOn := make(chan struct{}), make(chan struct{})
			tt.late.before = func() { close(inside); <-goOn }
			slow.phone.script = func(n int, _ wechat.TemplateMessage) verdict {
				if n == 1 {
					return tt.late
				}
				return tt.second
			}
			slow.enqueue(visit(1))
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = slow.s.TakeBatch(context.Background(), model.ChannelOATemplate, 1)
			}()
			<-inside
			clock.Advance(tt.after)
			fast.run()
			close(goOn)
			<-done
			fast.run() // tells the ends
			fast.want("visit:1:1", tt.state, fast.row("visit:1:1").Reason)
			if got := fmt.Sprint(fast.tries("visit:1:1")); got != tt.tries {
				t.Errorf("tries %s, want %s", got, tt.tries)
			}
			if len(fast.ends) != tt.told {
				t.Errorf("told of %d ends, want %d: %+v", len(fast.ends), tt.told, fast.ends)
			}
			if shown, _ := slow.phone.seen(); shown > 1 {
				t.Errorf("shown %d times", shown)
			}
			fast.sound()
		})
	}
}

// T48, T45: when the day's quota runs out while a message is in doubt, it is still asked about within its window.
func TestT48QuotaDoesNotStopARepetition(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.phone.script = func(n int, m wechat.TemplateMessage) verdict {
		switch {
		case m.To == "o2":
			return refused(45009)
		case n == 1:
			return verdict{err: errors.New("no answer")}
		}
		return verdict{}
	}
	w.enqueue(visit(1))
	w.enqueue(visit(2))
	w.runFor(2 * time.Minute)
	w.want("visit:1:1", model.MessageAccepted, "")
	if got := w.row("visit:2:1"); got.State != model.MessageQueued || got.Attempts != 1 {
		t.Errorf("the refused one is %s after %d attempts, want queued after one", got.State, got.Attempts)
	}
	w.sound()
}

// Who is not to be contacted at all is not looked up channel by channel.
func TestAStopOfAllChannelsEndsAtOnce(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	if _, err := w.s.Stop(context.Background(), messages.Stop{Member: 1, Scope: model.StopAll, Reason: "complaint"}); err != nil {
		t.Fatal(err)
	}
	w.enqueue(everywhere(1))
	w.run()
	w.want(everywhere(1).Key, model.MessageSuppressed, "do_not_contact:complaint")
	if got := w.tries(everywhere(1).Key); len(got) != 0 {
		t.Errorf("tries %v, want none", got)
	}
	w.sound()
}

// Who blocks on one channel and then wants no contact at all: nothing goes by the next channel, and the message ends as what became of it.
func TestAStopAfterABlockKeepsTheBlock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.accepts(oaApp, "o1", "SUB-1", 1)
		w.enqueue(everywhere(1))
		w.run()
		if err := w.report(*w.row(everywhere(1).Key).MsgID, "failed:user block"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Stop(context.Background(), messages.Stop{Member: 1, Scope: model.StopAll, Reason: "complaint"}); err != nil {
			t.Fatal(err)
		}
		w.run()
		w.want(everywhere(1).Key, model.MessageBlocked, "user_block")
		if got := fmt.Sprint(w.tries(everywhere(1).Key)); got != "[customer_service skipped oa_template accepted blocked oa_subscribe skipped]" {
			t.Errorf("tries %s", got)
		}
		w.sound()
	})
}

// What the platform says about consents and windows corrects the ledger: the next message does not ask again.
func TestThePlatformKnowsBetter(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.fans.mini[1] = "m1"
	w.accepts(miniApp, "m1", "MINI-1", 3)
	w.writes("o1")
	w.phone.on(map[string]verdict{"MINI-1": refused(43101), "text": refused(45015)})
	for n := range 2 {
		for _, c := range []model.MessageChannel{model.ChannelMiniSubscribe, model.ChannelCustomerService} {
			w.enqueue(only(c, fmt.Sprintf("%s:%d", c, n)))
			w.run()
		}
	}
	w.want("mini_subscribe:0", model.MessageFailed, "consent")
	w.want("mini_subscribe:1", model.MessageSuppressed, "no_consent")
	w.want("customer_service:0", model.MessageFailed, "window")
	w.want("customer_service:1", model.MessageSuppressed, "no_window")
	if _, calls := w.phone.seen(); calls != 2 {
		t.Errorf("%d calls, want the two that found out", calls)
	}
	list, err := w.s.Consents(context.Background(), 1)
	if err != nil || len(list) != 3 {
		t.Fatalf("consents %+v, %v", list, err)
	}
	for _, c := range list { // the one that was to pay too
		if c.State != model.ConsentCleared || c.ClearedWhy != "43101" || c.UsedAt != nil {
			t.Errorf("consent %+v, want it cleared by the platform's word", c)
		}
	}
	w.sound()
}

// A message that was refused after midnight gives back the room of the day on which it left.
func TestRoomIsGivenBackToItsDay(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.s.Rules = messages.Rules{QuietFrom: time.Hour, QuietTo: time.Hour, Care: messages.Cap{Day: 1}}
	clock.Set(time.Date(2026, 11, 21, 23, 59, 55, 0, model.Shanghai))
	late := refused(47003)
	late.before = func() { clock.Advance(10 * time.Second) }
	w.once(late)
	w.enqueue(care(1, 0))
	w.run()
	w.want("care:1:0", model.MessageFailed, "bug")
	var days []model.MessageDay
	err := d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Find(&days).Error })
	if err != nil || len(days) != 1 || days[0].Sent != 0 {
		t.Errorf("days %+v, %v; want the 21st with nothing", days, err)
	}
	w.sound()
}

// A window closes at its last instant, and the act that opened it, told again, opens nothing anew.
func TestAWindowIsSpentOnce(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	wrote := wechat.Push{AppID: oaApp, OpenID: "o1", Kind: wechat.KindText, CreatedAt: clock.Now()}
	act := func(p wechat.Push) {
		t.Helper()
		if err := w.s.Acted(context.Background(), p); err != nil {
			t.Fatal(err)
		}
	}
	send := func(key string, state model.MessageState, reason string) {
		t.Helper()
		w.enqueue(only(model.ChannelCustomerService, key))
		w.run()
		w.want(key, state, reason)
	}
	act(wrote)
	for n := range 5 {
		send(fmt.Sprintf("text:%d", n), model.MessageDelivered, "")
	}
	act(wrote)
	send("text:5", model.MessageSuppressed, "no_window")
	clock.Advance(time.Minute)
	wrote.CreatedAt = clock.Now()
	act(wrote)
	clock.Advance(48*time.Hour - time.Microsecond)
	send("text:6", model.MessageDelivered, "")
	clock.Advance(time.Microsecond)
	send("text:7", model.MessageSuppressed, "no_window")
	w.sound()
}
