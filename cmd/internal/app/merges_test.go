package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/coupons"
	"huitou/service/jobs"
	"huitou/service/mall"
	"huitou/service/members"
	"huitou/service/memberships"
	"huitou/service/merges"
	"huitou/service/moves"
	"huitou/service/orders"
	"huitou/service/points"
	"huitou/service/tiers"
)

const (
	mergeMini      = "wxmini"
	asker, decider = model.StaffID(1), model.StaffID(2)
	mergePhone     = "1380013800"
)

// mergeShop is every capability on one database, without WeChat.
type mergeShop struct {
	Services
	t        testing.TB
	d        *db.DB
	q        *jobs.Queue
	clock    *dbtest.Clock
	template model.PublicID // one coupon per member
	gift     model.PublicID // one per member
	plan     model.PublicID
	n        int
}

func newMergeShop(t testing.TB, d *db.DB, clock *dbtest.Clock) *mergeShop {
	t.Helper()
	ctx := context.Background()
	s := Settings{PhoneKey: make([]byte, 32), Mini: Account{AppID: mergeMini}, OA: Account{AppID: "wxoa"}, Log: slog.New(slog.DiscardHandler),
		Earning: orders.Rules{PointsPerYuan: 1}}
	q := jobs.New(d, s.Log)
	m := &mergeShop{Services: newServices(s, d, q, platform{mini: offline{}, oa: offline{}, pay: offline{}}), t: t, d: d, q: q, clock: clock}
	react(m.Services, d, q)
	tpl, err := m.Coupons.CreateTemplate(ctx, coupons.NewTemplate{Staff: asker, Name: "满减", CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 500},
		UseDays: 30, Total: -1, PerMember: 1, Claimable: true, Issuable: true})
	m.ok(err)
	_, err = m.Coupons.Activate(ctx, asker, tpl.ID)
	m.ok(err)
	gift, err := m.Mall.CreateGift(ctx, mall.NewGift{Staff: asker, Name: "杯子", Kind: model.GiftPickup, Price: 20, Stock: 1000, PerMember: 2})
	m.ok(err)
	plan, err := m.Memberships.CreatePlan(ctx, memberships.NewPlan{Staff: asker, Name: "月卡", Price: 1900, ListPrice: 2900, Unit: model.PlanMonths, Length: 1,
		PointsMultiplier: 15000, PercentOff: 500, OnSale: true})
	m.ok(err)
	for i, name := range []string{"普通", "银卡", "金卡"} {
		_, err := m.Tiers.AddLevel(ctx, tiers.AddLevel{Staff: asker, Name: name, Threshold: int64(i) * 300_00, Multiplier: 10000})
		m.ok(err)
	}
	m.ok(m.Tiers.SetScheme(ctx, tiers.SetScheme{Staff: asker, Scheme: tiers.Scheme{Metric: model.TierByMoney, Period: model.TierRolling, KeepMonths: 12, OnEnd: model.TierByMetric}}))
	m.template, m.gift, m.plan = tpl.ID, gift.ID, plan.ID
	return m
}

func (m *mergeShop) ok(err error) {
	m.t.Helper()
	if err != nil {
		if f := fault.Of(err); f != nil {
			m.t.Log(f.Detail)
		}
		m.t.Fatal(err)
	}
}

// person makes a member by references.
func (m *mergeShop) person(ref members.Ref) (id model.MemberID) {
	m.t.Helper()
	m.ok(m.d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) (err error) {
		id, _, err = m.Members.EnsureTx(ctx, tx, ref)
		return err
	}))
	return id
}

func (m *mergeShop) shopper(openID string) model.MemberID {
	return m.person(members.Ref{AppID: mergeMini, OpenID: openID})
}

// buys ingests an order of a member.
func (m *mergeShop) buys(id model.MemberID, fen model.Fen, coupon string) (string, error) {
	m.n++
	o := orders.Order{Source: "shop", Number: fmt.Sprintf("N%d", m.n), Member: members.Ref{Member: id}, PaidAt: m.d.Now(), GoodsFen: fen, PaidFen: fen}
	if coupon != "" {
		o.CouponCode, o.DiscountFen, o.PaidFen = coupon, 500, fen-500
	}
	_, err := m.Orders.Ingest(context.Background(), o)
	return o.Number, err
}

