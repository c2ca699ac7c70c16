package coupons_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
)

func giftable(t testing.TB, s *coupons.Service) model.PublicID {
	t.Helper()
	id := active(t, s, tenOff())
	if err := s.AllowGifts(context.Background(), clerk, id, true); err != nil {
		t.Fatal(err)
	}
	return id
}

func offer(s *coupons.Service, m model.MemberID, c model.PublicID) (coupons.Gift, error) {
	return s.OfferGift(context.Background(), coupons.OfferGift{Member: m, Coupon: c})
}

func accept(s *coupons.Service, m model.MemberID, g model.PublicID) (coupons.Coupon, error) {
	return s.AcceptGift(context.Background(), coupons.AcceptGift{Member: m, Token: g})
}

func TestGiftPassesACouponOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		id := giftable(t, s)
		mine, err := claim(s, 1, id)
		if err != nil {
			t.Fatal(err)
		}
		_, err = offer(s, 2, mine.ID)
		is(t, "another one's coupon", err, coupons.ErrUnknown)
		g, err := offer(s, 1, mine.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = offer(s, 1, mine.ID)
		is(t, "offered twice", err, coupons.ErrInTransfer)
		use := func(c coupons.Coupon) error {
			return d.Do(context.Background(), func(ctx context.Context, tx *db.Tx) error {
				_, err := s.RedeemForOrderTx(ctx, tx, coupons.Use{Member: c.Member, Coupon: c.Code, OrderRef: order(), Amount: 6000, Room: 6000, At: tx.Now})
				return err
			})
		}
		is(t, "used while it is offered", use(mine), coupons.ErrInTransfer)
		_, err = accept(s, 1, g.Token)
		is(t, "one's own gift", err, coupons.ErrGiftOwn)
		clock.Advance(time.Hour)
		his, err := accept(s, 2, g.Token)
		if err != nil || his.Member != 2 || his.ID == mine.ID || his.Code == mine.Code || his.CouponTerms != mine.CouponTerms || !his.UsableUntil.Equal(mine.UsableUntil) {
			t.Fatalf("accepted %+v of %+v, %v", his, mine, err)
		}
		if again, err := accept(s, 2, g.Token); err != nil || !again.Replayed || again.ID != his.ID {
			t.Errorf("accepted again = %+v, %v", again, err)
		}
		_, err = accept(s, 3, g.Token)
		is(t, "too late", err, coupons.ErrGiftEnded)
		_, err = s.CancelGift(t.Context(), 1, g.Token)
		is(t, "taken back after it was accepted", err, coupons.ErrGiftEnded)
		is(t, "the giver uses it", use(mine), coupons.ErrTransferred)
		if err := use(his); err != nil {
			t.Errorf("the friend uses it: %v", err)
		}
		_, err = claim(s, 1, id)
		is(t, "the giver claims another", err, coupons.ErrLimitReached)
		other, err := claim(s, 4, id)
		if err != nil {
			t.Fatal(err)
		}
		if g, err = offer(s, 4, other.ID); err != nil {
			t.Fatal(err)
		}
		_, err = accept(s, 2, g.Token)
		is(t, "a friend who has his", err, coupons.ErrLimitReached)
		if counter, given := claimed(t, s, d, id); counter != 2 || given != 3 {
			t.Errorf("%d counted, %d rows", counter, given)
		}
		sound(t, d)
	})
}

func TestAnOfferEndsByItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newShop(d)
		s.admit(t, 3)
		s.runDue(t) // sets the timetable up
		id := giftable(t, s.Service)
		mine, _ := claim(s.Service, 1, id)
		g, err := offer(s.Service, 1, mine.ID)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if g, err := s.CancelGift(t.Context(), 1, g.Token); err != nil || g.State != model.CouponGiftCancelled {
				t.Fatalf("CancelGift = %+v, %v", g, err)
			}
		}
		if g, err = offer(s.Service, 1, mine.ID); err != nil {
			t.Fatal(err)
		}
		clock.Advance(24 * time.Hour)
		_, err = accept(s.Service, 2, g.Token)
		is(t, "accepted at the end", err, coupons.ErrGiftEnded)
		held, _, err := s.Held(t.Context(), 1, db.Page{})
		if err != nil || held[0].State != model.CouponIssued {
			t.Errorf("after the end the giver holds %+v, %v", held, err)
		}
		if g, err = offer(s.Service, 1, mine.ID); err != nil { // nobody waits for the timer
			t.Fatalf("offered again before the timer: %v", err)
		}
		clock.Advance(24 * time.Hour)
		s.runDue(t)
		if list := rows[model.CouponGift](t, d, "state = ?", model.CouponGiftOpen); len(list) != 0 {
			t.Errorf("after the timer %d gifts are open", len(list))
		}
		if c := rows[model.Coupon](t, d, "id > 0")[0]; c.State != model.CouponIssued {
			t.Errorf("after the timer the coupon is %s", c.State)
		}
		clock.Set(mine.UsableUntil.Add(-time.Hour))
		if g, err = offer(s.Service, 1, mine.ID); err != nil || !g.ExpiresAt.Equal(mine.UsableUntil) {
			t.Errorf("an offer lasts until %s, the coupon until %s, %v", g.ExpiresAt, mine.UsableUntil, err)
		}
		clock.Set(mine.UsableUntil)
		_, err = offer(s.Service, 1, mine.ID)
		is(t, "an expired coupon", err, coupons.ErrExpired)
		sound(t, d)
	})
}

