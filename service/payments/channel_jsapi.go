package payments

import (
	"context"

	"huitou/model"
	"huitou/wechat"
)

// jsapi is WeChat Pay inside of WeChat, for goods and services outside of the phone.
type jsapi struct {
	gateway   Gateway
	refunds   Refunds
	notifyURL string
}

func (c jsapi) Begin(ctx context.Context, o model.PayOrder) (string, error) {
	return c.gateway.Prepay(ctx, wechat.Prepay{
		OutTradeNo: o.OutTradeNo, Description: o.Description, NotifyURL: c.notifyURL,
		TotalFen: int64(o.AmountFen), PayerOpenID: o.PayerOpenID, ExpireAt: o.ExpiresAt,
	})
}

func (c jsapi) Checkout(_ context.Context, o model.PayOrder, _ string) (Checkout, error) {
	p, err := c.gateway.Params(o.PrepayID)
	return Checkout{Channel: model.ChannelJSAPI, JSAPI: &p}, err
}

func (c jsapi) Query(ctx context.Context, o model.PayOrder) (wechat.Transaction, error) {
	return c.gateway.Query(ctx, o.OutTradeNo)
}

func (c jsapi) Close(ctx context.Context, o model.PayOrder) error {
	return c.gateway.Close(ctx, o.OutTradeNo)
}

func (c jsapi) Refund(ctx context.Context, _ model.PayOrder, in wechat.RefundRequest) (wechat.Refund, error) {
	return c.refunds.Refund(ctx, in)
}

func (c jsapi) QueryRefund(ctx context.Context, _ model.PayOrder, _ model.PayRefund, no string) (wechat.Refund, error) {
	return c.refunds.QueryRefund(ctx, no)
}
