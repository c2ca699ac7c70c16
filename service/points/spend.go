package points

import (
	"context"

	"huitou/model"
	"huitou/model/db"
)

// Spend takes points from a member, soonest-ending lots first. A repeated Source and Reason return the entry already
// written, with fresh false. When the balance is too small it returns ErrInsufficient and has written nothing, so that the
// caller's transaction may go on.
type Spend struct {
	Member model.MemberID
	Points model.Points // 1 to model.MaxPoints
	Reason Reason       // PointsForGift, PointsForCash, PointsClawedBack, PointsAdjusted or PointsMergedOut
	Source string       // natural key, "redemption:8f3…"
	Note   string
	Staff  model.StaffID
}

// Spend runs the command in a transaction of its own.
func (s *Service) Spend(ctx context.Context, in Spend) (entry model.PointsEntry, fresh bool, err error) {
	return posted(ctx, s, in, s.SpendTx)
}

// SpendTx joins a transaction.
func (s *Service) SpendTx(_ context.Context, tx *db.Tx, in Spend) (entry model.PointsEntry, fresh bool, err error) {
	if err := in.check(); err != nil {
		return entry, false, err
	}
	return once(tx, in.want(model.PointsSpent), []model.MemberID{in.Member}, func(b *Batch) (model.PointsEntry, error) {
		return b.take(in, model.PointsSpent)
	})
}

func (in Spend) check() error {
	return invalid(checkCommand(in.Member, in.Points, in.Source, in.Note, in.Reason, model.PointsForGift, model.PointsForCash,
		model.PointsClawedBack, model.PointsAdjusted, model.PointsMergedOut))
}

func (in Spend) want(kind model.PointsKind) model.PointsEntry {
	return model.PointsEntry{MemberID: in.Member, Kind: kind, Source: in.Source, Reason: in.Reason, Delta: -in.Points}
}
