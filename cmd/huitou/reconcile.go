package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/model"
)

// newReconcile returns `huitou reconcile`. open opens the shop that the flags name.
func newReconcile(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	c := &cobra.Command{
		Use:   "reconcile [--date 2026-11-20]",
		Short: "微信支付对账:下载账单、校验、逐笔核对并修复;有未关闭的差异时以 1 退出",
		Long: `下载微信支付的交易账单,校验摘要与合计,把每笔收款和退款分为:一致、仅我方有、仅微信有、金额不符、状态不符。
不一致的逐笔向微信查询并按签名应答修复,修复不了的列为差异,由店员核实后填写说明关闭。
不给 --date 时补齐近三个月内所有未核对的日子;服务运行时每天 10:15 自动执行。可重复执行,结果相同。
演示店的微信支付只在演示运行时存在,请在其中用 POST /admin/v1/bills/{day}/reconcile。`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			var day model.Day
			if text, _ := c.Flags().GetString("date"); text != "" {
				if day, err = model.ParseDay(text); err != nil {
					return fmt.Errorf("--date: %w", err)
				}
			}
			a, err := open(c.Context(), c)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, a.Close()) }()
			if a.Settings.Merchant.MchID == "" {
				return errors.New("the settings name no merchant of WeChat Pay (pay.mch_id)")
			}
			return reconcile(c.Context(), c.OutOrStdout(), a, day)
		},
	}
	c.Flags().String("date", "", "one day; without it every day that is due")
	addConfigFlag(c) // a demo's WeChat Pay lives in the demo: POST /admin/v1/bills/{day}/reconcile
	return c
}

// reconcile works through one day, or all that are due, and prints each result. It ends with status 1 when breaks are open on any of them.
func reconcile(ctx context.Context, w io.Writer, a *app.App, day model.Day) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "日期\t结果\t收款\t金额(元)\t退款\t金额(元)\t一致\t其中修复\t仅我方\t仅微信\t金额不符\t状态不符\t")
	days, differ := 0, 0
	report := func(b model.PayBill) {
		days++
		differ += b.OursOnly + b.TheirsOnly + b.AmountDiffers + b.StateDiffers
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", b.Day, b.State, b.Payments, b.PaidFen, b.Refunds, b.RefundFen,
			b.Matched, b.Repaired, b.OursOnly, b.TheirsOnly, b.AmountDiffers, b.StateDiffers)
	}
	var failed error
	if day == (model.Day{}) {
		failed = a.Bills.CatchUp(ctx, report)
	} else if b, err := a.Bills.Day(ctx, day); err != nil {
		failed = fmt.Errorf("%s: %w", day, err)
	} else {
		report(b)
	}
	if days > 0 {
		if err := t.Flush(); err != nil {
			return errors.Join(failed, err)
		}
	}
	if _, err := fmt.Fprintf(w, "核对 %d 天,差异 %d 笔\n", days, differ); err != nil || failed != nil {
		return errors.Join(failed, err)
	}
	if differ > 0 {
		return errSaid
	}
	return nil
}
