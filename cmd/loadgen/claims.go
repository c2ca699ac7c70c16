package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/model"
)

// claimFlags are the settings of `loadgen claims` and `loadgen gifts`.
type claimFlags struct {
	hot      hot
	store    store
	shoppers int
	duration time.Duration
	claims   int
	stock    int
	rounds   int
	keep     bool
	profile  string
	out      string

	flash     bool
	arriving  int
	window    time.Duration
	instances int
}

func newClaims() *cobra.Command {
	f := claimFlags{hot: hotCoupon}
	c := &cobra.Command{
		Use:   "claims",
		Short: "claim one hot coupon, the product's way and the plain way, and compare",
		Long: `Claims one hot coupon through HTTP, each claim by another member with a session of his own, in turns the product's way and the
plain way (one transaction a claim, SELECT … FOR UPDATE on the template), each way on a new database. The whole program serves on
loopback with all its middleware; the access log goes to a file as JSON. Rate and waiting times are those of the claims that were
granted; then more shoppers come until all were told that nothing is left. Afterwards every acknowledgement is looked for in the
database and every invariant is checked; exit 1 when anything differs.

With --flash: shoppers arrive by the clock within a short time, many more than there are coupons; the wait counts from the arrival.`,
		Example: "  loadgen claims --dsn 'huitou:secret@tcp(127.0.0.1:3306)/'\n  loadgen claims --flash --dsn …\n  loadgen claims --sqlite /var/tmp/load",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return f.run(c.Context(), c.OutOrStdout())
		},
	}
	f.flags(c)
	return c
}

// flags declares what the loads on hot things have in common.
func (f *claimFlags) flags(c *cobra.Command) {
	l := c.Flags()
	l.StringVar(&f.store.dsn, "dsn", "", "MySQL or MariaDB server on which databases may be made")
	l.StringVar(&f.store.folder, "sqlite", "", "folder for SQLite databases, instead of --dsn")
	l.IntVar(&f.shoppers, "shoppers", 512, "shoppers who wait for an answer at the same time, each on a connection of his own")
	l.DurationVar(&f.duration, "duration", 15*time.Second, "time that each way is measured, over all rounds; the stock is chosen to last about that long")
	l.IntVar(&f.stock, "stock", 0, "how many there are in each turn, instead of --duration")
	l.IntVar(&f.claims, "claims", 0, "shoppers who come in each turn; 0 means a tenth more than the stock")
	l.IntVar(&f.rounds, "rounds", 3, "turns of each way (with --flash: floods)")
	l.BoolVar(&f.keep, "keep", false, "keep the databases")
	l.StringVar(&f.profile, "profile", "", "folder for CPU profiles of each way")
	l.StringVar(&f.out, "out", "", "folder for the records of answers and the access log; empty means a temporary one")
	l.BoolVar(&f.flash, "flash", false, "a flood: --arriving shoppers within --window for a --stock of 1000")
	l.IntVar(&f.arriving, "arriving", 20_000, "shoppers in a flood")
	l.DurationVar(&f.window, "window", 2*time.Second, "time in which a flood arrives")
	l.IntVar(&f.instances, "instances", 1, "servers on one database, each with its own connections and caches, that share the shoppers; more than one needs --dsn")
	c.MarkFlagsOneRequired("dsn", "sqlite")
	c.MarkFlagsMutuallyExclusive("dsn", "sqlite")
	c.MarkFlagsMutuallyExclusive("duration", "stock")
}

func (f claimFlags) check() error {
	switch {
	case f.shoppers < 1 || f.shoppers > 20_000:
		return errors.New("--shoppers must be 1 to 20000")
	case f.rounds < 1 || f.rounds > 100:
		return errors.New("--rounds must be 1 to 100")
	case f.stock < 0 || f.claims < 0 || f.arriving < 1 || f.stock > 10_000_000 || f.claims > 10_000_000 || f.arriving > 1_000_000:
		return errors.New("--stock, --claims and --arriving must not be negative nor beyond millions")
	case f.instances < 1 || f.instances > 8 || f.instances > 1 && f.store.dsn == "":
		return errors.New("--instances must be 1 to 8, and 1 with --sqlite")
	case f.duration <= 0 || f.duration > time.Hour || f.window <= 0 || f.window > time.Hour:
		return errors.New("--duration and --window must be above 0 and at most an hour")
	}
	return nil
}

