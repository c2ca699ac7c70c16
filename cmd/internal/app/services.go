package app

import (
	"context"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/aftersale"
	"huitou/service/analytics"
	"huitou/service/audit"
	"huitou/service/callbacks"
	"huitou/service/coupons"
	"huitou/service/earning"
	"huitou/service/facts"
	"huitou/service/followers"
	"huitou/service/jobs"
	"huitou/service/mall"
	"huitou/service/members"
	"huitou/service/memberships"
	"huitou/service/merges"
	"huitou/service/messages"
	"huitou/service/orders"
	"huitou/service/payments"
	"huitou/service/points"
	"huitou/service/qrcodes"
	"huitou/service/replies"
	"huitou/service/shipping"
	"huitou/service/staff"
	"huitou/service/surveys"
	"huitou/service/tags"
	"huitou/service/tasks"
	"huitou/service/tiers"
)

// Services are the capabilities, lowest level first.
type Services struct {
	Facts       *facts.Log
	Members     *members.Service
	Staff       *staff.Service
	Callbacks   *callbacks.Service
	Messages    *messages.Service
	Points      *points.Service
	Coupons     *coupons.Service
	Tiers       *tiers.Service
	Tags        *tags.Service
	QRCodes     *qrcodes.Service
	Payments    *payments.Service
	Bills       *payments.Reconciliation
	Shipping    *shipping.Service
	Mall        *mall.Service
	Memberships *memberships.Service
	Earning     *earning.Service
	Orders      *orders.Service
	Tasks       *tasks.Service
	Surveys     *surveys.Service
	Aftersale   *aftersale.Service
	Analytics   *analytics.Service
	Merges      *merges.Service
	Followers   *followers.Service
	Replies     *replies.Service
}

