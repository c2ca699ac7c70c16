package coupons

import (
	"context"
	"fmt"
	"math"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// The brake on wrong codes: five are free, then nothing is looked up for half a minute, and twice as long after each further one up
// to an hour. A day without a wrong one forgets them. That leaves a member about forty guesses on a day.
const (
	freeTries  = 5
	firstPause = 30 * time.Second
	mostPause  = time.Hour
	triesFade  = 24 * time.Hour
)

// pauseAfter returns how long nothing is looked up after the n-th wrong code.
func pauseAfter(n int64) time.Duration {
	if n < freeTries {
		return 0
	}
	d := firstPause
	for range n - freeTries {
		if d *= 2; d >= mostPause {
			return mostPause
		}
	}
	return d
}

// charge counts a try as wrong before it is looked up, so that a thousand at once do not all see a small count. wait > 0 means that
// it is not looked up, and the row stays as it is.
func charge(row model.CouponCodeTry, now time.Time) (_ model.CouponCodeTry, wait time.Duration) {
	if now.Before(row.NextAt) {
		return row, row.NextAt.Sub(now)
	}
	if now.Sub(row.LastAt) >= triesFade {
		row.Failures = 0
	}
	row.Failures++
	row.LastAt, row.NextAt = now, now.Add(pauseAfter(row.Failures))
	return row, 0
}

// refund takes one charge back.
func refund(row model.CouponCodeTry) model.CouponCodeTry {
	row.Failures = max(0, row.Failures-1)
	row.NextAt = row.LastAt.Add(pauseAfter(row.Failures))
	return row
}

func (s *Service) chargeTry(ctx context.Context, m model.MemberID) error {
	return s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := lockTry(tx, m)
		if err != nil {
			return fmt.Errorf("count the codes of member %d: %w", m, err)
		}
		row, wait := charge(row, tx.Now)
		if wait > 0 {
			return ErrGuessing.With("retry_after_s", int64(math.Ceil(wait.Seconds())))
		}
		return keepTry(tx, row)
	})
}

func (s *Service) refundTry(ctx context.Context, m model.MemberID) error {
	return s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := lockTry(tx, m)
		if err != nil {
			return err
		}
		return keepTry(tx, refund(row))
	})
}
