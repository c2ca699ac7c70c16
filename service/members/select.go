package members

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Filter picks members by what they bought. The zero Filter is everybody.
type Filter struct {
	// BoughtSince keeps those whose latest order was paid then or later; NotBoughtSince those whose latest was paid earlier,
	// and those who never bought.
	BoughtSince, NotBoughtSince *time.Time
	// UpTo leaves out members with a higher id, who joined later; 0 is no bound.
	UpTo model.MemberID
}

// SelectTx returns up to limit members whom the filter finds, by ascending id, beginning above after: a caller walks through millions
// in pieces.
func (s *Service) SelectTx(_ context.Context, tx *db.Tx, f Filter, after model.MemberID, limit int) ([]model.MemberID, error) {
	ids, err := selectMembers(tx, f, after, limit)
	if err != nil {
		return nil, fmt.Errorf("select members above %d: %w", after, err)
	}
	return ids, nil
}

// CountTx returns how many members the filter finds and the highest id of all members.
func (s *Service) CountTx(_ context.Context, tx *db.Tx, f Filter) (n int64, highest model.MemberID, err error) {
	if n, highest, err = countMembers(tx, f); err != nil {
		err = fmt.Errorf("count members: %w", err)
	}
	return n, highest, err
}

// ByPhonesTx returns the members who have phone numbers, in the order of the numbers; 0 stands for a number that nobody has and for
// a text that is no number.
func (s *Service) ByPhonesTx(_ context.Context, tx *db.Tx, phones []string) ([]model.MemberID, error) {
	indexes := make([]string, len(phones))
	for i, p := range phones {
		if number, err := normalise(p); err == nil {
			indexes[i] = s.phones.Index(number)
		}
	}
	known := make(map[string]model.MemberID, len(phones))
	for rest := indexes; len(rest) > 0; {
		n := min(bulk, len(rest))
		if err := membersByPhoneIndexes(tx, rest[:n], known); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	ids := make([]model.MemberID, len(phones))
	for i, x := range indexes {
		ids[i] = known[x]
	}
	return ids, nil
}

// KnownTx returns which of the ids are members'.
func (s *Service) KnownTx(_ context.Context, tx *db.Tx, ids []model.MemberID) (map[model.MemberID]bool, error) {
	known := make(map[model.MemberID]bool, len(ids))
	for rest := ids; len(rest) > 0; {
		n := min(bulk, len(rest))
		if err := knownMembers(tx, rest[:n], known); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return known, nil
}
