package weblink

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Flat is the form in which texts are searched: Unicode's compatible form (NFKC), every blank but the line break a space, without control and
// format characters (zero-width, direction, joiners) and without what is no text.
func Flat(text string) string {
	// What is invisible goes first, or it would keep letters from being put together.
	return norm.NFKC.String(strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "")))
}

// Line reports whether a text is one line of 1 to most characters that a person sees as they are: printable, no direction marks, no
// zero-width or line separators, no blanks at its ends.
func Line(text string, most int) bool {
	n := 0
	for _, r := range text {
		if n++; !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return false
		}
	}
	return n >= 1 && n <= most && strings.TrimSpace(text) == text
}
