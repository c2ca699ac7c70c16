package pay

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"huitou/wechat"
)

// Config is what a Client needs. There must be PublicKeys, Certificates or FetchCertificates; Log may be nil.
type Config struct {
	AppID string // the app inside which people pay; must be bound to the merchant
	MchID string

	// CertSerial and PrivateKey are the merchant's API certificate: its serial number in
	// hex, and the key that signs our requests.
	CertSerial string
	PrivateKey *rsa.PrivateKey

	// APIv3Key decrypts notices: 32 bytes.
	APIv3Key wechat.Secret

	// PublicKeys are WeChat Pay's public keys by id (PUB_KEY_ID_…). The first is the one
	// answers are asked to be signed with; further ones cover a change of keys.
	PublicKeys []PublicKey
	// Certificates are WeChat Pay's platform certificates, for merchants that still have
	// them: with public keys beside them, both are accepted.
	Certificates []*x509.Certificate
	// FetchCertificates asks WeChat Pay for its certificates: at the first call, twice a day, and, at most once a minute, when a
	// serial is not known. It is for merchants that have not moved to public keys, or are about to.
	FetchCertificates bool

	HTTP *http.Client // see wechat.NewHTTPClient
	// Files fetches bills, which are larger and slower than answers; nil means HTTP.
	Files *http.Client
	Now   func() time.Time
	Log   *slog.Logger
}

// PublicKey is one of WeChat Pay's public keys.
type PublicKey struct {
	ID  string
	Key *rsa.PublicKey
}

// apiV3KeyLen is the only length WeChat Pay issues. The SDK would take 16 and 24 as well.
const apiV3KeyLen = 32

// Validate reports every fault at once.
func (c Config) Validate() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("wechat pay: "+format, args...)) }
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"AppID", c.AppID == ""},
		{"MchID", c.MchID == ""},
		{"CertSerial", c.CertSerial == ""},
		{"PrivateKey", c.PrivateKey == nil},
		{"HTTP", c.HTTP == nil},
		{"Now", c.Now == nil},
	} {
		if f.missing {
			fault("%s is missing", f.name)
		}
	}
	if n := len(c.APIv3Key); n != apiV3KeyLen {
		fault("APIv3Key has %d bytes, must have %d", n, apiV3KeyLen)
	}
	if len(c.PublicKeys) == 0 && len(c.Certificates) == 0 && !c.FetchCertificates {
		fault("PublicKeys and Certificates are both missing")
	}
	for i, k := range c.PublicKeys {
		if k.ID == "" || k.Key == nil {
			fault("PublicKeys[%d] lacks its id or its key", i)
		}
	}
	for i, cert := range c.Certificates {
		if cert == nil {
			fault("Certificates[%d] is nil", i)
		} else if _, ok := cert.PublicKey.(*rsa.PublicKey); !ok {
			fault("Certificates[%d] is not an RSA certificate", i)
		}
	}
	return errors.Join(errs...)
}

// Client speaks for one merchant and one app. It is safe for concurrent use.
type Client struct {
	appID    string
	mchID    string
	apiV3Key string
	keys     *keyring
	signer   *signing
	now      func() time.Time
	log      *slog.Logger

	files   *http.Client // signs as well
	orders  jsapi.JsapiApiService
	refunds refunddomestic.RefundsApiService
}

// New returns a client, or every fault of its configuration. It makes no call.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	keys := newKeyring(cfg.PublicKeys, cfg.Certificates)
	signer := &signing{
		mchID: cfg.MchID, serial: cfg.CertSerial, key: cfg.PrivateKey, now: cfg.Now,
		next: cfg.HTTP.Transport,
	}
	if signer.next == nil {
		signer.next = http.DefaultTransport
	}
	files := cmp.Or(cfg.Files, cfg.HTTP)
	download := *files
	download.Transport = &signing{
		mchID: cfg.MchID, serial: cfg.CertSerial, key: cfg.PrivateKey, now: cfg.Now,
		next: cmp.Or[http.RoundTripper](files.Transport, http.DefaultTransport),
	}
	outbound := *cfg.HTTP
	outbound.Transport = signer
	if cfg.FetchCertificates {
		keys.certs = &certificates{keys: keys, http: &outbound, apiV3Key: cfg.APIv3Key.Reveal(), now: cfg.Now, log: cfg.Log.With("mch_id", cfg.MchID)}
	}
	// The SDK wants a context here and does not look at it.
	sdk, err := core.NewClientWithDialSettings(context.Background(), &core.DialSettings{
		HTTPClient: &outbound,
		Signer:     signedLater{},
		Validator:  &answers{keys: keys, now: cfg.Now},
	})
	if err != nil {
		return nil, fmt.Errorf("wechat pay client: %w", err)
	}
	return &Client{
		appID:    cfg.AppID,
		mchID:    cfg.MchID,
		apiV3Key: cfg.APIv3Key.Reveal(),
		keys:     keys,
		signer:   signer,
		now:      cfg.Now,
		log:      cfg.Log.With("mch_id", cfg.MchID),
		files:    &download,
		orders:   jsapi.JsapiApiService{Client: sdk},
		refunds:  refunddomestic.RefundsApiService{Client: sdk},
	}, nil
}

// AppID returns the app whose openids pay here.
func (c *Client) AppID() string { return c.appID }

// MchID returns the merchant number.
func (c *Client) MchID() string { return c.mchID }
