package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// flashStock is how many coupons a flood comes for.
const flashStock = 1000

// answerWithin is how soon after its arrival everybody in a flood must have an answer.
const answerWithin = 6 * time.Second

// runFlash lets floods arrive, each at a shop that has just opened.
func (f claimFlags) runFlash(ctx context.Context, w io.Writer) error {
	if f.stock == 0 {
		f.stock = flashStock
	}
	fmt.Fprintf(w, "load        %d shoppers arrive within %s for %d of a %s, %d at a time on open connections, %d instances, %d rounds; waits count from the arrival\n\n",
		f.arriving, f.window, f.stock, f.hot.what, f.shoppers, f.instances, f.rounds)
	t := newTable(w)
	var all turn
	var found []string
	invariants := 0
	for round := range f.rounds {
		got, checked, err := f.flood(ctx, round+1)
		if err != nil {
			return fmt.Errorf("flood %d: %w", round+1, err)
		}
		t.row(fmt.Sprintf("flood %d", round+1), got)
		found = append(found, got.broken...)
		all.add(got)
		invariants = checked
	}
	t.line()
	t.row("all", all)
	t.everybody(all)
	fmt.Fprintf(w, "\nload average at the end %s\n", loadAverage())
	return verdict(w, f.hot.noun, found, invariants)
}

// flood lets one flood arrive and returns how it went and how many invariants were checked after it.
func (f claimFlags) flood(ctx context.Context, round int) (t turn, invariants int, err error) {
	s, err := openShop(ctx, f.store, f.out, f.keep, f.instances, nil)
	if err != nil {
		return t, 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	j, err := openJournal(filepath.Join(f.out, fmt.Sprintf("answers-flood-%d.txt", round)))
	if err != nil {
		return t, 0, err
	}
	defer func() { err = errors.Join(err, j.close()) }()
	warm := f
	warm.stock = min(f.arriving, 2000)
	if _, err := warm.warmUp(ctx, s, product, j); err != nil {
		return t, 0, fmt.Errorf("warm up: %w", err)
	}
	from := len(s.tokens)
	if err := f.hot.admit(ctx, s, f.arriving); err != nil {
		return t, 0, err
	}
	thing, err := f.hot.offer(ctx, s, f.stock)
	if err != nil {
		return t, 0, err
	}
	stop, err := f.startProfile(fmt.Sprintf("flood-%d.pprof", round))
	if err != nil {
		return t, 0, err
	}
	c := f.crowd(s, product, thing, from, len(s.tokens), j)
	c.arrivals = within(f.arriving, f.window)
	answers, err := c.come(ctx)
	stop()
	if err != nil {
		return t, 0, err
	}
	if t, err = s.judge(ctx, f.hot, thing, answers); err != nil {
		return t, 0, err
	}
	if slowest := t.everyWait().percentile(1); slowest > answerWithin {
		t.broken = append(t.broken, fmt.Sprintf("slow: the slowest answer took %s, at most %s is allowed", slowest, answerWithin))
	}
	if want := min(f.stock, f.arriving); len(t.granted) != want {
		t.broken = append(t.broken, fmt.Sprintf("granted: %d instead of exactly %d", len(t.granted), want))
	}
	if t.errors > 0 {
		t.broken = append(t.broken, fmt.Sprintf("errors: %d shoppers got a server's error or none at all", t.errors))
	}
	broken, err := s.audit(ctx)
	t.broken = append(t.broken, broken...)
	return t, len(s.app.Invariants()), err
}
