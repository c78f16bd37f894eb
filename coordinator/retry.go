package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"spiqsweep/sweep"
)

func retryCommand() *cobra.Command {
	var flags placeFlags
	var diverged bool
	c := &cobra.Command{
		Use:   "retry [TASK...]",
		Short: "Reopen tasks that were set aside, or run diverged ones once more",
		Long: `Reopens the named tasks, or all that were set aside; with --diverged, those whose
results differ, to be run once more: what two of three runs agree on is accepted.
If no coordinator runs, the next one takes them up.`,
		RunE: func(c *cobra.Command, arguments []string) error {
			tasks := make([]sweep.TaskID, len(arguments))
			for i, task := range arguments {
				tasks[i] = sweep.TaskID(task)
			}
			place, err := flags.place()
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
	c.Flags().BoolVar(&diverged, "diverged", false, "those that diverged, instead of those that were set aside")
	return c
}
