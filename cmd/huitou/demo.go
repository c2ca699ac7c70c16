package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/demo"
	"huitou/cmd/internal/demoshop"
)

type demoFlags struct {
	addr, simAddr, data string
	seed                uint64
	verbose             bool
}

func newDemo() *cobra.Command {
	var in demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "run a whole demo shop on this machine; needs nothing else",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return in.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&in.addr, "addr", "127.0.0.1:8080", "address of the shop")
	c.Flags().StringVar(&in.simAddr, "sim-addr", "127.0.0.1:8091", "address of the simulator's page; port 0 takes a free one")
	c.Flags().StringVar(&in.data, "data", "", "folder to keep the shop in; empty means a temporary one")
	c.Flags().Uint64Var(&in.seed, "seed", 1, "which shop to invent")
	c.Flags().BoolVar(&in.verbose, "verbose", false, "log every request")
	return c
}

func (in demoFlags) run(ctx context.Context, out, errOut io.Writer) (err error) {
	started := time.Now()
	level := slog.LevelError
	if in.verbose {
		level = slog.LevelInfo
	}
	log := slog.New(slog.NewTextHandler(errOut, &slog.HandlerOptions{Level: level}))
	dir := in.data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "huitou-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	unlock, err := lockFolder(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	clock, err := demo.OpenClock(dir, time.Now)
	if err != nil {
		return err
	}
	s, err := embedded(dir, clock.Now, log)
	if err != nil {
		return err
	}
	// All sockets are taken before anything is made, so that a taken port costs nothing.
	l, closeAll, err := listen(in.addr, in.simAddr, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer closeAll()
	d, err := demo.New(ctx, demo.Options{
		Dir: dir, Settings: s, Clock: clock, Shop: demoshop.Options{Seed: in.seed}, Main: l[0], Control: l[1], API: l[2],
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()

	running := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		running <- d.Run(ctx)
		stop()
	}()
	token, err := demo.Shopper(ctx, d.App, d.Logins.Simulator, "林晓")
	if err != nil {
		log.Error("no ready-made shopper", "err", err)
	}
	announce(out, d, token, time.Since(started), in.data)
	return <-running
}

// announce tells a person where to look.
func announce(w io.Writer, d *demo.Demo, token string, took time.Duration, data string) {
	l, shop := d.Logins, d.URL()
	kept := "演示数据在退出时删除;用 --data DIR 保留"
	if data != "" {
		kept = "演示数据保留在 " + data
	}
	if ahead := d.Clock.Ahead(); ahead > 0 {
		kept += fmt.Sprintf("  ·  时钟比现实快 %d 天 %d 小时", ahead/(24*time.Hour), ahead%(24*time.Hour)/time.Hour)
	}
	fmt.Fprintf(w, `
回头 Huitou 演示店已就绪(%.1f 秒)  ·  The demo shop is ready

  接口文档 API docs     %s/docs
  微信模拟器 simulator  %s
  店员核销 console      %s/console
  健康检查 health       %s/readyz

  店长登录 staff        POST %s/admin/v1/sessions   %s / %s
  顾客会话 shopper      Authorization: Bearer %s

  走一遍顾客的一圈      go run ./cmd/huitou tour --url %s
  拨动时钟 time travel  在微信模拟器的页面上,或 curl -d '{"advance_ms":2592000000}' %s/_sim/clock
  %s  ·  Ctrl-C 退出
`, took.Seconds(), shop, l.Simulator, shop, shop, shop, l.StaffName, l.StaffPassword, token, shop, l.Simulator, kept)
}

// listen takes all sockets or none.
func listen(addrs ...string) (list []net.Listener, closeAll func(), err error) {
	closeAll = func() {
		for _, l := range list {
			l.Close()
		}
	}
	for _, addr := range addrs {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			closeAll()
			return nil, nil, fmt.Errorf("listen on %s (choose others with --addr and --sim-addr): %w", addr, err)
		}
		list = append(list, l)
	}
	return list, closeAll, nil
}
