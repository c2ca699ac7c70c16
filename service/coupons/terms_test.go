package coupons_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
)

// The limit per day: 64 parallel claims of one member on one day give as many as the day allows, and midnight in Shanghai gives anew.
func TestLimitPerDay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.PerMember, n.PerDay, n.Total = 3, 2, 100
		id := active(t, s, n)
		claims := func(want map[string]int) {
			t.Helper()
			var y tally
			together(64, func(int) {
				_, err := claim(s, 1, id)
				y.add(t, err)
			})
			y.want(t, want)
			sound(t, d)
		}
		claims(map[string]int{"": 2, "coupons.day_limit": 62})
		clock.Set(model.NewDay(2026, 11, 22).Start(model.Shanghai).Add(-time.Microsecond))
		claims(map[string]int{"coupons.day_limit": 64})
		clock.Advance(time.Microsecond)
		claims(map[string]int{"": 1, "coupons.limit_reached": 63})
		offers, err := s.Templates(ctx, 1)
		if err != nil || len(offers) != 1 {
			t.Fatalf("Templates = %v, %v", offers, err)
		}
		// Another instance's claims are seen by the unique slot, not by luck: the same again with two services.
		other, two := service(d), active(t, s, n)
		var y tally
		together(32, func(i int) {
			_, err := claim([]*coupons.Service{s, other}[i%2], 2, two)
			y.add(t, err)
		})
		y.want(t, map[string]int{"": 2, "coupons.day_limit": 30})
		sound(t, d)
	})
}

// What sold-out takes back of a batch takes its slots of the day back too.
func TestLimitPerDayAndLittleStock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		n := tenOff()
		n.Total, n.PerDay = 5, 1
		instances := []*coupons.Service{service(d), service(d)}
		id := active(t, instances[0], n)
		var y tally
		together(40, func(i int) {
			_, err := claim(instances[i%2], model.MemberID(i+1), id)
			y.add(t, err)
		})
		y.want(t, map[string]int{"": 5, "coupons.sold_out": 35})
		sound(t, d)
		if n := count(t, d, &model.CouponDaySlot{}); n != 5 {
			t.Errorf("%d slots of the day for 5 coupons", n)
		}
	})
}

func count(t testing.TB, d *db.DB, row any) (n int64) {
	t.Helper()
	if err := d.Read(ctx, func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Model(row).Count(&n).Error }); err != nil {
		t.Fatal(err)
	}
	return n
}

func ptr[T any](v T) *T { return &v }

func TestEditTemplate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.Total, n.BudgetFen, n.PerDay, n.ClaimUntil = 10, 5000, 1, at(dbtest.Start, 24*time.Hour)
		n.Scope.Categories = []string{"服装"}
		id := active(t, s, n)
		edit := func(e coupons.Edit) (coupons.Template, error) {
			e.ID, e.Staff = id, clerk
			return s.EditTemplate(ctx, e)
		}
		// Before the first coupon everything may change.
		v, err := edit(coupons.Edit{Terms: &model.CouponTerms{Kind: model.CouponPercent, PercentOffBP: 1000}, Conditions: &model.CouponConditions{Group: "g"}, Total: ptr(int64(3))})
		if err != nil || v.Kind != model.CouponPercent || v.Group != "g" || len(v.Scope.Categories) != 0 || v.Total != 3 || v.State != model.TemplateActive {
			t.Fatalf("EditTemplate = %+v, %v", v, err)
		}
		for i := range 2 {
			c, err := claim(s, model.MemberID(i+1), id)
			if err != nil || c.Kind != model.CouponPercent {
				t.Fatalf("claim = %+v, %v", c, err)
			}
		}
		tests := []struct {
			name string
			edit coupons.Edit
			want error
		}{
			{"nothing", coupons.Edit{}, fault.ErrInvalid},
			{"less stock", coupons.Edit{Total: ptr(int64(2))}, coupons.ErrNotWidening},
			{"less stock than was given (yudao)", coupons.Edit{Total: ptr(int64(1))}, coupons.ErrBelowClaimed},
			{"another value", coupons.Edit{Terms: &model.CouponTerms{Kind: model.CouponPercent, PercentOffBP: 2000}}, coupons.ErrNotWidening},
			{"another scope", coupons.Edit{Conditions: &model.CouponConditions{Group: "g", Scope: model.CouponScope{SKUs: []string{"x"}}}}, coupons.ErrNotWidening},
			{"a narrower audience", coupons.Edit{Audience: ptr(model.ForBuyers)}, coupons.ErrNotWidening},
			{"a smaller budget", coupons.Edit{BudgetFen: ptr(model.Fen(4999))}, coupons.ErrNotWidening},
			{"an earlier end", coupons.Edit{ClaimUntil: at(dbtest.Start, time.Hour)}, coupons.ErrNotWidening},
			{"a beginning", coupons.Edit{ClaimFrom: at(dbtest.Start, 0)}, coupons.ErrNotWidening},
			{"fewer days", coupons.Edit{UseDays: ptr(int64(29))}, coupons.ErrNotWidening},
			{"one channel less", coupons.Edit{Issuable: ptr(false)}, coupons.ErrNotWidening},
			{"stock zero", coupons.Edit{Total: ptr(int64(0))}, fault.ErrInvalid},
			{"no name", coupons.Edit{Name: ptr(" ")}, fault.ErrInvalid},
		}
		for _, tt := range tests {
			_, err := edit(tt.edit)
			is(t, tt.name, err, tt.want)
		}
		_, err = s.EditTemplate(ctx, coupons.Edit{Staff: clerk, ID: "nowhere", Total: ptr(int64(5))})
		is(t, "unknown", err, coupons.ErrTemplateUnknown)
		// Widening, and what was given is not touched: CRMEB resets the rest to the total on every edit.
		v, err = edit(coupons.Edit{Name: ptr("九折"), RulesText: ptr("新"), Total: ptr(int64(5)), PerMember: ptr(int64(2)), PerDay: ptr(int64(2)), BudgetFen: ptr(model.Fen(0)),
			ClaimUntil: &time.Time{}, UseDays: ptr(int64(60)), Conditions: &model.CouponConditions{Group: "g", Refund: model.RefundReturn}})
		if err != nil || v.Total != 5 || v.Claimed != 2 || v.PerMember != 2 || v.ClaimUntil != nil || v.Name != "九折" || v.BudgetFen != 0 {
			t.Errorf("EditTemplate = %+v, %v", v, err)
		}
		if _, err := claim(s, 1, id); err != nil {
			t.Errorf("a second claim after the limit was raised: %v", err)
		}
		if _, err := s.End(ctx, clerk, id); err != nil {
			t.Fatal(err)
		}
		_, err = edit(coupons.Edit{Total: ptr(int64(50))})
		is(t, "ended", err, coupons.ErrEnded)
		sound(t, d)
	})
}

