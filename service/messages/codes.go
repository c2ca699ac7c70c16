package messages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/service/messages/sms"
	"huitou/wechat"
)

// CodeTemplate is our name of the template of verification codes; its SMS form fills "code" and "minutes".
const CodeTemplate = "code"

const kindCode = "messages.code"

// codeArgs are sealed: neither number nor code stand in the database in the clear.
type codeArgs struct {
	Sealed  string    `json:"sealed"`
	Expires time.Time `json:"expires"`
}

type codeSecret struct{ Phone, Code string }

// SendCodeTx sends a verification code to a phone number (E.164), which need not be any member's. It leaves after the commit, at most
// once, and not after expires: the person asks for another one then. Nothing is said about whether the number is known.
func (s *Service) SendCodeTx(ctx context.Context, tx *db.Tx, phone, code string, expires time.Time) error {
	if !s.codes.Ready() || s.SMS == nil {
		return ErrNoSMS
	}
	if _, ok := s.Templates[CodeTemplate].Forms[model.ChannelSMS]; !ok {
		return ErrNoSMS
	}
	secret, err := json.Marshal(codeSecret{phone, code})
	if err != nil {
		return fmt.Errorf("encode a verification code: %w", err)
	}
	_, err = s.Jobs.Insert(ctx, tx, jobs.Job{Kind: kindCode, Args: codeArgs{s.codes.Seal(kindCode, string(secret)), expires.UTC()}})
	return err
}

// sendCode is the worker. A text whose fate is not known is not sent again: the same code twice would be harmless, but a provider that hangs
// would be paid for every try.
func (s *Service) sendCode(ctx context.Context, in codeArgs) error {
	now := s.DB.Now()
	if !now.Before(in.Expires) {
		return jobs.Cancel("expired")
	}
	opened, err := s.codes.Open(kindCode, in.Sealed)
	if err != nil {
		return jobs.Cancel(err.Error())
	}
	var secret codeSecret
	if err := json.Unmarshal([]byte(opened), &secret); err != nil {
		return jobs.Cancel("the sealed code cannot be read")
	}
	minutes := int(in.Expires.Sub(now).Round(time.Minute) / time.Minute)
	m := model.Message{Channel: model.ChannelSMS, MessageKey: in.Sealed}
	c, err := word(m, s.Templates[CodeTemplate].Forms[model.ChannelSMS], map[string]string{"code": secret.Code, "minutes": fmt.Sprint(max(minutes, 1))})
	if err != nil {
		return jobs.Cancel(err.Error())
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err = s.SMS.Send(call, sms.Message{Phone: secret.Phone, Template: c.form.ID, Params: params(c.fields), Text: c.text, Ref: c.clientMsgID})
	var refused refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && (refused.Class() == wechat.ClassRetry || refused.Class() == wechat.ClassQuota):
		return jobs.Snooze(5 * time.Second)
	case errors.As(err, &refused):
		s.Log.ErrorContext(ctx, "verification code was refused", "class", refused.Class(), "err", err)
		return jobs.Cancel("refused: " + err.Error())
	}
	return jobs.Cancel("nobody knows whether it was sent: " + err.Error())
}

// emptyMailbox takes over what became of texts, and what people answered: 退订 stops texts to them.
func (s *Service) emptyMailbox(ctx context.Context, box sms.Mailbox) error {
	receipts, err := box.Receipts(ctx)
	if err != nil {
		return fmt.Errorf("read receipts of texts: %w", err)
	}
	for _, r := range receipts {
		status := "success"
		if !r.Delivered {
			status = "failed:" + first(r.Why, "undelivered")
		}
		err := s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return s.ReportTx(ctx, tx, r.ID, status, r.At) })
		if err != nil && !errors.Is(err, ErrInvalid) {
			return fmt.Errorf("take over a receipt: %w", err)
		}
	}
	replies, err := box.Replies(ctx)
	if err != nil {
		return fmt.Errorf("read replies to texts: %w", err)
	}
	for _, r := range replies {
		err := s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			owner, known, err := s.Followers.OwnerOfPhoneTx(ctx, tx, r.Phone)
			if err != nil || !known {
				return err
			}
			_, err = s.HeardTx(ctx, tx, owner, model.ChannelSMS, r.Text)
			return err
		})
		if err != nil {
			return fmt.Errorf("take over a reply: %w", err)
		}
	}
	return nil
}
