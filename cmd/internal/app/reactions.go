package app

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/fault"
	"huitou/service/callbacks"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/tiers"
	"huitou/wechat"
)

// react is the one page that says who reacts to what, and what runs by the clock.
func react(v Services, d *db.DB, q *jobs.Queue) {
	// Facts: what may come a moment after something happened.
	facts.Subscribe(v.Facts, "memberships.activate", v.Memberships.Activate)            // payments.Paid
	facts.Subscribe(v.Facts, "memberships.refund", v.Memberships.OnRefunded)            // payments.Refunded
	facts.Subscribe(v.Facts, "memberships.revoke_coupons", v.Memberships.RevokeCoupons) // memberships.Refunded
	facts.Subscribe(v.Facts, "mall.confirm", v.Mall.Confirm)                            // payments.Paid
	facts.Subscribe(v.Facts, "shipping.tell", v.Shipping.OnPaid)                        // payments.Paid

	facts.Subscribe(v.Facts, "tiers.gift", v.tierGift) // tiers.Reached

	v.couponEvents()

	v.Aftersale.Work(v.Facts) // orders.Paid, Finished, Refunded; surveys.Answered; tasks.Closed

	// Pushes of WeChat.
	v.Aftersale.Register(v.Callbacks) // subscribe, SCAN, unsubscribe
	v.Callbacks.On(callbacks.OA, wechat.EventTemplateSent, v.Messages.OnReport)
	v.Callbacks.On(callbacks.Mini, wechat.EventDeliverGoods, func(ctx context.Context, p wechat.Push, _ callbacks.Once) error {
		return v.Payments.DeliveryPushed(ctx, p)
	})
	v.Callbacks.On(callbacks.Mini, wechat.EventTradeSettled, v.Shipping.OnSettled)
	v.Callbacks.On(callbacks.Mini, wechat.EventTradeRemindShipping, v.Shipping.OnReminded)
	for _, app := range []callbacks.Channel{callbacks.OA, callbacks.Mini} { // consents to subscribe messages, and what became of these
		v.Callbacks.On(app, wechat.EventSubscribeMsgPopup, v.Messages.OnConsent)
		v.Callbacks.On(app, wechat.EventSubscribeMsgChange, v.Messages.OnConsent)
		v.Callbacks.On(app, wechat.EventSubscribeMsgSent, v.Messages.OnNoticeSent)
		v.Callbacks.On(app, wechat.EventUserAuthorizationRevoke, v.Tasks.OnWithdrawn)
		v.Callbacks.On(app, wechat.EventUserAuthorizationCanceled, v.Tasks.OnWithdrawn)
	}
	for _, act := range []string{"event:subscribe", "event:SCAN", "event:CLICK", "event:scancode_push", "event:scancode_waitmsg",
		"message:text", "message:image", "message:voice", "message:video", "message:location", "message:link"} {
		v.Callbacks.Watch(callbacks.OA, act, v.Messages.Acted) // opens the time for customer-service messages
	}
	v.Callbacks.Watch(callbacks.OA, "message:text", v.Messages.OnText) // 退订
	v.Replies.Register(v.Callbacks)                                    // counts which reply was the one for what people do

	v.QRCodes.Register(v.Callbacks, v.Facts) // subscribe, SCAN; members.Followed, Unfollowed: who came by which code

	// Workers of jobs.
	v.Callbacks.Register()
	v.Messages.Register()
	v.Points.Work(q)
	v.Coupons.Distribute()
	v.Tiers.Work(q)
	v.Tags.Work()
	v.Mall.Work(q)
	v.Memberships.Work(q)

	// The timetable.
	q.KeepTidy()
	q.Every("staff.purge", jobs.Interval(time.Hour), v.Staff.Purge)
	q.Every("aftersale.pictures", jobs.DailyAt(3, 50, model.Shanghai), v.Aftersale.PurgePictures)
	q.Every("aftersale.cards", jobs.DailyAt(4, 10, model.Shanghai), v.Aftersale.ClearSheets)
	q.Every("members.purge", jobs.Interval(time.Hour), v.Members.Purge)
	q.Every("idempotency.purge", jobs.Interval(time.Hour), func(ctx context.Context) error { return purgeKeys(ctx, d) })
}

// tierGift issues the coupon of a level that was reached for the first time. A template that cannot give one any more is for people to
// look at; trying again would not help.
func (v Services) tierGift(ctx context.Context, r tiers.Reached) error {
	if r.Gift == "" {
		return nil
	}
	heir, err := v.Members.Heir(ctx, r.Member) // he may have become one with another member since
	if err != nil {
		return err
	}
	_, err = v.Coupons.Issue(ctx, coupons.Issue{Member: heir, Template: r.Gift, Source: r.Source()})
	if f := fault.Of(err); f != nil && f.Kind != fault.Unavailable {
		return jobs.Cancel("the gift of level " + r.Name + " was not given: " + f.Code)
	}
	return err
}

// keepReplies is how long a stored reply to an idempotency key answers its repetition. The effects themselves stay unique for ever.
const keepReplies = 7 * 24 * time.Hour

func purgeKeys(ctx context.Context, d *db.DB) error {
	for {
		var n int64
		err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			n, err = db.PurgeKeys(ctx, tx, tx.Now.Add(-keepReplies), 1000)
			return err
		})
		if err != nil || n < 1000 {
			return err
		}
	}
}
