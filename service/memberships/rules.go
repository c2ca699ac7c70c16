package memberships

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"huitou/model"
)

// Limits of plans.
const (
	maxMonths  = 120
	maxDays    = 3660
	maxName    = 30
	maxCoupons = 10 // kinds of coupons in one plan
	maxPerMo   = 20 // coupons of one kind in one cycle
	maxTimes   = 10 // points multiplier
	maxGrace   = 30 // days

	// maxAhead is how far a membership may reach into the future before another renewal is refused.
	maxAheadMonths = 120
)

// next returns the day on which a new period begins and the anchor of its months. last is the live period that ends last, or
// nil. A period that follows another without a gap keeps the anchor of a chain of months.
func next(today model.Day, last *model.MembershipPeriod) (from model.Day, anchor int) {
	if last == nil || last.ToDay.Before(today) {
		return today, today.DayOfMonth()
	}
	// The end of a period that a refund cut is not where its months would have ended, so a new chain begins there.
	if last.Unit == model.PlanMonths && last.ToDay == last.ToDay.AddMonths(0, last.Anchor) {
		return last.ToDay, last.Anchor
	}
	return last.ToDay, last.ToDay.DayOfMonth()
}

// end returns the exclusive end of a period.
func end(from model.Day, unit model.PlanUnit, length, anchor int) model.Day {
	switch unit {
	case model.PlanMonths:
		return from.AddMonths(length, anchor)
	case model.PlanDays:
		return from.AddDays(length)
	}
	return model.Forever
}

// cycleStart returns the first day of the n-th cycle (0 and up) of a period.
func cycleStart(p model.MembershipPeriod, n int) model.Day { return p.FromDay.AddMonths(n, p.Anchor) }

// cycleOn returns the number of the cycle that holds on a day of a period.
func cycleOn(p model.MembershipPeriod, d model.Day) int {
	from, at := p.FromDay.Start(time.UTC), d.Start(time.UTC)
	n := (at.Year()-from.Year())*12 + int(at.Month()) - int(from.Month())
	if d.Before(cycleStart(p, n)) {
		n--
	}
	return max(0, n)
}

// inGrace reports whether a period that has ended is in its plan's days of grace. Given days have none.
func inGrace(p model.MembershipPeriod, plan model.MembershipPlan, d model.Day) bool {
	return p.GiftSource == nil && plan.GraceDays > 0 && !d.Before(p.ToDay) && d.Before(p.ToDay.AddDays(plan.GraceDays))
}

// worthOf returns what points are worth when a hundred cost so much, rounded down to the fen.
func worthOf(n model.Points, perHundred model.Fen) model.Fen {
	if n <= 0 || perHundred <= 0 {
		return 0
	}
	worth, ok := model.MulFloor(int64(n), int64(perHundred), 100)
	if !ok {
		return 0
	}
	return model.Fen(worth)
}

// takenBack returns how much of a saving all refunds of its order together take back, when part of the goods' money went back. Freight was
// spared for a parcel that was sent, so only the refund of the whole order takes that back.
func takenBack(saving model.Fen, kind string, part, of model.Fen, whole bool) model.Fen {
	switch {
	case whole:
		return saving
	case kind == SavedFreight || of <= 0 || part <= 0:
		return 0
	case part >= of:
		return saving
	}
	back, ok := model.MulFloor(int64(saving), int64(part), int64(of))
	if !ok {
		return 0
	}
	return model.Fen(back)
}

// lifetimeDays is how many days a lifetime counts as when a part of its price goes back: ten years.
const lifetimeDays = 3650

// unusedDays returns how many days a period has and how many of them are unused on a day, which itself counts as used. By the policy of
// whole refunds all are.
func unusedDays(p model.MembershipPeriod, policy model.RefundPolicy, today model.Day) (total, unused int64) {
	to := p.ToDay
	if to == model.Forever {
		to = p.FromDay.AddDays(lifetimeDays)
	}
	total = int64(to.Sub(p.FromDay))
	switch {
	case policy == model.WholeRefund && today.Before(to), today.Before(p.FromDay):
		return total, total
	case !today.Before(to):
		return total, 0
	}
	return total, int64(to.Sub(today)) - 1
}

// refundable returns what of a price goes back: that of the unused days, rounded down, less what the card has saved; never negative.
func refundable(price model.Fen, total, unused int64, taken model.Fen) model.Fen {
	share, ok := model.MulFloor(int64(price), unused, total)
	if !ok || total < 1 {
		return 0
	}
	return max(0, model.Fen(share)-taken)
}

