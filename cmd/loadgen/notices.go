package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"huitou/cmd/internal/app"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/random"
	"huitou/service/members"
	"huitou/service/memberships"
)

// stormFlags are the settings that the storms of callbacks have in common.
type stormFlags struct {
	load      claimFlags // store, out, keep, profile, instances
	rate      int
	duration  time.Duration
	conns     int
	forged    int
	forgeries int // connections
}

// What a storm of notices must come to.
const (
	noticesPerSecond = 1000
	answeredWithin   = 300 * time.Millisecond // 99 of 100
)

func newNotices() *cobra.Command {
	f := stormFlags{}
	c := &cobra.Command{
		Use:   "notices",
		Short: "take notices of WeChat Pay while forged ones pour in",
		Long: `Makes as many card orders as notices will come, then lets the notices of their payments come at an even rate, while forged ones
come at a rate of their own: wrong signatures, bodies changed after signing, unknown keys, the platform's probes, old ones, rubbish.
The whole program serves with all its middleware and works on what it was told. All notices are signed and sealed before the load
begins; the wait of one counts from the time at which it should have come. Afterwards every valid notice must have been taken and
have become one card, no forged one may have been taken, and every invariant must hold; exit 1 otherwise.`,
		Example: "  loadgen notices --dsn 'huitou:secret@tcp(127.0.0.1:3306)/' --instances 2",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return f.runNotices(c.Context(), c.OutOrStdout()) },
	}
	f.flags(c, 1100)
	l := c.Flags()
	l.IntVar(&f.forged, "forged", 3000, "forged notices per second")
	l.IntVar(&f.forgeries, "forged-connections", 32, "connections of the forgers")
	return c
}

func (f *stormFlags) flags(c *cobra.Command, rate int) {
	l := c.Flags()
	l.StringVar(&f.load.store.dsn, "dsn", "", "MySQL or MariaDB server on which databases may be made")
	l.StringVar(&f.load.store.folder, "sqlite", "", "folder for SQLite databases, instead of --dsn")
	l.IntVar(&f.rate, "rate", rate, "valid ones per second")
	l.DurationVar(&f.duration, "duration", 10*time.Second, "how long they come")
	l.IntVar(&f.conns, "connections", 128, "connections on which valid ones come")
	l.IntVar(&f.load.instances, "instances", 1, "servers on one database; more than one needs --dsn")
	l.BoolVar(&f.load.keep, "keep", false, "keep the database")
	l.StringVar(&f.load.profile, "profile", "", "folder for a CPU profile")
	l.StringVar(&f.load.out, "out", "", "folder for the access log; empty means a temporary one")
	c.MarkFlagsOneRequired("dsn", "sqlite")
	c.MarkFlagsMutuallyExclusive("dsn", "sqlite")
}

func (f *stormFlags) check() error {
	f.load.shoppers, f.load.rounds, f.load.arriving, f.load.duration, f.load.window = 1, 1, 1, time.Second, time.Second
	switch {
	case f.rate < 1 || f.rate > 100_000 || f.forged < 0 || f.forged > 100_000:
		return errors.New("--rate must be 1 to 100000, --forged 0 to 100000")
	case f.duration < time.Second || f.duration > 10*time.Minute:
		return errors.New("--duration must be 1s to 10m")
	case f.conns < 1 || f.conns > 10_000 || f.forged > 0 && (f.forgeries < 1 || f.forgeries > 10_000):
		return errors.New("connections must be 1 to 10000")
	}
	return f.load.check()
}

// open starts the shop of a storm and says on what.
func (f *stormFlags) open(ctx context.Context, w io.Writer) (p *platform, s *shop, shut func() error, err error) {
	app.SpendMemory() // as `huitou serve` does
	drop, err := f.load.folders()
	if err != nil {
		return nil, nil, nil, err
	}
	on, err := f.load.store.describe(ctx)
	if err != nil {
		return nil, nil, nil, errors.Join(err, drop())
	}
	if p, err = newPlatform(); err != nil {
		return nil, nil, nil, errors.Join(err, drop())
	}
	s, err = openShop(ctx, f.load.store, f.load.out, f.load.keep, f.load.instances, p.fit)
	if err != nil {
		p.server.Close()
		return nil, nil, nil, errors.Join(err, drop())
	}
	fmt.Fprintf(w, "database    %s\nmachine     %d cores for client, server and database together, load %s\n", on, runtime.NumCPU(), loadAverage())
	return p, s, func() error {
		err := s.close()
		p.server.Close()
		return errors.Join(err, drop())
	}, nil
}

