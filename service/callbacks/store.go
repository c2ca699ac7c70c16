package callbacks

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

// identity tells callbacks apart.
type identity struct{ app, key string }

func identityOf(c model.Callback) identity { return identity{c.AppID, c.DedupeKey} }

// insertAll stores rows in one statement.
func insertAll(tx *db.Tx, rows []model.Callback) error {
	if err := tx.Gorm().Create(&rows).Error; err != nil {
		return fmt.Errorf("store %d callbacks: %w", len(rows), err)
	}
	return nil
}

// idsOf looks up those of the callbacks that are stored.
func idsOf(tx *db.Tx, list []model.Callback) (map[identity]model.CallbackID, error) {
	var apps []string
	keys := make([]string, len(list))
	for i, c := range list {
		keys[i] = c.DedupeKey
		if !slices.Contains(apps, c.AppID) {
			apps = append(apps, c.AppID)
		}
	}
	var rows []model.Callback
	if err := tx.Gorm().Select("id", "app_id", "dedupe_key").Where("app_id IN ? AND dedupe_key IN ?", apps, keys).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("look for copies of %d callbacks: %w", len(list), err)
	}
	ids := make(map[identity]model.CallbackID, len(rows))
	for _, c := range rows {
		ids[identityOf(c)] = c.ID
	}
	return ids, nil
}

func byID(tx *db.Tx, id model.CallbackID) (c model.Callback, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&c).Error
	if db.IsNotFound(err) {
		err = ErrUnknown
	}
	return c, err
}

func lock(tx *db.Tx, id model.CallbackID) (c model.Callback, err error) {
	err = tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&c).Error
	if db.IsNotFound(err) {
		err = ErrUnknown
	}
	return c, err
}

// finish ends a received callback; fresh is false when it had ended before.
func finish(tx *db.Tx, id model.CallbackID, state model.CallbackState, reason string) (fresh bool, err error) {
	res := tx.Gorm().Model(&model.Callback{}).Where("id = ? AND state = ?", id, model.CallbackReceived).
		Updates(map[string]any{"state": state, "reason": reason, "finished_at": tx.Now})
	if res.Error != nil {
		return false, fmt.Errorf("end callback %d: %w", id, res.Error)
	}
	return res.RowsAffected == 1, nil
}

// countRun counts a failed run of a received callback and fails it for good at the last one.
func countRun(tx *db.Tx, id model.CallbackID, reason string) (last bool, err error) {
	c, err := lock(tx, id)
	if err != nil || c.State != model.CallbackReceived {
		return false, err
	}
	set := map[string]any{"runs": gorm.Expr("runs + 1"), "reason": reason}
	if last = c.Runs+1 >= maxRuns; last {
		set["state"], set["finished_at"] = model.CallbackFailed, tx.Now
	}
	return last, tx.Gorm().Model(&model.Callback{}).Where("id = ?", id).Updates(set).Error
}

func reopen(tx *db.Tx, c model.Callback) error {
	return tx.Gorm().Model(&model.Callback{}).Where("id = ?", c.ID).Updates(map[string]any{
		"state": model.CallbackReceived, "reason": "", "runs": 0, "replays": c.Replays, "finished_at": nil,
	}).Error
}

func deleteOld(tx *db.Tx, before time.Time, limit int) (int64, error) {
	var ids []model.CallbackID
	err := tx.Gorm().Model(&model.Callback{}).
		Where("state IN ? AND received_at < ? AND channel <> ?",
			[]model.CallbackState{model.CallbackDone, model.CallbackIgnored}, before, Pay).
		Order("received_at").Limit(limit).Pluck("id", &ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	res := tx.Gorm().Where("id IN ?", ids).Delete(&model.Callback{})
	return res.RowsAffected, res.Error
}

func saveMended(tx *db.Tx, c model.Callback) error {
	return tx.Gorm().Model(&model.Callback{}).Where("id = ?", c.ID).Updates(map[string]any{
		"raw": c.Raw, "dedupe_key": c.DedupeKey, "verdict": c.Verdict, "topic": c.Topic, "open_id": c.OpenID,
	}).Error
}
