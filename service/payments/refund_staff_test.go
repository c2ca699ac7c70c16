package payments_test

import (
	"context"
	"errors"
	"fmt"
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

// abnormal lays down a refund that the payer's account cannot take.
func (w *world) abnormal(ref string) (model.PayOrder, model.PayRefund) {
	w.t.Helper()
	o := w.paidOrder(1, ref)
	r := w.mustRefund(o, 4000, "source:"+ref)
	w.run()
	w.applyRefund(w.we.endRefund(w.we.sent[len(w.we.sent)-1].OutRefundNo, wechat.RefundAbnormal), payments.Notify)
	w.wantRefund(r.ID, model.RefundAbnormal, "refund_abnormal")
	return o, r
}

func act(r model.PayRefund) payments.RefundAction {
	return payments.RefundAction{Staff: 7, Refund: r.PublicID, Note: "已与会员核对"}
}

// An abnormal refund: sent on its way in WeChat's console it is asked about again, and success ends everything.
func TestAbnormalRefundResubmitted(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o, r := w.abnormal("m1")
		w.wantOpenBreaks("refund_abnormal")
		w.pass(time.Hour)
		w.wantRefund(r.ID, model.RefundAbnormal, "refund_abnormal")
		for name, do := range map[string]func(context.Context, payments.RefundAction) (model.PayRefund, error){"RetryRefund": w.RetryRefund, "GiveUpRefund": w.GiveUpRefund} {
			if _, err := do(t.Context(), act(r)); !errors.Is(err, payments.ErrRefundHeld) {
				t.Errorf("%s while WeChat holds the money = %v, want ErrRefundHeld", name, err)
			}
		}
		if _, err := w.ResubmittedAtWeChat(t.Context(), act(r)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.ResubmittedAtWeChat(t.Context(), act(r)); !errors.Is(err, payments.ErrRefundMoves) {
			t.Errorf("a second tap = %v, want ErrRefundMoves", err)
		}
		w.we.endRefund(w.we.sent[0].OutRefundNo, wechat.RefundSuccess)
		w.pass(7 * time.Hour)
		w.wantRefund(r.ID, model.RefundSuccess, "")
		w.wantSums(o.ID, 0, 4000)
		w.wantOpenBreaks()
		w.wantRefundFacts(4000)
		w.holds()
	})
}

// Money that staff gave back outside of WeChat Pay. Should WeChat pay all the same, that is a break and no second fact.
func TestRefundedByHand(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o, r := w.abnormal("m1")
		if _, err := w.RefundedByHand(t.Context(), act(r)); err != nil {
			t.Fatal(err)
		}
		if got := w.refundOf(r.ID); got.State != model.RefundSuccess || got.SettledVia != "hand" {
			t.Errorf("refund %+v", got)
		}
		w.wantSums(o.ID, 0, 4000)
		w.holds()
		if out := w.applyRefund(w.we.endRefund(w.we.sent[0].OutRefundNo, wechat.RefundSuccess), payments.Notify); out.Verdict != payments.RefundedTwice {
			t.Errorf("WeChat's success after all = %s, want refunded_twice", out.Verdict)
		}
		w.wantSums(o.ID, 0, 4000)
		w.wantOpenBreaks("refunded_twice")
		w.wantRefundFacts(4000)
		w.holds()
	})
}

