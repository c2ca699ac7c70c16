package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// turn is what one load came to.
type turn struct {
	granted, refused latencies
	errors           int           // broken connections and answers of 500 and above
	lasted           time.Duration // until the last grant
	broken           []string
}

func newTurn(answers []answer) turn {
	var t turn
	for _, a := range answers {
		switch {
		case a.acknowledged():
			t.granted = append(t.granted, a.took)
			t.lasted = max(t.lasted, a.at)
		case a.refused():
			t.refused = append(t.refused, a.took)
		default:
			t.errors++
		}
	}
	t.granted, t.refused = t.granted.sorted(), t.refused.sorted()
	return t
}

// add joins two turns of one way: their times and their waits.
func (t *turn) add(o turn) {
	t.granted = append(t.granted, o.granted...).sorted()
	t.refused = append(t.refused, o.refused...).sorted()
	t.errors += o.errors
	t.lasted += o.lasted
	t.broken = append(t.broken, o.broken...)
}

// rate is grants a second.
func (t turn) rate() float64 {
	if t.lasted <= 0 {
		return 0
	}
	return float64(len(t.granted)) / t.lasted.Seconds()
}

func (t turn) everyWait() latencies { return append(t.granted.sorted(), t.refused...).sorted() }

// table prints turns as they end.
type table struct{ w io.Writer }

func newTable(w io.Writer) table {
	fmt.Fprintf(w, "%-12s %9s %9s %10s %10s %10s %9s %7s  %s\n", "", "granted", "per s", "p50", "p99", "max", "sold out", "errors", "check")
	return table{w}
}

func (t table) line() { fmt.Fprintln(t.w, strings.Repeat("-", 98)) }

func (t table) row(name string, r turn) {
	check := "equal"
	if len(r.broken) > 0 {
		check = fmt.Sprintf("%d BREAKS", len(r.broken))
	}
	fmt.Fprintf(t.w, "%-12s %9d %9.0f %10s %10s %10s %9d %7d  %s\n", name, len(r.granted), r.rate(),
		ms(r.granted.percentile(0.5)), ms(r.granted.percentile(0.99)), ms(r.granted.percentile(1)), len(r.refused), r.errors, check)
}

// ratio says how much better the first is.
func (t table) ratio(a, b turn) {
	if b.rate() == 0 || a.granted.percentile(1) == 0 {
		return
	}
	part := func(share float64) string {
		return fmt.Sprintf("1/%.1f", b.granted.percentile(share).Seconds()/a.granted.percentile(share).Seconds())
	}
	fmt.Fprintf(t.w, "%-12s %9s %8.1fx %10s %10s %10s\n", "ratio", "", a.rate()/b.rate(), part(0.5), part(0.99), part(1))
	reached := "NOT reached"
	if a.rate() >= 10*b.rate() && 10*a.granted.percentile(0.99) <= b.granted.percentile(0.99) {
		reached = "reached"
	}
	fmt.Fprintf(t.w, "\ntarget (10 times the rate, a tenth of the p99): %s\n", reached)
}

// everybody sums up the waits of all who came, served or not.
func (t table) everybody(r turn) {
	all := r.everyWait()
	fmt.Fprintf(t.w, "\neverybody: %d answers, p50 %s, p99 %s, slowest %s\n", len(all), ms(all.percentile(0.5)), ms(all.percentile(0.99)), ms(all.percentile(1)))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

var errDiffers = errors.New("what was acknowledged and what is in the database differ")

// verdict prints what differs, and is an error when anything does.
func verdict(w io.Writer, noun string, found []string, invariants int) error {
	if len(found) == 0 {
		fmt.Fprintf(w, "every acknowledged %s is there once, none was lost, doubled or handed out beyond the stock; %d invariants hold\n", noun, invariants)
		return nil
	}
	for _, f := range found {
		fmt.Fprintln(w, "BREAK", f)
	}
	return errDiffers
}

// loadAverage is the machine's, where it tells.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	f := strings.Fields(string(text))
	if len(f) < 3 {
		return "unknown"
	}
	return strings.Join(f[:3], " ")
}
