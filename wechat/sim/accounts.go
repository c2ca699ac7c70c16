package sim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Accounts is everything a product configures to work with this WeChat. All of it
// was made up at the first start; none of it works anywhere else.
type Accounts struct {
	OA        OAAccount       `json:"oa"`
	Mini      MiniAccount     `json:"mini"`
	Merchant  MerchantAccount `json:"merchant"`
	Platform  PlatformAccount `json:"platform"`
	Templates []Template      `json:"templates"`
	// OASubscribe and MiniSubscribe are the templates of subscribe messages.
	OASubscribe   []Template `json:"oa_subscribe"`
	MiniSubscribe []Template `json:"mini_subscribe"`
}

// OAAccount is a verified 服务号. Its AppID begins with wxsim-oa-, which no real one
// does, so that a configuration guard can refuse it in production.
type OAAccount struct {
	AppID, Secret, GhID   string
	Token, EncodingAESKey string
}

// MiniAccount is a mini-program bound to the same open-platform account as the 服务号.
type MiniAccount struct {
	AppID, Secret, GhID   string
	Token, EncodingAESKey string
}

// MerchantAccount is the merchant's side of WeChat Pay: PKCS#8 private key, the
// serial of its API certificate, and the 32 byte APIv3 key.
type MerchantAccount struct {
	MchID, SerialNo, PrivateKeyPEM, APIv3Key string
}

// PlatformAccount is what a merchant needs to verify WeChat Pay: the public key with
// its id, and the older platform certificate for merchants that still migrate.
type PlatformAccount struct {
	PublicKeyID, PublicKeyPEM  string
	CertificateSerial, CertPEM string
}

// accounts is Accounts with the keys parsed and the platform's private halves.
type accounts struct {
	Accounts
	Boots             uint64 // starts with this state; keeps ids of later runs apart
	PlatformKeyPEM    string
	CertificateKeyPEM string
	// Retired are platform certificates that were replaced and still verify.
	Retired []retiredCertificate `json:",omitempty"`

	merchantKey    *rsa.PublicKey
	platformKey    *rsa.PrivateKey
	certificateKey *rsa.PrivateKey
	oaKey, miniKey []byte
	keys           sync.RWMutex // guards the platform's keys against a rotation; who rotates holds Sim.mu as well
}

const stateFile = "accounts.json"

// loadAccounts reads the accounts kept in dir or makes new ones, and counts the
// start. An empty dir keeps nothing.
func loadAccounts(dir string, now time.Time) (*accounts, error) {
	a := &accounts{}
	path := filepath.Join(dir, stateFile)
	if dir != "" {
		raw, err := os.ReadFile(path)
		switch {
		case err == nil:
			if err := json.Unmarshal(raw, a); err != nil {
				return nil, fmt.Errorf("read %s: %w", path, err)
			}
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("read accounts: %w", err)
		}
	}
	if a.OA.AppID == "" {
		if err := a.create(now); err != nil {
			return nil, fmt.Errorf("make accounts: %w", err)
		}
	}
	if err := a.parse(); err != nil {
		return nil, fmt.Errorf("parse accounts: %w", err)
	}
	a.addMissingTemplates()
	a.Boots++
	if dir == "" {
		return a, nil
	}
	return a, a.save(dir)
}

// addMissingTemplates gives accounts kept by an older version the templates it did
// not have.
func (a *accounts) addMissingTemplates() {
	for kept, shop := range map[*[]Template][]Template{
		&a.Templates: shopTemplates(), &a.OASubscribe: shopOASubscribe(), &a.MiniSubscribe: shopMiniSubscribe(),
	} {
		for _, t := range shop {
			if !slices.ContainsFunc(*kept, func(have Template) bool { return have.Name == t.Name }) {
				*kept = append(*kept, t)
			}
		}
	}
}

// save replaces the state file in one rename; it holds private keys, so only the
// owner may read it.
func (a *accounts) save(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep accounts: %w", err)
	}
	raw, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		return fmt.Errorf("keep accounts: %w", err)
	}
	tmp, err := os.CreateTemp(dir, stateFile+".*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("keep accounts: %w", err)
	}
	_, err = tmp.Write(raw)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return errors.Join(fmt.Errorf("keep accounts: %w", err), os.Remove(tmp.Name()))
	}
	if err := os.Rename(tmp.Name(), filepath.Join(dir, stateFile)); err != nil {
		return fmt.Errorf("keep accounts: %w", err)
	}
	return nil
}