// newServices makes every service from those below it.
func newServices(s Settings, d *db.DB, q *jobs.Queue, p platform) Services {
	var v Services
	log := s.Log
	v.Facts = facts.New(q)
	v.Members = members.New(members.Deps{
		DB: d, Mini: p.mini, MiniAppID: s.Mini.AppID, OAAppID: s.OA.AppID, PhoneKey: s.PhoneKey, Facts: v.Facts, Log: log,
		Codes: newCodeSender(s, func() *messages.Service { return v.Messages }),
		Kin: members.Kin{ // merges stand above all that they move, and are made below
			SamePhone: func(ctx context.Context, shopper, owner model.MemberID) (bool, error) {
				return v.Merges.SamePhone(ctx, shopper, owner)
			},
			SamePersonTx: func(ctx context.Context, tx *db.Tx, a, b model.MemberID) error {
				return v.Merges.SamePersonTx(ctx, tx, a, b)
			},
		},
	})
	v.Staff = staff.New(staff.Deps{DB: d, Log: log})
	readers := map[string]callbacks.Reader{}
	if p.oaCodec != nil {
		readers[s.OA.AppID], readers[s.Mini.AppID] = p.oaCodec, p.miniCodec
	}
	v.Callbacks = callbacks.New(callbacks.Deps{DB: d, Jobs: q, Readers: readers, Log: log})
	v.Messages = messages.New(messages.Deps{
		DB: d, Jobs: q, Facts: v.Facts, Sender: p.oa, Notices: p.oa, Program: p.mini, Desk: p.oa, Followers: v.Members, OAAppID: s.OA.AppID, MiniAppID: s.Mini.AppID, Templates: s.Templates, Log: log,
		SMS: s.SMS, Rules: s.Messages, Key: s.PhoneKey,
	})
	v.Points = points.New(points.Deps{DB: d, Log: log, Adjust: s.Adjust})
	v.Coupons = coupons.New(coupons.Deps{
		DB: d, Members: v.Members, Log: log, Queue: q, People: v.Members, Birthdays: v.Members, Messages: v.Messages, Audiences: audiences{&v},
		MemberPrice: func(ctx context.Context, tx *db.Tx, m model.MemberID, at time.Time) (model.BasisPoints, error) {
			return v.Memberships.PercentOff(ctx, tx, m, at) // made below
		},
		FreeFreight: func(ctx context.Context, tx *db.Tx, m model.MemberID, at time.Time) (bool, error) {
			return v.Memberships.FreeFreight(ctx, tx, m, at)
		},
		Early: v.early,
	})
	v.Tags = tags.New(tags.Deps{DB: d, Members: v.Members, Account: p.oa, Queue: q, Log: log})
	v.Tiers = tiers.New(tiers.Deps{
		DB: d, Members: v.Members, Messages: v.Messages, Facts: v.Facts, Log: log,
		Metrics: map[model.TierMetric]tiers.Metric{model.TierByMoney: orders.GoodsMoney, model.TierByPoints: points.EarnedSince},
	})
	v.Payments = payments.New(payments.Deps{
		DB: d, Gateway: p.pay, Refunds: p.pay, Virtual: p.virtual, Queue: q, Facts: v.Facts, Log: log,
		AppID: s.Mini.AppID, MchID: s.Merchant.MchID, NotifyURL: s.PublicURL + payNotices, RefundNotifyURL: s.PublicURL + refundNotices,
		Payer: v.Members.ShopperTx, RefundAlone: s.RefundAlone,
	})
	v.Memberships = memberships.New(memberships.Deps{
		DB: d, Members: v.Members, Payments: v.Payments, Coupons: v.Coupons, Messages: v.Messages, Queue: q, Facts: v.Facts, Log: log,
		People: v.Members, Points: v.Points, PointsCost: s.PointsCost, PointsExpire: expires(s.Earning),
	})
	v.Mall = mall.New(mall.Deps{
		DB: d, Points: v.Points, Coupons: v.Coupons, Log: log, Payments: v.Payments, Queue: q, Key: s.PhoneKey, Members: v.Members,
		GiveDays: giveDays(v.Memberships), AtLeast: v.Tiers.AtLeastTx, Early: v.early,
	})
	v.Bills = payments.NewReconciliation(payments.ReconciliationDeps{
		DB: d, Payments: v.Payments, Bills: p.pay, MchID: s.Merchant.MchID, Queue: q, Log: log,
	})
	v.Shipping = shipping.New(shipping.Deps{DB: d, Payments: v.Payments, Centre: p.mini, Sellers: v.sellers(), Queue: q, Log: log})
	v.Earning = earning.New(earning.Deps{
		DB: d, Members: v.Members, Points: v.Points, Log: log, PerYuan: s.Earning.PointsPerYuan, CostPerHundred: s.PointsCost,
		Card:    v.Memberships.Multiplier,
		CheckIn: v.Memberships.CheckInMultiplier,
		Tier:    v.Tiers.RateAt,
		Expires: expires(s.Earning),
	})
	v.Orders = orders.New(orders.Deps{
		DB: d, Members: v.Members, Points: v.Points, Coupons: v.Coupons, Facts: v.Facts, Log: log,
		Rules: s.Earning, Earning: v.Earning, Tiers: v.Tiers, Card: cards{v.Memberships},
	})
	v.Tasks = tasks.New(tasks.Deps{DB: d, Members: v.Members, Staff: v.Staff, Contact: v.Messages, Facts: v.Facts, Log: log})
	v.Surveys = surveys.New(surveys.Deps{
		DB: d, Members: v.Members, Points: v.Points, Coupons: v.Coupons, Tasks: v.Tasks, Facts: v.Facts, Log: log,
		Expires: func(from time.Time) time.Time { return s.Earning.Expiry.At(from, model.Shanghai) },
	})
	v.Aftersale = aftersale.New(aftersale.Deps{
		DB: d, OA: p.oa, OAAppID: s.OA.AppID, Mini: p.mini, MiniPage: s.MiniPage, Orders: v.Orders, Members: v.Members, Messages: v.Messages, Log: log,
		Surveys: v.Surveys, Tasks: v.Tasks, Queue: q, SurveyURL: s.PublicURL + surveyLink, ParcelURL: s.PublicURL + parcelLink,
	})
	v.QRCodes = qrcodes.New(qrcodes.Deps{
		DB: d, OA: p.oa, OAAppID: s.OA.AppID, Mini: p.mini, Page: s.MiniPage, Members: v.Members, Staff: v.Staff, Permanent: s.PermanentCodes, Log: log,
	})
	v.Analytics = analytics.New(analytics.Deps{DB: d, PointsCost: s.PointsCost})
	v.Followers = followers.New(followers.Deps{DB: d, Members: v.Members, Account: p.oa, Queue: q, Log: log})
	v.Replies = replies.New(replies.Deps{
		DB: d, KV: s.KV, Members: v.Members, Orders: v.Orders, Points: v.Points, Codes: v.QRCodes, Parcels: v.Aftersale, Account: p.oa, Queue: q,
		OAAppID: s.OA.AppID, MiniAppID: s.Mini.AppID, Shop: s.Shop, PublicURL: s.PublicURL, LinkHosts: s.LinkHosts, WantedMenu: s.Menu, Log: log,
	})
	v.Merges = merges.New(merges.Deps{DB: d, Members: v.Members, Queue: q, Parts: v.mergeParts(), Log: log})
	return v
}

// expires returns when points end that become spendable at an instant.
func expires(r orders.Rules) func(time.Time) time.Time {
	return func(from time.Time) time.Time { return r.Expiry.At(from, model.Shanghai) }
}

// giveDays lets the mall give days of membership, which is a capability of its own level.
func giveDays(m *memberships.Service) func(context.Context, *db.Tx, mall.Days) error {
	return func(ctx context.Context, tx *db.Tx, in mall.Days) error {
		_, _, err := m.GrantDaysTx(ctx, tx, memberships.GiftDays{Member: in.Member, Plan: in.Plan, Days: in.Days, Source: in.Source})
		return err
	}
}

// Invariants are all that must never be untrue, of every capability.
func (v Services) Invariants() []audit.Invariant {
	var all []audit.Invariant
	for _, of := range [][]audit.Invariant{
		audit.Invariants(), v.Members.Invariants(), v.Merges.Invariants(), followers.Invariants(), qrcodes.Invariants(), staff.Invariants(), callbacks.Invariants(), messages.Invariants(),
		points.Invariants(), coupons.Invariants(), payments.Invariants(), payments.BillInvariants(), shipping.Invariants(), mall.Invariants(), memberships.Invariants(),
		earning.Invariants(), orders.Invariants(), aftersale.Invariants(), tasks.Invariants(), surveys.Invariants(), tiers.Invariants(),
		tags.Invariants(), replies.Invariants(),
	} {
		all = append(all, of...)
	}
	return all
}
