// Package random makes identifiers and secrets that nobody can guess. It reads the operating system's
// random source, which does not fail on supported systems (crypto/rand panics otherwise).
package random

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
)

// lower-case Crockford alphabet: no i, l, o, u, so that a person can read an id aloud.
var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// ID returns a public identifier of 24 characters with 120 random bits.
func ID() string {
	var b [15]byte
	rand.Read(b[:])
	return alphabet.EncodeToString(b[:])
}

// Token returns a secret of 43 characters with 256 random bits.
func Token() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Digits returns n random decimal digits, for codes that people type. n must be 1 or more.
func Digits(n int) string {
	out := make([]byte, 0, n)
	var b [32]byte
	for len(out) < n {
		rand.Read(b[:])
		for _, c := range b {
			// 250 is the largest multiple of ten in a byte; larger values would favour small digits.
			if c < 250 && len(out) < n {
				out = append(out, '0'+c%10)
			}
		}
	}
	return string(out)
}

// Upper returns n random characters of 0-9 and A-Z without I, L, O and U, for numbers that other
// systems keep (WeChat Pay allows 6 to 32 of them). Each carries 5 bits.
func Upper(n int) string {
	const set = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = set[b[i]&31]
	}
	return string(b)
}
