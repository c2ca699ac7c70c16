package demoshop

import (
	"math/rand/v2"
	"sort"
	"time"

	"huitou/model"
)

// calendar knows how busy each day of a span is, and turns busyness into instants.
type calendar struct {
	first model.Day
	// until[i] is the busyness of all days before day i, so until[0] is 0; an average day has about 1.
	until []float64
}

func newCalendar(first, last model.Day) *calendar {
	c := &calendar{first: first, until: []float64{0}}
	for d := first; !last.Before(d); d = d.AddDays(1) {
		c.until = append(c.until, c.until[len(c.until)-1]+busyness(d))
	}
	return c
}

func (c *calendar) days() int { return len(c.until) - 1 }

// total is the busyness of the whole span.
func (c *calendar) total() float64 { return c.until[len(c.until)-1] }

// at returns the day in which a cumulated busyness falls and the busyness left within it; ok is false after the end.
func (c *calendar) at(busy float64) (day int, ok bool) {
	if busy >= c.total() {
		return 0, false
	}
	return sort.Search(len(c.until), func(i int) bool { return c.until[i] > busy }) - 1, true
}

func (c *calendar) day(i int) model.Day { return c.first.AddDays(i) }

// busyness is how much a shop sells on a day relative to a plain one.
func busyness(d model.Day) float64 {
	noon := d.Start(time.UTC)
	w := [...]float64{time.Sunday: 1.15, time.Monday: 0.9, time.Tuesday: 0.88, time.Wednesday: 0.9, time.Thursday: 0.92,
		time.Friday: 1.0, time.Saturday: 1.2}[noon.Weekday()]
	month, day := noon.Month(), noon.Day()
	switch {
	case month == time.November && day == 11: // 双11
		w *= 5
	case month == time.November && day < 11:
		w *= 1.3
	case month == time.November && day < 20: // after the feast
		w *= 0.75
	case month == time.December && day == 12: // 双12
		w *= 2
	case month == time.June && day == 18: // 618
		w *= 4
	case month == time.June && day < 18:
		w *= 1.2
	case month == time.June && day < 27:
		w *= 0.8
	case month == time.March && day == 8: // 妇女节
		w *= 1.8
	case month == time.April && day < 20: // 明前茶
		w *= 1.35
	}
	for _, f := range springFestivals {
		switch n := d.Sub(f); {
		case n >= -24 && n < -5: // 年货节
			w *= 1.7
		case n >= -5 && n < 0: // couriers go home
			w *= 0.7
		case n >= 0 && n < 8:
			w *= 0.3
		}
	}
	for _, f := range midAutumns {
		if n := d.Sub(f); n >= -15 && n < 0 {
			w *= 1.6
		}
	}
	return w
}

// First days of the lunar year and mid-autumn days, from the lunar calendar; years outside have no such feast.
var (
	springFestivals = days("2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26",
		"2029-02-13", "2030-02-03", "2031-01-23", "2032-02-11")
	midAutumns = days("2023-09-29", "2024-09-17", "2025-10-06", "2026-09-25", "2027-09-15", "2028-10-03",
		"2029-09-22", "2030-09-12", "2031-10-01", "2032-09-19")
)

func days(texts ...string) []model.Day {
	out := make([]model.Day, len(texts))
	for i, s := range texts {
		d, err := model.ParseDay(s)
		if err != nil {
			panic("demoshop: " + err.Error())
		}
		out[i] = d
	}
	return out
}

// byHour is when people shop: little at night, a rise before lunch, the peak on the sofa in the evening.
var byHour = [24]float64{1.2, 0.5, 0.2, 0.1, 0.1, 0.2, 0.6, 1.5, 2.8, 4.2, 5.6, 5.4, 5.2, 4.8, 4.3, 4.4, 4.3, 4.2, 4.4, 5.6, 7.2, 7.8, 6.2, 3.2}

// timeOfDay returns a time since midnight.
func timeOfDay(r *rand.Rand) time.Duration {
	hour := pick(r, len(byHour), func(i int) float64 { return byHour[i] })
	return time.Duration(hour)*time.Hour + time.Duration(r.IntN(3600))*time.Second
}

// pick draws an index below n by weight.
func pick(r *rand.Rand, n int, weight func(int) float64) int {
	sum := 0.0
	for i := range n {
		sum += weight(i)
	}
	x := r.Float64() * sum
	for i := range n {
		if x -= weight(i); x < 0 {
			return i
		}
	}
	return n - 1
}
