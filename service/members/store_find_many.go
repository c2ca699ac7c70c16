package members

import (
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

func membersByNumbers(tx *db.Tx, numbers []string, out map[string]model.MemberID) error {
	var rows []model.Member
	if err := tx.Gorm().Select("id", "number", "merged_into").Where("number IN ?", numbers).Find(&rows).Error; err != nil {
		return fmt.Errorf("look member numbers up: %w", err)
	}
	for _, r := range rows {
		out[r.Number] = heir(r)
	}
	return nil
}

func membersByPhones(tx *db.Tx, indexes []string, out map[string]model.MemberID) error {
	var rows []model.Member
	if err := tx.Gorm().Select("id", "phone_index", "merged_into").Where("phone_index IN ?", indexes).Find(&rows).Error; err != nil {
		return fmt.Errorf("look phone numbers up: %w", err)
	}
	for _, r := range rows {
		out[*r.PhoneIndex] = heir(r)
	}
	return nil
}
