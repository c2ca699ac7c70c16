package payments_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"huitou/model/db"
	"huitou/service/payments"
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
