package memberships_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/memberships"
)

func (w *world) codes(p memberships.Plan, n int64, note string, until *time.Time) (memberships.CodeBatch, []string) {
	w.t.Helper()
	b, codes, err := w.MakeCodes(w.t.Context(), memberships.NewCodes{Staff: 1, Plan: p.ID, Quantity: n, Note: note, ValidUntil: until})
	if err != nil || int64(len(codes)) != n {
		w.t.Fatalf("MakeCodes: %d codes, %v", len(codes), err)
	}
	return b, codes
}

// A code gives a period like a purchase: after what there is, with welcome points, coupons, message and fact. Written in any way, once.
func TestCodeGivesAPeriod(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := newPlan(model.PlanMonths, 1, memberships.CouponBenefit{Template: w.template(-1), Quantity: 1})
		in.Extras.WelcomePoints, in.OnSale = 50, false // codes are good for plans that are not on sale
		p := w.create(in)
		_, codes := w.codes(p, 2, "礼品卡", nil)
		m := w.who[0]
		for i, form := range []string{codes[0], strings.ToLower(codes[0]), strings.ReplaceAll(codes[0], "-", " ")} {
			o, err := w.UseCode(t.Context(), memberships.UseCode{Member: m, Code: form})
			if err != nil || o.From.String() != "2026-11-21" || o.To.String() != "2026-12-21" || o.Replayed != (i > 0) {
				t.Errorf("%q: %+v, %v", form, o, err)
			}
		}
		if o, err := w.UseCode(t.Context(), memberships.UseCode{Member: m, Code: codes[1]}); err != nil || o.To.String() != "2027-01-21" {
			t.Errorf("the second code: %+v, %v", o, err)
		}
		if _, err := w.UseCode(t.Context(), memberships.UseCode{Member: w.who[1], Code: codes[0]}); !errors.Is(err, memberships.ErrCodeUsed) {
			t.Errorf("another member's use of it = %v", err)
		}
		w.run()
		if c := w.card(m); !c.Active || c.Fee != 0 || c.DaysLeft != 61 || w.active(m) != 100 || w.held(m) != 1 || len(w.activated) != 2 {
			t.Errorf("card %+v, %d points, %d coupons, %d facts", c, w.active(m), w.held(m), len(w.activated))
		}
		if n := w.count(`SELECT COUNT(*) FROM messages WHERE template IN ('membership.activated', 'membership.renewed')`); n != 2 {
			t.Errorf("%d messages", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM membership_codes WHERE code_hash LIKE ?`, "%"+strings.ReplaceAll(codes[0], "-", "")+"%"); n != 0 {
			t.Error("a code is stored as it is")
		}
		w.holds()
	})
}

func TestCodesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p, life := w.plan(model.PlanMonths, 1), w.plan(model.PlanLifetime, 0)
		soon := w.clock.Now().Add(time.Hour)
		_, lapsing := w.codes(p, 1, "快到期", &soon)
		closing, closed := w.codes(p, 1, "遗失", nil)
		_, good := w.codes(p, 1, "好的", nil)
		if err := w.CloseCodes(t.Context(), 1, closing.ID); err != nil {
			t.Fatal(err)
		}
		w.member(w.who[1], life)
		w.clock.Advance(time.Hour)
		typo := "0" + good[0][1:]
		if typo == good[0] {
			typo = "1" + good[0][1:]
		}
		for _, tt := range []struct {
			name, code string
			m          model.MemberID
			want       error
		}{
			{"lapsed", lapsing[0], w.who[0], memberships.ErrCodeLapsed},
			{"closed", closed[0], w.who[0], memberships.ErrCodeUnknown},
			{"a wrong character", typo, w.who[0], memberships.ErrCodeTypo},
			{"two characters swapped", swap(good[0]), w.who[0], memberships.ErrCodeTypo},
			{"too short", good[0][:10], w.who[0], memberships.ErrCodeTypo},
			{"a novel", strings.Repeat("A", 1000), w.who[0], memberships.ErrCodeTypo},
			{"nothing", "", w.who[0], memberships.ErrCodeTypo},
			{"a lifetime member", good[0], w.who[1], memberships.ErrLifetime},
		} {
			if _, err := w.UseCode(t.Context(), memberships.UseCode{Member: tt.m, Code: tt.code}); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
		}
		if _, err := w.UseCode(t.Context(), memberships.UseCode{Member: w.who[0], Code: good[0]}); err != nil {
			t.Errorf("the good one after all that: %v", err)
		}
		for name, in := range map[string]memberships.NewCodes{
			"none":        {Staff: 1, Plan: p.ID, Quantity: 0, Note: "n"},
			"too many":    {Staff: 1, Plan: p.ID, Quantity: memberships.MaxCodes + 1, Note: "n"},
			"no name":     {Staff: 1, Plan: p.ID, Quantity: 1},
			"in the past": {Staff: 1, Plan: p.ID, Quantity: 1, Note: "n", ValidUntil: &soon},
		} {
			if _, _, err := w.MakeCodes(t.Context(), in); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("codes, %s: %v", name, err)
			}
		}
		if _, _, err := w.MakeCodes(t.Context(), memberships.NewCodes{Staff: 1, Plan: p.ID, Quantity: 1, Note: "好的"}); !errors.Is(err, memberships.ErrBatchKnown) {
			t.Errorf("the same batch again = %v", err)
		}
		list, err := w.CodeBatches(t.Context(), p.ID)
		if err != nil || len(list) != 3 || list[0].Used != 1 || list[1].ClosedAt == nil {
			t.Errorf("batches %+v, %v", list, err)
		}
		w.holds()
	})
}

// swap exchanges the first two different neighbours of a code.
func swap(code string) string {
	b := []byte(code)
	for i := range b[:len(b)-1] {
		if b[i] != b[i+1] && b[i] != '-' && b[i+1] != '-' && b[i] != '0' && b[i] != 'Z' && b[i+1] != '0' && b[i+1] != 'Z' {
			b[i], b[i+1] = b[i+1], b[i]
			return string(b)
		}
	}
	return string(b[1:])
}

// T33: guesses are counted before they are looked up, five are free, then the member waits; slips of the finger are none.
func TestT33_CodesAreNotGuessed(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		p := a.plan(model.PlanMonths, 1)
		_, codes := a.codes(p, 1, "真的", nil)
		batch, wrong := a.codes(p, 64, "作废", nil)
		if err := a.CloseCodes(t.Context(), 1, batch.ID); err != nil {
			t.Fatal(err)
		}
		m := a.who[0]
		var mu sync.Mutex
		got := map[string]int{}
		var all sync.WaitGroup
		for i := range 64 {
			w := []*world{a, b}[i%2]
			all.Go(func() {
				_, err := w.UseCode(t.Context(), memberships.UseCode{Member: m, Code: wrong[i]})
				mu.Lock()
				defer mu.Unlock()
				if f := fault.Of(err); f != nil {
					got[f.Code]++
				} else {
					t.Errorf("UseCode = %v", err)
				}
			})
		}
		all.Wait()
		if got[memberships.ErrCodeUnknown.Code] != 5 || got[memberships.ErrGuessing.Code] != 59 {
			t.Errorf("64 guesses at once: %v, want 5 looked up", got)
		}
		if _, err := a.UseCode(t.Context(), memberships.UseCode{Member: m, Code: codes[0]}); !errors.Is(err, memberships.ErrGuessing) {
			t.Errorf("the right one while he waits = %v", err)
		}
		if _, err := b.UseCode(t.Context(), memberships.UseCode{Member: a.who[1], Code: codes[0]}); err != nil {
			t.Errorf("another member does not wait: %v", err)
		}
		// Who repeats his own code is told again what it gave, wrong ones or not; somebody else's used code is a guess like any other.
		for i := range 6 {
			_, err := a.UseCode(t.Context(), memberships.UseCode{Member: a.who[1], Code: wrong[i]})
			if want := []error{memberships.ErrCodeUnknown, memberships.ErrGuessing}[i/5]; !errors.Is(err, want) {
				t.Errorf("wrong code %d = %v, want %v", i, err, want)
			}
		}
		if o, err := b.UseCode(t.Context(), memberships.UseCode{Member: a.who[1], Code: codes[0]}); err != nil || !o.Replayed || o.To.String() != "2026-12-21" {
			t.Errorf("his own code again while he waits: %+v, %v", o, err)
		}
		if _, err := a.UseCode(t.Context(), memberships.UseCode{Member: m, Code: codes[0]}); !errors.Is(err, memberships.ErrGuessing) {
			t.Errorf("somebody else's used code while he waits = %v", err)
		}
		a.holds()
	})
}

// 64 members and instances at once, one code: one period.
func TestT37_CodeRace(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		p := a.plan(model.PlanMonths, 1)
		_, codes := a.codes(p, 2, "抢", nil)
		for i, code := range codes {
			var all sync.WaitGroup
			var mu sync.Mutex
			fresh := 0
			for j := range 64 {
				w := []*world{a, b}[j%2]
				all.Go(func() {
					o, err := w.UseCode(t.Context(), memberships.UseCode{Member: a.who[j%3], Code: code})
					switch {
					case err == nil && !o.Replayed:
						mu.Lock()
						fresh++
						mu.Unlock()
					case err != nil && !errors.Is(err, memberships.ErrCodeUsed) && !errors.Is(err, memberships.ErrGuessing):
						t.Errorf("UseCode: %v", err)
					}
				})
			}
			all.Wait()
			if n := a.count(`SELECT COUNT(*) FROM membership_periods`); fresh != 1 || n != i+1 {
				t.Errorf("code %d: %d of 64 got a period, %d periods", i, fresh, n)
			}
		}
		a.run()
		b.run()
		a.holds()
	})
}

// T39: a card's refund is asked for by many at once, on two instances, by the member and by staff: one refund, one amount, one cut.
func TestT39_RefundRace(t *testing.T) {
	two(t, func(t *testing.T, a, b *world) {
		p := a.create(prorated(model.PlanMonths, 3))
		for _, m := range a.who[:2] {
			o := a.member(m, p)
			var all sync.WaitGroup
			var mu sync.Mutex
			amounts, fresh := map[model.Fen]int{}, 0
			for i := range 50 {
				w := []*world{a, b}[i%2]
				in := memberships.AskRefund{Member: m, Number: o.Number}
				if i%5 == 0 {
					in = memberships.AskRefund{Staff: 1, Number: o.Number, Reason: "r"}
				}
				all.Go(func() {
					r, err := w.AskRefund(t.Context(), in)
					if err != nil {
						t.Errorf("AskRefund: %v", err)
					}
					mu.Lock()
					defer mu.Unlock()
					amounts[r.Amount]++
					if !r.Replayed {
						fresh++
					}
				})
			}
			all.Wait()
			if len(amounts) != 1 || fresh != 1 {
				t.Errorf("amounts %v, %d fresh", amounts, fresh)
			}
			var settle sync.WaitGroup
			for _, w := range []*world{a, b, a, b} {
				settle.Go(func() {
					if _, err := w.queue.RunDue(t.Context()); err != nil {
						t.Errorf("RunDue: %v", err)
					}
				})
			}
			settle.Wait()
			a.run()
			if n := a.count(`SELECT COUNT(*) FROM membership_moves v JOIN membership_periods p ON p.id = v.period_id WHERE p.member_id = ?`, m); n != 1 {
				t.Errorf("%d moves, want one cut", n)
			}
			a.clock.Advance(2 * time.Minute)
		}
		a.holds()
	})
}

// A refund that ends abnormal changes nothing; when staff close it at payments, another one can be asked for, with the figures of that day.
func TestRefundThatEndsAbnormal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		o := w.member(m, w.create(prorated(model.PlanMonths, 3)))
		w.we.slow = true
		first := w.ask(m, o.Number)
		w.run()
		// WeChat reports it closed again and again until payments gives up and leaves it to people; they drop it.
		err := w.db.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			if err := tx.Gorm().Exec(`UPDATE pay_refunds SET state = 'closed', settled_at = ?, settled_via = 'hand'`, tx.Now).Error; err != nil {
				return err
			}
			if err := tx.Gorm().Exec(`UPDATE pay_refund_numbers SET state = 'closed', ended_at = ?`, tx.Now).Error; err != nil {
				return err
			}
			return tx.Gorm().Exec(`UPDATE pay_orders SET refunding_fen = 0`).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		w.goTo("2026-12-01")
		if c := w.card(m); !c.Active || !c.Refunding || c.To.String() != "2027-02-21" {
			t.Errorf("card before anybody looked: %+v", c)
		}
		if err := w.DropEnded(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c := w.card(m); c.Refunding {
			t.Errorf("card after the refund was dropped: %+v", c)
		}
		w.we.slow = false
		second := w.ask(m, o.Number)
		w.clock.Advance(2 * time.Minute)
		w.run()
		if second.ID == first.ID || second.Amount >= first.Amount || w.order(m, o.Number).RefundedFen != second.Amount {
			t.Errorf("first %+v, second %+v, order %+v", first, second, w.order(m, o.Number))
		}
		list, _, err := w.Refunds(t.Context(), "", db.Page{})
		if err != nil || len(list) != 2 || list[0].State != model.CardRefundSettled || list[1].State != model.CardRefundDropped {
			t.Errorf("refunds %+v, %v", list, err)
		}
		w.cardsHold()
	})
}
