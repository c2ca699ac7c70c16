package members

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
	"regexp"
	"strings"

	"huitou/model"
)

var (
	mainlandMobile = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	e164           = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	phoneFiller    = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "")
)

// normalise writes a number in the E.164 form, "+8613800138000". A number without country code is a mobile of mainland China;
// those are checked closely, others by their length. Blanks, dashes and brackets are passed over; full-width digits are not digits.
func normalise(number string) (string, error) {
	n := phoneFiller.Replace(strings.TrimSpace(number))
	if rest, ok := strings.CutPrefix(n, "00"); ok {
		n = "+" + rest
	}
	switch {
	case mainlandMobile.MatchString(n):
		return "+86" + n, nil
	case len(n) == 13 && strings.HasPrefix(n, "86") && mainlandMobile.MatchString(n[2:]):
		return "+" + n, nil
	case strings.HasPrefix(n, "+86"):
		if mainlandMobile.MatchString(n[3:]) {
			return n, nil
		}
		return "", ErrPhone
	case e164.MatchString(n):
		return n, nil
	}
	return "", ErrPhone
}

// mask returns what people may see of a number in E.164 form: 138****0000, and +852****01 abroad.
func mask(e164 string) string {
	if n, ok := strings.CutPrefix(e164, "+86"); ok && len(n) == 11 {
		return n[:3] + "****" + n[7:]
	}
	if len(e164) < 7 {
		return "****"
	}
	return e164[:4] + "****" + e164[len(e164)-2:]
}

// phones hides numbers.
type phones struct {
	aead     cipher.AEAD
	indexKey []byte
}

const cipherVersion = 1

var errCipher = errors.New("members: a stored phone number does not open")

func newPhones(key []byte) phones {
	if len(key) != 32 {
		panic("members: PhoneKey must have 32 bytes")
	}
	derive := func(purpose string) []byte {
		k, err := hkdf.Key(sha256.New, key, nil, "huitou members "+purpose, 32)
		if err != nil {
			panic("members: derive a key: " + err.Error())
		}
		return k
	}
	block, err := aes.NewCipher(derive("phone cipher"))
	if err != nil {
		panic("members: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("members: " + err.Error())
	}
	return phones{aead: aead, indexKey: derive("phone index")}
}

// index is the hash by which a number is found.
func (p phones) index(e164 string) string {
	mac := hmac.New(sha256.New, p.indexKey)
	mac.Write([]byte(e164))
	return hex.EncodeToString(mac.Sum(nil))
}

// seal encrypts a number for one member: base64 of a version byte, the nonce and the sealed number.
func (p phones) seal(owner model.PublicID, e164 string) string {
	out := make([]byte, 1+p.aead.NonceSize(), 1+p.aead.NonceSize()+len(e164)+p.aead.Overhead())
	out[0] = cipherVersion
	nonce := out[1:]
	rand.Read(nonce)
	return base64.StdEncoding.EncodeToString(p.aead.Seal(out, nonce, []byte(e164), []byte(owner)))
}

// open decrypts the number of one member.
func (p phones) open(owner model.PublicID, text string) (string, error) {
	n := 1 + p.aead.NonceSize()
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sealed) < n || sealed[0] != cipherVersion {
		return "", errCipher
	}
	plain, err := p.aead.Open(nil, sealed[1:n], sealed[n:], []byte(owner))
	if err != nil {
		return "", errCipher
	}
	return string(plain), nil
}
