package sim

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"
)

type tradeState string

const (
	tradeNotPay  tradeState = "NOTPAY"
	tradeSuccess tradeState = "SUCCESS"
	tradeClosed  tradeState = "CLOSED"
	tradeRefund  tradeState = "REFUND"
)

var tradeStateWords = map[tradeState]string{
	tradeNotPay: "订单未支付", tradeSuccess: "支付成功", tradeClosed: "订单已关闭", tradeRefund: "转入退款",
}

// order is one out_trade_no of the merchant, for ever.
type order struct {
	number, appID, description, attach string
	notifyURL, openID                  string
	total                              int64
	app                                *app
	user                               *customer
	params                             string // of the first request, canonical
	createdAt, expiresAt               time.Time

	prepayID string
	prepayAt time.Time

	state         tradeState
	transactionID string
	paidAt        time.Time
	refunds       []*refund
	shipping      shipping
	held          *Delivery // a notification kept back to come out of order
}

const (
	prepayLife    = 2 * time.Hour
	orderLife     = 7 * 24 * time.Hour // when time_expire is not given
	orderLifeMost = 90 * 24 * time.Hour
)

var outTradeNo = regexp.MustCompile(`^[0-9A-Za-z_\-|*]{6,32}$`)

type prepayRequest struct {
	AppID       string    `json:"appid"`
	MchID       string    `json:"mchid"`
	Description string    `json:"description"`
	OutTradeNo  string    `json:"out_trade_no"`
	TimeExpire  string    `json:"time_expire"`
	Attach      string    `json:"attach"`
	NotifyURL   string    `json:"notify_url"`
	Amount      payAmount `json:"amount"`
	Payer       payPayer  `json:"payer"`
}

type payAmount struct {
	Total    json.Number `json:"total"`
	Currency string      `json:"currency"`
}

type payPayer struct {
	OpenID string `json:"openid"`
}

// prepay is POST /v3/pay/transactions/jsapi. The same number with the same
// parameters gives the same prepay_id while it is valid, a new one afterwards; other
// parameters, a paid or a closed order are refused. time_expire counts only the
// first time and is not compared.
func (s *Sim) prepay(c *call) answer {
	var in prepayRequest
	if err := decodeJSON(c.body, &in); err != nil {
		return paramError("/", nil, "请求体不是有效的 JSON 或参数类型不符").answer()
	}
	a, u, total, fault := s.checkPrepay(in)
	if fault != nil {
		return fault.answer()
	}
	now := s.now()
	params := canonicalJSON(c.body, "time_expire")
	o := s.orders[in.OutTradeNo]
	switch {
	case o == nil:
		expires, fault := orderExpiry(in.TimeExpire, now)
		if fault != nil {
			return fault.answer()
		}
		o = &order{
			number: in.OutTradeNo, appID: in.AppID, description: in.Description, attach: in.Attach,
			notifyURL: in.NotifyURL, openID: in.Payer.OpenID, total: total, app: a, user: u, params: params,
			createdAt: now, expiresAt: expires, state: tradeNotPay,
		}
		s.orders[o.number], s.orderList = o, append(s.orderList, o)
	case o.state == tradeClosed:
		return (&payFault{status: http.StatusBadRequest, code: "ORDER_CLOSED", message: "该订单已关闭"}).answer()
	case o.state != tradeNotPay:
		return (&payFault{status: http.StatusBadRequest, code: "ORDERPAID", message: "该订单已支付"}).answer()
	case o.params != params:
		return (&payFault{status: http.StatusBadRequest, code: "INVALID_REQUEST", message: "请求重入时，参数与首次请求时不一致"}).answer()
	}
	if o.prepayID == "" || now.Sub(o.prepayAt) >= prepayLife {
		o.prepayID, o.prepayAt = s.ids.prepayID(now), now
		s.prepays[o.prepayID] = o
	}
	return jsonAnswer(http.StatusOK, "application/json", map[string]string{"prepay_id": o.prepayID})
}

func (s *Sim) checkPrepay(in prepayRequest) (*app, *customer, int64, *payFault) {
	refuse := func(f *payFault) (*app, *customer, int64, *payFault) { return nil, nil, 0, f }
	total, err := strconv.ParseInt(in.Amount.Total.String(), 10, 64)
	a := s.appByID(in.AppID)
	switch {
	case in.MchID != s.acc.Merchant.MchID:
		return refuse(paramError("/mchid", in.MchID, "Authorization 中的 mchid 与请求体中的不一致"))
	case a == nil:
		return refuse(&payFault{status: http.StatusBadRequest, code: "APPID_MCHID_NOT_MATCH", message: "appid和mch_id不匹配"})
	case in.Description == "" || utf8.RuneCountInString(in.Description) > 127:
		return refuse(paramError("/description", in.Description, "商品描述为空或超过127个字符"))
	case !outTradeNo.MatchString(in.OutTradeNo):
		return refuse(paramError("/out_trade_no", in.OutTradeNo, "商户订单号须为6至32位数字、字母或 _-|*"))
	case utf8.RuneCountInString(in.Attach) > 128:
		return refuse(paramError("/attach", in.Attach, "附加数据超过128个字符"))
	case !notifyURLAllowed(in.NotifyURL):
		return refuse(paramError("/notify_url", in.NotifyURL, "通知地址须为 https，不带参数，不超过255个字符"))
	case err != nil || total < 1:
		return refuse(paramError("/amount/total", in.Amount.Total, "订单总金额须为大于0的整数（分）"))
	case in.Amount.Currency != "" && in.Amount.Currency != "CNY":
		return refuse(paramError("/amount/currency", in.Amount.Currency, "只支持 CNY"))
	}
	u := s.byOpenID(a.kind, in.Payer.OpenID)
	if u == nil {
		return refuse(paramError("/payer/openid", in.Payer.OpenID, "无效的openid：不属于该 appid"))
	}
	return a, u, total, nil
}

