package payments_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/service/payments"
	"huitou/wechat"
)

func TestApplyCredits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i, via := range []payments.Via{payments.Notify, payments.Query, payments.Bill} {
			o := w.ready(1, "m-"+string(via))
			w.clock.Advance(time.Minute)
			notice := w.we.pay(o.OutTradeNo)
			if out := w.apply(notice, via); out.Verdict != payments.Accepted {
				t.Fatalf("Apply via %s = %s, want accepted", via, out.Verdict)
			}
			paid := w.wantState(o.ID, model.PayPaid)
			if *paid.TransactionID != notice.TransactionID || paid.PaidVia != string(via) || !paid.PaidAt.Equal(w.clock.Now()) || paid.PayerTotalFen != 9900 {
				t.Errorf("via %s: stored %+v", via, paid)
			}
			w.run()
			if len(w.paid) != i+1 {
				t.Fatalf("%d facts, want %d", len(w.paid), i+1)
			}
			if f := w.paid[i]; f.PayOrder != o.ID || f.Member != 1 || f.Amount != 9900 || f.Ref != o.Ref || f.Purpose != "membership" {
				t.Errorf("fact %+v", f)
			}
		}
		w.holds()
	})
}

// T13: an authentic statement over another amount, currency, payer, merchant, app or state never credits, and a person
// sees it.
func TestT13_WrongStatementsNeverCredit(t *testing.T) {
	tests := []struct {
		name   string
		change func(*wechat.Transaction)
		want   payments.Verdict
	}{
		{"a fen less", func(t *wechat.Transaction) { t.TotalFen-- }, payments.WrongAmount},
		{"a fen more", func(t *wechat.Transaction) { t.TotalFen++ }, payments.WrongAmount},
		{"nothing", func(t *wechat.Transaction) { t.TotalFen = 0 }, payments.WrongAmount},
		{"less than nothing", func(t *wechat.Transaction) { t.TotalFen = -9900 }, payments.WrongAmount},
		{"dollars", func(t *wechat.Transaction) { t.Currency = "USD" }, payments.WrongCurrency},
		{"no currency", func(t *wechat.Transaction) { t.Currency = "" }, payments.WrongCurrency},
		{"another payer", func(t *wechat.Transaction) { t.PayerOpenID = "oPayer2" }, payments.WrongPayer},
		{"the payer in capitals", func(t *wechat.Transaction) { t.PayerOpenID = "OPAYER1" }, payments.WrongPayer},
		{"no payer", func(t *wechat.Transaction) { t.PayerOpenID = "" }, payments.WrongPayer},
		{"another merchant", func(t *wechat.Transaction) { t.MchID = "1900000110" }, payments.WrongMerchant},
		{"another app", func(t *wechat.Transaction) { t.AppID = "wx0000000000000000" }, payments.WrongApp},
		{"not paid", func(t *wechat.Transaction) { t.TradeState = wechat.TradeNotPaid }, payments.NotPaid},
		{"closed", func(t *wechat.Transaction) { t.TradeState = wechat.TradeClosed }, payments.NotPaid},
		{"revoked", func(t *wechat.Transaction) { t.TradeState = wechat.TradeRevoked }, payments.NotPaid},
		{"failed", func(t *wechat.Transaction) { t.TradeState = wechat.TradeError }, payments.NotPaid},
		{"success in small letters", func(t *wechat.Transaction) { t.TradeState = "success" }, payments.NotPaid},
		{"refunded before we heard of it", func(t *wechat.Transaction) { t.TradeState = wechat.TradeRefund }, payments.RefundedElsewhere},
		{"no transaction", func(t *wechat.Transaction) { t.TransactionID = "" }, payments.NoTransaction},
		{"a transaction that is none", func(t *wechat.Transaction) { t.TransactionID = "付' OR 1=1" }, payments.NoTransaction},
		{"an unknown order", func(t *wechat.Transaction) { t.OutTradeNo = "HT00000000000000000000000000" }, payments.UnknownOrder},
		{"an order that is none", func(t *wechat.Transaction) { t.OutTradeNo = "会员'--" }, payments.UnknownOrder},
		{"no order", func(t *wechat.Transaction) { t.OutTradeNo = "" }, payments.UnknownOrder},
	}
	each(t, func(t *testing.T, w *world) {
		for i, tt := range tests {
			o := w.ready(1, fmt.Sprint("m", i))
			notice := w.we.pay(o.OutTradeNo)
			tt.change(&notice)
			for range 3 { // WeChat says it again and again
				if out := w.apply(notice, payments.Notify); out.Verdict != tt.want {
					t.Errorf("%s: %s, want %s", tt.name, out.Verdict, tt.want)
				}
			}
			if o := w.wantState(o.ID, model.PayPaying); o.TransactionID != nil {
				t.Errorf("%s: a transaction was stored", tt.name)
			}
			if got := w.breaks(); len(got) != i+1 || got[0] != string(tt.want) {
				t.Errorf("%s: breaks %v, want a new %s", tt.name, got, tt.want)
			}
		}
		w.run()
		if n := w.facts(); n != 0 {
			t.Errorf("%d orders were credited", n)
		}
		w.holds()
	})
}

