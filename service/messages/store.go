package messages

import (
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/jobs"
)

func lock(tx *db.Tx, id model.MessageID) (m model.Message, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&m).Error
	return m, err
}

// end moves a message that has not been accepted to its end.
func end(tx *db.Tx, id model.MessageID, state model.MessageState, reason string, code int64) error {
	err := tx.Gorm().Model(&model.Message{}).
		Where("id = ? AND state IN ?", id, []model.MessageState{model.MessageQueued, model.MessageSending}).
		Updates(map[string]any{"state": state, "reason": reason, "code": code, "not_before": nil, "finished_at": tx.Now}).Error
	if err != nil {
		return fmt.Errorf("end message %d: %w", id, err)
	}
	return nil
}

// leave stores an attempt before its call. The first one without an answer starts the window.
func leave(tx *db.Tx, m model.Message, n int64, openID string) error {
	set := map[string]any{"state": model.MessageSending, "reason": "", "code": 0, "attempts": n, "attempt_at": tx.Now, "not_before": nil}
	if m.UnsureSince == nil {
		set["unsure_since"] = tx.Now
	}
	if err := tx.Gorm().Model(&model.Message{}).Where("id = ?", m.ID).Updates(set).Error; err != nil {
		return fmt.Errorf("mark message %d as leaving: %w", m.ID, err)
	}
	row := model.MessageAttempt{MessageID: m.ID, N: n, OpenID: openID, StartedAt: tx.Now}
	if err := tx.Gorm().Create(&row).Error; err != nil {
		return fmt.Errorf("store attempt %d of message %d: %w", n, m.ID, err)
	}
	return nil
}

func closeAttempt(tx *db.Tx, a attempt, outcome model.AttemptOutcome, code int64, text string) error {
	err := tx.Gorm().Model(&model.MessageAttempt{}).Where("message_id = ? AND n = ? AND outcome = ''", a.id, a.n).
		Updates(map[string]any{"finished_at": tx.Now, "outcome": outcome, "code": code, "error": cutText(text, 500)}).Error
	if err != nil {
		return fmt.Errorf("close attempt %d of message %d: %w", a.n, a.id, err)
	}
	return nil
}

// accept stores WeChat's id. A message that was given up as unknown meanwhile is accepted all the same: now it is known.
// When two attempts were both answered, WeChat took them for one message, and the first answer stays.
func accept(tx *db.Tx, a attempt, msgID string) error {
	m, err := lock(tx, a.id)
	if err != nil {
		return fmt.Errorf("lock message %d: %w", a.id, err)
	}
	switch m.State {
	case model.MessageQueued, model.MessageSending, model.MessageUnknown:
	default:
		return closeAttempt(tx, a, model.AttemptRepeated, 0, "")
	}
	err = tx.Gorm().Model(&model.Message{}).Where("id = ?", a.id).Updates(map[string]any{
		"state": model.MessageAccepted, "reason": "", "code": 0, "msg_id": msgID, "unsure_since": nil, "not_before": nil,
		"accepted_at": tx.Now, "finished_at": nil,
	}).Error
	if err != nil {
		return fmt.Errorf("mark message %d as accepted: %w", a.id, err)
	}
	if err := closeAttempt(tx, a, model.AttemptAccepted, 0, ""); err != nil {
		return err
	}
	// The locking read waits for a report that is being stored right now; keepReport in turn waits for this row. One of
	// the two transactions therefore sees the other.
	var reports []model.MessageReport
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("msg_id = ?", msgID).Find(&reports).Error
	if err != nil || len(reports) == 0 {
		return err
	}
	return applyReport(tx, reports[0])
}

// refuse stores an attempt that was not accepted, and returns what to tell the queue.
func refuse(tx *db.Tx, a attempt, d decision, cause error) (next error, err error) {
	m, err := lock(tx, a.id)
	if err != nil {
		return nil, fmt.Errorf("lock message %d: %w", a.id, err)
	}
	outcome := model.AttemptRefused
	if d.step == stepUnsure {
		outcome = model.AttemptUnsure
	}
	if err := closeAttempt(tx, a, outcome, d.code, cause.Error()); err != nil {
		return nil, err
	}
	if m.State != model.MessageSending || m.Attempts != a.n {
		return nil, nil // another attempt was made or answered meanwhile, and its word counts
	}
	set := map[string]any{"reason": d.reason, "code": d.code}
	// A refusal clears the doubt only when no earlier attempt is in doubt.
	doubt := d.step == stepUnsure || m.UnsureSince != nil && m.UnsureSince.Before(a.started)
	switch {
	case d.step == stepFail && doubt:
		set["state"], set["finished_at"] = model.MessageUnknown, tx.Now
	case d.step == stepFail:
		set["state"], set["finished_at"], set["unsure_since"] = model.MessageFailed, tx.Now, nil
	case doubt:
		// It stays in sending: sent again within the window, unknown after it, however long the quota lasts.
		next = jobs.Snooze(backoff(a.n))
	case d.step == stepPark:
		set["state"], set["not_before"], set["unsure_since"] = model.MessageQueued, d.until, nil
		next = jobs.Snooze(d.until.Sub(tx.Now))
	default:
		set["state"], set["unsure_since"] = model.MessageQueued, nil
		next = jobs.Snooze(d.pause)
	}
	if err := tx.Gorm().Model(&model.Message{}).Where("id = ?", a.id).Updates(set).Error; err != nil {
		return nil, fmt.Errorf("store the refusal of message %d: %w", a.id, err)
	}
	return next, nil
}

// keepReport stores a report once and applies it when its message is known.
func keepReport(tx *db.Tx, msgID, status string, at time.Time) error {
	r := model.MessageReport{MsgID: msgID, Status: cutText(squeeze(status), 64), At: at.UTC().Truncate(time.Microsecond), ReceivedAt: tx.Now}
	fresh, err := tx.Insert(&r)
	if err != nil || !fresh {
		return err
	}
	return applyReport(tx, r)
}

// applyReport moves the accepted message of a report to its end; without one the report waits.
func applyReport(tx *db.Tx, r model.MessageReport) error {
	state, reason := ended(r.Status)
	res := tx.Gorm().Model(&model.Message{}).Where("msg_id = ? AND state = ?", r.MsgID, model.MessageAccepted).
		Updates(map[string]any{"state": state, "reason": reason, "finished_at": tx.Now})
	if res.Error != nil || res.RowsAffected == 0 {
		return res.Error
	}
	return tx.Gorm().Model(&model.MessageReport{}).Where("id = ?", r.ID).Update("matched", true).Error
}

func list(tx *db.Tx, member model.MemberID, before int64, limit int) (rows []model.Message, err error) {
	q := tx.Gorm().Order("id DESC").Limit(limit)
	if member != 0 {
		q = q.Where("member_id = ?", member)
	}
	if before != 0 {
		q = q.Where("id < ?", before)
	}
	err = q.Find(&rows).Error
	return rows, err
}
