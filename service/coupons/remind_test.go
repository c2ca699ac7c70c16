package coupons_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/coupons"
)

func TestOneReminderForAMemberAndAWeek(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newShop(d)
		n := tenOff()
		n.UseDays, n.PerMember = 5, 2
		id := active(t, s.Service, n)
		n.Name, n.UseDays = "满50减10长期", 60
		long := active(t, s.Service, n)
		const many = 450 // three batches
		together(many, func(i int) {
			if _, err := claim(s.Service, model.MemberID(i+1), id); err != nil {
				t.Error(err)
			}
		})
		second, err := claim(s.Service, 1, id)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := claim(s.Service, 900, long); err != nil {
			t.Fatal(err)
		}
		used := func(c coupons.Coupon) {
			err := d.Do(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := s.RedeemForOrderTx(ctx, tx, coupons.Use{Member: c.Member, Coupon: c.Code, OrderRef: order(), Amount: 6000, Room: 6000, At: tx.Now})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		c, err := claim(s.Service, 901, id)
		if err != nil {
			t.Fatal(err)
		}
		used(c)
		s.runDue(t)                           // sets the timetable up
		s.outbox.fail[300] = errors.New("no") // the process breaks off in the second batch
		clock.Advance(24 * time.Hour)         // Sunday 22 November, noon
		s.runDue(t)
		if n := len(s.outbox.sent); n < 200 || n >= many {
			t.Errorf("after the break %d messages are queued", n)
		}
		clock.Advance(time.Hour)
		s.runDue(t)
		if len(s.outbox.sent) != many {
			t.Errorf("%d messages, want %d", len(s.outbox.sent), many)
		}
		m := s.outbox.sent["coupons.expiring:1:2026-W47"]
		if m.Template != coupons.TemplateExpiring || m.Data["count"] != "2" || m.Data["name"] != "满50减10" || m.Data["until"] != "2026年11月26日 23:59" {
			t.Errorf("the digest of member 1 is %+v", m)
		}
		used(second)
		clock.Advance(24 * time.Hour) // Monday: another week
		s.runDue(t)
		clock.Advance(24 * time.Hour) // Tuesday: the same week
		s.runDue(t)
		if len(s.outbox.sent) != 2*many || s.outbox.sent["coupons.expiring:1:2026-W48"].Data["count"] != "1" {
			t.Errorf("in the second week there are %d messages; member 1 has %+v", len(s.outbox.sent), s.outbox.sent["coupons.expiring:1:2026-W48"])
		}
	})
}
