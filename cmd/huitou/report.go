package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/model"
	"huitou/service/analytics"
)

// newReport returns `huitou report`, which prints the shop's figures. open opens the database that the flags name.
func newReport(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	c := &cobra.Command{Use: "report", Short: "店铺报表"}
	c.AddCommand(newReportRepurchase(open), newReportLiability(open))
	return c
}

func newReportRepurchase(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	var (
		from, to string
		asJSON   bool
	)
	c := &cobra.Command{
		Use: "repurchase --from 2026-03-01 --to 2026-04-01", Short: "用户复购率与订单复购率", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			first, err := dayFlag("from", from)
			if err != nil {
				return err
			}
			end, err := dayFlag("to", to)
			if err != nil {
				return err
			}
			a, err := open(c.Context(), c)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			r, err := a.Analytics.Repurchase(c.Context(), first, end)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(r)
			}
			return printRepurchase(c.OutOrStdout(), r)
		},
	}
	c.Flags().StringVar(&from, "from", "", "first day, in the shop's zone")
	c.Flags().StringVar(&to, "to", "", "the day after the last")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, rates as fractions")
	c.MarkFlagRequired("from")
	c.MarkFlagRequired("to")
	addDataFlags(c)
	return c
}

func dayFlag(name, text string) (model.Day, error) {
	d, err := model.ParseDay(text)
	if err != nil {
		return d, fmt.Errorf("--%s: %w", name, err)
	}
	return d, nil
}

func printRepurchase(w io.Writer, r analytics.Report) error {
	_, err := fmt.Fprintf(w, `复购率  %s 至 %s(均含当日)  统计于 %s  %s

用户复购率  %6.2f%%  %d / %d
            期内购买2次及以上的客户 / 期内购买过的客户
订单复购率  %6.2f%%  %d / %d
            期内各客户第2次及以后的订单 / 期内全部订单

只计有效订单:已付款、未全额退款,不含会员卡与积分订单;实付0元的订单计入。
`, r.From, r.To.AddDays(-1), r.AsOf.In(model.Shanghai).Format(time.DateTime), r.Zone,
		100*r.UserRate, r.RepeatBuyers, r.Buyers, 100*r.OrderRate, r.RepeatOrders, r.Orders)
	return err
}
