package memberships

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
	"huitou/service/jobs"
	"huitou/service/messages"
	"huitou/service/payments"
	"huitou/service/points"
)

// Refunded is the fact that a refund was settled: the money is with its payer, and the period is what was left of it.
type Refunded struct {
	Refund model.MembershipRefundID `json:"refund"`
	Order  model.MembershipOrderID  `json:"order"`
	Number model.PublicID           `json:"number"` // of the order
	Member model.MemberID           `json:"member"`
	Period model.MembershipID       `json:"period"`
	Amount model.Fen                `json:"amount_fen"`
	Kind   model.MembershipMoveKind `json:"kind"` // what became of the period
	From   model.Day                `json:"from"`
	To     model.Day                `json:"to"` // exclusive
}

// FactName names the kind of fact.
func (Refunded) FactName() string { return "memberships.refunded" }

// FactKey names this one.
func (r Refunded) FactKey() string { return fmt.Sprintf("membership:refund:%d", r.Refund) }

// OnRefunded reacts to payments.Refunded: what was paid for goes as far as the money went back, once.
func (s *Service) OnRefunded(ctx context.Context, f payments.Refunded) error {
	if f.Purpose != Purpose {
		return nil
	}
	return s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return s.settleTx(ctx, tx, f) })
}

// errRefundProof means that somebody spoke of a refund that payments does not know as done.
var errRefundProof = errors.New("memberships: payments does not say that this refund is done")

func (s *Service) settleTx(ctx context.Context, tx *db.Tx, f payments.Refunded) error {
	o, err := orderByPayment(tx, f.PayOrder)
	if err != nil {
		return err
	}
	if err := s.members.LockTx(ctx, tx, o.MemberID); err != nil {
		return err
	}
	if o, err = orderByPayment(tx, f.PayOrder); err != nil {
		return err
	}
	amount, source, whole, err := s.proveRefund(ctx, tx, o, f.Refund)
	if err != nil {
		return err
	}
	if o.State != model.MembershipActivated {
		return s.tellRefund(ctx, tx, o, f.Refund, amount, "未开通") // nothing had been given
	}
	r, found, err := refundOfSource(tx, o, source)
	if err != nil || found && r.State == model.CardRefundSettled {
		return err
	}
	if !found {
		if !whole {
			return nil // money for something else, out of goodwill: the card stays
		}
		if r, err = s.elsewhere(tx, o, amount); err != nil {
			return err
		}
	}
	return s.settle(ctx, tx, o, r, whole)
}

// proveRefund reads from payments what went back; whole means that nothing is left of the price.
func (s *Service) proveRefund(ctx context.Context, tx *db.Tx, o model.MembershipOrder, id model.PayRefundID) (amount model.Fen, source string, whole bool, err error) {
	list, err := s.payments.RefundsTx(ctx, tx, o.PayOrderID)
	if err != nil {
		return 0, "", false, err
	}
	sum := model.Fen(0)
	for _, r := range list {
		if r.State != model.RefundSuccess {
			continue
		}
		sum += r.AmountFen
		if r.ID == id {
			amount, source = r.AmountFen, r.Source
		}
	}
	if amount == 0 {
		return 0, "", false, fmt.Errorf("%w: order %d, refund %d", errRefundProof, o.ID, id)
	}
	return amount, source, sum >= o.PriceFen, nil
}

// elsewhere makes the row of a refund that nobody asked memberships for, but that gave the whole price back.
func (s *Service) elsewhere(tx *db.Tx, o model.MembershipOrder, amount model.Fen) (model.MembershipRefund, error) {
	p, err := periodByOrder(tx, o.ID)
	if err != nil {
		return model.MembershipRefund{}, err
	}
	last, _, err := latestRefund(tx, o.ID)
	if err != nil {
		return model.MembershipRefund{}, err
	}
	today := model.DayOf(tx.Now, model.Shanghai)
	row := model.MembershipRefund{
		PublicID: model.PublicID(random.ID()), OrderID: o.ID, Ordinal: last.Ordinal + 1, PeriodID: p.ID, MemberID: o.MemberID, PayOrderID: o.PayOrderID,
		Policy: model.WholeRefund, PriceFen: o.PriceFen, AmountFen: amount, AsOf: today, Origin: model.CardRefundElsewhere,
		State: model.CardRefundRequested, CreatedAt: tx.Now,
	}
	row.TotalDays, row.UnusedDays = unusedDays(p, model.WholeRefund, today)
	return row, insertRefund(tx, &row)
}

// settle does what follows from money that went back, in one transaction: the period ends sooner or counts no more, later ones move up, the
// points that the card gave go back in proportion, the member is told, and the fact lets everything else react.
func (s *Service) settle(ctx context.Context, tx *db.Tx, o model.MembershipOrder, r model.MembershipRefund, whole bool) error {
	p, err := periodByOrder(tx, o.ID)
	if err != nil {
		return err
	}
	if err := moveRefund(tx, r.ID, model.CardRefundSettled); err != nil {
		return err
	}
	today := model.DayOf(tx.Now, model.Shanghai)
	move := model.MembershipMove{RefundID: r.ID, PeriodID: p.ID, FromBefore: p.FromDay, ToBefore: p.ToDay, FromAfter: p.FromDay, At: tx.Now}
	move.Kind, move.ToAfter = cut(p, whole, today)
	if err := applyMove(tx, move); err != nil {
		return err
	}
	if move.Kind == model.MoveCut || move.Kind == model.MoveRevoked {
		if err := s.moveUp(ctx, tx, r, p, today); err != nil {
			return err
		}
	}
	if err := s.takePoints(ctx, tx, r, p); err != nil {
		return err
	}
	until := untilInWords(move.ToAfter)
	if move.Kind == model.MoveRevoked {
		until = "已失效"
	}
	// The key is that of the payment's refund, of which there is one for each of ours.
	if err := s.tellSettled(ctx, tx, o, r, until); err != nil {
		return err
	}
	return s.facts.Record(ctx, tx, Refunded{Refund: r.ID, Order: o.ID, Number: o.Number, Member: o.MemberID, Period: p.ID, Amount: r.AmountFen,
		Kind: move.Kind, From: p.FromDay, To: move.ToAfter})
}

