package orders_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/coupons"
	"huitou/service/members"
	"huitou/service/orders"
)

func TestIngestSettlesEverything(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		c := w.coupon(t, "c1")
		o := tea("1001", "c1")
		o.CouponCode = c.Code
		r := w.ingest(t, o)
		if !r.Fresh || r.PointsEarned != 80 || r.Coupon == nil || *r.Coupon != (orders.CouponOutcome{Used: true, Discount: 2000}) {
			t.Errorf("the result is %+v, coupon %+v", r, r.Coupon)
		}
		b, err := w.points.Balance(ctx, r.Member)
		if err != nil || b.Active != 80 {
			t.Errorf("balance %+v, %v; want 80 active", b, err)
		}
		m, err := w.members.Member(ctx, r.Member)
		if err != nil || m.Orders != 1 || m.Total != 8_800 || m.FirstOrderAt == nil || !m.FirstOrderAt.Equal(o.PaidAt) {
			t.Errorf("the member's figures are %+v, %v", m, err)
		}
		held, _, err := w.coupons.Held(ctx, r.Member, db.Page{})
		if err != nil || len(held) != 1 || held[0].State != model.CouponRedeemed {
			t.Errorf("the member holds %+v, %v; want one redeemed coupon", held, err)
		}
		v, err := w.orders.Find(ctx, "pos", "1001")
		if err != nil || v.ID != r.Order || fmt.Sprint(v.Lines) != fmt.Sprint(o.Lines) || !v.PaidAt.Equal(o.PaidAt) || v.PaidFen != 8_800 {
			t.Errorf("the order reads %+v, %v", v, err)
		}
		if got := w.counts(t, "facts"); got != "facts=2 " { // members.joined, orders.paid
			t.Errorf("%s, want the fact that he joined and the one that he paid", got)
		}
		w.sound(t)
	})
}

func TestIngestKnownOrder(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		o := tea("1001", "c1")
		o.CouponCode = w.coupon(t, "c1").Code
		first := w.ingest(t, o)
		tables := []string{"orders", "order_lines", "points_entries", "facts", "members"}
		before := w.counts(t, tables...)
		o.PaidAt = o.PaidAt.In(model.Shanghai) // the same instant, written otherwise
		again := w.ingest(t, o)
		if again.Fresh || again.Order != first.Order || again.PointsEarned != first.PointsEarned || *again.Coupon != *first.Coupon {
			t.Errorf("again = %+v, want the first result %+v", again, first)
		}
		changes := map[string]func(*orders.Order){
			"other amounts":    func(o *orders.Order) { o.FreightFen, o.PaidFen = 0, 8_000 },
			"another instant":  func(o *orders.Order) { o.PaidAt = o.PaidAt.Add(time.Second) },
			"another line":     func(o *orders.Order) { o.Lines = append([]orders.Line{}, o.Lines...); o.Lines[0].SKU = "T-9" },
			"no lines":         func(o *orders.Order) { o.Lines = nil },
			"no coupon":        func(o *orders.Order) { o.CouponCode = "" },
			"another kind":     func(o *orders.Order) { o.Kind = model.OrderMembership },
			"another customer": func(o *orders.Order) { o.Member.External = "c2" },
		}
		for name, change := range changes {
			other := o
			change(&other)
			_, err := w.orders.Ingest(ctx, other)
			is(t, name, err, orders.ErrConflict)
		}
		if after := w.counts(t, tables...); after != before {
			t.Errorf("repetitions and conflicts changed %s to %s", before, after)
		}
		o.Source = "youzan"
		if r := w.ingest(t, o); !r.Fresh {
			t.Error("the same number of another source was taken for the same order")
		}
		w.sound(t)
	})
}

// T14's shape for shops: one order told 64 times at once has one effect.
func TestIngestSameOrderInParallel(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		for round := range 3 {
			o := tea(fmt.Sprint("p", round), "c1")
			var mu sync.Mutex
			ids, fresh := map[model.OrderID]bool{}, 0
			together(64, func(int) {
				r, err := w.orders.Ingest(ctx, o)
				if err != nil {
					t.Errorf("Ingest: %v", err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				ids[r.Order] = true
				if r.Fresh {
					fresh++
				}
			})
			if len(ids) != 1 || fresh != 1 {
				t.Errorf("%d orders, %d of them fresh, want one and one", len(ids), fresh)
			}
		}
		if got := w.counts(t, "orders", "points_entries", "members"); got != "orders=3 points_entries=3 members=1 " {
			t.Error(got)
		}
		w.sound(t)
	})
}

