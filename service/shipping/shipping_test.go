package shipping_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/payments"
	"huitou/service/shipping"
	"huitou/wechat"
)

func TestAPaidOrderIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := card()
		p.ItemDesc = strings.Repeat("年", 130)
		o := w.paid("shop", p)
		w.run()
		row := w.wantState(o, model.ShippingShipped)
		if row.Tries != 1 || row.ShippedAt == nil || row.Mode != 3 {
			t.Errorf("row = %+v", row)
		}
		if len(w.centre.uploads) != 1 {
			t.Fatalf("%d uploads", len(w.centre.uploads))
		}
		got := w.centre.uploads[0]
		want := wechat.Shipping{TransactionID: *o.TransactionID, MchID: mchID, OutTradeNo: o.OutTradeNo, Mode: wechat.ShippedVirtually,
			ItemDesc: strings.Repeat("年", 119) + "…", PayerOpenID: "oPayer"}
		if got != want {
			t.Errorf("uploaded %+v\nwant %+v", got, want)
		}
		if err := w.OnPaid(t.Context(), payments.Paid{PayOrder: o.ID}); err != nil {
			t.Errorf("the fact again: %v", err)
		}
		w.pass(3 * time.Hour)
		if n := len(w.centre.uploads); n != 1 || w.centre.asked != 0 {
			t.Errorf("%d uploads, %d look-ups", n, w.centre.asked)
		}
		w.holds()
	})
}

func TestWhatWeChatDoesNotManageIsNotTold(t *testing.T) {
	here(t, func(t *testing.T, w *world) {
		w.centre.managed = false
		a, b := w.paid("shop", card()), w.paid("shop", card())
		w.run()
		w.wantState(a, model.ShippingUnneeded)
		w.wantState(b, model.ShippingUnneeded)
		if len(w.centre.uploads) != 0 || w.centre.managedN != 1 {
			t.Errorf("%d uploads, asked %d times", len(w.centre.uploads), w.centre.managedN)
		}
		w.holds()
	})
}

// Goods are told when they leave the shop, with carrier and number; until then they wait, and after two days that is an alarm.
func TestGoodsWaitForTheShop(t *testing.T) {
	here(t, func(t *testing.T, w *world) {
		o := w.paid("shop", shipping.Parcel{Mode: wechat.ShippedByExpress, ItemDesc: "茶"})
		w.pass(47 * time.Hour)
		if row := w.wantState(o, model.ShippingWaiting); row.AlarmedAt != nil {
			t.Error("alarm before two days")
		}
		w.pass(2 * time.Hour)
		if row := w.wantState(o, model.ShippingWaiting); row.AlarmedAt == nil || row.Problem == "" {
			t.Errorf("no alarm after two days: %+v", row)
		}
		w.holds()
		*w.parcels[o.Ref] = shipping.Parcel{Ready: true, Mode: wechat.ShippedByExpress, ItemDesc: "茶", Carrier: "顺丰", Tracking: "SF123", Contact: "138****1234"}
		w.pass(time.Hour)
		w.wantState(o, model.ShippingShipped)
		if got := w.centre.uploads[0]; got.ExpressCompany != "SF" || got.TrackingNo != "SF123" || got.Contact != "138****1234" {
			t.Errorf("uploaded %+v", got)
		}
		w.holds()
	})
}