// moveUp lays the periods after one that was cut anew, by the same rules as when they were bought, so that the member has no gap. Those that hold
// today stay.
func (s *Service) moveUp(ctx context.Context, tx *db.Tx, r model.MembershipRefund, p model.MembershipPeriod, today model.Day) error {
	later, prev, err := laterPeriods(tx, p, today)
	if err != nil {
		return err
	}
	for _, q := range later {
		plan, err := planByID(tx, q.PlanID)
		if err != nil {
			return err
		}
		length := plan.Length
		if q.GiftSource != nil {
			length = int(q.GiftDays)
		}
		from, anchor := next(today, prev)
		move := model.MembershipMove{RefundID: r.ID, PeriodID: q.ID, Kind: model.MoveUp, FromBefore: q.FromDay, ToBefore: q.ToDay,
			FromAfter: from, ToAfter: end(from, q.Unit, length, anchor), At: tx.Now}
		if from == q.FromDay {
			prev = &q
			continue
		}
		if err := applyMove(tx, move); err != nil {
			return err
		}
		if err := setAnchor(tx, q.ID, anchor); err != nil {
			return err
		}
		q.FromDay, q.ToDay, q.Anchor = move.FromAfter, move.ToAfter, anchor
		benefits, err := couponsOfPlan(tx, q.PlanID)
		if err != nil {
			return err
		}
		if q.GiftSource == nil && len(benefits) > 0 {
			if err := s.scheduleCycle(ctx, tx, q, 0); err != nil {
				return err
			}
		}
		prev = &q
	}
	return nil
}

// takePoints takes back what the card gave of points, in proportion to the money that went back. Spent ones become a debt.
func (s *Service) takePoints(ctx context.Context, tx *db.Tx, r model.MembershipRefund, p model.MembershipPeriod) error {
	uses, err := pointsGiven(tx, p.ID)
	if err != nil {
		return err
	}
	for _, u := range uses {
		back := points.Share(u.Points, r.AmountFen, r.PriceFen)
		if back < 1 {
			continue
		}
		_, _, err := s.points.ClawbackTx(ctx, tx, points.Clawback{
			Member: p.MemberID, Source: fmt.Sprintf("%s:use:%d", refundSource(r), u.ID), EarnSource: u.Source, Points: back,
			Policy: model.ClawWithDebt, Note: "会员卡退款",
		})
		if err != nil {
			return fmt.Errorf("take back the points of period %d: %w", p.ID, err)
		}
	}
	return nil
}

// tellSettled tells the member of a refund that changed the card.
func (s *Service) tellSettled(ctx context.Context, tx *db.Tx, o model.MembershipOrder, r model.MembershipRefund, until string) error {
	return s.tell(ctx, tx, o, refundSource(r), r.AmountFen, until)
}

// tellRefund tells the member of a refund of an order that never gave a card.
func (s *Service) tellRefund(ctx context.Context, tx *db.Tx, o model.MembershipOrder, id model.PayRefundID, amount model.Fen, until string) error {
	return s.tell(ctx, tx, o, fmt.Sprintf("%s:refund:pay:%d", orderKey(o.ID), id), amount, until)
}

func (s *Service) tell(ctx context.Context, tx *db.Tx, o model.MembershipOrder, key string, amount model.Fen, until string) error {
	plan, err := planByID(tx, o.PlanID)
	if err != nil {
		return err
	}
	_, err = s.messages.EnqueueTx(ctx, tx, messages.Message{
		Key: key, Member: o.MemberID, Template: TemplateRefunded, URL: s.page,
		Data: map[string]string{"plan": plan.Name, "number": string(o.Number), "amount": amount.String() + "元", "until": until,
			"at": tx.Now.In(model.Shanghai).Format("2006-01-02 15:04")},
	})
	if err != nil {
		return fmt.Errorf("tell member %d about a refund: %w", o.MemberID, err)
	}
	return nil
}

// busyAgain is when coupons are looked at again that an order or an offer to a friend held.
const busyAgain = 10 * time.Minute

// RevokeCoupons reacts to Refunded: the card's unused coupons go back. One that an order holds is waited for; used ones were counted as taken.
func (s *Service) RevokeCoupons(ctx context.Context, f Refunded) error {
	busy := 0
	err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.members.LockTx(ctx, tx, f.Member); err != nil {
			return err
		}
		ids, err := couponsOf(tx, f.Period)
		if err != nil {
			return err
		}
		_, busy, err = s.coupons.VoidTx(ctx, tx, ids)
		return err
	})
	if err == nil && busy > 0 {
		return jobs.Snooze(busyAgain)
	}
	return err
}
