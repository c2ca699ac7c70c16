package payments

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
)

// Bills lists the days that were reconciled or tried, the latest first, at most limit (1 to 100) before a day; the zero day means from the
// latest.
func (r *Reconciliation) Bills(ctx context.Context, before model.Day, limit int) (list []model.PayBill, err error) {
	err = r.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		list, err = listBills(tx, before, min(max(limit, 1), 100))
		return err
	})
	return list, err
}

// Breaks lists what bills and we did not agree about, newest first; an empty state means all.
func (r *Reconciliation) Breaks(ctx context.Context, state model.PayBillBreakState, page db.Page) (list []model.PayBillBreak, next string, err error) {
	err = r.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		list, next, err = listBillBreaks(tx, state, page)
		return err
	})
	return list, next, err
}

// CloseBillBreak ends a break that people have looked into.
type CloseBillBreak struct {
	Staff model.StaffID
	Break model.PayBillBreakID
	Note  string // what was found, 1 .. 500 characters
}

// Close closes an open break. It returns ErrBillBreakUnknown, and ErrBillBreakEnded when it is not open.
func (r *Reconciliation) Close(ctx context.Context, in CloseBillBreak) (b model.PayBillBreak, err error) {
	in.Note = strings.TrimSpace(in.Note)
	if n := utf8.RuneCountInString(in.Note); n < 1 || n > 500 || !utf8.ValidString(in.Note) {
		return b, fault.InvalidFields([]fault.Field{{Name: "note", Reason: "must have 1 to 500 characters"}})
	}
	err = r.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		done, err := closeBillBreak(tx, in.Break, in.Staff, in.Note)
		if err != nil {
			return err
		}
		if b, err = billBreakByID(tx, in.Break); err != nil {
			return err
		}
		if !done {
			return ErrBillBreakEnded
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "payments.close_bill_break", Ref: fmt.Sprintf("bill_break:%d", b.ID),
			Detail: map[string]any{"day": b.Day.String(), "bucket": b.Bucket, "number": b.Number, "note": b.Note}})
	})
	return b, err
}
