package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/queue"
	"spiqsweep/worker/program"
)

func drainCommand() *cobra.Command {
	var flags placeFlags
	var request queue.DrainRequest
	var all bool
	c := &cobra.Command{
		Use:   "drain --host HOST | --worker PROCESS | --all",
		Short: "Ask workers to hand back what they hold, and to leave",
		Long: `Asks workers of a running coordinator to leave: all, or those of some hosts, or
single ones by the beginning of their ID as "coordinator status" prints it. They
hear it with their next call, hand their tasks back with a checkpoint, and end with
exit code 75 if they had work in hand, else with 0. No local worker is started in the place
of one that was drained: if none is left, the sweep waits for workers. Those that
start later are not meant.`,
		Example: `  coordinator drain --out runs/figure-s1 --host node17
  coordinator drain --out runs/figure-s1 --all`,
		Args: program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := ignored(c, "drain", "a coordinator asks its workers: give --out or --coordinator", "store"); err != nil {
				return err
			}
			switch some := len(request.Processes)+len(request.Hosts) > 0; {
			case some && all:
				return usage("--all means every worker: give it, or --host and --worker, but not both")
			case !some && !all:
				return usage("say which workers are to leave: --host, --worker, or --all")
			}
			place, err := flags.place(c)
			if err != nil {
				return err
			}
			draining, err := place.Drain(c.Context(), request)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s asked to leave\n", count(draining, "worker"))
			return err
		},
	}
	flags.add(c)
	c.Flags().StringSliceVar(&request.Hosts, "host", nil, "those on this `HOST`; may be given more than once")
	c.Flags().StringSliceVar(&request.Processes, "worker", nil, "the `PROCESS` whose ID begins so; may be given more than once")
	c.Flags().BoolVar(&all, "all", false, "every worker that is there now")
	return c
}
