package payments_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/payments"
	"huitou/wechat"
)

// Each invariant sees its own corruption, and no other one does.
func TestInvariantsSeeCorruption(t *testing.T) {
	tests := []struct{ invariant, corrupt string }{
		{"payments.proof", `UPDATE pay_orders SET paid_via = '' WHERE ref = 'paid'`},
		{"payments.closed", `UPDATE pay_orders SET closed_at = NULL WHERE ref = 'closed'`},
		{"payments.payer", `DELETE FROM pay_attempts WHERE pay_order_id = (SELECT id FROM pay_orders WHERE ref = 'paid')`},
		{"payments.accepted", `UPDATE pay_notices SET amount_fen = amount_fen + 1 WHERE verdict = 'accepted'`},
		{"payments.once", `UPDATE pay_notices SET verdict = 'duplicate' WHERE verdict = 'accepted'`},
		{"payments.breaks", `UPDATE pay_breaks SET kind = 'wrong_payer' WHERE kind = 'wrong_amount'`},
		{"payments.refund_due", `UPDATE pay_breaks SET kind = 'wrong_app' WHERE kind = 'undeliverable'`},
		{"payments.fact", `DELETE FROM facts WHERE name = 'payments.paid'`},
		{"payments.refund_sums", `UPDATE pay_orders SET refunding_fen = refunding_fen - 1 WHERE ref = 'paid'`},
		{"payments.refund_sums", `UPDATE pay_orders SET refunded_fen = refunded_fen + 1 WHERE ref = 'paid'`},
		{"payments.refund_sums", `UPDATE pay_refunds SET amount_fen = amount_fen + 1 WHERE source = 'live'`},
		{"payments.refund_paid", `UPDATE pay_refunds SET pay_order_id = (SELECT id FROM pay_orders WHERE ref = 'open') WHERE source = 'given-up'`},
		{"payments.refund_numbers", `UPDATE pay_orders SET refund_numbers = refund_numbers + 1 WHERE ref = 'paid'`},
		{"payments.refund_numbers", `DELETE FROM pay_refund_numbers WHERE pay_refund_id = (SELECT id FROM pay_refunds WHERE source = 'live')`},
		{"payments.refund_once", `UPDATE pay_refund_numbers SET state = 'success' WHERE pay_refund_id = (SELECT id FROM pay_refunds WHERE source = 'live')`},
		{"payments.refund_end", `UPDATE pay_refunds SET settled_at = NULL, settled_via = '' WHERE source = 'given-up'`},
		{"payments.refund_fact", `DELETE FROM facts WHERE name = 'payments.refunded'`},
		{"payments.refund_proof", `UPDATE pay_refund_notices SET refund_fen = refund_fen + 1 WHERE verdict = 'accepted'`},
		{"payments.refund_breaks", `UPDATE pay_breaks SET kind = 'wrong_app' WHERE kind = 'refund_abnormal'`},
		{"payments.refund_breaks", `UPDATE pay_refunds SET state = 'abnormal' WHERE source = 'live'`},
		{"payments.refund_asked", `UPDATE pay_refund_asks SET state = 'waiting' WHERE amount_fen = 300`},
		{"payments.refund_asked", `UPDATE pay_refund_asks SET needs_second = TRUE WHERE amount_fen = 300`},
		{"payments.refund_moves", `UPDATE pay_refunds SET requested_at = (SELECT at FROM (SELECT created_at AS at FROM pay_orders WHERE ref = 'old') AS x) WHERE source = 'live'`},
		{"payments.settled", `UPDATE pay_orders SET expires_at = (SELECT at FROM (SELECT expires_at AS at FROM pay_orders WHERE ref = 'closed') AS x) WHERE ref = 'open'`},
	}
	each(t, func(t *testing.T, w *world) {
		w.mixed()
		w.holds()
		for _, tt := range tests {
			w.trips(tt.invariant, tt.corrupt)
		}
		w.holds()
	})
}

