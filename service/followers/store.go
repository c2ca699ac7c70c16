package followers

import (
	"errors"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// errMoved means that another worker brought the run on.
var errMoved = errors.New("followers: another worker brought the run on")

func runByID(tx *db.Tx, id model.FollowerSyncID) (row model.FollowerSync, err error) {
	if err := tx.Gorm().Where("id = ?", id).Take(&row).Error; err != nil {
		return row, fmt.Errorf("read run %d: %w", id, err)
	}
	return row, nil
}

func latest(tx *db.Tx) (row model.FollowerSync, ok bool, err error) {
	var rows []model.FollowerSync
	if err := tx.Gorm().Order("id DESC").Limit(1).Find(&rows).Error; err != nil {
		return row, false, fmt.Errorf("read the latest run: %w", err)
	}
	if len(rows) == 0 {
		return row, false, nil
	}
	return rows[0], true, nil
}

// saveRun is a compare-and-set from where the run was.
func saveRun(tx *db.Tx, was, now model.FollowerSync) error {
	res := tx.Gorm().Model(&model.FollowerSync{}).
		Where("id = ? AND state = ? AND next_open = ? AND checked = ? AND done_at IS NULL", was.ID, was.State, was.NextOpen, was.Checked).
		Updates(map[string]any{"state": now.State, "next_open": now.NextOpen, "checked": now.Checked, "listed": now.Listed, "followed": now.Followed,
			"unfollowed": now.Unfollowed, "learnt": now.Learnt, "problem": now.Problem, "done_at": now.DoneAt})
	if res.Error == nil && res.RowsAffected != 1 {
		return errMoved
	}
	if res.Error != nil {
		return fmt.Errorf("note how far run %d is: %w", was.ID, res.Error)
	}
	return nil
}

// giveUp ends runs that began before an instant.
func giveUp(tx *db.Tx, before time.Time) error {
	err := tx.Gorm().Model(&model.FollowerSync{}).Where("done_at IS NULL AND started_at < ?", before).
		Updates(map[string]any{"state": model.SyncFailed, "problem": "it did not come to an end within a day", "done_at": tx.Now}).Error
	if err != nil {
		return fmt.Errorf("give up old runs: %w", err)
	}
	return nil
}
