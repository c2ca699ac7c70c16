package surveys

import (
	"encoding/json"
	"fmt"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func insertSurvey(tx *db.Tx, v Survey, staff model.StaffID) (model.SurveyID, error) {
	row := model.Survey{Name: v.Name, Intro: v.Intro, State: v.State, Questions: encode(v.Questions), CreatedBy: staff, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	err := tx.Gorm().Create(&row).Error
	return row.ID, err
}

func saveSurvey(tx *db.Tx, v Survey) error {
	return tx.Gorm().Model(&model.Survey{}).Where("id = ?", v.ID).Updates(map[string]any{
		"name": v.Name, "intro": v.Intro, "state": v.State, "questions": encode(v.Questions), "updated_at": v.UpdatedAt,
	}).Error
}

func encode(q []Question) string {
	b, err := json.Marshal(q)
	if err != nil {
		panic("surveys: questions that cannot be encoded: " + err.Error())
	}
	return string(b)
}

func surveyByID(tx *db.Tx, id model.SurveyID) (Survey, error) {
	var row model.Survey
	err := tx.Gorm().Where("id = ?", id).Take(&row).Error
	return surveyOf(row, err)
}

func lockSurvey(tx *db.Tx, id model.SurveyID) (Survey, error) {
	var row model.Survey
	err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&row).Error
	return surveyOf(row, err)
}

func surveyOf(row model.Survey, err error) (v Survey, _ error) {
	if db.IsNotFound(err) {
		return v, ErrUnknown
	}
	if err != nil {
		return v, fmt.Errorf("read a survey: %w", err)
	}
	v = Survey{ID: row.ID, Name: row.Name, Intro: row.Intro, State: row.State, CreatedAt: row.CreatedAt.UTC(), UpdatedAt: row.UpdatedAt.UTC()}
	if err := json.Unmarshal([]byte(row.Questions), &v.Questions); err != nil {
		return v, fmt.Errorf("read the questions of survey %d: %w", row.ID, err)
	}
	return v, nil
}

func surveysBefore(tx *db.Tx, before int64, limit int) ([]Survey, error) {
	var rows []model.Survey
	q := tx.Gorm().Order("id DESC").Limit(limit)
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	list := make([]Survey, len(rows))
	for i, r := range rows {
		v, err := surveyOf(r, nil)
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

func orUnknown(what string, err error) error {
	if db.IsNotFound(err) {
		return ErrUnknown
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	return nil
}

func invitationByToken(tx *db.Tx, hash string) (r model.SurveyInvitation, err error) {
	err = tx.Gorm().Where("token_hash = ?", hash).Take(&r).Error
	return r, orUnknown("an invitation", err)
}

func invitationOf(tx *db.Tx, m model.MemberID, id model.PublicID) (r model.SurveyInvitation, err error) {
	err = tx.Gorm().Where("public_id = ? AND member_id = ?", id, m).Take(&r).Error
	return r, orUnknown("an invitation", err)
}

func lockInvitation(tx *db.Tx, id model.SurveyInvitationID) (r model.SurveyInvitation, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&r).Error
	return r, orUnknown("an invitation", err)
}

func openInvitations(tx *db.Tx, m model.MemberID, limit int) (rows []model.SurveyInvitation, err error) {
	err = tx.Gorm().Where("member_id = ? AND answered_at IS NULL AND expires_at > ?", m, tx.Now).Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

// insertAnswer stores the one answer to an invitation that is locked.
func insertAnswer(tx *db.Tx, inv model.SurveyInvitation, row model.SurveyAnswer, given []Given) error {
	if err := tx.Gorm().Create(&row).Error; err != nil {
		return err
	}
	items := make([]model.SurveyAnswerItem, len(given))
	for i, g := range given {
		items[i] = model.SurveyAnswerItem{AnswerID: row.ID, SurveyID: row.SurveyID, Question: g.Question, Text: g.Text}
		if g.Number != nil {
			items[i].Number = *g.Number
		}
	}
	if err := tx.Gorm().Create(&items).Error; err != nil {
		return err
	}
	return tx.Gorm().Model(&model.SurveyInvitation{}).Where("id = ?", inv.ID).Update("answered_at", tx.Now).Error
}

func invitationByID(tx *db.Tx, id model.SurveyInvitationID) (r model.SurveyInvitation, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&r).Error
	return r, orUnknown("an invitation", err)
}

// troubled reports whether the answer to an invitation has a task that is not closed.
func troubled(tx *db.Tx, source string) (bool, error) {
	var n int64
	err := tx.Gorm().Raw(`SELECT COUNT(*) FROM survey_invitations i JOIN staff_tasks t
		ON t.source IN (CONCAT('survey:', i.id, ':low_score'), CONCAT('survey:', i.id, ':parcel'), CONCAT('survey:', i.id, ':reward'))
		WHERE i.source = ? AND t.state <> 'closed'`, source).Scan(&n).Error
	return n > 0, err
}
