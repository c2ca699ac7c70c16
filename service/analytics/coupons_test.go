package analytics

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
)

func TestCouponNumbersAreCountedFromTheRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		now := clock.Now()
		ids := []model.PublicID{"template1", "template2"}
		soon, over := now.Add(time.Hour), now
		store(t, d, []purchase{
			bought(1, now.Add(-48*time.Hour)),                                          // an old customer
			bought(1, now.Add(-2*time.Hour)),                                           // with coupon 1
			bought(2, now.Add(-2*time.Hour)),                                           // with coupon 2: his first
			bought(2, now.Add(-time.Hour)),                                             // with coupon 3: he stays new
			{3, now.Add(-48 * time.Hour), 500, model.OrderGoods, model.OrderRefunded},  // given back whole: no earlier purchase
			{3, now.Add(-48 * time.Hour), 500, model.OrderMembership, model.OrderPaid}, // neither is a card
			{3, now.Add(-time.Hour), 1000, model.OrderGoods, model.OrderPartRefunded},  // with coupon 4
			{4, now.Add(-time.Hour), 9_000_000, model.OrderGoods, model.OrderPaid},     // with another template's coupon
		})
		err := d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			for i, name := range []string{"满100减20", "另一张"} {
				row := model.CouponTemplate{PublicID: ids[i], Name: name, CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 2000},
					Total: -1, State: model.TemplateActive, Audience: model.ForEveryone, CreatedAt: now, UpdatedAt: now}
				if err := tx.Gorm().Create(&row).Error; err != nil {
					return err
				}
			}
			var (
				n   int
				err error
			)
			add := func(template model.CouponTemplateID, channel model.CouponChannel, state model.CouponState, until time.Time, off model.Fen, order int) {
				n++
				row := model.Coupon{PublicID: model.PublicID(fmt.Sprintf("c%d", n)), Code: fmt.Sprintf("%016d", n), TemplateID: template, MemberID: 1,
					Channel: channel, CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 2000}, UsableFrom: now.Add(-time.Hour),
					UsableUntil: until, State: state, DiscountFen: off, IssuedAt: now}
				if err = errors.Join(err, tx.Gorm().Create(&row).Error); order > 0 {
					err = errors.Join(err, tx.Gorm().Exec(`UPDATE orders SET coupon_id = ? WHERE number = ?`, row.ID, fmt.Sprint(order)).Error)
				}
			}
			add(1, model.ChannelClaim, model.CouponRedeemed, over, 300, 2)
			add(1, model.ChannelCode, model.CouponRedeemed, soon, 200, 3)
			add(1, model.ChannelBulk, model.CouponRedeemed, soon, 100, 4)
			add(1, model.ChannelGift, model.CouponRedeemed, soon, 50, 7)
			add(1, model.ChannelBulk, model.CouponTransferred, soon, 0, 0) // the giver of the one before
			add(1, model.ChannelBulk, model.CouponIssued, soon, 0, 0)
			add(1, model.ChannelPack, model.CouponIssued, over, 0, 0) // at its end
			add(1, model.ChannelStaff, model.CouponLocked, over, 0, 0)
			add(1, model.ChannelClaim, model.CouponInTransfer, soon, 0, 0)
			add(2, model.ChannelClaim, model.CouponRedeemed, soon, 9_999, 8)
			return errors.Join(err, tx.Gorm().Exec(`UPDATE orders SET refunded_fen = 400 WHERE number = '7'`).Error)
		})
		if err != nil {
			t.Fatal(err)
		}
		s := New(Deps{DB: d})
		got, err := s.CouponNumbers(t.Context(), ids[0])
		if err != nil {
			t.Fatal(err)
		}
		want := CouponNumbers{
			Template: ids[0], Name: "满100减20", AsOf: got.AsOf, Given: 8, Gifts: 1,
			Channels: map[model.CouponChannel]int64{"claim": 2, "code": 1, "link": 0, "order": 0, "event": 0, "staff": 1, "bulk": 3, "pack": 1},
			Usable:   2, Locked: 1, Redeemed: 4, Expired: 1, DiscountFen: 650, Orders: 4, OrderFen: 3600, Buyers: 3, NewBuyers: 2, ReturningBuyers: 1,
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("numbers are\n%+v, want\n%+v", got, want)
		}
		if got.Given != got.Usable+got.Locked+got.Redeemed+got.Expired {
			t.Error("where they stand does not add up to what was given")
		}
		if _, err := s.CouponNumbers(t.Context(), "none"); !errors.Is(err, ErrCouponUnknown) {
			t.Errorf("numbers of no template: %v", err)
		}
	})
}
