package tags

import (
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// breakStale takes the slot from a comparison whose process went away.
func breakStale(tx *db.Tx) error {
	err := tx.Gorm().Model(&model.TagSync{}).Where("slot = 1 AND leased_until < ?", tx.Now).
		Updates(map[string]any{"slot": nil, "state": model.TagSyncBroken, "ended_at": tx.Now}).Error
	if err != nil {
		return fmt.Errorf("look for a comparison that stands still: %w", err)
	}
	return nil
}

func lastSync(tx *db.Tx) (row model.TagSync, err error) {
	err = tx.Gorm().Order("id DESC").Limit(1).Take(&row).Error
	return row, err
}

func syncByID(tx *db.Tx, id model.TagSyncID) (row model.TagSync, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&row).Error
	return row, err
}

func renewSync(tx *db.Tx, id model.TagSyncID, until time.Time) (alive bool, err error) {
	res := tx.Gorm().Model(&model.TagSync{}).Where("id = ? AND slot = 1", id).Update("leased_until", until)
	return res.RowsAffected == 1, res.Error
}

func endSync(tx *db.Tx, id model.TagSyncID, state model.TagSyncState, problem string) error {
	err := tx.Gorm().Model(&model.TagSync{}).Where("id = ? AND slot = 1", id).
		Updates(map[string]any{"slot": nil, "state": state, "ended_at": tx.Now, "problem": problem}).Error
	if err != nil {
		return fmt.Errorf("end comparison %d: %w", id, err)
	}
	return nil
}

func count(tx *db.Tx, id model.TagSyncID, f figures) error {
	err := tx.Gorm().Exec(`UPDATE tag_syncs SET tags = tags + ?, added_here = added_here + ?, removed_here = removed_here + ?, added_there = added_there + ?,
		removed_there = removed_there + ?, strangers = strangers + ?, refused = refused + ? WHERE id = ?`,
		f.tags, f.addedHere, f.removedHere, f.addedThere, f.removedThere, f.strangers, f.refused, id).Error
	if err != nil {
		return fmt.Errorf("count what comparison %d did: %w", id, err)
	}
	return nil
}

// tagsThatMeet are those in use, and ended ones that still stand at WeChat.
func tagsThatMeet(tx *db.Tx) (rows []model.Tag, err error) {
	if err = tx.Gorm().Where("ended_at IS NULL OR wechat_id IS NOT NULL").Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the tags: %w", err)
	}
	return rows, nil
}

// setOnTag writes what the comparison found. When it is a name, staff must not have given the tag another one meanwhile.
func setOnTag(tx *db.Tx, t model.Tag, set map[string]any) error {
	q := tx.Gorm().Model(&model.Tag{}).Where("id = ?", t.ID)
	if set["name"] != nil {
		q = q.Where("name = ? AND ended_at IS NULL", t.Name)
	}
	switch err := q.UpdateColumns(set).Error; {
	case db.IsDuplicate(err):
		return ErrNameTaken
	case err != nil:
		return fmt.Errorf("save tag %d: %w", t.ID, err)
	}
	return nil
}

// unsyncedTags are the shared ones whose members were not compared since an instant.
func unsyncedTags(tx *db.Tx, since time.Time) (rows []model.Tag, err error) {
	err = tx.Gorm().Where("ended_at IS NULL AND shared = ? AND wechat_id IS NOT NULL AND (synced_at IS NULL OR synced_at < ?)", true, since).
		Order("id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the shared tags: %w", err)
	}
	return rows, nil
}

func setSynced(tx *db.Tx, id model.TagID, at time.Time) error {
	if err := tx.Gorm().Model(&model.Tag{}).Where("id = ?", id).UpdateColumn("synced_at", at).Error; err != nil {
		return fmt.Errorf("note the comparison of tag %d: %w", id, err)
	}
	return nil
}

func rowsAfter(tx *db.Tx, tag model.TagID, after model.MemberID, limit int) (rows []model.MemberTag, err error) {
	if err = tx.Gorm().Where("tag_id = ? AND member_id > ?", tag, after).Order("member_id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the members of tag %d: %w", tag, err)
	}
	return rows, nil
}

// setThere notes what stands at WeChat.
func setThere(tx *db.Tx, tag model.TagID, ids []model.MemberID, there bool) error {
	if len(ids) == 0 {
		return nil
	}
	return tx.Gorm().Model(&model.MemberTag{}).Where("tag_id = ? AND member_id IN ?", tag, ids).UpdateColumn("at_wechat", there).Error
}

// forgetThere forgets what stood at WeChat of a tag that is there no more.
func forgetThere(tx *db.Tx, tag model.TagID) error {
	err := tx.Gorm().Where("tag_id = ? AND present = ?", tag, false).Delete(&model.MemberTag{}).Error
	if err == nil {
		err = tx.Gorm().Model(&model.MemberTag{}).Where("tag_id = ? AND at_wechat = ?", tag, true).UpdateColumn("at_wechat", false).Error
	}
	if err != nil {
		return fmt.Errorf("forget where tag %d stood: %w", tag, err)
	}
	return nil
}

// deleteAgreed takes a tag away from a member whose row is still as it was read.
func deleteAgreed(tx *db.Tx, row model.MemberTag) (bool, error) {
	res := tx.Gorm().Where("tag_id = ? AND member_id = ? AND present = ? AND at_wechat = ? AND changed_at = ?",
		row.TagID, row.MemberID, row.Present, row.AtWeChat, row.ChangedAt).Delete(&model.MemberTag{})
	if res.Error != nil {
		return false, fmt.Errorf("take tag %d from member %d: %w", row.TagID, row.MemberID, res.Error)
	}
	return res.RowsAffected == 1, nil
}

// purgeEnded deletes what ended tags that are gone at WeChat, too, have left on members.
func purgeEnded(tx *db.Tx, limit int) (int64, error) {
	var rows []model.MemberTag
	err := tx.Gorm().Select("tag_id", "member_id").Where("tag_id IN (?)",
		tx.Gorm().Model(&model.Tag{}).Select("id").Where("ended_at IS NOT NULL AND wechat_id IS NULL")).Order("tag_id, member_id").Limit(limit).Find(&rows).Error
	if err != nil {
		return 0, fmt.Errorf("look for what ended tags have left: %w", err)
	}
	byTag := map[model.TagID][]model.MemberID{}
	for _, r := range rows {
		byTag[r.TagID] = append(byTag[r.TagID], r.MemberID)
	}
	for tag, ids := range byTag {
		if err := tx.Gorm().Where("tag_id = ? AND member_id IN ?", tag, ids).Delete(&model.MemberTag{}).Error; err != nil {
			return 0, fmt.Errorf("delete what tag %d has left: %w", tag, err)
		}
	}
	return int64(len(rows)), nil
}
