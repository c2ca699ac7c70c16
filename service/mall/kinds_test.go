package mall_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/coupons"
	"huitou/service/facts"
	"huitou/service/jobs"
	"huitou/service/mall"
	"huitou/service/memberships"
	"huitou/service/messages"
	"huitou/service/payments"
	"huitou/service/points"
	"huitou/wechat"
)

const (
	miniApp = "wxa1b2c3d4e5f60718"
	mchID   = "1900000109"
)

// weChat is a WeChat Pay in memory that several instances share.
type weChat struct {
	mu     sync.Mutex
	orders map[string]*wechat.Transaction
	clock  *dbtest.Clock
	down   bool
}

func (w *weChat) Prepay(_ context.Context, in wechat.Prepay) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return "", errors.New("no route to WeChat")
	}
	if _, known := w.orders[in.OutTradeNo]; !known {
		w.orders[in.OutTradeNo] = &wechat.Transaction{AppID: miniApp, MchID: mchID, OutTradeNo: in.OutTradeNo,
			TradeState: wechat.TradeNotPaid, TotalFen: in.TotalFen, Currency: "CNY", PayerOpenID: in.PayerOpenID}
	}
	return "wx" + in.OutTradeNo, nil
}

func (w *weChat) Params(prepayID string) (wechat.PayParams, error) {
	return wechat.PayParams{AppID: miniApp, Package: "prepay_id=" + prepayID, SignType: "RSA"}, nil
}

func (w *weChat) Query(_ context.Context, no string) (wechat.Transaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return wechat.Transaction{}, errors.New("no route to WeChat")
	}
	if t, known := w.orders[no]; known {
		return *t, nil
	}
	return wechat.Transaction{}, &wechat.PayError{HTTPStatus: http.StatusNotFound, Code: wechat.PayOrderNotExist}
}

func (w *weChat) Close(_ context.Context, no string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return errors.New("no route to WeChat")
	}
	if t, known := w.orders[no]; known && t.TradeState == wechat.TradeNotPaid {
		t.TradeState = wechat.TradeClosed
	}
	return nil
}

// pay is what a shopper does in WeChat, whatever we think of the order.
func (w *weChat) pay(no string) wechat.Transaction {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.orders[no]
	t.TradeState, t.TransactionID, t.SuccessTime = wechat.TradeSuccess, "42000"+no[2:], w.clock.Now()
	return *t
}

type silent struct{}

func (silent) EnqueueTx(context.Context, *db.Tx, messages.Message) (bool, error) { return true, nil }

// store is a mall with everything: payments, memberships, tiers.
type store struct {
	*shop
	queue       *jobs.Queue
	we          *weChat
	payments    *payments.Service
	memberships *memberships.Service
	high        atomic.Int64 // members up to this number are of the level "gold"
}

const gold model.PublicID = "goldgoldgoldgoldgoldgold"

func openStore(t *testing.T, d *db.DB, clock *dbtest.Clock, we *weChat) *store {
	s := &store{shop: &shop{t: t, db: d, clock: clock}, we: we}
	log := slog.New(slog.DiscardHandler)
	s.queue = jobs.New(d, log)
	f := facts.New(s.queue)
	s.points = points.New(points.Deps{DB: d})
	s.coupons = coupons.New(coupons.Deps{DB: d, Members: everybody{}, Log: log})
	s.payments = payments.New(payments.Deps{DB: d, Gateway: we, Queue: s.queue, Facts: f, Log: log, AppID: miniApp, MchID: mchID,
		NotifyURL: "https://shop.example/wechat/pay/notices/payment",
		Payer: func(_ context.Context, _ *db.Tx, m model.MemberID) (string, error) {
			return fmt.Sprint("oShopper", m), nil
		}})
	s.memberships = memberships.New(memberships.Deps{DB: d, Members: everybody{}, Payments: s.payments, Coupons: s.coupons, Messages: silent{},
		Queue: s.queue, Facts: f, Log: log})
	s.Service = mall.New(mall.Deps{DB: d, Points: s.points, Coupons: s.coupons, Payments: s.payments, Queue: s.queue, Key: make([]byte, 32),
		Members: everybody{},
		GiveDays: func(ctx context.Context, tx *db.Tx, in mall.Days) error {
			_, _, err := s.memberships.GrantDaysTx(ctx, tx, memberships.GiftDays{Member: in.Member, Plan: in.Plan, Days: in.Days, Source: in.Source})
			return err
		},
		AtLeast: func(_ context.Context, _ *db.Tx, level model.PublicID, of []model.MemberID) (map[model.MemberID]bool, error) {
			if level != gold {
				return nil, fault.ErrInvalid
			}
			high := map[model.MemberID]bool{}
			for _, m := range of {
				high[m] = int64(m) <= s.high.Load()
			}
			return high, nil
		}})
	facts.Subscribe(f, "mall.confirm", s.Confirm)
	facts.Subscribe(f, "memberships.activate", s.memberships.Activate)
	return s
}

