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
		n, err = s.FindBatchTx(tx, c, most)
		return errors.Join(err, undone)
	})
	if errors.Is(err, undone) {
		err = nil
	}
	return n, err
}

// FindBatchTx is FindBatch in a transaction that its caller undoes.
func (s *Service) FindBatchTx(tx *db.Tx, c model.MessageChannel, most int) (n int, err error) {
	if _, ok, err := nextDue(tx, s.lanes[c]); err != nil || !ok {
		return 0, err
	}
	rows, err := claim(tx, s.lanes[c], most)
	return len(rows), err
}
