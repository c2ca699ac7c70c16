package moves

import (
	"encoding/json"
	"fmt"
	"strconv"

	"huitou/model"
	"huitou/model/db"
)

// Row is a line of the record.
type Row struct {
	Key string
	Was any // what else changed about it; nil is nothing
}

// Note records rows that a part moves, before they move.
func Note(tx *db.Tx, m Merge, part string, list []Row) error {
	lines := make([]model.MergeMove, len(list))
	for i, r := range list {
		lines[i] = model.MergeMove{MergeID: m.ID, Part: part, RowKey: r.Key, At: tx.Now}
		if r.Was == nil {
			continue
		}
		was, err := json.Marshal(r.Was)
		if err != nil {
			return fmt.Errorf("write what row %s of %s was: %w", r.Key, part, err)
		}
		lines[i].Was = string(was)
	}
	if err := insertMoves(tx, lines); err != nil {
		return fmt.Errorf("record what merge %d moves of %s: %w", m.ID, part, err)
	}
	return nil
}

// Noted returns what a merge moved of a part and no split put back, in the order in which it moved.
func Noted(tx *db.Tx, m Merge, part string) ([]model.MergeMove, error) {
	list, err := movesOf(tx, m.ID, part)
	if err != nil {
		return nil, fmt.Errorf("read what merge %d moved of %s: %w", m.ID, part, err)
	}
	return list, nil
}

// Was reads what Note was told of a row.
func Was[T any](line model.MergeMove) (was T, err error) {
	if err := json.Unmarshal([]byte(line.Was), &was); err != nil {
		return was, fmt.Errorf("read what row %s of %s was: %w", line.RowKey, line.Part, err)
	}
	return was, nil
}

// Back marks rows as put back. Rows that stay where they are are not marked.
func Back(tx *db.Tx, list []model.MergeMove) error {
	ids := make([]int64, len(list))
	for i, l := range list {
		ids[i] = l.ID
	}
	if err := markBack(tx, ids); err != nil {
		return fmt.Errorf("mark %d rows as put back: %w", len(ids), err)
	}
	return nil
}

// IDs reads the keys of rows with a numeric id.
func IDs(list []model.MergeMove) ([]int64, error) {
	ids := make([]int64, len(list))
	for i, l := range list {
		id, err := strconv.ParseInt(l.RowKey, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("moves: the key %q of %s is no id", l.RowKey, l.Part)
		}
		ids[i] = id
	}
	return ids, nil
}

// Counts returns how many rows of each part a merge moved.
func Counts(tx *db.Tx, merge model.MergeID) (map[string]int64, error) {
	n, err := countMoves(tx, merge)
	if err != nil {
		return nil, fmt.Errorf("count what merge %d moved: %w", merge, err)
	}
	return n, nil
}