// staffMerge asks and approves.
func (m *mergeShop) staffMerge(from, to model.MemberID) (merges.Request, error) {
	ctx := context.Background()
	q, err := m.Merges.Ask(ctx, merges.Ask{Staff: asker, From: from, To: to, Reason: "核对过证件"})
	if err != nil {
		return q, err
	}
	return m.Merges.Approve(ctx, merges.Decide{Staff: decider, Request: q.ID})
}

func (m *mergeShop) merge(from, to model.MemberID) model.MergeID {
	m.t.Helper()
	q, err := m.staffMerge(from, to)
	m.ok(err)
	return q.Merge
}

func (m *mergeShop) split(id model.MergeID) {
	m.t.Helper()
	_, err := m.Merges.Split(context.Background(), merges.Split{Staff: asker, Merge: id, Reason: "认错了人"})
	m.ok(err)
}

// clean runs what is due and fails on any broken invariant.
func (m *mergeShop) clean() {
	m.t.Helper()
	if _, err := m.q.RunDue(context.Background()); err != nil {
		m.t.Fatal(err)
	}
	broken, err := audit.Run(context.Background(), m.d, m.Invariants())
	m.ok(err)
	for _, b := range broken {
		m.t.Errorf("%s (%s): %v", b.ID, b.Says, b.Violations)
	}
}

// state is everything that a member has, row by row, for comparison.
func (m *mergeShop) state(id model.MemberID) map[string][]string {
	m.t.Helper()
	out := map[string][]string{}
	for name, query := range map[string]string{
		"row":         `SELECT COALESCE(union_id, '-') AS a, COALESCE(phone_index, '-') AS b, orders AS c, total_fen AS d FROM members WHERE id = ?`,
		"openids":     `SELECT open_id AS a FROM member_openids WHERE member_id = ? ORDER BY id`,
		"externals":   `SELECT external AS a FROM member_externals WHERE member_id = ? ORDER BY id`,
		"orders":      `SELECT number AS a, state AS b, points_earned AS c FROM orders WHERE member_id = ? ORDER BY id`,
		"coupons":     `SELECT public_id AS a, state AS b, COALESCE(slot, 0) AS c FROM coupons WHERE member_id = ? ORDER BY id`,
		"redemptions": `SELECT public_id AS a, state AS b FROM redemptions WHERE member_id = ? ORDER BY id`,
		"gift slots":  `SELECT redemption_id AS a, ordinal AS c FROM gift_slots WHERE member_id = ? ORDER BY redemption_id`,
		"periods":     `SELECT id AS a, from_day AS b, seq AS c FROM membership_periods WHERE member_id = ? ORDER BY id`,
		"level":       `SELECT level_id AS c FROM member_tiers WHERE member_id = ?`,
		"messages":    `SELECT message_key AS a FROM messages WHERE member_id = ? ORDER BY id`,
		"birthday":    `SELECT month_day AS a FROM member_birthdays WHERE member_id = ?`,
		"points":      `SELECT active AS c, pending AS d, debt AS e FROM points_accounts WHERE member_id = ?`,
		"lots":        `SELECT SUM(remaining) AS c, state AS a FROM points_lots WHERE member_id = ? AND remaining > 0 GROUP BY state, expires_at ORDER BY expires_at`,
	} {
		var rows []struct {
			A, B    string
			C, D, E int64
		}
		m.ok(m.d.Read(context.Background(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Raw(query, id).Scan(&rows).Error }))
		for _, r := range rows {
			out[name] = append(out[name], fmt.Sprint(r))
		}
	}
	return out
}

func (m *mergeShop) same(what string, got, want map[string][]string) {
	m.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !reflect.DeepEqual(got[name], want[name]) {
			m.t.Errorf("%s: %s = %v, want %v", what, name, got[name], want[name])
		}
	}
}

// furnished gives a member some of everything.
func (m *mergeShop) furnish(id model.MemberID, fen model.Fen) {
	m.t.Helper()
	ctx := context.Background()
	_, err := m.buys(id, fen, "")
	m.ok(err)
	_, err = m.Coupons.Claim(ctx, coupons.Claim{Member: id, Template: m.template})
	m.ok(err)
	_, err = m.Mall.Redeem(ctx, mall.Redeem{Member: id, Gift: m.gift})
	m.ok(err)
	m.ok(m.d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, _, err := m.Memberships.GrantDaysTx(ctx, tx, memberships.GiftDays{Member: id, Plan: m.plan, Days: 10, Source: fmt.Sprintf("test:%d", id)})
		return err
	}))
	_, err = m.Earning.CheckIn(ctx, id)
	m.ok(err)
}

