package orders

import (
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/fault"
)

// goodsPaid is the part of what was paid that was for goods, as earning reckons it: discounts lie on goods first.
func goodsPaid(o model.Order) model.Fen { return min(max(o.GoodsFen-o.DiscountFen, 0), o.PaidFen) }

// share returns the part of a refund that had paid for goods: everything but the freight that the shop names, as far as goods were paid and
// not given back before. ok is false when more freight is named than is left. amount is within what is left of the order.
func share(o model.Order, goodsBefore, amount, freight model.Fen) (goods model.Fen, ok bool) {
	paid := goodsPaid(o)
	freightLeft := (o.PaidFen - paid) - (o.RefundedFen - goodsBefore)
	if freight > freightLeft {
		return 0, false
	}
	return min(amount-freight, paid-goodsBefore), true
}

// faults lists what is wrong with a refund by itself.
func (in Refund) faults(now time.Time) []fault.Field {
	var list []fault.Field
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	bad(!word(in.Source), "source", wordRule)
	bad(!word(in.Order), "order", wordRule)
	bad(!word(in.Number), "number", wordRule)
	bad(in.At.IsZero() || in.At.Year() < 1970, "refunded_at", "an instant from 1970 on")
	bad(in.At.After(now.Add(maxAhead)), "refunded_at", "at most %d minutes in the future", int(maxAhead.Minutes()))
	bad(in.Amount < 1 || in.Amount > model.MaxFen, "refund_fen", "1 to %d", model.MaxFen)
	bad(in.Freight < 0 || in.Freight > in.Amount, "freight_fen", "0 to refund_fen")
	bad(len(in.Lines) > maxLines, "lines", "at most %d", maxLines)
	if len(in.Lines) == 0 || len(list) > 0 {
		return list
	}
	total, seen := model.Fen(0), map[int64]bool{}
	for i, l := range in.Lines {
		at := fmt.Sprintf("lines[%d].", i)
		bad(l.Line < 1 || seen[l.Line], at+"line", "the number of a line of the order, once")
		bad(l.Quantity < 0 || l.Quantity > maxQuantity, at+"quantity", "0 to %d", maxQuantity)
		bad(l.Amount < 0 || l.Amount > model.MaxFen, at+"refund_fen", "0 to %d", model.MaxFen)
		seen[l.Line] = true
		total += l.Amount // at most 500 x 10^9
	}
	bad(len(list) == 0 && total != in.Amount-in.Freight, "lines", "add up to refund_fen - freight_fen = %d, not %d", in.Amount-in.Freight, total)
	return list
}

// lineFaults compares the lines of a refund with those of the order and with what of them was given back before.
func (in Refund) lineFaults(lines []Line, before map[int64]RefundLine) []fault.Field {
	var list []fault.Field
	for i, l := range in.Lines {
		bad := func(wrong bool, field, reason string, args ...any) {
			if wrong {
				list = append(list, fault.Field{Name: fmt.Sprintf("lines[%d].%s", i, field), Reason: fmt.Sprintf(reason, args...)})
			}
		}
		if l.Line > int64(len(lines)) {
			bad(true, "line", "the order has %d lines", len(lines))
			continue
		}
		bought, back := lines[l.Line-1], before[l.Line]
		bad(l.Quantity > bought.Quantity-back.Quantity, "quantity", "at most %d, what has not come back", bought.Quantity-back.Quantity)
		worth := bought.PriceFen * model.Fen(bought.Quantity)
		bad(l.Amount > worth-back.Amount, "refund_fen", "at most %d, what has not been given back", worth-back.Amount)
	}
	return list
}
