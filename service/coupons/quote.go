package coupons

import (
	"time"

	"huitou/model"
)

// This file and quote_*.go are the engine behind quotes and locks: no clock, no database, the same answer for the same input.
//
// Discounts are taken in one order: the member price off every line and, where a paid card bears it, the freight, up to
// model.MaxCardFreight; then coupons on goods by priority (the higher first; of one priority exchange, amount, percent), then coupons on
// freight, which save nothing where the card has. Full-reduction campaigns and points would stand before and after the coupons; there
// are none. A coupon's threshold looks at its eligible goods after the member price and
// before any coupon, so that no coupon makes another one unusable; what it takes off is reckoned on what the coupons before it left.

// Cart is what somebody wants to buy. Its amounts have been checked: see QuoteFor.
type Cart struct {
	Lines      []Item
	FreightFen model.Fen
	// Store is the code of the store where the goods are bought; empty when nobody said.
	Store string
	// MemberOffBP is the share that the member price takes off every line.
	MemberOffBP model.BasisPoints
	// FreeFreight says that the shopper's paid card bears the freight of this order.
	FreeFreight bool
}

// Item is one line of a cart or an order. PriceFen is of one piece. Category is a path, "服装/童装".
type Item struct {
	SKU, Category string
	Quantity      int64
	PriceFen      model.Fen
}

// Candidate is a coupon that may be used for a cart.
type Candidate struct {
	ID model.PublicID
	model.CouponTerms
	*Conditions
	UsableFrom, UsableUntil time.Time // half-open
	// Refusal is why it cannot be used whatever the cart; nil when nothing stands in the way.
	Refusal error
	// LeftFen is the most that the rest of the template's budget covers. A coupon that saves more is refused, not cut.
	LeftFen model.Fen
	// Aside keeps it out of the combination; it is judged all the same.
	Aside bool
}

// Quoted is what a cart costs and what each coupon would do for it. All amounts are zero or more, and they add up:
// goods - member price - coupons + freight - what the card bears of it - freight coupons = payable.
type Quoted struct {
	GoodsFen, MemberOffFen, CouponOffFen, FreightFen, MemberFreightFen, FreightOffFen, PayableFen model.Fen
	Lines                                                                                         []QuotedLine
	Coupons                                                                                       []Judged // in the order of the candidates
	// Best is true when no combination is better; with more coupons than can be tried a good one was chosen.
	Best bool
}

// QuotedLine is one line's part: Gross - MemberOff - CouponOff = Payable.
type QuotedLine struct{ GrossFen, MemberOffFen, CouponOffFen, PayableFen model.Fen }

// Judged is what the engine says of one coupon.
type Judged struct {
	ID model.PublicID
	// Refusal is why it cannot be used; nil when it can.
	Refusal error
	// AloneFen is what it would take off by itself; 0 when it cannot be used.
	AloneFen model.Fen
	// Outdone is true for a coupon that could be used and was left out for the others.
	Outdone bool
	// Applied is true for a coupon of the combination. AppliedFen is what it takes off there, 1 or more, and Shares how that is
	// spread over the lines; a coupon on freight has none.
	Applied    bool
	AppliedFen model.Fen
	Shares     []model.Fen
}

// Why says why a coupon is not applied: its refusal, or that it does not go with those that are. A coupon that is applied, or that the
// shopper left out, has no reason.
func (j Judged) Why() error {
	if j.Refusal == nil && j.Outdone {
		return ErrNotCombinable
	}
	return j.Refusal
}

// quote prices a cart with the best combination of the candidates at an instant.
func quote(cart Cart, candidates []Candidate, now time.Time) Quoted {
	b, q := open(cart)
	q.Coupons = make([]Judged, len(candidates))
	usable := make([]entry, 0, len(candidates))
	for i := range candidates {
		c := &candidates[i]
		e, refusal := judgeFor(cart, b, c, now)
		q.Coupons[i] = Judged{ID: c.ID, Refusal: refusal}
		if refusal == nil {
			q.Coupons[i].AloneFen = e.alone
		}
		if refusal == nil && !c.Aside {
			e.index = i
			usable = append(usable, e)
		}
	}
	chosen, best := choose(b, usable)
	q.Best = best
	settle(&q, b, chosen)
	for _, e := range usable {
		q.Coupons[e.index].Outdone = !q.Coupons[e.index].Applied
	}
	return q
}

// open takes the member price off and returns what coupons start from.
func open(cart Cart) (basket, Quoted) {
	b := basket{lines: make([]model.Fen, len(cart.Lines)), freight: cart.FreightFen}
	q := Quoted{FreightFen: cart.FreightFen, Lines: make([]QuotedLine, len(cart.Lines))}
	if cart.FreeFreight {
		q.MemberFreightFen = min(b.freight, model.MaxCardFreight)
		b.freight -= q.MemberFreightFen
	}
	for i, l := range cart.Lines {
		gross := l.PriceFen * model.Fen(l.Quantity)
		off := gross.PartFloor(cart.MemberOffBP)
		q.Lines[i] = QuotedLine{GrossFen: gross, MemberOffFen: off}
		q.GoodsFen += gross
		q.MemberOffFen += off
		b.lines[i] = gross - off
	}
	return b, q
}

// settle takes the chosen coupons off for good and adds up. The chosen stand in the order in which they are taken off.
func settle(q *Quoted, b basket, chosen []entry) {
	shares := make([]model.Fen, len(b.lines)*len(chosen))
	for k, e := range chosen {
		j := &q.Coupons[e.index]
		j.Applied = true
		if e.c.Kind == model.CouponFreight {
			j.AppliedFen = e.take(&b, nil)
			q.FreightOffFen += j.AppliedFen
			continue
		}
		j.Shares = shares[k*len(b.lines) : (k+1)*len(b.lines) : (k+1)*len(b.lines)]
		j.AppliedFen = e.take(&b, j.Shares)
		q.CouponOffFen += j.AppliedFen
		for i, s := range j.Shares {
			q.Lines[i].CouponOffFen += s
		}
	}
	for i := range q.Lines {
		l := &q.Lines[i]
		l.PayableFen = l.GrossFen - l.MemberOffFen - l.CouponOffFen
		q.PayableFen += l.PayableFen
	}
	q.PayableFen += q.FreightFen - q.MemberFreightFen - q.FreightOffFen
}
