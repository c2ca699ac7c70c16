package shipping

import (
	"context"
	"fmt"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// grace is what the sweep and the workers may take on top of their patience before it is a break.
const grace = goodsEvery * 4

// Invariants are what must never be untrue about deliveries.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		{
			ID: "shipping.told", Says: "every paid order older than two days is known to WeChat as delivered, needs no delivery, or is an alarm",
			Check: func(_ context.Context, tx *db.Tx) ([]string, error) { return untold(tx) },
		},
		audit.SQL("shipping.states", "a delivery has the marks of its state",
			`SELECT id, state FROM shippings
			 WHERE (state = 'shipped') <> (shipped_at IS NOT NULL) OR (state IN ('sending','shipped') AND sent_at IS NULL)
			    OR (state = 'stuck' AND alarmed_at IS NULL) OR (state IN ('stuck','unneeded') AND problem = '')
			    OR (state IN ('queued','sending','shipped') AND (ready_at IS NULL OR mode = 0 OR item_desc = ''))
			    OR (sent_at IS NULL) <> (tries = 0)`),
		audit.SQL("shipping.payments", "a delivery is of a payment that was made, with its number",
			`SELECT s.id FROM shippings s LEFT JOIN pay_orders o ON o.id = s.pay_order_id
			 WHERE o.id IS NULL OR o.transaction_id IS NULL OR o.transaction_id <> s.transaction_id OR o.channel <> 'jsapi'`),
	}
}

func untold(tx *db.Tx) (out []string, err error) {
	var rows []model.PayOrder
	err = tx.Gorm().Where("state = ? AND channel = ? AND expires_at >= ? AND paid_at < ?", model.PayPaid, model.ChannelJSAPI, tx.Now.Add(-sweepBack), tx.Now.Add(-patience-grace)).
		Where(`NOT EXISTS (SELECT 1 FROM shippings s WHERE s.pay_order_id = pay_orders.id
			AND (s.state IN ('shipped','unneeded','stuck') OR s.alarmed_at IS NOT NULL OR s.ready_at >= ?))`, tx.Now.Add(-patience-grace)).
		Order("id").Limit(20).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for payments whose delivery WeChat does not know: %w", err)
	}
	for _, o := range rows {
		out = append(out, fmt.Sprintf("pay_order=%d purpose=%s", o.ID, o.Purpose))
	}
	return out, nil
}
