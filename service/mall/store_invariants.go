package mall

import "huitou/service/audit"

// Invariants are what must be true of the mall at every instant.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("mall.stock", "a gift's stock is what it began with, plus what staff moved, less the redemptions that live",
			`SELECT g.id, g.stock FROM gifts g
			LEFT JOIN (SELECT gift_id, SUM(delta) AS moved FROM gift_stock_moves GROUP BY gift_id) m ON m.gift_id = g.id
			LEFT JOIN (SELECT gift_id, COUNT(*) AS live FROM redemptions WHERE state <> 'cancelled' GROUP BY gift_id) r ON r.gift_id = g.id
			WHERE NOT g.unlimited AND (g.stock < 0 OR g.stock <> g.initial_stock + COALESCE(m.moved, 0) - COALESCE(r.live, 0))`),
		audit.SQL("mall.points", "a redemption that lives was paid with exactly its points, a cancelled one gave all of them back",
			`SELECT r.id, r.state FROM redemptions r
			LEFT JOIN points_entries s ON s.source = CONCAT('redemption:', r.public_id) AND s.reason = 'redeem_gift'
			LEFT JOIN points_entries b ON b.source = CONCAT('redemption:', r.public_id, ':cancel') AND b.reason = 'return'
			WHERE s.seq IS NULL OR s.member_id <> r.member_id OR s.seq <> r.points_seq OR s.delta <> -r.points
				OR (r.state = 'cancelled') <> (b.seq IS NOT NULL) OR COALESCE(b.delta, r.points) <> r.points`),
		audit.SQL("mall.paid", "points spent on a gift have a redemption",
			`SELECT s.member_id, s.seq FROM points_entries s
			LEFT JOIN redemptions r ON CONCAT('redemption:', r.public_id) = s.source WHERE s.reason = 'redeem_gift' AND r.id IS NULL`),
		audit.SQL("mall.limits", "nobody has redeemed a gift more often than its limit",
			`SELECT r.gift_id, r.member_id FROM redemptions r JOIN gifts g ON g.id = r.gift_id
			WHERE g.per_member > 0 AND r.state <> 'cancelled'
			GROUP BY r.gift_id, r.member_id, g.per_member HAVING COUNT(*) > g.per_member
			UNION ALL SELECT s.gift_id, s.member_id FROM gift_slots s JOIN gifts g ON g.id = s.gift_id WHERE s.ordinal > g.per_member`),
		audit.SQL("mall.slots", "exactly the redemptions that live have a slot, where the gift has a limit",
			`SELECT r.id FROM redemptions r JOIN gifts g ON g.id = r.gift_id
			LEFT JOIN gift_slots s ON s.redemption_id = r.public_id AND s.gift_id = r.gift_id AND s.member_id = r.member_id
			WHERE g.per_member > 0 AND (r.state <> 'cancelled') <> (s.ordinal IS NOT NULL)
			UNION ALL SELECT s.gift_id FROM gift_slots s LEFT JOIN redemptions r ON r.public_id = s.redemption_id WHERE r.id IS NULL`),
		audit.SQL("mall.states", "what a redemption gives fits its kind and state",
			`SELECT id, kind, state FROM redemptions
			WHERE (kind = 'pickup') <> (code IS NOT NULL) OR (kind = 'coupon') <> (coupon_id IS NOT NULL)
				OR (state = 'confirmed') <> (closed_at IS NULL) OR (kind = 'coupon' AND state = 'picked_up')`),
		audit.SQL("mall.coupons", "a redeemed coupon exists and belongs to the member",
			`SELECT r.id FROM redemptions r LEFT JOIN coupons c ON c.public_id = r.coupon_id
			WHERE r.coupon_id IS NOT NULL AND (c.id IS NULL OR c.member_id <> r.member_id)`),
	}
}
