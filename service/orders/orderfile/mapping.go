package orderfile

import (
	"maps"
	"slices"

	"huitou/model/sheet"
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
// the words that were there, sorted.
func ParseMapping(s string) (m Mapping, given []string, err error) {
	m = DefaultMapping
	words := map[string]*string{"number": &m.Number, "member": &m.Member, "paid_at": &m.PaidAt, "amount": &m.Amount}
	mapped, err := sheet.Mapping(s, "number", "member", "paid_at", "amount")
	for what, column := range mapped {
		*words[what] = column
	}
	return m, slices.Sorted(maps.Keys(mapped)), err
}

// columns are the places of a Mapping in one file, from 0; number is -1 when rows are numbered by line.
type columns struct{ number, member, paidAt, amount int }

// numbered reports whether every column that is needed is given by its number.
func (m Mapping) numbered(byLine bool) bool {
	return (byLine || sheet.Numbered(m.Number)) && sheet.Numbered(m.Member) && sheet.Numbered(m.PaidAt) && sheet.Numbered(m.Amount)
}

// locate finds the columns of a mapping among the names of a file's first line.
func (m Mapping) locate(names []string, byLine bool) (c columns, err error) {
	c.number = -1
	if !byLine {
		if c.number, err = sheet.Locate(m.Number, names); err != nil {
			return c, err
		}
	}
	if c.member, err = sheet.Locate(m.Member, names); err != nil {
		return c, err
	}
	if c.paidAt, err = sheet.Locate(m.PaidAt, names); err != nil {
		return c, err
	}
	c.amount, err = sheet.Locate(m.Amount, names)
	return c, err
}
