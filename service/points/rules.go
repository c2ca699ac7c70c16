package points

import (
	"cmp"
	"slices"
	"time"

	"huitou/model"
)

// judge returns the state that a lot with points in it has at an instant: spendable in [ActiveFrom, ExpiresAt).
func judge(l model.PointsLot, now time.Time) model.PointsLotState {
	switch {
	case !now.Before(l.ExpiresAt):
		return model.LotExpired
	case now.Before(l.ActiveFrom):
		return model.LotPending
	}
	return model.LotActive
}

// bySpending orders lots as they are spent: soonest end first, lots without an end last, then the oldest (rules.md b1).
// Oldest first alone would let points lapse that need not.
func bySpending(a, b model.PointsLot) int {
	return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), cmp.Compare(a.Seq, b.Seq))
}

// part is an amount of one lot.
type part struct {
	lot    int64 // its seq
	amount model.Points
}

// choose returns from which lots n points are taken at an instant. The lots need no order. ok is false when there
// are fewer than n spendable points.
func choose(lots []model.PointsLot, n model.Points, now time.Time) (parts []part, ok bool) {
	for _, l := range slices.SortedFunc(slices.Values(lots), bySpending) {
		if n == 0 {
			break
		}
		if l.Remaining > 0 && judge(l, now) == model.LotActive {
			take := min(n, l.Remaining)
			parts = append(parts, part{l.Seq, take})
			n -= take
		}
	}
	return parts, n == 0
}

// upTo is choose for as much as there is.
func upTo(lots []model.PointsLot, n model.Points, now time.Time) (parts []part, got model.Points) {
	for _, l := range lots {
		if judge(l, now) == model.LotActive {
			got += l.Remaining
		}
	}
	got = min(got, n)
	parts, _ = choose(lots, got, now)
	return parts, got
}

// clawed is what a clawback of n points takes from lots. own are the lots that the order gave, one unless
// accounts were merged. The rest becomes a debt or is waived.
func clawed(lots []model.PointsLot, own []int64, n model.Points, policy model.ClawbackPolicy, now time.Time) (parts []part, taken model.Points) {
	others := make([]model.PointsLot, 0, len(lots))
	for _, l := range lots {
		if !slices.Contains(own, l.Seq) {
			others = append(others, l)
			continue
		}
		state := judge(l, now)
		if take := min(n-taken, l.Remaining); take > 0 && (state == model.LotPending || state == model.LotActive && policy != model.ClawPending) {
			parts = append(parts, part{l.Seq, take})
			taken += take
		}
	}
	if policy == model.ClawPending || taken == n {
		return parts, taken
	}
	more, got := upTo(others, n-taken, now)
	return append(parts, more...), taken + got
}

// Share is the part of points that belongs to a part of money, rounded down. Several parts of one whole are each the difference of
// two shares of what has come together so far, so that they add up: Share(p, a+b, w) - Share(p, a, w).
func Share(points model.Points, part, whole model.Fen) model.Points {
	if part >= whole {
		return points
	}
	q, ok := model.MulFloor(int64(points), int64(part), int64(whole))
	if !ok {
		return 0
	}
	return model.Points(q)
}

// taken is what an entry took from a lot and has not given back yet.
type taken struct {
	lot  model.PointsLot
	open model.Points
}

// giveBack returns to which lots n of the taken points go: the lot that ends last first, so that a part that comes back
// is of the longest use. ok is false when fewer than n are open.
func giveBack(from []taken, n model.Points) (parts []part, ok bool) {
	for _, t := range slices.SortedFunc(slices.Values(from), func(a, b taken) int { return bySpending(b.lot, a.lot) }) {
		if n == 0 {
			break
		}
		if t.open > 0 {
			back := min(n, t.open)
			parts = append(parts, part{t.lot.Seq, back})
			n -= back
		}
	}
	return parts, n == 0
}

// graceEnd returns when points end that came back too late: at the end of the n-th business day from tomorrow.
func graceEnd(now time.Time, days int) time.Time {
	return model.ExpiryRule{Mode: model.ExpireAfterDays, N: days}.At(now, model.Shanghai)
}

// nextDue returns the next instant at which one of the lots changes by itself, or model.Never.
func nextDue(lots []model.PointsLot) time.Time {
	due := model.Never
	for _, l := range lots {
		if d := lotDue(l); d.Before(due) {
			due = d
		}
	}
	return due
}

func lotDue(l model.PointsLot) time.Time {
	switch {
	case l.State == model.LotPending && l.ActiveFrom.Before(l.ExpiresAt):
		return l.ActiveFrom
	case l.State == model.LotPending, l.State == model.LotActive:
		return l.ExpiresAt
	}
	return model.Never
}
