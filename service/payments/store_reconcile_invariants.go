package payments

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/audit"
)

// BillInvariants are what must never be untrue about bills and our books (reliability.md I-26 and I-27).
func BillInvariants() []audit.Invariant {
	return []audit.Invariant{
		{
			ID: "payments.bills", Says: "every bill day older than two days is reconciled (I-26)",
			Check: func(_ context.Context, tx *db.Tx) ([]string, error) { return unreconciled(tx) },
		},
		{
			ID: "payments.bill_breaks_age", Says: "no break of a bill stays open for more than a day (I-26)",
			Check: func(_ context.Context, tx *db.Tx) ([]string, error) { return oldBillBreaks(tx) },
		},
		audit.SQL("payments.bill_payments", "every payment on a bill is in our books over the same amount, or has a break (I-27)",
			`SELECT l.day, l.number, l.amount_fen FROM pay_bill_lines l JOIN pay_bills b ON b.day = l.day AND b.state = 'done'
			 LEFT JOIN pay_orders o ON o.out_trade_no = l.number
			 WHERE l.kind = 'payment' AND (o.id IS NULL OR o.transaction_id IS NULL OR o.amount_fen <> l.amount_fen OR o.transaction_id <> l.transaction_id)
			   AND NOT EXISTS (SELECT 1 FROM pay_bill_breaks k WHERE k.day = l.day AND k.kind = l.kind AND k.number = l.number AND k.state <> 'repaired')`),
		audit.SQL("payments.bill_refunds", "every refund on a bill is in our books over the same amount, or has a break (I-27)",
			`SELECT l.day, l.number, l.amount_fen FROM pay_bill_lines l JOIN pay_bills b ON b.day = l.day AND b.state = 'done'
			 LEFT JOIN pay_refund_numbers n ON n.out_refund_no = l.number LEFT JOIN pay_refunds r ON r.id = n.pay_refund_id
			 WHERE l.kind = 'refund' AND (r.id IS NULL OR r.amount_fen <> l.amount_fen OR (l.status = 'SUCCESS' AND n.state <> 'success'))
			   AND NOT EXISTS (SELECT 1 FROM pay_bill_breaks k WHERE k.day = l.day AND k.kind = l.kind AND k.number = l.number AND k.state <> 'repaired')`),
		audit.SQL("payments.bill_ours", "every payment of a reconciled day is on a bill, or has a break (I-27)",
			`SELECT o.id, o.out_trade_no FROM pay_orders o JOIN pay_bills b ON b.state IN ('done','none') AND b.mch_id = o.mch_id
			   AND o.paid_at >= b.from_at AND o.paid_at < b.to_at
			 WHERE NOT EXISTS (SELECT 1 FROM pay_bill_lines l WHERE l.kind = 'payment' AND l.number = o.out_trade_no)
			   AND NOT EXISTS (SELECT 1 FROM pay_bill_breaks k WHERE k.kind = 'payment' AND k.number = o.out_trade_no AND k.state <> 'repaired')`),
		audit.SQL("payments.bill_sums", "the lines of a bill add up to its figures (I-27)",
			`SELECT b.day, b.payments, b.paid_fen, b.refunds, b.refund_fen FROM pay_bills b
			 LEFT JOIN pay_bill_lines l ON l.day = b.day WHERE b.state IN ('done','none')
			 GROUP BY b.day, b.payments, b.paid_fen, b.refunds, b.refund_fen
			 HAVING SUM(CASE WHEN l.kind = 'payment' THEN 1 ELSE 0 END) <> b.payments OR SUM(CASE WHEN l.kind = 'refund' THEN 1 ELSE 0 END) <> b.refunds
			   OR SUM(CASE WHEN l.kind = 'payment' THEN l.amount_fen ELSE 0 END) <> b.paid_fen OR SUM(CASE WHEN l.kind = 'refund' THEN l.amount_fen ELSE 0 END) <> b.refund_fen`),
		audit.SQL("payments.bill_buckets", "each line of a bill is in one bucket, and what is not matched has a break",
			`SELECT b.day, b.matched, b.ours_only, b.theirs_only, b.amount_differs, b.state_differs FROM pay_bills b
			 WHERE b.state IN ('done','none') AND (b.matched + b.theirs_only + b.amount_differs + b.state_differs <> b.payments + b.refunds
			    OR b.ours_only + b.theirs_only + b.amount_differs + b.state_differs >
			       (SELECT COUNT(*) FROM pay_bill_breaks k WHERE k.day = b.day AND k.state <> 'repaired')
			    OR b.ours_only + b.theirs_only + b.amount_differs + b.state_differs <
			       (SELECT COUNT(*) FROM pay_bill_breaks k WHERE k.day = b.day AND k.state = 'open'))`),
		audit.SQL("payments.bill_closed", "a break that staff closed says who and why, an open one has no end",
			`SELECT id, state FROM pay_bill_breaks
			 WHERE (state = 'closed') <> (note <> '') OR (state = 'closed' AND staff_id = 0) OR (state = 'open') <> (ended_at IS NULL)`),
	}
}

// shown is how many violations are named.
const shown = 20

func unreconciled(tx *db.Tx) ([]string, error) {
	days, err := dueBills(tx, tx.Now, model.DayOf(tx.Now, model.Shanghai).AddDays(-3))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range days[:min(len(days), shown)] {
		out = append(out, "day="+d.String())
	}
	return out, nil
}

func oldBillBreaks(tx *db.Tx) ([]string, error) {
	var rows []model.PayBillBreak
	err := tx.Gorm().Where("state = ? AND opened_at < ?", model.BillBreakOpen, tx.Now.Add(-24*time.Hour)).Order("id").Limit(shown).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for old breaks of bills: %w", err)
	}
	var out []string
	for _, b := range rows {
		out = append(out, fmt.Sprintf("id=%d day=%s bucket=%s number=%s", b.ID, b.Day, b.Bucket, b.Number))
	}
	return out, nil
}
