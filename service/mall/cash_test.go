package mall_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db/dbtest"
	"huitou/service/mall"
	"huitou/service/payments"
	"huitou/service/points"
	"huitou/wechat"
)

func TestPointsAndCash(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		s.give(2, 1000)
		g := s.cash(func(in *mall.NewGift) { in.Stock, in.PerMember = 5, 3 })
		r := s.mustRedeem(1, g.ID, "tap-1")
		if r.State != model.RedemptionAwaiting || r.Code != "" || r.Cash != 990 || r.Pay == nil || r.PayUntil == nil {
			t.Fatalf("redemption = %+v", r)
		}
		if b, err := s.points.Balance(ctx, 1); err != nil || b.Active != 900 || b.Held != 100 {
			t.Errorf("balance while it waits = %+v, %v", b, err)
		}
		again := s.mustRedeem(1, g.ID, "tap-1")
		if !again.Replayed || again.ID != r.ID || again.Pay == nil || *again.Pay != *r.Pay {
			t.Errorf("the same tap = %+v", again)
		}
		if p, err := s.Prepay(ctx, 1, r.ID); err != nil || p != *r.Pay {
			t.Errorf("Prepay = %+v, %v", p, err)
		}
		if _, err := s.Prepay(ctx, 2, r.ID); !errors.Is(err, mall.ErrRedemptionUnknown) {
			t.Errorf("Prepay by another member = %v", err)
		}
		if _, err := s.PickUp(ctx, mall.PickUp{Staff: 7, Code: "0000000000"}); !errors.Is(err, mall.ErrCodeUnknown) {
			t.Errorf("PickUp = %v", err)
		}
		s.payFor(r)
		got := s.now(r)
		if got.State != model.RedemptionConfirmed || len(got.Code) != 10 {
			t.Fatalf("after the payment = %+v", got)
		}
		if again := s.mustRedeem(1, g.ID, "tap-1"); again.State != model.RedemptionConfirmed || again.Code != got.Code || again.Pay != nil {
			t.Errorf("the same tap after the payment = %+v", again)
		}
		if _, err := s.Prepay(ctx, 1, r.ID); !errors.Is(err, mall.ErrPaidAlready) {
			t.Errorf("Prepay of what is paid = %v", err)
		}
		if _, err := s.GiveUp(ctx, 1, r.ID); !errors.Is(err, mall.ErrPaidAlready) {
			t.Errorf("GiveUp of what is paid = %v", err)
		}
		if b, err := s.points.Balance(ctx, 1); err != nil || b.Active != 900 || b.Held != 0 {
			t.Errorf("balance after the payment = %+v, %v", b, err)
		}
		s.sound()
		cancelled, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: r.ID, Note: "缺货"})
		if err != nil || cancelled.State != model.RedemptionRefunded {
			t.Errorf("Cancel = %+v, %v", cancelled, err)
		}
		if _, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: r.ID, Note: "缺货"}); !errors.Is(err, mall.ErrRefunded) {
			t.Errorf("Cancel once more = %v", err)
		}
		if _, err := s.PickUp(ctx, mall.PickUp{Staff: 7, Code: got.Code}); !errors.Is(err, mall.ErrRefunded) {
			t.Errorf("PickUp of what was refunded = %v", err)
		}
		if state := s.payState(r); state != model.PayRefundDue {
			t.Errorf("the payment is %s", state)
		}
		s.has(1, 1000)
		if o := s.offer(1, g.ID); o.Stock != 5 || o.Mine != 0 {
			t.Errorf("offer = %+v", o)
		}
	})
}

