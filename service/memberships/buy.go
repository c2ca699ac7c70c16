package memberships

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
	"huitou/service/payments"
	"huitou/wechat"
)

// Buy orders a plan at its price of now. A repeated Key returns the same order; so does another tap on the same plan while
// its payment is still open, since one intent must not be paid twice (T40).
type Buy struct {
	Member model.MemberID
	Plan   model.PublicID
	// Channel is how the client means to pay; empty is the plan's own. A wrong one is refused with the platform's rule.
	Channel model.PlanChannel `json:",omitempty"`
	// LoginCode is a fresh one of wx.login, which virtual payment signs with; others leave it empty.
	LoginCode string `json:"-"`
	Key       db.Key `json:"-"`
}

// Bought is an order and what the client hands to WeChat for it: exactly one of Pay (wx.requestPayment) and Virtual
// (wx.requestVirtualPayment).
type Bought struct {
	Number   model.PublicID
	Price    model.Fen
	Pay      *wechat.PayParams
	Virtual  *wechat.VirtualPayParams
	Replayed bool
}

// reuseLeft is how long an open payment must still be good for to be offered again.
const reuseLeft = 5 * time.Minute

// ordered is what is kept under the client's key.
type ordered struct {
	Number   model.PublicID   `json:"number"`
	Price    model.Fen        `json:"price_fen"`
	PayOrder model.PayOrderID `json:"pay_order"`
}

// Buy orders a plan and prepares its payment. The order stands before WeChat is called: when the call brings no answer, the
// same request again goes on where it stopped. It returns ErrPlanUnknown, ErrNotOnSale, ErrNeedsVirtual, ErrNeedsJSAPI, ErrLifetime, ErrTooFar,
// ErrStacked, ErrTrialUsed, and the faults of payments.Checkout.
func (s *Service) Buy(ctx context.Context, in Buy) (Bought, error) {
	var (
		o        ordered
		replayed bool
	)
	err := s.db.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		o, replayed, err = db.Once(ctx, tx, in.Key, in, func() (ordered, error) { return s.order(ctx, tx, in) })
		return err
	})
	if err != nil {
		return Bought{}, err
	}
	out, err := s.payments.Checkout(ctx, payments.CheckOut{PayOrder: o.PayOrder, LoginCode: in.LoginCode})
	if err != nil {
		return Bought{}, err
	}
	return Bought{Number: o.Number, Price: o.Price, Pay: out.JSAPI, Virtual: out.Virtual, Replayed: replayed}, nil
}

func (s *Service) order(ctx context.Context, tx *db.Tx, in Buy) (ordered, error) {
	if err := s.members.LockTx(ctx, tx, in.Member); err != nil {
		return ordered{}, err
	}
	plan, err := planByPublicID(tx, in.Plan)
	if err != nil {
		return ordered{}, err
	}
	if in.Channel != "" {
		if err := channelFault(in.Channel, plan.Channel); err != nil {
			return ordered{}, err
		}
	}
	if err := s.refusal(ctx, tx, in.Member, plan); err != nil {
		return ordered{}, err
	}
	if open, found, err := s.openOrder(ctx, tx, in.Member, plan); err != nil || found {
		return open, err
	}
	number := model.PublicID(random.ID())
	pay, err := s.payments.OpenTx(ctx, tx, payments.Open{
		Member: in.Member, Purpose: Purpose, Ref: string(number), Amount: plan.PriceFen,
		Description: "会员卡 " + plan.Name, Channel: plan.Channel, Product: product(plan),
	})
	if err != nil {
		return ordered{}, err
	}
	row := model.MembershipOrder{
		Number: number, MemberID: in.Member, PlanID: plan.ID, PriceFen: plan.PriceFen, PayOrderID: pay.ID,
		State: model.MembershipOrdered, CreatedAt: tx.Now,
	}
	if err := insertOrder(tx, &row); err != nil {
		return ordered{}, err
	}
	return ordered{number, plan.PriceFen, pay.ID}, nil
}

// product is the id of the item in WeChat's console that is sold through virtual payment: the merchant gives it the plan's id.
func product(plan model.MembershipPlan) string {
	if plan.Channel != model.ChannelVirtual {
		return ""
	}
	return string(plan.PublicID)
}

// refusal says why a member cannot buy a plan now, or returns nil.
func (s *Service) refusal(ctx context.Context, tx *db.Tx, m model.MemberID, plan model.MembershipPlan) error {
	if err := sellable(plan, tx.Now); err != nil {
		return err
	}
	return s.unfit(ctx, tx, m, plan)
}

