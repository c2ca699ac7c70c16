package pay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"

	"huitou/wechat"
)

const (
	prepayPath = "/v3/pay/transactions/jsapi"
	queryPath  = "/v3/pay/transactions/out-trade-no/{out_trade_no}"
	closePath  = queryPath + "/close"

	currency = "CNY"
)

// shanghai is the zone WeChat Pay writes its times in.
var shanghai = time.FixedZone("CST", 8*60*60)

// Prepay registers an order and returns its prepay id, good for two hours. The same number
// with the same content may be asked again; with other content it is refused. After a call
// without an answer the order may exist: ask again or Query.
func (c *Client) Prepay(ctx context.Context, in wechat.Prepay) (prepayID string, err error) {
	req := jsapi.PrepayRequest{
		Appid:       core.String(c.appID),
		Mchid:       core.String(c.mchID),
		Description: core.String(in.Description),
		OutTradeNo:  core.String(in.OutTradeNo),
		NotifyUrl:   core.String(in.NotifyURL),
		Amount:      &jsapi.Amount{Total: core.Int64(in.TotalFen), Currency: core.String(currency)},
		Payer:       &jsapi.Payer{Openid: core.String(in.PayerOpenID)},
	}
	if in.Attach != "" {
		req.Attach = core.String(in.Attach)
	}
	if !in.ExpireAt.IsZero() {
		req.TimeExpire = core.Time(in.ExpireAt.In(shanghai).Truncate(time.Second))
	}
	out, _, err := c.orders.Prepay(ctx, req)
	if err != nil {
		return "", translate(prepayPath, err)
	}
	if out.PrepayId == nil || *out.PrepayId == "" {
		return "", &wechat.TransportError{Endpoint: prepayPath, HTTPStatus: 200, Err: errors.New("answer without prepay_id")}
	}
	return *out.PrepayId, nil
}

// Query asks for the state of an order by our number. An unknown order is a
// *wechat.PayError with code PayOrderNotExist.
func (c *Client) Query(ctx context.Context, outTradeNo string) (wechat.Transaction, error) {
	out, _, err := c.orders.QueryOrderByOutTradeNo(ctx, jsapi.QueryOrderByOutTradeNoRequest{
		OutTradeNo: core.String(outTradeNo),
		Mchid:      core.String(c.mchID),
	})
	if err != nil {
		return wechat.Transaction{}, translate(queryPath, err)
	}
	tx, err := transaction(out)
	if err != nil {
		return wechat.Transaction{}, &wechat.TransportError{Endpoint: queryPath, HTTPStatus: 200, Err: err}
	}
	return tx, nil
}

// Close makes an unpaid order unpayable. It may be repeated. A paid order is a
// *wechat.PayError with code PayOrderPaid; a payment may win the race, so Query afterwards.
func (c *Client) Close(ctx context.Context, outTradeNo string) error {
	_, err := c.orders.CloseOrder(ctx, jsapi.CloseOrderRequest{
		OutTradeNo: core.String(outTradeNo),
		Mchid:      core.String(c.mchID),
	})
	if err != nil {
		return translate(closePath, err)
	}
	return nil
}

// transaction reads the SDK's struct of pointers. Only what every transaction has is
// required.
func transaction(t *payments.Transaction) (wechat.Transaction, error) {
	out := wechat.Transaction{
		AppID:          val(t.Appid),
		MchID:          val(t.Mchid),
		OutTradeNo:     val(t.OutTradeNo),
		TransactionID:  val(t.TransactionId),
		TradeType:      val(t.TradeType),
		TradeState:     wechat.TradeState(val(t.TradeState)),
		TradeStateDesc: val(t.TradeStateDesc),
		BankType:       val(t.BankType),
		Attach:         val(t.Attach),
	}
	if out.OutTradeNo == "" || out.TradeState == "" {
		return out, errors.New("transaction without out_trade_no or trade_state")
	}
	if t.Payer != nil {
		out.PayerOpenID = val(t.Payer.Openid)
	}
	if a := t.Amount; a != nil {
		out.TotalFen, out.PayerTotalFen = val(a.Total), val(a.PayerTotal)
		out.Currency, out.PayerCurrency = val(a.Currency), val(a.PayerCurrency)
	}
	var err error
	if out.SuccessTime, err = instant(val(t.SuccessTime)); err != nil {
		return out, err
	}
	return out, nil
}

// instant reads an RFC 3339 time; an empty one is zero.
func instant(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("time of %d bytes is not RFC 3339", len(s))
	}
	return at.UTC(), nil
}

// val is the value of one of the SDK's pointers, zero for nil.
func val[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}
