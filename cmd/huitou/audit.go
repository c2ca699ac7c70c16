package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"huitou/service/audit"
)

func newAudit() *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "check everything that must never be untrue; exit 1 when something is",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := openData(c.Context(), c)
			if err != nil {
				return err
			}
			defer a.Close()
			all := a.Invariants()
			broken, err := audit.Run(c.Context(), a.DB, all)
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			if asJSON, _ := c.Flags().GetBool("json"); asJSON {
				if err := json.NewEncoder(out).Encode(map[string]any{"checked": len(all), "broken": broken}); err != nil {
					return err
				}
			} else {
				for _, b := range broken {
					fmt.Fprintf(out, "BROKEN %s: %s\n", b.ID, b.Says)
					for _, v := range b.Violations {
						fmt.Fprintf(out, "  %s\n", v)
					}
				}
				fmt.Fprintf(out, "%d invariants checked, %d broken\n", len(all), len(broken))
			}
			if len(broken) > 0 {
				return errSaid
			}
			return nil
		},
	}
	addDataFlags(c)
	c.Flags().Bool("json", false, "print JSON")
	return c
}
