// Package sealed hides short texts (phone numbers, addresses, codes) from whoever reads the database.
//
// It owns: sealing with AES-256-GCM for one owner, and the keyed hash by which a sealed text is found again. It does not own the
// key, which comes from the settings and must never change, nor what is worth hiding.
package sealed

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

// ErrBroken means that a stored text does not open: it was changed, belongs to another owner or was sealed with another key.
var ErrBroken = errors.New("sealed: what was stored does not open")

// Box seals and opens. Its zero value is not Ready and opens nothing.
type Box struct {
	aead     cipher.AEAD
	indexKey []byte
}

const version = 1

// NewBox derives two keys from one of 32 bytes. The purposes keep the boxes of different rooms apart: what one sealed, no other
// opens. A nil key gives the zero Box; any other length panics, since it is a mistake of the program.
func NewBox(key []byte, sealing, indexing string) Box {
	if key == nil {
		return Box{}
	}
	if len(key) != 32 {
		panic("sealed: the key must have 32 bytes")
	}
	block, err := aes.NewCipher(derive(key, sealing))
	if err != nil {
		panic("sealed: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("sealed: " + err.Error())
	}
	return Box{aead: aead, indexKey: derive(key, indexing)}
}

func derive(key []byte, purpose string) []byte {
	k, err := hkdf.Key(sha256.New, key, nil, purpose, 32)
	if err != nil {
		panic("sealed: derive a key: " + err.Error())
	}
	return k
}

// Ready reports whether the box has a key.
func (b Box) Ready() bool { return b.aead != nil }

// Seal encrypts a text for one owner: base64 of a version byte, the nonce and the sealed text.
func (b Box) Seal(owner, text string) string {
	out := make([]byte, 1+b.aead.NonceSize(), 1+b.aead.NonceSize()+len(text)+b.aead.Overhead())
	out[0] = version
	nonce := out[1:]
	rand.Read(nonce)
	return base64.StdEncoding.EncodeToString(b.aead.Seal(out, nonce, []byte(text), []byte(owner)))
}

// Open decrypts what was sealed for the same owner, or returns ErrBroken.
func (b Box) Open(owner, stored string) (string, error) {
	if !b.Ready() {
		return "", ErrBroken
	}
	n := 1 + b.aead.NonceSize()
	raw, err := base64.StdEncoding.DecodeString(stored)
	if err != nil || len(raw) < n || raw[0] != version {
		return "", ErrBroken
	}
	text, err := b.aead.Open(nil, raw[1:n], raw[n:], []byte(owner))
	if err != nil {
		return "", ErrBroken
	}
	return string(text), nil
}

// Index returns the keyed hash by which a text is found: 64 hex digits, equal for equal texts of one box.
func (b Box) Index(text string) string {
	mac := hmac.New(sha256.New, b.indexKey)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
