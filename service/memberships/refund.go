package memberships

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/payments"
)

// Quote is what a refund of an order gives back. Once it was asked for it is frozen: the same figures for ever.
type Quote struct {
	Number                model.PublicID // of the order
	Plan                  string
	Policy                model.RefundPolicy
	Price, Taken, Amount  model.Fen // what was paid, what the card has saved, what goes back
	TotalDays, UnusedDays int64
	// Refusal is why the member cannot ask for it now, nil when he can.
	Refusal error
	// Asked is the refund that was asked for; nil before.
	Asked *Refund
}

// Refund is a refund of an order.
type Refund struct {
	ID                    model.PublicID
	Number                model.PublicID // of the order
	Member                model.MemberID
	Policy                model.RefundPolicy
	Price, Taken, Amount  model.Fen
	TotalDays, UnusedDays int64
	AsOf                  model.Day
	Origin                model.MembershipRefundOrigin
	Staff                 model.StaffID
	Reason                string
	State                 model.MembershipRefundState
	CreatedAt             time.Time
	SettledAt             *time.Time
	Replayed              bool `json:"-"` // it was asked for before
}

// RefundQuote says what a refund of an order of the member would give back now, by the plan's policy. It returns ErrUnknown or ErrNotActive.
func (s *Service) RefundQuote(ctx context.Context, m model.MemberID, number model.PublicID) (q Quote, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err := orderOfMember(tx, m, number)
		if err != nil {
			return err
		}
		q, _, err = s.quote(ctx, tx, o, "")
		return err
	})
	return q, err
}

// StaffRefundQuote is RefundQuote for staff, who may choose the policy; "" is the plan's, or prorated where the plan has none.
func (s *Service) StaffRefundQuote(ctx context.Context, number model.PublicID, policy model.RefundPolicy) (q Quote, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		o, err := orderByNumber(tx, number)
		if err != nil {
			return err
		}
		q, _, err = s.quote(ctx, tx, o, policy)
		return err
	})
	return q, err
}

// quote works a refund out, or repeats the one that was asked for.
func (s *Service) quote(ctx context.Context, tx *db.Tx, o model.MembershipOrder, policy model.RefundPolicy) (Quote, model.MembershipRefund, error) {
	var none model.MembershipRefund
	if o.State != model.MembershipActivated {
		return Quote{}, none, ErrNotActive
	}
	plan, err := planByID(tx, o.PlanID)
	if err != nil {
		return Quote{}, none, err
	}
	p, err := periodByOrder(tx, o.ID)
	if err != nil {
		return Quote{}, none, err
	}
	q := Quote{Number: o.Number, Plan: plan.Name, Policy: plan.RefundPolicy, Price: o.PriceFen}
	asked, found, err := latestRefund(tx, o.ID)
	if err != nil {
		return Quote{}, none, err
	}
	if found && asked.State != model.CardRefundDropped {
		r := refundView(asked, o.Number)
		q.Policy, q.Taken, q.Amount, q.TotalDays, q.UnusedDays, q.Asked = r.Policy, r.Taken, r.Amount, r.TotalDays, r.UnusedDays, &r
		q.Refusal = ErrRefundRuns
		return q, asked, nil
	}
	today := model.DayOf(tx.Now, model.Shanghai)
	if q.Refusal = refundTime(p, plan.PlanRefund, today); plan.RefundPolicy == model.NoRefund {
		q.Refusal = ErrNoRefund
	}
	by := policy
	if by == "" {
		by = plan.RefundPolicy
	}
	if by == model.NoRefund {
		by = model.ProratedRefund
	}
	if q.Taken, _, err = savedByKind(tx, p.ID); err != nil {
		return Quote{}, none, err
	}
	q.Policy = by
	q.TotalDays, q.UnusedDays = unusedDays(p, by, today)
	pay, err := s.payments.OrderTx(ctx, tx, o.PayOrderID)
	if err != nil {
		return Quote{}, none, fmt.Errorf("read the payment of membership order %d: %w", o.ID, err)
	}
	// Staff may have given back a part of the payment before, and cannot give that again.
	q.Amount = min(refundable(o.PriceFen, q.TotalDays, q.UnusedDays, q.Taken), pay.RefundableFen())
	if q.Amount == 0 {
		q.Refusal = ErrNothingLeft // whatever the plan says
	}
	return q, none, nil
}

