package model

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Shanghai is the zone of Chinese shops. China has kept no daylight saving time since 1991, so a fixed
// offset is exact for every date that Huitou stores and needs no zone files on the machine.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Day is a business day in the shop's zone, "2026-11-21". The zero value means "no day".
type Day struct{ t time.Time } // midnight UTC of that calendar date

// NewDay returns a day; out-of-range months and days roll over as in time.Date.
func NewDay(year int, month time.Month, day int) Day {
	return Day{time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// DayOf returns the business day of an instant in a zone.
func DayOf(t time.Time, zone *time.Location) Day {
	y, m, d := t.In(zone).Date()
	return NewDay(y, m, d)
}

// ParseDay reads "2026-11-21".
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Day{}, fmt.Errorf("not a day (want 2026-11-21): %q", s)
	}
	return Day{t}, nil
}

// Start returns the first instant of the day in a zone, in UTC.
func (d Day) Start(zone *time.Location) time.Time {
	y, m, day := d.t.Date()
	return time.Date(y, m, day, 0, 0, 0, 0, zone).UTC()
}

// AddDays returns the day n days later.
func (d Day) AddDays(n int) Day { return Day{d.t.AddDate(0, 0, n)} }

// AddMonths returns the day n calendar months later with the same day of the month as the anchor where the month
// has it, and its last day where not: 31 January -> 28 February -> 31 March when each is counted from the
// same anchor day (rules.md b5; strangerstudios/paid-memberships-pro#1617).
func (d Day) AddMonths(n, anchor int) Day {
	y, m, _ := d.t.Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Day{first.AddDate(0, 0, min(anchor, last)-1)}
}

// DayOfMonth returns 1 to 31.
func (d Day) DayOfMonth() int { return d.t.Day() }

// Year returns the year.
func (d Day) Year() int { return d.t.Year() }

// Sub returns the number of days from e to d.
func (d Day) Sub(e Day) int { return int(d.t.Sub(e.t) / (24 * time.Hour)) }

// Before reports whether d is earlier than e.
func (d Day) Before(e Day) bool { return d.t.Before(e.t) }

// IsZero reports whether d is no day.
func (d Day) IsZero() bool { return d.t.IsZero() }

// String writes "2026-11-21", or nothing for no day.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return d.t.Format(time.DateOnly)
}

// MarshalText writes the day as String does.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the day as ParseDay does; an empty text is no day.
func (d *Day) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Day{}
		return nil
	}
	parsed, err := ParseDay(string(b))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Value stores the day as text, which both databases compare in the order of days.
func (d Day) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.String(), nil
}

// Scan reads what either database returns for a day.
func (d *Day) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Day{}
		return nil
	case time.Time:
		y, m, day := v.Date()
		*d = NewDay(y, m, day)
		return nil
	case string:
		return d.UnmarshalText([]byte(v))
	case []byte:
		return d.UnmarshalText(v)
	}
	return fmt.Errorf("read a day from %T", src)
}
