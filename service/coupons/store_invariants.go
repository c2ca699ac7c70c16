package coupons

import (
	"huitou/service/audit"
	"huitou/service/moves"
)

// Invariants are what must never be untrue about coupons.
func Invariants() []audit.Invariant {
	return append(append(channelInvariants(), verifyInvariants()...), []audit.Invariant{
		audit.SQL("coupons.stock", "a template's counter is the number of its coupons, those passed on counted once, and within its total (I-07)",
			`SELECT t.id, t.total, t.claimed, COALESCE(c.n, 0) AS given FROM coupon_templates t
			LEFT JOIN (SELECT template_id, COUNT(*) AS n FROM coupons WHERE state <> 'transferred' GROUP BY template_id) c ON c.template_id = t.id
			WHERE t.claimed <> COALESCE(c.n, 0) OR (t.total >= 0 AND t.claimed > t.total)`),
		audit.SQL("coupons.limit", "nobody has more coupons of a template than its limit per member (I-08)",
			`SELECT c.template_id, c.member_id, COUNT(*) AS given FROM coupons c JOIN coupon_templates t ON t.id = c.template_id
			WHERE t.per_member > 0 AND c.slot IS NOT NULL GROUP BY c.template_id, c.member_id, t.per_member HAVING COUNT(*) > t.per_member`),
		audit.SQL("coupons.slots", "a coupon of a limited template fills a slot within the limit, but for those that a merge brought beyond it",
			`SELECT c.id, c.slot FROM coupons c JOIN coupon_templates t ON t.id = c.template_id
			WHERE t.per_member > 0 AND (c.slot < 1 OR c.slot > t.per_member OR (c.slot IS NULL AND `+moves.Single("c.member_id")+`))`),
		audit.SQL("coupons.template", "a coupon has a template",
			`SELECT c.id, c.template_id FROM coupons c LEFT JOIN coupon_templates t ON t.id = c.template_id WHERE t.id IS NULL`),
		audit.SQL("coupons.holder", "exactly locked and redeemed coupons have an order (I-08)",
			`SELECT id, state, order_ref FROM coupons WHERE (state IN ('locked', 'redeemed')) <> (order_ref IS NOT NULL)`),
		audit.SQL("coupons.instants", "a coupon has the instants of its state and no others",
			`SELECT id, state FROM coupons WHERE (state IN ('locked', 'redeemed')) <> (locked_at IS NOT NULL)
			OR (state = 'locked') <> (locked_until IS NOT NULL) OR (state = 'locked') <> (held_fen > 0)
			OR (state = 'redeemed') <> (redeemed_at IS NOT NULL) OR usable_from >= usable_until`),
		audit.SQL("coupons.discount", "exactly redeemed coupons have taken something off, and no more than their terms allow",
			`SELECT id, state, discount_fen FROM coupons WHERE (state = 'redeemed') <> (discount_fen > 0)
			OR (kind = 'amount' AND discount_fen + held_fen > amount_fen) OR (kind <> 'amount' AND cap_fen > 0 AND discount_fen + held_fen > cap_fen)`),
		audit.SQL("coupons.day_limit", "nobody was given more coupons of a template on one day than its limit per day",
			`SELECT d.template_id, d.member_id, d.day, d.slot FROM coupon_day_slots d JOIN coupon_templates t ON t.id = d.template_id
			WHERE t.per_day > 0 AND d.slot > t.per_day
			UNION ALL SELECT d.template_id, d.member_id, d.day, d.slot FROM coupon_day_slots d LEFT JOIN coupons c ON c.public_id = d.coupon
			WHERE c.id IS NULL OR c.template_id <> d.template_id`),
		audit.SQL("coupons.budget", "what a template has spent is what its coupons took off or are held for, and within its budget",
			`SELECT t.id, t.budget_fen, t.spent_fen, COALESCE(c.taken, 0) AS taken FROM coupon_templates t
			LEFT JOIN (SELECT template_id, SUM(discount_fen + held_fen) AS taken FROM coupons WHERE state IN ('locked', 'redeemed') GROUP BY template_id) c
			ON c.template_id = t.id WHERE t.budget_fen > 0 AND (t.spent_fen <> COALESCE(c.taken, 0) OR t.spent_fen > t.budget_fen)`),
		audit.SQL("coupons.terms", "coupons and templates have their conditions",
			`SELECT 'coupon' AS what, c.id, c.terms_id FROM coupons c LEFT JOIN coupon_terms t ON t.id = c.terms_id WHERE c.terms_id <> 0 AND t.id IS NULL
			UNION ALL SELECT 'template' AS what, c.id, c.terms_id FROM coupon_templates c LEFT JOIN coupon_terms t ON t.id = c.terms_id
			WHERE c.terms_id <> 0 AND t.id IS NULL`),
		audit.SQL("coupons.returns", "a coupon came back as often as its returns say, and no more than three times; one from a friend brings his returns along",
			`SELECT c.id, c.returns, COALESCE(r.n, 0) AS n FROM coupons c
			LEFT JOIN (SELECT coupon_id, COUNT(*) AS n FROM coupon_returns WHERE outcome = 'returned' GROUP BY coupon_id) r ON r.coupon_id = c.id
			WHERE c.returns < COALESCE(r.n, 0) OR (c.channel <> 'gift' AND c.returns <> COALESCE(r.n, 0)) OR c.returns > 3`),
		audit.SQL("coupons.states", "states, kinds and channels are known words",
			`SELECT id, state, kind, channel FROM coupons WHERE state NOT IN ('issued', 'locked', 'redeemed', 'in_transfer', 'transferred', 'void')
			OR kind NOT IN ('amount', 'percent', 'exchange', 'freight') OR channel NOT IN
			('claim', 'code', 'link', 'order', 'event', 'staff', 'bulk', 'pack', 'gift')`),
	}...)
}