// What staff merge is one member with everything; what they split is as it was, row by row.
func TestMergeMovesEverythingAndSplitPutsItBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		m, ctx := newMergeShop(t, d, clock), context.Background()
		a := m.person(members.Ref{Phone: mergePhone + "1", Source: "pos", External: "card-1", UnionID: "u1"})
		b := m.shopper("open-b")
		m.furnish(a, 700_00) // reaches gold
		m.furnish(b, 100_00)
		m.ok(m.Members.SetBirthday(ctx, a, model.BirthDate{Month: 2, Day: 29}))
		m.clean()
		wasA, wasB := m.state(a), m.state(b)
		id := m.merge(a, b)
		m.clean()
		v, err := m.Members.Member(ctx, b)
		m.ok(err)
		if v.Orders != 2 || v.Total != 800_00 || v.Phone != "138****8001" || v.Birthday == nil {
			t.Errorf("the survivor = %+v", v)
		}
		bal, err := m.Points.Balance(ctx, b)
		m.ok(err)
		if want := model.Points(700 + 100 - 40 + 2); bal.Active != want {
			t.Errorf("points = %d, want %d", bal.Active, want)
		}
		if tier, err := m.Tiers.Current(ctx, b); err != nil || tier.Level.Name != "金卡" {
			t.Errorf("level = %+v, %v", tier.Level, err)
		}
		for name, ref := range map[string]members.Ref{"phone": {Phone: mergePhone + "1"}, "card": {Source: "pos", External: "card-1"}, "unionid": {UnionID: "u1"}, "id": {Member: a}} {
			if found, err := m.Members.Find(ctx, ref); err != nil || found != b {
				t.Errorf("by %s: %d, %v; want %d", name, found, err, b)
			}
		}
		if got := m.state(b); len(got["coupons"]) != 2 || len(got["redemptions"]) != 2 || len(got["gift slots"]) != 2 || len(got["periods"]) != 2 {
			t.Errorf("the survivor has %v", got)
		}
		// The limit counts both: one coupon fills the slot, and no third can be claimed.
		if _, err := m.Coupons.Claim(ctx, coupons.Claim{Member: b, Template: m.template}); err == nil {
			t.Error("the survivor claimed beyond the limit")
		}
		if _, err := m.buys(a, 1_00, ""); err != nil { // by the id of before: the survivor's
			t.Error(err)
		}
		if err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return m.Members.LockTx(ctx, tx, a) }); !errors.Is(err, members.ErrMerged) {
			t.Errorf("lock the emptied member = %v", err)
		}
		m.clean()
		m.split(id)
		m.clean()
		m.same("a after the split", m.state(a), wasA)
		got := m.state(b)
		wasB["orders"] = append(wasB["orders"], got["orders"][len(got["orders"])-1]) // bought in between
		wasB["row"], wasB["points"], wasB["lots"] = got["row"], got["points"], got["lots"]
		m.same("b after the split", got, wasB)
		if bal, err := m.Points.Balance(ctx, b); err != nil || bal.Active != 100-20+1+1 {
			t.Errorf("points of b after the split = %d, %v", bal.Active, err)
		}
		if _, err := m.Merges.Split(ctx, merges.Split{Staff: asker, Merge: id, Reason: "again"}); !errors.Is(err, merges.ErrSplit) {
			t.Errorf("second split = %v", err)
		}
	})
}

