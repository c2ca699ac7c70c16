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
	"huitou/wechat"
)

// send is the worker of one message: it stores the attempt, makes the call outside any transaction, stores the answer.
func (s *Service) send(ctx context.Context, in sendArgs) error {
	a, err := s.begin(ctx, in.ID)
	if err != nil || a.call == nil {
		return errors.Join(err, a.next)
	}
	if s.DB.Now().Sub(a.started) > callTimeout {
		// This process was held up after it stored the attempt. Another may have taken over, so a call now could
		// leave after WeChat's window.
		return jobs.Snooze(backoff(a.n))
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	msgID, callErr := s.Sender.SendTemplate(call, *a.call)
	cancel()
	if callErr == nil && msgID == "" {
		callErr = errNoMsgID
	}
	next, err := s.answer(ctx, a, msgID, callErr)
	return errors.Join(err, next)
}

// errNoMsgID is no proof that nothing was sent.
var errNoMsgID = errors.New("the sender returned no message id")

// attempt is one try that was stored and may now leave.
type attempt struct {
	id      model.MessageID
	n       int64
	started time.Time
	call    *wechat.TemplateMessage // nil: nothing is to be sent
	next    error                   // what to tell the queue when nothing is to be sent
}

// begin decides whether the message may be sent now and stores the attempt.
func (s *Service) begin(ctx context.Context, id model.MessageID) (a attempt, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		a = attempt{id: id, started: tx.Now}
		m, err := lock(tx, id)
		if err != nil {
			return fmt.Errorf("lock message %d: %w", id, err)
		}
		switch m.State {
		case model.MessageQueued, model.MessageSending:
		default:
			return nil
		}
		if m.UnsureSince != nil && tx.Now.Sub(*m.UnsureSince) >= unsureWindow {
			s.Log.ErrorContext(ctx, "message has an unknown end", "message", m.ID, "attempts", m.Attempts)
			return end(tx, m.ID, model.MessageUnknown, "no_answer", 0)
		}
		if wait := s.parked(m, tx.Now); wait > 0 {
			a.next = jobs.Snooze(wait)
			return nil
		}
		openID, following, err := s.Followers.FollowerTx(ctx, tx, m.MemberID)
		if err != nil {
			return fmt.Errorf("look up whether member %d follows: %w", m.MemberID, err)
		}
		call, reason, err := s.compose(m, openID, following)
		if err != nil {
			s.Log.ErrorContext(ctx, "message cannot be worded", "message", m.ID, "template", m.Template, "err", err)
			return stop(tx, m, model.MessageFailed, "data:"+cutText(err.Error(), 200))
		}
		if reason != "" {
			return stop(tx, m, model.MessageSuppressed, reason)
		}
		a.n, a.call = m.Attempts+1, &call
		return leave(tx, m, a.n, openID)
	})
	return a, err
}

// stop ends a message that is not to be sent. One that may have been seen is unknown instead: that nobody can be sent to now
// does not tell what became of the attempt before.
func stop(tx *db.Tx, m model.Message, state model.MessageState, reason string) error {
	if m.UnsureSince != nil {
		state = model.MessageUnknown
	}
	return end(tx, m.ID, state, reason, 0)
}

// parked returns how long the message must still wait. One without a stored answer never waits for the quota, since its
// window is shorter; its repetition is not a new message.
func (s *Service) parked(m model.Message, now time.Time) time.Duration {
	if m.UnsureSince != nil {
		return 0
	}
	until := time.UnixMicro(s.quotaUntil.Load())
	if m.NotBefore != nil && m.NotBefore.After(until) {
		until = *m.NotBefore
	}
	return until.Sub(now)
}

// compose returns the call, or the reason why there is none.
func (s *Service) compose(m model.Message, openID string, following bool) (call wechat.TemplateMessage, reason string, err error) {
	t, known := s.Templates[m.Template]
	switch {
	case !known || t.ID == "":
		return call, "no_template", nil
	case openID == "" || !following:
		return call, "not_following", nil
	}
	var data map[string]string
	if err := json.Unmarshal([]byte(m.Data), &data); err != nil {
		return call, "", fmt.Errorf("decode the texts: %w", err)
	}
	fields, err := wording(t, data)
	if err != nil {
		return call, "", err
	}
	return wechat.TemplateMessage{To: openID, TemplateID: t.ID, URL: m.URL, Data: fields, ClientMsgID: m.ClientMsgID}, "", nil
}

// answer stores what became of an attempt and returns what to tell the queue.
func (s *Service) answer(ctx context.Context, a attempt, msgID string, callErr error) (next, err error) {
	// The answer must be stored even when the process is asked to stop: losing it makes the end unknown.
	ctx = context.WithoutCancel(ctx)
	if callErr == nil {
		return nil, s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error { return accept(tx, a, msgID) })
	}
	now := s.DB.Now()
	d := judge(callErr, a.n, now)
	log := s.Log.InfoContext
	if d.alarm {
		log = s.Log.ErrorContext
	}
	log(ctx, "message was not accepted", "message", a.id, "attempt", a.n, "next", d.step, "reason", d.reason, "code", d.code, "err", callErr)
	if d.step == stepPark && d.code == 45009 {
		s.quotaUntil.Store(d.until.UnixMicro())
	}
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if d.unfollow {
			if err := s.Followers.UnfollowTx(ctx, tx, a.call.To, tx.Now); err != nil {
				return fmt.Errorf("mark a recipient as not following: %w", err)
			}
		}
		next, err = refuse(tx, a, d, callErr)
		return err
	})
	return next, err
}
