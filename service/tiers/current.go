package tiers

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Tier is where a member stands now. Without levels or a scheme its Level is nil.
type Tier struct {
	Level  *Level
	Since  *time.Time // nil on the lowest level from the beginning
	Metric model.TierMetric
	// Value is the metric of the window that began on From.
	Value int64
	From  model.Day
	// Next is the level above, nil on the highest; Missing is what is missing to it.
	Next    *Level
	Missing int64
	// ValidUntil is the first day on which the level is over, zero for the lowest; GraceUntil the first after the grace. ToKeep is what is
	// missing to keep the level, counted in the window that will decide.
	ValidUntil, GraceUntil model.Day
	ToKeep                 int64
	// LockedUntil is the first day on which rules move the member again, zero when staff have not fixed the level.
	LockedUntil model.Day
	// Moves is the number of lines in the member's history.
	Moves    int64
	Replayed bool `json:"-"` // of a lock whose key is known
}

// Current returns where a member stands. A level stays until the evaluation takes it.
func (s *Service) Current(ctx context.Context, m model.MemberID) (out Tier, err error) {
	err = s.DB.Snapshot(ctx, func(ctx context.Context, tx *db.Tx) error {
		out, err = s.CurrentTx(ctx, tx, m)
		return err
	})
	return out, err
}

// CurrentTx is Current within a transaction or a read.
func (s *Service) CurrentTx(ctx context.Context, tx *db.Tx, m model.MemberID) (out Tier, err error) {
	r, err := readRules(tx)
	if err != nil || !r.complete() {
		return out, err
	}
	row, err := tierOf(tx, m)
	if err != nil {
		return out, err
	}
	st, err := r.standing(row)
	if err != nil {
		return out, err
	}
	out.Metric, out.From = r.scheme.Metric, windowStart(r.scheme.Period, dayOf(tx.Now))
	sums, err := s.sum(ctx, tx, out.Metric, []model.MemberID{m}, out.From)
	if err != nil {
		return out, err
	}
	level := r.ladder.view(st.level)
	out.Level, out.Value = &level, sums[m]
	if row != nil {
		out.Since, out.Moves = &row.Since, row.Seq
	}
	if st.level+1 < len(r.ladder) {
		next := r.ladder.view(st.level + 1)
		out.Next, out.Missing = &next, max(0, next.Threshold-out.Value)
	}
	if st.locked(tx.Now) {
		out.LockedUntil = dayOf(*st.lockedUntil)
	}
	if st.level == 0 {
		return out, nil
	}
	out.ValidUntil, out.GraceUntil = dayOf(st.validUntil), dayOf(graceEnd(r.scheme, st.validUntil))
	if keep := keepStart(r.scheme.Period, out.ValidUntil); keep.Before(dayOf(tx.Now)) {
		if sums, err = s.sum(ctx, tx, out.Metric, []model.MemberID{m}, keep); err != nil {
			return out, err
		}
		out.ToKeep = max(0, level.Threshold-sums[m])
	} else {
		out.ToKeep = level.Threshold // its window has not begun
	}
	return out, nil
}

// RateAt returns the rank of the level that a member had at an instant, from 1, and the rate by which it multiplied his points.
// Without levels the rank is 0 and the rate the whole.
func (s *Service) RateAt(_ context.Context, tx *db.Tx, m model.MemberID, at time.Time) (rank int64, rate model.BasisPoints, err error) {
	l, err := readLadder(tx)
	if err != nil || len(l) == 0 {
		return 0, model.WholeBP, err
	}
	id, err := levelAt(tx, m, at)
	if err != nil {
		return 0, model.WholeBP, err
	}
	i := max(l.place(id), 0)
	return int64(i) + 1, l[i].PointsMultiplierBP, nil
}
