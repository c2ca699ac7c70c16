package mall

import (
	"huitou/model"
	"huitou/model/db"
)

func slotsOfMember(tx *db.Tx, member model.MemberID) (rows []model.GiftSlot, err error) {
	err = tx.Gorm().Where("member_id = ?", member).Order("gift_id, ordinal").Find(&rows).Error
	return rows, err
}

func moveSlot(tx *db.Tx, redemption model.PublicID, from, to model.MemberID, ordinal int64) error {
	return tx.Gorm().Model(&model.GiftSlot{}).Where("redemption_id = ? AND member_id = ?", redemption, from).
		Updates(map[string]any{"member_id": to, "ordinal": ordinal}).Error
}
