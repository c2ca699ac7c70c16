package pay

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
	publicKeys []PublicKey
	certs      *certificates // keeps the certificates fresh; nil where they are not asked for

	mu       sync.RWMutex
	list     []*x509.Certificate
	ask      string // serial that answers are asked to be signed with
	bySerial map[string]auth.Verifier

	strange atomic.Int64 // when an unknown serial was last told of, unix seconds
}

// newKeyring knows every public key by its id and every certificate by its serial. Where a
// merchant has both, certificates are served by the SDK's combined verifier.
func newKeyring(publicKeys []PublicKey, certs []*x509.Certificate) *keyring {
	ring := &keyring{publicKeys: publicKeys}
	ring.setCertificates(certs)
	return ring
}

// setCertificates replaces the certificates.
func (r *keyring) setCertificates(list []*x509.Certificate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list, r.ask, r.bySerial = list, "", map[string]auth.Verifier{}

	getter := core.NewCertificateMapWithList(list)
	var byCert auth.Verifier = verifiers.NewSHA256WithRSAVerifier(getter)
	if len(r.publicKeys) > 0 {
		byCert = verifiers.NewSHA256WithRSACombinedVerifier(getter, r.publicKeys[0].ID, *r.publicKeys[0].Key)
	}
	var newest time.Time
	for _, cert := range list {
		serial := utils.GetCertificateSerialNumber(*cert)
		r.bySerial[serial] = byCert
		if r.ask == "" || cert.NotBefore.After(newest) {
			r.ask, newest = serial, cert.NotBefore
		}
	}
	for _, k := range r.publicKeys {
		r.bySerial[k.ID] = verifiers.NewSHA256WithRSAPubkeyVerifier(k.ID, *k.Key)
	}
	if len(r.publicKeys) > 0 {
		r.ask = r.publicKeys[0].ID
	}
}

// known returns the certificates.
func (r *keyring) known() []*x509.Certificate {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.list)
}

func (r *keyring) verifier(serial string) (auth.Verifier, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	v, ok := r.bySerial[serial]
	return v, ok
}

// of finds the verifier of a serial, and asks WeChat Pay when it is that of a certificate which we do not know.
func (r *keyring) of(ctx context.Context, serial string) (auth.Verifier, bool) {
	v, ok := r.verifier(serial)
	if ok || r.certs == nil || !r.certs.learn(ctx, serial) {
		return v, ok
	}
	return r.verifier(serial)
}

// stranger reports whether an unknown serial is worth an alarm now: once a minute, whatever is sent.
func (r *keyring) stranger(now time.Time) bool {
	last := r.strange.Load()
	return now.Unix()-last >= int64(fetchGap/time.Second) && r.strange.CompareAndSwap(last, now.Unix())
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
	verifier, ok := r.of(ctx, head.serial)
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
func (a *answers) GetAcceptSerial(ctx context.Context) (string, error) {
	if a.keys.certs != nil {
		a.keys.certs.freshen(ctx)
	}
	a.keys.mu.RLock()
	defer a.keys.mu.RUnlock()
	if a.keys.ask == "" {
		return "", errors.New("no key of WeChat Pay is at hand")
	}
	return a.keys.ask, nil
}
