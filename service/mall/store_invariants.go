package mall

import (
	"context"
	"fmt"
	"time"

	"huitou/model/db"
	"huitou/service/audit"
	"huitou/service/moves"
)

// settleWithin is how long a redemption may wait for what follows from its payment, or from the end of the time for it.
const settleWithin = time.Hour

// Invariants are what must be true of the mall at every instant.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("mall.stock", "a gift's stock is what it began with, plus what staff moved, less the redemptions that live",
			`SELECT g.id, g.stock FROM gifts g
			LEFT JOIN (SELECT gift_id, SUM(delta) AS moved FROM gift_stock_moves GROUP BY gift_id) m ON m.gift_id = g.id
			LEFT JOIN (SELECT gift_id, COUNT(*) AS live FROM redemptions WHERE state NOT IN ('cancelled', 'refunded') GROUP BY gift_id) r ON r.gift_id = g.id
			WHERE NOT g.unlimited AND (g.stock < 0 OR g.stock <> g.initial_stock + COALESCE(m.moved, 0) - COALESCE(r.live, 0))`),
		audit.SQL("mall.points", "a redemption that lives was paid with exactly its points, one that was taken back gave all of them back; with a cash part they are held until it is paid",
			`SELECT r.id, r.state FROM redemptions r
			LEFT JOIN points_entries s ON s.source = CONCAT('redemption:', r.public_id) AND s.reason = 'redeem_gift'
			LEFT JOIN points_entries b ON b.source = CONCAT('redemption:', r.public_id, ':cancel') AND b.reason = 'return'
			LEFT JOIN points_holds h ON h.source = CONCAT('redemption:', r.public_id)
			WHERE s.seq IS NULL OR (s.member_id <> r.member_id AND `+moves.Strangers("s.member_id", "r.member_id")+`) OR s.seq <> r.points_seq OR s.delta <> -r.points
				OR (r.cash_fen > 0) <> (h.source IS NOT NULL)
				OR (b.seq IS NOT NULL) <> (r.state = CASE WHEN r.cash_fen > 0 THEN 'refunded' ELSE 'cancelled' END)
				OR COALESCE(b.delta, r.points) <> r.points
				OR (h.source IS NOT NULL AND h.state <> CASE r.state WHEN 'awaiting_payment' THEN 'held' WHEN 'cancelled' THEN 'released' ELSE 'captured' END)`),
		audit.SQL("mall.paid", "points spent on a gift have a redemption",
			`SELECT s.member_id, s.seq FROM points_entries s
			LEFT JOIN redemptions r ON r.public_id = SUBSTR(s.source, 12) AND s.source LIKE 'redemption:%' WHERE s.reason = 'redeem_gift' AND r.id IS NULL`),
		audit.SQL("mall.limits", "nobody has redeemed a gift more often than its limits",
			`SELECT r.gift_id, r.member_id FROM redemptions r JOIN gifts g ON g.id = r.gift_id
			WHERE g.per_member > 0 AND r.state NOT IN ('cancelled', 'refunded') AND `+moves.Single("r.member_id")+`
			GROUP BY r.gift_id, r.member_id, g.per_member HAVING COUNT(*) > g.per_member
			UNION ALL SELECT s.gift_id, s.member_id FROM gift_slots s JOIN gifts g ON g.id = s.gift_id WHERE s.ordinal > g.per_member
			UNION ALL SELECT s.gift_id, s.member_id FROM gift_window_slots s JOIN gifts g ON g.id = s.gift_id
				WHERE s.ordinal > CASE WHEN s.span LIKE 'd%' THEN g.per_day ELSE g.per_week END`),
		audit.SQL("mall.slots", "exactly the redemptions that live have a slot for each limit of their gift",
			`SELECT r.id FROM redemptions r JOIN gifts g ON g.id = r.gift_id
			LEFT JOIN gift_slots s ON s.redemption_id = r.public_id AND s.gift_id = r.gift_id
			LEFT JOIN gift_window_slots d ON d.redemption_id = r.public_id AND d.gift_id = r.gift_id AND d.member_id = r.member_id AND d.span LIKE 'd%'
			LEFT JOIN gift_window_slots w ON w.redemption_id = r.public_id AND w.gift_id = r.gift_id AND w.member_id = r.member_id AND w.span LIKE 'w%'
			WHERE (g.per_member > 0 AND (r.state NOT IN ('cancelled', 'refunded')) <> (s.ordinal IS NOT NULL))
				OR (g.per_day > 0 AND (r.state NOT IN ('cancelled', 'refunded')) <> (d.ordinal IS NOT NULL))
				OR (g.per_week > 0 AND (r.state NOT IN ('cancelled', 'refunded')) <> (w.ordinal IS NOT NULL))
			UNION ALL SELECT s.gift_id FROM gift_slots s LEFT JOIN redemptions r ON r.public_id = s.redemption_id
				WHERE r.id IS NULL OR (s.member_id <> r.member_id AND `+moves.Strangers("s.member_id", "r.member_id")+`)
			UNION ALL SELECT s.gift_id FROM gift_window_slots s LEFT JOIN redemptions r ON r.public_id = s.redemption_id
				WHERE r.id IS NULL OR (s.member_id <> r.member_id AND `+moves.Strangers("s.member_id", "r.member_id")+`)`),
		audit.SQL("mall.states", "what a redemption gives fits its kind and state",
			`SELECT id, kind, state FROM redemptions
			WHERE (kind = 'pickup' AND state IN ('confirmed', 'picked_up') AND code IS NULL) OR (kind <> 'pickup' AND code IS NOT NULL)
				OR (kind = 'coupon' AND state = 'fulfilled' AND coupon_id IS NULL) OR (kind <> 'coupon' AND coupon_id IS NOT NULL)
				OR (state IN ('awaiting_payment', 'confirmed')) <> (closed_at IS NULL) OR (state = 'completed') <> (completed_at IS NOT NULL)
				OR (state = 'confirmed' AND kind IN ('coupon', 'membership')) OR (state = 'picked_up' AND kind <> 'pickup')
				OR (state = 'fulfilled' AND kind NOT IN ('coupon', 'membership', 'code')) OR (state IN ('shipped', 'completed') AND kind <> 'goods')
				OR (kind = 'goods') <> (address <> '') OR (state IN ('shipped', 'completed')) <> (tracking <> '')
				OR (state IN ('awaiting_payment', 'refunded') AND cash_fen = 0)`),
		audit.SQL("mall.coupons", "a redeemed coupon exists and belongs to the member",
			`SELECT r.id FROM redemptions r LEFT JOIN coupons c ON c.public_id = r.coupon_id
			WHERE r.coupon_id IS NOT NULL AND (c.id IS NULL OR (c.member_id <> r.member_id AND `+moves.Strangers("c.member_id", "r.member_id")+`))`),
		audit.SQL("mall.days", "days of membership were given exactly to those who redeemed them, as many as the gift says",
			`SELECT r.id FROM redemptions r JOIN gifts g ON g.id = r.gift_id
			LEFT JOIN membership_periods p ON p.gift_source = CONCAT('redemption:', r.public_id)
			WHERE (r.kind = 'membership' AND r.state = 'fulfilled') <> (p.id IS NOT NULL)
				OR (p.id IS NOT NULL AND ((p.member_id <> r.member_id AND `+moves.Strangers("p.member_id", "r.member_id")+`) OR p.gift_days <> g.days))`),
		audit.SQL("mall.pool", "the free codes of a gift are its stock and what is promised to those who still pay",
			`SELECT g.id, g.stock FROM gifts g
			LEFT JOIN (SELECT gift_id, COUNT(*) AS n FROM gift_codes WHERE redemption_id IS NULL GROUP BY gift_id) c ON c.gift_id = g.id
			LEFT JOIN (SELECT gift_id, COUNT(*) AS n FROM redemptions WHERE state = 'awaiting_payment' GROUP BY gift_id) w ON w.gift_id = g.id
			WHERE g.kind = 'code' AND g.stock + COALESCE(w.n, 0) <> COALESCE(c.n, 0)`),
		audit.SQL("mall.codes", "a code belongs to one redemption that was paid, and was revealed exactly when that is fulfilled",
			`SELECT r.id, 'redemption' FROM redemptions r LEFT JOIN gift_codes c ON c.redemption_id = r.public_id AND c.gift_id = r.gift_id
			WHERE (r.kind = 'code' AND r.state IN ('confirmed', 'fulfilled')) <> (c.id IS NOT NULL)
				OR (c.id IS NOT NULL AND (r.state = 'fulfilled') <> (c.revealed_at IS NOT NULL))
			UNION ALL SELECT c.id, 'code' FROM gift_codes c LEFT JOIN redemptions r ON r.public_id = c.redemption_id AND r.gift_id = c.gift_id
			WHERE (c.redemption_id IS NOT NULL AND r.id IS NULL) OR (c.redemption_id IS NULL AND c.revealed_at IS NOT NULL)`),
		audit.SQL("mall.cash", "a cash part has a payment over the same amount and member; what was given was paid, and what was refunded goes back",
			`SELECT r.id, r.state FROM redemptions r
			LEFT JOIN pay_orders m ON m.id = r.pay_order_id AND m.purpose = 'mall' AND m.ref = r.public_id AND m.amount_fen = r.cash_fen
				AND (m.member_id = r.member_id OR NOT `+moves.Strangers("m.member_id", "r.member_id")+`)
			WHERE (r.cash_fen > 0) <> (r.pay_order_id IS NOT NULL) OR (r.pay_order_id IS NOT NULL) <> (r.pay_until IS NOT NULL)
				OR (r.cash_fen > 0 AND m.id IS NULL)
				OR (r.cash_fen > 0 AND r.state IN ('confirmed', 'fulfilled', 'shipped', 'completed', 'picked_up') AND m.state <> 'paid')
				OR (r.state = 'refunded' AND (m.state = 'paid' OR m.transaction_id IS NULL))`),
		{
			ID: "mall.waiting", Says: "within the hour a payment is followed by its gift or goes back, and what nobody paid for is free again",
			Check: func(_ context.Context, tx *db.Tx) ([]string, error) { return waiting(tx, tx.Now.Add(-settleWithin)) },
		},
	}
}

// waiting finds redemptions that still wait for a payment whose time was over before an instant, and ended ones whose money came
// before it and was kept.
func waiting(tx *db.Tx, before time.Time) ([]string, error) {
	var rows []struct {
		ID    int64
		State string
	}
	err := tx.Gorm().Raw(`SELECT r.id, r.state FROM redemptions r JOIN pay_orders m ON m.id = r.pay_order_id
		WHERE (r.state = 'awaiting_payment' AND r.pay_until < ?)
			OR (r.state = 'cancelled' AND m.state = 'paid' AND m.expires_at < ?) ORDER BY r.id LIMIT 20`, before, before).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for redemptions that wait: %w", err)
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprintf("redemption=%d %s", r.ID, r.State)
	}
	return out, nil
}
