package points

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// Return gives back what a spending took, to the very same lots with their own end; the lot that ends last first when it
// is a part. Points of a lot that has ended meanwhile come back and expire at once: the policy is "dead", without grace.
// A repeated Source returns the entry already written, with fresh false.
type Return struct {
	// Spent and SpentReason name the spending: the Source and Reason of a Spend, or of a captured Hold.
	Spent       string
	SpentReason Reason
	// Source names the return, "redemption:8f3…:cancel"; several parts of one spending have one each.
	Source string
	// Points is how many come back; 0 = all that have not come back yet.
	Points model.Points
	Note   string
	Staff  model.StaffID
}

// Return runs the command in a transaction of its own.
func (s *Service) Return(ctx context.Context, in Return) (entry model.PointsEntry, fresh bool, err error) {
	return posted(ctx, s, in, s.ReturnTx)
}

// ReturnTx joins a transaction. It returns ErrNothingSpent when the spending does not exist or is an open or released
// hold, and ErrReturnTooLarge when less than Points is left to come back.
func (s *Service) ReturnTx(_ context.Context, tx *db.Tx, in Return) (entry model.PointsEntry, fresh bool, err error) {
	of, ok, err := entryOf(tx, in.Spent, in.SpentReason)
	if err != nil {
		return entry, false, fmt.Errorf("look up source %s: %w", in.Spent, err)
	}
	if !ok || (of.Kind != model.PointsSpent && of.Kind != model.PointsHeld) {
		return entry, false, ErrNothingSpent
	}
	// 0 stands for the rest; 1 passes the check in its place.
	bad := checkCommand(of.MemberID, max(in.Points, 1), in.Source, in.Note, model.PointsGivenBack, model.PointsGivenBack)
	if in.Points < 0 {
		bad = append(bad, fault.Field{Name: "points", Reason: "must not be negative"})
	}
	if err := invalid(bad); err != nil {
		return entry, false, err
	}
	want := model.PointsEntry{MemberID: of.MemberID, Kind: model.PointsReturned, Source: in.Source, Reason: model.PointsGivenBack,
		Delta: in.Points, ReversesSeq: &of.Seq}
	return once(tx, want, func(b *Batch) (model.PointsEntry, error) {
		if of.Kind == model.PointsHeld {
			h, ok, err := holdOf(tx, of.Source)
			if err != nil {
				return entry, fmt.Errorf("look up hold %s: %w", of.Source, err)
			}
			if !ok || h.State != model.HoldCaptured {
				return entry, ErrNothingSpent
			}
		}
		return b.put(b.accounts[of.MemberID], of, in.Points, model.PointsEntry{Kind: model.PointsReturned, Reason: model.PointsGivenBack,
			Source: in.Source, Note: in.Note, StaffID: in.Staff})
	})
}
