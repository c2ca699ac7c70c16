package main

import (
	"bufio"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"huitou/cmd/internal/demo"
	"huitou/cmd/internal/tour"
)

func newTour() *cobra.Command {
	var (
		in            tour.Options
		passwordStdin bool
	)
	c := &cobra.Command{
		Use:   "tour",
		Short: "play one shopper's whole round against a running shop; exit 1 at the first step that is not right",
		Example: `  huitou tour --url http://127.0.0.1:8080
  huitou tour --url http://127.0.0.1:8080 --sim http://127.0.0.1:8091 --staff NAME --ingest-key ID --ingest-secret SECRET --source NAME --password-stdin <password.txt`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if passwordStdin {
				line, err := bufio.NewReader(c.InOrStdin()).ReadString('\n')
				if err != nil && line == "" {
					return errors.New("no password on standard input")
				}
				in.StaffPassword = strings.TrimRight(line, "\r\n")
			}
			in.Out = c.OutOrStdout()
			return tour.Run(c.Context(), in)
		},
	}
	c.Flags().StringVar(&in.URL, "url", "http://127.0.0.1:8080", "address of the shop")
	c.Flags().StringVar(&in.Simulator, "sim", "", "address of the simulator's control API; a demo tells it by itself")
	c.Flags().StringVar(&in.StaffName, "staff", "", "sign-in name of staff who may set the shop up (owner or manager)")
	c.Flags().BoolVar(&passwordStdin, "password-stdin", false, "read that account's password from standard input")
	c.Flags().StringVar(&in.Shop.ID, "ingest-key", "", "id of the shop system's key")
	c.Flags().StringVar(&in.Shop.Secret, "ingest-secret", "", "secret of the shop system's key")
	c.Flags().StringVar(&in.Source, "source", demo.Source, "name of that shop system (ingest.keys[].source)")
	return c
}