func TestGiftsMustBeAllowed(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := service(d)
	id := active(t, s, tenOff())
	mine, err := claim(s, 1, id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = offer(s, 1, mine.ID)
	is(t, "not allowed", err, coupons.ErrNotTransferable)
	if err := s.AllowGifts(t.Context(), clerk, id, true); err != nil {
		t.Fatal(err)
	}
	is(t, "forbidden afterwards", s.AllowGifts(t.Context(), clerk, id, false), coupons.ErrTransferFixed)
	is(t, "no such template", s.AllowGifts(t.Context(), clerk, "0", true), coupons.ErrTemplateUnknown)
}

func TestOneGiftAcceptedByManyAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		id := giftable(t, s)
		for round := range 5 {
			mine, err := claim(s, model.MemberID(1000+round), id)
			if err != nil {
				t.Fatal(err)
			}
			g, err := offer(s, mine.Member, mine.ID)
			if err != nil {
				t.Fatal(err)
			}
			var y tally
			together(33, func(i int) {
				if i == 32 { // the giver wants it back at the same moment
					if _, err := s.CancelGift(context.Background(), mine.Member, g.Token); err != nil {
						is(t, "CancelGift", err, coupons.ErrGiftEnded)
					}
					return
				}
				_, err := accept(s, model.MemberID(100*round+i+1), g.Token)
				y.add(t, err)
			})
			if y.n[""] > 1 || y.n[""]+y.n["coupons.gift_ended"] != 32 {
				t.Errorf("round %d: %v", round, y.n)
			}
		}
		sound(t, d)
	})
}

// Random moves of a few coupons between a few members, against a model in memory.
func TestGiftsAgainstAModel(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	rapid.Check(t, func(r *rapid.T) {
		s := service(d)
		id := giftable(t, s)
		base := model.MemberID(1 + 10*len(rows[model.CouponTemplate](t, d, "id > 0")))
		holder := map[model.PublicID]model.MemberID{} // usable coupons
		had := map[model.MemberID]bool{}              // members whose slot is filled
		type open struct {
			coupon model.PublicID
			from   model.MemberID
			until  time.Time
		}
		gifts := map[model.PublicID]*open{}
		var tokens []model.PublicID
		var known []model.PublicID
		check := func(what string, err, want error) {
			if want == nil && err != nil || want != nil && (fault.Of(err) == nil || fault.Of(err).Code != fault.Of(want).Code) {
				r.Fatalf("%s = %v, want %v", what, err, want)
			}
		}
		lapse := func() {
			for _, g := range gifts {
				if g.from != 0 && !clock.Now().Before(g.until) {
					holder[g.coupon], g.from = g.from, 0
				}
			}
		}
		for range rapid.IntRange(5, 25).Draw(r, "steps") {
			m := base + model.MemberID(rapid.IntRange(0, 3).Draw(r, "member"))
			lapse()
			switch rapid.IntRange(0, 4).Draw(r, "move") {
			case 0:
				c, err := claim(s, m, id)
				if had[m] {
					check("claim", err, coupons.ErrLimitReached)
					continue
				}
				check("claim", err, nil)
				holder[c.ID], had[m] = m, true
				known = append(known, c.ID)
			case 1:
				if len(known) == 0 {
					continue
				}
				c := rapid.SampledFrom(known).Draw(r, "coupon")
				g, err := offer(s, m, c)
				if holder[c] != m {
					if err == nil {
						r.Fatalf("member %d offered coupon %s, which he does not hold", m, c)
					}
					continue
				}
				check("offer", err, nil)
				delete(holder, c)
				gifts[g.Token] = &open{c, m, g.ExpiresAt}
				tokens = append(tokens, g.Token)
			case 2:
				if len(tokens) == 0 {
					continue
				}
				g := gifts[rapid.SampledFrom(tokens).Draw(r, "gift")]
				c, err := accept(s, m, tokenOf(gifts, g))
				switch {
				case err == nil && c.Replayed:
				case g.from == 0:
					if err == nil {
						r.Fatalf("an ended gift was accepted")
					}
				case g.from == m:
					check("accept", err, coupons.ErrGiftOwn)
				case had[m]:
					check("accept", err, coupons.ErrLimitReached)
				default:
					check("accept", err, nil)
					holder[c.ID], had[m], g.from = m, true, 0
					known = append(known, c.ID)
				}
			case 3:
				if len(tokens) == 0 {
					continue
				}
				g := gifts[rapid.SampledFrom(tokens).Draw(r, "gift")]
				if _, err := s.CancelGift(context.Background(), m, tokenOf(gifts, g)); err == nil && g.from == m {
					holder[g.coupon], g.from = m, 0
				} else if err != nil && g.from == m {
					r.Fatalf("the giver cannot take his gift back: %v", err)
				}
			case 4:
				clock.Advance(time.Duration(rapid.IntRange(1, 13).Draw(r, "hours")) * time.Hour)
			}
		}
		lapse()
		for m := base; m < base+4; m++ {
			held, _, err := s.Held(context.Background(), m, db.Page{Limit: 100})
			if err != nil {
				r.Fatal(err)
			}
			for _, c := range held {
				if (c.State == model.CouponIssued) != (holder[c.ID] == m) {
					r.Fatalf("member %d: coupon %s is %s, the model says holder %d", m, c.ID, c.State, holder[c.ID])
				}
			}
		}
	})
	sound(t, d)
}

func tokenOf[G any](gifts map[model.PublicID]*G, g *G) model.PublicID {
	for token, x := range gifts {
		if x == g {
			return token
		}
	}
	return ""
}
