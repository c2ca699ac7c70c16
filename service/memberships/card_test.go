package memberships_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/members"
	"huitou/service/memberships"
)

// The platform's rule: what a card gives decides how it is paid, and the wrong way is refused with the rule.
func TestChannelFollowsTheBenefits(t *testing.T) {
	onSQLite(t, func(t *testing.T, w *world) {
		online := newPlan(model.PlanMonths, 1)
		online.PercentOff = 0
		online.Extras.Services = []model.PlanService{{Text: "线上冲泡课", Online: true}}
		offline := online
		offline.Extras.Services = []model.PlanService{{Text: "门店品鉴", Online: false}}
		for _, tt := range []struct {
			name    string
			plan    memberships.NewPlan
			channel model.PlanChannel
			want    error
			is      model.PlanChannel
		}{
			{"goods, unsaid", newPlan(model.PlanMonths, 1), "", nil, model.ChannelJSAPI},
			{"goods through virtual payment", newPlan(model.PlanMonths, 1), model.ChannelVirtual, memberships.ErrNeedsJSAPI, ""},
			{"online rights, unsaid", online, "", nil, model.ChannelVirtual},
			{"online rights through WeChat Pay", online, model.ChannelJSAPI, memberships.ErrNeedsVirtual, ""},
			{"a service in the shop", offline, model.ChannelJSAPI, nil, model.ChannelJSAPI},
		} {
			in := tt.plan
			in.Channel = tt.channel
			p, err := w.CreatePlan(t.Context(), in)
			if !errors.Is(err, tt.want) || err == nil && (p.Channel != tt.is || len(p.Warnings) == 0) {
				t.Errorf("%s: channel %s, warnings %v, %v", tt.name, p.Channel, p.Warnings, err)
			}
		}
		p := w.create(newPlan(model.PlanMonths, 1))
		_, err := w.Buy(t.Context(), memberships.Buy{Member: w.who[0], Plan: p.ID, Channel: model.ChannelVirtual})
		if !errors.Is(err, memberships.ErrNeedsJSAPI) {
			t.Errorf("Buy through the wrong channel = %v", err)
		}
		if n := w.count(`SELECT COUNT(*) FROM pay_orders`); n != 0 {
			t.Errorf("%d payments after a refusal", n)
		}
	})
}

func TestPlanTermsAreRefused(t *testing.T) {
	onSQLite(t, func(t *testing.T, w *world) {
		for name, change := range map[string]func(*memberships.NewPlan){
			"a lifetime as trial":                  func(p *memberships.NewPlan) { p.Unit, p.Length, p.Trial = model.PlanLifetime, 0, true },
			"grace for ever":                       func(p *memberships.NewPlan) { p.Unit, p.Length, p.GraceDays = model.PlanLifetime, 0, 1 },
			"31 days of grace":                     func(p *memberships.NewPlan) { p.GraceDays = 31 },
			"a negative stack":                     func(p *memberships.NewPlan) { p.MaxStack = -1 },
			"days without a policy":                func(p *memberships.NewPlan) { p.Refund.RefundDays = 7 },
			"a whole refund for ever":              func(p *memberships.NewPlan) { p.Refund.RefundPolicy = model.WholeRefund },
			"an unknown refund policy":             func(p *memberships.NewPlan) { p.Refund.RefundPolicy = "half" },
			"fewer points for check-ins":           func(p *memberships.NewPlan) { p.Extras.CheckInMultiplier = 9999 },
			"negative welcome points":              func(p *memberships.NewPlan) { p.Extras.WelcomePoints = -1 },
			"free freight a hundred and one times": func(p *memberships.NewPlan) { p.Extras.FreeFreight = 101 },
			"a birthday coupon that is none":       func(p *memberships.NewPlan) { p.Extras.BirthdayTemplate = "x" },
			"two weeks early":                      func(p *memberships.NewPlan) { p.Extras.EarlyHours = 336 },
			"a service without words":              func(p *memberships.NewPlan) { p.Extras.Services = []model.PlanService{{Text: " "}} },
			"eleven services":                      func(p *memberships.NewPlan) { p.Extras.Services = make([]model.PlanService, 11) },
		} {
			in := newPlan(model.PlanMonths, 1)
			change(&in)
			if _, err := w.CreatePlan(t.Context(), in); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("%s: %v, want ErrInvalid", name, err)
			}
		}
	})
}