// AskRefund asks for a refund of an order. A member asks for one of his own and within the plan's policy; staff need a reason and may choose
// another policy, or disregard that the plan has none.
type AskRefund struct {
	Member model.MemberID // 0 when staff ask
	Staff  model.StaffID  // 0 when the member asks
	Number model.PublicID
	Policy model.RefundPolicy // of staff only: whole, prorated or "" (the plan's)
	Reason string             // of staff 1, of members 0 .. 80 characters
}

// AskRefund freezes what goes back and gives it to payments. Until WeChat says that the payer has the money the card holds as before, but gives
// nothing new; a refund that never succeeds changes nothing. Who asks again gets the refund that there is. It returns fault.ErrInvalid,
// ErrUnknown, ErrNotActive, ErrNothingLeft, of members also ErrNoRefund and ErrRefundLate, of staff ErrNeedsTwo, and the faults of
// payments.RefundTx. What staff give beyond the plan counts against what one person may give back alone on a day at payments.
func (s *Service) AskRefund(ctx context.Context, in AskRefund) (r Refund, err error) {
	if err := fault.InvalidFields(in.faults()); err != nil {
		return r, err
	}
	err = s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err = s.askRefund(ctx, tx, in)
		return err
	})
	return r, err
}

func (in AskRefund) faults() []fault.Field {
	var list []fault.Field
	n := utf8.RuneCountInString(strings.TrimSpace(in.Reason))
	if n > 80 || in.Staff != 0 && n < 1 || !utf8.ValidString(in.Reason) {
		list = append(list, fault.Field{Name: "reason", Reason: "1 to 80 characters"})
	}
	switch in.Policy {
	case "":
	case model.WholeRefund, model.ProratedRefund:
		if in.Staff == 0 {
			list = append(list, fault.Field{Name: "policy", Reason: "is the plan's"})
		}
	default:
		list = append(list, fault.Field{Name: "policy", Reason: "whole or prorated"})
	}
	return list
}

func (s *Service) askRefund(ctx context.Context, tx *db.Tx, in AskRefund) (Refund, error) {
	find := func() (model.MembershipOrder, error) {
		if in.Staff != 0 {
			return orderByNumber(tx, in.Number)
		}
		return orderOfMember(tx, in.Member, in.Number)
	}
	o, err := find()
	if err != nil {
		return Refund{}, err
	}
	if err := s.members.LockTx(ctx, tx, o.MemberID); err != nil {
		return Refund{}, err
	}
	if o, err = find(); err != nil {
		return Refund{}, err
	}
	if err := s.dropEnded(ctx, tx, o); err != nil {
		return Refund{}, err
	}
	q, asked, err := s.quote(ctx, tx, o, in.Policy)
	if err != nil {
		return Refund{}, err
	}
	if q.Asked != nil {
		again := refundView(asked, o.Number)
		again.Replayed = true
		return again, nil
	}
	if q.Amount == 0 {
		return Refund{}, ErrNothingLeft
	}
	if in.Staff == 0 && q.Refusal != nil {
		return Refund{}, q.Refusal
	}
	plan, err := planByID(tx, o.PlanID)
	if err != nil {
		return Refund{}, err
	}
	if promised := q.Refusal == nil && q.Policy == plan.RefundPolicy; !promised {
		alone, limit, err := s.payments.CountAloneTx(ctx, tx, in.Staff, q.Amount)
		if err != nil {
			return Refund{}, err
		}
		if !alone { // threat T11
			return Refund{}, ErrNeedsTwo.With("alone_fen", int64(limit))
		}
	}
	return s.freeze(ctx, tx, o, q, in)
}

