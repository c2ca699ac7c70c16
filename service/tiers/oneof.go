package tiers

import (
	"context"
	"fmt"
	"slices"

	"huitou/model"
	"huitou/model/db"
)

// OnOneOfTx returns those of some members who stand on one of the levels now; a level that is no more is nobody's. Who never moved stands
// on the lowest one.
func (s *Service) OnOneOfTx(_ context.Context, tx *db.Tx, levels []model.PublicID, of []model.MemberID) (map[model.MemberID]bool, error) {
	on := make(map[model.MemberID]bool, len(of))
	l, err := readLadder(tx)
	if err != nil || len(l) == 0 || len(of) == 0 {
		return on, err
	}
	stands, err := tiersIn(tx, of)
	if err != nil {
		return nil, fmt.Errorf("read the levels of %d members: %w", len(of), err)
	}
	for _, m := range of {
		on[m] = slices.Contains(levels, l[max(l.place(stands[m]), 0)].PublicID)
	}
	return on, nil
}

// NamesTx returns the names of levels, in their order, or ErrLevelUnknown.
func (s *Service) NamesTx(_ context.Context, tx *db.Tx, levels []model.PublicID) ([]string, error) {
	l, err := readLadder(tx)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(levels))
	for i, id := range levels {
		at := slices.IndexFunc(l, func(v model.TierLevel) bool { return v.PublicID == id })
		if at < 0 {
			return nil, ErrLevelUnknown
		}
		names[i] = l[at].Name
	}
	return names, nil
}
