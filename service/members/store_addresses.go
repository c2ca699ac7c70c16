package members

import (
	"huitou/model"
	"huitou/model/db"
)

// openIDsOf returns all identities of members; of several in one app, which only a joined member can have, the newest comes last.
func openIDsOf(tx *db.Tx, ids []model.MemberID) (rows []model.MemberOpenID, err error) {
	err = tx.Gorm().Where("member_id IN ?", ids).Order("id").Find(&rows).Error
	return rows, err
}

func withPhones(tx *db.Tx, ids []model.MemberID) (rows []model.Member, err error) {
	err = tx.Gorm().Select("id", "public_id", "phone_cipher").Where("id IN ? AND phone_cipher IS NOT NULL", ids).Find(&rows).Error
	return rows, err
}
