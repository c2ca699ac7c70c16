package mall

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
)

// sealer hides addresses and codes from whoever reads the database. Its zero value seals nothing.
type sealer struct {
	aead     cipher.AEAD
	indexKey []byte
}

const sealVersion = 1

var errSealed = errors.New("mall: what was stored sealed does not open")

// newSealer derives its keys from one of 32 bytes; without one nothing can be sealed.
func newSealer(key []byte) sealer {
	if key == nil {
		return sealer{}
	}
	if len(key) != 32 {
		panic("mall: Key must have 32 bytes")
	}
	derive := func(purpose string) []byte {
		k, err := hkdf.Key(sha256.New, key, nil, "huitou mall "+purpose, 32)
		if err != nil {
			panic("mall: derive a key: " + err.Error())
		}
		return k
	}
	block, err := aes.NewCipher(derive("seal"))
	if err != nil {
		panic("mall: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("mall: " + err.Error())
	}
	return sealer{aead: aead, indexKey: derive("index")}
}

func (s sealer) ready() bool { return s.aead != nil }

// close seals a text for one owner: base64 of a version byte, the nonce and the sealed text.
func (s sealer) close(owner, text string) string {
	out := make([]byte, 1+s.aead.NonceSize(), 1+s.aead.NonceSize()+len(text)+s.aead.Overhead())
	out[0] = sealVersion
	nonce := out[1:]
	rand.Read(nonce)
	return base64.StdEncoding.EncodeToString(s.aead.Seal(out, nonce, []byte(text), []byte(owner)))
}

// open opens what was sealed for the same owner.
func (s sealer) open(owner, text string) (string, error) {
	if !s.ready() {
		return "", errSealed
	}
	n := 1 + s.aead.NonceSize()
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sealed) < n || sealed[0] != sealVersion {
		return "", errSealed
	}
	plain, err := s.aead.Open(nil, sealed[1:n], sealed[n:], []byte(owner))
	if err != nil {
		return "", errSealed
	}
	return string(plain), nil
}

// index is the hash by which a sealed text is found again.
func (s sealer) index(text string) string {
	mac := hmac.New(sha256.New, s.indexKey)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