func TestACarrierThatWeChatDoesNotKnow(t *testing.T) {
	here(t, func(t *testing.T, w *world) {
		o := w.paid("shop", shipping.Parcel{Ready: true, Mode: wechat.ShippedByExpress, ItemDesc: "茶", Carrier: "隔壁老王", Tracking: "1"})
		w.run()
		row := w.wantState(o, model.ShippingStuck)
		if row.AlarmedAt == nil || len(w.centre.uploads) != 0 {
			t.Errorf("row = %+v", row)
		}
		w.holds()
		// Staff mend the words and have it tried again.
		w.parcels[o.Ref].Carrier = "中通快递"
		if _, err := w.Retry(t.Context(), shipping.Retry{Staff: 7, Shipping: row.ID, Note: " 改为中通 "}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Retry(t.Context(), shipping.Retry{Staff: 7, Shipping: row.ID, Note: "x"}); !errors.Is(err, shipping.ErrNotStuck) {
			t.Errorf("again: %v", err)
		}
		w.run()
		if row := w.wantState(o, model.ShippingShipped); row.StaffID != 7 || row.Note != "改为中通" || w.centre.uploads[0].ExpressCompany != "ZTO" {
			t.Errorf("row = %+v, uploads %+v", row, w.centre.uploads)
		}
		w.holds()
	})
}

func TestRetryRefuses(t *testing.T) {
	here(t, func(t *testing.T, w *world) {
		for _, note := range []string{"", " ", strings.Repeat("字", 201), "\xff"} {
			if _, err := w.Retry(t.Context(), shipping.Retry{Staff: 7, Shipping: 1, Note: note}); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("%q: %v", note, err)
			}
		}
		if _, err := w.Retry(t.Context(), shipping.Retry{Staff: 7, Shipping: 1, Note: "x"}); !errors.Is(err, shipping.ErrUnknown) {
			t.Errorf("unknown: %v", err)
		}
	})
}

// Refusals that pass are tried again with growing pauses; those that say that the upload is wrong are for people at once.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name  string
		codes []int // answers in turn; then it works
		want  model.ShippingState
		tries int
	}{
		{"the index lags", []int{10060001, 10060001}, model.ShippingShipped, 3},
		{"system trouble", []int{-1, 10060012, 10060019, 45009}, model.ShippingShipped, 5},
		{"not shippable for a moment", []int{10060004}, model.ShippingShipped, 2},
		{"another payer", []int{10060031}, model.ShippingStuck, 1},
		{"bad parameters", []int{10060014}, model.ShippingStuck, 1},
		{"no permission", []int{48001}, model.ShippingStuck, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, clock := dbtest.SQLite(t)
			w := newWorld(t, d, clock, &centre{managed: true, known: map[string]wechat.ShippingState{}})
			left := tt.codes
			w.centre.upload = func(wechat.Shipping) error {
				if len(left) == 0 {
					return nil
				}
				code := left[0]
				left = left[1:]
				return refusal(code)
			}
			o := w.paid("shop", card())
			w.pass(2 * time.Hour)
			row := w.wantState(o, tt.want)
			if row.Tries != tt.tries || len(left) != 0 {
				t.Errorf("%d tries, want %d; %v left", row.Tries, tt.tries, left)
			}
			if tt.want == model.ShippingStuck && (row.Code != int64(tt.codes[0]) || row.AlarmedAt == nil) {
				t.Errorf("row = %+v", row)
			}
			w.holds()
		})
	}
}

// Two days of trouble end in one alarm; the tries in between are few.
func TestTwoDaysOfTroubleAreAnAlarm(t *testing.T) {
	here(t, func(t *testing.T, w *world) {
		n := 0
		w.centre.upload = func(wechat.Shipping) error { n++; return refusal(-1) }
		o := w.paid("shop", card())
		w.pass(47 * time.Hour)
		if row := w.row(o); row.State != model.ShippingQueued || row.AlarmedAt != nil || n < 20 || n > 60 {
			t.Errorf("before two days: %+v after %d tries", row, n)
		}
		w.pass(5 * time.Hour)
		row := w.wantState(o, model.ShippingStuck)
		if row.AlarmedAt == nil || !strings.Contains(row.Problem, "two days") {
			t.Errorf("row = %+v", row)
		}
		w.holds()
		w.centre.upload = nil
		if _, err := w.Retry(t.Context(), shipping.Retry{Staff: 7, Shipping: row.ID, Note: "微信恢复了"}); err != nil {
			t.Fatal(err)
		}
		w.run()
		w.wantState(o, model.ShippingShipped)
		w.holds()
	})
}

// After silence the order is looked up before anything is sent again: a second upload would use the only change up.
func TestSilenceIsLookedUp(t *testing.T) {
	here(t, func(t *testing.T, w *world) {
		w.centre.lost = func(wechat.Shipping) error { w.centre.lost = nil; return errSilence }
		taken := w.paid("shop", card())
		w.run()
		w.wantState(taken, model.ShippingSending)
		w.pass(time.Hour)
		if row := w.wantState(taken, model.ShippingShipped); row.Tries != 1 {
			t.Errorf("row = %+v", row)
		}
		w.centre.upload = func(wechat.Shipping) error { w.centre.upload = nil; return errSilence }
		missed := w.paid("shop", card())
		w.pass(time.Hour)
		if row := w.wantState(missed, model.ShippingShipped); row.Tries != 2 {
			t.Errorf("row = %+v", row)
		}
		if len(w.centre.uploads) != 2 {
			t.Errorf("%d uploads of two orders", len(w.centre.uploads))
		}
		w.holds()
	})
}

