package payments

import (
	"context"

	"huitou/model"
	"huitou/wechat"
)

// Channel is one way in which WeChat takes money and gives it back. The rules of this package are the same for all; a channel knows how to
// say things to WeChat and what WeChat's answers mean.
type Channel interface {
	// Begin makes an order known to WeChat and returns what names it there; channels in which the client does so return the order's number.
	Begin(ctx context.Context, o model.PayOrder) (prepayID string, err error)
	// Checkout returns what the client hands to WeChat, for an order that has begun. loginCode is a fresh one of wx.login, for channels
	// that sign with the payer's session.
	Checkout(ctx context.Context, o model.PayOrder, loginCode string) (Checkout, error)
	// Query returns what WeChat says about an order, as a transaction. An order that WeChat does not know is refused with the code
	// ORDER_NOT_EXIST.
	Query(ctx context.Context, o model.PayOrder) (wechat.Transaction, error)
	// Close makes an order unpayable. A channel that cannot do so returns ErrCannotClose; money that comes late goes back.
	Close(ctx context.Context, o model.PayOrder) error
	// Refund and QueryRefund are as in Refunds.
	Refund(ctx context.Context, o model.PayOrder, in wechat.RefundRequest) (wechat.Refund, error)
	QueryRefund(ctx context.Context, o model.PayOrder, r model.PayRefund, outRefundNo string) (wechat.Refund, error)
}

// deliverer is a channel that wants to know when what was paid for is given.
type deliverer interface {
	// Deliver tells WeChat so, unless it knows.
	Deliver(ctx context.Context, o model.PayOrder) error
}

// Checkout is what the client hands to WeChat: exactly one of the two.
type Checkout struct {
	Channel model.PayChannel
	JSAPI   *wechat.PayParams        // for wx.requestPayment
	Virtual *wechat.VirtualPayParams // for wx.requestVirtualPayment
}

// channelOf returns the channel of an order, or ErrChannelOff when it is not configured (any more).
func (s *Service) channelOf(o model.PayOrder) (Channel, error) {
	if c, ok := s.channels[o.Channel]; ok {
		return c, nil
	}
	return nil, ErrChannelOff
}

// Offers reports whether a channel is configured, so that who sells something can say so before anybody wants to pay.
func (s *Service) Offers(c model.PayChannel) bool {
	_, ok := s.channels[c]
	return ok
}
