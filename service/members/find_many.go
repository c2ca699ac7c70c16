package members

import (
	"context"
	"fmt"
	"slices"

	"huitou/model"
	"huitou/model/db"
)

// Key is one of the ways to name many members at once.
type Key string

// The keys.
const (
	ByNumber   Key = "number"   // the public member number
	ByPhone    Key = "phone"    // in any form that Ref takes
	ByExternal Key = "external" // the number in a shop's own system
)

// FindManyTx returns the members that values name, those that nobody has left out. source goes with ByExternal.
func (s *Service) FindManyTx(_ context.Context, tx *db.Tx, by Key, source string, values []string) (map[string]model.MemberID, error) {
	out := make(map[string]model.MemberID, len(values))
	if len(values) == 0 {
		return out, nil
	}
	switch by {
	case ByNumber:
		numbers := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !numberForm.MatchString(v) })
		return out, membersByNumbers(tx, numbers, out)
	case ByExternal:
		return out, membersByExternals(tx, source, values, out)
	case ByPhone:
		// Several ways to write one number lead to one member.
		indexes, of := make([]string, 0, len(values)), make(map[string][]string, len(values))
		for _, v := range values {
			phone, err := normalise(v)
			if err != nil {
				continue // not a number, so nobody's
			}
			index := s.phones.Index(phone)
			if of[index] == nil {
				indexes = append(indexes, index)
			}
			of[index] = append(of[index], v)
		}
		found := make(map[string]model.MemberID, len(indexes))
		if err := membersByPhones(tx, indexes, found); err != nil {
			return nil, err
		}
		for index, id := range found {
			for _, v := range of[index] {
				out[v] = id
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("members: %q is not a key", by)
}
