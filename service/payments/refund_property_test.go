package payments_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db/dbtest"
	"huitou/service/payments"
	"huitou/wechat"
)

// refundModel is what a refund should be: the amounts that are reserved and those that are back, by source.
type refundModel struct {
	live, done map[string]model.Fen
}

func sum(of map[string]model.Fen) (total model.Fen) {
	for _, a := range of {
		total += a
	}
	return total
}

// T39: random lives of the refunds of one order: asked for again and again, refused, taken, closed, ended well and badly, told of in copies
// and late, while WeChat comes and goes and staff act. What is reserved and what is back always are what a plain model says, and in the
// end exactly what WeChat and staff gave back is back. Few lives are lived unless -rapid.checks says otherwise.
func TestT39_RandomLivesOfRefunds(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("3"); err != nil {
			t.Fatal(err)
		}
	}
	d, clock := dbtest.SQLite(t)
	we := newWeChat(clock)
	w := newWorld(t, d, clock, we)
	life := 0
	rapid.Check(t, func(rt *rapid.T) {
		life++
		we.refund, we.dropRefund = nil, false
		o := w.paidOrder(1, fmt.Sprint("life", life))
		m := refundModel{map[string]model.Fen{}, map[string]model.Fen{}}
		ids := map[string]model.PayRefund{}
		var said []wechat.Refund // notices that WeChat may still send
		byHand := model.Fen(0)
		check := func() {
			now := w.order(o.ID)
			if now.RefundingFen != sum(m.live) || now.RefundedFen != sum(m.done) {
				rt.Fatalf("%d fen reserved and %d back, the model says %d and %d", now.RefundingFen, now.RefundedFen, sum(m.live), sum(m.done))
			}
		}
		learn := func() { // what succeeded meanwhile
			for source, r := range ids {
				if _, live := m.live[source]; live && w.refundOf(r.ID).State == model.RefundSuccess {
					m.done[source] = m.live[source]
					delete(m.live, source)
				}
			}
		}
		for range rapid.IntRange(3, 20).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			case 0, 1, 2: // somebody asks
				source := fmt.Sprintf("life:%d:%d", life, rapid.IntRange(0, 6).Draw(rt, "source"))
				amount := model.Fen(rapid.IntRange(1, 6000).Draw(rt, "amount"))
				before, known := ids[source]
				r, fresh, err := w.Refund(rt.Context(), back(o, amount, source))
				room := o.AmountFen - sum(m.live) - sum(m.done)
				switch {
				case known && before.AmountFen != amount:
					if !errors.Is(err, payments.ErrRefundReused) {
						rt.Fatalf("another amount for %s = %v", source, err)
					}
				case known:
					if err != nil || fresh || r.ID != before.ID {
						rt.Fatalf("the same again for %s = %d %v %v", source, r.ID, fresh, err)
					}
				case amount > room:
					if !errors.Is(err, payments.ErrRefundTooMuch) {
						rt.Fatalf("%d fen of %d = %v", amount, room, err)
					}
				default:
					if err != nil || !fresh {
						rt.Fatalf("%d fen of %d = %v %v", amount, room, fresh, err)
					}
					ids[source], m.live[source] = r, amount
				}
			case 3: // WeChat is in another mood
				we.refund, we.dropRefund = nil, false
				switch rapid.IntRange(0, 3).Draw(rt, "mood") {
				case 0:
					we.dropRefund = true
				case 1:
					w.refuseRefunds(true, 500, "SYSTEM_ERROR")
				case 2:
					w.refuseRefunds(true, 403, "NOT_ENOUGH")
				}
			case 4, 5: // time goes by
				w.pass(time.Duration(rapid.IntRange(1, 40).Draw(rt, "minutes")) * time.Minute)
				learn()
			case 6, 7: // WeChat ends one, and its notice is on the way
				for _, in := range we.sent { // in the order of their calls, so that a life can be lived again
					no := in.OutRefundNo
					if x, made := we.refunds[no]; !made || x.OutTradeNo != o.OutTradeNo || x.Status != wechat.RefundProcessing {
						continue
					}
					end := rapid.SampledFrom([]wechat.RefundStatus{wechat.RefundSuccess, wechat.RefundSuccess, wechat.RefundAbnormal, wechat.RefundClosed}).Draw(rt, "end")
					said = append(said, we.endRefund(no, end))
					break
				}
			case 8: // a notice arrives, or its copy
				if len(said) == 0 {
					continue
				}
				w.applyRefund(said[rapid.IntRange(0, len(said)-1).Draw(rt, "notice")], payments.Notify)
				learn()
			case 9: // staff look after what is abnormal
				for _, source := range slices.Sorted(maps.Keys(ids)) {
					r := ids[source]
					now := w.refundOf(r.ID)
					if now.State != model.RefundAbnormal {
						continue
					}
					if rapid.Bool().Draw(rt, "give up") {
						if x, err := w.GiveUpRefund(rt.Context(), act(now)); err == nil && x.State == model.RefundClosed {
							delete(m.live, source)
						} else if err != nil && !errors.Is(err, payments.ErrRefundHeld) {
							rt.Fatalf("GiveUpRefund: %v", err)
						}
						learn()
					} else if _, err := w.RefundedByHand(rt.Context(), act(now)); err != nil {
						rt.Fatalf("RefundedByHand: %v", err)
					} else {
						byHand += r.AmountFen
						learn()
					}
					break
				}
			}
			check()
		}
		// WeChat is well again, and everything comes to an end.
		we.refund, we.dropRefund = nil, false
		for range 5 {
			w.pass(40 * time.Minute)
			for no, x := range we.refunds {
				if x.OutTradeNo == o.OutTradeNo && x.Status == wechat.RefundProcessing {
					w.applyRefund(we.endRefund(no, wechat.RefundSuccess), payments.Notify)
				}
			}
			for _, n := range said {
				w.applyRefund(n, payments.Notify)
			}
			learn()
		}
		check()
		gone := byHand
		for _, x := range we.refunds {
			if x.OutTradeNo == o.OutTradeNo && x.Status == wechat.RefundSuccess {
				gone += model.Fen(x.RefundFen)
			}
		}
		if back := w.order(o.ID).RefundedFen; back != gone {
			rt.Fatalf("%d fen are back by our book, %d went back", back, gone)
		}
		if gone > o.AmountFen {
			rt.Fatalf("%d fen went back of %d", gone, o.AmountFen)
		}
	})
	w.holds()
}
