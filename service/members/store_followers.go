package members

import (
	"huitou/model"
	"huitou/model/db"
)

// identity is one of ours in the official account, with its member's unionid.
type identity struct {
	OpenID    string
	Following bool
	UnionID   *string
}

func identitiesIn(tx *db.Tx, app string, openIDs []string) (rows []identity, err error) {
	err = tx.Gorm().Model(&model.MemberOpenID{}).Select("member_openids.open_id, member_openids.following, m.union_id").
		Joins("JOIN members m ON m.id = member_openids.member_id").
		Where("member_openids.app_id = ? AND member_openids.open_id IN ?", app, openIDs).Scan(&rows).Error
	return rows, err
}

func markSynced(tx *db.Tx, run model.FollowerSyncID, app string, openIDs []string) error {
	return tx.Gorm().Model(&model.MemberOpenID{}).Where("app_id = ? AND open_id IN ?", app, openIDs).Update("synced_in", run).Error
}

func unseenFollowers(tx *db.Tx, app string, run model.FollowerSync, limit int) (rows []Unseen, err error) {
	err = tx.Gorm().Model(&model.MemberOpenID{}).Select("id AS identity, open_id").
		Where("app_id = ? AND following = ? AND synced_in <> ? AND id > ? AND (followed_at IS NULL OR followed_at < ?)", app, true, run.ID, run.Checked, run.StartedAt).
		Order("id").Limit(limit).Scan(&rows).Error
	return rows, err
}
