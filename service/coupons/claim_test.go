package coupons_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/service/coupons"
)

var ctx = context.Background()

// linlinjava/litemall#581: total = 1, limit = 1, 64 parallel claims gave 9 coupons.
func TestClaimLitemall581(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.Total = 1
		for range 5 {
			id := active(t, s, n)
			var y tally
			together(64, func(i int) {
				_, err := claim(s, model.MemberID(i+1), id)
				y.add(t, err)
			})
			y.want(t, map[string]int{"": 1, "coupons.sold_out": 63})
			if counter, rows := claimed(t, s, d, id); counter != 1 || rows != 1 {
				t.Errorf("counter %d, rows %d, want 1 and 1", counter, rows)
			}
		}
		sound(t, d)
	})
}

// T4: 10,000 shoppers, 500 coupons, exactly 500 given.
func TestClaimT4TenThousandOnFiveHundred(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.Total = 500
		id := active(t, s, n)
		var y tally
		together(10_000, func(i int) {
			_, err := claim(s, model.MemberID(i+1), id)
			y.add(t, err)
		})
		y.want(t, map[string]int{"": 500, "coupons.sold_out": 9_500})
		if counter, rows := claimed(t, s, d, id); counter != 500 || rows != 500 {
			t.Errorf("counter %d, rows %d, want 500 and 500", counter, rows)
		}
		sound(t, d)
	})
}

// pair runs f with two instances of the program on one database.
func pair(t *testing.T, f func(t *testing.T, d *db.DB, s [2]*coupons.Service)) {
	for _, driver := range []db.Driver{db.SQLite, db.MySQL} {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			o, clock := dbtest.Empty(t, driver), dbtest.NewClock()
			d := dbtest.Reopen(t, o, clock)
			f(t, d, [2]*coupons.Service{service(d), service(dbtest.Reopen(t, o, clock))})
		})
	}
}

// rounds is how often a race is run: few, or HUITOU_ROUNDS for the long run of reliability.md:
//
//	HUITOU_ROUNDS=1000 go test ./service/coupons -run 'T4LimitOnTwoInstances|T5LocksInParallel' -timeout 1h -v
func rounds(t *testing.T, few int) int {
	text := os.Getenv("HUITOU_ROUNDS")
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("HUITOU_ROUNDS is %q, want a number", text)
	}
	return n
}

// definite repeats a command until its answer is not "come again", as a client does.
func definite(command func() error) error {
	err := command()
	for try := 0; try < 100 && errors.Is(err, db.ErrUnavailable); try++ {
		err = command()
	}
	return err
}

// T4: one member, limit 1, 64 parallel claims on two instances: one has it, in every round.
func TestClaimT4LimitOnTwoInstances(t *testing.T) {
	pair(t, func(t *testing.T, d *db.DB, s [2]*coupons.Service) {
		for round := range rounds(t, 10) {
			id := active(t, s[0], tenOff())
			var y tally
			together(64, func(i int) {
				y.add(t, definite(func() error { _, err := claim(s[i%2], model.MemberID(round+1), id); return err }))
			})
			y.want(t, map[string]int{"": 1, "coupons.limit_reached": 63})
			if counter, given := claimed(t, s[0], d, id); counter != 1 || given != 1 {
				t.Errorf("round %d: %d are counted and %d given", round, counter, given)
			}
		}
		sound(t, d)
	})
}

// A member who is refused by his slot must not take down those who share his batch.
func TestClaimOneMembersConflictSparesTheOthers(t *testing.T) {
	pair(t, func(t *testing.T, d *db.DB, s [2]*coupons.Service) {
		id := active(t, s[0], tenOff())
		var y tally
		together(400, func(i int) { // each of 200 members on both instances at once
			_, err := claim(s[i%2], model.MemberID(i/2+1), id)
			y.add(t, err)
		})
		y.want(t, map[string]int{"": 200, "coupons.limit_reached": 200})
		sound(t, d)
	})
}

