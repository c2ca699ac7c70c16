package mall_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/audit"
	"huitou/service/coupons"
	"huitou/service/mall"
	"huitou/service/points"
)

// shop is a mall on a database of its own.
type shop struct {
	*mall.Service
	points  *points.Service
	coupons *coupons.Service
	t       *testing.T
	db      *db.DB
	clock   *dbtest.Clock
}

// everybody is the members' part in coupons: here every member exists.
type everybody struct{}

func (everybody) LockTx(context.Context, *db.Tx, model.MemberID) error { return nil }

func open(t *testing.T, d *db.DB, clock *dbtest.Clock) *shop {
	p := points.New(points.Deps{DB: d})
	c := coupons.New(coupons.Deps{DB: d, Members: everybody{}, Log: slog.New(slog.DiscardHandler)})
	return &shop{mall.New(mall.Deps{DB: d, Points: p, Coupons: c}), p, c, t, d, clock}
}

func each(t *testing.T, f func(t *testing.T, s *shop)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := open(t, d, clock)
		f(t, s)
		s.clean()
	})
}

// two opens two instances of the program on each kind of database.
func two(t *testing.T, f func(t *testing.T, s [2]*shop)) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			clock, o := dbtest.NewClock(), dbtest.Empty(t, driver)
			s := [2]*shop{open(t, dbtest.Reopen(t, o, clock), clock), open(t, dbtest.Reopen(t, o, clock), clock)}
			f(t, s)
			s[0].clean()
		})
	}
}

func (s *shop) clean() {
	s.t.Helper()
	broken, err := audit.Run(context.Background(), s.db, append(mall.Invariants(), points.Invariants()...))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, b := range broken {
		s.t.Errorf("%s (%s): %v", b.ID, b.Says, b.Violations)
	}
}

// give gives the same points to members 1 to n.
func (s *shop) give(n int, amount model.Points) {
	s.t.Helper()
	members := make([]model.MemberID, n)
	for i := range members {
		members[i] = model.MemberID(i + 1)
	}
	err := s.db.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
		return s.points.BatchTx(ctx, tx, members, func(b *points.Batch) error {
			for _, m := range members {
				_, err := b.Earn(points.Earn{Member: m, Points: amount, Reason: model.PointsForOrder, Source: fmt.Sprintf("order:%d:%d", m, amount)})
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// gift puts a gift for pick-up into the mall: 100 points, 10 units, no limit, unless change says otherwise.
func (s *shop) gift(change func(*mall.NewGift)) mall.Gift {
	s.t.Helper()
	in := mall.NewGift{Staff: 7, Name: "桂花乌龙试饮装", Kind: model.GiftPickup, Price: 100, Stock: 10}
	if change != nil {
		change(&in)
	}
	g, err := s.CreateGift(context.Background(), in)
	if err != nil {
		s.t.Fatal(err)
	}
	return g
}

// template makes an active coupon template that can be issued.
func (s *shop) template(total, perMember int64) model.PublicID {
	s.t.Helper()
	c, err := s.coupons.CreateTemplate(context.Background(), coupons.NewTemplate{Staff: 7, Name: "满 50 减 5", UseDays: 30, Total: total,
		PerMember: perMember, Issuable: true, CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 500, ThresholdFen: 5000}})
	if err == nil {
		c, err = s.coupons.Activate(context.Background(), 7, c.ID)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return c.ID
}

func key(m model.MemberID, k string) db.Key {
	return db.Key{Scope: fmt.Sprintf("redeem-gift member:%d", m), Key: k}
}

func (s *shop) redeem(m model.MemberID, g model.PublicID, k string) (mall.Redemption, error) {
	return s.Redeem(context.Background(), mall.Redeem{Member: m, Gift: g, Key: key(m, k)})
}

func (s *shop) mustRedeem(m model.MemberID, g model.PublicID, k string) mall.Redemption {
	s.t.Helper()
	r, err := s.redeem(m, g, k)
	if err != nil {
		s.t.Fatalf("redeem %s: %v", k, err)
	}
	return r
}

func (s *shop) has(m model.MemberID, active model.Points) {
	s.t.Helper()
	b, err := s.points.Balance(context.Background(), m)
	if err != nil || b.Active != active {
		s.t.Errorf("member %d has %d points, %v; want %d", m, b.Active, err, active)
	}
}

func (s *shop) offer(m model.MemberID, id model.PublicID) mall.Offer {
	s.t.Helper()
	offers, err := s.Gifts(context.Background(), m)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, o := range offers {
		if o.ID == id {
			return o
		}
	}
	s.t.Fatalf("gift %s is not shown", id)
	return mall.Offer{}
}

func TestRedeemForPickup(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.give(2, 250)
		g := s.gift(func(in *mall.NewGift) { in.PerMember = 2 })
		r := s.mustRedeem(1, g.ID, "tap-1")
		if len(r.Code) != 10 || strings.Trim(r.Code, "0123456789") != "" || r.State != model.RedemptionConfirmed || r.Points != 100 || r.Gift != g.ID {
			t.Errorf("redemption = %+v", r)
		}
		s.has(1, 150)
		if o := s.offer(1, g.ID); o.Stock != 9 || o.Mine != 1 || o.WhyNot != nil {
			t.Errorf("offer = %+v", o)
		}
		got, err := s.PickUp(ctx, mall.PickUp{Staff: 7, Code: r.Code, Key: db.Key{Scope: "staff:7", Key: "p1"}})
		if err != nil || got.State != model.RedemptionPickedUp || got.ClosedAt == nil || got.ID != r.ID {
			t.Errorf("PickUp = %+v, %v", got, err)
		}
		again, err := s.PickUp(ctx, mall.PickUp{Staff: 7, Code: r.Code, Key: db.Key{Scope: "staff:7", Key: "p1"}})
		if err != nil || !again.Replayed || again.ID != r.ID {
			t.Errorf("PickUp with the same key = %+v, %v", again, err)
		}
		if _, err := s.PickUp(ctx, mall.PickUp{Staff: 8, Code: r.Code}); !errors.Is(err, mall.ErrPickedUp) || fault.Of(err).Detail["at"] == nil {
			t.Errorf("PickUp once more = %v", err)
		}
		if _, err := s.PickUp(ctx, mall.PickUp{Staff: 8, Code: "0000000000"}); !errors.Is(err, mall.ErrCodeUnknown) {
			t.Errorf("PickUp of nothing = %v", err)
		}
		if _, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: r.ID, Note: "换货"}); !errors.Is(err, mall.ErrPickedUp) {
			t.Errorf("Cancel of what was handed out = %v", err)
		}
		list, next, err := s.Redemptions(ctx, 1, db.Page{})
		if err != nil || len(list) != 1 || next != "" || list[0].State != model.RedemptionPickedUp || list[0].Gift != g.ID {
			t.Errorf("Redemptions = %+v, %q, %v", list, next, err)
		}
	})
}

