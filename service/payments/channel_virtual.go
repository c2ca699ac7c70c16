package payments

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"huitou/model"
	"huitou/wechat"
)

// VirtualGateway is a mini-program's virtual payment; wechat/mini's Virtual is one.
type VirtualGateway interface {
	OfferID() string
	Code2Session(ctx context.Context, code string) (wechat.Session, error)
	Sign(g wechat.VirtualGoods, sessionKey wechat.Secret) (wechat.VirtualPayParams, error)
	Order(ctx context.Context, openID, orderID string) (wechat.VirtualOrder, error)
	Provide(ctx context.Context, orderID string) error
	Refund(ctx context.Context, in wechat.VirtualRefund) error
}

// virtual is virtual payment, which WeChat's rules want for rights that exist online only (wechat.md §4.9). The client makes the order at
// WeChat, so there is nothing to begin and nothing to close; an answer to a query is the only proof, since the push is signed by the
// message key and not by the account that takes the money.
type virtual struct{ gateway VirtualGateway }

func (c virtual) Begin(_ context.Context, o model.PayOrder) (string, error) { return o.OutTradeNo, nil }

// Checkout signs with the payer's session key, which the code fetches; a code of somebody else is refused.
func (c virtual) Checkout(ctx context.Context, o model.PayOrder, loginCode string) (Checkout, error) {
	if loginCode == "" {
		return Checkout{}, ErrLoginCode
	}
	who, err := c.gateway.Code2Session(ctx, loginCode)
	if err != nil {
		if class := wechat.ClassOf(err); class == wechat.ClassCode {
			return Checkout{}, ErrLoginCode.Because(err)
		}
		return Checkout{}, ErrGateway.Because(err)
	}
	if who.OpenID != o.PayerOpenID {
		return Checkout{}, ErrLoginCode
	}
	p, err := c.gateway.Sign(wechat.VirtualGoods{OutTradeNo: o.OutTradeNo, ProductID: o.Product, PriceFen: int64(o.AmountFen), Attach: o.Purpose}, who.SessionKey)
	return Checkout{Channel: model.ChannelVirtual, Virtual: &p}, err
}

func (c virtual) Query(ctx context.Context, o model.PayOrder) (wechat.Transaction, error) {
	v, err := c.gateway.Order(ctx, o.PayerOpenID, o.OutTradeNo)
	if err != nil {
		return wechat.Transaction{}, virtualRefusal(err, wechat.PayOrderNotExist)
	}
	if v.Refund {
		return wechat.Transaction{}, fmt.Errorf("asked about the payment %s and was told about a refund", o.OutTradeNo)
	}
	// WeChat answers for the account and the payer that the question was signed for, and names neither.
	t := wechat.Transaction{
		AppID: o.AppID, MchID: c.gateway.OfferID(), OutTradeNo: v.OrderID, TradeType: "VIRTUAL", TotalFen: v.TotalFen, PayerTotalFen: v.PaidFen,
		Currency: "CNY", PayerCurrency: "CNY", PayerOpenID: o.PayerOpenID, SuccessTime: v.At,
	}
	switch v.Status {
	case wechat.VirtualPaid, wechat.VirtualDelivered, wechat.VirtualRefundFailed:
		t.TradeState, t.TransactionID = wechat.TradeSuccess, v.WxOrderID
	case wechat.VirtualRefunded:
		t.TradeState, t.TransactionID = wechat.TradeRefund, v.WxOrderID
	case wechat.VirtualClosed:
		t.TradeState = wechat.TradeClosed
	default:
		t.TradeState = wechat.TradeNotPaid
	}
	return t, nil
}

func (c virtual) Close(context.Context, model.PayOrder) error { return ErrCannotClose }

