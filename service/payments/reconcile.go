package payments

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/jobs"
	"huitou/wechat"
)

// Bills is WeChat Pay as the reconciliation needs it; wechat/pay's client is one. A bill was held against its signed hash and adds up.
type Bills interface {
	// TradeBill returns the bill of a day, 2026-01-02. A day without one is a *wechat.PayError with the code wechat.PayNoStatement.
	TradeBill(ctx context.Context, day string) (wechat.Bill, error)
	// Query and QueryRefund ask by number, about what we may not know.
	Query(ctx context.Context, outTradeNo string) (wechat.Transaction, error)
	QueryRefund(ctx context.Context, outRefundNo string) (wechat.Refund, error)
}

// ReconciliationDeps is what a Reconciliation needs.
type ReconciliationDeps struct {
	DB       *db.DB
	Payments *Service
	Bills    Bills
	MchID    string // whose bills these are
	Queue    *jobs.Queue
	Log      *slog.Logger
}

// Reconciliation holds our books against WeChat Pay's bills: the third way, after notices and queries, by which we learn of money.
//
// Each payment and refund of a day falls into one of five buckets. What does not agree is asked about at WeChat, and the signed answer goes
// through Apply or ApplyRefund like any other; what still does not agree then is a break for staff, who close it with a note. A day may
// be run any number of times: the same bill and the same books give the same answer, and no break opens twice.
type Reconciliation struct {
	db       *db.DB
	payments *Service
	bills    Bills
	mchID    string
	queue    *jobs.Queue
	log      *slog.Logger
}

// NewReconciliation returns the reconciliation and registers its workers with the queue: every day at 10:15 in China, days that were missed
// included.
func NewReconciliation(d ReconciliationDeps) *Reconciliation {
	r := &Reconciliation{db: d.DB, payments: d.Payments, bills: d.Bills, mchID: d.MchID, queue: d.Queue, log: d.Log}
	r.register()
	return r
}

// Day reconciles one day: it fetches the bill, compares, repairs what it can, compares again and stores the result. It returns
// ErrBillEarly, ErrBillOld, ErrBillMissing when WeChat has no bill although we have payments of that day, and ErrBillUnfit.
func (r *Reconciliation) Day(ctx context.Context, day model.Day) (model.PayBill, error) {
	now := r.db.Now()
	switch {
	case now.Before(billReadyAt(day)):
		return model.PayBill{}, ErrBillEarly
	case day.Before(model.DayOf(now, model.Shanghai).AddDays(-billKeptDays)):
		return model.PayBill{}, ErrBillOld
	}
	bill, err := r.fetch(ctx, day)
	if err != nil {
		return model.PayBill{}, err
	}
	state := model.BillDone
	if bill.Hash == "" {
		state = model.BillNone
	}
	if err := r.store(ctx, day, bill); err != nil {
		return model.PayBill{}, fmt.Errorf("store the bill of %s: %w", day, err)
	}
	asked := map[string]wechat.Refund{}
	before, _, err := r.compare(ctx, day, asked)
	if err != nil {
		return model.PayBill{}, err
	}
	outcomes, err := r.repair(ctx, day, before)
	if err != nil {
		return model.PayBill{}, err
	}
	after, matched, err := r.compare(ctx, day, asked)
	if err != nil {
		return model.PayBill{}, err
	}
	if state == model.BillNone && len(after) > 0 {
		state = model.BillDone // WeChat will never have one, and we have something: that is a result
	}
	row, opened, err := r.record(ctx, day, state, bill, matched, before, after, outcomes)
	if err != nil {
		return row, fmt.Errorf("record the reconciliation of %s: %w", day, err)
	}
	for _, b := range opened {
		r.log.ErrorContext(ctx, "bill break", "break", b.ID, "day", day.String(), "kind", b.Kind, "bucket", b.Bucket, "number", b.Number,
			"ours_fen", b.OursFen, "theirs_fen", b.TheirsFen, "outcome", b.Outcome)
	}
	r.log.InfoContext(ctx, "bill reconciled", "day", day.String(), "state", row.State, "matched", row.Matched, "repaired", row.Repaired,
		"breaks", row.OursOnly+row.TheirsOnly+row.AmountDiffers+row.StateDiffers)
	return row, nil
}

// fetch gets the bill of a day; an empty one without a hash stands for a day on which nothing was paid.
func (r *Reconciliation) fetch(ctx context.Context, day model.Day) (wechat.Bill, error) {
	bill, err := r.bills.TradeBill(ctx, day.String())
	if refusedWith(err, wechat.PayNoStatement) {
		return r.withoutBill(ctx, day)
	}
	if err == nil {
		err = checkBill(bill, day)
	}
	if err != nil {
		r.log.ErrorContext(ctx, "bill is not fit", "day", day.String(), "err", err)
		if err := r.trouble(ctx, day, model.BillFailed, err.Error()); err != nil {
			return wechat.Bill{}, err
		}
		return wechat.Bill{}, ErrBillUnfit.Because(err)
	}
	return bill, nil
}

