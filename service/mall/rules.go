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
		return ErrSoldOut
	}
	return nil
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

// stateRefusal says why a redemption that is no longer confirmed can be neither handed out nor cancelled.
func stateRefusal(r model.Redemption) error {
	f := ErrFulfilled
	switch r.State {
	case model.RedemptionPickedUp:
		f = ErrPickedUp
	case model.RedemptionCancelled:
		f = ErrCancelled
	}
	if r.ClosedAt != nil {
		return f.With("at", r.ClosedAt.UTC().Format(time.RFC3339))
	}
	return f
}
