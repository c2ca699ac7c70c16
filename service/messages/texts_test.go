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
	"huitou/service/messages"
	"huitou/service/messages/sms"
	"huitou/wechat"
)

// texts is a provider of SMS.
type texts struct {
	mu       sync.Mutex
	sent     []sms.Message
	err      error
	receipts []sms.Receipt
	replies  []sms.Reply
}

func (x *texts) Send(_ context.Context, m sms.Message) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.sent = append(x.sent, m)
	return fmt.Sprintf("5000:%d", len(x.sent)), x.err
}

// mailbox is a provider that can be asked what became of texts.
type mailbox struct{ *texts }

func (x mailbox) Receipts(context.Context) ([]sms.Receipt, error) {
	defer func() { x.receipts = nil }()
	return x.receipts, nil
}

func (x mailbox) Replies(context.Context) ([]sms.Reply, error) {
	defer func() { x.replies = nil }()
	return x.replies, nil
}

const phoneNumber = "+8613800138000"

func textTo(n int) messages.Message {
	m := visit(n)
	m.Template = "text"
	return m
}

// A text goes to the member's phone, its receipt ends it, and what he answers stops the next ones; the number stands nowhere.
func TestSMS(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		w.mail = true
		w.restart()
		w.run() // enters the timetable
		w.fans.phones[1] = phoneNumber
		w.enqueue(textTo(1))
		w.enqueue(textTo(2)) // has no phone
		w.run()
		if len(w.texts.sent) != 1 || w.texts.sent[0].Phone != phoneNumber || fmt.Sprint(w.texts.sent[0].Params) != "[T20261121001 明前龙井]" || w.texts.sent[0].Template != "77" {
			t.Fatalf("sent %+v", w.texts.sent)
		}
		w.want(textTo(1).Key, model.MessageAccepted, "")
		w.want(textTo(2).Key, model.MessageSuppressed, "no_phone")
		w.texts.receipts = []sms.Receipt{{ID: "5000:1", Delivered: true, At: clock.Now()}, {ID: "nobody's", Why: "空号"}, {ID: strings.Repeat("1", 65)}}
		w.texts.replies = []sms.Reply{{Phone: phoneNumber, Text: "TD"}, {Phone: "+8613900139000", Text: "TD"}}
		w.runFor(10 * time.Minute)
		w.want(textTo(1).Key, model.MessageDelivered, "")
		again := textTo(1)
		again.Key, again.Purpose = "care", model.PurposeCare
		w.enqueue(again)
		w.run()
		w.want("care", model.MessageSuppressed, "do_not_contact:unsubscribed")
		var dump []string
		err := d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Raw("SELECT CONCAT(open_id, error, COALESCE(msg_id, '')) FROM message_attempts").Scan(&dump).Error
		})
		if err != nil || strings.Contains(strings.Join(dump, " "), "13800138000") {
			t.Errorf("a phone number stands in the attempts: %v, %v", dump, err)
		}
		w.sound()
	})
}

// A provider's day is over: the lane closes until 00:05. No answer: nobody sends it again.
func TestSMSRefusals(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	for n := 1; n <= 3; n++ {
		w.fans.phones[model.MemberID(n)] = phoneNumber
		w.enqueue(textTo(n))
	}
	w.texts.err = &sms.Error{Code: "LimitExceeded.AppMainlandChinaDailyLimit", Kind: wechat.ClassQuota, Today: true}
	w.runFor(3 * time.Hour)
	if len(w.texts.sent) != 1 {
		t.Errorf("%d calls on a used-up quota, want the one that found out", len(w.texts.sent))
	}
	w.texts.err = errors.New("no answer")
	w.runFor(24 * time.Hour)
	if len(w.texts.sent) != 4 {
		t.Errorf("%d calls, want one more for each text", len(w.texts.sent))
	}
	for n := 1; n <= 3; n++ {
		w.want(textTo(n).Key, model.MessageUnknown, "no_answer")
	}
	w.sound()
}

// A code leaves at most once, in time or not at all, and neither it nor the number stands in the database.
func TestCodes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := newWorld(t, d, clock)
		send := func(code string, expires time.Duration) {
			t.Helper()
			err := d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
				return w.s.SendCodeTx(ctx, tx, phoneNumber, code, tx.Now.Add(expires))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		send("135790", 5*time.Minute)
		w.run()
		if len(w.texts.sent) != 1 || w.texts.sent[0].Text != "验证码135790,5分钟内有效" || w.texts.sent[0].Phone != phoneNumber {
			t.Fatalf("sent %+v", w.texts.sent)
		}
		send("246801", 5*time.Minute)
		clock.Advance(6 * time.Minute)
		w.run()
		w.texts.err = &sms.Error{Code: "RequestLimitExceeded", Kind: wechat.ClassQuota}
		send("112233", 12*time.Second)
		w.runFor(time.Minute)
		if n := len(w.texts.sent); n != 4 {
			t.Errorf("%d calls, want the late one never, and three of the one that was refused until it expired", n)
		}
		w.texts.err = errors.New("no answer")
		send("445566", 5*time.Minute)
		w.runFor(time.Hour)
		if n := len(w.texts.sent); n != 5 {
			t.Errorf("%d calls, want one more for the code without an answer", n)
		}
		var args []string
		err := d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Raw("SELECT CONCAT(args, COALESCE(last_error, '')) FROM jobs").Scan(&args).Error
		})
		if all := strings.Join(args, " "); err != nil || strings.Contains(all, "135790") || strings.Contains(all, "13800138000") || len(args) < 4 {
			t.Errorf("code or number stand in the jobs: %v, %v", args, err)
		}
	})
}
