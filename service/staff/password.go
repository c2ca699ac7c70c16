package staff

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The cost of a new hash: OWASP's smaller recommendation for argon2id, 19 MiB and two passes. Older hashes keep
// the cost that stands in their text.
var fullCost = cost{memory: 19 * 1024, time: 2, threads: 1}

type cost struct {
	memory, time uint32 // KiB, passes
	threads      uint8
}

const (
	saltLen = 16
	keyLen  = 32
	// hashesAtOnce bounds the memory that sign-ins can take to 4 × 19 MiB.
	hashesAtOnce = 4
)

const (
	minPassword = 10  // characters
	maxPassword = 256 // bytes; argon2 takes any length, a request should not
)

// hasher computes password hashes, a few at a time.
type hasher struct {
	slots chan struct{}
	cost  cost // of new hashes
	// dummy is checked when there is no account, so that a wrong name takes the time of a wrong password.
	dummy string
}

func newHasher(c cost) *hasher {
	return &hasher{slots: make(chan struct{}, hashesAtOnce), cost: c, dummy: c.encode(make([]byte, saltLen), make([]byte, keyLen))}
}

// hash returns the PHC text of a password with a fresh salt.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	salt := make([]byte, saltLen)
	rand.Read(salt)
	return h.cost.encode(salt, argon2.IDKey([]byte(password), salt, h.cost.time, h.cost.memory, h.cost.threads, keyLen)), nil
}

// check reports whether a password belongs to a hash. An empty hash takes the same time and is never right.
func (h *hasher) check(ctx context.Context, hash, password string) (bool, error) {
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	p, err := decode(hash)
	if err != nil {
		return false, err
	}
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	key := argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.threads, uint32(len(p.key)))
	return subtle.ConstantTimeCompare(key, p.key) == 1 && known, nil
}

func (h *hasher) enter(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *hasher) leave() { <-h.slots }

type params struct {
	cost
	salt, key []byte
}

func (c cost) encode(salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.threads, b64(salt), b64(key))
}

var errHash = errors.New("staff: a stored password hash cannot be read")

func decode(hash string) (p params, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil {
		return p, errHash
	}
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return p, errHash
	}
	if p.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return p, errHash
	}
	if p.time == 0 || p.threads == 0 || p.memory > 1<<20 || len(p.salt) < 8 || len(p.key) < 16 {
		return p, errHash
	}
	return p, nil
}

// commonWords are what passwords that everybody tries are made of, after digits and signs are taken off their ends.
var commonWords = []string{
	"", "admin", "administrator", "root", "user", "test", "guest", "demo", "default", "password", "passw0rd", "p@ssword", "p@ssw0rd",
	"pass", "passwd", "secret", "changeme", "changeit", "welcome", "letmein", "login", "master", "manager", "owner", "staff", "clerk",
	"qwerty", "qwertyuiop", "asdfgh", "asdfghjkl", "zxcvbn", "zxcvbnm", "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "1qaz2wsx3e", "1qaz2wsx3edc", "1q2w3e4r5t6y", "qazwsx", "qazwsxedc", "abc",
	"abcd", "abcdef", "abcdefghij", "iloveyou", "woaini", "woaini1314", "mima", "shop", "mall", "litemall", "crmeb", "ruoyi", "newbee", "wechat",
	"weixin", "dragon", "monkey", "football", "sunshine", "princess", "superman",
}

// checkPassword is the rule for new passwords. It returns ErrPassword with the reason.
func checkPassword(name, password string) error {
	refuse := func(reason string) error { return ErrPassword.With("reason", reason) }
	lower := strings.ToLower(password)
	core := strings.Trim(lower, "0123456789!@#$%^&*()-_=+.,?~ ")
	switch {
	case !utf8.ValidString(password):
		return refuse("not text")
	case utf8.RuneCountInString(password) < minPassword:
		return refuse("shorter than 10 characters")
	case len(password) > maxPassword:
		return refuse("longer than 256 bytes")
	case strings.Contains(lower, "huitou"):
		return refuse("contains the product's name")
	case strings.Contains(lower, strings.ToLower(name)):
		return refuse("contains the account's name")
	case distinct(lower) < 5:
		return refuse("uses fewer than 5 different characters")
	}
	for _, w := range commonWords {
		if core == w || lower == w {
			return refuse("a common password")
		}
	}
	return nil
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}