// Every kind of gift can cost money; what is given at once is given when the money is here and not before.
func TestCashForEveryKind(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store) {
		s.give(1, 1000)
		template, plan := s.template(-1, 0), s.plan(model.PlanMonths, 1)
		gifts := map[model.GiftKind]mall.Gift{
			model.GiftPickup:     s.cash(nil),
			model.GiftGoods:      s.cash(func(in *mall.NewGift) { in.Kind = model.GiftGoods }),
			model.GiftCoupon:     s.cash(func(in *mall.NewGift) { in.Kind, in.CouponTemplate = model.GiftCoupon, template }),
			model.GiftMembership: s.cash(func(in *mall.NewGift) { in.Kind, in.Plan, in.Days = model.GiftMembership, plan, 7 }),
			model.GiftCode:       s.cash(func(in *mall.NewGift) { in.Kind, in.Stock = model.GiftCode, 0 }),
		}
		if _, err := s.UploadCodes(context.Background(), mall.UploadCodes{Staff: 7, Gift: gifts[model.GiftCode].ID, Codes: []string{"CARD-A"}}); err != nil {
			t.Fatal(err)
		}
		for kind, g := range gifts {
			r, err := s.sendTo(1, g.ID, "tap-"+string(kind), &home)
			if err != nil || r.State != model.RedemptionAwaiting {
				t.Fatalf("%s: %+v, %v", kind, r, err)
			}
			if kind == model.GiftCode {
				if _, err := s.Reveal(context.Background(), mall.Reveal{Member: 1, Redemption: r.ID, Key: key(1, "early")}); !errors.Is(err, mall.ErrUnpaid) {
					t.Errorf("Reveal before the payment = %v", err)
				}
				if _, err := s.redeem(1, g.ID, "dry"); !errors.Is(err, mall.ErrPoolDry) {
					t.Errorf("a code that is promised to another = %v", err)
				}
			}
			s.sound()
			s.payFor(r)
			want := model.RedemptionConfirmed
			if kind == model.GiftCoupon || kind == model.GiftMembership {
				want = model.RedemptionFulfilled
			}
			s.is(r, want)
			if kind == model.GiftCode {
				if got, err := s.Reveal(context.Background(), mall.Reveal{Member: 1, Redemption: r.ID, Key: key(1, "look")}); err != nil || got.Code != "CARD-A" {
					t.Errorf("Reveal = %+v, %v", got, err)
				}
			}
			s.sound()
		}
		s.has(1, 500)
	})
}

// Nobody pays: everything goes back when the time is over.
func TestUnpaidInTime(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store) {
		s.give(1, 100)
		g := s.cash(func(in *mall.NewGift) { in.Stock, in.PerMember, in.PerDay = 1, 1, 1 })
		r := s.mustRedeem(1, g.ID, "tap-1")
		s.clock.Set(r.PayUntil.Add(-time.Second))
		s.run()
		s.is(r, model.RedemptionAwaiting)
		s.clock.Advance(2 * time.Minute)
		s.run()
		s.clock.Advance(time.Minute)
		s.run()
		s.is(r, model.RedemptionCancelled)
		s.has(1, 100)
		s.mustRedeem(1, g.ID, "tap-2") // stock and slots came back
		if _, err := s.Prepay(context.Background(), 1, r.ID); !errors.Is(err, mall.ErrCancelled) {
			t.Errorf("Prepay of what was cancelled = %v", err)
		}
	})
}

// WeChat is down when the time is over: points and stock wait ten minutes and not for ever; a payment that turns up later goes back.
func TestWeChatIsDownWhenTheTimeIsOver(t *testing.T) {
	onSQLite(t, func(t *testing.T, s *store) {
		s.give(1, 100)
		r := s.mustRedeem(1, s.cash(nil).ID, "tap-1")
		s.we.down = true
		s.clock.Set(r.PayUntil.Add(time.Minute))
		s.run()
		s.is(r, model.RedemptionAwaiting)
		s.clock.Set(r.PayUntil.Add(11 * time.Minute))
		s.run()
		s.is(r, model.RedemptionCancelled)
		s.has(1, 100)
		s.we.down = false
		s.payFor(r)
		s.is(r, model.RedemptionCancelled)
		if state := s.payState(r); state != model.PayRefundDue {
			t.Errorf("the payment is %s", state)
		}
		s.has(1, 100)
	})
}

