package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"spiqsweep/worker/program"
)

func retryCommand() *cobra.Command {
	var flags placeFlags
	var selected selectionFlags
	var failed, diverged bool
	c := &cobra.Command{
		Use:        "retry [TASK...]",
		SuggestFor: []string{"reopen", "rerun", "again"},
		Short:      "Reopen tasks that failed, or run diverged ones once more",
		Long: `Reopens tasks of a sweep that failed or were cancelled: the named ones, those of
some cells, or all; with --diverged, those whose results differ, to be run once
more: what two of three runs agree on is accepted. The beginning of a task's ID is
enough where no other begins so. The history of a task stays, and is not blamed on
it any more. If no coordinator runs, the next one takes the tasks up.`,
		Example: `  coordinator retry --out runs/figure-s1
  coordinator retry --out runs/figure-s1 --config n=8,t=4 --config n=10
  coordinator retry --out runs/figure-s1 --diverged 3fa9c1`,
		Args: program.NamedArguments(0),
		RunE: func(c *cobra.Command, arguments []string) error {
			if failed && diverged {
				return usage("--failed and --diverged: give one of them only")
			}
			place, err := flags.place(c)
			if err != nil {
				return err
			}
			tasks, err := selected.selection(arguments)
			if err != nil {
				return err
			}
			reopened, err := place.Retry(c.Context(), tasks, diverged)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s reopened\n", count(reopened, "task"))
			return err
		},
	}
	flags.add(c)
	selected.add(c)
	c.Flags().BoolVar(&failed, "failed", false, "those that failed: what is meant without --diverged")
	c.Flags().BoolVar(&diverged, "diverged", false, "those that diverged")
	return c
}
