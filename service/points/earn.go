package points

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
)

// Earn gives points to a member: one entry and one lot. A repeated Source and Reason return the entry already written, with
// fresh false.
type Earn struct {
	Member model.MemberID
	Points model.Points // 1 to model.MaxPoints
	Reason Reason       // PointsForOrder, PointsForAction, PointsOpening, PointsAdjusted or PointsMergedIn
	Source string       // natural key, "order:12:earn"
	// ActiveFrom is when the points can be spent; zero or past = at once.
	ActiveFrom time.Time
	// ExpiresAt is the first instant at which they can no longer be spent; zero = never. It must lie after now and
	// after ActiveFrom.
	ExpiresAt time.Time
	// Awaiting makes the points pending until CompleteTx names their source; ActiveFrom and ExpiresAt must then be zero, and Expiry
	// says how they end once they have become active.
	Awaiting bool
	Expiry   model.ExpiryRule
	Note     string
	Staff    model.StaffID
}

// Earn runs the command in a transaction of its own.
func (s *Service) Earn(ctx context.Context, in Earn) (entry model.PointsEntry, fresh bool, err error) {
	return posted(ctx, s, in, s.EarnTx)
}

// EarnTx joins a transaction.
func (s *Service) EarnTx(_ context.Context, tx *db.Tx, in Earn) (entry model.PointsEntry, fresh bool, err error) {
	// The end is judged with the entry at hand only: a repetition that comes after it must find the first entry.
	if err := in.checkShape(); err != nil {
		return entry, false, err
	}
	want := model.PointsEntry{MemberID: in.Member, Kind: model.PointsEarned, Source: in.Source, Reason: in.Reason, Delta: in.Points}
	return once(tx, want, []model.MemberID{in.Member}, func(b *Batch) (model.PointsEntry, error) { return b.Earn(in) })
}

func (in Earn) checkShape() error {
	return invalid(checkCommand(in.Member, in.Points, in.Source, in.Note, in.Reason, model.PointsForOrder, model.PointsForAction,
		model.PointsOpening, model.PointsAdjusted, model.PointsMergedIn))
}

func (in Earn) check(now time.Time) error {
	if err := in.checkShape(); err != nil {
		return err
	}
	if in.Awaiting {
		if _, err := model.ParseExpiryRule(in.Expiry.String()); err != nil || !in.ActiveFrom.IsZero() || !in.ExpiresAt.IsZero() {
			return invalid([]fault.Field{{Name: "expiry", Reason: "must be a rule, without instants, for points that wait for an action"}})
		}
		return nil
	}
	if !in.expiresAt().After(in.activeFrom(now)) || in.expiresAt().After(model.Never) {
		return invalid([]fault.Field{{Name: "expires_at", Reason: "must lie after the points become active"}})
	}
	return nil
}

func (in Earn) activeFrom(now time.Time) time.Time {
	if in.Awaiting {
		return model.Awaited
	}
	if from := in.ActiveFrom.UTC().Truncate(time.Microsecond); from.After(now) {
		return from
	}
	return now
}

func (in Earn) expiresAt() time.Time {
	if in.ExpiresAt.IsZero() {
		return model.Never
	}
	return in.ExpiresAt.UTC().Truncate(time.Microsecond)
}
