package pay

import (
	"context"
	"errors"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"huitou/wechat"
)

const (
	refundPath      = "/v3/refund/domestic/refunds"
	queryRefundPath = refundPath + "/{out_refund_no}"
)

// Refund asks for money to be given back. Success means accepted: Status tells how far it
// is, a notice or QueryRefund how it ended. A call without an answer is repeated with the
// same number, never with a new one.
func (c *Client) Refund(ctx context.Context, in wechat.RefundRequest) (wechat.Refund, error) {
	req := refunddomestic.CreateRequest{
		OutRefundNo: core.String(in.OutRefundNo),
		Amount: &refunddomestic.AmountReq{
			Refund:   core.Int64(in.RefundFen),
			Total:    core.Int64(in.TotalFen),
			Currency: core.String(currency),
		},
		TransactionId: optional(in.TransactionID),
		Reason:        optional(in.Reason),
		NotifyUrl:     optional(in.NotifyURL),
	}
	if in.TransactionID == "" {
		req.OutTradeNo = core.String(in.OutTradeNo)
	}
	out, _, err := c.refunds.Create(ctx, req)
	return refund(refundPath, out, err)
}

// QueryRefund asks for the state of a refund by our number. An unknown one is a
// *wechat.PayError with code PayRefundNotExist.
func (c *Client) QueryRefund(ctx context.Context, outRefundNo string) (wechat.Refund, error) {
	out, _, err := c.refunds.QueryByOutRefundNo(ctx, refunddomestic.QueryByOutRefundNoRequest{
		OutRefundNo: core.String(outRefundNo),
	})
	return refund(queryRefundPath, out, err)
}

func refund(path string, r *refunddomestic.Refund, err error) (wechat.Refund, error) {
	if err != nil {
		return wechat.Refund{}, translate(path, err)
	}
	out := wechat.Refund{
		RefundID:        val(r.RefundId),
		OutRefundNo:     val(r.OutRefundNo),
		TransactionID:   val(r.TransactionId),
		OutTradeNo:      val(r.OutTradeNo),
		Status:          wechat.RefundStatus(val(r.Status)),
		Channel:         string(val(r.Channel)),
		ReceivedAccount: val(r.UserReceivedAccount),
		CreateTime:      utc(r.CreateTime),
		SuccessTime:     utc(r.SuccessTime),
	}
	if out.OutRefundNo == "" || out.Status == "" {
		return wechat.Refund{}, &wechat.TransportError{
			Endpoint: path, HTTPStatus: 200, Err: errors.New("answer without out_refund_no or status"),
		}
	}
	if a := r.Amount; a != nil {
		out.TotalFen, out.RefundFen = val(a.Total), val(a.Refund)
		out.PayerTotalFen, out.PayerRefundFen = val(a.PayerTotal), val(a.PayerRefund)
		out.Currency = val(a.Currency)
	}
	return out, nil
}

func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
