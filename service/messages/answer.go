package messages

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// answer stores what became of attempts.
func (s *Service) answer(ctx context.Context, l *lane, list []result) error {
	decisions := make([]decision, len(list))
	for i, r := range list {
		if r.err == nil {
			continue
		}
		d := judge(l, r.err, r.m.Tries+1, s.DB.Now())
		if d.step == stepPark {
			l.close(d.until)
		}
		decisions[i] = d
		s.note(ctx, l, r, d)
		if d.unfollow {
			if err := s.unfollow(ctx, l, r.call.to); err != nil {
				return err
			}
		}
	}
	var passed []model.MessageChannel
	err := s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		passed = nil
		rows, err := lockAll(tx, list)
		if err != nil {
			return err
		}
		if err := s.accept(ctx, tx, l, rows, list); err != nil {
			return err
		}
		for i, r := range list {
			if r.err == nil {
				continue
			}
			next, err := s.refuse(ctx, tx, rows[r.m.ID], r, decisions[i])
			if err != nil {
				return err
			}
			if next != "" {
				passed = append(passed, next)
			}
		}
		return nil
	})
	for _, c := range passed {
		s.lanes[c].wake()
	}
	return err
}

func (s *Service) note(ctx context.Context, l *lane, r result, d decision) {
	log := s.Log.InfoContext
	switch {
	case d.alarm:
		log = s.Log.ErrorContext
	case errors.Is(r.err, errNotLeft):
		log = s.Log.DebugContext
	}
	log(ctx, "message was not accepted", "message", r.m.ID, "channel", l.channel, "attempt", r.n, "next", d.step, "reason", d.reason, "code", d.code, "err", r.err)
}

// unfollow marks a recipient whom the official account cannot reach. Its own transaction: the member's rows come before the outbox
// in the order of locks.
func (s *Service) unfollow(ctx context.Context, l *lane, openID string) error {
	if l.channel != model.ChannelOATemplate {
		return nil
	}
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.Followers.UnfollowTx(ctx, tx, openID, tx.Now); err != nil {
			return fmt.Errorf("mark a recipient as not following: %w", err)
		}
		return nil
	})
}

// accept stores the platform's ids. A message that was given up as unknown meanwhile is accepted all the same: now it is known.
// When two attempts were both answered, the platform took them for one message, and the first answer stays.
func (s *Service) accept(ctx context.Context, tx *db.Tx, l *lane, rows map[model.MessageID]model.Message, list []result) error {
	var ids []string
	for _, r := range list {
		if r.err != nil {
			continue
		}
		m := rows[r.m.ID]
		switch {
		case m.Channel != l.channel, m.State != model.MessageQueued && m.State != model.MessageSending && m.State != model.MessageUnknown:
			if err := closeAttempt(tx, r.attempt, model.AttemptRepeated, 0, "", ""); err != nil {
				return err
			}
			continue
		}
		if err := accepted(tx, r.attempt, r.msgID); err != nil {
			return err
		}
		if r.msgID != "" {
			ids = append(ids, r.msgID)
		}
		if !l.reports {
			if err := s.close(ctx, tx, m, r.n, model.MessageDelivered, "", 0); err != nil {
				return err
			}
		}
	}
	// The locking read waits for a report that is being stored right now; keepReport in turn waits for this row. One of the two
	// transactions therefore sees the other.
	early, err := reportsOf(tx, ids)
	if err != nil {
		return fmt.Errorf("look for early reports: %w", err)
	}
	for _, r := range early {
		if err := s.applyReport(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

// refuse stores an attempt that was not accepted, and returns the channel whose turn it is then, if that changed.
func (s *Service) refuse(ctx context.Context, tx *db.Tx, m model.Message, r result, d decision) (next model.MessageChannel, err error) {
	outcome := model.AttemptRefused
	if d.step == stepUnsure {
		outcome = model.AttemptUnsure
	}
	if err := closeAttempt(tx, r.attempt, outcome, d.code, r.err.Error(), ""); err != nil {
		return "", err
	}
	if m.State != model.MessageSending || m.Attempts != r.n {
		return "", nil // another attempt was made or answered meanwhile, and its word counts
	}
	m.Reason, m.Code = d.reason, d.code
	// A refusal clears the doubt only when no earlier attempt is in doubt.
	doubt := d.step == stepUnsure || m.UnsureSince != nil && m.UnsureSince.Before(r.started)
	if !doubt {
		if err := s.unspent(ctx, tx, m, r, d); err != nil {
			return "", err
		}
	}
	switch {
	case doubt && (d.step == stepFail || s.lanes[m.Channel].repeat == 0):
		return "", s.end(ctx, tx, m, model.MessageUnknown, d.reason, d.code)
	case d.step == stepFail:
		return s.fall(ctx, tx, m, d.state(), d.reason, d.code)
	case doubt:
		// It stays in sending: sent again within the window, unknown after it, however long the quota lasts.
		return "", waits(tx, m, model.MessageSending, d.reason, d.code, tx.Now.Add(backoff(r.m.Tries+1)))
	case d.step == stepPark:
		return "", waits(tx, m, model.MessageQueued, d.reason, d.code, d.until)
	default:
		return "", waits(tx, m, model.MessageQueued, d.reason, d.code, tx.Now.Add(d.pause))
	}
}

// fall is a channel's failure: the next channel's turn, or the end. It is for messages that were certainly not seen.
func (s *Service) fall(ctx context.Context, tx *db.Tx, m model.Message, state model.MessageState, reason string, code int64) (next model.MessageChannel, err error) {
	if next = following(split(m.Channels), m.Channel); next == "" {
		return "", s.end(ctx, tx, m, state, reason, code)
	}
	return next, turn(tx, m, next, state, reason, code)
}

// pass stores why nothing left by a channel: the next channel's turn, or the end, which is how the last one ended that was tried.
func (s *Service) pass(ctx context.Context, tx *db.Tx, m model.Message, r ruling) (next model.MessageChannel, err error) {
	if m.UnsureSince != nil {
		// That nobody can be sent to now does not tell what became of the attempt before.
		return "", s.end(ctx, tx, m, model.MessageUnknown, r.reason, 0)
	}
	next = following(split(m.Channels), m.Channel)
	if next != "" || m.Fell != "" { // else the message itself keeps the reason
		if m, err = skipped(tx, m, r.reason); err != nil {
			return "", err
		}
	}
	switch {
	case r.move == moveFail:
		return s.fall(ctx, tx, m, model.MessageFailed, r.reason, 0)
	case next != "":
		return next, turn(tx, m, next, m.Fell, m.Reason, m.Code)
	case m.Fell != "":
		return "", s.end(ctx, tx, m, m.Fell, m.Reason, m.Code)
	default:
		return "", s.end(ctx, tx, m, model.MessageSuppressed, r.reason, 0)
	}
}

// end ends a message and tells those who wait for it. One that may have been seen is unknown instead of suppressed, and one that fell on
// a channel before ends as it fell there: it left us, so it was not suppressed.
func (s *Service) end(ctx context.Context, tx *db.Tx, m model.Message, state model.MessageState, reason string, code int64) error {
	if m.UnsureSince != nil && state == model.MessageSuppressed {
		state = model.MessageUnknown
	}
	if state == model.MessageSuppressed && m.Fell != "" {
		var err error
		if m, err = skipped(tx, m, reason); err != nil {
			return err
		}
		state, reason, code = m.Fell, m.Reason, m.Code
	}
	if err := finish(tx, m.ID, state, reason, code); err != nil {
		return err
	}
	return s.tell(ctx, tx, m, state, reason)
}
