package staff

import (
	"context"
	"fmt"
	"time"

	"huitou/model/db"
)

// Purge deletes sessions that ended a month ago and counts of failed sign-ins from before yesterday. It is for the timetable, once a
// day or more often.
func (s *Service) Purge(ctx context.Context) error {
	for {
		var n int64
		err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			n, err = purge(tx, tx.Now.AddDate(0, -1, 0), tx.Now.Add(-24*time.Hour))
			return err
		})
		if err != nil {
			return fmt.Errorf("purge staff sessions: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}
