package pointsfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"huitou/model"
	"huitou/model/sheet"
)

// Mapping says which column holds what, by name or number ("#2"). Expires may be empty: nothing ends.
type Mapping struct{ Member, Points, Expires string }

// ParseMapping reads "member=COL,points=COL,expires_at=COL". Without them the columns are named member and points; points end only
// where a column is given for it.
func ParseMapping(s string) (Mapping, error) {
	m := Mapping{Member: "member", Points: "points"}
	given, err := sheet.Mapping(s, "member", "points", "expires_at")
	for what, to := range map[string]*string{"member": &m.Member, "points": &m.Points, "expires_at": &m.Expires} {
		if column := given[what]; column != "" {
			*to = column
		}
	}
	return m, err
}

// Row is one good row of a file.
type Row struct {
	Line      int    // in the file, from 1
	Member    string // a number of the kind that the file has; 1 to 128 bytes of printable characters
	Points    model.Points
	ExpiresAt time.Time // the first instant at which they cannot be spent; zero = never
}

// Import reads a file and stores its good rows; see sheet.Import. Ends are days of zone, and must lie after now.
func Import(ctx context.Context, file io.Reader, size int64, m Mapping, zone *time.Location, now time.Time, o sheet.Options, sink sheet.Sink[Row]) (sheet.Progress, error) {
	return sheet.Import(ctx, file, size, &rowRules{mapping: m, zone: zone, now: now}, o, sink)
}

// rowRules turn records into rows.
type rowRules struct {
	mapping                 Mapping
	zone                    *time.Location
	now                     time.Time
	names                   []string
	member, points, expires int // columns; expires is -1 without one
}

// Columns finds the columns of the mapping.
func (r *rowRules) Columns(names []string) (err error) {
	r.names, r.expires = names, -1
	if r.member, err = sheet.Locate(r.mapping.Member, names); err != nil {
		return err
	}
	if r.points, err = sheet.Locate(r.mapping.Points, names); err != nil || r.mapping.Expires == "" {
		return err
	}
	r.expires, err = sheet.Locate(r.mapping.Expires, names)
	return err
}

// Headless reports whether the mapping is by numbers.
func (r *rowRules) Headless() bool {
	m := r.mapping
	return sheet.Numbered(m.Member) && sheet.Numbered(m.Points) && (m.Expires == "" || sheet.Numbered(m.Expires))
}

// Row makes a balance of a record.
func (r *rowRules) Row(rec sheet.Record) (out Row, column int, err error) {
	out.Line = rec.Line
	if out.Member, err = member(rec.Fields[r.member]); err != nil {
		return Row{}, r.member, err
	}
	if out.Points, err = balance(rec.Fields[r.points]); err != nil {
		return Row{}, r.points, err
	}
	if r.expires >= 0 {
		if out.ExpiresAt, err = r.end(rec.Fields[r.expires]); err != nil {
			return Row{}, r.expires, err
		}
	}
	return out, 0, nil
}

// Key is the member, who has one balance.
func (r *rowRules) Key(row Row) string { return row.Member }

// KeyName is what the key is called.
func (r *rowRules) KeyName() string { return "member" }

// KeyColumn is the member's.
func (r *rowRules) KeyColumn() string { return r.names[r.member] }

// Line is where the row begins.
func (r *rowRules) Line(row Row) int { return row.Line }

// Same reports whether two rows bring the same.
func (r *rowRules) Same(a, b Row) bool {
	return a.Member == b.Member && a.Points == b.Points && a.ExpiresAt.Equal(b.ExpiresAt)
}

var (
	errMember   = errors.New("a member's number has 1 to 128 bytes and no control characters")
	errPoints   = errors.New("not a number of points: want a whole number, without commas or signs")
	errNegative = errors.New("is negative: a balance cannot be")
	errMany     = fmt.Errorf("is more than %d points", model.MaxPoints)
	errOver     = errors.New("is over already: these points cannot be spent any more")
)

func member(s string) (string, error) {
	switch {
	case s == "":
		return "", sheet.ErrMissing
	case sheet.Scientific(s):
		return "", sheet.ErrScientific
	case len(s) > 128 || strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }):
		return "", errMember
	}
	return s, nil
}

func balance(s string) (model.Points, error) {
	switch digits, negative := strings.CutPrefix(s, "-"); {
	case s == "":
		return 0, sheet.ErrMissing
	case sheet.Scientific(s):
		return 0, sheet.ErrScientific
	case strings.ContainsFunc(s, func(c rune) bool { return c > unicode.MaxASCII && unicode.IsDigit(c) }):
		return 0, sheet.ErrWide
	case !sheet.AllDigits(digits):
		return 0, errPoints
	case negative && strings.Trim(digits, "0") != "":
		return 0, errNegative
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > int64(model.MaxPoints) {
		return 0, errMany
	}
	return model.Points(n), nil
}

func (r *rowRules) end(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	at, err := sheet.ParseTime(s, r.zone)
	if err != nil {
		return time.Time{}, err
	}
	end := model.DayOf(at, r.zone).AddDays(1).Start(r.zone)
	switch {
	case !end.After(r.now):
		return time.Time{}, errOver
	case !end.Before(model.Never):
		return time.Time{}, nil
	}
	return end, nil
}