// A trial is one for a person: by the account, by the phone number, by the unionid, whichever account he comes with, at the purchase, at the
// activation and with a code.
func TestTrialOncePerPerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := newPlan(model.PlanDays, 7)
		in.Trial = true
		trial, month := w.create(in), w.create(newPlan(model.PlanMonths, 1))
		m := w.who[0]
		attach := func(ref members.Ref) (id model.MemberID) {
			t.Helper()
			err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				id, _, err = w.members.EnsureTx(ctx, tx, ref)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		attach(members.Ref{Member: m, Phone: "13800138000", UnionID: "union-1"})
		open := w.buy(m, trial)
		w.member(m, trial)
		if _, err := w.Buy(t.Context(), memberships.Buy{Member: m, Plan: trial.ID}); !errors.Is(err, memberships.ErrTrialUsed) {
			t.Errorf("a second trial = %v", err)
		}
		if open.Number == "" {
			t.Error("there was no first order")
		}
		_, codes, err := w.MakeCodes(t.Context(), memberships.NewCodes{Staff: 1, Plan: trial.ID, Quantity: 1, Note: "体验"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.UseCode(t.Context(), memberships.UseCode{Member: m, Code: codes[0]}); !errors.Is(err, memberships.ErrTrialUsed) {
			t.Errorf("a trial by code = %v", err)
		}
		// The phone number goes over to another account, as after a merge or a new sign-in.
		err = w.db.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			var old model.Member
			if err := tx.Gorm().Where("id = ?", m).Take(&old).Error; err != nil {
				return err
			}
			if err := tx.Gorm().Exec(`UPDATE members SET phone_index = NULL, phone_cipher = NULL WHERE id = ?`, m).Error; err != nil {
				return err
			}
			return tx.Gorm().Exec(`UPDATE members SET phone_index = ?, phone_cipher = ? WHERE id = ?`, *old.PhoneIndex, *old.PhoneCipher, w.who[1]).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Buy(t.Context(), memberships.Buy{Member: w.who[1], Plan: trial.ID}); !errors.Is(err, memberships.ErrTrialUsed) {
			t.Errorf("a trial with the phone number of another account = %v", err)
		}
		offers, err := w.Offers(t.Context(), w.who[1])
		if err != nil || len(offers) != 2 {
			t.Fatalf("offers %v, %v", offers, err)
		}
		for _, o := range offers {
			if (o.ID == trial.ID) != errors.Is(o.Refusal, memberships.ErrTrialUsed) {
				t.Errorf("offer %s: %v", o.Name, o.Refusal)
			}
		}
		// Somebody else has his own. Two trials that he ordered before he had one: the second one's money goes back.
		other := newPlan(model.PlanDays, 8)
		other.Trial = true
		second := w.create(other)
		a, b := w.buy(w.who[2], trial), w.buy(w.who[2], second)
		w.pay(a.Number)
		w.pay(b.Number)
		if o := w.order(w.who[2], b.Number); o.State != memberships.RefundDue {
			t.Errorf("the second trial is %s", o.State)
		}
		w.clock.Advance(2 * time.Minute)
		w.run()
		if o := w.order(w.who[2], b.Number); o.RefundedFen != 9900 {
			t.Errorf("%d fen of the second trial went back", o.RefundedFen)
		}
		w.member(w.who[1], month) // a paid card is no trial
		w.holds()
	})
}

func TestMaxStack(t *testing.T) {
	onSQLite(t, func(t *testing.T, w *world) {
		in := newPlan(model.PlanMonths, 1)
		in.MaxStack = 2
		p, other := w.create(in), w.create(newPlan(model.PlanMonths, 1))
		m := w.who[0]
		w.member(m, p)
		w.member(m, other)
		w.member(m, p)
		if _, err := w.Buy(t.Context(), memberships.Buy{Member: m, Plan: p.ID}); !errors.Is(err, memberships.ErrStacked) {
			t.Errorf("a third period = %v, want ErrStacked", err)
		}
		w.member(m, other)
		w.goTo("2026-12-21") // the first one is over
		w.member(m, p)
		w.holds()
	})
}

