package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/wechat"
)

const jobRefund = "payments.refund"

type refundArgs struct {
	Refund  model.PayRefundID `json:"refund"`
	Ordinal int               `json:"ordinal"`
}

// refund brings one number of a refund to its end: it submits it, and asks until WeChat says how it ended. There is no last try. A refund
// is over when its money is back, when it has another number, or when people must act.
func (s *Service) refund(ctx context.Context, in refundArgs) error {
	o, r, n, err := s.beginRefund(ctx, in)
	if err != nil || n.ID == 0 {
		return err
	}
	channel, err := s.channelOf(o)
	if err != nil {
		return err
	}
	ask := func() (wechat.Refund, error) { return channel.QueryRefund(ctx, o, r, n.OutRefundNo) }
	if n.State == model.RefundProcessing {
		return s.askRefund(ctx, r, n, ask)
	}
	answer, err := channel.Refund(ctx, o, wechat.RefundRequest{
		TransactionID: *o.TransactionID, OutRefundNo: n.OutRefundNo, Reason: r.Reason, NotifyURL: s.refundNotifyURL,
		RefundFen: int64(r.AmountFen), TotalFen: int64(o.AmountFen),
	})
	if err != nil {
		return s.refundTrouble(ctx, r, n, err, ask)
	}
	return s.refundAnswer(ctx, n, answer)
}

// beginRefund stores that a call is about to leave; n is empty when there is nothing to do. Two new numbers of one order leave a minute
// apart, which is decided under the order's lock.
func (s *Service) beginRefund(ctx context.Context, in refundArgs) (o model.PayOrder, r model.PayRefund, n model.PayRefundNumber, err error) {
	err = s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		n = model.PayRefundNumber{}
		if r, err = refundByID(tx, in.Refund); err != nil {
			return err
		}
		if o, err = lockOrder(tx, r.PayOrderID); err != nil {
			return err
		}
		if r, err = refundByID(tx, in.Refund); err != nil {
			return err
		}
		if r.Ordinal != in.Ordinal || !r.State.Live() || r.State == model.RefundAbnormal {
			return nil
		}
		row, err := numberOf(tx, r.ID, r.Ordinal)
		if err != nil {
			return err
		}
		if row.State == model.RefundRequested || row.State == model.RefundSubmitted {
			if row.SentAt == nil && o.RefundSentAt != nil && tx.Now.Before(o.RefundSentAt.Add(refundGap)) {
				return jobs.Snooze(o.RefundSentAt.Add(refundGap).Sub(tx.Now))
			}
			if err := sendNumber(tx, &row); err != nil {
				return err
			}
			if err := setRefund(tx, &r, model.RefundSubmitted, r.Problem); err != nil {
				return err
			}
		}
		n = row
		return nil
	})
	return o, r, n, err
}

// askRefund asks WeChat about a number that it has accepted.
func (s *Service) askRefund(ctx context.Context, r model.PayRefund, n model.PayRefundNumber, ask func() (wechat.Refund, error)) error {
	answer, err := ask()
	if err != nil {
		s.log.WarnContext(ctx, "ask about a refund", "refund", r.ID, "err", err)
		return jobs.Snooze(nextRefundAsk(*n.SentAt, s.db.Now()))
	}
	return s.refundAnswer(ctx, n, answer)
}

// refundAnswer applies an answer about a number and says when to ask again.
func (s *Service) refundAnswer(ctx context.Context, n model.PayRefundNumber, answer wechat.Refund) error {
	if answer.OutRefundNo != n.OutRefundNo {
		return fmt.Errorf("asked WeChat about refund %s and was told about %q", n.OutRefundNo, clip(answer.OutRefundNo))
	}
	if _, err := s.ApplyRefund(ctx, answer, Query); err != nil {
		return err
	}
	if answer.Status != wechat.RefundProcessing {
		return nil // ended, or a break
	}
	now := s.db.Now()
	if now.Sub(*n.SentAt) > stuckAfter {
		if err := s.refundBreak(ctx, n, RefundStuck, "WeChat still works on it"); err != nil {
			return err
		}
	}
	return jobs.Snooze(nextRefundAsk(*n.SentAt, now))
}

