package payments

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// settleWithin is how long after its end an order may stay unsettled before that is a break: WeChat may be away for long,
// but not for a day.
const settleWithin = 24 * time.Hour

// Invariants are what must never be untrue about payments (reliability.md I-12 to I-14, I-16 to I-18, and what follows from the rules).
func Invariants() []audit.Invariant {
	return append([]audit.Invariant{
		audit.SQL("payments.amounts", "an order is over 1 to 100,000,000 fen",
			`SELECT id, amount_fen FROM pay_orders WHERE amount_fen < 1 OR amount_fen > 100000000`),
		audit.SQL("payments.proof", "an order has money exactly when it has WeChat's number for it",
			`SELECT id, state FROM pay_orders
			 WHERE (state IN ('paid','refund_due')) <> (transaction_id IS NOT NULL)
			    OR (transaction_id IS NULL) <> (paid_at IS NULL)
			    OR (transaction_id IS NULL) <> (paid_via = '')`),
		audit.SQL("payments.closed", "a closed order has the instant of its close, an open one has none",
			`SELECT id, state FROM pay_orders
			 WHERE (state = 'closed' AND closed_at IS NULL) OR (state IN ('created','paying','closing','paid') AND closed_at IS NOT NULL)`),
		audit.SQL("payments.payer", "an order that went to WeChat has a payer and an attempt",
			`SELECT o.id, o.state FROM pay_orders o
			 WHERE (o.paying_at IS NOT NULL) <> (o.payer_open_id <> '')
			    OR (o.state IN ('paying','closing','paid','refund_due') AND o.paying_at IS NULL)
			    OR (o.paying_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pay_attempts a WHERE a.pay_order_id = o.id))`),
		audit.SQL("payments.accepted", "a statement that credited agrees with the order in every point",
			// From the orders to their statements: a statement's number is kept as it was heard, in a wider alphabet than ours, so that MySQL
			// has no index for the other direction.
			`SELECT n.id, n.verdict FROM pay_orders o JOIN pay_notices n ON n.out_trade_no = o.out_trade_no
			 WHERE n.verdict IN ('accepted','late') AND (n.amount_fen <> o.amount_fen OR n.transaction_id <> o.transaction_id
			    OR o.transaction_id IS NULL OR n.mch_id <> o.mch_id OR n.app_id <> o.app_id OR n.payer_open_id <> o.payer_open_id OR n.currency <> 'CNY')
			 UNION ALL
			 SELECT n.id, n.verdict FROM pay_notices n WHERE n.verdict IN ('accepted','late')
			   AND n.id NOT IN (SELECT m.id FROM pay_orders o JOIN pay_notices m ON m.out_trade_no = o.out_trade_no)`),
		audit.SQL("payments.once", "an order with money was credited by exactly one statement, any other by none",
			`SELECT o.id, o.state, COUNT(n.id) AS credits FROM pay_orders o
			 LEFT JOIN pay_notices n ON n.out_trade_no = o.out_trade_no AND n.verdict IN ('accepted','late')
			 GROUP BY o.id, o.state, o.transaction_id
			 HAVING COUNT(n.id) <> CASE WHEN o.transaction_id IS NULL THEN 0 ELSE 1 END`),
		audit.SQL("payments.breaks", "a statement that does not agree has a break",
			`SELECT n.id, n.verdict FROM pay_notices n
			 WHERE n.verdict NOT IN ('accepted','duplicate') AND NOT EXISTS (SELECT 1 FROM pay_breaks b
			   WHERE b.kind = n.verdict AND b.out_trade_no = n.out_trade_no AND b.transaction_id = n.transaction_id)`),
		audit.SQL("payments.refund_due", "money that must go back has a break",
			`SELECT o.id FROM pay_orders o WHERE o.state = 'refund_due' AND NOT EXISTS (SELECT 1 FROM pay_breaks b
			   WHERE b.out_trade_no = o.out_trade_no AND b.kind IN ('late','undeliverable'))`),
		audit.SQL("payments.fact", "every paid order was told to those who sold something",
			`SELECT o.id FROM pay_orders o WHERE o.state = 'paid'
			   AND NOT EXISTS (SELECT 1 FROM facts f WHERE f.fact_key = CONCAT('pay:', o.id, ':paid'))`),
		{
			ID: "payments.settled", Says: "an order is paid or closed within a day of its end",
			Check: func(_ context.Context, tx *db.Tx) ([]string, error) { return unsettled(tx, tx.Now.Add(-settleWithin)) },
		},
	}, refundInvariants()...)
}

func unsettled(tx *db.Tx, before time.Time) ([]string, error) {
	var rows []model.PayOrder
	err := tx.Gorm().Where("state IN ? AND expires_at < ?",
		[]model.PayState{model.PayCreated, model.PayPaying, model.PayClosing}, before).Order("id").Limit(20).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for unsettled payments: %w", err)
	}
	out := make([]string, 0, len(rows))
	for _, o := range rows {
		out = append(out, fmt.Sprintf("id=%d state=%s expires_at=%s", o.ID, o.State, o.ExpiresAt.Format(time.RFC3339)))
	}
	return out, nil
}
