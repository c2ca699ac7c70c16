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

func TestASealedNumberFitsItsColumn(t *testing.T) {
	p := newPhones(bytes.Repeat([]byte{1}, 32))
	if n := len(p.Seal("ann", "+123456789012345")); n > 128 {
		t.Errorf("a sealed number has %d characters, the column 128", n)
	}
}
