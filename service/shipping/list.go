package shipping

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/jobs"
	"huitou/wechat"
)

// List returns deliveries, newest first; an empty state means all.
func (s *Service) List(ctx context.Context, state model.ShippingState, page db.Page) (list []model.Shipping, next string, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		list, next, err = listRows(tx, state, page)
		return err
	})
	return list, next, err
}

// Retry has a stuck delivery told again.
type Retry struct {
	Staff    model.StaffID
	Shipping model.ShippingID
	Note     string // what was mended, 1 .. 200 characters
}

// Retry queues a stuck delivery anew, for two more days. It returns ErrUnknown and ErrNotStuck.
func (s *Service) Retry(ctx context.Context, in Retry) (row model.Shipping, err error) {
	in.Note = strings.TrimSpace(in.Note)
	if n := utf8.RuneCountInString(in.Note); n < 1 || n > 200 || !utf8.ValidString(in.Note) {
		return row, fault.InvalidFields([]fault.Field{{Name: "note", Reason: "must have 1 to 200 characters"}})
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, err := unstick(tx, in)
		if err != nil {
			return err
		}
		if row, err = rowByID(tx, in.Shipping); err != nil {
			return err
		}
		if !done {
			return ErrNotStuck
		}
		if _, err := s.queue.Insert(ctx, tx, jobs.Job{Kind: jobTell, Args: tellArgs{row.PayOrderID}}); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "shipping.retry", Ref: fmt.Sprintf("shipping:%d", row.ID),
			Detail: map[string]any{"pay_order": row.PayOrderID, "note": in.Note}})
	})
	return row, err
}

// OnSettled notes that WeChat let the money of an order go. once joins the transaction and tells whether this push had its effect before.
func (s *Service) OnSettled(ctx context.Context, p wechat.Push, once func(context.Context, *db.Tx) (bool, error)) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if fresh, err := once(ctx, tx); err != nil || !fresh || p.Trade == nil || p.Trade.TransactionID == "" {
			return err
		}
		return settle(tx, p.Trade.TransactionID)
	})
}

// OnReminded reacts to WeChat's reminder that something was not shipped: the alarm that it is.
func (s *Service) OnReminded(ctx context.Context, p wechat.Push, once func(context.Context, *db.Tx) (bool, error)) error {
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		fresh, err := once(ctx, tx)
		if err != nil || !fresh {
			return err
		}
		number, words := "", ""
		if p.Trade != nil {
			number, words = p.Trade.TransactionID, p.Trade.Message
		}
		tx.OnCommit(func() { s.log.ErrorContext(ctx, "WeChat reminds of a delivery", "transaction", number, "words", words) })
		return nil
	})
}
