package messages

import (
	"time"

	"huitou/model"
	"huitou/model/db"
)

func toTrace(tx *db.Tx, member model.MemberID, keys []string, from, to time.Time, limit int) (rows []model.Message, err error) {
	if len(keys) == 0 {
		keys = []string{""} // nobody's key
	}
	err = tx.Gorm().Where("member_id = ? AND (created_at >= ? AND created_at < ? OR message_key IN ?)", member, from.UTC(), to.UTC(), keys).
		Order("id").Limit(limit).Find(&rows).Error
	return rows, err
}

func triesOf(tx *db.Tx, rows []model.Message) (map[model.MessageID][]model.MessageAttempt, error) {
	ids := make([]model.MessageID, len(rows))
	for i, m := range rows {
		ids[i] = m.ID
	}
	var list []model.MessageAttempt
	if len(ids) > 0 {
		if err := tx.Gorm().Where("message_id IN ?", ids).Order("message_id, n").Find(&list).Error; err != nil {
			return nil, err
		}
	}
	out := map[model.MessageID][]model.MessageAttempt{}
	for _, a := range list {
		out[a.MessageID] = append(out[a.MessageID], a)
	}
	return out, nil
}

// allowedAt counts the consents for templates that were open at an instant.
func allowedAt(tx *db.Tx, member model.MemberID, templates []string, at time.Time) (n int64, err error) {
	if len(templates) == 0 {
		return 0, nil
	}
	err = tx.Gorm().Model(&model.MessageConsent{}).Where(`member_id = ? AND template_id IN ? AND granted_at <= ?
		AND (used_at IS NULL OR used_at >= ?) AND (cleared_at IS NULL OR cleared_at > ?)`, member, templates, at, at, at).Count(&n).Error
	return n, err
}

func contact(tx *db.Tx, member model.MemberID, from, to time.Time, limit int) (c Contact, err error) {
	from, to = from.UTC(), to.UTC()
	err = tx.Gorm().Where("member_id = ? AND granted_at < ?", member, to).Order("id DESC").Limit(limit).Find(&c.Consents).Error
	if err != nil {
		return c, err
	}
	err = tx.Gorm().Where("member_id = ? AND since < ? AND (lifted_at IS NULL OR lifted_at >= ?)", member, to, from).Order("id DESC").Limit(limit).Find(&c.Stops).Error
	if err != nil {
		return c, err
	}
	err = tx.Gorm().Where("member_id = ? AND day >= ? AND day <= ?", member, model.DayOf(from, model.Shanghai), model.DayOf(to, model.Shanghai)).
		Order("day DESC, purpose").Limit(limit).Find(&c.Days).Error
	return c, err
}
