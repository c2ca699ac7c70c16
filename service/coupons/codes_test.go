package coupons_test

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
)

var named atomic.Int64

func codes(t testing.TB, s *coupons.Service, n coupons.NewCodes) (coupons.CodeBatch, []string) {
	t.Helper()
	n.Staff, n.Note = clerk, cmp.Or(n.Note, fmt.Sprintf("传单 %d", named.Add(1)))
	b, list, err := s.MakeCodes(context.Background(), n)
	if err != nil {
		t.Fatalf("MakeCodes: %v", err)
	}
	return b, list
}

func TestCodesGiveOneCouponEachAndAreKeptAsHashesOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		id := active(t, s, tenOff())
		b, list := codes(t, s, coupons.NewCodes{Template: id, Quantity: 1500, Note: "x"})
		seen := map[string]bool{}
		for _, c := range list {
			if len(c) != 19 || seen[c] {
				t.Fatalf("code %q is malformed or there twice", c)
			}
			seen[c] = true
		}
		for _, r := range rows[model.CouponCode](t, d, "id > 0") {
			if len(r.CodeHash) != 64 || seen[r.CodeHash] {
				t.Fatalf("code %d is kept as %q", r.ID, r.CodeHash)
			}
		}
		_, _, err := s.MakeCodes(t.Context(), coupons.NewCodes{Staff: clerk, Note: "x", Template: id, Quantity: 1})
		is(t, "a batch of this name again", err, coupons.ErrExported)

		first, err := s.UseCode(t.Context(), coupons.UseCode{Member: 1, Code: strings.ToLower(list[0])})
		if err != nil || first.Replayed {
			t.Fatalf("UseCode = %+v, %v", first, err)
		}
		again, err := s.UseCode(t.Context(), coupons.UseCode{Member: 1, Code: strings.ReplaceAll(list[0], "-", " ")})
		if err != nil || again.ID != first.ID || !again.Replayed {
			t.Errorf("the same code again = %+v, %v", again, err)
		}
		_, err = s.UseCode(t.Context(), coupons.UseCode{Member: 2, Code: list[0]})
		is(t, "another member's code", err, coupons.ErrCodeUsed)
		_, err = s.UseCode(t.Context(), coupons.UseCode{Member: 1, Code: list[1]})
		is(t, "beyond the limit", err, coupons.ErrLimitReached)
		if _, err = s.UseCode(t.Context(), coupons.UseCode{Member: 2, Code: list[1]}); err != nil {
			t.Errorf("the refused code is gone: %v", err)
		}
		batches, err := s.CodeBatches(t.Context(), id)
		if err != nil || len(batches) != 1 || batches[0].Used != 2 || batches[0].Quantity != 1500 {
			t.Errorf("batches = %+v, %v", batches, err)
		}
		if err := s.CloseCodes(t.Context(), clerk, b.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.UseCode(t.Context(), coupons.UseCode{Member: 3, Code: list[2]})
		is(t, "a code of a closed batch", err, coupons.ErrCodeUnknown)
		until := clock.Now().Add(time.Hour)
		_, short := codes(t, s, coupons.NewCodes{Template: id, Quantity: 1, ValidUntil: &until})
		clock.Set(until)
		_, err = s.UseCode(t.Context(), coupons.UseCode{Member: 4, Code: short[0]})
		is(t, "a code at its end", err, coupons.ErrCodeLapsed)
		sound(t, d)
	})
}

// T33: whoever guesses codes is slowed down, alone or with many requests at once, and learns nothing from the answers.
func TestT33GuessedCodesAreBraked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		id := active(t, s, tenOff())
		_, list := codes(t, s, coupons.NewCodes{Template: id, Quantity: 2})
		var y tally
		together(40, func(i int) {
			_, err := s.UseCode(context.Background(), coupons.UseCode{Member: 7, Code: fmt.Sprintf("%016d", i)})
			y.add(t, err)
		})
		y.want(t, map[string]int{"coupons.code_unknown": 5, "coupons.guessing": 35})
		_, err := s.UseCode(t.Context(), coupons.UseCode{Member: 7, Code: list[0]})
		is(t, "a right code behind the brake", err, coupons.ErrGuessing)
		if f := fault.Of(err); f == nil || f.Detail["retry_after_s"] != int64(30) {
			t.Errorf("the brake says %v", f)
		}
		if _, err := s.UseCode(t.Context(), coupons.UseCode{Member: 8, Code: list[1]}); err != nil {
			t.Errorf("another member is braked too: %v", err)
		}
		clock.Advance(30 * time.Second)
		if _, err := s.UseCode(t.Context(), coupons.UseCode{Member: 7, Code: list[0]}); err != nil {
			t.Errorf("after the pause: %v", err)
		}
		sound(t, d)
	})
}

