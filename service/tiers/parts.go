package tiers

import (
	"context"
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/moves"
)

const tierPart = "member_tiers.member_id"

// MergeParts says what becomes of levels when two members turn out to be one. It stands after the parts of orders and points, whose sums
// lift the survivor.
func (s *Service) MergeParts() []moves.Part {
	return []moves.Part{
		{
			Columns: []string{tierPart, "tier_moves.member_id", "tier_reaches.member_id"},
			Says:    "等级取两人中较高者及其有效期,合并后的消费可再升级;并入方的等级与记录原样保留,拆分时恢复;同一等级的礼遇两人只送一次",
			Join:    s.join,
			Split:   s.split,
		},
	}
}

// movedTier is where the survivor stood, nil when he had never moved, and the line of his history after the merge.
type movedTier struct {
	Before *model.MemberTier `json:"before"`
	Seq    int64             `json:"seq"`
}

// join gives the survivor the better level of the two and then what both have bought together. A level that staff fixed for him stays.
func (s *Service) join(ctx context.Context, tx *db.Tx, m moves.Merge) error {
	r, err := readRules(tx)
	if err != nil || !r.complete() {
		return err
	}
	rows, err := lockTiers(tx, []model.MemberID{m.From, m.To})
	if err != nil {
		return fmt.Errorf("lock the levels of members %d and %d: %w", m.From, m.To, err)
	}
	from, err := r.standing(rows[m.From])
	if err != nil {
		return err
	}
	to, err := r.standing(rows[m.To])
	if err != nil {
		return err
	}
	if v, ok := better(from, to, tx); ok {
		if err := s.move(ctx, tx, r, m.To, rows[m.To], v, by{}); err != nil {
			return err
		}
	}
	if err := s.OrderPaidTx(ctx, tx, m.To); err != nil {
		return err
	}
	now, err := tierOf(tx, m.To)
	if err != nil || now == nil || rows[m.To] != nil && now.Seq == rows[m.To].Seq {
		return err // he stands where he stood
	}
	return moves.Note(tx, m, tierPart, []moves.Row{{Key: fmt.Sprint(m.To), Was: movedTier{rows[m.To], now.Seq}}})
}

// better is the standing of one member for another one, where it is better.
func better(from, to standing, tx *db.Tx) (v verdict, ok bool) {
	if to.locked(tx.Now) || from.level == 0 || from.level < to.level || from.level == to.level && !from.validUntil.After(to.validUntil) {
		return v, false
	}
	next := from
	next.since = tx.Now
	return verdict{next: next, reason: model.TierMerged, metric: from.basis.metric}, true
}

// split puts the survivor back where he stood unless he has moved since; then the nightly evaluation judges by what is his.
func (s *Service) split(ctx context.Context, tx *db.Tx, m moves.Merge) error {
	list, err := moves.Noted(tx, m, tierPart)
	if err != nil || len(list) == 0 {
		return err
	}
	was, err := moves.Was[movedTier](list[0])
	if err != nil {
		return err
	}
	r, err := readRules(tx)
	if err != nil {
		return err
	}
	row, err := lockTier(tx, m.To)
	if err != nil {
		return fmt.Errorf("lock the level of member %d: %w", m.To, err)
	}
	if row == nil {
		return errors.New("tiers: a member's level is gone")
	}
	if row.Seq != was.Seq {
		return nil
	}
	before, err := r.standing(was.Before)
	if err != nil {
		return err
	}
	if was.Before == nil {
		before.since, before.basis = tx.Now, basis{0, tx.Now, tx.Now}
	}
	if err := s.move(ctx, tx, r, m.To, row, verdict{next: before, reason: model.TierSplit, metric: before.basis.metric}, by{}); err != nil {
		return err
	}
	return moves.Back(tx, list)
}
