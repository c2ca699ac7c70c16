package followers

import "huitou/service/audit"

// Invariants are what must never be untrue about runs.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("followers.runs", "a run that ended has an end, one that failed says why, and one is under way at most",
			`SELECT id, state FROM follower_syncs WHERE (state IN ('done', 'failed')) <> (done_at IS NOT NULL) OR (state = 'failed') <> (problem <> '')
			 UNION ALL SELECT MIN(id), 'two' FROM follower_syncs WHERE done_at IS NULL HAVING COUNT(*) > 1`),
		audit.SQL("followers.jobs", "a run that is under way has a job",
			`SELECT s.id, s.state FROM follower_syncs s WHERE s.done_at IS NULL
			 AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.unique_key = CONCAT('follower_sync:', s.id))`),
	}
}
