package orderfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"huitou/model"
)

// Row is one good row of a file.
type Row struct {
	Line   int    // in the file, from 1
	Number string // 1 to 64 printable ASCII characters without blanks
	Member string // 1 to 128 bytes of printable characters
	PaidAt time.Time
	Amount model.Fen // 0 to model.MaxFen
}

// Unit is the unit of a file's amounts.
type Unit string

const (
	Yuan Unit = "yuan" // at most two decimals
	Fen  Unit = "fen"  // whole numbers
)

// Refusal is one row that was not taken.
type Refusal struct {
	Line   int
	Column string // as the file names it; empty when the whole row is meant
	Reason string
	Fields []string // as they stand in the file
}

const (
	maxNumber = 64  // characters, as service/orders allows
	maxMember = 128 // bytes, as service/members allows
	// ahead is how far a shop's clock may be ahead of ours.
	ahead = 5 * time.Minute
)

// rowRules turns records into rows.
type rowRules struct {
	names   []string // of the columns
	at      columns
	numbers string // see Options.Numbers
	unit    Unit
	zone    *time.Location
	now     time.Time
}

// row returns the row of a record, or why it is refused.
func (r *rowRules) row(rec record) (Row, *Refusal) {
	if rec.bad != "" {
		return Row{}, &Refusal{rec.line, "", rec.bad, rec.original()}
	}
	if len(rec.fields) != len(r.names) {
		return Row{}, &Refusal{rec.line, "", fmt.Sprintf("the row has %d columns, the file has %d", len(rec.fields), len(r.names)), rec.original()}
	}
	out := Row{Line: rec.line}
	var err error
	refuse := func(column int) (Row, *Refusal) {
		return Row{}, &Refusal{rec.line, r.names[column], err.Error(), rec.original()}
	}
	if r.at.number < 0 {
		out.Number = r.numbers + strconv.Itoa(rec.line)
	} else if out.Number, err = orderNumber(rec.fields[r.at.number]); err != nil {
		return refuse(r.at.number)
	}
	if out.Member, err = memberNumber(rec.fields[r.at.member]); err != nil {
		return refuse(r.at.member)
	}
	if out.PaidAt, err = r.paidAt(rec.fields[r.at.paidAt]); err != nil {
		return refuse(r.at.paidAt)
	}
	if out.Amount, err = r.amount(rec.fields[r.at.amount]); err != nil {
		return refuse(r.at.amount)
	}
	return out, nil
}

// original is what the file of refused rows repeats.
func (r record) original() []string {
	if r.fields != nil {
		return r.fields
	}
	return []string{clip(r.raw, 1000)}
}

var (
	errMissing    = errors.New("the field is empty")
	errScientific = errors.New("written as 1.23E+11, so its last digits are lost: format the column as text before exporting")
	errNumber     = fmt.Errorf("an order number has 1 to %d printable ASCII characters and no blanks", maxNumber)
	errMember     = fmt.Errorf("a customer's number has 1 to %d bytes and no control characters", maxMember)
	errFuture     = errors.New("lies in the future")
	errPast       = errors.New("lies before 1970")
	errNegative   = errors.New("is negative: refunds are not orders")
	errAmountMax  = fmt.Errorf("is more than %s yuan", model.MaxFen)
	errYuan       = errors.New("not an amount in yuan: want digits with at most two decimals, such as 12.30, without commas or signs")
	errFen        = errors.New("not an amount in fen: want a whole number")
	errWide       = errors.New("has full-width digits: want 0-9")
)

func orderNumber(s string) (string, error) {
	switch {
	case s == "":
		return "", errMissing
	case scientific(s):
		return "", errScientific
	case len(s) > maxNumber || strings.ContainsFunc(s, func(c rune) bool { return c < '!' || c > '~' }):
		return "", errNumber
	}
	return s, nil
}

func memberNumber(s string) (string, error) {
	switch {
	case s == "":
		return "", errMissing
	case scientific(s):
		return "", errScientific
	case len(s) > maxMember || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }):
		return "", errMember
	}
	return s, nil
}

// scientific reports whether a spreadsheet has rounded a long number: many numbers would become one.
func scientific(s string) bool {
	mantissa, exponent, ok := strings.Cut(s, "E+")
	return ok && allDigits(exponent) && allDigits(strings.Replace(mantissa, ".", "", 1))
}

func (r *rowRules) paidAt(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, errMissing
	}
	at, err := parseTime(s, r.zone)
	switch {
	case err != nil:
		return time.Time{}, err
	case at.After(r.now.Add(ahead)):
		return time.Time{}, errFuture
	case at.Before(time.Unix(0, 0)):
		return time.Time{}, errPast
	}
	return at, nil
}

func (r *rowRules) amount(s string) (model.Fen, error) {
	if s == "" {
		return 0, errMissing
	}
	parse, unreadable := model.ParseYuan, errYuan
	if r.unit == Fen {
		parse, unreadable = model.ParseFen, errFen
	}
	fen, err := parse(s)
	whole, _, _ := strings.Cut(s, ".")
	switch {
	case err != nil && strings.ContainsFunc(s, func(c rune) bool { return c > unicode.MaxASCII && unicode.IsDigit(c) }):
		return 0, errWide
	case err != nil && allDigits(whole) && len(whole) > 15: // too large to be read at all
		return 0, errAmountMax
	case err != nil:
		return 0, unreadable
	case fen < 0 || strings.HasPrefix(s, "-"):
		return 0, errNegative
	case fen > model.MaxFen:
		return 0, errAmountMax
	}
	return fen, nil
}
