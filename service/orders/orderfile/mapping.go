package orderfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Mapping says which column of a file holds what. A column is named as in the file's first line, or numbered from the left, "#2".
type Mapping struct {
	Number string // the order's number; unused when Options.Numbers is set
	Member string // the customer's number in the shop's own system
	PaidAt string
	Amount string // what was paid
}

// DefaultMapping is how columns are named when nobody says otherwise.
var DefaultMapping = Mapping{Number: "number", Member: "member", PaidAt: "paid_at", Amount: "amount"}

// ParseMapping reads "number=COL,member=COL,paid_at=COL,amount=COL"; what is left out keeps its default name. given holds
// the words that were there.
func ParseMapping(s string) (m Mapping, given []string, err error) {
	m = DefaultMapping
	if strings.TrimSpace(s) == "" {
		return m, nil, nil
	}
	for _, part := range strings.Split(s, ",") {
		what, column, ok := strings.Cut(part, "=")
		what, column = strings.TrimSpace(what), strings.TrimSpace(column)
		if !ok || column == "" {
			return m, nil, fmt.Errorf("%q is not of the form member=COLUMN", part)
		}
		if slices.Contains(given, what) {
			return m, nil, fmt.Errorf("%s is mapped twice", what)
		}
		given = append(given, what)
		switch what {
		case "number":
			m.Number = column
		case "member":
			m.Member = column
		case "paid_at":
			m.PaidAt = column
		case "amount":
			m.Amount = column
		default:
			return m, nil, fmt.Errorf("unknown column %q: want number, member, paid_at or amount", what)
		}
	}
	return m, given, nil
}

// columns are the places of a Mapping in one file, from 0; number is -1 when rows are numbered by line.
type columns struct{ number, member, paidAt, amount int }

// numbered reports whether every column that is needed is given by its number.
func (m Mapping) numbered(byLine bool) bool {
	ok := func(c string) bool { _, isNumber := columnNumber(c); return isNumber }
	return (byLine || ok(m.Number)) && ok(m.Member) && ok(m.PaidAt) && ok(m.Amount)
}

// locate finds the columns of a mapping among the names of a file's first line.
func (m Mapping) locate(names []string, byLine bool) (c columns, err error) {
	c.number = -1
	if !byLine {
		if c.number, err = locate(m.Number, names); err != nil {
			return c, err
		}
	}
	if c.member, err = locate(m.Member, names); err != nil {
		return c, err
	}
	if c.paidAt, err = locate(m.PaidAt, names); err != nil {
		return c, err
	}
	c.amount, err = locate(m.Amount, names)
	return c, err
}

func locate(column string, names []string) (int, error) {
	if i := slices.Index(names, column); i >= 0 {
		if slices.Contains(names[i+1:], column) {
			return 0, fmt.Errorf("two columns are named %q: give the column by its number, as in #%d", column, i+1)
		}
		return i, nil
	}
	if n, ok := columnNumber(column); ok {
		if n < 1 || n > len(names) {
			return 0, fmt.Errorf("there is no column %s: the file has %d", column, len(names))
		}
		return n - 1, nil
	}
	return 0, fmt.Errorf("there is no column %q: the file has %s", column, quoted(names))
}

func columnNumber(column string) (int, bool) {
	digits, ok := strings.CutPrefix(column, "#")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// quoted lists names for a message, not without end.
func quoted(names []string) string {
	const most = 20
	var b strings.Builder
	for i, name := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(clip(name, 40)))
	}
	return b.String()
}
