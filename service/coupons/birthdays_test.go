package coupons_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/coupons"
	"huitou/service/members"
)

func bornOn(year int, month time.Month, day int) model.BirthDate {
	return model.BirthDate{Month: month, Day: day, Year: year}
}

// born sets birthdays of members 1, 2, ….
func (s *shop) born(t testing.TB, days ...model.BirthDate) {
	t.Helper()
	for i, b := range days {
		if err := s.members.SetBirthday(context.Background(), model.MemberID(i+1), b); err != nil {
			t.Fatal(err)
		}
	}
}

// night runs the birthdays' work of the timetable alone.
func (s *shop) night(t testing.TB) {
	t.Helper()
	if err := s.GiveOnBirthdays(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// birthdayCoupons returns how many coupons each source of a birthday gave.
func birthdayCoupons(t testing.TB, d *db.DB) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, c := range rows[model.Coupon](t, d, "source LIKE 'rule:%:birthday:%'") {
		out[*c.Source]++
	}
	return out
}

// birthdayRule makes a rule with a template of its own.
func birthdayRule(t testing.TB, s *shop, daysBefore int64) model.PublicID {
	t.Helper()
	n := tenOff()
	n.PerMember = 0
	id := active(t, s.Service, n)
	rule(t, s.Service, coupons.NewRule{Event: model.CouponOnBirthday, Template: id, DaysBefore: daysBefore})
	return id
}

// The clock of the tests stands at noon of Saturday, 21 November 2026 in Shanghai.
func TestABirthdayGivesOneCouponARuleAndYear(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newShop(d)
		s.admit(t, 8)
		birthdayRule(t, s, 0)
		birthdayRule(t, s, 7)
		s.born(t, bornOn(1990, 11, 20), bornOn(1990, 11, 21), bornOn(0, 11, 22), bornOn(0, 11, 28), bornOn(0, 11, 29), bornOn(0, 12, 1))
		want := func(when string, sources ...string) {
			t.Helper()
			got := slices.Sorted(maps.Keys(birthdayCoupons(t, d)))
			if !slices.Equal(got, slices.Sorted(slices.Values(sources))) {
				t.Errorf("%s: %v, want %v", when, got, sources)
			}
		}
		for range 2 { // a run again gives nothing more
			s.night(t)
		}
		first := []string{"rule:1:birthday:2:2026", "rule:2:birthday:2:2026", "rule:2:birthday:3:2026", "rule:2:birthday:4:2026"}
		want("on the first day", first...)
		clock.Advance(3 * 24 * time.Hour) // the program stood still for two nights
		s.night(t)
		second := append(first, "rule:1:birthday:3:2026", "rule:2:birthday:5:2026", "rule:2:birthday:6:2026")
		want("three days later", second...)
		// Told on the day, after its night: it counts, and once only.
		if err := s.members.SetBirthday(t.Context(), 7, bornOn(0, 11, 24)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.OnBirthdayTold(t.Context(), 7); err != nil {
				t.Fatal(err)
			}
		}
		s.night(t)
		third := append(second, "rule:1:birthday:7:2026", "rule:2:birthday:7:2026")
		want("told on the day", third...)
		// A correction brings no second coupon in the year.
		err := s.members.CorrectBirthday(t.Context(), members.CorrectBirthday{Staff: clerk, Member: 7, BirthDate: bornOn(0, 11, 26), Reason: "看错了"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.OnBirthdayTold(t.Context(), 7); err != nil {
			t.Fatal(err)
		}
		clock.Advance(2 * 24 * time.Hour)
		s.night(t)
		want("corrected", third...)
		clock.Advance(365 * 24 * time.Hour) // 26 November 2027
		s.night(t)
		if n := birthdayCoupons(t, d)["rule:1:birthday:7:2027"]; n != 1 {
			t.Errorf("in the next year member 7 has %d", n)
		}
		sound(t, d)
	})
}

func TestABirthdayAcrossTheYearsAndOn29February(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := newShop(d)
	s.admit(t, 3)
	birthdayRule(t, s, 30)
	s.born(t, bornOn(0, 1, 2), bornOn(2000, 2, 29))
	for day := range 120 { // until 21 March 2027
		if day > 0 {
			clock.Advance(24 * time.Hour)
		}
		s.night(t)
	}
	for _, c := range rows[model.Coupon](t, d, "id > 0") {
		got := fmt.Sprint(*c.Source, " ", model.DayOf(c.IssuedAt, model.Shanghai))
		want := map[model.MemberID]string{1: "rule:1:birthday:1:2027 2026-12-03", 2: "rule:1:birthday:2:2027 2027-01-29"}[c.MemberID]
		if got != want {
			t.Errorf("member %d: %s, want %s", c.MemberID, got, want)
		}
	}
	if n := len(birthdayCoupons(t, d)); n != 2 {
		t.Errorf("%d coupons", n)
	}
	sound(t, d)
}

// A paused template keeps its birthdays waiting, for a week at most; a sold out one refuses for good.
func TestBirthdaysOfATemplateThatCannotGive(t *testing.T) {
	d, clock := dbtest.SQLite(t)
	s := newShop(d)
	s.admit(t, 6)
	id := birthdayRule(t, s, 0)
	n := tenOff()
	n.Total = 1
	few := active(t, s.Service, n)
	rule(t, s.Service, coupons.NewRule{Event: model.CouponOnBirthday, Template: few})
	s.born(t, bornOn(0, 11, 21), bornOn(0, 11, 21), bornOn(0, 11, 24))
	if _, err := s.Pause(t.Context(), clerk, id); err != nil {
		t.Fatal(err)
	}
	s.night(t)
	if got := birthdayCoupons(t, d); len(got) != 1 || got["rule:2:birthday:1:2026"] != 1 {
		t.Errorf("paused and sold out: %v", got)
	}
	clock.Advance(8 * 24 * time.Hour) // 29 November: the 21st is too long ago, the 24th is not
	if _, err := s.Activate(t.Context(), clerk, id); err != nil {
		t.Fatal(err)
	}
	s.night(t)
	if got := birthdayCoupons(t, d); len(got) != 2 || got["rule:1:birthday:3:2026"] != 1 {
		t.Errorf("resumed: %v", got)
	}
	sound(t, d)
}

// breaking ends its process in the midst of the second batch.
type breaking struct {
	coupons.Birthdays
	kill  func()
	calls int
}

func (b *breaking) BirthdaysOnTx(ctx context.Context, tx *db.Tx, day model.Day, after model.MemberID, limit int) ([]model.MemberID, error) {
	if b.calls++; b.calls == 2 {
		b.kill()
	}
	return b.Birthdays.BirthdaysOnTx(ctx, tx, day, after, limit)
}

// Two instances work on one night, and processes go away between batches; everybody has exactly one.
func TestANightOfBirthdaysThatIsKilledAndShared(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		s, other := newShop(d), newShop(d)
		ctx, kill := context.WithCancel(t.Context())
		killed := coupons.New(coupons.Deps{DB: d, Members: s.members, Log: quiet, Birthdays: &breaking{Birthdays: s.members, kill: kill}})
		const many = 1100 // two batches
		s.admit(t, many)
		err := d.Do(t.Context(), func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Exec(`INSERT INTO member_birthdays (public_id, member_id, month_day, version, created_at, updated_at)
				SELECT CONCAT('b', id), id, '11-21', 1, joined_at, joined_at FROM members`).Error
		})
		if err != nil {
			t.Fatal(err)
		}
		birthdayRule(t, s, 0)
		if err := killed.GiveOnBirthdays(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("the killed night = %v", err)
		}
		if n := len(birthdayCoupons(t, d)); n != 1000 {
			t.Errorf("the killed night gave %d, want its one batch", n)
		}
		together(2, func(i int) {
			if err := []*shop{s, other}[i].GiveOnBirthdays(context.Background()); err != nil {
				t.Error(err)
			}
		})
		got := birthdayCoupons(t, d)
		for source, n := range got {
			if n != 1 {
				t.Errorf("%s gave %d", source, n)
			}
		}
		if len(got) != many {
			t.Errorf("%d members have one, want %d", len(got), many)
		}
		sound(t, d)
	})
}

func TestBirthdayRulesAreChecked(t *testing.T) {
	d, _ := dbtest.SQLite(t)
	s := service(d)
	id := active(t, s, tenOff())
	for _, n := range []coupons.NewRule{
		{Event: model.CouponOnBirthday, DaysBefore: 31}, {Event: model.CouponOnBirthday, DaysBefore: -1},
		{Event: model.CouponOnBirthday, MinFen: 1}, {Event: model.CouponOnBirthday, PackSize: 2, PackHours: 1},
		{Event: model.CouponOnJoin, DaysBefore: 1},
	} {
		n.Staff, n.Template = clerk, id
		_, err := s.AddRule(t.Context(), n)
		is(t, fmt.Sprintf("%+v", n), err, fault.ErrInvalid)
	}
}
