package mall

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/jobs"
	"huitou/service/payments"
	"huitou/service/points"
	"huitou/wechat"
)

// Purpose is the purpose of our orders at payments.
const Purpose = "mall"

const jobExpire = "mall.expire"

// Patience with a payment whose time is over but of which WeChat has not said how it ended. Points and stock are not kept from
// others for longer; money that comes all the same goes back.
const (
	lookAgain = 15 * time.Second
	patience  = 10 * time.Minute
)

type expireArgs struct {
	Redemption model.PublicID `json:"redemption"`
}

// openPayment opens the payment of the cash part and the job that ends the redemption when nobody pays.
func (s *Service) openPayment(ctx context.Context, tx *db.Tx, r *model.Redemption) error {
	pay, err := s.d.Payments.OpenTx(ctx, tx, payments.Open{Member: r.MemberID, Purpose: Purpose, Ref: string(r.PublicID),
		Amount: r.CashFen, Description: "积分兑换 " + r.GiftName})
	if err != nil {
		return fmt.Errorf("open the payment of a redemption: %w", err)
	}
	r.PayOrderID, r.PayUntil = &pay.ID, &pay.ExpiresAt
	_, err = s.d.Queue.Insert(ctx, tx, jobs.Job{Kind: jobExpire, Args: expireArgs{r.PublicID}, Key: source(r.PublicID) + ":expire", RunAt: pay.ExpiresAt})
	return err
}

// toBePaid prepares the payment of a redemption that waits for it. A stored answer may be old, so that one is looked at again.
func (s *Service) toBePaid(ctx context.Context, out Redemption) (Redemption, error) {
	if out.Replayed {
		now, err := s.Redemption(ctx, out.Member, out.ID)
		if err != nil {
			return Redemption{}, err
		}
		now.Replayed = true
		if out = now; out.State != model.RedemptionAwaiting {
			return out, nil
		}
	}
	params, err := s.d.Payments.Prepay(ctx, out.PayOrder)
	if err != nil {
		return Redemption{}, err
	}
	out.Pay = &params
	return out, nil
}

// Prepay returns what wx.requestPayment wants for a redemption of a member that waits for its payment. It returns
// ErrRedemptionUnknown, why the redemption takes no money (any more), and the faults of payments.Prepay.
func (s *Service) Prepay(ctx context.Context, member model.MemberID, id model.PublicID) (p wechat.PayParams, err error) {
	var pay model.PayOrderID
	err = s.d.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		r, err := own(tx, member, id)
		if err != nil {
			return err
		}
		if r.State != model.RedemptionAwaiting {
			return settled(r)
		}
		pay = *r.PayOrderID
		return nil
	})
	if err != nil {
		return p, err
	}
	return s.d.Payments.Prepay(ctx, pay)
}

// GiveUp lets a member end a redemption that he does not want to pay for. Doing so again has the same answer.
func (s *Service) GiveUp(ctx context.Context, member model.MemberID, id model.PublicID) (out Redemption, err error) {
	err = s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, err := own(tx, member, id)
		if err != nil {
			return err
		}
		switch r.State {
		case model.RedemptionCancelled:
			out, err = s.shown(tx, r)
			return err
		case model.RedemptionAwaiting:
		default:
			return settled(r)
		}
		if out, err = s.drop(ctx, tx, r, "会员取消"); err != nil {
			return err
		}
		return nil
	})
	return out, err
}

// settled says why a redemption neither takes money nor can be given up by its member.
func settled(r model.Redemption) error {
	if r.State == model.RedemptionCancelled || r.State == model.RedemptionRefunded {
		return stateRefusal(r)
	}
	return ErrPaidAlready
}

// drop ends a redemption that waits for its payment and gives everything back.
func (s *Service) drop(ctx context.Context, tx *db.Tx, r model.Redemption, note string) (Redemption, error) {
	if err := s.giveUp(ctx, tx, r, 0, note); err != nil {
		return Redemption{}, err
	}
	if err := s.restore(tx, r); err != nil {
		return Redemption{}, err
	}
	r, _, err := redemptionByPublicID(tx, r.PublicID)
	if err != nil {
		return Redemption{}, fmt.Errorf("read redemption %s: %w", r.PublicID, err)
	}
	return s.shown(tx, r)
}

// expire ends a redemption that was not paid in time.
func (s *Service) expire(ctx context.Context, in expireArgs) error {
	return s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		r, known, err := redemptionByPublicID(tx, in.Redemption)
		if err != nil {
			return fmt.Errorf("read redemption %s: %w", in.Redemption, err)
		}
		if !known || r.State != model.RedemptionAwaiting {
			return nil
		}
		pay, err := s.d.Payments.OrderTx(ctx, tx, *r.PayOrderID)
		if err != nil {
			return fmt.Errorf("read the payment of redemption %d: %w", r.ID, err)
		}
		switch pay.State {
		case model.PayPaid:
			return nil // Confirm is on its way
		case model.PayCreated, model.PayPaying, model.PayClosing:
			if tx.Now.Before(pay.ExpiresAt.Add(patience)) && (pay.State != model.PayCreated || tx.Now.Before(pay.ExpiresAt)) {
				return jobs.Snooze(lookAgain)
			}
		}
		_, err = s.drop(ctx, tx, r, "超时未支付")
		if errors.Is(err, ErrPaidAlready) || errors.Is(err, ErrCancelled) {
			return nil // somebody was faster
		}
		return err
	})
}

