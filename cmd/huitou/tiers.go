package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/progress"
	"huitou/model"
	"huitou/service/tiers"
)

// newTiers returns `huitou tiers`. open opens the database that the flags name.
func newTiers(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	c := &cobra.Command{Use: "tiers", Short: "会员等级"}
	c.AddCommand(newTiersSuggest(open), newTiersEvaluate(open))
	return c
}

func newTiersSuggest(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	var (
		shares, window, metric string
		asJSON                 bool
	)
	c := &cobra.Command{
		Use:   "suggest --shares 80,16,3.2,0.8",
		Short: "按期望的人数占比,由本店会员推算各级门槛;只读,不改动任何数据",
		Long: `按期望的人数占比(从低到高,合计 100)由本店全部会员推算各级门槛,并列出与现有等级相比谁会变动。
指标相同的会员不会被拆开;在效果相同的门槛中取最整的数。只读,不写入任何数据。`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			in := tiers.Suggest{Metric: model.TierMetric(metric), Period: model.TierPeriod(window)}
			if in.Shares, err = tiers.ParseShares(shares); err != nil {
				return fmt.Errorf("--shares %q: %w", shares, err)
			}
			if window != "" && in.Period != model.TierRolling && in.Period != model.TierCalendar {
				return fmt.Errorf("--window %q: want rolling or calendar", window)
			}
			if metric != "" && in.Metric != model.TierByMoney && in.Metric != model.TierByPoints {
				return fmt.Errorf("--metric %q: want goods_money or points", metric)
			}
			a, err := open(c.Context(), c)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			out, err := a.Tiers.Suggest(c.Context(), in)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(out)
			}
			return printSuggestion(c.OutOrStdout(), out)
		},
	}
	c.Flags().StringVar(&shares, "shares", "80,16,3.2,0.8", "percent of the members on each level, the lowest first; together 100")
	c.Flags().StringVar(&window, "window", "", "rolling (the last 12 months) or calendar (this year); without it that of the scheme, or rolling")
	c.Flags().StringVar(&metric, "metric", "", "goods_money or points; without it that of the scheme, or goods_money")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, thresholds in fen or points")
	addDataFlags(c)
	return c
}

func printSuggestion(w io.Writer, s tiers.Suggestion) error {
	unit, write := "累计消费(元)", func(n int64) string { return model.Fen(n).String() }
	if s.Metric == model.TierByPoints {
		unit, write = "累计积分", func(n int64) string { return fmt.Sprint(n) }
	}
	fmt.Fprintf(w, "按 %s 起的%s推算,会员 %s 人,统计于 %s\n\n", s.From, unit, progress.Thousands(int(s.Members)), s.AsOf.In(model.Shanghai).Format(time.DateTime))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "级\t门槛\t人数\t占比%\t期望%\t")
	for _, l := range s.Levels {
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t\n", l.Rank, write(l.Threshold), progress.Thousands(int(l.Members)), l.Share, l.Asked)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, "\n变动(现有等级 → 推算等级)\n")
	for _, f := range s.Moves {
		from := "未分级"
		if f.FromRank > 0 {
			from = fmt.Sprintf("%d %s", f.FromRank, f.From)
		}
		fmt.Fprintf(w, "  %s → %d  %s 人\n", from, f.ToRank, progress.Thousands(int(f.Members)))
	}
	_, err := fmt.Fprint(w, "\n以上仅为推算,未改动任何数据。\n")
	return err
}

func newTiersEvaluate(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	c := &cobra.Command{
		Use:   "evaluate",
		Short: "立即执行一次等级评定(服务运行时每晚自动执行;同一天同一规则只执行一次,可中断后继续)",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			a, err := open(c.Context(), c)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			out, err := a.Tiers.Evaluate(c.Context())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "评定会员 %s 人,变动 %s 人\n", progress.Thousands(int(out.Members)), progress.Thousands(int(out.Moved)))
			return err
		},
	}
	addDataFlags(c)
	return c
}
