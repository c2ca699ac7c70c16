package members

import (
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// heldFor returns the identities that are held for a member.
func heldFor(tx *db.Tx, id model.MemberID) (rows []model.MemberOpenID, err error) {
	err = tx.Gorm().Where("member_id = ? AND held", id).Order("id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look up what is held for member %d: %w", id, err)
	}
	return rows, nil
}

// saveHeldUnion notes the unionid that a held identity was heard with.
func saveHeldUnion(tx *db.Tx, identity int64, unionID string) error {
	err := tx.Gorm().Model(&model.MemberOpenID{}).Where("id = ? AND held", identity).Update("held_union", unionID).Error
	if err != nil {
		return fmt.Errorf("note the unionid of identity %d: %w", identity, err)
	}
	return nil
}

// saveProved makes a held identity a member's own.
func saveProved(tx *db.Tx, identity int64, owner model.MemberID) error {
	err := tx.Gorm().Model(&model.MemberOpenID{}).Where("id = ? AND held", identity).
		Updates(map[string]any{"member_id": owner, "held": false, "held_union": ""}).Error
	if err != nil {
		return fmt.Errorf("give identity %d to member %d: %w", identity, owner, err)
	}
	return nil
}
