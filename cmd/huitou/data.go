package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
	"huitou/cmd/internal/demo"
	"huitou/config"
	"huitou/model/db"
	"huitou/model/kv"
	"huitou/service/staff"
)

// addDataFlags adds the two ways to say which database a command works on.
func addDataFlags(c *cobra.Command) {
	c.Flags().String("data", "", "folder of an embedded database, as 'huitou demo --data' keeps it")
	c.Flags().StringSlice("config", nil, "settings files of 'huitou serve', instead of --data")
	c.MarkFlagsMutuallyExclusive("data", "config")
}

// addConfigFlag is for commands that a data folder cannot serve.
func addConfigFlag(c *cobra.Command) {
	c.Flags().StringSlice("config", nil, "settings files of 'huitou serve'")
}

// openData opens the services on the database that the flags name, migrated when it is an embedded one. Nothing is served and
// no job runs; nothing leaves the machine.
func openData(ctx context.Context, c *cobra.Command) (*app.App, error) {
	data, _ := c.Flags().GetString("data")
	files, _ := c.Flags().GetStringSlice("config")
	switch {
	case data != "":
		if _, err := os.Stat(databaseFile(data)); errors.Is(err, os.ErrNotExist) && !begins(c) {
			return nil, fmt.Errorf("there is no shop in %s (no %s)", data, filepath.Base(databaseFile(data)))
		}
		clock, err := demo.OpenClock(data, time.Now) // a demo may have moved it
		if err != nil {
			return nil, err
		}
		s, err := embedded(data, clock.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		a, err := app.New(ctx, s)
		if err != nil {
			return nil, err
		}
		if err := a.DB.Migrate(ctx); err != nil {
			return nil, errors.Join(err, a.Close())
		}
		return a, nil
	case len(files) > 0 || os.Getenv("HUITOU_DATABASE_DSN") != "":
		cfg, err := config.Load(files, os.Environ())
		if err != nil {
			return nil, err
		}
		s, err := settingsOf(cfg, kv.NewMemory(kv.MemoryOptions{Now: time.Now}), slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, err
		}
		a, err := app.New(ctx, s)
		if err != nil {
			return nil, err
		}
		if err := a.DB.CheckSchema(ctx); err != nil {
			return nil, errors.Join(err, a.Close())
		}
		return a, nil
	}
	if c.Flags().Lookup("data") == nil {
		return nil, errors.New("say which shop: --config FILE with the settings of `huitou serve`")
	}
	return nil, errors.New("say which database: --data DIR, or --config FILE with the settings of `huitou serve`")
}

// begins tells whether a command may make a new shop: bringing a past along does, a look at a mistyped folder must not.
func begins(c *cobra.Command) bool { return c.HasParent() && c.Parent().Name() == "import" }

// openStaff opens the staff service alone, for the commands about accounts.
func openStaff(ctx context.Context, c *cobra.Command) (*staff.Service, func() error, error) {
	a, err := openData(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	return a.Staff, a.Close, nil
}

// local are the secrets of an embedded database, made at its first use.
type local struct {
	PhoneKey []byte `json:"phone_key"`
}

// databaseFile is the embedded database in a data folder.
func databaseFile(dir string) string { return filepath.Join(dir, "huitou.db") }

// localSecrets reads or makes the secrets of a data folder.
func localSecrets(dir string) (local, error) {
	path := filepath.Join(dir, "secrets.json")
	var l local
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		if err := json.Unmarshal(text, &l); err != nil || len(l.PhoneKey) != 32 {
			return local{}, fmt.Errorf("%s is damaged: %w", path, errors.Join(err, errors.New("want a phone_key of 32 bytes")))
		}
		return l, nil
	case !errors.Is(err, os.ErrNotExist):
		return local{}, fmt.Errorf("read the secrets: %w", err)
	}
	if _, err := os.Stat(databaseFile(dir)); err == nil {
		return local{}, fmt.Errorf("%s is missing, but %s exists and needs it", path, databaseFile(dir))
	}
	l.PhoneKey = newKey()
	text, err = json.Marshal(l)
	if err != nil {
		return local{}, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return local{}, fmt.Errorf("make the data folder: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return local{}, fmt.Errorf("keep the secrets: %w", err)
	}
	return l, nil
}

// embedded returns settings on a SQLite file in dir. What concerns WeChat is filled in by the demo; the tools do without.
func embedded(dir string, now func() time.Time, log *slog.Logger) (app.Settings, error) {
	secrets, err := localSecrets(dir)
	if err != nil {
		return app.Settings{}, err
	}
	return app.Settings{
		DB:         db.Options{Driver: db.SQLite, Path: databaseFile(dir)},
		KV:         kv.NewMemory(kv.MemoryOptions{Now: now}),
		Now:        now,
		Log:        log,
		Version:    version,
		PhoneKey:   secrets.PhoneKey,
		Earning:    demo.Earning,
		PointsCost: 100,
	}, nil
}
