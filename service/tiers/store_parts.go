package tiers

import (
	"huitou/model"
	"huitou/model/db"
)

// reachedBefore returns the levels that members who have become this one had reached.
func reachedBefore(tx *db.Tx, m model.MemberID) (map[model.TierLevelID]bool, error) {
	var ids []model.TierLevelID
	err := tx.Gorm().Model(&model.TierReach{}).
		Where("member_id IN (SELECT id FROM members WHERE merged_into = ?)", m).Pluck("level_id", &ids).Error
	out := make(map[model.TierLevelID]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, err
}
