package payments

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/service/jobs"
	"huitou/wechat"
)

// CheckOut asks for what the client hands to WeChat.
type CheckOut struct {
	PayOrder  model.PayOrderID
	LoginCode string // a fresh one of wx.login; needed for virtual payment only
}

// Checkout makes an order known to WeChat, in its own channel, and returns what the client hands to WeChat. What WeChat still honours is
// used again, so a repeated tap costs no call; a lost answer is repaired by calling again with the same number and parameters. It returns
// ErrPaid and ErrClosed for orders that take no money, ErrNoPayer, ErrChannelOff, ErrLoginCode, ErrGateway when WeChat does not answer
// (try again) and ErrRefused when it says no.
func (s *Service) Checkout(ctx context.Context, in CheckOut) (Checkout, error) {
	o, attempt, err := s.beginPrepay(ctx, in.PayOrder)
	if err != nil {
		return Checkout{}, err
	}
	channel, err := s.channelOf(o)
	if err != nil {
		return Checkout{}, err
	}
	if attempt != 0 {
		prepayID, callErr := channel.Begin(ctx, o)
		// The answer is kept even when the shopper hung up meanwhile.
		if err := s.endPrepay(context.WithoutCancel(ctx), o.ID, attempt, prepayID, callErr); err != nil {
			return Checkout{}, err
		}
		if callErr != nil {
			return Checkout{}, s.prepayFault(ctx, o, callErr)
		}
		o.PrepayID = prepayID
	}
	out, err := channel.Checkout(ctx, o, in.LoginCode)
	if err != nil {
		return Checkout{}, fmt.Errorf("sign the payment %s: %w", o.OutTradeNo, err)
	}
	return out, nil
}

// Prepay is Checkout for orders of the channel JSAPI.
func (s *Service) Prepay(ctx context.Context, id model.PayOrderID) (wechat.PayParams, error) {
	out, err := s.Checkout(ctx, CheckOut{PayOrder: id})
	if err != nil {
		return wechat.PayParams{}, err
	}
	if out.JSAPI == nil {
		return wechat.PayParams{}, ErrLoginCode
	}
	return *out.JSAPI, nil
}

// DeliveryPushed reacts to WeChat's push that an item of virtual payment was paid for. The push is a hint like any other: WeChat is asked.
func (s *Service) DeliveryPushed(ctx context.Context, p wechat.Push) error {
	if p.Delivery == nil {
		return nil
	}
	o, found, err := s.orderOf(ctx, p.Delivery.OutTradeNo)
	if err != nil {
		return err
	}
	if !found || o.Channel != model.ChannelVirtual || o.PayerOpenID != p.Delivery.OpenID {
		s.log.ErrorContext(ctx, "push about goods that are not ours", "out_trade_no", clip(p.Delivery.OutTradeNo))
		return nil
	}
	out, err := s.Query(ctx, o.ID)
	if err == nil && out.Verdict == NotPaid {
		return errPushedUnpaid // WeChat's query lags behind its push
	}
	return err
}

var errPushedUnpaid = errors.New("payments: WeChat pushed a payment and does not know it yet")

const jobDeliver = "payments.deliver"

// deliver tells WeChat that what was paid for is given, in channels that want to know.
func (s *Service) deliver(ctx context.Context, in orderArgs) error {
	o, err := s.Order(ctx, in.Order)
	if err != nil {
		return err
	}
	channel, err := s.channelOf(o)
	if err != nil {
		return err
	}
	if d, ok := channel.(deliverer); ok {
		return d.Deliver(ctx, o)
	}
	return jobs.Cancel("the channel does not want to know")
}
