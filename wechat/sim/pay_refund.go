package sim

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"
)

type refundStatus string

const (
	refundProcessing refundStatus = "PROCESSING"
	refundSuccess    refundStatus = "SUCCESS"
	refundAbnormal   refundStatus = "ABNORMAL" // the payer's card is dead
	refundClosed     refundStatus = "CLOSED"   // needs a new number
)

// refund is one out_refund_no of the merchant.
type refund struct {
	number, id, reason, notifyURL string
	order                         *order
	amount                        int64
	params                        string
	status                        refundStatus
	createdAt, doneAt             time.Time
}

const (
	refundWithin   = 365 * 24 * time.Hour
	refundsMost    = 50
	refundInterval = time.Minute // between two refunds of one order
)

var outRefundNo = regexp.MustCompile(`^[0-9A-Za-z_\-|*@]{1,64}$`)

func invalidRequest(message string) answer {
	return (&payFault{status: http.StatusBadRequest, code: "INVALID_REQUEST", message: message}).answer()
}

// createRefund is POST /v3/refund/domestic/refunds. 200 means accepted: the status
// is PROCESSING and a notification follows. One number refunds once; asked again
// with the same parameters it answers with the refund as it stands.
func (s *Sim) createRefund(c *call) answer {
	var in struct {
		TransactionID string `json:"transaction_id"`
		OutTradeNo    string `json:"out_trade_no"`
		OutRefundNo   string `json:"out_refund_no"`
		Reason        string `json:"reason"`
		NotifyURL     string `json:"notify_url"`
		Amount        struct {
			Refund   json.Number `json:"refund"`
			Total    json.Number `json:"total"`
			Currency string      `json:"currency"`
		} `json:"amount"`
	}
	if err := decodeJSON(c.body, &in); err != nil {
		return paramError("/", nil, "请求体不是有效的 JSON 或参数类型不符").answer()
	}
	amount, err1 := strconv.ParseInt(in.Amount.Refund.String(), 10, 64)
	total, err2 := strconv.ParseInt(in.Amount.Total.String(), 10, 64)
	switch {
	case !outRefundNo.MatchString(in.OutRefundNo):
		return paramError("/out_refund_no", in.OutRefundNo, "商户退款单号须为1至64位数字、字母或 _-|*@").answer()
	case in.TransactionID == "" && in.OutTradeNo == "":
		return paramError("/transaction_id", "", "微信支付订单号与商户订单号二选一").answer()
	case err1 != nil || amount < 1:
		return paramError("/amount/refund", in.Amount.Refund, "退款金额须为大于0的整数（分）").answer()
	case err2 != nil || total < 1:
		return paramError("/amount/total", in.Amount.Total, "原订单金额须为大于0的整数（分）").answer()
	case in.Amount.Currency != "CNY":
		return paramError("/amount/currency", in.Amount.Currency, "只支持 CNY").answer()
	case utf8.RuneCountInString(in.Reason) > 80:
		return paramError("/reason", in.Reason, "退款原因超过80个字符").answer()
	case in.NotifyURL != "" && !notifyURLAllowed(in.NotifyURL):
		return paramError("/notify_url", in.NotifyURL, "通知地址须为 https，不带参数").answer()
	}
	params := canonicalJSON(c.body)
	if old := s.refunds[in.OutRefundNo]; old != nil {
		if old.params != params {
			return invalidRequest("订单金额或退款金额与之前请求不一致，请核实后再试")
		}
		return jsonAnswer(http.StatusOK, "application/json", s.refundBody(old))
	}
	o := s.orders[in.OutTradeNo]
	if in.TransactionID != "" {
		o = s.transactions[in.TransactionID]
	}
	if fault := s.checkRefund(o, in.OutTradeNo, amount, total); fault != nil {
		return fault.answer()
	}
	now := s.now()
	r := &refund{
		number: in.OutRefundNo, id: s.ids.refundID(now), reason: in.Reason, notifyURL: in.NotifyURL,
		order: o, amount: amount, params: params, status: refundProcessing, createdAt: now,
	}
	s.refunds[r.number], o.refunds, o.state = r, append(o.refunds, r), tradeRefund
	out := jsonAnswer(http.StatusOK, "application/json", s.refundBody(r))
	if delay := s.settings.RefundDelayMS; delay >= 0 {
		due, generation := now.Add(millis(delay)), s.generation
		s.engine.schedule(due, "pay:"+o.number, func(context.Context) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.generation == generation && r.status == refundProcessing {
				s.settleRefund(r, refundSuccess, due)
			}
		})
	}
	return out
}

