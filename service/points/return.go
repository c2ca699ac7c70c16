package points

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// Return gives back what a spending took, to the very same lots with their own end; the lot that ends last first when it
// is a part. Points of a lot that has ended meanwhile come back and expire at once, unless GraceDays gives them some more time.
// A repeated Source returns the entry already written, with fresh false.
type Return struct {
	// Spent and SpentReason name the spending: the Source and Reason of a Spend, or of a captured Hold.
	Spent       string
	SpentReason Reason
	// Source names the return, "redemption:8f3…:cancel"; several parts of one spending have one each.
	Source string
	// Points is how many come back; 0 = all that have not come back yet.
	Points model.Points
	// GraceDays is for how many whole business days more points live whose lot has ended meanwhile: 0 (they are dead) to 366.
	GraceDays int
	Note      string
	Staff     model.StaffID
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
	if !ok || (of.Kind != model.PointsSpent && of.Kind != model.PointsHeld) || byLedger(of.Reason) {
		return entry, false, ErrNothingSpent
	}
	// 0 stands for the rest; 1 passes the check in its place.
	bad := checkCommand(of.MemberID, max(in.Points, 1), in.Source, in.Note, model.PointsGivenBack, model.PointsGivenBack)
	if in.Points < 0 {
		bad = append(bad, fault.Field{Name: "points", Reason: "must not be negative"})
	}
	if in.GraceDays < 0 || in.GraceDays > maxGraceDays {
		bad = append(bad, fault.Field{Name: "grace_days", Reason: "must be 0 to 366"})
	}
	if err := invalid(bad); err != nil {
		return entry, false, err
	}
	heir, err := heirOf(tx, of.MemberID)
	if err != nil {
		return entry, false, err
	}
	want := model.PointsEntry{MemberID: of.MemberID, Kind: model.PointsReturned, Source: in.Source, Reason: model.PointsGivenBack,
		Delta: in.Points, ReversesSeq: &of.Seq}
	return once(tx, want, []model.MemberID{of.MemberID, heir}, func(b *Batch) (model.PointsEntry, error) {
		if of.Kind == model.PointsHeld {
			h, ok, err := holdOf(tx, of.Source)
			if err != nil {
				return entry, fmt.Errorf("look up hold %s: %w", of.Source, err)
			}
			if !ok || h.State != model.HoldCaptured {
				return entry, ErrNothingSpent
			}
		}
		return b.giveBack(of, heir, in)
	})
}

const maxGraceDays = 366

// giveBack puts points back into their lots and passes them on when the account was merged into another.
func (b *Batch) giveBack(of model.PointsEntry, heir model.MemberID, in Return) (model.PointsEntry, error) {
	a := b.accounts[of.MemberID]
	entry, err := b.put(a, of, in.Points, in.GraceDays, model.PointsEntry{Kind: model.PointsReturned, Reason: model.PointsGivenBack,
		Source: in.Source, Note: in.Note, StaffID: in.Staff})
	if err != nil {
		return entry, err
	}
	again, err := heirOf(b.tx, a.MemberID) // under the lock, which a merge takes as well
	if err != nil {
		return entry, err
	}
	if again != heir {
		return entry, errMoved
	}
	if heir != a.MemberID {
		b.move(a, b.accounts[heir])
	}
	return entry, nil
}

// byLedger reports whether the points went for a reason that nobody can take back.
func byLedger(r Reason) bool {
	return r == model.PointsDebtPaid || r == model.PointsMergedOut || r == model.PointsClawedBack
}
