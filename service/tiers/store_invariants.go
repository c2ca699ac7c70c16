package tiers

import "huitou/service/audit"

// Invariants are what must never be untrue about levels.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("tiers.ladder", "a ladder begins at 0",
			`SELECT MIN(threshold) AS lowest FROM tier_levels HAVING MIN(threshold) > 0`),
		audit.SQL("tiers.history", "a member stands where the latest line of his history put him, and its end is his level's",
			`SELECT t.member_id, t.level_id, t.seq, m.to_level, m.valid_until FROM member_tiers t
			LEFT JOIN tier_moves m ON m.member_id = t.member_id AND m.seq = t.seq
			WHERE m.member_id IS NULL OR m.to_level <> t.level_id OR m.valid_until <> t.valid_until`),
		audit.SQL("tiers.chain", "each line of a history begins where the one before ended, without gaps",
			`SELECT b.member_id, b.seq FROM tier_moves b
			LEFT JOIN tier_moves a ON a.member_id = b.member_id AND a.seq = b.seq - 1
			WHERE (b.seq > 1 AND (a.member_id IS NULL OR a.to_level <> b.from_level))
			OR (b.seq = 1 AND b.from_level <> (SELECT l.id FROM tier_levels l WHERE l.threshold = 0))
			UNION ALL SELECT m.member_id, m.seq FROM tier_moves m LEFT JOIN member_tiers t ON t.member_id = m.member_id
			WHERE t.member_id IS NULL OR m.seq > t.seq`),
		audit.SQL("tiers.earned", "who rose by the rules met the threshold, and nobody rises otherwise but by hand",
			`SELECT m.member_id, m.seq, m.reason, m.metric, f.threshold AS was, l.threshold FROM tier_moves m
			JOIN tier_levels l ON l.id = m.to_level JOIN tier_levels f ON f.id = m.from_level
			WHERE (m.reason = 'qualified' AND (l.threshold <= f.threshold OR m.metric < l.threshold))
			OR (m.reason = 'kept' AND l.id <> f.id) OR (m.reason IN ('downgraded', 'refund') AND l.threshold > f.threshold)
			OR (m.reason IN ('manual_lock', 'unlock')) <> (m.staff_id > 0)`),
		audit.SQL("tiers.reached", "what a member reached for the first time stands in his history, and with it the fact of it",
			`SELECT r.member_id, r.level_id FROM tier_reaches r JOIN tier_levels l ON l.id = r.level_id
			WHERE NOT EXISTS (SELECT 1 FROM tier_moves m JOIN tier_levels x ON x.id = m.to_level
				WHERE m.member_id = r.member_id AND m.reason = 'qualified' AND m.at = r.at)
			OR NOT EXISTS (SELECT 1 FROM facts f WHERE f.fact_key = CONCAT('tier:', r.member_id, ':', r.level_id, ':reached'))`),
		audit.SQL("tiers.orphans", "levels belong to members, and are levels",
			`SELECT t.member_id, t.level_id FROM member_tiers t LEFT JOIN members m ON m.id = t.member_id
			LEFT JOIN tier_levels l ON l.id = t.level_id WHERE m.id IS NULL OR l.id IS NULL`),
	}
}