func (s *Sim) checkRefund(o *order, outTradeNo string, amount, total int64) *payFault {
	if o == nil || (outTradeNo != "" && o.number != outTradeNo) {
		return &payFault{status: http.StatusNotFound, code: "RESOURCE_NOT_EXISTS", message: "订单不存在"}
	}
	refuse := func(message string) *payFault {
		return &payFault{status: http.StatusBadRequest, code: "INVALID_REQUEST", message: message}
	}
	now := s.now()
	if o.transactionID == "" {
		return refuse("订单未支付，不能退款")
	}
	if total != o.total {
		return refuse("订单金额不一致，请核实后再试")
	}
	if now.Sub(o.paidAt) > refundWithin {
		return refuse("订单已超过可退款的最长期限")
	}
	if len(o.refunds) >= refundsMost {
		return refuse("部分退款次数超过限制")
	}
	sum := amount
	for _, r := range o.refunds {
		if r.status != refundClosed {
			sum += r.amount
		}
		if now.Sub(r.createdAt) < refundInterval {
			return &payFault{status: http.StatusTooManyRequests, code: "FREQUENCY_LIMITED", message: "同一订单两次退款须间隔1分钟"}
		}
	}
	if sum > o.total {
		return refuse("累计退款金额超过订单金额")
	}
	return nil
}

// fullyRefunded: all of the money goes back or went back.
func (o *order) fullyRefunded() bool {
	sum := int64(0)
	for _, r := range o.refunds {
		if r.status != refundClosed {
			sum += r.amount
		}
	}
	return sum >= o.total
}

// settleRefund ends a refund and notifies, when an address was given. s.mu is held.
func (s *Sim) settleRefund(r *refund, status refundStatus, at time.Time) *Delivery {
	r.status, r.doneAt = status, at
	if status == refundSuccess {
		s.receive(r.order.user, Message{App: kindPay, Kind: "payment", Title: "退款到账通知", Text: yuan(r.amount), MsgID: r.id})
	}
	defer s.release(r.order, at) // after the refund's own
	if r.notifyURL == "" {
		return nil
	}
	d := s.newNotice(r.notifyURL, "REFUND."+string(status), r.order, r, at)
	s.dispatch(d, at)
	return d
}

// refundByNumber is GET /v3/refund/domestic/refunds/{out_refund_no}.
func (s *Sim) refundByNumber(c *call) answer {
	r := s.refunds[c.r.PathValue("out_refund_no")]
	if r == nil {
		return (&payFault{status: http.StatusNotFound, code: "RESOURCE_NOT_EXISTS", message: "退款单不存在"}).answer()
	}
	return jsonAnswer(http.StatusOK, "application/json", s.refundBody(r))
}

type refundBody struct {
	RefundID            string       `json:"refund_id"`
	OutRefundNo         string       `json:"out_refund_no"`
	TransactionID       string       `json:"transaction_id"`
	OutTradeNo          string       `json:"out_trade_no"`
	Channel             string       `json:"channel"`
	UserReceivedAccount string       `json:"user_received_account"`
	SuccessTime         string       `json:"success_time,omitempty"`
	CreateTime          string       `json:"create_time"`
	Status              refundStatus `json:"status"`
	FundsAccount        string       `json:"funds_account"`
	Amount              refundAmount `json:"amount"`
}

type refundAmount struct {
	Total            int64  `json:"total"`
	Refund           int64  `json:"refund"`
	PayerTotal       int64  `json:"payer_total"`
	PayerRefund      int64  `json:"payer_refund"`
	SettlementRefund int64  `json:"settlement_refund"`
	SettlementTotal  int64  `json:"settlement_total"`
	DiscountRefund   int64  `json:"discount_refund"`
	Currency         string `json:"currency"`
}

// receivedAccount is where refunds go.
const receivedAccount = "支付用户零钱"

func (s *Sim) refundBody(r *refund) refundBody {
	b := refundBody{
		RefundID: r.id, OutRefundNo: r.number, TransactionID: r.order.transactionID, OutTradeNo: r.order.number,
		Channel: "ORIGINAL", UserReceivedAccount: receivedAccount, CreateTime: chinaTime(r.createdAt), Status: r.status,
		FundsAccount: "AVAILABLE",
		Amount: refundAmount{
			Total: r.order.total, Refund: r.amount, PayerTotal: r.order.total, PayerRefund: r.amount,
			SettlementRefund: r.amount, SettlementTotal: r.order.total, Currency: "CNY",
		},
	}
	if r.status == refundSuccess {
		b.SuccessTime = chinaTime(r.doneAt)
	}
	return b
}

// yuan writes fen the way a receipt does.
func yuan(fen int64) string {
	return "¥" + strconv.FormatInt(fen/100, 10) + "." + strconv.FormatInt(fen%100/10, 10) + strconv.FormatInt(fen%10, 10)
}
