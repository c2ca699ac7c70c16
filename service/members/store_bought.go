package members

import (
	"huitou/model"
	"huitou/model/db"
)

func buyersAmong(tx *db.Tx, list []model.MemberID) (map[model.MemberID]bool, error) {
	var ids []model.MemberID
	if err := tx.Gorm().Model(&model.Member{}).Where("id IN ? AND orders > 0 AND merged_into IS NULL", list).Pluck("id", &ids).Error; err != nil {
		return nil, err
	}
	out := make(map[model.MemberID]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}
