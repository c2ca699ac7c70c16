package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
)

// What draining the outbox must come to.
const (
	messagesPerSecond = 1000
	poisonMayCost     = 0.05 // of the rate at which good messages leave
)

// outboxFlags are the settings of `loadgen outbox`.
type outboxFlags struct {
	load     claimFlags // store, out, keep, profile, instances, rounds
	people   int
	messages int
	poison   float64 // share of the messages, 0 to 1
}

func newOutbox() *cobra.Command {
	f, percent := outboxFlags{}, 0.0
	c := &cobra.Command{
		Use:   "outbox",
		Short: "drain the outbox to a simulated WeChat, clean and poisoned in turns",
		Long: `Lets people follow a simulated WeChat's official account and agree to notices, queues messages to them (eight in ten are template messages,
one each are notices of the official account and of the mini-program) and then lets all of them become due at once. The whole program sends them
over HTTP and takes WeChat's encrypted reports of what became of them; simulator, program and database share the machine. In turns the
messages are all good, and a part of them is poison: refused for good, refused again and again, answered with rubbish after the person got
them, not worded as WeChat wants it, or making the sender panic. After each turn the clock of shop and WeChat goes on until the poison has
ended too. Every good message must be on the phone of its person exactly once and be delivered, every poisoned one must have ended with its
reason and have been seen once at most, and every invariant must hold; exit 1 otherwise.`,
		Example: "  loadgen outbox --dsn 'huitou:secret@tcp(127.0.0.1:3306)/'\n  loadgen outbox --sqlite /var/tmp/load --poison 0",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f.poison = percent / 100
			return f.run(c.Context(), c.OutOrStdout())
		},
	}
	l := c.Flags()
	l.StringVar(&f.load.store.dsn, "dsn", "", "MySQL or MariaDB server on which databases may be made")
	l.StringVar(&f.load.store.folder, "sqlite", "", "folder for SQLite databases, instead of --dsn")
	l.IntVar(&f.people, "people", 3000, "people who follow")
	l.IntVar(&f.messages, "messages", 10_000, "messages in each turn")
	l.IntVar(&f.load.rounds, "rounds", 3, "rounds of one clean and one poisoned turn")
	l.Float64Var(&percent, "poison", 1, "poisoned messages in a poisoned turn, in percent; 0 means clean turns only")
	l.IntVar(&f.load.instances, "instances", 1, "servers on one database; more than one needs --dsn")
	l.BoolVar(&f.load.keep, "keep", false, "keep the database")
	l.StringVar(&f.load.profile, "profile", "", "folder for CPU profiles of each turn")
	l.StringVar(&f.load.out, "out", "", "folder for the access log; empty means a temporary one")
	c.MarkFlagsOneRequired("dsn", "sqlite")
	c.MarkFlagsMutuallyExclusive("dsn", "sqlite")
	return c
}

func (f *outboxFlags) check() error {
	f.load.shoppers, f.load.arriving, f.load.duration, f.load.window = 1, 1, time.Second, time.Second
	switch {
	case f.people < 1 || f.people > 100_000 || f.messages < 100 || f.messages > 1_000_000:
		return errors.New("--people must be 1 to 100000, --messages 100 to 1000000")
	case f.messages*2*f.load.rounds > 400*f.people:
		return errors.New("more than 400 messages for each of --people: a phone of the simulator keeps 500")
	case f.poison < 0 || f.poison > 0.5:
		return errors.New("--poison must be 0 to 50 percent")
	}
	return f.load.check()
}

func (f *outboxFlags) run(ctx context.Context, w io.Writer) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	app.SpendMemory() // as `huitou serve` does
	drop, err := f.load.folders()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	on, err := f.load.store.describe(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "database    %s\nmachine     %d cores for WeChat, program and database together, load %s\n", on, runtime.NumCPU(), loadAverage())
	p, err := openPhones(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.gather(ctx, f.people); err != nil {
		return err
	}
	fmt.Fprintf(w, "load        %d messages a turn to %d people, %d rounds, %d instances\n\n", f.messages, f.people, f.load.rounds, f.load.instances)
	fmt.Fprintf(w, "%-10s %9s %12s %12s %9s   %s\n", "turn", "messages", "accepted/s", "delivered/s", "poison", "ends of the poison")
	if _, err := p.drain(ctx, min(500, f.messages), 0, ""); err != nil { // fills pools and caches
		return fmt.Errorf("warm up: %w", err)
	}
	var clean, poisoned []drained
	for round := range f.load.rounds {
		turns := []float64{0, f.poison}
		switch {
		case f.poison == 0:
			turns = turns[:1]
		case round%2 == 1: // neither way always comes first
			slices.Reverse(turns)
		}
		for _, share := range turns {
			d, err := p.drain(ctx, f.messages, share, f.load.profile)
			if err != nil {
				return err
			}
			name := "clean"
			if share > 0 {
				name, poisoned = "poisoned", append(poisoned, d)
			} else {
				clean = append(clean, d)
			}
			fmt.Fprintf(w, "%-10s %9d %12.0f %12.0f %9d   %s\n", name, d.good, d.accepted, d.delivered, d.poison, d.ends)
		}
	}
	f.figures(w, clean, poisoned)
	found, err := p.verify(ctx, w)
	if err != nil {
		return err
	}
	return verdict(w, "message", found, len(p.shop.app.Invariants()))
}

// figures prints what the turns came to.
func (f *outboxFlags) figures(w io.Writer, clean, poisoned []drained) {
	of := func(list []drained, rate func(drained) float64) float64 {
		all := make([]float64, len(list))
		for i, d := range list {
			all[i] = rate(d)
		}
		return median(all)
	}
	accepted := func(d drained) float64 { return d.accepted }
	rate := of(clean, accepted)
	reached := "NOT reached"
	if rate >= messagesPerSecond {
		reached = "reached"
	}
	fmt.Fprintf(w, "\ndrain       %.0f accepted/s, %.0f delivered/s (medians of clean turns); target %d/s: %s; load average %s\n",
		rate, of(clean, func(d drained) float64 { return d.delivered }), messagesPerSecond, reached, loadAverage())
	if len(poisoned) == 0 {
		return
	}
	kept := make([]float64, len(poisoned))
	for i := range poisoned {
		kept[i] = poisoned[i].accepted / clean[i].accepted
	}
	lost := 1 - median(kept) // of rounds, so that a machine that grows busy or idle meets both ways
	reached = "NOT reached"
	if lost <= poisonMayCost {
		reached = "reached"
	}
	fmt.Fprintf(w, "poison      %.1f%% of the messages: good ones leave at %.0f/s, %.1f%% slower (median of rounds); target %.0f%%: %s\n",
		100*f.poison, of(poisoned, accepted), 100*lost, 100*poisonMayCost, reached)
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(list))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