// Prepay brings no answer: the redemption stands, and the same request goes on where it stopped.
func TestPrepayBringsNoAnswer(t *testing.T) {
	onSQLite(t, func(t *testing.T, s *store) {
		s.give(1, 100)
		g := s.cash(nil)
		s.we.down = true
		if _, err := s.redeem(1, g.ID, "tap-1"); !errors.Is(err, payments.ErrGateway) {
			t.Errorf("Redeem = %v", err)
		}
		s.we.down = false
		r := s.mustRedeem(1, g.ID, "tap-1")
		if !r.Replayed || r.Pay == nil {
			t.Errorf("the same tap = %+v", r)
		}
		s.has(1, 0)
		s.payFor(r)
		s.is(r, model.RedemptionConfirmed)
	})
}

func TestGiveUpAndPayAllTheSame(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		s.give(2, 100)
		g := s.cash(func(in *mall.NewGift) { in.Stock = 1 })
		r := s.mustRedeem(1, g.ID, "tap-1")
		if _, err := s.GiveUp(ctx, 2, r.ID); !errors.Is(err, mall.ErrRedemptionUnknown) {
			t.Errorf("GiveUp by another member = %v", err)
		}
		for range 2 {
			if got, err := s.GiveUp(ctx, 1, r.ID); err != nil || got.State != model.RedemptionCancelled {
				t.Errorf("GiveUp = %+v, %v", got, err)
			}
		}
		s.has(1, 100)
		s.mustRedeem(2, g.ID, "tap-1") // the unit is another's now
		s.payFor(r)
		if state := s.payState(r); state != model.PayRefundDue {
			t.Errorf("the payment is %s", state)
		}
		s.is(r, model.RedemptionCancelled)
		s.has(1, 100)
		// Staff end one that waits, too.
		waits := s.cash(nil)
		one := s.mustRedeem(1, waits.ID, "tap-2")
		if got, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: one.ID, Note: "误兑"}); err != nil || got.State != model.RedemptionCancelled {
			t.Errorf("Cancel of what waits = %+v, %v", got, err)
		}
	})
}

// What cannot be given although it was paid sends points and money back.
func TestPaidButNotToBeGiven(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store) {
		s.give(2, 1000)
		template := s.template(1, 0)
		g := s.cash(func(in *mall.NewGift) { in.Kind, in.CouponTemplate, in.PerMember = model.GiftCoupon, template, 1 })
		a, b := s.mustRedeem(1, g.ID, "tap-1"), s.mustRedeem(2, g.ID, "tap-1")
		s.payFor(b)
		s.payFor(a)
		s.is(b, model.RedemptionFulfilled)
		s.is(a, model.RedemptionRefunded)
		if state := s.payState(a); state != model.PayRefundDue {
			t.Errorf("the payment is %s", state)
		}
		s.has(1, 1000)
		if o := s.offer(1, g.ID); o.Mine != 0 || o.Stock != 9 {
			t.Errorf("offer = %+v", o)
		}
	})
}