func TestRedeemForACoupon(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.give(2, 1000)
		template := s.template(3, 2)
		g := s.gift(func(in *mall.NewGift) { in.Kind, in.CouponTemplate, in.Stock = model.GiftCoupon, template, -1 })
		r := s.mustRedeem(1, g.ID, "tap-1")
		if r.State != model.RedemptionFulfilled || r.Coupon == "" || r.Code != "" {
			t.Errorf("redemption = %+v", r)
		}
		held, _, err := s.coupons.Held(context.Background(), 1, db.Page{})
		if err != nil || len(held) != 1 || held[0].ID != r.Coupon {
			t.Errorf("coupons of the member = %+v, %v", held, err)
		}
		s.mustRedeem(1, g.ID, "tap-2")
		if _, err := s.redeem(1, g.ID, "tap-3"); !errors.Is(err, coupons.ErrLimitReached) {
			t.Errorf("more coupons than one member gets = %v", err)
		}
		s.mustRedeem(2, g.ID, "tap-1")
		if _, err := s.redeem(2, g.ID, "tap-2"); !errors.Is(err, coupons.ErrSoldOut) {
			t.Errorf("more coupons than there are = %v", err)
		}
		s.has(1, 800)
		s.has(2, 900)
		if _, err := s.Cancel(context.Background(), mall.Cancel{Staff: 7, Redemption: r.ID, Note: "误兑"}); !errors.Is(err, mall.ErrFulfilled) {
			t.Errorf("Cancel of an issued coupon = %v", err)
		}
	})
}

