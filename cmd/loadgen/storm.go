package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"huitou/model"
	"huitou/model/db"
	"huitou/service/memberships"
)

// stormyFlags are the settings of `loadgen storm`.
type stormyFlags struct {
	store  store
	orders int
	kills  int
	rate   int
	keep   bool
}

// healedWithin is how soon after its payment an order must be credited whose notice never came.
const healedWithin = 5 * time.Minute

func newStorm() *cobra.Command {
	f := stormyFlags{}
	c := &cobra.Command{
		Use:   "storm",
		Short: "sell cards while notices are lost, late, repeated and forged and both servers are killed",
		Long: `Sells cards through the simulated WeChat. Two server processes take the notices of the payments, which come through a bad post office:
each 1 to 15 times and in any order, one in ten a day late, one in twenty never, and for every five of them one is forged. Meanwhile
both processes are killed (SIGKILL) and started anew as often as --kills says. Then a day passes on the clock of WeChat and of the
shop, the late ones arrive, and the day is reconciled with WeChat's bill. Every order must have become exactly one card, no forged
notice may have been taken, one that was lost must have been healed within five minutes, the bill must agree to the fen, and every
invariant must hold; exit 1 otherwise.`,
		Example: "  loadgen storm --dsn 'huitou:secret@tcp(127.0.0.1:3306)/'",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return f.run(c.Context(), c.OutOrStdout()) },
	}
	l := c.Flags()
	l.StringVar(&f.store.dsn, "dsn", "", "MySQL or MariaDB server on which databases may be made")
	l.IntVar(&f.orders, "orders", 10_000, "cards that are sold")
	l.IntVar(&f.rate, "rate", 60, "cards sold per second, at most")
	l.IntVar(&f.kills, "kills", 10, "how often both servers are killed")
	l.BoolVar(&f.keep, "keep", false, "keep the database")
	if err := c.MarkFlagRequired("dsn"); err != nil {
		panic(err)
	}
	c.AddCommand(&cobra.Command{Use: "server", Hidden: true, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		return serveStorm(c.Context())
	}})
	return c
}

