package messages

import (
	"time"

	"huitou/model"
)

// Rules are the shop's own limits on what people get. The zero value stands for DefaultRules.
type Rules struct {
	// QuietFrom and QuietTo, since midnight in Shanghai, bound the hours in which care and marketing wait; equal ones mean none.
	QuietFrom, QuietTo time.Duration
	// Care and Marketing bound the messages of one purpose, Together those of both, whatever capability and channel they are of.
	Care, Marketing, Together Cap
}

// Cap is how many messages one member may get on a business day, and on that day and the six before. 0 means as many as there are.
type Cap struct{ Day, Week int64 }

// DefaultRules hold unless the shop sets its own.
var DefaultRules = Rules{
	QuietFrom: 22 * time.Hour, QuietTo: 8 * time.Hour,
	Care: Cap{Day: 2, Week: 5}, Marketing: Cap{Day: 1, Week: 2}, Together: Cap{Day: 2, Week: 5},
}

// capped reports whether caps and quiet hours hold for a purpose. What a member asked for or is owed is exempt: a receipt at night is
// no nuisance, and no campaign may use up the room for it.
func capped(p model.MessagePurpose) bool { return p != model.PurposeService }

// quietUntil returns when the quiet hours end that an instant lies in; ok is false outside them.
func (r Rules) quietUntil(now time.Time) (until time.Time, ok bool) {
	if r.QuietFrom == r.QuietTo {
		return until, false
	}
	day := model.DayOf(now, model.Shanghai)
	at := now.Sub(day.Start(model.Shanghai)) // of the day; Shanghai has no daylight saving
	overnight := r.QuietFrom > r.QuietTo
	switch {
	case overnight && at >= r.QuietFrom:
		return day.AddDays(1).Start(model.Shanghai).Add(r.QuietTo), true
	case overnight && at < r.QuietTo, !overnight && at >= r.QuietFrom && at < r.QuietTo:
		return day.Start(model.Shanghai).Add(r.QuietTo), true
	}
	return until, false
}

// got is what a member got of each purpose on this day and in this week.
type got struct {
	day, week map[model.MessagePurpose]int64
}

// full returns the cap that stands against one more message, or "".
func (r Rules) full(p model.MessagePurpose, g got) string {
	own := r.Care
	if p == model.PurposeMarketing {
		own = r.Marketing
	}
	both := func(of map[model.MessagePurpose]int64) int64 {
		return of[model.PurposeCare] + of[model.PurposeMarketing]
	}
	reached := func(n, most int64) bool { return most > 0 && n >= most }
	switch {
	case reached(g.day[p], own.Day):
		return "cap_day"
	case reached(g.week[p], own.Week):
		return "cap_week"
	case reached(both(g.day), r.Together.Day):
		return "cap_day_together"
	case reached(both(g.week), r.Together.Week):
		return "cap_week_together"
	}
	return ""
}

// opening is how many customer-service messages an act of a person allows, and for how long (wechat.md §3.7; the platform changed
// these before: its refusal counts, see ClassWindow).
type opening struct {
	kind   string
	most   int64
	within time.Duration
}

var (
	openedByText   = opening{"text", 5, 48 * time.Hour}
	openedByClick  = opening{"click", 3, time.Minute}
	openedByScan   = opening{"scan", 3, time.Minute}
	openedByFollow = opening{"follow", 3, time.Minute}
)
