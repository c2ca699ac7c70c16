package tiers

import (
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// errMoved means that a row changed although it was locked.
var errMoved = errors.New("tiers: a row changed although it was locked")

func readLadder(tx *db.Tx) (l ladder, err error) {
	if err = tx.Gorm().Order("threshold").Find(&l).Error; err != nil {
		return nil, fmt.Errorf("read the levels: %w", err)
	}
	return l, nil
}

func readRules(tx *db.Tx) (r rules, err error) {
	if r.ladder, err = readLadder(tx); err != nil || len(r.ladder) == 0 {
		return r, err
	}
	err = tx.Gorm().Order("id DESC").Limit(1).Take(&r.scheme).Error
	if err != nil && !db.IsNotFound(err) {
		return r, fmt.Errorf("read the scheme: %w", err)
	}
	return r, nil
}

func insertScheme(tx *db.Tx, row *model.TierScheme) error { return tx.Gorm().Create(row).Error }

func saveLevel(tx *db.Tx, before, after model.TierLevel) error {
	res := tx.Gorm().Model(&model.TierLevel{}).
		Where("id = ? AND threshold = ? AND points_multiplier_bp = ?", before.ID, before.Threshold, before.PointsMultiplierBP).
		Updates(map[string]any{"name": after.Name, "threshold": after.Threshold, "points_multiplier_bp": after.PointsMultiplierBP,
			"benefits": after.Benefits, "icon": after.Icon, "gift_template": after.GiftTemplate})
	switch {
	case db.IsDuplicate(res.Error):
		return ErrThresholdTaken
	case res.Error == nil && res.RowsAffected != 1:
		return ErrNarrowing // somebody else changed it just now; the change was judged by what it was before
	}
	return res.Error
}

// countLevels returns how many members stand on each level. Members without a row stand on the lowest.
func countLevels(tx *db.Tx, l ladder) ([]int64, error) {
	var rows []struct {
		LevelID model.TierLevelID
		N       int64
	}
	own := "member_id IN (SELECT id FROM members WHERE merged_into IS NULL)"
	if err := tx.Gorm().Model(&model.MemberTier{}).Select("level_id, COUNT(*) AS n").Where(own).Group("level_id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("count the members of levels: %w", err)
	}
	out := make([]int64, len(l))
	if err := tx.Gorm().Model(&model.Member{}).Where("merged_into IS NULL").Count(&out[0]).Error; err != nil {
		return nil, fmt.Errorf("count members: %w", err)
	}
	for _, r := range rows {
		if i := l.place(r.LevelID); i > 0 {
			out[i] += r.N
			out[0] -= r.N
		}
	}
	return out, nil
}

func tierOf(tx *db.Tx, m model.MemberID) (*model.MemberTier, error) {
	var rows []model.MemberTier
	if err := tx.Gorm().Where("member_id = ?", m).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

func lockTier(tx *db.Tx, m model.MemberID) (*model.MemberTier, error) {
	rows, err := lockTiers(tx, []model.MemberID{m})
	return rows[m], err
}

// lockTiers locks the rows of members that exist, in the order of member ids.
func lockTiers(tx *db.Tx, ids []model.MemberID) (map[model.MemberID]*model.MemberTier, error) {
	var rows []model.MemberTier
	err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("member_id IN ?", ids).Order("member_id").Find(&rows).Error
	out := make(map[model.MemberID]*model.MemberTier, len(rows))
	for i := range rows {
		out[rows[i].MemberID] = &rows[i]
	}
	return out, err
}

// tiersIn returns the levels of members who have moved.
func tiersIn(tx *db.Tx, ids []model.MemberID) (map[model.MemberID]model.TierLevelID, error) {
	var rows []model.MemberTier
	if err := tx.Gorm().Select("member_id", "level_id").Where("member_id IN ?", ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[model.MemberID]model.TierLevelID, len(rows))
	for _, r := range rows {
		out[r.MemberID] = r.LevelID
	}
	return out, nil
}

func saveTier(tx *db.Tx, before, after model.MemberTier) error {
	res := tx.Gorm().Model(&model.MemberTier{}).Where("member_id = ? AND seq = ? AND refunded = ?", before.MemberID, before.Seq, before.Refunded).
		Updates(map[string]any{"level_id": after.LevelID, "since": after.Since, "valid_until": after.ValidUntil, "basis": after.Basis,
			"basis_from": after.BasisFrom, "basis_at": after.BasisAt, "refunded": after.Refunded, "seq": after.Seq,
			"warned_until": after.WarnedUntil, "locked_until": after.LockedUntil})
	if res.Error == nil && res.RowsAffected != 1 {
		return errMoved
	}
	return res.Error
}

func insertMove(tx *db.Tx, row *model.TierMove) error { return tx.Gorm().Create(row).Error }

func movesOf(tx *db.Tx, m model.MemberID, before int64, limit int) (rows []model.TierMove, err error) {
	q := tx.Gorm().Where("member_id = ?", m)
	if before > 0 {
		q = q.Where("seq < ?", before)
	}
	err = q.Order("seq DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

// levelAt returns the level that a member had at an instant, 0 for the lowest from the beginning.
func levelAt(tx *db.Tx, m model.MemberID, at time.Time) (model.TierLevelID, error) {
	row, err := tierOf(tx, m)
	if err != nil || row == nil {
		return 0, err
	}
	if !row.Since.After(at) {
		return row.LevelID, nil
	}
	var ids []model.TierLevelID
	err = tx.Gorm().Model(&model.TierMove{}).Where("member_id = ? AND at <= ?", m, at).Order("seq DESC").Limit(1).Pluck("to_level", &ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// lockPass locks a pass, and begins it when it is new.
func lockPass(tx *db.Tx, name string) (p model.TierPass, err error) {
	for range 2 {
		err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("name = ?", name).Take(&p).Error
		if !db.IsNotFound(err) {
			return p, err
		}
		if _, err = tx.Insert(&model.TierPass{Name: name, StartedAt: tx.Now}); err != nil {
			return p, err
		}
	}
	return p, err
}

func savePass(tx *db.Tx, before, after model.TierPass) error {
	res := tx.Gorm().Model(&model.TierPass{}).Where("id = ? AND after_member = ? AND done_at IS NULL", before.ID, before.AfterMember).
		Updates(map[string]any{"after_member": after.AfterMember, "members": after.Members, "moved": after.Moved, "done_at": after.DoneAt})
	if res.Error == nil && res.RowsAffected != 1 {
		return errMoved
	}
	return res.Error
}