func eachStore(t *testing.T, f func(t *testing.T, s *store)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := openStore(t, d, clock, &weChat{orders: map[string]*wechat.Transaction{}, clock: clock})
		f(t, s)
		s.sound()
	})
}

// onSQLite is for what the kind of database does not matter to.
func onSQLite(t *testing.T, f func(t *testing.T, s *store)) {
	t.Parallel()
	d, clock := dbtest.SQLite(t)
	s := openStore(t, d, clock, &weChat{orders: map[string]*wechat.Transaction{}, clock: clock})
	f(t, s)
	s.sound()
}

func twoStores(t *testing.T, f func(t *testing.T, s [2]*store)) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock, o := dbtest.NewClock(), dbtest.Empty(t, driver)
			we := &weChat{orders: map[string]*wechat.Transaction{}, clock: clock}
			s := [2]*store{openStore(t, dbtest.Reopen(t, o, clock), clock, we), openStore(t, dbtest.Reopen(t, o, clock), clock, we)}
			f(t, s)
			s[0].sound()
		})
	}
}

// sound checks the invariants of everything that takes part.
func (s *store) sound() {
	s.t.Helper()
	all := append(append(mall.Invariants(), points.Invariants()...), append(payments.Invariants(), memberships.Invariants()...)...)
	broken, err := audit.Run(context.Background(), s.db, all)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, b := range broken {
		if b.ID != "memberships.message" { // messages are silent here
			s.t.Errorf("%s (%s): %v", b.ID, b.Says, b.Violations)
		}
	}
}