// withoutBill decides what it means that WeChat has none. It makes them late at times; a day with payments of ours must have one.
func (r *Reconciliation) withoutBill(ctx context.Context, day model.Day) (bill wechat.Bill, err error) {
	bill.Day = day.String()
	have := false
	err = r.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		have, err = paidOn(tx, r.mchID, day)
		return err
	})
	if err != nil || !have || !r.db.Now().Before(day.AddDays(1).Start(model.Shanghai).Add(billSurelyMade)) {
		return bill, err
	}
	if err := r.trouble(ctx, day, model.BillWaiting, wechat.PayNoStatement); err != nil {
		return bill, err
	}
	return bill, ErrBillMissing
}

// checkBill refuses a bill that names another day or one number twice: it would be counted twice.
func checkBill(b wechat.Bill, day model.Day) error {
	if b.Day != day.String() || b.Hash == "" {
		return fmt.Errorf("asked for the bill of %s, got one of %q", day, clip(b.Day))
	}
	seen := map[string]bool{}
	for _, l := range b.Lines {
		row := billRow(day, l)
		key := row.Kind + " " + row.Number
		if seen[key] {
			return fmt.Errorf("%s %s is there twice", row.Kind, clip(row.Number))
		}
		seen[key] = true
	}
	return nil
}

func billRow(day model.Day, l wechat.BillLine) model.PayBillLine {
	row := model.PayBillLine{
		Day: day, Kind: model.BillPayment, Number: l.OutTradeNo, OutTradeNo: l.OutTradeNo, TransactionID: l.TransactionID,
		AppID: clip(l.AppID), MchID: clip(l.MchID), Currency: clipTo(l.Currency, 16), AmountFen: model.Fen(l.TotalFen), At: l.At,
	}
	if l.IsRefund() {
		row.Kind, row.Number, row.RefundID, row.AmountFen, row.Status = model.BillRefund, l.OutRefundNo, l.RefundID, model.Fen(l.RefundFen), clipTo(l.RefundStatus, 16)
	}
	return row
}

// store keeps the lines of a bill in place of those of an earlier fetch.
func (r *Reconciliation) store(ctx context.Context, day model.Day, bill wechat.Bill) error {
	rows := make([]model.PayBillLine, len(bill.Lines))
	for i, l := range bill.Lines {
		rows[i] = billRow(day, l)
	}
	return r.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		if _, err := lockBill(tx, r.newBill(day, tx.Now)); err != nil {
			return err
		}
		for i := range rows {
			rows[i].ID = 0 // of a try that was rolled back
		}
		return replaceBillLines(tx, day, rows)
	})
}

// compare lists everything about which the stored bill and we do not agree, and counts the rest. asked keeps WeChat's answers about
// refunds between two comparisons.
func (r *Reconciliation) compare(ctx context.Context, day model.Day, asked map[string]wechat.Refund) (differ []billed, matched int, err error) {
	var missing []bookedRefund
	err = r.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		if differ, matched, err = compareLines(tx, day); err != nil {
			return err
		}
		orders, err := paidWithoutLine(tx, r.mchID, day)
		if err != nil {
			return err
		}
		for i := range orders {
			o := &orders[i]
			differ = append(differ, billed{kind: model.BillPayment, number: o.OutTradeNo, order: o, oursState: string(o.State), bucket: model.BillOursOnly})
		}
		missing, err = refundsWithoutLine(tx, r.mchID, day)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("compare the bill of %s: %w", day, err)
	}
	for i := range missing {
		n := &missing[i]
		if belongs, err := r.refundOf(ctx, *n, day, asked); err != nil {
			return nil, 0, err
		} else if belongs {
			differ = append(differ, billed{kind: model.BillRefund, number: n.OutRefundNo, refund: n, oursState: string(n.State), bucket: model.BillOursOnly})
		}
	}
	return differ, matched, nil
}

// refundOf tells whether a refund that no bill has should be on the bill of a day. Bills list refunds by the instant at which WeChat accepted
// them, which only WeChat knows.
func (r *Reconciliation) refundOf(ctx context.Context, n bookedRefund, day model.Day, asked map[string]wechat.Refund) (bool, error) {
	answer, known := asked[n.OutRefundNo]
	if !known {
		var err error
		answer, err = r.bills.QueryRefund(ctx, n.OutRefundNo)
		switch {
		case refusedWith(err, wechat.PayRefundNotExist):
			answer = wechat.Refund{CreateTime: *n.SentAt} // we hold it for accepted: the day on which it was sent answers for it
		case err != nil:
			return false, ErrGateway.Because(err)
		}
		asked[n.OutRefundNo] = answer
	}
	return model.DayOf(answer.CreateTime, model.Shanghai) == day, nil
}