func (f *stormFlags) runNotices(ctx context.Context, w io.Writer) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	p, s, shut, err := f.open(ctx, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	n := int(float64(f.rate) * f.duration.Seconds())
	fmt.Fprintf(w, "load        %d notices within %s on %d connections, %d forged ones per second on %d more, %d instances\n",
		n, f.duration, f.conns, f.forged, f.forgeries, f.load.instances)
	payments, err := s.cardOrders(ctx, n)
	if err != nil {
		return err
	}
	valid, err := p.notices(payments, f.duration)
	if err != nil {
		return err
	}
	forged, err := p.forgeries(int(float64(f.forged)*f.duration.Seconds()), f.duration)
	if err != nil {
		return err
	}
	stop, err := f.load.startProfile("notices.pprof")
	if err != nil {
		return err
	}
	var taken, refused []hit
	var lasted, forging time.Duration
	g, loading := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		taken, lasted, err = fire(loading, s.addrs, valid, f.conns, f.duration+2*time.Minute)
		return err
	})
	if len(forged) > 0 {
		g.Go(func() (err error) {
			refused, forging, err = fire(loading, s.addrs, forged, f.forgeries, f.duration+2*time.Minute)
			return err
		})
	}
	err = g.Wait()
	stop()
	if err != nil {
		return err
	}
	loaded := loadAverage()

	ok, not := waits(taken, http.StatusNoContent), waits(refused, http.StatusUnauthorized, http.StatusBadRequest)
	rate := float64(len(ok)) / lasted.Seconds()
	fmt.Fprintf(w, "taken       %d of %d, %.0f per s, p50 %s, p99 %s, slowest %s\n", len(ok), len(taken), rate, ms(ok.percentile(0.5)), ms(ok.percentile(0.99)), ms(ok.percentile(1)))
	if len(refused) > 0 {
		fmt.Fprintf(w, "refused     %d of %d forged ones, %.0f per s, p99 %s\n", len(not), len(refused), float64(len(not))/forging.Seconds(), ms(not.percentile(0.99)))
	}
	reached := "NOT reached"
	if rate >= noticesPerSecond && ok.percentile(0.99) <= answeredWithin {
		reached = "reached"
	}
	fmt.Fprintf(w, "target      (%d per s, p99 %s): %s; load average %s\n", noticesPerSecond, answeredWithin, reached, loaded)
	var found []string
	if len(ok) != len(taken) || len(not) != len(refused) {
		found = append(found, fmt.Sprintf("answers: %d valid ones were not taken, %d forged ones were not refused", len(taken)-len(ok), len(refused)-len(not)))
	}
	broken, err := s.cardsAreThere(ctx, w, n)
	if err != nil {
		return err
	}
	return verdict(w, "notice", append(found, broken...), len(s.app.Invariants()))
}

// cardPrice is what the card of a load costs.
const cardPrice model.Fen = 9900

// cardOrders lets new shoppers order a card each, as far as the payment, and returns what WeChat Pay will say of it.
func (s *shop) cardOrders(ctx context.Context, n int) ([]payment, error) {
	plan, err := s.app.Memberships.CreatePlan(ctx, memberships.NewPlan{
		Name: "年卡", Price: cardPrice, ListPrice: cardPrice, Unit: model.PlanMonths, Length: 12, PointsMultiplier: model.WholeBP, PercentOff: 500, OnSale: true,
	})
	if err != nil {
		return nil, fmt.Errorf("make the plan: %w", err)
	}
	list := make([]payment, n)
	for from := 0; from < n; from += admitted {
		some := list[from:min(from+admitted, n)]
		shoppers := make([]members.NewMember, len(some))
		for i := range some {
			some[i] = payment{openID: "o" + random.ID(), fen: int64(cardPrice), transaction: "42" + random.Digits(26)}
			shoppers[i].OpenIDs = []members.OpenID{{AppID: loadMini, OpenID: some[i].openID}}
		}
		var ids []model.MemberID
		err := s.app.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			ids, err = s.app.Members.ImportTx(ctx, tx, shoppers)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("add shoppers: %w", err)
		}
		g, ordering := errgroup.WithContext(ctx)
		g.SetLimit(16)
		for i, m := range ids {
			g.Go(func() error {
				bought, err := s.app.Memberships.Buy(ordering, memberships.Buy{Member: m, Plan: plan.ID})
				if err != nil {
					return err
				}
				return s.app.DB.Read(ordering, func(_ context.Context, tx *db.Tx) error {
					return tx.Gorm().Model(&model.PayOrder{}).Select("out_trade_no").
						Where("purpose = ? AND ref = ?", memberships.Purpose, bought.Number).Scan(&some[i].number).Error
				})
			})
		}
		if err := g.Wait(); err != nil {
			return nil, fmt.Errorf("order cards: %w", err)
		}
	}
	return list, nil
}

