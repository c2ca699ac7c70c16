package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/progress"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/sheet"
	"huitou/service/orders"
	"huitou/service/orders/orderfile"
)

// newImport returns `huitou import`, which takes a shop's past in. open opens the database that the flags name.
func newImport(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	c := &cobra.Command{Use: "import", Short: "导入历史数据"}
	c.AddCommand(newImportOrders(open), newImportPoints(open))
	return c
}

func newImportOrders(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	var in importFlags
	c := &cobra.Command{
		Use:   "orders FILE",
		Short: "导入历史订单(CSV 或空白分隔的文本,UTF-8)",
		Long: `导入历史订单。文件首行为列名;列可用列名或序号(#2)指定。

同一来源(--source)的订单号只导入一次,因此可以反复运行,也可以在中断后原样再次运行。
有问题的行连同行号、列与原因写入 FILE.errors.csv,其余的行照常导入。
历史订单计入会员的消费记录与复购率,不产生积分,也不发送消息。
收银系统的文件可带券码与优惠金额两列(--map coupon=…,discount=…):订单按付款时刻核销该券,不能核销的原因记在订单上。`,
		Example: `  huitou import orders 订单.csv --data ./shop --map number=订单号,member=客户编号,paid_at=付款时间,amount=实付金额
  huitou import orders CDNOW_master.txt --data ./cdnow --number line --map member=customer_id,paid_at=date,amount=dollar_value`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return in.run(c, args[0], open) },
	}
	c.Flags().StringVar(&in.columns, "map", "", "which column is what: number=COL,member=COL,paid_at=COL,amount=COL, "+
		"and where the file tells of coupons coupon=COL,discount=COL (the code, and what was taken off); "+
		"COL is a name of the first line or #1, #2, …; without it the columns have these names")
	c.Flags().StringVar(&in.number, "number", "column", "column: orders have a number; line: they are numbered by file name and line")
	c.Flags().StringVar(&in.unit, "amount-unit", string(orderfile.Yuan), "yuan (at most two decimals) or fen")
	c.Flags().StringVar(&in.source, "source", "file", "name of the system that the numbers come from; order and customer numbers are unique within it")
	addDataFlags(c)
	return c
}

type importFlags struct{ columns, number, unit, source string }

var sourceName = regexp.MustCompile(`^[0-9A-Za-z_.:-]{1,64}$`)

// options checks the flags before anything is opened.
func (in importFlags) options(file string) (o orderfile.Options, err error) {
	columns, given, err := orderfile.ParseMapping(in.columns)
	if err != nil {
		return o, fmt.Errorf("--map: %w", err)
	}
	o = orderfile.Options{Map: columns, Unit: orderfile.Unit(in.unit), Zone: model.Shanghai}
	switch in.number {
	case "column":
	case "line":
		if slices.Contains(given, "number") {
			return o, errors.New("--number line and a column for number in --map exclude each other")
		}
		o.Numbers = orderfile.LineNumbers(filepath.Base(file))
	default:
		return o, fmt.Errorf("--number %q: want column or line", in.number)
	}
	if o.Unit != orderfile.Yuan && o.Unit != orderfile.Fen {
		return o, fmt.Errorf("--amount-unit %q: want yuan or fen", in.unit)
	}
	if !sourceName.MatchString(in.source) {
		return o, fmt.Errorf("--source %q: want 1 to 64 of 0-9, A-Z, a-z, dot, colon, dash, underscore", in.source)
	}
	return o, nil
}

func (in importFlags) run(c *cobra.Command, path string, open func(context.Context, *cobra.Command) (*app.App, error)) error {
	o, err := in.options(path)
	if err != nil {
		return err
	}
	return runImport(c, path, open, func(a *app.App, file io.Reader, size int64, with sheet.Options) (sheet.Progress, error) {
		o.Now, o.Refused, o.Progress = a.DB.Now(), with.Refused, with.Progress
		return orderfile.Import(c.Context(), file, size, o, importSink(a.DB, a.Orders, in.source))
	})
}

// runImport reads a file into the database that the flags name, shows how far it is, and says what came of it. Refused rows go to a
// file beside the one that is read.
func runImport(c *cobra.Command, path string, open func(context.Context, *cobra.Command) (*app.App, error),
	read func(a *app.App, file io.Reader, size int64, o sheet.Options) (sheet.Progress, error)) (err error) {
	file, size, err := openRegular(path)
	if err != nil {
		return err
	}
	defer file.Close()
	a, err := open(c.Context(), c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()

	refused := path + ".errors.csv"
	if err := os.Remove(refused); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the refused rows of an earlier run: %w", err)
	}
	bar := progress.New(c.ErrOrStderr(), time.Now)
	done, err := read(a, file, size, sheet.Options{
		Refused:  func() (io.WriteCloser, error) { return os.OpenFile(refused, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) },
		Progress: func(p sheet.Progress) { bar.Show(progress.State{Done: p.Bytes, Total: p.Total, Rows: p.Rows}) },
	})
	spent := bar.Finish()
	fmt.Fprintf(c.OutOrStdout(), "读取 %s 行:新增 %s,已有 %s,拒绝 %s;用时 %.1f 秒,%s 行/秒\n",
		progress.Thousands(done.Rows), progress.Thousands(done.New), progress.Thousands(done.Known), progress.Thousands(done.Refused),
		spent.Seconds(), progress.Thousands(progress.Rate(done.Rows, spent)))
	if done.Refused > 0 {
		fmt.Fprintf(c.OutOrStdout(), "被拒绝的行及原因见 %s\n", refused)
	}
	switch {
	case c.Context().Err() != nil:
		return fmt.Errorf("import %s: interrupted; run the same command again to go on", path)
	case err != nil && done.Rows > 0:
		return fmt.Errorf("import %s (run the same command again to go on): %w", path, err)
	case err != nil:
		return fmt.Errorf("import %s: %w", path, err)
	}
	if done.Rows > 0 && done.Refused == done.Rows {
		return fmt.Errorf("import %s: no row could be taken", path)
	}
	return nil
}

// importSink stores each batch in a transaction of its own.
func importSink(d *db.DB, s *orders.Service, source string) orderfile.Sink {
	return func(ctx context.Context, rows []orderfile.Row) (orderfile.Stored, error) {
		batch := make([]orders.Historic, len(rows))
		for i, r := range rows {
			batch[i] = orders.Historic{Number: r.Number, External: r.Member, PaidAt: r.PaidAt, Amount: r.Amount, Line: int64(r.Line),
				Coupon: r.Coupon, Discount: r.Discount}
		}
		var done orders.Imported
		err := d.Do(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			done, err = s.ImportTx(ctx, tx, source, batch)
			return err
		})
		out := orderfile.Stored{New: done.New, Known: done.Known}
		for _, conflict := range done.Conflicts {
			reason := "an order with this number is stored with another content"
			if !errors.Is(conflict.Err, orders.ErrConflict) {
				reason = conflict.Err.Error()
			}
			out.Conflicts = append(out.Conflicts, orderfile.Conflict{Line: int(conflict.Line), Reason: reason})
		}
		return out, err
	}
}

// openRegular opens a file that has a size.
func openRegular(path string) (*os.File, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}
