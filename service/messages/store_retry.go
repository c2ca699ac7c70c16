package messages

import (
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// toRetry finds the oldest messages that a wish names, without locking them: they are read again under their locks.
func toRetry(tx *db.Tx, in RetryMany, limit int) (ids []model.MessageID, err error) {
	q := tx.Gorm().Model(&model.Message{}).Where("state = ? AND id > ? AND created_at >= ? AND created_at < ?", in.State, in.After, in.From, in.To)
	if in.Template != "" {
		q = q.Where("template = ?", in.Template)
	}
	if in.Reason != "" {
		q = q.Where("reason = ?", in.Reason)
	}
	if err := q.Order("id").Limit(limit).Pluck("id", &ids).Error; err != nil {
		return nil, fmt.Errorf("look for messages to send again: %w", err)
	}
	return ids, nil
}

// lockToRetry locks messages in the order of their ids.
func lockToRetry(tx *db.Tx, ids []model.MessageID) (rows []model.Message, err error) {
	if err := tx.Gorm().Clauses(forUpdate).Where("id IN ?", ids).Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("lock %d messages to send again: %w", len(ids), err)
	}
	return rows, nil
}

// reopen puts messages that ended back into a lane. Their attempts stay, and count on.
func reopen(tx *db.Tx, ids []model.MessageID, c model.MessageChannel, p model.MessagePurpose) error {
	err := tx.Gorm().Model(&model.Message{}).Where("id IN ?", ids).Updates(map[string]any{
		"state": model.MessageQueued, "channel": c, "tries": 0, "fell": "", "reason": "", "code": 0, "unsure_since": nil, "finished_at": nil,
		"due_at": tx.Now, "lane": model.LaneOf(c, p),
	}).Error
	if err != nil {
		return fmt.Errorf("queue %d messages again: %w", len(ids), err)
	}
	return nil
}
