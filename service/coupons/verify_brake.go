package coupons

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// The brake on wrong codes at the counter: ten are free, then nothing is looked up for half a minute, and twice as long after each further
// one up to an hour. An hour without a wrong one forgets them, because people mistype. Of 10^16 codes perhaps 10^7 are good at a time:
// whoever guesses hits once in a thousand million tries, and has a few dozen on a day (threat T33).
const (
	freeMistypes  = 10
	mistypesFade  = time.Hour
	mistypesPause = 30 * time.Second
	mistypesMost  = time.Hour
)

// braked runs a look-up for a member of staff, counting it as wrong until it was right, so that a thousand at once do not
// all see a small count.
func (s *Service) braked(ctx context.Context, staff model.StaffID, look func() error) error {
	var before, charged time.Time
	err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := lockMistypes(tx, staff)
		if err != nil {
			return fmt.Errorf("count the wrong codes of staff %d: %w", staff, err)
		}
		if wait := row.NextAt.Sub(tx.Now); wait > 0 {
			return ErrVerifyGuessing.With("retry_after_s", int64(math.Ceil(wait.Seconds())))
		}
		if tx.Now.Sub(row.LastAt) >= mistypesFade {
			row.Failures = 0
		}
		before, charged = row.LastAt, tx.Now
		row.Failures++
		row.LastAt, row.NextAt = tx.Now, tx.Now.Add(pauseAfterMistypes(row.Failures))
		return keepMistypes(tx, row)
	})
	if err != nil {
		return err
	}
	err = look()
	if errors.Is(err, ErrUnknown) {
		return err
	}
	undo := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := lockMistypes(tx, staff)
		if err != nil {
			return err
		}
		row.Failures = max(0, row.Failures-1)
		if row.LastAt.Equal(charged) {
			row.LastAt = before
		}
		row.NextAt = row.LastAt.Add(pauseAfterMistypes(row.Failures))
		return keepMistypes(tx, row)
	})
	if undo != nil { // the answer is right all the same
		s.log.ErrorContext(ctx, "take the charge of a code back", "staff", staff, "err", undo)
	}
	return err
}

// pauseAfterMistypes returns how long nothing is looked up after the n-th wrong code.
func pauseAfterMistypes(n int64) time.Duration {
	if n < freeMistypes {
		return 0
	}
	return min(mistypesMost, mistypesPause<<min(n-freeMistypes, 16))
}