func (s *store) run() {
	s.t.Helper()
	if _, err := s.queue.RunDue(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}

// cash is a gift of 100 points and 9.90 yuan.
func (s *store) cash(change func(*mall.NewGift)) mall.Gift {
	s.t.Helper()
	return s.gift(func(in *mall.NewGift) {
		in.Cash = 990
		if change != nil {
			change(in)
		}
	})
}

// codes is a gift of codes with a pool.
func (s *store) codes(pool ...string) mall.Gift {
	s.t.Helper()
	g := s.gift(func(in *mall.NewGift) { in.Kind, in.Stock = model.GiftCode, 0 })
	if len(pool) == 0 {
		return g
	}
	got, err := s.UploadCodes(context.Background(), mall.UploadCodes{Staff: 7, Gift: g.ID, Codes: pool})
	if err != nil {
		s.t.Fatal(err)
	}
	return got.Gift
}

func (s *store) plan(unit model.PlanUnit, length int) model.PublicID {
	s.t.Helper()
	p, err := s.memberships.CreatePlan(context.Background(), memberships.NewPlan{Staff: 7, Name: "茶友卡", Price: 9900, ListPrice: 9900, Unit: unit,
		Length: length, PointsMultiplier: 20000, PercentOff: 500, OnSale: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return p.ID
}

// payFor pays a redemption in WeChat and lets the notice come in; everything reacts.
func (s *store) payFor(r mall.Redemption) payments.Outcome {
	s.t.Helper()
	out := s.notice(r)
	s.run()
	return out
}

func (s *store) notice(r mall.Redemption) payments.Outcome {
	s.t.Helper()
	o, err := s.payments.Order(context.Background(), r.PayOrder)
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := s.payments.Apply(context.Background(), s.we.pay(o.OutTradeNo), payments.Notify)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *store) payState(r mall.Redemption) model.PayState {
	s.t.Helper()
	o, err := s.payments.Order(context.Background(), r.PayOrder)
	if err != nil {
		s.t.Fatal(err)
	}
	return o.State
}

func (s *store) now(r mall.Redemption) mall.Redemption {
	s.t.Helper()
	got, err := s.Redemption(context.Background(), r.Member, r.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func (s *store) is(r mall.Redemption, want model.RedemptionState) {
	s.t.Helper()
	if got := s.now(r).State; got != want {
		s.t.Errorf("redemption %s is %s, want %s", r.ID, got, want)
	}
}

var home = mall.Address{Name: "王小明", Phone: "13800138000", Province: "浙江省", City: "杭州市", District: "西湖区", Detail: "龙井路 1 号 101 室"}

func (s *store) sendTo(m model.MemberID, g model.PublicID, k string, to *mall.Address) (mall.Redemption, error) {
	return s.Redeem(context.Background(), mall.Redeem{Member: m, Gift: g, Address: to, Key: key(m, k)})
}

func TestGoods(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		s.give(1, 1000)
		g := s.gift(func(in *mall.NewGift) { in.Kind = model.GiftGoods })
		if _, err := s.redeem(1, g.ID, "no-address"); !errors.Is(err, mall.ErrAddressMissing) {
			t.Errorf("goods without an address = %v", err)
		}
		bad := map[string]func(*mall.Address){
			"no name": func(a *mall.Address) { a.Name = "  " }, "a long name": func(a *mall.Address) { a.Name = strings.Repeat("王", 31) },
			"full-width digits": func(a *mall.Address) { a.Phone = "\uff11\uff13800138000" }, "a short phone": func(a *mall.Address) { a.Phone = "12345" },
			"no province": func(a *mall.Address) { a.Province = "" }, "no city": func(a *mall.Address) { a.City = "" },
			"no street": func(a *mall.Address) { a.Detail = "" }, "two lines": func(a *mall.Address) { a.Detail = "龙井路\n1 号" },
			"broken text": func(a *mall.Address) { a.Name = "\xff" },
		}
		for name, spoil := range bad {
			to := home
			spoil(&to)
			if _, err := s.sendTo(1, g.ID, "bad", &to); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("%s = %v", name, err)
			}
		}
		s.has(1, 1000)
		r, err := s.sendTo(1, g.ID, "tap-1", &home)
		if err != nil || r.State != model.RedemptionConfirmed {
			t.Fatalf("Redeem = %+v, %v", r, err)
		}
		if got := s.now(r).Address; got == nil || *got != home {
			t.Errorf("address = %+v", got)
		}
		if s.count("SELECT COUNT(*) FROM redemptions WHERE address LIKE '%13800138000%'") != 0 ||
			s.count("SELECT COUNT(*) FROM idempotency_keys WHERE reply LIKE '%13800138000%'") != 0 {
			t.Error("the address is stored in the clear")
		}
		if _, err := s.Arrived(ctx, 1, r.ID); !errors.Is(err, mall.ErrNotShipped) {
			t.Errorf("Arrived before it was sent = %v", err)
		}
		ship := mall.Ship{Staff: 7, Redemption: r.ID, Carrier: "顺丰速运", Number: "SF1234567890", Key: db.Key{Scope: "staff:7", Key: "s1"}}
		for _, in := range []mall.Ship{{Redemption: r.ID, Carrier: "", Number: "SF123456"}, {Redemption: r.ID, Carrier: "顺丰", Number: "SF 12"},
			{Redemption: r.ID, Carrier: "顺丰", Number: "SF1"}} {
			if _, err := s.Ship(ctx, in); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("Ship %+v = %v", in, err)
			}
		}
		for i := range 2 {
			if got, err := s.Ship(ctx, ship); err != nil || got.State != model.RedemptionShipped || got.Tracking != "SF1234567890" || got.Replayed != (i > 0) {
				t.Errorf("Ship = %+v, %v", got, err)
			}
		}
		ship.Key = db.Key{}
		if _, err := s.Ship(ctx, ship); !errors.Is(err, mall.ErrShipped) {
			t.Errorf("Ship once more = %v", err)
		}
		if _, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: r.ID, Note: "缺货"}); !errors.Is(err, mall.ErrShipped) {
			t.Errorf("Cancel of what was sent = %v", err)
		}
		if _, err := s.Arrived(ctx, 2, r.ID); !errors.Is(err, mall.ErrRedemptionUnknown) {
			t.Errorf("Arrived by another member = %v", err)
		}
		for range 2 {
			if got, err := s.Arrived(ctx, 1, r.ID); err != nil || got.State != model.RedemptionCompleted || got.CompletedAt == nil {
				t.Errorf("Arrived = %+v, %v", got, err)
			}
		}
		forgotten, err := s.sendTo(1, g.ID, "tap-2", &home)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Ship(ctx, mall.Ship{Staff: 7, Redemption: forgotten.ID, Carrier: "圆通", Number: "YT123456"}); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(14 * 24 * time.Hour)
		if err := s.CompleteArrived(ctx); err != nil {
			t.Fatal(err)
		}
		s.is(forgotten, model.RedemptionShipped)
		s.clock.Advance(25 * time.Hour)
		if err := s.CompleteArrived(ctx); err != nil {
			t.Fatal(err)
		}
		s.is(forgotten, model.RedemptionCompleted)
		pickup := s.mustRedeem(1, s.gift(nil).ID, "tap-3")
		if _, err := s.Ship(ctx, mall.Ship{Staff: 7, Redemption: pickup.ID, Carrier: "圆通", Number: "YT123456"}); !errors.Is(err, mall.ErrNotGoods) {
			t.Errorf("Ship of a pick-up = %v", err)
		}
	})
}

