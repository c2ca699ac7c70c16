package coupons

import "huitou/service/audit"

// Invariants are what must never be untrue about coupons.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("coupons.stock", "a template's counter is the number of its coupons and within its total (I-07)",
			`SELECT t.id, t.total, t.claimed, COALESCE(c.n, 0) AS given FROM coupon_templates t
			LEFT JOIN (SELECT template_id, COUNT(*) AS n FROM coupons GROUP BY template_id) c ON c.template_id = t.id
			WHERE t.claimed <> COALESCE(c.n, 0) OR (t.total >= 0 AND t.claimed > t.total)`),
		audit.SQL("coupons.limit", "nobody has more coupons of a template than its limit per member (I-08)",
			`SELECT c.template_id, c.member_id, COUNT(*) AS given FROM coupons c JOIN coupon_templates t ON t.id = c.template_id
			WHERE t.per_member > 0 GROUP BY c.template_id, c.member_id, t.per_member HAVING COUNT(*) > t.per_member`),
		audit.SQL("coupons.slots", "a coupon of a limited template fills a slot within the limit",
			`SELECT c.id, c.slot FROM coupons c JOIN coupon_templates t ON t.id = c.template_id
			WHERE t.per_member > 0 AND (c.slot IS NULL OR c.slot < 1 OR c.slot > t.per_member)`),
		audit.SQL("coupons.template", "a coupon has a template",
			`SELECT c.id, c.template_id FROM coupons c LEFT JOIN coupon_templates t ON t.id = c.template_id WHERE t.id IS NULL`),
		audit.SQL("coupons.holder", "exactly locked and redeemed coupons have an order (I-08)",
			`SELECT id, state, order_ref FROM coupons WHERE (state IN ('locked', 'redeemed')) <> (order_ref IS NOT NULL)`),
		audit.SQL("coupons.instants", "a coupon has the instants of its state and no others",
			`SELECT id, state FROM coupons WHERE (state IN ('locked', 'redeemed')) <> (locked_at IS NOT NULL)
			OR (state = 'redeemed') <> (redeemed_at IS NOT NULL) OR usable_from >= usable_until`),
		audit.SQL("coupons.discount", "exactly redeemed coupons have taken something off, and no more than their terms allow",
			`SELECT id, state, discount_fen FROM coupons WHERE (state = 'redeemed') <> (discount_fen > 0)
			OR (kind = 'amount' AND discount_fen > amount_fen) OR (kind = 'percent' AND cap_fen > 0 AND discount_fen > cap_fen)`),
		audit.SQL("coupons.states", "states, kinds and channels are known words",
			`SELECT id, state, kind, channel FROM coupons WHERE state NOT IN ('issued', 'locked', 'redeemed')
			OR kind NOT IN ('amount', 'percent') OR channel NOT IN ('claim', 'staff', 'event')`),
	}
}
