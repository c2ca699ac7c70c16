package orders

import (
	"huitou/service/audit"
	"huitou/service/moves"
)

// Invariants are what must never be untrue about orders, and about what they settle together.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("orders.sums", "goods + freight - discount = paid, and refunds are within what was paid",
			`SELECT id, goods_fen, freight_fen, discount_fen, paid_fen, refunded_fen FROM orders
			WHERE goods_fen + freight_fen - discount_fen <> paid_fen OR refunded_fen < 0 OR refunded_fen > paid_fen`),
		audit.SQL("orders.lines", "the lines of an order add up to its goods and are numbered without gaps",
			`SELECT o.id, o.goods_fen, l.total, l.n FROM orders o
			JOIN (SELECT order_id, SUM(quantity * price_fen) AS total, COUNT(*) AS n, MAX(line) AS last FROM order_lines GROUP BY order_id) l
			ON l.order_id = o.id WHERE l.total <> o.goods_fen OR l.n <> l.last`),
		audit.SQL("orders.orphans", "a line has an order, and an order has a member",
			`SELECT 'line' AS what, l.id FROM order_lines l LEFT JOIN orders o ON o.id = l.order_id WHERE o.id IS NULL
			UNION ALL SELECT 'order' AS what, o.id FROM orders o LEFT JOIN members m ON m.id = o.member_id WHERE m.id IS NULL`),
		audit.SQL("orders.states", "state and refund agree",
			`SELECT id, state, paid_fen, refunded_fen FROM orders
			WHERE state NOT IN ('paid', 'part_refunded', 'refunded') OR kind NOT IN ('goods', 'membership', 'points')
			OR (state = 'paid' AND refunded_fen <> 0)
			OR (state = 'part_refunded' AND (refunded_fen = 0 OR refunded_fen = paid_fen))
			OR (state = 'refunded' AND refunded_fen <> paid_fen)`),
		audit.SQL("orders.coupon", "an order's coupons are redeemed for it, or a refund gave them back; they belong to its member and took off what the order says (I-08)",
			`SELECT u.order_id, u.coupon_id, c.state, c.order_ref FROM `+couponUses+` u LEFT JOIN coupons c ON c.id = u.coupon_id
			LEFT JOIN coupon_returns r ON r.coupon_id = u.coupon_id AND r.order_ref = `+useRef+` AND r.outcome = 'returned'
			WHERE c.id IS NULL OR (c.member_id <> u.member_id AND `+moves.Strangers("c.member_id", "u.member_id")+`)
			OR (r.id IS NULL AND (c.state <> 'redeemed' OR c.order_ref <> `+useRef+` OR c.discount_fen <> u.discount_fen))
			OR (r.id IS NOT NULL AND r.discount_fen <> u.discount_fen)`),
		audit.SQL("orders.redeemed", "a coupon that is redeemed for an order is carried by it (I-08)",
			`SELECT c.id, c.order_ref FROM coupons c LEFT JOIN `+couponUses+` u ON u.coupon_id = c.id AND c.order_ref = `+useRef+`
			WHERE c.state = 'redeemed' AND c.order_ref LIKE 'order:%' AND u.order_id IS NULL`),
		audit.SQL("orders.discounts", "the coupons of an order take off no more than its discount, and nothing of a coupon that was not used",
			`SELECT o.id, o.discount_fen, u.total FROM orders o
			JOIN (SELECT order_id, SUM(discount_fen) AS total FROM `+couponUses+` x GROUP BY order_id) u ON u.order_id = o.id WHERE u.total > o.discount_fen
			UNION ALL SELECT order_id, ordinal, discount_fen FROM order_coupons
			WHERE (coupon_id IS NULL) <> (reason <> '') OR (coupon_id IS NULL) <> (discount_fen = 0)`),
		audit.SQL("orders.coupon_outcome", "an order that brought a coupon either used it or says why not",
			`SELECT id, coupon_code, coupon_id, coupon_reason FROM orders
			WHERE (coupon_code <> '') <> ((coupon_id IS NOT NULL) OR coupon_reason <> '')
			OR (coupon_id IS NOT NULL AND coupon_reason <> '') OR (coupon_id IS NULL AND coupon_discount_fen <> 0)`),
		audit.SQL("orders.points", "an order earned what the ledger says, once, for its member",
			`SELECT 'entry' AS what, e.seq, e.source, e.delta, o.points_earned FROM points_entries e
			LEFT JOIN orders o ON o.id = CAST(SUBSTR(e.source, 7) AS SIGNED)
			WHERE e.reason = 'earn_order' AND e.source LIKE 'order:%:earn'
			AND (o.id IS NULL OR o.points_earned <> e.delta OR (o.member_id <> e.member_id AND `+moves.Strangers("o.member_id", "e.member_id")+`))
			UNION ALL SELECT 'sum' AS what, 0, '', e.total, o.total
			FROM (SELECT COALESCE(SUM(delta), 0) AS total FROM points_entries WHERE reason = 'earn_order' AND source LIKE 'order:%:earn') e
			JOIN (SELECT COALESCE(SUM(points_earned), 0) AS total FROM orders) o ON o.total <> e.total`),
		audit.SQL("orders.refunds", "the refunds of an order add up to what it says was refunded, its goods within the goods that were paid",
			`SELECT o.id, o.refunded_fen, r.total, r.goods FROM orders o
			LEFT JOIN (SELECT order_id, SUM(refund_fen) AS total, SUM(goods_fen) AS goods FROM order_refunds GROUP BY order_id) r ON r.order_id = o.id
			WHERE o.refunded_fen <> COALESCE(r.total, 0) OR (r.goods > 0 AND r.goods > o.goods_fen - o.discount_fen)
			UNION ALL SELECT r.order_id, r.refund_fen, 0, 0 FROM order_refunds r LEFT JOIN orders o ON o.id = r.order_id WHERE o.id IS NULL`),
		audit.SQL("orders.refund_lines", "no line gives back more than was bought, and the lines of a refund are within it",
			`SELECT 'line' AS what, b.order_id, b.line, b.fen FROM
			(SELECT r.order_id, l.line, SUM(l.refund_fen) AS fen, SUM(l.quantity) AS n FROM order_refund_lines l JOIN order_refunds r ON r.id = l.refund_id
				GROUP BY r.order_id, l.line) b
			LEFT JOIN order_lines o ON o.order_id = b.order_id AND o.line = b.line
			WHERE o.id IS NULL OR b.n > o.quantity OR b.fen > o.quantity * o.price_fen
			UNION ALL SELECT 'refund' AS what, r.id, 0, l.fen FROM order_refunds r
			JOIN (SELECT refund_id, SUM(refund_fen) AS fen FROM order_refund_lines GROUP BY refund_id) l ON l.refund_id = r.id WHERE l.fen > r.refund_fen
			UNION ALL SELECT 'orphan' AS what, l.refund_id, l.line, l.refund_fen FROM order_refund_lines l
			LEFT JOIN order_refunds r ON r.id = l.refund_id WHERE r.id IS NULL`),
		audit.SQL("orders.clawbacks", "what refunds take back of an order's points is within them, all of them once all its goods are refunded, and known to the ledger",
			`SELECT o.id, o.points_earned, r.points, r.goods FROM orders o
			JOIN (SELECT order_id, SUM(points) AS points, SUM(goods_fen) AS goods FROM order_refunds GROUP BY order_id) r ON r.order_id = o.id
			WHERE r.points > o.points_earned OR (r.goods > 0 AND r.goods = o.goods_fen - o.discount_fen AND r.points <> o.points_earned)
			UNION ALL SELECT r.id, r.points, c.asked, 0 FROM order_refunds r
			LEFT JOIN points_clawbacks c ON c.source = `+refundRefSQL+`
			WHERE COALESCE(c.points, 0) <> r.points`),
		audit.SQL("orders.figures", "a member's figures are those of his goods orders that were not wholly refunded, for the money he did not get back",
			`SELECT m.id, m.orders, m.total_fen, o.n, o.total FROM members m
			LEFT JOIN (SELECT member_id, COUNT(*) AS n, SUM(paid_fen - refunded_fen) AS total, MIN(paid_at) AS first_at, MAX(paid_at) AS last_at
				FROM orders WHERE kind = 'goods' AND state <> 'refunded' GROUP BY member_id) o ON o.member_id = m.id
			WHERE m.orders <> COALESCE(o.n, 0) OR m.total_fen <> COALESCE(o.total, 0)
			OR (o.n IS NOT NULL AND (m.first_order_at IS NULL OR m.first_order_at <> o.first_at OR m.last_order_at <> o.last_at))`),
	}
}

// couponUses are the coupons that orders used, the first of each and the others.
const couponUses = `(SELECT id AS order_id, member_id, coupon_id, coupon_discount_fen AS discount_fen FROM orders WHERE coupon_id IS NOT NULL
	UNION ALL SELECT oc.order_id, o.member_id, oc.coupon_id, oc.discount_fen FROM order_coupons oc JOIN orders o ON o.id = oc.order_id
	WHERE oc.coupon_id IS NOT NULL)`

// useRef is the reference of the order of use u in SQL that both databases read alike.
const useRef = `REPLACE('order:@', '@', u.order_id)`

// refundRefSQL is the reference of refund r likewise.
const refundRefSQL = `REPLACE(REPLACE('order:@:refund:#', '@', r.order_id), '#', r.id)`
