package memberships

import (
	"context"
	"errors"
	"fmt"
	"maps"

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
	plan, err := planByID(tx, o.PlanID)
	if err != nil {
		return err
	}
	last, err := lastPeriod(tx, o.MemberID)
	if err != nil {
		return err
	}
	today := model.DayOf(tx.Now, model.Shanghai)
	why, err := s.undeliverable(ctx, tx, o, plan, today, last)
	if err != nil {
		return err
	}
	if why != "" {
		if err := moveOrder(tx, o.ID, model.MembershipUndeliverable); err != nil {
			return err
		}
		return s.payments.RefundDueTx(ctx, tx, pay, why)
	}
	period := periodOf(plan, o.MemberID, today, last)
	period.OrderID, period.PayOrderID, period.PriceFen = &o.ID, &o.PayOrderID, o.PriceFen
	if err := moveOrder(tx, o.ID, model.MembershipActivated); err != nil {
		return err
	}
	return s.begin(ctx, tx, &begun{
		plan: plan, period: period, renewal: last != nil && !last.ToDay.Before(today),
		fact: Activated{Order: o.ID, Number: o.Number}, words: map[string]string{"number": string(o.Number), "price": o.PriceFen.String() + "元"},
	})
}

// undeliverable says why an order that was paid cannot be given any more; "" when it can. What was lawful to buy when the order was
// made is given, even when the member has stacked more meanwhile.
func (s *Service) undeliverable(ctx context.Context, tx *db.Tx, o model.MembershipOrder, plan model.MembershipPlan, today model.Day, last *model.MembershipPeriod) (string, error) {
	if errors.Is(stackable(today, last), ErrLifetime) {
		return "the member has a lifetime membership already", nil
	}
	err := s.trialFault(ctx, tx, o.MemberID, plan)
	if errors.Is(err, ErrTrialUsed) {
		return "the person had a trial already", nil
	}
	return "", err
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

// periodOf lays a new period of a plan after the last one.
func periodOf(plan model.MembershipPlan, m model.MemberID, today model.Day, last *model.MembershipPeriod) model.MembershipPeriod {
	from, anchor := next(today, last)
	return model.MembershipPeriod{
		MemberID: m, PlanID: plan.ID, FromDay: from, ToDay: end(from, plan.Unit, plan.Length, anchor), Unit: plan.Unit, Anchor: anchor,
		PointsMultiplierBP: plan.PointsMultiplierBP, PercentOffBP: plan.PercentOffBP, State: model.PeriodLive,
	}
}

// begun is a period that begins to be a member's, by a purchase or by a code.
type begun struct {
	plan    model.MembershipPlan
	period  model.MembershipPeriod
	renewal bool
	fact    Activated         // with what it came from
	words   map[string]string // for the message, beside those of the period
}

// begin stores a period with everything that follows from it in its transaction: the trial is used, the points of welcome, the first cycle's
// job, the message, the fact.
func (s *Service) begin(ctx context.Context, tx *db.Tx, b *begun) error {
	p := &b.period
	p.CreatedAt = tx.Now
	if err := insertPeriod(tx, p); err != nil {
		return err
	}
	if b.plan.Trial {
		if err := s.takeTrial(ctx, tx, p.MemberID, p.ID); err != nil {
			return err
		}
	}
	if err := s.welcome(ctx, tx, b.plan, *p); err != nil {
		return err
	}
	benefits, err := couponsOfPlan(tx, b.plan.ID)
	if err != nil {
		return err
	}
	if len(benefits) > 0 {
		if err := s.scheduleCycle(ctx, tx, *p, 0); err != nil {
			return err
		}
	}
	b.fact.Member, b.fact.Plan, b.fact.Period, b.fact.From, b.fact.To = p.MemberID, p.PlanID, p.ID, p.FromDay, p.ToDay
	if err := s.announce(ctx, tx, *b); err != nil {
		return err
	}
	return s.facts.Record(ctx, tx, b.fact)
}

// announce tells the member about a new period.
func (s *Service) announce(ctx context.Context, tx *db.Tx, b begun) error {
	template := TemplateActivated
	if b.renewal {
		template = TemplateRenewed
	}
	data := map[string]string{
		"plan": b.plan.Name, "number": "", "price": "0.00元", "from": b.period.FromDay.String(), "until": untilInWords(b.period.ToDay),
		"at": tx.Now.In(model.Shanghai).Format("2006-01-02 15:04"),
	}
	maps.Copy(data, b.words)
	_, err := s.messages.EnqueueTx(ctx, tx, messages.Message{
		Key: b.fact.FactKey(), Member: b.period.MemberID, Template: template, URL: s.page, Data: data,
	})
	if err != nil {
		return fmt.Errorf("tell member %d about the card: %w", b.period.MemberID, err)
	}
	return nil
}

// scheduleCycle orders the benefits of a cycle for its first day. A period that moved has its cycles on other days, so the key names the day.
func (s *Service) scheduleCycle(ctx context.Context, tx *db.Tx, p model.MembershipPeriod, cycle int) error {
	day := cycleStart(p, cycle)
	_, err := s.queue.Insert(ctx, tx, jobs.Job{
		Kind: jobCycle, Args: cycleArgs{p.ID, cycle}, Key: fmt.Sprintf("period:%d:cycle:%d:%s", p.ID, cycle, day), RunAt: day.Start(model.Shanghai),
	})
	return err
}
