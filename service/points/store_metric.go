package points

import (
	"time"

	"huitou/model"
	"huitou/model/db"
)

func earnedSince(tx *db.Tx, of []model.MemberID, since time.Time) (map[model.MemberID]int64, error) {
	var rows []struct {
		MemberID model.MemberID
		Points   int64
	}
	err := tx.Gorm().Raw(`SELECT member_id, SUM(delta) AS points FROM points_entries
		WHERE member_id IN ? AND at >= ? AND reason IN ? GROUP BY member_id`,
		of, since, []model.PointsReason{model.PointsForOrder, model.PointsForAction, model.PointsClawedBack}).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	out := make(map[model.MemberID]int64, len(rows))
	for _, r := range rows {
		out[r.MemberID] = r.Points
	}
	return out, nil
}
