package memberships

import (
	"context"
	"fmt"
	"math"

	"huitou/model"
	"huitou/model/db"
)

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
		return keepTry(tx, uncharge(row))
	})
}
