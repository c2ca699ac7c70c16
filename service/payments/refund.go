package payments

import (
	"context"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/jobs"
)

// Refund asks for money of an order to go back to its payer.
type Refund struct {
	PayOrder model.PayOrderID
	Amount   model.Fen // 1 .. what is left of the order
	Reason   string    // what the payer reads, 1 .. 80 characters
	// Source says why, "membership:12:refund". It has one refund for ever: the same source again returns it.
	Source string
	Staff  model.StaffID // 0 = an event
}

// Refunded is the fact that money is back with its payer, recorded once for each refund, whatever WeChat repeats.
type Refunded struct {
	PayOrder      model.PayOrderID  `json:"pay_order"`
	Refund        model.PayRefundID `json:"refund"`
	Number        string            `json:"number"` // of the order, as in Paid
	Purpose       string            `json:"purpose"`
	Ref           string            `json:"ref"`
	Member        model.MemberID    `json:"member"`
	Amount        model.Fen         `json:"amount_fen"`
	RefundedTotal model.Fen         `json:"refunded_total_fen"` // of the order, with this one
	PaidAmount    model.Fen         `json:"paid_fen"`
	RefundedAt    time.Time         `json:"refunded_at"`
	Source        string            `json:"source"`
}

// FactName names the kind of fact.
func (Refunded) FactName() string { return "payments.refunded" }

// FactKey names this one.
func (r Refunded) FactKey() string { return refundKey(r.Refund) + ":success" }

// Refund asks for a refund in a transaction of its own; see RefundTx.
func (s *Service) Refund(ctx context.Context, in Refund) (r model.PayRefund, fresh bool, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, fresh, err = s.RefundTx(ctx, tx, in)
		return err
	})
	return r, fresh, err
}

// RefundTx reserves the amount of a refund and lets a job give it to WeChat after the commit. fresh is false when the source has its
// refund already. The amount stays reserved until the refund ends, so that refunds of one order never exceed what was paid, whoever
// asks at once. It takes the lock of the order's row. Returned are ErrUnknown, ErrNotPaid, ErrRefundTooMuch, ErrRefundTooMany,
// ErrRefundTooLate, and ErrRefundReused when the source has a refund of another order or amount.
func (s *Service) RefundTx(ctx context.Context, tx *db.Tx, in Refund) (r model.PayRefund, fresh bool, err error) {
	if err := checkRefund(in); err != nil {
		return r, false, err
	}
	o, err := lockOrder(tx, in.PayOrder)
	if err != nil {
		return r, false, err
	}
	old, known, err := refundBySource(tx, in.Source)
	if err != nil || known {
		if known && (old.PayOrderID != in.PayOrder || old.AmountFen != in.Amount) {
			return r, false, ErrRefundReused
		}
		return old, false, err
	}
	r, err = s.reserve(ctx, tx, o, in)
	return r, err == nil, err
}

var sourceForm = regexp.MustCompile(`^[0-9A-Za-z_:.-]{1,128}$`)

func checkRefund(in Refund) error {
	var fields []fault.Field
	if in.Amount < 1 {
		fields = append(fields, fault.Field{Name: "amount_fen", Reason: "must be at least 1"})
	}
	if n := utf8.RuneCountInString(in.Reason); n < 1 || n > 80 || !utf8.ValidString(in.Reason) {
		fields = append(fields, fault.Field{Name: "reason", Reason: "must have 1 to 80 characters"})
	}
	if !sourceForm.MatchString(in.Source) {
		fields = append(fields, fault.Field{Name: "source", Reason: "must be 1 to 128 letters or digits"})
	}
	return fault.InvalidFields(fields)
}

// reserve stores a refund of an order whose row is locked.
func (s *Service) reserve(ctx context.Context, tx *db.Tx, o model.PayOrder, in Refund) (r model.PayRefund, err error) {
	if err := refundRefusal(o, in.Amount, tx.Now); err != nil {
		return r, err
	}
	reserved, err := reserveRefund(tx, o.ID, in.Amount)
	if err != nil {
		return r, err
	}
	if !reserved { // a server that ignores locks
		return r, ErrRefundTooMuch
	}
	r = model.PayRefund{
		PublicID: model.PublicID(random.ID()), PayOrderID: o.ID, AmountFen: in.Amount, Reason: in.Reason, Source: in.Source, StaffID: in.Staff,
		State: model.RefundRequested, Ordinal: 1, RequestedAt: tx.Now,
	}
	isNew, err := tx.Insert(&r)
	if err != nil {
		return r, fmt.Errorf("store a refund of payment %d: %w", o.ID, err)
	}
	if !isNew { // the source was used for another order just now
		return r, ErrRefundReused
	}
	if err := s.giveNumber(ctx, tx, r); err != nil {
		return r, err
	}
	if in.Staff == 0 {
		return r, nil
	}
	return r, audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "payments.refund", Ref: refundKey(r.ID),
		Detail: map[string]any{"pay_order": o.ID, "amount_fen": in.Amount, "reason": in.Reason, "source": in.Source}})
}

// giveNumber makes the current number of a refund and the job that brings it to WeChat. Number and job are stored before any call, so
// that each retry has the same number.
func (s *Service) giveNumber(ctx context.Context, tx *db.Tx, r model.PayRefund) error {
	n := model.PayRefundNumber{
		PayRefundID: r.ID, PayOrderID: r.PayOrderID, Ordinal: r.Ordinal, OutRefundNo: "HR" + random.Upper(26),
		State: model.RefundRequested, CreatedAt: tx.Now,
	}
	if err := insertRefundNumber(tx, &n); err != nil {
		return err
	}
	_, err := s.queue.Insert(ctx, tx, jobs.Job{
		Kind: jobRefund, Args: refundArgs{r.ID, r.Ordinal}, Key: fmt.Sprintf("%s:%d", refundKey(r.ID), r.Ordinal),
	})
	return err
}

// PayRefund returns a refund, or ErrRefundUnknown.
func (s *Service) PayRefund(ctx context.Context, id model.PayRefundID) (r model.PayRefund, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		r, err = refundByID(tx, id)
		return err
	})
	return r, err
}

// RefundsTx lists the refunds of an order, oldest first.
func (s *Service) RefundsTx(_ context.Context, tx *db.Tx, id model.PayOrderID) ([]model.PayRefund, error) {
	return refundsOf(tx, id)
}
