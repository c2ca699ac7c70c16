package merges

import (
	"errors"
	"fmt"

	"huitou/model"
	"huitou/model/db"
)

// errMoved means that a row changed although both members are locked.
var errMoved = errors.New("merges: a row changed meanwhile")

func insertMerge(tx *db.Tx, row *model.Merge) (fresh bool, err error) {
	if fresh, err = tx.Insert(row); err != nil {
		return false, fmt.Errorf("keep the merge of %d into %d: %w", row.FromMember, row.ToMember, err)
	}
	return fresh, nil
}

func mergeByID(tx *db.Tx, id model.MergeID) (row model.Merge, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&row).Error
	if db.IsNotFound(err) {
		return row, ErrUnknown
	}
	if err != nil {
		return row, fmt.Errorf("read merge %d: %w", id, err)
	}
	return row, nil
}

func endMerge(tx *db.Tx, row model.Merge) error {
	res := tx.Gorm().Model(&model.Merge{}).Where("id = ? AND live IS NOT NULL", row.ID).
		Updates(map[string]any{"live": nil, "split_at": row.SplitAt, "split_by": row.SplitBy, "split_reason": row.SplitReason})
	if res.Error == nil && res.RowsAffected != 1 {
		return errMoved
	}
	if res.Error != nil {
		return fmt.Errorf("end merge %d: %w", row.ID, res.Error)
	}
	return nil
}

// wasSplit reports whether two members were one before, whichever way round.
func wasSplit(tx *db.Tx, a, b model.MemberID) (bool, error) {
	var n int64
	err := tx.Gorm().Model(&model.Merge{}).Where("split_at IS NOT NULL AND ((from_member = ? AND to_member = ?) OR (from_member = ? AND to_member = ?))",
		a, b, b, a).Count(&n).Error
	if err != nil {
		return false, fmt.Errorf("look up splits of %d and %d: %w", a, b, err)
	}
	return n > 0, nil
}

func mergesBefore(tx *db.Tx, member model.MemberID, before int64, limit int) (rows []model.Merge, err error) {
	q := tx.Gorm().Order("id DESC").Limit(limit)
	if member > 0 {
		q = q.Where("(from_member = ? OR to_member = ?)", member, member)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	err = q.Find(&rows).Error
	return rows, err
}

func requestByID(tx *db.Tx, id model.MergeRequestID) (row model.MergeRequest, err error) {
	err = tx.Gorm().Where("id = ?", id).Take(&row).Error
	if db.IsNotFound(err) {
		return row, ErrRequestUnknown
	}
	if err != nil {
		return row, fmt.Errorf("read request %d: %w", id, err)
	}
	return row, nil
}

// decideRequest is a compare-and-set from the state waiting, by somebody else than who asked.
func decideRequest(tx *db.Tx, row model.MergeRequest) error {
	res := tx.Gorm().Model(&model.MergeRequest{}).Where("id = ? AND state = ? AND asked_by <> ?", row.ID, model.MergeWaiting, row.DecidedBy).
		Updates(map[string]any{"state": row.State, "decided_by": row.DecidedBy, "decided_at": row.DecidedAt, "decision_note": row.DecisionNote,
			"pending": nil, "merge_id": row.MergeID})
	if res.Error != nil {
		return fmt.Errorf("decide request %d: %w", row.ID, res.Error)
	}
	if res.RowsAffected != 1 {
		return ErrDecided
	}
	return nil
}

func requestsBefore(tx *db.Tx, state model.MergeRequestState, before int64, limit int) (rows []model.MergeRequest, err error) {
	q := tx.Gorm().Order("id DESC").Limit(limit)
	if state != "" {
		q = q.Where("state = ?", state)
	}
	if before > 0 {
		q = q.Where("id < ?", before)
	}
	err = q.Find(&rows).Error
	return rows, err
}

func askedWith(tx *db.Tx, member model.MemberID) (ids []model.MemberID, err error) {
	err = tx.Gorm().Raw(`SELECT CASE WHEN from_member = ? THEN to_member ELSE from_member END FROM merge_requests
		WHERE (from_member = ? OR to_member = ?) AND pending IS NOT NULL ORDER BY id LIMIT 50`, member, member, member).Scan(&ids).Error
	return ids, err
}

// scannedWith reads the scans of parcels, which other capabilities keep: whoever scans a parcel code holds the parcel in his hands.
func scannedWith(tx *db.Tx, member model.MemberID) (ids []model.MemberID, err error) {
	err = tx.Gorm().Raw(`SELECT DISTINCT s.member_id FROM parcel_codes c JOIN parcel_scans s ON s.parcel_code_id = c.id
		WHERE c.member_id = ? AND s.member_id <> c.member_id
		UNION SELECT DISTINCT c.member_id FROM parcel_scans s JOIN parcel_codes c ON c.id = s.parcel_code_id
		WHERE s.member_id = ? AND s.member_id <> c.member_id ORDER BY 1 LIMIT 50`, member, member).Scan(&ids).Error
	return ids, err
}