// What WeChat refused can be tried again under a new number, or given up, which frees the amount.
func TestRefusedRefundRetriedOrGivenUp(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		refused := func(ref string) (model.PayOrder, model.PayRefund) {
			o := w.paidOrder(1, ref)
			w.refuseRefunds(true, 400, "INVALID_REQUEST")
			r := w.mustRefund(o, 9900, "source:"+ref)
			w.run()
			w.refuseRefunds(false, 0, "")
			w.wantRefund(r.ID, model.RefundAbnormal, "INVALID_REQUEST")
			return o, r
		}
		o, r := refused("m1")
		if _, err := w.RetryRefund(t.Context(), act(r)); err != nil {
			t.Fatal(err)
		}
		w.pass(2 * time.Minute)
		w.wantRefund(r.ID, model.RefundProcessing, "")
		if a, b := w.we.sent[0].OutRefundNo, w.we.sent[1].OutRefundNo; a == b {
			t.Errorf("the retry kept its number %s", a)
		}
		w.applyRefund(w.we.endRefund(w.we.sent[1].OutRefundNo, wechat.RefundSuccess), payments.Notify)
		w.wantSums(o.ID, 0, 9900)

		o, r = refused("m2")
		if _, err := w.GiveUpRefund(t.Context(), act(r)); err != nil {
			t.Fatal(err)
		}
		w.wantRefund(r.ID, model.RefundClosed, "INVALID_REQUEST")
		w.wantSums(o.ID, 0, 0)
		w.wantOpenBreaks()
		for name, do := range map[string]func(context.Context, payments.RefundAction) (model.PayRefund, error){
			"RetryRefund": w.RetryRefund, "GiveUpRefund": w.GiveUpRefund, "RefundedByHand": w.RefundedByHand, "ResubmittedAtWeChat": w.ResubmittedAtWeChat,
		} {
			if _, err := do(t.Context(), act(r)); !errors.Is(err, payments.ErrRefundMoves) {
				t.Errorf("%s of a refund that was given up = %v, want ErrRefundMoves", name, err)
			}
			if _, err := do(t.Context(), payments.RefundAction{Staff: 7, Refund: "nothing", Note: "x"}); !errors.Is(err, payments.ErrRefundUnknown) {
				t.Errorf("%s of nothing = %v, want ErrRefundUnknown", name, err)
			}
			for _, note := range []string{"", "  ", strings.Repeat("x", 201), "\xff"} {
				in := act(r)
				in.Note = note
				if _, err := do(t.Context(), in); !errors.Is(err, fault.ErrInvalid) {
					t.Errorf("%s with note %q = %v, want ErrInvalid", name, note, err)
				}
			}
		}
		w.mustRefund(o, 9900, "again")
		w.wantRefundFacts(9900)
		w.holds()
	})
}

// A retry whose question finds that WeChat has paid meanwhile gives no new number.
func TestRetryFindsTheSuccess(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o, r := w.abnormal("m1")
		w.we.endRefund(w.we.sent[0].OutRefundNo, wechat.RefundSuccess)
		got, err := w.RetryRefund(t.Context(), act(r))
		if err != nil || got.State != model.RefundSuccess {
			t.Errorf("RetryRefund = %s, %v, want success", got.State, err)
		}
		w.wantSums(o.ID, 0, 4000)
		w.holds()
	})
}

