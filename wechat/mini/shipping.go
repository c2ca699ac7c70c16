package mini

import (
	"context"
	"errors"
	"time"

	"github.com/silenceper/wechat/v2/miniprogram/order"

	"huitou/wechat"
	"huitou/wechat/internal/api"
)

const (
	uploadShippingPath = "/wxa/sec/order/upload_shipping_info"
	tradeManagedPath   = "/wxa/sec/order/is_trade_managed"
	carriersPath       = "/cgi-bin/express/delivery/open_msg/get_delivery_list"
	shippingOrderPath  = "/wxa/sec/order/get_order"
)

const maxItemDesc = 120 // characters

// shanghai is the zone WeChat writes its times in; it has had no summer time since 1991.
var shanghai = time.FixedZone("CST", 8*60*60)

// The SDK's own request sends the numbers it was not given as empty strings and the time in
// nanoseconds of the local zone, so the request is ours.
type uploadRequest struct {
	Key          shippingKey         `json:"order_key"`
	Logistics    order.LogisticsType `json:"logistics_type"`
	DeliveryMode order.DeliveryMode  `json:"delivery_mode"`
	List         []shippingItem      `json:"shipping_list"`
	UploadTime   string              `json:"upload_time"` // RFC 3339 with milliseconds, +08:00
	Payer        order.ShippingPayer `json:"payer"`
}

type shippingKey struct {
	Type          order.NumberType `json:"order_number_type"`
	TransactionID string           `json:"transaction_id,omitempty"`
	MchID         string           `json:"mchid,omitempty"`
	OutTradeNo    string           `json:"out_trade_no,omitempty"`
}

type shippingItem struct {
	TrackingNo     string `json:"tracking_no,omitempty"`
	ExpressCompany string `json:"express_company,omitempty"`
	ItemDesc       string `json:"item_desc"`

	Contact *shippingContact `json:"contact,omitempty"`
}

type shippingContact struct {
	Receiver string `json:"receiver_contact"`
}

// alreadyShipped are refusals that mean there is nothing left to do.
var alreadyShipped = map[int]bool{
	10060002:  true, // shipped in full
	10060003:  true, // the one change was used
	10060023:  true, // same content as before
	268440065: true, // shipped
}

// UploadShipping tells WeChat that a paid order was delivered. A second upload with other
// content is the one change WeChat allows, so after a call without an answer ask
// ShippingOrder first. An order already shipped is success. In the first seconds after a
// payment WeChat may not know the order yet: that is a *wechat.Error of ClassRetry.
func (c *Client) UploadShipping(ctx context.Context, in wechat.Shipping) error {
	desc := []rune(in.ItemDesc)
	if len(desc) > maxItemDesc {
		desc = append(desc[:maxItemDesc-1], '…')
	}
	req := uploadRequest{
		Key:          shippingKey{Type: order.NumberTypeTransactionID, TransactionID: in.TransactionID},
		Logistics:    order.LogisticsType(in.Mode),
		DeliveryMode: order.DeliveryModeUnifiedDelivery,
		List: []shippingItem{{
			TrackingNo:     in.TrackingNo,
			ExpressCompany: in.ExpressCompany,
			ItemDesc:       string(desc),
		}},
		UploadTime: c.now().In(shanghai).Format("2006-01-02T15:04:05.000-07:00"),
		Payer:      order.ShippingPayer{Openid: in.PayerOpenID},
	}
	if in.Contact != "" {
		req.List[0].Contact = &shippingContact{in.Contact}
	}
	if in.TransactionID == "" {
		req.Key = shippingKey{Type: order.NumberTypeOutTradeNo, MchID: in.MchID, OutTradeNo: in.OutTradeNo}
	}
	_, err := api.Post[struct{}](ctx, c.api, uploadShippingPath, req)
	var refused *wechat.Error
	if errors.As(err, &refused) && alreadyShipped[refused.Code] {
		return nil
	}
	return err
}

// TradeManaged reports whether WeChat wants to be told how paid orders of this mini-program are delivered. Where that is not opened,
// WeChat refuses the question itself as unauthorised, and that is a no.
func (c *Client) TradeManaged(ctx context.Context) (bool, error) {
	out, err := api.Post[struct {
		Managed bool `json:"is_trade_managed"`
	}](ctx, c.api, tradeManagedPath, map[string]string{"appid": c.AppID()})
	var refused *wechat.Error
	if errors.As(err, &refused) && refused.Code == 48001 {
		return false, nil
	}
	return out.Managed, err
}

// Carriers lists the express companies that WeChat knows, by the ids that UploadShipping wants.
func (c *Client) Carriers(ctx context.Context) ([]wechat.Carrier, error) {
	out, err := api.Post[struct {
		List []struct {
			ID   string `json:"delivery_id"`
			Name string `json:"delivery_name"`
		} `json:"delivery_list"`
	}](ctx, c.api, carriersPath, struct{}{})
	if err != nil {
		return nil, err
	}
	list := make([]wechat.Carrier, 0, len(out.List))
	for _, d := range out.List {
		list = append(list, wechat.Carrier{ID: d.ID, Name: d.Name})
	}
	return list, nil
}

// ShippingOrder asks the order centre about a payment, by its transaction id or, when that
// is empty, by merchant and order number.
func (c *Client) ShippingOrder(ctx context.Context, transactionID, mchID, outTradeNo string) (wechat.ShippingOrder, error) {
	req := map[string]string{"transaction_id": transactionID}
	if transactionID == "" {
		req = map[string]string{"merchant_id": mchID, "merchant_trade_no": outTradeNo}
	}
	out, err := api.Post[order.ShippingOrderResponse](ctx, c.api, shippingOrderPath, req)
	if err != nil {
		return wechat.ShippingOrder{}, err
	}
	o := out.Order
	return wechat.ShippingOrder{
		TransactionID: o.TransactionID,
		OutTradeNo:    o.MerchantTradeNo,
		MchID:         o.MerchantID,
		State:         shippingState(o.OrderState),
		PayerOpenID:   o.Openid,
		PaidFen:       o.PaidAmount,
		PaidAt:        unix(o.PayTime),
		Disputed:      o.InComplaint,
	}, nil
}

// ShippingState asks only for the state of a payment.
func (c *Client) ShippingState(ctx context.Context, transactionID string) (wechat.ShippingState, error) {
	o, err := c.ShippingOrder(ctx, transactionID, "", "")
	return o.State, err
}

func shippingState(s order.State) wechat.ShippingState {
	switch s {
	case order.StateWaitShipment:
		return wechat.ShippingWaits
	case order.StateShipped:
		return wechat.ShippingSent
	case order.StateConfirm:
		return wechat.ShippingConfirmed
	case order.StateComplete:
		return wechat.ShippingDone
	case order.StateRefund:
		return wechat.ShippingRefunded
	case 6: // seen in practice, not in the SDK
		return wechat.ShippingPending
	default:
		return wechat.ShippingUnknown
	}
}

func unix(seconds int64) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
