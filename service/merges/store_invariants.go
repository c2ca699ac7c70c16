package merges

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// followWithin is how long rows that were written beside a merge may stay behind.
const followWithin = time.Hour

// Invariants are what must never be untrue about merges.
func (s *Service) Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("merges.split", "a merge holds or was split by somebody with a reason",
			`SELECT id FROM merges WHERE (live IS NULL) <> (split_at IS NOT NULL) OR (live IS NOT NULL AND live <> from_member)
			 OR (split_at IS NOT NULL) <> (split_by > 0 AND split_reason <> '')`),
		audit.SQL("merges.decided", "what staff had to look at was decided by somebody else than who asked",
			`SELECT id FROM merges WHERE (cause = 'staff' AND (asked_by = 0 OR decided_by = 0)) OR (decided_by <> 0 AND decided_by = asked_by)
			 UNION ALL SELECT r.id FROM merge_requests r LEFT JOIN merges m ON m.id = r.merge_id
			 WHERE (r.state = 'waiting') <> (r.pending IS NOT NULL) OR (r.state = 'merged') <> (m.id IS NOT NULL)
				OR (m.id IS NOT NULL AND (m.from_member <> r.from_member OR m.to_member <> r.to_member OR m.decided_by <> r.decided_by))`),
		audit.SQL("merges.trail", "every merge that staff decided, and every split, stands in the staff trail",
			`SELECT m.id FROM merges m WHERE (m.decided_by > 0 AND NOT EXISTS (SELECT 1 FROM audit_trail t WHERE t.ref = CONCAT('merge:', m.id) AND t.action = 'members.merge'))
			 OR (m.split_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit_trail t WHERE t.ref = CONCAT('merge:', m.id) AND t.action = 'members.split'))`),
		audit.SQL("merges.record", "what was put back belongs to a merge that was split",
			`SELECT v.id, v.merge_id FROM merge_moves v LEFT JOIN merges m ON m.id = v.merge_id WHERE m.id IS NULL OR (v.back_at IS NOT NULL AND m.split_at IS NULL)`),
		{ID: "merges.behind", Says: "nothing that moves stays behind with a member who went into another one", Check: s.behind},
	}
}

// behind looks for rows of members who went into others an hour ago or earlier.
func (s *Service) behind(_ context.Context, tx *db.Tx) (violations []string, err error) {
	gone, err := goneBefore(tx, tx.Now.Add(-followWithin))
	if err != nil {
		return nil, fmt.Errorf("list merges: %w", err)
	}
	for _, p := range s.d.Parts {
		if p.Behind == nil || len(gone) == 0 {
			continue
		}
		n, err := p.Behind(tx, gone)
		if err != nil {
			return nil, fmt.Errorf("look for rows of %s that stayed behind: %w", p.Name(), err)
		}
		if n > 0 {
			violations = append(violations, fmt.Sprintf("%s rows=%d", p.Name(), n))
		}
	}
	return violations, nil
}

// goneBefore returns who went into another member, the latest 1,000.
func goneBefore(tx *db.Tx, at time.Time) (ids []model.MemberID, err error) {
	err = tx.Gorm().Model(&model.Merge{}).Where("live IS NOT NULL AND at < ?", at).Order("id DESC").Limit(1000).Pluck("from_member", &ids).Error
	return ids, err
}