// T11: what one person gives back alone in a day is bounded, and beyond it somebody else decides.
func TestT11_LargeRefundsNeedASecondPerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) { // alone: 500 yuan a day
		var orders []model.PayOrder
		for i := range 8 {
			orders = append(orders, w.paidOrder(1, fmt.Sprint("m", i)))
		}
		ask := func(staff model.StaffID, o model.PayOrder, amount model.Fen) payments.Ask {
			t.Helper()
			a, err := w.AskRefund(t.Context(), payments.AskRefund{Staff: staff, PayOrder: o.ID, Amount: amount, Reason: "会员要求"})
			if err != nil {
				t.Fatalf("AskRefund: %v", err)
			}
			return a
		}
		for i := range 5 { // 495 yuan
			if a := ask(1, orders[i], 9900); a.State != model.AskApplied || a.Refund == nil {
				t.Fatalf("the %dth = %+v", i+1, a)
			}
		}
		waiting := ask(1, orders[5], 9900)
		if waiting.State != model.AskWaiting || waiting.Refund != nil || !waiting.NeedsSecond {
			t.Fatalf("beyond 500 yuan = %+v", waiting)
		}
		w.wantSums(orders[5].ID, 0, 0)
		if a := ask(1, orders[6], 500); a.State != model.AskApplied {
			t.Errorf("what still fits into the day = %+v", a)
		}
		if a := ask(2, orders[6], 100); a.State != model.AskApplied {
			t.Errorf("somebody else's first = %+v", a)
		}
		decide := payments.DecideRefund{Staff: 1, Ask: waiting.ID}
		if _, err := w.ApproveRefund(t.Context(), decide); !errors.Is(err, payments.ErrAskOwn) {
			t.Errorf("approving oneself = %v, want ErrAskOwn", err)
		}
		decide.Staff = 2
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				in := decide
				in.Staff += model.StaffID(i % 2)
				_, errs[i] = w.ApproveRefund(t.Context(), in)
			})
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil && !errors.Is(err, payments.ErrAskDecided) {
				t.Errorf("ApproveRefund: %v", err)
			}
		}
		w.wantSums(orders[5].ID, 9900, 0)

		second := ask(1, orders[7], 9900)
		if _, err := w.RefuseRefund(t.Context(), payments.DecideRefund{Staff: 2, Ask: second.ID}); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("refusing without a reason = %v, want ErrInvalid", err)
		}
		refuse := payments.DecideRefund{Staff: 2, Ask: second.ID, Note: "未见商品退回"}
		for range 2 {
			if a, err := w.RefuseRefund(t.Context(), refuse); err != nil || a.State != model.AskRefused {
				t.Errorf("RefuseRefund = %s, %v", a.State, err)
			}
		}
		if _, err := w.ApproveRefund(t.Context(), payments.DecideRefund{Staff: 3, Ask: second.ID}); !errors.Is(err, payments.ErrAskDecided) {
			t.Errorf("approving what was refused = %v, want ErrAskDecided", err)
		}
		if _, err := w.ApproveRefund(t.Context(), payments.DecideRefund{Staff: 3, Ask: 999}); !errors.Is(err, payments.ErrAskUnknown) {
			t.Errorf("approving nothing = %v, want ErrAskUnknown", err)
		}
		w.wantSums(orders[7].ID, 0, 0)
		w.clock.Advance(24 * time.Hour)
		if a := ask(1, orders[7], 9900); a.State != model.AskApplied {
			t.Errorf("on the next day = %+v", a)
		}
		list, _, err := w.RefundAsks(t.Context(), model.AskRefused, db.Page{})
		if err != nil || len(list) != 1 || list[0].ID != second.ID {
			t.Errorf("refused asks %+v, %v", list, err)
		}
		w.holds()
	})
}

func TestAskRefundRefusesAtOnce(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		paid, open := w.paidOrder(1, "m1"), w.ready(1, "m2")
		for _, tt := range []struct {
			in   payments.AskRefund
			want error
		}{
			{payments.AskRefund{PayOrder: paid.ID, Amount: 9901, Reason: "r"}, payments.ErrRefundTooMuch},
			{payments.AskRefund{PayOrder: paid.ID, Amount: 0, Reason: "r"}, fault.ErrInvalid},
			{payments.AskRefund{PayOrder: paid.ID, Amount: 1}, fault.ErrInvalid},
			{payments.AskRefund{PayOrder: open.ID, Amount: 1, Reason: "r"}, payments.ErrNotPaid},
			{payments.AskRefund{PayOrder: 999, Amount: 1, Reason: "r"}, payments.ErrUnknown},
		} {
			tt.in.Staff = 1
			if _, err := w.AskRefund(t.Context(), tt.in); !errors.Is(err, tt.want) {
				t.Errorf("AskRefund %+v = %v, want %v", tt.in, err, tt.want)
			}
		}
		in := payments.AskRefund{Staff: 1, PayOrder: paid.ID, Amount: 100, Reason: "r", Key: db.Key{Scope: "staff:1", Key: "k"}}
		a, err := w.AskRefund(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := w.AskRefund(t.Context(), in); err != nil || b.ID != a.ID || !b.Replayed {
			t.Errorf("the same key = %+v, %v", b, err)
		}
		in.Amount++
		if _, err := w.AskRefund(t.Context(), in); !errors.Is(err, db.ErrKeyReused) {
			t.Errorf("the same key for another amount = %v, want ErrKeyReused", err)
		}
		w.wantSums(paid.ID, 100, 0)
		w.holds()
	})
}