// What a card saved is what orders told, once; freight as often as the month has it; coupons of the card; points by their worth. Refunds of orders take it back in
// proportion, to the last fen.
func TestPurchasesSave(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := newPlan(model.PlanMonths, 2, memberships.CouponBenefit{Template: w.template(-1), Quantity: 1})
		in.Extras.FreeFreight, in.GraceDays = 2, 3
		m := w.who[0]
		w.member(m, w.create(in))
		held, _, err := w.coupons.Held(t.Context(), m, db.Page{})
		if err != nil || len(held) != 1 {
			t.Fatalf("held %v, %v", held, err)
		}
		purchase := func(n int, p memberships.Purchase) memberships.Saved {
			t.Helper()
			p.Member, p.Ref = m, fmt.Sprint("order:", n)
			if p.At.IsZero() {
				p.At = w.clock.Now()
			}
			var out memberships.Saved
			err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				out, err = w.PurchaseTx(ctx, tx, p)
				return err
			})
			if err != nil {
				t.Fatalf("PurchaseTx: %v", err)
			}
			return out
		}
		free := func(when string, want bool) {
			t.Helper()
			err := w.db.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				got, err := w.FreeFreight(ctx, tx, m, tx.Now)
				if got != want {
					t.Errorf("free freight %s is %v", when, got)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		free("at first", true)
		whole := memberships.Purchase{MemberPrice: 501, FreeFreight: 800, ExtraPoints: 150,
			Coupons: []memberships.UsedCoupon{{Coupon: held[0].ID, Discount: 1000}, {Coupon: "not-of-the-card", Discount: 700}}}
		if got := purchase(1, whole); got != (memberships.Saved{Amount: 501 + 800 + 150 + 1000}) {
			t.Errorf("saved %+v", got)
		}
		if got := purchase(1, whole); got.Amount != 0 {
			t.Errorf("the same order saved again: %+v", got)
		}
		free("once used", true)
		purchase(10, memberships.Purchase{FreeFreight: 600})
		free("twice used", false)
		if got := purchase(11, memberships.Purchase{FreeFreight: 600, MemberPrice: 10}); got.Amount != 10 || got.Reason != "memberships.no_free_freight" {
			t.Errorf("the third parcel of the month: %+v", got)
		}
		if c := w.card(m); c.Saved != 2451+600+10 || c.FreightUsed != 2 || c.FreeFreight != 2 || c.ByKind[memberships.SavedFreight] != 1400 || c.Coupons.Given != 1 {
			t.Errorf("card %+v", c)
		}
		back := func(n int, r memberships.PurchaseRefund) {
			t.Helper()
			r.Ref = fmt.Sprint("order:", n)
			err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error { return w.PurchaseRefundTx(ctx, tx, r) })
			if err != nil {
				t.Fatalf("PurchaseRefundTx: %v", err)
			}
		}
		back(1, memberships.PurchaseRefund{Source: "order:1:refund:1", Goods: 3333, Of: 10000}) // 166 + 49 + 333
		back(1, memberships.PurchaseRefund{Source: "order:1:refund:1", Goods: 3333, Of: 10000}) // told again
		if c := w.card(m); c.Saved != 3061-548 {
			t.Errorf("saved %d after a part came back, want %d", c.Saved, 3061-548)
		}
		back(1, memberships.PurchaseRefund{Source: "order:1:refund:2", Goods: 10000, Of: 10000, Whole: true})
		if c := w.card(m); c.Saved != 610 || c.FreightUsed != 2 {
			t.Errorf("saved %d after the whole order came back, want what order 10 and 11 saved", c.Saved)
		}
		w.goTo("2026-12-21") // a new cycle
		free("in the next cycle", true)
		if got := purchase(12, memberships.Purchase{FreeFreight: 700}); got.Amount != 700 {
			t.Errorf("freight in the next cycle: %+v", got)
		}
		w.goTo("2027-01-22") // grace: the price and nothing else
		free("in grace", false)
		if got := purchase(13, memberships.Purchase{FreeFreight: 700, MemberPrice: 20, ExtraPoints: 100}); got.Amount != 20 || got.Reason == "" {
			t.Errorf("in grace: %+v", got)
		}
		if c := w.card(m); c.Active || !c.Grace || c.GraceUntil.String() != "2027-01-24" || c.PercentOff != 500 || c.Multiplier != model.WholeBP {
			t.Errorf("card in grace %+v", c)
		}
		w.goTo("2027-01-24")
		if got := purchase(14, memberships.Purchase{MemberPrice: 20}); got.Amount != 0 || got.Reason != memberships.ErrNotMember.Code {
			t.Errorf("after the grace: %+v", got)
		}
		w.holds()
	})
}

