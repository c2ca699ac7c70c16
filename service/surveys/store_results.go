package surveys

import (
	"huitou/model"
	"huitou/model/db"
)

func sums(tx *db.Tx, id model.SurveyID, r *Results) error {
	if err := tx.Gorm().Model(&model.SurveyInvitation{}).Where("survey_id = ?", id).Count(&r.Invited).Error; err != nil {
		return err
	}
	row := struct {
		Answered, Low, Coupons, Failed int64
		Points                         model.Points
	}{}
	err := tx.Gorm().Raw(`SELECT COUNT(*) AS answered, COALESCE(SUM(CASE WHEN a.low THEN 1 ELSE 0 END), 0) AS low,
		COALESCE(SUM(CASE WHEN a.reward = 'coupon' THEN 1 ELSE 0 END), 0) AS coupons, COALESCE(SUM(CASE WHEN a.reward = 'failed' THEN 1 ELSE 0 END), 0) AS failed,
		COALESCE(SUM(CASE WHEN a.reward = 'points' THEN i.reward_points ELSE 0 END), 0) AS points
		FROM survey_answers a JOIN survey_invitations i ON i.id = a.invitation_id WHERE a.survey_id = ?`, id).Scan(&row).Error
	r.Answered, r.Low, r.CouponsGiven, r.Fail, r.PointsGiven = row.Answered, row.Low, row.Coupons, row.Failed, row.Points
	return err
}

// counts returns the number of answers by question and number.
func counts(tx *db.Tx, id model.SurveyID) (map[int64]map[int64]int64, error) {
	var rows []struct{ Question, Number, N int64 }
	err := tx.Gorm().Model(&model.SurveyAnswerItem{}).Select("question", "number", "COUNT(*) AS n").Where("survey_id = ?", id).
		Group("question, number").Find(&rows).Error
	out := map[int64]map[int64]int64{}
	for _, r := range rows {
		if out[r.Question] == nil {
			out[r.Question] = map[int64]int64{}
		}
		out[r.Question][r.Number] = r.N
	}
	return out, err
}

func answersBefore(tx *db.Tx, id model.SurveyID, before int64, limit int) ([]Line, error) {
	var rows []struct {
		model.SurveyAnswer
		OrderID model.OrderID
	}
	q := tx.Gorm().Table("survey_answers AS a").Select("a.*", "i.order_id").Joins("JOIN survey_invitations AS i ON i.id = a.invitation_id").
		Where("a.survey_id = ?", id).Order("a.id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("a.id < ?", before)
	}
	if err := q.Scan(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	list, at, ids := make([]Line, len(rows)), map[model.SurveyAnswerID]int{}, make([]model.SurveyAnswerID, len(rows))
	for i, r := range rows {
		list[i] = Line{ID: r.ID, Member: r.MemberID, Order: r.OrderID, Via: r.Via, Low: r.Low, AnsweredAt: r.AnsweredAt.UTC()}
		at[r.ID], ids[i] = i, r.ID
	}
	var items []model.SurveyAnswerItem
	if err := tx.Gorm().Where("answer_id IN ?", ids).Order("answer_id, question").Find(&items).Error; err != nil {
		return nil, err
	}
	for _, it := range items {
		g := Given{Question: it.Question, Text: it.Text}
		if it.Text == "" { // a text is never empty
			n := it.Number
			g.Number = &n
		}
		list[at[it.AnswerID]].Items = append(list[at[it.AnswerID]].Items, g)
	}
	return list, nil
}
