package model_test

import (
	"slices"
	"testing"
	"time"

	"huitou/model"
)

func TestBirthDateValid(t *testing.T) {
	today := model.NewDay(2026, time.November, 21)
	for _, tt := range []struct {
		month, day, year int
		want             bool
	}{
		{2, 29, 0, true}, {2, 29, 2024, true}, {2, 29, 2023, false}, {2, 29, 1900, false}, {2, 28, 1900, true}, {2, 30, 0, false},
		{4, 30, 0, true}, {4, 31, 0, false}, {12, 31, 1999, true}, {12, 31, 1899, false}, {0, 1, 0, false}, {13, 1, 0, false},
		{1, 0, 0, false}, {1, 32, 0, false}, {-1, 1, 0, false}, {1, -1, 0, false}, {1, 1, -1, false},
		{11, 21, 2026, true}, {11, 22, 2026, false}, {1, 1, 2027, false},
	} {
		b := model.BirthDate{Month: time.Month(tt.month), Day: tt.day, Year: tt.year}
		if got := b.Valid(today); got != tt.want {
			t.Errorf("%+v valid = %v, want %v", b, got, tt.want)
		}
	}
}

// Everybody has a birthday exactly once in every year, and the days of a year find everybody exactly once.
func TestEverybodyHasOneBirthdayAYear(t *testing.T) {
	for year := 1999; year <= 2029; year++ {
		met := map[string]int{}
		for d := model.NewDay(year, time.January, 1); d.Before(model.NewDay(year+1, time.January, 1)); d = d.AddDays(1) {
			for _, md := range model.BirthdaysOn(d) {
				met[md]++
			}
		}
		for d := model.NewDay(2024, time.January, 1); d.Before(model.NewDay(2025, time.January, 1)); d = d.AddDays(1) {
			at := d.Start(time.UTC)
			b := model.BirthDate{Month: at.Month(), Day: at.Day()}
			if met[b.MonthDay()] != 1 {
				t.Errorf("in %d the birthday %s comes %d times", year, b.MonthDay(), met[b.MonthDay()])
			}
			if !slices.Contains(model.BirthdaysOn(b.In(year)), b.MonthDay()) {
				t.Errorf("in %d the birthday %s is on %s, which does not find it", year, b.MonthDay(), b.In(year))
			}
		}
		if len(met) != 366 {
			t.Errorf("the days of %d find %d birthdays, want 366", year, len(met))
		}
	}
}
