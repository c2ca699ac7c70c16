package payments

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// moveWithin is how long a refund may wait for WeChat before that is a break; then people have been told for a day.
const moveWithin = stuckAfter + 24*time.Hour

// refundInvariants are what must never be untrue about refunds (reliability.md I-16 to I-18).
func refundInvariants() []audit.Invariant {
	return []audit.Invariant{
		audit.SQL("payments.refund_sums", "an order's refunds, live and done, are its sums, and never exceed what was paid",
			`SELECT o.id, o.refunding_fen, o.refunded_fen FROM pay_orders o
			 LEFT JOIN (SELECT pay_order_id,
			     SUM(CASE WHEN state IN ('requested','submitted','processing','abnormal') THEN amount_fen ELSE 0 END) AS live,
			     SUM(CASE WHEN state = 'success' THEN amount_fen ELSE 0 END) AS done
			   FROM pay_refunds GROUP BY pay_order_id) r ON r.pay_order_id = o.id
			 WHERE o.refunding_fen <> COALESCE(r.live, 0) OR o.refunded_fen <> COALESCE(r.done, 0)
			    OR o.refunding_fen < 0 OR o.refunded_fen < 0 OR o.refunding_fen + o.refunded_fen > o.amount_fen`),
		audit.SQL("payments.refund_paid", "only an order with money has refunds",
			`SELECT r.id FROM pay_refunds r LEFT JOIN pay_orders o ON o.id = r.pay_order_id
			 WHERE o.id IS NULL OR o.transaction_id IS NULL`),
		audit.SQL("payments.refund_numbers", "a refund has its current number and no later one, an order counts all, at most 50",
			`SELECT r.id, r.ordinal FROM pay_refunds r WHERE r.ordinal <> (SELECT COUNT(*) FROM pay_refund_numbers n WHERE n.pay_refund_id = r.id)
			    OR r.ordinal <> (SELECT COALESCE(MAX(n.ordinal), 0) FROM pay_refund_numbers n WHERE n.pay_refund_id = r.id)
			 UNION ALL
			 SELECT o.id, o.refund_numbers FROM pay_orders o
			 WHERE o.refund_numbers <> (SELECT COUNT(*) FROM pay_refund_numbers n WHERE n.pay_order_id = o.id) OR o.refund_numbers > 50`),
		audit.SQL("payments.refund_once", "a refund that succeeded did so under one number, or by hand; any other under none",
			`SELECT r.id, r.state, r.settled_via FROM pay_refunds r
			 WHERE (SELECT COUNT(*) FROM pay_refund_numbers n WHERE n.pay_refund_id = r.id AND n.state = 'success')
			    <> CASE WHEN r.state = 'success' AND r.settled_via <> 'hand' THEN 1 ELSE 0 END`),
		audit.SQL("payments.refund_end", "a refund that ended says when and how",
			`SELECT r.id, r.state FROM pay_refunds r
			 WHERE (r.state IN ('success','closed')) <> (r.settled_at IS NOT NULL) OR (r.settled_at IS NULL) <> (r.settled_via = '')
			    OR (r.state = 'success') <> (r.refunded_at IS NOT NULL)`),
		audit.SQL("payments.refund_fact", "every refund that succeeded was told to those who sold something, and no other",
			`SELECT r.id, r.state FROM pay_refunds r LEFT JOIN facts f ON f.fact_key = CONCAT('refund:', r.id, ':success')
			 WHERE (r.state = 'success') <> (f.id IS NOT NULL)`),
		audit.SQL("payments.refund_proof", "a refund succeeded by a statement that agrees with it, or by hand",
			`SELECT r.id FROM pay_refunds r JOIN pay_orders o ON o.id = r.pay_order_id
			 WHERE r.state = 'success' AND r.settled_via <> 'hand' AND NOT EXISTS (
			   SELECT 1 FROM pay_refund_numbers n JOIN pay_refund_notices w ON w.out_refund_no = n.out_refund_no
			   WHERE n.pay_refund_id = r.id AND w.verdict = 'accepted' AND w.refund_fen = r.amount_fen AND w.total_fen = o.amount_fen
			     AND w.transaction_id = o.transaction_id AND w.out_trade_no = o.out_trade_no)`),
		audit.SQL("payments.refund_breaks", "a statement about a refund that does not agree has a break, and so has one that is abnormal",
			`SELECT w.id, w.verdict FROM pay_refund_notices w
			 WHERE w.verdict NOT IN ('accepted','duplicate','refund_moved','refund_closed') AND NOT EXISTS (SELECT 1 FROM pay_breaks b
			   WHERE b.kind = w.verdict AND b.out_trade_no = w.out_trade_no AND b.transaction_id = w.out_refund_no)
			 UNION ALL
			 SELECT r.id, r.problem FROM pay_refunds r WHERE r.state = 'abnormal' AND NOT EXISTS (
			   SELECT 1 FROM pay_refund_numbers n JOIN pay_breaks b ON b.transaction_id = n.out_refund_no WHERE n.pay_refund_id = r.id)`),
		audit.SQL("payments.refund_asked", "a refund that staff asked for exists exactly when it was applied",
			`SELECT a.id, a.state FROM pay_refund_asks a LEFT JOIN pay_refunds r ON r.id = a.pay_refund_id
			 WHERE (a.state = 'applied') <> (r.id IS NOT NULL)
			    OR (r.id IS NOT NULL AND (r.pay_order_id <> a.pay_order_id OR r.amount_fen <> a.amount_fen))
			    OR (a.state = 'applied' AND a.needs_second AND (a.decided_by = 0 OR a.decided_by = a.staff_id))`),
		{
			ID: "payments.refund_moves", Says: "a refund ends, or people were told about it, within eight days",
			Check: func(_ context.Context, tx *db.Tx) ([]string, error) { return stuckRefunds(tx, tx.Now.Add(-moveWithin)) },
		},
	}
}

func stuckRefunds(tx *db.Tx, before time.Time) ([]string, error) {
	var rows []model.PayRefund
	err := tx.Gorm().Where("state IN ? AND requested_at < ?", []model.PayRefundState{model.RefundRequested, model.RefundSubmitted, model.RefundProcessing}, before).
		Where("NOT EXISTS (SELECT 1 FROM pay_refund_numbers n JOIN pay_breaks b ON b.transaction_id = n.out_refund_no WHERE n.pay_refund_id = pay_refunds.id)").
		Order("id").Limit(20).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for refunds that do not move: %w", err)
	}
	out := make([]string, 0, len(rows))
	for _, r := range rows {
		out = append(out, fmt.Sprintf("id=%d state=%s requested_at=%s", r.ID, r.State, r.RequestedAt.Format(time.RFC3339)))
	}
	return out, nil
}
