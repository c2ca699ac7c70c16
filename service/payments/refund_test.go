package payments_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/payments"
	"huitou/wechat"
)

// The whole way of a refund in two parts: reserved, submitted, accepted, and back by a notice and by a query.
func TestRefundInParts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.paidOrder(1, "m1")
		first := w.mustRefund(o, 4000, "card:1")
		w.wantRefund(first.ID, model.RefundRequested, "")
		w.wantSums(o.ID, 4000, 0)
		if again, fresh, err := w.Refund(t.Context(), back(o, 4000, "card:1")); err != nil || fresh || again.ID != first.ID {
			t.Errorf("the same source again = refund %d, fresh %v, %v", again.ID, fresh, err)
		}
		w.run()
		w.wantRefund(first.ID, model.RefundProcessing, "")
		w.wantRefundFacts()
		notice := w.we.endRefund(w.we.sent[0].OutRefundNo, wechat.RefundSuccess)
		for range 3 {
			w.applyRefund(notice, payments.Notify)
		}
		w.wantRefund(first.ID, model.RefundSuccess, "")
		w.wantSums(o.ID, 0, 4000)
		w.wantRefundFacts(4000)

		second := w.mustRefund(o, 5900, "card:2")
		w.pass(2 * time.Minute)
		w.wantRefund(second.ID, model.RefundProcessing, "")
		w.we.endRefund(w.we.sent[1].OutRefundNo, wechat.RefundSuccess) // its notice gets lost
		w.pass(20 * time.Minute)
		w.wantRefund(second.ID, model.RefundSuccess, "")
		w.wantSums(o.ID, 0, 9900)
		w.wantRefundFacts(4000, 5900)
		f := w.refundFacts()[1]
		if f.PayOrder != o.ID || f.Refund != second.ID || f.Number != o.OutTradeNo || f.Member != 1 || f.RefundedTotal != 9900 || f.PaidAmount != 9900 ||
			f.Source != "card:2" || f.Purpose != "membership" || f.Ref != "m1" || f.RefundedAt.IsZero() {
			t.Errorf("fact %+v", f)
		}
		if r := w.refundOf(second.ID); r.SettledVia != "query" || r.ReceivedAccount != "支付用户零钱" || r.PayerRefundFen != 5900 {
			t.Errorf("stored %+v", r)
		}
		w.wantState(o.ID, model.PayPaid)
		w.holds()
	})
}

func TestRefundRefuses(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		paid, open := w.paidOrder(1, "m1"), w.ready(1, "m2")
		w.mustRefund(paid, 9000, "first")
		for _, tt := range []struct {
			name   string
			in     payments.Refund
			change func(*payments.Refund)
			want   error
		}{
			{"nothing", back(paid, 0, "x"), nil, fault.ErrInvalid},
			{"less than nothing", back(paid, -1, "x"), nil, fault.ErrInvalid},
			{"a fen more than is left", back(paid, 901, "x"), nil, payments.ErrRefundTooMuch},
			{"more than any order", back(paid, 1<<62, "x"), nil, payments.ErrRefundTooMuch},
			{"no reason", back(paid, 1, "x"), func(r *payments.Refund) { r.Reason = "" }, fault.ErrInvalid},
			{"a long reason", back(paid, 1, "x"), func(r *payments.Refund) { r.Reason = strings.Repeat("退", 81) }, fault.ErrInvalid},
			{"a reason that is no text", back(paid, 1, "x"), func(r *payments.Refund) { r.Reason = "\xff" }, fault.ErrInvalid},
			{"no source", back(paid, 1, ""), nil, fault.ErrInvalid},
			{"a source that is no word", back(paid, 1, "会员'"), nil, fault.ErrInvalid},
			{"an unpaid order", back(open, 1, "x"), nil, payments.ErrNotPaid},
			{"no order", payments.Refund{PayOrder: 999, Amount: 1, Reason: "r", Source: "x"}, nil, payments.ErrUnknown},
			{"a source over another amount", back(paid, 1, "first"), nil, payments.ErrRefundReused},
			{"a source of another order", back(open, 9000, "first"), nil, payments.ErrRefundReused},
		} {
			if tt.change != nil {
				tt.change(&tt.in)
			}
			if _, _, err := w.Refund(t.Context(), tt.in); !errors.Is(err, tt.want) {
				t.Errorf("Refund of %s = %v, want %v", tt.name, err, tt.want)
			}
		}
		w.wantSums(paid.ID, 9000, 0)
		w.clock.Advance(366 * 24 * time.Hour)
		if _, _, err := w.Refund(t.Context(), back(paid, 1, "late")); !errors.Is(err, payments.ErrRefundTooLate) {
			t.Errorf("Refund after a year = %v, want ErrRefundTooLate", err)
		}
	})
}

