package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/model"
	"huitou/service/jobs"
)

// newJobs returns `huitou jobs`. open opens the shop that the flags name.
func newJobs(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	c := &cobra.Command{Use: "jobs", Short: "后台任务:查看已放弃的任务,排除原因后重试"}
	with := func(run func(c *cobra.Command, q *jobs.Queue) error) func(*cobra.Command, []string) error {
		return func(c *cobra.Command, _ []string) (err error) {
			a, err := open(c.Context(), c)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			return withDetail(run(c, a.Queue))
		}
	}
	c.AddCommand(newJobsList(with), newJobsRetry(with))
	for _, sub := range c.Commands() {
		addDataFlags(sub)
	}
	return c
}

type withQueue = func(run func(c *cobra.Command, q *jobs.Queue) error) func(*cobra.Command, []string) error

func newJobsList(with withQueue) *cobra.Command {
	var (
		kind  string
		limit int
	)
	c := &cobra.Command{
		Use: "list [--kind KIND]", Short: "已放弃的任务:按种类合计,给出 --kind 时逐个列出", Args: cobra.NoArgs,
		RunE: with(func(c *cobra.Command, q *jobs.Queue) error {
			if limit < 1 || limit > jobs.RetryMost {
				return fmt.Errorf("--limit must be 1 to %d", jobs.RetryMost)
			}
			if kind != "" {
				list, err := q.DeadOf(c.Context(), kind, limit)
				if err != nil {
					return err
				}
				return printDead(c.OutOrStdout(), list)
			}
			list, err := q.Dead(c.Context())
			if err != nil {
				return err
			}
			return printDeadKinds(c.OutOrStdout(), list)
		}),
	}
	c.Flags().StringVar(&kind, "kind", "", "list the jobs of this kind one by one, the oldest first")
	c.Flags().IntVar(&limit, "limit", 100, "how many at most")
	return c
}

func newJobsRetry(with withQueue) *cobra.Command {
	var (
		in jobs.Retry
		id int64
	)
	c := &cobra.Command{
		Use: "retry (--id N | --kind KIND) --note 原因", Short: "重试已放弃的任务:一个,或一种之中最早的若干个;留痕", Args: cobra.NoArgs,
		RunE: with(func(c *cobra.Command, q *jobs.Queue) error {
			in.ID = model.JobID(id)
			n, err := q.Retry(c.Context(), in)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%d 个任务重新等待运行\n", n)
			return err
		}),
	}
	c.Flags().Int64Var(&id, "id", 0, "one job")
	c.Flags().StringVar(&in.Kind, "kind", "", "the jobs of this kind, the oldest first")
	c.Flags().IntVar(&in.Limit, "limit", 100, fmt.Sprintf("how many of a kind at most; up to %d", jobs.RetryMost))
	c.Flags().StringVar(&in.Note, "note", "", "what was mended; kept in the staff trail")
	c.MarkFlagsMutuallyExclusive("id", "kind")
	c.MarkFlagsOneRequired("id", "kind")
	c.MarkFlagRequired("note")
	return c
}

func printDeadKinds(w io.Writer, list []jobs.DeadKind) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var n int64
	fmt.Fprintln(t, "种类\t个数\t最早\t最近\t最近一次的原因")
	for _, k := range list {
		n += k.Count
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", k.Kind, k.Count, minuteOf(&k.Since), minuteOf(&k.Until), oneLine(k.Reason))
	}
	if n > 0 {
		if err := t.Flush(); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "已放弃的任务 %d 个\n", n)
	return err
}

func printDead(w io.Writer, list []model.Job) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "编号\t种类\t次数\t放弃于\t原因")
	for _, j := range list {
		fmt.Fprintf(t, "%d\t%s\t%d\t%s\t%s\n", j.ID, j.Kind, j.Attempts, minuteOf(j.FinishedAt), oneLine(j.LastError))
	}
	return t.Flush()
}

func minuteOf(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.In(model.Shanghai).Format("2006-01-02 15:04")
}

// oneLine keeps a reason inside its row.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 120 {
		return string(r[:119]) + "…"
	}
	return s
}