// The process is killed between the call and the mark. Whoever comes next asks first.
func TestKilledBetweenCallAndMark(t *testing.T) {
	here(t, func(t *testing.T, w *world) {
		w.centre.lost = func(wechat.Shipping) error { w.centre.lost = nil; panic("killed") }
		o := w.paid("shop", card())
		w.run()
		w.wantState(o, model.ShippingSending)
		next := newWorld(t, w.db, w.clock, w.centre)
		next.parcels = w.parcels
		next.pass(time.Hour)
		if row := next.wantState(o, model.ShippingShipped); row.Tries != 1 || len(w.centre.uploads) != 1 {
			t.Errorf("row = %+v, %d uploads", row, len(w.centre.uploads))
		}
		next.holds()
	})
}

// Two processes that work on one order send it once.
func TestTwoWorkersSendOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var orders []model.PayOrder
		for range 4 {
			orders = append(orders, w.paid("shop", card()))
		}
		w.run() // the facts are delivered
		w.centre.mu.Lock()
		w.centre.uploads, w.centre.known = nil, map[string]wechat.ShippingState{}
		w.centre.mu.Unlock()
		w.exec(`UPDATE shippings SET state = 'waiting', tries = 0, sent_at = NULL, shipped_at = NULL, ready_at = NULL`)
		w.exec(`UPDATE jobs SET state = 'waiting', run_at = ?, finished_at = NULL WHERE kind = 'shipping.tell'`, w.clock.Now())
		for _, o := range orders { // each order has a second job
			w.exec(`INSERT INTO jobs (kind, args, state, run_at, created_at, attempts, lease_owner, last_error) SELECT kind, args, state, run_at, created_at, 0, '', ''
				FROM jobs WHERE unique_key = ?`, "shipping:"+itoa(int64(o.ID)))
		}
		other := newWorld(t, w.db, w.clock, w.centre)
		other.parcels = w.parcels
		var wg sync.WaitGroup
		for _, who := range []*world{w, other} {
			wg.Go(func() {
				if _, err := who.queue.RunDue(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.pass(time.Hour)
		if n := len(w.centre.uploads); n != len(orders) {
			t.Errorf("%d uploads of %d orders", n, len(orders))
		}
		w.holds()
	})
}

func TestMoneyThatWentBackNeedsNoDelivery(t *testing.T) {
	here(t, func(t *testing.T, w *world) {
		due := w.paid("shop", card())
		w.exec(`UPDATE pay_orders SET state = 'refund_due' WHERE id = ?`, due.ID)
		whole := w.paid("shop", card())
		w.exec(`UPDATE pay_orders SET refunded_fen = amount_fen WHERE id = ?`, whole.ID)
		off := w.paid("shop", shipping.Parcel{Off: "cancelled"})
		there := w.paid("shop", card()) // given back at WeChat, which we do not know yet
		w.centre.known[*there.TransactionID] = wechat.ShippingRefunded
		w.centre.upload = func(in wechat.Shipping) error {
			if in.TransactionID == *there.TransactionID {
				return refusal(10060004)
			}
			return nil
		}
		w.run()
		for _, o := range []model.PayOrder{due, whole, off, there} {
			w.wantState(o, model.ShippingUnneeded)
		}
		if len(w.centre.uploads) != 0 {
			t.Errorf("uploads %+v", w.centre.uploads)
		}
		w.holds()
	})
}

// A fact that never came, or a purpose that nobody delivers, is found.
func TestTheSweepFindsWhatWasMissed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.paid("shop", card())
		w.exec(`DELETE FROM jobs`)
		strange := w.paid("nobody", card())
		virtual := w.paid("shop", card())
		w.exec(`DELETE FROM jobs`)
		w.exec(`UPDATE pay_orders SET channel = 'virtual' WHERE id = ?`, virtual.ID)
		w.pass(49*time.Hour + 3*time.Hour)
		w.wantState(o, model.ShippingShipped)
		if row := w.wantState(strange, model.ShippingStuck); row.AlarmedAt == nil {
			t.Errorf("row = %+v", row)
		}
		list, next, err := w.List(t.Context(), "", db.Page{Limit: 1})
		if err != nil || len(list) != 1 || next == "" {
			t.Fatalf("List = %+v, %q, %v", list, next, err)
		}
		rest, end, err := w.List(t.Context(), "", db.Page{Limit: 1, Cursor: next})
		if err != nil || len(rest) != 1 || end != "" || rest[0].ID == list[0].ID {
			t.Errorf("second page = %+v, %q, %v: the virtual payment has no row", rest, end, err)
		}
		if stuck, _, err := w.List(t.Context(), model.ShippingStuck, db.Page{}); err != nil || len(stuck) != 1 {
			t.Errorf("stuck = %+v, %v", stuck, err)
		}
		w.holds()
	})
}

