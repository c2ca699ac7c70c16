package sim

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// signRSA is base64(RSASSA-PKCS1-v1_5 over SHA-256), the one signature of pay v3.
func signRSA(key *rsa.PrivateKey, message string) (string, error) {
	sum := sha256.Sum256([]byte(message))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(sig), nil
}

func verifyRSA(key *rsa.PublicKey, message, signature string) error {
	sig, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return errors.New("signature is not base64")
	}
	sum := sha256.Sum256([]byte(message))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig)
}

// signedLines joins the parts of a signing string; every line ends with \n, the
// last one too.
func signedLines(parts ...string) string {
	return strings.Join(parts, "\n") + "\n"
}

func payAEAD(apiV3Key string) (cipher.AEAD, error) {
	if len(apiV3Key) != 32 {
		return nil, errors.New("an APIv3 key has 32 bytes")
	}
	block, err := aes.NewCipher([]byte(apiV3Key))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// sealAEAD encrypts a notification resource: AES-256-GCM, 12 byte nonce, tag appended.
func sealAEAD(apiV3Key, nonce, associated string, plain []byte) (string, error) {
	aead, err := payAEAD(apiV3Key)
	if err != nil {
		return "", err
	}
	if len(nonce) != aead.NonceSize() {
		return "", errors.New("a resource nonce has 12 bytes")
	}
	return base64.StdEncoding.EncodeToString(aead.Seal(nil, []byte(nonce), plain, []byte(associated))), nil
}

func openAEAD(apiV3Key, nonce, associated, ciphertext string) ([]byte, error) {
	aead, err := payAEAD(apiV3Key)
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(ciphertext)
	if err != nil || len(nonce) != aead.NonceSize() {
		return nil, errors.New("ciphertext or nonce is malformed")
	}
	return aead.Open(nil, []byte(nonce), raw, []byte(associated))
}
