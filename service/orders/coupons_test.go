package orders_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/coupons"
	"huitou/service/orders"
)

// given makes a template of its own for a customer's coupon and returns the coupon.
func (w world) given(t *testing.T, customer string, n coupons.NewTemplate) coupons.Coupon {
	t.Helper()
	n.Name, n.UseDays, n.Total, n.Claimable = "券", 30, -1, true
	v, err := w.coupons.CreateTemplate(ctx, n)
	if err == nil {
		_, err = w.coupons.Activate(ctx, 1, v.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.coupons.Claim(ctx, coupons.Claim{Member: w.member(t, customer), Template: v.ID})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w world) state(t *testing.T, c coupons.Coupon) model.CouponState {
	t.Helper()
	list, _, err := w.coupons.Held(ctx, c.Member, db.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, held := range list {
		if held.ID == c.ID {
			return held.State
		}
	}
	t.Fatalf("member %d does not hold %s", c.Member, c.ID)
	return ""
}

func amountOff(fen model.Fen, cond model.CouponConditions) coupons.NewTemplate {
	return coupons.NewTemplate{CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: fen}, CouponConditions: cond}
}

// An order brings several coupons; those that go together are used, the others say why not, and a repetition answers the same.
func TestIngestSeveralCoupons(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		green := model.CouponConditions{Group: "tea", Scope: model.CouponScope{Categories: []string{"绿茶"}}}
		a := w.given(t, "c1", amountOff(1000, green))
		same := w.given(t, "c1", amountOff(500, green))
		b := w.given(t, "c1", amountOff(700, model.CouponConditions{Group: "shop", Stores: []string{"sh-01"}}))
		freight := w.given(t, "c1", coupons.NewTemplate{CouponTerms: model.CouponTerms{Kind: model.CouponFreight, CapFen: 600}, CouponConditions: model.CouponConditions{Group: "freight"}})
		red := w.given(t, "c1", amountOff(100, model.CouponConditions{Group: "red", Scope: model.CouponScope{Categories: []string{"红茶"}}}))
		alone := w.given(t, "c1", amountOff(900, model.CouponConditions{}))
		o := tea("A-1", "c1")
		o.Store, o.CouponCode = "sh-01", a.Code
		o.MoreCoupons = []string{same.Code, b.Code, freight.Code, red.Code, alone.Code, a.Code, "1234567890123456"}
		// The discount that the shop states is 2,000: what the first two leave of it is all that the freight coupon may take off.
		want := "{true 1000 } [{false 0 coupons.not_combinable} {true 700 } {true 300 } {false 0 coupons.wrong_scope} " +
			"{false 0 coupons.not_combinable} {false 0 coupons.not_combinable} {false 0 coupons.unknown}]"
		for range 2 {
			r := w.ingest(t, o)
			if got := outcomes(r); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
		v, err := w.orders.Find(ctx, "pos", "A-1")
		if err != nil || len(v.More) != 7 {
			t.Errorf("Find = %+v, %v", v, err)
		}
		w.sound(t)
	})
}

func outcomes(r orders.Result) string {
	s := fmt.Sprintf("{%t %d %s} [", r.Coupon.Used, r.Coupon.Discount, r.Coupon.Reason)
	for i, o := range r.More {
		if i > 0 {
			s += " "
		}
		s += fmt.Sprintf("{%t %d %s}", o.Used, o.Discount, o.Reason)
	}
	return s + "]"
}

// A shop reserves, is paid later, and tells of the order after the coupon's end: it was good when it was locked.
func TestIngestRedeemsWhatTheShopLocked(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		c := w.coupon(t, "c1")
		w.clock.Set(c.UsableUntil.Add(-time.Minute))
		lock := coupons.Lock{Member: c.Member, Coupons: []string{c.Code}, OrderRef: coupons.LockRef("pos", "A-1"), For: time.Hour, Cart: coupons.Cart{
			Lines: []coupons.Item{{SKU: "T-1", Quantity: 2, PriceFen: 4000}, {SKU: "T-2", Quantity: 1, PriceFen: 2000}}}}
		if _, err := w.coupons.Lock(ctx, lock); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(2 * time.Minute)
		other := tea("A-2", "c1")
		other.CouponCode, other.PaidAt = c.Code, w.clock.Now()
		if r := w.ingest(t, other); *r.Coupon != (orders.CouponOutcome{Reason: "coupons.locked"}) {
			t.Errorf("another order got %+v", *r.Coupon)
		}
		o := tea("A-1", "c1")
		o.CouponCode, o.PaidAt = c.Code, w.clock.Now()
		if r := w.ingest(t, o); *r.Coupon != (orders.CouponOutcome{Used: true, Discount: 2000}) {
			t.Errorf("the order that had locked it got %+v", *r.Coupon)
		}
		w.sound(t)
	})
}

