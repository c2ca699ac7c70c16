package tiers

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// AtLeastTx returns those of some members who stand on a level or above it. It returns ErrLevelUnknown. A level stays until
// the evaluation takes it.
func (s *Service) AtLeastTx(_ context.Context, tx *db.Tx, level model.PublicID, of []model.MemberID) (map[model.MemberID]bool, error) {
	l, err := readLadder(tx)
	if err != nil {
		return nil, err
	}
	at := -1
	for i := range l {
		if l[i].PublicID == level {
			at = i
		}
	}
	if at < 0 {
		return nil, ErrLevelUnknown
	}
	high := make(map[model.MemberID]bool, len(of))
	if len(of) == 0 {
		return high, nil
	}
	levels, err := tiersIn(tx, of)
	if err != nil {
		return nil, fmt.Errorf("read the levels of %d members: %w", len(of), err)
	}
	for _, m := range of {
		high[m] = max(l.place(levels[m]), 0) >= at // who never moved stands on the lowest level
	}
	return high, nil
}
