package messages

import (
	"context"
	"errors"

	"huitou/model"
	"huitou/model/db"
)

// FindBatch finds the batch that a worker would take now, and takes nothing.
func (s *Service) FindBatch(ctx context.Context, c model.MessageChannel, most int) (n int, err error) {
	undone := errors.New("undone")
	err = s.DB.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		if _, ok, err := nextDue(tx, s.lanes[c]); err != nil || !ok {
			return err
		}
		rows, err := claim(tx, s.lanes[c], most)
		n = len(rows)
		return errors.Join(err, undone)
	})
	if errors.Is(err, undone) {
		err = nil
	}
	return n, err
}