// T14, T39: notice, query, a repeated fact, the end of the time and two cancellations race on two instances. Points, money and
// stock end on one side, together.
func TestT14PaymentAgainstEverythingElse(t *testing.T) {
	twoStores(t, func(t *testing.T, s [2]*store) {
		ctx := context.Background()
		const n = 12
		s[0].give(n, 100)
		g := s[0].cash(func(in *mall.NewGift) { in.Stock = n })
		list := make([]mall.Redemption, n)
		sent := make([]wechat.Transaction, n)
		orders := make([]model.PayOrder, n)
		for i := range list {
			list[i] = s[0].mustRedeem(model.MemberID(i+1), g.ID, "tap-1")
			o, err := s[0].payments.Order(ctx, list[i].PayOrder)
			if err != nil {
				t.Fatal(err)
			}
			orders[i], sent[i] = o, s[0].we.pay(o.OutTradeNo)
		}
		together(4*n, func(i int) {
			on, r := s[i%2], list[i/4]
			var err error
			switch i % 4 {
			case 0, 1:
				_, err = on.payments.Apply(ctx, sent[i/4], payments.Notify)
				if err == nil {
					err = on.Confirm(ctx, payments.Paid{Purpose: mall.Purpose, PayOrder: orders[i/4].ID})
				}
			case 2:
				_, err = on.GiveUp(ctx, r.Member, r.ID)
			default:
				_, err = on.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: r.ID, Note: "缺货"})
			}
			if err != nil && !errors.Is(err, mall.ErrPaidAlready) && !errors.Is(err, mall.ErrCancelled) && !errors.Is(err, mall.ErrRefunded) && !errors.Is(err, mall.ErrUnpaid) {
				t.Errorf("number %d: %v", i, err)
			}
		})
		s[0].run()
		for _, r := range list {
			state, pay := s[1].now(r).State, s[1].payState(r)
			kept := state == model.RedemptionConfirmed && pay == model.PayPaid
			back := (state == model.RedemptionCancelled || state == model.RedemptionRefunded) && pay == model.PayRefundDue
			if !kept && !back {
				t.Errorf("redemption %s is %s and its payment %s", r.ID, state, pay)
			}
		}
	})
}

// T33: 32 requests for one code on two instances: one sees it, and it is taken back or seen, never both.
func TestT33RevealAgainstRevealAndCancel(t *testing.T) {
	twoStores(t, func(t *testing.T, s [2]*store) {
		ctx := context.Background()
		s[0].give(1, 1000)
		for round := range 4 {
			g := s[0].codes("CARD-A")
			r := s[0].mustRedeem(1, g.ID, fmt.Sprint("tap-", round))
			revealed := tally{t: t, refusal: []error{mall.ErrRevealed, mall.ErrCancelled}}
			cancelled := tally{t: t, refusal: []error{mall.ErrFulfilled, mall.ErrCancelled}}
			together(32, func(i int) {
				if round > 1 && i%8 == 7 {
					_, err := s[i%2].Cancel(ctx, mall.Cancel{Staff: 7, Redemption: r.ID, Note: "误兑"})
					cancelled.add(err)
					return
				}
				_, err := s[i%2].Reveal(ctx, mall.Reveal{Member: 1, Redemption: r.ID, Key: key(1, fmt.Sprint("look-", round, "-", i))})
				revealed.add(err)
			})
			if n := revealed.won.Load() + cancelled.won.Load(); n != 1 {
				t.Errorf("%d saw the code and %d took it back", revealed.won.Load(), cancelled.won.Load())
			}
			s[1].sound()
		}
	})
}

// A pool of 20 codes and 64 shoppers on two instances: 20 different codes, everybody else hears that the pool is dry.
func TestPoolIsNeverOverdrawn(t *testing.T) {
	twoStores(t, func(t *testing.T, s [2]*store) {
		const shoppers, codes = 64, 20
		s[0].give(shoppers, 100)
		pool := make([]string, codes)
		for i := range pool {
			pool[i] = fmt.Sprint("CARD-", i)
		}
		g := s[0].codes(pool...)
		c := tally{t: t, refusal: []error{mall.ErrPoolDry}}
		together(shoppers, func(i int) {
			_, err := s[i%2].redeem(model.MemberID(i+1), g.ID, "tap-1")
			c.add(err)
		})
		if c.won.Load() != codes {
			t.Errorf("%d of %d codes were given", c.won.Load(), codes)
		}
	})
}

// Limits of a day hold against one member on two instances.
func TestDayLimitInParallel(t *testing.T) {
	twoStores(t, func(t *testing.T, s [2]*store) {
		s[0].give(1, 10_000)
		g := s[0].gift(func(in *mall.NewGift) { in.Stock, in.PerDay, in.PerWeek = 100, 2, 3 })
		c := tally{t: t, refusal: []error{mall.ErrLimit}}
		together(48, func(i int) {
			_, err := s[i%2].redeem(1, g.ID, fmt.Sprint("tap-", i))
			c.add(err)
		})
		if c.won.Load() != 2 {
			t.Errorf("%d redemptions on a day that allows 2", c.won.Load())
		}
	})
}