func TestClaimTwoInstancesShareTheStock(t *testing.T) {
	pair(t, func(t *testing.T, d *db.DB, s [2]*coupons.Service) {
		n := tenOff()
		n.Total = 300
		id := active(t, s[0], n)
		var y tally
		together(1000, func(i int) {
			_, err := claim(s[i%2], model.MemberID(i+1), id)
			y.add(t, err)
		})
		y.want(t, map[string]int{"": 300, "coupons.sold_out": 700})
		sound(t, d)
	})
}

// T2: the same tap twice, at once and later.
func TestClaimT2DoubleTap(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.Total, n.PerMember = 1, 0
		id := active(t, s, n)
		tap := coupons.Claim{Member: 7, Template: id, Key: key(7, "tap-00001")}
		got := make([]coupons.Coupon, 20)
		together(len(got), func(i int) {
			c, err := s.Claim(ctx, tap)
			if err != nil {
				t.Errorf("Claim: %v", err)
			}
			got[i] = c
		})
		fresh := 0
		for _, c := range got {
			if !c.Replayed {
				fresh++
			}
			if c.Replayed = false; c != plain(got[0]) {
				t.Errorf("a repeated tap gave %+v, want %+v", c, got[0])
			}
		}
		if fresh != 1 {
			t.Errorf("%d taps gave a coupon, want 1", fresh)
		}
		// Later, sold out, ended, the coupon used: still the first answer.
		if _, err := claim(s, 8, id); err == nil {
			t.Error("a second member got the only coupon")
		}
		if err := redeem(s, d, 7, got[0].Code, order(), 6000); err != nil {
			t.Fatalf("redeem: %v", err)
		}
		if _, err := s.End(ctx, clerk, id); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Hour)
		again, err := s.Claim(ctx, tap)
		if err != nil || !again.Replayed || plain(again) != plain(got[0]) {
			t.Errorf("the repeated claim = %+v, %v; want the first one, replayed", again, err)
		}
		sound(t, d)
	})
}

func plain(c coupons.Coupon) coupons.Coupon {
	c.Replayed = false
	return c
}

// T3: the same key for another template; and the key of another member.
func TestClaimT3KeyReused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		one, two := active(t, s, tenOff()), active(t, s, tenOff())
		first, err := s.Claim(ctx, coupons.Claim{Member: 7, Template: one, Key: key(7, "k")})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Claim(ctx, coupons.Claim{Member: 7, Template: two, Key: key(7, "k")})
		is(t, "the key with another template", err, db.ErrKeyReused)
		other, err := s.Claim(ctx, coupons.Claim{Member: 8, Template: one, Key: key(8, "k")})
		if err != nil || other.Replayed || other.ID == first.ID {
			t.Errorf("another member's same key = %+v, %v; want a coupon of his own", other, err)
		}
		// The two templates at once: one key gives one coupon.
		var y tally
		together(16, func(i int) {
			id := []model.PublicID{one, two}[i%2]
			_, err := s.Claim(ctx, coupons.Claim{Member: 9, Template: id, Key: key(9, "k")})
			y.add(t, err)
		})
		y.want(t, map[string]int{"": 8, "idempotency.key_reused": 8})
		sound(t, d)
	})
}

