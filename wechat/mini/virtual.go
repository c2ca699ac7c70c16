package mini

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/silenceper/wechat/v2/miniprogram/virtualpayment"

	"huitou/wechat"
	"huitou/wechat/internal/api"
)

// Paths of virtual payment. The client's call is signed under a name that is no path.
const (
	virtualOrderPath   = "/xpay/query_order"
	virtualProvidePath = "/xpay/notify_provide_goods"
	virtualRefundPath  = "/xpay/refund_order"
	virtualClientURI   = "requestVirtualPayment"
)

// virtualMode is the purchase of an item at its price; the other mode sells coins.
const virtualMode = "short_series_goods"

// VirtualConfig is a mini-program's account for virtual payment, as its console shows it.
type VirtualConfig struct {
	OfferID string
	AppKey  wechat.Secret // of the environment: production and sandbox have one each
	Sandbox bool
}

// Virtual is virtual payment of one mini-program. What is signed follows the published example; the calls themselves can be tried against
// WeChat only, which has no public test account, so their field names are those of its documentation and of the SDK.
type Virtual struct {
	client  *Client
	offerID string
	appKey  string
	env     virtualpayment.Env
}

// NewVirtual returns virtual payment for a mini-program.
func NewVirtual(c *Client, cfg VirtualConfig) (*Virtual, error) {
	if cfg.OfferID == "" || cfg.AppKey == "" {
		return nil, errors.New("virtual payment: OfferID or AppKey is missing")
	}
	v := &Virtual{client: c, offerID: cfg.OfferID, appKey: cfg.AppKey.Reveal(), env: virtualpayment.EnvProduction}
	if cfg.Sandbox {
		v.env = virtualpayment.EnvSandbox
	}
	return v, nil
}

// OfferID names the account that takes the money.
func (v *Virtual) OfferID() string { return v.offerID }

// Code2Session is that of the mini-program: the payer's session key, with which a purchase is signed, is fetched when it is needed and not
// kept.
func (v *Virtual) Code2Session(ctx context.Context, code string) (wechat.Session, error) {
	return v.client.Code2Session(ctx, code)
}

// Sign makes what the client hands to wx.requestVirtualPayment.
func (v *Virtual) Sign(g wechat.VirtualGoods, sessionKey wechat.Secret) (wechat.VirtualPayParams, error) {
	data, err := json.Marshal(virtualpayment.SignData{
		OfferID: v.offerID, BuyQuantity: 1, Env: v.env, CurrencyType: currency, ProductID: g.ProductID, GoodsPrice: int(g.PriceFen),
		OutTradeNo: g.OutTradeNo, Attach: g.Attach,
	})
	if err != nil {
		return wechat.VirtualPayParams{}, fmt.Errorf("encode the purchase %s: %w", g.OutTradeNo, err)
	}
	return wechat.VirtualPayParams{
		Mode: virtualMode, SignData: string(data), PaySig: v.paySig(virtualClientURI, data), Signature: keyed(sessionKey.Reveal(), data),
	}, nil
}

const currency = "CNY"

func (v *Virtual) paySig(uri string, body []byte) string {
	return keyed(v.appKey, append([]byte(uri+"&"), body...))
}

// keyed is HMAC-SHA256 in small hex digits; the keys are used as they are written.
func keyed(key string, message []byte) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write(message)
	return hex.EncodeToString(h.Sum(nil))
}

// Order asks about a payment or a refund by our number. WeChat's refusal of an unknown number is not documented.
func (v *Virtual) Order(ctx context.Context, openID, orderID string) (wechat.VirtualOrder, error) {
	out, err := signed[struct {
		Order *virtualpayment.OrderItem `json:"order"`
	}](ctx, v, virtualOrderPath, virtualpayment.QueryOrderRequest{
		CommonRequest: virtualpayment.CommonRequest{OpenID: openID, Env: v.env}, OrderID: orderID,
	})
	if err != nil {
		return wechat.VirtualOrder{}, err
	}
	o := out.Order
	if o == nil || o.OrderID != orderID {
		return wechat.VirtualOrder{}, api.Malformed(virtualOrderPath, "the order that was asked for")
	}
	return wechat.VirtualOrder{
		OrderID: o.OrderID, WxOrderID: o.WxOrderID, Status: virtualStatus(o.Status), Refund: o.OrderType == 1,
		TotalFen: int64(o.OrderFee), PaidFen: int64(o.PaidFee), LeftFen: int64(o.LeftFee), RefundFen: int64(o.RefundFee), At: unix(o.PaidTime),
	}, nil
}

func virtualStatus(s virtualpayment.OrderStatus) wechat.VirtualStatus {
	switch s {
	case virtualpayment.OrderStatusInit, virtualpayment.OrderStatusCreated:
		return wechat.VirtualUnpaid
	case virtualpayment.OrderStatusPaid, virtualpayment.OrderStatusDelivering:
		return wechat.VirtualPaid
	case virtualpayment.OrderStatusDelivered:
		return wechat.VirtualDelivered
	case virtualpayment.OrderStatusRefunded:
		return wechat.VirtualRefunded
	case virtualpayment.OrderStatusClosed:
		return wechat.VirtualClosed
	case virtualpayment.OrderStatusRefundFailed:
		return wechat.VirtualRefundFailed
	}
	return wechat.VirtualUnknown
}

// Provide tells WeChat that an item was delivered, for when it did not learn so from the answer to its push.
func (v *Virtual) Provide(ctx context.Context, orderID string) error {
	_, err := signed[struct{}](ctx, v, virtualProvidePath, virtualpayment.NotifyProvideGoodsRequest{OrderID: orderID, Env: v.env})
	return err
}

// refundRequest is the SDK's with the fields that it always sends left out where they are empty.
type refundRequest struct {
	OpenID        string             `json:"openid"`
	OrderID       string             `json:"order_id"`
	RefundOrderID string             `json:"refund_order_id"`
	LeftFee       int64              `json:"left_fee"`
	RefundFee     int64              `json:"refund_fee"`
	BizMeta       string             `json:"biz_meta"`
	RefundReason  string             `json:"refund_reason"` // 5: other
	ReqFrom       string             `json:"req_from"`      // 3: other
	Env           virtualpayment.Env `json:"env"`
}

// Refund asks for money to go back. It is accepted, not done; Order tells how it ended. What was paid through Apple goes back through the
// App Store only, and is refused here.
func (v *Virtual) Refund(ctx context.Context, in wechat.VirtualRefund) error {
	_, err := signed[struct{}](ctx, v, virtualRefundPath, refundRequest{
		OpenID: in.OpenID, OrderID: in.OrderID, RefundOrderID: in.RefundID, LeftFee: in.LeftFen, RefundFee: in.RefundFen,
		RefundReason: "5", ReqFrom: "3", Env: v.env,
	})
	return err
}

// signed makes a call whose body is signed with the account's key.
func signed[T any](ctx context.Context, v *Virtual, path string, in any) (T, error) {
	body, err := json.Marshal(in)
	if err != nil {
		var none T
		return none, fmt.Errorf("encode request to %s: %w", path, err)
	}
	return api.PostRaw[T](ctx, v.client.api, path, url.Values{"pay_sig": {v.paySig(path, body)}}, body)
}
