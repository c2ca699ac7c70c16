package points

import (
	"huitou/model"
	"huitou/model/db"
)

func countOpenLots(tx *db.Tx, member model.MemberID) (n int64, err error) {
	err = tx.Gorm().Model(&model.PointsLot{}).Where("member_id = ? AND remaining > 0", member).Count(&n).Error
	return n, err
}

func waitingAdjustments(tx *db.Tx, member model.MemberID) (ids []int64, err error) {
	err = tx.Gorm().Model(&model.PointsAdjustment{}).Where("member_id = ? AND state = ?", member, model.AdjustWaiting).Order("id").Pluck("id", &ids).Error
	return ids, err
}

func moveAdjustments(tx *db.Tx, ids []int64, from, to model.MemberID) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.Gorm().Model(&model.PointsAdjustment{}).Where("id IN ? AND member_id = ? AND state = ?", ids, from, model.AdjustWaiting).
		Update("member_id", to).Error
}
