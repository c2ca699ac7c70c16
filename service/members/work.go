package members

import (
	"context"
	"fmt"

	"huitou/model/db"
)

// Purge deletes sessions that ended a month ago. It is for the timetable, once a day or more often.
func (s *Service) Purge(ctx context.Context) error {
	for {
		var n int64
		err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			n, err = purgeSessions(tx, tx.Now.AddDate(0, -1, 0))
			return err
		})
		if err != nil {
			return fmt.Errorf("purge sessions: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}
