package tiers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// errRaced means that another transaction gave the member his first row just now.
var errRaced = errors.New("tiers: the member's first level was written by somebody else")

// rules are the ladder and the scheme as they are set up now.
type rules struct {
	ladder ladder
	scheme model.TierScheme
}

// complete tells whether there is anything to climb.
func (r rules) complete() bool { return len(r.ladder) > 0 && r.scheme.ID != 0 }

// standing reads a row; nil is a member who never moved.
func (r rules) standing(row *model.MemberTier) (standing, error) {
	if row == nil {
		return standing{validUntil: model.Never}, nil
	}
	at := r.ladder.place(row.LevelID)
	if at < 0 {
		return standing{}, fmt.Errorf("tiers: member %d stands on level %d, which is gone", row.MemberID, row.LevelID)
	}
	return standing{level: at, since: row.Since, validUntil: row.ValidUntil,
		basis: basis{row.Basis, row.BasisFrom, row.BasisAt}, refunded: row.Refunded, warnedUntil: row.WarnedUntil, lockedUntil: row.LockedUntil}, nil
}

// by says who moves a member.
type by struct {
	staff model.StaffID
	note  string
}

// move writes a verdict with a reason: the member's row, the line of his history, and what he reached for the first time.
func (s *Service) move(ctx context.Context, tx *db.Tx, r rules, m model.MemberID, row *model.MemberTier, v verdict, who by) error {
	from := r.ladder[0].ID
	next := model.MemberTier{MemberID: m, LevelID: r.ladder[v.next.level].ID, Since: v.next.since, ValidUntil: v.next.validUntil,
		Basis: v.next.basis.metric, BasisFrom: v.next.basis.from, BasisAt: v.next.basis.at, Refunded: v.next.refunded, Seq: 1, WarnedUntil: v.next.warnedUntil, LockedUntil: v.next.lockedUntil}
	if row == nil {
		fresh, err := tx.Insert(&next)
		if err != nil {
			return fmt.Errorf("give member %d a level: %w", m, err)
		}
		if !fresh {
			return errRaced
		}
	} else {
		from, next.Seq = row.LevelID, row.Seq+1
		if err := saveTier(tx, *row, next); err != nil {
			return fmt.Errorf("move member %d: %w", m, err)
		}
	}
	err := insertMove(tx, &model.TierMove{MemberID: m, Seq: next.Seq, FromLevel: from, ToLevel: next.LevelID, Reason: v.reason,
		Metric: v.metric, ValidUntil: next.ValidUntil, StaffID: who.staff, Note: who.note, At: tx.Now})
	if err != nil {
		return fmt.Errorf("write the history of member %d: %w", m, err)
	}
	if v.reason != model.TierQualified {
		return nil
	}
	return s.reach(ctx, tx, r, m, r.ladder.place(from)+1, v.next.level)
}

// reach records the levels from first to last of those that a member has not reached before.
func (s *Service) reach(ctx context.Context, tx *db.Tx, r rules, m model.MemberID, first, last int) error {
	before, err := reachedBefore(tx, m)
	if err != nil {
		return fmt.Errorf("look up what member %d reached before he was merged: %w", m, err)
	}
	for i := first; i <= last; i++ {
		l := r.ladder[i]
		if before[l.ID] {
			continue // the same person did, under another number
		}
		fresh, err := tx.Insert(&model.TierReach{MemberID: m, LevelID: l.ID, GiftTemplate: l.GiftTemplate, At: tx.Now})
		if err != nil {
			return fmt.Errorf("record that member %d reached level %d: %w", m, l.ID, err)
		}
		if !fresh {
			continue
		}
		if err := s.Facts.Record(ctx, tx, Reached{Member: m, Level: l.ID, Name: l.Name, Rank: i + 1, Gift: l.GiftTemplate, At: tx.Now}); err != nil {
			return err
		}
	}
	return nil
}

// OrderPaidTx lifts a member at once when an order of the same transaction lifted the metric to a threshold. The
// member's account is locked by the caller. Nobody moves down here.
func (s *Service) OrderPaidTx(ctx context.Context, tx *db.Tx, m model.MemberID) error {
	r, err := readRules(tx)
	if err != nil || !r.complete() {
		return err
	}
	row, err := lockTier(tx, m)
	if err != nil {
		return fmt.Errorf("lock the level of member %d: %w", m, err)
	}
	if err = s.lift(ctx, tx, r, m, row); errors.Is(err, errRaced) {
		if row, err = lockTier(tx, m); err == nil {
			err = s.lift(ctx, tx, r, m, row)
		}
	}
	return err
}

func (s *Service) lift(ctx context.Context, tx *db.Tx, r rules, m model.MemberID, row *model.MemberTier) error {
	st, err := r.standing(row)
	if err != nil || st.level == len(r.ladder)-1 || st.locked(tx.Now) {
		return err
	}
	sums, err := s.sum(ctx, tx, r.scheme.Metric, []model.MemberID{m}, windowStart(r.scheme.Period, dayOf(tx.Now)))
	if err != nil {
		return err
	}
	v := rise(r.ladder, r.scheme, st, sums[m], tx.Now)
	if v.reason == "" {
		return nil
	}
	return s.move(ctx, tx, r, m, row, v, by{})
}

// Refund is money that went back, and the points that were clawed back with it.
type Refund struct {
	Member model.MemberID
	PaidAt time.Time // of the order
	Goods  model.Fen // without freight; 0 or more
	Points model.Points
}

// OrderRefundedTx remembers how much of what earned the member's level was given back. The caller makes sure that it is called once
// for each refund, in its transaction and with the member's account locked. Nobody moves here; see the package comment.
func (s *Service) OrderRefundedTx(_ context.Context, tx *db.Tx, in Refund) error {
	r, err := readRules(tx)
	if err != nil || !r.complete() {
		return err
	}
	row, err := lockTier(tx, in.Member)
	if err != nil {
		return fmt.Errorf("lock the level of member %d: %w", in.Member, err)
	}
	amount := int64(in.Goods)
	if r.scheme.Metric == model.TierByPoints {
		amount = int64(in.Points)
	}
	if row == nil || amount <= 0 || !(basis{row.Basis, row.BasisFrom, row.BasisAt}).holds(in.PaidAt) {
		return nil // what was paid before or after the level was earned did not earn it
	}
	next := *row
	next.Refunded += amount
	if err := saveTier(tx, *row, next); err != nil {
		return fmt.Errorf("note a refund of member %d: %w", in.Member, err)
	}
	return nil
}
