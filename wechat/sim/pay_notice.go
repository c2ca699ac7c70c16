package sim

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// noticePauses are the waits between a notification's sends: 15 repeats in 24 h 4 min.
var noticePauses = []time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute,
	30 * time.Minute, 30 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour,
	6 * time.Hour, 6 * time.Hour,
}

// payNotice is a notification of WeChat Pay about a payment or a refund.
type payNotice struct {
	id, event string
	url       string
	order     *order
	refund    *refund // nil for a payment
	createdAt time.Time
	body      []byte // of the genuine notification, the same at every send
	clear     string
}

func (s *Sim) newNotice(address, event string, o *order, r *refund, at time.Time) *Delivery {
	return s.track(&Delivery{
		App: kindPay, Event: event, Subject: o.number, CreatedAt: at,
		carrier: &payNotice{id: s.ids.uuid(), event: event, url: address, order: o, refund: r, createdAt: at},
	})
}

// hold keeps the notification of a payment back until release, or until it is due at the latest. s.mu is held.
func (s *Sim) hold(d *Delivery, o *order, latest time.Time) {
	o.held, d.NextAt = d, latest
	s.engine.schedule(latest, d.carrier.lane(), func(context.Context) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if o.held == d {
			s.release(o, latest)
		}
	})
}

// release sends what was held back. s.mu is held.
func (s *Sim) release(o *order, at time.Time) {
	if d := o.held; d != nil {
		o.held = nil
		s.dispatch(d, at)
	}
}

func (n *payNotice) lane() string { return "pay:" + n.order.number }

func (n *payNotice) retryAfter(tries int) (time.Duration, bool) {
	if tries > len(noticePauses) {
		return 0, false
	}
	return noticePauses[tries-1], true
}

func (n *payNotice) abandoned(_ *Sim, d *Delivery) { d.Problem = "24小时内没有得到成功应答" }

// judge: the HTTP status alone decides, whatever the body says.
func (n *payNotice) judge(_ *Sim, _ *Delivery, status int, body []byte) (string, bool, string) {
	reply := "empty"
	if len(body) > 0 {
		reply = "body"
	}
	return reply, status == http.StatusOK || status == http.StatusNoContent, ""
}

// alteredNotice are the faults that change a notification; refuseNotice those after
// which a 2xx is a mistake: the signature is wrong, or nothing can be read.
var (
	alteredNotice = []faultKind{
		faultTampered, faultProbe, faultSerial, faultExpired, faultMchID, faultAppID, faultAmount,
		faultCiphertext, faultExtraFields, faultOversized,
	}
	refuseNotice = []faultKind{faultTampered, faultProbe, faultSerial, faultExpired, faultCiphertext}
)

func (n *payNotice) request(s *Sim, _ *Delivery, hit []*Fault) (*outgoing, error) {
	address, err := n.address(s.settings.PushBase)
	if err != nil {
		return nil, err
	}
	altered := struckAny(hit, alteredNotice)
	body, clear := n.body, n.clear
	if body == nil || altered {
		if body, clear, err = n.compose(s, hit); err != nil {
			return nil, err
		}
		if !altered {
			n.body, n.clear = body, clear
		}
	}
	serial, at := s.notifySerial(), s.now()
	if struck(hit, faultExpired) != nil {
		at = at.Add(-10 * time.Minute)
	}
	header, err := s.platformSignature(serial, at, s.ids.hex(32), body)
	if err != nil {
		return nil, err
	}
	signature := header.Get("Wechatpay-Signature")
	switch {
	case struck(hit, faultProbe) != nil:
		header.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+signature)
	case struck(hit, faultTampered) != nil:
		header.Set("Wechatpay-Signature", tamperBase64(signature))
	case struck(hit, faultSerial) != nil:
		header.Set("Wechatpay-Serial", "PUB_KEY_ID_0100000000000000000000000000000000")
	}
	header.Set("Content-Type", "application/json")
	header.Set("Request-Id", strings.ToUpper(s.ids.hex(40))+"-0")
	return &outgoing{
		url: address, header: header, body: body, journal: clear,
		altered: altered, refuse: struckAny(hit, refuseNotice),
	}, nil
}

// notifySerial is the key that signs the next notification. While a merchant moves from certificates to the public key, WeChat Pay
// signs some with either.
func (s *Sim) notifySerial() string {
	s.noticesSigned++
	switch mode := s.settings.NotifySerial; {
	case mode == notifyByCertificate, mode == notifyByBoth && s.noticesSigned%2 == 0:
		return s.acc.Platform.CertificateSerial
	}
	return s.acc.Platform.PublicKeyID
}

