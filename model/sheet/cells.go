package sheet

import (
	"errors"
	"strings"
)

// Faults of one cell, whatever it means.
var (
	ErrMissing    = errors.New("the field is empty")
	ErrScientific = errors.New("written as 1.23E+11, so its last digits are lost: format the column as text before exporting")
	ErrWide       = errors.New("has full-width digits: want 0-9")
)

// Scientific reports whether a spreadsheet has rounded a long number: many numbers would become one.
func Scientific(s string) bool {
	mantissa, exponent, ok := strings.Cut(s, "E+")
	return ok && AllDigits(exponent) && AllDigits(strings.Replace(mantissa, ".", "", 1))
}