// freeze stores a refund with its figures and asks payments for the money.
func (s *Service) freeze(ctx context.Context, tx *db.Tx, o model.MembershipOrder, q Quote, in AskRefund) (Refund, error) {
	p, err := periodByOrder(tx, o.ID)
	if err != nil {
		return Refund{}, err
	}
	last, _, err := latestRefund(tx, o.ID)
	if err != nil {
		return Refund{}, err
	}
	row := model.MembershipRefund{
		PublicID: model.PublicID(random.ID()), OrderID: o.ID, Ordinal: last.Ordinal + 1, PeriodID: p.ID, MemberID: o.MemberID, PayOrderID: o.PayOrderID,
		Policy: q.Policy, PriceFen: q.Price, TotalDays: q.TotalDays, UnusedDays: q.UnusedDays, TakenFen: q.Taken, AmountFen: q.Amount,
		AsOf: model.DayOf(tx.Now, model.Shanghai), Origin: model.CardRefundByShopper, StaffID: in.Staff, Reason: strings.TrimSpace(in.Reason),
		State: model.CardRefundRequested, CreatedAt: tx.Now,
	}
	if in.Staff != 0 {
		row.Origin = model.CardRefundByStaff
	}
	if err := insertRefund(tx, &row); err != nil {
		return Refund{}, err
	}
	if _, _, err := s.payments.RefundTx(ctx, tx, payments.Refund{
		PayOrder: o.PayOrderID, Amount: q.Amount, Reason: "会员卡退款 " + q.Plan, Source: refundSource(row), Staff: in.Staff,
	}); err != nil {
		return Refund{}, err
	}
	if in.Staff != 0 {
		err := audit.Record(ctx, tx, audit.Entry{Staff: in.Staff, Action: "memberships.refund", Ref: orderKey(o.ID),
			Detail: map[string]any{"refund": row.PublicID, "amount_fen": row.AmountFen, "policy": row.Policy, "reason": row.Reason}})
		if err != nil {
			return Refund{}, err
		}
	}
	return refundView(row, o.Number), nil
}

// refundSource names a refund to payments.
func refundSource(r model.MembershipRefund) string {
	return orderKey(r.OrderID) + ":refund:" + strconv.Itoa(r.Ordinal)
}

// dropEnded lets a refund go that staff closed at payments, so that another one can be asked for.
func (s *Service) dropEnded(ctx context.Context, tx *db.Tx, o model.MembershipOrder) error {
	r, found, err := latestRefund(tx, o.ID)
	if err != nil || !found || r.State != model.CardRefundRequested {
		return err
	}
	list, err := s.payments.RefundsTx(ctx, tx, o.PayOrderID)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.Source == refundSource(r) && p.State == model.RefundClosed {
			return moveRefund(tx, r.ID, model.CardRefundDropped)
		}
	}
	return nil
}

// DropEnded looks through the refunds that are under way for those that staff closed at payments; it is for the timetable.
func (s *Service) DropEnded(ctx context.Context) error {
	var after model.MembershipRefundID
	for {
		var rows []model.MembershipRefund
		err := s.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			rows, err = runningRefunds(tx, after, 200)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				if err := s.members.LockTx(ctx, tx, r.MemberID); err != nil {
					return err
				}
				o, err := orderByID(tx, r.OrderID)
				if err != nil {
					return err
				}
				return s.dropEnded(ctx, tx, o)
			})
			if err != nil {
				return fmt.Errorf("look at refund %d: %w", r.ID, err)
			}
			after = r.ID
		}
	}
}

// Refunds lists refunds for staff, newest first; state "" is all. next is the cursor of the following page, empty at the end.
func (s *Service) Refunds(ctx context.Context, state model.MembershipRefundState, page db.Page) (list []Refund, next string, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		list, next, err = listRefunds(tx, state, page)
		return err
	})
	return list, next, err
}

func refundView(r model.MembershipRefund, number model.PublicID) Refund {
	return Refund{ID: r.PublicID, Number: number, Member: r.MemberID, Policy: r.Policy, Price: r.PriceFen, Taken: r.TakenFen, Amount: r.AmountFen,
		TotalDays: r.TotalDays, UnusedDays: r.UnusedDays, AsOf: r.AsOf, Origin: r.Origin, Staff: r.StaffID, Reason: r.Reason, State: r.State,
		CreatedAt: r.CreatedAt.UTC(), SettledAt: r.SettledAt}
}
