package messages

import "huitou/service/audit"

// Invariants are what must never be untrue of the outbox.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("messages.accepted_once", "at most one attempt of a message was accepted and not reported as unseen (I-21)",
			`SELECT message_id FROM message_attempts WHERE outcome = 'accepted' AND report IN ('', 'delivered') GROUP BY message_id HAVING COUNT(*) > 1`),
		audit.SQL("messages.accepted_proof", "a message was accepted exactly when an attempt was, by the channel that had the last word, even when nobody reports (I-21)",
			`SELECT m.id, m.state FROM messages m
			 LEFT JOIN message_attempts a ON a.message_id = m.id AND a.outcome = 'accepted' AND a.report IN ('', 'delivered') AND a.channel = m.channel
			 WHERE (m.state IN ('accepted', 'delivered') OR m.state = 'unknown' AND m.reason = 'no_report') <> (a.id IS NOT NULL)
			    OR (m.state IN ('accepted', 'delivered') AND m.accepted_at IS NULL)
			    OR (m.msg_id IS NOT NULL AND m.accepted_at IS NULL)`),
		audit.SQL("messages.one_way", "no channel was tried while an attempt by another one was in doubt (T45)",
			`SELECT a.message_id, a.n FROM message_attempts a
			 JOIN message_attempts b ON b.message_id = a.message_id AND b.n > a.n AND b.channel <> a.channel
			 WHERE a.outcome IN ('', 'unsure') AND NOT EXISTS (
			   SELECT 1 FROM message_attempts c WHERE c.message_id = a.message_id AND c.channel = a.channel AND c.outcome = 'accepted')`),
		audit.SQL("messages.ended", "a message that ended has an end, and a reason unless it was delivered",
			`SELECT id, state FROM messages
			 WHERE (state IN ('queued', 'sending', 'accepted')) <> (finished_at IS NULL)
			    OR (state IN ('suppressed', 'blocked', 'failed', 'dead', 'unknown') AND reason = '')`),
		audit.SQL("messages.attempts", "a message counts its attempts, numbered from 1 without gaps",
			`SELECT m.id, m.attempts FROM messages m
			 LEFT JOIN (SELECT message_id, COUNT(*) AS n, MAX(n) AS highest FROM message_attempts GROUP BY message_id) a ON a.message_id = m.id
			 WHERE m.attempts <> COALESCE(a.n, 0) OR m.attempts <> COALESCE(a.highest, 0)`),
		audit.SQL("messages.doubt", "a message in sending has an attempt in doubt, a suppressed one never left",
			`SELECT m.id, m.state FROM messages m
			 WHERE (m.state = 'sending' AND m.unsure_since IS NULL)
			    OR (m.state = 'suppressed' AND EXISTS (
			        SELECT 1 FROM message_attempts a WHERE a.message_id = m.id AND a.outcome IN ('', 'accepted', 'unsure')))`),
		audit.SQL("messages.reported", "a report is applied exactly when its message is known, and its attempt says so",
			`SELECT r.msg_id, r.status FROM message_reports r LEFT JOIN message_attempts a ON a.msg_id = r.msg_id AND a.outcome = 'accepted'
			 WHERE r.matched <> (a.id IS NOT NULL)
			    OR (a.id IS NOT NULL AND a.report <> CASE r.status WHEN 'success' THEN 'delivered' WHEN 'failed:userblock' THEN 'blocked' ELSE 'failed' END)`),
		audit.SQL("messages.report_counts", "a message that its channel reported as delivered is delivered, and the other way round",
			`SELECT m.id, m.state FROM messages m JOIN message_attempts a ON a.message_id = m.id AND a.outcome = 'accepted' AND a.channel = m.channel
			 WHERE (m.state = 'delivered') <> (a.report = 'delivered') OR (m.state = 'accepted' AND a.report <> '')`),
		audit.SQL("messages.queued", "every message that waits is due some time and stands in the lane of its channel and purpose, and no other does (I-22)",
			`SELECT id, state, lane FROM messages
			 WHERE (state IN ('queued', 'sending')) <> (due_at IS NOT NULL) OR (due_at IS NULL) <> (lane IS NULL) OR lane <> CONCAT(channel, ':', purpose)`),
		audit.SQL("messages.counted", "what counts against the caps is what left and was not reported as unseen",
			`SELECT p.purpose, COALESCE(d.n, 0), COALESCE(m.n, 0)
			 FROM (SELECT 'care' AS purpose UNION SELECT 'marketing') p
			 LEFT JOIN (SELECT purpose, SUM(sent) AS n FROM message_days GROUP BY purpose) d ON d.purpose = p.purpose
			 LEFT JOIN (SELECT purpose, COUNT(*) AS n FROM messages WHERE state IN ('sending', 'accepted', 'delivered', 'unknown') GROUP BY purpose) m
			   ON m.purpose = p.purpose
			 WHERE COALESCE(d.n, 0) <> COALESCE(m.n, 0)`),
		audit.SQL("messages.consents", "a consent is used by one message, open or cleared, and says so",
			`SELECT id, state FROM message_consents
			 WHERE (state = 'used') <> (message_id IS NOT NULL) OR (state = 'used') <> (used_at IS NOT NULL) OR (state = 'cleared') <> (cleared_at IS NOT NULL)`),
		audit.SQL("messages.paid", "every subscribe message that left had a consent of its own",
			`SELECT a.message_id, a.n FROM message_attempts a
			 WHERE a.channel IN ('oa_subscribe', 'mini_subscribe') AND (a.outcome = 'accepted' OR a.outcome = 'unsure' OR a.outcome = '')
			   AND NOT EXISTS (SELECT 1 FROM message_consents c WHERE c.message_id = a.message_id AND c.state = 'used')`),
		audit.SQL("messages.paid_once", "no message used two consents of one app",
			`SELECT message_id, app_id FROM message_consents WHERE message_id IS NOT NULL GROUP BY message_id, app_id HAVING COUNT(*) > 1`),
		audit.SQL("messages.stops", "a do-not-contact holds exactly until it is lifted",
			`SELECT id FROM do_not_contacts WHERE (open_key IS NULL) <> (lifted_at IS NOT NULL)`),
		audit.SQL("messages.turn", "a message's channel is one of those that were chosen for it",
			`SELECT id, channel FROM messages WHERE CONCAT(',', channels, ',') NOT LIKE CONCAT('%,', channel, ',%')`),
	}
}