// unfit says why a plan cannot be added to what a member has, or returns nil.
func (s *Service) unfit(ctx context.Context, tx *db.Tx, m model.MemberID, plan model.MembershipPlan) error {
	today := model.DayOf(tx.Now, model.Shanghai)
	live, err := livePeriods(tx, m, today)
	if err != nil {
		return err
	}
	var last *model.MembershipPeriod
	if len(live) > 0 {
		last = &live[len(live)-1]
	}
	if err := stackable(today, last); err != nil {
		return err
	}
	if err := stacked(plan, live); err != nil {
		return err
	}
	return s.trialFault(ctx, tx, m, plan)
}

// openOrder finds an order of the same plan whose payment the member can still make.
func (s *Service) openOrder(ctx context.Context, tx *db.Tx, m model.MemberID, plan model.MembershipPlan) (ordered, bool, error) {
	o, found, err := latestOrder(tx, m, plan.ID)
	if err != nil || !found || o.State != model.MembershipOrdered || o.PriceFen != plan.PriceFen {
		return ordered{}, false, err
	}
	pay, err := s.payments.OrderTx(ctx, tx, o.PayOrderID)
	if err != nil {
		return ordered{}, false, fmt.Errorf("read the payment of membership order %d: %w", o.ID, err)
	}
	open := (pay.State == model.PayCreated || pay.State == model.PayPaying) && pay.ExpiresAt.Sub(tx.Now) >= reuseLeft
	return ordered{o.Number, o.PriceFen, o.PayOrderID}, open, nil
}

// OrderState is how far an order is, for the member.
type OrderState string

// States of an order. Only Done means that the card is there.
const (
	Unpaid    OrderState = "unpaid"
	Paying    OrderState = "paid" // the money is here, the card will be in a moment
	Done      OrderState = "activated"
	Closed    OrderState = "closed"
	RefundDue OrderState = "refund_due" // nothing can be given; the money goes back, or has

	Refunding      OrderState = "refunding"       // the member or the shop asked for a refund; the card holds until it is there
	RefundedWhole  OrderState = "refunded"        // the whole price went back
	RefundedPartly OrderState = "partly_refunded" // a part of it did
)

// Order is an order as its owner sees it.
type Order struct {
	Number    model.PublicID
	Plan      string
	Price     model.Fen
	State     OrderState
	From, To  model.Day // of the period, To exclusive; zero before it is active
	CreatedAt time.Time
	PaidAt    *time.Time
	ExpiresAt time.Time // until when it can be paid
	// RefundedFen is what is back with the payer by now.
	RefundedFen model.Fen
}

// Order returns a member's order. Orders of others do not exist for him: ErrUnknown.
func (s *Service) Order(ctx context.Context, m model.MemberID, number model.PublicID) (o Order, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		row, err := orderOfMember(tx, m, number)
		if err != nil {
			return err
		}
		plan, err := planByID(tx, row.PlanID)
		if err != nil {
			return err
		}
		pay, err := s.payments.OrderTx(ctx, tx, row.PayOrderID)
		if err != nil {
			return err
		}
		refund, _, err := latestRefund(tx, row.ID)
		if err != nil {
			return err
		}
		o = Order{
			Number: row.Number, Plan: plan.Name, Price: row.PriceFen, State: orderState(row, pay, refund),
			CreatedAt: row.CreatedAt, PaidAt: pay.PaidAt, ExpiresAt: pay.ExpiresAt, RefundedFen: pay.RefundedFen,
		}
		if row.State != model.MembershipActivated {
			return nil
		}
		p, err := periodByOrder(tx, row.ID)
		o.From, o.To = p.FromDay, p.ToDay
		return err
	})
	return o, err
}

func orderState(o model.MembershipOrder, p model.PayOrder, r model.MembershipRefund) OrderState {
	switch {
	case o.State == model.MembershipActivated && p.RefundedFen == p.AmountFen:
		return RefundedWhole
	case o.State == model.MembershipActivated && r.State == model.CardRefundRequested:
		return Refunding
	case o.State == model.MembershipActivated && r.State == model.CardRefundSettled:
		return RefundedPartly
	case o.State == model.MembershipActivated:
		return Done
	case o.State == model.MembershipUndeliverable, p.State == model.PayRefundDue:
		return RefundDue
	case p.State == model.PayPaid:
		return Paying
	case p.State == model.PayClosing, p.State == model.PayClosed:
		return Closed
	}
	return Unpaid
}