// macrozheng/mall#1003 through orders: five parallel orders bring one coupon. All five are facts and are stored; one used it.
func TestIngestMall1003(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		c := w.coupon(t, "c1")
		var mu sync.Mutex
		reasons := map[string]int{}
		together(5, func(i int) {
			o := tea(fmt.Sprint("m", i), "c1")
			o.CouponCode = c.Code
			r, err := w.orders.Ingest(ctx, o)
			if err != nil {
				t.Errorf("Ingest: %v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			reasons[r.Coupon.Reason]++
		})
		if want := map[string]int{"": 1, "coupons.redeemed": 4}; fmt.Sprint(reasons) != fmt.Sprint(want) {
			t.Errorf("reasons %v, want %v", reasons, want)
		}
		w.sound(t)
	})
}

func TestIngestKeepsWhyACouponWasNotUsed(t *testing.T) {
	tests := []struct {
		name   string
		change func(o *orders.Order, c coupons.Coupon)
		want   orders.CouponOutcome
	}{
		{"used by its id", func(o *orders.Order, c coupons.Coupon) { o.CouponCode = string(c.ID) }, orders.CouponOutcome{Used: true, Discount: 2000}},
		{"the shop took less off", func(o *orders.Order, _ coupons.Coupon) { o.DiscountFen, o.PaidFen = 500, 10_300 }, orders.CouponOutcome{Used: true, Discount: 500}},
		{"the shop took nothing off", func(o *orders.Order, _ coupons.Coupon) { o.DiscountFen, o.PaidFen = 0, 10_800 }, orders.CouponOutcome{Reason: "coupons.no_saving"}},
		{"unknown", func(o *orders.Order, _ coupons.Coupon) { o.CouponCode = "1234567890123456" }, orders.CouponOutcome{Reason: "coupons.unknown"}},
		{"another member's", func(o *orders.Order, _ coupons.Coupon) { o.Member.External = "other" }, orders.CouponOutcome{Reason: "coupons.not_yours"}},
		{"below the threshold", func(o *orders.Order, _ coupons.Coupon) {
			o.Lines, o.GoodsFen, o.DiscountFen, o.PaidFen = nil, 4_999, 2_000, 3_799
		}, orders.CouponOutcome{Reason: "coupons.below_threshold"}},
		{"paid before it was issued", func(o *orders.Order, _ coupons.Coupon) { o.PaidAt = dbtest.Start.Add(-time.Hour) }, orders.CouponOutcome{Reason: "coupons.not_yet_usable"}},
	}
	each(t, func(t *testing.T, w world) {
		for i, tt := range tests {
			customer := fmt.Sprint("c", i)
			c := w.coupon(t, customer)
			o := tea(fmt.Sprint("n", i), customer)
			o.CouponCode = c.Code
			tt.change(&o, c)
			r := w.ingest(t, o)
			again := w.ingest(t, o)
			if *r.Coupon != tt.want || *again.Coupon != tt.want {
				t.Errorf("%s: outcome %+v, told again %+v, want %+v", tt.name, *r.Coupon, *again.Coupon, tt.want)
			}
		}
		// Expired when it was paid; and paid in time, but told late.
		late, gone := w.coupon(t, "late"), w.coupon(t, "gone")
		w.clock.Set(late.UsableUntil.Add(time.Hour))
		o := tea("late", "late")
		o.CouponCode, o.PaidAt = late.Code, late.UsableUntil.Add(-time.Microsecond)
		if r := w.ingest(t, o); !r.Coupon.Used {
			t.Errorf("a coupon that was good when it was paid: %+v", *r.Coupon)
		}
		o = tea("gone", "gone")
		o.CouponCode, o.PaidAt = gone.Code, gone.UsableUntil
		if r := w.ingest(t, o); *r.Coupon != (orders.CouponOutcome{Reason: "coupons.expired"}) {
			t.Errorf("a coupon that had expired: %+v", *r.Coupon)
		}
		w.sound(t)
	})
}

