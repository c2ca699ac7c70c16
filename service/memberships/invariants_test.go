package memberships_test

import (
	"context"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/memberships"
)

// Every invariant of codes, benefits, savings and refunds sees its corruption, and nothing else does.
func TestCardInvariantsSeeCorruption(t *testing.T) {
	const cutRefund = `(SELECT refund_id FROM (SELECT refund_id FROM membership_moves WHERE kind = 'cut') AS x)`
	tests := []struct {
		corrupt string
		want    []string
	}{
		{`UPDATE membership_codes SET member_id = 999 WHERE member_id IS NOT NULL`, []string{"memberships.codes"}},
		{`UPDATE membership_periods SET price_fen = 1 WHERE code_id IS NOT NULL`, []string{"memberships.codes"}},
		{`UPDATE membership_codes SET used_at = NULL WHERE member_id IS NOT NULL`, []string{"memberships.codes"}},
		{`DELETE FROM membership_codes WHERE member_id IS NULL`, []string{"memberships.batches"}},
		{`DELETE FROM membership_trials`, []string{"memberships.trials"}},
		{`UPDATE membership_trials SET period_id = 999 WHERE person LIKE 'member:%'`, []string{"memberships.trials"}},
		{`UPDATE membership_uses SET ordinal = 3 WHERE benefit = 'freight'`, []string{"memberships.uses"}},
		{`UPDATE membership_uses SET points = points + 1 WHERE benefit = 'welcome'`, []string{"memberships.uses", "memberships.points"}},
		{`DELETE FROM membership_uses WHERE benefit = 'welcome'`, []string{"memberships.points"}},
		{`UPDATE membership_saving_returns SET amount_fen = 100000`, []string{"memberships.savings"}},
		{`UPDATE membership_saving_returns SET saving_id = 999`, []string{"memberships.savings"}},
		{`UPDATE orders SET card_saved_fen = card_saved_fen + 1`, []string{"memberships.orders"}},
		{`UPDATE membership_refunds SET settled_at = NULL WHERE state = 'settled'`, []string{"memberships.refund_proof"}},
		{`DELETE FROM membership_moves WHERE kind = 'cut'`, []string{"memberships.refund_proof"}},
		{`UPDATE pay_refunds SET amount_fen = amount_fen + 1 WHERE state = 'success'`, []string{"memberships.refund_proof"}},
		{`DELETE FROM pay_refunds WHERE state <> 'success'`, []string{"memberships.refund_asked"}},
		{`UPDATE membership_periods SET to_day = '2027-12-31' WHERE id IN (SELECT period_id FROM membership_moves WHERE kind = 'up')`, []string{"memberships.moves"}},
		{`UPDATE membership_moves SET to_after = to_before WHERE kind = 'cut'`, []string{"memberships.moves"}},
		{`DELETE FROM messages WHERE template = 'membership.refunded'`, []string{"memberships.refund_message"}},
		{`UPDATE membership_refunds SET taken_fen = taken_fen + 1 WHERE id = ` + cutRefund, []string{"memberships.quotes"}},
		{`UPDATE membership_refunds SET unused_days = unused_days - 1 WHERE id = ` + cutRefund, []string{"memberships.quotes"}},
		{`UPDATE membership_periods SET state = 'live' WHERE state = 'revoked'`, []string{"memberships.revoked", "memberships.refunded"}},
		{`UPDATE membership_periods SET state = 'revoked' WHERE code_id IS NOT NULL`, []string{"memberships.revoked"}},
		{`UPDATE membership_refunds SET order_id = (SELECT order_id FROM (SELECT order_id FROM membership_refunds WHERE id = ` + cutRefund + `) AS y), ordinal = 2
			WHERE state = 'requested'`, []string{"memberships.refund_once", "memberships.refund_asked"}},
	}
	each(t, func(t *testing.T, w *world) {
		a, b, c := w.who[0], w.who[1], w.who[2]
		in := prorated(model.PlanMonths, 3)
		in.Extras.WelcomePoints, in.Extras.FreeFreight = 100, 2
		p := w.create(in)
		first := w.member(a, p)
		w.member(a, p)
		err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			o := model.Order{ID: 1, Source: "shop", Number: "1", MemberID: a, Kind: model.OrderGoods, State: model.OrderPaid, Origin: model.OriginIngest,
				PaidAt: tx.Now, GoodsFen: 5000, DiscountFen: 500, PaidFen: 4500, MemberSavingFen: 500, FreeFreightFen: 600, RecordedAt: tx.Now}
			saved, err := w.PurchaseTx(ctx, tx, memberships.Purchase{Member: a, Ref: "order:1", At: tx.Now, MemberPrice: 500, FreeFreight: 600})
			if err != nil {
				return err
			}
			if o.CardSavedFen = saved.Amount; saved.Amount != 1100 {
				t.Errorf("saved %+v", saved)
			}
			if err := tx.Gorm().Create(&o).Error; err != nil {
				return err
			}
			return w.PurchaseRefundTx(ctx, tx, memberships.PurchaseRefund{Ref: "order:1", Source: "order:1:refund:1", Goods: 100, Of: 1000})
		})
		if err != nil {
			t.Fatal(err)
		}
		w.goTo("2026-12-01")
		w.ask(a, first.Number) // cut; the next one moves up
		w.run()
		gone := w.member(b, p)
		if _, err := w.AskRefund(t.Context(), memberships.AskRefund{Staff: 1, Number: gone.Number, Policy: model.WholeRefund, Reason: "投诉"}); err != nil {
			t.Fatal(err)
		}
		w.run()
		trial := newPlan(model.PlanDays, 7)
		trial.Trial = true
		_, codes := w.codes(w.create(trial), 2, "体验", nil)
		if _, err := w.UseCode(t.Context(), memberships.UseCode{Member: c, Code: codes[0]}); err != nil {
			t.Fatal(err)
		}
		w.we.slow = true
		running := w.member(c, p)
		w.ask(c, running.Number)
		w.run()
		w.clock.Advance(2 * time.Hour)
		w.run()
		w.holds()
		for _, tt := range tests {
			w.trips(tt.corrupt, tt.want...)
		}
		w.holds()
	})
}
