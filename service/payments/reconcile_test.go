package payments_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
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
)

// change spoils the bill of a day at the simulator.
func (b *books) change(day model.Day, body map[string]any) {
	b.t.Helper()
	b.control("POST", "/_sim/bills/"+day.String()+"/changes", body)
}

// answer is what a run says of a day, without how often it ran.
func answer(b model.PayBill) model.PayBill {
	b.Runs, b.LastRunAt = 0, time.Time{}
	return b
}

// WeChat is silent when it is asked about what does not agree: nothing is recorded, and the next run does it all.
func TestASilentWeChatPutsTheRunOff(t *testing.T) {
	oneBooks(t, func(t *testing.T, b *books) {
		day := b.today()
		o := b.ordered(1, 100)
		b.pays(o)
		b.morning(day)
		b.control("POST", "/_sim/faults", map[string]any{"kind": "bad_gateway", "endpoint": "/v3/pay/transactions/out-trade-no/*"})
		if _, err := b.bills.Day(t.Context(), day); !errors.Is(err, payments.ErrGateway) {
			t.Errorf("Day = %v", err)
		}
		if list, err := b.bills.Bills(t.Context(), model.Day{}, 1); err != nil || len(list) != 1 || list[0].State != model.BillWaiting || len(b.openBreaks()) != 0 {
			t.Errorf("Bills = %+v, %v, open %v", list, err, b.openBreaks())
		}
		if row := b.reconciled(day); row.State != model.BillDone || row.Matched != 1 || row.Repaired != 1 {
			t.Errorf("the next run = %+v", row)
		}
		b.noneBroken()
	})
}

// One day with something in every bucket: what a question can mend is mended, the rest stays for people, and a second run says the same.
func TestReconcileBuckets(t *testing.T) {
	eachBooks(t, func(t *testing.T, b *books) {
		day := b.today()
		b.paid(1, 9900) // matched
		back := b.paid(2, 5000)
		heard := b.back(back, 100) // matched, with its refund
		b.settled(heard, "SUCCESS")
		b.clock.Advance(2 * time.Minute)
		b.run()
		lost := b.paid(3, 300)
		unheard := b.back(lost, 300) // WeChat gave it back, and we do not know
		failed := b.back(b.paid(3, 310), 310)
		b.clock.Advance(time.Second) // the questions about them are not due for a quarter of a minute
		b.settled(unheard, "SUCCESS")
		b.settled(failed, "ABNORMAL")
		silent := b.ordered(1, 700) // paid, and nobody told us
		b.pays(silent)
		late := b.ordered(1, 800) // paid, after we had closed it
		b.pays(late)
		b.exec(`UPDATE pay_orders SET state = 'closed', closed_at = ? WHERE id = ?`, b.clock.Now(), late.ID)
		b.ordered(2, 900) // never paid: on neither side

		dropped, changed, droppedRefund := b.paid(1, 1100), b.paid(2, 1200), ""
		b.clock.Advance(2 * time.Minute)
		droppedRefund = b.back(changed, 50)
		b.change(day, map[string]any{"act": "drop", "number": dropped.OutTradeNo})
		b.change(day, map[string]any{"act": "drop", "number": droppedRefund})
		b.change(day, map[string]any{"act": "amount", "number": changed.OutTradeNo, "fen": 1201})
		b.change(day, map[string]any{"act": "foreign", "number": "ELSEWHERE1", "fen": 77})

		b.morning(day)
		row := b.reconciled(day)
		// Two minutes later the polls had found the silent payment and asked about the refunds; whatever they had not, the run has.
		if row.State != model.BillDone || row.OursOnly != 2 || row.TheirsOnly != 1 || row.AmountDiffers != 1 || row.StateDiffers != 0 ||
			row.Payments != 8 || row.Refunds != 3 || row.Matched != 9 {
			t.Errorf("Day = %+v", row)
		}
		want := map[string]bool{
			"payment " + dropped.OutTradeNo + " ours_only": true, "refund " + droppedRefund + " ours_only": true,
			"payment ELSEWHERE1 theirs_only": true, "payment " + changed.OutTradeNo + " amount_differs": true,
		}
		if got := b.openBreaks(); !maps.Equal(got, want) {
			t.Errorf("open breaks = %v\nwant %v", got, want)
		}
		if o := b.order(silent.ID); o.State != model.PayPaid {
			t.Errorf("the silent payment is %s", o.State)
		}
		if o := b.order(late.ID); o.TransactionID == nil || o.State == model.PayPaid {
			t.Errorf("the late payment is %s", o.State)
		}
		if state := b.text(`SELECT state FROM pay_refund_numbers WHERE out_refund_no = ?`, unheard); state != "success" {
			t.Errorf("the refund that nobody told of is %s", state)
		}
		b.noneBroken()

		again := b.reconciled(day)
		if answer(again) != answer(row) || again.Runs != row.Runs+1 {
			t.Errorf("second run = %+v\nfirst %+v", again, row)
		}
		if got := b.openBreaks(); !maps.Equal(got, want) {
			t.Errorf("open breaks after the second run = %v", got)
		}
		// An open break is an alarm from the second day on, until somebody closes it with a note.
		b.clock.Advance(25 * time.Hour)
		if got := b.broken(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "payments.bill_breaks_age ") }) {
			t.Errorf("after a day: %v", got)
		}
		list, _, err := b.bills.Breaks(t.Context(), model.BillBreakOpen, db.Page{})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			if k.Outcome == "" || k.Tries != 2 || k.Repair == "" {
				t.Errorf("break %+v", k)
			}
			closed, err := b.bills.Close(t.Context(), payments.CloseBillBreak{Staff: 7, Break: k.ID, Note: " 已核实 "})
			if err != nil || closed.State != model.BillBreakClosed || closed.Note != "已核实" || closed.StaffID != 7 {
				t.Errorf("Close = %+v, %v", closed, err)
			}
			if _, err := b.bills.Close(t.Context(), payments.CloseBillBreak{Staff: 7, Break: k.ID, Note: "x"}); !errors.Is(err, payments.ErrBillBreakEnded) {
				t.Errorf("Close twice = %v", err)
			}
		}
		if third := b.reconciled(day); answer(third) != answer(row) || len(b.openBreaks()) != 0 {
			t.Errorf("a run after the close = %+v, open %v", third, b.openBreaks())
		}
		// WeChat mends its bill: what was closed stays closed, and the buckets are empty.
		b.control("DELETE", "/_sim/bills/"+day.String()+"/changes", nil)
		if mended := b.reconciled(day); mended.Matched != 12 || mended.OursOnly+mended.TheirsOnly+mended.AmountDiffers+mended.StateDiffers != 0 {
			t.Errorf("the mended bill = %+v", mended)
		}
	})
}

