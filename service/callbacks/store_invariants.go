package callbacks

import "huitou/service/audit"

// Invariants are what must never be untrue of the vault.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("callbacks.once", "one row per callback of an app (I-24)",
			`SELECT app_id, dedupe_key FROM callbacks GROUP BY app_id, dedupe_key HAVING COUNT(*) > 1`),
		audit.SQL("callbacks.states", "a callback that ended has an end, one that waits has none, a failed one has a reason",
			`SELECT id, state FROM callbacks
			 WHERE (state = 'received') <> (finished_at IS NULL) OR (state = 'failed' AND reason = '')`),
		audit.SQL("callbacks.unreadable", "what could not be read has had no effect: it failed, or waits for a replay",
			`SELECT id, verdict, state FROM callbacks WHERE verdict IN ('malformed', 'unopenable') AND state NOT IN ('failed', 'received')`),
		audit.SQL("callbacks.queued", "every callback that waits has a job that will process it",
			`SELECT c.id FROM callbacks c
			 LEFT JOIN jobs j ON j.unique_key = CONCAT('callback:', c.id, ':', c.replays) AND j.state IN ('waiting', 'running')
			 WHERE c.state = 'received' AND j.id IS NULL`),
		audit.SQL("callbacks.replays", "every replay of many that is not done has a job that goes on with it",
			`SELECT r.id FROM callback_replays r
			 LEFT JOIN jobs j ON j.unique_key = CONCAT('callback-replay:', r.id) AND j.state IN ('waiting', 'running')
			 WHERE r.state = 'running' AND j.id IS NULL`),
	}
}
