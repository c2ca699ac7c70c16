package members

import (
	"fmt"

	"gorm.io/gorm"

	"huitou/model"
	"huitou/model/db"
)

func filtered(tx *db.Tx, f Filter) *gorm.DB {
	q := tx.Gorm().Model(&model.Member{}).Where("merged_into IS NULL")
	if f.BoughtSince != nil {
		q = q.Where("last_order_at >= ?", f.BoughtSince.UTC())
	}
	if f.NotBoughtSince != nil {
		q = q.Where("(last_order_at IS NULL OR last_order_at < ?)", f.NotBoughtSince.UTC())
	}
	if f.UpTo > 0 {
		q = q.Where("id <= ?", f.UpTo)
	}
	return q
}

func selectMembers(tx *db.Tx, f Filter, after model.MemberID, limit int) (ids []model.MemberID, err error) {
	err = filtered(tx, f).Where("id > ?", after).Order("id").Limit(limit).Pluck("id", &ids).Error
	return ids, err
}

func countMembers(tx *db.Tx, f Filter) (n int64, highest model.MemberID, err error) {
	if err = filtered(tx, f).Count(&n).Error; err != nil {
		return 0, 0, err
	}
	err = tx.Gorm().Model(&model.Member{}).Select("COALESCE(MAX(id), 0)").Scan(&highest).Error
	return n, highest, err
}

// membersByPhoneIndexes adds the known ones to out; empty indexes find nobody.
func membersByPhoneIndexes(tx *db.Tx, indexes []string, out map[string]model.MemberID) error {
	var rows []model.Member
	if err := tx.Gorm().Select("id", "phone_index", "merged_into").Where("phone_index IN ?", indexes).Find(&rows).Error; err != nil {
		return fmt.Errorf("look %d phone numbers up: %w", len(indexes), err)
	}
	for _, r := range rows {
		out[*r.PhoneIndex] = heir(r)
	}
	return nil
}

func knownMembers(tx *db.Tx, ids []model.MemberID, out map[model.MemberID]bool) error {
	var found []model.MemberID
	if err := tx.Gorm().Model(&model.Member{}).Where("id IN ? AND merged_into IS NULL", ids).Pluck("id", &found).Error; err != nil {
		return fmt.Errorf("look %d members up: %w", len(ids), err)
	}
	for _, id := range found {
		out[id] = true
	}
	return nil
}
