package coupons

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// openEarly opens a claim window that has not begun to those whose paid card lets them in sooner. When the window is the only thing in the way it
// refuses the others one by one and returns nil, else the refusal itself.
func (s *Service) openEarly(ctx context.Context, tx *db.Tx, t model.CouponTemplate, refusal error, gs []grant) (error, error) {
	if s.early == nil || t.ClaimFrom == nil || !errors.Is(refusal, ErrNotStarted) {
		return refusal, nil
	}
	members := make([]model.MemberID, len(gs))
	for i, g := range gs {
		members[i] = g.member
	}
	sooner, err := s.early(ctx, tx, members)
	if err != nil {
		return nil, fmt.Errorf("ask who may claim sooner: %w", err)
	}
	open := false
	for i, m := range members {
		if tx.Now.Before(t.ClaimFrom.Add(-sooner[m])) {
			gs[i].refusal = refusal
		} else {
			open = true
		}
	}
	if !open {
		return refusal, nil
	}
	return nil, nil
}

// offerRefusal is claimRefusal for one member, whose card may open windows sooner.
func (s *Service) offerRefusal(ctx context.Context, tx *db.Tx, t model.CouponTemplate, m model.MemberID) (refusal, err error) {
	return s.openEarly(ctx, tx, t, claimRefusal(t, tx.Now), []grant{{member: m}})
}
