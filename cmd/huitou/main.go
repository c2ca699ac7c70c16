// Command huitou is the whole of Huitou 回头 in one binary: a demo shop, the server, its tools.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set at release with -ldflags "-X main.version=…".
var version = "dev"

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errSaid):
		return 1
	}
	fmt.Fprintln(os.Stderr, "huitou:", err)
	return 1
}

// errSaid ends the program with status 1 when the command has already said why.
var errSaid = errors.New("said already")

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "huitou",
		Short:         "回头 · the back end that brings a shop's customers back",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(
		newDemo(), newTour(), newServe(), newSim(), newMigrate(), newAudit(), newOpenAPI(),
		newImport(openData), newReport(openData), newTiers(openData), newReconcile(openData), newMenu(openData), newJobs(openData),
	)
	people := newStaff(openStaff)
	for _, c := range people.Commands() {
		addDataFlags(c)
	}
	root.AddCommand(people)
	return root
}
