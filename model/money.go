package model

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Fen is an amount of money in fen, a hundredth of a yuan. It may be negative where a difference is meant.
type Fen int64

// MaxFen is the largest amount that one order, payment or price may have: ten million yuan.
const MaxFen Fen = 1_000_000_000

// MaxCardFreight is the most freight that a paid card bears of one order: a thousand yuan. What goes beyond it the buyer pays.
const MaxCardFreight Fen = 100_000

// Points is a number of loyalty points. It may be negative where a difference is meant.
type Points int64

// MaxPoints is the largest number of points that one entry may move.
const MaxPoints Points = 1_000_000_000

// BasisPoints is a rate in hundredths of a percent: 10000 is the whole, 500 is five percent.
type BasisPoints int64

// WholeBP is one hundred percent.
const WholeBP BasisPoints = 10_000

// ErrAmount means that a text is not an amount of money within range.
var ErrAmount = errors.New("not an amount of money")

// String writes yuan with two decimals, "12.30".
func (f Fen) String() string {
	sign, u := "", uint64(f)
	if f < 0 {
		sign, u = "-", uint64(-f)
	}
	return fmt.Sprintf("%s%d.%02d", sign, u/100, u%100)
}

// ParseYuan reads an amount in yuan with at most two decimals ("12", "12.3", "12.30", "-1.05") without
// passing through a float. Grouping commas, exponents and full-width digits are refused.
func ParseYuan(s string) (Fen, error) {
	digits, negative := strings.TrimSpace(s), false
	if rest, ok := strings.CutPrefix(digits, "-"); ok {
		digits, negative = rest, true
	}
	whole, frac, dotted := strings.Cut(digits, ".")
	if !plainDigits(whole) || (dotted && (!plainDigits(frac) || len(frac) > 2)) {
		return 0, fmt.Errorf("%w: %q", ErrAmount, s)
	}
	yuan, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || yuan > math.MaxInt64/100-1 {
		return 0, fmt.Errorf("%w: %q", ErrAmount, s)
	}
	fen := int64(0)
	if dotted {
		fen, _ = strconv.ParseInt((frac + "0")[:2], 10, 64)
	}
	total := yuan*100 + fen
	if negative {
		total = -total
	}
	return Fen(total), nil
}

// ParseFen reads a whole number of fen.
func ParseFen(s string) (Fen, error) {
	digits := strings.TrimPrefix(strings.TrimSpace(s), "-")
	if !plainDigits(digits) {
		return 0, fmt.Errorf("%w: %q", ErrAmount, s)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %q", ErrAmount, s)
	}
	return Fen(n), nil
}

func plainDigits(s string) bool {
	if s == "" {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// MulFloor returns floor(a*b/c) for a, b >= 0 and c > 0 without overflow in between. ok is false when an
// argument is out of range or the result does not fit.
func MulFloor(a, b, c int64) (q int64, ok bool) {
	if a < 0 || b < 0 || c <= 0 {
		return 0, false
	}
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return 0, false
	}
	u, _ := bits.Div64(hi, lo, uint64(c))
	if u > math.MaxInt64 {
		return 0, false
	}
	return int64(u), true
}

// PartFloor returns the part of an amount, rounded down: floor(f * bp / 10000). Amounts and rates are
// not negative and at most MaxFen and 100 times the whole.
func (f Fen) PartFloor(bp BasisPoints) Fen {
	q, ok := MulFloor(int64(f), int64(bp), int64(WholeBP))
	if !ok {
		return 0
	}
	return Fen(q)
}