// notifyURLAllowed wants https without query or fragment, up to 255 characters.
// Plain http passes for loopback hosts only: a test product has no certificate.
func notifyURLAllowed(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > 255 || u.Host == "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || (u.Scheme == "http" && loopback(u.Hostname()))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// orderExpiry: at least one minute ahead (raised without a word), 90 days at most.
func orderExpiry(raw string, now time.Time) (time.Time, *payFault) {
	if raw == "" {
		return now.Add(orderLife), nil
	}
	t, err := time.Parse(time.RFC3339, raw)
	if err != nil || t.Sub(now) > orderLifeMost {
		return time.Time{}, paramError("/time_expire", raw, "交易结束时间格式错误或超过90天")
	}
	if least := now.Add(time.Minute); t.Before(least) {
		return least, nil
	}
	return t, nil
}

func (s *Sim) checkMchID(mchID string) *payFault {
	if mchID == s.acc.Merchant.MchID {
		return nil
	}
	return paramError("/mchid", mchID, "商户号与 Authorization 中的不一致")
}

var orderNotExist = &payFault{status: http.StatusNotFound, code: "ORDER_NOT_EXIST", message: "订单不存在"}

// orderByNumber is GET /v3/pay/transactions/out-trade-no/{out_trade_no}?mchid=.
func (s *Sim) orderByNumber(c *call) answer {
	return s.queried(c, s.orders[c.r.PathValue("out_trade_no")])
}

// orderByTransaction is GET /v3/pay/transactions/id/{transaction_id}?mchid=.
func (s *Sim) orderByTransaction(c *call) answer {
	return s.queried(c, s.transactions[c.r.PathValue("transaction_id")])
}

func (s *Sim) queried(c *call, o *order) answer {
	if fault := s.checkMchID(c.query.Get("mchid")); fault != nil {
		return fault.answer()
	}
	if o == nil {
		return orderNotExist.answer()
	}
	return jsonAnswer(http.StatusOK, "application/json", s.transaction(o))
}

// closeOrder is POST …/close: 204 also when it is closed already; a payment that was
// quicker is an ORDERPAID.
func (s *Sim) closeOrder(c *call) answer {
	var in struct {
		MchID string `json:"mchid"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return paramError("/", nil, "请求体不是有效的 JSON").answer()
	}
	if fault := s.checkMchID(in.MchID); fault != nil {
		return fault.answer()
	}
	o := s.orders[c.r.PathValue("out_trade_no")]
	switch {
	case o == nil:
		return orderNotExist.answer()
	case o.state == tradeNotPay && s.strikeCall(c, faultPayFirst):
		s.pay(o)
		return (&payFault{status: http.StatusBadRequest, code: "ORDERPAID", message: "该订单已支付"}).answer()
	case o.state == tradeSuccess || o.state == tradeRefund:
		return (&payFault{status: http.StatusBadRequest, code: "ORDERPAID", message: "该订单已支付"}).answer()
	}
	o.state = tradeClosed
	return answer{status: http.StatusNoContent}
}

// transactionBody is a payment as queries and notifications show it.
type transactionBody struct {
	MchID          string      `json:"mchid"`
	AppID          string      `json:"appid"`
	OutTradeNo     string      `json:"out_trade_no"`
	TransactionID  string      `json:"transaction_id,omitempty"`
	TradeType      string      `json:"trade_type,omitempty"`
	TradeState     tradeState  `json:"trade_state"`
	TradeStateDesc string      `json:"trade_state_desc"`
	BankType       string      `json:"bank_type,omitempty"`
	Attach         string      `json:"attach,omitempty"`
	SuccessTime    string      `json:"success_time,omitempty"`
	Payer          payPayer    `json:"payer"`
	Amount         amountBody  `json:"amount"`
	Unknown        *extraField `json:"unknown_field,omitempty"` // of fault extra_fields
	Padding        string      `json:"padding,omitempty"`       // of fault oversized
}

type extraField struct {
	Note string `json:"note"`
}

type amountBody struct {
	Total         int64  `json:"total"`
	PayerTotal    int64  `json:"payer_total,omitempty"`
	Currency      string `json:"currency"`
	PayerCurrency string `json:"payer_currency,omitempty"`
}

func (s *Sim) transaction(o *order) transactionBody {
	t := transactionBody{
		MchID: s.acc.Merchant.MchID, AppID: o.appID, OutTradeNo: o.number, Attach: o.attach,
		TradeState: o.state, TradeStateDesc: tradeStateWords[o.state], Payer: payPayer{o.openID},
		Amount: amountBody{Total: o.total, Currency: "CNY"},
	}
	if o.transactionID != "" { // nothing of the payment is known before it
		t.TransactionID, t.TradeType, t.BankType, t.SuccessTime = o.transactionID, "JSAPI", "OTHERS", chinaTime(o.paidAt)
		t.Amount.PayerTotal, t.Amount.PayerCurrency = o.total, "CNY"
	}
	return t
}