// rounds is the number of rounds of a race; HUITOU_ROUNDS sets it for a long run.
func rounds(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("HUITOU_ROUNDS"))
	if err != nil || n < 1 {
		return 3
	}
	return n
}

// T39: fifty refunds of one order at the same instant, through two instances: what is reserved never exceeds what was paid.
func TestT39_FiftyRefundsAtOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		for round := range rounds(t) {
			o := a.paidOrder(1, fmt.Sprint("round", round))
			const amount = 700 // 14 of them fit into 9900
			var (
				wg    sync.WaitGroup
				start = make(chan struct{})
				errs  = make([]error, 50)
			)
			for i := range errs {
				wg.Go(func() {
					<-start
					_, _, errs[i] = []*world{a, b}[i%2].Refund(t.Context(), back(o, amount, fmt.Sprintf("race:%d:%d", round, i)))
				})
			}
			close(start)
			wg.Wait()
			done := 0
			for _, err := range errs {
				switch {
				case err == nil:
					done++
				case !errors.Is(err, payments.ErrRefundTooMuch):
					t.Errorf("Refund: %v", err)
				}
			}
			if done != 14 {
				t.Errorf("round %d: %d refunds of %d fen were taken out of 9900, want 14", round, done, amount)
			}
			a.wantSums(o.ID, 14*amount, 0)
		}
		a.holds()
	})
}

// T39: the same refund fifty times at once is one refund.
func TestT39_OneSourceAtOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		o := a.paidOrder(1, "m1")
		var wg sync.WaitGroup
		ids, fresh := make([]model.PayRefundID, 50), make([]bool, 50)
		for i := range ids {
			wg.Go(func() {
				r, f, err := []*world{a, b}[i%2].Refund(t.Context(), back(o, 100, "one"))
				if err != nil {
					t.Errorf("Refund: %v", err)
				}
				ids[i], fresh[i] = r.ID, f
			})
		}
		wg.Wait()
		n := 0
		for i := range ids {
			if ids[i] != ids[0] {
				t.Errorf("refunds %d and %d for one source", ids[0], ids[i])
			}
			if fresh[i] {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d of 50 were fresh, want 1", n)
		}
		a.wantSums(o.ID, 100, 0)
		a.holds()
	})
}

// Refunds that come faster than WeChat takes them wait for each other, and all arrive.
func TestRefundsLeaveAMinuteApart(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o := w.paidOrder(1, "m1")
		for i := range 5 {
			w.mustRefund(o, 100, fmt.Sprint("part", i))
		}
		w.we.refund = func(wechat.RefundRequest) error { return nil }
		w.pass(6 * time.Minute)
		if n := len(w.we.refunds); n != 5 {
			t.Errorf("WeChat has %d refunds after six minutes, want 5", n)
		}
		if n := len(w.we.sent); n != 5 {
			t.Errorf("%d calls for 5 refunds: one came too early", n)
		}
		w.holds()
	})
}

// An order can be refunded in fifty parts; the fifty-first is refused here and not by WeChat.
func TestRefundsAreFifty(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o := w.paidOrder(1, "m1")
		for i := range 50 {
			w.mustRefund(o, 1, fmt.Sprint("part", i))
		}
		if _, _, err := w.Refund(t.Context(), back(o, 1, "part50")); !errors.Is(err, payments.ErrRefundTooMany) {
			t.Errorf("the fifty-first = %v, want ErrRefundTooMany", err)
		}
		w.holds()
	})
}