// refundTrouble decides what to do about a submission that WeChat did not accept. A refusal is not signed, so one that would end the refund
// is checked by a question first: the number may have been accepted by an earlier call whose answer got lost.
func (s *Service) refundTrouble(ctx context.Context, r model.PayRefund, n model.PayRefundNumber, callErr error, ask func() (wechat.Refund, error)) error {
	var no *wechat.PayError
	if !errors.As(callErr, &no) || no.Retryable() {
		word := string(wechat.ClassOf(callErr))
		if no != nil {
			word = no.Code
		}
		s.log.WarnContext(ctx, "submit a refund", "refund", r.ID, "call", n.Calls, "err", callErr)
		if err := s.noteRefund(ctx, n, word, r.Problem); err != nil {
			return err
		}
		return jobs.Snooze(refundPause(n.Calls))
	}
	kind := RefundRefused
	switch {
	case no.HasCode(wechat.PayNotEnough):
		kind = RefundNotEnough
	case no.Class() == wechat.ClassConfig:
		kind = RefundConfig
	}
	if kind != RefundRefused {
		if err := s.noteRefund(ctx, n, no.Code, string(kind)); err != nil {
			return err
		}
		if err := s.refundBreak(ctx, n, kind, no.Code); err != nil {
			return err
		}
		return jobs.Snooze(troubleAgain)
	}
	answer, err := ask()
	switch {
	case err == nil:
		return s.refundAnswer(ctx, n, answer)
	case !refusedWith(err, wechat.PayRefundNotExist):
		s.log.WarnContext(ctx, "ask about a refused refund", "refund", r.ID, "err", err)
		return jobs.Snooze(refundPause(n.Calls))
	}
	return s.refuseRefund(ctx, n, no.Code)
}

// refuseRefund leaves a refund that WeChat does not make to people.
func (s *Service) refuseRefund(ctx context.Context, n model.PayRefundNumber, code string) error {
	err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		_, r, now, known, err := lockNumber(tx, n.OutRefundNo)
		if err != nil || !known || now.State != model.RefundSubmitted || r.Ordinal != now.Ordinal || !r.State.Live() {
			return err // it moved meanwhile
		}
		if err := noteNumber(tx, n.ID, code); err != nil {
			return err
		}
		if err := moveNumber(tx, now, model.RefundClosed, ""); err != nil {
			return err
		}
		return setRefund(tx, &r, model.RefundAbnormal, clip(code))
	})
	if err != nil {
		return err
	}
	return s.refundBreak(ctx, n, RefundRefused, code)
}

// noteRefund keeps why a call came to nothing.
func (s *Service) noteRefund(ctx context.Context, n model.PayRefundNumber, word, problem string) error {
	return s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := noteNumber(tx, n.ID, word); err != nil {
			return err
		}
		return noteProblem(tx, n.PayRefundID, problem)
	})
}

// refundBreak opens a break about a number and sounds it, once.
func (s *Service) refundBreak(ctx context.Context, n model.PayRefundNumber, kind Verdict, detail string) error {
	var alarm *model.PayBreak
	err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		o, err := orderByID(tx, n.PayOrderID)
		if err != nil {
			return err
		}
		alarm, err = openBreak(tx, kind, o.OutTradeNo, n.OutRefundNo, fmt.Sprintf("refund %d, number %d: %s", n.PayRefundID, n.Ordinal, clip(detail)))
		return err
	})
	if err == nil {
		s.sound(ctx, alarm)
	}
	return err
}

// sweepEvery is how often orders are looked for whose money must go back and has no refund.
const sweepEvery = time.Hour

// sweep gives back what is due and has no refund yet: orders that fell due before there were refunds.
func (s *Service) sweep(ctx context.Context) error {
	var ids []model.PayOrderID
	err := s.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		ids, err = dueWithoutRefund(tx, 100)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
			o, err := lockOrder(tx, id)
			if err != nil {
				return err
			}
			return s.refundDue(ctx, tx, o, lateReason)
		})
		if err != nil {
			return fmt.Errorf("give back payment %d: %w", id, err)
		}
	}
	return nil
}
