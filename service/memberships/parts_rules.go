package memberships

import "huitou/model"

// fate is what becomes of a period when its member goes into another one.
type fate string

const (
	asItIs    fate = "as it is"
	after     fate = "after the last one"
	restGiven fate = "its rest is given"
	forLife   fate = "a card for life is in the way"
)

// laid says what becomes of a live period that has not ended, when last is the survivor's live period that ends last and has not ended
// either, or nil.
func laid(today model.Day, p model.MembershipPeriod, last *model.MembershipPeriod) (fate, placed) {
	at := placeOf(p)
	switch {
	case last == nil || !p.FromDay.Before(last.ToDay):
		return asItIs, at
	case p.ToDay == model.Forever || last.ToDay == model.Forever:
		return forLife, at
	case !today.Before(p.FromDay):
		return restGiven, at
	}
	// The same length as it had: months where it is a chain of months, days else.
	at.From, at.Anchor = next(today, last)
	if p.Unit == model.PlanMonths {
		at.To = at.From.AddMonths(monthsOf(p), at.Anchor)
	} else {
		at.To = at.From.AddDays(p.ToDay.Sub(p.FromDay))
	}
	return after, at
}

// monthsOf counts the months of a period.
func monthsOf(p model.MembershipPeriod) int {
	n := 0
	for p.FromDay.AddMonths(n, p.Anchor).Before(p.ToDay) {
		n++
	}
	return n
}
