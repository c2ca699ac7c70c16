package members

import (
	"bytes"
	"errors"
	"testing"
)

func TestNormalise(t *testing.T) {
	tests := []struct{ in, want string }{
		{"13800138000", "+8613800138000"},
		{" 138 0013-8000 ", "+8613800138000"},
		{"+8613800138000", "+8613800138000"},
		{"008613800138000", "+8613800138000"},
		{"8613800138000", "+8613800138000"},
		{"(+86)19900000000", "+8619900000000"},
		{"+85251234567", "+85251234567"},
		{"0085251234567", "+85251234567"},
		{"+12025550123", "+12025550123"},
		{"", ""},
		{"12345678901", ""},       // no mobile prefix
		{"1380013800", ""},        // ten digits
		{"138001380000", ""},      // twelve
		{"+861380013800", ""},     // ten after the country code
		{"+862166667777", ""},     // a land line cannot sign in
		{"+0123456789", ""},       // no country
		{"+1234567890123456", ""}, // beyond E.164
		{"+12345", ""},
		{"１３８００１３８０００", ""}, // full-width
		{"1380013800O", ""},
		{"13800138000\n", "+8613800138000"}, // a trailing line feed is a blank
		{"1380013\n8000", ""},
		{"'; DROP TABLE members", ""},
	}
	for _, tt := range tests {
		got, err := normalise(tt.in)
		if got != tt.want || (err == nil) != (tt.want != "") || err != nil && !errors.Is(err, ErrPhone) {
			t.Errorf("normalise(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"+8613800138000": "138****8000", "+85251234567": "+852****67", "+12025550123": "+120****23", "+123456": "+123****56", "": "****",
	} {
		if got := mask(in); got != want {
			t.Errorf("mask(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPhoneCipher(t *testing.T) {
	p := newPhones(bytes.Repeat([]byte{1}, 32))
	other := newPhones(bytes.Repeat([]byte{2}, 32))
	const number = "+8613800138000"
	sealed := p.seal("ann", number)
	if got, err := p.open("ann", sealed); got != number || err != nil {
		t.Errorf("open = %q, %v", got, err)
	}
	if again := p.seal("ann", number); again == sealed {
		t.Error("two seals of one number are the same: the nonce is not random")
	}
	if len(sealed) > 128 {
		t.Errorf("a sealed number has %d characters, the column 128", len(sealed))
	}
	flipped := []byte(sealed)
	flipped[len(flipped)-5] ^= 1
	for name, open := range map[string]func() (string, error){
		"another member's row": func() (string, error) { return p.open("bob", sealed) },
		"another key":          func() (string, error) { return other.open("ann", sealed) },
		"a changed byte":       func() (string, error) { return p.open("ann", string(flipped)) },
		"nothing":              func() (string, error) { return p.open("ann", "") },
		"another version":      func() (string, error) { return p.open("ann", "Ag"+sealed[2:]) },
	} {
		if got, err := open(); err == nil {
			t.Errorf("opened with %s: %q", name, got)
		}
	}
	first, again := p.index(number), p.index(number)
	if first == other.index(number) || first != again || len(first) != 64 {
		t.Error("the index must depend on key and number only")
	}
	if bytes.Equal(p.indexKey, bytes.Repeat([]byte{1}, 32)) {
		t.Error("the index uses the master key itself")
	}
}