// The schema itself refuses what payments.amounts looks for; servers that ignore CHECK need the invariant.
func TestAmountsAreCheckedByTheSchema(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mixed()
		for _, amount := range []string{"0", "-1", "100000001"} {
			err := w.db.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
				return tx.Gorm().Exec(`UPDATE pay_orders SET amount_fen = ` + amount + ` WHERE ref = 'open'`).Error
			})
			if err == nil {
				t.Errorf("the schema took an amount of %s", amount)
			}
		}
		if w.db.Driver() == db.SQLite {
			return // its CHECKs belong to the file
		}
		drop := "ALTER TABLE pay_orders DROP CONSTRAINT `" + w.amountCheck() + "`"
		if err := w.db.Do(t.Context(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Exec(drop).Error }); err != nil {
			t.Fatal(err)
		}
		w.trips("payments.amounts", `UPDATE pay_orders SET amount_fen = 0 WHERE ref = 'open'`)
	})
}

// amountCheck returns the name that the server gave to the CHECK; MySQL and MariaDB do not agree on it.
func (w *world) amountCheck() (name string) {
	w.t.Helper()
	err := w.db.Read(w.t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Raw(`SELECT constraint_name FROM information_schema.check_constraints
			WHERE constraint_schema = DATABASE() AND check_clause LIKE '%amount_fen%100000000%'`).Scan(&name).Error
	})
	if err != nil || name == "" {
		w.t.Fatalf("the CHECK of the amount: %q %v", name, err)
	}
	return name
}

// mixed lays down one order of each kind.
func (w *world) mixed() {
	w.t.Helper()
	old := w.ready(1, "old")
	w.apply(w.we.pay(old.OutTradeNo), payments.Notify)
	w.clock.Advance(10 * 24 * time.Hour)
	closed := w.ready(1, "closed")
	w.pass(31 * time.Minute)
	w.clock.Advance(25 * time.Hour)
	paid, due, wrong := w.ready(1, "paid"), w.ready(2, "due"), w.ready(3, "wrong")
	w.ready(4, "open")
	w.apply(w.we.pay(paid.OutTradeNo), payments.Notify)
	w.apply(w.we.pay(due.OutTradeNo), payments.Query)
	err := w.db.Do(w.t.Context(), func(ctx context.Context, tx *db.Tx) error { return w.RefundDueTx(ctx, tx, due.ID, "test") })
	if err != nil {
		w.t.Fatal(err)
	}
	bad := w.we.pay(wrong.OutTradeNo)
	bad.TotalFen++
	w.apply(bad, payments.Notify)
	w.wantState(closed.ID, "closed")
	w.refundsOf(paid)
}

// refundsOf lays down one refund of each kind.
func (w *world) refundsOf(o model.PayOrder) {
	w.t.Helper()
	o = w.order(o.ID)
	w.run()
	done, abnormal := w.mustRefund(o, 100, "done"), w.mustRefund(o, 200, "abnormal")
	w.pass(5 * time.Minute)
	for _, in := range w.we.sent {
		switch in.RefundFen {
		case 100:
			w.applyRefund(w.we.endRefund(in.OutRefundNo, wechat.RefundSuccess), payments.Notify)
		case 200:
			w.applyRefund(w.we.endRefund(in.OutRefundNo, wechat.RefundAbnormal), payments.Notify)
		}
	}
	w.wantRefund(done.ID, model.RefundSuccess, "")
	w.wantRefund(abnormal.ID, model.RefundAbnormal, "refund_abnormal")
	w.refuseRefunds(true, 400, "INVALID_REQUEST")
	gone := w.mustRefund(o, 400, "given-up")
	w.pass(2 * time.Minute)
	w.refuseRefunds(false, 0, "")
	if _, err := w.GiveUpRefund(w.t.Context(), act(gone)); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.AskRefund(w.t.Context(), payments.AskRefund{Staff: 1, PayOrder: o.ID, Amount: 300, Reason: "test"}); err != nil {
		w.t.Fatal(err)
	}
	w.mustRefund(o, 500, "live")
}

// errUndo takes a corruption back.
var errUndo = errors.New("undo")

// trips corrupts rows, wants exactly one invariant to be broken by that, and takes the corruption back.
func (w *world) trips(want, corrupt string) {
	w.t.Helper()
	err := w.db.Do(w.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		res := tx.Gorm().Exec(corrupt)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			w.t.Errorf("%s corrupted nothing", corrupt)
		}
		for _, inv := range payments.Invariants() {
			violations, err := inv.Check(ctx, tx)
			if err != nil {
				return err
			}
			if (len(violations) > 0) != (inv.ID == want) {
				w.t.Errorf("after %s: %s says %v", corrupt, inv.ID, violations)
			}
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		w.t.Fatalf("%s: %v", corrupt, err)
	}
}
