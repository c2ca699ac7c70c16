package members

import (
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

func fansAmong(tx *db.Tx, appID string, ids []model.MemberID) (map[model.MemberID]Fan, error) {
	var rows []model.MemberOpenID
	err := tx.Gorm().Where("member_id IN ? AND app_id = ? AND following = ?", ids, appID, true).Order("id").Find(&rows).Error
	out := make(map[model.MemberID]Fan, len(rows))
	for _, r := range rows {
		f := Fan{OpenID: r.OpenID}
		if r.FollowedAt != nil {
			f.FollowedAt = *r.FollowedAt
		}
		out[r.MemberID] = f
	}
	return out, err
}

func membersByOpenIDs(tx *db.Tx, appID string, openIDs []string) (map[string]model.MemberID, error) {
	var rows []model.MemberOpenID
	err := tx.Gorm().Select("open_id", "member_id").Where("app_id = ? AND open_id IN ?", appID, openIDs).Find(&rows).Error
	out := make(map[string]model.MemberID, len(rows))
	for _, r := range rows {
		out[r.OpenID] = r.MemberID
	}
	return out, err
}

func followingNow(tx *db.Tx, appID string, identity int64) (bool, error) {
	var n int64
	err := tx.Gorm().Model(&model.MemberOpenID{}).Where("id = ? AND app_id = ? AND following = ?", identity, appID, true).Count(&n).Error
	if err != nil {
		return false, fmt.Errorf("look whether identity %d follows: %w", identity, err)
	}
	return n > 0, nil
}
