package surveys

import (
	"huitou/service/audit"
	"huitou/service/moves"
)

// Invariants are what must never be untrue of surveys.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("surveys.answered", "an invitation is answered exactly when it has an answer, of its survey and member, in its time",
			`SELECT i.id FROM survey_invitations i LEFT JOIN survey_answers a ON a.invitation_id = i.id
			 WHERE (i.answered_at IS NULL) <> (a.id IS NULL)
			    OR (a.id IS NOT NULL AND (a.survey_id <> i.survey_id OR (a.member_id <> i.member_id AND `+moves.Strangers("a.member_id", "i.member_id")+`) OR a.answered_at >= i.expires_at OR i.answered_at <> a.answered_at))`),
		audit.SQL("surveys.orphans", "an answer has its invitation and at least one item, an item its answer",
			`SELECT a.id FROM survey_answers a LEFT JOIN survey_invitations i ON i.id = a.invitation_id
			 WHERE i.id IS NULL OR NOT EXISTS (SELECT 1 FROM survey_answer_items t WHERE t.answer_id = a.id)
			 UNION ALL SELECT t.id FROM survey_answer_items t LEFT JOIN survey_answers a ON a.id = t.answer_id WHERE a.id IS NULL OR a.survey_id <> t.survey_id`),
		audit.SQL("surveys.points", "an answer was given the points that were promised, once, and nobody else was",
			`SELECT i.id FROM survey_invitations i LEFT JOIN survey_answers a ON a.invitation_id = i.id
			 LEFT JOIN points_entries e ON e.source = CONCAT('survey:', i.id) AND e.reason = 'earn_action'
			 WHERE (a.id IS NOT NULL AND i.reward_points > 0) <> (e.member_id IS NOT NULL) OR (e.member_id IS NOT NULL AND e.delta <> i.reward_points)
			    OR (a.reward = 'points') <> (e.member_id IS NOT NULL)`),
		audit.SQL("surveys.coupons", "an answer has the coupon that was promised, or the reason why not",
			`SELECT i.id FROM survey_invitations i JOIN survey_answers a ON a.invitation_id = i.id
			 LEFT JOIN coupons c ON c.source = CONCAT('survey:', i.id)
			 WHERE (a.reward = 'coupon') <> (c.id IS NOT NULL) OR (a.reward = 'failed') <> (a.reward_reason <> '')
			    OR (i.reward_template <> '' AND a.reward NOT IN ('coupon', 'failed'))`),
		audit.SQL("surveys.low", "a low score has its task, opened on the day of the answer",
			`SELECT a.id FROM survey_answers a LEFT JOIN staff_tasks t ON t.source = CONCAT('survey:', a.invitation_id, ':low_score')
			 WHERE a.low <> (t.id IS NOT NULL) OR (t.id IS NOT NULL AND t.created_at <> a.answered_at)`),
	}
}
