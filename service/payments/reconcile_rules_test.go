package payments

import (
	"testing"
	"time"

	"huitou/model"
)

func TestComparePayment(t *testing.T) {
	number := "4200"
	ours := func(change func(*model.PayOrder)) *model.PayOrder {
		o := model.PayOrder{OutTradeNo: "HT1", AmountFen: 9900, MchID: "m", AppID: "a", TransactionID: &number, State: model.PayPaid}
		if change != nil {
			change(&o)
		}
		return &o
	}
	theirs := func(change func(*model.PayBillLine)) *model.PayBillLine {
		l := model.PayBillLine{Kind: model.BillPayment, Number: "HT1", TransactionID: "4200", AmountFen: 9900, MchID: "m", AppID: "a", Currency: "CNY"}
		if change != nil {
			change(&l)
		}
		return &l
	}
	for name, tt := range map[string]struct {
		o    *model.PayOrder
		l    *model.PayBillLine
		want model.PayBucket
	}{
		"agree":                   {ours(nil), theirs(nil), model.BillMatched},
		"money that must go back": {ours(func(o *model.PayOrder) { o.State = model.PayRefundDue }), theirs(nil), model.BillMatched},
		"ours only":               {ours(nil), nil, model.BillOursOnly},
		"theirs only":             {nil, theirs(nil), model.BillTheirsOnly},
		"a fen more":              {ours(nil), theirs(func(l *model.PayBillLine) { l.AmountFen++ }), model.BillAmountDiffers},
		"dollars":                 {ours(nil), theirs(func(l *model.PayBillLine) { l.Currency = "USD" }), model.BillAmountDiffers},
		"not paid here":           {ours(func(o *model.PayOrder) { o.State, o.TransactionID = model.PayPaying, nil }), theirs(nil), model.BillStateDiffers},
		"closed here":             {ours(func(o *model.PayOrder) { o.State, o.TransactionID = model.PayClosed, nil }), theirs(nil), model.BillStateDiffers},
		"another transaction":     {ours(nil), theirs(func(l *model.PayBillLine) { l.TransactionID = "4201" }), model.BillStateDiffers},
		"another merchant":        {ours(nil), theirs(func(l *model.PayBillLine) { l.MchID = "n" }), model.BillStateDiffers},
		"another app":             {ours(nil), theirs(func(l *model.PayBillLine) { l.AppID = "b" }), model.BillStateDiffers},
		"unpaid over another sum": {ours(func(o *model.PayOrder) { o.TransactionID = nil }), theirs(func(l *model.PayBillLine) { l.AmountFen-- }), model.BillAmountDiffers},
	} {
		if got := comparePayment(tt.o, tt.l); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestCompareRefund(t *testing.T) {
	ours := func(s model.PayRefundState) *bookedRefund {
		return &bookedRefund{PayRefundNumber: model.PayRefundNumber{OutRefundNo: "HR1", State: s}, AmountFen: 100, OutTradeNo: "HT1", MchID: "m"}
	}
	theirs := func(status string) *model.PayBillLine {
		return &model.PayBillLine{Kind: model.BillRefund, Number: "HR1", OutTradeNo: "HT1", AmountFen: 100, MchID: "m", Currency: "CNY", Status: status}
	}
	states := []model.PayRefundState{
		model.RefundRequested, model.RefundSubmitted, model.RefundProcessing, model.RefundSuccess, model.RefundAbnormal, model.RefundClosed,
	}
	// A bill is a morning's view: what ended later is ahead of it and agrees.
	agree := map[string][]bool{
		"SUCCESS":    {false, false, false, true, false, false},
		"PROCESSING": {false, false, true, true, true, true},
		"FAIL":       {false, false, false, false, true, true},
		"CHANGE":     {false, false, false, false, true, true},
	}
	for status, want := range agree {
		for i, s := range states {
			if got := compareRefund(ours(s), theirs(status)) == model.BillMatched; got != want[i] {
				t.Errorf("%s here, %s there: agree %v, want %v", s, status, got, want[i])
			}
		}
	}
	another, less := theirs("SUCCESS"), theirs("SUCCESS")
	another.OutTradeNo, less.AmountFen = "HT2", 99
	for name, tt := range map[string]struct {
		r    *bookedRefund
		l    *model.PayBillLine
		want model.PayBucket
	}{
		"ours only":         {ours(model.RefundSuccess), nil, model.BillOursOnly},
		"theirs only":       {nil, theirs("SUCCESS"), model.BillTheirsOnly},
		"a fen less":        {ours(model.RefundSuccess), less, model.BillAmountDiffers},
		"of another order":  {ours(model.RefundSuccess), another, model.BillStateDiffers},
		"not even accepted": {ours(model.RefundRequested), theirs("PROCESSING"), model.BillStateDiffers},
	} {
		if got := compareRefund(tt.r, tt.l); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// A day's bill is there at 10:00 of the next day in China, not a moment before.
func TestLastBill(t *testing.T) {
	day := model.NewDay(2026, 3, 1)
	ready := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	if got := billReadyAt(day); !got.Equal(ready) {
		t.Errorf("billReadyAt = %s", got)
	}
	for at, want := range map[time.Time]model.Day{
		ready: day, ready.Add(-time.Nanosecond): day.AddDays(-1), ready.Add(24*time.Hour - 1): day, ready.Add(24 * time.Hour): day.AddDays(1),
	} {
		if got := lastBill(at); got != want {
			t.Errorf("lastBill(%s) = %s, want %s", at, got, want)
		}
	}
}
