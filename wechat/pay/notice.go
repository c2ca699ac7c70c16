package pay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"huitou/wechat"
)

const (
	maxNotice = 64 << 10
	algorithm = "AEAD_AES_256_GCM"
	nonceLen  = 12
)

// ParseNotice verifies, decrypts and reads what WeChat Pay posted. body is the request's
// body, byte for byte, bounded by the caller while reading it. Errors:
//
//   - wechat.ErrTooLarge: beyond 64 KiB, nothing was looked at. Answer 413.
//   - wechat.ErrSignature: not proven to be WeChat Pay's. Answer 401. Its cases are
//     wechat.ErrProbe, sent on purpose, and wechat.ErrSerial, a key we do not know.
//   - wechat.ErrStale: proven, but five minutes off our clock. Answer 401; worth an alarm.
//   - wechat.ErrDecrypt: proven, but our APIv3 key does not open it. Answer 500; an alarm.
//   - wechat.ErrMalformed: proven, but not what the documentation promises. Answer 400.
//
// Events of other families come back with Raw alone.
func (c *Client) ParseNotice(ctx context.Context, header http.Header, body []byte) (wechat.PayNotice, error) {
	if len(body) > maxNotice {
		return wechat.PayNotice{}, fmt.Errorf("%d bytes: %w", len(body), wechat.ErrTooLarge)
	}
	serial, err := c.keys.verify(ctx, header, body, c.now())
	if errors.Is(err, wechat.ErrSerial) && c.keys.stranger(c.now()) {
		c.log.ErrorContext(ctx, "a notice is signed with a key that we do not know: forged, or WeChat Pay changed its keys")
	}
	if err != nil {
		return wechat.PayNotice{}, err
	}
	// The SDK's own parser follows a missing resource and a nonce of another length into a
	// panic, and puts the whole request into its errors; its struct serves.
	var in notify.Request
	if err := json.Unmarshal(body, &in); err != nil {
		return wechat.PayNotice{}, fmt.Errorf("notice is not the JSON expected: %w", wechat.ErrMalformed)
	}
	plain, err := c.openResource(in.Resource)
	if err != nil {
		return wechat.PayNotice{}, fmt.Errorf("notice %s: %w", short(in.ID), err)
	}
	out := wechat.PayNotice{
		ID:        in.ID,
		EventType: in.EventType,
		CreatedAt: utc(in.CreateTime),
		Serial:    serial,
		Raw:       plain,
	}
	if out.ID == "" || out.EventType == "" {
		return wechat.PayNotice{}, fmt.Errorf("notice without id or event_type: %w", wechat.ErrMalformed)
	}
	switch {
	case strings.HasPrefix(in.EventType, "TRANSACTION."):
		var t payments.Transaction
		if err := json.Unmarshal(plain, &t); err != nil {
			return wechat.PayNotice{}, fmt.Errorf("notice %s: transaction: %w", short(in.ID), wechat.ErrMalformed)
		}
		tx, err := transaction(&t)
		if err != nil {
			return wechat.PayNotice{}, fmt.Errorf("notice %s: %w: %w", short(in.ID), wechat.ErrMalformed, err)
		}
		out.Transaction = &tx
	case strings.HasPrefix(in.EventType, "REFUND."):
		if out.Refund, err = refundNotice(plain); err != nil {
			return wechat.PayNotice{}, fmt.Errorf("notice %s: %w: %w", short(in.ID), wechat.ErrMalformed, err)
		}
	}
	return out, nil
}

// openResource decrypts the payload of a notice.
func (c *Client) openResource(r *notify.EncryptedResource) ([]byte, error) {
	switch {
	case r == nil:
		return nil, fmt.Errorf("no resource: %w", wechat.ErrMalformed)
	case r.Algorithm != algorithm:
		return nil, fmt.Errorf("algorithm is not %s: %w", algorithm, wechat.ErrMalformed)
	case len(r.Nonce) != nonceLen:
		return nil, fmt.Errorf("nonce has %d bytes: %w", len(r.Nonce), wechat.ErrMalformed)
	}
	plain, err := utils.DecryptAES256GCM(c.apiV3Key, r.AssociatedData, r.Nonce, r.Ciphertext)
	if err != nil {
		return nil, wechat.ErrDecrypt
	}
	return []byte(plain), nil
}

// refundNotice reads the resource of a refund notice, whose fields differ from those of the
// refund interface and have no type in the SDK.
func refundNotice(plain []byte) (*wechat.Refund, error) {
	var in struct {
		MchID               string `json:"mchid"`
		OutTradeNo          string `json:"out_trade_no"`
		TransactionID       string `json:"transaction_id"`
		OutRefundNo         string `json:"out_refund_no"`
		RefundID            string `json:"refund_id"`
		RefundStatus        string `json:"refund_status"`
		SuccessTime         string `json:"success_time"`
		UserReceivedAccount string `json:"user_received_account"`
		Amount              struct {
			Total       int64 `json:"total"`
			Refund      int64 `json:"refund"`
			PayerTotal  int64 `json:"payer_total"`
			PayerRefund int64 `json:"payer_refund"`
		} `json:"amount"`
	}
	if err := json.Unmarshal(plain, &in); err != nil {
		return nil, fmt.Errorf("refund is not the JSON expected")
	}
	if in.OutRefundNo == "" || in.RefundStatus == "" {
		return nil, fmt.Errorf("refund without out_refund_no or refund_status")
	}
	at, err := instant(in.SuccessTime)
	if err != nil {
		return nil, err
	}
	return &wechat.Refund{
		MchID:           in.MchID,
		RefundID:        in.RefundID,
		OutRefundNo:     in.OutRefundNo,
		TransactionID:   in.TransactionID,
		OutTradeNo:      in.OutTradeNo,
		Status:          wechat.RefundStatus(in.RefundStatus),
		ReceivedAccount: in.UserReceivedAccount,
		SuccessTime:     at,
		TotalFen:        in.Amount.Total,
		RefundFen:       in.Amount.Refund,
		PayerTotalFen:   in.Amount.PayerTotal,
		PayerRefundFen:  in.Amount.PayerRefund,
	}, nil
}