// repair asks WeChat about everything that does not agree, unless staff have closed it, and returns what each question led to.
func (r *Reconciliation) repair(ctx context.Context, day model.Day, differ []billed) (map[string]string, error) {
	closed := map[string]bool{}
	err := r.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		breaks, err := billBreaksOf(tx, day)
		for _, b := range breaks {
			closed[b.Kind+" "+b.Number] = b.State == model.BillBreakClosed
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	outcomes := map[string]string{}
	for _, b := range differ {
		if closed[b.key()] {
			continue
		}
		outcome, err := r.ask(ctx, b)
		// WeChat's silence ends the run, which is tried again; what no question can mend must not keep the day from its result.
		if f := fault.Of(err); f != nil && f.Kind != fault.Unavailable {
			outcome, err = f.Code, nil
		}
		if err != nil {
			return nil, fmt.Errorf("ask about %s: %w", b.key(), err)
		}
		outcomes[b.key()] = outcome
	}
	return outcomes, nil
}

// ask asks WeChat about one disagreement and applies the answer.
func (r *Reconciliation) ask(ctx context.Context, b billed) (outcome string, err error) {
	if b.kind == model.BillRefund {
		answer, err := r.bills.QueryRefund(ctx, b.number)
		if refusedWith(err, wechat.PayRefundNotExist) {
			return "unknown_to_wechat", nil
		}
		if err != nil {
			return "", ErrGateway.Because(err)
		}
		out, err := r.payments.ApplyRefund(ctx, answer, Query)
		return string(out.Verdict), err
	}
	if b.order != nil {
		out, err := r.payments.Query(ctx, b.order.ID)
		return string(out.Verdict), err
	}
	answer, err := r.bills.Query(ctx, b.number)
	if refusedWith(err, wechat.PayOrderNotExist) {
		return "unknown_to_wechat", nil
	}
	if err != nil {
		return "", ErrGateway.Because(err)
	}
	out, err := r.payments.Apply(ctx, answer, Query)
	return string(out.Verdict), err
}

// trouble stores why a day could not be reconciled. A day that was keeps its result.
func (r *Reconciliation) trouble(ctx context.Context, day model.Day, state model.PayBillState, problem string) error {
	return r.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		row, err := lockBill(tx, r.newBill(day, tx.Now))
		if err != nil {
			return err
		}
		if row.State != model.BillDone && row.State != model.BillNone {
			row.State = state
		}
		row.Problem, row.LastRunAt = clipTo(problem, 200), tx.Now
		row.Runs++
		return saveBill(tx, row)
	})
}

func (r *Reconciliation) newBill(day model.Day, now time.Time) model.PayBill {
	return model.PayBill{
		Day: day, State: model.BillWaiting, MchID: r.mchID, FromAt: day.Start(model.Shanghai), ToAt: day.AddDays(1).Start(model.Shanghai),
		FirstRunAt: now, LastRunAt: now,
	}
}

// record stores the result of a run: the figures, every disagreement that stays, and those that a repair ended.
func (r *Reconciliation) record(ctx context.Context, day model.Day, state model.PayBillState, bill wechat.Bill, matched int, before, after []billed, outcomes map[string]string) (row model.PayBill, opened []model.PayBillBreak, err error) {
	err = r.db.Do(ctx, func(_ context.Context, tx *db.Tx) error {
		if row, err = lockBill(tx, r.newBill(day, tx.Now)); err != nil {
			return err
		}
		if opened, err = keepBillBreaks(tx, day, before, after, outcomes); err != nil {
			return err
		}
		if row.Repaired, err = repairedOn(tx, day); err != nil {
			return err
		}
		row.State, row.Hash, row.Problem, row.Matched, row.LastRunAt = state, bill.Hash, "", matched, tx.Now
		row.Payments, row.Refunds, row.PaidFen, row.RefundFen = 0, 0, model.Fen(bill.PaidFen), model.Fen(bill.RefundFen)
		for _, l := range bill.Lines {
			if l.IsRefund() {
				row.Refunds++
			} else {
				row.Payments++
			}
		}
		row.OursOnly, row.TheirsOnly, row.AmountDiffers, row.StateDiffers = 0, 0, 0, 0
		for _, b := range after {
			switch b.bucket {
			case model.BillOursOnly:
				row.OursOnly++
			case model.BillTheirsOnly:
				row.TheirsOnly++
			case model.BillAmountDiffers:
				row.AmountDiffers++
			case model.BillStateDiffers:
				row.StateDiffers++
			}
		}
		row.Runs++
		return saveBill(tx, row)
	})
	return row, opened, err
}

// Due lists the days, oldest first, whose bill is there and was not reconciled: those of the last three months since our first order.
func (r *Reconciliation) Due(ctx context.Context) (days []model.Day, err error) {
	err = r.db.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		days, err = dueBills(tx, tx.Now, lastBill(tx.Now))
		return err
	})
	return days, err
}

// CatchUp reconciles every due day and hands each result to report. A day that fails does not keep the others back.
func (r *Reconciliation) CatchUp(ctx context.Context, report func(model.PayBill)) error {
	days, err := r.Due(ctx)
	errs := []error{err}
	for _, day := range days {
		row, err := r.Day(ctx, day)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", day, err))
			continue
		}
		report(row)
	}
	return errors.Join(errs...)
}
