package payments

import (
	"context"

	"huitou/model"
	"huitou/model/db"
)

// undeliverable is the kind of break that a seller opens who cannot give what was paid.
const undeliverable Verdict = "undeliverable"

// What the payer reads about money that goes back by itself.
const (
	lateReason          = "订单已关闭,款项原路退回"
	undeliverableReason = "无法提供所购内容,款项原路退回"
)

// RefundDueTx says that what was paid cannot be given: the order becomes refund_due, with a break, and what is left of its money goes
// back by itself. It is for sellers, in the transaction in which they find out. It returns ErrUnknown unless the order is paid; a
// repetition has no effect.
func (s *Service) RefundDueTx(ctx context.Context, tx *db.Tx, id model.PayOrderID, reason string) error {
	o, err := lockOrder(tx, id)
	if err != nil {
		return err
	}
	if o.State == model.PayRefundDue {
		return nil
	}
	if o.State != model.PayPaid {
		return ErrUnknown
	}
	if err := moveOrder(tx, id, model.PayPaid, model.PayRefundDue); err != nil {
		return err
	}
	alarm, err := openBreak(tx, undeliverable, o.OutTradeNo, *o.TransactionID, reason)
	if err != nil {
		return err
	}
	tx.OnCommit(func() { s.sound(ctx, alarm) })
	return s.refundDue(ctx, tx, o, undeliverableReason)
}

// refundDue gives back what is left of an order whose row is locked and whose money must go back. An order that WeChat does not refund
// any more stays with its break for people.
func (s *Service) refundDue(ctx context.Context, tx *db.Tx, o model.PayOrder, reason string) error {
	left := o.RefundableFen()
	if left == 0 && o.RefundedFen == o.AmountFen {
		return settleOfOrder(tx, o.OutTradeNo, "此前已全额退款")
	}
	if left == 0 {
		return nil // all of it is on its way
	}
	if err := refundRefusal(o, left, tx.Now); err != nil {
		s.log.ErrorContext(ctx, "money that must go back cannot", "pay_order", o.ID, "err", err)
		return nil
	}
	_, err := s.reserve(ctx, tx, o, Refund{PayOrder: o.ID, Amount: left, Reason: reason, Source: payKey(o.ID) + ":due"})
	return err
}

// Breaks lists what does not agree, newest first, for staff. next is the cursor of the following page, empty at the end.
func (s *Service) Breaks(ctx context.Context, page db.Page) (list []model.PayBreak, next string, err error) {
	return s.BreaksIn(ctx, "", page)
}

// BreaksIn is Breaks of one state, open or settled.
func (s *Service) BreaksIn(ctx context.Context, state string, page db.Page) (list []model.PayBreak, next string, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		list, next, err = listBreaks(tx, state, page)
		return err
	})
	return list, next, err
}

// sound tells the people on duty about a new break: the error level is what alarms are made from.
func (s *Service) sound(ctx context.Context, b *model.PayBreak) {
	if b != nil {
		s.log.ErrorContext(ctx, "payment break", "break", b.ID, "kind", b.Kind, "out_trade_no", b.OutTradeNo, "detail", b.Detail)
	}
}