func (a *accounts) create(now time.Time) error {
	a.OA = OAAccount{
		AppID: "wxsim-oa-" + randomHex(4), Secret: randomHex(16), GhID: "gh_sim" + randomHex(4),
		Token: randomHex(16), EncodingAESKey: randomAESKey(),
	}
	a.Mini = MiniAccount{
		AppID: "wxsim-mp-" + randomHex(4), Secret: randomHex(16), GhID: "gh_sim" + randomHex(4),
		Token: randomHex(16), EncodingAESKey: randomAESKey(),
	}

	// Three keys of 2048 bits take a moment: side by side.
	var keys [3]*rsa.PrivateKey
	var faults [3]error
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() { keys[i], faults[i] = rsa.GenerateKey(rand.Reader, 2048) })
	}
	wg.Wait()
	if err := errors.Join(faults[:]...); err != nil {
		return err
	}
	merchant, platform, certificate := keys[0], keys[1], keys[2]

	merchantPEM, err := privatePEM(merchant)
	if err != nil {
		return err
	}
	a.Merchant = MerchantAccount{
		MchID: "19000" + randomDigits(5), SerialNo: serialHex(), PrivateKeyPEM: merchantPEM, APIv3Key: randomHex(16),
	}
	if a.PlatformKeyPEM, err = privatePEM(platform); err != nil {
		return err
	}
	if a.CertificateKeyPEM, err = privatePEM(certificate); err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(&platform.PublicKey)
	if err != nil {
		return err
	}
	a.Platform.PublicKeyID = "PUB_KEY_ID_01" + a.Merchant.MchID + randomDigits(22)
	a.Platform.PublicKeyPEM = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	a.Platform.CertificateSerial, a.Platform.CertPEM, err = platformCertificate(certificate, now)
	return err
}

func platformCertificate(key *rsa.PrivateKey, now time.Time) (serial, certPEM string, err error) {
	serial = serialHex()
	number, _ := new(big.Int).SetString(serial, 16)
	template := &x509.Certificate{
		SerialNumber: number,
		Subject:      pkix.Name{CommonName: "Huitou simulated WeChat Pay", Organization: []string{"simulator"}},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.AddDate(5, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return "", "", err
	}
	return serial, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

// retiredCertificate is a platform certificate before the present one.
type retiredCertificate struct {
	Serial, CertPEM, KeyPEM string

	key *rsa.PrivateKey
}

// useCertificate makes a new platform certificate of a key; answers and certificate lists go on knowing the old one.
func (a *accounts) useCertificate(key *rsa.PrivateKey, now time.Time) error {
	keyPEM, err := privatePEM(key)
	if err != nil {
		return err
	}
	serial, certPEM, err := platformCertificate(key, now)
	if err != nil {
		return err
	}
	a.keys.Lock()
	defer a.keys.Unlock()
	a.Retired = append(a.Retired, retiredCertificate{a.Platform.CertificateSerial, a.Platform.CertPEM, a.CertificateKeyPEM, a.certificateKey})
	a.Platform.CertificateSerial, a.Platform.CertPEM, a.CertificateKeyPEM, a.certificateKey = serial, certPEM, keyPEM, key
	return nil
}

func (a *accounts) parse() error {
	merchant, err1 := parsePrivatePEM(a.Merchant.PrivateKeyPEM)
	platform, err2 := parsePrivatePEM(a.PlatformKeyPEM)
	certificate, err3 := parsePrivatePEM(a.CertificateKeyPEM)
	oaKey, err4 := pushKey(a.OA.EncodingAESKey)
	miniKey, err5 := pushKey(a.Mini.EncodingAESKey)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return err
	}
	for i := range a.Retired {
		key, err := parsePrivatePEM(a.Retired[i].KeyPEM)
		if err != nil {
			return err
		}
		a.Retired[i].key = key
	}
	a.merchantKey, a.platformKey, a.certificateKey = &merchant.PublicKey, platform, certificate
	a.oaKey, a.miniKey = oaKey, miniKey
	return nil
}

func privatePEM(key *rsa.PrivateKey) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

func parsePrivatePEM(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("not a PEM private key")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("private key is not RSA")
	}
	return private, nil
}

// randomBytes draws from crypto/rand, which does not fail on supported systems.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func randomHex(n int) string { return hex.EncodeToString(randomBytes(n)) }

func randomDigits(n int) string {
	b := randomBytes(n)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}

// randomAESKey makes a canonical EncodingAESKey of letters and digits only, as the
// console does.
func randomAESKey() string {
	for {
		key := base64.RawStdEncoding.EncodeToString(randomBytes(32))
		if alphanumeric(key) {
			return key
		}
	}
}

func alphanumeric(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return s != ""
}

// serialHex is a certificate serial: 40 upper-case hex digits, never a leading zero.
func serialHex() string {
	b := randomBytes(20)
	b[0] = b[0]&0x3f | 0x40
	return fmt.Sprintf("%X", b)
}
