package coupons

import "huitou/service/audit"

func verifyInvariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("coupons.verified", "a coupon that was taken at the counter has exactly one verification that counts, with the same discount and store",
			`SELECT c.id, c.order_ref, c.state FROM coupons c WHERE c.order_ref LIKE 'verification:%' AND (c.state <> 'redeemed' OR 1 <>
			(SELECT COUNT(*) FROM coupon_verifications v WHERE v.coupon_id = c.id AND v.undone_at IS NULL AND v.ref = c.order_ref
				AND v.discount_fen = c.discount_fen AND v.store = c.store))`),
		audit.SQL("coupons.verifications", "a verification counts for a coupon that it used up, or is undone in time with a reason",
			`SELECT v.id, v.coupon_id, v.ref FROM coupon_verifications v LEFT JOIN coupons c ON c.id = v.coupon_id AND c.order_ref = v.ref AND c.state = 'redeemed'
			WHERE (v.undone_at IS NULL) <> (c.id IS NOT NULL) OR (v.undone_at IS NULL) <> (v.live IS NOT NULL) OR (v.live IS NOT NULL AND v.live <> v.coupon_id)
			OR (v.undone_at IS NULL) <> (v.undone_by = 0) OR (v.undone_at IS NULL) <> (v.undo_reason = '') OR v.undone_at < v.at`),
	}
}
