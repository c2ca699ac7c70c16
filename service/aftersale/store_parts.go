package aftersale

import (
	"huitou/model"
	"huitou/model/db"
)

func parcelCodesFollow(tx *db.Tx, from, to model.MemberID) error {
	return tx.Gorm().Model(&model.ParcelCode{}).
		Where("member_id = ? AND order_id IN (SELECT id FROM orders WHERE member_id = ?)", from, to).Update("member_id", to).Error
}

func visitsFollow(tx *db.Tx, from, to model.MemberID) error {
	return tx.Gorm().Model(&model.Visit{}).
		Where("member_id = ? AND order_id IN (SELECT id FROM orders WHERE member_id = ?)", from, to).Update("member_id", to).Error
}
