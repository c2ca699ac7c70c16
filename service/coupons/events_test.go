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

func rule(t testing.TB, s *coupons.Service, n coupons.NewRule) coupons.Rule {
	t.Helper()
	n.Staff = clerk
	r, err := s.AddRule(context.Background(), n)
	if err != nil {
		t.Fatalf("AddRule: %v", err)
	}
	return r
}

func happens(t testing.TB, s *coupons.Service, e coupons.Event) {
	t.Helper()
	if err := s.OnEvent(context.Background(), e); err != nil {
		t.Fatalf("OnEvent(%+v): %v", e, err)
	}
}

func TestEventsGiveWhatTheRulesPromiseOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.PerMember = 0
		big, any, level := active(t, s, n), active(t, s, n), active(t, s, n)
		r := rule(t, s, coupons.NewRule{Event: model.CouponOnOrder, Template: big, MinFen: 20000})
		rule(t, s, coupons.NewRule{Event: model.CouponOnOrder, Template: any})
		rule(t, s, coupons.NewRule{Event: model.CouponOnTier, Template: level, Rank: 2})
		rule(t, s, coupons.NewRule{Event: model.CouponOnJoin, Template: level})
		for range 3 { // facts are delivered at least once
			happens(t, s, coupons.Event{Kind: model.CouponOnOrder, Member: 1, Ref: "order:1", Amount: 20000})
			happens(t, s, coupons.Event{Kind: model.CouponOnOrder, Member: 1, Ref: "order:2", Amount: 19999})
			happens(t, s, coupons.Event{Kind: model.CouponOnTier, Member: 1, Ref: "tier:1:3", Rank: 3})
			happens(t, s, coupons.Event{Kind: model.CouponOnTier, Member: 1, Ref: "tier:1:2", Rank: 2})
			happens(t, s, coupons.Event{Kind: model.CouponOnJoin, Member: 2, Ref: "member:2:joined"})
		}
		if err := s.EndRule(t.Context(), clerk, r.ID); err != nil {
			t.Fatal(err)
		}
		happens(t, s, coupons.Event{Kind: model.CouponOnOrder, Member: 1, Ref: "order:3", Amount: 20000})
		for _, tt := range []struct {
			template model.PublicID
			want     int64
		}{{big, 1}, {any, 3}, {level, 2}} {
			if _, given := claimed(t, s, d, tt.template); given != tt.want {
				t.Errorf("template %s gave %d, want %d", tt.template, given, tt.want)
			}
		}
		if _, err := s.End(t.Context(), clerk, any); err != nil {
			t.Fatal(err)
		}
		happens(t, s, coupons.Event{Kind: model.CouponOnOrder, Member: 5, Ref: "order:9"}) // gives nothing, and is no error
		channels := map[model.CouponChannel]int{}
		for _, c := range rows[model.Coupon](t, d, "id > 0") {
			channels[c.Channel]++
		}
		if fmt.Sprint(channels) != "map[event:2 order:4]" {
			t.Errorf("channels = %v", channels)
		}
		sound(t, d)
	})
}

func TestAddRuleRefuses(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := service(d)
	id := active(t, s, tenOff())
	only := tenOff()
	only.Issuable = false
	claimOnly := active(t, s, only)
	for _, tt := range []struct {
		name string
		in   coupons.NewRule
		want error
	}{
		{"a reward for following", coupons.NewRule{Event: model.CouponOnFollowing, Template: id}, coupons.ErrFollowReward},
		{"an unknown event", coupons.NewRule{Event: "shared", Template: id}, fault.ErrInvalid},
		{"a pack for joining", coupons.NewRule{Event: model.CouponOnJoin, Template: id, PackSize: 3, PackHours: 24}, fault.ErrInvalid},
		{"a pack without hours", coupons.NewRule{Event: model.CouponOnOrder, Template: id, PackSize: 3}, fault.ErrInvalid},
		{"too large a pack", coupons.NewRule{Event: model.CouponOnOrder, Template: id, PackSize: 21, PackHours: 24}, fault.ErrInvalid},
		{"a negative amount", coupons.NewRule{Event: model.CouponOnOrder, Template: id, MinFen: -1}, fault.ErrInvalid},
		{"an amount for a level", coupons.NewRule{Event: model.CouponOnTier, Template: id, MinFen: 1}, fault.ErrInvalid},
		{"no such template", coupons.NewRule{Event: model.CouponOnOrder, Template: "0"}, coupons.ErrTemplateUnknown},
		{"not issuable", coupons.NewRule{Event: model.CouponOnOrder, Template: claimOnly}, coupons.ErrNotIssuable},
	} {
		_, err := s.AddRule(t.Context(), tt.in)
		is(t, tt.name, err, tt.want)
	}
}

func TestAPackGivesEachFriendOneAndItsOwnerNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.PerMember = 0
		id := active(t, s, n)
		rule(t, s, coupons.NewRule{Event: model.CouponOnOrder, Template: id, PackSize: 5, PackHours: 24})
		for range 2 {
			happens(t, s, coupons.Event{Kind: model.CouponOnOrder, Member: 1, Ref: "order:1", Amount: 100})
		}
		packs, err := s.Packs(t.Context(), 1)
		if err != nil || len(packs) != 1 || packs[0].Size != 5 || !packs[0].Own {
			t.Fatalf("Packs = %+v, %v", packs, err)
		}
		token := packs[0].Token
		_, err = s.TakeFromPack(t.Context(), coupons.TakeFromPack{Member: 1, Token: token})
		is(t, "the sharer himself", err, coupons.ErrPackOwn)
		var y tally
		together(64, func(i int) { // sixteen friends, four taps each
			_, err := s.TakeFromPack(context.Background(), coupons.TakeFromPack{Member: model.MemberID(2 + i%16), Token: token})
			y.add(t, err)
		})
		if y.n["coupons.pack_empty"]+y.n[""] != 64 || y.n[""] < 5 || y.n[""] > 20 {
			t.Errorf("ends = %v", y.n)
		}
		if _, given := claimed(t, s, d, id); given != 5 {
			t.Errorf("a pack of 5 gave %d", given)
		}
		happens(t, s, coupons.Event{Kind: model.CouponOnOrder, Member: 1, Ref: "order:2", Amount: 100})
		packs, _ = s.Packs(t.Context(), 1)
		clock.Advance(24 * time.Hour)
		_, err = s.TakeFromPack(t.Context(), coupons.TakeFromPack{Member: 40, Token: packs[0].Token})
		is(t, "too late", err, coupons.ErrPackLapsed)
		_, err = s.TakeFromPack(t.Context(), coupons.TakeFromPack{Member: 40, Token: "0"})
		is(t, "no such pack", err, coupons.ErrPackUnknown)
		if p, err := s.Pack(t.Context(), 40, packs[0].Token); err != nil || fault.Of(p.Refusal).Code != "coupons.pack_lapsed" || p.Own {
			t.Errorf("Pack = %+v, %v", p, err)
		}
		sound(t, d)
	})
}
