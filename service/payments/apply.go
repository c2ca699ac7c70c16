package payments

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/wechat"
)

// Outcome is what a statement of WeChat led to. Order is the order afterwards; it is empty for UnknownOrder.
type Outcome struct {
	Verdict Verdict
	Order   model.PayOrder
}

// Apply takes in an authentic statement of WeChat about an order: a notice, the answer to a query, or a line of a bill. It is
// the only way to a credit. It may be called any number of times, concurrently and in any order; an order is
// credited at most once. A statement that does not fit is no error: the verdict says so, it is recorded, and a break is
// opened. An error means that nothing was recorded, or nobody knows, so that WeChat must send it again.
func (s *Service) Apply(ctx context.Context, t wechat.Transaction, via Via) (Outcome, error) {
	if out, known, err := s.seenBefore(ctx, t, via); err != nil || known {
		return out, err
	}
	got, err := s.applying.DoBy(ctx, lane(t.OutTradeNo), statement{t, via})
	if err != nil {
		return Outcome{}, fmt.Errorf("apply a %s about %q: %w", via, clip(t.OutTradeNo), err)
	}
	s.sound(ctx, got.alarm)
	return got.Outcome, nil
}

// statement is what WeChat said, and how we heard it.
type statement struct {
	wechat.Transaction
	via Via
}

// applied is what a statement led to, with the break that it opened.
type applied struct {
	Outcome
	alarm *model.PayBreak
}

// lane spreads orders over a few transactions at a time: together they share commits, side by side they do not wait for each other's
// statements.
func lane(number string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(number))
	return h.Sum32() % applyLanes
}

// applyLanes is how many transactions apply statements at once, applyMost how many statements are applied in one transaction.
const (
	applyLanes = 16
	applyMost  = 32
)

// applyTogether applies the statements that came in while others were being committed, in the order of their numbers, in which every
// instance locks the orders.
func (s *Service) applyTogether(ctx context.Context, tx *db.Tx, _ uint32, list []statement) ([]db.Outcome[applied], error) {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return strings.Compare(list[a].OutTradeNo, list[b].OutTradeNo) })
	out := make([]db.Outcome[applied], len(list))
	for _, i := range order {
		o, alarm, err := s.apply(ctx, tx, list[i].Transaction, list[i].via)
		if err != nil {
			return nil, err
		}
		out[i].Value = applied{o, alarm}
	}
	return out, nil
}

// seenBefore answers copies of statements from a read alone. WeChat repeats each notice up to 15 times, and a copy must not
// wait for a write.
func (s *Service) seenBefore(ctx context.Context, t wechat.Transaction, via Via) (out Outcome, known bool, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		o, found, err := orderByNumber(tx, t.OutTradeNo, false)
		if err != nil || !found {
			return err
		}
		if out = (Outcome{judge(o, t), o}); out.Verdict != Duplicate {
			return nil
		}
		known, err = noticeKnown(tx, digest(via, t))
		return err
	})
	return out, known, err
}

func (s *Service) apply(ctx context.Context, tx *db.Tx, t wechat.Transaction, via Via) (Outcome, *model.PayBreak, error) {
	o, found, err := orderByNumber(tx, t.OutTradeNo, true)
	if err != nil {
		return Outcome{}, nil, err
	}
	verdict := UnknownOrder
	if found {
		verdict = judge(o, t)
	}
	if verdict == Accepted || verdict == Late {
		used, err := transactionUsed(tx, t.TransactionID)
		if err != nil {
			return Outcome{}, nil, err
		}
		if used {
			verdict = ReusedTransaction
		}
	}
	switch verdict {
	case Accepted:
		if o, err = s.credit(ctx, tx, o, t, via); err != nil {
			return Outcome{}, nil, err
		}
	case Late:
		if o, err = recordMoney(tx, o, model.PayRefundDue, t, via); err != nil {
			return Outcome{}, nil, err
		}
		if err := s.refundDue(ctx, tx, o, lateReason); err != nil {
			return Outcome{}, nil, err
		}
	}
	out := Outcome{verdict, o}
	if via == Query && (verdict == NotPaid || verdict == Duplicate) {
		return out, nil, nil // polls ask often, and these two answers teach nothing
	}
	if err := recordNotice(tx, t, via, verdict); err != nil {
		return Outcome{}, nil, err
	}
	if !verdict.breaks(via) {
		return out, nil, nil
	}
	alarm, err := openBreak(tx, verdict, t.OutTradeNo, t.TransactionID, describe(o, t, via))
	return out, alarm, err
}

// credit marks the order paid and says so to those who sold something.
func (s *Service) credit(ctx context.Context, tx *db.Tx, o model.PayOrder, t wechat.Transaction, via Via) (model.PayOrder, error) {
	o, err := recordMoney(tx, o, model.PayPaid, t, via)
	if err != nil {
		return o, err
	}
	if _, wants := s.channels[o.Channel].(deliverer); wants {
		job := jobs.Job{Kind: jobDeliver, Args: orderArgs{o.ID}, Key: payKey(o.ID) + ":deliver", RunAt: tx.Now.Add(deliverAfter)}
		if _, err := s.queue.Insert(ctx, tx, job); err != nil {
			return o, err
		}
	}
	return o, s.facts.Record(ctx, tx, Paid{
		PayOrder: o.ID, Number: o.OutTradeNo, Purpose: o.Purpose, Ref: o.Ref, Member: o.MemberID,
		Amount: o.AmountFen, TransactionID: *o.TransactionID, PaidAt: *o.PaidAt,
	})
}

// describe says in figures what a break is about, without the payer's identity.
func describe(o model.PayOrder, t wechat.Transaction, via Via) string {
	return fmt.Sprintf("via %s: state %s, %d fen %s of merchant %s in app %s; order %d is %s over %d fen",
		via, clip(string(t.TradeState)), t.TotalFen, clip(t.Currency), clip(t.MchID), clip(t.AppID), o.ID, o.State, o.AmountFen)
}

// Query asks WeChat about an order and applies the answer. An order that WeChat does not know is not paid.
func (s *Service) Query(ctx context.Context, id model.PayOrderID) (Outcome, error) {
	o, err := s.Order(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	channel, err := s.channelOf(o)
	if err != nil {
		return Outcome{}, err
	}
	t, err := channel.Query(ctx, o)
	var refusal *wechat.PayError
	if errors.As(err, &refusal) && refusal.HasCode(wechat.PayOrderNotExist) {
		return Outcome{NotPaid, o}, nil
	}
	if err != nil {
		return Outcome{}, ErrGateway.Because(err)
	}
	if t.OutTradeNo != o.OutTradeNo {
		return Outcome{}, fmt.Errorf("asked WeChat about payment %s and was told about %q", o.OutTradeNo, clip(t.OutTradeNo))
	}
	return s.Apply(ctx, t, Query)
}