// The same coupon and the same gift open sooner for holders of a card that says so, by their hours and no more.
func TestEarlyAccess(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := newPlan(model.PlanMonths, 1)
		in.Extras.EarlyHours = 24
		m := w.who[0]
		w.member(m, w.create(in))
		w.member(w.who[1], w.create(newPlan(model.PlanMonths, 1)))
		shop := coupons.New(coupons.Deps{DB: w.db, Members: w.members, Log: w.log(), Early: w.EarlyTx})
		from := w.clock.Now().Add(25 * time.Hour)
		c, err := shop.CreateTemplate(t.Context(), coupons.NewTemplate{Staff: 1, Name: "抢券", CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 100},
			ClaimFrom: &from, UseDays: 7, Total: 10, PerMember: 1, Claimable: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := shop.Activate(t.Context(), 1, c.ID); err != nil {
			t.Fatal(err)
		}
		claim := func(m model.MemberID) error {
			_, err := shop.Claim(t.Context(), coupons.Claim{Member: m, Template: c.ID})
			return err
		}
		refusal := func(m model.MemberID) error {
			offers, err := shop.Templates(t.Context(), m)
			if err != nil || len(offers) != 1 {
				t.Fatalf("offers %v, %v", offers, err)
			}
			return offers[0].Refusal
		}
		if err := claim(m); !errors.Is(err, coupons.ErrNotStarted) {
			t.Errorf("25 hours before: %v", err)
		}
		w.clock.Advance(time.Hour)
		for i, want := range []error{nil, coupons.ErrNotStarted, coupons.ErrNotStarted} {
			if got := refusal(w.who[i]); !errors.Is(got, want) {
				t.Errorf("member %d is offered with %v, want %v", i, got, want)
			}
			if err := claim(w.who[i]); !errors.Is(err, want) {
				t.Errorf("member %d claims 24 hours before: %v, want %v", i, err, want)
			}
		}
		w.clock.Advance(24 * time.Hour)
		if err := claim(w.who[2]); err != nil {
			t.Errorf("when it is open: %v", err)
		}
	})
}

// 30, 7 and 1 days before and 3 after, each once, only the nearest when runs were missed, none after a renewal.
func TestReminders(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		quarter := w.create(newPlan(model.PlanMonths, 3)) // until 2027-02-21
		grace := newPlan(model.PlanMonths, 3)
		grace.GraceDays = 7
		a, b, c := w.who[0], w.who[1], w.who[2]
		w.member(a, w.create(grace))
		w.member(b, quarter)
		w.member(c, w.create(newPlan(model.PlanDays, 7))) // until 2026-11-28
		sent := func() string {
			out := ""
			for _, m := range []model.MemberID{a, b, c} {
				out += fmt.Sprint(w.count(`SELECT COUNT(*) FROM messages WHERE member_id = ? AND template IN ('membership.ending', 'membership.ended')`, m), " ")
			}
			return out
		}
		run := func(day, want string) {
			t.Helper()
			w.goTo(day)
			for range 2 {
				if err := w.Remind(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if got := sent(); got != want {
				t.Errorf("%s: %q messages, want %q", day, got, want)
			}
		}
		run("2026-11-21", "0 0 0 ") // a week's card says nothing on the day of its purchase
		run("2026-11-27", "0 0 1 ")
		run("2026-11-30", "0 0 1 ")
		run("2026-12-01", "0 0 2 ") // three days after
		run("2027-01-21", "0 0 2 ")
		run("2027-01-22", "1 1 2 ") // thirty days before
		w.member(b, quarter)
		run("2027-02-16", "2 1 2 ") // nobody ran on the 14th: that of seven days comes late, once, and the renewed card says nothing
		run("2027-02-19", "2 1 2 ")
		run("2027-02-20", "3 1 2 ")
		run("2027-02-21", "3 1 2 ")
		run("2027-02-27", "4 1 2 ")
		if n := w.count(`SELECT COUNT(*) FROM messages WHERE template = 'membership.ended' AND data LIKE '%会员价保留至 2027-02-27%'`); n != 1 {
			t.Errorf("%d messages tell of the days of grace", n)
		}
		if n := w.count(`SELECT COUNT(*) FROM messages WHERE template = 'membership.renewed'`); n != 1 {
			t.Errorf("%d messages about the renewal", n)
		}
		w.holds()
	})
}

