package aftersale

import (
	"huitou/service/audit"
	"huitou/service/moves"
)

// Invariants are what must never be untrue of parcel codes, their sheets and visits.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("parcels.counts", "a parcel code's figures are those of its scans",
			`SELECT c.id, c.scans, c.follows FROM parcel_codes c
			 LEFT JOIN (SELECT parcel_code_id, COUNT(*) AS scans, SUM(CASE WHEN followed THEN 1 ELSE 0 END) AS follows
			            FROM parcel_scans GROUP BY parcel_code_id) s ON s.parcel_code_id = c.id
			 WHERE c.scans <> COALESCE(s.scans, 0) OR c.follows <> COALESCE(s.follows, 0)`),
		audit.SQL("parcels.owner", "a scan is the owner's exactly when the order's member scanned",
			`SELECT s.id FROM parcel_scans s LEFT JOIN parcel_codes c ON c.id = s.parcel_code_id
			 WHERE c.id IS NULL OR (s.owner <> (s.member_id = c.member_id) AND `+moves.Single("c.member_id")+`)`),
		audit.SQL("parcels.order", "a parcel code is of an order and its member",
			`SELECT c.id FROM parcel_codes c LEFT JOIN orders o ON o.id = c.order_id WHERE o.id IS NULL OR o.member_id <> c.member_id`),
		audit.SQL("sheets.counts", "a sheet's figures are those of its cards",
			`SELECT s.id, s.total, s.ready, s.refused FROM parcel_sheets s
			 LEFT JOIN (SELECT sheet_id, COUNT(*) AS total, SUM(CASE WHEN parcel_code_id IS NOT NULL THEN 1 ELSE 0 END) AS ready,
			            SUM(CASE WHEN refusal <> '' THEN 1 ELSE 0 END) AS refused FROM parcel_sheet_cards GROUP BY sheet_id) c ON c.sheet_id = s.id
			 WHERE s.cleared_at IS NULL AND (s.total <> COALESCE(c.total, 0) OR s.ready <> COALESCE(c.ready, 0) OR s.refused <> COALESCE(c.refused, 0))
			 UNION ALL SELECT id, total, ready, refused FROM parcel_sheets WHERE cleared_at IS NOT NULL AND finished_at IS NULL`),
		audit.SQL("sheets.states", "a sheet that is ready has all its cards, one that failed says why, and exactly those two have ended",
			`SELECT id, state FROM parcel_sheets WHERE (state IN ('ready', 'failed')) <> (finished_at IS NOT NULL)
			    OR (state = 'ready' AND (ready = 0 OR ready + refused <> total)) OR (state = 'failed' AND reason = '')
			    OR (state = 'queued' AND ready > 0) OR state NOT IN ('queued', 'working', 'ready', 'failed') OR code NOT IN ('link', 'account', 'mini')`),
		audit.SQL("sheets.cards", "a card has the code of the order that it names",
			`SELECT s.id, s.source, s.number FROM parcel_sheet_cards s LEFT JOIN parcel_codes c ON c.id = s.parcel_code_id
			 LEFT JOIN orders o ON o.id = c.order_id
			 WHERE s.parcel_code_id IS NOT NULL AND (o.id IS NULL OR o.source <> s.source OR o.number <> s.number)`),
		audit.SQL("sheets.pictures", "a card with the mini-program's code has its picture as long as its sheet can be printed, and there are no others",
			`SELECT c.id FROM parcel_sheets s JOIN parcel_sheet_cards c ON c.sheet_id = s.id AND c.parcel_code_id IS NOT NULL
			 LEFT JOIN parcel_sheet_pictures p ON p.card_id = c.id WHERE s.code = 'mini' AND s.purged_at IS NULL AND p.card_id IS NULL
			 UNION ALL SELECT p.card_id FROM parcel_sheet_pictures p LEFT JOIN parcel_sheet_cards c ON c.id = p.card_id LEFT JOIN parcel_sheets s ON s.id = c.sheet_id
			 WHERE s.id IS NULL OR s.id <> p.sheet_id OR s.code <> 'mini' OR c.refusal <> ''
			 UNION ALL SELECT s.id FROM parcel_sheets s WHERE s.purged_at IS NOT NULL AND (s.code <> 'mini' OR s.finished_at IS NULL)`),
		audit.SQL("sheets.jobs", "every sheet that is not done has a job that goes on with it",
			`SELECT s.id FROM parcel_sheets s LEFT JOIN jobs j ON j.unique_key = CONCAT('parcel_sheet:', s.id) AND j.state IN ('waiting', 'running')
			 WHERE s.finished_at IS NULL AND j.id IS NULL`),
		audit.SQL("visits.message", "every visit that was sent has its message in the outbox, to the order's member (I-20)",
			`SELECT v.id, v.order_id FROM visits v LEFT JOIN messages m ON m.message_key = v.message_key
			 WHERE (v.message_key <> '' AND (m.id IS NULL OR (m.member_id <> v.member_id AND `+moves.Strangers("m.member_id", "v.member_id")+`)))
			    OR (v.state IN ('sent', 'delivered', 'blocked', 'responded', 'closed') AND v.message_key = '')
			    OR (v.state IN ('planned', 'due') AND v.message_key <> '')`),
		audit.SQL("visits.states", "a visit that was skipped or failed says why; one that waits has not ended, one that ended has",
			`SELECT id, state FROM visits WHERE (state IN ('skipped', 'failed') AND reason = '') OR (state = 'done' AND result = '')
			    OR (state IN ('planned', 'due', 'sent', 'assigned')) <> (ended_at IS NULL)
			    OR (state = 'due') <> (wait_until IS NOT NULL) OR (state IN ('sent', 'delivered', 'assigned', 'done', 'responded', 'closed') AND sent_at IS NULL)
			    OR (state IN ('planned', 'due') AND sent_at IS NOT NULL)
			    OR state NOT IN ('planned', 'due', 'skipped', 'sent', 'delivered', 'blocked', 'failed', 'responded', 'closed', 'assigned', 'done')`),
		audit.SQL("visits.jobs", "every visit that is to come has a job that will make it (I-22)",
			`SELECT v.id FROM visits v LEFT JOIN jobs j ON j.unique_key = CONCAT('visit:', v.id) AND j.state IN ('waiting', 'running')
			 WHERE v.state IN ('planned', 'due') AND j.id IS NULL`),
		audit.SQL("visits.plan", "a visit is of a version of a plan, and the plan has a visit of that number",
			`SELECT v.id FROM visits v LEFT JOIN visit_plan_versions p ON p.id = v.plan_version_id WHERE p.id IS NULL
			 UNION ALL SELECT p.id FROM visit_plans p LEFT JOIN visit_plan_versions n ON n.plan_id = p.id AND n.version = p.version
			 WHERE n.id IS NULL OR (p.state = 'active' AND p.active_on <> p.trigger_on)`),
		audit.SQL("visits.order", "a visit is to the member of its order, and the visits of an order are numbered without gaps",
			`SELECT v.id FROM visits v LEFT JOIN orders o ON o.id = v.order_id WHERE o.id IS NULL OR o.member_id <> v.member_id
			 UNION ALL SELECT v.id FROM visits v LEFT JOIN visits b ON b.order_id = v.order_id AND b.ordinal = v.ordinal - 1 WHERE v.ordinal > 1 AND b.id IS NULL`),
		audit.SQL("visits.task", "a visit that staff were given has a task, and is done when that is closed",
			`SELECT v.id FROM visits v LEFT JOIN staff_tasks t ON t.source = CONCAT('visit:', v.order_id, ':', v.ordinal)
			 WHERE v.state IN ('assigned', 'done') AND t.id IS NULL OR (v.state = 'done' AND t.state <> 'closed')`),
		audit.SQL("visits.survey", "a visit that was answered has an answer",
			`SELECT v.id FROM visits v WHERE (v.state = 'responded' OR v.state = 'closed' AND v.reason = 'answered') AND NOT EXISTS (
			   SELECT 1 FROM survey_invitations i WHERE i.source = CONCAT('visit:', v.order_id, ':', v.ordinal) AND i.answered_at IS NOT NULL)`),
		audit.SQL("visits.scanned", "a first visit that begins with a scan has one by the order's member",
			`SELECT v.id, v.order_id FROM visits v JOIN visit_plan_versions n ON n.id = v.plan_version_id
			 JOIN visit_plans p ON p.id = n.plan_id AND p.trigger_on = 'scan' WHERE v.ordinal = 1 AND NOT EXISTS (
			   SELECT 1 FROM parcel_codes c JOIN parcel_scans s ON s.parcel_code_id = c.id
			   WHERE c.order_id = v.order_id AND s.owner = TRUE)`),
	}
}
