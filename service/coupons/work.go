package coupons

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
)

// lockEnds is the kind of the job that ends one lock.
const lockEnds = "coupons.lock_ends"

// lockArgs name one lock: the coupon may be locked anew by the time that the job runs.
type lockArgs struct {
	Coupon model.CouponID `json:"coupon"`
	Ref    string         `json:"ref"`
	Until  time.Time      `json:"until"`
}

// setTimer lets a job end a lock at its time. It is tidiness only: whoever reads or wants the coupon judges the lock by the clock.
func (s *Service) setTimer(ctx context.Context, tx *db.Tx, id model.CouponID, h hold) error {
	if s.queue == nil {
		return nil
	}
	_, err := s.queue.Insert(ctx, tx, jobs.Job{Kind: lockEnds, Args: lockArgs{id, h.ref, h.until}, RunAt: h.until})
	if err != nil {
		return fmt.Errorf("set the timer of the lock on coupon %d: %w", id, err)
	}
	return nil
}

// endLock gives a coupon back whose lock has ended.
func (s *Service) endLock(ctx context.Context, in lockArgs) error {
	return s.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		c, err := couponByID(tx, in.Coupon)
		if db.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read coupon %d: %w", in.Coupon, err)
		}
		if !lapsed(c, tx.Now) || *c.OrderRef != in.Ref {
			return nil // redeemed, released, or locked anew: that lock has a timer of its own
		}
		if err := s.release(tx, c); err != nil && !errors.Is(err, ErrNotLocked) {
			return err
		}
		return nil
	})
}