// A number that a shopper proves and an imported member has joins the two; where something speaks against it, staff decide.
func TestAProvedPhoneJoinsTheImportedMember(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		m, ctx := newMergeShop(t, d, clock), context.Background()
		old := m.person(members.Ref{Phone: mergePhone + "2", Source: "pos", External: "card-2"})
		_, err := m.buys(old, 50_00, "")
		m.ok(err)
		shopper := m.shopper("open-1")
		joined, err := m.Merges.SamePhone(ctx, shopper, old)
		if err != nil || !joined {
			t.Fatalf("joined %t, %v", joined, err)
		}
		if v, err := m.Members.Member(ctx, shopper); err != nil || v.Orders != 1 || v.Phone == "" {
			t.Errorf("the shopper = %+v, %v", v, err)
		}
		list, _, err := m.Merges.Merges(ctx, shopper, db.Page{})
		m.ok(err)
		if len(list) != 1 || list[0].Cause != model.MergeByPhone || list[0].DecidedBy != 0 {
			t.Fatalf("merges = %+v", list)
		}
		// Staff find that they are two: the program does not join them again, it asks.
		m.split(list[0].ID)
		if joined, err := m.Merges.SamePhone(ctx, shopper, old); err != nil || joined {
			t.Errorf("after the split: joined %t, %v", joined, err)
		}
		if joined, err := m.Merges.SamePhone(ctx, shopper, old); err != nil || joined { // the request waits already
			t.Errorf("once more: joined %t, %v", joined, err)
		}
		waiting, _, err := m.Merges.Requests(ctx, model.MergeWaiting, db.Page{})
		m.ok(err)
		if len(waiting) != 1 || waiting[0].Reason != merges.ErrWasSplit.Code || waiting[0].AskedBy != 0 {
			t.Errorf("requests = %+v", waiting)
		}
		// Two who have both been in the mini-program are never one: WeChat Pay must know who pays.
		other := m.person(members.Ref{AppID: mergeMini, OpenID: "open-2", Phone: mergePhone + "3"})
		if joined, err := m.Merges.SamePhone(ctx, shopper, other); err != nil || joined {
			t.Errorf("two shoppers: joined %t, %v", joined, err)
		}
		if _, err := m.staffMerge(other, shopper); !errors.Is(err, merges.ErrTwoShoppers) {
			t.Errorf("staff on two shoppers = %v", err)
		}
		m.clean()
	})
}

// A unionid that leads to another member than the openid does joins the two, into the one who shops.
func TestAUnionIDJoinsFollowerAndShopper(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		m, ctx := newMergeShop(t, d, clock), context.Background()
		shopper := m.shopper("open-1")
		var follower model.MemberID
		m.ok(d.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			follower, err = m.Members.FollowTx(ctx, tx, members.Follow{OpenID: "oa-1", UnionID: "union-1", At: tx.Now})
			return err
		}))
		clock.Advance(time.Minute)
		m.ok(d.Do(ctx, func(ctx context.Context, tx *db.Tx) error { return m.Merges.SamePersonTx(ctx, tx, shopper, follower) }))
		m.clean()
		if heir, err := m.Members.Heir(ctx, follower); err != nil || heir != shopper {
			t.Fatalf("the follower is %d, %v; want %d", heir, err, shopper)
		}
		if v, err := m.Members.Member(ctx, shopper); err != nil || !v.Follower {
			t.Errorf("the shopper = %+v, %v", v, err)
		}
	})
}

// Somebody else than who asked decides, once, with a note to refuse; bad input is refused before anything is read.
func TestMergesNeedASecondLook(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	m, ctx := newMergeShop(t, d, clock), context.Background()
	a, b := m.person(members.Ref{Phone: mergePhone + "4"}), m.person(members.Ref{Phone: mergePhone + "5"})
	for name, in := range map[string]merges.Ask{
		"himself": {Staff: asker, From: a, To: a, Reason: "x"}, "nobody": {Staff: asker, From: 0, To: b, Reason: "x"},
		"no reason": {Staff: asker, From: a, To: b, Reason: " "}, "a long reason": {Staff: asker, From: a, To: b, Reason: string(make([]byte, 900))},
	} {
		if _, err := m.Merges.Ask(ctx, in); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s = %v", name, err)
		}
	}
	if _, err := m.Merges.Ask(ctx, merges.Ask{Staff: asker, From: a, To: 999, Reason: "x"}); !errors.Is(err, members.ErrUnknown) {
		t.Errorf("an unknown member = %v", err)
	}
	q, err := m.Merges.Ask(ctx, merges.Ask{Staff: asker, From: a, To: b, Reason: "核对过"})
	m.ok(err)
	if _, err := m.Merges.Ask(ctx, merges.Ask{Staff: decider, From: b, To: a, Reason: "反过来"}); !errors.Is(err, merges.ErrPending) {
		t.Errorf("the same pair the other way round = %v", err)
	}
	if _, err := m.Merges.Approve(ctx, merges.Decide{Staff: asker, Request: q.ID}); !errors.Is(err, merges.ErrSelfDecision) {
		t.Errorf("approved by who asked = %v", err)
	}
	if _, err := m.Merges.Refuse(ctx, merges.Decide{Staff: decider, Request: q.ID}); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("refused without a note = %v", err)
	}
	if _, err := m.Merges.Refuse(ctx, merges.Decide{Staff: decider, Request: q.ID, Note: "不是"}); err != nil {
		t.Error(err)
	}
	if _, err := m.Merges.Approve(ctx, merges.Decide{Staff: decider, Request: q.ID}); !errors.Is(err, merges.ErrDecided) {
		t.Errorf("approved after it was refused = %v", err)
	}
	if _, err := m.Merges.Approve(ctx, merges.Decide{Staff: decider, Request: 999}); !errors.Is(err, merges.ErrRequestUnknown) {
		t.Errorf("an unknown request = %v", err)
	}
	if _, err := m.Merges.Split(ctx, merges.Split{Staff: asker, Merge: 999, Reason: "x"}); !errors.Is(err, merges.ErrUnknown) {
		t.Errorf("split of an unknown merge = %v", err)
	}
	p, err := m.Merges.Preview(ctx, a, b)
	m.ok(err)
	if p.Against != nil || !p.TwoPhones || len(p.Parts) < 30 {
		t.Errorf("preview = %+v", p)
	}
	c := m.person(members.Ref{Phone: mergePhone + "6"})
	first, second := m.merge(a, b), m.merge(b, c)
	if _, err := m.Merges.Split(ctx, merges.Split{Staff: asker, Merge: first, Reason: "x"}); !errors.Is(err, merges.ErrSplitOrder) {
		t.Errorf("split in the middle of a chain = %v", err)
	}
	if heir, _ := m.Members.Heir(ctx, a); heir != c {
		t.Errorf("the heir of a chain = %d, want %d", heir, c)
	}
	m.split(second)
	if heir, _ := m.Members.Heir(ctx, a); heir != b {
		t.Errorf("the heir after the second split = %d, want %d", heir, b)
	}
	m.split(first)
	m.clean()
}

