package orders

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"huitou/model"
	"huitou/model/fault"
)

// Bounds of one order.
const (
	maxLines    = 500
	maxQuantity = 1_000_000
	maxAhead    = 5 * time.Minute // how far a shop's clock may be ahead of ours
)

// ref names an order to other capabilities.
func ref(id model.OrderID) string { return "order:" + strconv.FormatInt(int64(id), 10) }

// earnSource names the points that an order gave, to the ledger.
func earnSource(id model.OrderID) string { return ref(id) + ":earn" }

// lifetime returns when the points of an order become spendable and when they expire; zero means at once and never. An
// order that reaches us late has its points from now on, not from a time that is over.
func lifetime(r Rules, paidAt, now time.Time) (activeFrom, expiresAt time.Time) {
	from := now
	if r.PendingDays > 0 {
		active := model.DayOf(paidAt, model.Shanghai).AddDays(r.PendingDays + 1).Start(model.Shanghai)
		if active.After(now) {
			activeFrom, from = active, active
		}
	}
	return activeFrom, r.Expiry.At(from, model.Shanghai)
}

// faults lists everything that is wrong with an order.
func (in Order) faults(now time.Time) []fault.Field {
	var list []fault.Field
	bad := func(wrong bool, field, reason string, args ...any) {
		if wrong {
			list = append(list, fault.Field{Name: field, Reason: fmt.Sprintf(reason, args...)})
		}
	}
	bad(!word(in.Source), "source", wordRule)
	bad(!word(in.Number), "number", wordRule)
	bad(in.Kind != model.OrderGoods && in.Kind != model.OrderMembership && in.Kind != model.OrderPoints, "kind", "goods, membership or points")
	bad(in.PaidAt.IsZero() || in.PaidAt.Year() < 1970, "paid_at", "an instant from 1970 on")
	bad(in.PaidAt.After(now.Add(maxAhead)), "paid_at", "at most %d minutes in the future", int(maxAhead.Minutes()))
	bad(in.CouponCode != "" && (len(in.CouponCode) > 24 || !word(in.CouponCode)), "coupon_code", "at most 24 printable ASCII characters")
	bad(len(in.MoreCoupons) > maxCoupons-1, "more_coupon_codes", "at most %d", maxCoupons-1)
	bad(len(in.MoreCoupons) > 0 && in.CouponCode == "", "coupon_code", "the first coupon, when there are more")
	for _, c := range in.MoreCoupons[:min(len(in.MoreCoupons), maxCoupons-1)] {
		bad(len(c) > 24 || !word(c), "more_coupon_codes", "each 1 to 24 printable ASCII characters")
	}
	bad(in.Store != "" && !word(in.Store), "store", wordRule)
	sums := true
	for _, m := range []struct {
		field string
		fen   model.Fen
	}{{"goods_fen", in.GoodsFen}, {"freight_fen", in.FreightFen}, {"discount_fen", in.DiscountFen}, {"paid_fen", in.PaidFen}} {
		wrong := m.fen < 0 || m.fen > model.MaxFen
		bad(wrong, m.field, "0 to %d", model.MaxFen)
		sums = sums && !wrong
	}
	if sums {
		due := in.GoodsFen + in.FreightFen - in.DiscountFen
		bad(in.PaidFen != due, "paid_fen", "goods_fen + freight_fen - discount_fen = %d", due)
	}
	bad(in.MemberSavingFen < 0 || in.MemberSavingFen > max(0, min(in.GoodsFen, in.DiscountFen)), "member_saving_fen", "0 to the lesser of goods_fen and discount_fen")
	bad(in.FreeFreightFen < 0 || in.FreeFreightFen > model.MaxCardFreight, "free_freight_fen", "0 to %d", int64(model.MaxCardFreight))
	bad(in.Kind != model.OrderGoods && (in.MemberSavingFen > 0 || in.FreeFreightFen > 0), "member_saving_fen", "only orders of goods")
	bad(len(in.Lines) > maxLines, "lines", "at most %d", maxLines)
	return append(list, lineFaults(in.Lines[:min(len(in.Lines), maxLines)], in.GoodsFen)...)
}

func lineFaults(lines []Line, goods model.Fen) []fault.Field {
	var list []fault.Field
	total := model.Fen(0) // at most 500 x 10^6 x 10^9, which fits
	for i, l := range lines {
		bad := func(wrong bool, field, reason string, args ...any) {
			if wrong {
				list = append(list, fault.Field{Name: fmt.Sprintf("lines[%d].%s", i, field), Reason: fmt.Sprintf(reason, args...)})
			}
		}
		bad(!text(l.SKU, 64), "sku", "at most 64 printable characters")
		bad(!text(l.Name, 128), "name", "at most 128 printable characters")
		bad(!text(l.Category, 64), "category", "at most 64 printable characters")
		bad(l.Quantity < 1 || l.Quantity > maxQuantity, "quantity", "1 to %d", maxQuantity)
		bad(l.PriceFen < 0 || l.PriceFen > model.MaxFen, "price_fen", "0 to %d", model.MaxFen)
		if len(list) == 0 {
			total += l.PriceFen * model.Fen(l.Quantity)
		}
	}
	if len(lines) > 0 && len(list) == 0 && total != goods {
		list = append(list, fault.Field{Name: "goods_fen", Reason: fmt.Sprintf("the lines add up to %d", total)})
	}
	return list
}

const wordRule = "1 to 64 printable ASCII characters"

// word reports whether s is a number or a name that other systems made.
func word(s string) bool {
	return s != "" && len(s) <= 64 && strings.IndexFunc(s, func(r rune) bool { return r < '!' || r > '~' }) < 0
}

func text(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit &&
		strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
