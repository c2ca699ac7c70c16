package members_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"huitou/model"
	"huitou/model/db"
	"huitou/model/db/dbtest"
	"huitou/model/fault"
	"huitou/service/members"
)

func born(month time.Month, day, year int) model.BirthDate {
	return model.BirthDate{Month: month, Day: day, Year: year}
}

// birthday returns what is known of a member's birthday.
func (s *shop) birthday(t *testing.T, m model.MemberID) (b model.BirthDate, known bool) {
	t.Helper()
	s.do(t, func(ctx context.Context, tx *db.Tx) (err error) {
		b, known, err = s.BirthdayTx(ctx, tx, m)
		return err
	})
	return b, known
}

func TestAMemberTellsHisBirthdayOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		ann := s.must(t, members.Ref{Source: "pos", External: "A"})
		if _, known := s.birthday(t, ann); known {
			t.Error("a birthday that nobody told is known")
		}
		for _, bad := range []model.BirthDate{born(2, 30, 0), born(2, 29, 2023), born(13, 1, 0), born(1, 1, 2099), {}} {
			if err := s.SetBirthday(t.Context(), ann, bad); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("born %+v: %v", bad, err)
			}
		}
		leap := born(2, 29, 1992)
		for range 2 { // the same again is no change
			if err := s.SetBirthday(t.Context(), ann, leap); err != nil {
				t.Fatal(err)
			}
		}
		for _, other := range []model.BirthDate{born(2, 28, 1992), born(2, 29, 1996), born(2, 29, 0)} {
			if err := s.SetBirthday(t.Context(), ann, other); !errors.Is(err, members.ErrBirthdaySet) {
				t.Errorf("then born %+v: %v", other, err)
			}
		}
		if b, known := s.birthday(t, ann); !known || b != leap {
			t.Errorf("the birthday is %+v, %v", b, known)
		}
		if err := s.SetBirthday(t.Context(), 999999, leap); !errors.Is(err, members.ErrUnknown) {
			t.Errorf("of nobody: %v", err)
		}
		var stored string
		s.do(t, func(_ context.Context, tx *db.Tx) error {
			return tx.Gorm().Raw("SELECT year_cipher FROM member_birthdays").Scan(&stored).Error
		})
		if stored == "" || strings.Contains(stored, "1992") {
			t.Errorf("the year is kept as %q", stored)
		}
		clean(t, s)
	})
}

func TestStaffCorrectABirthday(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		ann := s.must(t, members.Ref{Source: "pos", External: "A"})
		correct := func(b model.BirthDate, reason string) error {
			return s.CorrectBirthday(t.Context(), members.CorrectBirthday{Staff: 7, Member: ann, BirthDate: b, Reason: reason})
		}
		for _, reason := range []string{"", strings.Repeat("长", 201)} {
			if err := correct(born(3, 1, 0), reason); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("a reason of %d bytes: %v", len(reason), err)
			}
		}
		if err := correct(born(4, 31, 0), "证件"); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("31 April: %v", err)
		}
		for _, b := range []model.BirthDate{born(3, 1, 0), born(3, 2, 1990), born(3, 2, 1990)} {
			if err := correct(b, "证件核对"); err != nil {
				t.Fatal(err)
			}
		}
		if b, _ := s.birthday(t, ann); b != born(3, 2, 1990) {
			t.Errorf("the birthday is %+v", b)
		}
		var trail, facts int64
		s.do(t, func(_ context.Context, tx *db.Tx) error {
			return errors.Join(
				tx.Gorm().Raw("SELECT COUNT(*) FROM audit_trail WHERE action = 'members.birthday' AND staff_id = 7 AND detail NOT LIKE '%1990%'").Scan(&trail).Error,
				tx.Gorm().Raw("SELECT COUNT(*) FROM facts WHERE name = 'members.birthday_set'").Scan(&facts).Error)
		})
		if trail != 2 || facts != 2 {
			t.Errorf("two corrections and a repetition left %d entries and %d facts", trail, facts)
		}
		clean(t, s)
	})
}

// One of many first words wins, whole.
func TestManyFirstBirthdaysAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		ann := s.must(t, members.Ref{Source: "pos", External: "A"})
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			told []int
		)
		for day := 1; day <= 16; day++ {
			wg.Go(func() {
				switch err := s.SetBirthday(context.Background(), ann, born(5, day, 0)); {
				case err == nil:
					mu.Lock()
					defer mu.Unlock()
					told = append(told, day)
				case !errors.Is(err, members.ErrBirthdaySet):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if b, _ := s.birthday(t, ann); len(told) != 1 || b.Day != told[0] {
			t.Errorf("taken %v, kept %+v", told, b)
		}
	})
}

func TestBirthdaysOfADay(t *testing.T) {
	each(t, func(t *testing.T, s *shop, _ *dbtest.Clock) {
		var feb28, feb29, mar1 []model.MemberID
		for i := range 6 {
			m := s.must(t, members.Ref{Source: "pos", External: fmt.Sprint(i)})
			day := []struct {
				date model.BirthDate
				list *[]model.MemberID
			}{{born(2, 29, 0), &feb29}, {born(2, 28, 1990), &feb28}, {born(3, 1, 0), &mar1}}[i%3]
			*day.list = append(*day.list, m)
			if err := s.SetBirthday(t.Context(), m, day.date); err != nil {
				t.Fatal(err)
			}
		}
		both := slices.Sorted(slices.Values(append(slices.Clone(feb28), feb29...)))
		for _, tt := range []struct {
			day  model.Day
			want []model.MemberID
		}{
			{model.NewDay(2027, 2, 28), both},
			{model.NewDay(2028, 2, 28), feb28},
			{model.NewDay(2028, 2, 29), feb29},
			{model.NewDay(2027, 3, 1), mar1},
			{model.NewDay(2027, 3, 2), nil},
		} {
			var got []model.MemberID
			for after := model.MemberID(0); ; { // page by page
				page, err := s.BirthdaysOn(t.Context(), tt.day, after, 3)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, page...)
				if len(page) < 3 {
					break
				}
				after = page[len(page)-1]
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("on %s: %v, want %v", tt.day, got, tt.want)
			}
		}
	})
}