func TestLooksAndBreaks(t *testing.T) {
	lite(t, func(t *testing.T, w *world) {
		o, r := w.abnormal("m1")
		other := w.ready(2, "m2")
		number := w.we.sent[0].OutRefundNo
		for name, tt := range map[string]struct {
			in   payments.Search
			want []model.PayOrderID
		}{
			"all":                {payments.Search{}, []model.PayOrderID{other.ID, o.ID}},
			"a member":           {payments.Search{Member: 1}, []model.PayOrderID{o.ID}},
			"a state":            {payments.Search{State: model.PayPaying}, []model.PayOrderID{other.ID}},
			"our number":         {payments.Search{Number: o.OutTradeNo}, []model.PayOrderID{o.ID}},
			"WeChat's number":    {payments.Search{Number: *o.TransactionID}, []model.PayOrderID{o.ID}},
			"a refund's number":  {payments.Search{Number: number}, []model.PayOrderID{o.ID}},
			"what was sold":      {payments.Search{Purpose: "membership", Ref: "m2"}, []model.PayOrderID{other.ID}},
			"no number":          {payments.Search{Number: "会员' OR 1=1"}, nil},
			"a number of nobody": {payments.Search{Number: "HT0000"}, nil},
		} {
			list, _, err := w.Orders(t.Context(), tt.in, db.Page{})
			if err != nil || len(list) != len(tt.want) {
				t.Errorf("%s: %d orders, %v, want %d", name, len(list), err, len(tt.want))
				continue
			}
			for i := range list {
				if list[i].ID != tt.want[i] {
					t.Errorf("%s: order %d, want %d", name, list[i].ID, tt.want[i])
				}
			}
		}
		sheet, err := w.Sheet(t.Context(), o.ID)
		if err != nil || len(sheet.Attempts) != 1 || len(sheet.Notices) != 1 || len(sheet.Refunds) != 1 || len(sheet.Refunds[0].Numbers) != 1 ||
			len(sheet.RefundNotices) != 1 || len(sheet.Breaks) != 1 {
			t.Errorf("sheet %+v, %v", sheet, err)
		}
		if _, err := w.Sheet(t.Context(), 999); !errors.Is(err, payments.ErrUnknown) {
			t.Errorf("sheet of nothing = %v", err)
		}
		mine, _, err := w.MemberRefunds(t.Context(), 1, db.Page{})
		if err != nil || len(mine) != 1 || mine[0].ID != r.ID || mine[0].Ref != "m1" {
			t.Errorf("refunds of the payer %+v, %v", mine, err)
		}
		if theirs, _, err := w.MemberRefunds(t.Context(), 2, db.Page{}); err != nil || len(theirs) != 0 {
			t.Errorf("refunds of another %+v, %v", theirs, err)
		}
		if list, _, err := w.RefundList(t.Context(), model.RefundAbnormal, db.Page{}); err != nil || len(list) != 1 {
			t.Errorf("abnormal refunds %+v, %v", list, err)
		}

		in := payments.SettleBreak{Staff: 3, Break: sheet.Breaks[0].ID, Note: "已联系会员"}
		for range 2 {
			if b, err := w.SettleBreak(t.Context(), in); err != nil || b.State != "settled" || b.SettledBy != 3 || b.Note != in.Note {
				t.Errorf("SettleBreak = %+v, %v", b, err)
			}
		}
		in.Staff = 4
		if _, err := w.SettleBreak(t.Context(), in); !errors.Is(err, payments.ErrBreakSettled) {
			t.Errorf("settled by another = %v, want ErrBreakSettled", err)
		}
		in.Break = 999
		if _, err := w.SettleBreak(t.Context(), in); !errors.Is(err, payments.ErrBreakUnknown) {
			t.Errorf("settling nothing = %v, want ErrBreakUnknown", err)
		}
		w.wantOpenBreaks()
		w.holds()
	})
}