func (b *books) noneBroken() {
	b.t.Helper()
	for _, k := range b.broken() {
		b.t.Errorf("broken: %s", k)
	}
}

func TestCloseBillBreakRefuses(t *testing.T) {
	oneBooks(t, func(t *testing.T, b *books) {
		for _, note := range []string{"", "  ", strings.Repeat("字", 501), "\xff"} {
			if _, err := b.bills.Close(t.Context(), payments.CloseBillBreak{Staff: 7, Break: 1, Note: note}); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("note %q: %v", note, err)
			}
		}
		if _, err := b.bills.Close(t.Context(), payments.CloseBillBreak{Staff: 7, Break: 1, Note: "x"}); !errors.Is(err, payments.ErrBillBreakUnknown) {
			t.Errorf("unknown: %v", err)
		}
	})
}

// T14: neither a notice nor a poll told of a payment; the bill of the next morning does, once.
func TestT14TheBillHealsWhatNoticeAndPollLost(t *testing.T) {
	oneBooks(t, func(t *testing.T, b *books) {
		day, n := b.today(), 5
		var lost []model.PayOrder
		for i := range n {
			o := b.ordered(1, model.Fen(100+i))
			b.pays(o)
			lost = append(lost, o)
		}
		b.morning(day)
		row := b.reconciled(day)
		if row.Matched != n || row.Repaired != n || len(b.openBreaks()) != 0 {
			t.Errorf("Day = %+v, open %v", row, b.openBreaks())
		}
		for _, o := range lost {
			if got := b.order(o.ID); got.State != model.PayPaid {
				t.Errorf("order %d is %s", o.ID, got.State)
			}
		}
		if facts := b.text(`SELECT COUNT(*) FROM facts WHERE name = 'payments.paid'`); facts != strconv.Itoa(n) {
			t.Errorf("%s facts of payment, want %d", facts, n)
		}
		b.noneBroken()
	})
}

