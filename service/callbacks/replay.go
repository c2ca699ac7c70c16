package callbacks

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// Replay asks for a failed or ignored callback to be processed again, after a fault of ours was mended or a reaction added.
type Replay struct {
	Staff model.StaffID
	ID    model.CallbackID
}

// Replay puts the callback back into the queue. It returns ErrUnknown, ErrWaiting while the callback is being processed, ErrDone when it
// has had its effect, and ErrKept for notices of WeChat Pay.
func (s *Service) Replay(ctx context.Context, in Replay) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		c, err := lock(tx, in.ID)
		if err != nil {
			return err
		}
		if err := against(c.State); err != nil {
			return err
		}
		was := c.State
		c.Replays++
		if err := reopen(tx, c); err != nil {
			return fmt.Errorf("reopen callback %d: %w", c.ID, err)
		}
		if _, err := s.Jobs.Insert(ctx, tx, jobOf(c)); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{
			Staff: in.Staff, Action: "callbacks.replay", Ref: ref(c.ID), Detail: map[string]any{"was": was},
		})
	})
}

// against returns why a callback in this state cannot be replayed, nil when it can.
func against(state model.CallbackState) error {
	switch state {
	case model.CallbackFailed, model.CallbackIgnored:
		return nil
	case model.CallbackReceived:
		return ErrWaiting
	case model.CallbackKept:
		return ErrKept
	}
	return ErrDone
}