func (f claimFlags) run(ctx context.Context, w io.Writer) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	app.SpendMemory() // as `huitou serve` does
	drop, err := f.folders()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	on, err := f.store.describe(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "database    %s\nmachine     %d cores for client, server and database together, load %s\naccess log  JSON to a file, one line a request\n",
		on, runtime.NumCPU(), loadAverage())
	if f.flash {
		return f.runFlash(ctx, w)
	}
	return f.runWays(ctx, w)
}

// folders makes the folders that the flags name; drop removes a temporary one.
func (f *claimFlags) folders() (drop func() error, err error) {
	drop = func() error { return nil }
	if f.out == "" {
		if f.out, err = os.MkdirTemp("", "huitou-load-"); err != nil {
			return nil, err
		}
		drop = func() error { return os.RemoveAll(f.out) }
	}
	for _, dir := range []string{f.out, f.profile, f.store.folder} {
		if dir == "" {
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("make %s: %w", dir, err), drop())
		}
	}
	return drop, nil
}

// way is one manner of claiming.
type way struct {
	name, prefix string
	warm         int // shoppers in the warm-up
}

var (
	product = way{"product", "/api/v1", 10_000}
	plain   = way{"plain", plainPrefix, 1_500}
)

// runWays measures both ways in turns and compares them. Everything is prepared before the first turn, so that the turns follow each
// other closely and whatever else the machine does meets both ways alike.
func (f claimFlags) runWays(ctx context.Context, w io.Writer) (err error) {
	fmt.Fprintf(w, "load        %d shoppers at a time for a %s, each request by another member with a session of his own, %d turns each\n\n", f.shoppers, f.hot.what, f.rounds)
	var sides []*side
	defer func() {
		for _, s := range sides {
			err = errors.Join(err, s.close())
		}
	}()
	for _, how := range []way{product, plain} {
		s, err := f.prepare(ctx, how)
		if err != nil {
			return fmt.Errorf("prepare the %s way: %w", how.name, err)
		}
		sides = append(sides, s)
	}
	for round := range f.rounds {
		for _, s := range sides {
			if err := f.turn(ctx, s, round); err != nil {
				return fmt.Errorf("%s, turn %d: %w", s.how.name, round+1, err)
			}
		}
	}
	loaded := loadAverage()

	t := newTable(w)
	var both [2]turn
	for round := range f.rounds {
		for i, s := range sides {
			got, err := s.judge(ctx, f.hot, s.things[round], s.answers[round])
			if err != nil {
				return fmt.Errorf("check %s, turn %d: %w", s.how.name, round+1, err)
			}
			t.row(fmt.Sprintf("%s %d", s.how.name, round+1), got)
			both[i].add(got)
		}
	}
	t.line()
	var found []string
	for i, s := range sides {
		broken, err := s.audit(ctx)
		if err != nil {
			return err
		}
		both[i].broken = append(both[i].broken, broken...)
		found = append(found, both[i].broken...)
		t.row(s.how.name, both[i])
	}
	t.ratio(both[0], both[1])
	fmt.Fprintf(w, "\nload average at the end %s\n", loaded)
	return verdict(w, f.hot.noun, found, len(sides[0].app.Invariants()))
}

// side is one way with all that its turns need.
type side struct {
	*shop
	how     way
	journal *journal
	stock   int              // of each turn
	things  []model.PublicID // one for each turn
	from    []int            // the first shopper of each turn, and the end
	answers [][]answer
}

func (s *side) close() error { return errors.Join(s.journal.close(), s.shop.close()) }

