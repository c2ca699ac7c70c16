package callbacks

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/wechat"
)

// maxRuns is how often a callback is tried before it is failed: with the queue's pauses about half a day. It is below
// jobs.MaxAttempts, so that the vault, where staff look, learns of the end.
const maxRuns = 12

// process hands one callback to its reaction.
func (s *Service) process(ctx context.Context, in processArgs) error {
	var c model.Callback
	err := s.DB.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		c, err = byID(tx, in.ID)
		return err
	})
	if err != nil {
		return fmt.Errorf("read callback %d: %w", in.ID, err)
	}
	if c.State != model.CallbackReceived {
		return nil // done by an earlier run
	}
	reader, ok := s.Readers[c.AppID]
	if !ok {
		return s.end(ctx, c.ID, model.CallbackFailed, "no reader for app "+c.AppID)
	}
	read := reader.Read
	if c.Verdict == VerdictUnopenable {
		read = reader.Reopen
	}
	push, err := read(c.Raw)
	if err != nil {
		return s.end(ctx, c.ID, model.CallbackFailed, cutReason(err.Error()))
	}
	if c.Verdict != VerdictOK {
		if fresh, err := s.mended(ctx, c.ID, push); err != nil || !fresh {
			return err
		}
	}
	at := topic{Channel(c.Channel), Topic(push)}
	if !s.known(at) {
		return s.end(ctx, c.ID, model.CallbackIgnored, "")
	}
	for _, w := range s.watches[at] {
		note := func(ctx context.Context, p wechat.Push, _ Once) error { return w(ctx, p) }
		if err := s.run(ctx, c.ID, note, push, nil); err != nil {
			return s.failed(ctx, c.ID, err)
		}
	}
	react, ok := s.reactions[at]
	if !ok {
		return s.end(ctx, c.ID, model.CallbackDone, "")
	}
	ended := false // by the reaction's own transaction
	once := func(_ context.Context, tx *db.Tx) (bool, error) {
		tx.OnCommit(func() { ended = true })
		return finish(tx, c.ID, model.CallbackDone, "")
	}
	if err := s.run(ctx, c.ID, react, push, once); err != nil {
		return s.failed(ctx, c.ID, err)
	}
	if ended {
		return nil
	}
	return s.end(ctx, c.ID, model.CallbackDone, "")
}

var errPanic = errors.New("the reaction panicked")

// run contains panics, so that a callback which makes the program stumble is counted like any other failure (threat T46).
func (s *Service) run(ctx context.Context, id model.CallbackID, react React, p wechat.Push, once Once) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.Log.ErrorContext(ctx, "reaction to a callback panicked", "callback", id, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return react(ctx, p, once)
}

// failed counts a run and asks the queue for another, or ends the callback.
func (s *Service) failed(ctx context.Context, id model.CallbackID, cause error) error {
	last := false
	err := s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		last, err = countRun(tx, id, cutReason(cause.Error()))
		return err
	})
	switch {
	case err != nil:
		return errors.Join(cause, err)
	case last:
		s.Log.ErrorContext(ctx, "callback failed for good", "callback", id, "err", cause)
		return jobs.Cancel(cutReason(cause.Error()))
	}
	return cause
}

func (s *Service) end(ctx context.Context, id model.CallbackID, state model.CallbackState, reason string) error {
	if state == model.CallbackFailed {
		s.Log.ErrorContext(ctx, "callback failed for good", "callback", id, "reason", reason)
	}
	return s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		_, err := finish(tx, id, state, reason)
		return err
	})
}

// keepFor is how long callbacks of accounts are kept once they had their effect.
const keepFor = 90 * 24 * time.Hour

var purgeTime = jobs.DailyAt(3, 40, model.Shanghai)

// purge deletes old callbacks in small transactions, so that receiving is never held up.
func (s *Service) purge(ctx context.Context) error {
	const batch = 1000
	for {
		var n int64
		err := s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			n, err = deleteOld(tx, tx.Now.Add(-keepFor), batch)
			return err
		})
		if err != nil || n < batch {
			return err
		}
	}
}
