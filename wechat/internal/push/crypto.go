package push

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"huitou/wechat"
)

// The plaintext of an envelope: 16 random bytes, the length of the message as 4 bytes big
// endian, the message, the app id; padded by PKCS#7 to blocks of 32, not of 16.
const (
	randomLen = 16
	headLen   = randomLen + 4
	padBlock  = 32
)

// aesKey is a cipher and its initialisation vector, which is the first half of the key.
type aesKey struct {
	block cipher.Block
	iv    []byte
}

var errKey = errors.New("must be 43 characters of base64")

func parseKey(encoded string) (aesKey, error) {
	if len(encoded) != 43 {
		return aesKey{}, errKey
	}
	raw, err := base64.StdEncoding.DecodeString(encoded + "=")
	if err != nil || len(raw) != 32 {
		return aesKey{}, errKey
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return aesKey{}, errKey
	}
	return aesKey{block: block, iv: raw[:aes.BlockSize]}, nil
}

// decrypt opens a ciphertext with the first key that fits and says which it was. A message
// for another app is wechat.ErrSignature: somebody else's, however well signed.
func (c *Codec) decrypt(encoded string) (msg []byte, key int, err error) {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, 0, fmt.Errorf("ciphertext is not base64: %w", wechat.ErrMalformed)
	}
	foreign := false
	for i, k := range c.keys {
		msg, appID, ok := k.open(raw)
		if !ok {
			continue
		}
		if subtle.ConstantTimeCompare(appID, []byte(c.appID)) != 1 {
			foreign = true
			continue
		}
		return msg, i, nil
	}
	if foreign {
		return nil, 0, fmt.Errorf("message for another app: %w", wechat.ErrSignature)
	}
	return nil, 0, wechat.ErrDecrypt
}

// open reverses seal. It is only called for ciphertexts whose signature was checked, so
// what it tells apart is no oracle.
func (k aesKey) open(raw []byte) (msg, appID []byte, ok bool) {
	if len(raw) == 0 || len(raw)%aes.BlockSize != 0 {
		return nil, nil, false
	}
	plain := make([]byte, len(raw))
	cipher.NewCBCDecrypter(k.block, k.iv).CryptBlocks(plain, raw)

	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > padBlock || pad > len(plain) {
		return nil, nil, false
	}
	if !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, nil, false
	}
	plain = plain[:len(plain)-pad]
	if len(plain) < headLen {
		return nil, nil, false
	}
	n := uint64(binary.BigEndian.Uint32(plain[randomLen:headLen]))
	rest := plain[headLen:]
	if n > uint64(len(rest)) {
		return nil, nil, false
	}
	return rest[:n], rest[n:], true
}

// seal encrypts a message for appID.
func (k aesKey) seal(random io.Reader, msg []byte, appID string) (string, error) {
	plain := make([]byte, headLen, headLen+len(msg)+len(appID)+padBlock)
	if _, err := io.ReadFull(random, plain[:randomLen]); err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	binary.BigEndian.PutUint32(plain[randomLen:], uint32(len(msg)))
	plain = append(plain, msg...)
	plain = append(plain, appID...)
	pad := padBlock - len(plain)%padBlock
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(k.block, k.iv).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain), nil
}
