package coupons

import (
	"huitou/service/audit"
	"huitou/service/moves"
)

// channelInvariants are what must never be untrue about the ways by which coupons reach members.
func channelInvariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("coupons.transfer", "exactly a coupon that is offered to a friend has an end of the offer and one open gift",
			`SELECT c.id, c.state, COUNT(g.id) AS gifts FROM coupons c LEFT JOIN coupon_gifts g ON g.coupon_id = c.id AND g.state = 'open'
			WHERE c.state = 'in_transfer' OR c.transfer_until IS NOT NULL OR g.id IS NOT NULL GROUP BY c.id, c.state, c.transfer_until
			HAVING c.state <> 'in_transfer' OR c.transfer_until IS NULL OR COUNT(g.id) <> 1`),
		audit.SQL("coupons.transferred", "a coupon was passed on exactly when one gift of it was accepted",
			`SELECT c.id, c.state, COUNT(g.id) AS gifts FROM coupons c LEFT JOIN coupon_gifts g ON g.coupon_id = c.id AND g.state = 'accepted'
			WHERE c.state = 'transferred' OR g.id IS NOT NULL GROUP BY c.id, c.state HAVING c.state <> 'transferred' OR COUNT(g.id) <> 1`),
		audit.SQL("coupons.gifts", "an accepted gift made one coupon of the same template, worth and end, for another member",
			`SELECT g.id, g.coupon_id, n.id AS made FROM coupon_gifts g JOIN coupons o ON o.id = g.coupon_id LEFT JOIN coupons n ON n.public_id = g.new_coupon
			WHERE (g.state = 'accepted') <> (g.new_coupon IS NOT NULL) OR (g.state = 'accepted' AND (n.id IS NULL OR (g.to_member = g.from_member AND `+moves.Single("g.to_member")+`)
				OR (n.member_id <> g.to_member AND `+moves.Strangers("n.member_id", "g.to_member")+`)
				OR (o.member_id <> g.from_member AND `+moves.Strangers("o.member_id", "g.from_member")+`) OR n.template_id <> o.template_id OR n.channel <> 'gift'
				OR n.kind <> o.kind OR n.amount_fen <> o.amount_fen OR n.percent_off_bp <> o.percent_off_bp OR n.usable_until <> o.usable_until))`),
		audit.SQL("coupons.gift_source", "every coupon of the channel gift comes from one accepted gift",
			`SELECT c.id FROM coupons c LEFT JOIN coupon_gifts g ON g.new_coupon = c.public_id AND g.state = 'accepted'
			WHERE c.channel = 'gift' GROUP BY c.id HAVING COUNT(g.id) <> 1`),
		audit.SQL("coupons.packs", "as many coupons were taken from a pack as its counter says, at most its size, and none by its owner",
			`SELECT p.id, p.size, p.taken, COUNT(c.id) AS friends FROM coupon_packs p LEFT JOIN coupon_pack_claims c ON c.pack_id = p.id
			GROUP BY p.id, p.size, p.taken, p.member_id
			HAVING p.taken <> COUNT(c.id) OR p.taken > p.size OR (SUM(CASE WHEN c.member_id = p.member_id THEN 1 ELSE 0 END) > 0 AND `+moves.Single("p.member_id")+`)`),
		audit.SQL("coupons.pack_claims", "what a friend took from a pack is his coupon of the pack's template",
			`SELECT k.id FROM coupon_pack_claims k JOIN coupon_packs p ON p.id = k.pack_id LEFT JOIN coupons c ON c.public_id = k.coupon
			WHERE c.id IS NULL OR (c.member_id <> k.member_id AND `+moves.Strangers("c.member_id", "k.member_id")+`) OR c.template_id <> p.template_id OR c.channel <> 'pack'`),
		audit.SQL("coupons.codes", "a used code gave one coupon to the member who used it",
			`SELECT k.id, k.member_id, c.id AS coupon FROM coupon_codes k JOIN coupon_code_batches b ON b.id = k.batch_id
			LEFT JOIN coupons c ON c.source = CONCAT('code:', k.id)
			WHERE k.member_id IS NOT NULL AND (c.id IS NULL OR (c.member_id <> k.member_id AND `+moves.Strangers("c.member_id", "k.member_id")+`)
				OR c.template_id <> b.template_id)`),
		audit.SQL("coupons.code_coupons", "as many coupons came by codes as codes were used",
			`SELECT a.n AS coupons, b.n AS codes FROM (SELECT COUNT(*) AS n FROM coupons WHERE channel = 'code') a,
			(SELECT COUNT(*) AS n FROM coupon_codes WHERE member_id IS NOT NULL) b WHERE a.n <> b.n`),
		audit.SQL("coupons.runs", "each bulk issue gave as many coupons as it counted",
			`SELECT r.id, r.issued, COUNT(c.id) AS given FROM coupon_runs r
			LEFT JOIN coupons c ON c.source >= CONCAT('run:', r.id, ':') AND c.source < CONCAT('run:', r.id, ';')
			GROUP BY r.id, r.issued HAVING r.issued <> COUNT(c.id)`),
		audit.SQL("coupons.bulk", "bulk issues gave as many coupons of a template as they counted",
			`SELECT r.template_id, r.n AS counted, COALESCE(c.n, 0) AS given
			FROM (SELECT template_id, SUM(issued) AS n FROM coupon_runs GROUP BY template_id) r
			LEFT JOIN (SELECT template_id, COUNT(*) AS n FROM coupons WHERE channel = 'bulk' GROUP BY template_id) c ON c.template_id = r.template_id
			WHERE r.n <> COALESCE(c.n, 0)`),
		audit.SQL("coupons.birthday_days", "what was done for a day's birthdays was done for a rule that answers birthdays",
			`SELECT d.rule_id, d.day FROM coupon_birthday_days d LEFT JOIN coupon_rules r ON r.id = d.rule_id
			WHERE r.id IS NULL OR r.event <> 'birthday'`),
		audit.SQL("coupons.birthdays", "a rule that answers birthdays gave at least as many coupons as it counted",
			`SELECT r.id, d.n AS counted, COUNT(c.id) AS given FROM coupon_rules r
			JOIN (SELECT rule_id, SUM(given) AS n FROM coupon_birthday_days GROUP BY rule_id) d ON d.rule_id = r.id
			LEFT JOIN coupons c ON c.template_id = r.template_id AND c.source LIKE CONCAT('rule:', r.id, ':birthday:%')
			WHERE r.event = 'birthday' GROUP BY r.id, d.n HAVING COUNT(c.id) < d.n`),
		audit.SQL("coupons.run_refusals", "a bulk issue keeps every member who got nothing, and a finished list accounts for every line",
			`SELECT r.id, r.total, r.issued, COALESCE(f.n, 0) AS refused FROM coupon_runs r
			LEFT JOIN (SELECT run_id, COUNT(*) AS n FROM coupon_run_refusals GROUP BY run_id) f ON f.run_id = r.id
			WHERE COALESCE(f.n, 0) <> r.limit_reached + r.out_of_stock + r.blocked + r.unknown
			OR (r.kind = 'list' AND r.state = 'done' AND r.total <> r.issued + r.duplicates + COALESCE(f.n, 0))`),
	}
}
