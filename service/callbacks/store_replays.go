package callbacks

import (
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// named are the callbacks that a replay of many names, whatever became of them since.
func named(tx *db.Tx, r model.CallbackReplay) *gorm.DB {
	return Filter{App: r.AppID, Topic: r.Topic, Verdict: r.Verdict, State: r.Which, From: r.ReceivedFrom, To: r.ReceivedTo}.on(tx.Gorm().Model(&model.Callback{}))
}

// replayable counts them, up to most, and finds the last of these.
func replayable(tx *db.Tx, r model.CallbackReplay, most int) (n int64, last model.CallbackID, err error) {
	var out struct {
		N    int64
		Last model.CallbackID
	}
	oldest := named(tx, r).Select("id").Order("id").Limit(most)
	err = tx.Gorm().Table("(?) AS oldest", oldest).Select("COUNT(*) AS n, COALESCE(MAX(id), 0) AS last").Scan(&out).Error
	if err != nil {
		return 0, 0, fmt.Errorf("count callbacks to replay: %w", err)
	}
	return out.N, out.Last, nil
}

// lockReplayable locks the next of them, without their bodies.
func lockReplayable(tx *db.Tx, r model.CallbackReplay, limit int) (rows []model.Callback, err error) {
	err = named(tx, r).Where("id > ? AND id <= ?", r.DoneID, r.LastID).Omit("raw", "reply").Order("id").Limit(limit).
		Clauses(clause.Locking{Strength: "UPDATE"}).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lock callbacks to replay: %w", err)
	}
	return rows, nil
}

// reopenAll puts locked callbacks back.
func reopenAll(tx *db.Tx, rows []model.Callback) error {
	ids := make([]model.CallbackID, len(rows))
	for i, c := range rows {
		ids[i] = c.ID
	}
	err := tx.Gorm().Model(&model.Callback{}).Where("id IN ?", ids).Updates(map[string]any{
		"state": model.CallbackReceived, "reason": "", "runs": 0, "replays": gorm.Expr("replays + 1"), "finished_at": nil,
	}).Error
	if err != nil {
		return fmt.Errorf("reopen %d callbacks: %w", len(ids), err)
	}
	return nil
}

func replayByID(tx *db.Tx, id model.CallbackReplayID) (r model.CallbackReplay, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&r).Error
	return r, orReplayUnknown(id, err)
}

func lockReplay(tx *db.Tx, id model.CallbackReplayID) (r model.CallbackReplay, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&r).Error
	return r, orReplayUnknown(id, err)
}

func orReplayUnknown(id model.CallbackReplayID, err error) error {
	if db.IsNotFound(err) {
		return ErrReplayUnknown
	}
	if err != nil {
		return fmt.Errorf("read replay %d of callbacks: %w", id, err)
	}
	return nil
}

// saveReplay stores how far a locked replay got.
func saveReplay(tx *db.Tx, r model.CallbackReplay) error {
	err := tx.Gorm().Model(&model.CallbackReplay{}).Where("id = ?", r.ID).Updates(map[string]any{
		"state": r.State, "done_id": r.DoneID, "replayed": r.Replayed, "finished_at": r.FinishedAt,
	}).Error
	if err != nil {
		return fmt.Errorf("save replay %d of callbacks: %w", r.ID, err)
	}
	return nil
}