// T23: after a merge and after a split nobody goes on with a session of before.
func TestT23SessionsEndWithAMergeAndASplit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		m, ctx := newMergeShop(t, d, clock), context.Background()
		a, b := m.person(members.Ref{Phone: mergePhone + "7"}), m.shopper("open-1")
		open := func(id model.MemberID) (n int64) {
			m.ok(d.Read(ctx, func(_ context.Context, tx *db.Tx) error {
				return tx.Gorm().Model(&model.MemberSession{}).Where("member_id = ? AND revoked_at IS NULL", id).Count(&n).Error
			}))
			return n
		}
		signIn := func(id model.MemberID, hash string) {
			m.ok(d.Do(ctx, func(_ context.Context, tx *db.Tx) error {
				return tx.Gorm().Create(&model.MemberSession{TokenHash: hash, MemberID: id, CreatedAt: tx.Now, SeenAt: tx.Now, ExpiresAt: tx.Now.Add(time.Hour)}).Error
			}))
		}
		signIn(a, "a")
		signIn(b, "b")
		id := m.merge(a, b)
		if open(a) != 0 || open(b) != 1 {
			t.Errorf("after the merge: %d and %d sessions", open(a), open(b))
		}
		m.split(id)
		if open(a)+open(b) != 0 {
			t.Errorf("after the split: %d and %d sessions", open(a), open(b))
		}
	})
}

// Rows that are written for the emptied member while the merge is made follow it.
func TestWhatComesLateFollows(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	m, ctx := newMergeShop(t, d, clock), context.Background()
	a, b := m.person(members.Ref{Phone: mergePhone + "8"}), m.shopper("open-1")
	id := m.merge(a, b)
	if _, err := m.Coupons.Claim(ctx, coupons.Claim{Member: a, Template: m.template}); err != nil { // by a session that was believed for a second
		t.Fatal(err)
	}
	clock.Advance(11 * time.Second)
	m.clean()
	if got := m.state(b)["coupons"]; len(got) != 1 {
		t.Errorf("the survivor's coupons = %v", got)
	}
	m.split(id)
	if got := m.state(a)["coupons"]; len(got) != 1 {
		t.Errorf("the coupon did not go back: %v", got)
	}
	m.clean()
}

