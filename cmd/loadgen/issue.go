package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/kv"
	"huitou/model/random"
	"huitou/service/audit"
	"huitou/service/coupons"
)

// issueFlags are the settings of `loadgen issue`.
type issueFlags struct {
	store   store
	members int
	kills   int
	keep    bool
}

// Environment of the worker process: the database that it works on.
const workerDriver, workerDatabase = "HUITOU_LOAD_DRIVER", "HUITOU_LOAD_DATABASE"

func newIssue() *cobra.Command {
	f := issueFlags{}
	c := &cobra.Command{
		Use:   "issue",
		Short: "give a coupon to very many members, killing the worker on the way",
		Long: `Starts a bulk issue to every member of a new database. A process of its own works on it: the whole program in the role of a
worker. It is killed (SIGKILL) when a part of the members has theirs and started anew, as often as --kills says. Afterwards every
member must have exactly one coupon and every invariant must hold; exit 1 otherwise. The rate counts from the start of the bulk
issue to its end, recoveries included; the rate at work leaves out the time in which the checkpoint stood still after a kill.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.Context(), c.OutOrStdout()) },
	}
	l := c.Flags()
	l.StringVar(&f.store.dsn, "dsn", "", "MySQL or MariaDB server on which databases may be made")
	l.StringVar(&f.store.folder, "sqlite", "", "folder for SQLite databases, instead of --dsn")
	l.IntVar(&f.members, "members", 1_000_000, "members who get a coupon")
	l.IntVar(&f.kills, "kills", 2, "how often the worker is killed")
	l.BoolVar(&f.keep, "keep", false, "keep the database")
	c.MarkFlagsOneRequired("dsn", "sqlite")
	c.MarkFlagsMutuallyExclusive("dsn", "sqlite")
	worker := &cobra.Command{Use: "worker", Hidden: true, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		return workOnIssue(c.Context())
	}}
	c.AddCommand(worker)
	return c
}

func (f issueFlags) run(ctx context.Context, w io.Writer) (err error) {
	if f.members < 1 || f.members > 10_000_000 || f.kills < 0 || f.kills > 20 {
		return errors.New("--members must be 1 to 10000000 and --kills 0 to 20")
	}
	where, err := f.store.describe(ctx)
	if err != nil {
		return err
	}
	o, drop, err := f.store.create(ctx)
	if err != nil {
		return err
	}
	if !f.keep {
		defer func() { err = errors.Join(err, drop()) }()
	}
	a, err := openProgram(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.DB.Migrate(ctx); err != nil {
		return err
	}
	if err := a.DB.Check(ctx); err != nil {
		return fmt.Errorf("the database does not keep what it promises, so its figures do not count:\n%w", err)
	}
	fmt.Fprintf(w, "database    %s\nload        one coupon each for %d members, worker killed %d times; load average at the start %s\n", where, f.members, f.kills, loadAverage())
	if err := manyMembers(ctx, a.DB, f.members); err != nil {
		return err
	}
	t, err := a.Coupons.CreateTemplate(ctx, coupons.NewTemplate{
		Name: "满100减10", CouponTerms: model.CouponTerms{Kind: model.CouponAmount, AmountFen: 1000, ThresholdFen: 10000},
		UseDays: 30, Total: -1, PerMember: 1, Issuable: true,
	})
	if err == nil {
		t, err = a.Coupons.Activate(ctx, 0, t.ID)
	}
	if err != nil {
		return fmt.Errorf("make the coupon: %w", err)
	}
	return f.issue(ctx, w, a, o, t.ID)
}

// issue starts the bulk issue, its workers one after another, and judges the end.
func (f issueFlags) issue(ctx context.Context, w io.Writer, a *app.App, o db.Options, template model.PublicID) error {
	started := time.Now()
	r, err := a.Coupons.StartRun(ctx, coupons.NewRun{Template: template, Everybody: true, Note: "load"})
	if err != nil {
		return err
	}
	var still time.Duration
	for kill := 0; r.State == model.CouponRunning; kill++ {
		var stood time.Duration
		if r, stood, err = f.workerLife(ctx, a, o, r, kill); err != nil {
			return err
		}
		still += stood
		if r.State == model.CouponRunning {
			fmt.Fprintf(w, "killed      at %d coupons, %s after the start\n", r.Issued, time.Since(started).Round(100*time.Millisecond))
		}
	}
	took := time.Since(started)
	fmt.Fprintf(w, "issued      %d coupons in %s: %.0f/s with recoveries, %.0f/s at work; load average at the end %s\n",
		r.Issued, took.Round(100*time.Millisecond), float64(r.Issued)/took.Seconds(), float64(r.Issued)/(took-still).Seconds(), loadAverage())
	found, err := f.everybodyHasOne(ctx, a, r)
	if err != nil {
		return err
	}
	asked := time.Now()
	n, err := a.Analytics.CouponNumbers(ctx, template)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "numbers     of the template counted from its %d rows in %s\n", n.Given, time.Since(asked).Round(time.Millisecond))
	if len(found) == 0 {
		fmt.Fprintln(w, "every member has exactly one; every invariant of coupons holds")
		return nil
	}
	for _, line := range found {
		fmt.Fprintln(w, "BREAK", line)
	}
	return errDiffers
}

// workerLife starts a worker and waits until the bulk issue is done or the worker's hour has come. stood is how long it took until the
// checkpoint moved.
func (f issueFlags) workerLife(ctx context.Context, a *app.App, o db.Options, r coupons.Run, kill int) (_ coupons.Run, stood time.Duration, err error) {
	c := exec.CommandContext(ctx, os.Args[0], "issue", "worker")
	c.Env = append(os.Environ(), workerDriver+"="+string(o.Driver), workerDatabase+"="+o.Path+o.DSN)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		return r, 0, fmt.Errorf("start a worker: %w", err)
	}
	defer func() {
		c.Process.Kill()
		c.Wait()
	}()
	began, before := time.Now(), r.Issued
	last := began
	for {
		select {
		case <-ctx.Done():
			return r, stood, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		had := r.Issued
		if r, err = a.Coupons.RunProgress(ctx, r.ID); err != nil {
			return r, stood, err
		}
		if r.Issued > had {
			if had == before {
				stood = time.Since(began)
			}
			last = time.Now()
		}
		switch due := int64(f.members) * int64(kill+1) / int64(f.kills+1); {
		case r.State != model.CouponRunning, kill < f.kills && r.Issued >= due:
			return r, stood, nil
		case time.Since(last) > 3*time.Minute:
			return r, stood, errors.New("the checkpoint has stood still for three minutes")
		}
	}
}

// everybodyHasOne compares the database with what must be: each member one coupon of the run, and the invariants.
func (f issueFlags) everybodyHasOne(ctx context.Context, a *app.App, r coupons.Run) (found []string, err error) {
	if r.Issued != int64(f.members) || r.Done != r.Total {
		found = append(found, fmt.Sprintf("the run says %+v", r))
	}
	err = a.DB.Read(ctx, func(_ context.Context, tx *db.Tx) error {
		var without, several int64
		err := tx.Gorm().Raw(`SELECT COUNT(*) FROM members m WHERE NOT EXISTS (SELECT 1 FROM coupons c WHERE c.member_id = m.id)`).Scan(&without).Error
		if err == nil {
			err = tx.Gorm().Raw(`SELECT COUNT(*) FROM (SELECT member_id FROM coupons GROUP BY member_id HAVING COUNT(*) <> 1) s`).Scan(&several).Error
		}
		if without != 0 || several != 0 {
			found = append(found, fmt.Sprintf("%d members have none, %d have several", without, several))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	broken, err := audit.Run(ctx, a.DB, coupons.Invariants())
	for _, b := range broken {
		found = append(found, b.ID+": "+strings.Join(b.Violations, "; "))
	}
	return found, err
}

// openProgram makes the whole program on a database.
func openProgram(ctx context.Context, o db.Options) (*app.App, error) {
	return app.New(ctx, app.Settings{
		DB: o, KV: kv.NewMemory(kv.MemoryOptions{Now: time.Now}), Now: time.Now, Log: slog.New(slog.DiscardHandler), Version: "load",
		PhoneKey: []byte(random.Token()[:32]),
	})
}

// workOnIssue is the worker process: the program's jobs until it is killed.
func workOnIssue(ctx context.Context) error {
	at := os.Getenv(workerDatabase)
	a, err := openProgram(ctx, db.Options{Driver: db.Driver(os.Getenv(workerDriver)), Path: at, DSN: at})
	if err != nil {
		return err
	}
	return errors.Join(a.Queue.Run(ctx), a.Close())
}

// manyMembers adds members without identities, as many as one statement takes at a time.
func manyMembers(ctx context.Context, d *db.DB, n int) error {
	for made := 0; made < n; {
		rows := make([]model.Member, min(n-made, 2000))
		err := d.Do(ctx, func(_ context.Context, tx *db.Tx) error {
			for i := range rows {
				rows[i] = model.Member{PublicID: model.PublicID(random.ID()), Number: fmt.Sprintf("%012d", made+i), JoinedAt: tx.Now}
			}
			return tx.Gorm().Create(&rows).Error
		})
		if err != nil {
			return fmt.Errorf("add members: %w", err)
		}
		made += len(rows)
	}
	return nil
}