func TestIngestBadInput(t *testing.T) {
	tests := []struct {
		name   string
		change func(*orders.Order)
		fields string
	}{
		{"no number", func(o *orders.Order) { o.Number = "" }, "number "},
		{"long number", func(o *orders.Order) { o.Number = strings.Repeat("9", 65) }, "number "},
		{"number with a blank", func(o *orders.Order) { o.Number = "1 2" }, "number "},
		{"full-width number", func(o *orders.Order) { o.Number = "１２" }, "number "},
		{"no source", func(o *orders.Order) { o.Source = "" }, "source "},
		{"unknown kind", func(o *orders.Order) { o.Kind = "gift" }, "kind "},
		{"no instant", func(o *orders.Order) { o.PaidAt = time.Time{} }, "paid_at "},
		{"in the future", func(o *orders.Order) { o.PaidAt = dbtest.Start.Add(5*time.Minute + time.Microsecond) }, "paid_at "},
		{"negative goods", func(o *orders.Order) { o.GoodsFen, o.Lines = -1, nil }, "goods_fen "},
		{"huge goods", func(o *orders.Order) { o.GoodsFen, o.Lines = math.MaxInt64, nil }, "goods_fen "},
		{"negative freight", func(o *orders.Order) { o.FreightFen = -1 }, "freight_fen "},
		{"negative discount", func(o *orders.Order) { o.DiscountFen = -1 }, "discount_fen "},
		{"negative paid", func(o *orders.Order) { o.PaidFen = -1 }, "paid_fen "},
		{"sums do not fit", func(o *orders.Order) { o.PaidFen++ }, "paid_fen "},
		{"more off than there is", func(o *orders.Order) { o.DiscountFen, o.PaidFen = 20_000, 0 }, "paid_fen "},
		{"lines do not add up", func(o *orders.Order) { o.Lines = o.Lines[:1] }, "goods_fen "},
		{"quantity 0", func(o *orders.Order) { o.Lines[1].Quantity = 0 }, "lines[1].quantity "},
		{"quantity -1", func(o *orders.Order) { o.Lines[1].Quantity = -1 }, "lines[1].quantity "},
		{"a million and one", func(o *orders.Order) { o.Lines[0].Quantity = 1_000_001 }, "lines[0].quantity "},
		{"lines that would overflow", func(o *orders.Order) {
			o.Lines[0].Quantity, o.Lines[0].PriceFen = math.MaxInt64, math.MaxInt64
		}, "lines[0].quantity lines[0].price_fen "},
		{"negative price", func(o *orders.Order) { o.Lines[0].PriceFen = -1 }, "lines[0].price_fen "},
		{"control characters", func(o *orders.Order) { o.Lines[0].Name = "茶\x00" }, "lines[0].name "},
		{"long SKU", func(o *orders.Order) { o.Lines[0].SKU = strings.Repeat("茶", 65) }, "lines[0].sku "},
		{"too many lines", func(o *orders.Order) {
			o.Lines = make([]orders.Line, 501)
			for i := range o.Lines {
				o.Lines[i] = orders.Line{SKU: "x", Quantity: 1}
			}
			o.GoodsFen, o.DiscountFen, o.PaidFen = 0, 0, 800
		}, "lines "},
		{"long coupon code", func(o *orders.Order) { o.CouponCode = strings.Repeat("1", 25) }, "coupon_code "},
		{"more freight than a card bears", func(o *orders.Order) { o.FreeFreightFen = model.MaxCardFreight + 1 }, "free_freight_fen "},
		{"negative freight of a card", func(o *orders.Order) { o.FreeFreightFen = -1 }, "free_freight_fen "},
		{"nobody", func(o *orders.Order) { o.Member = members.Ref{} }, "member "},
		{"several", func(o *orders.Order) { o.Number, o.PaidFen = "", 1 }, "number paid_fen "},
	}
	each(t, func(t *testing.T, w world) {
		for _, tt := range tests {
			o := tea("1", "c1")
			tt.change(&o)
			_, err := w.orders.Ingest(ctx, o)
			if got := fieldsOf(err); got != tt.fields {
				t.Errorf("%s: faulty fields %q, want %q", tt.name, got, tt.fields)
			}
		}
		o := tea("1", "c1")
		o.Member = members.Ref{Member: 999}
		_, err := w.orders.Ingest(ctx, o)
		is(t, "a member who does not exist", err, members.ErrUnknown)
		if got := w.counts(t, "orders", "order_lines", "members", "points_entries", "facts"); got != "orders=0 order_lines=0 members=0 points_entries=0 facts=0 " {
			t.Errorf("refused orders left %s", got)
		}
	})
}

func TestIngestEdges(t *testing.T) {
	each(t, func(t *testing.T, w world) {
		edge := tea("edge", "c1")
		edge.PaidAt = dbtest.Start.Add(5 * time.Minute)
		edge.FreeFreightFen = model.MaxCardFreight // as much as a quote spares
		w.ingest(t, edge)
		free := orders.Order{Source: "pos", Number: "free", Member: edge.Member, PaidAt: dbtest.Start}
		if r := w.ingest(t, free); !r.Fresh || r.PointsEarned != 0 || r.Coupon != nil {
			t.Errorf("an order worth nothing: %+v", r)
		}
		big := orders.Order{Source: "pos", Number: "big", Member: edge.Member, PaidAt: dbtest.Start, GoodsFen: model.MaxFen, PaidFen: model.MaxFen}
		for range 500 {
			big.Lines = append(big.Lines, orders.Line{SKU: "x", Name: "茶", Quantity: 1_000_000, PriceFen: 2})
		}
		if r := w.ingest(t, big); r.PointsEarned != 10_000_000 {
			t.Errorf("the largest order earned %d", r.PointsEarned)
		}
		card := orders.Order{Source: "pos", Number: "card", Kind: model.OrderMembership, Member: edge.Member, PaidAt: dbtest.Start, GoodsFen: 9900, PaidFen: 9900}
		if r := w.ingest(t, card); r.PointsEarned != 0 {
			t.Errorf("a membership order earned %d", r.PointsEarned)
		}
		if m, err := w.members.Member(ctx, w.member(t, "c1")); err != nil || m.Orders != 3 {
			t.Errorf("the figures count %d orders, %v; want the three of goods", m.Orders, err)
		}
		w.sound(t)
	})
}