// Claims, spends and orders of both race with their merge: nothing is lost or doubled.
func TestMergeRacesWithBusiness(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		m, ctx := newMergeShop(t, d, clock), context.Background()
		a, b := m.person(members.Ref{Phone: mergePhone + "9"}), m.shopper("open-1")
		for _, id := range []model.MemberID{a, b} {
			_, err := m.buys(id, 1000_00, "")
			m.ok(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		spent := model.Points(0)
		start := make(chan struct{})
		run := func(f func()) { wg.Add(1); go func() { defer wg.Done(); <-start; f() }() }
		for i := range 32 {
			id := []model.MemberID{a, b}[i%2]
			run(func() {
				_, fresh, err := m.Points.Spend(ctx, points.Spend{Member: id, Points: 10, Reason: model.PointsForCash, Source: fmt.Sprintf("spend:%d", i)})
				if err == nil && fresh {
					mu.Lock()
					spent += 10
					mu.Unlock()
				} else if fault.Of(err) == nil {
					t.Errorf("spend: %v", err)
				}
			})
			run(func() {
				if _, err := m.Coupons.Claim(ctx, coupons.Claim{Member: id, Template: m.template}); err != nil && fault.Of(err) == nil {
					t.Errorf("claim: %v", err)
				}
			})
		}
		run(func() {
			if _, err := m.staffMerge(a, b); err != nil {
				t.Errorf("merge: %v", err)
			}
		})
		close(start)
		wg.Wait()
		clock.Advance(time.Minute)
		m.clean()
		bal, err := m.Points.Balance(ctx, b)
		m.ok(err)
		if bal.Active != 2000-spent {
			t.Errorf("points = %d after spending %d of 2000", bal.Active, spent)
		}
	})
}

// A merge that fails at any part changes nothing at all: it is one transaction.
func TestAMergeThatFailsHalfwayChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		m, ctx := newMergeShop(t, d, clock), context.Background()
		a, b := m.person(members.Ref{Phone: mergePhone + "0", UnionID: "u"}), m.shopper("open-1")
		m.furnish(a, 400_00)
		m.furnish(b, 100_00)
		wasA, wasB := m.state(a), m.state(b)
		q, err := m.Merges.Ask(ctx, merges.Ask{Staff: asker, From: a, To: b, Reason: "核对过"})
		m.ok(err)
		parts := m.mergeParts()
		boom := errors.New("the machine stops here")
		for stop := range parts {
			cut := slices.Clone(parts)
			cut[stop].Join = failing(cut[stop].Join, boom)
			broken := merges.New(merges.Deps{DB: d, Members: m.Members, Queue: jobs.New(d, slog.New(slog.DiscardHandler)), Parts: cut})
			if _, err := broken.Approve(ctx, merges.Decide{Staff: decider, Request: q.ID}); !errors.Is(err, boom) {
				t.Fatalf("stopped after %s: %v", parts[stop].Name(), err)
			}
		}
		m.same("a", m.state(a), wasA)
		m.same("b", m.state(b), wasB)
		m.clean()
		_, err = m.Merges.Approve(ctx, merges.Decide{Staff: decider, Request: q.ID})
		m.ok(err)
		m.clean()
	})
}

