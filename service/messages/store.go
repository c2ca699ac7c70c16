package messages

import (
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

var forUpdate = clause.Locking{Strength: "UPDATE"}

// nextDue returns when a lane has something to do. A lane that is closed has nothing but repetitions: their window is shorter than a
// quota lasts, and they are no new messages.
func nextDue(tx *db.Tx, l *lane) (at time.Time, ok bool, err error) {
	var rows []model.Message
	service, care, marketing := model.LaneOf(l.channel, model.PurposeService), model.LaneOf(l.channel, model.PurposeCare), model.LaneOf(l.channel, model.PurposeMarketing)
	err = tx.Gorm().Raw(nextOfLanes, service, care, marketing).Scan(&rows).Error
	if err != nil {
		return at, false, fmt.Errorf("look for due messages: %w", err)
	}
	if len(rows) > 0 {
		at, ok = *rows[0].DueAt, true
	}
	closed := l.closedUntil()
	if !ok || !closed.After(tx.Now) {
		return at, ok, nil
	}
	if at.Before(closed) {
		at = closed
	}
	rows = nil
	if err := repetitions(tx, l).Select("due_at").Order("due_at").Limit(1).Find(&rows).Error; err != nil {
		return at, ok, fmt.Errorf("look for repetitions: %w", err)
	}
	if len(rows) > 0 && rows[0].DueAt.Before(at) {
		at = *rows[0].DueAt
	}
	return at, ok, nil
}

// nextOfLanes reads one entry of the index for each purpose, however many messages wait.
const nextOfLanes = `SELECT m.due_at FROM (
	SELECT id FROM (SELECT id FROM messages WHERE lane = ? ORDER BY due_at LIMIT 1) a
	UNION ALL SELECT id FROM (SELECT id FROM messages WHERE lane = ? ORDER BY due_at LIMIT 1) b
	UNION ALL SELECT id FROM (SELECT id FROM messages WHERE lane = ? ORDER BY due_at LIMIT 1) c
) x JOIN messages m ON m.id = x.id ORDER BY m.due_at LIMIT 1`

func repetitions(tx *db.Tx, l *lane) *gorm.DB {
	return tx.Gorm().Where("state = ? AND channel = ?", model.MessageSending, l.channel)
}

// claim locks up to most due messages of a lane, the most urgent purposes first, and moves them on, so that no other worker finds
// them until the claim runs out.
func claim(tx *db.Tx, l *lane, most int) ([]model.Message, error) {
	var rows []model.Message
	find := func(q *gorm.DB) error {
		var more []model.Message
		err := q.Clauses(forUpdate).Where("due_at <= ?", tx.Now).Order("due_at, id").Limit(most - len(rows)).Find(&more).Error
		rows = append(rows, more...)
		return err
	}
	if l.closedUntil().After(tx.Now) {
		if err := find(repetitions(tx, l)); err != nil {
			return nil, fmt.Errorf("claim repetitions: %w", err)
		}
	} else {
		for _, p := range model.MessagePurposes {
			if len(rows) == most {
				break
			}
			if err := find(tx.Gorm().Where("lane = ?", model.LaneOf(l.channel, p))); err != nil {
				return nil, fmt.Errorf("claim due messages: %w", err)
			}
		}
	}
	return rows, nil
}

// lockAll locks the messages of results in the order of their ids.
func lockAll(tx *db.Tx, list []result) (map[model.MessageID]model.Message, error) {
	ids := make([]model.MessageID, 0, len(list))
	for _, r := range list {
		ids = append(ids, r.m.ID)
	}
	var rows []model.Message
	if err := tx.Gorm().Clauses(forUpdate).Where("id IN ?", ids).Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("lock %d messages: %w", len(ids), err)
	}
	out := make(map[model.MessageID]model.Message, len(rows))
	for _, m := range rows {
		out[m.ID] = m
	}
	return out, nil
}

func update(tx *db.Tx, id model.MessageID, what string, set map[string]any) error {
	if err := tx.Gorm().Model(&model.Message{}).Where("id = ?", id).Updates(set).Error; err != nil {
		return fmt.Errorf("%s message %d: %w", what, id, err)
	}
	return nil
}

// leaving stores attempts before their calls. The first one without an answer starts the window; the claim keeps others away.
func leaving(tx *db.Tx, list []attempt) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]model.MessageID, 0, len(list))
	rows := make([]model.MessageAttempt, 0, len(list))
	for _, a := range list {
		openID := a.call.to
		if a.m.Channel == model.ChannelSMS {
			openID = "" // a phone number stands nowhere in the clear
		}
		ids = append(ids, a.m.ID)
		rows = append(rows, model.MessageAttempt{
			MessageID: a.m.ID, N: a.n, Channel: a.m.Channel, ClientMsgID: a.call.clientMsgID, OpenID: openID, StartedAt: a.started,
		})
	}
	err := tx.Gorm().Model(&model.Message{}).Where("id IN ?", ids).Updates(map[string]any{
		"state": model.MessageSending, "reason": "", "code": 0, "attempts": gorm.Expr("attempts + 1"), "tries": gorm.Expr("tries + 1"),
		"attempt_at": tx.Now, "unsure_since": gorm.Expr("COALESCE(unsure_since, ?)", tx.Now), "due_at": tx.Now.Add(claimFor),
	}).Error
	if err != nil {
		return fmt.Errorf("mark %d messages as leaving: %w", len(ids), err)
	}
	if err := tx.Gorm().Create(&rows).Error; err != nil {
		return fmt.Errorf("store %d attempts: %w", len(rows), err)
	}
	return nil
}

