package push

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"huitou/wechat"
)

// Limits of a callback.
const (
	MaxBody  = 64 << 10
	MaxDepth = 32
	MaxNodes = 2000              // elements or values of one body; WeChat's own have a few dozen
	MaxSkew  = 300 * time.Second // between WeChat's timestamp and our clock
)

// Mode is the message security chosen in WeChat's console.
type Mode string

const (
	ModePlain      Mode = "plain"      // 明文模式
	ModeCompatible Mode = "compatible" // 兼容模式
	ModeSafe       Mode = "safe"       // 安全模式
)

// Config says how the console is filled in.
type Config struct {
	AppID string
	Token wechat.Secret // 3 to 32 letters and digits
	// AESKeys are the 43-character EncodingAESKeys, current first, then the previous one
	// while WeChat may still use it. Required unless Mode is plain.
	AESKeys []wechat.Secret
	Mode    Mode
	// Format is that of replies. Empty follows the push; pushes of either format are read.
	Format wechat.Format
	Now    func() time.Time
	// Rand feeds the random bytes of encrypted replies; nil means crypto/rand.
	Rand io.Reader
}

// Codec reads and answers the callbacks of one app. It is safe for concurrent use.
type Codec struct {
	appID  string
	token  string
	keys   []aesKey
	mode   Mode
	format wechat.Format
	now    func() time.Time
	rand   io.Reader
}

