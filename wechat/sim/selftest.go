package sim

import (
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

//go:embed selftest_vectors.json
var selftestVectors []byte

type vectors struct {
	OASignature []struct {
		ID        string   `json:"id"`
		Parts     []string `json:"parts"`
		Signature string   `json:"signature"`
		Valid     bool     `json:"valid"`
	} `json:"oa_signature"`
	OACipher []struct {
		ID       string `json:"id"`
		Key      string `json:"encoding_aes_key"`
		AppID    string `json:"appid"`
		Random16 string `json:"random16"`
		Msg      string `json:"msg"`
		Encrypt  string `json:"encrypt"`
	} `json:"oa_cipher"`
	OACipherNegative []struct {
		ID      string `json:"id"`
		Key     string `json:"encoding_aes_key"`
		AppID   string `json:"expect_appid"`
		Encrypt string `json:"encrypt"`
	} `json:"oa_cipher_negative"`
	DemoKey string `json:"pay_demo_private_key"`
	PaySign []struct {
		ID        string `json:"id"`
		Message   string `json:"message"`
		Signature string `json:"signature"`
	} `json:"pay_sign"`
	PayVerify []struct {
		ID        string `json:"id"`
		SPKI      string `json:"public_spki_b64"`
		Timestamp string `json:"timestamp"`
		Nonce     string `json:"nonce"`
		Body      string `json:"body"`
		Signature string `json:"signature"`
		Valid     bool   `json:"valid"`
	} `json:"pay_verify"`
	PayAEAD []struct {
		ID         string `json:"id"`
		Key        string `json:"key"`
		Nonce      string `json:"nonce"`
		Associated string `json:"associated_data"`
		Ciphertext string `json:"ciphertext"`
		Plaintext  string `json:"plaintext"`
	} `json:"pay_aead"`
}

// selftest runs the simulator's own signer and ciphers against published worked
// examples. A simulator that signs wrongly would teach the product to accept wrong
// signatures, so New refuses to start when one case differs; every differing case
// is named.
func selftest(raw []byte) error {
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("read self-test vectors: %w", err)
	}
	if len(v.OASignature) == 0 || len(v.OACipher) == 0 || len(v.OACipherNegative) == 0 ||
		len(v.PaySign) == 0 || len(v.PayVerify) == 0 || len(v.PayAEAD) == 0 {
		return errors.New("self-test vectors are incomplete")
	}
	return errors.Join(selftestPush(v), selftestPay(v))
}

func selftestPush(v vectors) error {
	var faults []error
	for _, c := range v.OASignature {
		if got := pushSignature(c.Parts...) == c.Signature; got != c.Valid {
			faults = append(faults, fmt.Errorf("push signature %s: match = %v", c.ID, got))
		}
	}
	for _, c := range v.OACipher {
		key, err := pushKey(c.Key)
		if err != nil {
			faults = append(faults, fmt.Errorf("push cipher %s: %w", c.ID, err))
			continue
		}
		sealed, err := sealPush(key, [16]byte([]byte(c.Random16)), []byte(c.Msg), c.AppID)
		if err != nil || sealed != c.Encrypt {
			faults = append(faults, fmt.Errorf("push cipher %s: encryption differs", c.ID))
		}
		if msg, err := openPush(key, c.Encrypt, c.AppID); err != nil || string(msg) != c.Msg {
			faults = append(faults, fmt.Errorf("push cipher %s: decryption differs", c.ID))
		}
	}
	for _, c := range v.OACipherNegative {
		key, err := pushKey(c.Key)
		if err != nil {
			faults = append(faults, fmt.Errorf("push cipher %s: %w", c.ID, err))
			continue
		}
		if _, err := openPush(key, c.Encrypt, c.AppID); err == nil {
			faults = append(faults, fmt.Errorf("push cipher %s: accepted", c.ID))
		}
	}
	return errors.Join(faults...)
}

func selftestPay(v vectors) error {
	var faults []error
	der, err := base64.StdEncoding.DecodeString(v.DemoKey)
	if err != nil {
		return fmt.Errorf("demo key: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return fmt.Errorf("demo key: %w", err)
	}
	demo, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return errors.New("demo key is not RSA")
	}
	for _, c := range v.PaySign {
		if sig, err := signRSA(demo, c.Message); err != nil || sig != c.Signature {
			faults = append(faults, fmt.Errorf("pay signature %s: differs", c.ID))
		}
		if verifyRSA(&demo.PublicKey, c.Message, c.Signature) != nil ||
			verifyRSA(&demo.PublicKey, strings.TrimSuffix(c.Message, "\n"), c.Signature) == nil {
			faults = append(faults, fmt.Errorf("pay signature %s: verification differs", c.ID))
		}
	}
	for _, c := range v.PayVerify {
		pub, err := parseSPKI(c.SPKI)
		if err != nil {
			faults = append(faults, fmt.Errorf("pay verify %s: %w", c.ID, err))
			continue
		}
		if got := verifyRSA(pub, signedLines(c.Timestamp, c.Nonce, c.Body), c.Signature) == nil; got != c.Valid {
			faults = append(faults, fmt.Errorf("pay verify %s: valid = %v", c.ID, got))
		}
	}
	for _, c := range v.PayAEAD {
		sealed, err := sealAEAD(c.Key, c.Nonce, c.Associated, []byte(c.Plaintext))
		if err != nil || sealed != c.Ciphertext {
			faults = append(faults, fmt.Errorf("pay resource %s: encryption differs", c.ID))
		}
		if plain, err := openAEAD(c.Key, c.Nonce, c.Associated, c.Ciphertext); err != nil || string(plain) != c.Plaintext {
			faults = append(faults, fmt.Errorf("pay resource %s: decryption differs", c.ID))
		}
	}
	return errors.Join(faults...)
}

func parseSPKI(b64 string) (*rsa.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	pub, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("public key is not RSA")
	}
	return pub, nil
}
