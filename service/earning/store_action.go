package earning

import (
	"huitou/model"
	"huitou/model/db"
)

func actionTerms(tx *db.Tx, a model.EarningAction) (ActionTerms, error) {
	var row model.EarningActionSettings
	if err := tx.Gorm().Where("action = ?", a).Take(&row).Error; err != nil {
		return ActionTerms{}, err
	}
	t := ActionTerms{Action: row.Action, Enabled: row.Enabled, PerDay: row.PerDay, PerYear: row.PerYear}
	err := read(row.Ladder, &t.Ladder)
	return t, err
}

func saveAction(tx *db.Tx, t ActionTerms) error {
	return tx.Gorm().Model(&model.EarningActionSettings{}).Where("action = ?", t.Action).Updates(map[string]any{
		"enabled": t.Enabled, "ladder": list(t.Ladder), "per_day": t.PerDay, "per_year": t.PerYear, "updated_at": tx.Now,
	}).Error
}

// rewardBySource returns the reward of a key.
func rewardBySource(tx *db.Tx, m model.MemberID, a model.EarningAction, source string) (row model.EarningReward, err error) {
	err = tx.Gorm().Where("member_id = ? AND action = ? AND source = ?", m, a, source).Take(&row).Error
	return row, err
}

// lastReward returns a member's newest reward for an action; ok is false when there is none.
func lastReward(tx *db.Tx, m model.MemberID, a model.EarningAction) (row model.EarningReward, ok bool, err error) {
	err = tx.Gorm().Where("member_id = ? AND action = ?", m, a).Order("day DESC, ordinal DESC").Take(&row).Error
	if db.IsNotFound(err) {
		return row, false, nil
	}
	return row, err == nil, err
}

// rewardsIn counts a member's rewards of the days [from, to).
func rewardsIn(tx *db.Tx, m model.MemberID, a model.EarningAction, from, to model.Day) (n int64, err error) {
	err = tx.Gorm().Model(&model.EarningReward{}).
		Where("member_id = ? AND action = ? AND day >= ? AND day < ?", m, a, from, to).Count(&n).Error
	return n, err
}

// rewardsOf returns a member's rewards of the days [from, to), in their order.
func rewardsOf(tx *db.Tx, m model.MemberID, a model.EarningAction, from, to model.Day) (rows []model.EarningReward, err error) {
	err = tx.Gorm().Where("member_id = ? AND action = ? AND day >= ? AND day < ?", m, a, from, to).
		Order("day, ordinal").Find(&rows).Error
	return rows, err
}