// address is where the notification goes: the notify_url, but only ever to this
// machine or the push base. A product configured with its public name is reached at
// the push base under the same path, so nothing here can call a stranger.
func (n *payNotice) address(pushBase string) (string, error) {
	u, err := url.Parse(n.url)
	if err != nil {
		return "", errors.New("notify_url is malformed")
	}
	if loopback(u.Hostname()) {
		return n.url, nil
	}
	if pushBase == "" {
		return "", errors.New("no push_base is set")
	}
	return pushBase + u.EscapedPath(), nil
}

// compose encrypts the resource and wraps it, with faults inside the ciphertext.
func (n *payNotice) compose(s *Sim, hit []*Fault) (body []byte, clear string, err error) {
	resource, kind, summary := n.resource(s, hit)
	plain, err := json.Marshal(resource)
	if err != nil {
		return nil, "", err
	}
	nonce := s.ids.hex(12)
	ciphertext, err := sealAEAD(s.acc.Merchant.APIv3Key, nonce, kind, plain)
	if err != nil {
		return nil, "", err
	}
	if struck(hit, faultCiphertext) != nil {
		ciphertext = base64.StdEncoding.EncodeToString(s.ids.bytes(len(plain) + 16))
	}
	type sealed struct {
		OriginalType   string `json:"original_type"`
		Algorithm      string `json:"algorithm"`
		Ciphertext     string `json:"ciphertext"`
		AssociatedData string `json:"associated_data"`
		Nonce          string `json:"nonce"`
	}
	body, err = json.Marshal(struct {
		ID           string `json:"id"`
		CreateTime   string `json:"create_time"`
		ResourceType string `json:"resource_type"`
		EventType    string `json:"event_type"`
		Summary      string `json:"summary"`
		Resource     sealed `json:"resource"`
	}{
		n.id, chinaTime(n.createdAt), "encrypt-resource", n.event, summary,
		sealed{kind, "AEAD_AES_256_GCM", ciphertext, kind, nonce},
	})
	return body, string(plain), err
}

type refundNoticeBody struct {
	MchID               string       `json:"mchid"`
	OutTradeNo          string       `json:"out_trade_no"`
	TransactionID       string       `json:"transaction_id"`
	OutRefundNo         string       `json:"out_refund_no"`
	RefundID            string       `json:"refund_id"`
	RefundStatus        refundStatus `json:"refund_status"`
	SuccessTime         string       `json:"success_time,omitempty"`
	UserReceivedAccount string       `json:"user_received_account"`
	Amount              struct {
		Total       int64 `json:"total"`
		Refund      int64 `json:"refund"`
		PayerTotal  int64 `json:"payer_total"`
		PayerRefund int64 `json:"payer_refund"`
	} `json:"amount"`
	Unknown *extraField `json:"unknown_field,omitempty"`
	Padding string      `json:"padding,omitempty"`
}

func (n *payNotice) resource(s *Sim, hit []*Fault) (resource any, kind, summary string) {
	mchID, appID, more := s.acc.Merchant.MchID, n.order.appID, int64(0)
	if struck(hit, faultMchID) != nil {
		mchID = "1900000000"
	}
	if struck(hit, faultAppID) != nil {
		appID = "wxsim-foreign"
	}
	if struck(hit, faultAmount) != nil {
		more = 1
	}
	var unknown *extraField
	if struck(hit, faultExtraFields) != nil {
		unknown = &extraField{"来自未来的字段🎁"}
	}
	padding := ""
	if struck(hit, faultOversized) != nil {
		padding = strings.Repeat("x", 1<<20)
	}
	if n.refund == nil {
		t := s.transaction(n.order)
		// A notification tells the moment of payment, even when it comes after a refund.
		t.TradeState, t.TradeStateDesc = tradeSuccess, tradeStateWords[tradeSuccess]
		t.MchID, t.AppID, t.Unknown, t.Padding = mchID, appID, unknown, padding
		t.Amount.Total += more
		t.Amount.PayerTotal += more
		return t, "transaction", "支付成功"
	}
	r := n.refund
	b := refundNoticeBody{
		MchID: mchID, OutTradeNo: n.order.number, TransactionID: n.order.transactionID, OutRefundNo: r.number,
		RefundID: r.id, RefundStatus: r.status, UserReceivedAccount: receivedAccount, Unknown: unknown, Padding: padding,
	}
	b.Amount.Total, b.Amount.PayerTotal = n.order.total, n.order.total
	b.Amount.Refund, b.Amount.PayerRefund = r.amount+more, r.amount+more
	if r.status == refundSuccess {
		b.SuccessTime = chinaTime(r.doneAt)
	}
	return b, "refund", map[refundStatus]string{refundSuccess: "退款成功", refundAbnormal: "退款异常", refundClosed: "退款关闭"}[r.status]
}