// The program was off for days: the next morning's timetable takes every missed day, and a second pass over all of them says the same.
func TestMissedDaysAreCaughtUp(t *testing.T) {
	oneBooks(t, func(t *testing.T, b *books) {
		b.run() // the timetable begins
		first := b.today()
		for i := range 4 {
			o := b.paid(model.MemberID(i%3+1), model.Fen(1000+i))
			if i == 1 {
				b.change(b.today(), map[string]any{"act": "amount", "number": o.OutTradeNo, "fen": 1})
			}
			if i == 2 {
				b.clock.Advance(48 * time.Hour) // one day without any payment
			} else {
				b.clock.Advance(24 * time.Hour)
			}
		}
		due, err := b.bills.Due(t.Context())
		if err != nil || len(due) != 5 || due[0] != first { // today's bill and the one of a payment just now are not there yet
			t.Fatalf("Due = %v, %v", due, err)
		}
		if got := b.broken(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "payments.bills ") }) {
			t.Errorf("unreconciled days are no alarm: %v", got)
		}
		b.clock.Set(b.today().Start(model.Shanghai).Add(10*time.Hour + 15*time.Minute + 24*time.Hour))
		b.run()
		if due, err := b.bills.Due(t.Context()); err != nil || len(due) != 0 {
			t.Errorf("still due: %v, %v", due, err)
		}
		list, err := b.bills.Bills(t.Context(), model.Day{}, 100)
		if err != nil || len(list) != 6 {
			t.Fatalf("Bills = %+v, %v", list, err)
		}
		none := 0
		for _, row := range list {
			if row.State == model.BillNone {
				none++
			}
			if again := b.reconciled(row.Day); answer(again) != answer(row) {
				t.Errorf("%s again = %+v\nfirst %+v", row.Day, again, row)
			}
		}
		if none != 2 || len(b.openBreaks()) != 1 {
			t.Errorf("%d days without a bill, want 2; open %v", none, b.openBreaks())
		}
		if page, err := b.bills.Bills(t.Context(), list[1].Day, 1); err != nil || len(page) != 1 || page[0].Day != list[2].Day {
			t.Errorf("a page of bills = %+v, %v", page, err)
		}
	})
}

// A bill whose file is not the one that WeChat signed is not believed, and the next fetch heals.
func TestABillWithABadHashIsRefused(t *testing.T) {
	oneBooks(t, func(t *testing.T, b *books) {
		day := b.today()
		b.paid(1, 100)
		b.control("POST", "/_sim/faults", map[string]any{"kind": "bad_bill_hash"})
		if _, err := b.bills.Day(t.Context(), day); !errors.Is(err, payments.ErrBillEarly) {
			t.Errorf("on the day itself: %v", err)
		}
		b.morning(day)
		if _, err := b.bills.Day(t.Context(), day); !errors.Is(err, payments.ErrBillUnfit) {
			t.Errorf("a bad hash: %v", err)
		}
		list, err := b.bills.Bills(t.Context(), model.Day{}, 10)
		if err != nil || len(list) != 1 || list[0].State != model.BillFailed || !strings.Contains(list[0].Problem, "hash") || list[0].Matched != 0 {
			t.Errorf("Bills = %+v, %v", list, err)
		}
		if row := b.reconciled(day); row.State != model.BillDone || row.Matched != 1 || row.Problem != "" || row.Runs != 2 {
			t.Errorf("the next fetch = %+v", row)
		}
		// A later failure does not take a result away.
		b.control("POST", "/_sim/faults", map[string]any{"kind": "bad_bill_hash"})
		if _, err := b.bills.Day(t.Context(), day); !errors.Is(err, payments.ErrBillUnfit) {
			t.Errorf("a bad hash: %v", err)
		}
		if list, err = b.bills.Bills(t.Context(), model.Day{}, 10); err != nil || list[0].State != model.BillDone || list[0].Matched != 1 || list[0].Problem == "" {
			t.Errorf("Bills = %+v, %v", list, err)
		}
		if _, err := b.bills.Day(t.Context(), day.AddDays(-100)); !errors.Is(err, payments.ErrBillOld) {
			t.Errorf("a hundred days ago: %v", err)
		}
		b.noneBroken()
	})
}

// WeChat makes bills late at times: as long as one may come, a day with payments of ours waits for it.
func TestADayWithPaymentsWaitsForItsBill(t *testing.T) {
	oneBooks(t, func(t *testing.T, b *books) {
		day := b.today()
		o := b.paid(1, 100)
		b.change(day, map[string]any{"act": "drop", "number": o.OutTradeNo})
		b.morning(day)
		if _, err := b.bills.Day(t.Context(), day); !errors.Is(err, payments.ErrBillMissing) {
			t.Errorf("no bill: %v", err)
		}
		b.clock.Advance(2 * 24 * time.Hour) // it will never come
		row := b.reconciled(day)
		if row.State != model.BillDone || row.OursOnly != 1 || len(b.openBreaks()) != 1 {
			t.Errorf("Day = %+v, open %v", row, b.openBreaks())
		}
		b.noneBroken()
	})
}

