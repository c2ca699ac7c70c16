package sim

import (
	"context"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// shipping is what 小程序发货信息管理 knows of an order.
type shipping struct {
	state     int // 0 before payment; see the shipping… constants
	uploads   int
	info      string // the last upload, canonical
	logistics int
	delivery  int
	itemDesc  string
	shippedAt time.Time
	list      []parcel
}

const (
	shippingWait      = 1
	shippingShipped   = 2
	shippingConfirmed = 3
	shippingRefunded  = 5

	logisticsVirtual = 3
)

type parcel struct {
	TrackingNo     string `json:"tracking_no"`
	ExpressCompany string `json:"express_company"`
	ItemDesc       string `json:"item_desc"`
}

// confirmAfter is when an order counts as received without the customer's word:
// virtual goods sooner than parcels.
func confirmAfter(logistics int) time.Duration {
	if logistics == logisticsVirtual {
		return 2 * 24 * time.Hour
	}
	return 10 * 24 * time.Hour
}

// uploadShipping is POST /wxa/sec/order/upload_shipping_info. One correction with
// other content is allowed after the first upload, none after that.
func (s *Sim) uploadShipping(c *call) answer {
	var in struct {
		OrderKey struct {
			OrderNumberType int    `json:"order_number_type"`
			TransactionID   string `json:"transaction_id"`
			MchID           string `json:"mchid"`
			OutTradeNo      string `json:"out_trade_no"`
		} `json:"order_key"`
		LogisticsType int      `json:"logistics_type"`
		DeliveryMode  int      `json:"delivery_mode"`
		ShippingList  []parcel `json:"shipping_list"`
		UploadTime    string   `json:"upload_time"`
		Payer         payPayer `json:"payer"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	var o *order
	switch key := in.OrderKey; {
	case key.OrderNumberType == 2 && key.TransactionID == "":
		return s.errcode(268485195)
	case key.OrderNumberType == 2:
		o = s.transactions[key.TransactionID]
	case key.OrderNumberType != 1:
		return s.errcode(10060014)
	case key.MchID == "":
		return s.errcode(268485196)
	case key.OutTradeNo == "":
		return s.errcode(268485197)
	case key.MchID == s.acc.Merchant.MchID:
		o = s.orders[key.OutTradeNo]
	}
	if code := s.checkParcels(in.LogisticsType, in.DeliveryMode, in.ShippingList, in.UploadTime); code != 0 {
		return s.errcode(code)
	}
	if s.settings.TradeUnmanaged {
		return s.errcode(48001)
	}
	if !s.shippable(o) {
		return s.errcode(10060001)
	}
	if in.Payer.OpenID != o.openID {
		return s.errcode(10060031)
	}
	info := canonicalJSON(c.body, "upload_time")
	switch ship := &o.shipping; {
	case o.fullyRefunded():
		return s.errcode(10060004)
	case ship.state >= shippingConfirmed:
		return s.errcode(10060002)
	case ship.uploads > 0 && ship.info == info:
		return s.errcode(10060023)
	case ship.uploads > 1:
		return s.errcode(10060003)
	}
	o.shipping = shipping{
		state: shippingShipped, uploads: o.shipping.uploads + 1, info: info, logistics: in.LogisticsType,
		delivery: in.DeliveryMode, itemDesc: in.ShippingList[0].ItemDesc, shippedAt: s.now(), list: in.ShippingList,
	}
	out := ok(okBody)
	if o.shipping.uploads == 1 {
		out.then = func() { s.settleLater(o) }
	}
	return out
}

func (s *Sim) checkParcels(logistics, delivery int, list []parcel, uploadTime string) int {
	switch {
	case logistics < 1 || logistics > 4:
		return 10060005
	case delivery != 1: // one parcel; split shipping is not simulated
		return 268485224
	case len(list) != 1:
		return 10060014
	case list[0].ItemDesc == "":
		return 10060020
	case utf8.RuneCountInString(list[0].ItemDesc) > 120:
		return 10060009
	case logistics == 1 && (list[0].TrackingNo == "" || !knownCarrier(list[0].ExpressCompany)):
		return 10060014
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z07:00", uploadTime); err != nil {
		return 268485216
	}
	return 0
}

func knownCarrier(id string) bool {
	return slices.ContainsFunc(carriers, func(c [2]string) bool { return c[0] == id })
}

// shippable: paid in the mini-program, and the index has caught up.
func (s *Sim) shippable(o *order) bool {
	return o != nil && o.app.kind == kindMini && o.transactionID != "" &&
		s.now().Sub(o.paidAt) >= millis(s.settings.ShippingLagMS)
}

// settleLater confirms the order on the platform's own term and pushes
// trade_manage_order_settlement. s.mu is held.
func (s *Sim) settleLater(o *order) {
	due, generation := o.shipping.shippedAt.Add(confirmAfter(o.shipping.logistics)), s.generation
	s.engine.schedule(due, laneOf(kindMini, o.user), func(ctx context.Context) {
		s.mu.Lock()
		if s.generation != generation || o.shipping.state != shippingShipped || o.fullyRefunded() {
			s.mu.Unlock()
			return
		}
		o.shipping.state = shippingConfirmed
		d := s.newPush(kindMini, o.user, "trade_manage_order_settlement", due, false, []pushField{
			text("transaction_id", o.transactionID), text("merchant_id", s.acc.Merchant.MchID),
			text("merchant_trade_no", o.number), number("pay_time", o.paidAt.Unix()),
			number("shipped_time", o.shipping.shippedAt.Unix()), number("confirm_receive_method", 1),
			number("confirm_receive_time", due.Unix()), number("settlement_time", due.Unix()),
		})
		s.mu.Unlock()
		s.attempt(ctx, d, due)
	})
}

// shippingOrder is POST /wxa/sec/order/get_order.
func (s *Sim) shippingOrder(c *call) answer {
	var in struct {
		TransactionID   string `json:"transaction_id"`
		MerchantID      string `json:"merchant_id"`
		MerchantTradeNo string `json:"merchant_trade_no"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	var o *order
	switch {
	case in.TransactionID != "":
		o = s.transactions[in.TransactionID]
	case in.MerchantID == "":
		return s.errcode(268485196)
	case in.MerchantTradeNo == "":
		return s.errcode(268485197)
	case in.MerchantID == s.acc.Merchant.MchID:
		o = s.orders[in.MerchantTradeNo]
	}
	if !s.shippable(o) {
		return s.errcode(10060001)
	}
	return ok(struct {
		errcodeBody
		Order shippingBody `json:"order"`
	}{okBody, s.shippingBody(o)})
}

// shippingBody is a paid order as the order centre shows it.
type shippingBody struct {
	TransactionID   string          `json:"transaction_id"`
	MerchantID      string          `json:"merchant_id"`
	MerchantTradeNo string          `json:"merchant_trade_no"`
	Description     string          `json:"description"`
	PaidAmount      int64           `json:"paid_amount"`
	OpenID          string          `json:"openid"`
	TradeCreateTime int64           `json:"trade_create_time"`
	PayTime         int64           `json:"pay_time"`
	OrderState      int             `json:"order_state"`
	InComplaint     bool            `json:"in_complaint"`
	Shipping        shippingDetails `json:"shipping"`
}

type shippingDetails struct {
	DeliveryMode        int      `json:"delivery_mode"`
	LogisticsType       int      `json:"logistics_type"`
	FinishShipping      bool     `json:"finish_shipping"`
	GoodsDesc           string   `json:"goods_desc"`
	FinishShippingCount int      `json:"finish_shipping_count"`
	ShippingList        []parcel `json:"shipping_list"`
}

func (s *Sim) shippingBody(o *order) shippingBody {
	ship := o.shipping
	list := ship.list
	if list == nil {
		list = []parcel{}
	}
	return shippingBody{
		TransactionID: o.transactionID, MerchantID: s.acc.Merchant.MchID, MerchantTradeNo: o.number,
		Description: o.description, PaidAmount: o.total, OpenID: o.openID, TradeCreateTime: o.createdAt.Unix(),
		PayTime: o.paidAt.Unix(), OrderState: o.shippingState(),
		Shipping: shippingDetails{ship.delivery, ship.logistics, ship.uploads > 0, ship.itemDesc, ship.uploads, list},
	}
}

func (o *order) shippingState() int {
	if o.fullyRefunded() {
		return shippingRefunded
	}
	return o.shipping.state
}

// shippingPage is the most orders of one answer of get_order_list.
const shippingPage = 100

// shippingOrders is POST /wxa/sec/order/get_order_list: paid orders, newest first, by state, payer and time of payment.
func (s *Sim) shippingOrders(c *call) answer {
	var in struct {
		PayTimeRange struct {
			Begin int64 `json:"begin_time"`
			End   int64 `json:"end_time"`
		} `json:"pay_time_range"`
		OrderState int    `json:"order_state"`
		OpenID     string `json:"openid"`
		LastIndex  string `json:"last_index"`
		PageSize   int    `json:"page_size"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	if in.PageSize == 0 {
		in.PageSize = shippingPage
	}
	last := len(s.orderList)
	if in.LastIndex != "" {
		n, err := strconv.Atoi(in.LastIndex)
		if err != nil || n < 0 || n > last {
			return s.errcode(10060014)
		}
		last = n
	}
	if in.PageSize < 1 || in.PageSize > shippingPage {
		return s.errcode(10060014)
	}
	list, more := []shippingBody{}, false
	next := 0
	for i := last - 1; i >= 0; i-- {
		o := s.orderList[i]
		paid := o.paidAt.Unix()
		if !s.shippable(o) || in.OpenID != "" && o.openID != in.OpenID || in.OrderState != 0 && o.shippingState() != in.OrderState ||
			in.PayTimeRange.Begin != 0 && paid < in.PayTimeRange.Begin || in.PayTimeRange.End != 0 && paid > in.PayTimeRange.End {
			continue
		}
		if len(list) == in.PageSize {
			more = true
			break
		}
		list, next = append(list, s.shippingBody(o)), i
	}
	return ok(struct {
		errcodeBody
		LastIndex string         `json:"last_index"`
		HasMore   bool           `json:"has_more"`
		OrderList []shippingBody `json:"order_list"`
	}{okBody, strconv.Itoa(next), more, list})
}

// carriers are the ones this WeChat knows by its own ids.
var carriers = [][2]string{
	{"SF", "顺丰速运"}, {"ZTO", "中通快递"}, {"YTO", "圆通速递"}, {"STO", "申通快递"}, {"YUNDA", "韵达速递"}, {"JD", "京东快递"}, {"EMS", "EMS"},
	{"JTSD", "极兔速递"}, {"DBL", "德邦快递"},
}

// deliveryList is POST /cgi-bin/express/delivery/open_msg/get_delivery_list.
func (s *Sim) deliveryList(*call) answer {
	type carrier struct {
		ID   string `json:"delivery_id"`
		Name string `json:"delivery_name"`
	}
	list := make([]carrier, len(carriers))
	for i, c := range carriers {
		list[i] = carrier{c[0], c[1]}
	}
	return ok(struct {
		errcodeBody
		List  []carrier `json:"delivery_list"`
		Count int       `json:"count"`
	}{okBody, list, len(list)})
}

// tradeManaged is POST /wxa/sec/order/is_trade_managed.
func (s *Sim) tradeManaged(c *call) answer {
	var in struct {
		AppID string `json:"appid"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return s.errcode(47001)
	}
	if in.AppID != c.app.id {
		return s.errcode(40097)
	}
	return ok(struct {
		errcodeBody
		IsTradeManaged bool `json:"is_trade_managed"`
	}{okBody, !s.settings.TradeUnmanaged})
}
