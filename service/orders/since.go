package orders

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// BoughtSinceTx reports whether a member bought goods after an instant by another order than the given one, and has not given them
// back whole.
func (s *Service) BoughtSinceTx(_ context.Context, tx *db.Tx, m model.MemberID, except model.OrderID, after time.Time) (bool, error) {
	bought, err := boughtSince(tx, m, except, after)
	if err != nil {
		return false, fmt.Errorf("look up what member %d bought after: %w", m, err)
	}
	return bought, nil
}
