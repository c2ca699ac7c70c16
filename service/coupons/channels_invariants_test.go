package coupons_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/coupons"
)

// Each row spoils the data of the channels in one way and names exactly the invariants that must see it.
func TestChannelInvariantsTrip(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := newShop(d)
		s.admit(t, 20)
		id := giftable(t, s.Service)
		_, list := codes(t, s.Service, coupons.NewCodes{Template: id, Quantity: 3})
		if _, err := s.UseCode(t.Context(), coupons.UseCode{Member: 1, Code: list[0]}); err != nil {
			t.Fatal(err)
		}
		rule(t, s.Service, coupons.NewRule{Event: model.CouponOnOrder, Template: id, PackSize: 2, PackHours: 24})
		happens(t, s.Service, coupons.Event{Kind: model.CouponOnOrder, Member: 2, Ref: "order:1"})
		packs, err := s.Packs(t.Context(), 2)
		if err == nil {
			_, err = s.TakeFromPack(t.Context(), coupons.TakeFromPack{Member: 3, Token: packs[0].Token})
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range []model.MemberID{4, 5} {
			c, err := claim(s.Service, m, id)
			if err != nil {
				t.Fatal(err)
			}
			g, err := offer(s.Service, m, c.ID)
			if err == nil && m == 4 {
				_, err = accept(s.Service, 6, g.Token)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		rule(t, s.Service, coupons.NewRule{Event: model.CouponOnBirthday, Template: id})
		if err := s.members.SetBirthday(t.Context(), 7, bornOn(2026, 11, 21)); err != nil {
			t.Fatal(err)
		}
		s.night(t)
		start(t, s, coupons.NewRun{Template: id, Phones: []string{phoneOf(10), phoneOf(0), "x"}})
		s.runDue(t)
		sound(t, d)
		for _, tt := range []struct {
			name, spoil string
			want        []string
		}{
			{"an offer without an end", `UPDATE coupons SET transfer_until = NULL WHERE state = 'in_transfer'`, []string{"coupons.transfer"}},
			{"an offer without a gift", `DELETE FROM coupon_gifts WHERE state = 'open'`, []string{"coupons.transfer"}},
			{"a coupon given and kept", `UPDATE coupons SET state = 'issued' WHERE state = 'transferred'`, []string{"coupons.stock", "coupons.transferred"}},
			{"a gift to oneself", `UPDATE coupon_gifts SET to_member = from_member WHERE state = 'accepted'`, []string{"coupons.gifts"}},
			{"a gift that grew", `UPDATE coupons SET amount_fen = amount_fen + 1 WHERE channel = 'gift'`, []string{"coupons.gifts"}},
			{"a pack's counter", `UPDATE coupon_packs SET taken = 0`, []string{"coupons.packs"}},
			{"a pack taken by its owner", `UPDATE coupon_packs SET member_id = 3`, []string{"coupons.packs"}},
			{"a pack's coupon lost", `UPDATE coupon_pack_claims SET coupon = 'x'`, []string{"coupons.pack_claims"}},
			{"a code used twice", `UPDATE coupon_codes SET member_id = 9, used_at = (SELECT created_at FROM coupon_code_batches) WHERE id = 2`,
				[]string{"coupons.code_coupons", "coupons.codes"}},
			{"a code that gave another member", `UPDATE coupon_codes SET member_id = 9 WHERE member_id = 1`, []string{"coupons.codes"}},
			{"a run's counter", `UPDATE coupon_runs SET issued = issued + 1, limit_reached = limit_reached - 1`, []string{"coupons.bulk", "coupons.run_refusals", "coupons.runs"}},
			{"a coupon of another run", `UPDATE coupons SET source = 'run:99:1' WHERE channel = 'bulk'`, []string{"coupons.runs"}},
			{"a birthday's rule of something else", `UPDATE coupon_rules SET event = 'joined' WHERE event = 'birthday'`, []string{"coupons.birthday_days"}},
			{"a birthday's counter", `UPDATE coupon_birthday_days SET given = given + 1 WHERE given = 1`, []string{"coupons.birthdays"}},
			{"a refusal lost", `DELETE FROM coupon_run_refusals WHERE outcome = 'unknown_phone'`, []string{"coupons.run_refusals"}},
			{"a channel of its own", `UPDATE coupons SET channel = 'x' WHERE channel = 'claim'`, []string{"coupons.states"}},
			{"a gift from nowhere", `UPDATE coupons SET channel = 'gift' WHERE channel = 'claim' AND state = 'in_transfer'`, []string{"coupons.gift_source"}},
		} {
			rollBack := errors.New("roll back")
			err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if err := tx.Gorm().Exec(tt.spoil).Error; err != nil {
					t.Errorf("%s: %v", tt.name, err)
				}
				var tripped []string
				for _, inv := range coupons.Invariants() {
					violations, err := inv.Check(ctx, tx)
					if err != nil {
						t.Errorf("%s: %s: %v", tt.name, inv.ID, err)
					}
					if len(violations) > 0 {
						tripped = append(tripped, inv.ID)
					}
				}
				slices.Sort(tripped)
				if !slices.Equal(tripped, tt.want) {
					t.Errorf("%s trips %v, want %v", tt.name, tripped, tt.want)
				}
				return rollBack
			})
			is(t, tt.name, err, rollBack)
		}
	})
}