// T39: WeChat is away, or takes a refund and loses its answer: every retry has the same number, and one refund is made.
func TestT39_RetriesKeepTheirNumber(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		for i, trouble := range []struct {
			name string
			set  func(on bool)
		}{
			{"no answer", func(on bool) { w.we.dropRefund = on }},
			{"an error of theirs", func(on bool) { w.refuseRefunds(on, 500, "SYSTEM_ERROR") }},
			{"too many", func(on bool) { w.refuseRefunds(on, 429, "FREQUENCY_LIMITED") }},
		} {
			o := w.paidOrder(1, fmt.Sprint("m", i))
			before, sent := len(w.we.refunds), len(w.we.sent)
			trouble.set(true)
			r := w.mustRefund(o, 9900, fmt.Sprint("s", i))
			w.pass(time.Hour)
			if got := w.refundOf(r.ID).State; got != model.RefundSubmitted {
				t.Errorf("%s: the refund is %s, want submitted", trouble.name, got)
			}
			trouble.set(false)
			w.pass(time.Hour)
			numbers := w.we.numbers()[sent:]
			if len(slices.Compact(numbers)) != 1 || len(w.we.refunds) != before+1 {
				t.Errorf("%s: numbers %v, %d refunds", trouble.name, numbers, len(w.we.refunds)-before)
			}
			w.wantRefund(r.ID, model.RefundProcessing, "")
			w.applyRefund(w.we.endRefund(numbers[0], wechat.RefundSuccess), payments.Notify)
			w.wantRefund(r.ID, model.RefundSuccess, "")
		}
		w.wantRefundFacts(9900, 9900, 9900)
		w.holds()
	})
}

func (w *world) refuseRefunds(on bool, status int, code string) {
	w.we.refund = nil
	if on {
		w.we.refund = func(wechat.RefundRequest) error { return refusal(status, code) }
	}
}

// T39: the process dies between storing a refund and calling WeChat, and between the call and its answer. What was stored is done by
// whoever runs next, once.
func TestT39_KilledBetweenStoreAndCall(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		o := a.paidOrder(1, "m1")
		b.run() // takes over the timetable
		r := a.mustRefund(o, 9900, "s1")
		ctx, kill := context.WithCancel(t.Context())
		a.we.refund = func(wechat.RefundRequest) error {
			kill()
			return context.Canceled // the answer reaches nobody
		}
		if _, err := a.queue.RunDue(ctx); err == nil {
			t.Log("the first instance wrote that it had no answer")
		}
		a.we.refund = nil
		b.pass(10 * time.Minute) // the lease of the dead instance ends
		b.run()
		if len(b.we.refunds) != 1 || len(slices.Compact(b.we.numbers())) != 1 {
			t.Errorf("WeChat has %d refunds under %v", len(b.we.refunds), b.we.numbers())
		}
		b.wantRefund(r.ID, model.RefundProcessing, "")
		b.holds()
	})
}

// T39: the notice gets lost, and WeChat works for a working day: the schedule of questions heals it.
func TestT39_LostNoticeIsHealedByQuery(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o := w.paidOrder(1, "m1")
		r := w.mustRefund(o, 9900, "s1")
		w.pass(8 * time.Hour)
		w.wantRefund(r.ID, model.RefundProcessing, "")
		w.we.endRefund(w.we.sent[0].OutRefundNo, wechat.RefundSuccess)
		w.pass(6 * time.Hour)
		w.wantRefund(r.ID, model.RefundSuccess, "")
		w.wantRefundFacts(9900)
		w.holds()
	})
}

