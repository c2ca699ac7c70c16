package messages

import "huitou/service/audit"

// Invariants are what must never be untrue of the outbox.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("messages.accepted_once", "at most one attempt of a message was accepted (I-21)",
			`SELECT message_id FROM message_attempts WHERE outcome = 'accepted' GROUP BY message_id HAVING COUNT(*) > 1`),
		audit.SQL("messages.accepted_proof", "a message has WeChat's id exactly when an attempt was accepted (I-21)",
			`SELECT m.id, m.state FROM messages m
			 LEFT JOIN message_attempts a ON a.message_id = m.id AND a.outcome = 'accepted'
			 WHERE (m.state = 'accepted' OR m.state = 'delivered' OR m.state = 'blocked' OR m.msg_id IS NOT NULL) <> (a.id IS NOT NULL)
			    OR (m.msg_id IS NULL) <> (m.accepted_at IS NULL)`),
		audit.SQL("messages.ended", "a message that ended has an end, and a reason unless it was delivered",
			`SELECT id, state FROM messages
			 WHERE (state IN ('queued', 'sending', 'accepted')) <> (finished_at IS NULL)
			    OR (state IN ('suppressed', 'blocked', 'failed', 'unknown') AND reason = '')`),
		audit.SQL("messages.attempts", "a message counts its attempts, numbered from 1 without gaps",
			`SELECT m.id, m.attempts FROM messages m
			 LEFT JOIN (SELECT message_id, COUNT(*) AS n, MAX(n) AS highest FROM message_attempts GROUP BY message_id) a ON a.message_id = m.id
			 WHERE m.attempts <> COALESCE(a.n, 0) OR m.attempts <> COALESCE(a.highest, 0)`),
		audit.SQL("messages.doubt", "a message in sending has an attempt in doubt, a suppressed one never left",
			`SELECT m.id, m.state FROM messages m
			 WHERE (m.state = 'sending' AND m.unsure_since IS NULL)
			    OR (m.state = 'suppressed' AND EXISTS (
			        SELECT 1 FROM message_attempts a WHERE a.message_id = m.id AND a.outcome IN ('', 'accepted', 'unsure')))`),
		audit.SQL("messages.reported", "a report is applied exactly when its message is known",
			`SELECT r.msg_id, r.status FROM message_reports r LEFT JOIN messages m ON m.msg_id = r.msg_id
			 WHERE r.matched <> (m.id IS NOT NULL)
			    OR (m.id IS NOT NULL AND m.state <> CASE r.status WHEN 'success' THEN 'delivered' WHEN 'failed:userblock' THEN 'blocked' ELSE 'failed' END)`),
		audit.SQL("messages.queued", "every message that waits has a job that will send it (I-22)",
			`SELECT m.id, m.state FROM messages m
			 LEFT JOIN jobs j ON j.unique_key = CONCAT('message:', m.id) AND j.state IN ('waiting', 'running')
			 WHERE m.state IN ('queued', 'sending') AND j.id IS NULL`),
	}
}
