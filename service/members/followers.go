package members

import (
	"context"
	"fmt"
	"slices"

	"huitou/model"
	"huitou/model/db"
)

// Seen is what we know of people whom WeChat names as followers of the official account.
type Seen struct {
	// Missed are those of whom we do not know that they follow, or whom we do not know at all.
	Missed []string
	// Nameless are those who are known to follow and whose unionid is not known.
	Nameless []string
}

// SeenTx notes that a run saw people in WeChat's list, and tells of whom WeChat should be asked. At most 1,000 at a time.
func (s *Service) SeenTx(_ context.Context, tx *db.Tx, run model.FollowerSyncID, openIDs []string) (out Seen, err error) {
	rows, err := identitiesIn(tx, s.oa, openIDs)
	if err != nil {
		return out, fmt.Errorf("look up %d openids: %w", len(openIDs), err)
	}
	known := make(map[string]identity, len(rows))
	for _, r := range rows {
		known[r.OpenID] = r
	}
	for _, id := range openIDs {
		switch r, ok := known[id]; {
		case !ok || !r.Following:
			out.Missed = append(out.Missed, id)
		case r.UnionID == nil:
			out.Nameless = append(out.Nameless, id)
		}
	}
	if err := markSynced(tx, run, s.oa, openIDs); err != nil {
		return out, fmt.Errorf("note %d followers as seen: %w", len(openIDs), err)
	}
	return out, nil
}

// Unseen is an identity that follows as far as we know and was not in WeChat's list.
type Unseen struct {
	Identity int64
	OpenID   string
}

// UnseenTx returns up to limit of them, by ascending identity, beginning above one. Who followed after the run began is not among them.
func (s *Service) UnseenTx(_ context.Context, tx *db.Tx, run model.FollowerSync, limit int) ([]Unseen, error) {
	rows, err := unseenFollowers(tx, s.oa, run, limit)
	if err != nil {
		return nil, fmt.Errorf("look for followers whom run %d has not seen: %w", run.ID, err)
	}
	return slices.Clip(rows), nil
}

// UnionIDKnownTx reports whether the unionid of a follower's member is known.
func (s *Service) UnionIDKnownTx(_ context.Context, tx *db.Tx, openID string) (bool, error) {
	rows, err := identitiesIn(tx, s.oa, []string{openID})
	if err != nil {
		return false, fmt.Errorf("look up a follower: %w", err)
	}
	return len(rows) > 0 && rows[0].UnionID != nil, nil
}