func (s *store) count(query string) (n int) {
	s.t.Helper()
	err := s.db.Read(context.Background(), func(_ context.Context, tx *db.Tx) error { return tx.Gorm().Raw(query).Scan(&n).Error })
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// T33: a code is seen by its member only, once; the answer that got lost can be asked for again with the same key.
func TestCodesAreRevealedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		s.give(3, 1000)
		g := s.codes("CARD-AAAA", "CARD-BBBB")
		again, err := s.UploadCodes(ctx, mall.UploadCodes{Staff: 7, Gift: g.ID, Codes: []string{"CARD-BBBB", "CARD-CCCC", "CARD-CCCC"}})
		if err != nil || again.Added != 1 || again.Known != 2 || again.Gift.Stock != 3 {
			t.Errorf("UploadCodes = %+v, %v", again, err)
		}
		if s.count("SELECT COUNT(*) FROM gift_codes WHERE sealed LIKE '%CARD%' OR code_hash LIKE '%CARD%'") != 0 {
			t.Error("a code is stored in the clear")
		}
		r := s.mustRedeem(1, g.ID, "tap-1")
		if r.State != model.RedemptionConfirmed || r.Code != "" {
			t.Errorf("redemption = %+v", r)
		}
		if _, err := s.Reveal(ctx, mall.Reveal{Member: 2, Redemption: r.ID, Key: key(2, "look")}); !errors.Is(err, mall.ErrRedemptionUnknown) {
			t.Errorf("another member's code = %v", err)
		}
		first, err := s.Reveal(ctx, mall.Reveal{Member: 1, Redemption: r.ID, Key: key(1, "look")})
		if err != nil || first.Code != "CARD-AAAA" || first.Replayed {
			t.Fatalf("Reveal = %+v, %v", first, err)
		}
		if got, err := s.Reveal(ctx, mall.Reveal{Member: 1, Redemption: r.ID, Key: key(1, "look")}); err != nil || got.Code != first.Code || !got.Replayed || !got.At.Equal(first.At) {
			t.Errorf("the same request again = %+v, %v", got, err)
		}
		for _, k := range []db.Key{key(1, "other"), {}} {
			if got, err := s.Reveal(ctx, mall.Reveal{Member: 1, Redemption: r.ID, Key: k}); !errors.Is(err, mall.ErrRevealed) || got.Code != "" {
				t.Errorf("another request = %+v, %v", got, err)
			}
		}
		second := s.mustRedeem(1, g.ID, "tap-2")
		if _, err := s.Reveal(ctx, mall.Reveal{Member: 1, Redemption: second.ID, Key: key(1, "look")}); !errors.Is(err, db.ErrKeyReused) {
			t.Errorf("the key of another code = %v", err)
		}
		if s.count("SELECT COUNT(*) FROM idempotency_keys WHERE reply LIKE '%CARD-%'") != 0 {
			t.Error("a code is kept among the replies")
		}
		if _, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: r.ID, Note: "误兑"}); !errors.Is(err, mall.ErrFulfilled) {
			t.Errorf("Cancel of a code that was seen = %v", err)
		}
		if _, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: second.ID, Note: "误兑"}); err != nil {
			t.Errorf("Cancel of a code that nobody saw = %v", err)
		}
		if _, err := s.Reveal(ctx, mall.Reveal{Member: 1, Redemption: second.ID, Key: key(1, "look-2")}); !errors.Is(err, mall.ErrCancelled) {
			t.Errorf("the code of a cancelled redemption = %v", err)
		}
		if got, err := s.Reveal(ctx, mall.Reveal{Member: 1, Redemption: s.mustRedeem(1, s.gift(nil).ID, "tap-3").ID, Key: key(1, "look-3")}); !errors.Is(err, mall.ErrNotACode) {
			t.Errorf("the code of a pick-up = %+v, %v", got, err)
		}
		s.mustRedeem(2, g.ID, "tap-1")
		s.mustRedeem(2, g.ID, "tap-2")
		if _, err := s.redeem(3, g.ID, "tap-1"); !errors.Is(err, mall.ErrPoolDry) {
			t.Errorf("a pool that is dry = %v", err)
		}
		s.has(3, 1000)
		if o := s.offer(3, g.ID); o.WhyNot == nil || o.WhyNot.Code != mall.ErrPoolDry.Code {
			t.Errorf("offer of a dry pool = %+v", o)
		}
	})
}

