package members

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// BuyersTx returns which of the members have bought goods that they did not give back whole.
func (s *Service) BuyersTx(_ context.Context, tx *db.Tx, list []model.MemberID) (map[model.MemberID]bool, error) {
	bought, err := buyersAmong(tx, list)
	if err != nil {
		return nil, fmt.Errorf("look up the orders of %d members: %w", len(list), err)
	}
	return bought, nil
}