// refundTime says whether it is too late to ask for a refund of a period. The day of the activation is the first one.
func refundTime(p model.MembershipPeriod, terms model.PlanRefund, today model.Day) error {
	began := model.DayOf(p.CreatedAt, model.Shanghai)
	if terms.RefundDays > 0 && !today.Before(began.AddDays(terms.RefundDays)) {
		return ErrRefundLate.With("refund_days", terms.RefundDays)
	}
	return nil
}

// cut returns what the refund of a period makes of it: nothing is left of one whose whole price went back or that has not begun; another one ends
// with today, which was paid for.
func cut(p model.MembershipPeriod, whole bool, today model.Day) (kind model.MembershipMoveKind, to model.Day) {
	switch last := today.AddDays(1); {
	case p.State != model.PeriodLive:
		return model.MoveNone, p.ToDay
	case whole, today.Before(p.FromDay):
		return model.MoveRevoked, p.ToDay
	case last.Before(p.ToDay):
		return model.MoveCut, last
	}
	return model.MoveNone, p.ToDay
}

// covers reports whether a period holds on a day.
func covers(p model.MembershipPeriod, d model.Day) bool {
	return p.State == model.PeriodLive && !d.Before(p.FromDay) && d.Before(p.ToDay)
}

// sellable says why a plan cannot be bought at an instant, or returns nil.
func sellable(p model.MembershipPlan, now time.Time) error {
	if !p.OnSale || (p.SaleFrom != nil && now.Before(*p.SaleFrom)) || (p.SaleUntil != nil && !now.Before(*p.SaleUntil)) {
		return ErrNotOnSale
	}
	return nil
}

// stackable says why nothing can be added after last, or returns nil.
func stackable(today model.Day, last *model.MembershipPeriod) error {
	switch {
	case last == nil || last.ToDay.Before(today):
		return nil
	case last.ToDay == model.Forever:
		return ErrLifetime
	case !last.ToDay.Before(today.AddMonths(maxAheadMonths, today.DayOfMonth())):
		return ErrTooFar
	}
	return nil
}

// stacked says why a plan with a limit of periods cannot be added to what a member has from today on, or returns nil.
func stacked(plan model.MembershipPlan, live []model.MembershipPeriod) error {
	n := 0
	for _, p := range live {
		if p.PlanID == plan.ID {
			n++
		}
	}
	if plan.MaxStack > 0 && n >= plan.MaxStack {
		return ErrStacked.With("max_stack", plan.MaxStack)
	}
	return nil
}

// breakEven returns the shopping at which the member price has paid for the card, rounded up to the fen; 0 when the plan has no
// member price, so that it cannot be said in money.
func breakEven(price model.Fen, percentOff model.BasisPoints) model.Fen {
	if percentOff <= 0 {
		return 0
	}
	return (price*model.Fen(model.WholeBP) + model.Fen(percentOff) - 1) / model.Fen(percentOff)
}

// inWords lists the benefits as people in a shop say them.
func inWords(points, percentOff model.BasisPoints, list []model.MembershipPlanCoupon) []string {
	words := []string{}
	if percentOff > 0 {
		words = append(words, "会员价 "+decimal(int64(model.WholeBP-percentOff), 1000)+" 折")
	}
	if points > model.WholeBP {
		words = append(words, "购物积分 "+decimal(int64(points), int64(model.WholeBP))+" 倍")
	}
	n := 0
	for _, c := range list {
		n += c.Quantity
	}
	if n > 0 {
		words = append(words, fmt.Sprintf("每月赠优惠券 %d 张", n))
	}
	return words
}

// decimal writes n/unit without a float and without trailing zeros; unit is a power of ten.
func decimal(n, unit int64) string {
	digits := len(strconv.FormatInt(unit, 10)) - 1
	s := fmt.Sprintf("%d.%0*d", n/unit, digits, n%unit)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// lengthInWords says how long a plan lasts.
func lengthInWords(unit model.PlanUnit, n int) string {
	switch {
	case unit == model.PlanLifetime:
		return "终身"
	case unit == model.PlanDays:
		return fmt.Sprintf("%d 天", n)
	case n%12 == 0:
		return fmt.Sprintf("%d 年", n/12)
	}
	return fmt.Sprintf("%d 个月", n)
}

// untilInWords says the last day that a period covers.
func untilInWords(to model.Day) string {
	if to == model.Forever {
		return "长期有效"
	}
	return to.AddDays(-1).String()
}
