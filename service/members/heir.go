package members

import (
	"context"

	"huitou/model"
	"huitou/model/db"
)

// heir is the member whom a row stands for.
func heir(r model.Member) model.MemberID {
	if r.MergedInto != nil {
		return *r.MergedInto
	}
	return r.ID
}

// Heir returns the member with whom another one has become one, himself when he is a member of his own. Whoever was told of a member
// some time ago asks here before he acts.
func (s *Service) Heir(ctx context.Context, id model.MemberID) (out model.MemberID, err error) {
	err = s.db.Read(ctx, func(_ context.Context, tx *db.Tx) (err error) {
		out, err = heirOf(tx, id)
		return err
	})
	return out, err
}

// HeirTx is Heir inside a transaction.
func (s *Service) HeirTx(_ context.Context, tx *db.Tx, id model.MemberID) (model.MemberID, error) {
	return heirOf(tx, id)
}
