package pay

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"huitou/wechat"
)

const (
	certificatesPath = "/v3/certificates"
	publicKeyPrefix  = "PUB_KEY_ID_"
	// fetchGap bounds how often an unknown serial makes us ask: whoever sends forged notices must not drive our calls (threat T17).
	fetchGap = time.Minute
	// fetchEvery is how old our list of certificates may be before it is asked for again. WeChat Pay publishes a new one days before it
	// signs with it.
	fetchEvery = 12 * time.Hour
	// fetchTime bounds one call; a notice waits for it, and WeChat for the notice.
	fetchTime = 3 * time.Second
)

// certSerial is what serials of platform certificates look like; public keys have ids of another form.
var certSerial = regexp.MustCompile(`^[0-9A-F]{1,40}$`)

// certificates keeps WeChat Pay's platform certificates fresh in a keyring, for merchants that have them.
type certificates struct {
	keys     *keyring
	http     *http.Client // signs our requests; answers are verified here, with what they bring
	apiV3Key string
	now      func() time.Time
	log      *slog.Logger

	mu            sync.Mutex // one call at a time; who waits finds its answer
	tried, loaded time.Time
}

// learn asks for the certificates because a serial is not known, unless that was done within the last minute. It reports whether it is
// worth looking again.
func (c *certificates) learn(ctx context.Context, serial string) bool {
	if !certSerial.MatchString(serial) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Sub(c.tried).Abs() < fetchGap {
		return true // somebody else may have brought it while we waited
	}
	return c.load(ctx) == nil
}

// freshen asks for the certificates when there are none yet or the list has become old.
func (c *certificates) freshen(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if now.Sub(c.loaded).Abs() < fetchEvery || now.Sub(c.tried).Abs() < fetchGap {
		return
	}
	_ = c.load(ctx) // said in the log; the old ones serve on
}

// load calls WeChat Pay. c.mu is held.
func (c *certificates) load(ctx context.Context) error {
	c.tried = c.now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	list, err := c.fetch(ctx)
	if err != nil {
		c.log.ErrorContext(ctx, "platform certificates of WeChat Pay are not at hand", "err", err)
		return err
	}
	c.loaded = c.tried
	// Those that WeChat Pay lists no more may still have signed what is under way.
	for _, old := range c.keys.known() {
		gone := !slices.ContainsFunc(list, func(x *x509.Certificate) bool { return x.SerialNumber.Cmp(old.SerialNumber) == 0 })
		if gone && c.now().Before(old.NotAfter) {
			list = append(list, old)
		}
	}
	c.keys.setCertificates(list)
	c.log.InfoContext(ctx, "platform certificates of WeChat Pay", "count", len(list))
	return nil
}

// fetch brings the certificates that WeChat Pay signs with now or soon. Each is sealed with our APIv3 key; the answer must be signed by one
// of them, by a key that we know already, or by a public key.
func (c *certificates) fetch(ctx context.Context) ([]*x509.Certificate, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, consts.WechatPayAPIServer+certificatesPath, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, translate(certificatesPath, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, &wechat.TransportError{Endpoint: certificatesPath, HTTPStatus: resp.StatusCode, Err: errors.New("answer breaks off")}
	}
	if resp.StatusCode != http.StatusOK {
		return nil, &wechat.TransportError{Endpoint: certificatesPath, HTTPStatus: resp.StatusCode, Err: errors.New("refused")}
	}
	list, err := c.open(body)
	if err != nil {
		return nil, &wechat.TransportError{Endpoint: certificatesPath, HTTPStatus: resp.StatusCode, Err: err}
	}
	_, err = newKeyring(c.keys.publicKeys, append(list, c.keys.known()...)).verify(ctx, resp.Header, body, c.now())
	if errors.Is(err, wechat.ErrSerial) && strings.HasPrefix(resp.Header.Get(consts.WechatPaySerial), publicKeyPrefix) {
		// A merchant that has a public key and does not use it yet may be answered with it. Nobody but WeChat Pay and we could have
		// sealed the certificates, so they are proven all the same.
		err = nil
	}
	if err != nil {
		return nil, &wechat.TransportError{Endpoint: certificatesPath, HTTPStatus: resp.StatusCode, Err: err}
	}
	return list, nil
}

// open decrypts and reads a list of certificates. Those that are over are left out.
func (c *certificates) open(body []byte) ([]*x509.Certificate, error) {
	var in struct {
		Data []struct {
			Serial    string `json:"serial_no"`
			Encrypted struct {
				Algorithm      string `json:"algorithm"`
				Nonce          string `json:"nonce"`
				AssociatedData string `json:"associated_data"`
				Ciphertext     string `json:"ciphertext"`
			} `json:"encrypt_certificate"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, errors.New("the list is not the JSON expected")
	}
	var list []*x509.Certificate
	for i, d := range in.Data {
		e := d.Encrypted
		if e.Algorithm != algorithm || len(e.Nonce) != nonceLen {
			return nil, fmt.Errorf("certificate %d is not sealed as expected", i)
		}
		text, err := utils.DecryptAES256GCM(c.apiV3Key, e.AssociatedData, e.Nonce, e.Ciphertext)
		if err != nil {
			return nil, wechat.ErrDecrypt
		}
		cert, err := utils.LoadCertificate(text)
		if err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read", i)
		}
		if _, ok := cert.PublicKey.(*rsa.PublicKey); !ok || utils.GetCertificateSerialNumber(*cert) != d.Serial {
			return nil, fmt.Errorf("certificate %d is not the one of its serial", i)
		}
		if c.now().Before(cert.NotAfter) {
			list = append(list, cert)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("the list has no certificate that is valid")
	}
	return list, nil
}