// Confirm reacts to payments.Paid: it makes a redemption final whose cash part was paid, once.
func (s *Service) Confirm(ctx context.Context, p payments.Paid) error {
	if p.Purpose != Purpose {
		return nil
	}
	return s.d.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return s.ConfirmTx(ctx, tx, p.PayOrder) })
}

// errProof means that somebody asked for a confirmation that no payment proves.
var errProof = errors.New("mall: the payment does not prove this redemption")

// ConfirmTx believes the payment's row and not the caller; a repetition has no effect. What was paid after the redemption
// ended, or cannot be given any more (the coupon is sold out, the member became a lifetime member), sends the money back.
func (s *Service) ConfirmTx(ctx context.Context, tx *db.Tx, pay model.PayOrderID) error {
	r, known, err := redemptionOfPayment(tx, pay)
	if err != nil || !known {
		return fmt.Errorf("read the redemption of payment %d (there is one: %v): %w", pay, known, err)
	}
	if r.State != model.RedemptionAwaiting && r.State != model.RedemptionCancelled {
		return nil
	}
	g, err := giftByID(tx, r.GiftID)
	if err != nil {
		return fmt.Errorf("read gift %d: %w", r.GiftID, err)
	}
	b := &batch{s: s, g: g, ins: []Redeem{{Member: r.MemberID}}, outs: make([]db.Outcome[Redemption], 1)}
	if err := b.lockMembers(ctx, tx); err != nil {
		return err
	}
	// The hold decides, under the lock of the account: captured here, or released by whoever ended the redemption.
	err = s.d.Points.CaptureTx(ctx, tx, source(r.PublicID))
	if errors.Is(err, points.ErrHoldClosed) {
		if err := s.prove(ctx, tx, r, model.PayPaid, model.PayRefundDue); err != nil {
			return err
		}
		return s.returnMoney(ctx, tx, r, "paid after the redemption was cancelled")
	}
	if err != nil {
		return fmt.Errorf("capture the points of redemption %d: %w", r.ID, err)
	}
	if r, _, err = redemptionByPublicID(tx, r.PublicID); err != nil {
		return fmt.Errorf("read redemption %d: %w", r.ID, err)
	}
	if r.State != model.RedemptionAwaiting {
		return nil // another delivery of the same fact was faster
	}
	if err := s.prove(ctx, tx, r, model.PayPaid); err != nil {
		return err
	}
	w := &winner{row: r}
	w.row.State = model.RedemptionConfirmed
	got, err := b.fulfil(ctx, tx, []*winner{w})
	if err != nil {
		return err
	}
	if len(got) == 0 {
		return s.disappoint(ctx, tx, r, b.outs[0].Err)
	}
	done, err := moveRedemption(tx, r.ID, model.RedemptionAwaiting, w.row.State,
		map[string]any{"code": w.row.Code, "coupon_id": w.row.CouponID, "closed_at": w.row.ClosedAt})
	if err != nil || !done {
		return fmt.Errorf("confirm redemption %d (done: %v): %w", r.ID, done, err)
	}
	return nil
}

// prove makes sure that the payment of a redemption is in one of some states, and is what it should be.
func (s *Service) prove(ctx context.Context, tx *db.Tx, r model.Redemption, states ...model.PayState) error {
	pay, err := s.d.Payments.OrderTx(ctx, tx, *r.PayOrderID)
	if err != nil {
		return fmt.Errorf("read the payment of redemption %d: %w", r.ID, err)
	}
	if !slices.Contains(states, pay.State) || pay.Purpose != Purpose || pay.Ref != string(r.PublicID) || pay.MemberID != r.MemberID || pay.AmountFen != r.CashFen {
		return fmt.Errorf("%w: redemption %d, payment %d in state %s", errProof, r.ID, pay.ID, pay.State)
	}
	return nil
}

// disappoint takes a redemption back whose gift cannot be given although it was paid.
func (s *Service) disappoint(ctx context.Context, tx *db.Tx, r model.Redemption, why error) error {
	note := "无法发放"
	if f := fault.Of(why); f != nil {
		note += ":" + f.Chinese
	}
	if err := s.returnPoints(ctx, tx, r, 0, note); err != nil {
		return err
	}
	if err := end(tx, r, model.RedemptionRefunded, 0, note); err != nil {
		return err
	}
	if err := s.returnMoney(ctx, tx, r, "the gift cannot be given: "+why.Error()); err != nil {
		return err
	}
	return s.restore(tx, r)
}