func TestUploadsAreChecked(t *testing.T) {
	onSQLite(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		g := s.codes()
		many := make([]string, mall.MaxCodes+1)
		for i := range many {
			many[i] = fmt.Sprint("C", i)
		}
		for name, codes := range map[string][]string{"none": nil, "too many": many, "an empty one": {"A", ""}, "blanks": {" A"}, "a long one": {strings.Repeat("A", 201)},
			"two lines": {"A\nB"}, "broken text": {"\xff"}} {
			if _, err := s.UploadCodes(ctx, mall.UploadCodes{Staff: 7, Gift: g.ID, Codes: codes}); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("%s = %v", name, err)
			}
		}
		if _, err := s.UploadCodes(ctx, mall.UploadCodes{Staff: 7, Gift: s.gift(nil).ID, Codes: []string{"A"}}); !errors.Is(err, mall.ErrNoPool) {
			t.Errorf("codes for a pick-up = %v", err)
		}
		if _, err := s.UploadCodes(ctx, mall.UploadCodes{Staff: 7, Gift: "000000000000000000000000", Codes: []string{"A"}}); !errors.Is(err, mall.ErrGiftUnknown) {
			t.Errorf("codes for nothing = %v", err)
		}
		if _, err := s.Restock(ctx, mall.Restock{Staff: 7, Gift: g.ID, Delta: 1}); !errors.Is(err, mall.ErrStockIsPool) {
			t.Errorf("Restock of a pool = %v", err)
		}
		in := mall.UploadCodes{Staff: 7, Gift: g.ID, Codes: many[:mall.MaxCodes], Key: db.Key{Scope: "staff:7", Key: "u1"}}
		for i := range 2 {
			if got, err := s.UploadCodes(ctx, in); err != nil || got.Added != mall.MaxCodes || got.Gift.Stock != mall.MaxCodes || got.Replayed != (i > 0) {
				t.Errorf("UploadCodes = %+v, %v", got, err)
			}
		}
	})
}

