package sim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1" // the platform's choice, see https://developers.weixin.qq.com message push
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
)

// pushSignature is the lowercase hex SHA-1 of the parts in byte order, joined with
// nothing: {token, timestamp, nonce} for `signature`, the same plus the ciphertext
// for `msg_signature`.
func pushSignature(parts ...string) string {
	sorted := slices.Clone(parts)
	slices.Sort(sorted)
	sum := sha1.Sum([]byte(strings.Join(sorted, "")))
	return hex.EncodeToString(sum[:])
}

// pushBlock is the padding block of the push cipher: 32, twice the AES block.
const pushBlock = 32

var errPushCipher = errors.New("ciphertext is not a message of this account")

// pushKey decodes a 43 character EncodingAESKey into its 32 bytes.
func pushKey(encodingAESKey string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(encodingAESKey + "=")
	if err != nil || len(key) != 32 {
		return nil, errors.New("EncodingAESKey is not 43 base64 characters")
	}
	return key, nil
}

// sealPush encrypts random16 ‖ length ‖ msg ‖ appID with AES-256-CBC; the IV is the
// head of the key, as the platform has it.
func sealPush(key []byte, random16 [16]byte, msg []byte, appID string) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	var plain bytes.Buffer
	plain.Write(random16[:])
	plain.Write(binary.BigEndian.AppendUint32(nil, uint32(len(msg))))
	plain.Write(msg)
	plain.WriteString(appID)
	pad := pushBlock - plain.Len()%pushBlock
	plain.Write(bytes.Repeat([]byte{byte(pad)}, pad))
	out := plain.Bytes()
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(out, out)
	return base64.StdEncoding.EncodeToString(out), nil
}

// openPush is the reverse of sealPush. It refuses bad base64, a length that is not
// whole blocks, bad padding, a length field beyond the data and a foreign appID.
func openPush(key []byte, encrypted, appID string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil || len(raw) < pushBlock || len(raw)%aes.BlockSize != 0 {
		return nil, errPushCipher
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(raw, raw)
	pad := int(raw[len(raw)-1])
	if pad < 1 || pad > pushBlock || pad > len(raw) {
		return nil, errPushCipher
	}
	for _, b := range raw[len(raw)-pad:] {
		if int(b) != pad {
			return nil, errPushCipher
		}
	}
	raw = raw[:len(raw)-pad]
	if len(raw) < 20 {
		return nil, errPushCipher
	}
	size := uint64(binary.BigEndian.Uint32(raw[16:20]))
	if size > uint64(len(raw)-20) {
		return nil, errPushCipher
	}
	msg, owner := raw[20:20+size], raw[20+size:]
	if string(owner) != appID {
		return nil, errPushCipher
	}
	return msg, nil
}
