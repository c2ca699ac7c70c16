package model

import (
	"fmt"
	"time"
)

// BirthDate is when a member was born: month and day, and the year when he told it. The zero value means "not known".
type BirthDate struct {
	Month time.Month `json:"month"`
	Day   int        `json:"day"`
	Year  int        `json:"year,omitempty"` // 0 = not told
}

// firstBirthYear is the earliest year that is taken for a year of birth and not for a slip.
const firstBirthYear = 1900

// Valid reports whether there is such a day that is not later than today. Without a year 29 February is one.
func (b BirthDate) Valid(today Day) bool {
	year := b.Year
	if year == 0 {
		year = leapYear
	}
	if b.Month < time.January || b.Month > time.December || b.Day < 1 || b.Day > NewDay(year, b.Month+1, 0).DayOfMonth() {
		return false
	}
	return b.Year == 0 || b.Year >= firstBirthYear && !today.Before(NewDay(b.Year, b.Month, b.Day))
}

// leapYear is any year that has a 29 February.
const leapYear = 2024

// IsZero reports whether the date is not known.
func (b BirthDate) IsZero() bool { return b == BirthDate{} }

// MonthDay writes month and day, "02-29".
func (b BirthDate) MonthDay() string { return fmt.Sprintf("%02d-%02d", int(b.Month), b.Day) }

// In returns the birthday in a year. Who was born on 29 February has it on the 28th in common years.
func (b BirthDate) In(year int) Day {
	last := NewDay(year, b.Month+1, 0).DayOfMonth()
	return NewDay(year, b.Month, min(b.Day, last))
}

// BirthdaysOn returns the months and days, as MonthDay writes them, of those who have their birthday on a day: one, and two on
// 28 February of a common year.
func BirthdaysOn(d Day) []string {
	_, m, day := d.t.Date()
	on := []string{BirthDate{Month: m, Day: day}.MonthDay()}
	if m == time.February && day == 28 && d.AddDays(1).DayOfMonth() == 1 {
		on = append(on, BirthDate{Month: time.February, Day: 29}.MonthDay())
	}
	return on
}