func TestIngestMultipliesAndWaits(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := open(d, clock, orders.Rules{PointsPerYuan: 1, PendingDays: 7, Expiry: model.ExpiryRule{Mode: model.ExpireAfterDays, N: 365}}, 15_000)
	r := w.ingest(t, tea("1", "c1"))
	if r.PointsEarned != 120 {
		t.Errorf("80 yuan at 1.5 earned %d, want 120", r.PointsEarned)
	}
	b, err := w.points.Balance(ctx, r.Member)
	if err != nil || b.Active != 0 || b.Pending != 120 {
		t.Errorf("balance %+v, %v; want 120 pending", b, err)
	}
	clock.Set(model.NewDay(2026, 11, 29).Start(model.Shanghai)) // the day of payment and seven whole days are over
	if b, err = w.points.Balance(ctx, r.Member); err != nil || b.Active != 120 {
		t.Errorf("balance %+v, %v; want 120 active", b, err)
	}
	clock.Set(model.NewDay(2027, 11, 30).Start(model.Shanghai))
	if b, err = w.points.Balance(ctx, r.Member); err != nil || b.Active != 0 {
		t.Errorf("balance %+v, %v; want them expired", b, err)
	}
	w.sound(t)
}

func TestPointsOfAnOrderWaitForItsCompletion(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		w := open(d, clock, orders.Rules{PointsPerYuan: 1, AwaitCompletion: true, Expiry: model.ExpiryRule{Mode: model.ExpireYearEnd}}, model.WholeBP)
		r := w.ingest(t, tea("1", "c1"))
		clock.Set(model.NewDay(2027, 2, 1).Start(model.Shanghai))
		done := orders.Complete{Source: "pos", Number: "1"}
		for i, want := range []bool{true, false} {
			if out, err := w.orders.Complete(ctx, done); err != nil || out.Fresh != want || out.Member != r.Member || out.Order != r.Order {
				t.Errorf("Complete no. %d = %+v, %v", i, out, err)
			}
		}
		b, err := w.points.Balance(ctx, r.Member)
		if err != nil || b.Active != 80 || len(b.Expiring) != 1 || !b.Expiring[0].ExpiresAt.Equal(model.NewDay(2028, 1, 1).Start(model.Shanghai)) {
			t.Errorf("balance %+v, %v; want 80 to the end of 2027", b, err)
		}
		free := tea("2", "c1")
		free.Kind = model.OrderMembership
		w.ingest(t, free)
		if out, err := w.orders.Complete(ctx, orders.Complete{Source: "pos", Number: "2"}); err != nil || out.Fresh {
			t.Errorf("Complete of an order without points = %+v, %v", out, err)
		}
		_, err = w.orders.Complete(ctx, orders.Complete{Source: "pos", Number: "3"})
		is(t, "Complete of an unknown order", err, orders.ErrUnknown)
		w.sound(t)
	})
}

// An order that fails half-way leaves nothing: the multiplier breaks after the member was made.
func TestIngestIsOneTransaction(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := open(d, clock, orders.Rules{PointsPerYuan: 1}, model.WholeBP)
	broken := fmt.Errorf("broken")
	deps := w.orders.Deps
	deps.Earning, deps.Multiplier = nil, func(context.Context, *db.Tx, model.MemberID, time.Time) (model.BasisPoints, error) { return 0, broken }
	_, err := orders.New(deps).Ingest(ctx, tea("1", "c1"))
	is(t, "Ingest", err, broken)
	if got := w.counts(t, "orders", "members", "facts"); got != "orders=0 members=0 facts=0 " {
		t.Errorf("a failed order left %s", got)
	}
}

func TestOrderUnknown(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	w := open(d, clock, orders.Rules{}, model.WholeBP)
	_, err := w.orders.Order(ctx, 1)
	is(t, "no such id", err, orders.ErrUnknown)
	_, err = w.orders.Find(ctx, "pos", "1")
	is(t, "no such number", err, orders.ErrUnknown)
}
