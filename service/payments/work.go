package payments

import (
	"context"
	"errors"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/wechat"
)

// Kinds of jobs.
const (
	jobPoll   = "payments.poll"
	jobExpire = "payments.expire"
)

// deliverAfter is when WeChat is told that an item was given, unless it knows by then from the answer to its push.
const deliverAfter = 2 * time.Minute

// againIn is the pause after WeChat did not answer about an order that must be closed. There is no last try: an order that
// stays open for ever could be paid for ever.
const againIn = time.Minute

type orderArgs struct {
	Order model.PayOrderID `json:"order"`
}

func (s *Service) register() {
	jobs.Handle(s.queue, jobPoll, s.poll)
	jobs.Handle(s.queue, jobExpire, s.expire)
	jobs.Handle(s.queue, jobRefund, s.refund)
	jobs.Handle(s.queue, jobDeliver, s.deliver)
	s.queue.Every("payments.sweep", jobs.Interval(sweepEvery), s.sweep)
}

// poll asks WeChat about an order that may have been paid without a notice, and puts itself off until the next time to ask.
func (s *Service) poll(ctx context.Context, in orderArgs) error {
	o, err := s.Order(ctx, in.Order)
	if err != nil {
		return err
	}
	if o.State != model.PayPaying {
		return nil // settled, or in the hands of expire
	}
	out, err := s.Query(ctx, o.ID)
	next, more := nextPoll(*o.PayingAt, s.db.Now())
	switch {
	case err == nil && out.Verdict != NotPaid:
		return nil
	case more:
		if err != nil {
			s.log.WarnContext(ctx, "poll of a payment", "pay_order", o.ID, "err", err)
		}
		return jobs.Snooze(next.Sub(s.db.Now()))
	}
	return err // the last poll is tried again like any job; expire asks once more in any case
}

// expire ends an order whose time is over: closed at WeChat first, asked for once more, and only then closed here.
func (s *Service) expire(ctx context.Context, in orderArgs) error {
	o, err := s.Order(ctx, in.Order)
	if err != nil {
		return err
	}
	if wait := o.ExpiresAt.Sub(s.db.Now()); wait > 0 {
		return jobs.Snooze(wait)
	}
	switch o.State {
	case model.PayCreated:
		// WeChat was never told, so there is nothing to close there.
		return s.closeFrom(ctx, o.ID, model.PayCreated)
	case model.PayPaying:
		if err := s.move(ctx, o.ID, model.PayPaying, model.PayClosing); err != nil {
			return err
		}
		return s.closeAtWeChat(ctx, o)
	case model.PayClosing:
		return s.closeAtWeChat(ctx, o)
	}
	return nil
}

// closeAtWeChat asks, closes and asks again. A payment whose notice got lost is found before it is met by a close, and one that wins the race
// against the close is found after it. Every refusal of the close leads to the second question, for only its answer is signed: paid before
// we came, closed before, never made there.
func (s *Service) closeAtWeChat(ctx context.Context, o model.PayOrder) error {
	channel, err := s.channelOf(o)
	if err != nil {
		return err
	}
	t, err := channel.Query(ctx, o)
	if err == nil && t.OutTradeNo == o.OutTradeNo && t.TradeState.Paid() {
		return s.applyAtEnd(ctx, t)
	}
	if err != nil && !refusedWith(err, wechat.PayOrderNotExist) {
		s.log.WarnContext(ctx, "ask about a payment before its close", "pay_order", o.ID, "err", err)
		return jobs.Snooze(againIn)
	}
	err = channel.Close(ctx, o)
	if err != nil && !errors.Is(err, ErrCannotClose) && !refusedWith(err, wechat.PayOrderPaid, wechat.PayOrderClosed, wechat.PayOrderNotExist) {
		s.log.WarnContext(ctx, "close a payment", "pay_order", o.ID, "err", err)
		return jobs.Snooze(againIn)
	}
	closable := !errors.Is(err, ErrCannotClose)
	t, err = channel.Query(ctx, o)
	if refusedWith(err, wechat.PayOrderNotExist) {
		return s.closeFrom(ctx, o.ID, model.PayClosing)
	}
	if err != nil || t.OutTradeNo != o.OutTradeNo {
		s.log.WarnContext(ctx, "ask about a closed payment", "pay_order", o.ID, "err", err)
		return jobs.Snooze(againIn)
	}
	if t.MchID == o.MchID && (t.TradeState == wechat.TradeClosed || !closable && !t.TradeState.Paid()) {
		return s.closeFrom(ctx, o.ID, model.PayClosing) // what is paid from now on goes back
	}
	return s.applyAtEnd(ctx, t)
}

// applyAtEnd applies what WeChat says about an order whose time is over.
func (s *Service) applyAtEnd(ctx context.Context, t wechat.Transaction) error {
	out, err := s.Apply(ctx, t, Query)
	switch {
	case err != nil:
		return err
	case out.Verdict.Credits():
		return nil
	case out.Verdict == NotPaid:
		return jobs.Snooze(againIn) // WeChat took the close and does not show it yet
	}
	return jobs.Cancel("a break was opened: " + string(out.Verdict))
}

func refusedWith(err error, codes ...string) bool {
	var refusal *wechat.PayError
	return errors.As(err, &refusal) && refusal.HasCode(codes...)
}

// closeFrom closes an order here. An order that moved meanwhile is looked at again.
func (s *Service) closeFrom(ctx context.Context, id model.PayOrderID, from model.PayState) error {
	return s.move(ctx, id, from, model.PayClosed)
}

func (s *Service) move(ctx context.Context, id model.PayOrderID, from, to model.PayState) error {
	err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error { return moveOrder(tx, id, from, to) })
	if errors.Is(err, errMoved) {
		return jobs.Snooze(time.Second)
	}
	return err
}
