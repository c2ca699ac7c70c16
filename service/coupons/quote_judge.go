package coupons

import (
	"time"

	"huitou/model"
)

// basket is what is left to pay at some point of the reckoning.
type basket struct {
	lines   []model.Fen
	freight model.Fen
}

// entry is a usable coupon, made ready for one cart.
type entry struct {
	c     *Candidate
	index int       // of its candidate
	on    []int     // the lines that it is good for, in order; of an exchange coupon the one that it gives a piece of
	piece model.Fen // of an exchange coupon: what that piece costs
	alone model.Fen
	group int // number of its stacking group; only for those that have one
}

// judgeFor makes a coupon ready for a cart, or says why it cannot be used.
func judgeFor(cart Cart, b basket, c *Candidate, now time.Time) (entry, error) {
	e := entry{c: c}
	if c.Refusal != nil {
		return e, c.Refusal
	}
	if err := spanRefusal(c.UsableFrom, c.UsableUntil, now); err != nil {
		return e, err
	}
	if !c.at(cart.Store) {
		return e, ErrWrongStore
	}
	base := model.Fen(0)
	e.on = make([]int, 0, len(cart.Lines))
	for i, l := range cart.Lines {
		if c.eligible(l) {
			e.on = append(e.on, i)
			base += b.lines[i]
		}
	}
	if len(e.on) == 0 {
		return e, ErrWrongScope
	}
	if base < c.ThresholdFen {
		return e, ErrBelowThreshold.With("missing_fen", int64(c.ThresholdFen-base))
	}
	if c.Kind == model.CouponExchange {
		e.pickPiece(cart, b)
	}
	if e.alone = e.saving(b); e.alone == 0 {
		return e, ErrNoSaving
	}
	if e.alone > c.LeftFen {
		return e, ErrBudgetSpent
	}
	return e, nil
}

// pickPiece gives an exchange coupon the dearest eligible piece, the first of equals.
func (e *entry) pickPiece(cart Cart, b basket) {
	line := e.on[0]
	for _, i := range e.on {
		if p := b.lines[i] / model.Fen(cart.Lines[i].Quantity); p > e.piece {
			line, e.piece = i, p
		}
	}
	e.on = append(e.on[:0], line)
}

// saving is what the coupon takes off what is left; 0 or more, and never more than is left of its goods.
func (e *entry) saving(b basket) model.Fen {
	if e.c.Kind == model.CouponFreight {
		return worth(e.c.CouponTerms, b.freight, 0)
	}
	return worth(e.c.CouponTerms, e.base(b), e.piece)
}

func (e *entry) base(b basket) model.Fen {
	base := model.Fen(0)
	for _, i := range e.on {
		base += b.lines[i]
	}
	return base
}

// worth is what terms take off an amount: rounded down, never more than it. piece is what an exchange coupon gives.
func worth(t model.CouponTerms, amount, piece model.Fen) model.Fen {
	var off model.Fen
	switch t.Kind {
	case model.CouponAmount:
		return max(0, min(t.AmountFen, amount))
	case model.CouponPercent:
		off = amount.PartFloor(t.PercentOffBP)
	case model.CouponExchange:
		off = min(piece, amount)
	case model.CouponFreight:
		off = amount
	}
	if t.CapFen > 0 {
		off = min(off, t.CapFen)
	}
	return max(0, off)
}

// face is the most that a coupon may ever take off, for breaking ties: the lesser coupon is used up first.
func face(t model.CouponTerms) model.Fen {
	switch {
	case t.Kind == model.CouponAmount:
		return t.AmountFen
	case t.CapFen > 0:
		return t.CapFen
	}
	return model.MaxFen
}

// take takes the coupon off what is left and returns how much that was. shares, when given, gets each line's part.
func (e *entry) take(b *basket, shares []model.Fen) model.Fen {
	if e.c.Kind == model.CouponFreight {
		off := e.saving(*b)
		b.freight -= off
		return off
	}
	base := e.base(*b)
	off := worth(e.c.CouponTerms, base, e.piece)
	if off > 0 {
		split(off, base, e.on, b.lines, shares)
	}
	return off
}

// split spreads an amount over lines in proportion to what is left of them, each part rounded down; the last line takes the
// remainder, and where that is more than is left of it, the lines before it do. off is 1 .. base, and base the sum of the lines, at
// most model.MaxFen, so that no product overflows.
func split(off, base model.Fen, on []int, lines, shares []model.Fen) {
	over := off
	for _, i := range on[:len(on)-1] {
		part := off * lines[i] / base
		over -= part
		lines[i] -= part
		if shares != nil {
			shares[i] += part
		}
	}
	for k := len(on) - 1; over > 0; k-- {
		i := on[k]
		part := min(over, lines[i])
		over -= part
		lines[i] -= part
		if shares != nil {
			shares[i] += part
		}
	}
}