// A refund on which WeChat works for more than a week is shown to people, and still asked about.
func TestRefundStuck(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o := w.paidOrder(1, "m1")
		r := w.mustRefund(o, 9900, "s1")
		w.pass(time.Minute)
		for range 3 { // the questions of a week are those of LostNotice
			w.clock.Advance(3 * 24 * time.Hour)
			w.run()
		}
		if got := w.breaks(); !slices.Equal(got, []string{"refund_stuck"}) {
			t.Errorf("breaks %v", got)
		}
		w.holds()
		w.we.endRefund(w.we.sent[0].OutRefundNo, wechat.RefundSuccess)
		w.pass(7 * time.Hour)
		w.wantRefund(r.ID, model.RefundSuccess, "")
		w.wantOpenBreaks()
		w.holds()
	})
}

// wantOpenBreaks compares the kinds of breaks that are open, newest first.
func (w *world) wantOpenBreaks(kinds ...string) {
	w.t.Helper()
	list, _, err := w.Breaks(w.t.Context(), db.Page{Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	got := []string{}
	for _, b := range list {
		if b.State == "open" {
			got = append(got, b.Kind)
		}
	}
	if !slices.Equal(got, append([]string{}, kinds...)) {
		w.t.Errorf("open breaks %v, want %v", got, kinds)
	}
}

// WeChat refuses: what people can end is an alarm and tried on, what never changes is left to them.
func TestRefundRefusals(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		for i, tt := range []struct {
			status     int
			code       string
			state      model.PayRefundState
			problem    string
			kind       string
			goesOnAuto bool
		}{
			{403, "NOT_ENOUGH", model.RefundSubmitted, "refund_no_money", "refund_no_money", true},
			{403, "NO_AUTH", model.RefundSubmitted, "refund_settings", "refund_settings", true},
			{401, "SIGN_ERROR", model.RefundSubmitted, "refund_settings", "refund_settings", true},
			{400, "INVALID_REQUEST", model.RefundAbnormal, "INVALID_REQUEST", "refund_refused", false},
			{403, "USER_ACCOUNT_ABNORMAL", model.RefundAbnormal, "USER_ACCOUNT_ABNORMAL", "refund_refused", false},
		} {
			o := w.paidOrder(1, fmt.Sprint("m", i))
			w.refuseRefunds(true, tt.status, tt.code)
			r := w.mustRefund(o, 9900, fmt.Sprint("s", i))
			w.pass(2 * time.Hour)
			w.wantRefund(r.ID, tt.state, tt.problem)
			w.wantSums(o.ID, 9900, 0)
			w.wantOpenBreaks(tt.kind)
			w.refuseRefunds(false, 0, "")
			w.pass(time.Hour)
			if !tt.goesOnAuto {
				w.wantRefund(r.ID, tt.state, tt.problem)
				w.settleAllBreaks()
				continue
			}
			w.wantRefund(r.ID, model.RefundProcessing, "")
			w.applyRefund(w.we.endRefund(w.we.sent[len(w.we.sent)-1].OutRefundNo, wechat.RefundSuccess), payments.Notify)
			w.wantOpenBreaks()
		}
		w.holds()
	})
}

// settleAllBreaks closes what a test has looked at.
func (w *world) settleAllBreaks() {
	w.t.Helper()
	err := w.db.Do(w.t.Context(), func(_ context.Context, tx *db.Tx) error {
		return tx.Gorm().Exec("UPDATE pay_breaks SET state = 'settled'").Error
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// A refusal is not signed: when an earlier call was accepted and its answer lost, the question finds it.
func TestRefundRefusedAfterALostAnswer(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o := w.paidOrder(1, "m1")
		w.we.dropRefund = true
		r := w.mustRefund(o, 9900, "s1")
		w.run()
		w.we.dropRefund = false
		w.refuseRefunds(true, 400, "INVALID_REQUEST")
		w.pass(5 * time.Minute)
		w.wantRefund(r.ID, model.RefundProcessing, "")
		w.wantOpenBreaks()
		w.holds()
	})
}

// WeChat closes a number: the refund gets the next one by itself, twice, and then people are asked.
func TestRefundClosedGetsANewNumber(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o := w.paidOrder(1, "m1")
		r := w.mustRefund(o, 9900, "s1")
		for i := range 3 {
			w.pass(2 * time.Minute)
			numbers := w.we.numbers()
			if len(numbers) != i+1 {
				t.Fatalf("numbers %v after %d closes", numbers, i)
			}
			closed := w.we.endRefund(numbers[i], wechat.RefundClosed)
			for range 2 {
				w.applyRefund(closed, payments.Notify)
			}
		}
		w.pass(time.Hour)
		w.wantRefund(r.ID, model.RefundAbnormal, "refund_exhausted")
		w.wantSums(o.ID, 9900, 0)
		w.wantOpenBreaks("refund_exhausted")
		w.wantRefundFacts()
		w.holds()
	})
}