func TestClaimRefusals(t *testing.T) {
	tests := []struct {
		name   string
		change func(*coupons.NewTemplate)
		after  func(*coupons.Service, model.PublicID) error
		want   error
	}{
		{"not started", func(n *coupons.NewTemplate) { n.ClaimFrom = at(dbtest.Start, time.Microsecond) }, nil, coupons.ErrNotStarted},
		{"starts this instant", func(n *coupons.NewTemplate) { n.ClaimFrom = at(dbtest.Start, 0) }, nil, nil},
		{"window over this instant", func(n *coupons.NewTemplate) { n.ClaimUntil = at(dbtest.Start, 0) }, nil, coupons.ErrEnded},
		{"window over in an instant", func(n *coupons.NewTemplate) { n.ClaimUntil = at(dbtest.Start, time.Microsecond) }, nil, nil},
		{"its coupons would be expired", func(n *coupons.NewTemplate) {
			n.UseDays, n.UseFrom, n.UseUntil = 0, at(dbtest.Start, -time.Hour), at(dbtest.Start, 0)
		}, nil, coupons.ErrEnded},
		{"only staff give it", func(n *coupons.NewTemplate) { n.Claimable = false }, nil, coupons.ErrNotClaimable},
		{"paused", nil, func(s *coupons.Service, id model.PublicID) error { _, err := s.Pause(ctx, clerk, id); return err }, coupons.ErrPaused},
		{"ended", nil, func(s *coupons.Service, id model.PublicID) error { _, err := s.End(ctx, clerk, id); return err }, coupons.ErrEnded},
		{"sold out", func(n *coupons.NewTemplate) { n.Total = 1 }, func(s *coupons.Service, id model.PublicID) error { _, err := claim(s, 2, id); return err }, coupons.ErrSoldOut},
		{"limit", nil, func(s *coupons.Service, id model.PublicID) error { _, err := claim(s, 1, id); return err }, coupons.ErrLimitReached},
		{"paused and started again", nil, func(s *coupons.Service, id model.PublicID) error {
			if _, err := s.Pause(ctx, clerk, id); err != nil {
				return err
			}
			_, err := s.Activate(ctx, clerk, id)
			return err
		}, nil},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		for _, tt := range tests {
			n := tenOff()
			if tt.change != nil {
				tt.change(&n)
			}
			id := active(t, s, n)
			if tt.after != nil {
				if err := tt.after(s, id); err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
			}
			before, _ := claimed(t, s, d, id)
			_, err := claim(s, 1, id)
			is(t, tt.name, err, tt.want)
			if after, _ := claimed(t, s, d, id); tt.want != nil && after != before {
				t.Errorf("%s: the refused claim moved the counter from %d to %d", tt.name, before, after)
			}
		}
		_, err := claim(s, 1, "nosuchtemplate0000000000")
		is(t, "no such template", err, coupons.ErrTemplateUnknown)
		draft, err := s.CreateTemplate(ctx, tenOff())
		if err != nil {
			t.Fatal(err)
		}
		_, err = claim(s, 1, draft.ID)
		is(t, "a draft, which shoppers must not learn of", err, coupons.ErrTemplateUnknown)
		sound(t, d)
	})
}

func TestClaimFillsEverySlotAndNoMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s := service(d)
		n := tenOff()
		n.PerMember = 3
		id := active(t, s, n)
		var y tally
		together(40, func(i int) {
			_, err := claim(s, model.MemberID(i%4+1), id)
			y.add(t, err)
		})
		y.want(t, map[string]int{"": 12, "coupons.limit_reached": 28})
		sound(t, d)
	})
}

func TestClaimCopiesTheTerms(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := service(d)
	n := tenOff()
	n.UseDays = 7
	id := active(t, s, n)
	clock.Set(time.Date(2026, 11, 30, 15, 59, 59, 0, time.UTC)) // 23:59:59 in Shanghai
	c, err := claim(s, 1, id)
	if err != nil {
		t.Fatal(err)
	}
	if want := model.NewDay(2026, 12, 8).Start(model.Shanghai); !c.UsableUntil.Equal(want) || !c.UsableFrom.Equal(clock.Now()) {
		t.Errorf("usable from %v until %v, want from now until %v", c.UsableFrom, c.UsableUntil, want)
	}
	if c.CouponTerms != n.CouponTerms || c.Name != n.Name || len(c.Code) != 16 || len(c.ID) != 24 {
		t.Errorf("the coupon is %+v", c)
	}
}
