package app

import (
	"context"
	"fmt"
	"time"

	"huitou/model/db"
	"huitou/model/sealed"
	"huitou/service/jobs"
	"huitou/service/members"
)

// TextMessage sends one text message to a number in E.164 form.
type TextMessage func(ctx context.Context, phone, text string) error

const jobPhoneCode = "members.phone_code"

// codeWithin is how long a code is worth sending: it lives five minutes.
const codeWithin = 4 * time.Minute

// phoneCodes sends codes by jobs. What they carry is sealed, because the queue keeps jobs for days.
type phoneCodes struct {
	d    *db.DB
	q    *jobs.Queue
	box  sealed.Box
	send TextMessage
}

type phoneCodeArgs struct {
	Phone string    `json:"phone"`
	Code  string    `json:"code"`
	Until time.Time `json:"until"`
}

func newPhoneCodes(d *db.DB, q *jobs.Queue, key []byte, send TextMessage) *phoneCodes {
	c := &phoneCodes{d: d, q: q, box: sealed.NewBox(key, "huitou phone codes cipher", "huitou phone codes index"), send: send}
	jobs.Handle(q, jobPhoneCode, c.work)
	return c
}

// SendCode writes the job.
func (c *phoneCodes) SendCode(ctx context.Context, tx *db.Tx, phone, code string) error {
	_, err := c.q.Insert(ctx, tx, jobs.Job{Kind: jobPhoneCode,
		Args: phoneCodeArgs{c.box.Seal(jobPhoneCode, phone), c.box.Seal(jobPhoneCode, code), tx.Now.Add(codeWithin)}})
	return err
}

func (c *phoneCodes) work(ctx context.Context, in phoneCodeArgs) error {
	if c.d.Now().After(in.Until) {
		return jobs.Cancel("the code has ended")
	}
	phone, err := c.box.Open(jobPhoneCode, in.Phone)
	if err != nil {
		return fmt.Errorf("open a number: %w", err)
	}
	code, err := c.box.Open(jobPhoneCode, in.Code)
	if err != nil {
		return fmt.Errorf("open a code: %w", err)
	}
	return c.send(ctx, phone, fmt.Sprintf("您的验证码是 %s,5 分钟内有效。请勿告诉他人。", code))
}

// newCodeSender returns how codes are sent, nil when they cannot be.
func newCodeSender(s Settings, d *db.DB, q *jobs.Queue) members.CodeSender {
	send := s.SMS
	if send == nil && s.Simulator != nil {
		send = func(ctx context.Context, phone, text string) error {
			s.Log.InfoContext(ctx, "a text message, as nobody sends it in a simulation", "to", phone[max(0, len(phone)-4):], "text", text)
			return nil
		}
	}
	if send == nil {
		return nil
	}
	return newPhoneCodes(d, q, s.PhoneKey, send)
}
