package model

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ExpiryMode is how the end of points follows from the day on which they become active.
type ExpiryMode string

const (
	ExpireNever      ExpiryMode = "never"
	ExpireAfterDays  ExpiryMode = "days"      // N whole business days after the day of activation, 1 to 3660
	ExpireAfterMonth ExpiryMode = "months"    // the same day of the month N months later, 1 to 120
	ExpireMonthEnd   ExpiryMode = "month_end" // the end of the month N months later, 0 to 120
	ExpireYearEnd    ExpiryMode = "year_end"  // the end of the year N years later, 0 to 10
	ExpireOnDate     ExpiryMode = "date"      // the end of Date, and for points that become active later its next anniversary
)

// ExpiryRule is one of the modes of rules.md b1. The clock starts when points become active, not when they are given. The zero
// value is no rule; ParseExpiryRule makes sound ones.
type ExpiryRule struct {
	Mode ExpiryMode
	N    int
	Date Day // of ExpireOnDate
}

// ErrExpiryRule means that a text is not a rule of expiry.
var ErrExpiryRule = errors.New("not a rule of expiry (want never, days:365, months:12, month_end:0, year_end:1 or date:2027-03-31)")

// expiryBounds are the least and the greatest N.
var expiryBounds = map[ExpiryMode][2]int{
	ExpireAfterDays: {1, 3660}, ExpireAfterMonth: {1, 120}, ExpireMonthEnd: {0, 120}, ExpireYearEnd: {0, 10},
}

// ParseExpiryRule reads "never", "days:365", "months:12", "month_end", "month_end:2", "year_end", "year_end:1" or "date:2027-03-31".
// Without a number month_end and year_end mean the current month and year.
func ParseExpiryRule(s string) (ExpiryRule, error) {
	mode, arg, given := strings.Cut(s, ":")
	r := ExpiryRule{Mode: ExpiryMode(mode)}
	switch r.Mode {
	case ExpireNever:
		if !given {
			return r, nil
		}
	case ExpireOnDate:
		d, err := ParseDay(arg)
		if err == nil && d.t.Year() >= 2000 && d.t.Year() <= 2999 {
			r.Date = d
			return r, nil
		}
	default:
		bounds, known := expiryBounds[r.Mode]
		if known && !given && bounds[0] == 0 {
			return r, nil
		}
		n, err := strconv.Atoi(arg)
		if known && err == nil && plainDigits(arg) && n >= bounds[0] && n <= bounds[1] {
			r.N = n
			return r, nil
		}
	}
	return ExpiryRule{}, fmt.Errorf("%w: %q", ErrExpiryRule, s)
}

// String writes the rule as ParseExpiryRule reads it.
func (r ExpiryRule) String() string {
	switch r.Mode {
	case ExpireNever:
		return string(r.Mode)
	case ExpireOnDate:
		return string(r.Mode) + ":" + r.Date.String()
	}
	return fmt.Sprintf("%s:%d", r.Mode, r.N)
}

// At returns the first instant at which points that became active at an instant can no longer be spent: always a midnight in the
// shop's zone, so that points live to the end of a business day. The zero time means never; so does the zero rule.
func (r ExpiryRule) At(activeFrom time.Time, zone *time.Location) time.Time {
	day := DayOf(activeFrom, zone)
	y, m, _ := day.t.Date()
	switch r.Mode {
	case ExpireAfterDays:
		day = day.AddDays(r.N + 1)
	case ExpireAfterMonth:
		day = day.AddMonths(r.N, day.DayOfMonth()).AddDays(1)
	case ExpireMonthEnd:
		day = NewDay(y, m+time.Month(r.N)+1, 1)
	case ExpireYearEnd:
		day = NewDay(y+r.N+1, time.January, 1)
	case ExpireOnDate:
		last := r.Date
		if years := y - last.t.Year(); last.Before(day) {
			last = r.Date.AddMonths(12*years, r.Date.DayOfMonth())
			if last.Before(day) {
				last = r.Date.AddMonths(12*(years+1), r.Date.DayOfMonth())
			}
		}
		day = last.AddDays(1)
	default:
		return time.Time{}
	}
	return day.Start(zone)
}
