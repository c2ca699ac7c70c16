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
	// Coupon and Discount are columns of files that tell of coupons, empty where they do not: the coupon's code, and what was taken off.
	Coupon, Discount string
}

// DefaultMapping is how columns are named when nobody says otherwise.
var DefaultMapping = Mapping{Number: "number", Member: "member", PaidAt: "paid_at", Amount: "amount"}

// ParseMapping reads "number=COL,member=COL,paid_at=COL,amount=COL,coupon=COL,discount=COL"; what is left out keeps its default name, and
// coupon and discount have none: such columns are read when they are named. given holds
// the words that were there, sorted.
func ParseMapping(s string) (m Mapping, given []string, err error) {
	m = DefaultMapping
	words := map[string]*string{"number": &m.Number, "member": &m.Member, "paid_at": &m.PaidAt, "amount": &m.Amount, "coupon": &m.Coupon, "discount": &m.Discount}
	mapped, err := sheet.Mapping(s, "number", "member", "paid_at", "amount", "coupon", "discount")
	for what, column := range mapped {
		*words[what] = column
	}
	return m, slices.Sorted(maps.Keys(mapped)), err
}

// columns are the places of a Mapping in one file, from 0; number is -1 when rows are numbered by line, coupon and discount
// when there are none.
type columns struct{ number, member, paidAt, amount, coupon, discount int }

// numbered reports whether every column that is needed is given by its number.
func (m Mapping) numbered(byLine bool) bool {
	for _, optional := range []string{m.Coupon, m.Discount} {
		if optional != "" && !sheet.Numbered(optional) {
			return false
		}
	}
	return (byLine || sheet.Numbered(m.Number)) && sheet.Numbered(m.Member) && sheet.Numbered(m.PaidAt) && sheet.Numbered(m.Amount)
}

// locate finds the columns of a mapping among the names of a file's first line.
func (m Mapping) locate(names []string, byLine bool) (c columns, err error) {
	c.number, c.coupon, c.discount = -1, -1, -1
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
	if c.amount, err = sheet.Locate(m.Amount, names); err != nil {
		return c, err
	}
	if m.Coupon != "" {
		if c.coupon, err = sheet.Locate(m.Coupon, names); err != nil {
			return c, err
		}
	}
	if m.Discount != "" {
		c.discount, err = sheet.Locate(m.Discount, names)
	}
	return c, err
}
