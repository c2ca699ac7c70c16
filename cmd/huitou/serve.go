package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/config"
	"huitou/model/kv"
)

func newServe() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "serve a shop on MySQL and Redis",
		Long:  "Serves a shop. Settings come from the files given with --config, later ones winning, and from HUITOU_… variables. A missing, default or dangerous setting stops the start; all of them are named at once.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			files, _ := c.Flags().GetStringSlice("config")
			role, _ := c.Flags().GetString("role")
			migrate, _ := c.Flags().GetBool("migrate")
			return serve(c.Context(), files, app.Role(role), migrate)
		},
	}
	c.Flags().StringSlice("config", nil, "settings files (YAML)")
	c.Flags().String("role", string(app.RoleAll), "all, api (requests only) or worker (jobs only)")
	c.Flags().Bool("migrate", false, "bring the schema up to date first")
	return c
}

func serve(ctx context.Context, files []string, role app.Role, migrate bool) error {
	if role != app.RoleAll && role != app.RoleAPI && role != app.RoleWorker {
		return fmt.Errorf("--role is %q, want all, api or worker", role)
	}
	cfg, err := config.Load(files, os.Environ())
	if err != nil {
		return err
	}
	app.SpendMemory()
	log := newLog(cfg.Log)
	log.Info("settings", cfg.Digest()...)
	redis := kv.RedisOptions{
		Addrs: cfg.Redis.Addrs, Master: cfg.Redis.MasterName, Username: cfg.Redis.Username, Password: cfg.Redis.Password.Reveal(), Prefix: "huitou:",
	}
	if cfg.Redis.TLS {
		redis.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	store, err := kv.NewRedis(redis)
	if err != nil {
		return fmt.Errorf("use Redis: %w", err)
	}
	defer store.Close()
	if err := store.Ping(ctx); err != nil {
		// Redis holds hints only; without it Huitou is slower and right.
		log.Warn("Redis does not answer; going on without its hints", "err", err)
	}
	s, err := settingsOf(cfg, store, log)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, s)
	if err != nil {
		return err
	}
	defer a.Close()
	if migrate {
		if err := a.DB.Migrate(ctx); err != nil {
			return err
		}
	}
	if err := errors.Join(a.DB.CheckSchema(ctx), a.DB.Check(ctx)); err != nil {
		return fmt.Errorf("the database is not fit to hold money:\n%w", err)
	}
	var l app.Listeners
	if l.Ops, err = net.Listen("tcp", cfg.HTTP.OpsAddr); err != nil {
		return fmt.Errorf("listen for health and metrics: %w", err)
	}
	if role != app.RoleWorker {
		if l.Main, err = net.Listen("tcp", cfg.HTTP.Addr); err != nil {
			return errors.Join(fmt.Errorf("listen: %w", err), l.Ops.Close())
		}
	}
	log.Info("serving", "addr", cfg.HTTP.Addr, "ops", cfg.HTTP.OpsAddr, "role", role, "version", version)
	err = a.Run(ctx, role, l, config.ShutdownGrace)
	log.Info("stopped", "err", err)
	return err
}

func newLog(c config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // config has checked it
	opts := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(os.Stderr, opts))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, opts))
}
