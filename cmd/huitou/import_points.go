package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/model"
	"huitou/model/db"
	"huitou/model/sheet"
	"huitou/service/members"
	"huitou/service/points"
	"huitou/service/points/pointsfile"
)

func newImportPoints(open func(ctx context.Context, c *cobra.Command) (*app.App, error)) *cobra.Command {
	var in pointsFlags
	c := &cobra.Command{
		Use:   "points FILE",
		Short: "导入会员的期初积分(CSV 或空白分隔的文本,UTF-8)",
		Long: `导入会员从其他系统带来的积分余额。文件首行为列名;列可用列名或序号(#2)指定。
同一来源(--source)每位会员只导入一次,因此可以反复运行,也可以在中断后原样再次运行;余额为 0 的行无需导入,计入已有。
有问题的行(包括找不到的会员)连同行号、列与原因写入 FILE.errors.csv,其余的行照常导入。
到期日为最后可用的一天;留空或不给该列则永不过期。--dry-run 只检查,不写入数据库。`,
		Example: `  huitou import points 积分.csv --data ./shop --by phone --map member=手机号,points=积分余额,expires_at=有效期 --dry-run
  huitou import points 积分.csv --config huitou.yaml --by external --external-source pos`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return in.run(c, args[0], open) },
	}
	c.Flags().StringVar(&in.columns, "map", "", "which column is what: member=COL,points=COL,expires_at=COL; "+
		"COL is a name of the first line or #1, #2, …; without it the columns are named member and points")
	c.Flags().StringVar(&in.by, "by", string(members.ByNumber), "what names the members: number (of the member), phone or external")
	c.Flags().StringVar(&in.external, "external-source", "file", "with --by external: the system that the members' numbers come from")
	c.Flags().StringVar(&in.source, "source", "opening", "name of the balances; each member gets one of each source")
	c.Flags().BoolVar(&in.dryRun, "dry-run", false, "look at every row and write nothing but the refused ones")
	addDataFlags(c)
	return c
}

type pointsFlags struct {
	columns, by, external, source string
	dryRun                        bool
}

func (in pointsFlags) run(c *cobra.Command, path string, open func(context.Context, *cobra.Command) (*app.App, error)) error {
	columns, err := pointsfile.ParseMapping(in.columns)
	if err != nil {
		return fmt.Errorf("--map: %w", err)
	}
	switch members.Key(in.by) {
	case members.ByNumber, members.ByPhone, members.ByExternal:
	default:
		return fmt.Errorf("--by %q: want number, phone or external", in.by)
	}
	for flag, name := range map[string]string{"--source": in.source, "--external-source": in.external} {
		if !sourceName.MatchString(name) {
			return fmt.Errorf("%s %q: want 1 to 64 of 0-9, A-Z, a-z, dot, colon, dash, underscore", flag, name)
		}
	}
	if in.dryRun {
		fmt.Fprintln(c.OutOrStdout(), "试运行:不写入数据库")
	}
	return runImport(c, path, open, func(a *app.App, file io.Reader, size int64, o sheet.Options) (sheet.Progress, error) {
		sink := openingSink{app: a, in: in, seen: map[model.MemberID]points.Opening{}}
		return pointsfile.Import(c.Context(), file, size, columns, model.Shanghai, a.DB.Now(), o, sink.store)
	})
}

// openingSink stores each batch in a transaction of its own, which a dry run takes back.
type openingSink struct {
	app *app.App
	in  pointsFlags
	// seen is what a dry run would have stored by now.
	seen map[model.MemberID]points.Opening
}

// errDryRun takes a transaction back.
var errDryRun = errors.New("dry run")

func (s openingSink) store(ctx context.Context, rows []pointsfile.Row) (out sheet.Stored, err error) {
	err = s.app.DB.Do(ctx, func(ctx context.Context, tx *db.Tx) error {
		if out, err = s.storeTx(ctx, tx, rows); err == nil && s.in.dryRun {
			return errDryRun
		}
		return err
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return out, err
}

func (s openingSink) storeTx(ctx context.Context, tx *db.Tx, rows []pointsfile.Row) (out sheet.Stored, err error) {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Member
	}
	ids, err := s.app.Members.FindManyTx(ctx, tx, members.Key(s.in.by), s.in.external, names)
	if err != nil {
		return out, err
	}
	var batch []points.Opening
	for _, r := range rows {
		id, known := ids[r.Member]
		switch {
		case !known:
			out.Conflicts = append(out.Conflicts, sheet.Conflict{Line: r.Line, Reason: "nobody has this " + s.in.by})
		case r.Points == 0:
			out.Known++
		default:
			batch = append(batch, points.Opening{Member: id, Points: r.Points, ExpiresAt: r.ExpiresAt, Line: r.Line})
		}
	}
	if s.in.dryRun {
		batch = s.again(batch, &out)
	}
	done, err := s.app.Points.OpenTx(ctx, tx, s.in.source, batch)
	out.New, out.Known = out.New+done.New, out.Known+done.Known
	for _, c := range done.Conflicts {
		out.Conflicts = append(out.Conflicts, sheet.Conflict{Line: c.Line, Reason: refusalOf(c.Err)})
	}
	return out, err
}

// again sorts out the rows of members whom an earlier batch of a dry run has met, since nothing of that batch is stored.
func (s openingSink) again(batch []points.Opening, out *sheet.Stored) (rest []points.Opening) {
	for _, r := range batch {
		first, met := s.seen[r.Member]
		switch {
		case !met:
			s.seen[r.Member] = r
			rest = append(rest, r)
		case first.Points == r.Points && first.ExpiresAt.Equal(r.ExpiresAt):
			out.Known++
		default:
			out.Conflicts = append(out.Conflicts, sheet.Conflict{Line: r.Line, Reason: refusalOf(points.ErrSourceReused)})
		}
	}
	return rest
}

func refusalOf(err error) string {
	switch {
	case errors.Is(err, points.ErrSourceReused):
		return "this member's balance is stored with another content"
	case errors.Is(err, points.ErrBalanceLimit):
		return "the member's balance would be too large"
	}
	return err.Error()
}
