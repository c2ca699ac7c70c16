package memberships

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// EarlyTx returns how much sooner the windows of coupons and gifts open for members by their cards of now; those who are not in it have to wait
// like everybody else.
func (s *Service) EarlyTx(_ context.Context, tx *db.Tx, list []model.MemberID) (map[model.MemberID]time.Duration, error) {
	hours, err := earlyOn(tx, list, model.DayOf(tx.Now, model.Shanghai))
	if err != nil {
		return nil, err
	}
	out := make(map[model.MemberID]time.Duration, len(hours))
	for m, h := range hours {
		out[m] = time.Duration(h) * time.Hour
	}
	return out, nil
}