// Edits of the value race with the first claims: no coupon says something else than its template did when it was given, and once there is
// one the template says what that coupon says.
func TestEditRacesWithTheFirstClaim(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		for round := range 10 {
			n := tenOff()
			n.Name = fmt.Sprint("券", round)
			id := active(t, s, n)
			var y tally
			together(12, func(i int) {
				if i%3 == 0 {
					_, err := s.EditTemplate(ctx, coupons.Edit{Staff: clerk, ID: id, Terms: &model.CouponTerms{Kind: model.CouponAmount, AmountFen: model.Fen(1001 + i)}})
					y.add(t, err)
					return
				}
				_, err := claim(s, model.MemberID(i+1), id)
				y.add(t, err)
			})
			for code := range y.n {
				if code != "" && code != coupons.ErrChanged.Code && code != coupons.ErrNotWidening.Code {
					t.Errorf("ends = %v", y.n)
				}
			}
			err := d.Read(ctx, func(_ context.Context, tx *db.Tx) error {
				var odd int64
				err := tx.Gorm().Raw(`SELECT COUNT(*) FROM coupons c JOIN coupon_templates t ON t.id = c.template_id
					WHERE c.amount_fen <> t.amount_fen OR c.threshold_fen <> t.threshold_fen`).Scan(&odd).Error
				if odd > 0 {
					t.Errorf("round %d: %d coupons differ from their template", round, odd)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		sound(t, d)
	})
}

// Equal conditions are one row, whoever writes them in whatever order, and the coupon keeps them whatever becomes of the template.
func TestConditionsAreSharedAndKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.Scope.SKUs = []string{"b", "a", "b"}
		first := active(t, s, n)
		n.Scope.SKUs = []string{"a", "b"}
		active(t, s, n)
		if rows := count(t, d, &model.StoredConditions{}); rows != 1 {
			t.Errorf("%d rows of conditions, want 1", rows)
		}
		c, err := claim(s, 1, first)
		if err != nil {
			t.Fatal(err)
		}
		fresh := service(d) // nothing remembered
		q, err := fresh.Quote(ctx, coupons.QuoteFor{Member: 1, Lines: []coupons.Item{{SKU: "c", Quantity: 1, PriceFen: 9000}}})
		if err != nil || len(q.Coupons) != 1 || q.Coupons[0].ID != c.ID {
			t.Fatalf("Quote = %+v, %v", q, err)
		}
		is(t, "goods beyond the scope", q.Coupons[0].Refusal, coupons.ErrWrongScope)
		sound(t, d)
	})
}
