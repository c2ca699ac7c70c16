package orders

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// OwnOrder is an order, as its buyer is told of it.
type OwnOrder struct {
	Number               string
	State                model.OrderState
	PaidAt               time.Time
	PaidFen, RefundedFen model.Fen
	Goods                string // name of the first line; empty when the lines are not known
	Lines                int64
}

// maxOwn bounds what OwnTx returns.
const maxOwn = 10

// OwnTx returns orders of goods of one member, the newest first, at most most of them (1 to 10): those with one of the numbers, or with none
// given the latest. Letters of a number count alike, small or not, as people write them. Whether others have an order with such a number
// makes no difference, neither to the answer nor to the work.
func (s *Service) OwnTx(_ context.Context, tx *db.Tx, member model.MemberID, numbers []string, most int) ([]OwnOrder, error) {
	var ways []string
	for _, n := range numbers {
		for _, way := range []string{n, strings.ToUpper(n), strings.ToLower(n)} {
			if !slices.Contains(ways, way) {
				ways = append(ways, way)
			}
		}
	}
	rows, err := ownOrders(tx, member, ways, min(max(most, 1), maxOwn))
	if err != nil {
		return nil, fmt.Errorf("read orders of member %d: %w", member, err)
	}
	list := make([]OwnOrder, len(rows))
	for i, o := range rows {
		lines, err := linesOf(tx, o.ID)
		if err != nil {
			return nil, fmt.Errorf("read the lines of order %d: %w", o.ID, err)
		}
		list[i] = OwnOrder{Number: o.Number, State: o.State, PaidAt: o.PaidAt.UTC(), PaidFen: o.PaidFen, RefundedFen: o.RefundedFen, Lines: int64(len(lines))}
		if len(lines) > 0 {
			list[i].Goods = lines[0].Name
		}
	}
	return list, nil
}