// A refusal takes nothing, and each has its own code.
func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		now := s.clock.Now()
		later, past := now.Add(time.Hour), now
		s.give(1, 1000)
		paused := s.gift(nil)
		if _, err := s.Pause(ctx, 7, paused.ID); err != nil {
			t.Fatal(err)
		}
		ended := s.gift(nil)
		if _, err := s.End(ctx, 7, ended.ID); err != nil {
			t.Fatal(err)
		}
		once := s.gift(func(in *mall.NewGift) { in.PerMember = 1 })
		s.mustRedeem(1, once.ID, "first")
		tests := []struct {
			name string
			gift model.PublicID
			want error
		}{
			{"unknown", "000000000000000000000000", mall.ErrGiftUnknown},
			{"paused", paused.ID, mall.ErrPaused},
			{"ended", ended.ID, mall.ErrEnded},
			{"not started", s.gift(func(in *mall.NewGift) { in.StartsAt = &later }).ID, mall.ErrNotStarted},
			{"its last instant has passed", s.gift(func(in *mall.NewGift) { in.EndsAt = &past }).ID, mall.ErrEnded},
			{"sold out", s.gift(func(in *mall.NewGift) { in.Stock = 0 }).ID, mall.ErrSoldOut},
			{"the limit", once.ID, mall.ErrLimit},
			{"too dear", s.gift(func(in *mall.NewGift) { in.Price = 901 }).ID, points.ErrInsufficient},
			{"a coupon that does not exist", s.gift(func(in *mall.NewGift) {
				in.Kind, in.CouponTemplate = model.GiftCoupon, "000000000000000000000000"
			}).ID, coupons.ErrTemplateUnknown},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				if _, err := s.redeem(1, tt.gift, "tap-1"); !errors.Is(err, tt.want) {
					t.Errorf("Redeem = %v, want %v", err, tt.want)
				}
			})
		}
		s.has(1, 900)
		if _, err := s.Resume(ctx, 7, paused.ID); err != nil {
			t.Fatal(err)
		}
		s.mustRedeem(1, paused.ID, "tap-1") // a refused key was not used up
		if _, err := s.Resume(ctx, 7, ended.ID); !errors.Is(err, mall.ErrEnded) {
			t.Errorf("Resume of an ended gift = %v", err)
		}
	})
}

// T2: the same tap twice has one effect and one answer. T3: the key for another gift is refused. T9: nobody sees another
// member's redemption, nor his reply.
func TestT2T3T9Keys(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.give(2, 1000)
		g, other := s.gift(nil), s.gift(nil)
		first := s.mustRedeem(1, g.ID, "tap-1")
		again := s.mustRedeem(1, g.ID, "tap-1")
		if !again.Replayed || again.ID != first.ID || again.Code != first.Code {
			t.Errorf("the same tap again = %+v, want %+v", again, first)
		}
		if _, err := s.redeem(1, other.ID, "tap-1"); !errors.Is(err, db.ErrKeyReused) {
			t.Errorf("the same key for another gift = %v", err)
		}
		if r := s.mustRedeem(2, g.ID, "tap-1"); r.Replayed || r.ID == first.ID {
			t.Errorf("another member's key of the same text = %+v", r)
		}
		if _, err := s.Redemption(context.Background(), 2, first.ID); !errors.Is(err, mall.ErrRedemptionUnknown) {
			t.Errorf("another member's redemption = %v", err)
		}
		if r, err := s.Redemption(context.Background(), 1, first.ID); err != nil || r.Code != first.Code {
			t.Errorf("his own redemption = %+v, %v", r, err)
		}
		if _, err := s.End(context.Background(), 7, g.ID); err != nil {
			t.Fatal(err)
		}
		if r := s.mustRedeem(1, g.ID, "tap-1"); r.ID != first.ID {
			t.Errorf("the same tap after the gift has ended = %+v", r)
		}
		s.has(1, 900)
	})
}

func TestCancelGivesEverythingBack(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		s.give(1, 100)
		g := s.gift(func(in *mall.NewGift) { in.Stock, in.PerMember = 1, 1 })
		r := s.mustRedeem(1, g.ID, "tap-1")
		cancel := mall.Cancel{Staff: 7, Redemption: r.ID, Note: "缺货", Key: db.Key{Scope: "staff:7", Key: "c1"}}
		got, err := s.Cancel(ctx, cancel)
		if err != nil || got.State != model.RedemptionCancelled {
			t.Fatalf("Cancel = %+v, %v", got, err)
		}
		if again, err := s.Cancel(ctx, cancel); err != nil || !again.Replayed {
			t.Errorf("Cancel with the same key = %+v, %v", again, err)
		}
		cancel.Key = db.Key{}
		if _, err := s.Cancel(ctx, cancel); !errors.Is(err, mall.ErrCancelled) {
			t.Errorf("Cancel once more = %v", err)
		}
		if _, err := s.PickUp(ctx, mall.PickUp{Staff: 7, Code: r.Code}); !errors.Is(err, mall.ErrCancelled) {
			t.Errorf("PickUp of what was cancelled = %v", err)
		}
		s.has(1, 100)
		if o := s.offer(1, g.ID); o.Stock != 1 || o.Mine != 0 {
			t.Errorf("offer = %+v", o)
		}
		s.mustRedeem(1, g.ID, "tap-2") // the slot came back too
		if _, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: "000000000000000000000000", Note: "缺货"}); !errors.Is(err, mall.ErrRedemptionUnknown) {
			t.Errorf("Cancel of nothing = %v", err)
		}
		if _, err := s.Cancel(ctx, mall.Cancel{Staff: 7, Redemption: r.ID, Note: " "}); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("Cancel without a note = %v", err)
		}
	})
}

