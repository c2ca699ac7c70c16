package wechat

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Prepay asks for an order that one person can pay inside WeChat.
type Prepay struct {
	OutTradeNo  string // ours, 6..32 of [0-9A-Za-z_-|*], unique per merchant for ever
	Description string // at most 127 characters, seen by the payer
	NotifyURL   string // public https without a query
	TotalFen    int64  // > 0
	PayerOpenID string // within the app that pays
	ExpireAt    time.Time
	Attach      string // at most 128 bytes, comes back in the notice
}

// PayParams is what wx.requestPayment wants, letter for letter.
type PayParams struct {
	AppID     string `json:"appId"`
	TimeStamp string `json:"timeStamp"`
	NonceStr  string `json:"nonceStr"`
	Package   string `json:"package"`
	SignType  string `json:"signType"`
	PaySign   string `json:"paySign"`
}

// TradeState is the state of an order at WeChat Pay.
type TradeState string

const (
	TradeNotPaid TradeState = "NOTPAY" // not final: failed attempts stay here
	TradeSuccess TradeState = "SUCCESS"
	TradeClosed  TradeState = "CLOSED"
	TradeRefund  TradeState = "REFUND" // paid, and some refund was started
	TradeRevoked TradeState = "REVOKED"
	TradePaying  TradeState = "USERPAYING"
	TradeError   TradeState = "PAYERROR"
)

// Paid says whether the money was taken, whatever was given back later.
func (s TradeState) Paid() bool { return s == TradeSuccess || s == TradeRefund }

// Transaction is one order at WeChat Pay, from a notice or a query. Who reads it compares
// merchant, app, amount, currency and payer with the order before believing it.
type Transaction struct {
	AppID          string
	MchID          string
	OutTradeNo     string
	TransactionID  string // empty before payment
	TradeType      string
	TradeState     TradeState
	TradeStateDesc string
	BankType       string
	Attach         string
	PayerOpenID    string
	SuccessTime    time.Time // zero before payment
	TotalFen       int64     // price of the order
	PayerTotalFen  int64     // what the payer spent, less WeChat's own coupons
	Currency       string
	PayerCurrency  string
}

// RefundRequest gives money of one order back. Repeating it with the same OutRefundNo and
// amounts is safe and is how a call without an answer is retried.
type RefundRequest struct {
	TransactionID string // or OutTradeNo
	OutTradeNo    string
	OutRefundNo   string // ours, at most 64 characters, refunds once
	Reason        string // at most 80 characters, seen by the payer
	NotifyURL     string
	RefundFen     int64
	TotalFen      int64 // price of the order
}

// RefundStatus is the state of a refund.
type RefundStatus string

const (
	RefundProcessing RefundStatus = "PROCESSING"
	RefundSuccess    RefundStatus = "SUCCESS"
	RefundClosed     RefundStatus = "CLOSED"   // nothing was given back; a new number is needed
	RefundAbnormal   RefundStatus = "ABNORMAL" // the payer's account is dead; people must act
)

// Refund is one refund at WeChat Pay, from a notice, a query or the request itself.
type Refund struct {
	MchID           string // only in notices
	RefundID        string
	OutRefundNo     string
	TransactionID   string
	OutTradeNo      string
	Status          RefundStatus
	Channel         string
	ReceivedAccount string // words for people, e.g. 招商银行信用卡0403
	CreateTime      time.Time
	SuccessTime     time.Time // zero unless Status is RefundSuccess
	TotalFen        int64
	RefundFen       int64
	PayerTotalFen   int64
	PayerRefundFen  int64
	Currency        string // empty in notices, which do not say
}

// PayNotice is a verified and decrypted notice of WeChat Pay.
type PayNotice struct {
	ID          string // the same for every delivery of one event
	EventType   string // e.g. TRANSACTION.SUCCESS
	CreatedAt   time.Time
	Serial      string       // key that signed it
	Transaction *Transaction // for TRANSACTION.*
	Refund      *Refund      // for REFUND.*
	Raw         []byte       // decrypted resource, JSON
}

// PayError is a refusal by WeChat Pay. Its body carries no signature that was checked: act
// on it as on a hint, and learn the state of an order from a query.
type PayError struct {
	HTTPStatus int
	Code       string // e.g. ORDER_NOT_EXIST; spelt with and without underscores over the years
	Message    string
	RequestID  string
	Endpoint   string // path of the call, without host and query
}

func (e *PayError) Error() string {
	return fmt.Sprintf("wechat pay %s: HTTP %d %s %s (request %s)",
		e.Endpoint, e.HTTPStatus, e.Code, e.Message, e.RequestID)
}

// Codes that callers ask about, compared with HasCode.
const (
	PayOrderNotExist  = "ORDER_NOT_EXIST"
	PayOrderPaid      = "ORDER_PAID"
	PayOrderClosed    = "ORDER_CLOSED"
	PayTradeNoUsed    = "OUT_TRADE_NO_USED"
	PayInvalidRequest = "INVALID_REQUEST"
	PayNotEnough      = "NOT_ENOUGH"
	PayRefundNotExist = "RESOURCE_NOT_EXISTS"
)

// HasCode says whether the code is one of the given ones, underscores apart.
func (e *PayError) HasCode(codes ...string) bool {
	have := plainCode(e.Code)
	for _, c := range codes {
		if have != "" && have == plainCode(c) {
			return true
		}
	}
	return false
}

func plainCode(c string) string { return strings.ToUpper(strings.ReplaceAll(c, "_", "")) }

// Retryable says whether the same request, number and all, may be sent again.
func (e *PayError) Retryable() bool {
	return e.HTTPStatus == http.StatusTooManyRequests || e.HTTPStatus >= 500
}

// Class sorts the error by what to do about it.
func (e *PayError) Class() Class {
	switch {
	case e.HTTPStatus == http.StatusTooManyRequests:
		return ClassQuota
	case e.Retryable():
		return ClassRetry
	case e.HTTPStatus == http.StatusUnauthorized,
		e.HasCode("NO_AUTH", "APPID_MCHID_NOT_MATCH", "MCH_NOT_EXISTS"):
		return ClassConfig
	default:
		return ClassUnknown
	}
}