// T39: authentic statements about a refund that do not fit it never move money.
func TestT39_WrongStatementsAboutRefunds(t *testing.T) {
	tests := []struct {
		name   string
		change func(*wechat.Refund)
		want   payments.Verdict
	}{
		{"a fen less", func(r *wechat.Refund) { r.RefundFen-- }, payments.WrongAmount},
		{"a fen more", func(r *wechat.Refund) { r.RefundFen++ }, payments.WrongAmount},
		{"another total", func(r *wechat.Refund) { r.TotalFen++ }, payments.WrongAmount},
		{"dollars", func(r *wechat.Refund) { r.Currency = "USD" }, payments.WrongCurrency},
		{"another merchant", func(r *wechat.Refund) { r.MchID = "1900000110" }, payments.WrongMerchant},
		{"no merchant", func(r *wechat.Refund) { r.MchID = "" }, payments.WrongMerchant},
		{"another order", func(r *wechat.Refund) { r.OutTradeNo = "HT00000000000000000000000000" }, payments.WrongOrder},
		{"another transaction", func(r *wechat.Refund) { r.TransactionID = "4200000001" }, payments.WrongOrder},
		{"an unknown number", func(r *wechat.Refund) { r.OutRefundNo = "HR00000000000000000000000000" }, payments.UnknownRefund},
		{"a number that is none", func(r *wechat.Refund) { r.OutRefundNo = "退款'--" }, payments.UnknownRefund},
		{"success in small letters", func(r *wechat.Refund) { r.Status = "success" }, payments.UnknownState},
		{"no state", func(r *wechat.Refund) { r.Status = "" }, payments.UnknownState},
	}
	each(t, func(t *testing.T, w *world) {
		for i, tt := range tests {
			o := w.paidOrder(1, fmt.Sprint("m", i))
			r := w.mustRefund(o, 4000, fmt.Sprint("s", i))
			w.run()
			notice := w.we.endRefund(w.we.sent[i].OutRefundNo, wechat.RefundSuccess)
			right := notice
			tt.change(&notice)
			for range 3 {
				if out := w.applyRefund(notice, payments.Notify); out.Verdict != tt.want {
					t.Errorf("%s: %s, want %s", tt.name, out.Verdict, tt.want)
				}
			}
			w.wantRefund(r.ID, model.RefundProcessing, "")
			w.wantSums(o.ID, 4000, 0)
			if got := w.breaks(); len(got) != i+1 || got[0] != string(tt.want) {
				t.Errorf("%s: breaks %v, want a new %s", tt.name, got, tt.want)
			}
			w.applyRefund(right, payments.Notify)
			w.wantSums(o.ID, 0, 4000)
		}
		w.holds()
	})
}

// T14, T39: what WeChat says about one refund, in every order and number of copies, leads to the same end.
func TestT14_RefundNoticesInAnyOrder(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		words := []wechat.RefundStatus{wechat.RefundProcessing, wechat.RefundSuccess, wechat.RefundAbnormal}
		for i, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			o := w.paidOrder(1, fmt.Sprint("m", i))
			r := w.mustRefund(o, 4000, fmt.Sprint("s", i))
			w.run()
			base := w.we.endRefund(w.we.sent[i].OutRefundNo, wechat.RefundSuccess)
			for _, word := range order {
				said := base
				said.Status = words[word]
				for range 2 {
					w.applyRefund(said, payments.Notify)
				}
			}
			w.wantRefund(r.ID, model.RefundSuccess, "")
			w.wantSums(o.ID, 0, 4000)
		}
		w.wantRefundFacts(4000, 4000, 4000, 4000, 4000, 4000)
		w.holds()
	})
}

