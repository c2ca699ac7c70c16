package orderfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"huitou/model"
	"huitou/model/sheet"
)

// Row is one good row of a file.
type Row struct {
	Line   int    // in the file, from 1
	Number string // 1 to 64 printable ASCII characters without blanks
	Member string // 1 to 128 bytes of printable characters
	PaidAt time.Time
	Amount model.Fen // 0 to model.MaxFen
	// Coupon is the code of the coupon that was taken, 1 to 24 printable ASCII characters, or empty. Discount is what was taken off, 0 to
	// model.MaxFen.
	Coupon   string
	Discount model.Fen
}

// Unit is the unit of a file's amounts.
type Unit string

const (
	Yuan Unit = "yuan" // at most two decimals
	Fen  Unit = "fen"  // whole numbers
)

const (
	maxNumber = 64  // characters, as service/orders allows
	maxMember = 128 // bytes, as service/members allows
	maxCode   = 24  // characters, as service/orders allows
	// ahead is how far a shop's clock may be ahead of ours.
	ahead = 5 * time.Minute
)

// rowRules turn records into rows.
type rowRules struct {
	mapping Mapping
	names   []string // of the columns
	at      columns
	numbers string // see Options.Numbers
	unit    Unit
	zone    *time.Location
	now     time.Time
}

// Columns finds the columns of the mapping.
func (r *rowRules) Columns(names []string) (err error) {
	r.names = names
	r.at, err = r.mapping.locate(names, r.numbers != "")
	return err
}

// Headless reports whether the mapping is by numbers.
func (r *rowRules) Headless() bool { return r.mapping.numbered(r.numbers != "") }

// Row makes an order of a record.
func (r *rowRules) Row(rec sheet.Record) (out Row, column int, err error) {
	out.Line = rec.Line
	if r.at.number < 0 {
		out.Number = r.numbers + strconv.Itoa(rec.Line)
	} else if out.Number, err = orderNumber(rec.Fields[r.at.number]); err != nil {
		return Row{}, r.at.number, err
	}
	if out.Member, err = memberNumber(rec.Fields[r.at.member]); err != nil {
		return Row{}, r.at.member, err
	}
	if out.PaidAt, err = r.paidAt(rec.Fields[r.at.paidAt]); err != nil {
		return Row{}, r.at.paidAt, err
	}
	if out.Amount, err = r.amount(rec.Fields[r.at.amount]); err != nil {
		return Row{}, r.at.amount, err
	}
	if r.at.coupon >= 0 && rec.Fields[r.at.coupon] != "" {
		if out.Coupon, err = couponCode(rec.Fields[r.at.coupon]); err != nil {
			return Row{}, r.at.coupon, err
		}
	}
	if r.at.discount >= 0 && rec.Fields[r.at.discount] != "" {
		if out.Discount, err = r.amount(rec.Fields[r.at.discount]); err != nil {
			return Row{}, r.at.discount, err
		}
	}
	return out, 0, nil
}

// Key is the order's number.
func (r *rowRules) Key(row Row) string { return row.Number }

// KeyName is what the key is called.
func (r *rowRules) KeyName() string { return "number" }

// Line is where the row begins.
func (r *rowRules) Line(row Row) int { return row.Line }

// KeyColumn is the column of the number, where there is one.
func (r *rowRules) KeyColumn() string {
	if r.at.number < 0 {
		return "line"
	}
	return r.names[r.at.number]
}

// Same reports whether two rows are one order.
func (r *rowRules) Same(a, b Row) bool {
	return a.Number == b.Number && a.Member == b.Member && a.PaidAt.Equal(b.PaidAt) && a.Amount == b.Amount &&
		a.Coupon == b.Coupon && a.Discount == b.Discount
}

var (
	errNumber    = fmt.Errorf("an order number has 1 to %d printable ASCII characters and no blanks", maxNumber)
	errMember    = fmt.Errorf("a customer's number has 1 to %d bytes and no control characters", maxMember)
	errCode      = fmt.Errorf("a coupon's code has at most %d printable ASCII characters and no blanks", maxCode)
	errFuture    = errors.New("lies in the future")
	errPast      = errors.New("lies before 1970")
	errNegative  = errors.New("is negative: refunds are not orders")
	errAmountMax = fmt.Errorf("is more than %s yuan", model.MaxFen)
	errYuan      = errors.New("not an amount in yuan: want digits with at most two decimals, such as 12.30, without commas or signs")
	errFen       = errors.New("not an amount in fen: want a whole number")
)

func orderNumber(s string) (string, error) {
	switch {
	case s == "":
		return "", sheet.ErrMissing
	case sheet.Scientific(s):
		return "", sheet.ErrScientific
	case len(s) > maxNumber || strings.ContainsFunc(s, func(c rune) bool { return c < '!' || c > '~' }):
		return "", errNumber
	}
	return s, nil
}

func couponCode(s string) (string, error) {
	switch {
	case sheet.Scientific(s):
		return "", sheet.ErrScientific
	case len(s) > maxCode || strings.ContainsFunc(s, func(c rune) bool { return c < '!' || c > '~' }):
		return "", errCode
	}
	return s, nil
}

func memberNumber(s string) (string, error) {
	switch {
	case s == "":
		return "", sheet.ErrMissing
	case sheet.Scientific(s):
		return "", sheet.ErrScientific
	case len(s) > maxMember || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }):
		return "", errMember
	}
	return s, nil
}

func (r *rowRules) paidAt(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, sheet.ErrMissing
	}
	at, err := sheet.ParseTime(s, r.zone)
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
		return 0, sheet.ErrMissing
	}
	parse, unreadable := model.ParseYuan, errYuan
	if r.unit == Fen {
		parse, unreadable = model.ParseFen, errFen
	}
	fen, err := parse(s)
	whole, _, _ := strings.Cut(s, ".")
	switch {
	case err != nil && strings.ContainsFunc(s, func(c rune) bool { return c > unicode.MaxASCII && unicode.IsDigit(c) }):
		return 0, sheet.ErrWide
	case err != nil && sheet.AllDigits(whole) && len(whole) > 15: // too large to be read at all
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