func TestRestock(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		ctx := context.Background()
		g := s.gift(func(in *mall.NewGift) { in.Stock = 5 })
		in := mall.Restock{Staff: 7, Gift: g.ID, Delta: 10, Key: db.Key{Scope: "staff:7", Key: "r1"}}
		for range 2 {
			if got, err := s.Restock(ctx, in); err != nil || got.Stock != 15 {
				t.Fatalf("Restock = %+v, %v", got, err)
			}
		}
		tests := []struct {
			name  string
			gift  model.PublicID
			delta int64
			want  error
		}{
			{"below zero", g.ID, -16, mall.ErrStockTooSmall},
			{"above the largest stock", g.ID, mall.MaxStock, mall.ErrStockTooSmall},
			{"by nothing", g.ID, 0, fault.ErrInvalid},
			{"by the smallest number", g.ID, -1 << 63, fault.ErrInvalid},
			{"of an unlimited gift", s.gift(func(in *mall.NewGift) { in.Stock = -1 }).ID, 1, mall.ErrStockTooSmall},
			{"of nothing", "000000000000000000000000", 1, mall.ErrGiftUnknown},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				if _, err := s.Restock(ctx, mall.Restock{Staff: 7, Gift: tt.gift, Delta: tt.delta}); !errors.Is(err, tt.want) {
					t.Errorf("Restock = %v, want %v", err, tt.want)
				}
			})
		}
		if got, err := s.Restock(ctx, mall.Restock{Staff: 7, Gift: g.ID, Delta: -15}); err != nil || got.Stock != 0 {
			t.Errorf("Restock to nothing = %+v, %v", got, err)
		}
	})
}

func TestBadGiftsAreRefused(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := open(t, d, clock)
	now := clock.Now()
	tests := map[string]func(*mall.NewGift){
		"no name":               func(in *mall.NewGift) { in.Name = " " },
		"a long name":           func(in *mall.NewGift) { in.Name = strings.Repeat("茶", 101) },
		"a long description":    func(in *mall.NewGift) { in.Description = strings.Repeat("茶", 2001) },
		"an unknown kind":       func(in *mall.NewGift) { in.Kind = "lottery" },
		"goods without a key":   func(in *mall.NewGift) { in.Kind = model.GiftGoods },
		"cash without payments": func(in *mall.NewGift) { in.Cash = 1 },
		"negative cash":         func(in *mall.NewGift) { in.Cash = -1 },
		"huge cash":             func(in *mall.NewGift) { in.Cash = 100_000_001 },
		"a level without tiers": func(in *mall.NewGift) { in.MinTier = "goldgoldgoldgoldgoldgold" },
		"an odd level":          func(in *mall.NewGift) { in.MinTier = "gold" },
		"a negative day limit":  func(in *mall.NewGift) { in.PerDay = -1 },
		"a huge week limit":     func(in *mall.NewGift) { in.PerWeek = 101 },
		"a negative mark":       func(in *mall.NewGift) { in.LowStock = -1 },
		"codes with a stock":    func(in *mall.NewGift) { in.Kind = model.GiftCode },
		"days of no plan":       func(in *mall.NewGift) { in.Kind, in.Days = model.GiftMembership, 7 },
		"no days":               func(in *mall.NewGift) { in.Kind, in.Plan = model.GiftMembership, "000000000000000000000000" },
		"too many days": func(in *mall.NewGift) {
			in.Kind, in.Plan, in.Days = model.GiftMembership, "000000000000000000000000", 367
		},
		"days of a pick-up":     func(in *mall.NewGift) { in.Days = 7 },
		"a plan of a pick-up":   func(in *mall.NewGift) { in.Plan = "000000000000000000000000" },
		"no price":              func(in *mall.NewGift) { in.Price = 0 },
		"a huge price":          func(in *mall.NewGift) { in.Price = model.MaxPoints + 1 },
		"a negative stock":      func(in *mall.NewGift) { in.Stock = -2 },
		"a huge stock":          func(in *mall.NewGift) { in.Stock = mall.MaxStock + 1 },
		"a negative limit":      func(in *mall.NewGift) { in.PerMember = -1 },
		"a coupon of no kind":   func(in *mall.NewGift) { in.Kind = model.GiftCoupon },
		"a pick-up of a coupon": func(in *mall.NewGift) { in.CouponTemplate = "000000000000000000000000" },
		"an empty window":       func(in *mall.NewGift) { in.StartsAt, in.EndsAt = &now, &now },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			in := mall.NewGift{Staff: 7, Name: "茶", Kind: model.GiftPickup, Price: 1, Stock: 1}
			change(&in)
			if _, err := s.CreateGift(context.Background(), in); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("CreateGift = %v", err)
			}
		})
	}
}
