package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"spiqsweep/worker/program"
)

func cancelCommand() *cobra.Command {
	var flags placeFlags
	var selected selectionFlags
	c := &cobra.Command{
		Use:        "cancel [TASK...]",
		SuggestFor: []string{"stop", "kill", "abort", "end"},
		Short:      "Set tasks aside that are not finished; those that run stop at once",
		Long: `Sets unfinished tasks of a sweep aside: the named ones, those of some cells, or
all. A worker that runs one stops at its next step after its next call, which it
makes every quarter of a lease's term. What another sweep wants too goes on.
"coordinator retry" reopens them, from their newest checkpoints.`,
		Example: `  coordinator cancel --out runs/figure-s1
  coordinator cancel --out runs/figure-s1 --config n=10,t=30`,
		Args: program.NamedArguments(0),
		RunE: func(c *cobra.Command, arguments []string) error {
			place, err := flags.place(c)
			if err != nil {
				return err
			}
			tasks, err := selected.selection(arguments)
			if err != nil {
				return err
			}
			cancelled, shared, err := place.Cancel(c.Context(), tasks)
			if err != nil {
				return err
			}
			text := count(cancelled, "task") + " cancelled"
			if shared > 0 {
				text += fmt.Sprintf("; %d go on, since another sweep wants them too", shared)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), text)
			return err
		},
	}
	flags.add(c)
	selected.add(c)
	return c
}