// Runs of one day at once, by two instances and a person: one result, each break once, each credit once.
func TestReconcileAtOnce(t *testing.T) {
	eachBooks(t, func(t *testing.T, b *books) {
		day := b.today()
		for i := range 3 {
			b.pays(b.ordered(1, model.Fen(100+i)))
		}
		b.change(day, map[string]any{"act": "foreign", "number": "ELSEWHERE1", "fen": 5})
		b.morning(day)
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() { _, errs[i] = b.bills.Day(t.Context(), day) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		row := b.reconciled(day)
		if row.Matched != 3 || row.TheirsOnly != 1 || row.Runs != 7 || len(b.openBreaks()) != 1 {
			t.Errorf("Day = %+v, open %v", row, b.openBreaks())
		}
		b.noneBroken()
	})
}

// TestRandomDays plays random days of orders, payments, lost notices, refunds and closes, spoils some lines of the bills, and wants exactly
// those as breaks: nothing else disagrees once the bills were worked through. RECONCILE_SEEDS plays more of them.
func TestRandomDays(t *testing.T) {
	seeds := 4
	if n, err := strconv.Atoi(os.Getenv("RECONCILE_SEEDS")); err == nil {
		seeds = n
	}
	eachBooks(t, func(t *testing.T, b *books) {
		for seed := range seeds {
			b.randomDays(rand.New(rand.NewPCG(uint64(seed), 14)))
		}
		b.run()
		b.noneBroken()
	})
}

func (b *books) randomDays(r *rand.Rand) {
	b.t.Helper()
	want := map[string]bool{}
	type refund struct{ number, end string }
	var days []model.Day
	for range 2 {
		day := b.today()
		days = append(days, day)
		var lines []string
		sure := map[string]bool{} // what we know of before the bill comes: a line that neither has is no disagreement
		var paid []model.PayOrder
		var backs []refund
		for range 10 {
			switch what := r.IntN(10); {
			case what < 1:
				b.ordered(1, 500) // left alone
			case what < 4:
				o := b.ordered(model.MemberID(r.IntN(3)+1), model.Fen(r.IntN(100_000)+100))
				b.pays(o)
				lines = append(lines, o.OutTradeNo)
			case what < 7 || len(paid) == 0:
				o := b.paid(model.MemberID(r.IntN(3)+1), model.Fen(r.IntN(100_000)+100))
				paid, lines = append(paid, o), append(lines, o.OutTradeNo)
				sure[o.OutTradeNo] = true
			case what < 9:
				o := paid[r.IntN(len(paid))]
				b.clock.Advance(70 * time.Second) // WeChat wants a minute between two refunds of an order
				number := b.back(o, 10)
				backs = append(backs, refund{number, []string{"SUCCESS", "SUCCESS", "ABNORMAL", ""}[r.IntN(4)]})
				lines = append(lines, number)
				sure[number] = backs[len(backs)-1].end != "ABNORMAL"
			default:
				b.clock.Advance(31 * time.Minute) // whatever is unpaid is closed, whatever was paid is found
				b.run()
			}
			b.clock.Advance(time.Duration(r.IntN(300)) * time.Second)
		}
		for _, k := range backs {
			if k.end != "" {
				b.settled(k.number, k.end)
			}
		}
		if b.today() != day {
			b.t.Fatalf("the day ended at %s", b.clock.Now())
		}
		// Spoil up to two lines of what happened, and add one that never did.
		r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		kind := func(number string) string {
			if strings.HasPrefix(number, "HR") {
				return model.BillRefund
			}
			return model.BillPayment
		}
		for i, number := range lines[:min(len(lines)-1, r.IntN(3))] {
			if i == 0 && sure[number] {
				b.change(day, map[string]any{"act": "drop", "number": number})
				want[kind(number)+" "+number+" ours_only"] = true
			} else {
				b.change(day, map[string]any{"act": "amount", "number": number, "fen": 3})
				want[kind(number)+" "+number+" amount_differs"] = true
			}
		}
		if r.IntN(2) == 0 {
			b.n++
			number := fmt.Sprint("ELSEWHERE", b.n)
			b.change(day, map[string]any{"act": "foreign", "number": number, "fen": 12})
			want["payment "+number+" theirs_only"] = true
		}
		b.clock.Set(day.AddDays(1).Start(model.Shanghai).Add(8 * time.Hour))
	}
	b.morning(days[len(days)-1])
	results := map[model.Day]model.PayBill{}
	for range 2 { // the second time nothing is left to be mended
		for _, day := range days {
			row := b.reconciled(day)
			if first, again := results[day]; again && answer(first) != answer(row) {
				b.t.Errorf("%s again = %+v\nfirst %+v", day, row, first)
			}
			results[day] = row
		}
		if got := b.openBreaks(); !maps.Equal(got, want) {
			b.t.Fatalf("open breaks = %v\nwant %v", got, want)
		}
	}
	list, _, err := b.bills.Breaks(b.t.Context(), model.BillBreakOpen, db.Page{Limit: 100})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, k := range list {
		if _, err := b.bills.Close(b.t.Context(), payments.CloseBillBreak{Staff: 7, Break: k.ID, Note: "已核实"}); err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestBillInvariantsSeeCorruption(t *testing.T) {
	eachBooks(t, func(t *testing.T, b *books) {
		day := b.today()
		o := b.paid(1, 9900)
		number := b.back(o, 100)
		b.settled(number, "SUCCESS")
		b.clock.Advance(5 * time.Minute)
		b.run()
		b.change(day, map[string]any{"act": "foreign", "number": "ELSEWHERE1", "fen": 5})
		b.morning(day)
		b.reconciled(day)
		b.noneBroken()
		for _, tt := range []struct {
			id, spoil, heal string
		}{
			{"payments.bill_payments", `UPDATE pay_bill_lines SET amount_fen = 9901 WHERE number = '` + o.OutTradeNo + `'`,
				`UPDATE pay_bill_lines SET amount_fen = 9900 WHERE number = '` + o.OutTradeNo + `'`},
			{"payments.bill_payments", `UPDATE pay_bill_lines SET transaction_id = 'other' WHERE number = '` + o.OutTradeNo + `'`,
				`UPDATE pay_bill_lines SET transaction_id = (SELECT transaction_id FROM pay_orders WHERE id = 1) WHERE number = '` + o.OutTradeNo + `'`},
			{"payments.bill_refunds", `UPDATE pay_bill_lines SET amount_fen = 101 WHERE number = '` + number + `'`,
				`UPDATE pay_bill_lines SET amount_fen = 100 WHERE number = '` + number + `'`},
			{"payments.bill_ours", `UPDATE pay_bill_lines SET number = 'X' WHERE number = '` + o.OutTradeNo + `'`,
				`UPDATE pay_bill_lines SET number = '` + o.OutTradeNo + `' WHERE number = 'X'`},
			{"payments.bill_sums", `UPDATE pay_bills SET paid_fen = paid_fen + 1`, `UPDATE pay_bills SET paid_fen = paid_fen - 1`},
			{"payments.bill_sums", `UPDATE pay_bills SET refunds = 2, payments = 1`, `UPDATE pay_bills SET refunds = 1, payments = 2`},
			{"payments.bill_buckets", `UPDATE pay_bills SET matched = 1`, `UPDATE pay_bills SET matched = 2`},
			{"payments.bill_buckets", `UPDATE pay_bill_breaks SET state = 'repaired', ended_at = opened_at`, `UPDATE pay_bill_breaks SET state = 'open', ended_at = NULL`},
			{"payments.bill_closed", `UPDATE pay_bill_breaks SET state = 'closed', ended_at = opened_at`, `UPDATE pay_bill_breaks SET state = 'open', ended_at = NULL`},
		} {
			b.exec(tt.spoil)
			if got := b.broken(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, tt.id+" ") }) {
				t.Errorf("%s: %s broke %v", tt.id, tt.spoil, got)
			}
			b.exec(tt.heal)
			if got := b.broken(); len(got) != 0 {
				t.Fatalf("%s: not healed: %v", tt.id, got)
			}
		}
		b.clock.Advance(3 * 24 * time.Hour)
		if got := b.broken(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "payments.bill_breaks_age ") }) {
			t.Errorf("a break of three days ago: %v", got)
		}
		b.exec(`DELETE FROM pay_bills`)
		if got := b.broken(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "payments.bills ") }) {
			t.Errorf("a day without a result: %v", got)
		}
	})
}