func TestOneCodeEnteredByManyAtOnceGivesOneCoupon(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		id := active(t, s, tenOff())
		_, list := codes(t, s, coupons.NewCodes{Template: id, Quantity: 1})
		var y tally
		together(32, func(i int) {
			_, err := s.UseCode(context.Background(), coupons.UseCode{Member: model.MemberID(i + 1), Code: list[0]})
			y.add(t, err)
		})
		y.want(t, map[string]int{"": 1, "coupons.code_used": 31})
		sound(t, d)
	})
}

func TestMakeCodesRefuses(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := service(d)
	id := active(t, s, tenOff())
	past := clock.Now()
	for _, tt := range []struct {
		name string
		in   coupons.NewCodes
		want error
	}{
		{"none", coupons.NewCodes{Template: id, Note: "x"}, fault.ErrInvalid},
		{"too many", coupons.NewCodes{Template: id, Note: "x", Quantity: coupons.MaxCodes + 1}, fault.ErrInvalid},
		{"over at once", coupons.NewCodes{Template: id, Note: "x", Quantity: 1, ValidUntil: &past}, fault.ErrInvalid},
		{"no note", coupons.NewCodes{Template: id, Quantity: 1}, fault.ErrInvalid},
		{"no such template", coupons.NewCodes{Template: "0", Note: "x", Quantity: 1}, coupons.ErrTemplateUnknown},
	} {
		_, _, err := s.MakeCodes(t.Context(), tt.in)
		is(t, tt.name, err, tt.want)
	}
}

func TestLinksOpenATemplateThatIsNotInTheClaimCentre(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.Claimable, n.Total = false, 3
		id := active(t, s, n)
		l, err := s.MakeLink(t.Context(), coupons.NewLink{Staff: clerk, Template: id, Note: "店门口海报"})
		if err != nil || len(l.Token) != 24 {
			t.Fatalf("MakeLink = %+v, %v", l, err)
		}
		take := func(m model.MemberID, k string) (coupons.Coupon, error) {
			return s.ClaimByLink(context.Background(), coupons.ClaimByLink{Member: m, Token: l.Token, Key: key(m, k)})
		}
		c, err := take(1, "key-00000001")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := take(1, "key-00000001"); err != nil || again.ID != c.ID || !again.Replayed {
			t.Errorf("the same tap = %+v, %v", again, err)
		}
		_, err = take(1, "key-00000002")
		is(t, "a second one", err, coupons.ErrLimitReached)
		_, err = claim(s, 2, id)
		is(t, "the claim centre", err, coupons.ErrNotClaimable)
		var y tally
		together(30, func(i int) {
			_, err := take(model.MemberID(i+2), "key-00000003")
			y.add(t, err)
		})
		y.want(t, map[string]int{"": 2, "coupons.sold_out": 28})
		if err := s.CloseLink(t.Context(), clerk, l.Token); err != nil {
			t.Fatal(err)
		}
		_, err = take(90, "key-00000004")
		is(t, "a closed link", err, coupons.ErrLinkUnknown)
		_, err = s.ClaimByLink(t.Context(), coupons.ClaimByLink{Member: 90, Token: "0"})
		is(t, "no such link", err, coupons.ErrLinkUnknown)
		list, err := s.Links(t.Context(), id)
		if err != nil || len(list) != 1 || list[0].ClosedAt == nil {
			t.Errorf("links = %+v, %v", list, err)
		}
		for _, c := range rows[model.Coupon](t, d, "id > 0") {
			if c.Channel != model.ChannelLink {
				t.Errorf("coupon %d came by %s", c.ID, c.Channel)
			}
		}
		sound(t, d)
	})
}