// Refund asks first how much is left, because WeChat wants to be told.
func (c virtual) Refund(ctx context.Context, o model.PayOrder, in wechat.RefundRequest) (wechat.Refund, error) {
	v, err := c.gateway.Order(ctx, o.PayerOpenID, o.OutTradeNo)
	if err != nil {
		return wechat.Refund{}, virtualRefusal(err, "")
	}
	err = c.gateway.Refund(ctx, wechat.VirtualRefund{
		OpenID: o.PayerOpenID, OrderID: o.OutTradeNo, RefundID: in.OutRefundNo, LeftFen: v.LeftFen, RefundFen: in.RefundFen,
	})
	var no *wechat.Error
	if errors.As(err, &no) && no.Code == virtualRepeated {
		err = nil // an earlier call was accepted and its answer lost
	}
	if err != nil {
		return wechat.Refund{}, virtualRefusal(err, "")
	}
	return c.refund(o, in.OutRefundNo, in.RefundFen, wechat.RefundProcessing), nil
}

func (c virtual) QueryRefund(ctx context.Context, o model.PayOrder, r model.PayRefund, no string) (wechat.Refund, error) {
	v, err := c.gateway.Order(ctx, o.PayerOpenID, no)
	if err != nil {
		return wechat.Refund{}, virtualRefusal(err, wechat.PayRefundNotExist)
	}
	status := wechat.RefundProcessing
	switch v.Status {
	case wechat.VirtualRefunded:
		status = wechat.RefundSuccess
	case wechat.VirtualRefundFailed:
		status = wechat.RefundAbnormal
	case wechat.VirtualClosed:
		status = wechat.RefundClosed
	}
	out := c.refund(o, no, v.RefundFen, status)
	out.RefundID, out.PayerRefundFen = v.WxOrderID, v.RefundFen
	if status == wechat.RefundSuccess {
		out.SuccessTime = v.At
	}
	if status == wechat.RefundProcessing && v.RefundFen == 0 {
		out.RefundFen = int64(r.AmountFen) // not told before it is done
	}
	return out, nil
}

// refund says in the words of WeChat Pay what is known of a refund.
func (c virtual) refund(o model.PayOrder, no string, amount int64, status wechat.RefundStatus) wechat.Refund {
	return wechat.Refund{
		MchID: c.gateway.OfferID(), OutRefundNo: no, OutTradeNo: o.OutTradeNo, TransactionID: *o.TransactionID, Status: status,
		TotalFen: int64(o.AmountFen), RefundFen: amount, Currency: "CNY",
	}
}

// Deliver is needed when WeChat did not get our answer to its push, or the payment was found by a query.
func (c virtual) Deliver(ctx context.Context, o model.PayOrder) error {
	v, err := c.gateway.Order(ctx, o.PayerOpenID, o.OutTradeNo)
	if err != nil {
		return err
	}
	if v.Status != wechat.VirtualPaid {
		return nil
	}
	return c.gateway.Provide(ctx, o.OutTradeNo)
}

// Codes of virtual payment.
const (
	virtualSign     = 268490003
	virtualRepeated = 268490004
	virtualNoMoney  = 268490006
)

// virtualRefusal puts a refusal into the words of WeChat Pay, by which the rules of this package go. Which code an unknown order has is
// not documented, so any refusal of a question that is not WeChat's own trouble counts as unknown; nothing is decided by it alone.
func virtualRefusal(err error, unknown string) error {
	var no *wechat.Error
	if !errors.As(err, &no) {
		return err
	}
	out := &wechat.PayError{HTTPStatus: http.StatusBadRequest, Code: strconv.Itoa(no.Code), Message: no.Message, RequestID: no.RequestID, Endpoint: no.Endpoint}
	switch class := no.Class(); {
	case no.Code == virtualSign:
		out.HTTPStatus = http.StatusUnauthorized
	case no.Code == virtualNoMoney:
		out.Code = wechat.PayNotEnough
	case class == wechat.ClassQuota:
		out.HTTPStatus = http.StatusTooManyRequests
	case class == wechat.ClassRetry || class == wechat.ClassToken:
		out.HTTPStatus = http.StatusInternalServerError
	case class == wechat.ClassConfig:
		out.HTTPStatus = http.StatusUnauthorized
	case unknown != "":
		out.HTTPStatus, out.Code = http.StatusNotFound, unknown
	}
	return out
}
