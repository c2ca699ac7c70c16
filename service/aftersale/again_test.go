package aftersale_test

import (
	"context"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/orders"
	"huitou/wechat"
)

// runAgain lets every job of visits that is due run once more, as after a worker that died before it could say that it was done.
func (w *world) runAgain() {
	w.t.Helper()
	w.do(func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Exec(`UPDATE jobs SET state = 'waiting', finished_at = NULL, lease_owner = '', lease_until = NULL
			WHERE kind LIKE 'aftersale.%' AND run_at <= ?`, tx.Now).Error
	})
	w.run()
}

// T45 for visits: whatever a visit came to, its job run again does not take it back; a message is sent once and one that was skipped never.
func TestT45AVisitThatEndedStaysEnded(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	p := w.plan(model.VisitOnPaid, terms(visit(hour)))
	w.push(wechat.EventSubscribe, "oa-1", "")
	order := w.pay("T1", "oa-1").Order
	w.travel(hour)
	w.report("success")
	w.want(order, "delivered")
	var m model.Message
	w.do(func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Take(&m).Error })
	if last := w.visits(order)[0].DueAt.Add(2 * day); m.NotAfter == nil || !m.NotAfter.Equal(last) {
		t.Errorf("the message may leave until %v, want %s", m.NotAfter, last)
	}
	w.runAgain()
	w.want(order, "delivered")

	second := w.pay("T2", "oa-1").Order
	if _, err := w.s.Pause(t.Context(), 7, p.ID); err != nil {
		t.Fatal(err)
	}
	w.travel(hour)
	w.want(second, "skipped plan_paused")
	if _, err := w.s.Activate(t.Context(), 7, p.ID); err != nil {
		t.Fatal(err)
	}
	w.runAgain()
	w.want(second, "skipped plan_paused")
	if len(w.wechat.sent) != 1 {
		t.Errorf("%d messages, want 1", len(w.wechat.sent))
	}
	w.sound()
}

// Only goods begin visits, and a shop whose clock is ahead begins them now.
func TestWhatBeginsVisits(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := newWorld(t, d, clock)
	w.push(wechat.EventSubscribe, "oa-1", "")
	order := w.pay("T1", "oa-1").Order
	w.plan(model.VisitOnPaid, terms(visit(hour)))
	w.plan(model.VisitOnCompleted, terms(visit(hour)))
	for _, kind := range []model.OrderKind{model.OrderMembership, model.OrderPoints} {
		if err := w.s.OnPaid(t.Context(), orders.Paid{Order: order, Kind: kind, PaidAt: clock.Now()}); err != nil {
			t.Fatal(err)
		}
		if err := w.s.OnFinished(t.Context(), orders.Finished{Order: order, Kind: kind, At: clock.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	w.want(order, "")
	if err := w.s.OnPaid(t.Context(), orders.Paid{Order: order, Kind: model.OrderGoods, PaidAt: clock.Now().Add(3 * day)}); err != nil {
		t.Fatal(err)
	}
	if list := w.visits(order); len(list) != 1 || !list[0].DueAt.Equal(clock.Now().Add(hour)) {
		t.Errorf("visits %+v, want one in an hour", list)
	}
	w.sound()
}
