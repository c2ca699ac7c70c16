package memberships

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
	"huitou/service/moves"
)

// settledWithin is how long the card may stand as it was after its money went back; the reaction takes a moment.
const settledWithin = time.Hour

// refundInvariants are what must never be untrue about refunds of cards (reliability.md I-16 to I-18).
func refundInvariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("memberships.refund_once", "an order has at most one refund that was not dropped and not made elsewhere",
			`SELECT order_id, COUNT(*) AS n FROM membership_refunds WHERE state <> 'dropped' AND origin <> 'elsewhere' GROUP BY order_id HAVING COUNT(*) > 1`),
		audit.SQL("memberships.refund_proof", "a settled refund has money of the same amount that went back, and no other changed anything",
			`SELECT r.id, r.state FROM membership_refunds r JOIN membership_orders o ON o.id = r.order_id
			 WHERE r.state = 'settled' AND r.origin <> 'elsewhere' AND NOT EXISTS (SELECT 1 FROM pay_refunds p WHERE p.pay_order_id = o.pay_order_id
			   AND p.source = CONCAT('membership:', r.order_id, ':refund:', r.ordinal) AND p.amount_fen = r.amount_fen AND p.state = 'success')
			 UNION ALL SELECT r.id, r.state FROM membership_refunds r
			 WHERE (r.state = 'settled') <> (r.settled_at IS NOT NULL)
			   OR (r.state = 'settled') <> EXISTS (SELECT 1 FROM membership_moves v WHERE v.refund_id = r.id AND v.period_id = r.period_id)
			   OR (r.state <> 'settled' AND EXISTS (SELECT 1 FROM membership_moves v WHERE v.refund_id = r.id))`),
		audit.SQL("memberships.refund_asked", "a refund that is under way reserves its money",
			`SELECT r.id FROM membership_refunds r WHERE r.state = 'requested' AND NOT EXISTS (SELECT 1 FROM pay_refunds p
			   WHERE p.pay_order_id = r.pay_order_id AND p.source = CONCAT('membership:', r.order_id, ':refund:', r.ordinal) AND p.amount_fen = r.amount_fen)`),
		audit.SQL("memberships.revoked", "a period counts no more exactly when a refund gave its whole price back",
			`SELECT p.id, p.state FROM membership_periods p LEFT JOIN pay_orders o ON o.id = p.pay_order_id
			 WHERE p.state <> 'live' AND (o.id IS NULL OR o.refunded_fen <> o.amount_fen
			   OR NOT EXISTS (SELECT 1 FROM membership_moves v WHERE v.period_id = p.id AND v.kind = 'revoked'))
			 UNION ALL SELECT p.id, p.state FROM membership_periods p JOIN membership_moves v ON v.period_id = p.id AND v.kind = 'revoked'
			 WHERE p.state = 'live'`),
		audit.SQL("memberships.moves", "a period that refunds moved is where the last of them put it, and none makes it longer or later",
			`SELECT v.id, v.period_id FROM membership_moves v JOIN membership_periods p ON p.id = v.period_id
			 WHERE v.id = (SELECT MAX(w.id) FROM membership_moves w WHERE w.period_id = v.period_id) AND (p.from_day <> v.from_after OR p.to_day <> v.to_after)
			   AND `+moves.Single("p.member_id")+`
			 UNION ALL SELECT id, period_id FROM membership_moves
			 WHERE from_after > from_before OR to_after > to_before OR (kind = 'up') <> (from_after < from_before)
			   OR (kind IN ('revoked', 'none') AND to_after <> to_before) OR (kind = 'cut' AND to_after >= to_before)`),
		audit.SQL("memberships.refund_message", "every settled refund has its message",
			`SELECT r.id FROM membership_refunds r WHERE r.state = 'settled'
			   AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.message_key = CONCAT('membership:', r.order_id, ':refund:', r.ordinal))`),
		{
			ID: "memberships.quotes", Says: "what goes back is the price of the unused days less what the card had saved, or what other refunds left of the payment",
			Check: func(_ context.Context, tx *db.Tx) ([]string, error) { return misquoted(tx) },
		},
		{
			ID: "memberships.refunded", Says: "a card whose whole price went back counts no more within the hour",
			Check: func(_ context.Context, tx *db.Tx) ([]string, error) { return stillLive(tx, tx.Now.Add(-settledWithin)) },
		},
	}
}

// misquoted derives the amount of every refund again from its frozen figures.
func misquoted(tx *db.Tx) (out []string, err error) {
	var after model.MembershipRefundID
	for {
		var rows []model.MembershipRefund
		err := tx.Gorm().Where("id > ? AND origin <> ?", after, model.CardRefundElsewhere).Order("id").Limit(1000).Find(&rows).Error
		if err != nil {
			return nil, fmt.Errorf("list refunds: %w", err)
		}
		for _, r := range rows {
			want := refundable(r.PriceFen, r.TotalDays, r.UnusedDays, r.TakenFen)
			if r.AmountFen < want { // others took from the payment before
				left, err := leftBefore(tx, r)
				if err != nil {
					return nil, err
				}
				want = min(want, max(left, r.AmountFen))
			}
			if want != r.AmountFen {
				out = append(out, fmt.Sprintf("refund=%d amount=%d want=%d", r.ID, r.AmountFen, want))
			}
			after = r.ID
		}
		if len(rows) < 1000 || len(out) > 20 {
			return out, nil
		}
	}
}

// leftBefore returns the least that can have been left of a payment when a refund of a card was asked for: an earlier refund that ended
// without money since then still counts.
func leftBefore(tx *db.Tx, r model.MembershipRefund) (left model.Fen, err error) {
	err = tx.Gorm().Raw(`SELECT o.amount_fen - COALESCE((SELECT SUM(p.amount_fen) FROM pay_refunds p
		WHERE p.pay_order_id = o.id AND p.source <> ? AND p.requested_at <= ?), 0) FROM pay_orders o WHERE o.id = ?`,
		refundSource(r), r.CreatedAt, r.PayOrderID).Scan(&left).Error
	if err != nil {
		return 0, fmt.Errorf("what was left of payment %d: %w", r.PayOrderID, err)
	}
	return left, nil
}

func stillLive(tx *db.Tx, before time.Time) ([]string, error) {
	var ids []int64
	err := tx.Gorm().Raw(`SELECT p.id FROM membership_periods p JOIN pay_orders o ON o.id = p.pay_order_id
		WHERE p.state = 'live' AND o.refunded_fen = o.amount_fen
		  AND NOT EXISTS (SELECT 1 FROM pay_refunds r WHERE r.pay_order_id = o.id AND r.state = 'success' AND r.settled_at >= ?)
		ORDER BY p.id LIMIT 20`, before).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for cards that outlived their money: %w", err)
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = fmt.Sprintf("period=%d", id)
	}
	return out, nil
}
