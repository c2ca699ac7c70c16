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
	"huitou/service/analytics"
)

func newReportLiability(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	var asJSON, asCSV bool
	c := &cobra.Command{
		Use: "liability", Short: "积分负债:未使用积分按到期月份、成本与已过期积分", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			a, err := open(c.Context(), c)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			l, err := a.Analytics.Liability(c.Context())
			if err != nil {
				return err
			}
			switch {
			case asCSV:
				return l.WriteCSV(c.OutOrStdout())
			case asJSON:
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(l)
			}
			return printLiability(c.OutOrStdout(), l)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, money in fen")
	c.Flags().BoolVar(&asCSV, "csv", false, "print CSV for a spreadsheet")
	c.MarkFlagsMutuallyExclusive("json", "csv")
	addDataFlags(c)
	return c
}

func printLiability(w io.Writer, l analytics.Liability) error {
	n := func(p model.Points) string { return progress.Thousands(int(p)) }
	fmt.Fprintf(w, "积分负债  统计于 %s  每百积分成本 %s 元\n\n", l.AsOf.In(model.Shanghai).Format(time.DateTime), l.CostPerHundred)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "到期月份\t可用\t待生效\t合计\t成本(元)\t")
	for _, r := range l.Rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t\n", r.Name(), n(r.Active), n(r.Pending), n(r.Points), r.CostFen)
	}
	fmt.Fprintf(t, "合计\t\t\t%s\t%s\t\n", n(l.Outstanding), l.CostFen)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n累计发放 %s,使用 %s,过期 %s;已了结积分中过期占 %.2f%%\n会员所欠积分 %s(未从合计中扣除)\n",
		n(l.Earned), n(l.Spent), n(l.Expired), 100*l.Breakage, n(l.Debt))
	return err
}
