package members

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Fan is a member who follows the official account.
type Fan struct {
	OpenID     string
	FollowedAt time.Time
}

// FansTx returns those of at most 1,000 members who follow the official account. Of several openids of one member the newest counts.
func (s *Service) FansTx(_ context.Context, tx *db.Tx, ids []model.MemberID) (map[model.MemberID]Fan, error) {
	fans, err := fansAmong(tx, s.oa, ids)
	if err != nil {
		return nil, fmt.Errorf("look for followers among %d members: %w", len(ids), err)
	}
	return fans, nil
}

// ByFansTx returns the members behind at most 1,000 openids of the official account; those that nobody has are left out.
func (s *Service) ByFansTx(_ context.Context, tx *db.Tx, openIDs []string) (map[string]model.MemberID, error) {
	found, err := membersByOpenIDs(tx, s.oa, openIDs)
	if err != nil {
		return nil, fmt.Errorf("look up the members behind %d openids: %w", len(openIDs), err)
	}
	return found, nil
}
