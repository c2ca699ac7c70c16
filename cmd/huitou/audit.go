package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"huitou/service/audit"
	"huitou/service/points"
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
			if again, _ := c.Flags().GetBool("rebuild"); again {
				write, _ := c.Flags().GetBool("write")
				asJSON, _ := c.Flags().GetBool("json")
				return rebuildPoints(c.Context(), c.OutOrStdout(), a.Points, write, asJSON)
			}
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
		PreRunE: func(c *cobra.Command, _ []string) error {
			if again, _ := c.Flags().GetBool("rebuild"); !again && c.Flags().Changed("write") {
				return errors.New("--write belongs to --rebuild")
			}
			return nil
		},
	}
	addDataFlags(c)
	c.Flags().Bool("json", false, "print JSON")
	c.Flags().Bool("rebuild", false, "work the points accounts out from their entries and print every difference, instead")
	c.Flags().Bool("write", false, "with --rebuild: write what was printed")
	return c
}

// rebuildPoints prints every difference between the points accounts and their entries first, and only then writes. Without write it
// ends with status 1 when there are any.
func rebuildPoints(ctx context.Context, out io.Writer, ledger *points.Service, write, asJSON bool) error {
	list := []points.Difference{}
	members, err := ledger.Compare(ctx, func(d points.Difference) {
		list = append(list, d)
		if !asJSON {
			fmt.Fprintln(out, d)
		}
	})
	if err != nil && !errors.Is(err, points.ErrContradiction) {
		return err
	}
	if asJSON {
		if err := json.NewEncoder(out).Encode(map[string]any{"members": members, "differences": list, "write": write}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(out, "%d members, %d differences\n", members, len(list))
	}
	if write && len(list) > 0 {
		changed, err := ledger.Rebuild(ctx)
		if !asJSON {
			fmt.Fprintf(out, "%d figures written\n", changed)
		}
		return err // a contradiction as well
	}
	if err == nil && len(list) > 0 {
		return errSaid
	}
	return err
}