func TestApplyBeforeWeChatWasCalled(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o, err := w.Open(t.Context(), open(1, "m1"))
		if err != nil {
			t.Fatal(err)
		}
		out := w.apply(wechat.Transaction{AppID: appID, MchID: mchID, OutTradeNo: o.OutTradeNo, TransactionID: "42000", TradeState: wechat.TradeSuccess,
			TotalFen: 9900, Currency: "CNY", PayerOpenID: "oPayer1"}, payments.Notify)
		if out.Verdict != payments.WrongPayer {
			t.Errorf("Apply to an order that never went out = %s, want wrong_payer", out.Verdict)
		}
		w.wantState(o.ID, model.PayCreated)
		w.holds()
	})
}

// T14: a thousand orders, each notice 1 to 15 times, shuffled, a tenth by way of a query, through two instances: exactly one
// credit each.
func TestT14_ShuffledCopiesOnTwoInstances(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		const orders = stormOrders
		numbers := a.readyMany(orders)
		type delivery struct {
			t   wechat.Transaction
			via payments.Via
		}
		var deliveries []delivery
		for _, no := range numbers {
			notice := a.we.pay(no)
			for range 1 + rand.IntN(15) {
				via := payments.Notify
				if rand.IntN(10) == 0 {
					via = payments.Query
				}
				deliveries = append(deliveries, delivery{notice, via})
			}
		}
		rand.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
		var (
			accepted, other [16]int
			wg              sync.WaitGroup
		)
		for lane := range 16 {
			wg.Go(func() {
				w := []*world{a, b}[lane%2]
				for i := lane; i < len(deliveries); i += 16 {
					out, err := w.Apply(t.Context(), deliveries[i].t, deliveries[i].via)
					switch {
					case err != nil:
						t.Errorf("Apply: %v", err)
					case out.Verdict == payments.Accepted:
						accepted[lane]++
					case out.Verdict != payments.Duplicate:
						other[lane]++
					}
				}
			})
		}
		wg.Wait()
		n, odd := 0, 0
		for lane := range 16 {
			n, odd = n+accepted[lane], odd+other[lane]
		}
		if n != orders || odd != 0 {
			t.Errorf("%d deliveries: %d accepted and %d neither accepted nor duplicate, want %d and 0", len(deliveries), n, odd, orders)
		}
		if got := a.breaks(); len(got) != 0 {
			t.Errorf("breaks %v, want none", got)
		}
		a.holds()
	})
}

// Sixty-four copies of one notice at the same instant.
func TestT14_OneNoticeAtOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		o := a.ready(1, "m1")
		notice := a.we.pay(o.OutTradeNo)
		var wg sync.WaitGroup
		verdicts := make([]payments.Verdict, 64)
		start := make(chan struct{})
		for i := range verdicts {
			wg.Go(func() {
				<-start
				out, err := []*world{a, b}[i%2].Apply(t.Context(), notice, payments.Notify)
				if err != nil {
					t.Errorf("Apply: %v", err)
				}
				verdicts[i] = out.Verdict
			})
		}
		close(start)
		wg.Wait()
		n := 0
		for _, v := range verdicts {
			if v == payments.Accepted {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d of 64 copies credited, want 1: %v", n, verdicts)
		}
		a.run()
		b.run()
		if n := a.facts() + b.facts(); n != 1 {
			t.Errorf("%d facts, want 1", n)
		}
		a.holds()
	})
}

// T14: a notice that comes a day late, after the query has healed the loss.
func TestT14_LateNotice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.ready(1, "m1")
		notice := w.we.pay(o.OutTradeNo)
		w.pass(10 * time.Second)
		w.wantState(o.ID, model.PayPaid)
		w.clock.Advance(24 * time.Hour)
		if out := w.apply(notice, payments.Notify); out.Verdict != payments.Duplicate {
			t.Errorf("late notice = %s, want duplicate", out.Verdict)
		}
		w.run()
		if n := w.facts(); n != 1 {
			t.Errorf("%d facts, want 1", n)
		}
		w.holds()
	})
}

// A second transaction for a paid order, and one transaction for two orders: neither moves anything.
func TestApplyForeignTransactions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, second := w.ready(1, "m1"), w.ready(1, "m2")
		notice := w.we.pay(first.OutTradeNo)
		w.apply(notice, payments.Notify)

		again := notice
		again.TransactionID = "4200009999"
		if out := w.apply(again, payments.Notify); out.Verdict != payments.SecondPayment {
			t.Errorf("another transaction for a paid order = %s, want second_payment", out.Verdict)
		}
		stolen := w.we.pay(second.OutTradeNo)
		stolen.TransactionID = notice.TransactionID
		if out := w.apply(stolen, payments.Notify); out.Verdict != payments.ReusedTransaction {
			t.Errorf("a used transaction = %s, want reused_transaction", out.Verdict)
		}
		w.wantState(second.ID, model.PayPaying)
		if o := w.order(first.ID); *o.TransactionID != notice.TransactionID {
			t.Errorf("the transaction of the first order became %s", *o.TransactionID)
		}
		if got := w.breaks(); !slices.Equal(got, []string{"reused_transaction", "second_payment"}) {
			t.Errorf("breaks %v", got)
		}
		w.holds()
	})
}
