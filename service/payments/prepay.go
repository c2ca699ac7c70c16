package payments

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/jobs"
	"huitou/wechat"
)

// States of one prepay call.
const (
	attemptStarted = "started" // left the house; stays so when the process dies before the answer
	attemptReady   = "ready"
	attemptUnknown = "unknown" // no readable answer: WeChat may have made the order or not
	attemptFailed  = "failed"
)

// beginPrepay locks the order, fixes its payer and stores that a call is about to leave; attempt is 0 when none is needed.
func (s *Service) beginPrepay(ctx context.Context, id model.PayOrderID) (o model.PayOrder, attempt int, err error) {
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if o, err = lockOrder(tx, id); err != nil {
			return err
		}
		if err := stateFault(o.State); err != nil {
			return err
		}
		if !tx.Now.Before(o.ExpiresAt) {
			return ErrClosed
		}
		if attempt = 0; fresh(o, tx.Now) {
			return nil
		}
		if o.PayerOpenID == "" {
			if o.PayerOpenID, err = s.payerOf(ctx, tx, o.MemberID); err != nil {
				return err
			}
		}
		if o.PayingAt == nil {
			o.PayingAt = &tx.Now
		}
		o.State = model.PayPaying
		if err := startPaying(tx, o); err != nil {
			return err
		}
		if attempt, err = addAttempt(tx, o.ID); err != nil {
			return err
		}
		_, err := s.queue.Insert(ctx, tx, jobs.Job{
			Kind: jobPoll, Args: orderArgs{o.ID}, Key: payKey(o.ID) + ":poll", RunAt: o.PayingAt.Add(polls[0]),
		})
		return err
	})
	return o, attempt, err
}

func (s *Service) payerOf(ctx context.Context, tx *db.Tx, m model.MemberID) (string, error) {
	openID, err := s.payer(ctx, tx, m)
	if f := fault.Of(err); f != nil && f.Kind == fault.NotFound {
		return "", ErrNoPayer.Because(err)
	}
	if err != nil {
		return "", fmt.Errorf("look up the openid of member %d: %w", m, err)
	}
	if openID == "" {
		return "", ErrNoPayer
	}
	return openID, nil
}

// endPrepay stores what a call brought. An order that was paid or closed meanwhile keeps its state, and the fault says so.
func (s *Service) endPrepay(ctx context.Context, id model.PayOrderID, attempt int, prepayID string, callErr error) error {
	return s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		state, reason := attemptReady, ""
		if callErr != nil {
			state, reason = outcomeOf(callErr)
		}
		if err := finishAttempt(tx, id, attempt, state, prepayID, reason); err != nil {
			return err
		}
		if callErr != nil {
			return nil
		}
		set, err := setPrepayID(tx, id, prepayID)
		if err != nil || set {
			return err
		}
		o, err := orderByID(tx, id)
		if err != nil {
			return err
		}
		if err := stateFault(o.State); err != nil {
			return err
		}
		return fmt.Errorf("payment %d is %s after its prepay call", id, o.State)
	})
}

// outcomeOf tells a refusal from silence, and names it without repeating WeChat's whole answer.
func outcomeOf(err error) (state, reason string) {
	var refusal *wechat.PayError
	if errors.As(err, &refusal) {
		if refusal.Retryable() {
			return attemptUnknown, refusal.Code
		}
		return attemptFailed, refusal.Code
	}
	return attemptUnknown, string(wechat.ClassOf(err))
}

// prepayFault turns WeChat's refusal into what the shopper is told.
func (s *Service) prepayFault(ctx context.Context, o model.PayOrder, err error) error {
	var refusal *wechat.PayError
	if !errors.As(err, &refusal) || refusal.Retryable() {
		return ErrGateway.Because(err)
	}
	switch {
	case refusal.HasCode(wechat.PayOrderPaid):
		// The notice is on its way or lost; a refusal is not signed, so the proof is asked for.
		if out, err := s.Query(ctx, o.ID); err != nil {
			return err
		} else if out.Verdict.Credits() {
			return ErrPaid
		}
		return ErrGateway.Because(err)
	case refusal.HasCode(wechat.PayOrderClosed):
		return ErrClosed.Because(err)
	}
	s.log.ErrorContext(ctx, "prepay refused", "pay_order", o.ID, "code", refusal.Code, "status", refusal.HTTPStatus, "request", refusal.RequestID)
	return ErrRefused.Because(err)
}
