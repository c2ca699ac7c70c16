package members

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// IDsAfterTx returns the ids of at most limit members, ascending, beginning after one. It is for work that goes over all members in
// bounded steps.
func (s *Service) IDsAfterTx(_ context.Context, tx *db.Tx, after model.MemberID, limit int) ([]model.MemberID, error) {
	ids, err := idsAfter(tx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list members after %d: %w", after, err)
	}
	return ids, nil
}
