package pay

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"huitou/wechat"
)

// signing is the last stop before the network: it signs each request with the time of our
// clock, over the bytes that really leave.
type signing struct {
	mchID  string
	serial string
	key    *rsa.PrivateKey
	now    func() time.Time
	next   http.RoundTripper
}

func (s *signing) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		defer req.Body.Close()
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, fmt.Errorf("read request body: %w", err)
		}
	}
	timestamp, nonce := s.now().Unix(), rand.Text()
	signature, err := utils.SignSHA256WithRSA(
		requestMessage(req.Method, req.URL.RequestURI(), timestamp, nonce, body), s.key)
	if err != nil {
		return nil, fmt.Errorf("sign request: %w", err)
	}
	out := req.Clone(req.Context())
	if req.Body != nil {
		out.Body = io.NopCloser(bytes.NewReader(body))
	}
	out.Header.Set(consts.Authorization, fmt.Sprintf(consts.HeaderAuthorizationFormat,
		signatureType, s.mchID, nonce, timestamp, s.serial, signature))
	return s.next.RoundTrip(out)
}

func (s *signing) CloseIdleConnections() {
	if c, ok := s.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func requestMessage(method, uri string, timestamp int64, nonce string, body []byte) string {
	return fmt.Sprintf(consts.SignatureMessageFormat, method, uri, timestamp, nonce, body)
}

// signedLater stands where the SDK wants to sign with the wall clock. What it writes is
// replaced by signing.
type signedLater struct{}

var _ auth.Signer = signedLater{}

func (signedLater) Sign(context.Context, string) (*auth.SignatureResult, error) {
	return &auth.SignatureResult{}, nil
}

func (signedLater) Algorithm() string { return "SHA256-RSA2048" }

// Params signs what wx.requestPayment needs to open the payment of a prepay id. The id
// lives two hours; the signature does not expire before it.
func (c *Client) Params(prepayID string) (wechat.PayParams, error) {
	p := wechat.PayParams{
		AppID:     c.appID,
		TimeStamp: strconv.FormatInt(c.now().Unix(), 10),
		NonceStr:  rand.Text(),
		Package:   "prepay_id=" + prepayID,
		SignType:  "RSA",
	}
	signature, err := utils.SignSHA256WithRSA(payMessage(p), c.signer.key)
	if err != nil {
		return wechat.PayParams{}, fmt.Errorf("sign payment parameters: %w", err)
	}
	p.PaySign = signature
	return p, nil
}

func payMessage(p wechat.PayParams) string {
	return p.AppID + "\n" + p.TimeStamp + "\n" + p.NonceStr + "\n" + p.Package + "\n"
}