// One gift a year from the card of the day, caught up for a week, given once whatever runs again; a coupon that cannot be given leaves its reason.
func TestBirthdays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := newPlan(model.PlanMonths, 24)
		in.Extras.BirthdayPoints, in.Extras.BirthdayTemplate = 200, w.template(1)
		p := w.create(in)
		for _, m := range w.who {
			if err := w.members.SetBirthday(t.Context(), m, model.BirthDate{Month: 12, Day: 1}); err != nil {
				t.Fatal(err)
			}
		}
		w.member(w.who[0], p)
		w.member(w.who[1], p)
		give := func(day string) {
			t.Helper()
			w.goTo(day)
			for range 2 {
				if err := w.GiveBirthdays(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		give("2026-11-30")
		if n := w.count(`SELECT COUNT(*) FROM membership_uses`); n != 0 {
			t.Errorf("%d gifts a day too soon", n)
		}
		give("2026-12-06") // five days late
		if a, b, c := w.active(w.who[0]), w.active(w.who[1]), w.active(w.who[2]); a != 200 || b != 200 || c != 0 {
			t.Errorf("points %d, %d, %d; want 200 for the two with a card", a, b, c)
		}
		if n := w.count(`SELECT COUNT(*) FROM membership_uses WHERE reason = 'coupons.sold_out'`); n != 1 || w.held(w.who[0])+w.held(w.who[1]) != 1 {
			t.Errorf("%d without a coupon, %d coupons; the template has one", n, w.held(w.who[0])+w.held(w.who[1]))
		}
		give("2027-12-01")
		if a := w.active(w.who[0]); a != 400 {
			t.Errorf("%d points after the second birthday", a)
		}
		// By this source the shopper's ledger says 生日.
		if n := w.count(`SELECT COUNT(*) FROM points_entries WHERE source LIKE 'membership-birthday:%' AND note = '会员卡生日礼' AND reason = 'earn_order'`); n != 4 {
			t.Errorf("%d entries of birthdays, want 4", n)
		}
		w.holds()
	})
}

// Break-even before buying: from the plan's own numbers, and from what the member has bought.
func TestOffersEstimate(t *testing.T) {
	onSQLite(t, func(t *testing.T, w *world) {
		w.create(newPlan(model.PlanMonths, 12)) // 99 yuan, five percent off
		m := w.who[0]
		err := w.db.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return w.members.RecordOrdersTx(ctx, tx, []members.OrderFigures{{Member: m, Orders: 10, Amount: 365_000, First: tx.Now.AddDate(-1, 0, 1), Last: tx.Now}})
		})
		if err != nil {
			t.Fatal(err)
		}
		offers, err := w.Offers(t.Context(), m)
		if err != nil || len(offers) != 1 {
			t.Fatalf("offers %v, %v", offers, err)
		}
		// 3650 yuan in 365 days: 182.50 a year with five percent off, so 99 yuan are saved after 198 days.
		if o := offers[0]; o.BreakEven != 198_000 || o.TypicalSaving != 18_250 || o.BreakEvenDays != 198 || o.Refusal != nil {
			t.Errorf("offer: break even at %d, saving %d, days %d, %v", o.BreakEven, o.TypicalSaving, o.BreakEvenDays, o.Refusal)
		}
		if offers, _ := w.Offers(t.Context(), w.who[1]); offers[0].TypicalSaving != 0 || offers[0].BreakEvenDays != 0 {
			t.Errorf("somebody who has not bought: %+v", offers[0])
		}
	})
}

func TestHistory(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := w.who[0]
		p := w.create(prorated(model.PlanMonths, 1))
		first := w.member(m, p)
		w.give(m, p, 5, "gift:1")
		w.goTo("2026-12-01")
		w.ask(m, first.Number)
		w.run()
		w.goTo("2026-12-10")
		w.member(m, p)
		w.member(m, p)
		got, next := "", ""
		for page := 0; page == 0 || next != ""; page++ {
			list, cursor, err := w.History(t.Context(), m, db.Page{Cursor: next, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				got += fmt.Sprintf("%s %s %s..%s; ", p.Origin, p.Fate, p.From, p.To)
			}
			next = cursor
		}
		want := "bought coming 2027-01-10..2027-02-10; bought running 2026-12-10..2027-01-10; given over 2026-12-02..2026-12-07; bought cut 2026-11-21..2026-12-02; "
		if got != want {
			t.Errorf("history %s\nwant    %s", got, want)
		}
		if _, _, _, err := w.MemberCard(t.Context(), 999, db.Page{}); !errors.Is(err, members.ErrUnknown) {
			t.Errorf("the card of nobody = %v", err)
		}
		w.holds()
	})
}
