package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

func listCommand() *cobra.Command {
	var flags placeFlags
	var asJSON bool
	c := &cobra.Command{
		Use:        "list",
		SuggestFor: []string{"ls", "sweeps", "show"},
		Short:      "List the sweeps of a coordinator or a store",
		Example: `  coordinator list --out runs/serve
  coordinator list --coordinator operator.json
  coordinator list --store postgres://host/spiqsweep`,
		Args: program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			place, err := flags.place(c)
			if err != nil {
				return err
			}
			sweeps, err := place.List(c.Context())
			if err != nil {
				return err
			}
			reports := []sweepReport{}
			for _, s := range sweeps {
				reports = append(reports, newSweepReport(s))
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), reports)
			}
			return printSweeps(c.OutOrStdout(), reports)
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	return c
}

// sweepReport is a sweep in JSON.
type sweepReport struct {
	Name        string     `json:"name"`
	ID          string     `json:"id"`
	Revision    int        `json:"revision"`
	CreatedAt   time.Time  `json:"created_at"`
	Numerics    int        `json:"numerics"`
	KernelClass string     `json:"kernel_class"`
	Tasks       taskCounts `json:"tasks"`
}

func newSweepReport(s queue.Summary) sweepReport {
	return sweepReport{
		Name: s.Name, ID: s.ID, Revision: s.Revision, CreatedAt: s.CreatedAt,
		Numerics: s.Numerics, KernelClass: s.KernelClass,
		Tasks: taskCounts{
			Planned: uint64(s.Counts.Planned), Done: uint64(s.Counts.Done), Running: uint64(s.Counts.Leased),
			Pending: uint64(s.Counts.Pending), Failed: uint64(s.Counts.Failed), Diverged: uint64(s.Counts.Diverged),
			Verifying: uint64(s.Counts.Verifying),
		},
	}
}

// printSweeps prints a line for each sweep.
func printSweeps(out io.Writer, sweeps []sweepReport) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "name\tID\tdone\trunning\tpending\tfailed\tdiverged\tcreated\tkernel class")
	for _, s := range sweeps {
		fmt.Fprintf(table, "%s\t%s\t%d of %d\t%d\t%d\t%d\t%d\t%s\t%s\n", sweep.Printable(s.Name), sweep.Printable(s.ID), s.Tasks.Done, s.Tasks.Planned,
			s.Tasks.Running, s.Tasks.Pending, s.Tasks.Failed, s.Tasks.Diverged,
			s.CreatedAt.Local().Format(time.DateTime), sweep.Printable(s.KernelClass))
	}
	return table.Flush()
}