// Sixty-four copies of one notice of success at the same instant.
func TestT39_OneRefundNoticeAtOnce(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		o := a.paidOrder(1, "m1")
		a.mustRefund(o, 4000, "s1")
		a.run()
		notice := a.we.endRefund(a.we.sent[0].OutRefundNo, wechat.RefundSuccess)
		var wg sync.WaitGroup
		verdicts := make([]payments.Verdict, 64)
		for i := range verdicts {
			wg.Go(func() {
				out, err := []*world{a, b}[i%2].ApplyRefund(t.Context(), notice, payments.Notify)
				if err != nil {
					t.Errorf("ApplyRefund: %v", err)
				}
				verdicts[i] = out.Verdict
			})
		}
		wg.Wait()
		n := 0
		for _, v := range verdicts {
			if v == payments.Accepted {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d of 64 copies were accepted: %v", n, verdicts)
		}
		a.wantSums(o.ID, 0, 4000)
		a.holds()
	})
}

// T40: money that came after the close, and money for what cannot be delivered, goes back by itself, with an alarm that ends when it is
// back.
func TestT40_DueMoneyGoesBackByItself(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		late := w.ready(1, "late")
		w.pass(31 * time.Minute)
		w.apply(w.we.pay(late.OutTradeNo), payments.Notify)
		gone := w.paidOrder(2, "gone")
		w.mustRefund(gone, 1900, "part")
		err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return w.RefundDueTx(ctx, tx, gone.ID, "sold out") })
		if err != nil {
			t.Fatal(err)
		}
		w.wantOpenBreaks("undeliverable", "late")
		w.wantSums(late.ID, 9900, 0)
		w.wantSums(gone.ID, 9900, 0)
		w.pass(5 * time.Minute)
		if n := len(w.we.refunds); n != 3 {
			t.Fatalf("%d refunds at WeChat, want 3", n)
		}
		for no := range w.we.refunds {
			w.applyRefund(w.we.endRefund(no, wechat.RefundSuccess), payments.Notify)
		}
		w.wantSums(late.ID, 0, 9900)
		w.wantSums(gone.ID, 0, 9900)
		w.wantOpenBreaks()
		w.wantState(late.ID, model.PayRefundDue)
		w.run()
		if n := len(w.refundFacts()); n != 3 {
			t.Errorf("%d facts, want 3", n)
		}
		w.holds()
	})
}

// A seller finds out that he cannot give what was paid after staff had given all of it back: there is nothing more to do.
func TestDueAfterAWholeRefund(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o := w.paidOrder(1, "m1")
		w.mustRefund(o, 9900, "s1")
		w.run()
		w.applyRefund(w.we.endRefund(w.we.sent[0].OutRefundNo, wechat.RefundSuccess), payments.Notify)
		err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return w.RefundDueTx(ctx, tx, o.ID, "sold out") })
		if err != nil {
			t.Fatal(err)
		}
		w.pass(2 * time.Hour)
		w.wantState(o.ID, model.PayRefundDue)
		w.wantSums(o.ID, 0, 9900)
		w.wantOpenBreaks()
		w.wantRefundFacts(9900)
		w.holds()
	})
}

// Orders that were due before there were refunds are found by the timetable, once.
func TestSweepFindsOldDueOrders(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o := w.paidOrder(1, "m1")
		err := w.db.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec("UPDATE pay_orders SET state = 'refund_due' WHERE id = ?", o.ID).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		w.pass(3 * time.Hour)
		w.wantSums(o.ID, 9900, 0)
		if n := len(w.we.refunds); n != 1 {
			t.Errorf("%d refunds at WeChat, want 1", n)
		}
	})
}
