package points

import (
	"time"

	"huitou/model"
	"huitou/model/db"
)

// openingsOf returns what a source has brought in for members.
func openingsOf(tx *db.Tx, source string, members []model.MemberID) (map[model.MemberID]brought, error) {
	out := map[model.MemberID]brought{}
	if len(members) == 0 {
		return out, nil
	}
	sources := make([]string, len(members))
	for i, m := range members {
		sources[i] = openingSource(source, m)
	}
	var rows []struct {
		MemberID  model.MemberID
		Granted   model.Points
		ExpiresAt time.Time
	}
	err := tx.Gorm().Raw(`SELECT l.member_id, l.granted, l.expires_at FROM points_entries e
		JOIN points_lots l ON l.member_id = e.member_id AND l.seq = e.seq
		WHERE e.source IN ? AND e.reason = ?`, sources, model.PointsOpening).Scan(&rows).Error
	for _, r := range rows {
		out[r.MemberID] = brought{r.Granted, r.ExpiresAt}
	}
	return out, err
}
