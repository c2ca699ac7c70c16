package messages

import (
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

func consentsOf(tx *db.Tx, member model.MemberID, limit int) (rows []model.MessageConsent, err error) {
	err = tx.Gorm().Where("member_id = ?", member).Order("id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}

func countConsents(tx *db.Tx, app, templateID string) (members, consents int64, err error) {
	var n struct{ Members, Consents int64 }
	err = tx.Gorm().Model(&model.MessageConsent{}).Select("COUNT(DISTINCT member_id) AS members, COUNT(*) AS consents").
		Where("template_id = ? AND state = ? AND app_id = ?", templateID, model.ConsentOpen, app).Take(&n).Error
	return n.Members, n.Consents, err
}

func consenting(tx *db.Tx, app, templateID string, after model.MemberID, limit int) (ids []model.MemberID, err error) {
	err = tx.Gorm().Model(&model.MessageConsent{}).Distinct("member_id").
		Where("template_id = ? AND state = ? AND member_id > ? AND app_id = ?", templateID, model.ConsentOpen, after, app).
		Order("member_id").Limit(limit).Pluck("member_id", &ids).Error
	return ids, err
}

func stopByKey(tx *db.Tx, key string) (row model.DoNotContact, err error) {
	if err = tx.Gorm().Where("open_key = ?", key).Take(&row).Error; err != nil {
		err = fmt.Errorf("read a do-not-contact: %w", err)
	}
	return row, err
}

// liftStop ends a do-not-contact; fresh is false when it was lifted before.
func liftStop(tx *db.Tx, in Lift) (fresh bool, err error) {
	var row model.DoNotContact
	err = tx.Gorm().Clauses(forUpdate).Where("id = ? AND member_id = ?", in.ID, in.Member).Take(&row).Error
	if db.IsNotFound(err) {
		return false, ErrStopUnknown
	}
	if err != nil || row.LiftedAt != nil {
		return false, err
	}
	err = tx.Gorm().Model(&model.DoNotContact{}).Where("id = ?", in.ID).
		Updates(map[string]any{"open_key": nil, "lifted_at": tx.Now, "lifted_by": in.Staff, "lifted_note": in.Note}).Error
	return true, err
}

// liftOwn ends what a member stopped himself, on a channel or, when it is empty, everywhere.
func liftOwn(tx *db.Tx, member model.MemberID, by model.MessageChannel) error {
	q := tx.Gorm().Model(&model.DoNotContact{}).Where("member_id = ? AND staff_id = 0 AND reason = 'unsubscribed' AND lifted_at IS NULL", member)
	if by != "" {
		q = q.Where("channel = ?", by)
	}
	return q.Updates(map[string]any{"open_key": nil, "lifted_at": tx.Now, "lifted_note": "本人恢复"}).Error
}

func stopsEver(tx *db.Tx, member model.MemberID) (rows []model.DoNotContact, err error) {
	err = tx.Gorm().Where("member_id = ?", member).Order("id DESC").Find(&rows).Error
	return rows, err
}

func byID(tx *db.Tx, id model.MessageID) (m model.Message, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&m).Error
	if db.IsNotFound(err) {
		err = ErrUnknown
	}
	return m, err
}