func (f stormyFlags) run(ctx context.Context, w io.Writer) (err error) {
	if f.orders < 20 || f.orders > 1_000_000 || f.kills < 0 || f.kills > 100 || f.rate < 1 || f.rate > 10_000 {
		return errors.New("--orders must be 20 to 1000000, --kills 0 to 100, --rate 1 to 10000")
	}
	on, err := f.store.describe(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "database    %s\nmachine     %d cores for WeChat, servers and database together, load %s\n", on, runtime.NumCPU(), loadAverage())
	t, err := openTown(ctx, f.store, f.keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	fmt.Fprintf(w, "load        %d cards, at most %d sold per second; both servers killed %d times\n", f.orders, f.rate, f.kills)
	if err := t.startServers(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := t.sell(ctx, w, f); err != nil {
		return err
	}
	t.post.deliverAll()
	fmt.Fprintf(w, "storm       over after %s: %s; load average %s\n", time.Since(began).Round(time.Second), t.post.report(), loadAverage())
	found, err := t.credited(ctx, w, f.orders)
	if err != nil {
		return err
	}
	if err := t.nextDay(ctx); err != nil {
		return err
	}
	fmt.Fprintf(w, "next day    %s\n", t.post.report())
	more, err := t.settleUp(ctx, w, f.orders)
	if err != nil {
		return err
	}
	return verdict(w, "payment", append(found, more...), len(t.app.Invariants()))
}

// sell sells the cards and kills the servers on the way.
func (t *town) sell(ctx context.Context, w io.Writer, f stormyFlags) error {
	plan, err := t.app.Memberships.CreatePlan(ctx, memberships.NewPlan{
		Name: "年卡", Price: cardPrice, ListPrice: cardPrice, Unit: model.PlanMonths, Length: 12, PointsMultiplier: model.WholeBP, PercentOff: 500, OnSale: true,
	})
	if err != nil {
		return fmt.Errorf("make the plan: %w", err)
	}
	g, selling := errgroup.WithContext(ctx)
	g.SetLimit(16)
	pace := time.NewTicker(time.Second / time.Duration(f.rate))
	defer pace.Stop()
	killed := 0
	for i := range f.orders {
		select {
		case <-selling.Done():
			return g.Wait()
		case <-pace.C:
		}
		if killed < f.kills && i >= f.orders*(killed+1)/(f.kills+1) {
			killed++
			if err := t.killServers(ctx); err != nil {
				return errors.Join(err, g.Wait())
			}
			fmt.Fprintf(w, "killed      both after %d orders\n", i)
		}
		g.Go(func() error { return t.sellOne(selling, plan.ID) })
	}
	return g.Wait()
}

// credited waits until every order that can be credited without the late notices is, and says what differs.
func (t *town) credited(ctx context.Context, w io.Writer, want int) (found []string, err error) {
	began := time.Now()
	var cards int64
	for cards < int64(want) && time.Since(began) < healedWithin+time.Minute {
		if cards, err = t.count(ctx, &model.MembershipPeriod{}, "1 = 1"); err != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	var lags []time.Duration
	byWay := map[string]int{}
	err = t.app.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		var rows []struct {
			PaidVia            string
			PaidAt, CreditedAt time.Time
		}
		err := tx.Gorm().Raw(`SELECT p.paid_via, p.paid_at, m.created_at AS credited_at FROM pay_orders p
			JOIN membership_orders o ON o.pay_order_id = p.id JOIN membership_periods m ON m.order_id = o.id`).Scan(&rows).Error
		for _, o := range rows {
			byWay[o.PaidVia]++
			lags = append(lags, o.CreditedAt.Sub(o.PaidAt))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the payments: %w", err)
	}
	slices.Sort(lags)
	slowest := latencies(lags).percentile(1)
	fmt.Fprintf(w, "credits     %d cards %s after the storm; heard of by %v; from payment to credit p50 %s, p99 %s, slowest %s\n", cards, time.Since(began).Round(time.Second), byWay,
		latencies(lags).percentile(0.5).Round(time.Millisecond), latencies(lags).percentile(0.99).Round(time.Millisecond), slowest.Round(time.Millisecond))
	if cards != int64(want) || len(lags) != want {
		found = append(found, fmt.Sprintf("credits: %d payments and %d cards instead of %d", len(lags), cards, want))
	}
	if slowest > healedWithin {
		found = append(found, fmt.Sprintf("healed: one took %s, at most %s is allowed", slowest, healedWithin))
	}
	if n := t.post.taken.Load(); n > 0 {
		found = append(found, fmt.Sprintf("forged: %d forged notices were taken", n))
	}
	return found, nil
}

// settleUp reconciles the days of the storm with WeChat's bills and checks every invariant.
func (t *town) settleUp(ctx context.Context, w io.Writer, want int) (found []string, err error) {
	cards, err := t.count(ctx, &model.MembershipPeriod{}, "1 = 1")
	if err != nil {
		return nil, err
	}
	if cards != int64(want) {
		found = append(found, fmt.Sprintf("credits: %d cards after the late notices instead of %d", cards, want))
	}
	var matched int
	var sum model.Fen
	for day := model.DayOf(t.began, model.Shanghai); !model.DayOf(t.ended, model.Shanghai).Before(day); day = day.AddDays(1) {
		b, err := t.app.Bills.Day(ctx, day)
		if err != nil {
			return nil, fmt.Errorf("reconcile %s: %w", day, err)
		}
		fmt.Fprintf(w, "bill        %s: %s, %d payments of %s yuan, %d matched, %d repaired, %d ours only, %d theirs only, %d amounts and %d states differ\n",
			b.Day, b.State, b.Payments, b.PaidFen, b.Matched, b.Repaired, b.OursOnly, b.TheirsOnly, b.AmountDiffers, b.StateDiffers)
		matched += b.Matched
		sum += b.PaidFen
	}
	if matched != want || sum != model.Fen(want)*cardPrice {
		found = append(found, fmt.Sprintf("bill: %d matched over %s yuan instead of %d over %s", matched, sum, want, model.Fen(want)*cardPrice))
	}
	broken, err := auditAll(ctx, t.app.DB, t.app.Invariants())
	return append(found, broken...), err
}