// noticesAt is the address of notices about payments.
const noticesAt = "/wechat/pay/notices/payment"

// notices are one notice for each payment.
func (p *platform) notices(payments []payment, within time.Duration) ([]shot, error) {
	shots := make([]shot, len(payments))
	var g errgroup.Group
	g.SetLimit(runtime.NumCPU())
	now := time.Now()
	for i, at := range evenly(len(payments), within) {
		g.Go(func() error {
			body, err := p.notice(payments[i], now)
			shots[i] = shot{request(noticesAt, p.signature(body, now, publicID), body), at, i}
			return err
		})
	}
	return shots, g.Wait()
}

// forgeries are notices that are not WeChat Pay's, of every kind that somebody can make without its key.
func (p *platform) forgeries(n int, within time.Duration) ([]shot, error) {
	const variety = 60
	now := time.Now()
	made := make([][]byte, variety)
	for i := range made {
		body, err := p.notice(payment{"HT" + random.Upper(26), "42" + random.Digits(26), "o" + random.ID(), 1}, now)
		if err != nil {
			return nil, err
		}
		h := p.signature(body, now, publicID)
		switch i % 6 {
		case 0: // signed with nothing
			h.Set("Wechatpay-Signature", strings.Repeat("A", 342)+"==")
		case 1: // another body under a true signature
			body = []byte(strings.Replace(string(body), "TRANSACTION.SUCCESS", "TRANSACTION.SUCCES5", 1))
		case 2:
			h.Set("Wechatpay-Serial", "PUB_KEY_ID_0000000000000000000000000000000000")
		case 3: // what WeChat sends to see whether we look
			h.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+h.Get("Wechatpay-Signature"))
		case 4: // true, and ten minutes old
			h = p.signature(body, now.Add(-time.Hour), publicID)
		case 5:
			h, body = http.Header{}, []byte(`{"id":"`+random.ID()+`","event_type":"TRANSACTION.SUCCESS","resource":null}`)
		}
		made[i] = request(noticesAt, h, body)
	}
	shots := make([]shot, n)
	for i, at := range evenly(n, within) {
		shots[i] = shot{made[i%variety], at, i}
	}
	return shots, nil
}

// cardsAreThere waits until every card is made and says what differs.
func (s *shop) cardsAreThere(ctx context.Context, w io.Writer, want int) ([]string, error) {
	began := time.Now()
	var cards, paid int64
	for {
		err := s.app.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
			if err := tx.Gorm().Model(&model.MembershipPeriod{}).Count(&cards).Error; err != nil {
				return err
			}
			return tx.Gorm().Model(&model.PayOrder{}).Where("state = ?", model.PayPaid).Count(&paid).Error
		})
		if err != nil {
			return nil, fmt.Errorf("count the cards: %w", err)
		}
		if cards >= int64(want) || time.Since(began) > 5*time.Minute {
			break
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	fmt.Fprintf(w, "credits     %d payments, %d cards; the last one %s after the last answer\n", paid, cards, time.Since(began).Round(100*time.Millisecond))
	found, err := s.audit(ctx)
	if cards != int64(want) || paid != int64(want) {
		found = append(found, fmt.Sprintf("credits: %d payments and %d cards instead of %d", paid, cards, want))
	}
	return found, err
}
