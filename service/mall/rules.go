package mall

import (
	"time"

	"huitou/model"
)

// refusal says why nobody can redeem a gift at an instant, or nil. Its window is half-open.
func refusal(g model.Gift, now time.Time) error {
	switch {
	case g.State == model.GiftEnded, g.EndsAt != nil && !now.Before(*g.EndsAt):
		return ErrEnded
	case g.State != model.GiftActive:
		return ErrPaused
	case g.StartsAt != nil && now.Before(*g.StartsAt):
		return ErrNotStarted.With("starts_at", g.StartsAt.UTC().Format(time.RFC3339))
	case !g.Unlimited && g.Stock <= 0:
		return soldOut(g)
	}
	return nil
}

// soldOut says that nothing is left of a gift.
func soldOut(g model.Gift) error {
	if g.Kind == model.GiftCode {
		return ErrPoolDry
	}
	return ErrSoldOut
}

// limit is how many redemptions of a gift one member may have within a span: "" for life, a day "d2026-11-21", or a week "w2026-11-16"
// named by its Monday.
type limit struct {
	span string
	most int64
	per  string // life, day or week, for people
}

// limits are those that a gift has at an instant. Days and weeks are the shop's.
func limits(g model.Gift, now time.Time) (list []limit) {
	day := model.DayOf(now, model.Shanghai)
	if g.PerMember > 0 {
		list = append(list, limit{"", g.PerMember, "life"})
	}
	if g.PerDay > 0 {
		list = append(list, limit{"d" + day.String(), g.PerDay, "day"})
	}
	if g.PerWeek > 0 {
		list = append(list, limit{"w" + monday(day).String(), g.PerWeek, "week"})
	}
	return list
}

// monday returns the first day of a day's week.
func monday(d model.Day) model.Day {
	since := (int(d.Start(time.UTC).Weekday()) + 6) % 7
	return d.AddDays(-since)
}

// slots are the ordinals that members have taken of one gift, by span.
type slots map[slotOf]map[int64]bool

type slotOf struct {
	member model.MemberID
	span   string
}

func (s slots) take(m model.MemberID, span string, ordinal int64) {
	at := slotOf{m, span}
	if s[at] == nil {
		s[at] = map[int64]bool{}
	}
	s[at][ordinal] = true
}

// free finds the lowest free ordinal in each span, or the limit that is reached.
func (s slots) free(m model.MemberID, list []limit) (ordinals []int64, reached *limit) {
	for i, l := range list {
		n, ok := freeOrdinal(s[slotOf{m, l.span}], l.most)
		if !ok {
			return nil, &list[i]
		}
		ordinals = append(ordinals, n)
	}
	return ordinals, nil
}

// freeOrdinal returns the lowest ordinal from 1 to limit that is not taken.
func freeOrdinal(taken map[int64]bool, limit int64) (int64, bool) {
	for n := int64(1); n <= limit; n++ {
		if !taken[n] {
			return n, true
		}
	}
	return 0, false
}

// dead are the states of redemptions that took nothing in the end.
var dead = []model.RedemptionState{model.RedemptionCancelled, model.RedemptionRefunded}

// stateRefusal says why a redemption that is not confirmed, or not any more, can be neither handed out nor cancelled.
func stateRefusal(r model.Redemption) error {
	f := ErrFulfilled
	switch r.State {
	case model.RedemptionAwaiting:
		return ErrUnpaid
	case model.RedemptionPickedUp:
		f = ErrPickedUp
	case model.RedemptionShipped, model.RedemptionCompleted:
		f = ErrShipped
	case model.RedemptionCancelled:
		f = ErrCancelled
	case model.RedemptionRefunded:
		f = ErrRefunded
	}
	if r.ClosedAt != nil {
		return f.With("at", r.ClosedAt.UTC().Format(time.RFC3339))
	}
	return f
}
