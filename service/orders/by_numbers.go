package orders

import (
	"context"
	"fmt"
	"slices"

	"huitou/model"
	"huitou/model/db"
)

// Found is what tells an order from others.
type Found struct {
	ID             model.OrderID
	Source, Number string
	Member         model.MemberID
	Kind           model.OrderKind
}

// ByNumbersTx returns the orders of one source that have some of the numbers, in no order. Numbers that nobody has are missing.
func (s *Service) ByNumbersTx(_ context.Context, tx *db.Tx, source string, numbers []string) ([]Found, error) {
	var list []Found
	for chunk := range slices.Chunk(numbers, 500) {
		rows, err := ordersByNumbers(tx, source, chunk)
		if err != nil {
			return nil, fmt.Errorf("look up %d orders of %s: %w", len(chunk), source, err)
		}
		for _, o := range rows {
			list = append(list, Found{o.ID, o.Source, o.Number, o.MemberID, o.Kind})
		}
	}
	return list, nil
}
