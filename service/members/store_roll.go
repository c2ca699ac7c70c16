package members

import (
	"huitou/model"
	"huitou/model/db"
)

func idsAfter(tx *db.Tx, after model.MemberID, limit int) (ids []model.MemberID, err error) {
	err = tx.Gorm().Model(&model.Member{}).Where("id > ? AND merged_into IS NULL", after).Order("id").Limit(limit).Pluck("id", &ids).Error
	return ids, err
}
