package members

import (
	"context"
	"fmt"

	"huitou/model/db"
)

// Purge deletes sessions that ended a month ago, and codes that ended a day ago. It is for the timetable, once a day or more often.
func (s *Service) Purge(ctx context.Context) error {
	for {
		var n, codes int64
		err := s.db.Do(ctx, func(_ context.Context, tx *db.Tx) (err error) {
			if n, err = purgeSessions(tx, tx.Now.AddDate(0, -1, 0)); err != nil {
				return err
			}
			codes, err = purgeCodes(tx, tx.Now.AddDate(0, 0, -1))
			return err
		})
		if err != nil {
			return fmt.Errorf("purge sessions and codes: %w", err)
		}
		if n+codes == 0 {
			return nil
		}
	}
}
