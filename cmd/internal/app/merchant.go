package app

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"huitou/wechat"
	"huitou/wechat/pay"
)

// Merchant is the account with WeChat Pay.
type Merchant struct {
	MchID, SerialNo string
	PrivateKey      *rsa.PrivateKey
	APIv3Key        wechat.Secret
	// PublicKeyID and PublicKey are WeChat Pay's; empty for merchants that have its certificates only.
	PublicKeyID string
	PublicKey   *rsa.PublicKey
	// FetchCertificates asks WeChat Pay for its certificates.
	FetchCertificates bool
}

func (m Merchant) publicKeys() []pay.PublicKey {
	if m.PublicKey == nil {
		return nil
	}
	return []pay.PublicKey{{ID: m.PublicKeyID, Key: m.PublicKey}}
}

// Virtual is the mini-program's account for virtual payment; without an OfferID it is not offered.
type Virtual struct {
	OfferID string
	AppKey  wechat.Secret
	Sandbox bool
}

// UseKeys reads the merchant's private key (PKCS#8) and WeChat Pay's public key (PKIX), both given as PEM. Without a public key there
// must be certificates.
func (m *Merchant) UseKeys(private, public []byte) error {
	block, _ := pem.Decode(private)
	if block == nil {
		return errors.New("the merchant's private key is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("read the merchant's private key: %w", err)
	}
	var ok bool
	if m.PrivateKey, ok = key.(*rsa.PrivateKey); !ok {
		return errors.New("the merchant's private key is not RSA")
	}
	if len(public) == 0 && m.FetchCertificates {
		return nil
	}
	if block, _ = pem.Decode(public); block == nil {
		return errors.New("WeChat Pay's public key is not PEM")
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("read WeChat Pay's public key: %w", err)
	}
	if m.PublicKey, ok = pub.(*rsa.PublicKey); !ok {
		return errors.New("WeChat Pay's public key is not RSA")
	}
	return nil
}
