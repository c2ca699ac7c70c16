package coupons_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
)

// A quote through the database: every coupon that the member holds, with why not, and nobody else's (T9). It writes nothing.
func TestQuoteOfAMember(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		paused, ended := stacked(700, "a"), stacked(600, "b")
		old := stacked(500, "c")
		old.UseDays, old.UseFrom, old.UseUntil = 0, at(dbtest.Start, -time.Hour), at(dbtest.Start, time.Hour)
		ancient := stacked(500, "d")
		ancient.UseDays, ancient.UseFrom, ancient.UseUntil = 0, at(dbtest.Start, -time.Hour), at(dbtest.Start, time.Minute)
		high := stacked(400, "e")
		high.ThresholdFen = 6001
		store := stacked(300, "f")
		store.Stores = []string{"sh-01"}
		later := stacked(200, "g")
		later.UseDays, later.UseFrom, later.UseUntil = 0, at(dbtest.Start, 48*time.Hour), at(dbtest.Start, 90*24*time.Hour)
		held := map[string]coupons.Coupon{}
		for name, n := range map[string]coupons.NewTemplate{"paused": paused, "ended": ended, "old": old, "ancient": ancient, "high": high,
			"store": store, "later": later, "locked": stacked(100, "h"), "redeemed": stacked(100, "i")} {
			n.Name = name
			c := get(t, s, 1, n)
			held[name] = c
			switch name {
			case "paused":
				_, err := s.Pause(ctx, clerk, c.Template)
				is(t, "Pause", err, nil)
			case "ended":
				_, err := s.End(ctx, clerk, c.Template)
				is(t, "End", err, nil)
			case "redeemed":
				is(t, "redeem", redeem(s, d, 1, c.Code, order(), 6000), nil)
			}
		}
		get(t, s, 2, stacked(5000, "theirs"))
		clock.Advance(time.Hour) // the old one ended this very instant
		if _, err := lock(s, 1, "elsewhere", held["locked"].Code); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"paused": "-700", "ended": "-600", "old": "coupons.expired", "ancient": "coupons.expired", "high": "coupons.below_threshold map[missing_fen:1]",
			"store": "coupons.wrong_store", "later": "coupons.not_yet_usable map[usable_from:2026-11-23T04:00:00Z]", "locked": "coupons.locked",
		}
		before := count(t, d, &model.Coupon{})
		for range 2 {
			q, err := s.Quote(ctx, coupons.QuoteFor{Member: 1, Lines: cart().Lines, FreightFen: 800, Store: "sh-02"})
			if err != nil || q.PayableFen != 6000+800-1300 || !q.Best {
				t.Fatalf("Quote = %+v, %v", q.Quoted, err)
			}
			got := map[string]string{}
			for i, j := range q.Coupons {
				name := q.Held[i].Name
				switch f := fault.Of(j.Why()); {
				case f == nil:
					got[name] = fmt.Sprintf("-%d", j.AppliedFen)
				case f.Code == "coupons.expired":
					got[name] = f.Code
				default:
					got[name] = f.Code
					if f.Detail != nil {
						got[name] += fmt.Sprint(" ", f.Detail)
					}
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("coupons:\n got %v\nwant %v", got, want)
			}
		}
		if after := count(t, d, &model.Coupon{}); after != before {
			t.Errorf("a quote changed the number of coupons from %d to %d", before, after)
		}
		// The shopper chooses one, or none.
		q, err := s.Quote(ctx, coupons.QuoteFor{Member: 1, Lines: cart().Lines, Only: []model.PublicID{held["ended"].ID}})
		if err != nil || q.PayableFen != 5400 {
			t.Errorf("with one chosen: %+v, %v", q.Quoted, err)
		}
		if q, err = s.Quote(ctx, coupons.QuoteFor{Member: 1, Lines: cart().Lines, Only: []model.PublicID{}}); err != nil || q.PayableFen != 6000 {
			t.Errorf("with none: %+v, %v", q.Quoted, err)
		}
		// What a quote promises a lock keeps: the same coupons, the same discounts.
		if q, err = s.Quote(ctx, coupons.QuoteFor{Member: 1, Lines: cart().Lines, FreightFen: 800}); err != nil {
			t.Fatal(err)
		}
		var codes []string
		for i, j := range q.Coupons {
			if j.Applied {
				codes = append(codes, q.Held[i].Code)
			}
		}
		l, err := lock(s, 1, "as quoted", codes...)
		if err != nil || l.Quoted.PayableFen != q.PayableFen || len(codes) != 2 {
			t.Errorf("the lock of %v gives %+v, %v; the quote %+v", codes, l.Quoted, err, q.Quoted)
		}
		sound(t, d)
	})
}

// The price of a paid card goes first, and is asked for at the moment of the quote.
func TestQuoteWithMemberPrice(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := coupons.New(coupons.Deps{DB: d, Members: crowd(10), Log: quiet, MemberPrice: func(_ context.Context, _ *db.Tx, m model.MemberID, at time.Time) (model.BasisPoints, error) {
		if at != dbtest.Start {
			return 0, errors.New("asked for another time")
		}
		return model.BasisPoints(m * 100), nil
	}, FreeFreight: func(_ context.Context, _ *db.Tx, m model.MemberID, at time.Time) (bool, error) {
		if at != dbtest.Start {
			return false, errors.New("asked for another time")
		}
		return m == 5, nil
	}})
	get(t, s, 5, stacked(1000, ""))
	q, err := s.Quote(ctx, coupons.QuoteFor{Member: 5, Lines: cart().Lines})
	if err != nil || q.MemberOffFen != 300 || q.CouponOffFen != 1000 || q.PayableFen != 4700 {
		t.Errorf("Quote = %+v, %v", q.Quoted, err)
	}
	for member, want := range map[model.MemberID]model.Fen{5: 800, 6: 0} { // the card bears the freight of one of them
		if q, err := s.Quote(ctx, coupons.QuoteFor{Member: member, Lines: cart().Lines, FreightFen: 800}); err != nil || q.FreightFen != 800 || q.MemberFreightFen != want {
			t.Errorf("the freight of %d: %+v, %v", member, q.Quoted, err)
		}
	}
}

func TestQuoteBadInput(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := service(d)
	for name, lines := range map[string][]coupons.Item{
		"none": nil, "a million lines": make([]coupons.Item, 1_000_000), "zero": {{Quantity: 0, PriceFen: 1}}, "negative": {{Quantity: -1, PriceFen: 1}},
		"negative price": {{Quantity: 1, PriceFen: -1}},
	} {
		_, err := s.Quote(ctx, coupons.QuoteFor{Member: 1, Lines: lines})
		is(t, name, err, fault.ErrInvalid)
	}
}