// New returns a codec, or every fault of its configuration.
func New(cfg Config) (*Codec, error) {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf("wechat callback: "+format, args...)) }

	if cfg.AppID == "" {
		fault("AppID is missing")
	}
	if cfg.Token == "" {
		fault("Token is missing")
	}
	if cfg.Now == nil {
		fault("Now is missing")
	}
	switch cfg.Mode {
	case ModePlain:
	case ModeCompatible, ModeSafe:
		if len(cfg.AESKeys) == 0 {
			fault("AESKeys are missing in %s mode", cfg.Mode)
		}
	default:
		fault("Mode %q is not plain, compatible or safe", cfg.Mode)
	}
	switch cfg.Format {
	case "", wechat.FormatXML, wechat.FormatJSON:
	default:
		fault("Format %q is not xml or json", cfg.Format)
	}
	c := &Codec{
		appID: cfg.AppID, token: cfg.Token.Reveal(), mode: cfg.Mode, format: cfg.Format,
		now: cfg.Now, rand: cfg.Rand,
	}
	if c.rand == nil {
		c.rand = rand.Reader
	}
	for i, encoded := range cfg.AESKeys {
		key, err := parseKey(encoded.Reveal())
		if err != nil {
			fault("AESKeys[%d]: %w", i, err)
		}
		c.keys = append(c.keys, key)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

var echoes = regexp.MustCompile(`^[0-9A-Za-z_=+/-]{1,64}$`)

// VerifyURL answers the GET with which WeChat checks the address: the returned text is the
// whole answer, as text/plain. Errors are wechat.ErrSignature, ErrStale and ErrMalformed.
func (c *Codec) VerifyURL(query url.Values) (string, error) {
	if !c.signed(query.Get("signature"), query.Get("timestamp"), query.Get("nonce")) {
		return "", wechat.ErrSignature
	}
	if err := c.fresh(query.Get("timestamp")); err != nil {
		return "", err
	}
	echo := query.Get("echostr")
	if !echoes.MatchString(echo) {
		return "", fmt.Errorf("echostr of %d bytes: %w", len(echo), wechat.ErrMalformed)
	}
	return echo, nil
}

// Open verifies, decrypts and reads the body of a POST. Errors, in the order of the checks:
//
//   - wechat.ErrTooLarge: nothing was looked at.
//   - wechat.ErrSignature: not proven to be WeChat's, or for another app.
//   - wechat.ErrStale: proven, but five minutes off.
//   - wechat.ErrPlaintext: signed URL, but a body no signature covers, where encryption is configured.
//   - wechat.ErrMalformed, and its case wechat.ErrDecrypt: authentic but unreadable. A body
//     that was proven comes back beside it with Body and DedupeKey, to be kept.
func (c *Codec) Open(query url.Values, body []byte) (wechat.Push, error) {
	if len(body) > MaxBody {
		return wechat.Push{}, fmt.Errorf("%d bytes: %w", len(body), wechat.ErrTooLarge)
	}
	switch query.Get("encrypt_type") {
	case "aes":
		return c.openEncrypted(query, body)
	case "", "raw":
		return c.openPlain(query, body)
	default:
		return wechat.Push{}, wechat.ErrSignature // WeChat has no such type
	}
}

func (c *Codec) openPlain(query url.Values, body []byte) (wechat.Push, error) {
	timestamp, nonce := query.Get("timestamp"), query.Get("nonce")
	if !c.signed(query.Get("signature"), timestamp, nonce) {
		return wechat.Push{}, wechat.ErrSignature
	}
	if err := c.fresh(timestamp); err != nil {
		return wechat.Push{}, err
	}
	if c.mode != ModePlain { // in compatible mode too WeChat sends a ciphertext with every push
		return wechat.Push{}, wechat.ErrPlaintext
	}
	return c.read(body, wechat.Envelope{Nonce: nonce})
}

func (c *Codec) openEncrypted(query url.Values, body []byte) (wechat.Push, error) {
	timestamp, nonce := query.Get("timestamp"), query.Get("nonce")
	outer, _, err := parse(body)
	if err != nil || outer.text("Encrypt") == "" {
		// No ciphertext, so no proof over the body. The signed URL only tells whether
		// the sender knows the token.
		switch {
		case !c.signed(query.Get("signature"), timestamp, nonce):
			return wechat.Push{}, wechat.ErrSignature
		case c.fresh(timestamp) != nil:
			// Else one signed URL, once seen, could fill the vault for ever.
			return wechat.Push{}, c.fresh(timestamp)
		case c.mode != ModePlain:
			return wechat.Push{}, wechat.ErrPlaintext // readable or not, nothing proves it
		case err != nil:
			return wechat.Push{}, fmt.Errorf("envelope: %w", err)
		}
		return wechat.Push{}, fmt.Errorf("envelope without Encrypt: %w", wechat.ErrMalformed)
	}
	ciphertext := outer.text("Encrypt")
	if !c.signed(query.Get("msg_signature"), timestamp, nonce, ciphertext) {
		return wechat.Push{}, wechat.ErrSignature
	}
	if err := c.fresh(timestamp); err != nil {
		return wechat.Push{}, err
	}
	plain, key, err := c.decrypt(ciphertext)
	if err != nil {
		return wechat.Push{}, err
	}
	return c.read(plain, wechat.Envelope{Encrypted: true, Nonce: nonce, Key: key})
}

// Read reads the decrypted body of a push that was verified when it came, to process it
// again. It proves nothing.
func (c *Codec) Read(body []byte) (wechat.Push, error) { return c.read(body, wechat.Envelope{}) }

// Reopen opens a stored envelope again that no key opened when it came, although its signature was good: the key that was missing may be
// configured by now. It proves nothing but the app id inside. Errors are those of Open.
func (c *Codec) Reopen(posted []byte) (wechat.Push, error) {
	outer, _, err := parse(posted)
	if err != nil {
		return wechat.Push{}, fmt.Errorf("envelope: %w", err)
	}
	plain, key, err := c.decrypt(outer.text("Encrypt"))
	if err != nil {
		return wechat.Push{}, err
	}
	return c.read(plain, wechat.Envelope{Encrypted: true, Key: key})
}

// read turns a verified body into a push. A body that cannot be read comes back beside the
// error, so that it can be kept.
func (c *Codec) read(body []byte, envelope wechat.Envelope) (wechat.Push, error) {
	kept := wechat.Push{
		AppID: c.appID, Body: bytes.Clone(body), DedupeKey: dedupeKey(c.appID, body), Envelope: envelope,
	}
	root, format, err := parse(body)
	if err != nil {
		return kept, fmt.Errorf("message: %w", err)
	}
	kept.Envelope.Format = format
	if root.text("MsgType") == "" {
		return kept, fmt.Errorf("message without MsgType: %w", wechat.ErrMalformed)
	}
	p := interpret(root)
	p.AppID, p.Body, p.DedupeKey, p.Envelope = kept.AppID, kept.Body, kept.DedupeKey, kept.Envelope
	return p, nil
}

func dedupeKey(appID string, body []byte) string {
	h := sha256.New()
	_, _ = io.WriteString(h, appID+"\n")
	_, _ = h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// signed compares a signature with that of the token and the given parts.
func (c *Codec) signed(signature string, parts ...string) bool {
	want := c.sign(parts...)
	return subtle.ConstantTimeCompare([]byte(want), []byte(signature)) == 1
}

func (c *Codec) sign(parts ...string) string {
	return signature(append([]string{c.token}, parts...)...)
}

// signature is the hex SHA-1 of the parts in byte order, without separators.
func signature(parts ...string) string {
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// fresh says how far a timestamp is off, because a wrong clock of ours looks like a replay.
func (c *Codec) fresh(timestamp string) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("timestamp is not a number: %w", wechat.ErrMalformed)
	}
	now := c.now().Unix()
	if limit := int64(MaxSkew / time.Second); seconds < now-limit || seconds > now+limit {
		return fmt.Errorf("timestamp %d, our clock %d: %w", seconds, now, wechat.ErrStale)
	}
	return nil
}
