package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"huitou/config"
	"huitou/model/db"
)

func newMigrate() *cobra.Command {
	c := &cobra.Command{
		Use:   "migrate",
		Short: "bring the database's schema up to date",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			data, _ := c.Flags().GetString("data")
			files, _ := c.Flags().GetStringSlice("config")
			o := db.Options{Now: time.Now, Log: slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))}
			if data != "" {
				o.Driver, o.Path = db.SQLite, databaseFile(data)
				if _, err := localSecrets(data); err != nil {
					return err
				}
			} else {
				cfg, err := config.Load(files, os.Environ())
				if err != nil {
					return err
				}
				o.Driver, o.DSN = db.MySQL, cfg.Database.DSN.Reveal()
			}
			d, err := db.Open(c.Context(), o)
			if err != nil {
				return err
			}
			if err := d.Migrate(c.Context()); err != nil {
				return errors.Join(err, d.Close())
			}
			fmt.Fprintln(c.OutOrStdout(), "the schema is up to date")
			return d.Close()
		},
	}
	addDataFlags(c)
	return c
}