// Random lives of redemptions with cash, against a small reference: what the shopper has at the end is what the model says, and
// every invariant holds on the way.
func TestRandomLivesWithCash(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := openStore(t, d, clock, &weChat{orders: map[string]*wechat.Transaction{}, clock: clock})
	ctx := context.Background()
	member := model.MemberID(0)
	rapid.Check(t, func(rt *rapid.T) {
		member++
		if _, _, err := s.points.Earn(ctx, points.Earn{Member: member, Points: 500, Reason: model.PointsForOrder, Source: fmt.Sprint("life:", member)}); err != nil {
			rt.Fatal(err)
		}
		stock := rapid.Int64Range(1, 4).Draw(rt, "stock")
		g := s.cash(func(in *mall.NewGift) { in.Stock, in.PerMember = stock, 3 })
		type life struct {
			mall.Redemption
			open, live, paid bool
		}
		var lives []*life
		spent := func() (n int64) {
			for _, l := range lives {
				if l.live {
					n++
				}
			}
			return n
		}
		for step := range rapid.IntRange(1, 12).Draw(rt, "steps") {
			what := rapid.SampledFrom([]string{"redeem", "pay", "give up", "cancel", "time"}).Draw(rt, "what")
			if what == "redeem" {
				r, err := s.redeem(member, g.ID, fmt.Sprint("tap-", step))
				switch have := spent(); {
				case have >= stock && have < 3:
					if !errors.Is(err, mall.ErrSoldOut) {
						rt.Fatalf("redeem with %d of %d taken: %v", have, stock, err)
					}
				case have >= 3:
					if !errors.Is(err, mall.ErrLimit) && !errors.Is(err, mall.ErrSoldOut) {
						rt.Fatalf("redeem beyond the limit: %v", err)
					}
				case err != nil:
					rt.Fatalf("redeem: %v", err)
				default:
					lives = append(lives, &life{r, true, true, false})
				}
				continue
			}
			if len(lives) == 0 {
				continue
			}
			l := lives[rapid.IntRange(0, len(lives)-1).Draw(rt, "which")]
			switch what {
			case "pay":
				if l.paid || s.payState(l.Redemption) == model.PayClosed {
					continue
				}
				s.payFor(l.Redemption)
				l.paid, l.open = true, false
			case "give up":
				_, err := s.GiveUp(ctx, member, l.ID)
				if !l.open && l.live && !errors.Is(err, mall.ErrPaidAlready) {
					rt.Fatalf("give up of what is paid: %v", err)
				}
				if l.open {
					l.open, l.live = false, false
				}
			case "cancel":
				_, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: l.ID, Note: "缺货"})
				if l.live != (err == nil) {
					rt.Fatalf("cancel of a redemption that lives (%v): %v", l.live, err)
				}
				l.open, l.live = false, false
			case "time":
				clock.Advance(45 * time.Minute)
				s.run()
				clock.Advance(time.Minute)
				s.run()
				for _, l := range lives {
					if l.open {
						l.open, l.live = false, false
					}
				}
			}
		}
		b, err := s.points.Balance(ctx, member)
		if err != nil {
			rt.Fatal(err)
		}
		if want := model.Points(500 - 100*spent()); b.Active != want {
			rt.Fatalf("the member has %d points, want %d", b.Active, want)
		}
		if o := s.offer(member, g.ID); o.Stock != stock-spent() || o.Mine != spent() {
			rt.Fatalf("stock %d, mine %d; want %d and %d", o.Stock, o.Mine, stock-spent(), spent())
		}
		s.End(ctx, 7, g.ID)
	})
	s.sound()
}

