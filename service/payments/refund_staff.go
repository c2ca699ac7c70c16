package payments

import (
	"context"
	"strings"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/jobs"
	"huitou/wechat"
)

// RefundAction is what staff do about a refund that cannot go on by itself. It is done once: a second person, or a second tap, finds it in
// another state and is refused with ErrRefundMoves.
type RefundAction struct {
	Staff  model.StaffID
	Refund model.PublicID
	Note   string // required
}

// ResubmittedAtWeChat notes that staff have sent an abnormal refund on its way in WeChat's console: it is asked about again. It returns
// ErrRefundUnknown and ErrRefundMoves.
func (s *Service) ResubmittedAtWeChat(ctx context.Context, in RefundAction) (model.PayRefund, error) {
	return s.act(ctx, in, "payments.refund_resubmitted", func(ctx context.Context, tx *db.Tx, _ model.PayOrder, r *model.PayRefund, n model.PayRefundNumber) error {
		if n.State != model.RefundAbnormal {
			return ErrRefundEnded
		}
		if err := moveNumber(tx, n, model.RefundProcessing, ""); err != nil {
			return err
		}
		if err := setRefund(tx, r, model.RefundProcessing, ""); err != nil {
			return err
		}
		_, err := s.queue.Insert(ctx, tx, jobs.Job{Kind: jobRefund, Args: refundArgs{r.ID, r.Ordinal}})
		return err
	})
}

// RetryRefund gives an abnormal refund a new number. WeChat is asked about the present one first: as long as it holds the money under that
// number the refund goes on there, or in WeChat's console, and a new number is refused with ErrRefundHeld, because it would be paid
// twice.
func (s *Service) RetryRefund(ctx context.Context, in RefundAction) (model.PayRefund, error) {
	if r, moved, err := s.ended(ctx, in); err != nil || moved {
		return r, err
	}
	return s.act(ctx, in, "payments.refund_retry", func(ctx context.Context, tx *db.Tx, o model.PayOrder, r *model.PayRefund, n model.PayRefundNumber) error {
		if n.State != model.RefundClosed {
			return ErrRefundHeld
		}
		if o.RefundNumbers >= refundsMost {
			return ErrRefundTooMany
		}
		return s.nextNumber(ctx, tx, r, refundsMost)
	})
}

// RefundedByHand notes that staff gave the money back outside of WeChat Pay. The fact Refunded is recorded.
func (s *Service) RefundedByHand(ctx context.Context, in RefundAction) (model.PayRefund, error) {
	return s.act(ctx, in, "payments.refund_by_hand", func(ctx context.Context, tx *db.Tx, o model.PayOrder, r *model.PayRefund, _ model.PayRefundNumber) error {
		return s.succeed(ctx, tx, o, r, tx.Now, Hand)
	})
}

// GiveUpRefund ends an abnormal refund without money, so that its amount is free again. Like RetryRefund it is refused with ErrRefundHeld
// while WeChat may still pay.
func (s *Service) GiveUpRefund(ctx context.Context, in RefundAction) (model.PayRefund, error) {
	if r, moved, err := s.ended(ctx, in); err != nil || moved {
		return r, err
	}
	return s.act(ctx, in, "payments.refund_give_up", func(_ context.Context, tx *db.Tx, o model.PayOrder, r *model.PayRefund, n model.PayRefundNumber) error {
		if n.State != model.RefundClosed {
			return ErrRefundHeld
		}
		r.SettledAt, r.SettledVia = &tx.Now, string(Hand)
		if err := setRefund(tx, r, model.RefundClosed, r.Problem); err != nil {
			return err
		}
		if err := settleOfRefund(tx, r.ID, in.Note); err != nil {
			return err
		}
		return unreserve(tx, o.ID, r.AmountFen)
	})
}

type refundMove func(ctx context.Context, tx *db.Tx, o model.PayOrder, r *model.PayRefund, n model.PayRefundNumber) error

// act does something about an abnormal refund under the lock of its order, and writes it into the staff trail.
func (s *Service) act(ctx context.Context, in RefundAction, action string, move refundMove) (r model.PayRefund, err error) {
	if err := checkNote(in.Note, true); err != nil {
		return r, err
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if r, err = refundByPublicID(tx, in.Refund); err != nil {
			return err
		}
		o, err := lockOrder(tx, r.PayOrderID)
		if err != nil {
			return err
		}
		if r, err = refundByID(tx, r.ID); err != nil {
			return err
		}
		if r.State != model.RefundAbnormal {
			return ErrRefundMoves
		}
		n, err := numberOf(tx, r.ID, r.Ordinal)
		if err != nil {
			return err
		}
		if err := move(ctx, tx, o, &r, n); err != nil {
			return err
		}
		return audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: action, Ref: refundKey(r.ID),
			Detail: map[string]any{"pay_order": o.ID, "amount_fen": r.AmountFen, "number": n.Ordinal, "note": in.Note}})
	})
	return r, err
}

// ended asks WeChat how the present number of an abnormal refund stands, and takes the answer in. moved says that the refund goes on, or has
// ended, by that answer. A number that WeChat does not know was closed when it was refused.
func (s *Service) ended(ctx context.Context, in RefundAction) (r model.PayRefund, moved bool, err error) {
	if err := checkNote(in.Note, true); err != nil {
		return r, false, err
	}
	var (
		o model.PayOrder
		n model.PayRefundNumber
	)
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		if r, err = refundByPublicID(tx, in.Refund); err != nil {
			return err
		}
		if n, err = numberOf(tx, r.ID, r.Ordinal); err != nil {
			return err
		}
		o, err = orderByID(tx, r.PayOrderID)
		return err
	})
	if err != nil {
		return r, false, err
	}
	if r.State != model.RefundAbnormal {
		return r, false, ErrRefundMoves
	}
	channel, err := s.channelOf(o)
	if err != nil {
		return r, false, err
	}
	answer, err := channel.QueryRefund(ctx, o, r, n.OutRefundNo)
	if refusedWith(err, wechat.PayRefundNotExist) {
		return r, false, nil
	}
	if err != nil || answer.OutRefundNo != n.OutRefundNo {
		return r, false, ErrGateway.Because(err)
	}
	if answer.Status == wechat.RefundProcessing {
		return r, false, ErrRefundHeld
	}
	out, err := s.ApplyRefund(ctx, answer, Query)
	return out.Refund, out.Refund.State != model.RefundAbnormal, err
}

func checkNote(note string, needed bool) error {
	if n := utf8.RuneCountInString(note); n > 200 || !utf8.ValidString(note) || needed && strings.TrimSpace(note) == "" {
		return fault.InvalidFields([]fault.Field{{Name: "note", Reason: "must say why, in 1 to 200 characters"}})
	}
	return nil
}
