package audit

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm/clause"

	"huitou/model"
	"huitou/model/db"
)

func appendEntry(tx *db.Tx, row *model.AuditEntry) error {
	var head model.AuditHead
	if err := tx.Gorm().Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = 1").Take(&head).Error; err != nil {
		return err
	}
	row.PrevHash = head.Hash
	row.Hash = sealed(*row)
	if err := tx.Gorm().Create(row).Error; err != nil {
		return err
	}
	return tx.Gorm().Model(&model.AuditHead{}).Where("id = 1").Update("hash", row.Hash).Error
}

// chainUnbroken walks the whole trail and names the first entry that does not fit.
func chainUnbroken(_ context.Context, tx *db.Tx) ([]string, error) {
	var (
		prev string
		last int64
	)
	for {
		var rows []model.AuditEntry
		if err := tx.Gorm().Where("id > ?", last).Order("id").Limit(1000).Find(&rows).Error; err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.PrevHash != prev || r.Hash != sealed(r) {
				return []string{fmt.Sprintf("entry %d (%s %s)", r.ID, r.Action, r.Ref)}, nil
			}
			prev, last = r.Hash, r.ID
		}
		if len(rows) < 1000 {
			break
		}
	}
	var head model.AuditHead
	if err := tx.Gorm().Where("id = 1").Take(&head).Error; err != nil {
		return nil, err
	}
	if head.Hash != prev {
		return []string{fmt.Sprintf("the newest entry is %d, the head says another", last)}, nil
	}
	return nil, nil
}

// query returns every row of a statement as "column=value …", at most 20 of them.
func query(tx *db.Tx, statement string) ([]string, error) {
	rows, err := tx.Gorm().Raw(statement).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []string
	for rows.Next() && len(out) < maxViolations {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		parts := make([]string, len(columns))
		for i, v := range values {
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			parts[i] = fmt.Sprintf("%s=%v", columns[i], v)
		}
		out = append(out, strings.Join(parts, " "))
	}
	return out, rows.Err()
}
