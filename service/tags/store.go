package tags

import (
	"fmt"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func tagByPublicID(tx *db.Tx, id model.PublicID) (row model.Tag, err error) {
	err = tx.Gorm().Where("public_id = ? AND ended_at IS NULL", id).Take(&row).Error
	return row, orUnknown(err)
}

// lockTag returns a tag in use, locked. The lock is what keeps two hands from one tag.
func lockTag(tx *db.Tx, id model.PublicID) (row model.Tag, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("public_id = ? AND ended_at IS NULL", id).Take(&row).Error
	return row, orUnknown(err)
}

// saveTag writes what staff may change.
func saveTag(tx *db.Tx, row model.Tag) error {
	err := tx.Gorm().Model(&model.Tag{}).Where("id = ?", row.ID).
		Updates(map[string]any{"name": row.Name, "live_name": row.LiveName, "note": row.Note, "shared": row.Shared, "updated_at": tx.Now}).Error
	switch {
	case db.IsDuplicate(err):
		return ErrNameTaken
	case err != nil:
		return fmt.Errorf("save tag %d: %w", row.ID, err)
	}
	return nil
}

func endTag(tx *db.Tx, id model.TagID) error {
	err := tx.Gorm().Model(&model.Tag{}).Where("id = ?", id).Updates(map[string]any{"live_name": nil, "ended_at": tx.Now, "updated_at": tx.Now}).Error
	if err != nil {
		return fmt.Errorf("end tag %d: %w", id, err)
	}
	return nil
}

func liveTags(tx *db.Tx) (rows []model.Tag, err error) {
	if err = tx.Gorm().Where("ended_at IS NULL").Order("name, id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the tags: %w", err)
	}
	return rows, nil
}

func tagsByPublicID(tx *db.Tx, ids []model.PublicID) (map[model.PublicID]model.Tag, error) {
	var rows []model.Tag
	if err := tx.Gorm().Where("public_id IN ? AND ended_at IS NULL", ids).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read %d tags: %w", len(ids), err)
	}
	out := make(map[model.PublicID]model.Tag, len(rows))
	for _, r := range rows {
		out[r.PublicID] = r
	}
	return out, nil
}

func countLive(tx *db.Tx) (n int64, err error) {
	if err = tx.Gorm().Model(&model.Tag{}).Where("ended_at IS NULL").Count(&n).Error; err != nil {
		return 0, fmt.Errorf("count the tags: %w", err)
	}
	return n, nil
}

func countShared(tx *db.Tx) (n int64, err error) {
	if err = tx.Gorm().Model(&model.Tag{}).Where("ended_at IS NULL AND shared = ?", true).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("count the shared tags: %w", err)
	}
	return n, nil
}

func countMembers(tx *db.Tx, ids []model.TagID) (map[model.TagID]int64, error) {
	var rows []struct {
		TagID model.TagID
		N     int64
	}
	err := tx.Gorm().Model(&model.MemberTag{}).Select("tag_id, COUNT(*) AS n").Where("tag_id IN ? AND present = ?", ids, true).Group("tag_id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count the members of %d tags: %w", len(ids), err)
	}
	out := make(map[model.TagID]int64, len(rows))
	for _, r := range rows {
		out[r.TagID] = r.N
	}
	return out, nil
}

// rowsOf returns what is known of a tag on members.
func rowsOf(tx *db.Tx, tag model.TagID, ids []model.MemberID) (map[model.MemberID]model.MemberTag, error) {
	var rows []model.MemberTag
	if err := tx.Gorm().Where("tag_id = ? AND member_id IN ?", tag, ids).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[model.MemberID]model.MemberTag, len(rows))
	for _, r := range rows {
		out[r.MemberID] = r
	}
	return out, nil
}

func insertTagged(tx *db.Tx, tag model.TagID, ids []model.MemberID, by model.StaffID, atWeChat bool) error {
	if len(ids) == 0 {
		return nil
	}
	rows := make([]model.MemberTag, len(ids))
	for i, m := range ids {
		rows[i] = model.MemberTag{TagID: tag, MemberID: m, Present: true, AtWeChat: atWeChat, TaggedBy: by, ChangedAt: tx.Now}
	}
	return tx.Gorm().Create(&rows).Error
}

func setPresent(tx *db.Tx, tag model.TagID, ids []model.MemberID, by model.StaffID) error {
	return setTagged(tx, tag, ids, by, true)
}

func setAbsent(tx *db.Tx, tag model.TagID, ids []model.MemberID, by model.StaffID) error {
	return setTagged(tx, tag, ids, by, false)
}

func setTagged(tx *db.Tx, tag model.TagID, ids []model.MemberID, by model.StaffID, present bool) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.Gorm().Model(&model.MemberTag{}).Where("tag_id = ? AND member_id IN ?", tag, ids).
		Updates(map[string]any{"present": present, "tagged_by": by, "changed_at": tx.Now}).Error
}

func deleteRows(tx *db.Tx, tag model.TagID, ids []model.MemberID) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.Gorm().Where("tag_id = ? AND member_id IN ? AND present = ?", tag, ids, false).Delete(&model.MemberTag{}).Error
}

func taggedBefore(tx *db.Tx, tag model.TagID, before int64, limit int) (rows []model.MemberTag, err error) {
	q := tx.Gorm().Where("tag_id = ? AND present = ?", tag, true)
	if before > 0 {
		q = q.Where("member_id < ?", before)
	}
	if err = q.Order("member_id DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the members of tag %d: %w", tag, err)
	}
	return rows, nil
}

func tagsOf(tx *db.Tx, m model.MemberID) (rows []model.Tag, err error) {
	err = tx.Gorm().Where("ended_at IS NULL AND id IN (?)",
		tx.Gorm().Model(&model.MemberTag{}).Select("tag_id").Where("member_id = ? AND present = ?", m, true)).Order("name, id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the tags of member %d: %w", m, err)
	}
	return rows, nil
}

func havingOne(tx *db.Tx, tags []model.TagID, of []model.MemberID) (map[model.MemberID]bool, error) {
	out := make(map[model.MemberID]bool, len(of))
	for rest := of; len(rest) > 0; {
		n := min(maxBulk, len(rest))
		var ids []model.MemberID
		err := tx.Gorm().Model(&model.MemberTag{}).Where("tag_id IN ? AND member_id IN ? AND present = ?", tags, rest[:n], true).Pluck("member_id", &ids).Error
		if err != nil {
			return nil, fmt.Errorf("look for %d tags on %d members: %w", len(tags), n, err)
		}
		for _, m := range ids {
			out[m] = true
		}
		rest = rest[n:]
	}
	return out, nil
}
