package messages

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/wechat"
)

// maxMsgID is the longest id that a platform gives a message.
const maxMsgID = 64

// ReportTx takes a platform's delivery report of an accepted message. status is as WeChat writes it: "success",
// "failed:user block", "failed: system failed". A report that comes before the acceptance was stored is kept and
// matched then; a second report of one message has no effect. A message that was blocked or failed goes on to its next
// channel.
func (s *Service) ReportTx(ctx context.Context, tx *db.Tx, msgID, status string, at time.Time) error {
	if msgID == "" || len(msgID) > maxMsgID {
		return ErrInvalid.With("why", "a report without a usable message id")
	}
	if at.IsZero() {
		at = tx.Now
	}
	// Nearly always the acceptance is there, and the report is stored as matched. The message's lock keeps others from it.
	m, found, err := acceptedAs(tx, msgID)
	if err != nil {
		return fmt.Errorf("look for message %s: %w", msgID, err)
	}
	r, fresh, err := keepReport(tx, msgID, status, at, found)
	if err != nil {
		return fmt.Errorf("store the report of message %s: %w", msgID, err)
	}
	switch {
	case !fresh:
		return nil
	case found:
		return s.report(ctx, tx, m, r)
	}
	return s.applyReport(ctx, tx, r) // the acceptance may have been stored while the report was
}

// OnReport reacts to TEMPLATESENDJOBFINISH. once joins the transaction and tells whether this push had its effect before.
func (s *Service) OnReport(ctx context.Context, p wechat.Push, once func(context.Context, *db.Tx) (bool, error)) error {
	return s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if fresh, err := once(ctx, tx); err != nil || !fresh {
			return err
		}
		return s.ReportTx(ctx, tx, p.MsgID, p.Status, p.CreatedAt)
	})
}

// applyReport moves the accepted message of a report on; without one the report waits.
func (s *Service) applyReport(ctx context.Context, tx *db.Tx, r model.MessageReport) error {
	m, found, err := acceptedAs(tx, r.MsgID)
	if err != nil || !found {
		return err
	}
	if err := s.report(ctx, tx, m, r); err != nil {
		return err
	}
	return matched(tx, r.ID)
}

// report moves an accepted message on to what a report says.
func (s *Service) report(ctx context.Context, tx *db.Tx, m model.Message, r model.MessageReport) error {
	state, reason := ended(r.Status)
	return s.close(ctx, tx, m, 0, state, reason, 0)
}

// close stores what became of an accepted message. n is the accepted attempt, or 0 for the one with the message's id.
func (s *Service) close(ctx context.Context, tx *db.Tx, m model.Message, n int64, state model.MessageState, reason string, code int64) error {
	if err := reported(tx, m, n, state); err != nil {
		return fmt.Errorf("store the end of message %d: %w", m.ID, err)
	}
	if state == model.MessageDelivered {
		return s.end(ctx, tx, m, state, reason, code)
	}
	if capped(m.Purpose) && m.AttemptAt != nil { // it was not seen
		if err := count(tx, dayOf{m.MemberID, m.Purpose}, model.DayOf(*m.AttemptAt, model.Shanghai), -1); err != nil {
			return err
		}
	}
	next, err := s.fall(ctx, tx, m, state, reason, code)
	if err == nil && next != "" {
		tx.OnCommit(s.lanes[next].wake)
	}
	return err
}
