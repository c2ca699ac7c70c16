package memberships

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
	"huitou/service/messages"
	"huitou/service/payments"
)

// errProof means that somebody asked for an activation that no payment proves.
var errProof = errors.New("memberships: the payment does not prove this order")

// Activate reacts to payments.Paid: it turns the payment into time of membership, once.
func (s *Service) Activate(ctx context.Context, p payments.Paid) error {
	if p.Purpose != Purpose {
		return nil
	}
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return s.ActivateTx(ctx, tx, p.PayOrder) })
}

// ActivateTx activates the order of a payment. It believes the payment's row and not the caller; a repetition has no
// effect. An order that cannot be given any more (the member became a lifetime member meanwhile) sends its money back.
func (s *Service) ActivateTx(ctx context.Context, tx *db.Tx, pay model.PayOrderID) error {
	o, err := orderByPayment(tx, pay)
	if err != nil {
		return err
	}
	if err := s.members.LockTx(ctx, tx, o.MemberID); err != nil {
		return err
	}
	// Read again: whoever held the lock before us may have activated it.
	if o, err = orderByPayment(tx, pay); err != nil || o.State != model.MembershipOrdered {
		return err
	}
	if err := s.prove(ctx, tx, o); err != nil {
		return err
	}
	last, err := lastPeriod(tx, o.MemberID)
	if err != nil {
		return err
	}
	today := model.DayOf(tx.Now, model.Shanghai)
	if errors.Is(stackable(today, last), ErrLifetime) {
		if err := moveOrder(tx, o.ID, model.MembershipUndeliverable); err != nil {
			return err
		}
		return s.payments.RefundDueTx(ctx, tx, pay, "the member has a lifetime membership already")
	}
	plan, err := planByID(tx, o.PlanID)
	if err != nil {
		return err
	}
	period := periodOf(o, plan, today, last)
	period.CreatedAt = tx.Now
	if err := insertPeriod(tx, &period); err != nil {
		return err
	}
	if err := moveOrder(tx, o.ID, model.MembershipActivated); err != nil {
		return err
	}
	return s.announce(ctx, tx, o, plan, period)
}

// prove makes sure that the money for an order is here.
func (s *Service) prove(ctx context.Context, tx *db.Tx, o model.MembershipOrder) error {
	pay, err := s.payments.OrderTx(ctx, tx, o.PayOrderID)
	if err != nil {
		return err
	}
	if pay.State != model.PayPaid || pay.Purpose != Purpose || pay.Ref != string(o.Number) || pay.MemberID != o.MemberID || pay.AmountFen != o.PriceFen {
		return fmt.Errorf("%w: order %d, payment %d in state %s", errProof, o.ID, pay.ID, pay.State)
	}
	return nil
}

// periodOf lays a new period after the last one.
func periodOf(o model.MembershipOrder, plan model.MembershipPlan, today model.Day, last *model.MembershipPeriod) model.MembershipPeriod {
	from, anchor := next(today, last)
	return model.MembershipPeriod{
		MemberID: o.MemberID, PlanID: plan.ID, OrderID: &o.ID, PayOrderID: &o.PayOrderID, PriceFen: o.PriceFen,
		FromDay: from, ToDay: end(from, plan.Unit, plan.Length, anchor), Unit: plan.Unit, Anchor: anchor,
		PointsMultiplierBP: plan.PointsMultiplierBP, PercentOffBP: plan.PercentOffBP, State: model.PeriodLive,
	}
}

// announce is what follows an activation in its transaction: the first cycle's job, the message, the fact.
func (s *Service) announce(ctx context.Context, tx *db.Tx, o model.MembershipOrder, plan model.MembershipPlan, p model.MembershipPeriod) error {
	benefits, err := couponsOfPlan(tx, plan.ID)
	if err != nil {
		return err
	}
	if len(benefits) > 0 {
		if err := s.scheduleCycle(ctx, tx, p, 0); err != nil {
			return err
		}
	}
	_, err = s.messages.EnqueueTx(ctx, tx, messages.Message{
		Key: orderKey(o.ID) + ":activated", Member: o.MemberID, Template: "membership.activated", URL: s.page,
		Data: map[string]string{
			"plan": plan.Name, "number": string(o.Number), "price": o.PriceFen.String() + "元",
			"from": p.FromDay.String(), "until": untilInWords(p.ToDay), "at": tx.Now.In(model.Shanghai).Format("2006-01-02 15:04"),
		},
	})
	if err != nil {
		return fmt.Errorf("tell member %d about the card: %w", o.MemberID, err)
	}
	return s.facts.Record(ctx, tx, Activated{
		Order: o.ID, Number: o.Number, Member: o.MemberID, Plan: plan.ID, Period: p.ID, From: p.FromDay, To: p.ToDay,
	})
}

func (s *Service) scheduleCycle(ctx context.Context, tx *db.Tx, p model.MembershipPeriod, cycle int) error {
	_, err := s.queue.Insert(ctx, tx, jobs.Job{
		Kind: jobCycle, Args: cycleArgs{p.ID, cycle}, Key: fmt.Sprintf("period:%d:cycle:%d", p.ID, cycle),
		RunAt: cycleStart(p, cycle).Start(model.Shanghai),
	})
	return err
}
