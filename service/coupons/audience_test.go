package coupons_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
)

const (
	gold    model.PublicID = "gold00000000000000000000"
	diamond model.PublicID = "diamond00000000000000000"
)

// belonging is an audience by words: buyers are even, the levels and tags hold whom they list.
type belonging map[model.PublicID][]model.MemberID

func (b belonging) InTx(_ context.Context, _ *db.Tx, a model.CouponAudience, of []model.PublicID, list []model.MemberID) (map[model.MemberID]bool, error) {
	out := map[model.MemberID]bool{}
	for _, m := range list {
		out[m] = a == model.ForBuyers && m%2 == 0
		for _, id := range of {
			out[m] = out[m] || slices.Contains(b[id], m)
		}
	}
	return out, nil
}

func (b belonging) NamesTx(_ context.Context, _ *db.Tx, _ model.CouponAudience, of []model.PublicID) (names []string, err error) {
	for _, id := range of {
		if _, ok := b[id]; !ok {
			return nil, errNobody
		}
		names = append(names, string(id[:4]))
	}
	return names, nil
}

func serviceFor(d *db.DB, b belonging) *coupons.Service {
	return coupons.New(coupons.Deps{DB: d, Members: crowd(100), Log: quiet, Audiences: b})
}

// An audience binds claims; staff decide for themselves.
func TestAudience(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := serviceFor(d, nil)
		n := tenOff()
		n.Audience = model.ForBuyers
		id := active(t, s, n)
		var y tally
		together(10, func(i int) {
			_, err := claim(s, model.MemberID(i+1), id)
			y.add(t, err)
		})
		y.want(t, map[string]int{"": 5, "coupons.not_for_you": 5})
		offers, err := s.Templates(t.Context(), 1)
		if err != nil || len(offers) != 1 {
			t.Fatalf("Templates = %v, %v", offers, err)
		}
		is(t, "the claim centre", offers[0].Refusal, coupons.ErrNotForYou)
		if _, err := s.Issue(t.Context(), coupons.Issue{Staff: clerk, Member: 1, Template: id}); err != nil {
			t.Errorf("staff give one to somebody else: %v", err)
		}
		sound(t, d)
	})
}

// Levels and tags: one of them is enough, as it is at the moment of the claim; a refusal names levels and never tags.
func TestAudienceOfLevelsAndTags(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		b := belonging{gold: {1, 2}, diamond: {3}}
		s := serviceFor(d, b)
		n := tenOff()
		n.Audience, n.AudienceOf = model.ForTiers, []model.PublicID{gold, diamond, gold}
		tiers := active(t, s, n)
		n.Audience, n.AudienceOf = model.ForTagged, []model.PublicID{gold}
		tagged := active(t, s, n)
		for _, tt := range []struct {
			template model.PublicID
			member   model.MemberID
			want     string
		}{
			{tiers, 1, ""}, {tiers, 3, ""}, {tagged, 1, ""},
			{tiers, 4, "map[audience:tiers levels:[diam gold]]"},
			{tagged, 3, "map[audience:selected]"},
		} {
			got := ""
			_, err := claim(s, tt.member, tt.template)
			if err != nil {
				is(t, "the claim", err, coupons.ErrNotForYou)
				got = fmt.Sprint(fault.Of(err).Detail)
			}
			if got != tt.want {
				t.Errorf("member %d was refused with %q, want %q", tt.member, got, tt.want)
			}
		}
		offers, err := s.Templates(t.Context(), 4)
		if err != nil || len(offers) != 2 || fmt.Sprint(fault.Of(offers[1].Refusal).Detail) != "map[audience:tiers levels:[diam gold]]" {
			t.Errorf("the claim centre: %+v, %v", offers, err)
		}
		link, err := s.MakeLink(t.Context(), coupons.NewLink{Staff: clerk, Template: tiers, Note: "海报"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.ClaimByLink(t.Context(), coupons.ClaimByLink{Member: 4, Token: link.Token})
		is(t, "a claim by a link", err, coupons.ErrNotForYou)
		// Who left the level keeps what he took, and takes no more.
		b[gold] = []model.MemberID{2}
		held, _, err := s.Held(t.Context(), 1, db.Page{})
		if err != nil || len(held) != 2 {
			t.Fatalf("Held = %v, %v", held, err)
		}
		if err := redeem(s, d, 1, string(held[1].ID), order(), 6000); err != nil {
			t.Errorf("who left redeems what he took: %v", err)
		}
		_, err = claim(s, 1, tiers)
		is(t, "a claim after leaving", err, coupons.ErrNotForYou)
		// A level that is no more is nobody's, and refuses with a plain word.
		delete(b, gold)
		delete(b, diamond)
		_, err = claim(s, 2, tiers)
		is(t, "a level that is gone", err, coupons.ErrNotForYou)
		sound(t, d)
	})
}

func TestAudiencesOnlyWiden(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := serviceFor(d, belonging{gold: {1}, diamond: {2}})
	n := tenOff()
	n.Audience, n.AudienceOf = model.ForTiers, []model.PublicID{"nolevel00000000000000000"}
	_, err := s.CreateTemplate(t.Context(), n)
	is(t, "a level that does not exist", err, fault.ErrInvalid)
	n.AudienceOf = []model.PublicID{gold}
	id := active(t, s, n)
	edit := func(a model.CouponAudience, of ...model.PublicID) error {
		e := coupons.Edit{Staff: clerk, ID: id}
		if a != "" {
			e.Audience = &a
		}
		if of != nil {
			e.AudienceOf = &of
		}
		_, err := s.EditTemplate(t.Context(), e)
		return err
	}
	is(t, "another level before the first coupon", edit("", diamond), nil)
	is(t, "tags without a tag", edit(model.ForTagged), fault.ErrInvalid)
	is(t, "a tag that does not exist", edit(model.ForTagged, "notag0000000000000000000"), fault.ErrInvalid)
	is(t, "back", edit("", gold), nil)
	if _, err := claim(s, 1, id); err != nil {
		t.Fatal(err)
	}
	is(t, "a level less", edit("", diamond), coupons.ErrNotWidening)
	is(t, "tags", edit(model.ForTagged, gold), coupons.ErrNotWidening)
	is(t, "a level more", edit("", diamond, gold), nil)
	name := "新名字"
	v, err := s.EditTemplate(t.Context(), coupons.Edit{Staff: clerk, ID: id, Name: &name})
	if err != nil || fmt.Sprint(v.AudienceOf) != fmt.Sprint([]model.PublicID{diamond, gold}) {
		t.Errorf("an edit of the name leaves %v, %v", v.AudienceOf, err)
	}
	is(t, "everyone", edit(model.ForEveryone), nil)
	if _, err := claim(s, 9, id); err != nil {
		t.Errorf("then anybody claims: %v", err)
	}
}
