package messages

import (
	"context"
	"fmt"
	"time"

	"huitou/model/db"
	"huitou/wechat"
)

// ReportTx takes WeChat's delivery report of an accepted message. status is as WeChat writes it: "success",
// "failed:user block", "failed: system failed". A report that comes before the acceptance was stored is kept and
// matched then; a second report of one message has no effect.
func (s *Service) ReportTx(_ context.Context, tx *db.Tx, msgID, status string, at time.Time) error {
	if msgID == "" || len(msgID) > 32 {
		return ErrInvalid.With("why", "a report without a usable message id")
	}
	if at.IsZero() {
		at = tx.Now
	}
	if err := keepReport(tx, msgID, status, at); err != nil {
		return fmt.Errorf("store the report of message %s: %w", msgID, err)
	}
	return nil
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