func TestDaysOfMembership(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		s.give(2, 1000)
		plan, forever := s.plan(model.PlanMonths, 1), s.plan(model.PlanLifetime, 0)
		g := s.gift(func(in *mall.NewGift) { in.Kind, in.Plan, in.Days = model.GiftMembership, plan, 7 })
		r := s.mustRedeem(1, g.ID, "tap-1")
		if r.State != model.RedemptionFulfilled {
			t.Errorf("redemption = %+v", r)
		}
		s.mustRedeem(1, g.ID, "tap-2")
		if c, err := s.memberships.Current(ctx, 1); err != nil || c.DaysLeft != 14 {
			t.Errorf("the card = %+v, %v", c, err)
		}
		if _, err := s.memberships.Buy(ctx, memberships.Buy{Member: 2, Plan: forever}); err != nil {
			t.Fatal(err)
		}
		s.payFor(mall.Redemption{PayOrder: model.PayOrderID(s.count("SELECT pay_order_id FROM membership_orders"))})
		if _, err := s.redeem(2, g.ID, "tap-1"); !errors.Is(err, memberships.ErrLifetime) {
			t.Errorf("days for a lifetime member = %v", err)
		}
		s.has(2, 1000)
		if o := s.offer(1, g.ID); o.Stock != 8 {
			t.Errorf("stock = %d", o.Stock)
		}
		if _, err := s.redeem(1, s.gift(func(in *mall.NewGift) {
			in.Kind, in.Plan, in.Days = model.GiftMembership, "000000000000000000000000", 7
		}).ID, "tap-3"); !errors.Is(err, memberships.ErrPlanUnknown) {
			t.Errorf("days of a plan that does not exist = %v", err)
		}
		s.has(1, 800)
	})
}

// Days and weeks are the shop's: the limit is free again at midnight in Shanghai, and on Monday.
func TestLimitsPerDayAndWeek(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		s.give(1, 10_000)
		g := s.gift(func(in *mall.NewGift) { in.Stock, in.PerDay, in.PerWeek, in.PerMember = 100, 1, 2, 4 })
		limited := func(k, per string) {
			t.Helper()
			_, err := s.redeem(1, g.ID, k)
			if !errors.Is(err, mall.ErrLimit) || fault.Of(err).Detail["per"] != per {
				t.Errorf("%s: %v, want the limit per %s", k, err, per)
			}
			if o := s.offer(1, g.ID); o.WhyNot == nil || o.WhyNot.Detail["per"] != per {
				t.Errorf("%s: offer says %v", k, o.WhyNot)
			}
		}
		at := func(day, clock string) {
			t.Helper()
			when, err := time.ParseInLocation("2006-01-02 15:04", day+" "+clock, model.Shanghai)
			if err != nil {
				t.Fatal(err)
			}
			s.clock.Set(when)
		}
		at("2026-11-25", "23:59") // a Wednesday
		r := s.mustRedeem(1, g.ID, "wed")
		limited("wed-2", "day")
		if _, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: r.ID, Note: "误兑"}); err != nil {
			t.Fatal(err)
		}
		s.mustRedeem(1, g.ID, "wed-3") // the slots came back
		at("2026-11-26", "00:00")
		s.mustRedeem(1, g.ID, "thu")
		at("2026-11-29", "23:59")
		limited("sun", "week")
		at("2026-11-30", "00:00")
		s.mustRedeem(1, g.ID, "mon")
		at("2026-12-01", "12:00")
		s.mustRedeem(1, g.ID, "tue")
		at("2026-12-08", "12:00")
		limited("later", "life")
	})
}

func TestOnlyHighTiers(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store) {
		s.give(2, 1000)
		s.high.Store(1)
		if _, err := s.CreateGift(context.Background(), mall.NewGift{Staff: 7, Name: "茶", Kind: model.GiftPickup, Price: 1, Stock: 1, MinTier: "000000000000000000000000"}); err == nil {
			t.Error("a gift for a level that does not exist was made")
		}
		g := s.gift(func(in *mall.NewGift) { in.MinTier = gold })
		s.mustRedeem(1, g.ID, "tap-1")
		if _, err := s.redeem(2, g.ID, "tap-1"); !errors.Is(err, mall.ErrTier) {
			t.Errorf("a gift for gold = %v", err)
		}
		if o := s.offer(2, g.ID); o.WhyNot == nil || o.WhyNot.Code != mall.ErrTier.Code {
			t.Errorf("offer = %+v", o)
		}
		s.has(2, 1000)
		outs := s.together(g.ID, tap(2, "b"), tap(1, "b"))
		if !errors.Is(outs[0].Err, mall.ErrTier) || outs[1].Err != nil {
			t.Errorf("one batch = %+v", outs)
		}
	})
}

