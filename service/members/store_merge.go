package members

import (
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// becameOf returns the members who have become another one, by ascending id.
func becameOf(tx *db.Tx, id model.MemberID) (ids []model.MemberID, err error) {
	if err := tx.Gorm().Model(&model.Member{}).Where("merged_into = ?", id).Order("id").Pluck("id", &ids).Error; err != nil {
		return nil, fmt.Errorf("look up who has become member %d: %w", id, err)
	}
	return ids, nil
}

func setMerged(tx *db.Tx, ids []model.MemberID, into *model.MemberID) error {
	err := tx.Gorm().Model(&model.Member{}).Where("id IN ?", ids).Update("merged_into", into).Error
	if err != nil {
		return fmt.Errorf("note what %d members have become: %w", len(ids), err)
	}
	return nil
}

func saveIdentity(tx *db.Tx, id model.MemberID, set map[string]any) error {
	res := tx.Gorm().Model(&model.Member{}).Where("id = ?", id).Updates(set)
	if err := raced(res.Error, res.RowsAffected); err != nil {
		return fmt.Errorf("pass an identity on to member %d: %w", id, err)
	}
	return nil
}

// addKin notes that two members, and everybody who has become one of them, are one person or once were.
func addKin(tx *db.Tx, from, to model.MemberID) error {
	families := make([][]model.MemberID, 2)
	for i, id := range []model.MemberID{from, to} {
		kin := []model.MemberID{}
		if err := tx.Gorm().Model(&model.MemberKin{}).Where("member_id = ?", id).Pluck("other_id", &kin).Error; err != nil {
			return fmt.Errorf("look up the kin of member %d: %w", id, err)
		}
		families[i] = append(kin, id)
	}
	for _, a := range families[0] {
		for _, b := range families[1] {
			if a == b {
				continue
			}
			for _, row := range []model.MemberKin{{MemberID: a, OtherID: b}, {MemberID: b, OtherID: a}} {
				var n int64
				err := tx.Gorm().Model(&model.MemberKin{}).Where("member_id = ? AND other_id = ?", row.MemberID, row.OtherID).Count(&n).Error
				if err == nil && n == 0 {
					err = tx.Gorm().Create(&row).Error
				}
				if err != nil {
					return fmt.Errorf("note that members %d and %d are one: %w", row.MemberID, row.OtherID, err)
				}
			}
		}
	}
	return nil
}

func revokeSessions(tx *db.Tx, id model.MemberID) error {
	err := tx.Gorm().Model(&model.MemberSession{}).Where("member_id = ? AND revoked_at IS NULL", id).Update("revoked_at", tx.Now).Error
	if err != nil {
		return fmt.Errorf("end the sessions of member %d: %w", id, err)
	}
	return nil
}

// phoneOwner returns the member who has a number, 0 when nobody has.
func phoneOwner(tx *db.Tx, index string) (row model.Member, err error) {
	var rows []model.Member
	if err := tx.Gorm().Where("phone_index = ?", index).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return row, err
	}
	return rows[0], nil
}
