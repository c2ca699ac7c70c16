package main

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/app"
)

func newOpenAPI() *cobra.Command {
	return &cobra.Command{
		Use:   "openapi",
		Short: "print the description of the HTTP API (OpenAPI 3.1, JSON)",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "huitou-openapi-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			s, err := embedded(dir, time.Now, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			a, err := app.New(c.Context(), s)
			if err != nil {
				return err
			}
			defer a.Close()
			text, err := a.Routes.OpenAPI()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), string(text))
			return err
		},
	}
}
