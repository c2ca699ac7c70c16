package pay

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"huitou/wechat"
)

const (
	maxSkew       = 300 * time.Second
	signatureType = "WECHATPAY2-SHA256-RSA2048"
	typeHeader    = "Wechatpay-Signature-Type"
	probePrefix   = "WECHATPAY/SIGNTEST/"
	maxHeader     = 1 << 10 // bytes of one Wechatpay-* header; a 2048-bit signature has 344
)

// keyring finds the verifier for a serial.
type keyring struct {
	ask      string // serial that answers are asked to be signed with
	bySerial map[string]auth.Verifier
}

// newKeyring knows every public key by its id and every certificate by its serial. Where a
// merchant has both, certificates are served by the SDK's combined verifier.
func newKeyring(publicKeys []PublicKey, certs []*x509.Certificate) *keyring {
	ring := &keyring{bySerial: map[string]auth.Verifier{}}

	getter := core.NewCertificateMapWithList(certs)
	var byCert auth.Verifier = verifiers.NewSHA256WithRSAVerifier(getter)
	if len(publicKeys) > 0 {
		byCert = verifiers.NewSHA256WithRSACombinedVerifier(getter, publicKeys[0].ID, *publicKeys[0].Key)
	}
	var newest time.Time
	for _, cert := range certs {
		serial := utils.GetCertificateSerialNumber(*cert)
		ring.bySerial[serial] = byCert
		if ring.ask == "" || cert.NotBefore.After(newest) {
			ring.ask, newest = serial, cert.NotBefore
		}
	}
	for _, k := range publicKeys {
		ring.bySerial[k.ID] = verifiers.NewSHA256WithRSAPubkeyVerifier(k.ID, *k.Key)
	}
	if len(publicKeys) > 0 {
		ring.ask = publicKeys[0].ID
	}
	return ring
}

// verify checks the signature in the headers over the raw body, then the age of the
// timestamp. It returns the serial that signed. Errors are wechat.ErrSignature, or one of
// its cases, and wechat.ErrStale; none quotes what was received.
func (r *keyring) verify(ctx context.Context, h http.Header, body []byte, now time.Time) (serial string, err error) {
	var head struct{ timestamp, nonce, serial, signature string }
	for name, to := range map[string]*string{
		consts.WechatPayTimestamp: &head.timestamp,
		consts.WechatPayNonce:     &head.nonce,
		consts.WechatPaySerial:    &head.serial,
		consts.WechatPaySignature: &head.signature,
	} {
		values := h.Values(name)
		if len(values) != 1 || values[0] == "" || len(values[0]) > maxHeader {
			return "", fmt.Errorf("header %s is missing, doubled or too long: %w", name, wechat.ErrSignature)
		}
		*to = values[0]
	}
	if t := h.Get(typeHeader); t != "" && t != signatureType {
		return "", fmt.Errorf("signature type is not %s: %w", signatureType, wechat.ErrSignature)
	}
	if strings.HasPrefix(head.signature, probePrefix) {
		return "", wechat.ErrProbe
	}
	seconds, err := strconv.ParseInt(head.timestamp, 10, 64)
	if err != nil {
		return "", fmt.Errorf("timestamp is not a number: %w", wechat.ErrSignature)
	}
	verifier, ok := r.bySerial[head.serial]
	if !ok {
		return "", wechat.ErrSerial
	}
	message := head.timestamp + "\n" + head.nonce + "\n" + string(body) + "\n"
	if err := verifier.Verify(ctx, head.serial, message, head.signature); err != nil {
		return "", wechat.ErrSignature // the SDK's reason adds nothing but key material
	}
	if limit := int64(maxSkew / time.Second); seconds < now.Unix()-limit || seconds > now.Unix()+limit {
		return "", fmt.Errorf("timestamp %d, our clock %d: %w", seconds, now.Unix(), wechat.ErrStale)
	}
	return head.serial, nil
}

// answers is the SDK's validator of answers, on our clock.
type answers struct {
	keys *keyring
	now  func() time.Time
}

var _ auth.Validator = (*answers)(nil)

// Validate reads the body to verify it and puts it back.
func (a *answers) Validate(ctx context.Context, resp *http.Response) error {
	body, err := drain(resp)
	if err != nil {
		return err
	}
	_, err = a.keys.verify(ctx, resp.Header, body, a.now())
	return err
}

// GetAcceptSerial names the key that answers should be signed with.
func (a *answers) GetAcceptSerial(context.Context) (string, error) {
	if a.keys.ask == "" {
		return "", errors.New("no key")
	}
	return a.keys.ask, nil
}