func TestSettlementIsNoted(t *testing.T) {
	here(t, func(t *testing.T, w *world) {
		o := w.paid("shop", card())
		w.run()
		push := wechat.Push{Event: wechat.EventTradeSettled, Trade: &wechat.Trade{TransactionID: *o.TransactionID}}
		once := func(fresh bool) func(context.Context, *db.Tx) (bool, error) {
			return func(context.Context, *db.Tx) (bool, error) { return fresh, nil }
		}
		if err := w.OnSettled(t.Context(), push, once(false)); err != nil || w.row(o).SettledAt != nil {
			t.Errorf("a repeated push had an effect: %v", err)
		}
		for range 2 {
			if err := w.OnSettled(t.Context(), push, once(true)); err != nil {
				t.Fatal(err)
			}
			w.clock.Advance(time.Minute)
		}
		if at := w.row(o).SettledAt; at == nil || !at.Equal(dbtest.Start) {
			t.Errorf("settled at %v", at)
		}
		for _, p := range []wechat.Push{{Event: wechat.EventTradeSettled}, {Event: wechat.EventTradeRemindShipping, Trade: push.Trade}, {}} {
			if err := errors.Join(w.OnSettled(t.Context(), p, once(true)), w.OnReminded(t.Context(), p, once(true))); err != nil {
				t.Errorf("%+v: %v", p, err)
			}
		}
	})
}

func TestInvariantsSeeCorruption(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.paid("shop", card())
		w.run()
		w.pass(52 * time.Hour)
		w.holds()
		for _, tt := range []struct{ id, spoil, heal string }{
			{"shipping.told", `UPDATE shippings SET state = 'queued', shipped_at = NULL`, `UPDATE shippings SET state = 'shipped', shipped_at = sent_at`},
			{"shipping.told", `UPDATE shippings SET pay_order_id = 99`, `UPDATE shippings SET pay_order_id = ` + itoa(int64(o.ID))},
			{"shipping.states", `UPDATE shippings SET shipped_at = NULL`, `UPDATE shippings SET shipped_at = sent_at`},
			{"shipping.states", `UPDATE shippings SET state = 'stuck', shipped_at = NULL, problem = 'x'`, `UPDATE shippings SET state = 'shipped', shipped_at = sent_at`},
			{"shipping.states", `UPDATE shippings SET tries = 0`, `UPDATE shippings SET tries = 1`},
			{"shipping.states", `UPDATE shippings SET mode = 0`, `UPDATE shippings SET mode = 3`},
			{"shipping.payments", `UPDATE shippings SET transaction_id = 'x'`, `UPDATE shippings SET transaction_id = '` + *o.TransactionID + `'`},
			{"shipping.payments", `UPDATE pay_orders SET channel = 'virtual'`, `UPDATE pay_orders SET channel = 'jsapi'`},
		} {
			w.exec(tt.spoil)
			if got := w.broken(); !slices.Contains(got, tt.id) {
				t.Errorf("%s broke %v, want %s", tt.spoil, got, tt.id)
			}
			w.exec(tt.heal)
			w.holds()
		}
	})
}