// Refunds as b2 says: a part leaves the coupon used, the whole gives it back by its policy, at most three times, and a later order
// may use it again.
func TestRefundReturnsCoupons(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		back := w.given(t, "c1", amountOff(1000, model.CouponConditions{Group: "a"}))
		kept := w.given(t, "c1", amountOff(1000, model.CouponConditions{Group: "b", Refund: model.RefundKeep}))
		o := tea("A-1", "c1")
		o.CouponCode, o.MoreCoupons = back.Code, []string{kept.Code}
		w.ingest(t, o)
		pay := func(order, number string, fen model.Fen) {
			t.Helper()
			if _, err := w.orders.Refund(ctx, orders.Refund{Source: "pos", Order: order, Number: number, At: w.clock.Now(), Amount: fen}); err != nil {
				t.Fatal(err)
			}
		}
		pay("A-1", "R-1", 8_799)
		if s := w.state(t, back); s != model.CouponRedeemed {
			t.Errorf("after a partial refund the coupon is %s", s)
		}
		w.sound(t)
		pay("A-1", "R-2", 1)
		if a, b := w.state(t, back), w.state(t, kept); a != model.CouponIssued || b != model.CouponRedeemed {
			t.Errorf("after the whole refund the coupons are %s and %s", a, b)
		}
		w.sound(t)
		// Buying and refunding again and again ends.
		for i := range 4 {
			number := fmt.Sprint("B-", i)
			o := tea(number, "c1")
			o.CouponCode = back.Code
			r := w.ingest(t, o)
			if want := i < 3; r.Coupon.Used != want {
				t.Errorf("use %d of the coupon: %+v", i+2, *r.Coupon)
			}
			pay(number, "R-"+number, 8_800)
			w.sound(t)
		}
		if s := w.state(t, back); s != model.CouponRedeemed {
			t.Errorf("after its third return and one more use the coupon is %s", s)
		}
	})
}

// An end that passed meanwhile stands, unless the policy grants some days.
func TestRefundAfterTheEnd(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		for i, tt := range []struct {
			cond model.CouponConditions
			want model.CouponState
		}{
			{model.CouponConditions{}, model.CouponExpired},
			{model.CouponConditions{Refund: model.RefundGrace, GraceDays: 7}, model.CouponIssued},
		} {
			w.clock.Set(dbtest.Start)
			customer := fmt.Sprint("g", i)
			c := w.given(t, customer, amountOff(1000, tt.cond))
			o := tea("G-"+customer, customer)
			o.CouponCode = c.Code
			w.ingest(t, o)
			w.clock.Set(c.UsableUntil.Add(time.Hour))
			if _, err := w.orders.Refund(ctx, orders.Refund{Source: "pos", Order: o.Number, Number: "R-" + o.Number, At: w.clock.Now(), Amount: o.PaidFen}); err != nil {
				t.Fatal(err)
			}
			if s := w.state(t, c); s != tt.want {
				t.Errorf("policy %+v: the coupon is %s, want %s", tt.cond, s, tt.want)
			}
			w.clock.Advance(8 * 24 * time.Hour)
			if s := w.state(t, c); s != model.CouponExpired {
				t.Errorf("policy %+v: eight days later the coupon is %s", tt.cond, s)
			}
		}
		w.sound(t)
	})
}

// A shop whose till tells by files: the coupon is judged by the instant of payment and used once, however often the file is read.
func TestImportUsesCoupons(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		c, late := w.coupon(t, "c1"), w.coupon(t, "c1")
		w.clock.Set(c.UsableUntil.Add(24 * time.Hour))
		rows := []orders.Historic{
			{Number: "F-1", External: "c1", PaidAt: c.UsableUntil.Add(-time.Microsecond), Amount: 8000, Coupon: c.Code, Discount: 2000, Line: 2},
			{Number: "F-2", External: "c1", PaidAt: late.UsableUntil, Amount: 8000, Coupon: late.Code, Discount: 2000, Line: 3},
			{Number: "F-3", External: "c1", PaidAt: dbtest.Start, Amount: 8000, Line: 4},
			{Number: "F-4", External: "c1", PaidAt: dbtest.Start, Amount: 8000, Coupon: c.Code, Discount: 2000, Line: 5},
			{Number: "F-5", External: "c1", PaidAt: dbtest.Start, Amount: 8000, Discount: -1, Line: 6},
		}
		for round := range 2 {
			var done orders.Imported
			err := w.db.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
				done, err = w.orders.ImportTx(ctx, tx, "pos", rows)
				return err
			})
			if err != nil || len(done.Conflicts) != 1 || done.New+done.Known != 4 || (round == 1) != (done.New == 0) {
				t.Fatalf("ImportTx = %+v, %v", done, err)
			}
			for number, want := range map[string]orders.CouponOutcome{
				"F-1": {Used: true, Discount: 2000}, "F-2": {Reason: "coupons.expired"}, "F-4": {Reason: "coupons.redeemed"},
			} {
				v, err := w.orders.Find(ctx, "pos", number)
				if err != nil || v.Coupon == nil || *v.Coupon != want || v.GoodsFen != 10_000 || v.PaidFen != 8000 {
					t.Errorf("%s is %+v, %v", number, v, err)
				}
			}
			w.sound(t)
		}
	})
}