func closeAttempt(tx *db.Tx, a attempt, outcome model.AttemptOutcome, code int64, text, msgID string) error {
	set := map[string]any{"finished_at": tx.Now, "outcome": outcome, "code": code, "error": cutText(text, 500)}
	if msgID != "" {
		set["msg_id"] = msgID
	}
	err := tx.Gorm().Model(&model.MessageAttempt{}).Where("message_id = ? AND n = ? AND outcome = ''", a.m.ID, a.n).Updates(set).Error
	if err != nil {
		return fmt.Errorf("close attempt %d of message %d: %w", a.n, a.m.ID, err)
	}
	return nil
}

// accepted stores that the platform took a message.
func accepted(tx *db.Tx, a attempt, msgID string) error {
	set := map[string]any{
		"state": model.MessageAccepted, "reason": "", "code": 0, "unsure_since": nil, "due_at": nil, "lane": nil, "accepted_at": tx.Now, "finished_at": nil,
	}
	if msgID != "" {
		set["msg_id"] = msgID
	}
	if err := update(tx, a.m.ID, "accept", set); err != nil {
		return err
	}
	return closeAttempt(tx, a, model.AttemptAccepted, 0, "", msgID)
}

// hold puts a message off without an attempt.
func hold(tx *db.Tx, id model.MessageID, until time.Time) error {
	return update(tx, id, "hold", map[string]any{"due_at": until})
}

// waits puts a message off after a refusal.
func waits(tx *db.Tx, m model.Message, state model.MessageState, reason string, code int64, until time.Time) error {
	set := map[string]any{"state": state, "reason": reason, "code": code, "due_at": until}
	if state == model.MessageQueued {
		set["unsure_since"] = nil
	}
	return update(tx, m.ID, "put off", set)
}

// turn gives the turn to the next channel.
func turn(tx *db.Tx, m model.Message, next model.MessageChannel, fell model.MessageState, reason string, code int64) error {
	return update(tx, m.ID, "turn", map[string]any{
		"state": model.MessageQueued, "channel": next, "tries": 0, "fell": fell, "reason": reason, "code": code, "unsure_since": nil, "msg_id": nil,
		"accepted_at": nil, "finished_at": nil, "due_at": tx.Now, "lane": model.LaneOf(next, m.Purpose),
	})
}

// skipped stores that nothing left by the channel whose turn it was.
func skipped(tx *db.Tx, m model.Message, why string) (model.Message, error) {
	m.Attempts++
	row := model.MessageAttempt{
		MessageID: m.ID, N: m.Attempts, Channel: m.Channel, StartedAt: tx.Now, FinishedAt: &tx.Now, Outcome: model.AttemptSkipped, Error: cutText(why, 500),
	}
	if err := tx.Gorm().Create(&row).Error; err != nil {
		return m, fmt.Errorf("store why message %d was not sent by %s: %w", m.ID, m.Channel, err)
	}
	return m, update(tx, m.ID, "count the attempts of", map[string]any{"attempts": m.Attempts})
}

// finish ends a message.
func finish(tx *db.Tx, id model.MessageID, state model.MessageState, reason string, code int64) error {
	return update(tx, id, "end", map[string]any{"state": state, "reason": cutText(reason, 255), "code": code, "due_at": nil, "lane": nil, "finished_at": tx.Now})
}

// keepReport stores a report once.
func keepReport(tx *db.Tx, msgID, status string, at time.Time, matched bool) (r model.MessageReport, fresh bool, err error) {
	r = model.MessageReport{MsgID: msgID, Status: cutText(squeeze(status), 64), At: at.UTC().Truncate(time.Microsecond), Matched: matched, ReceivedAt: tx.Now}
	fresh, err = tx.Insert(&r)
	return r, fresh, err
}

// reportsOf returns the reports that came before their messages' acceptance was stored.
func reportsOf(tx *db.Tx, msgIDs []string) (rows []model.MessageReport, err error) {
	if len(msgIDs) == 0 {
		return nil, nil
	}
	err = tx.Gorm().Clauses(forUpdate).Where("msg_id IN ?", msgIDs).Order("id").Find(&rows).Error
	return rows, err
}

// acceptedBefore locks messages that were accepted before an instant and not reported, the oldest first.
func acceptedBefore(tx *db.Tx, before time.Time, channels []model.MessageChannel, limit int) (rows []model.Message, err error) {
	err = tx.Gorm().Clauses(forUpdate).Where("state = ? AND accepted_at < ? AND channel IN ?", model.MessageAccepted, before, channels).
		Order("id").Limit(limit).Find(&rows).Error
	return rows, err
}

// acceptedAs locks the message that was accepted under an id and waits for its report, or does so no more. Of the unknown ones only those
// have an id.
func acceptedAs(tx *db.Tx, msgID string) (m model.Message, found bool, err error) {
	var rows []model.Message
	err = tx.Gorm().Clauses(forUpdate).Where("msg_id = ? AND state IN ?", msgID, []model.MessageState{model.MessageAccepted, model.MessageUnknown}).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return m, false, err
	}
	return rows[0], true, nil
}

// reported writes what became of the accepted attempt of a message.
func reported(tx *db.Tx, m model.Message, n int64, state model.MessageState) error {
	q := tx.Gorm().Model(&model.MessageAttempt{}).Where("message_id = ? AND outcome = ?", m.ID, model.AttemptAccepted)
	if n != 0 {
		q = q.Where("n = ?", n)
	} else {
		q = q.Where("msg_id = ?", *m.MsgID)
	}
	return q.Update("report", state).Error
}

func matched(tx *db.Tx, report int64) error {
	return tx.Gorm().Model(&model.MessageReport{}).Where("id = ?", report).Update("matched", true).Error
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