// prepare opens a shop on a new database, warms it up and makes the hot things and shoppers of all turns.
func (f claimFlags) prepare(ctx context.Context, how way) (s *side, err error) {
	s = &side{how: how, stock: f.stock}
	if s.shop, err = openShop(ctx, f.store, f.out, f.keep, f.instances, nil); err != nil {
		return nil, err
	}
	if s.journal, err = openJournal(filepath.Join(f.out, "answers-"+how.name+".txt")); err != nil {
		return nil, errors.Join(err, s.shop.close())
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	rate, err := f.warmUp(ctx, s.shop, how, s.journal)
	if err != nil {
		return nil, fmt.Errorf("warm up: %w", err)
	}
	if s.stock == 0 {
		s.stock = max(int(rate*f.duration.Seconds()/float64(f.rounds)), f.shoppers)
	}
	coming := f.claims
	if coming == 0 {
		coming = s.stock + max(s.stock/10, 1)
	}
	for range f.rounds {
		s.from = append(s.from, len(s.tokens))
		if err := f.hot.admit(ctx, s.shop, coming); err != nil {
			return nil, err
		}
		thing, err := f.hot.offer(ctx, s.shop, s.stock)
		if err != nil {
			return nil, err
		}
		s.things = append(s.things, thing)
	}
	s.from = append(s.from, len(s.tokens))
	return s, nil
}

// turn measures one way once.
func (f claimFlags) turn(ctx context.Context, s *side, round int) error {
	stop, err := f.startProfile(fmt.Sprintf("%s-%d.pprof", s.how.name, round+1))
	if err != nil {
		return err
	}
	defer stop()
	answers, err := f.crowd(s.shop, s.how, s.things[round], s.from[round], s.from[round+1], s.journal).come(ctx)
	s.answers = append(s.answers, answers)
	return err
}

func (f claimFlags) crowd(s *shop, how way, thing model.PublicID, from, to int, j *journal) crowd {
	return crowd{
		addrs: s.addrs, path: how.prefix + f.hot.path(thing), tokens: s.tokens[from:to], from: from,
		conns: min(f.shoppers, to-from), limit: 10*time.Minute + f.duration, journal: j,
	}
}

// warmUp fills pools and caches with requests for another one and returns their rate.
func (f claimFlags) warmUp(ctx context.Context, s *shop, how way, j *journal) (float64, error) {
	n := how.warm
	if f.stock > 0 {
		n = min(n, f.stock)
	}
	from := len(s.tokens)
	if err := f.hot.admit(ctx, s, n); err != nil {
		return 0, err
	}
	thing, err := f.hot.offer(ctx, s, n)
	if err != nil {
		return 0, err
	}
	answers, err := f.crowd(s, how, thing, from, len(s.tokens), j).come(ctx)
	if err != nil {
		return 0, err
	}
	t, err := s.judge(ctx, f.hot, thing, answers)
	if err == nil && len(t.broken) > 0 {
		err = errors.New(t.broken[0])
	}
	return t.rate(), err
}

// judge sums the answers up and compares them with the database.
func (s *shop) judge(ctx context.Context, h hot, thing model.PublicID, answers []answer) (turn, error) {
	t := newTurn(answers)
	st, err := h.read(ctx, s.app.DB, thing)
	if err != nil {
		return t, err
	}
	t.broken = compare(answers, s.members, st)
	return t, nil
}

// audit checks every invariant of the services.
func (s *shop) audit(ctx context.Context) ([]string, error) {
	return auditAll(ctx, s.app.DB, s.app.Invariants())
}

func (f claimFlags) startProfile(name string) (stop func(), err error) {
	if f.profile == "" {
		return func() {}, nil
	}
	file, err := os.Create(filepath.Join(f.profile, name))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		file.Close()
		if allocs, err := os.Create(filepath.Join(f.profile, "allocs-"+name)); err == nil {
			_ = pprof.Lookup("allocs").WriteTo(allocs, 0)
			allocs.Close()
		}
	}, nil
}