// Random lives of three members with merges and splits: all invariants hold, and no merge or split makes or loses points, coupons, orders or
// money. A life has a database of its own, so few of them are lived unless -rapid.checks says otherwise.
func TestRandomLivesWithMergesAndSplits(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("6"); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		d, clock := dbtest.SQLite(t)
		defer d.Close()
		m := newMergeShop(t, d, clock)
		ctx := context.Background()
		people := []model.MemberID{m.person(members.Ref{Phone: mergePhone + "1"}), m.person(members.Ref{Phone: mergePhone + "2", UnionID: "u2"}), m.shopper("open-3")}
		var held []model.MergeID
		total := func() (out [4]int64) {
			for i, q := range []string{`SELECT COALESCE(SUM(active + pending + held - debt), 0) FROM points_accounts`, `SELECT COUNT(*) FROM coupons`,
				`SELECT COALESCE(SUM(orders), 0) FROM members`, `SELECT COALESCE(SUM(total_fen), 0) FROM members`} {
				m.ok(d.Read(ctx, func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Raw(q).Scan(&out[i]).Error }))
			}
			return out
		}
		who := func() model.MemberID {
			id, err := m.Members.Heir(ctx, rapid.SampledFrom(people).Draw(rt, "who"))
			m.ok(err)
			return id
		}
		fine := func(err error) {
			if err != nil && fault.Of(err) == nil {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(8, 24).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0, 1:
				_, err := m.buys(who(), model.Fen(rapid.IntRange(1, 400).Draw(rt, "yuan"))*100, "")
				fine(err)
			case 2:
				_, err := m.Coupons.Claim(ctx, coupons.Claim{Member: who(), Template: m.template})
				fine(err)
			case 3:
				id := who()
				list, _, err := m.Coupons.Held(ctx, id, db.Page{})
				m.ok(err)
				for _, c := range list {
					if c.State == model.CouponIssued {
						_, err := m.buys(id, 100_00, string(c.ID))
						fine(err)
						break
					}
				}
			case 4:
				_, err := m.Mall.Redeem(ctx, mall.Redeem{Member: who(), Gift: m.gift})
				fine(err)
			case 5:
				list, _, err := m.Mall.Redemptions(ctx, who(), db.Page{})
				m.ok(err)
				if len(list) > 0 {
					m.n++
					_, err := m.Mall.Cancel(ctx, mall.Cancel{Staff: asker, Redemption: list[0].ID, Note: "不要了", Key: db.Key{Scope: "test", Key: fmt.Sprint(m.n)}})
					fine(err)
				}
			case 6:
				m.n++
				id, source := who(), fmt.Sprintf("days:%d", m.n)
				fine(d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
					_, _, err := m.Memberships.GrantDaysTx(ctx, tx, memberships.GiftDays{Member: id, Plan: m.plan, Days: int64(rapid.IntRange(1, 40).Draw(rt, "days")), Source: source})
					return err
				}))
			case 7:
				clock.Advance(time.Duration(rapid.IntRange(1, 30).Draw(rt, "days later")) * 24 * time.Hour)
				_, err := m.Earning.CheckIn(ctx, who())
				fine(err)
			case 8:
				from, to := who(), who()
				if from == to {
					continue
				}
				before := total()
				q, err := m.staffMerge(from, to)
				fine(err)
				if err == nil {
					held = append(held, q.Merge)
				} else if waiting, _, _ := m.Merges.Requests(ctx, model.MergeWaiting, db.Page{}); len(waiting) > 0 {
					_, err := m.Merges.Refuse(ctx, merges.Decide{Staff: decider, Request: waiting[0].ID, Note: "不行"})
					fine(err)
				}
				if after := total(); after != before {
					t.Errorf("a merge changed the sums of points, coupons, orders, money from %v to %v", before, after)
				}
				m.clean()
			case 9:
				if len(held) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(held)-1).Draw(rt, "which")
				before := total()
				_, err := m.Merges.Split(ctx, merges.Split{Staff: asker, Merge: held[i], Reason: "认错了人"})
				fine(err)
				if err == nil {
					held = slices.Delete(held, i, i+1)
				}
				if after := total(); after != before {
					t.Errorf("a split changed the sums of points, coupons, orders, money from %v to %v", before, after)
				}
				m.clean()
			}
		}
		m.clean()
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// failing runs a part and then fails.
func failing(join func(context.Context, *db.Tx, moves.Merge) error, with error) func(context.Context, *db.Tx, moves.Merge) error {
	return func(ctx context.Context, tx *db.Tx, m moves.Merge) error {
		if join != nil {
			if err := join(ctx, tx, m); err != nil {
				return err
			}
		}
		return with
	}
}