func TestPickUpByQR(t *testing.T) {
	onSQLite(t, func(t *testing.T, s *store) {
		s.give(1, 1000)
		r := s.mustRedeem(1, s.gift(nil).ID, "tap-1")
		if r.QR != "HUITOU-PICKUP:"+r.Code {
			t.Errorf("QR = %q", r.QR)
		}
		got, err := s.PickUp(context.Background(), mall.PickUp{Staff: 7, Code: r.QR, Store: "河坊街店"})
		if err != nil || got.State != model.RedemptionPickedUp || got.Store != "河坊街店" {
			t.Errorf("PickUp = %+v, %v", got, err)
		}
	})
}

func TestStaffLists(t *testing.T) {
	eachStore(t, func(t *testing.T, s *store) {
		ctx := context.Background()
		s.give(2, 1000)
		g := s.gift(func(in *mall.NewGift) { in.Stock, in.LowStock = 3, 1 })
		goods := s.gift(func(in *mall.NewGift) { in.Kind = model.GiftGoods })
		ended := s.gift(nil)
		if _, err := s.End(ctx, 7, ended.ID); err != nil {
			t.Fatal(err)
		}
		s.mustRedeem(1, g.ID, "tap-1")
		s.mustRedeem(2, g.ID, "tap-1")
		sent, err := s.sendTo(2, goods.ID, "tap-2", &home)
		if err != nil {
			t.Fatal(err)
		}
		gifts := func(f mall.GiftFilter) int {
			t.Helper()
			list, _, err := s.AllGifts(ctx, f, db.Page{})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		for _, tt := range []struct {
			f    mall.GiftFilter
			want int
		}{{mall.GiftFilter{}, 3}, {mall.GiftFilter{State: model.GiftEnded}, 1}, {mall.GiftFilter{Kind: model.GiftGoods}, 1}, {mall.GiftFilter{Low: true}, 1}} {
			if n := gifts(tt.f); n != tt.want {
				t.Errorf("gifts %+v: %d, want %d", tt.f, n, tt.want)
			}
		}
		for _, tt := range []struct {
			f    mall.RedemptionFilter
			want int
		}{{mall.RedemptionFilter{}, 3}, {mall.RedemptionFilter{Member: 2}, 2}, {mall.RedemptionFilter{Gift: g.ID}, 2}, {mall.RedemptionFilter{Gift: g.ID, Member: 2}, 1},
			{mall.RedemptionFilter{Kind: model.GiftGoods}, 1}, {mall.RedemptionFilter{State: model.RedemptionCancelled}, 0}} {
			list, _, err := s.AllRedemptions(ctx, tt.f, db.Page{})
			if err != nil || len(list) != tt.want {
				t.Errorf("redemptions %+v: %d, %v; want %d", tt.f, len(list), err, tt.want)
			}
			for _, r := range list {
				if r.Address != nil {
					t.Errorf("a list shows the address of %s", r.ID)
				}
			}
		}
		first, next, err := s.AllRedemptions(ctx, mall.RedemptionFilter{}, db.Page{Limit: 2})
		if err != nil || len(first) != 2 || next == "" || first[0].ID != sent.ID {
			t.Errorf("first page = %d, %q, %v", len(first), next, err)
		}
		if rest, next, err := s.AllRedemptions(ctx, mall.RedemptionFilter{}, db.Page{Limit: 2, Cursor: next}); err != nil || len(rest) != 1 || next != "" {
			t.Errorf("second page = %d, %q, %v", len(rest), next, err)
		}
		if _, _, err := s.AllRedemptions(ctx, mall.RedemptionFilter{Gift: "000000000000000000000000"}, db.Page{}); !errors.Is(err, mall.ErrGiftUnknown) {
			t.Errorf("redemptions of nothing = %v", err)
		}
		if r, err := s.AnyRedemption(ctx, sent.ID, true); err != nil || r.Address == nil || *r.Address != home {
			t.Errorf("AnyRedemption = %+v, %v", r, err)
		}
		if r, err := s.AnyRedemption(ctx, sent.ID, false); err != nil || r.Address != nil {
			t.Errorf("AnyRedemption without the address = %+v, %v", r, err)
		}
	})
}