// Each corruption of the new kinds trips exactly the invariants that are named.
func TestInvariantsOfKindsSeeCorruption(t *testing.T) {
	tests := []struct {
		name, sql string
		want      []string
	}{
		{"a code that came from nowhere", "UPDATE gift_codes SET redemption_id = NULL WHERE redemption_id IS NOT NULL AND revealed_at IS NULL", []string{"mall.pool", "mall.codes"}},
		{"a code that nobody saw", "UPDATE gift_codes SET revealed_at = NULL", []string{"mall.codes"}},
		{"a code that is gone", "DELETE FROM gift_codes WHERE redemption_id IS NULL", []string{"mall.pool"}},
		{"goods without an address", "UPDATE redemptions SET address = '' WHERE kind = 'goods'", []string{"mall.states"}},
		{"goods without a number", "UPDATE redemptions SET tracking = '' WHERE kind = 'goods'", []string{"mall.states"}},
		{"days that were not given", "DELETE FROM membership_periods", []string{"mall.days"}},
		{"too many days", "UPDATE membership_periods SET gift_days = 8", []string{"mall.days"}},
		{"a day's slot that is gone", "DELETE FROM gift_window_slots WHERE span LIKE 'd%'", []string{"mall.slots"}},
		{"a week's slot beyond the limit", "UPDATE gift_window_slots SET ordinal = 9 WHERE span LIKE 'w%'", []string{"mall.limits"}},
		{"a payment of another amount", "UPDATE redemptions SET cash_fen = 1 WHERE cash_fen > 0 AND state = 'awaiting_payment'", []string{"mall.cash"}},
		{"a gift that nobody paid for", "UPDATE redemptions SET state = 'confirmed', code = '0123456789' WHERE state = 'awaiting_payment'", []string{"mall.points", "mall.cash"}},
		{"money that stayed", "UPDATE pay_orders SET state = 'paid' WHERE state = 'refund_due'", []string{"mall.cash"}},
		{"points that stayed held", "UPDATE points_holds SET state = 'held' WHERE state = 'captured'", []string{"mall.points"}},
		{"a payment that was waited for too long", "UPDATE redemptions SET pay_until = '2020-01-01 00:00:00' WHERE state = 'awaiting_payment'", []string{"mall.waiting"}},
	}
	eachStore(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		s.give(1, 10_000)
		code := s.codes("CARD-A", "CARD-B", "CARD-C")
		seen := s.mustRedeem(1, code.ID, "code-1")
		if _, err := s.Reveal(ctx, mall.Reveal{Member: 1, Redemption: seen.ID, Key: key(1, "look")}); err != nil {
			t.Fatal(err)
		}
		s.mustRedeem(1, code.ID, "code-2")
		goods, err := s.sendTo(1, s.gift(func(in *mall.NewGift) { in.Kind = model.GiftGoods }).ID, "goods", &home)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Ship(ctx, mall.Ship{Staff: 7, Redemption: goods.ID, Carrier: "顺丰", Number: "SF123456"}); err != nil {
			t.Fatal(err)
		}
		plan := s.plan(model.PlanMonths, 1)
		s.mustRedeem(1, s.gift(func(in *mall.NewGift) { in.Kind, in.Plan, in.Days = model.GiftMembership, plan, 7 }).ID, "days")
		s.mustRedeem(1, s.gift(func(in *mall.NewGift) { in.PerDay, in.PerWeek = 1, 1 }).ID, "limited")
		back := s.mustRedeem(1, s.cash(nil).ID, "back")
		s.payFor(back)
		if _, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: back.ID, Note: "缺货"}); err != nil {
			t.Fatal(err)
		}
		s.mustRedeem(1, s.cash(nil).ID, "waits")
		s.sound()
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				if got := s.brokenBy(tt.sql); !slices.Equal(got, tt.want) {
					t.Errorf("broken = %v, want %v", got, tt.want)
				}
			})
		}
	})
}