// Each thing that must never be untrue about merges is seen when it is.
func TestMergeInvariantsSeeWhatIsBroken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		m, ctx := newMergeShop(t, d, clock), context.Background()
		a, b := m.person(members.Ref{Phone: mergePhone + "1"}), m.shopper("open-b")
		c, e := m.person(members.Ref{Phone: mergePhone + "2"}), m.person(members.Ref{Phone: mergePhone + "3"})
		for _, id := range []model.MemberID{a, b} {
			_, err := m.buys(id, 100_00, "")
			m.ok(err)
		}
		m.merge(a, b)
		m.split(m.merge(c, e))
		clock.Advance(2 * time.Hour)
		m.clean()
		for _, tt := range []struct {
			want, statement string
			args            []any
		}{
			{"members.merged", "UPDATE members SET merged_into = ? WHERE id = ?", []any{e, c}},
			{"members.merged", "UPDATE members SET merged_into = NULL WHERE id = ?", []any{a}},
			{"members.merged", "DELETE FROM member_kin WHERE member_id = ?", []any{a}},
			{"merges.split", "UPDATE merges SET split_reason = '' WHERE from_member = ?", []any{c}},
			{"merges.decided", "UPDATE merges SET decided_by = asked_by WHERE from_member = ?", []any{a}},
			{"merges.trail", "UPDATE audit_trail SET action = 'x' WHERE action = 'members.merge'", nil},
			{"merges.record", "UPDATE merge_moves SET back_at = at WHERE merge_id = (SELECT id FROM merges WHERE from_member = ?)", []any{a}},
			{"merges.behind", "UPDATE messages SET member_id = ? WHERE member_id = ?", []any{a, b}},
			{"points.merges", "UPDATE points_accounts SET active = active + 1 WHERE member_id = ?", []any{a}},
			{"orders.points", "UPDATE orders SET member_id = ? WHERE member_id = ?", []any{e, b}},
		} {
			undo := errors.New("undo")
			err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
				if tt.want == "merges.behind" {
					if err := tx.Gorm().Create(&model.MemberOpenID{MemberID: a, AppID: "wxoa", OpenID: "late", CreatedAt: tx.Now}).Error; err != nil {
						return err
					}
				} else if err := tx.Gorm().Exec(tt.statement, tt.args...).Error; err != nil {
					return err
				}
				tripped := false
				for _, inv := range m.Invariants() {
					v, err := inv.Check(ctx, tx)
					if err != nil {
						return err
					}
					tripped = tripped || inv.ID == tt.want && len(v) > 0
				}
				if !tripped {
					t.Errorf("%s does not see %s", tt.want, tt.statement)
				}
				return undo
			})
			if !errors.Is(err, undo) {
				t.Fatal(err)
			}
		}
	})
}

// Whoever went into another member gets no gift, no reminder and no benefit any more, and nobody's work by the clock stumbles over him.
func TestAnEmptiedMemberIsLeftAlone(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	m, ctx := newMergeShop(t, d, clock), context.Background()
	a, b := m.person(members.Ref{Phone: mergePhone + "1"}), m.shopper("open-b")
	m.furnish(a, 100_00)
	m.furnish(b, 100_00)
	born := model.BirthDate{Month: time.December, Day: 1}
	m.ok(m.Members.SetBirthday(ctx, a, born))
	m.ok(m.Members.SetBirthday(ctx, b, born))
	m.merge(a, b)
	var at map[model.MemberID]model.Address
	m.ok(d.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		at, err = m.Members.AddressesTx(ctx, tx, []model.MemberID{a}, true)
		return err
	}))
	if at[a].MiniOpenID != "open-b" || at[a].Phone != "+86"+mergePhone+"1" { // a message that was on its way reaches him
		t.Errorf("the emptied member is reached at %+v", at)
	}
	day, err := model.ParseDay("2026-12-01")
	m.ok(err)
	if list, err := m.Members.BirthdaysOn(ctx, day, 0, 10); err != nil || !slices.Equal(list, []model.MemberID{b}) {
		t.Errorf("birthdays = %v, %v; want %d", list, err, b)
	}
	ids := func(f func(ctx context.Context, tx *db.Tx) ([]model.MemberID, error)) (out []model.MemberID) {
		m.ok(d.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) { out, err = f(ctx, tx); return err }))
		return out
	}
	for name, list := range map[string][]model.MemberID{
		"everybody": ids(func(ctx context.Context, tx *db.Tx) ([]model.MemberID, error) {
			return m.Members.IDsAfterTx(ctx, tx, 0, 100)
		}),
		"buyers": ids(func(ctx context.Context, tx *db.Tx) ([]model.MemberID, error) {
			since := dbtest.Start.Add(-time.Hour)
			return m.Members.SelectTx(ctx, tx, members.Filter{BoughtSince: &since}, 0, 100)
		}),
	} {
		if !slices.Equal(list, []model.MemberID{b}) {
			t.Errorf("%s = %v, want %d", name, list, b)
		}
	}
	for range 40 { // over the end of the card, day by day
		clock.Advance(24 * time.Hour)
		m.clean()
	}
	var dead, told int64 // the jobs that talk to WeChat find none here
	m.ok(d.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		if err := tx.Gorm().Model(&model.Job{}).Where("attempts > 1 AND kind NOT IN ('tags.sync', 'followers.run')").Count(&dead).Error; err != nil {
			return err
		}
		return tx.Gorm().Model(&model.Message{}).Where("member_id = ?", a).Count(&told).Error
	}))
	if dead != 0 || told != 0 {
		t.Errorf("%d jobs failed, %d messages went to the emptied member", dead, told)
	}
}
