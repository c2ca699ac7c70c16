package orders

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/points"
)

// Complete says that the shop regards an order as completed: its return window is over, or the buyer has confirmed the goods.
type Complete struct{ Source, Number string }

// Completed is the outcome.
type Completed struct {
	Order  model.OrderID
	Member model.MemberID
	// Fresh says that points became spendable by this call. Repetitions, and orders whose points did not wait, have no effect.
	Fresh bool
}

// Complete lets the points of an order become spendable that wait for its completion. It returns ErrUnknown for an order that was
// never told.
func (s *Service) Complete(ctx context.Context, in Complete) (out Completed, err error) {
	err = s.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = s.CompleteTx(ctx, tx, in)
		return err
	})
	return out, err
}

// CompleteTx joins a transaction.
func (s *Service) CompleteTx(ctx context.Context, tx *db.Tx, in Complete) (out Completed, err error) {
	row, err := orderByNumber(tx, in.Source, in.Number)
	if db.IsNotFound(err) {
		return out, ErrUnknown
	}
	if err != nil {
		return out, fmt.Errorf("read order %s of %s: %w", in.Number, in.Source, err)
	}
	out = Completed{Order: row.ID, Member: row.MemberID}
	if out.Fresh, err = s.Points.CompleteTx(ctx, tx, earnSource(row.ID)); err != nil && !errors.Is(err, points.ErrNothingEarned) {
		return Completed{}, fmt.Errorf("activate the points of order %d: %w", row.ID, err)
	}
	// The same fact again has no effect: what reacts to the arrival of the goods does so once.
	return out, s.Facts.Record(ctx, tx, Finished{Order: row.ID, Kind: row.Kind, Member: row.MemberID, Source: row.Source, Number: row.Number, At: tx.Now})
}
