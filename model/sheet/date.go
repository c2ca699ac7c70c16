package sheet

import (
	"errors"
	"strings"
	"time"
)

var errDate = errors.New("not a date: want 2026-03-01, 2026/3/1, 20260301 or 2026年3月1日, with or without a time such as 10:05:30")

// After normalising, a date and time has one of these forms. Go accepts a fraction of a second after each "05", and one or two
// digits for "1", "2" and "15".
var (
	digitLayouts = map[int]string{8: "20060102", 12: "200601021504", 14: "20060102150405"}
	dateLayouts  = []string{
		"2006-1-2", "2006-1-2 15:04:05", "2006-1-2 15:04",
		"2006-1-2 15:04:05Z07:00", "2006-1-2 15:04:05 Z07:00", "2006-1-2 15:04:05Z0700", "2006-1-2 15:04Z07:00",
		"20060102 15:04:05", "20060102 15:04",
	}
	chinese = strings.NewReplacer("年", "-", "月", "-", "日", " ", "号", " ", "时", ":", "点", ":", "分", ":", "秒", "")
)

// ParseTime reads an instant in the forms that people and programs write. A date alone means its first instant, and a time
// without a zone is one of the shop's zone.
func ParseTime(s string, zone *time.Location) (time.Time, error) {
	if strings.Contains(s, "年") {
		s = strings.Trim(chinese.Replace(s), " :") // "10时05分" leaves a colon behind
		s = strings.Join(strings.Fields(s), " ")
	}
	if AllDigits(s) {
		layout, ok := digitLayouts[len(s)]
		if !ok {
			return time.Time{}, errDate
		}
		return parsed(layout, s, zone)
	}
	date, clock, _ := strings.Cut(strings.Replace(s, "T", " ", 1), " ")
	for _, sep := range []string{"/", "."} {
		if strings.Count(date, sep) == 2 && !strings.Contains(date, "-") {
			date = strings.ReplaceAll(date, sep, "-")
		}
	}
	if clock = strings.TrimSpace(clock); clock != "" {
		date += " " + clock
	}
	for _, layout := range dateLayouts {
		if at, err := parsed(layout, date, zone); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errDate
}

func parsed(layout, s string, zone *time.Location) (time.Time, error) {
	at, err := time.ParseInLocation(layout, s, zone)
	if err != nil {
		return time.Time{}, errDate
	}
	return at.UTC().Truncate(time.Microsecond), nil
}

// AllDigits reports whether a text is digits 0-9 and nothing else.
func AllDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
