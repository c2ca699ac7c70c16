package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/demo"
	"huitou/cmd/internal/demoshop"
	"huitou/config"
	"huitou/handler/web"
	"huitou/wechat/sim"
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
	s, err := embedded(dir, time.Now, log)
	if err != nil {
		return err
	}
	logins, err := demo.Kept(dir)
	if err != nil {
		return err
	}
	// All sockets are taken before anything is made, so that a taken port costs nothing.
	l, closeAll, err := listen(in.addr, in.simAddr, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer closeAll()
	main, control, api := l[0], l[1], l[2]
	logins.Simulator = "http://" + reachable(control)
	s.PublicURL = "http://" + reachable(main)

	if err := os.MkdirAll(filepath.Join(dir, "wechat"), 0o700); err != nil {
		return err
	}
	wechat, err := sim.New(sim.Config{Now: time.Now, Seed: in.seed, Log: log, StateDir: filepath.Join(dir, "wechat"), PushBase: s.PublicURL})
	if err != nil {
		return fmt.Errorf("start the simulated WeChat: %w", err)
	}
	if err := demo.UseSim(&s, wechat.Accounts(), &url.URL{Scheme: "http", Host: api.Addr().String()}); err != nil {
		return err
	}
	s.Shops = map[string]web.ShopKey{logins.IngestKey: {Source: demo.Source, Secret: logins.IngestSecret}}
	a, err := app.New(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := demo.Prepare(ctx, a, logins, demoshop.Options{Seed: in.seed, Now: a.DB.Now()}); err != nil {
		return err
	}
	demo.Publish(a, logins)

	g, ctx := errgroup.WithContext(ctx)
	// The simulator stops after the shop, which may still be talking to it.
	simCtx, stopSim := context.WithCancel(context.WithoutCancel(ctx))
	g.Go(func() error { return demo.RunSim(simCtx, wechat, api, control) })
	g.Go(func() error {
		defer stopSim()
		return a.Run(ctx, app.RoleAll, app.Listeners{Main: main}, config.ShutdownGrace)
	})
	token, err := demo.Shopper(ctx, a, logins.Simulator, "林晓")
	if err != nil {
		log.Error("no ready-made shopper", "err", err)
	}
	announce(out, logins, s.PublicURL, token, time.Since(started), in.data)
	return g.Wait()
}

// announce tells a person where to look.
func announce(w io.Writer, l demo.Logins, shop, token string, took time.Duration, data string) {
	kept := "演示数据在退出时删除;用 --data DIR 保留"
	if data != "" {
		kept = "演示数据保留在 " + data
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
  %s  ·  Ctrl-C 退出
`, took.Seconds(), shop, l.Simulator, shop, shop, shop, l.StaffName, l.StaffPassword, token, shop, kept)
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

// reachable is a listener's address as this machine reaches it.
func reachable(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return l.Addr().String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
