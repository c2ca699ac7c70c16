package payments

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/wechat"
)

// Hand is the way of a refund that staff made outside of WeChat Pay.
const Hand Via = "hand"

// RefundOutcome is what a statement about a refund led to. Refund is the refund afterwards; it is empty for UnknownRefund.
type RefundOutcome struct {
	Verdict Verdict
	Refund  model.PayRefund
}

// ApplyRefund takes in an authentic statement of WeChat about a refund: a notice, an answer, or a line of a bill. It is the only way to
// the fact Refunded but for staff. Like Apply it may be called any number of times, concurrently and in any order; a refund succeeds at
// most once. A statement that does not fit is no error: it is recorded and opens a break. An error means that nothing was recorded.
func (s *Service) ApplyRefund(ctx context.Context, w wechat.Refund, via Via) (RefundOutcome, error) {
	var (
		out   RefundOutcome
		alarm *model.PayBreak
	)
	err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, alarm, err = s.applyRefund(ctx, tx, w, via)
		return err
	})
	if err != nil {
		return RefundOutcome{}, fmt.Errorf("apply a %s about refund %q: %w", via, clip(w.OutRefundNo), err)
	}
	s.sound(ctx, alarm)
	return out, nil
}

func (s *Service) applyRefund(ctx context.Context, tx *db.Tx, w wechat.Refund, via Via) (RefundOutcome, *model.PayBreak, error) {
	o, r, n, known, err := lockNumber(tx, w.OutRefundNo)
	if err != nil {
		return RefundOutcome{}, nil, err
	}
	verdict := UnknownRefund
	if known {
		verdict = judgeRefund(o, r, n, w, via)
		if err := s.moveRefund(ctx, tx, o, &r, n, verdict, w, via); err != nil {
			return RefundOutcome{}, nil, err
		}
	}
	out := RefundOutcome{verdict, r}
	if via == Query && (verdict == RefundMoved || verdict == Duplicate) {
		return out, nil, nil // the normal answers
	}
	if err := recordRefundNotice(tx, w, via, verdict); err != nil {
		return RefundOutcome{}, nil, err
	}
	kind := verdict
	if verdict == RefundClosed && r.State == model.RefundAbnormal && r.Problem == string(RefundExhausted) {
		kind = RefundExhausted
	} else if !verdict.refundBreaks() {
		return out, nil, nil
	}
	alarm, err := openBreak(tx, kind, w.OutTradeNo, w.OutRefundNo, describeRefund(r, w, via))
	return out, alarm, err
}

// moveRefund does what a verdict asks for. r is the refund afterwards.
func (s *Service) moveRefund(ctx context.Context, tx *db.Tx, o model.PayOrder, r *model.PayRefund, n model.PayRefundNumber, v Verdict, w wechat.Refund, via Via) error {
	current := n.Ordinal == r.Ordinal && r.State.Live()
	switch v {
	case RefundMoved:
		if err := moveNumber(tx, n, model.RefundProcessing, w.RefundID); err != nil || !current {
			return err
		}
		return setRefund(tx, r, model.RefundProcessing, "")
	case Accepted:
		if err := moveNumber(tx, n, model.RefundSuccess, w.RefundID); err != nil {
			return err
		}
		at := w.SuccessTime.UTC().Truncate(time.Microsecond)
		if w.SuccessTime.IsZero() {
			at = tx.Now
		}
		r.PayerRefundFen, r.ReceivedAccount = model.Fen(max(w.PayerRefundFen, 0)), clip(w.ReceivedAccount)
		return s.succeed(ctx, tx, o, r, at, via)
	case RefundAbnormal:
		if err := moveNumber(tx, n, model.RefundAbnormal, w.RefundID); err != nil || !current {
			return err
		}
		return setRefund(tx, r, model.RefundAbnormal, string(RefundAbnormal))
	case RefundClosed:
		if err := moveNumber(tx, n, model.RefundClosed, w.RefundID); err != nil || !current {
			return err
		}
		return s.nextNumber(ctx, tx, r, numbersMost)
	}
	return nil
}

// nextNumber gives a refund whose number came to nothing its next one, or leaves it to people when it had most already.
func (s *Service) nextNumber(ctx context.Context, tx *db.Tx, r *model.PayRefund, most int) error {
	if r.Ordinal >= most {
		return setRefund(tx, r, model.RefundAbnormal, string(RefundExhausted))
	}
	counted, err := countNumber(tx, r.PayOrderID)
	if err != nil {
		return err
	}
	if !counted {
		return setRefund(tx, r, model.RefundAbnormal, string(RefundExhausted))
	}
	r.Ordinal++
	if err := setRefund(tx, r, model.RefundRequested, ""); err != nil {
		return err
	}
	return s.giveNumber(ctx, tx, *r)
}

// succeed ends a live refund well: the reserved amount becomes a returned one, the fact is recorded, and what people were shown about
// it is settled.
func (s *Service) succeed(ctx context.Context, tx *db.Tx, o model.PayOrder, r *model.PayRefund, at time.Time, via Via) error {
	r.RefundedAt, r.SettledAt, r.SettledVia = &at, &tx.Now, string(via)
	if err := setRefund(tx, r, model.RefundSuccess, ""); err != nil {
		return err
	}
	if err := giveBack(tx, o.ID, r.AmountFen); err != nil {
		return err
	}
	total := o.RefundedFen + r.AmountFen
	if err := settleOfRefund(tx, r.ID, "已退款成功"); err != nil {
		return err
	}
	if total == o.AmountFen {
		if err := settleOfOrder(tx, o.OutTradeNo, "已全额退款"); err != nil {
			return err
		}
	}
	return s.facts.Record(ctx, tx, Refunded{
		PayOrder: o.ID, Refund: r.ID, Number: o.OutTradeNo, Purpose: o.Purpose, Ref: o.Ref, Member: o.MemberID,
		Amount: r.AmountFen, RefundedTotal: total, PaidAmount: o.AmountFen, RefundedAt: at, Source: r.Source,
	})
}

// describeRefund says in figures what a break about a refund is.
func describeRefund(r model.PayRefund, w wechat.Refund, via Via) string {
	return fmt.Sprintf("via %s: %s, %d of %d fen %s, transaction %s of merchant %s; refund %d over %d fen is %s",
		via, clip(string(w.Status)), w.RefundFen, w.TotalFen, clip(w.Currency), clip(w.TransactionID), clip(w.MchID), r.ID, r.AmountFen, r.State)
}
